/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The grammar of rule.h, read from left to right: one function a production, and tables of the
 * words that may stand in a place. A word that is in none of them is refused by the table, which
 * knows what was meant.
 */
#include "bench/plan/rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/plan/rule_scanner.h"
#include "bench/plan/rule_vocabulary.h"
#include "common/suggest.h"
#include "common/units.h"

enum { NUMBER_MAX = 24, SIZE_MAX_BYTES = 32 };

/* ---- the words ---- */

enum kind { OF_BANDWIDTH, OF_RATE, OF_LATENCY, OF_GPU, OF_NOTHING };

static const struct {
    const char *name;
    enum mcb_rule_figure figure;
    enum kind kind;
} figures[] = {
    {"bandwidth", MCB_RULE_BANDWIDTH, OF_BANDWIDTH},
    {"bandwidth.median", MCB_RULE_BANDWIDTH, OF_BANDWIDTH},
    {"bandwidth.low", MCB_RULE_BANDWIDTH_LOW, OF_BANDWIDTH},
    {"message_rate", MCB_RULE_MESSAGE_RATE, OF_RATE},
    {"latency.min", MCB_RULE_LATENCY_MIN, OF_LATENCY},
    {"latency.p50", MCB_RULE_LATENCY_P50, OF_LATENCY},
    {"latency.p90", MCB_RULE_LATENCY_P90, OF_LATENCY},
    {"latency.p99", MCB_RULE_LATENCY_P99, OF_LATENCY},
    {"latency.p999", MCB_RULE_LATENCY_P999, OF_LATENCY},
    {"latency.max", MCB_RULE_LATENCY_MAX, OF_LATENCY},
    {"latency.mean", MCB_RULE_LATENCY_MEAN, OF_LATENCY},
    {"gpu", MCB_RULE_GPU, OF_GPU},
    {"verified", MCB_RULE_VERIFIED, OF_NOTHING},
};

static const struct {
    const char *name;
    enum kind kind;
    double factor; /* to Gbit/s, Mop/s, µs */
} units[] = {
    {"Gbit/s", OF_BANDWIDTH, 1}, {"GB/s", OF_BANDWIDTH, 8},  {"Mop/s", OF_RATE, 1},
    {"us", OF_LATENCY, 1},       {"\u00b5s", OF_LATENCY, 1}, {"\u03bcs", OF_LATENCY, 1},
    {"ms", OF_LATENCY, 1000},
};

/* What others call a unit. That GB/s is the nearest word to Gb/s misleads by a factor of 8. */
static const char *const other_units[][2] = {
    {"Gb/s", "Gbit/s"}, {"Gbps", "Gbit/s"}, {"gbps", "Gbit/s"},
    {"gb/s", "Gbit/s"}, {"GBps", "GB/s"},   {"Mpps", "Mop/s"},
};

static const struct {
    const char *name;
    enum mcb_rule_reference reference;
    bool of[OF_NOTHING]; /* which kinds have it */
} references[] = {
    {"ceiling", MCB_RULE_CEILING, {[OF_BANDWIDTH] = true}},
    {"median", MCB_RULE_MEDIAN, {[OF_BANDWIDTH] = true, [OF_RATE] = true, [OF_LATENCY] = true}},
    {"cpu", MCB_RULE_CPU, {[OF_GPU] = true}},
};

/* The longer ones first. Of figures all but the last. */
static const struct {
    const char *text;
    enum mcb_rule_comparison comparison;
} comparisons[] = {
    {">=", MCB_RULE_AT_LEAST}, {"<=", MCB_RULE_AT_MOST}, {">", MCB_RULE_ABOVE},
    {"<", MCB_RULE_BELOW},     {"=", MCB_RULE_EQUAL},
};

