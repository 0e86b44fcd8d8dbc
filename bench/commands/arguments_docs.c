/* SPDX-License-Identifier: Apache-2.0 */

/* Man pages (man(7) macros) and the completion for bash. */
#include "bench/commands/arguments.h"

#include <ctype.h>
#include <string.h>

#include "bench/commands/arguments_pages.h"

/* Text of a line in roff: a '-' that is typed, no escapes, no control line. */
static void put_roff(FILE *stream, const char *text)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", stream);
    for (; *text; text++) {
        if (*text == '-')
            fputs("\\-", stream);
        else if (*text == '\\')
            fputs("\\e", stream);
        else
            fputc(*text, stream);
    }
}

/* A line of its own: macro (or "") and text. */
static void put_line(FILE *stream, const char *macro, const char *text)
{
    fputs(macro, stream);
    put_roff(stream, text);
    fputc('\n', stream);
}

static void put_title(FILE *stream, const char *name, const char *purpose)
{
    char title[64];
    snprintf(title, sizeof title, "%s", name);
    for (char *at = title; *at; at++)
        *at = (char)toupper((unsigned char)*at);
    fputs(".TH ", stream);
    put_roff(stream, title);
    fputs(" 1 \"\" \"mcbench " MCB_VERSION "\" \"mcbench\"\n.SH NAME\n", stream);
    put_roff(stream, name);
    fputs(" \\- ", stream);
    put_line(stream, "", purpose);
}

static void put_examples(FILE *stream, const struct mcb_command_example *example)
{
    fputs(".SH EXAMPLES\n", stream);
    for (; example->words; example++) {
        put_line(stream, ".TP\n.B ", example->words);
        put_line(stream, "", example->meaning);
    }
}

/* "-f, --from FILE.xml": the names in bold, the value in italics. letter '\0': there is none. */
static void put_option(FILE *stream, char letter, const char *name, const char *argument,
                       const char *help)
{
    fputs(".TP\n", stream);
    if (letter)
        fprintf(stream, "\\fB\\-%c\\fR, ", letter);
    fputs("\\fB\\-\\-", stream);
    put_roff(stream, name);
    fputs("\\fR", stream);
    if (argument) {
        fputs(" \\fI", stream);
        put_roff(stream, argument);
        fputs("\\fR", stream);
    }
    fputc('\n', stream);
    put_line(stream, "", help);
}

static void put_own_options(FILE *stream, const struct mcb_option *row)
{
    fputs(".SH OPTIONS\n", stream);
    for (; row->name; row++)
        put_option(stream, row->letter, row->name, row->value, row->help);
}

static void put_settings(FILE *stream, const struct mcb_command *command)
{
    size_t count;
    const struct mcb_setting *table = mcb_settings_table(&count);
    const char *group = "";
    fputs(".SH OPTIONS\n", stream);
    put_line(stream, "", MCB_VARIABLES_NOTE);
    for (size_t i = 0; i < count; i++) {
        char description[512];
        if (strcmp(group, table[i].group) != 0)
            put_line(stream, ".SS ", table[i].group);
        group = table[i].group;
        put_option(stream, '\0', table[i].name, table[i].argument,
                   mcb_arguments_description(command, &table[i], description, sizeof description));
    }
}

static void put_environment(FILE *stream)
{
    size_t count;
    const struct mcb_setting *table = mcb_settings_table(&count);
    fputs(".SH ENVIRONMENT\n", stream);
    for (size_t i = 0; i < count; i++)
        if (table[i].variable) {
            fputs(".TP\n.B ", stream);
            put_line(stream, "", table[i].variable);
            fputs("default of \\-\\-", stream);
            put_line(stream, "", table[i].name);
        }
    const struct mcb_variable_text *own = mcb_arguments_variables(&count);
    for (size_t i = 0; i < count; i++) {
        put_line(stream, ".TP\n.B ", own[i].name);
        put_line(stream, "", own[i].meaning);
    }
}

/* command NULL: of the program */
static void put_exit_status(FILE *stream, const struct mcb_command *command)
{
    struct mcb_command_exit text;
    fputs(".SH EXIT STATUS\n", stream);
    for (size_t i = 0; mcb_arguments_exit(command, i, &text); i++)
        if (text.meaning) {
            put_line(stream, ".TP\n.B ", text.code);
            put_line(stream, "", text.meaning);
        }
    if (!command)
        fputs(".PP\nThe page of a command says what they mean of it.\n", stream);
}

void mcb_arguments_print_man(FILE *stream, const struct mcb_command *command)
{
    char name[64];
    snprintf(name, sizeof name, "mcbench-%s", command->name);
    put_title(stream, name, command->purpose);
    fputs(".SH SYNOPSIS\n.B mcbench ", stream);
    put_line(stream, "", command->name);
    put_line(stream, "", command->usage);
    put_examples(stream, command->examples);
    if (command->options) {
        put_own_options(stream, command->options->table);
    } else {
        put_settings(stream, command);
        put_environment(stream);
    }
    put_exit_status(stream, command);
    fputs(".SH SEE ALSO\n.BR mcbench (1)\n", stream);
}

