/* SPDX-License-Identifier: Apache-2.0 */
/* The language of rules: what each means, and how a wrong one is told. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/plan/rule.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static struct mcb_rules rules; /* too large for a stack */

static void parse(const char *text)
{
    struct mcb_error error;
    rules.count = 0;
    if (mcb_rules_parse(text, "--expect", &rules, &error) != 0)
        fail_msg("%s: %s", text, error.detail);
}

static const struct mcb_rule *parse_one(const char *text)
{
    parse(text);
    assert_int_equal(rules.count, 1);
    return &rules.list[0];
}

/* The whole detail. */
static void assert_refused(const char *text, const char *expected)
{
    struct mcb_error error = {MCB_FAULT_NONE, ""};
    rules.count = 0;
    if (mcb_rules_parse(text, "--expect", &rules, &error) == 0)
        fail_msg("%s was taken", text);
    assert_int_equal(error.code, MCB_FAULT_USE_RULE);
    assert_string_equal(error.detail, expected);
    assert_int_equal(rules.count, 0);
}

static void assert_begins(const char *text, const char *start)
{
    if (strncmp(text, start, strlen(start)) != 0)
        fail_msg("'%s' does not begin with '%s'", text, start);
}

static void each_figure_comparison_and_unit_means_what_it_says(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum mcb_rule_figure figure;
        enum mcb_rule_comparison comparison;
        enum mcb_rule_reference reference;
        double bound;
    } rows[] = {
        {"verified", MCB_RULE_VERIFIED, 0, MCB_RULE_NUMBER, 0},
        {"bandwidth >= 90% of ceiling", MCB_RULE_BANDWIDTH, MCB_RULE_AT_LEAST, MCB_RULE_CEILING,
         0.9},
        {"bandwidth.median > 380 Gbit/s", MCB_RULE_BANDWIDTH, MCB_RULE_ABOVE, MCB_RULE_NUMBER, 380},
        {"bandwidth.low >= 45.5GB/s", MCB_RULE_BANDWIDTH_LOW, MCB_RULE_AT_LEAST, MCB_RULE_NUMBER,
         364},
        {"message_rate >= 3 Mop/s", MCB_RULE_MESSAGE_RATE, MCB_RULE_AT_LEAST, MCB_RULE_NUMBER, 3},
        {"latency.min < 2us", MCB_RULE_LATENCY_MIN, MCB_RULE_BELOW, MCB_RULE_NUMBER, 2},
        {"latency.p50 <= 2µs", MCB_RULE_LATENCY_P50, MCB_RULE_AT_MOST, MCB_RULE_NUMBER, 2},
        {"latency.p90<=2 \u03bcs", MCB_RULE_LATENCY_P90, MCB_RULE_AT_MOST, MCB_RULE_NUMBER, 2},
        {"latency.p99 <= 0.5ms", MCB_RULE_LATENCY_P99, MCB_RULE_AT_MOST, MCB_RULE_NUMBER, 500},
        {"latency.p999 <= 150% of median", MCB_RULE_LATENCY_P999, MCB_RULE_AT_MOST, MCB_RULE_MEDIAN,
         1.5},
        {"latency.max <= 1ms", MCB_RULE_LATENCY_MAX, MCB_RULE_AT_MOST, MCB_RULE_NUMBER, 1000},
        {"latency.mean <= 9us", MCB_RULE_LATENCY_MEAN, MCB_RULE_AT_MOST, MCB_RULE_NUMBER, 9},
        {"gpu >= 95 % of cpu", MCB_RULE_GPU, MCB_RULE_AT_LEAST, MCB_RULE_CPU, 0.95},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        const struct mcb_rule *rule = parse_one(rows[i].text);
        assert_string_equal(rule->text, rows[i].text);
        assert_int_equal(rule->figure, rows[i].figure);
        assert_int_equal(rule->comparison, rows[i].comparison);
        assert_int_equal(rule->reference, rows[i].reference);
        assert_true(fabs(rule->bound - rows[i].bound) < 1e-9);
        assert_int_equal(rule->condition_count, 0);
    }
}

