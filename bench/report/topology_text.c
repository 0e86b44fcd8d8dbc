/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/topology_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/notes.h"
#include "bench/topology/distance.h"
#include "common/json.h"
#include "common/text.h"
#include "common/units.h"

enum { COLUMNS_LEAST = 40, CLEAN_MAX = 1024, LEVELS_MAX = 10, LABEL_COLUMNS_MAX = 18 };

/* ---- lines made of parts, which never pass the edge ---- */

struct line {
    const struct mcb_canvas *canvas;
    const char *continued; /* what stands before the second line */
    const char *separator; /* what stands between two parts */
    const char *broken;    /* what stands in its place at the end of a line that goes on */
    size_t column;
    bool open;  /* a part stands on this line already */
    bool named; /* that part is a name: a gap comes after it, and no separator */
};

static void put(const struct mcb_canvas *canvas, enum mcb_paint paint, const char *clean)
{
    if (*clean)
        mcb_canvas_put(canvas, paint, clean);
}

static struct line line_begin(const struct mcb_canvas *canvas, const char *first,
                              const char *continued, const char *separator)
{
    put(canvas, MCB_PAINT_DIM, first);
    return (struct line){canvas, continued, separator, "", mcb_text_columns(first), false, false};
}

static void line_break(struct line *line)
{
    put(line->canvas, MCB_PAINT_DIM, line->broken);
    fputc('\n', line->canvas->out);
    put(line->canvas, MCB_PAINT_DIM, line->continued);
    line->column = mcb_text_columns(line->continued);
    line->open = false;
}

/* Foreign text is welcome; none at all is passed over. */
static void line_put(struct line *line, enum mcb_paint paint, const char *text)
{
    char clean[CLEAN_MAX];
    size_t reserved = strlen(line->broken), most = line->canvas->columns - reserved;
    mcb_text_clean(text, clean, sizeof clean);
    if (!*clean)
        return;
    mcb_text_fit(clean, most - mcb_text_columns(line->continued));
    if (line->open &&
        line->column + mcb_text_columns(line->separator) + mcb_text_columns(clean) > most)
        line_break(line);
    const char *separator = !line->open ? "" : line->named ? "  " : line->separator;
    put(line->canvas, MCB_PAINT_DIM, separator);
    put(line->canvas, paint, clean);
    line->column += mcb_text_columns(separator) + mcb_text_columns(clean);
    line->open = true;
    line->named = false;
}

static void line_end(const struct line *line)
{
    fputc('\n', line->canvas->out);
}

static void print_heading(const struct mcb_canvas *canvas, const char *text, const char *meaning)
{
    fprintf(canvas->out, "\n%s", text);
    put(canvas, MCB_PAINT_DIM, meaning);
    fputc('\n', canvas->out);
}

/* ---- the host ---- */

static char *count_text(char *text, size_t size, size_t count, const char *one)
{
    snprintf(text, size, "%zu %s%s", count, one, count == 1 ? "" : "s");
    return text;
}

static void print_host(const struct mcb_canvas *canvas, const struct mcb_topology_view *view)
{
    const struct mcb_host_facts *facts = view->facts;
    struct line line = line_begin(canvas, "", "", " · ");
    char text[64];
    line_put(&line, MCB_PAINT_PLAIN, mcb_topology_host_name(view));
    line_put(&line, MCB_PAINT_PLAIN, view->from);
    line_put(&line, MCB_PAINT_PLAIN, mcb_topology_fact(facts->kernel));
    line_put(&line, MCB_PAINT_PLAIN, mcb_topology_fact(facts->cpu_model));
    if (facts->cpus > 0)
        line_put(&line, MCB_PAINT_PLAIN, count_text(text, sizeof text, facts->cpus, "CPU"));
    line_put(&line, MCB_PAINT_PLAIN, count_text(text, sizeof text, facts->numa_nodes, "NUMA node"));
    if (facts->memory_bytes > 0)
        line_put(&line, MCB_PAINT_PLAIN,
                 mcb_units_format_size(facts->memory_bytes, text, sizeof text));
    line_end(&line);
}

/* ---- the tree ---- */

