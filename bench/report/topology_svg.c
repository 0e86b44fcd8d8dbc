/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Sizes go up, positions come down. Children stand behind their parents in the tree, so a walk from
 * the end knows the size of every child before its parent's, and a walk from the beginning the
 * place of every parent before its children's.
 *
 * Within a box the children flow in rows, left to right: devices alone two in a row, or more where
 * there are many; a NUMA node in one of its own; all else until the drawing is wide enough.
 */
#include "bench/report/topology_svg.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/text.h"
#include "common/units.h"

enum {
    MARGIN = 12,
    GAP = 10,
    HEADER = 26, /* the line of text on top of a box */
    LINE = 15,   /* of a device's text */
    DEVICE_WIDTH = 240,
    ROW_WIDTH = 1400, /* where a row of boxes ends */
    ROWS = 4,         /* of devices alone, before they get longer */
    LETTER = 7,       /* columns of text are no wider, so that a browser's font fits */
    LINES_MAX = 10,
    CLEAN_MAX = 512
};

struct box {
    long x, y; /* within the parent, then within the drawing */
    long width, height;
    size_t children;
    bool has_boxes; /* a child is no device */
};

struct drawing {
    const struct mcb_topology_view *view;
    struct mcb_topology_place *places;
    struct box *boxes;
};

/* What a kind looks like. */
static const struct look {
    const char *fill, *line, *name;
} looks[] = {
    [MCB_TREE_HOST] = {"#ffffff", "#444444", "host"},
    [MCB_TREE_NUMA_NODE] = {"#eef1f5", "#5f6f86", "NUMA node"},
    [MCB_TREE_HOST_BRIDGE] = {"#fbf3df", "#a8842c", "host bridge"},
    [MCB_TREE_BRIDGE] = {"#f3e9f6", "#8a5a9c", "switch or root port"},
    [MCB_TREE_NIC] = {"#dcebfb", "#2a6db0", "NIC"},
    [MCB_TREE_GPU] = {"#dff2dc", "#3d8b37", "GPU"},
};

static const char doubtful[] = "#b45309";

/* ---- the words in a box ---- */

struct words {
    char lines[LINES_MAX][CLEAN_MAX];
    bool doubtful[LINES_MAX];
    size_t count;
};

/* Nothing is no line. */
static void say(struct words *words, const char *text, bool is_doubtful)
{
    if (!*text || words->count == LINES_MAX)
        return;
    words->doubtful[words->count] = is_doubtful;
    mcb_text_clean(text, words->lines[words->count++], CLEAN_MAX);
}

static void say_ports(struct words *words, const struct mcb_device_facts *device)
{
    if (device->error.code != MCB_FAULT_NONE)
        say(words, "ports not known", true);
    for (size_t i = 0; i < device->port_count; i++) {
        const struct mcb_port *port = &device->ports[i];
        char link[MCB_TOPOLOGY_LINK_MAX], text[MCB_TOPOLOGY_LINK_MAX + 48];
        snprintf(text, sizeof text, "%u: %s %s", port->number, mcb_topology_port_text(port, link),
                 port->state);
        say(words, text, !port->active);
    }
}

static void device_words(const struct mcb_tree_node *node, struct words *words)
{
    char link[MCB_TOPOLOGY_LINK_MAX];
    words->count = 0;
    say(words, node->name, false);
    say(words, mcb_tree_nic_is_software(node) ? "software NIC" : node->pci.address, false);
    say(words, node->model, false);
    say(words, mcb_topology_link_text(node, link), mcb_topology_link_is_below(node));
    if (node->device)
        say_ports(words, node->device);
}

/* "n1 · n1.xml · EPYC 7763", as far as known. Returns text[CLEAN_MAX]. */
static char *host_words(const struct mcb_topology_view *view, char *text)
{
    const char *parts[] = {mcb_topology_host_name(view), view->from,
                           mcb_topology_fact(view->facts->cpu_model)};
    char words[CLEAN_MAX] = "";
    size_t length = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i])
            length += (size_t)snprintf(words + length, sizeof words - length, "%s%.128s",
                                       length > 0 ? " · " : "", parts[i]);
    return mcb_text_clean(words, text, CLEAN_MAX);
}

