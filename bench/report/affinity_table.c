/* SPDX-License-Identifier: Apache-2.0 */

/* The figures of --pairs affinity and the two matrices, for a person. */

#include "bench/report/affinity.h"

#include <stdlib.h>
#include <string.h>

#include "bench/report/affinity_places.h"
#include "bench/report/summary.h"
#include "bench/report/text.h"
#include "common/json.h"
#include "common/units.h"

enum { TEXT_MAX = 1024, NAME_COLUMNS = 30 };

/* ---- the table ---- */

enum column { MEMORY, NIC, FIGURE, SHARE, MEASURED, TOPOLOGY, COLUMNS };
enum { GAP = 2, CELL_MAX = 80 };
static const char *const headings[COLUMNS] = {"memory",  "NIC",      "Gbit/s",
                                              "of best", "measured", "topology"};

struct line {
    char text[COLUMNS][CELL_MAX];
    bool compared, differs;
};

/* One host, as it is printed. */
struct view {
    const struct mcb_canvas *canvas;
    const struct mcb_affinity_places *places;
    size_t first, count;
    const json_t *suggested;
};

/* The initiator's NIC is the target's: nothing needs to leave it. */
static bool is_loopback(const struct mcb_affinity_place *place)
{
    const json_t *target = json_object_get(place->cell, "target");
    return strcmp(mcb_json_text(target, "host"), place->host_name) == 0 &&
           strcmp(mcb_json_text(target, "nic"), place->nic_name) == 0;
}

static const char *verdict_of_topology(const json_t *suggested,
                                       const struct mcb_affinity_place *place)
{
    const json_t *lists = json_object_get(suggested, place->memory);
    if (!lists)
        return "not known";
    return mcb_affinity_has_word(json_array_get(lists, 0), place->nic_name) ? "preferred" : "other";
}

static void make_line(const struct view *view, size_t index, struct line *line)
{
    const struct mcb_affinity_place *place = &view->places->list[index];
    double median;
    *line = (struct line){.differs = false};
    mcb_text_fit(mcb_text_clean(place->memory, line->text[MEMORY], 32), NAME_COLUMNS);
    mcb_text_clean(place->nic_name, line->text[NIC], CELL_MAX - 8);
    mcb_text_fit(line->text[NIC], NAME_COLUMNS);
    if (is_loopback(place))
        strcat(line->text[NIC], " *");
    strcpy(line->text[TOPOLOGY], verdict_of_topology(view->suggested, place));
    if (!mcb_affinity_figure(place, &median)) {
        snprintf(line->text[FIGURE], CELL_MAX, "%.16s", mcb_json_text(place->cell, "status"));
        strcpy(line->text[SHARE], "—");
        strcpy(line->text[MEASURED], "left out");
    } else {
        mcb_summary_figure_text(place->cell, line->text[FIGURE]);
        snprintf(line->text[SHARE], CELL_MAX, "%.0f%%", 100 * median / place->best_gbps);
        strcpy(line->text[MEASURED], place->preferred ? "preferred" : "other");
    }
    line->compared = strcmp(line->text[TOPOLOGY], "not known") != 0;
    line->differs = line->compared && strcmp(line->text[MEASURED], line->text[TOPOLOGY]) != 0;
}

static bool is_right_aligned(int column)
{
    return column == FIGURE || column == SHARE;
}

static void put(const struct view *view, int column, const char *text, size_t width)
{
    size_t room = width - mcb_text_columns(text);
    if (column > 0)
        mcb_text_pad(view->canvas->out, GAP);
    if (is_right_aligned(column))
        mcb_text_pad(view->canvas->out, room);
    fputs(text, view->canvas->out);
    if (!is_right_aligned(column) && column + 1 < COLUMNS)
        mcb_text_pad(view->canvas->out, room);
}

static void measure_widths(const struct view *view, size_t widths[COLUMNS])
{
    struct line line;
    for (int column = 0; column < COLUMNS; column++)
        widths[column] = strlen(headings[column]);
    for (size_t i = view->first; i < view->first + view->count; i++) {
        make_line(view, i, &line);
        for (int column = 0; column < COLUMNS; column++)
            if (mcb_text_columns(line.text[column]) > widths[column])
                widths[column] = mcb_text_columns(line.text[column]);
    }
}

/* How many lines there is something to compare with, and how many differ. */
struct comparison {
    size_t compared, differing;
};

static struct comparison print_lines(const struct view *view)
{
    size_t widths[COLUMNS];
    struct comparison comparison = {0};
    struct line line;
    measure_widths(view, widths);
    mcb_canvas_begin(view->canvas, MCB_PAINT_DIM);
    for (int column = 0; column < COLUMNS; column++)
        put(view, column, headings[column], widths[column]);
    mcb_canvas_end(view->canvas, MCB_PAINT_DIM);
    fputc('\n', view->canvas->out);
    for (size_t i = view->first; i < view->first + view->count; i++) {
        make_line(view, i, &line);
        for (int column = 0; column < COLUMNS; column++)
            put(view, column, line.text[column], widths[column]);
        if (line.differs) {
            mcb_text_pad(view->canvas->out,
                         widths[TOPOLOGY] - mcb_text_columns(line.text[TOPOLOGY]));
            mcb_canvas_put(view->canvas, MCB_PAINT_YELLOW, "  ! differs");
        }
        fputc('\n', view->canvas->out);
        comparison.compared += line.compared;
        comparison.differing += line.differs;
    }
    return comparison;
}

