/* SPDX-License-Identifier: Apache-2.0 */
/* Paths through the runs of a machine: what belongs together, and what is said of a change. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bench/report/history.h"
#include "tests/unit/history_helper.h"

/* One host of four NICs: 16 paths. */
static const struct ledger_plan plan = {.nics = 4};

static const double tolerance = 0.05;

static void make_by(struct runs *runs, bool by_rank, struct mcb_trends *trends)
{
    struct mcb_error error;
    runs_end(runs);
    if (mcb_trends_make(runs->list, runs->count, tolerance, by_rank, trends, &error) != 0)
        fail_msg("%s", error.detail);
}

static void make(struct runs *runs, struct mcb_trends *trends)
{
    make_by(runs, false, trends);
}

static void release(struct runs *runs, struct mcb_trends *trends)
{
    mcb_trends_release(trends);
    runs_release(runs);
}

/* The place in the document of the path's cell in its last run. */
static uint32_t position_of(const struct mcb_trends *trends, const struct mcb_trend *trend)
{
    const struct mcb_trend_point *last = &trend->points[trend->point_count - 1];
    return trends->runs[last->run]->cells[last->cell].position;
}

/* The trend that has a cell of a run, by the cell's place in the document. */
static const struct mcb_trend *trend_at(const struct mcb_trends *trends, size_t run,
                                        uint32_t position)
{
    for (size_t i = 0; i < trends->count; i++)
        for (size_t point = 0; point < trends->list[i].point_count; point++) {
            const struct mcb_trend_point *at = &trends->list[i].points[point];
            if (at->run == run && trends->runs[run]->cells[at->cell].position == position)
                return &trends->list[i];
        }
    fail_msg("run %zu, cell %u: of no trend", run, position);
    return NULL;
}

static size_t count_changes(const struct mcb_trends *trends)
{
    size_t count = 0;
    for (size_t i = 0; i < trends->count; i++)
        count += trends->list[i].change_count;
    return count;
}

/* The only change of all. */
static const struct mcb_trend_change *only_change(const struct mcb_trends *trends)
{
    assert_int_equal(count_changes(trends), 1);
    assert_int_equal(trends->list[0].change_count, 1);
    return &trends->list[0].changes[0];
}

/* ---- paths ---- */

static void every_path_is_followed_through_all_runs(void **state)
{
    (void)state;
    struct runs runs;
    struct mcb_trends trends;
    runs_begin(&runs, 12, &plan);
    make(&runs, &trends);
    assert_int_equal(trends.count, 16);
    assert_int_equal(count_changes(&trends), 0);
    for (size_t i = 0; i < trends.count; i++) {
        const struct mcb_trend *trend = &trends.list[i];
        assert_int_equal(trend->point_count, 12);
        assert_int_equal(position_of(&trends, trend), i);
        for (size_t run = 0; run < 12; run++) {
            const struct mcb_trend_point *point = &trend->points[run];
            const struct mcb_ledger_cell *cell = &runs.ledgers[run].cells[point->cell];
            assert_int_equal(point->run, run);
            assert_int_equal(cell->position, i);
            assert_true(point->figure == cell->figure && point->figure > 0);
            assert_true(point->low == cell->low && point->high == cell->high);
        }
    }
    release(&runs, &trends);
}

static void a_failed_cell_is_a_point_without_a_figure(void **state)
{
    (void)state;
    struct runs runs;
    struct mcb_trends trends;
    runs_begin(&runs, 12, &plan);
    ledger_fail(runs.documents[4], 3, "failed", "MCB-RDMA-013", "lost");
    ledger_fail(runs.documents[11], 5, "skipped", "MCB-JOB-001", "gone");
    json_t *wrong = ledger_cell(runs.documents[6], 7),
           *figures = json_incref(json_object_get(wrong, "bandwidth_gbps"));
    ledger_fail(runs.documents[6], 7, "failed", "MCB-DATA-001", "one wrong byte");
    json_object_set_new(wrong, "bandwidth_gbps", figures); /* are kept */
    make(&runs, &trends);
    assert_int_equal(trends.count, 16);
    assert_int_equal(count_changes(&trends), 0);
    assert_true(trend_at(&trends, 0, 3)->points[4].figure == 0);
    assert_true(trend_at(&trends, 0, 3)->points[5].figure > 0);
    assert_true(trend_at(&trends, 0, 5)->points[11].figure == 0);
    assert_true(trend_at(&trends, 0, 7)->points[6].figure == 0);
    assert_int_equal(trend_at(&trends, 0, 5)->point_count, 12);
    release(&runs, &trends);
}

