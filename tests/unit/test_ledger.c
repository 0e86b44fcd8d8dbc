/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/ledger_texts.h"
#include "tests/unit/ledger_helper.h"

/* ---- order ---- */

/* Its cells in an order that is nobody's. */
static void shuffle(json_t *document)
{
    json_t *cells = json_object_get(document, "cells"), *shuffled = json_array();
    size_t count = json_array_size(cells);
    for (size_t i = 0; i < count; i++)
        json_array_append(shuffled, json_array_get(cells, (i * 7 + 5) % count));
    json_object_set_new(document, "cells", shuffled);
}

/* Two settings and two routes, an endpoint that is no host's, cells that are there twice. */
static json_t *tangled(void)
{
    static const char *const memories[] = {"cuda:10", "cpu:0", "cuda:9"};
    static const struct ledger_setting settings[] = {
        {.ordering = "on"}, {.ordering = "off"}, {.route = "staged"}, {.measure = "latency"}};
    json_t *document = ledger_document(&(struct ledger_plan){.hosts = 2,
                                                             .memories = memories,
                                                             .memory_count = 3,
                                                             .settings = settings,
                                                             .setting_count = 4});
    json_t *foreign = json_deep_copy(ledger_cell(document, 5));
    json_object_set_new(json_object_get(foreign, "target"), "host", json_string("elsewhere"));
    result_append(document, foreign);
    foreign = json_deep_copy(ledger_cell(document, 5));
    json_object_set_new(json_object_get(foreign, "initiator"), "nic", json_string("mlx5_9"));
    result_append(document, foreign);
    result_append(document, json_deep_copy(ledger_cell(document, 5)));
    shuffle(document);
    return document;
}

static void assert_same_endpoints(const struct mcb_ledger *ledger, const struct mcb_pivot *pivot)
{
    assert_int_equal(ledger->endpoint_count, pivot->endpoint_count);
    assert_int_equal(ledger->host_count, pivot->host_count);
    for (size_t i = 0; i < ledger->endpoint_count; i++) {
        assert_string_equal(ledger->endpoints[i].host, pivot->endpoints[i].host);
        assert_string_equal(ledger->endpoints[i].nic, pivot->endpoints[i].nic);
        assert_string_equal(ledger->endpoints[i].memory, pivot->endpoints[i].memory);
        assert_int_equal(ledger->endpoints[i].host_number, pivot->endpoints[i].host_number);
    }
}

static void assert_same_settings(const struct mcb_ledger *ledger, const struct mcb_pivot *pivot)
{
    assert_int_equal(ledger->setting_count, pivot->setting_count);
    assert_int_equal(ledger->several_routes, pivot->several_routes);
    for (size_t i = 0; i < ledger->setting_count; i++) {
        const struct mcb_pivot_setting *title = &ledger->settings[i].title;
        assert_string_equal(title->key, pivot->settings[i].key);
        assert_string_equal(title->ordering, pivot->settings[i].ordering);
        assert_string_equal(title->route, pivot->settings[i].route);
        assert_int_equal(title->first, pivot->settings[i].first);
        assert_int_equal(title->count, pivot->settings[i].count);
    }
}

static void cells_have_the_order_of_matrices(void **state)
{
    (void)state;
    struct mcb_error error;
    struct mcb_pivot pivot;
    struct mcb_ledger ledger;
    json_t *document = tangled();
    assert_int_equal(mcb_pivot_make(document, &pivot, &error), 0);
    ledger_of(json_incref(document), &ledger);
    assert_same_endpoints(&ledger, &pivot);
    assert_same_settings(&ledger, &pivot);
    assert_int_equal(ledger.cell_count, 4 * 12 * 12 + 3);
    assert_int_equal(ledger.cell_count, pivot.cell_count);
    for (size_t i = 0; i < ledger.cell_count; i++) {
        assert_int_equal(ledger.cells[i].position, pivot.cells[i].position);
        assert_int_equal(ledger.cells[i].setting, pivot.cells[i].setting);
        assert_int_equal(ledger.cells[i].initiator, pivot.cells[i].initiator);
        assert_int_equal(ledger.cells[i].target, pivot.cells[i].target);
    }
    mcb_ledger_release(&ledger);
    mcb_pivot_release(&pivot);
    json_decref(document);
}