/* One line; returns text[CLEAN_MAX]. */
static char *box_words(const struct drawing *drawing, size_t index, char *text)
{
    const struct mcb_topology_view *view = drawing->view;
    const struct mcb_tree_node *node = &view->tree->nodes[index];
    char amount[MCB_TOPOLOGY_LINK_MAX] = "", words[CLEAN_MAX];
    if (node->kind == MCB_TREE_HOST)
        return host_words(view, text);
    if (node->kind == MCB_TREE_NUMA_NODE)
        snprintf(words, sizeof words, "%s · CPUs %s%s%s", node->name, node->cpus,
                 node->memory_bytes ? " · " : "",
                 node->memory_bytes
                     ? mcb_units_format_size(node->memory_bytes, amount, sizeof amount)
                     : "");
    else
        snprintf(words, sizeof words, "%s %s%s%s", mcb_topology_bridge_word(view->tree, index),
                 node->name, *mcb_topology_link_text(node, amount) ? " · " : "", amount);
    return mcb_text_clean(words, text, CLEAN_MAX);
}

static bool is_device(const struct mcb_tree_node *node)
{
    return node->kind == MCB_TREE_NIC || node->kind == MCB_TREE_GPU;
}

/* ---- sizes and places ---- */

/* Devices alone: two in a row, and up to five, so that there are no more than four rows. */
static long row_end(const struct drawing *drawing, size_t index)
{
    const struct box *box = &drawing->boxes[index];
    long in_row = ((long)box->children + ROWS - 1) / ROWS;
    if (box->has_boxes || in_row > ROW_WIDTH / (DEVICE_WIDTH + GAP))
        return GAP + ROW_WIDTH;
    return GAP + (in_row > 2 ? in_row : 2) * (DEVICE_WIDTH + GAP);
}

static void size_device(struct box *box, const struct mcb_tree_node *node)
{
    struct words words;
    device_words(node, &words);
    box->width = DEVICE_WIDTH;
    box->height = (long)words.count * LINE + GAP;
}

/* Lets the children of a box flow, and makes it as large as they need. */
static void size_box(struct drawing *drawing, size_t index)
{
    const struct mcb_tree *tree = drawing->view->tree;
    struct box *box = &drawing->boxes[index];
    char text[CLEAN_MAX];
    long x = GAP, y = HEADER, row_height = 0, right = 0;
    size_t left = box->children;
    bool after_numa_node = false;
    for (size_t i = index + 1; left > 0 && i < tree->count; i++) {
        struct box *child = &drawing->boxes[i];
        if (!drawing->places[i].drawn || drawing->places[i].parent != index)
            continue;
        bool numa_node = tree->nodes[i].kind == MCB_TREE_NUMA_NODE;
        bool full = x + child->width > row_end(drawing, index);
        if (x > GAP && (full || numa_node || after_numa_node)) {
            y += row_height + GAP;
            x = GAP;
            row_height = 0;
        }
        after_numa_node = numa_node;
        child->x = x;
        child->y = y;
        x += child->width + GAP;
        right = x > right ? x : right;
        row_height = child->height > row_height ? child->height : row_height;
        left--;
    }
    /* The host's line may be cut, the others' tell what is worth its width. */
    long words =
        index == 0 ? 0 : (long)mcb_text_columns(box_words(drawing, index, text)) * LETTER + 2 * GAP;
    long most = 2 * DEVICE_WIDTH + 3 * GAP;
    words = words > most ? most : words;
    box->width = right > words ? right : words;
    box->height = y + row_height + (row_height > 0 ? GAP : 0);
}

