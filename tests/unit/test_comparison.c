/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/report/comparison_words.h"
#include "bench/report/noise.h"
#include "common/interrupt.h"
#include "tests/unit/comparison_helper.h"

#define assert_close(value, expected) assert_true(fabs((value) - (expected)) < 1e-9)

static const struct mcb_comparison_options usual = {.tolerance = 0.05};

static json_t *plain(void)
{
    return ledger_document(&compared_plan);
}

/* The row of a path of the first setting, by its endpoints in the new result. */
static const struct mcb_comparison_row *row_at(const struct mcb_comparison *comparison,
                                               size_t initiator, size_t target)
{
    const struct mcb_ledger *after = comparison->after;
    for (uint32_t i = 0; i < after->cell_count; i++)
        if (after->cells[i].setting == 0 && after->cells[i].initiator == initiator &&
            after->cells[i].target == target)
            return mcb_comparison_row_of(comparison, i);
    fail_msg("no cell of %zu, %zu", initiator, target);
    return NULL;
}

static void assert_change(const struct mcb_comparison_row *row, enum mcb_change expected)
{
    assert_non_null(row);
    assert_string_equal(mcb_change_name(row->change), mcb_change_name(expected));
}

static void assert_counts_add_up(const struct mcb_comparison *comparison)
{
    size_t counts[MCB_CHANGES] = {0}, regressions = 0, sum = 0, after = 0;
    for (size_t i = 0; i < comparison->row_count; i++) {
        const struct mcb_comparison_row *row = &comparison->rows[i];
        counts[row->change]++;
        regressions += mcb_comparison_is_regression(comparison, row);
        after += row->after != MCB_LEDGER_NONE;
    }
    for (size_t change = 0; change < MCB_CHANGES; change++) {
        assert_int_equal(counts[change], comparison->counts[change]);
        sum += counts[change];
    }
    assert_int_equal(sum, comparison->row_count);
    assert_int_equal(after, comparison->after->cell_count);
    assert_int_equal(regressions, mcb_comparison_regressions(comparison));
}

/* The detail of the regression's fault, which is of that id. */
static void assert_fault(const struct mcb_comparison *comparison,
                         const struct mcb_comparison_row *row, const char *id, const char *detail)
{
    struct mcb_ledger_fault fault;
    char text[MCB_ERROR_DETAIL_MAX], fix[MCB_FAULT_FIX_MAX];
    assert_true(mcb_comparison_fault(comparison, row, &fault, text, fix));
    assert_string_equal(fault.id, id);
    assert_string_equal(fault.detail, detail);
    assert_true(strlen(fault.cause) > 0 && strlen(fault.fix) > 0);
}

/* ---- each change ---- */

static void each_path_has_the_change_that_happened_to_it(void **state)
{
    (void)state;
    struct compared *compared = compared_mixed();
    const struct mcb_comparison *comparison = &compared->comparison;
    assert_change(row_at(comparison, 0, 0), MCB_CHANGE_UNCHANGED);
    assert_change(row_at(comparison, 0, 1), MCB_CHANGE_SLOWER);
    assert_change(row_at(comparison, 0, 2), MCB_CHANGE_SLOWER);
    assert_change(row_at(comparison, 0, 3), MCB_CHANGE_FASTER);
    assert_change(row_at(comparison, 0, 4), MCB_CHANGE_BROKEN);
    assert_change(row_at(comparison, 0, 5), MCB_CHANGE_UNMEASURED);
    assert_change(row_at(comparison, 0, 6), MCB_CHANGE_FAILING);
    assert_change(row_at(comparison, 0, 7), MCB_CHANGE_MENDED);
    assert_change(row_at(comparison, 7, 6), MCB_CHANGE_NEW);
    assert_int_equal(comparison->counts[MCB_CHANGE_GONE], 1);
    assert_int_equal(comparison->row_count, 64);
    assert_int_equal(comparison->compared, 64 - 6);
    assert_counts_add_up(comparison);
    compared_free(compared);
}

static void rows_come_by_weight_and_the_worst_first(void **state)
{
    (void)state;
    struct compared *compared = compared_mixed();
    const struct mcb_comparison *comparison = &compared->comparison;
    for (size_t i = 1; i < comparison->row_count; i++) {
        const struct mcb_comparison_row *one = &comparison->rows[i - 1], *next = one + 1;
        assert_true(one->change <= next->change);
        if (one->change == MCB_CHANGE_UNCHANGED && next->change == MCB_CHANGE_UNCHANGED)
            assert_true(one->after < next->after);
    }
    assert_ptr_equal(&comparison->rows[1], row_at(comparison, 0, 2));
    assert_ptr_equal(&comparison->rows[2], row_at(comparison, 0, 1));
    assert_close(comparison->rows[1].ratio, 0.7);
    assert_close(comparison->rows[2].ratio, 0.8);
    compared_free(compared);
}

static void each_cell_of_the_new_result_has_its_row(void **state)
{
    (void)state;
    struct compared *compared = compared_mixed();
    const struct mcb_comparison *comparison = &compared->comparison;
    for (uint32_t i = 0; i < compared->after.cell_count; i++)
        assert_int_equal(mcb_comparison_row_of(comparison, i)->after, i);
    assert_null(mcb_comparison_row_of(comparison, (uint32_t)compared->after.cell_count));
    assert_null(mcb_comparison_row_of(comparison, MCB_LEDGER_NONE));
    compared_free(compared);
}

