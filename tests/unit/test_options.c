/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/commands/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/commands/arguments.h"

struct values {
    bool json, verbose;
    const char *from, *svg, *output;
};

static const struct mcb_option table[] = {
    {"json", NULL, "", offsetof(struct values, json), 0},
    {"verbose", NULL, "", offsetof(struct values, verbose), 0},
    {"from", "FILE.xml", "", offsetof(struct values, from), 0},
    {"svg", "FILE", "", offsetof(struct values, svg), 0},
    {"output", "FILE", "where it goes", offsetof(struct values, output), 'o'},
    {"quick", NULL, "", offsetof(struct values, verbose), 'q'},
    {NULL, NULL, NULL, 0, 0},
};

static const struct mcb_options wordless = {table, {NULL, 0, 0, "a file is given with --from"}};
static const struct mcb_options of_two = {table, {"A B", 2, 2, "two results are compared"}};
static const struct mcb_options of_many = {table, {"RESULT...", 1, SIZE_MAX, "no file given"}};

static char *argv_used[16];

/* argv_used: "look" and the words. */
static int parse(const struct mcb_options *options, const char *const *words, struct values *values,
                 size_t *count, struct mcb_error *error)
{
    int argc = 1;
    argv_used[0] = (char *)"look";
    for (; *words; words++)
        argv_used[argc++] = (char *)*words;
    *values = (struct values){0};
    return mcb_options_parse(options, argc, argv_used, values, count, error);
}

static void assert_refused(const struct mcb_options *options, const char *const *words,
                           const char *detail)
{
    struct mcb_error error;
    struct values values;
    size_t count;
    assert_int_equal(parse(options, words, &values, &count, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_USE_OPTION);
    assert_string_equal(error.detail, detail);
}

#define WORDS(...)                    ((const char *const[]){__VA_ARGS__, NULL})
#define ASSERT_REFUSED(expected, ...) assert_refused(&wordless, WORDS(__VA_ARGS__), expected)

static void values_go_to_their_members(void **state)
{
    (void)state;
    struct values values;
    struct mcb_error error;
    size_t count = 77;
    assert_int_equal(
        parse(&wordless, WORDS("--svg", "-x", "--json", "--from=--a=b"), &values, &count, &error),
        0);
    assert_true(values.json);
    assert_false(values.verbose);
    assert_string_equal(values.svg, "-x");
    assert_string_equal(values.from, "--a=b");
    assert_int_equal(count, 0);
}

static void what_is_not_given_stays_as_it_was(void **state)
{
    (void)state;
    struct values values;
    struct mcb_error error;
    size_t count;
    assert_int_equal(parse(&of_many, WORDS("a"), &values, &count, &error), 0);
    assert_false(values.json);
    assert_null(values.from);
}

static void words_are_gathered_in_their_order(void **state)
{
    (void)state;
    struct values values;
    struct mcb_error error;
    size_t count;
    assert_int_equal(parse(&of_many, WORDS("a", "--svg", "x", "-", "--json", "--", "--b", "--"),
                           &values, &count, &error),
                     0);
    assert_int_equal(count, 4);
    static const char *const expected[] = {"a", "-", "--b", "--"};
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(argv_used[1 + i], expected[i]);
    assert_true(values.json);
}

static void a_wrong_option_is_named_with_the_nearest(void **state)
{
    (void)state;
    ASSERT_REFUSED("--jsno: no such option of look (did you mean --json?)", "--jsno");
    ASSERT_REFUSED("--form=x: no such option of look (did you mean --from?)", "--form=x");
    ASSERT_REFUSED("--hepl: no such option of look (did you mean --help?)", "--hepl");
    ASSERT_REFUSED("--zebra: no such option of look; mcbench look --help", "--zebra");
    ASSERT_REFUSED("--js: no such option of look (did you mean --json?)", "--js");
    ASSERT_REFUSED("--=: no such option of look; mcbench look --help", "--=");
    ASSERT_REFUSED("-j: no such option of look (did you mean --json?)", "-json");
    ASSERT_REFUSED("-?: no such option of look; mcbench look --help", "-\xff");
    ASSERT_REFUSED("--?[2J: no such option of look; mcbench look --help", "--\033[2J");
}

static void a_missing_or_misplaced_value_is_said(void **state)
{
    (void)state;
    ASSERT_REFUSED("--from: needs a value, FILE.xml", "--from");
    ASSERT_REFUSED("--from: needs a value, FILE.xml", "--from", "");
    ASSERT_REFUSED("--from: needs a value, FILE.xml", "--from=");
    ASSERT_REFUSED("--svg: needs a value, FILE (if it is --json, write --svg=...)", "--svg",
                   "--json");
    ASSERT_REFUSED("--svg: given twice", "--svg=a", "--svg", "a");
    ASSERT_REFUSED("--json: given twice", "--json", "--json");
    ASSERT_REFUSED("--json=yes: --json takes no value", "--json=yes");
    ASSERT_REFUSED("--json=: --json takes no value", "--json=");
}

static void too_many_or_too_few_words_are_refused_with_the_rule(void **state)
{
    (void)state;
    ASSERT_REFUSED("stray: look takes no such word; a file is given with --from", "stray");
    assert_refused(&of_two, WORDS("a", "--json"),
                   "look: two results are compared; mcbench look A B");
    assert_refused(&of_two, WORDS("a", "b", "c\n"),
                   "c?: look takes no such word; two results are compared");
    assert_refused(&of_many, WORDS("--json"), "look: no file given; mcbench look RESULT...");
}

static void a_letter_stands_for_its_option(void **state)
{
    (void)state;
    const char *const *const given[] = {WORDS("-o", "out", "-q"), WORDS("-oout", "-q"),
                                        WORDS("-q", "-o=out"), WORDS("--output", "out", "--quick"),
                                        WORDS("-q", "--output=out")};
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        struct values values;
        struct mcb_error error;
        size_t count;
        assert_int_equal(parse(&wordless, given[i], &values, &count, &error), 0);
        assert_string_equal(values.output, "out");
        assert_true(values.verbose);
    }
}

