/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The catalogue is data (common/faults.def); here it is laid out in three ways. What can be copied
 * into a shell stays on one line each, whatever the width of the terminal: a command that was
 * broken at a blank is no command.
 */

#include "bench/doctor/catalogue.h"

#include <string.h>

#include "common/text.h"

enum { LABEL_COLUMNS = 9, CLAUSE_MAX = 1024 };

typedef const char *next_part(const char **rest, size_t *length);

/* ---- on a terminal ---- */

/* The label stands before the first of several lines. */
static void print_label(const struct mcb_canvas *canvas, const char **label)
{
    fprintf(canvas->out, "%-*s", LABEL_COLUMNS, *label);
    *label = "";
}

static void print_wrapped(const struct mcb_canvas *canvas, const char *label, const char *text,
                          next_part *next)
{
    char part[CLAUSE_MAX];
    size_t length;
    for (const char *at; (at = next(&text, &length));) {
        snprintf(part, sizeof part, "%.*s", (int)length, at);
        print_label(canvas, &label);
        mcb_text_wrap(canvas->out, part, LABEL_COLUMNS, canvas->columns);
    }
}

static void print_fix(const struct mcb_canvas *canvas, const char *fix)
{
    const char *label = "try:";
    size_t length;
    for (const char *line; (line = mcb_fault_next_line(&fix, &length));) {
        struct mcb_fault_step step = mcb_fault_split(line, length);
        print_label(canvas, &label);
        fprintf(canvas->out, "%.*s", (int)step.command_length, step.command);
        mcb_canvas_begin(canvas, MCB_PAINT_DIM);
        if (step.remark_length > 0)
            fprintf(canvas->out, "%s# %.*s", step.command_length > 0 ? "  " : "",
                    (int)step.remark_length, step.remark);
        mcb_canvas_end(canvas, MCB_PAINT_DIM);
        fputc('\n', canvas->out);
    }
}

void mcb_catalogue_print(const struct mcb_canvas *canvas, enum mcb_fault_code code)
{
    const struct mcb_fault *fault = mcb_fault_get(code);
    char exit_code[32];
    snprintf(exit_code, sizeof exit_code, "%d", fault->exit_code);
    fprintf(canvas->out, "%s  %s\n", fault->id, fault->title);
    print_wrapped(canvas, "cause:", fault->cause, mcb_fault_next_clause);
    print_fix(canvas, fault->fix);
    mcb_canvas_begin(canvas, MCB_PAINT_DIM);
    print_wrapped(canvas, "in logs:", fault->texts, mcb_fault_next_line);
    print_wrapped(canvas, "more:", fault->more, mcb_fault_next_clause);
    print_wrapped(canvas, "exit:", exit_code, mcb_fault_next_line);
    mcb_canvas_end(canvas, MCB_PAINT_DIM);
}

/* ---- as JSON ---- */

static json_t *parts_to_json(const char *text, next_part *next)
{
    json_t *parts = json_array();
    size_t length;
    for (const char *part; (part = next(&text, &length));)
        if (json_array_append_new(parts, json_stringn(part, length)) != 0)
            break;
    return parts;
}

static json_t *text_or_null(const char *text, size_t length)
{
    return length > 0 ? json_stringn(text, length) : json_null();
}

static json_t *fix_to_json(const char *fix)
{
    json_t *lines = json_array();
    size_t length;
    for (const char *line; (line = mcb_fault_next_line(&fix, &length));) {
        struct mcb_fault_step step = mcb_fault_split(line, length);
        json_t *packed =
            json_pack("{s:o, s:o}", "command", text_or_null(step.command, step.command_length),
                      "remark", text_or_null(step.remark, step.remark_length));
        if (json_array_append_new(lines, packed) != 0)
            break;
    }
    return lines;
}

json_t *mcb_catalogue_to_json(enum mcb_fault_code code)
{
    const struct mcb_fault *fault = mcb_fault_get(code);
    return json_pack(
        "{s:s, s:s, s:i, s:o, s:o, s:o, s:o}", "id", fault->id, "title", fault->title, "exit_code",
        (int)fault->exit_code, "causes", parts_to_json(fault->cause, mcb_fault_next_clause), "fix",
        fix_to_json(fault->fix), "texts", parts_to_json(fault->texts, mcb_fault_next_line), "more",
        parts_to_json(fault->more, mcb_fault_next_clause));
}

/* ---- as a page ---- */