static void a_cell_is_found_by_its_place_in_the_document(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    ledger_of(tangled(), &ledger);
    for (uint32_t i = 0; i < ledger.cell_count; i++)
        assert_int_equal(mcb_ledger_at(&ledger, i)->position, i);
    assert_null(mcb_ledger_at(&ledger, (uint32_t)ledger.cell_count));
    assert_null(mcb_ledger_at(&ledger, MCB_LEDGER_NONE));
    mcb_ledger_release(&ledger);
}

static void a_document_without_cells_is_a_ledger_without_cells(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    ledger_of(result_document(), &ledger);
    assert_int_equal(ledger.cell_count, 0);
    assert_int_equal(ledger.setting_count, 0);
    assert_int_equal(ledger.endpoint_count, 0);
    assert_int_equal(ledger.host_count, 0);
    assert_null(mcb_ledger_at(&ledger, 0));
    assert_string_equal(ledger.started, "2026-11-22T09:14:02Z");
    mcb_ledger_release(&ledger);
}

/* ---- what it holds ---- */

static double tenths(size_t initiator, size_t target, size_t setting, size_t trial, void *context)
{
    (void)context;
    return (double)(initiator * 1000 + target * 100 + setting * 10 + trial + 1) / 10;
}

static void a_cell_of_bandwidth_has_its_figures_and_trials(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    json_t *document = ledger_document(
        &(struct ledger_plan){.trials = 3, .figure = tenths, .ceiling_gbps = 392.1});
    json_object_set_new(ledger_cell(document, 2), "verified_bytes", json_integer(1 << 20));
    json_object_set_new(ledger_cell(document, 2), "round", json_integer(7));
    ledger_of(document, &ledger);
    const struct mcb_ledger_cell *cell = mcb_ledger_at(&ledger, 2); /* 1 → 0 */
    assert_int_equal(cell->status, MCB_LEDGER_OK);
    assert_int_equal(cell->fault, MCB_LEDGER_NONE);
    assert_int_equal(cell->round, 7);
    assert_float_equal(cell->low, 100.1, 0);
    assert_float_equal(cell->figure, 100.2, 0);
    assert_float_equal(cell->high, 100.3, 0);
    assert_float_equal(cell->message_rate_mops, 0.1002, 1e-15);
    assert_float_equal(cell->ceiling_gbps, 392.1, 0);
    assert_float_equal(cell->verified_bytes, 1048576, 0);
    assert_float_equal(cell->corrupt_bytes, 0, 0);
    assert_string_equal(cell->method, "completion");
    assert_string_equal(cell->registration, "reg_mr_iova2");
    assert_string_equal(cell->effective, "off");
    assert_int_equal(cell->trial_count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_float_equal(ledger.trials[cell->first_trial + i], 100.1 + (double)i / 10, 1e-12);
    static const struct mcb_ledger_latency none;
    assert_memory_equal(&cell->latency, &none, sizeof none);
    assert_int_equal(ledger.trial_count, 4 * 3);
    mcb_ledger_release(&ledger);
}

static void trials_stay_with_their_cell(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    json_t *document = ledger_document(&(struct ledger_plan){.hosts = 3, .figure = tenths});
    shuffle(document);
    ledger_of(document, &ledger);
    for (size_t i = 0; i < ledger.cell_count; i++) {
        const struct mcb_ledger_cell *cell = &ledger.cells[i];
        for (size_t trial = 0; trial < cell->trial_count; trial++)
            assert_float_equal(ledger.trials[cell->first_trial + trial],
                               tenths(cell->initiator, cell->target, 0, trial, NULL), 0);
    }
    mcb_ledger_release(&ledger);
}

static const struct ledger_setting latency = {.measure = "latency"};

static void a_cell_of_latency_has_percentiles_and_the_p50_of_its_trials(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    ledger_of_plan(
        &(struct ledger_plan){
            .trials = 3, .figure = tenths, .settings = &latency, .setting_count = 1},
        &ledger);
    const struct mcb_ledger_cell *cell = mcb_ledger_at(&ledger, 2);
    assert_true(ledger.settings[cell->setting].latency);
    assert_float_equal(cell->figure, 100.2, 0);
    assert_float_equal(cell->low, 100.1, 0);
    assert_float_equal(cell->high, 100.3, 0);
    assert_int_equal(cell->trial_count, 3);
    assert_float_equal(cell->latency.min_us, 50.1, 0);
    assert_float_equal(cell->latency.p50_us, 100.2, 0);
    assert_float_equal(cell->latency.p90_us, 100.2 * 1.2, 0);
    assert_float_equal(cell->latency.p99_us, 100.2 * 1.5, 0);
    assert_float_equal(cell->latency.p999_us, 200.4, 0);
    assert_float_equal(cell->latency.max_us, 100.2 * 9, 0);
    assert_float_equal(cell->latency.mean_us, 100.2 * 1.1, 0);
    assert_float_equal(cell->message_rate_mops, 0, 0);
    mcb_ledger_release(&ledger);
}

static void a_latency_of_before_trials_were_kept_has_its_p50_alone(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    json_t *document =
        ledger_document(&(struct ledger_plan){.settings = &latency, .setting_count = 1});
    json_object_del(json_object_get(ledger_cell(document, 0), "latency_us"), "trials");
    ledger_of(document, &ledger);
    const struct mcb_ledger_cell *cell = mcb_ledger_at(&ledger, 0);
    assert_int_equal(cell->trial_count, 0);
    assert_true(cell->figure > 0);
    assert_float_equal(cell->low, cell->figure, 0);
    assert_float_equal(cell->high, cell->figure, 0);
    mcb_ledger_release(&ledger);
}

/* A document from elsewhere may have trials all beside the median of all samples. */
static void the_interval_of_a_latency_holds_its_figure(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    json_t *document =
        ledger_document(&(struct ledger_plan){.settings = &latency, .setting_count = 1});
    json_t *figures = json_object_get(ledger_cell(document, 0), "latency_us");
    double p50 = json_number_value(json_object_get(figures, "p50"));
    json_object_set_new(figures, "trials", json_pack("[f, f]", p50 + 1, p50 + 2));
    ledger_of(document, &ledger);
    const struct mcb_ledger_cell *cell = mcb_ledger_at(&ledger, 0);
    assert_float_equal(cell->low, p50, 0);
    assert_float_equal(cell->high, p50 + 2, 0);
    mcb_ledger_release(&ledger);
}

static void a_cell_that_failed_has_its_fault_and_no_figure(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    json_t *document = ledger_document(&(struct ledger_plan){.ceiling_gbps = 100});
    ledger_fail(document, 1, "failed", "MCB-RDMA-013", "lost");
    ledger_fail(document, 2, "skipped", "MCB-RUN-001", "stopped");
    json_object_del(ledger_cell(document, 2), "method");
    json_object_del(ledger_cell(document, 2), "registration");
    json_object_set_new(ledger_cell(document, 1), "corrupt_bytes", json_integer(64));
    ledger_of(document, &ledger);
    const struct mcb_ledger_cell *failed = mcb_ledger_at(&ledger, 1);
    const struct mcb_ledger_cell *skipped = mcb_ledger_at(&ledger, 2);
    assert_int_equal(failed->status, MCB_LEDGER_FAILED);
    assert_int_equal(skipped->status, MCB_LEDGER_SKIPPED);
    assert_int_equal(failed->trial_count, 0);
    assert_float_equal(failed->figure, 0, 0);
    assert_float_equal(failed->ceiling_gbps, 0, 0);
    assert_float_equal(failed->corrupt_bytes, 64, 0);
    assert_string_equal(skipped->method, "");
    assert_string_equal(skipped->registration, "");
    const struct mcb_ledger_fault *fault = &ledger.faults[failed->fault];
    assert_string_equal(fault->id, "MCB-RDMA-013");
    assert_string_equal(fault->title, "a title");
    assert_string_equal(fault->detail, "lost");
    assert_string_equal(fault->cause, "a cable");
    assert_string_equal(fault->fix, "plug it in");
    assert_string_equal(ledger.faults[skipped->fault].detail, "stopped");
    mcb_ledger_release(&ledger);
}

static void a_cell_that_was_wrong_keeps_what_it_measured(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    json_t *document = ledger_document(&(struct ledger_plan){.figure = tenths});
    json_t *figures = json_incref(json_object_get(ledger_cell(document, 1), "bandwidth_gbps"));
    ledger_fail(document, 1, "failed", "MCB-DATA-001", "64 bytes");
    json_object_set_new(ledger_cell(document, 1), "bandwidth_gbps", figures);
    ledger_of(document, &ledger);
    assert_int_equal(mcb_ledger_at(&ledger, 1)->status, MCB_LEDGER_FAILED);
    assert_float_equal(mcb_ledger_at(&ledger, 1)->figure, 10.3, 0);
    assert_int_equal(mcb_ledger_at(&ledger, 1)->trial_count, 5);
    mcb_ledger_release(&ledger);
}

static void a_setting_has_what_was_set(void **state)
{
    (void)state;
    static const struct ledger_setting settings[] = {{.operation = "read",
                                                      .measure = "bandwidth",
                                                      .route = "staged",
                                                      .ordering = "auto",
                                                      .size_bytes = 1 << 23,
                                                      .bidirectional = true,
                                                      .qps = 4,
                                                      .depth = 32}};
    struct mcb_ledger ledger;
    ledger_of_plan(&(struct ledger_plan){.settings = settings, .setting_count = 1}, &ledger);
    const struct mcb_ledger_setting *setting = &ledger.settings[0];
    assert_string_equal(setting->operation, "read");
    assert_string_equal(setting->measure, "bandwidth");
    assert_string_equal(setting->route, "staged");
    assert_string_equal(setting->ordering, "auto");
    assert_false(setting->latency);
    assert_true(setting->bidirectional);
    assert_int_equal(setting->size_bytes, 1 << 23);
    assert_int_equal(setting->qps, 4);
    assert_int_equal(setting->depth, 32);
    assert_int_equal(setting->signal_every, 16);
    assert_int_equal(setting->inline_bytes, 0);
    assert_string_equal(mcb_ledger_unit(setting), "Gbit/s");
    mcb_ledger_release(&ledger);
}

/* Each of these alone makes another setting. */
static void settings_are_told_apart_by_all_that_was_set(void **state)
{
    (void)state;
    static const char *const numbers[] = {"size_bytes", "qps", "depth", "signal_every",
                                          "inline_bytes"};
    static const struct ledger_setting settings[] = {{0},
                                                     {.operation = "read"},
                                                     {.route = "staged"},
                                                     {.ordering = "on"},
                                                     {.bidirectional = true},
                                                     {.measure = "latency"}};
    struct mcb_ledger ledger;
    json_t *document =
        ledger_document(&(struct ledger_plan){.settings = settings, .setting_count = 6});
    for (size_t i = 0; i < 5; i++) {
        json_t *cell = json_deep_copy(ledger_cell(document, 0));
        json_object_set_new(cell, numbers[i], json_integer(3));
        result_append(document, cell);
    }
    ledger_of(document, &ledger);
    assert_int_equal(ledger.setting_count, 6 + 5);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(ledger.settings[6 + i].title.count, 1);
    mcb_ledger_release(&ledger);
}

static void the_head_is_the_document_without_its_cells(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    json_t *document = ledger_document(&(struct ledger_plan){.stand_in = true}), *head;
    head = json_deep_copy(document);
    json_array_clear(json_object_get(head, "cells"));
    ledger_of(json_incref(document), &ledger);
    assert_true(json_equal(ledger.head, head));
    assert_int_equal(json_array_size(json_object_get(document, "cells")), 4);
    assert_string_equal(ledger.started, "2026-11-22T09:14:02Z");
    assert_string_equal(ledger.transport, "rdma");
    assert_null(ledger.path);
    json_decref(head);
    json_decref(document);
    mcb_ledger_release(&ledger);
}

static void the_stand_in_is_known(void **state)
{
    (void)state;
    static const char *const memories[] = {"cuda:0"};
    struct mcb_ledger ledger;
    for (int stand_in = 0; stand_in < 2; stand_in++) {
        ledger_of_plan(
            &(struct ledger_plan){.memories = memories, .memory_count = 1, .stand_in = stand_in},
            &ledger);
        assert_int_equal(ledger.stand_in, stand_in);
        mcb_ledger_release(&ledger);
    }
}

/* ---- texts ---- */

static void each_text_is_there_once(void **state)
{
    (void)state;
    static const struct ledger_setting settings[] = {{.ordering = "on"}, {.ordering = "off"}};
    struct mcb_ledger ledger;
    ledger_of_plan(&(struct ledger_plan){.hosts = 2, .settings = settings, .setting_count = 2},
                   &ledger);
    for (size_t i = 0; i < ledger.cell_count; i++)
        assert_ptr_equal(ledger.cells[i].method, ledger.cells[0].method);
    assert_ptr_equal(ledger.endpoints[0].host, ledger.endpoints[1].host);
    assert_ptr_equal(ledger.endpoints[0].nic, ledger.endpoints[2].nic);
    assert_ptr_not_equal(ledger.endpoints[0].host, ledger.endpoints[2].host);
    assert_ptr_equal(ledger.settings[0].operation, ledger.settings[1].operation);
    assert_ptr_equal(ledger.settings[1].ordering, mcb_ledger_at(&ledger, 16)->effective);
    mcb_ledger_release(&ledger);
}

static void each_fault_is_there_once(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    json_t *document = ledger_document(&(struct ledger_plan){.hosts = 2});
    for (size_t i = 0; i < 15; i++)
        ledger_fail(document, i, "failed", "MCB-RDMA-013", i < 10 ? "lost" : "late");
    ledger_of(document, &ledger);
    assert_int_equal(ledger.fault_count, 2);
    for (uint32_t i = 0; i < 15; i++)
        assert_int_equal(mcb_ledger_at(&ledger, i)->fault, i >= 10);
    assert_int_equal(mcb_ledger_at(&ledger, 15)->fault, MCB_LEDGER_NONE);
    assert_ptr_equal(ledger.faults[0].cause, ledger.faults[1].cause);
    mcb_ledger_release(&ledger);
}

static void texts_are_numbered_as_they_come_and_stay(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    struct mcb_ledger_texts *texts = mcb_ledger_texts_make();
    const char *first = mcb_ledger_texts_keep(texts, "text 0");
    char text[32];
    for (uint32_t i = 0; i < COUNT; i++) {
        int length = snprintf(text, sizeof text, "text %u", i);
        assert_int_equal(mcb_ledger_texts_number(texts, text, (size_t)length), i);
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        int length = snprintf(text, sizeof text, "text %u", i);
        assert_int_equal(mcb_ledger_texts_number(texts, text, (size_t)length), i);
        assert_string_equal(mcb_ledger_texts_at(texts, i), text);
    }
    assert_ptr_equal(mcb_ledger_texts_keep(texts, "text 0"), first);
    assert_int_equal(mcb_ledger_texts_number(texts, "new", 3), COUNT);
    mcb_ledger_texts_release(texts);
}

static void bytes_of_any_kind_and_length_are_texts(void **state)
{
    (void)state;
    struct mcb_ledger_texts *texts = mcb_ledger_texts_make();
    char *bytes = calloc(1, 100001);
    for (uint32_t length = 0; length < 40; length++) /* NULs that differ in number alone */
        assert_int_equal(mcb_ledger_texts_number(texts, bytes, length), length);
    memset(bytes, 'a', 100000); /* more than a block */
    assert_int_equal(mcb_ledger_texts_number(texts, bytes, 100000), 40);
    assert_int_equal(mcb_ledger_texts_number(texts, "b", 1), 41);
    assert_string_equal(mcb_ledger_texts_at(texts, 40), bytes);
    assert_string_equal(mcb_ledger_texts_at(texts, 41), "b");
    assert_string_equal(mcb_ledger_texts_at(texts, 0), "");
    free(bytes);
    mcb_ledger_texts_release(texts);
    mcb_ledger_texts_release(NULL);
}

/* ---- labels ---- */

static void a_path_is_called_by_host_nic_and_memory(void **state)
{
    (void)state;
    char label[MCB_LEDGER_LABEL_MAX];
    struct mcb_ledger ledger;
    ledger_of_plan(&(struct ledger_plan){.hosts = 2}, &ledger);
    assert_string_equal(mcb_ledger_path_label(&ledger, mcb_ledger_at(&ledger, 3), label),
                        "n1/mlx5_0/cpu:0 → n2/mlx5_1/cpu:0");
    mcb_ledger_release(&ledger);
}

static void a_hostile_name_is_harmless_in_a_label(void **state)
{
    (void)state;
    char label[MCB_LEDGER_LABEL_MAX];
    struct mcb_ledger ledger;
    json_t *document = ledger_document(&(struct ledger_plan){0});
    json_object_set_new(json_object_get(ledger_cell(document, 1), "target"), "host",
                        json_string("\x1b[2Jn\n\u202e1"));
    ledger_of(document, &ledger);
    assert_string_equal(mcb_ledger_path_label(&ledger, mcb_ledger_at(&ledger, 1), label),
                        "n1/mlx5_0/cpu:0 → ?[2Jn??1/mlx5_1/cpu:0");
    mcb_ledger_release(&ledger);
}

/* Both ends of a cell get the longest names that the schema allows, of four bytes a character: the
 * last one of the NIC is its own. */
static void name_at_length(json_t *cell)
{
    char host[4 * 255 + 1] = "", nic[4 * 63 + 1] = "";
    for (int i = 0; i < 255; i++)
        strcat(host, i == 0 ? "h" : "\U0001F600");
    for (int i = 0; i < 62; i++)
        strcat(nic, "\U0001F600");
    for (int end = 0; end < 2; end++) {
        json_t *endpoint = json_object_get(cell, end ? "target" : "initiator");
        strcpy(nic + 4 * 62, end ? "b" : "a");
        json_object_set_new(endpoint, "host", json_string(host));
        json_object_set_new(endpoint, "nic", json_string(nic));
        json_object_set_new(endpoint, "memory", json_string("abcdefgh:99999"));
    }
}

static void the_longest_names_are_told_apart(void **state)
{
    (void)state;
    struct mcb_error error = {MCB_FAULT_NONE, ""};
    struct mcb_pivot pivot;
    struct mcb_ledger ledger;
    json_t *document = ledger_document(&(struct ledger_plan){0});
    name_at_length(ledger_cell(document, 0));
    ledger_of(json_incref(document), &ledger);
    assert_int_equal(ledger.endpoint_count, 2 + 2);
    assert_int_equal(ledger.host_count, 2);
    if (mcb_pivot_make(document, &pivot, &error) != 0)
        fail_msg("%s", error.detail);
    assert_same_endpoints(&ledger, &pivot);
    mcb_pivot_release(&pivot);
    mcb_ledger_release(&ledger);
    json_decref(document);
}

static void the_longest_names_have_room_in_a_label(void **state)
{
    (void)state;
    char label[MCB_LEDGER_LABEL_MAX];
    struct mcb_ledger ledger;
    json_t *document = ledger_document(&(struct ledger_plan){0});
    name_at_length(ledger_cell(document, 0));
    ledger_of(document, &ledger);
    mcb_ledger_path_label(&ledger, mcb_ledger_at(&ledger, 0), label);
    assert_non_null(strstr(label, "/abcdefgh:99999 → h"));
    assert_string_equal(label + strlen(label) - 15, "/abcdefgh:99999");
    mcb_ledger_release(&ledger);
}

static void assert_label(const struct mcb_ledger *ledger, size_t setting, const char *expected)
{
    char label[MCB_LEDGER_LABEL_MAX];
    assert_string_equal(mcb_ledger_setting_label(ledger, setting, label), expected);
}

static void a_setting_is_called_by_its_usual_title(void **state)
{
    (void)state;
    static const struct ledger_setting settings[] = {
        {0}, {.bidirectional = true, .qps = 4}, {.measure = "latency", .size_bytes = 8}};
    struct mcb_ledger ledger;
    ledger_of_plan(&(struct ledger_plan){.settings = settings, .setting_count = 3}, &ledger);
    assert_label(&ledger, 0, "write bandwidth · 64 KiB · 1 QP, depth 128 · relaxed ordering off");
    assert_label(&ledger, 1,
                 "write bandwidth both ways · 64 KiB · 4 QPs, depth 128 · relaxed ordering off");
    assert_label(&ledger, 2, "write latency · 8 B · relaxed ordering off");
    assert_string_equal(mcb_ledger_unit(&ledger.settings[2]), "µs");
    mcb_ledger_release(&ledger);
}

static void a_setting_is_called_by_what_tells_it_from_others(void **state)
{
    (void)state;
    static const struct ledger_setting settings[] = {{.ordering = "on"},
                                                     {.ordering = "on", .route = "staged"}};
    struct mcb_ledger ledger;
    json_t *document =
        ledger_document(&(struct ledger_plan){.settings = settings, .setting_count = 2});
    json_t *cell = json_deep_copy(ledger_cell(document, 0));
    json_object_set_new(cell, "signal_every", json_integer(1));
    json_object_set_new(cell, "inline_bytes", json_integer(64));
    result_append(document, cell);
    ledger_of(document, &ledger);
    assert_label(&ledger, 1,
                 "write bandwidth · 64 KiB · 1 QP, depth 128 · signalled every 16 · inline up to "
                 "0 B · relaxed ordering on · staged through host memory");
    assert_label(&ledger, 2,
                 "write bandwidth · 64 KiB · 1 QP, depth 128 · signalled every 1 · inline up to "
                 "64 B · relaxed ordering on · direct");
    mcb_ledger_release(&ledger);
}

static void a_lone_setting_off_the_usual_route_says_so(void **state)
{
    (void)state;
    static const struct ledger_setting staged = {.route = "staged"};
    struct mcb_ledger ledger;
    ledger_of_plan(&(struct ledger_plan){.settings = &staged, .setting_count = 1}, &ledger);
    assert_label(&ledger, 0,
                 "write bandwidth · 64 KiB · 1 QP, depth 128 · relaxed ordering off · staged "
                 "through host memory");
    mcb_ledger_release(&ledger);
}

static void over_tcp_there_is_no_ordering(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    ledger_of_plan(&(struct ledger_plan){.tcp = true}, &ledger);
    assert_string_equal(ledger.transport, "tcp");
    assert_string_equal(ledger.cells[0].effective, "");
    assert_string_equal(ledger.settings[0].ordering, "");
    assert_null(ledger.settings[0].title.ordering);
    assert_label(&ledger, 0, "write bandwidth · 64 KiB · 1 stream, depth 128");
    mcb_ledger_release(&ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_have_the_order_of_matrices),
        cmocka_unit_test(a_cell_is_found_by_its_place_in_the_document),
        cmocka_unit_test(a_document_without_cells_is_a_ledger_without_cells),
        cmocka_unit_test(a_cell_of_bandwidth_has_its_figures_and_trials),
        cmocka_unit_test(trials_stay_with_their_cell),
        cmocka_unit_test(a_cell_of_latency_has_percentiles_and_the_p50_of_its_trials),
        cmocka_unit_test(a_latency_of_before_trials_were_kept_has_its_p50_alone),
        cmocka_unit_test(the_interval_of_a_latency_holds_its_figure),
        cmocka_unit_test(a_cell_that_failed_has_its_fault_and_no_figure),
        cmocka_unit_test(a_cell_that_was_wrong_keeps_what_it_measured),
        cmocka_unit_test(a_setting_has_what_was_set),
        cmocka_unit_test(settings_are_told_apart_by_all_that_was_set),
        cmocka_unit_test(the_head_is_the_document_without_its_cells),
        cmocka_unit_test(the_stand_in_is_known),
        cmocka_unit_test(each_text_is_there_once),
        cmocka_unit_test(each_fault_is_there_once),
        cmocka_unit_test(texts_are_numbered_as_they_come_and_stay),
        cmocka_unit_test(bytes_of_any_kind_and_length_are_texts),
        cmocka_unit_test(a_path_is_called_by_host_nic_and_memory),
        cmocka_unit_test(a_hostile_name_is_harmless_in_a_label),
        cmocka_unit_test(the_longest_names_are_told_apart),
        cmocka_unit_test(the_longest_names_have_room_in_a_label),
        cmocka_unit_test(a_setting_is_called_by_its_usual_title),
        cmocka_unit_test(a_setting_is_called_by_what_tells_it_from_others),
        cmocka_unit_test(a_lone_setting_off_the_usual_route_says_so),
        cmocka_unit_test(over_tcp_there_is_no_ordering),
    };
    return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
