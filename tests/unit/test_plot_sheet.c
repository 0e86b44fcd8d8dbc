/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/plot_sheet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/text.h"
#include "tests/unit/ledger_helper.h"
#include "tests/unit/plot_helper.h"

/* Writes the sheet, and releases it. */
static void write_sheet(const struct plot_folder *folder, struct mcb_sheet *sheet)
{
    struct mcb_error error;
    assert_int_equal(mkdir(folder->pictures, 0700), 0);
    if (mcb_sheet_write(sheet, folder->pictures, MCB_PLOT_SVG, "a mark", &error) != 0)
        fail_msg("%s", error.detail);
    mcb_sheet_release(sheet);
}

static void numbers_stand_in_the_script_and_rows_in_the_data(void **state)
{
    struct mcb_sheet sheet;
    mcb_sheet_begin(&sheet, "heat", 3, "cells bar");
    mcb_sheet_number(&sheet, "low", 0.1);
    mcb_sheet_number(&sheet, "high", 392.1);
    mcb_sheet_row(&sheet, "cells", "%d\t%.1f", 1, 2.5);
    mcb_sheet_row(&sheet, "cells", "%d\t%.1f", 3, 4.5);
    write_sheet(*state, &sheet);
    plot_assert_holds(*state, "heat-3.gp", "low = 0.1\nhigh = 392.1\n");
    plot_assert_holds(*state, "heat-3.gp", "n_cells = 2\n");
    plot_assert_holds(*state, "heat-3.gp", "name = 'heat-3'\nformat = 'svg'\n");
    plot_assert_holds(*state, "heat-3.gp", "load 'heat.gp'\n");
    plot_assert_holds(*state, "heat-3.dat", "# [cells]\n1\t2.5\n3\t4.5\n\n\n");
}

static void a_block_without_rows_has_one_that_is_not_seen(void **state)
{
    struct mcb_sheet sheet;
    mcb_sheet_begin(&sheet, "heat", 1, "cells bar");
    mcb_sheet_row(&sheet, "cells", "1");
    write_sheet(*state, &sheet);
    plot_assert_holds(*state, "heat-1.gp", "n_bar = 0\n");
    plot_assert_holds(*state, "heat-1.gp", "n_title = 0\n");
    plot_assert_holds(*state, "heat-1.dat", "# [bar]\n1e30\t1e30");
    plot_assert_holds(*state, "heat-1.dat", "# [title]\n1e30\t1e30\t\"\"\t0\n");
    plot_assert_lacks(*state, "heat-1.dat", "# [cells]\n1e30");
}

static void both_files_carry_the_mark_at_their_beginning(void **state)
{
    static const char *const names[] = {"size-1.gp", "size-1.dat"};
    struct mcb_sheet sheet;
    mcb_sheet_begin(&sheet, "size", 1, "");
    write_sheet(*state, &sheet);
    for (size_t i = 0; i < 2; i++) {
        char *text = plot_read(*state, names[i]);
        assert_memory_equal(text, "# a mark: ", 10);
        free(text);
    }
}

/* Quotes, escapes, control characters and all that gnuplot might take for markup or code. */
static void foreign_text_stays_one_quoted_field(void **state)
{
    static const char hostile[] = "a\"b\\n`id`\t@x\n{/Bold c}^2_3 \033[31m'; system('id') #";
    struct mcb_sheet sheet;
    mcb_sheet_begin(&sheet, "heat", 1, "");
    mcb_sheet_text(&sheet, "left", 1, 2, 0x102030, hostile);
    write_sheet(*state, &sheet);
    char *rows = plot_block(*state, "heat-1.dat", "left");
    assert_string_equal(rows, "1.0\t2.0\t\"a”b∖n`id`?@x?{/Bold c}^2_3 ?[31m'; system('id') #\""
                              "\t1056816\n");
    free(rows);
    plot_assert_lacks(*state, "heat-1.gp", "system");
}

/* What gnuplot does not escape for XML. */
static void foreign_text_ends_no_section_of_the_picture(void **state)
{
    struct mcb_sheet sheet;
    mcb_sheet_begin(&sheet, "heat", 1, "");
    mcb_sheet_text(&sheet, "left", 1, 2, 0, "]]> ]>]]]>");
    write_sheet(*state, &sheet);
    char *rows = plot_block(*state, "heat-1.dat", "left");
    assert_string_equal(rows, "1.0\t2.0\t\"]]› ]>]]]›\"\t0\n");
    free(rows);
}

static void text_makes_the_canvas_as_wide_as_it_needs(void **state)
{
    struct mcb_sheet sheet;
    struct mcb_ledger ledger;
    ledger_of_plan(&(struct ledger_plan){.hosts = 1}, &ledger);
    mcb_sheet_begin(&sheet, "heat", 1, "");
    mcb_sheet_text(&sheet, "left", 100, 2, 0, "0123456789012345678901234567890123456789");
    mcb_sheet_foot(&sheet, &ledger, 10, 50);
    assert_true(sheet.width > 300);
    assert_true(sheet.height > 50);
    write_sheet(*state, &sheet);
    mcb_ledger_release(&ledger);
}

static void a_long_text_goes_on_in_lines(void **state)
{
    struct mcb_sheet sheet;
    mcb_sheet_begin(&sheet, "heat", 1, "");
    double last = mcb_sheet_lines(&sheet, "note", 5, 10, 0,
                                  "write bandwidth · 64 KiB · 1 QP, depth 128 · relaxed", 30);
    assert_true(last > 10);
    write_sheet(*state, &sheet);
    char *rows = plot_block(*state, "heat-1.dat", "note");
    assert_int_equal(plot_count_rows(rows), 2);
    assert_non_null(strstr(rows, "\"write bandwidth · 64 KiB ·\""));
    free(rows);
}