static void each_condition_means_what_it_says(void **state)
{
    (void)state;
    const struct mcb_rule *rule =
        parse_one("verified where operation=send and route = staged and memory=gpu and ordering=on "
                  "and host=n* and nic=mlx5_? and size >= 64KiB and directions=both");
    static const char *const names[] = {"send", "staged", "gpu", "on", "n*", "mlx5_?", "", "both"};
    assert_int_equal(rule->condition_count, 8);
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(rule->conditions[i].key, i);
        assert_string_equal(rule->conditions[i].name, names[i]);
        assert_int_equal(rule->conditions[i].comparison,
                         i == MCB_RULE_SIZE ? MCB_RULE_AT_LEAST : MCB_RULE_EQUAL);
        assert_int_equal(rule->conditions[i].size_bytes, i == MCB_RULE_SIZE ? 65536 : 0);
    }
}

static void rules_are_several_with_a_semicolon_between(void **state)
{
    (void)state;
    parse("  verified;\tbandwidth\n>= 90% of ceiling  ;latency.p99 <= 5us where size = 8B ");
    assert_int_equal(rules.count, 3);
    assert_string_equal(rules.list[0].text, "verified");
    assert_string_equal(rules.list[1].text, "bandwidth >= 90% of ceiling");
    assert_string_equal(rules.list[2].text, "latency.p99 <= 5us where size = 8B");
}

static void rules_are_added_all_or_none(void **state)
{
    (void)state;
    struct mcb_error error;
    parse("verified");
    assert_int_equal(mcb_rules_parse("latency.p50 <= 1us; latency.p5", "x", &rules, &error), -1);
    assert_int_equal(rules.count, 1);
    assert_int_equal(mcb_rules_parse("latency.p50 <= 1us", "x", &rules, &error), 0);
    assert_int_equal(rules.count, 2);
    assert_int_equal(rules.list[1].figure, MCB_RULE_LATENCY_P50);
}

static void the_place_of_a_mistake_has_a_caret_below(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"bandwith >= 90% of ceiling", "'bandwith' is not a figure (did you mean bandwidth?)\n"
                                       "  bandwith >= 90% of ceiling\n"
                                       "  ^"},
        {"latency <= 5us", "'latency' is not a figure; latency.min, latency.p50, latency.p90, "
                           "latency.p99, latency.p999, latency.max or latency.mean\n"
                           "  latency <= 5us\n"
                           "  ^"},
        {"bandwidth = 5 Gbit/s", "a comparison was expected: >=, <=, > or <\n"
                                 "  bandwidth = 5 Gbit/s\n"
                                 "            ^"},
        {"bandwidth >= ninety", "a number was expected, such as 90 or 2.5\n"
                                "  bandwidth >= ninety\n"
                                "               ^"},
        {"bandwidth >= -5 Gbit/s", "a number was expected, such as 90 or 2.5\n"
                                   "  bandwidth >= -5 Gbit/s\n"
                                   "               ^"},
        {"bandwidth >= 90 of ceiling", "'%' or a unit was expected: Gbit/s or GB/s\n"
                                       "  bandwidth >= 90 of ceiling\n"
                                       "                  ^"},
        {"bandwidth >= 90 Gb/s", "'Gb/s' is not a unit of this figure (did you mean Gbit/s?)\n"
                                 "  bandwidth >= 90 Gb/s\n"
                                 "                  ^"},
        {"bandwidth >= 90us", "'us' is not a unit of this figure; Gbit/s or GB/s\n"
                              "  bandwidth >= 90us\n"
                              "                 ^"},
        {"latency.p99 <= 5", "'%' or a unit was expected: us, µs or ms\n"
                             "  latency.p99 <= 5\n"
                             "                  ^"},
        {"latency.p99 <= 90% of ceiling", "'ceiling' is not a reference of this figure; median\n"
                                          "  latency.p99 <= 90% of ceiling\n"
                                          "                        ^"},
        {"bandwidth >= 90% ceiling", "'of' was expected\n"
                                     "  bandwidth >= 90% ceiling\n"
                                     "                   ^"},
        {"gpu >= 95 Gbit/s", "'%' was expected, as in gpu >= 95% of cpu\n"
                             "  gpu >= 95 Gbit/s\n"
                             "            ^"},
        {"verified were size > 1KiB", "'where' or ';' was expected (did you mean where?)\n"
                                      "  verified were size > 1KiB\n"
                                      "           ^"},
        {"verified where size > 1KiB, nic=a", "'and' or ';' was expected\n"
                                              "  verified where size > 1KiB, nic=a\n"
                                              "                            ^"},
        {"verified where sice > 1KiB",
         "'sice' is not something that a condition can ask for (did you mean size?)\n"
         "  verified where sice > 1KiB\n"
         "                 ^"},
        {"verified where size ~ 1KiB", "a comparison was expected: =, >=, <=, > or <\n"
                                       "  verified where size ~ 1KiB\n"
                                       "                      ^"},
        {"verified where size > big", "'big' is not a size; write 64KiB or 8B\n"
                                      "  verified where size > big\n"
                                      "                        ^"},
        {"verified where operation=wrte", "'wrte' is not a value of operation (did you mean "
                                          "write?)\n"
                                          "  verified where operation=wrte\n"
                                          "                           ^"},
        {"verified where nic >= mlx5_0", "'=' was expected\n"
                                         "  verified where nic >= mlx5_0\n"
                                         "                     ^"},
        {"verified where nic=", "a name was expected; it may have * and ?\n"
                                "  verified where nic=\n"
                                "                     ^"},
        {"verified;", "a figure was expected: bandwidth, bandwidth.median, bandwidth.low, "
                      "message_rate, latency.min, latency.p50, latency.p90, latency.p99, "
                      "latency.p999, latency.max, latency.mean, gpu or verified\n"
                      "  verified;\n"
                      "           ^"},
        {"latency.p99 <= 5µs; verifed", "'verifed' is not a figure (did you mean verified?)\n"
                                        "  latency.p99 <= 5µs; verifed\n"
                                        "                      ^"},
        {"a\tb", "'a' is not a figure; bandwidth, bandwidth.median, bandwidth.low, message_rate, "
                 "latency.min, latency.p50, latency.p90, latency.p99, latency.p999, latency.max, "
                 "latency.mean, gpu or verified\n"
                 "  a b\n"
                 "  ^"},
        {"verified \x1b[2J", "a control character\n"
                             "  verified ?[2J\n"
                             "           ^"},
        {"verified \xff", "this is not UTF-8\n"
                          "  verified ?\n"
                          "           ^"},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        char expected[MCB_ERROR_DETAIL_MAX];
        snprintf(expected, sizeof expected, "--expect: %s", rows[i][1]);
        assert_refused(rows[i][0], expected);
    }
}