static void a_letter_is_held_to_the_rules_of_its_option(void **state)
{
    (void)state;
    ASSERT_REFUSED("--output: given twice", "-oa", "--output", "b");
    ASSERT_REFUSED("--output: needs a value, FILE", "-o");
    ASSERT_REFUSED("--output: needs a value, FILE", "-o=");
    ASSERT_REFUSED("--output: needs a value, FILE (if it is --json, write --output=...)", "-o",
                   "--json");
    ASSERT_REFUSED("-qx: --quick takes no value", "-qx");
    ASSERT_REFUSED("-x: no such option of look; mcbench look --help", "-xo");
}

static void a_letter_is_shown_with_its_option(void **state)
{
    (void)state;
    static const struct mcb_command_example none[] = {{NULL, NULL}};
    const struct mcb_command command = {"look",    "[options]", "looks", none,
                                        &wordless, NULL,        NULL,    NULL};
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    mcb_arguments_print_help(stream, &command);
    mcb_arguments_print_man(stream, &command);
    mcb_arguments_print_completion(stream, &command, 1);
    assert_int_equal(fclose(stream), 0);
    assert_non_null(strstr(text, "  -o, --output FILE     where it goes\n"));
    assert_non_null(
        strstr(text, "\n\\fB\\-o\\fR, \\fB\\-\\-output\\fR \\fIFILE\\fR\nwhere it goes\n"));
    assert_non_null(strstr(text, "        -o | --output) mapfile -t COMPREPLY < <(compgen -f"));
    assert_non_null(strstr(text, " -o --output -q --quick'"));
    free(text);
}

static void a_very_long_word_is_refused_with_a_short_message(void **state)
{
    (void)state;
    static char word[1 << 20];
    struct mcb_error error;
    struct values values;
    size_t count;
    for (int fill = 0; fill < 2; fill++) {
        memset(word, '-', 2);
        memset(word + 2, "-s"[fill], sizeof word - 3);
        assert_int_equal(parse(&wordless, WORDS(word), &values, &count, &error), -1);
        assert_true(strlen(error.detail) < 200);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_go_to_their_members),
        cmocka_unit_test(what_is_not_given_stays_as_it_was),
        cmocka_unit_test(words_are_gathered_in_their_order),
        cmocka_unit_test(a_wrong_option_is_named_with_the_nearest),
        cmocka_unit_test(a_missing_or_misplaced_value_is_said),
        cmocka_unit_test(too_many_or_too_few_words_are_refused_with_the_rule),
        cmocka_unit_test(a_letter_stands_for_its_option),
        cmocka_unit_test(a_letter_is_held_to_the_rules_of_its_option),
        cmocka_unit_test(a_letter_is_shown_with_its_option),
        cmocka_unit_test(a_very_long_word_is_refused_with_a_short_message),
    };
    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
