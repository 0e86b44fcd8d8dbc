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

static bool starts_or_ends_with(const char *text, size_t length, const char *unwanted)
{
    return strchr(unwanted, text[0]) || strchr(unwanted, text[length - 1]);
}

static void every_cause_and_every_document_is_a_clause(void **state)
{
    (void)state;
    for (int code = 1; code < MCB_FAULT_COUNT; code++) {
        const char *const texts[] = {row(code)->cause, row(code)->more};
        for (int n = 0; n < 2; n++) {
            const char *rest = texts[n], *clause;
            size_t length;
            if (strchr(texts[n], '\n') || strstr(texts[n], ";;"))
                fail_msg("%s: \"%s\"", row(code)->id, texts[n]);
            while ((clause = mcb_fault_next_clause(&rest, &length)))
                if (length < 2 || starts_or_ends_with(clause, length, " .;,"))
                    fail_msg("%s: \"%.*s\"", row(code)->id, (int)length, clause);
        }
    }
}

static void assert_is_fix_line(const char *id, const char *line, size_t length)
{
    struct mcb_fault_step step = mcb_fault_split(line, length);
    bool empty = step.command_length + step.remark_length == 0;
    if (length == 0 || empty || starts_or_ends_with(line, length, " .;"))
        fail_msg("%s: \"%.*s\"", id, (int)length, line);
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)line[i] < 0x20 || (unsigned char)line[i] >= 0x7f)
            fail_msg("%s: not plain ASCII: \"%.*s\"", id, (int)length, line);
    /* A second one would be taken for a part of the first, or of the command. */
    if (memmem(step.command, step.command_length, "# ", 2) ||
        memmem(step.remark, step.remark_length, "  # ", 4))
        fail_msg("%s: two remarks: \"%.*s\"", id, (int)length, line);
}

static void every_fix_is_lines_of_commands_and_remarks(void **state)
{
    (void)state;
    for (int code = 1; code < MCB_FAULT_COUNT; code++) {
        const char *rest = row(code)->fix, *line;
        size_t length;
        bool has_command = false;
        while ((line = mcb_fault_next_line(&rest, &length))) {
            assert_is_fix_line(row(code)->id, line, length);
            has_command = has_command || mcb_fault_split(line, length).command_length > 0;
        }
        if (!has_command)
            fail_msg("%s: no command", row(code)->id);
    }
}

/* GPUs are measured by ib_write_bw with --use_cuda; its -x is the index of the GID. */
static void no_fix_repeats_the_wrong_option_of_the_guide(void **state)
{
    (void)state;
    for (int code = 1; code < MCB_FAULT_COUNT; code++)
        assert_null(strstr(row(code)->fix, "-x gdr"));
}

static void a_line_of_a_fix_has_two_parts(void **state)
{
    (void)state;
    static const struct {
        const char *line, *command, *remark;
    } cases[] = {
        {"ip -brief link  # the names", "ip -brief link", "the names"},
        {"ip -brief link", "ip -brief link", ""},
        {"# another port", "", "another port"},
        {"echo a#b # c", "echo a#b # c", ""},
        {"#", "#", ""},
    };
    for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
        struct mcb_fault_step step = mcb_fault_split(cases[n].line, strlen(cases[n].line));
        assert_int_equal(step.command_length, strlen(cases[n].command));
        assert_memory_equal(step.command, cases[n].command, step.command_length);
        assert_int_equal(step.remark_length, strlen(cases[n].remark));
        assert_memory_equal(step.remark, cases[n].remark, step.remark_length);
    }
}

static void a_fix_on_one_line_is_cut_at_a_line(void **state)
{
    (void)state;
    static const char fix[] = "ip link  # the names\n# another port\nss";
    static const char whole[] = "ip link (the names); another port; ss";
    char text[64];
    assert_string_equal(mcb_fault_join(fix, text, sizeof text), whole);
    assert_string_equal(mcb_fault_join(fix, text, sizeof whole), whole);
    assert_string_equal(mcb_fault_join(fix, text, sizeof whole - 1),
                        "ip link (the names); another port");
    assert_string_equal(mcb_fault_join(fix, text, 5), "");
    assert_string_equal(mcb_fault_join("", text, sizeof text), "");
}