static void of_a_long_text_the_part_around_the_place_is_shown(void **state)
{
    (void)state;
    assert_refused(
        "bandwidth >= 90% of ceiling where nic=mlx5_* and operation=write; "
        "latency.p98 <= 5us where operation=read and size = 64KiB and nic=mlx5_*",
        "--expect: 'latency.p98' is not a figure (did you mean latency.p90?)\n"
        "  … of ceiling where nic=mlx5_* and operation=write; latency.p98 <= 5us where…\n"
        "                                                     ^");
}

/* A text of one character, many times. */
static char *many(const char *character, size_t count)
{
    size_t bytes = strlen(character);
    char *text = malloc(count * bytes + 1);
    assert_non_null(text);
    for (size_t i = 0; i < count; i++)
        memcpy(text + i * bytes, character, bytes);
    text[count * bytes] = '\0';
    return text;
}

static void however_long_the_text_the_message_is_whole(void **state)
{
    (void)state;
    static const char *const characters[] = {"x", "é", "→", "𝄞", "9"};
    for (size_t i = 0; i < LENGTH(characters); i++)
        for (size_t count = 1; count <= 100000; count *= 10) {
            struct mcb_error error = {MCB_FAULT_NONE, ""};
            char *text = many(characters[i], count), *name = many("n", count);
            rules.count = 0;
            assert_int_equal(mcb_rules_parse(text, name, &rules, &error), -1);
            assert_int_equal(error.code, MCB_FAULT_USE_RULE);
            assert_string_equal(error.detail + strlen(error.detail) - 4, "\n  ^");
            free(name);
            free(text);
        }
}

static void however_long_the_text_before_the_place_the_message_is_whole(void **state)
{
    (void)state;
    struct mcb_error error = {MCB_FAULT_NONE, ""};
    char *name = many("→", 42), *behind = many("→", 1000), text[4000];
    snprintf(text, sizeof text, "verified where nic=%s %s", name, behind);
    rules.count = 0;
    assert_int_equal(mcb_rules_parse(text, behind, &rules, &error), -1);
    assert_non_null(strstr(error.detail, "→: 'and' or ';' was expected\n  …"));
    assert_string_equal(error.detail + strlen(error.detail) - 5, "    ^");
    free(behind);
    free(name);
}

