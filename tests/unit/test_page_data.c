/* SPDX-License-Identifier: Apache-2.0 */

/* What the script finds of cells that are no elements: page_data.c has the form. */
#include "bench/report/page_parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/page_helper.h"

/* 66 endpoints, 4356 cells. */
static const struct ledger_plan many = {.hosts = 3, .nics = 22, .trials = 3, .ceiling_gbps = 200};

/* The data of a page; NULL: it has none. */
static json_t *data_of(const char *text)
{
    static const char begin[] = "<script type=\"application/json\" id=\"data\">";
    const char *data = strstr(text, begin), *end;
    if (!data)
        return NULL;
    data += strlen(begin);
    end = strstr(data, "</script>");
    assert_non_null(end);
    json_error_t error;
    json_t *value = json_loadb(data, (size_t)(end - data), 0, &error);
    if (!value)
        fail_msg("%s at %d", error.text, error.position);
    return value;
}

static json_t *data_of_document(json_t *document)
{
    char *text = page_text(document);
    json_t *data = data_of(text);
    free(text);
    return data;
}

static const json_t *matrix_of(const json_t *data, const char *setting)
{
    const json_t *matrix = json_object_get(json_object_get(data, "matrices"), setting);
    assert_non_null(matrix);
    return matrix;
}

/* The entry of a cell, over gaps; NULL: there is no such cell. */
static const json_t *entry_at(const json_t *matrix, size_t row, size_t column)
{
    const json_t *cells = json_array_get(json_object_get(matrix, "cells"), row);
    size_t at = 0, i;
    json_t *entry;
    json_array_foreach(cells, i, entry)
    {
        if (json_array_size(entry) == 1) {
            at += (size_t)json_integer_value(json_array_get(entry, 0));
            continue;
        }
        if (at++ == column)
            return entry;
    }
    return NULL;
}

static double number_at(const json_t *entry, size_t place)
{
    assert_true(json_is_number(json_array_get(entry, place)));
    return json_number_value(json_array_get(entry, place));
}

static void a_small_matrix_needs_no_data(void **state)
{
    (void)state;
    assert_null(data_of_document(ledger_document(&(struct ledger_plan){.hosts = 2})));
}

static void every_cell_has_its_figures(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    ledger_of_plan(&many, &ledger);
    json_t *data = data_of_document(ledger_document(&many));
    const json_t *matrix = matrix_of(data, "0");
    assert_int_equal(json_array_size(json_object_get(matrix, "rows")), 2 * 66);
    assert_int_equal(json_array_size(json_object_get(matrix, "cells")), 66);
    assert_string_equal(mcb_json_text(matrix, "unit"), "Gbit/s");
    for (size_t i = 0; i < ledger.cell_count; i++) {
        const struct mcb_ledger_cell *cell = &ledger.cells[i];
        const json_t *entry = entry_at(matrix, cell->initiator, cell->target);
        assert_int_equal(json_array_size(entry), 4);
        assert_float_equal(number_at(entry, 0), cell->figure, 0.01);
        assert_float_equal(number_at(entry, 1), cell->low, 0.01);
        assert_float_equal(number_at(entry, 2), cell->high, 0.01);
        assert_float_equal(number_at(entry, 3), cell->figure / 2, 0.51);
    }
    const json_t *endpoints = json_object_get(data, "endpoints");
    assert_string_equal(json_string_value(json_array_get(endpoints, 23)), "n2/mlx5_1/cpu:0");
    json_decref(data);
    mcb_ledger_release(&ledger);
}