static const struct {
    const char *name;
    const char *values[4]; /* none: a name, or a size */
} keys[MCB_RULE_KEYS] = {
    [MCB_RULE_OPERATION] = {"operation", {"write", "read", "send"}},
    [MCB_RULE_ROUTE] = {"route", {"direct", "staged", "host"}},
    [MCB_RULE_MEMORY] = {"memory", {"cpu", "gpu"}},
    [MCB_RULE_ORDERING] = {"ordering", {"off", "on", "auto"}},
    [MCB_RULE_HOST] = {"host", {NULL}},
    [MCB_RULE_NIC] = {"nic", {NULL}},
    [MCB_RULE_SIZE] = {"size", {NULL}},
    [MCB_RULE_DIRECTIONS] = {"directions", {"one", "both"}},
};

enum {
    FIGURES = sizeof figures / sizeof *figures,
    UNITS = sizeof units / sizeof *units,
    OTHER_UNITS = sizeof other_units / sizeof *other_units,
    REFERENCES = sizeof references / sizeof *references,
    COMPARISONS = sizeof comparisons / sizeof *comparisons,
};

/* ---- what a rule is ---- */

static enum kind kind_of(enum mcb_rule_figure figure)
{
    size_t i = 0;
    while (i + 1 < FIGURES && figures[i].figure != figure)
        i++;
    return figures[i].kind;
}

static bool bounds_from_above(enum mcb_rule_comparison comparison)
{
    return comparison == MCB_RULE_AT_MOST || comparison == MCB_RULE_BELOW;
}

bool mcb_rule_is_of_latency(const struct mcb_rule *rule)
{
    enum kind kind = kind_of(rule->figure);
    return kind == OF_LATENCY || (kind == OF_GPU && bounds_from_above(rule->comparison));
}

const char *mcb_rule_unit(const struct mcb_rule *rule)
{
    static const char *const texts[] = {
        [OF_BANDWIDTH] = "Gbit/s", [OF_RATE] = "Mop/s", [OF_LATENCY] = "µs", [OF_NOTHING] = ""};
    enum kind kind = kind_of(rule->figure);
    if (kind == OF_GPU)
        kind = mcb_rule_is_of_latency(rule) ? OF_LATENCY : OF_BANDWIDTH;
    return texts[kind];
}

static bool is_same_condition(const struct mcb_rule_condition *one,
                              const struct mcb_rule_condition *other)
{
    return one->key == other->key && one->comparison == other->comparison &&
           one->size_bytes == other->size_bytes && strcmp(one->name, other->name) == 0;
}

static bool is_same(const struct mcb_rule *one, const struct mcb_rule *other)
{
    if (one->figure != other->figure || one->comparison != other->comparison ||
        one->reference != other->reference || one->bound != other->bound ||
        one->condition_count != other->condition_count)
        return false;
    for (size_t i = 0; i < one->condition_count; i++)
        if (!is_same_condition(&one->conditions[i], &other->conditions[i]))
            return false;
    return true;
}

bool mcb_rules_are_same(const struct mcb_rules *one, const struct mcb_rules *other)
{
    if (one->count != other->count)
        return false;
    for (size_t i = 0; i < one->count; i++)
        if (!is_same(&one->list[i], &other->list[i]))
            return false;
    return true;
}

static const char *next_character(const char *at)
{
    do
        at++;
    while (((unsigned char)*at & 0xc0) == 0x80);
    return at;
}