static void a_row_leads_to_its_cells_and_their_ledger(void **state)
{
    (void)state;
    struct compared *compared = compared_mixed();
    const struct mcb_comparison *comparison = &compared->comparison;
    const struct mcb_comparison_row *fresh = row_at(comparison, 7, 6), *gone = comparison->rows;
    const struct mcb_ledger_cell *cell;
    while (gone->change != MCB_CHANGE_GONE)
        gone++;
    assert_null(mcb_comparison_before(comparison, fresh));
    assert_ptr_equal(mcb_comparison_ledger(comparison, fresh, &cell), &compared->after);
    assert_ptr_equal(cell, mcb_comparison_after(comparison, fresh));
    assert_null(mcb_comparison_after(comparison, gone));
    assert_ptr_equal(mcb_comparison_ledger(comparison, gone, &cell), &compared->before);
    assert_ptr_equal(cell, mcb_comparison_before(comparison, gone));
    assert_int_equal(cell->initiator, 7);
    assert_int_equal(cell->target, 7);
    compared_free(compared);
}

static void a_setting_that_was_not_measured_this_time_is_not_asked(void **state)
{
    (void)state;
    static const struct ledger_setting settings[] = {{.size_bytes = 65536}, {.size_bytes = 4096}};
    struct ledger_plan two = {.nics = 2, .settings = settings, .setting_count = 2}, one = two;
    one.setting_count = 1;
    struct compared *compared = compared_make(ledger_document(&two), ledger_document(&one), NULL);
    assert_int_equal(compared->comparison.counts[MCB_CHANGE_UNCHANGED], 4);
    assert_int_equal(compared->comparison.counts[MCB_CHANGE_NOT_ASKED], 4);
    assert_int_equal(mcb_comparison_regressions(&compared->comparison), 0);
    compared_free(compared);
    compared = compared_make(ledger_document(&one), ledger_document(&two), NULL);
    assert_int_equal(compared->comparison.counts[MCB_CHANGE_UNCHANGED], 4);
    assert_int_equal(compared->comparison.counts[MCB_CHANGE_NEW], 4);
    assert_counts_add_up(&compared->comparison);
    compared_free(compared);
}

static void a_failed_cell_that_is_missing_now_is_no_loss(void **state)
{
    (void)state;
    json_t *before = plain(), *after = plain();
    ledger_fail(before, ledger_cell_at(before, 0, 7, 7), "failed", "MCB-RDMA-013", "lost");
    ledger_drop(after, ledger_cell_at(after, 0, 7, 7));
    struct compared *compared = compared_make(before, after, NULL);
    assert_int_equal(compared->comparison.counts[MCB_CHANGE_GONE], 0);
    assert_int_equal(compared->comparison.counts[MCB_CHANGE_NOT_ASKED], 1);
    compared_free(compared);
}

static void a_cell_that_was_skipped_before_is_new_whatever_it_is_now(void **state)
{
    (void)state;
    json_t *before = plain(), *after = plain();
    struct mcb_comparison_words words;
    for (size_t i = 0; i < 3; i++)
        ledger_fail(before, ledger_cell_at(before, 0, 0, i), "skipped", "MCB-RUN-001", "ended");
    ledger_fail(after, ledger_cell_at(after, 0, 0, 1), "failed", "MCB-RDMA-013", "lost");
    ledger_fail(after, ledger_cell_at(after, 0, 0, 2), "skipped", "MCB-RUN-001", "ended again");
    struct compared *compared = compared_make(before, after, NULL);
    const struct mcb_comparison *comparison = &compared->comparison;
    assert_change(row_at(comparison, 0, 0), MCB_CHANGE_NEW);
    mcb_comparison_words(comparison, row_at(comparison, 0, 0), &words);
    assert_string_equal(words.why, "not measured before");
    assert_change(row_at(comparison, 0, 1), MCB_CHANGE_NEW);
    mcb_comparison_words(comparison, row_at(comparison, 0, 1), &words);
    assert_string_equal(words.why, "not measured before: MCB-RDMA-013 lost");
    assert_change(row_at(comparison, 0, 2), MCB_CHANGE_FAILING);
    assert_int_equal(mcb_comparison_regressions(comparison), 0);
    compared_free(compared);
}

/* ---- tolerance and noise ---- */

static void a_loss_within_the_tolerance_is_no_change_however_sure(void **state)
{
    (void)state;
    json_t *after = plain();
    compared_scale(after, ledger_cell_at(after, 0, 3, 5), 0.8);
    const struct mcb_comparison_options lenient = {.tolerance = 0.25};
    struct compared *compared = compared_make(plain(), after, &lenient);
    const struct mcb_comparison_row *row = row_at(&compared->comparison, 3, 5);
    assert_change(row, MCB_CHANGE_UNCHANGED);
    assert_true(row->p < MCB_NOISE_LEVEL);
    assert_close(row->ratio, 0.8);
    compared_free(compared);
}

/* From half of 100 to twice as much. */
static double wild_figure(size_t initiator, size_t target, size_t setting, size_t trial,
                          void *context)
{
    (void)context;
    static const double factors[] = {0.5, 0.62, 0.74, 0.88, 1, 1.15, 1.35, 1.6, 1.8, 1.9, 2};
    return 100 * factors[(initiator * 7 + target * 3 + setting + trial * 5) % 11];
}