static void a_path_may_be_missing_come_late_or_end(void **state)
{
    (void)state;
    struct runs runs;
    struct mcb_trends trends;
    runs_begin(&runs, 12, &plan);
    ledger_drop(runs.documents[4], 15);
    for (size_t run = 0; run < 6; run++)
        ledger_drop(runs.documents[run], 9);
    for (size_t run = 8; run < 12; run++)
        ledger_drop(runs.documents[run], 2);
    make(&runs, &trends);
    assert_int_equal(trends.count, 16);
    const struct mcb_trend *missing = trend_at(&trends, 3, 14);
    assert_int_equal(missing->point_count, 11);
    assert_int_equal(missing->points[4].run, 5);
    const struct mcb_trend *late = trend_at(&trends, 7, 9);
    assert_int_equal(late->point_count, 6);
    assert_int_equal(late->points[0].run, 6);
    const struct mcb_trend *ended = trend_at(&trends, 0, 2);
    assert_int_equal(ended->point_count, 8);
    assert_ptr_equal(ended, &trends.list[15]); /* after those of the last run */
    release(&runs, &trends);
}

static void another_setting_is_another_trend(void **state)
{
    (void)state;
    static const struct ledger_setting more_qps = {.qps = 4};
    const struct ledger_plan other = {.nics = 4, .settings = &more_qps, .setting_count = 1};
    struct runs runs;
    struct mcb_trends trends;
    runs_begin(&runs, 12, &plan);
    for (size_t run = 6; run < 12; run++) {
        json_decref(runs.documents[run]);
        runs.documents[run] = runs_document(run, &other);
        for (size_t cell = 0; cell < 16; cell++)
            runs_scale(&runs, cell, run, run + 1, 1.5);
    }
    make(&runs, &trends);
    assert_int_equal(trends.count, 32);
    assert_int_equal(count_changes(&trends), 0);
    assert_int_equal(trends.list[0].points[0].run, 6);
    assert_int_equal(trends.list[0].point_count, 6);
    assert_int_equal(trends.list[31].points[0].run, 0);
    assert_int_equal(trends.list[31].point_count, 6);
    release(&runs, &trends);
}

static void several_settings_of_one_run_are_kept_apart(void **state)
{
    (void)state;
    static const struct ledger_setting settings[] = {
        {.size_bytes = 4096}, {.size_bytes = 65536}, {.measure = "latency"}, {.operation = "read"}};
    const struct ledger_plan all = {.nics = 2, .settings = settings, .setting_count = 4};
    struct runs runs;
    struct mcb_trends trends;
    runs_begin(&runs, 8, &all);
    make(&runs, &trends);
    assert_int_equal(trends.count, 16);
    for (size_t i = 0; i < 16; i++)
        for (size_t run = 0; run < 8; run++)
            assert_int_equal(runs.ledgers[run].cells[trends.list[i].points[run].cell].position, i);
    release(&runs, &trends);
}

static void another_nic_is_another_trend_of_its_paths_alone(void **state)
{
    (void)state;
    struct runs runs;
    struct mcb_trends trends;
    runs_begin(&runs, 12, &plan);
    for (size_t run = 6; run < 12; run++) {
        ledger_set_nic(runs.documents[run], 0, 0, "device_id", json_string("0x15b3:0x1023"));
        for (size_t cell = 0; cell < 16; cell++)
            if (cell / 4 == 0 || cell % 4 == 0)
                runs_scale(&runs, cell, run, run + 1, 0.5);
    }
    make(&runs, &trends);
    assert_int_equal(trends.count, 16 + 7);
    assert_int_equal(count_changes(&trends), 0);
    assert_int_equal(trend_at(&trends, 11, 0)->point_count, 6);
    assert_int_equal(trend_at(&trends, 0, 0)->point_count, 6);
    assert_int_equal(trend_at(&trends, 0, 5)->point_count, 12);
    release(&runs, &trends);
}

