/* SPDX-License-Identifier: Apache-2.0 */

/*
 * mcbench show [--json] RESULT...: prints result documents and journals again. It judges nothing:
 * the exit code says whether all files could be read.
 */

#include <getopt.h>
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
#include "common/suggest.h"

struct options {
    bool json;
    int first_file; /* in argv */
};

static int fail_option(const char *given, struct mcb_error *error)
{
    static const char *const names[] = {"--json", "--help"};
    const char *nearest = mcb_suggest_nearest(given, names, sizeof names / sizeof *names);
    char clean[128];
    mcb_text_clean(given, clean, sizeof clean);
    if (strncmp(given, "--json=", strlen("--json=")) == 0)
        return mcb_error_set(error, MCB_FAULT_USE_OPTION, "%s: --json takes no value", clean);
    return mcb_error_set(error, MCB_FAULT_USE_OPTION, "%s: no such option of show%s%s%s", clean,
                         nearest ? " (did you mean " : "; mcbench show --help",
                         nearest ? nearest : "", nearest ? "?)" : "");
}

static int parse(int argc, char **argv, struct options *options, struct mcb_error *error)
{
    enum { OPTION_JSON = 256 };
    static const struct option known[] = {{"json", no_argument, NULL, OPTION_JSON},
                                          {NULL, 0, NULL, 0}};
    int option;
    optind = 0; /* from the beginning, also for a second command in one process */
    opterr = 0;
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        const char letter[] = {'-', (char)optopt, '\0'};
        if (option == OPTION_JSON)
            options->json = true;
        else /* optopt is 0 for an unknown word, the letter for an unknown letter */
            return fail_option(optopt > 0 && optopt < 256 ? letter : argv[optind - 1], error);
    }
    options->first_file = optind;
    if (optind == argc)
        return mcb_error_set(error, MCB_FAULT_USE_OPTION,
                             "show: no result file given; mcbench show RESULT...");
    return 0;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* "mcbench 0.1.0 · 2026-11-22T09:14:02Z · rdma · n1, n2 · complete" */
static void print_heading(const json_t *document)
{
    const json_t *tool = json_object_get(document, "tool"), *host;
    const json_t *hosts = json_object_get(document, "hosts");
    char clean[512];
    const char *const parts[] = {text_of(tool, "version"), text_of(document, "started"),
                                 text_of(json_object_get(document, "transport"), "name")};
    printf("%s", mcb_text_clean(text_of(tool, "name"), clean, sizeof clean));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        printf("%s%s", i ? " · " : " ", mcb_text_clean(parts[i], clean, sizeof clean));
    for (size_t i = 0; i < json_array_size(hosts) && i < 4; i++) {
        host = json_array_get(hosts, i);
        printf("%s%s", i ? ", " : " · ",
               mcb_text_clean(text_of(host, "host"), clean, sizeof clean));
    }
    if (json_array_size(hosts) > 4)
        printf(" and %zu more hosts", json_array_size(hosts) - 4);
    printf(" · %s\n\n", mcb_text_clean(text_of(document, "status"), clean, sizeof clean));
}

static int print_document(const json_t *document, const struct options *options,
                          struct mcb_error *error)
{
    if (options->json) {
        mcb_json_print(stdout, document);
        return 0;
    }
    struct mcb_text_terminal terminal = mcb_text_terminal(STDOUT_FILENO);
    const struct mcb_table_options table = {.columns = terminal.columns, .colour = terminal.colour};
    print_heading(document);
    return mcb_table_print(stdout, document, &table, error);
}

/* The errors of one file do not keep the next from being shown. */
static int show_file(const char *path, const struct options *options, bool with_name)
{
    struct mcb_error error = {.code = MCB_FAULT_NONE};
    char clean[512];
    json_t *document = mcb_result_load(path, &error);
    if (document) {
        if (with_name && !options->json)
            printf("%s\n", mcb_text_clean(path, clean, sizeof clean));
        print_document(document, options, &error);
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
    struct options options = {0};
    struct mcb_error error;
    int exit_code = MCB_EXIT_OK;
    if (parse(argc, argv, &options, &error) != 0)
        return fail(&error);
    for (int i = options.first_file; i < argc; i++) {
        if (i > options.first_file && !options.json)
            putchar('\n');
        int outcome = show_file(argv[i], &options, argc - options.first_file > 1);
        if (outcome > exit_code)
            exit_code = outcome;
    }
    return mcb_commands_finish_stdout(&error) == 0 ? exit_code : fail(&error);
}