static void a_loss_that_noise_explains_is_no_change_and_doubtful(void **state)
{
    (void)state;
    struct ledger_plan plan = compared_plan;
    plan.figure = wild_figure;
    json_t *after = ledger_document(&plan);
    compared_scale(after, ledger_cell_at(after, 0, 3, 5), 0.85);
    struct compared *compared = compared_make(ledger_document(&plan), after, NULL);
    const struct mcb_comparison_row *row = row_at(&compared->comparison, 3, 5);
    assert_change(row, MCB_CHANGE_UNCHANGED);
    assert_close(row->ratio, 0.85);
    assert_true(row->p > MCB_NOISE_LEVEL);
    assert_true(row->visible > 0.15);
    assert_int_equal(compared->comparison.doubtful, 64);
    assert_true(compared->comparison.noise > 0.1);
    compared_free(compared);
}

/* Of twice nothing nobody can say that noise hides it. */
static void without_a_tolerance_nothing_is_doubtful(void **state)
{
    (void)state;
    struct ledger_plan plan = compared_plan;
    plan.figure = wild_figure;
    const struct mcb_comparison_options strict = {.tolerance = 0};
    struct compared *compared =
        compared_make(ledger_document(&plan), ledger_document(&plan), &strict);
    assert_int_equal(compared->comparison.counts[MCB_CHANGE_UNCHANGED], 64);
    assert_int_equal(compared->comparison.doubtful, 0);
    compared_free(compared);
}

static void steady_figures_leave_no_doubt(void **state)
{
    (void)state;
    struct compared *compared = compared_make(plain(), plain(), NULL);
    assert_int_equal(compared->comparison.compared, 64);
    assert_int_equal(compared->comparison.doubtful, 0);
    assert_true(compared->comparison.noise > 0 && compared->comparison.noise < 0.02);
    for (size_t i = 0; i < 64; i++)
        assert_close(compared->comparison.rows[i].p, 1);
    compared_free(compared);
}

static void more_latency_is_slower_and_less_is_faster(void **state)
{
    (void)state;
    static const struct ledger_setting latency = {.measure = "latency"};
    const struct ledger_plan plan = {
        .hosts = 2, .nics = 4, .settings = &latency, .setting_count = 1};
    json_t *after = ledger_document(&plan);
    compared_scale(after, ledger_cell_at(after, 0, 3, 5), 1.2);
    compared_scale(after, ledger_cell_at(after, 0, 3, 6), 1.5);
    compared_scale(after, ledger_cell_at(after, 0, 3, 7), 0.8);
    struct compared *compared = compared_make(ledger_document(&plan), after, NULL);
    const struct mcb_comparison *comparison = &compared->comparison;
    assert_ptr_equal(row_at(comparison, 3, 6), &comparison->rows[0]);
    assert_ptr_equal(row_at(comparison, 3, 5), &comparison->rows[1]);
    assert_change(row_at(comparison, 3, 5), MCB_CHANGE_SLOWER);
    assert_change(row_at(comparison, 3, 6), MCB_CHANGE_SLOWER);
    assert_change(row_at(comparison, 3, 7), MCB_CHANGE_FASTER);
    assert_fault(comparison, row_at(comparison, 3, 5), "MCB-PERF-003",
                 "n1/mlx5_3/cpu:0 → n2/mlx5_1/cpu:0: write latency 64 KiB, relaxed ordering off "
                 "119.5 µs, was 99.6: 20.0 % more (p < 0.001)");
    compared_free(compared);
}

/* ---- missing paths ---- */

static void missing_paths_are_regressions_unless_they_may_be_missing(void **state)
{
    (void)state;
    const struct mcb_comparison_options allowed = {.tolerance = 0.05, .allow_missing = true};
    for (int allow = 0; allow < 2; allow++) {
        json_t *after = plain();
        ledger_fail(after, ledger_cell_at(after, 0, 0, 5), "skipped", "MCB-RUN-001", "ended");
        ledger_drop(after, ledger_cell_at(after, 0, 7, 7));
        struct compared *compared = compared_make(plain(), after, allow ? &allowed : &usual);
        assert_change(row_at(&compared->comparison, 0, 5), MCB_CHANGE_UNMEASURED);
        assert_int_equal(compared->comparison.counts[MCB_CHANGE_GONE], 1);
        assert_int_equal(mcb_comparison_regressions(&compared->comparison), allow ? 0 : 2);
        assert_counts_add_up(&compared->comparison);
        compared_free(compared);
    }
}