static void every_fix_fits_on_one_line(void **state)
{
    (void)state;
    for (int code = 1; code < MCB_FAULT_COUNT; code++) {
        char text[MCB_FAULT_FIX_MAX], longer[4 * MCB_FAULT_FIX_MAX];
        assert_string_equal(mcb_fault_join(row(code)->fix, text, sizeof text),
                            mcb_fault_join(row(code)->fix, longer, sizeof longer));
        assert_null(strchr(text, '\n'));
    }
}

enum { TEXTS_MAX = 1024, LITERAL_BYTES_MIN = 8 };

struct log_text {
    char text[256];
    int code;
};

/* All texts of the catalogue. Returns their number. */
static size_t collect_texts(struct log_text *texts)
{
    size_t count = 0;
    for (int code = 1; code < MCB_FAULT_COUNT; code++) {
        const char *rest = row(code)->texts, *line;
        size_t length;
        while ((line = mcb_fault_next_line(&rest, &length))) {
            assert_true(count < TEXTS_MAX);
            assert_true(length < sizeof texts[count].text);
            snprintf(texts[count].text, sizeof texts[count].text, "%.*s", (int)length, line);
            texts[count++].code = code;
        }
    }
    return count;
}

static size_t literal_bytes(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += *text != '*';
    return count;
}

static void every_log_text_is_in_lower_case_and_says_something(void **state)
{
    (void)state;
    static struct log_text texts[TEXTS_MAX];
    size_t count = collect_texts(texts);
    assert_true(count > 100);
    for (size_t n = 0; n < count; n++) {
        const char *text = texts[n].text, *id = row(texts[n].code)->id;
        if (literal_bytes(text) < LITERAL_BYTES_MIN)
            fail_msg("%s: \"%s\" would match lines that mean something else", id, text);
        if (starts_or_ends_with(text, strlen(text), " *") || strstr(text, "**"))
            fail_msg("%s: \"%s\"", id, text);
        for (const char *at = text; *at; at++)
            if (isupper((unsigned char)*at) || (unsigned char)*at < 0x20)
                fail_msg("%s: \"%s\" is not in lower case", id, text);
    }
}

static void no_log_text_is_there_twice(void **state)
{
    (void)state;
    static struct log_text texts[TEXTS_MAX];
    size_t count = collect_texts(texts);
    for (size_t n = 0; n < count; n++)
        for (size_t other = n + 1; other < count; other++)
            if (strcmp(texts[n].text, texts[other].text) == 0)
                fail_msg("%s and %s: \"%s\"", row(texts[n].code)->id, row(texts[other].code)->id,
                         texts[n].text);
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

static void a_wrong_rule_alone_keeps_its_lines(void **state)
{
    (void)state;
    struct mcb_error error;
    mcb_error_set(&error, MCB_FAULT_USE_RULE, "a\n  b\n  ^\t\r");
    assert_string_equal(error.detail, "a\n  b\n  ^??");
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
        cmocka_unit_test(every_cause_and_every_document_is_a_clause),
        cmocka_unit_test(every_fix_is_lines_of_commands_and_remarks),
        cmocka_unit_test(no_fix_repeats_the_wrong_option_of_the_guide),
        cmocka_unit_test(a_line_of_a_fix_has_two_parts),
        cmocka_unit_test(a_fix_on_one_line_is_cut_at_a_line),
        cmocka_unit_test(every_fix_fits_on_one_line),
        cmocka_unit_test(every_log_text_is_in_lower_case_and_says_something),
        cmocka_unit_test(no_log_text_is_there_twice),
        cmocka_unit_test(every_fault_ends_with_one_of_the_exit_codes),
        cmocka_unit_test(no_error_ends_with_zero),
        cmocka_unit_test(setting_an_error_returns_minus_one_and_keeps_errno),
        cmocka_unit_test(control_characters_become_question_marks),
        cmocka_unit_test(a_wrong_rule_alone_keeps_its_lines),
        cmocka_unit_test(a_long_detail_is_cut_between_characters),
        cmocka_unit_test(a_detail_that_fits_is_not_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