/* Children that are no devices make their parent's rows wide. */
static void count_children(struct drawing *drawing)
{
    const struct mcb_tree *tree = drawing->view->tree;
    for (size_t i = 1; i < tree->count; i++) {
        struct box *parent = &drawing->boxes[drawing->places[i].parent];
        if (!drawing->places[i].drawn)
            continue;
        parent->children++;
        parent->has_boxes |= !is_device(&tree->nodes[i]);
    }
}

/* NUMA nodes below each other look tidy if they are equally wide. */
static void align_rows(struct drawing *drawing)
{
    const struct mcb_tree *tree = drawing->view->tree;
    mcb_tree_foreach(tree, MCB_TREE_NUMA_NODE, i)
    {
        if (drawing->places[i].parent == 0)
            drawing->boxes[i].width = drawing->boxes[0].width - 2 * GAP;
    }
}

static void lay_out(struct drawing *drawing)
{
    const struct mcb_tree *tree = drawing->view->tree;
    count_children(drawing);
    for (size_t i = tree->count; i-- > 0;) {
        if (!drawing->places[i].drawn)
            continue;
        if (is_device(&tree->nodes[i]))
            size_device(&drawing->boxes[i], &tree->nodes[i]);
        else
            size_box(drawing, i);
    }
    align_rows(drawing);
    drawing->boxes[0].x = drawing->boxes[0].y = MARGIN;
    for (size_t i = 1; i < tree->count; i++) {
        const struct box *parent = &drawing->boxes[drawing->places[i].parent];
        drawing->boxes[i].x += parent->x;
        drawing->boxes[i].y += parent->y;
    }
}

/* ---- SVG ---- */