/* The lines of the tree that pass a node on its left, and, on the node's own first line, the one
 * that leads to it. Levels beyond the last one are drawn on it. */
static void make_prefix(const struct mcb_topology_place *places, size_t node, bool own_line,
                        char *prefix, size_t size)
{
    const char *pieces[LEVELS_MAX] = {NULL};
    size_t level = 0, length = 0;
    prefix[0] = '\0';
    if (places[node].level > 1 && own_line)
        pieces[level++] = places[node].last ? "└─ " : "├─ ";
    for (size_t at = own_line ? places[node].parent : node; places[at].level > 1;
         at = places[at].parent)
        if (level < LEVELS_MAX)
            pieces[level++] = places[at].last ? "   " : "│  ";
    while (level-- > 0)
        length += (size_t)snprintf(prefix + length, size - length, "%s", pieces[level]);
}

static void put_link(struct line *line, const struct mcb_tree_node *node)
{
    char text[MCB_TOPOLOGY_LINK_MAX];
    line_put(line, mcb_topology_link_is_below(node) ? MCB_PAINT_YELLOW : MCB_PAINT_PLAIN,
             mcb_topology_link_text(node, text));
}

static void put_numa_node(struct line *line, const struct mcb_tree_node *node)
{
    char text[sizeof node->cpus + 8];
    snprintf(text, sizeof text, "CPUs %s", node->cpus[0] ? node->cpus : "none");
    line_put(line, MCB_PAINT_PLAIN, text);
    if (node->memory_bytes > 0)
        line_put(line, MCB_PAINT_PLAIN,
                 mcb_units_format_size(node->memory_bytes, text, sizeof text));
}

static void put_device(struct line *line, const struct mcb_tree_node *node)
{
    char text[sizeof node->device->firmware + 8];
    char place[sizeof node->pci.address + 32];
    bool software = mcb_tree_nic_is_software(node);
    snprintf(place, sizeof place, "%s%s%s", software ? "software NIC" : "",
             software && node->pci.address[0] ? " on " : "", node->pci.address);
    line_put(line, MCB_PAINT_DIM, place);
    line_put(line, MCB_PAINT_PLAIN, node->model);
    if (!software && node->device && node->device->firmware[0]) {
        snprintf(text, sizeof text, "fw %s", node->device->firmware);
        line_put(line, MCB_PAINT_PLAIN, text);
    }
    put_link(line, node);
}

static void put_node(struct line *line, const struct mcb_tree *tree, size_t index)
{
    const struct mcb_tree_node *node = &tree->nodes[index];
    char text[MCB_TREE_NAME_MAX + 32];
    bool bridge = node->kind == MCB_TREE_HOST_BRIDGE || node->kind == MCB_TREE_BRIDGE;
    snprintf(text, sizeof text, "%s%s%s", bridge ? mcb_topology_bridge_word(tree, index) : "",
             bridge ? " " : "", node->name);
    line_put(line, MCB_PAINT_PLAIN, text);
    line->named = true;
    if (node->kind == MCB_TREE_NUMA_NODE)
        put_numa_node(line, node);
    else if (node->kind == MCB_TREE_BRIDGE)
        put_link(line, node);
    else if (node->kind == MCB_TREE_NIC || node->kind == MCB_TREE_GPU)
        put_device(line, node);
}

static void print_port(const struct mcb_canvas *canvas, const struct mcb_port *port,
                       const char *prefix)
{
    char text[MCB_TOPOLOGY_LINK_MAX];
    struct line line = line_begin(canvas, prefix, prefix, " · ");
    snprintf(text, sizeof text, "port %u", port->number);
    line_put(&line, MCB_PAINT_PLAIN, text);
    line_put(&line, MCB_PAINT_PLAIN, mcb_topology_port_text(port, text));
    line_put(&line, port->active ? MCB_PAINT_PLAIN : MCB_PAINT_YELLOW, port->state);
    if (port->mtu_bytes > 0) {
        snprintf(text, sizeof text, "MTU %" PRIu32, port->mtu_bytes);
        line_put(&line, MCB_PAINT_PLAIN, text);
    }
    line_end(&line);
}

