/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/commands/arguments.h"

#include <stdlib.h>
#include <string.h>

#include "bench/plan/settings_text.h"

enum { NAME_MAX_BYTES = 64 };

/* A word that cannot be an option. */
static int refuse_word(const char *word, struct mcb_error *error)
{
    char shown[MCB_SHOWN_MAX];
    const char *name = word + strspn(word, "-");
    size_t length = strcspn(name, "=");
    char bare[NAME_MAX_BYTES];
    if (!mcb_setting_text_is_utf8(word))
        return mcb_error_set(error, MCB_FAULT_USE_OPTION, "an argument is not UTF-8");
    snprintf(bare, sizeof bare, "%.*s", (int)(length < sizeof bare ? length : 0), name);
    const char *nearest = *bare ? mcb_settings_nearest(bare) : NULL;
    return mcb_error_set(error, MCB_FAULT_USE_OPTION, "%s: not an option%s%s%s",
                         mcb_setting_text_shown(word, shown), nearest ? " (did you mean --" : "",
                         nearest ? nearest : "", nearest ? "?)" : "; options begin with --");
}

/* One option at argv[*at], which is moved to the last word that belongs to it. */
static int take_option(int argc, char **argv, int *at, struct mcb_setting_values *values,
                       struct mcb_error *error)
{
    const char *word = argv[*at];
    if (strncmp(word, "--", 2) != 0 || word[2] == '\0' || word[2] == '=')
        return refuse_word(word, error);

    const char *equals = strchr(word, '=');
    size_t length = equals ? (size_t)(equals - word - 2) : strlen(word + 2);
    if (length >= NAME_MAX_BYTES)
        return refuse_word(word, error);
    char name[NAME_MAX_BYTES];
    memcpy(name, word + 2, length);
    name[length] = '\0';
    const struct mcb_setting *row = mcb_settings_find(name);
    if (equals || !row || !row->argument)
        return mcb_setting_values_set(values, name, equals ? equals + 1 : NULL, error);

    const char *text = *at + 1 < argc ? argv[*at + 1] : NULL;
    if (text && strncmp(text, "--", 2) == 0) {
        char shown[MCB_SHOWN_MAX];
        if (!mcb_setting_text_is_utf8(text))
            return refuse_word(text, error);
        return mcb_error_set(error, MCB_FAULT_USE_OPTION,
                             "--%s: needs a value, %s (if it is %s, write --%s=...)", name,
                             row->argument, mcb_setting_text_shown(text, shown), name);
    }
    *at += text != NULL;
    return mcb_setting_values_set(values, name, text, error);
}

int mcb_arguments_parse(int argc, char **argv, struct mcb_setting_values *values,
                        struct mcb_error *error)
{
    for (int at = 1; at < argc; at++)
        if (take_option(argc, argv, &at, values, error))
            return -1;
    return 0;
}

bool mcb_arguments_ask_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

json_t *mcb_arguments_command_line(int argc, char **argv)
{
    json_t *words = json_array();
    json_array_append_new(words, json_string("mcbench"));
    for (int i = 0; i < argc; i++) {
        char *masked = mcb_setting_text_masked(argv[i]);
        json_t *word = masked ? json_string(masked) : NULL;
        json_array_append_new(words, word ? word : json_string("?"));
        free(masked);
    }
    return words;
}
