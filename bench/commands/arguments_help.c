/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/commands/arguments.h"

#include <string.h>

#include "bench/commands/arguments_pages.h"

enum { COLUMNS = 100, OWN_OPTION_LEAST = 20, OWN_OPTION_MOST = 30, VARIABLE_WIDTH = 14 };

static const struct {
    const char *code;
    const char *measuring; /* what it means of commands that measure; NULL: not used */
    const char *showing;   /* of the other commands */
} exit_texts[] = {
    {"0", "all held", "all that was asked for was printed"},
    {"1", "measured, but bytes were wrong, or an expectation was not met", NULL},
    {"2", "the command line or an input file was wrong",
     "the command line or an input file was wrong"},
    {"3", "the environment failed; a fault names how, and what was measured is kept",
     "the environment failed; a fault names how"},
    {"130", "interrupted; what was measured is kept", NULL},
};

bool mcb_arguments_exit(const struct mcb_command *command, size_t n, struct mcb_command_exit *text)
{
    if (n >= sizeof exit_texts / sizeof exit_texts[0])
        return false;
    const bool measuring = !command || !command->options;
    *text = (struct mcb_command_exit){exit_texts[n].code,
                                      measuring ? exit_texts[n].measuring : exit_texts[n].showing};
    for (const struct mcb_command_exit *own = command ? command->exits : NULL; own && own->code;
         own++)
        if (strcmp(own->code, text->code) == 0)
            text->meaning = own->meaning;
    return true;
}

static const struct mcb_variable_text variables[] = {
    {"ETCDCTL_USER", "credentials for etcd, name:password"},
    {"MCB_GPU_MODULE", "of mcbench gpu: the file of the module for GPUs; without it "
                       "mcbench-cuda.so, beside the program or where it was installed"},
};

const struct mcb_variable_text *mcb_arguments_variables(size_t *count)
{
    *count = sizeof variables / sizeof variables[0];
    return variables;
}

const char *mcb_arguments_synopsis(const char *name, const char *argument, char *text, size_t size)
{
    snprintf(text, size, "--%s%s%s", name, argument ? " " : "", argument ? argument : "");
    return text;
}

const char *mcb_arguments_own_synopsis(const struct mcb_option *row, char *text, size_t size)
{
    char letter[8] = "";
    if (row->letter)
        snprintf(letter, sizeof letter, "-%c, ", row->letter);
    snprintf(text, size, "%s--%s%s%s", letter, row->name, row->value ? " " : "",
             row->value ? row->value : "");
    return text;
}

static const char *default_of(const struct mcb_command *command, const struct mcb_setting *row)
{
    for (const struct mcb_command_default *own = command->defaults; own && own->name; own++)
        if (strcmp(own->name, row->name) == 0)
            return own->text;
    return row->default_text;
}

const char *mcb_arguments_description(const struct mcb_command *command,
                                      const struct mcb_setting *row, char *text, size_t size)
{
    const char *value = default_of(command, row);
    snprintf(text, size, "%s%s%s%s%s%s%s", row->help, value ? " (default " : "", value ? value : "",
             value ? ")" : "", row->variable ? " [" : "", row->variable ? row->variable : "",
             row->variable ? "]" : "");
    return text;
}

/* Words of the text from `column` on, in lines that start at `indent`. */
static void print_wrapped(FILE *stream, const char *text, size_t column, size_t indent)
{
    bool first = true;
    while (*text) {
        size_t length = strcspn(text, " ");
        if (!first && column + 1 + length > COLUMNS) {
            fprintf(stream, "\n%*s", (int)indent, "");
            column = indent;
            first = true;
        }
        fprintf(stream, "%s%.*s", first ? "" : " ", (int)length, text);
        column += length + (first ? 0 : 1);
        first = false;
        text += length;
        text += *text == ' ';
    }
    fputc('\n', stream);
}

/* "  left      text", wrapped. */
static void print_entry(FILE *stream, const char *left, size_t width, const char *text)
{
    size_t column = 4 + (strlen(left) > width ? strlen(left) : width);
    fprintf(stream, "  %-*s  ", (int)width, left);
    print_wrapped(stream, text, column, width + 4);
}

static size_t widest_option(const struct mcb_setting *table, size_t count)
{
    char synopsis[96];
    size_t width = 0;
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(
            mcb_arguments_synopsis(table[i].name, table[i].argument, synopsis, sizeof synopsis));
        width = length > width ? length : width;
    }
    return width;
}

static void print_settings(FILE *stream, const struct mcb_command *command)
{
    size_t count;
    const struct mcb_setting *table = mcb_settings_table(&count);
    size_t width = widest_option(table, count);
    const char *group = "";
    for (size_t i = 0; i < count; i++) {
        char synopsis[96], description[512];
        if (strcmp(group, table[i].group) != 0)
            fprintf(stream, "\n%s:\n", table[i].group);
        group = table[i].group;
        print_entry(
            stream,
            mcb_arguments_synopsis(table[i].name, table[i].argument, synopsis, sizeof synopsis),
            width, mcb_arguments_description(command, &table[i], description, sizeof description));
    }
    fputc('\n', stream);
    print_wrapped(stream, MCB_VARIABLES_NOTE, 0, 0);
}

static void print_variables(FILE *stream)
{
    fprintf(stream, "\nenvironment:\n");
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        print_entry(stream, variables[i].name, VARIABLE_WIDTH, variables[i].meaning);
}

static void print_own_options(FILE *stream, const struct mcb_option *row)
{
    char synopsis[96];
    size_t width = OWN_OPTION_LEAST;
    for (const struct mcb_option *at = row; at->name; at++) {
        size_t length = strlen(mcb_arguments_own_synopsis(at, synopsis, sizeof synopsis));
        width = length > width && length <= OWN_OPTION_MOST ? length : width;
    }
    fprintf(stream, "\noptions:\n");
    for (; row->name; row++)
        print_entry(stream, mcb_arguments_own_synopsis(row, synopsis, sizeof synopsis), width,
                    row->help);
}

static void print_exit_codes(FILE *stream, const struct mcb_command *command)
{
    struct mcb_command_exit text;
    fprintf(stream, "\nexit codes:\n");
    for (size_t i = 0; mcb_arguments_exit(command, i, &text); i++)
        if (text.meaning)
            print_entry(stream, text.code, 3, text.meaning);
}

void mcb_arguments_print_help(FILE *stream, const struct mcb_command *command)
{
    fprintf(stream, "mcbench %s - %s\n\nusage: mcbench %s %s\n\nexamples:\n", command->name,
            command->purpose, command->name, command->usage);
    for (const struct mcb_command_example *example = command->examples; example->words; example++)
        fprintf(stream, "  %s\n      %s\n", example->words, example->meaning);
    if (command->options) {
        print_own_options(stream, command->options->table);
    } else {
        print_settings(stream, command);
        print_variables(stream);
    }
    print_exit_codes(stream, command);
}

void mcb_arguments_print_overview(FILE *stream, const struct mcb_command *commands, size_t count)
{
    fprintf(stream, "mcbench - " MCB_PROGRAM_PURPOSE "\n\n"
                    "usage: mcbench COMMAND [options]\n\ncommands:\n");
    for (size_t i = 0; i < count; i++)
        print_entry(stream, commands[i].name, 8, commands[i].purpose);
    fprintf(stream, "\nmcbench COMMAND --help shows examples and options; mcbench --version the "
                    "version.\n");
}
