/* SPDX-License-Identifier: Apache-2.0 */

/*
 * mcbench topo [--from FILE.xml] [--json | --priority-matrix] [--svg FILE]: who sits near whom on
 * this host, or on the one that the file describes. Warnings do not change the exit code: they are
 * what was asked for.
 */

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/commands/commands.h"
#include "bench/report/text.h"
#include "bench/report/topology_document.h"
#include "bench/report/topology_svg.h"
#include "bench/report/topology_text.h"
#include "bench/report/topology_view.h"
#include "bench/topology/priority.h"
#include "common/fault.h"
#include "common/json.h"
#include "common/log.h"
#include "common/suggest.h"

enum option_id { OPTION_JSON = 256, OPTION_MATRIX, OPTION_FROM, OPTION_SVG };

struct options {
    bool json, priority_matrix;
    const char *from, *svg; /* NULL: not given */
};

static const struct option known[] = {{"json", no_argument, NULL, OPTION_JSON},
                                      {"priority-matrix", no_argument, NULL, OPTION_MATRIX},
                                      {"from", required_argument, NULL, OPTION_FROM},
                                      {"svg", required_argument, NULL, OPTION_SVG},
                                      {NULL, 0, NULL, 0}};

static const struct option *find_known(int id)
{
    for (const struct option *option = known; option->name; option++)
        if (option->val == id)
            return option;
    return NULL;
}

static int fail_option(const char *given, struct mcb_error *error)
{
    static const char *const names[] = {"--json", "--priority-matrix", "--from", "--svg", "--help"};
    const struct option *flag = find_known(optopt);
    char clean[128], name[128];
    mcb_text_clean(given, clean, sizeof clean);
    snprintf(name, sizeof name, "%.*s", (int)strcspn(clean, "="), clean);
    const char *nearest = mcb_suggest_nearest(name, names, sizeof names / sizeof *names);
    if (flag)
        return mcb_error_set(error, MCB_FAULT_USE_OPTION, "%s: --%s takes no value", clean,
                             flag->name);
    return mcb_error_set(error, MCB_FAULT_USE_OPTION, "%s: no such option of topo%s%s%s", clean,
                         nearest ? " (did you mean " : "; mcbench topo --help",
                         nearest ? nearest : "", nearest ? "?)" : "");
}

/* word: the value's own word on the command line, or the whole of --name=value. */
static int take_value(const char **value, int id, const char *word, struct mcb_error *error)
{
    const char *name = find_known(id)->name;
    char clean[128];
    if (*value)
        return mcb_error_set(error, MCB_FAULT_USE_OPTION, "--%s: given twice", name);
    if (word == optarg && strncmp(optarg, "--", 2) == 0)
        return mcb_error_set(error, MCB_FAULT_USE_OPTION,
                             "--%s: needs a value, FILE (if it is %s, write --%s=...)", name,
                             mcb_text_clean(optarg, clean, sizeof clean), name);
    if (*optarg == '\0')
        return mcb_error_set(error, MCB_FAULT_USE_OPTION, "--%s: needs a value, FILE", name);
    *value = optarg;
    return 0;
}

static int take(struct options *options, int id, char **argv, struct mcb_error *error)
{
    /* optopt is 0 for an unknown word, the letter for an unknown letter */
    const char letter[] = {'-', (char)optopt, '\0'}, *word = argv[optind - 1];
    switch (id) {
    case OPTION_JSON:
        options->json = true;
        return 0;
    case OPTION_MATRIX:
        options->priority_matrix = true;
        return 0;
    case OPTION_FROM:
        return take_value(&options->from, id, word, error);
    case OPTION_SVG:
        return take_value(&options->svg, id, word, error);
    case ':':
        return mcb_error_set(error, MCB_FAULT_USE_OPTION, "--%s: needs a value, FILE",
                             find_known(optopt)->name);
    default:
        return fail_option(optopt > 0 && optopt < OPTION_JSON ? letter : word, error);
    }
}