static void what_is_too_much_is_refused(void **state)
{
    (void)state;
    struct mcb_error error;
    char *text = many("verified;", MCB_RULES_MAX);
    rules.count = 0;
    text[strlen(text) - 1] = '\0';
    assert_int_equal(mcb_rules_parse(text, "x", &rules, &error), 0);
    assert_int_equal(rules.count, MCB_RULES_MAX);
    assert_int_equal(mcb_rules_parse("verified", "x", &rules, &error), -1);
    assert_string_equal(error.detail, "x: no more than 64 rules\n  verified\n  ^");
    free(text);

    rules.count = 0;
    assert_int_equal(
        mcb_rules_parse("bandwidth >= 123456789012345678901234 Gbit/s", "x", &rules, &error), -1);
    assert_begins(error.detail, "x: a number of more than 23 digits\n");

    char *wide = many(" ", 600), *rule = malloc(700);
    assert_non_null(rule);
    snprintf(rule, 700, "%sverified%s", wide, wide); /* blanks at the ends are no part of it */
    assert_int_equal(mcb_rules_parse(rule, "x", &rules, &error), 0);
    snprintf(rule, 700, "verified%swhere size = 1B", wide);
    assert_int_equal(mcb_rules_parse(rule, "x", &rules, &error), -1);
    assert_begins(error.detail, "x: a rule of more than 511 bytes\n");
    free(rule);
    free(wide);

    char *name = many("m", MCB_RULE_NAME_MAX), nine[512] = "verified where nic=a";
    char named[256];
    snprintf(named, sizeof named, "verified where nic=%s", name);
    assert_int_equal(mcb_rules_parse(named, "x", &rules, &error), -1);
    assert_begins(error.detail, "x: a name of more than 127 bytes\n");
    named[strlen(named) - 1] = '\0';
    assert_int_equal(mcb_rules_parse(named, "x", &rules, &error), 0);
    free(name);
    for (size_t i = 1; i <= MCB_RULE_CONDITIONS_MAX; i++)
        strcat(nine, " and nic=a");
    assert_int_equal(mcb_rules_parse(nine, "x", &rules, &error), -1);
    assert_begins(error.detail, "x: a rule has no more than 8 conditions\n");
}

/* Pieces of rules in any order, now and then with a byte that is any. */
static void random_text(char text[512])
{
    static const char *const pieces[] = {
        "bandwidth", "latency.p99", "gpu",     "verified", " >= ",
        "<=",        "=",           "90",      "%",        " of ",
        "ceiling",   "cpu",         " where ", " and ",    "5",
        "Gbit/s",    "µs",          ";",       "size",     "64KiB",
        "route",     "direct",      "nic",     "*",        "message_rate",
        " "};
    text[0] = '\0';
    for (long count = random() % 24; count > 0; count--)
        strcat(text, pieces[(size_t)random() % LENGTH(pieces)]);
    if (text[0] && random() % 4 == 0)
        text[(size_t)random() % strlen(text)] = (char)(1 + random() % 255);
}

static void what_is_taken_means_the_same_when_it_is_read_again(void **state)
{
    (void)state;
    struct mcb_rules *again = malloc(sizeof *again);
    size_t taken = 0;
    assert_non_null(again);
    srandom(1);
    for (size_t i = 0; i < 200000; i++) {
        struct mcb_error error = {MCB_FAULT_NONE, ""};
        char text[512];
        random_text(text);
        rules.count = again->count = 0;
        if (mcb_rules_parse(text, "--expect", &rules, &error) != 0) {
            assert_int_equal(error.code, MCB_FAULT_USE_RULE);
            assert_true(strlen(error.detail) < sizeof error.detail - 1);
            assert_string_equal(strrchr(error.detail, '^'), "^");
            continue;
        }
        taken++;
        for (size_t k = 0; k < rules.count; k++)
            assert_int_equal(mcb_rules_parse(rules.list[k].text, "", again, &error), 0);
        assert_true(mcb_rules_are_same(&rules, again));
    }
    assert_true(taken > 100);
    free(again);
}

