/* SPDX-License-Identifier: Apache-2.0 */

/*
 * mcbench show [options] RESULT...: prints result documents and journals again, with what came of
 * the expectations that they were measured under. It judges by --expect and --expect-file only:
 * then the exit code says whether they hold, else whether all files could be read.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/commands/commands.h"
#include "bench/commands/expect_options.h"
#include "bench/commands/inputs.h"
#include "bench/report/expectation.h"
#include "bench/report/ledger.h"
#include "bench/report/prometheus.h"
#include "bench/report/result.h"
#include "bench/report/table.h"
#include "common/fault.h"
#include "common/json.h"
#include "common/log.h"
#include "common/text.h"

struct values {
    bool json;
    const char *expect, *expect_file, *prometheus;
};

static const struct mcb_option rows[] = {
    {"json", NULL, "the documents, in place of tables", offsetof(struct values, json), 0},
    {"expect", "RULES",
     "rules that every cell is held to, in place of those that the result was measured under; with "
     "';' between several: figure comparison bound [where condition and ...]. Where one is not "
     "met, "
     "the exit code is 1",
     offsetof(struct values, expect), 0},
    {"expect-file", "FILE", "likewise rules by machine type, JSON (mcbench-rules.schema.json)",
     offsetof(struct values, expect_file), 0},
    {"prometheus", "FILE",
     "the figures of one result in Prometheus' text format too, for the textfile collector of "
     "node_exporter",
     offsetof(struct values, prometheus), 0},
    {NULL, NULL, NULL, 0, 0},
};

/* What the command line asks for. */
struct request {
    struct values values;
    struct mcb_expect_options expect;
    bool with_names;
};

/* What came of the rules of a result, its own or others; empty where there are none. */
struct verdict {
    struct mcb_ledger ledger;
    struct mcb_expectations expectations;
    bool foreign; /* this mcbench does not understand the result's own rules */
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

static void print_verdict(const struct mcb_canvas *canvas, const struct verdict *verdict,
                          const json_t *document)
{
    if (verdict->foreign)
        mcb_expectations_print_stored(canvas, document);
    else
        mcb_expectations_print(canvas, &verdict->expectations, &verdict->ledger);
}

static int print_document(const json_t *document, const struct verdict *verdict,
                          const struct values *values, struct mcb_error *error)
{
    if (values->json) {
        mcb_json_print(stdout, document);
        return 0;
    }
    struct mcb_text_terminal terminal = mcb_text_terminal(STDOUT_FILENO);
    const struct mcb_table_options table = {.columns = terminal.columns, .colour = terminal.colour};
    const struct mcb_canvas canvas = {stdout, terminal.columns, terminal.colour};
    print_heading(document);
    if (mcb_table_print(stdout, document, &table, error) != 0)
        return -1;
    print_verdict(&canvas, verdict, document);
    return 0;
}

static bool has_own_rules(const json_t *document)
{
    return json_array_size(json_object_get(document, "expectations")) > 0;
}

/* The document gets the verdict of rules that were given. */
static int judge(const struct request *request, json_t *document, struct verdict *verdict,
                 struct mcb_error *error)
{
    bool given = mcb_expect_options_given(&request->expect);
    if (!given && !request->values.prometheus && !has_own_rules(document))
        return 0;
    if (mcb_ledger_from_document(document, &verdict->ledger, error) != 0)
        return -1;
    if (mcb_expect_options_judge(&request->expect, &verdict->ledger, &verdict->expectations,
                                 error) != 0) {
        verdict->foreign = !given && error->code == MCB_FAULT_USE_RULE;
        return verdict->foreign ? 0 : -1;
    }
    if (given && json_object_set_new(
                     document, "expectations",
                     mcb_expectations_to_json(&verdict->expectations, &verdict->ledger)) != 0)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the expectations");
    return 0;
}

static int show_document(const struct request *request, const char *path, json_t *document,
                         struct mcb_error *error)
{
    struct verdict verdict = {.foreign = false};
    char clean[512];
    int status = judge(request, document, &verdict, error);
    if (status == 0 && request->with_names && !request->values.json)
        printf("%s\n", mcb_text_clean(path, clean, sizeof clean));
    if (status == 0)
        status = print_document(document, &verdict, &request->values, error);
    if (status == 0 && request->values.prometheus)
        status = mcb_prometheus_write(request->values.prometheus, &verdict.ledger, NULL,
                                      verdict.foreign ? NULL : &verdict.expectations, error);
    if (status == 0 && mcb_expect_options_given(&request->expect) &&
        !mcb_expectations_hold(&verdict.expectations)) {
        mcb_expectations_blame(&verdict.expectations, &verdict.ledger, error);
        status = -1;
    }
    mcb_expectations_release(&verdict.expectations);
    mcb_ledger_release(&verdict.ledger);
    return status;
}

/* The errors of one file do not keep the next from being shown. */
static int show_file(const struct request *request, const char *path)
{
    struct mcb_error error = {.code = MCB_FAULT_NONE};
    json_t *document = mcb_result_load(path, &error);
    int status = document ? show_document(request, path, document, &error) : -1;
    json_decref(document);
    fflush(stdout); /* before an error on stderr */
    if (status == 0)
        return MCB_EXIT_OK;
    mcb_log_error(&error);
    return mcb_error_exit(&error);
}

static int fail(const struct mcb_error *error)
{
    mcb_log_error(error);
    return mcb_error_exit(error);
}

static int check_prometheus(const struct values *values, char **paths, size_t files,
                            struct mcb_error *error)
{
    char clean[128];
    mcb_text_clean(values->prometheus, clean, sizeof clean);
    if (files > 1)
        return mcb_error_set(error, MCB_FAULT_USE_OPTION,
                             "--prometheus %s: takes one result; %zu were given", clean, files);
    if (mcb_inputs_is_same_file(values->prometheus, paths[0]))
        return mcb_error_set(error, MCB_FAULT_USE_OPTION,
                             "--prometheus %s: is the result that is read", clean);
    if (mcb_inputs_is_same_file(values->prometheus, values->expect_file))
        return mcb_error_set(error, MCB_FAULT_USE_OPTION,
                             "--prometheus %s: is the file of --expect-file", clean);
    return 0;
}

static int read_request(struct request *request, char **paths, size_t files,
                        struct mcb_error *error)
{
    const struct values *values = &request->values;
    request->with_names = files > 1;
    if (values->prometheus && check_prometheus(values, paths, files, error) != 0)
        return -1;
    return mcb_expect_options_read(values->expect, values->expect_file, &request->expect, error);
}

int mcb_command_show(int argc, char **argv)
{
    struct request request = {.with_names = false};
    struct mcb_error error;
    size_t files;
    int exit_code = MCB_EXIT_OK;
    if (mcb_options_parse(&mcb_options_show, argc, argv, &request.values, &files, &error) != 0 ||
        read_request(&request, argv + 1, files, &error) != 0)
        return fail(&error);
    for (size_t i = 1; i <= files; i++) {
        if (i > 1 && !request.values.json)
            putchar('\n');
        int outcome = show_file(&request, argv[i]);
        if (outcome > exit_code)
            exit_code = outcome;
    }
    mcb_expect_options_release(&request.expect);
    return mcb_commands_finish_stdout(&error) == 0 ? exit_code : fail(&error);
}