static void print_ports(const struct mcb_canvas *canvas, const struct mcb_device_facts *device,
                        const char *prefix)
{
    if (device->error.code != MCB_FAULT_NONE) {
        struct line line = line_begin(canvas, prefix, prefix, " ");
        line_put(&line, MCB_PAINT_YELLOW, "ports not known:");
        line_put(&line, MCB_PAINT_YELLOW, device->error.detail);
        line_end(&line);
    }
    for (size_t i = 0; i < device->port_count; i++)
        print_port(canvas, &device->ports[i], prefix);
}

static void print_tree(const struct mcb_canvas *canvas, const struct mcb_tree *tree,
                       const struct mcb_topology_place *places)
{
    for (size_t i = 1; i < tree->count; i++) {
        char first[LEVELS_MAX * 12], below[LEVELS_MAX * 12 + 8];
        if (!places[i].drawn)
            continue;
        if (places[i].level == 1)
            fputc('\n', canvas->out);
        make_prefix(places, i, true, first, sizeof first);
        make_prefix(places, i, false, below, sizeof below - 4);
        strcat(below, "    ");
        struct line line = line_begin(canvas, first, below, " · ");
        put_node(&line, tree, i);
        line_end(&line);
        if (tree->nodes[i].device)
            print_ports(canvas, tree->nodes[i].device, below);
    }
}

static void print_absent(const struct mcb_canvas *canvas, const struct mcb_topology_view *view)
{
    const char *where = view->from ? "in this file" : "on this host";
    bool no_nic = mcb_tree_count(view->tree, MCB_TREE_NIC) == 0;
    bool no_gpu = mcb_tree_count(view->tree, MCB_TREE_GPU) == 0;
    if (no_nic || no_gpu)
        fputc('\n', canvas->out);
    if (no_nic && view->devices_error->code != MCB_FAULT_NONE)
        fprintf(canvas->out, "RDMA devices: not known (see below)\n");
    else if (no_nic)
        fprintf(canvas->out, "no RDMA device %s\n", where);
    if (no_gpu)
        fprintf(canvas->out, "no GPU %s\n", where);
}

/* ---- the matrix ---- */

struct matrix {
    const struct mcb_tree *tree;
    const size_t *ends;
    size_t count;
    size_t label_columns;
    unsigned classes; /* a bit for each class that occurs */
};

static char *label(const struct matrix *matrix, size_t end, char text[MCB_TREE_NAME_MAX])
{
    mcb_text_clean(matrix->tree->nodes[matrix->ends[end]].name, text, MCB_TREE_NAME_MAX);
    mcb_text_fit(text, LABEL_COLUMNS_MAX);
    return text;
}

static size_t cell_columns(const struct matrix *matrix, size_t column)
{
    char text[MCB_TREE_NAME_MAX];
    size_t columns = mcb_text_columns(label(matrix, column, text));
    return 2 + (columns < 4 ? 4 : columns);
}

static enum mcb_distance distance(const struct matrix *matrix, size_t row, size_t column)
{
    const struct mcb_tree_node *nodes = matrix->tree->nodes;
    size_t a = matrix->ends[row], b = matrix->ends[column];
    if (nodes[a].kind == MCB_TREE_NUMA_NODE && nodes[b].kind == MCB_TREE_NUMA_NODE)
        return MCB_DISTANCE_SYS;
    return mcb_distance_between(matrix->tree, a, b);
}

/* Columns first to last - 1. */
static void print_group(const struct mcb_canvas *canvas, struct matrix *matrix, size_t first,
                        size_t last)
{
    char text[MCB_TREE_NAME_MAX];
    mcb_text_pad(canvas->out, matrix->label_columns);
    for (size_t column = first; column < last; column++)
        fprintf(canvas->out, "%*s%s",
                (int)(cell_columns(matrix, column) - mcb_text_columns(label(matrix, column, text))),
                "", text);
    fputc('\n', canvas->out);
    for (size_t row = 0; row < matrix->count; row++) {
        label(matrix, row, text);
        fputs(text, canvas->out);
        mcb_text_pad(canvas->out, matrix->label_columns - mcb_text_columns(text));
        for (size_t column = first; column < last; column++) {
            const char *name = "X";
            if (row != column) {
                enum mcb_distance class = distance(matrix, row, column);
                matrix->classes |= 1u << class;
                name = mcb_distance_name(class);
            }
            fprintf(canvas->out, "%*s", (int)cell_columns(matrix, column), name);
        }
        fputc('\n', canvas->out);
    }
}