static void a_nic_that_came_back_goes_on_where_it_was(void **state)
{
    (void)state;
    struct runs runs;
    struct mcb_trends trends;
    runs_begin(&runs, 12, &plan);
    for (size_t run = 4; run < 8; run++)
        ledger_set_nic(runs.documents[run], 0, 0, "device_id", json_string("0x15b3:0x1023"));
    make(&runs, &trends);
    assert_int_equal(trends.count, 16 + 7);
    assert_int_equal(trend_at(&trends, 0, 0)->point_count, 8);
    assert_ptr_equal(trend_at(&trends, 0, 0), trend_at(&trends, 11, 0));
    release(&runs, &trends);
}

/* Run 5 does not say what NIC it has, and is looked at for a path that only it has. */
static void what_is_not_known_joins_nothing_together(void **state)
{
    (void)state;
    struct runs runs;
    struct mcb_trends trends;
    runs_begin(&runs, 12, &plan);
    for (size_t run = 0; run < 5; run++)
        ledger_set_nic(runs.documents[run], 0, 0, "device_id", json_string("0x15b3:0x1023"));
    ledger_set_nic(runs.documents[5], 0, 0, "device_id", json_string(""));
    result_append(runs.documents[5], json_deep_copy(ledger_cell(runs.documents[5], 6)));
    make(&runs, &trends);
    assert_int_equal(trends.count, 16 + 7 + 1);
    assert_int_equal(trend_at(&trends, 11, 0)->point_count, 7);
    assert_int_equal(trend_at(&trends, 0, 0)->point_count, 5);
    release(&runs, &trends);
}

static void the_stand_in_is_never_mixed_with_gpus(void **state)
{
    (void)state;
    static const char *const memories[] = {"cuda:0"};
    struct ledger_plan gpus = {.nics = 2, .memories = memories, .memory_count = 1};
    struct runs runs;
    struct mcb_trends trends;
    runs_begin(&runs, 8, &gpus);
    gpus.stand_in = true;
    for (size_t run = 0; run < 4; run++) {
        json_decref(runs.documents[run]);
        runs.documents[run] = runs_document(run, &gpus);
    }
    make(&runs, &trends);
    assert_int_equal(trends.count, 8);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(trends.list[i].point_count, 4);
    release(&runs, &trends);
}

static void tcp_is_never_mixed_with_rdma(void **state)
{
    (void)state;
    struct runs runs;
    struct mcb_trends trends;
    runs_begin(&runs, 8, &plan);
    for (size_t run = 0; run < 4; run++)
        json_object_set_new(runs.documents[run], "transport",
                            json_pack("{s:s, s:s}", "name", "tcp", "because", ""));
    make(&runs, &trends);
    assert_int_equal(trends.count, 32);
    release(&runs, &trends);
}

static void a_latency_of_another_method_is_another_trend(void **state)
{
    (void)state;
    static const struct ledger_setting latency = {.measure = "latency"};
    const struct ledger_plan of_latency = {.nics = 2, .settings = &latency, .setting_count = 1};
    struct runs runs;
    struct mcb_trends trends;
    runs_begin(&runs, 8, &of_latency);
    for (size_t run = 0; run < 8; run++)
        for (size_t cell = 0; cell < 4; cell++)
            json_object_set_new(ledger_cell(runs.documents[run], cell), "method",
                                json_string(run < 4 ? "memory-poll" : "write-imm"));
    /* what failed in the last run has no method that would tell which of the two it is of */
    ledger_fail(runs.documents[7], 2, "failed", "MCB-RDMA-013", "lost");
    json_object_del(ledger_cell(runs.documents[7], 2), "method");
    make(&runs, &trends);
    assert_int_equal(trends.count, 8);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(trends.list[i].point_count, 4);
    assert_ptr_equal(trend_at(&trends, 7, 2), trend_at(&trends, 4, 2));
    release(&runs, &trends);
}

static void hosts_that_were_renamed_are_the_same_paths(void **state)
{
    (void)state;
    struct ledger_plan renamed = {.hosts = 2, .nics = 2};
    struct runs runs;
    struct mcb_trends trends;
    runs_begin(&runs, 8, &renamed);
    renamed.prefix = "old";
    for (size_t run = 0; run < 4; run++) {
        json_decref(runs.documents[run]);
        runs.documents[run] = runs_document(run, &renamed);
    }
    make(&runs, &trends);
    assert_int_equal(trends.count, 16);
    for (size_t i = 0; i < 16; i++)
        assert_int_equal(trends.list[i].point_count, 8);
    release(&runs, &trends);
}