void mcb_arguments_print_man_overview(FILE *stream, const struct mcb_command *commands,
                                      size_t count)
{
    put_title(stream, "mcbench", MCB_PROGRAM_PURPOSE);
    fputs(".SH SYNOPSIS\n.B mcbench\n.I COMMAND\n[options]\n.SH COMMANDS\n", stream);
    for (size_t i = 0; i < count; i++) {
        put_line(stream, ".TP\n.B ", commands[i].name);
        put_line(stream, "", commands[i].purpose);
    }
    put_exit_status(stream, NULL);
    fputs(".SH SEE ALSO\n", stream);
    for (size_t i = 0; i < count; i++) {
        fputs(".BR mcbench\\-", stream);
        put_roff(stream, commands[i].name);
        fputs(i + 1 < count ? " (1),\n" : " (1)\n", stream);
    }
}

/* "write|read|send[,...]" as "write read send". */
static void put_words(FILE *stream, const char *argument)
{
    for (; *argument && *argument != '['; argument++)
        fputc(*argument == '|' ? ' ' : *argument, stream);
}

/* What is offered for the value of an option. */
static void put_value(FILE *stream, char letter, const char *name, const char *argument)
{
    if (!argument)
        return;
    fputs("        ", stream);
    if (letter)
        fprintf(stream, "-%c | ", letter);
    fprintf(stream, "--%s) ", name);
    if (strstr(argument, "FILE")) {
        fputs("mapfile -t COMPREPLY < <(compgen -f -- \"$current\")", stream);
    } else if (strstr(argument, "DIR")) {
        fputs("mapfile -t COMPREPLY < <(compgen -d -- \"$current\")", stream);
    } else if (strchr(argument, '|')) {
        fputs("mapfile -t COMPREPLY < <(compgen -W '", stream);
        put_words(stream, argument);
        fputs("' -- \"$current\")", stream);
    } else {
        fputs(":", stream);
    }
    fputs("; return ;;\n", stream);
}

static void put_names(FILE *stream, const struct mcb_option *row)
{
    size_t count;
    const struct mcb_setting *table = mcb_settings_table(&count);
    for (; row && row->name; row++) {
        if (row->letter)
            fprintf(stream, " -%c", row->letter);
        fprintf(stream, " --%s", row->name);
    }
    for (size_t i = 0; !row && i < count; i++)
        fprintf(stream, " --%s", table[i].name);
}

static void put_values(FILE *stream, const struct mcb_option *row)
{
    size_t count;
    const struct mcb_setting *table = mcb_settings_table(&count);
    for (; row && row->name; row++)
        put_value(stream, row->letter, row->name, row->value);
    for (size_t i = 0; !row && i < count; i++)
        put_value(stream, '\0', table[i].name, table[i].argument);
}

static void put_command_case(FILE *stream, const struct mcb_command *command)
{
    const struct mcb_option *own = command->options ? command->options->table : NULL;
    bool takes_files = command->options && command->options->words.most > 0;
    fprintf(stream, "    %s)\n        case \"$previous\" in\n", command->name);
    put_values(stream, own);
    fprintf(stream, "        esac\n        mapfile -t COMPREPLY < <(compgen %s-W '--help",
            takes_files ? "-f " : "");
    put_names(stream, own);
    fputs("' -- \"$current\") ;;\n", stream);
}

static void put_command_names(FILE *stream, const struct mcb_command *commands, size_t count)
{
    for (size_t i = 0; i < count; i++)
        fprintf(stream, "%s%s", i ? " " : "", commands[i].name);
}

void mcb_arguments_print_completion(FILE *stream, const struct mcb_command *commands, size_t count)
{
    fputs("# bash completion of mcbench " MCB_VERSION "\n"
          "_mcbench()\n{\n"
          "    local current=\"${COMP_WORDS[COMP_CWORD]}\"\n"
          "    local previous=\"${COMP_WORDS[COMP_CWORD - 1]}\"\n"
          "    COMPREPLY=()\n"
          "    if ((COMP_CWORD == 1)); then\n"
          "        mapfile -t COMPREPLY < <(compgen -W '",
          stream);
    put_command_names(stream, commands, count);
    fputs(" help --help --version' -- \"$current\")\n"
          "        return\n"
          "    fi\n"
          "    # readline splits --name=value into three words\n"
          "    [[ $current == = ]] && current=''\n"
          "    [[ $previous == = ]] && previous=\"${COMP_WORDS[COMP_CWORD - 2]}\"\n"
          "    case \"${COMP_WORDS[1]}\" in\n",
          stream);
    for (size_t i = 0; i < count; i++)
        put_command_case(stream, &commands[i]);
    fputs("    help) mapfile -t COMPREPLY < <(compgen -W '", stream);
    put_command_names(stream, commands, count);
    fputs("' -- \"$current\") ;;\n"
          "    esac\n"
          "}\n"
          "complete -o filenames -F _mcbench mcbench\n",
          stream);
}