static int parse(int argc, char **argv, struct options *options, struct mcb_error *error)
{
    char clean[128];
    int id;
    optind = 0; /* from the beginning, also for a second command in one process */
    opterr = 0;
    while ((id = getopt_long(argc, argv, ":", known, NULL)) != -1)
        if (take(options, id, argv, error) != 0)
            return -1;
    if (optind < argc)
        return mcb_error_set(error, MCB_FAULT_USE_OPTION,
                             "%s: topo takes no such word; a file is given with --from",
                             mcb_text_clean(argv[optind], clean, sizeof clean));
    if (options->json && options->priority_matrix)
        return mcb_error_set(error, MCB_FAULT_USE_OPTION,
                             "--json, --priority-matrix: one of the two, as both go to standard "
                             "output");
    return 0;
}

/* ---- what is shown ---- */

static int print_text(const struct mcb_topology_view *view, struct mcb_error *error)
{
    struct mcb_text_terminal terminal = mcb_text_terminal(STDOUT_FILENO);
    const struct mcb_canvas canvas = {stdout, terminal.columns, terminal.colour};
    return mcb_topology_text_print(&canvas, view, error);
}

static int print_document(const struct mcb_topology_view *view, struct mcb_error *error)
{
    json_t *document = mcb_topology_document_make(view, error);
    if (!document)
        return -1;
    mcb_json_print(stdout, document);
    json_decref(document);
    return 0;
}

static int print_priority_matrix(const struct mcb_topology_view *view, struct mcb_error *error)
{
    json_t *matrix = mcb_priority_make(view->tree, error);
    if (!matrix) {
        if (error->code == MCB_FAULT_RDMA_NO_DEVICE && view->from)
            return mcb_error_set(error, MCB_FAULT_USE_TOPOLOGY, "%s: its host has no NIC",
                                 view->from);
        /* Why there is no NIC says more than that there is none. */
        if (error->code == MCB_FAULT_RDMA_NO_DEVICE && view->devices_error->code != MCB_FAULT_NONE)
            *error = *view->devices_error;
        return -1;
    }
    mcb_json_print(stdout, matrix);
    json_decref(matrix);
    return 0;
}

static int show(const struct options *options, const struct mcb_topology_view *view,
                struct mcb_error *error)
{
    if (options->svg && mcb_topology_svg_write(options->svg, view, error) != 0)
        return -1;
    if (options->json)
        return print_document(view, error);
    if (options->priority_matrix)
        return print_priority_matrix(view, error);
    return print_text(view, error);
}

/* ---- from the host to the screen ---- */

static int look_at(const struct mcb_topology *topology, const struct options *options,
                   struct mcb_error *error)
{
    struct mcb_error devices_error = {.code = MCB_FAULT_NONE};
    struct mcb_host_facts facts;
    struct mcb_findings findings;
    struct mcb_tree tree;
    if (mcb_tree_make(topology, "/sys", &tree, &devices_error, error) != 0)
        return -1;
    int outcome = mcb_findings_make(&tree, &findings, error);
    if (outcome == 0) {
        mcb_topology_host_facts(topology, &facts);
        outcome = show(
            options,
            &(struct mcb_topology_view){&tree, &facts, options->from, &findings, &devices_error},
            error);
        mcb_findings_release(&findings);
    }
    mcb_tree_release(&tree);
    return outcome;
}

int mcb_command_topo(int argc, char **argv)
{
    struct options options = {0};
    struct mcb_topology *topology = NULL;
    struct mcb_error error;
    int outcome = parse(argc, argv, &options, &error);
    if (outcome == 0)
        outcome = options.from ? mcb_topology_load_file(options.from, &topology, &error)
                               : mcb_topology_load(true, &topology, &error);
    if (outcome == 0)
        outcome = look_at(topology, &options, &error);
    mcb_topology_free(topology);
    if (outcome == 0)
        return MCB_EXIT_OK;
    mcb_log_error(&error);
    return mcb_error_exit(&error);
}