/* Several GPUs of one NIC have host cells that look alike (results/README.md, rule 10). */
static void cells_that_look_alike_are_told_by_their_order(void **state)
{
    (void)state;
    struct runs runs;
    struct mcb_trends trends;
    runs_begin(&runs, 8, &plan);
    for (size_t run = 0; run < 8; run++) {
        json_t *copy = json_deep_copy(ledger_cell(runs.documents[run], 6));
        runs_scale_cell(copy, 2);
        result_append(runs.documents[run], copy);
    }
    make(&runs, &trends);
    assert_int_equal(trends.count, 17);
    assert_int_equal(count_changes(&trends), 0);
    const struct mcb_trend *first = trend_at(&trends, 0, 6), *second = trend_at(&trends, 0, 16);
    assert_int_equal(first->point_count, 8);
    assert_int_equal(second->point_count, 8);
    for (size_t run = 0; run < 8; run++)
        assert_true(second->points[run].figure > 1.5 * first->points[run].figure);
    release(&runs, &trends);
}

/* ---- changes ---- */

static void a_loss_is_told_with_its_run_and_levels(void **state)
{
    (void)state;
    struct runs runs;
    struct mcb_trends trends;
    runs_begin(&runs, 12, &plan);
    runs_scale(&runs, 6, 7, 12, 0.92);
    make(&runs, &trends);
    const struct mcb_trend_change *change = only_change(&trends);
    assert_int_equal(position_of(&trends, &trends.list[0]), 6);
    assert_int_equal(trends.list[0].points[change->point].run, 7);
    assert_string_equal(trends.runs[7]->started, "2026-01-08T03:00:00Z");
    assert_true(change->worse);
    assert_true(fabs(change->before - 100) < 1.5);
    assert_true(fabs(change->after - 92) < 1.5);
    assert_true(change->p > 0 && change->p < 0.005);
    assert_int_equal(change->differences.count, 0);
    release(&runs, &trends);
}

static void what_differed_is_told_of_the_two_runs_at_it_alone(void **state)
{
    (void)state;
    struct runs runs;
    struct mcb_trends trends;
    runs_begin(&runs, 12, &plan);
    runs_scale(&runs, 6, 7, 12, 0.92);
    for (size_t run = 3; run < 12; run++)
        ledger_set_host(runs.documents[run], 0, "kernel", json_string("6.2"));
    for (size_t run = 7; run < 12; run++)
        ledger_set_nic(runs.documents[run], 0, 1, "firmware", json_string("28.40.1000"));
    make(&runs, &trends);
    const struct mcb_differences *differences = &only_change(&trends)->differences;
    assert_int_equal(differences->count, 1);
    char sentence[MCB_DIFFERENCE_SENTENCE_MAX];
    assert_string_equal(mcb_difference_sentence(&differences->list[0], sentence),
                        "firmware 28.39.1002 → 28.40.1000 (n1/mlx5_1)");
    release(&runs, &trends);
}

/* The last figure before is three runs away. */
static void runs_without_a_figure_are_no_part_of_a_change(void **state)
{
    (void)state;
    struct runs runs;
    struct mcb_trends trends;
    runs_begin(&runs, 12, &plan);
    runs_scale(&runs, 6, 7, 12, 0.92);
    ledger_fail(runs.documents[5], 6, "failed", "MCB-RDMA-013", "lost");
    ledger_fail(runs.documents[6], 6, "failed", "MCB-RDMA-013", "lost");
    for (size_t run = 5; run < 12; run++)
        ledger_set_host(runs.documents[run], 0, "kernel", json_string("6.2"));
    make(&runs, &trends);
    const struct mcb_trend_change *change = only_change(&trends);
    assert_int_equal(trends.list[0].points[change->point].run, 7);
    assert_int_equal(change->differences.count, 1);
    assert_string_equal(change->differences.list[0].what, "kernel");
    release(&runs, &trends);
}