/* ---- what is said of a host ---- */

static void print_sentence(const struct view *view, enum mcb_paint paint, const char *text)
{
    char clean[TEXT_MAX];
    mcb_canvas_begin(view->canvas, paint);
    mcb_text_wrap(view->canvas->out, mcb_text_clean(text, clean, sizeof clean), 0,
                  view->canvas->columns);
    mcb_canvas_end(view->canvas, paint);
}

static void print_title(const struct view *view)
{
    const json_t *example = view->places->example;
    const json_t *target = json_object_get(view->places->list[view->first].cell, "target");
    uint64_t size_bytes = (uint64_t)json_integer_value(json_object_get(example, "size_bytes"));
    char text[TEXT_MAX], size[32];
    snprintf(text, sizeof text,
             "nic_priority_matrix of %.255s, measured: %.16s bandwidth at %s, each memory with "
             "each NIC → %.255s/%.63s/%.31s",
             view->places->list[view->first].host_name, mcb_json_text(example, "operation"),
             mcb_units_format_size(size_bytes, size, sizeof size), mcb_json_text(target, "host"),
             mcb_json_text(target, "nic"), mcb_json_text(target, "memory"));
    print_sentence(view, MCB_PAINT_PLAIN, text);
}

static void print_notes(const struct view *view)
{
    char text[TEXT_MAX];
    double median;
    bool told = false;
    for (size_t i = view->first; i < view->first + view->count; i++) {
        const struct mcb_affinity_place *place = &view->places->list[i];
        const json_t *fault = json_object_get(place->cell, "fault");
        if (is_loopback(place) && !told) {
            print_sentence(view, MCB_PAINT_YELLOW,
                           "* the fixed peer's own NIC: its path goes by loopback and may never "
                           "leave it; hold its figure against no other");
            told = true;
        }
        if (mcb_affinity_figure(place, &median))
            continue;
        snprintf(text, sizeof text, "left out: %.31s with %.63s: %.600s  [%.31s]", place->memory,
                 place->nic_name, mcb_json_text(fault, "detail"), mcb_json_text(fault, "id"));
        print_sentence(view, MCB_PAINT_RED, text);
    }
}

/* In one line, so that it can be copied. */
static int print_matrix(const struct view *view, const char *label, const json_t *matrix)
{
    char *text = json_dumps(matrix, JSON_ENSURE_ASCII);
    char *clean = text ? malloc(strlen(text) + 1) : NULL;
    if (clean)
        fprintf(view->canvas->out, "%s  %s\n", label,
                mcb_text_clean(text, clean, strlen(text) + 1));
    int outcome = clean ? 0 : -1;
    free(clean);
    free(text);
    return outcome;
}

static int print_host(struct view *view, const json_t *measured)
{
    char text[TEXT_MAX];
    print_title(view);
    struct comparison comparison = print_lines(view);
    print_notes(view);
    if (comparison.compared == 0)
        snprintf(text, sizeof text,
                 "the topology suggests nothing: how far the NICs are is not known");
    else if (comparison.differing == 0)
        snprintf(text, sizeof text, "measured and topology agree");
    else
        snprintf(text, sizeof text, "measured and topology differ in %zu of %zu places",
                 comparison.differing, comparison.compared);
    print_sentence(view, comparison.differing > 0 ? MCB_PAINT_YELLOW : MCB_PAINT_PLAIN, text);
    int outcome = print_matrix(view, "measured", measured) == 0 &&
                          print_matrix(view, "topology", view->suggested) == 0
                      ? 0
                      : -1;
    fputc('\n', view->canvas->out);
    return outcome;
}

static int print_places(const struct mcb_canvas *canvas, const json_t *document,
                        const struct mcb_affinity_places *places)
{
    int outcome = 0;
    for (size_t first = 0; outcome == 0 && first < places->count;) {
        size_t count = mcb_affinity_host_length(places, first);
        json_t *measured = mcb_affinity_measured(places, first, count);
        json_t *suggested = mcb_affinity_suggested(document, places, first, count);
        struct view view = {canvas, places, first, count, suggested};
        outcome = measured && suggested ? print_host(&view, measured) : -1;
        json_decref(suggested);
        json_decref(measured);
        first += count;
    }
    return outcome;
}

int mcb_affinity_print(const struct mcb_canvas *canvas, const json_t *document,
                       struct mcb_error *error)
{
    const json_t *pairs = json_object_get(json_object_get(document, "settings"), "pairs");
    struct mcb_affinity_places places;
    if (strcmp(mcb_json_text(pairs, "value"), "affinity") != 0)
        return 0;
    int outcome = mcb_affinity_places_make(document, NULL, &places);
    if (outcome == 0)
        outcome = print_places(canvas, document, &places);
    free(places.list);
    return outcome == 0 ? 0
                        : mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the tables");
}
