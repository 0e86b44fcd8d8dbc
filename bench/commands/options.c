/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/commands/options.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/suggest.h"
#include "common/text.h"

enum { SHOWN_MAX = 128 };

struct parser {
    const struct mcb_options *options;
    int argc;
    char **argv;
    int at;        /* the word that is read */
    size_t words;  /* that are no option, so far */
    bool all_said; /* "--" was read: no more options */
    void *values;
};

/* An option as it was given: --name, --name=value, -n, -nvalue, -n=value. */
struct given {
    const char *word;
    const char *value; /* in the same word; NULL: none */
};

static bool is_named(const struct mcb_option *row, const char *word)
{
    size_t length = strcspn(word + 2, "=");
    if (word[1] != '-')
        return row->letter && word[1] == row->letter;
    return strlen(row->name) == length && memcmp(row->name, word + 2, length) == 0;
}

static const struct mcb_option *find(const struct mcb_option *table, const char *word)
{
    while (table->name && !is_named(table, word))
        table++;
    return table->name ? table : NULL;
}

static const char *value_in_word(const char *word)
{
    const char *equals = strchr(word, '=');
    if (word[1] == '-')
        return equals ? equals + 1 : NULL;
    return word[2] ? word + 2 + (word[2] == '=') : NULL;
}

/* Of a word with one dash its first letter is named: it is read as several options elsewhere. */
static int refuse(const struct parser *parser, const char *word, struct mcb_error *error)
{
    const char *names[MCB_OPTIONS_MAX + 1] = {"help"}, *command = parser->argv[0];
    const struct mcb_option *row = parser->options->table;
    char shown[SHOWN_MAX], name[SHOWN_MAX];
    for (size_t i = 1; row->name && i <= MCB_OPTIONS_MAX; i++, row++)
        names[i] = row->name;
    mcb_text_clean(word, shown, sizeof shown);
    snprintf(name, sizeof name, "%.*s", (int)strcspn(shown, "="), shown);
    const char *nearest =
        mcb_suggest_nearest(name + strspn(name, "-"), names, sizeof names / sizeof *names);
    if (word[1] != '-')
        mcb_text_clean((const char[]){'-', word[1], '\0'}, shown, sizeof shown);
    if (nearest)
        return mcb_error_set(error, MCB_FAULT_USE_OPTION,
                             "%s: no such option of %s (did you mean --%s?)", shown, command,
                             nearest);
    return mcb_error_set(error, MCB_FAULT_USE_OPTION, "%s: no such option of %s; mcbench %s --help",
                         shown, command, command);
}

static int refuse_twice(const struct mcb_option *row, struct mcb_error *error)
{
    return mcb_error_set(error, MCB_FAULT_USE_OPTION, "--%s: given twice", row->name);
}

static int take_flag(const struct mcb_option *row, const struct given *given, bool *flag,
                     struct mcb_error *error)
{
    char shown[SHOWN_MAX];
    if (given->value)
        return mcb_error_set(error, MCB_FAULT_USE_OPTION, "%s: --%s takes no value",
                             mcb_text_clean(given->word, shown, sizeof shown), row->name);
    if (*flag)
        return refuse_twice(row, error);
    *flag = true;
    return 0;
}

static int take_value(struct parser *parser, const struct mcb_option *row,
                      const struct given *given, const char **target, struct mcb_error *error)
{
    char shown[SHOWN_MAX];
    const char *value = given->value;
    if (*target)
        return refuse_twice(row, error);
    if (!value && parser->at + 1 < parser->argc)
        value = parser->argv[++parser->at];
    if (!given->value && value && strncmp(value, "--", 2) == 0)
        return mcb_error_set(error, MCB_FAULT_USE_OPTION,
                             "--%s: needs a value, %s (if it is %s, write --%s=...)", row->name,
                             row->value, mcb_text_clean(value, shown, sizeof shown), row->name);
    if (!value || !*value)
        return mcb_error_set(error, MCB_FAULT_USE_OPTION, "--%s: needs a value, %s", row->name,
                             row->value);
    *target = value;
    return 0;
}

static int take_option(struct parser *parser, const char *word, struct mcb_error *error)
{
    const struct given given = {word, value_in_word(word)};
    const struct mcb_option *row = find(parser->options->table, word);
    if (!row)
        return refuse(parser, word, error);
    void *target = (char *)parser->values + row->offset;
    return row->value ? take_value(parser, row, &given, target, error)
                      : take_flag(row, &given, target, error);
}

static int take_word(struct parser *parser, char *word, struct mcb_error *error)
{
    char shown[SHOWN_MAX];
    if (parser->words == parser->options->words.most)
        return mcb_error_set(error, MCB_FAULT_USE_OPTION, "%s: %s takes no such word; %s",
                             mcb_text_clean(word, shown, sizeof shown), parser->argv[0],
                             parser->options->words.rule);
    parser->argv[++parser->words] = word;
    return 0;
}

int mcb_options_parse(const struct mcb_options *options, int argc, char **argv, void *values,
                      size_t *word_count, struct mcb_error *error)
{
    struct parser parser = {options, argc, argv, 1, 0, false, values};
    for (; parser.at < argc; parser.at++) {
        char *word = argv[parser.at];
        bool is_option = !parser.all_said && word[0] == '-' && word[1] != '\0';
        int outcome = 0;
        if (is_option && strcmp(word, "--") == 0)
            parser.all_said = true;
        else
            outcome =
                is_option ? take_option(&parser, word, error) : take_word(&parser, word, error);
        if (outcome != 0)
            return -1;
    }
    if (parser.words < options->words.least)
        return mcb_error_set(error, MCB_FAULT_USE_OPTION, "%s: %s; mcbench %s %s", argv[0],
                             options->words.rule, argv[0], options->words.names);
    *word_count = parser.words;
    return 0;
}