static void rules_are_the_same_by_what_they_say(void **state)
{
    (void)state;
    static const struct {
        const char *one, *other;
        bool same;
    } rows[] = {
        {"bandwidth >= 8 Gbit/s", "bandwidth.median >= 1GB/s", true},
        {"latency.p99 <= 1ms where size = 1KiB", " latency.p99<=1000 us where size=1024B ", true},
        {"verified; gpu >= 1% of cpu", "verified;gpu >= 1 % of cpu", true},
        {"verified; gpu >= 1% of cpu", "gpu >= 1% of cpu; verified", false},
        {"bandwidth >= 8 Gbit/s", "bandwidth > 8 Gbit/s", false},
        {"bandwidth >= 8 Gbit/s", "bandwidth >= 9 Gbit/s", false},
        {"bandwidth >= 90% of median", "bandwidth >= 90% of ceiling", false},
        {"bandwidth >= 8 Gbit/s", "bandwidth.low >= 8 Gbit/s", false},
        {"verified", "verified where size > 1B", false},
        {"verified where size > 1B", "verified where size >= 1B", false},
        {"verified where size > 1B", "verified where size > 2B", false},
        {"verified where nic=a", "verified where host=a", false},
        {"verified where nic=a", "verified where nic=b", false},
        {"verified", "verified; verified", false},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct mcb_rules *first = malloc(sizeof *first);
        assert_non_null(first);
        parse(rows[i].one);
        *first = rules;
        parse(rows[i].other);
        if (mcb_rules_are_same(first, &rules) != rows[i].same)
            fail_msg("%s and %s", rows[i].one, rows[i].other);
        free(first);
    }
}

static void a_pattern_fits_all_of_a_text(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *text;
        bool fits;
    } rows[] = {
        {"mlx5_0", "mlx5_0", true},
        {"mlx5_0", "mlx5_01", false},
        {"mlx5_0", "mlx5_", false},
        {"mlx5_?", "mlx5_3", true},
        {"mlx5_?", "mlx5_", false},
        {"?", "é", true},
        {"??", "é", false},
        {"*", "", true},
        {"*", "any", true},
        {"", "", true},
        {"", "a", false},
        {"*MT4129*", "board MT4129 x", true},
        {"*MT4129*", "board MT412", false},
        {"a*b*c", "a-b-b-c", true},
        {"a*b*c", "a-c-b", false},
        {"*é", "aéé", true},
        {"*ab", "aab", true},
        {"NVIDIA H100*", "NVIDIA H100 80GB", true},
        {"a**", "a", true},
        {"*a?", "aaéa", false},
    };
    for (size_t i = 0; i < LENGTH(rows); i++)
        if (mcb_rule_fits(rows[i].pattern, rows[i].text) != rows[i].fits)
            fail_msg("%s on %s", rows[i].pattern, rows[i].text);
}

static void a_pattern_of_many_stars_ends_soon(void **state)
{
    (void)state;
    char *text = many("a", 100000);
    assert_false(mcb_rule_fits("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", text));
    free(text);
}

static void a_rule_names_its_unit(void **state)
{
    (void)state;
    static const struct {
        const char *text, *unit;
        bool of_latency;
    } rows[] = {
        {"bandwidth.median >= 1 Gbit/s", "Gbit/s", false},
        {"bandwidth.low >= 1 Gbit/s", "Gbit/s", false},
        {"message_rate >= 1 Mop/s", "Mop/s", false},
        {"latency.p999 <= 1us", "µs", true},
        {"gpu >= 95% of cpu", "Gbit/s", false},
        {"gpu > 95% of cpu", "Gbit/s", false},
        {"gpu <= 120% of cpu", "µs", true},
        {"gpu < 120% of cpu", "µs", true},
        {"verified", "", false},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        const struct mcb_rule *rule = parse_one(rows[i].text);
        assert_string_equal(mcb_rule_unit(rule), rows[i].unit);
        assert_int_equal(mcb_rule_is_of_latency(rule), rows[i].of_latency);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_figure_comparison_and_unit_means_what_it_says),
        cmocka_unit_test(each_condition_means_what_it_says),
        cmocka_unit_test(rules_are_several_with_a_semicolon_between),
        cmocka_unit_test(rules_are_added_all_or_none),
        cmocka_unit_test(the_place_of_a_mistake_has_a_caret_below),
        cmocka_unit_test(of_a_long_text_the_part_around_the_place_is_shown),
        cmocka_unit_test(however_long_the_text_the_message_is_whole),
        cmocka_unit_test(however_long_the_text_before_the_place_the_message_is_whole),
        cmocka_unit_test(what_is_too_much_is_refused),
        cmocka_unit_test(what_is_taken_means_the_same_when_it_is_read_again),
        cmocka_unit_test(rules_are_the_same_by_what_they_say),
        cmocka_unit_test(a_pattern_fits_all_of_a_text),
        cmocka_unit_test(a_pattern_of_many_stars_ends_soon),
        cmocka_unit_test(a_rule_names_its_unit),
    };
    return cmocka_run_group_tests_name("rule", tests, NULL, NULL);
}
