/* SPDX-License-Identifier: Apache-2.0 */

/*
 * mcbench show [--json] RESULT...: prints result documents and journals again. It judges nothing:
 * the exit code says whether all files could be read.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/commands/commands.h"
#include "bench/report/result.h"
#include "bench/report/table.h"
#include "bench/report/text.h"
#include "common/fault.h"
#include "common/json.h"
#include "common/log.h"

struct values {
    bool json;
};

static const struct mcb_option rows[] = {
    {"json", NULL, "the documents, in place of tables", offsetof(struct values, json), 0},
    {NULL, NULL, NULL, 0, 0},
};

const struct mcb_options mcb_options_show = {
    rows, .words = {"RESULT...", 1, SIZE_MAX, "no result file given"}};

/* "mcbench 0.1.0 · 2026-11-22T09:14:02Z · rdma · n1, n2 · complete" */
static void print_heading(const json_t *document)
{
    const json_t *tool = json_object_get(document, "tool"), *host;
    const json_t *hosts = json_object_get(document, "hosts");
    char clean[512];
    const char *const parts[] = {mcb_json_text(tool, "version"), mcb_json_text(document, "started"),
                                 mcb_json_text(json_object_get(document, "transport"), "name")};
    printf("%s", mcb_text_clean(mcb_json_text(tool, "name"), clean, sizeof clean));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        printf("%s%s", i ? " · " : " ", mcb_text_clean(parts[i], clean, sizeof clean));
    for (size_t i = 0; i < json_array_size(hosts) && i < 4; i++) {
        host = json_array_get(hosts, i);
        printf("%s%s", i ? ", " : " · ",
               mcb_text_clean(mcb_json_text(host, "host"), clean, sizeof clean));
    }
    if (json_array_size(hosts) > 4)
        printf(" and %zu more hosts", json_array_size(hosts) - 4);
    printf(" · %s\n\n", mcb_text_clean(mcb_json_text(document, "status"), clean, sizeof clean));
}

static int print_document(const json_t *document, const struct values *values,
                          struct mcb_error *error)
{
    if (values->json) {
        mcb_json_print(stdout, document);
        return 0;
    }
    struct mcb_text_terminal terminal = mcb_text_terminal(STDOUT_FILENO);
    const struct mcb_table_options table = {.columns = terminal.columns, .colour = terminal.colour};
    print_heading(document);
    return mcb_table_print(stdout, document, &table, error);
}

/* The errors of one file do not keep the next from being shown. */
static int show_file(const char *path, const struct values *values, bool with_name)
{
    struct mcb_error error = {.code = MCB_FAULT_NONE};
    char clean[512];
    json_t *document = mcb_result_load(path, &error);
    if (document) {
        if (with_name && !values->json)
            printf("%s\n", mcb_text_clean(path, clean, sizeof clean));
        print_document(document, values, &error);
        json_decref(document);
    }
    fflush(stdout); /* before an error on stderr */
    if (error.code != MCB_FAULT_NONE)
        mcb_log_error(&error);
    return mcb_error_exit(&error);
}

static int fail(const struct mcb_error *error)
{
    mcb_log_error(error);
    return mcb_error_exit(error);
}

int mcb_command_show(int argc, char **argv)
{
    struct values values = {0};
    struct mcb_error error;
    size_t files;
    int exit_code = MCB_EXIT_OK;
    if (mcb_options_parse(&mcb_options_show, argc, argv, &values, &files, &error) != 0)
        return fail(&error);
    for (size_t i = 1; i <= files; i++) {
        if (i > 1 && !values.json)
            putchar('\n');
        int outcome = show_file(argv[i], &values, files > 1);
        if (outcome > exit_code)
            exit_code = outcome;
    }
    return mcb_commands_finish_stdout(&error) == 0 ? exit_code : fail(&error);
}