static void put_escaped(FILE *out, const char *clean)
{
    static const char special[] = "&<>\"'";
    static const char *const names[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&apos;"};
    for (; *clean; clean++) {
        const char *found = strchr(special, *clean);
        if (found)
            fputs(names[found - special], out);
        else
            fputc(*clean, out);
    }
}

static void put_text(FILE *out, long x, long y, const char *attributes, const char *clean)
{
    fprintf(out, "<text x=\"%ld\" y=\"%ld\"%s>", x, y, attributes);
    put_escaped(out, clean);
    fputs("</text>\n", out);
}

static void put_rectangle(FILE *out, const struct box *box, const struct look *look, bool dashed)
{
    fprintf(out,
            "<rect x=\"%ld\" y=\"%ld\" width=\"%ld\" height=\"%ld\" rx=\"4\" fill=\"%s\" "
            "stroke=\"%s\"%s/>\n",
            box->x, box->y, box->width, box->height, look->fill, look->line,
            dashed ? " stroke-dasharray=\"5 3\"" : "");
}

/* Cut to what the box is wide enough for. */
static void put_line(FILE *out, const struct box *box, long y, const char *attributes, char *clean)
{
    long columns = (box->width - 2 * GAP) / LETTER;
    mcb_text_fit(clean, columns > 1 ? (size_t)columns : 1);
    put_text(out, box->x + GAP, box->y + y, attributes, clean);
}

static void put_device(FILE *out, const struct box *box, const struct mcb_tree_node *node)
{
    struct words words;
    char doubtful_attributes[48];
    snprintf(doubtful_attributes, sizeof doubtful_attributes, " fill=\"%s\"", doubtful);
    device_words(node, &words);
    put_rectangle(out, box, &looks[node->kind], mcb_tree_nic_is_software(node));
    for (size_t i = 0; i < words.count; i++)
        put_line(out, box, (long)(i + 1) * LINE,
                 i == 0              ? " font-weight=\"bold\""
                 : words.doubtful[i] ? doubtful_attributes
                                     : "",
                 words.lines[i]);
}

static void put_box(FILE *out, const struct drawing *drawing, size_t index)
{
    const struct mcb_tree_node *node = &drawing->view->tree->nodes[index];
    const struct box *box = &drawing->boxes[index];
    char text[CLEAN_MAX], attributes[64];
    snprintf(attributes, sizeof attributes, " font-weight=\"bold\" fill=\"%s\"",
             mcb_topology_link_is_below(node) ? doubtful : looks[node->kind].line);
    put_rectangle(out, box, &looks[node->kind], false);
    put_line(out, box, LINE + 2, attributes, box_words(drawing, index, text));
}

static bool has_software_nic(const struct mcb_tree *tree)
{
    bool found = false;
    mcb_tree_foreach(tree, MCB_TREE_NIC, i)
    {
        found |= mcb_tree_nic_is_software(&tree->nodes[i]);
    }
    return found;
}

/* One entry of the legend; returns where the next one begins. */
static long put_sample(FILE *out, const struct look *look, bool dashed, const char *name, long x,
                       long y)
{
    const struct box sample = {x, y, 14, 14, 0, false};
    put_rectangle(out, &sample, look, dashed);
    put_text(out, x + 20, y + 11, "", name);
    return x + 20 + (long)(strlen(name) + 2) * LETTER;
}

/* Kinds that occur, below the host's box. */
static void put_legend(FILE *out, const struct drawing *drawing, long y)
{
    const struct mcb_tree *tree = drawing->view->tree;
    long x = MARGIN;
    for (size_t kind = MCB_TREE_NUMA_NODE; kind < sizeof looks / sizeof *looks; kind++)
        if (mcb_tree_count(tree, (enum mcb_tree_kind)kind) > 0)
            x = put_sample(out, &looks[kind], false, looks[kind].name, x, y);
    if (has_software_nic(tree))
        x = put_sample(out, &looks[MCB_TREE_NIC], true, "software NIC", x, y);
    fprintf(out,
            "<text x=\"%ld\" y=\"%ld\" fill=\"%s\">below its capability, or not active</text>\n", x,
            y + 11, doubtful);
}

static int print_drawing(FILE *out, const void *context)
{
    static const long legend_width = 880;
    const struct drawing *drawing = context;
    const struct mcb_tree *tree = drawing->view->tree;
    const struct box *host = &drawing->boxes[0];
    long width = 2 * MARGIN + (host->width > legend_width ? host->width : legend_width);
    long height = 3 * MARGIN + host->height + 14;
    fprintf(out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" width=\"%ld\" "
            "height=\"%ld\" viewBox=\"0 0 %ld %ld\" font-family=\"DejaVu Sans Mono, Menlo, "
            "Consolas, monospace\" font-size=\"11\" fill=\"#222222\">\n"
            "<title>",
            width, height, width, height);
    char text[CLEAN_MAX];
    put_escaped(out, box_words(drawing, 0, text));
    fprintf(out, "</title>\n<rect width=\"%ld\" height=\"%ld\" fill=\"#ffffff\"/>\n", width,
            height);
    for (size_t i = 0; i < tree->count; i++) {
        if (!drawing->places[i].drawn)
            continue;
        if (is_device(&tree->nodes[i]))
            put_device(out, &drawing->boxes[i], &tree->nodes[i]);
        else
            put_box(out, drawing, i);
    }
    put_legend(out, drawing, host->y + host->height + MARGIN);
    fputs("</svg>\n", out);
    return ferror(out) ? -1 : 0;
}

int mcb_topology_svg_write(const char *path, const struct mcb_topology_view *view,
                           struct mcb_error *error)
{
    struct drawing drawing = {view, NULL, NULL};
    if (mcb_topology_places_make(view->tree, &drawing.places, error) != 0)
        return -1;
    drawing.boxes = calloc(view->tree->count, sizeof *drawing.boxes);
    int outcome = -1;
    if (drawing.boxes) {
        lay_out(&drawing);
        outcome = mcb_file_write(path, print_drawing, &drawing, error);
    } else {
        mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the drawing");
    }
    free(drawing.boxes);
    free(drawing.places);
    return outcome;
}