/* Behind the last * the rest of the pattern is tried at one place of the text after the other. */
bool mcb_rule_fits(const char *pattern, const char *text)
{
    const char *after_star = NULL, *tried = NULL;
    while (*text) {
        if (*pattern == '*') {
            after_star = ++pattern;
            tried = text;
        } else if (*pattern == '?') {
            pattern++;
            text = next_character(text);
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (after_star) {
            pattern = after_star;
            text = tried = next_character(tried);
        } else {
            return false;
        }
    }
    return pattern[strspn(pattern, "*")] == '\0';
}

/* ---- numbers ---- */

static int take_number(struct mcb_rule_scanner *scanner, double *number)
{
    char digits[NUMBER_MAX];
    struct mcb_rule_word word = mcb_rule_scanner_number(scanner);
    if (word.length == 0)
        return mcb_rule_scanner_fail(scanner, word.start,
                                     "a number was expected, such as 90 or "
                                     "2.5");
    if (!mcb_rule_word_copy(word, digits, sizeof digits))
        return mcb_rule_scanner_fail(scanner, word.start, "a number of more than %d digits",
                                     NUMBER_MAX - 1);
    *number = strtod(digits, NULL);
    return 0;
}

static int refuse_unit(struct mcb_rule_scanner *scanner, struct mcb_rule_word word, enum kind kind)
{
    struct mcb_rule_vocabulary vocabulary = {.what = "a unit of this figure"};
    char shown[MCB_RULE_SHOWN_MAX], list[MCB_RULE_LIST_MAX];
    for (size_t i = 0; i < UNITS; i++)
        if (units[i].kind == kind && strcmp(units[i].name, "\u03bcs") != 0)
            mcb_rule_vocabulary_add(&vocabulary, units[i].name);
    mcb_rule_vocabulary_list(&vocabulary, "", list);
    for (size_t i = 0; i < OTHER_UNITS; i++)
        if (mcb_rule_word_is(word, other_units[i][0]) && strstr(list, other_units[i][1]))
            return mcb_rule_scanner_fail(scanner, word.start,
                                         "'%s' is not a unit of this figure (did you mean %s?)",
                                         other_units[i][0], other_units[i][1]);
    if (word.length == 0 || mcb_rule_word_is(word, "of"))
        return mcb_rule_scanner_fail(scanner, word.start, "'%%' or a unit was expected: %s", list);
    return mcb_rule_scanner_fail(scanner, word.start, "'%s' is not a unit of this figure; %s",
                                 mcb_rule_word_show(word, shown), list);
}

static int take_unit(struct mcb_rule_scanner *scanner, enum kind kind, double *factor)
{
    struct mcb_rule_word word = mcb_rule_scanner_word(scanner);
    if (kind == OF_GPU)
        return mcb_rule_scanner_fail(scanner, word.start,
                                     "'%%' was expected, as in gpu >= 95%% of cpu");
    for (size_t i = 0; i < UNITS; i++)
        if (units[i].kind == kind && mcb_rule_word_is(word, units[i].name)) {
            *factor = units[i].factor;
            return 0;
        }
    return refuse_unit(scanner, word, kind);
}

/* ---- the claim ---- */

/* of_figure: without "=", which is of conditions. */
static int take_comparison(struct mcb_rule_scanner *scanner, bool of_figure,
                           enum mcb_rule_comparison *comparison)
{
    const char *place = mcb_rule_scanner_skip(scanner);
    for (size_t i = 0; i < COMPARISONS; i++) {
        if (comparisons[i].comparison == MCB_RULE_EQUAL && of_figure)
            break;
        if (mcb_rule_scanner_take(scanner, comparisons[i].text)) {
            *comparison = comparisons[i].comparison;
            return 0;
        }
    }
    return mcb_rule_scanner_fail(scanner, place, "a comparison was expected: %s>=, <=, > or <",
                                 of_figure ? "" : "=, ");
}

static int take_reference(struct mcb_rule_scanner *scanner, enum kind kind,
                          enum mcb_rule_reference *reference)
{
    struct mcb_rule_vocabulary vocabulary = {.what = "a reference of this figure"};
    struct mcb_rule_word word = mcb_rule_scanner_word(scanner);
    if (!mcb_rule_word_is(word, "of"))
        return mcb_rule_scanner_fail(scanner, word.start, "'of' was expected");
    word = mcb_rule_scanner_word(scanner);
    for (size_t i = 0; i < REFERENCES; i++) {
        if (!references[i].of[kind])
            continue;
        if (mcb_rule_word_is(word, references[i].name)) {
            *reference = references[i].reference;
            return 0;
        }
        mcb_rule_vocabulary_add(&vocabulary, references[i].name);
    }
    return mcb_rule_vocabulary_refuse(&vocabulary, scanner, word);
}

/* comparison number ( unit | "%" "of" reference ) */
static int take_bound(struct mcb_rule_scanner *scanner, enum kind kind, struct mcb_rule *rule)
{
    double number = 0, factor = 0;
    if (take_comparison(scanner, true, &rule->comparison) != 0 ||
        take_number(scanner, &number) != 0)
        return -1;
    bool part = mcb_rule_scanner_take(scanner, "%");
    if (part ? take_reference(scanner, kind, &rule->reference) != 0
             : take_unit(scanner, kind, &factor) != 0)
        return -1;
    rule->bound = part ? number / 100 : number * factor;
    return 0;
}

static int take_claim(struct mcb_rule_scanner *scanner, struct mcb_rule *rule)
{
    struct mcb_rule_vocabulary vocabulary = {.what = "a figure"};
    struct mcb_rule_word word = mcb_rule_scanner_word(scanner);
    for (size_t i = 0; i < FIGURES; i++) {
        if (mcb_rule_word_is(word, figures[i].name)) {
            rule->figure = figures[i].figure;
            return figures[i].kind == OF_NOTHING ? 0 : take_bound(scanner, figures[i].kind, rule);
        }
        mcb_rule_vocabulary_add(&vocabulary, figures[i].name);
    }
    return mcb_rule_vocabulary_refuse(&vocabulary, scanner, word);
}

/* ---- conditions ---- */

static int take_size(struct mcb_rule_scanner *scanner, struct mcb_rule_condition *condition)
{
    char text[SIZE_MAX_BYTES], shown[MCB_RULE_SHOWN_MAX];
    struct mcb_rule_word word = mcb_rule_scanner_word(scanner);
    if (word.length == 0)
        return mcb_rule_scanner_fail(scanner, word.start, "a size was expected, such as 64KiB");
    if (!mcb_rule_word_copy(word, text, sizeof text) ||
        mcb_units_parse_size(text, &condition->size_bytes) != 0)
        return mcb_rule_scanner_fail(scanner, word.start, "'%s' is not a size; write 64KiB or 8B",
                                     mcb_rule_word_show(word, shown));
    return 0;
}

/* One of the words of the key, or of a key without any a name. */
static int take_value(struct mcb_rule_scanner *scanner, struct mcb_rule_condition *condition)
{
    char what[64];
    struct mcb_rule_vocabulary vocabulary = {.what = what};
    const char *const *values = keys[condition->key].values;
    struct mcb_rule_word word = mcb_rule_scanner_word(scanner);
    snprintf(what, sizeof what, "a value of %s", keys[condition->key].name);
    bool known = !*values && word.length > 0;
    for (; *values; values++) {
        known |= mcb_rule_word_is(word, *values);
        mcb_rule_vocabulary_add(&vocabulary, *values);
    }
    if (!known && vocabulary.count > 0)
        return mcb_rule_vocabulary_refuse(&vocabulary, scanner, word);
    if (!known)
        return mcb_rule_scanner_fail(scanner, word.start,
                                     "a name was expected; it may have * and ?");
    if (!mcb_rule_word_copy(word, condition->name, sizeof condition->name))
        return mcb_rule_scanner_fail(scanner, word.start, "a name of more than %d bytes",
                                     MCB_RULE_NAME_MAX - 1);
    return 0;
}

static int take_key(struct mcb_rule_scanner *scanner, enum mcb_rule_key *key)
{
    struct mcb_rule_vocabulary vocabulary = {.what = "something that a condition can ask for"};
    struct mcb_rule_word word = mcb_rule_scanner_word(scanner);
    for (int i = 0; i < MCB_RULE_KEYS; i++) {
        if (mcb_rule_word_is(word, keys[i].name)) {
            *key = (enum mcb_rule_key)i;
            return 0;
        }
        mcb_rule_vocabulary_add(&vocabulary, keys[i].name);
    }
    return mcb_rule_vocabulary_refuse(&vocabulary, scanner, word);
}

static int take_condition(struct mcb_rule_scanner *scanner, struct mcb_rule *rule)
{
    const char *place = mcb_rule_scanner_skip(scanner);
    if (rule->condition_count == MCB_RULE_CONDITIONS_MAX)
        return mcb_rule_scanner_fail(scanner, place, "a rule has no more than %d conditions",
                                     MCB_RULE_CONDITIONS_MAX);
    struct mcb_rule_condition condition = {.comparison = MCB_RULE_EQUAL};
    if (take_key(scanner, &condition.key) != 0)
        return -1;
    if (condition.key == MCB_RULE_SIZE) {
        if (take_comparison(scanner, false, &condition.comparison) != 0 ||
            take_size(scanner, &condition) != 0)
            return -1;
    } else {
        place = mcb_rule_scanner_skip(scanner);
        if (!mcb_rule_scanner_take(scanner, "="))
            return mcb_rule_scanner_fail(scanner, place, "'=' was expected");
        if (take_value(scanner, &condition) != 0)
            return -1;
    }
    rule->conditions[rule->condition_count++] = condition;
    return 0;
}

/* ---- rules ---- */

/* What joins two parts: a word that was expected, or nothing. */
static int refuse_joint(struct mcb_rule_scanner *scanner, struct mcb_rule_word word,
                        const char *joint)
{
    char shown[MCB_RULE_SHOWN_MAX];
    const char *nearest =
        word.length > 0 ? mcb_suggest_nearest(mcb_rule_word_show(word, shown), &joint, 1) : NULL;
    return mcb_rule_scanner_fail(scanner, word.start, "'%s' or ';' was expected%s%s%s", joint,
                                 nearest ? " (did you mean " : "", nearest ? nearest : "",
                                 nearest ? "?)" : "");
}

static int take_conditions(struct mcb_rule_scanner *scanner, struct mcb_rule *rule)
{
    const char *joint = "where";
    while (*mcb_rule_scanner_skip(scanner) && *scanner->at != ';') {
        struct mcb_rule_word word = mcb_rule_scanner_word(scanner);
        if (!mcb_rule_word_is(word, joint))
            return refuse_joint(scanner, word, joint);
        if (take_condition(scanner, rule) != 0)
            return -1;
        joint = "and";
    }
    return 0;
}

/* The rule as it was given, without blanks at its ends; any other blank is a plain one. */
static int keep_text(struct mcb_rule_scanner *scanner, const char *start, struct mcb_rule *rule)
{
    struct mcb_rule_word text = {start, (size_t)(scanner->at - start)};
    while (text.length > 0 && strchr(" \t\n\r\v\f", text.start[text.length - 1]))
        text.length--;
    if (!mcb_rule_word_copy(text, rule->text, sizeof rule->text))
        return mcb_rule_scanner_fail(scanner, start, "a rule of more than %d bytes",
                                     MCB_RULE_TEXT_MAX - 1);
    for (char *at = rule->text; (at = strpbrk(at, "\t\n\r\v\f"));)
        *at = ' ';
    return 0;
}

static int take_rule(struct mcb_rule_scanner *scanner, struct mcb_rule *rule)
{
    *rule = (struct mcb_rule){.reference = MCB_RULE_NUMBER};
    const char *start = mcb_rule_scanner_skip(scanner);
    if (take_claim(scanner, rule) != 0 || take_conditions(scanner, rule) != 0)
        return -1;
    return keep_text(scanner, start, rule);
}

int mcb_rules_parse(const char *text, const char *given_as, struct mcb_rules *rules,
                    struct mcb_error *error)
{
    struct mcb_rule_scanner scanner = {text, text, given_as, error};
    size_t count = rules->count;
    if (mcb_rule_scanner_check(&scanner) != 0)
        return -1;
    do {
        if (count == MCB_RULES_MAX)
            return mcb_rule_scanner_fail(&scanner, mcb_rule_scanner_skip(&scanner),
                                         "no more than %d rules", MCB_RULES_MAX);
        if (take_rule(&scanner, &rules->list[count]) != 0)
            return -1;
        count++;
    } while (mcb_rule_scanner_take(&scanner, ";"));
    rules->count = count;
    return 0;
}