static void print_legend(const struct mcb_canvas *canvas, unsigned classes)
{
    static const char *const meanings[MCB_DISTANCES] = {
        [MCB_DISTANCE_PIX] = "one PCIe bridge or switch at most",
        [MCB_DISTANCE_PXB] = "several PCIe bridges or switches",
        [MCB_DISTANCE_PHB] = "a PCIe host bridge (the CPU)",
        [MCB_DISTANCE_NODE] = "two host bridges of one NUMA node",
        [MCB_DISTANCE_SYS] = "the interconnect between NUMA nodes",
    };
    struct line line = line_begin(canvas, "", "", " · ");
    for (unsigned i = 0; i < MCB_DISTANCES; i++) {
        char text[64];
        snprintf(text, sizeof text, "%s %s", mcb_distance_name(i), meanings[i]);
        if (classes & 1u << i)
            line_put(&line, MCB_PAINT_DIM, text);
    }
    line_end(&line);
}

/* One after the other, as many columns as fit. */
static void print_matrix(const struct mcb_canvas *canvas, struct matrix *matrix)
{
    if (matrix->count < 2)
        return;
    print_heading(canvas, "distance", ", what lies between two of them");
    if (matrix->count > MCB_TOPOLOGY_TEXT_ENDS_MAX) {
        char text[96];
        snprintf(text, sizeof text, "left out: %zu NICs, GPUs and NUMA nodes are more than %d",
                 matrix->count, MCB_TOPOLOGY_TEXT_ENDS_MAX);
        mcb_text_pad(canvas->out, 2);
        mcb_text_wrap(canvas->out, text, 2, canvas->columns);
        return;
    }
    for (size_t i = 0; i < matrix->count; i++) {
        size_t columns = cell_columns(matrix, i) - 2;
        matrix->label_columns = columns > matrix->label_columns ? columns : matrix->label_columns;
    }
    for (size_t first = 0, last; first < matrix->count; first = last) {
        size_t width = matrix->label_columns;
        for (last = first; last < matrix->count; last++) {
            width += cell_columns(matrix, last);
            if (last > first && width > canvas->columns)
                break;
        }
        if (first > 0)
            fputc('\n', canvas->out);
        print_group(canvas, matrix, first, last);
    }
    print_legend(canvas, matrix->classes);
}

/* ---- who is near whom ---- */

static void print_names(const struct mcb_canvas *canvas, const char *first, enum mcb_paint paint,
                        const struct mcb_tree *tree, const size_t *nodes, size_t count)
{
    char blank[64];
    snprintf(blank, sizeof blank, "%*s", (int)mcb_text_columns(first), "");
    mcb_canvas_put(canvas, paint, first);
    struct line line = {canvas, blank, ", ", ",", mcb_text_columns(first), false, false};
    for (size_t i = 0; i < count; i++)
        line_put(&line, MCB_PAINT_PLAIN, tree->nodes[nodes[i]].name);
    if (count == 0)
        line_put(&line, MCB_PAINT_DIM, "none");
    line_end(&line);
}

/* nics: room for the indices of all NICs. */
static void print_rails(const struct mcb_canvas *canvas, const struct mcb_tree *tree, size_t *nics)
{
    if (mcb_tree_count(tree, MCB_TREE_NIC) == 0 || mcb_tree_count(tree, MCB_TREE_GPU) == 0)
        return;
    print_heading(canvas, "rails", ", the nearest NICs of each GPU");
    mcb_tree_foreach(tree, MCB_TREE_GPU, gpu)
    {
        enum mcb_distance class = MCB_DISTANCE_SYS;
        char first[64];
        size_t count = mcb_distance_near_nics(tree, gpu, nics, tree->count, &class);
        snprintf(first, sizeof first, "  %-8.20s %-4s  ", tree->nodes[gpu].name,
                 mcb_distance_name(class));
        print_names(canvas, first, class == MCB_DISTANCE_SYS ? MCB_PAINT_YELLOW : MCB_PAINT_PLAIN,
                    tree, nics, count);
    }
}