static void a_change_and_its_mending_are_both_told(void **state)
{
    (void)state;
    struct runs runs;
    struct mcb_trends trends;
    runs_begin(&runs, 12, &plan);
    runs_scale(&runs, 6, 4, 8, 0.9);
    make(&runs, &trends);
    const struct mcb_trend *trend = trend_at(&trends, 0, 6);
    assert_int_equal(count_changes(&trends), 2);
    assert_int_equal(trend->change_count, 2);
    assert_int_equal(trend->points[trend->changes[0].point].run, 4);
    assert_int_equal(trend->points[trend->changes[1].point].run, 8);
    assert_true(trend->changes[0].worse);
    assert_false(trend->changes[1].worse);
    assert_true(trend->changes[0].after == trend->changes[1].before);
    release(&runs, &trends);
}

static void more_latency_is_worse_and_less_is_better(void **state)
{
    (void)state;
    static const struct ledger_setting latency = {.measure = "latency"};
    const struct ledger_plan of_latency = {.nics = 4, .settings = &latency, .setting_count = 1};
    struct runs runs;
    struct mcb_trends trends;
    runs_begin(&runs, 12, &of_latency);
    runs_scale(&runs, 6, 7, 12, 1.2);
    runs_scale(&runs, 2, 5, 12, 0.8);
    make(&runs, &trends);
    assert_int_equal(count_changes(&trends), 2);
    assert_true(trend_at(&trends, 0, 6)->changes[0].worse);
    assert_false(trend_at(&trends, 0, 2)->changes[0].worse);
    release(&runs, &trends);
}

static void the_worst_last_change_comes_first(void **state)
{
    (void)state;
    static const uint32_t order[] = {9, 13, 4, 7, 0, 1, 2, 3, 5, 6, 8, 10, 11, 12, 14, 15};
    struct runs runs;
    struct mcb_trends trends;
    runs_begin(&runs, 14, &plan);
    runs_scale(&runs, 13, 5, 14, 0.9);
    runs_scale(&runs, 9, 9, 14, 0.7);
    runs_scale(&runs, 7, 6, 14, 1.2);
    runs_scale(&runs, 4, 3, 9, 0.5); /* mended */
    make(&runs, &trends);
    assert_int_equal(count_changes(&trends), 5);
    for (size_t i = 0; i < 16; i++)
        assert_int_equal(position_of(&trends, &trends.list[i]), order[i]);
    release(&runs, &trends);
}

static void paths_that_changed_together_share_what_differed(void **state)
{
    (void)state;
    struct runs runs;
    struct mcb_trends trends;
    runs_begin(&runs, 12, &plan);
    for (size_t cell = 0; cell < 16; cell++)
        runs_scale(&runs, cell, 7, 12, 0.85);
    for (size_t run = 7; run < 12; run++)
        ledger_set_host(runs.documents[run], 0, "kernel", json_string("6.2"));
    make(&runs, &trends);
    assert_int_equal(count_changes(&trends), 16);
    assert_int_equal(trends.moment_count, 1);
    for (size_t i = 0; i < 16; i++) {
        assert_int_equal(trends.list[i].points[trends.list[i].changes[0].point].run, 7);
        assert_ptr_equal(trends.list[i].changes[0].differences.list,
                         trends.moments[0].differences.list);
    }
    release(&runs, &trends);
}

static void few_runs_have_points_and_no_changes(void **state)
{
    (void)state;
    for (size_t count = 0; count <= 3; count++) {
        struct runs runs;
        struct mcb_trends trends;
        runs_begin(&runs, count, &plan);
        for (size_t cell = 0; count > 1 && cell < 16; cell++)
            runs_scale(&runs, cell, count - 1, count, 0.5);
        make(&runs, &trends);
        assert_int_equal(trends.count, count ? 16 : 0);
        assert_int_equal(count_changes(&trends), 0);
        release(&runs, &trends);
    }
}

static void four_runs_can_carry_a_change(void **state)
{
    (void)state;
    struct runs runs;
    struct mcb_trends trends;
    runs_begin(&runs, 4, &plan);
    runs_scale(&runs, 6, 2, 4, 0.8);
    make(&runs, &trends);
    assert_int_equal(trends.list[0].points[only_change(&trends)->point].run, 2);
    release(&runs, &trends);
}

