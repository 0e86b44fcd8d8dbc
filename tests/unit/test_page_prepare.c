/* SPDX-License-Identifier: Apache-2.0 */

/* What is counted before a page is written. */
#include "bench/report/page_parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "tests/unit/page_helper.h"

/* Four endpoints; a path reaches 100, less 10 for each step from its initiator, less 1 a step from
 * its target. */
static double stepped(size_t initiator, size_t target, size_t setting, size_t trial, void *context)
{
    (void)setting;
    (void)trial;
    (void)context;
    return 100 - 10 * (double)initiator - (double)target;
}

static const struct ledger_plan four = {
    .hosts = 2, .nics = 2, .figure = stepped, .ceiling_gbps = 200};

static void a_setting_has_its_figures_and_what_of_the_ceiling_they_are(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    struct mcb_page_input input;
    struct mcb_page page;
    page_prepare(ledger_document(&four), &ledger, &input, &page);
    const struct mcb_page_setting *shown = &page.settings[0];
    assert_int_equal(shown->count, 16);
    assert_int_equal(shown->ok, 16);
    assert_float_equal(shown->median, (87 + 80) / 2.0, 1e-9);
    assert_float_equal(shown->low, 67, 1e-9);
    assert_float_equal(shown->high, 100, 1e-9);
    assert_float_equal(shown->reach_median, (87 + 80) / 400.0, 1e-9);
    assert_float_equal(shown->reach_least, 67 / 200.0, 1e-9);
    assert_float_equal(ledger.cells[shown->worst_cell].figure, 67, 1e-9);
    assert_float_equal(ledger.cells[shown->best_cell].figure, 100, 1e-9);
    assert_true(shown->one_way);
    mcb_page_release(&page);
    mcb_ledger_release(&ledger);
}

static void of_latencies_the_longest_is_the_worst(void **state)
{
    (void)state;
    static const struct ledger_setting latency = {.measure = "latency", .size_bytes = 8};
    struct ledger_plan plan = four;
    struct mcb_ledger ledger;
    struct mcb_page_input input;
    struct mcb_page page;
    plan.settings = &latency;
    plan.setting_count = 1;
    page_prepare(ledger_document(&plan), &ledger, &input, &page);
    const struct mcb_page_setting *shown = &page.settings[0];
    assert_float_equal(ledger.cells[shown->worst_cell].figure, 100, 1e-9);
    assert_float_equal(ledger.cells[shown->best_cell].figure, 67, 1e-9);
    assert_float_equal(ledger.cells[shown->worst[0]].figure, 100, 1e-9);
    assert_float_equal(shown->reach_median, 0, 0);
    mcb_page_release(&page);
    mcb_ledger_release(&ledger);
}

static void failed_cells_are_worst_then_skipped_ones_then_the_slowest(void **state)
{
    (void)state;
    json_t *document = ledger_document(&four);
    ledger_fail(document, ledger_cell_at(document, 0, 0, 0), "skipped", "MCB-JOB-004", "gone");
    ledger_fail(document, ledger_cell_at(document, 0, 1, 1), "failed", "MCB-RDMA-013", "lost");
    struct mcb_ledger ledger;
    struct mcb_page_input input;
    struct mcb_page page;
    page_prepare(document, &ledger, &input, &page);
    const uint32_t *worst = page.settings[0].worst;
    assert_int_equal(ledger.cells[worst[0]].status, MCB_LEDGER_FAILED);
    assert_int_equal(ledger.cells[worst[1]].status, MCB_LEDGER_SKIPPED);
    for (size_t i = 3; i < 16; i++)
        assert_true(ledger.cells[worst[i - 1]].figure <= ledger.cells[worst[i]].figure);
    assert_int_equal(page.ok, 14);
    assert_int_equal(page.failed, 1);
    assert_int_equal(page.skipped, 1);
    mcb_page_release(&page);
    mcb_ledger_release(&ledger);
}

static void cells_are_found_by_fault_and_by_place(void **state)
{
    (void)state;
    json_t *document = ledger_document(&four);
    size_t lost[] = {ledger_cell_at(document, 0, 0, 2), ledger_cell_at(document, 0, 3, 1)};
    ledger_fail(document, lost[0], "failed", "MCB-RDMA-013", "lost");
    ledger_fail(document, ledger_cell_at(document, 0, 2, 2), "failed", "MCB-RDMA-013", "other");
    ledger_fail(document, lost[1], "failed", "MCB-RDMA-013", "lost");
    struct mcb_ledger ledger;
    struct mcb_page_input input;
    struct mcb_page page;
    page_prepare(document, &ledger, &input, &page);
    assert_int_equal(ledger.fault_count, 2);
    size_t fault = strcmp(ledger.faults[0].detail, "lost") == 0 ? 0 : 1;
    size_t first = page.fault_first[fault];
    assert_int_equal(page.fault_first[fault + 1] - first, 2);
    assert_int_equal(page.fault_first[2], 3);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(ledger.cells[page.fault_cells[first + i]].position, lost[i]);
        assert_ptr_equal(mcb_ledger_at(&ledger, lost[i]),
                         &ledger.cells[page.fault_cells[first + i]]);
    }
    assert_null(mcb_ledger_at(&ledger, 16));
    assert_null(mcb_ledger_at(&ledger, SIZE_MAX));
    mcb_page_release(&page);
    mcb_ledger_release(&ledger);
}

static json_t *finding(const char *evidence, json_t *cells)
{
    return json_pack("{s:{s:s, s:s, s:s, s:s, s:s}, s:o, s:s}", "fault", "id", "MCB-PERF-002",
                     "title", "a path is slow", "detail", "", "cause", "", "fix", "", "cells",
                     cells, "evidence", evidence);
}

