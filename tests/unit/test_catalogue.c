/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue of faults as people and programs read it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/doctor/catalogue.h"
#include "common/file.h"

enum { PAGE_BYTES_MAX = 4 << 20 };

/* For free(). */
static char *print_entry(enum mcb_fault_code code, size_t columns, bool colour)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    mcb_catalogue_print(&(struct mcb_canvas){out, columns, colour}, code);
    fclose(out);
    return text;
}

static void assert_contains(const char *text, const char *expected)
{
    if (!strstr(text, expected))
        fail_msg("\"%s\" is not in:\n%s", expected, text);
}

static void the_page_in_the_project_is_that_of_the_catalogue(void **state)
{
    (void)state;
    char *page = NULL;
    size_t size = 0, length;
    struct mcb_error error;
    FILE *out = open_memstream(&page, &size);
    assert_non_null(out);
    mcb_catalogue_print_page(out);
    fclose(out);
    char *kept = mcb_file_read(MCB_SOURCE_DIR "/FAULTS.md", PAGE_BYTES_MAX, 1000000000,
                               MCB_FAULT_USE_FILE, &length, &error);
    if (!kept)
        fail_msg("%s", error.detail);
    if (length != size || memcmp(kept, page, size) != 0)
        fail_msg("FAULTS.md is not that of common/faults.def: mcbench docs writes it anew");
    free(kept);
    free(page);
}

static void the_page_has_every_fault(void **state)
{
    (void)state;
    char *page = NULL, heading[64];
    size_t size = 0;
    FILE *out = open_memstream(&page, &size);
    mcb_catalogue_print_page(out);
    fclose(out);
    for (int code = 1; code < MCB_FAULT_COUNT; code++) {
        snprintf(heading, sizeof heading,
                 "\n### %s: ", mcb_fault_get((enum mcb_fault_code)code)->id);
        assert_contains(page, heading);
    }
    free(page);
}

static void an_entry_shows_all_that_is_known(void **state)
{
    (void)state;
    char *text = print_entry(MCB_FAULT_NET_PORT_TAKEN, 100, false);
    assert_string_equal(text,
                        "MCB-NET-004  port is taken\n"
                        "cause:   another process listens on it\n"
                        "try:     ss -ltnp 'sport = :PORT'  # as root: the process that holds it\n"
                        "         # stop that process, or take another port\n"
                        "in logs: address already in use\n"
                        "         sockethandshakeplugin: bind (port*address already in use\n"
                        "more:    ss(8), bind(2)\n"
                        "exit:    3\n");
    free(text);
}

static void what_a_fault_does_not_have_has_no_line(void **state)
{
    (void)state;
    char *text = print_entry(MCB_FAULT_USE_OPTION, 100, false);
    assert_null(strstr(text, "in logs:"));
    assert_null(strstr(text, "more:"));
    free(text);
}

/* Prose wraps, a command that was broken would be none. */
static void every_line_of_a_fix_stays_whole_on_a_narrow_terminal(void **state)
{
    (void)state;
    for (int code = 1; code < MCB_FAULT_COUNT; code++) {
        char *text = print_entry((enum mcb_fault_code)code, 40, false), whole[512];
        const char *rest = mcb_fault_get((enum mcb_fault_code)code)->fix, *line;
        size_t length;
        while ((line = mcb_fault_next_line(&rest, &length))) {
            snprintf(whole, sizeof whole, "%.*s\n", (int)length, line);
            assert_contains(text, whole);
        }
        free(text);
    }
}

static void without_colour_there_is_no_escape(void **state)
{
    (void)state;
    char *plain = print_entry(MCB_FAULT_RDMA_RETRY, 80, false);
    char *coloured = print_entry(MCB_FAULT_RDMA_RETRY, 80, true);
    assert_null(strchr(plain, '\033'));
    assert_non_null(strchr(coloured, '\033'));
    free(plain);
    free(coloured);
}

static void json_has_the_parts_apart(void **state)
{
    (void)state;
    json_t *entry = mcb_catalogue_to_json(MCB_FAULT_NET_PORT_TAKEN);
    json_t *expected = json_loads(
        "{\"id\": \"MCB-NET-004\", \"title\": \"port is taken\", \"exit_code\": 3,"
        " \"causes\": [\"another process listens on it\"],"
        " \"fix\": [{\"command\": \"ss -ltnp 'sport = :PORT'\","
        "            \"remark\": \"as root: the process that holds it\"},"
        "           {\"command\": null, \"remark\": \"stop that process, or take another port\"}],"
        " \"texts\": [\"address already in use\","
        "             \"sockethandshakeplugin: bind (port*address already in use\"],"
        " \"more\": [\"ss(8), bind(2)\"]}",
        0, NULL);
    assert_non_null(expected);
    assert_true(json_equal(entry, expected));
    json_decref(expected);
    json_decref(entry);
}

static void every_fault_becomes_json(void **state)
{
    (void)state;
    for (int code = 1; code < MCB_FAULT_COUNT; code++) {
        json_t *entry = mcb_catalogue_to_json((enum mcb_fault_code)code);
        assert_non_null(entry);
        assert_true(json_array_size(json_object_get(entry, "causes")) > 0);
        assert_true(json_array_size(json_object_get(entry, "fix")) > 0);
        json_decref(entry);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_in_the_project_is_that_of_the_catalogue),
        cmocka_unit_test(the_page_has_every_fault),
        cmocka_unit_test(an_entry_shows_all_that_is_known),
        cmocka_unit_test(what_a_fault_does_not_have_has_no_line),
        cmocka_unit_test(every_line_of_a_fix_stays_whole_on_a_narrow_terminal),
        cmocka_unit_test(without_colour_there_is_no_escape),
        cmocka_unit_test(json_has_the_parts_apart),
        cmocka_unit_test(every_fault_becomes_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