static void a_run_without_cells_is_fine(void **state)
{
    (void)state;
    struct runs runs;
    struct mcb_trends trends;
    runs_begin(&runs, 6, &plan);
    json_array_clear(json_object_get(runs.documents[2], "cells"));
    json_array_clear(json_object_get(runs.documents[5], "cells"));
    make(&runs, &trends);
    assert_int_equal(trends.count, 16);
    for (size_t i = 0; i < 16; i++)
        assert_int_equal(trends.list[i].point_count, 4);
    release(&runs, &trends);
}

static void rename_host(json_t *document, const char *from, const char *to)
{
    static const char *const ends[] = {"initiator", "target"};
    json_t *host, *cell;
    size_t i;
    json_array_foreach(json_object_get(document, "hosts"), i,
                       host) if (strcmp(mcb_json_text(host, "host"), from) == 0)
        json_object_set_new(host, "host", json_string(to));
    json_array_foreach(json_object_get(document, "cells"), i, cell) for (size_t end = 0; end < 2;
                                                                         end++)
    {
        json_t *place = json_object_get(cell, ends[end]);
        if (strcmp(mcb_json_text(place, "host"), from) == 0)
            json_object_set_new(place, "host", json_string(to));
    }
}

/* One host of two got another name: by name its paths ended, and others began. */
static void hosts_are_matched_by_rank_if_that_is_wanted(void **state)
{
    (void)state;
    for (int by_rank = 0; by_rank < 2; by_rank++) {
        struct runs runs;
        struct mcb_trends trends;
        runs_begin(&runs, 12, &(struct ledger_plan){.hosts = 2, .nics = 1});
        for (size_t run = 6; run < 12; run++) {
            rename_host(runs.documents[run], "n2", "m2");
            ledger_set_host(runs.documents[run], 1, "kernel", json_string("9.9"));
        }
        for (size_t position = 0; position < 4; position++)
            runs_scale(&runs, position, 6, 12, 0.8);
        make_by(&runs, by_rank, &trends);
        assert_int_equal(trends.count, by_rank ? 4 : 4 + 3);
        assert_int_equal(trends.list[0].change_count, 1);
        const struct mcb_differences *differences = &trends.list[0].changes[0].differences;
        bool kernel = false;
        for (size_t i = 0; i < differences->count; i++)
            kernel = kernel || strcmp(differences->list[i].after, "9.9") == 0;
        assert_int_equal(kernel, by_rank);
        release(&runs, &trends);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_are_matched_by_rank_if_that_is_wanted),
        cmocka_unit_test(every_path_is_followed_through_all_runs),
        cmocka_unit_test(a_failed_cell_is_a_point_without_a_figure),
        cmocka_unit_test(a_path_may_be_missing_come_late_or_end),
        cmocka_unit_test(another_setting_is_another_trend),
        cmocka_unit_test(several_settings_of_one_run_are_kept_apart),
        cmocka_unit_test(another_nic_is_another_trend_of_its_paths_alone),
        cmocka_unit_test(a_nic_that_came_back_goes_on_where_it_was),
        cmocka_unit_test(what_is_not_known_joins_nothing_together),
        cmocka_unit_test(the_stand_in_is_never_mixed_with_gpus),
        cmocka_unit_test(tcp_is_never_mixed_with_rdma),
        cmocka_unit_test(a_latency_of_another_method_is_another_trend),
        cmocka_unit_test(hosts_that_were_renamed_are_the_same_paths),
        cmocka_unit_test(cells_that_look_alike_are_told_by_their_order),
        cmocka_unit_test(a_loss_is_told_with_its_run_and_levels),
        cmocka_unit_test(what_differed_is_told_of_the_two_runs_at_it_alone),
        cmocka_unit_test(runs_without_a_figure_are_no_part_of_a_change),
        cmocka_unit_test(a_change_and_its_mending_are_both_told),
        cmocka_unit_test(more_latency_is_worse_and_less_is_better),
        cmocka_unit_test(the_worst_last_change_comes_first),
        cmocka_unit_test(paths_that_changed_together_share_what_differed),
        cmocka_unit_test(few_runs_have_points_and_no_changes),
        cmocka_unit_test(four_runs_can_carry_a_change),
        cmocka_unit_test(a_run_without_cells_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