static const struct group {
    const char *name, *title;
} groups[] = {
    {"USE", "What was asked"}, {"HOST", "The host"},
    {"NET", "The network"},    {"JOB", "A job of several hosts"},
    {"ETCD", "etcd"},          {"RDMA", "RDMA devices and paths"},
    {"GPU", "GPUs"},           {"PCI", "The PCI tree"},
    {"TCP", "TCP paths"},      {"MOON", "Mooncake"},
    {"PERF", "Speed"},         {"DATA", "The bytes"},
    {"RUN", "The run"},
};

enum { GROUPS = sizeof groups / sizeof *groups };

/* "RDMA" of "MCB-RDMA-004". */
static bool is_of_group(const struct mcb_fault *fault, const struct group *group)
{
    const char *name = fault->id + strlen("MCB-");
    size_t length = strlen(group->name);
    return strncmp(name, group->name, length) == 0 && name[length] == '-';
}

/* Prose of a page: what Markdown would take as markup is escaped. */
static void print_prose(FILE *stream, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (strchr("\\`*_[]<>|#", text[i]))
            fputc('\\', stream);
        fputc(text[i], stream);
    }
}

static void print_list(FILE *stream, const char *text)
{
    int number = 0;
    size_t length;
    for (const char *part; (part = mcb_fault_next_clause(&text, &length));) {
        fprintf(stream, "%d. ", ++number);
        print_prose(stream, part, length);
        fputc('\n', stream);
    }
    fputc('\n', stream);
}

static void print_entry(FILE *stream, const struct mcb_fault *fault)
{
    fprintf(stream, "### %s: ", fault->id);
    print_prose(stream, fault->title, strlen(fault->title));
    fputs("\n\nLikely causes:\n\n", stream);
    print_list(stream, fault->cause);
    fprintf(stream, "What to do:\n\n```sh\n%s\n```\n\n", fault->fix);
    if (fault->texts[0])
        fprintf(stream, "In logs:\n\n```text\n%s\n```\n\n", fault->texts);
    if (fault->more[0]) {
        fputs("More: ", stream);
        print_prose(stream, fault->more, strlen(fault->more));
        fputs(". ", stream);
    }
    fprintf(stream, "Exit code %d.\n\n", fault->exit_code);
}

static void print_contents(FILE *stream)
{
    fputs("| Group | Faults |\n|---|---|\n", stream);
    for (size_t g = 0; g < GROUPS; g++) {
        int count = 0;
        for (int code = MCB_FAULT_NONE + 1; code < MCB_FAULT_COUNT; code++)
            count += is_of_group(mcb_fault_get((enum mcb_fault_code)code), &groups[g]);
        fprintf(stream, "| %s (`MCB-%s`) | %d |\n", groups[g].title, groups[g].name, count);
    }
    fputc('\n', stream);
}

void mcb_catalogue_print_page(FILE *stream)
{
    fputs(
        "# Faults\n\n"
        "Everything that mcbench can name, as `mcbench explain ID` prints it too. Written by\n"
        "`mcbench docs` from `common/faults.def`, which is the place to change it.\n\n"
        "Causes are in the order of likelihood, and what to do starts with what helps most\n"
        "often. A command that changes the host says that it is for root. Words in capitals are "
        "to\n"
        "be filled in: DEV is an RDMA device (`mlx5_0`), IFACE a network interface (`eth0`),\n"
        "ADDRESS that of a host or, for commands of PCI, of a device (`0000:17:00.0`), PREFIX the\n"
        "length of the network's (`24`), PEER the address of a peer, BRIDGE a PCI bridge, HOST "
        "and\n"
        "PORT where something listens, URL that of etcd (`http://n1:2379`), NAME a host's name, a\n"
        "job's, a segment's or a user's, as the command says, IMAGE that of a container, SIZE of "
        "a\n"
        "message (`64KiB`), N a number, BYTES one of bytes, RULE what is expected of a result,\n"
        "BASELINE and NEW results, FILE, FOLDER and LOG yours.\n\n"
        "In the texts of logs `*` stands for anything; letter case is ignored. What is only the "
        "name\n"
        "of an errno counts where nothing else on the line is known.\n\n",
        stream);
    print_contents(stream);
    for (size_t g = 0; g < GROUPS; g++) {
        fprintf(stream, "## %s\n\n", groups[g].title);
        for (int code = MCB_FAULT_NONE + 1; code < MCB_FAULT_COUNT; code++)
            if (is_of_group(mcb_fault_get((enum mcb_fault_code)code), &groups[g]))
                print_entry(stream, mcb_fault_get((enum mcb_fault_code)code));
    }
}