static void results_without_a_cell_in_common_are_not_compared(void **state)
{
    (void)state;
    struct ledger_plan elsewhere = compared_plan;
    struct mcb_ledger before, after;
    struct mcb_comparison comparison;
    struct mcb_error error;
    elsewhere.prefix = "m";
    elsewhere.hosts = 1;
    ledger_of_plan(&compared_plan, &before);
    ledger_of_plan(&elsewhere, &after);
    assert_int_equal(mcb_comparison_make(&before, 1, &after, &usual, &comparison, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_USE_COMPARE);
    assert_string_equal(
        error.detail,
        "the new result: no cell in common with the baseline. It has: write bandwidth · 64 KiB · "
        "1 QP, depth 128 · relaxed ordering off of m1. The baseline has: write bandwidth · 64 KiB "
        "· 1 QP, depth 128 · relaxed ordering off of n1, n2. Results of the same command and hosts "
        "can be compared");
    mcb_ledger_release(&before);
    mcb_ledger_release(&after);
}

/* ---- matching ---- */

static void cells_alike_in_everything_are_matched_in_their_order(void **state)
{
    (void)state;
    json_t *documents[2] = {plain(), plain()};
    for (size_t i = 0; i < 2; i++)
        for (size_t copy = 1; copy <= 2; copy++) {
            json_t *alike = json_deep_copy(ledger_cell(documents[i], 5));
            result_append(documents[i], alike);
            compared_scale(documents[i], 63 + copy, copy == 1 ? 0.5 : 0.25);
        }
    ledger_drop(documents[1], 65);
    struct compared *compared = compared_make(documents[0], documents[1], NULL);
    const struct mcb_comparison *comparison = &compared->comparison;
    assert_int_equal(comparison->counts[MCB_CHANGE_UNCHANGED], 65);
    assert_int_equal(comparison->counts[MCB_CHANGE_GONE], 1);
    assert_int_equal(mcb_comparison_before(comparison, &comparison->rows[0])->position, 65);
    for (size_t i = 1; i < comparison->row_count; i++)
        assert_close(comparison->rows[i].ratio, 1);
    compared_free(compared);
}

static void what_is_measured_and_the_path_tell_cells_apart(void **state)
{
    (void)state;
    static const struct ledger_setting settings[] = {{.operation = "write"},
                                                     {.operation = "read"},
                                                     {.size_bytes = 4096},
                                                     {.bidirectional = true},
                                                     {.ordering = "on"},
                                                     {.measure = "latency"},
                                                     {.operation = "read", .size_bytes = 4096}};
    enum { COUNT = sizeof settings / sizeof settings[0] };
    struct ledger_setting turned[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        turned[i] = settings[COUNT - 1 - i];
    const struct ledger_plan one = {.settings = settings, .setting_count = COUNT},
                             other = {.settings = turned, .setting_count = COUNT};
    json_t *before = ledger_document(&one), *after = ledger_document(&other);
    for (size_t i = 0; i < COUNT; i++)
        for (size_t path = 0; path < 4; path++) {
            compared_scale(before, i * 4 + path, (double)(10 + i * 4 + path));
            compared_scale(after, (COUNT - 1 - i) * 4 + path, (double)(10 + i * 4 + path));
        }
    struct compared *compared = compared_make(before, after, NULL);
    assert_int_equal(compared->comparison.counts[MCB_CHANGE_UNCHANGED], 4 * COUNT);
    for (size_t i = 0; i < compared->comparison.row_count; i++)
        assert_close(compared->comparison.rows[i].ratio, 1);
    compared_free(compared);
}

static void hosts_of_other_names_are_matched_by_rank(void **state)
{
    (void)state;
    const struct mcb_comparison_options by_rank = {.tolerance = 0.05, .by_rank = true};
    json_t *after = plain();
    compared_rename(after, "n1", "m1");
    compared_rename(after, "n2", "m2");
    struct compared *compared = compared_make(plain(), after, NULL);
    assert_int_equal(compared->comparison.counts[MCB_CHANGE_UNCHANGED], 64);
    compared_free(compared);

    after = plain();
    compared_rename(after, "n2", "m2");
    compared = compared_make(plain(), after, NULL);
    assert_int_equal(compared->comparison.counts[MCB_CHANGE_UNCHANGED], 16);
    assert_int_equal(compared->comparison.counts[MCB_CHANGE_NEW], 48);
    assert_int_equal(compared->comparison.counts[MCB_CHANGE_GONE], 48);
    compared_free(compared);

    after = plain();
    compared_rename(after, "n2", "m2");
    compared = compared_make(plain(), after, &by_rank);
    assert_int_equal(compared->comparison.counts[MCB_CHANGE_UNCHANGED], 64);
    compared_free(compared);
}

/* ---- what cannot be compared ---- */

static void other_settings_are_named_and_not_compared(void **state)
{
    (void)state;
    static const struct ledger_setting deep = {.qps = 4, .depth = 64};
    struct ledger_plan plan = compared_plan;
    plan.settings = &deep;
    plan.setting_count = 1;
    struct compared *compared = compared_make(plain(), ledger_document(&plan), NULL);
    const struct mcb_comparison *comparison = &compared->comparison;
    assert_int_equal(comparison->counts[MCB_CHANGE_DIFFERENT], 64);
    assert_int_equal(comparison->compared, 0);
    assert_int_equal(comparison->text_count, 1);
    assert_string_equal(comparison->rows[0].why, "qps 1 → 4, depth 128 → 64");
    assert_close(comparison->rows[0].ratio, 0);
    assert_true(comparison->rows[0].before_figure > 0 && comparison->rows[0].after_figure > 0);
    assert_int_equal(mcb_comparison_regressions(comparison), 0);
    compared_free(compared);
}

/* The NIC mlx5_1 of n2 is another one, and its paths lost half. */
static struct compared *with_another_nic(bool across_hardware)
{
    const struct mcb_comparison_options options = {.tolerance = 0.05,
                                                   .across_hardware = across_hardware};
    json_t *after = plain();
    ledger_set_nic(after, 1, 1, "device_id", json_string("0x15b3:0x1023"));
    for (size_t i = 0; i < 8; i++)
        compared_scale(after, ledger_cell_at(after, 0, i, 5), 0.5);
    return compared_make(plain(), after, &options);
}

static void paths_of_another_nic_are_named_and_not_compared(void **state)
{
    (void)state;
    struct compared *compared = with_another_nic(false);
    const struct mcb_comparison *comparison = &compared->comparison;
    assert_int_equal(comparison->counts[MCB_CHANGE_DIFFERENT], 15);
    assert_int_equal(comparison->counts[MCB_CHANGE_UNCHANGED], 49);
    assert_string_equal(row_at(comparison, 0, 5)->why, "NIC 0x15b3:0x1021 → 0x15b3:0x1023");
    assert_string_equal(row_at(comparison, 5, 0)->why, "NIC 0x15b3:0x1021 → 0x15b3:0x1023");
    assert_int_equal(comparison->differences.count, 1);
    compared_free(compared);
}

static void paths_of_another_nic_are_compared_if_that_is_wanted(void **state)
{
    (void)state;
    struct compared *compared = with_another_nic(true);
    assert_int_equal(compared->comparison.counts[MCB_CHANGE_DIFFERENT], 0);
    assert_int_equal(compared->comparison.counts[MCB_CHANGE_SLOWER], 8);
    assert_int_equal(compared->comparison.differences.list[0].kind, MCB_DIFFERENCE_HARDWARE);
    compared_free(compared);
}

static void the_stand_in_gpu_is_never_compared_with_a_gpu(void **state)
{
    (void)state;
    static const char *const memories[] = {"cpu:0", "cuda:0"};
    const struct mcb_comparison_options across = {.tolerance = 0.05, .across_hardware = true};
    for (int turned = 0; turned < 2; turned++) {
        struct ledger_plan real = {.memories = memories, .memory_count = 2}, stand_in = real;
        stand_in.stand_in = true;
        struct compared *compared =
            compared_make(ledger_document(turned ? &stand_in : &real),
                          ledger_document(turned ? &real : &stand_in), &across);
        const struct mcb_comparison *comparison = &compared->comparison;
        assert_true(comparison->stand_in);
        assert_int_equal(comparison->counts[MCB_CHANGE_DIFFERENT], 12);
        assert_int_equal(comparison->counts[MCB_CHANGE_UNCHANGED], 4);
        for (size_t i = 0; i < 12; i++)
            assert_string_equal(comparison->rows[i].why,
                                turned ? "stand-in GPU yes → no" : "stand-in GPU no → yes");
        compared_free(compared);
    }
}

static void the_stand_in_gpu_is_compared_with_itself_and_named(void **state)
{
    (void)state;
    static const char *const memories[] = {"cuda:0"};
    const struct ledger_plan plan = {.memories = memories, .memory_count = 1, .stand_in = true};
    struct compared *compared = compared_make(ledger_document(&plan), ledger_document(&plan), NULL);
    assert_int_equal(compared->comparison.counts[MCB_CHANGE_UNCHANGED], 4);
    assert_true(compared->comparison.stand_in);
    compared_free(compared);
}

/* ---- several baselines ---- */

enum { BASELINES = 3 };

struct several {
    struct mcb_ledger baselines[BASELINES], after;
    struct mcb_comparison comparison;
};

/* Takes the references of the documents. */
static struct several *several_make(json_t *const baselines[BASELINES], json_t *after)
{
    struct several *several = calloc(1, sizeof *several);
    struct mcb_error error;
    assert_non_null(several);
    for (size_t i = 0; i < BASELINES; i++)
        ledger_of(baselines[i], &several->baselines[i]);
    ledger_of(after, &several->after);
    if (mcb_comparison_make(several->baselines, BASELINES, &several->after, &usual,
                            &several->comparison, &error) != 0)
        fail_msg("%s", error.detail);
    assert_counts_add_up(&several->comparison);
    return several;
}

static void several_free(struct several *several)
{
    mcb_comparison_release(&several->comparison);
    for (size_t i = 0; i < BASELINES; i++)
        mcb_ledger_release(&several->baselines[i]);
    mcb_ledger_release(&several->after);
    free(several);
}

/* All cells of a document times that. */
static json_t *scaled(double factor)
{
    json_t *document = plain();
    for (size_t i = 0; i < 64; i++)
        compared_scale(document, i, factor);
    return document;
}

static void the_figure_before_is_the_median_of_the_baselines(void **state)
{
    (void)state;
    json_t *after = scaled(1), *baselines[] = {scaled(1.02), scaled(0.99), scaled(1)};
    compared_scale(after, ledger_cell_at(after, 0, 3, 5), 0.5);
    struct several *several = several_make(baselines, after);
    const struct mcb_comparison *comparison = &several->comparison;
    const struct mcb_comparison_row *row = row_at(comparison, 3, 5);
    assert_int_equal(comparison->counts[MCB_CHANGE_UNCHANGED], 63);
    assert_change(row, MCB_CHANGE_SLOWER);
    assert_close(row->ratio, 0.5);
    assert_int_equal(row->baseline, 2);
    assert_close(row->before_figure, mcb_comparison_before(comparison, row)->figure);
    assert_fault(comparison, row, "MCB-PERF-003",
                 "n1/mlx5_3/cpu:0 → n2/mlx5_1/cpu:0: write bandwidth 64 KiB, relaxed ordering off "
                 "49.8 Gbit/s, was 99.6 in the median of the baselines: 50.0 % less (p < 0.001)");
    several_free(several);
}

static void figures_that_move_from_run_to_run_hide_a_loss_as_large(void **state)
{
    (void)state;
    json_t *baselines[] = {scaled(1.15), scaled(0.87), scaled(1)};
    struct several *several = several_make(baselines, scaled(0.9));
    assert_int_equal(several->comparison.counts[MCB_CHANGE_UNCHANGED], 64);
    several_free(several);
    struct compared *compared = compared_make(scaled(1), scaled(0.5), NULL);
    assert_int_equal(compared->comparison.counts[MCB_CHANGE_SLOWER], 64);
    compared_free(compared);
}

static void a_baseline_that_cannot_be_compared_is_passed_over(void **state)
{
    (void)state;
    static const struct ledger_setting deep = {.qps = 4};
    struct ledger_plan plan = compared_plan;
    plan.settings = &deep;
    plan.setting_count = 1;
    json_t *baselines[] = {scaled(1), scaled(1), ledger_document(&plan)};
    for (size_t i = 0; i < 64; i++)
        compared_scale(baselines[2], i, 3);
    struct several *several = several_make(baselines, scaled(1));
    const struct mcb_comparison *comparison = &several->comparison;
    assert_int_equal(comparison->counts[MCB_CHANGE_UNCHANGED], 64);
    assert_close(comparison->rows[0].ratio, 1);
    assert_int_equal(comparison->rows[0].baseline, 1);
    several_free(several);
}

static void only_what_no_baseline_can_be_held_against_is_different(void **state)
{
    (void)state;
    static const struct ledger_setting deep = {.qps = 4}, deeper = {.qps = 8};
    struct ledger_plan plans[2] = {compared_plan, compared_plan};
    plans[0].settings = &deep;
    plans[1].settings = &deeper;
    plans[0].setting_count = plans[1].setting_count = 1;
    json_t *baselines[] = {ledger_document(&plans[0]), ledger_document(&plans[0]),
                           ledger_document(&plans[1])};
    struct several *several = several_make(baselines, plain());
    assert_int_equal(several->comparison.counts[MCB_CHANGE_DIFFERENT], 64);
    assert_string_equal(several->comparison.rows[0].why, "qps 8 → 1");
    several_free(several);
}

static void a_path_that_failed_in_some_baselines_is_held_against_the_others(void **state)
{
    (void)state;
    json_t *baselines[] = {plain(), plain(), plain()}, *after = plain();
    ledger_fail(baselines[2], ledger_cell_at(after, 0, 0, 1), "failed", "MCB-RDMA-013", "lost");
    ledger_fail(baselines[2], ledger_cell_at(after, 0, 0, 2), "failed", "MCB-RDMA-013", "lost");
    ledger_fail(after, ledger_cell_at(after, 0, 0, 2), "failed", "MCB-RDMA-013", "lost");
    for (size_t i = 0; i < BASELINES; i++)
        ledger_fail(baselines[i], ledger_cell_at(after, 0, 0, 3), "failed", "MCB-RDMA-013", "lost");
    struct several *several = several_make(baselines, after);
    const struct mcb_comparison *comparison = &several->comparison;
    assert_change(row_at(comparison, 0, 1), MCB_CHANGE_UNCHANGED);
    assert_int_equal(row_at(comparison, 0, 1)->baseline, 1);
    assert_change(row_at(comparison, 0, 2), MCB_CHANGE_BROKEN);
    assert_int_equal(row_at(comparison, 0, 2)->baseline, 1);
    assert_change(row_at(comparison, 0, 3), MCB_CHANGE_MENDED);
    several_free(several);
}

static void the_last_baseline_that_measured_a_setting_tells_what_is_missing(void **state)
{
    (void)state;
    json_t *baselines[] = {plain(), plain(), plain()}, *after = plain();
    /* given up before the last baseline */
    ledger_drop(baselines[2], 63);
    ledger_drop(after, 63);
    /* gone now */
    ledger_drop(after, 62);
    struct several *several = several_make(baselines, after);
    const struct mcb_comparison *comparison = &several->comparison;
    assert_int_equal(comparison->row_count, 63);
    assert_int_equal(comparison->counts[MCB_CHANGE_GONE], 1);
    assert_int_equal(comparison->rows[0].baseline, 2);
    assert_int_equal(mcb_comparison_before(comparison, &comparison->rows[0])->position, 62);
    several_free(several);
}

/* ---- runs that ended early ---- */

static void interrupt(json_t *document)
{
    json_object_set_new(document, "status", json_string("interrupted"));
    json_object_set_new(document, "fault",
                        json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", "MCB-RUN-001", "title",
                                  "interrupted", "detail", "SIGKILL", "cause", "", "fix", ""));
}

/* The journal of a killed run: interrupted, with the first cells alone. */
static void what_a_killed_run_did_not_reach_is_unmeasured(void **state)
{
    (void)state;
    static const struct ledger_setting both[] = {{.size_bytes = 4096}, {.size_bytes = 65536}};
    struct ledger_plan plan = compared_plan;
    plan.settings = both;
    plan.setting_count = 2;
    json_t *before = ledger_document(&plan), *after = ledger_document(&plan);
    interrupt(after);
    for (size_t i = 128; i-- > 60;)
        ledger_drop(after, i);
    struct compared *compared = compared_make(before, after, NULL);
    const struct mcb_comparison *comparison = &compared->comparison;
    assert_int_equal(comparison->counts[MCB_CHANGE_UNCHANGED], 60);
    assert_int_equal(comparison->counts[MCB_CHANGE_UNMEASURED], 68);
    assert_int_equal(mcb_comparison_regressions(comparison), 68);
    assert_fault(comparison, &comparison->rows[0], "MCB-PERF-004",
                 "n2/mlx5_3/cpu:0 → n2/mlx5_0/cpu:0: write bandwidth 4 KiB, relaxed ordering off "
                 "was 100.0 Gbit/s, and is not in the new result");
    assert_counts_add_up(comparison);
    compared_free(compared);
}

/* One that was interrupted itself says of each cell that it skipped it: what it does not have it
 * was not asked for. */
static void what_an_interrupted_run_does_not_have_is_not_asked(void **state)
{
    (void)state;
    static const struct ledger_setting both[] = {{.size_bytes = 4096}, {.size_bytes = 65536}};
    struct ledger_plan plan = compared_plan;
    plan.settings = both;
    plan.setting_count = 2;
    json_t *before = ledger_document(&plan), *after = ledger_document(&plan);
    interrupt(after);
    for (size_t i = 128; i-- > 64;)
        ledger_drop(after, i);
    ledger_fail(after, 63, "skipped", "MCB-RUN-001", "interrupted");
    struct compared *compared = compared_make(before, after, NULL);
    const struct mcb_comparison *comparison = &compared->comparison;
    assert_int_equal(comparison->counts[MCB_CHANGE_UNMEASURED], 1);
    assert_int_equal(comparison->counts[MCB_CHANGE_NOT_ASKED], 64);
    compared_free(compared);
}

/* ---- figures of 0 ---- */

/* Some cells before and after that are ok and moved nothing, as no run of mcbench has them but a
 * document may. */
static struct compared *with_nothing_moved(void)
{
    static const double nothing[] = {0, 0, 0};
    json_t *before = plain(), *after = plain();
    ledger_set_trials(ledger_cell(after, ledger_cell_at(after, 0, 0, 1)), nothing, 3);
    ledger_set_trials(ledger_cell(before, ledger_cell_at(before, 0, 0, 2)), nothing, 3);
    ledger_set_trials(ledger_cell(before, ledger_cell_at(before, 0, 0, 3)), nothing, 3);
    ledger_set_trials(ledger_cell(after, ledger_cell_at(after, 0, 0, 3)), nothing, 3);
    return compared_make(before, after, NULL);
}

static void a_figure_of_0_now_is_broken_and_says_so(void **state)
{
    (void)state;
    struct compared *compared = with_nothing_moved();
    const struct mcb_comparison *comparison = &compared->comparison;
    struct mcb_comparison_words words;
    const struct mcb_comparison_row *row = row_at(comparison, 0, 1);
    assert_change(row, MCB_CHANGE_BROKEN);
    assert_true(mcb_comparison_is_regression(comparison, row));
    assert_fault(comparison, row, "MCB-PERF-003",
                 "n1/mlx5_0/cpu:0 → n1/mlx5_1/cpu:0: write bandwidth 64 KiB, relaxed ordering off "
                 "was 99.6 Gbit/s, and has no figure above 0 now");
    mcb_comparison_words(comparison, row, &words);
    assert_string_equal(words.before, "99.6");
    assert_string_equal(words.after, "0.000 Gbit/s");
    compared_free(compared);
}

static void a_figure_of_0_before_is_neither_new_nor_compared(void **state)
{
    (void)state;
    struct compared *compared = with_nothing_moved();
    const struct mcb_comparison *comparison = &compared->comparison;
    struct mcb_comparison_words words;
    assert_change(row_at(comparison, 0, 2), MCB_CHANGE_MENDED);
    mcb_comparison_words(comparison, row_at(comparison, 0, 2), &words);
    assert_string_equal(words.why, "had no figure above 0");
    assert_change(row_at(comparison, 0, 3), MCB_CHANGE_FAILING);
    assert_int_equal(comparison->compared, 61);
    assert_int_equal(comparison->doubtful, 0);
    assert_counts_add_up(comparison);
    compared_free(compared);
}

static void trials_of_0_do_not_spoil_the_comparison(void **state)
{
    (void)state;
    static const double stopped[] = {0, 0, 99, 100, 101};
    json_t *after = plain();
    ledger_set_trials(ledger_cell(after, ledger_cell_at(after, 0, 0, 1)), stopped, 5);
    compared_scale(after, ledger_cell_at(after, 0, 3, 5), 0.7);
    struct compared *compared = compared_make(plain(), after, NULL);
    assert_change(row_at(&compared->comparison, 0, 1), MCB_CHANGE_UNCHANGED);
    assert_change(row_at(&compared->comparison, 3, 5), MCB_CHANGE_SLOWER);
    assert_int_equal(compared->comparison.counts[MCB_CHANGE_UNCHANGED], 63);
    for (size_t i = 0; i < 64; i++)
        assert_true(isfinite(compared->comparison.rows[i].p) &&
                    isfinite(compared->comparison.rows[i].visible));
    compared_free(compared);
}

/* ---- faults ---- */

static void each_regression_has_the_fault_that_tells_it(void **state)
{
    (void)state;
    struct compared *compared = compared_mixed();
    const struct mcb_comparison *comparison = &compared->comparison;
    const struct mcb_comparison_row *gone = comparison->rows;
    while (gone->change != MCB_CHANGE_GONE)
        gone++;
    assert_fault(comparison, row_at(comparison, 0, 1), "MCB-PERF-003",
                 "n1/mlx5_0/cpu:0 → n1/mlx5_1/cpu:0: write bandwidth 64 KiB, relaxed ordering off "
                 "79.7 Gbit/s, was 99.6: 20.0 % less (p < 0.001)");
    assert_fault(comparison, gone, "MCB-PERF-004",
                 "n2/mlx5_3/cpu:0 → n2/mlx5_3/cpu:0: write bandwidth 64 KiB, relaxed ordering off "
                 "was 99.8 Gbit/s, and is not in the new result");
    assert_fault(comparison, row_at(comparison, 0, 4), "MCB-RDMA-013", "no way there");
    assert_fault(comparison, row_at(comparison, 0, 5), "MCB-RUN-001", "interrupted");
    compared_free(compared);
}

static void what_is_no_regression_has_no_fault_of_one(void **state)
{
    (void)state;
    struct compared *compared = compared_mixed();
    struct mcb_ledger_fault fault;
    char detail[MCB_ERROR_DETAIL_MAX], fix[MCB_FAULT_FIX_MAX];
    for (size_t i = 0; i < compared->comparison.row_count; i++) {
        const struct mcb_comparison_row *row = &compared->comparison.rows[i];
        assert_int_equal(mcb_comparison_fault(&compared->comparison, row, &fault, detail, fix),
                         row->change <= MCB_CHANGE_UNMEASURED);
    }
    compared_free(compared);
}

static void names_of_a_result_are_clean_in_a_fault(void **state)
{
    (void)state;
    json_t *documents[2] = {plain(), plain()};
    for (size_t i = 0; i < 2; i++)
        compared_rename(documents[i], "n1", "n1\033[2J\n");
    compared_scale(documents[1], ledger_cell_at(documents[1], 0, 0, 1), 0.5);
    struct compared *compared = compared_make(documents[0], documents[1], NULL);
    struct mcb_ledger_fault fault;
    char detail[MCB_ERROR_DETAIL_MAX], clean[MCB_ERROR_DETAIL_MAX], fix[MCB_FAULT_FIX_MAX];
    assert_change(&compared->comparison.rows[0], MCB_CHANGE_SLOWER);
    assert_true(mcb_comparison_fault(&compared->comparison, &compared->comparison.rows[0], &fault,
                                     detail, fix));
    assert_string_equal(mcb_text_clean(detail, clean, sizeof clean), fault.detail);
    assert_has(detail, "n1?[2J?/mlx5_0/cpu:0 → n1?[2J?/mlx5_1/cpu:0: ");
    compared_free(compared);
}

/* The last one: what is interrupted stays so. */
static void an_interrupt_ends_a_comparison(void **state)
{
    (void)state;
    struct mcb_ledger before, after;
    struct mcb_comparison comparison;
    struct mcb_error error;
    ledger_of_plan(&compared_plan, &before);
    ledger_of_plan(&compared_plan, &after);
    mcb_interrupt_install();
    raise(SIGINT);
    assert_int_equal(mcb_comparison_make(&before, 1, &after,
                                         &(struct mcb_comparison_options){.tolerance = 0.05},
                                         &comparison, &error),
                     -1);
    assert_int_equal(error.code, MCB_FAULT_RUN_INTERRUPTED);
    mcb_ledger_release(&after);
    mcb_ledger_release(&before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_path_has_the_change_that_happened_to_it),
        cmocka_unit_test(rows_come_by_weight_and_the_worst_first),
        cmocka_unit_test(each_cell_of_the_new_result_has_its_row),
        cmocka_unit_test(a_row_leads_to_its_cells_and_their_ledger),
        cmocka_unit_test(a_setting_that_was_not_measured_this_time_is_not_asked),
        cmocka_unit_test(a_failed_cell_that_is_missing_now_is_no_loss),
        cmocka_unit_test(a_cell_that_was_skipped_before_is_new_whatever_it_is_now),
        cmocka_unit_test(a_loss_within_the_tolerance_is_no_change_however_sure),
        cmocka_unit_test(a_loss_that_noise_explains_is_no_change_and_doubtful),
        cmocka_unit_test(without_a_tolerance_nothing_is_doubtful),
        cmocka_unit_test(steady_figures_leave_no_doubt),
        cmocka_unit_test(more_latency_is_slower_and_less_is_faster),
        cmocka_unit_test(missing_paths_are_regressions_unless_they_may_be_missing),
        cmocka_unit_test(results_without_a_cell_in_common_are_not_compared),
        cmocka_unit_test(cells_alike_in_everything_are_matched_in_their_order),
        cmocka_unit_test(what_is_measured_and_the_path_tell_cells_apart),
        cmocka_unit_test(hosts_of_other_names_are_matched_by_rank),
        cmocka_unit_test(other_settings_are_named_and_not_compared),
        cmocka_unit_test(paths_of_another_nic_are_named_and_not_compared),
        cmocka_unit_test(paths_of_another_nic_are_compared_if_that_is_wanted),
        cmocka_unit_test(the_stand_in_gpu_is_never_compared_with_a_gpu),
        cmocka_unit_test(the_stand_in_gpu_is_compared_with_itself_and_named),
        cmocka_unit_test(the_figure_before_is_the_median_of_the_baselines),
        cmocka_unit_test(figures_that_move_from_run_to_run_hide_a_loss_as_large),
        cmocka_unit_test(a_baseline_that_cannot_be_compared_is_passed_over),
        cmocka_unit_test(only_what_no_baseline_can_be_held_against_is_different),
        cmocka_unit_test(a_path_that_failed_in_some_baselines_is_held_against_the_others),
        cmocka_unit_test(the_last_baseline_that_measured_a_setting_tells_what_is_missing),
        cmocka_unit_test(what_a_killed_run_did_not_reach_is_unmeasured),
        cmocka_unit_test(what_an_interrupted_run_does_not_have_is_not_asked),
        cmocka_unit_test(a_figure_of_0_now_is_broken_and_says_so),
        cmocka_unit_test(a_figure_of_0_before_is_neither_new_nor_compared),
        cmocka_unit_test(trials_of_0_do_not_spoil_the_comparison),
        cmocka_unit_test(each_regression_has_the_fault_that_tells_it),
        cmocka_unit_test(what_is_no_regression_has_no_fault_of_one),
        cmocka_unit_test(names_of_a_result_are_clean_in_a_fault),
        cmocka_unit_test(an_interrupt_ends_a_comparison),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