static void a_name_is_shortened_in_its_middle(void **state)
{
    (void)state;
    char name[64] = "gpu-node-in-rack-17-1", accents[64] = "ääääääöööööö", fits[64] = "n1";
    assert_string_equal(mcb_sheet_shorten(name, 11), "gpu-n…-17-1");
    assert_int_equal(mcb_text_columns(name), 11);
    assert_string_equal(mcb_sheet_shorten(accents, 5), "ää…öö");
    assert_string_equal(mcb_sheet_shorten(fits, 11), "n1");
}

static void what_was_measured_by_nothing_real_is_said(void **state)
{
    struct mcb_sheet sheet;
    struct mcb_ledger ledger;
    static const char *const memories[] = {"cuda:0"};
    ledger_of_plan(&(struct ledger_plan){.memories = memories, .memory_count = 1, .stand_in = true},
                   &ledger);
    mcb_sheet_begin(&sheet, "heat", 1, "");
    mcb_sheet_head(&sheet, &ledger, "a title", "");
    write_sheet(*state, &sheet);
    plot_assert_holds(*state, "heat-1.dat", "stand-in GPUs: no measurement of hardware");
    mcb_ledger_release(&ledger);
}

static void software_nics_are_said(void **state)
{
    struct mcb_sheet sheet;
    struct mcb_ledger ledger;
    json_t *document = ledger_document(&(struct ledger_plan){.hosts = 1});
    ledger_set_nic(document, 0, 1, "software", json_true());
    ledger_of(document, &ledger);
    mcb_sheet_begin(&sheet, "heat", 1, "");
    mcb_sheet_head(&sheet, &ledger, "a title", "");
    write_sheet(*state, &sheet);
    plot_assert_holds(*state, "heat-1.dat", "software NICs: no measurement of hardware");
    mcb_ledger_release(&ledger);
}

static void hardware_needs_no_word(void **state)
{
    struct mcb_sheet sheet;
    struct mcb_ledger ledger;
    ledger_of_plan(&(struct ledger_plan){.hosts = 1}, &ledger);
    mcb_sheet_begin(&sheet, "heat", 1, "");
    mcb_sheet_head(&sheet, &ledger, "a title", "");
    write_sheet(*state, &sheet);
    plot_assert_lacks(*state, "heat-1.dat", "no measurement");
    mcb_ledger_release(&ledger);
}

static void the_small_print_tells_when_where_and_by_what(void **state)
{
    struct mcb_sheet sheet;
    struct mcb_ledger ledger;
    json_t *document = ledger_document(&(struct ledger_plan){.hosts = 8, .nics = 1});
    json_object_set_new(document, "status", json_string("interrupted"));
    json_object_set_new(document, "fault",
                        json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", "MCB-RUN-001", "title",
                                  "ended", "detail", "by a signal", "cause", "", "fix", ""));
    ledger_of(document, &ledger);
    mcb_sheet_begin(&sheet, "heat", 1, "");
    mcb_sheet_foot(&sheet, &ledger, 2000, 50);
    write_sheet(*state, &sheet);
    plot_assert_holds(*state, "heat-1.dat",
                      "\"mcbench 0.1.0 · 2026-11-22T09:14:02Z · rdma · n1, n2, n3, n4, n5, n6 and "
                      "2 more hosts · interrupted\"");
    mcb_ledger_release(&ledger);
}

static void a_sheet_that_lost_something_is_not_written(void **state)
{
    const struct plot_folder *folder = *state;
    struct mcb_sheet sheet;
    struct mcb_error error;
    mcb_sheet_begin(&sheet, "heat", 1, "");
    for (size_t i = 0; i <= MCB_SHEET_NUMBERS; i++)
        mcb_sheet_number(&sheet, "low", 1);
    assert_int_equal(mkdir(folder->pictures, 0700), 0);
    assert_int_equal(mcb_sheet_write(&sheet, folder->pictures, MCB_PLOT_SVG, "a mark", &error), -1);
    assert_int_equal(error.code, MCB_FAULT_HOST_MEMORY);
    assert_false(plot_has_file(folder, "heat-1.dat"));
    mcb_sheet_release(&sheet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(numbers_stand_in_the_script_and_rows_in_the_data),
        IN_FOLDER(a_block_without_rows_has_one_that_is_not_seen),
        IN_FOLDER(both_files_carry_the_mark_at_their_beginning),
        IN_FOLDER(foreign_text_stays_one_quoted_field),
        IN_FOLDER(foreign_text_ends_no_section_of_the_picture),
        IN_FOLDER(text_makes_the_canvas_as_wide_as_it_needs),
        IN_FOLDER(a_long_text_goes_on_in_lines),
        cmocka_unit_test(a_name_is_shortened_in_its_middle),
        IN_FOLDER(what_was_measured_by_nothing_real_is_said),
        IN_FOLDER(software_nics_are_said),
        IN_FOLDER(hardware_needs_no_word),
        IN_FOLDER(the_small_print_tells_when_where_and_by_what),
        IN_FOLDER(a_sheet_that_lost_something_is_not_written),
    };
    return cmocka_run_group_tests_name("plot_sheet", tests, NULL, NULL);
}
