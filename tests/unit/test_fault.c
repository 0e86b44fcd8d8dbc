/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue of faults is well formed, and an error's text is safe to print and to store. */
#include <ctype.h>
#include <errno.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "common/fault.h"

static const struct mcb_fault *row(int code)
{
    return mcb_fault_get((enum mcb_fault_code)code);
}

static void every_id_has_the_form_of_an_id(void **state)
{
    (void)state;
    regex_t form;
    assert_int_equal(regcomp(&form, "^MCB-[A-Z]+-[0-9]{3}$", REG_EXTENDED | REG_NOSUB), 0);
    for (int code = 1; code < MCB_FAULT_COUNT; code++)
        if (regexec(&form, row(code)->id, 0, NULL, 0) != 0)
            fail_msg("id: %s", row(code)->id);
    regfree(&form);
}

static void every_id_is_there_once_and_is_found(void **state)
{
    (void)state;
    for (int code = 1; code < MCB_FAULT_COUNT; code++) {
        for (int other = code + 1; other < MCB_FAULT_COUNT; other++)
            assert_string_not_equal(row(code)->id, row(other)->id);
        assert_int_equal(mcb_fault_find(row(code)->id), code);
    }
}

static void ids_that_are_not_there_are_not_found(void **state)
{
    (void)state;
    assert_int_equal(mcb_fault_find("MCB-NONE-999"), MCB_FAULT_NONE);
    assert_int_equal(mcb_fault_find(""), MCB_FAULT_NONE);
    assert_int_equal(mcb_fault_find("MCB-USE-0010"), MCB_FAULT_NONE);
}

static void every_fault_has_a_title_a_cause_and_a_fix(void **state)
{
    (void)state;
    for (int code = 1; code < MCB_FAULT_COUNT; code++) {
        const struct mcb_fault *fault = row(code);
        const char *texts[] = {fault->title, fault->cause, fault->fix};
        assert_non_null(fault->texts);
        for (int n = 0; n < 3; n++) {
            if (!texts[n] || !texts[n][0])
                fail_msg("%s: an empty text", fault->id);
            size_t length = strlen(texts[n]);
            if (isspace((unsigned char)texts[n][0]) || isspace((unsigned char)texts[n][length - 1]))
                fail_msg("%s: blanks around \"%s\"", fault->id, texts[n]);
        }
        if (fault->title[strlen(fault->title) - 1] == '.')
            fail_msg("%s: the title ends with a full stop", fault->id);
    }
}

static void every_log_text_is_a_line_with_something_on_it(void **state)
{
    (void)state;
    for (int code = 1; code < MCB_FAULT_COUNT; code++) {
        const char *texts = row(code)->texts;
        bool empty_line = texts[0] == '\n' || strstr(texts, "\n\n") != NULL ||
                          (texts[0] && texts[strlen(texts) - 1] == '\n');
        if (empty_line)
            fail_msg("%s: an empty text would match every line of a log", row(code)->id);
    }
}

static void every_fault_ends_with_one_of_the_exit_codes(void **state)
{
    (void)state;
    for (int code = 1; code < MCB_FAULT_COUNT; code++) {
        int exit_code = row(code)->exit_code;
        if (exit_code != 1 && exit_code != 2 && exit_code != 3 && exit_code != 130)
            fail_msg("%s: exit code %d", row(code)->id, exit_code);
        const struct mcb_error error = {.code = (enum mcb_fault_code)code};
        assert_int_equal(mcb_error_exit(&error), exit_code);
    }
}

static void no_error_ends_with_zero(void **state)
{
    (void)state;
    const struct mcb_error none = {0};
    assert_int_equal(mcb_error_exit(&none), 0);
}

static void setting_an_error_returns_minus_one_and_keeps_errno(void **state)
{
    (void)state;
    struct mcb_error error = {0};
    errno = ENOSPC;
    assert_int_equal(mcb_error_set(&error, MCB_FAULT_USE_VALUE, "--qps %d: too many", 7), -1);
    assert_int_equal(errno, ENOSPC);
    assert_int_equal(error.code, MCB_FAULT_USE_VALUE);
    assert_string_equal(error.detail, "--qps 7: too many");
}

static void control_characters_become_question_marks(void **state)
{
    (void)state;
    struct mcb_error error;
    mcb_error_set(&error, MCB_FAULT_USE_VALUE, "a\nb\tc\x1b[31md\x7f%s", "\r\x01");
    assert_string_equal(error.detail, "a?b?c?[31md???");
}

/* jansson takes valid UTF-8 only, as the result document does. */
static bool is_utf8(const char *text)
{
    json_t *string = json_string(text);
    json_decref(string);
    return string != NULL;
}

static void a_long_detail_is_cut_between_characters(void **state)
{
    (void)state;
    static const char *const characters[] = {"x", "\xc2\xb5", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    for (int c = 0; c < 4; c++)
        for (size_t before = 0; before < 5; before++) {
            char text[2 * MCB_ERROR_DETAIL_MAX] = "";
            struct mcb_error error;
            memset(text, 'a', before);
            while (strlen(text) < MCB_ERROR_DETAIL_MAX + 8)
                strcat(text, characters[c]);
            mcb_error_set(&error, MCB_FAULT_USE_VALUE, "%s", text);
            size_t length = strlen(error.detail);
            assert_in_range(length, MCB_ERROR_DETAIL_MAX - 4, MCB_ERROR_DETAIL_MAX - 1);
            assert_memory_equal(error.detail, text, length);
            assert_int_equal((length - before) % strlen(characters[c]), 0);
            assert_true(is_utf8(error.detail));
        }
}

static void a_detail_that_fits_is_not_cut(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "\xc2\xb5", "\xf0\x9f\x98\x80", "caf\xc3\xa9",
                                        "64 KiB \xc2\xb7 4 NICs"};
    for (int n = 0; n < 5; n++) {
        struct mcb_error error;
        mcb_error_set(&error, MCB_FAULT_USE_VALUE, "%s", texts[n]);
        assert_string_equal(error.detail, texts[n]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_id_has_the_form_of_an_id),
        cmocka_unit_test(every_id_is_there_once_and_is_found),
        cmocka_unit_test(ids_that_are_not_there_are_not_found),
        cmocka_unit_test(every_fault_has_a_title_a_cause_and_a_fix),
        cmocka_unit_test(every_log_text_is_a_line_with_something_on_it),
        cmocka_unit_test(every_fault_ends_with_one_of_the_exit_codes),
        cmocka_unit_test(no_error_ends_with_zero),
        cmocka_unit_test(setting_an_error_returns_minus_one_and_keeps_errno),
        cmocka_unit_test(control_characters_become_question_marks),
        cmocka_unit_test(a_long_detail_is_cut_between_characters),
        cmocka_unit_test(a_detail_that_fits_is_not_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