static void a_finding_marks_its_cells_unless_they_are_very_many(void **state)
{
    (void)state;
    struct ledger_plan plan = {.hosts = 1, .nics = 20, .trials = 1};
    json_t *document = ledger_document(&plan), *many = json_array();
    for (int i = 0; i < 300; i++)
        json_array_append_new(many, json_integer(i));
    json_object_set_new(
        document, "findings",
        json_pack("[o, o]", finding("one", json_pack("[i]", 399)), finding("many", many)));
    struct mcb_ledger ledger;
    struct mcb_page_input input;
    struct mcb_page page;
    page_prepare(document, &ledger, &input, &page);
    size_t marked = 0;
    for (size_t i = 0; i < ledger.cell_count; i++)
        marked += page.suspect[i];
    assert_int_equal(marked, 1);
    assert_true(page.suspect[mcb_ledger_at(&ledger, 399) - ledger.cells]);
    mcb_page_release(&page);
    mcb_ledger_release(&ledger);
}

/* 65 endpoints make 4225 cells, one matrix of 64 fills the limit. */
static void values_are_in_titles_as_long_as_these_are_few(void **state)
{
    (void)state;
    struct ledger_setting settings[6] = {{.size_bytes = 1}, {.size_bytes = 2}, {.size_bytes = 3},
                                         {.size_bytes = 4}, {.size_bytes = 5}, {.size_bytes = 6}};
    struct ledger_plan plan = {
        .hosts = 1, .nics = 64, .trials = 1, .settings = settings, .setting_count = 6};
    struct mcb_ledger ledger;
    struct mcb_page_input input;
    struct mcb_page page;
    page_prepare(ledger_document(&plan), &ledger, &input, &page);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(page.settings[i].values,
                         i < 4 ? MCB_PAGE_VALUES_TITLES : MCB_PAGE_VALUES_DATA);
    mcb_page_release(&page);
    mcb_ledger_release(&ledger);

    plan.nics = 65;
    plan.setting_count = 1;
    page_prepare(ledger_document(&plan), &ledger, &input, &page);
    assert_int_equal(page.settings[0].values, MCB_PAGE_VALUES_DATA);
    mcb_page_release(&page);
    mcb_ledger_release(&ledger);
}

static void tables_share_the_rows_there_is_room_for(void **state)
{
    (void)state;
    struct ledger_setting settings[8];
    for (size_t i = 0; i < 8; i++)
        settings[i] = (struct ledger_setting){.size_bytes = i + 1};
    struct ledger_plan plan = {
        .hosts = 1, .nics = 30, .trials = 1, .settings = settings, .setting_count = 8};
    struct mcb_ledger ledger;
    struct mcb_page_input input;
    struct mcb_page page;
    page_prepare(ledger_document(&plan), &ledger, &input, &page);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(page.settings[i].table_rows, MCB_PAGE_CELL_ROWS_MAX / 8);
    mcb_page_release(&page);
    mcb_ledger_release(&ledger);
}

static void ways_of_measuring_that_differ_are_noticed(void **state)
{
    (void)state;
    json_t *document = ledger_document(&four);
    json_object_set_new(ledger_cell(document, 3), "registration", json_string("dmabuf"));
    struct mcb_ledger ledger;
    struct mcb_page_input input;
    struct mcb_page page;
    page_prepare(document, &ledger, &input, &page);
    assert_false(page.settings[0].one_way);
    mcb_page_release(&page);
    mcb_ledger_release(&ledger);
}

static void software_is_told_from_hardware(void **state)
{
    (void)state;
    json_t *document = ledger_document(&four);
    ledger_set_nic(document, 1, 0, "software", json_true());
    struct mcb_ledger ledger;
    struct mcb_page_input input;
    struct mcb_page page;
    page_prepare(document, &ledger, &input, &page);
    assert_int_equal(page.nics, 4);
    assert_int_equal(page.software_nics, 1);
    mcb_page_release(&page);
    mcb_ledger_release(&ledger);

    /* over TCP it is what no PCI device is behind */
    struct ledger_plan plan = four;
    plan.tcp = true;
    page_prepare(ledger_document(&plan), &ledger, &input, &page);
    assert_int_equal(page.software_nics, 4);
    mcb_page_release(&page);
    mcb_ledger_release(&ledger);
}

static void a_result_without_cells_is_counted_too(void **state)
{
    (void)state;
    json_t *document = ledger_document(&four);
    json_array_clear(json_object_get(document, "cells"));
    struct mcb_ledger ledger;
    struct mcb_page_input input;
    struct mcb_page page;
    page_prepare(document, &ledger, &input, &page);
    assert_int_equal(page.ok, 0);
    assert_false(mcb_page_has_cells(&page));
    mcb_page_release(&page);
    mcb_ledger_release(&ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_setting_has_its_figures_and_what_of_the_ceiling_they_are),
        cmocka_unit_test(of_latencies_the_longest_is_the_worst),
        cmocka_unit_test(failed_cells_are_worst_then_skipped_ones_then_the_slowest),
        cmocka_unit_test(cells_are_found_by_fault_and_by_place),
        cmocka_unit_test(a_finding_marks_its_cells_unless_they_are_very_many),
        cmocka_unit_test(values_are_in_titles_as_long_as_these_are_few),
        cmocka_unit_test(tables_share_the_rows_there_is_room_for),
        cmocka_unit_test(ways_of_measuring_that_differ_are_noticed),
        cmocka_unit_test(software_is_told_from_hardware),
        cmocka_unit_test(a_result_without_cells_is_counted_too),
    };
    return cmocka_run_group_tests_name("page_prepare", tests, NULL, NULL);
}