static void failed_skipped_and_absent_cells_are_told_apart(void **state)
{
    (void)state;
    json_t *document = ledger_document(&many);
    ledger_fail(document, ledger_cell_at(document, 0, 3, 4), "failed", "MCB-RDMA-013", "one");
    ledger_fail(document, ledger_cell_at(document, 0, 3, 5), "failed", "MCB-RDMA-013", "two");
    ledger_fail(document, ledger_cell_at(document, 0, 60, 1), "skipped", "MCB-JOB-004", "gone");
    size_t absent = ledger_cell_at(document, 0, 7, 8);
    ledger_drop(document, absent + 1);
    ledger_drop(document, absent);
    ledger_drop(document, ledger_cell_at(document, 0, 2, 0));
    json_t *data = data_of_document(document);
    const json_t *matrix = matrix_of(data, "0"), *faults = json_object_get(data, "faults");
    assert_int_equal(json_array_size(faults), 2); /* by id, whatever the detail */
    assert_string_equal(json_string_value(json_array_get(faults, 0)), "MCB-RDMA-013 a title");
    assert_int_equal(json_integer_value(entry_at(matrix, 3, 4)), -1);
    assert_int_equal(json_integer_value(entry_at(matrix, 3, 5)), -1);
    assert_int_equal(json_integer_value(entry_at(matrix, 60, 1)), -4);
    assert_null(entry_at(matrix, 7, 8));
    assert_null(entry_at(matrix, 7, 9));
    assert_non_null(entry_at(matrix, 7, 10));
    assert_null(entry_at(matrix, 2, 0));
    assert_non_null(entry_at(matrix, 2, 1));
    json_decref(data);
}

static void a_cell_that_changed_has_what_it_was(void **state)
{
    (void)state;
    struct mcb_ledger before, after;
    struct mcb_comparison comparison;
    struct mcb_error error;
    json_t *document = ledger_document(&many);
    static const double trials[] = {49.9, 50, 50.1};
    ledger_set_trials(ledger_cell(document, ledger_cell_at(document, 0, 10, 20)), trials, 3);
    ledger_of_plan(&many, &before);
    ledger_of(document, &after);
    const struct mcb_comparison_options options = {.tolerance = 0.05};
    assert_int_equal(mcb_comparison_make(&before, 1, &after, &options, &comparison, &error), 0);
    const struct mcb_page_input input = {
        .ledgers = &after, .ledger_count = 1, .comparison = &comparison};
    char *text = page_text_of(&input);
    json_t *data = data_of(text);
    const json_t *entry = entry_at(matrix_of(data, "0"), 10, 20);
    assert_int_equal(json_array_size(entry), 6);
    assert_int_equal(json_integer_value(json_array_get(entry, 4)), MCB_CHANGE_SLOWER);
    assert_in_range((unsigned)number_at(entry, 5), 98, 102);
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(data, "changes"), MCB_CHANGE_SLOWER)),
        "slower");
    assert_int_equal(json_array_size(entry_at(matrix_of(data, "0"), 10, 21)), 4);
    json_decref(data);
    free(text);
    mcb_comparison_release(&comparison);
    mcb_ledger_release(&after);
    mcb_ledger_release(&before);
}

static void names_of_a_result_do_not_end_the_data(void **state)
{
    (void)state;
    static const char name[] = "</script><script>alert(1)</script>";
    json_t *document = ledger_document(&many), *cell;
    size_t i;
    json_array_foreach(json_object_get(document, "cells"), i, cell)
    {
        json_object_set_new(json_object_get(cell, "target"), "host", json_string(name));
    }
    char *text = page_text(document);
    assert_lacks(text, "<script>alert");
    json_t *data = data_of(text);
    const json_t *endpoints = json_object_get(data, "endpoints");
    const char *last = json_string_value(json_array_get(endpoints, json_array_size(endpoints) - 1));
    assert_int_equal(strncmp(last, name, strlen(name)), 0);
    json_decref(data);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_matrix_needs_no_data),
        cmocka_unit_test(every_cell_has_its_figures),
        cmocka_unit_test(failed_skipped_and_absent_cells_are_told_apart),
        cmocka_unit_test(a_cell_that_changed_has_what_it_was),
        cmocka_unit_test(names_of_a_result_do_not_end_the_data),
    };
    return cmocka_run_group_tests_name("page_data", tests, NULL, NULL);
}
