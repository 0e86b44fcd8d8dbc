/* SPDX-License-Identifier: Apache-2.0 */

/*
 * mcbench topo [--from FILE.xml] [--json | --priority-matrix] [--svg FILE]: who sits near whom on
 * this host, or on the one that the file describes. Warnings do not change the exit code: they are
 * what was asked for.
 */

#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "bench/commands/commands.h"
#include "bench/report/topology_document.h"
#include "bench/report/topology_svg.h"
#include "bench/report/topology_text.h"
#include "bench/report/topology_view.h"
#include "bench/topology/priority.h"
#include "bench/topology/topology_file.h"
#include "common/fault.h"
#include "common/json.h"
#include "common/log.h"
#include "common/pci.h"
#include "common/text.h"

struct values {
    bool json, priority_matrix;
    const char *from, *svg; /* NULL: not given */
};

static const struct mcb_option rows[] = {
    {"from", "FILE.xml", "the host that this file of hwloc describes, in place of this one",
     offsetof(struct values, from), 0},
    {"json", NULL, "the JSON document, in place of tree and tables", offsetof(struct values, json),
     0},
    {"priority-matrix", NULL,
     "Mooncake's nic_priority_matrix, in place of tree and tables: the nearest NICs of each memory "
     "first; NICs without an active port are left out",
     offsetof(struct values, priority_matrix), 0},
    {"svg", "FILE", "draw it to a file", offsetof(struct values, svg), 0},
    {NULL, NULL, NULL, 0, 0},
};

const struct mcb_options mcb_options_topo = {rows,
                                             .words = {NULL, 0, 0, "a file is given with --from"}};

static int parse(int argc, char **argv, struct values *values, struct mcb_error *error)
{
    size_t words;
    if (mcb_options_parse(&mcb_options_topo, argc, argv, values, &words, error) != 0)
        return -1;
    if (values->json && values->priority_matrix)
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

static int show(const struct values *values, const struct mcb_topology_view *view,
                struct mcb_error *error)
{
    if (values->svg && mcb_topology_svg_write(values->svg, view, error) != 0)
        return -1;
    if (values->json)
        return print_document(view, error);
    if (values->priority_matrix)
        return print_priority_matrix(view, error);
    return print_text(view, error);
}

/* ---- from the host to the screen ---- */

static int look_at(const struct mcb_topology *topology, const struct values *values,
                   struct mcb_error *error)
{
    struct mcb_error devices_error = {.code = MCB_FAULT_NONE};
    struct mcb_host_facts facts;
    struct mcb_findings findings;
    struct mcb_tree tree;
    if (mcb_tree_make(topology, MCB_SYSFS, NULL, &tree, &devices_error, error) != 0)
        return -1;
    int outcome = mcb_findings_make(&tree, &findings, error);
    if (outcome == 0) {
        mcb_topology_host_facts(topology, &facts);
        outcome = show(
            values,
            &(struct mcb_topology_view){&tree, &facts, values->from, &findings, &devices_error},
            error);
        mcb_findings_release(&findings);
    }
    mcb_tree_release(&tree);
    return outcome;
}

int mcb_command_topo(int argc, char **argv)
{
    struct values values = {0};
    struct mcb_topology *topology = NULL;
    struct mcb_error error;
    int outcome = parse(argc, argv, &values, &error);
    if (outcome == 0)
        outcome = values.from ? mcb_topology_load_file(values.from, &topology, &error)
                              : mcb_topology_load(true, &topology, &error);
    if (outcome == 0)
        outcome = look_at(topology, &values, &error);
    mcb_topology_free(topology);
    if (outcome == 0)
        return MCB_EXIT_OK;
    mcb_log_error(&error);
    return mcb_error_exit(&error);
}