static void print_nics_of_nodes(const struct mcb_canvas *canvas, const struct mcb_tree *tree,
                                size_t *nics)
{
    if (mcb_tree_count(tree, MCB_TREE_NIC) == 0)
        return;
    print_heading(canvas, "NICs", " beside each NUMA node");
    mcb_tree_foreach(tree, MCB_TREE_NUMA_NODE, node)
    {
        char first[64];
        size_t count = 0;
        mcb_tree_foreach(tree, MCB_TREE_NIC, nic)
        {
            if (mcb_distance_between(tree, node, nic) == MCB_DISTANCE_PHB)
                nics[count++] = nic;
        }
        snprintf(first, sizeof first, "  %-8.20s ", tree->nodes[node].name);
        print_names(canvas, first, MCB_PAINT_PLAIN, tree, nics, count);
    }
}

/* ---- what is wrong ---- */

static void print_warning(const struct mcb_canvas *canvas, const struct mcb_error *finding,
                          bool with_remedy)
{
    json_t *fault = mcb_json_from_error(finding);
    mcb_canvas_put(canvas, MCB_PAINT_YELLOW, "  ! ");
    mcb_notes_print_fault(canvas, fault, 4, 4, with_remedy);
    json_decref(fault);
}

static void print_warnings(const struct mcb_canvas *canvas, const struct mcb_topology_view *view)
{
    const struct mcb_findings *findings = view->findings;
    bool unlisted = view->devices_error->code != MCB_FAULT_NONE;
    if (findings->count == 0 && !unlisted)
        return;
    print_heading(canvas, "warnings", "");
    if (unlisted)
        print_warning(canvas, view->devices_error, true);
    for (size_t i = 0; i < findings->count; i++) {
        bool told = false;
        for (size_t earlier = 0; earlier < i && !told; earlier++)
            told = findings->list[earlier].code == findings->list[i].code;
        print_warning(canvas, &findings->list[i], !told);
    }
}

static void print_unseen(const struct mcb_canvas *canvas, const struct mcb_tree *tree)
{
    char unseen[256], clean[256];
    mcb_text_clean(mcb_findings_unseen(tree, unseen), clean, sizeof clean);
    if (!*clean)
        return;
    fputc('\n', canvas->out);
    mcb_canvas_begin(canvas, MCB_PAINT_DIM);
    fputs("not seen: ", canvas->out);
    mcb_text_wrap(canvas->out, clean, strlen("not seen: "), canvas->columns);
    mcb_canvas_end(canvas, MCB_PAINT_DIM);
}

int mcb_topology_text_print(const struct mcb_canvas *canvas, const struct mcb_topology_view *view,
                            struct mcb_error *error)
{
    struct mcb_canvas wide = *canvas;
    struct mcb_topology_place *places = NULL;
    size_t *ends = NULL;
    struct matrix matrix = {.tree = view->tree};
    int outcome = mcb_topology_places_make(view->tree, &places, error);
    size_t *nics = calloc(view->tree->count, sizeof *nics);
    if (outcome == 0 && !nics)
        outcome = mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory to draw the topology");
    if (outcome == 0)
        outcome = mcb_topology_ends_make(view->tree, &ends, &matrix.count, error);
    matrix.ends = ends;
    if (wide.columns < COLUMNS_LEAST)
        wide.columns = COLUMNS_LEAST;
    if (outcome == 0) {
        print_host(&wide, view);
        print_tree(&wide, view->tree, places);
        print_absent(&wide, view);
        print_matrix(&wide, &matrix);
        print_rails(&wide, view->tree, nics);
        print_nics_of_nodes(&wide, view->tree, nics);
        print_warnings(&wide, view);
        print_unseen(&wide, view->tree);
    }
    free(ends);
    free(nics);
    free(places);
    return outcome;
}
