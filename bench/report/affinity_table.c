/* SPDX-License-Identifier: Apache-2.0 */

/* The figures of --pairs affinity and the two matrices, for a person. */

#include "bench/report/affinity.h"

#include <stdlib.h>
#include <string.h>

#include "bench/report/affinity_places.h"
#include "bench/report/summary.h"
#include "bench/report/title.h"
#include "common/json.h"
#include "common/text.h"
#include "common/units.h"

enum { TEXT_MAX = 2048, NAME_COLUMNS = 30, PLACES_NAMED = 8 };

/* ---- the table ---- */

enum column { MEMORY, NIC, FIGURE, SHARE, MEASURED, TOPOLOGY, COLUMNS };
enum { GAP = 2, CELL_MAX = 80 };
static const char *const headings[COLUMNS] = {"memory",  "NIC",      "Gbit/s",
                                              "of best", "measured", "topology"};

struct line {
    char text[COLUMNS][CELL_MAX];
    bool judged, silent, unclear, differs; /* silent: the topology knows nothing of it */
};

/* One host, as it is printed. */
struct view {
    const struct mcb_canvas *canvas;
    const struct mcb_affinity_places *places;
    size_t first, count;
    const json_t *suggested;
};

static const char *const verdicts[] = {
    [MCB_AFFINITY_LEFT_OUT] = "left out",  [MCB_AFFINITY_LOOPBACK] = "not comparable",
    [MCB_AFFINITY_ALONE] = "the only one", [MCB_AFFINITY_PREFERRED] = "preferred",
    [MCB_AFFINITY_OTHER] = "other",        [MCB_AFFINITY_UNCLEAR] = "not clear",
};

static const char not_known[] = "not known";

/* True if NICs could be chosen from. */
static bool is_judged(const struct mcb_affinity_place *place)
{
    return place->verdict == MCB_AFFINITY_PREFERRED || place->verdict == MCB_AFFINITY_OTHER ||
           place->verdict == MCB_AFFINITY_UNCLEAR;
}

static const char *verdict_of_topology(const json_t *suggested,
                                       const struct mcb_affinity_place *place)
{
    const json_t *lists = json_object_get(suggested, place->memory);
    if (!lists)
        return not_known;
    return mcb_affinity_has_word(json_array_get(lists, 0), place->nic_name) ? "preferred" : "other";
}

/* "388.1 ±0.4"; "388.1 (310.2–390.0)" where half an interval would not tell if it overlaps. */
static void figure_text(const struct mcb_affinity_place *place, double median, char text[CELL_MAX])
{
    const json_t *bandwidth = json_object_get(place->cell, "bandwidth_gbps");
    char figure[MCB_TEXT_NUMBER_MAX], low[MCB_TEXT_NUMBER_MAX], high[MCB_TEXT_NUMBER_MAX];
    if (place->with_interval)
        snprintf(text, CELL_MAX, "%s (%s–%s)", mcb_text_number(median, figure),
                 mcb_text_number(json_number_value(json_object_get(bandwidth, "low")), low),
                 mcb_text_number(json_number_value(json_object_get(bandwidth, "high")), high));
    else
        mcb_summary_figure_text(place->cell, text);
}

static void make_line(const struct view *view, size_t index, struct line *line)
{
    const struct mcb_affinity_place *place = &view->places->list[index];
    bool loopback = place->verdict == MCB_AFFINITY_LOOPBACK;
    double median;
    *line = (struct line){.judged = is_judged(place)};
    mcb_text_fit(mcb_text_clean(place->memory, line->text[MEMORY], 32), NAME_COLUMNS);
    mcb_text_clean(place->nic_name, line->text[NIC], CELL_MAX - 8);
    mcb_text_fit(line->text[NIC], NAME_COLUMNS);
    strcat(line->text[NIC], loopback ? " *" : (place->instead_of ? " +" : ""));
    strcpy(line->text[MEASURED], verdicts[place->verdict]);
    strcpy(line->text[TOPOLOGY], verdict_of_topology(view->suggested, place));
    strcpy(line->text[SHARE], "—");
    if (!mcb_affinity_figure(place, &median)) {
        snprintf(line->text[FIGURE], CELL_MAX, "%.16s", mcb_json_text(place->cell, "status"));
    } else {
        figure_text(place, median, line->text[FIGURE]);
        if (!loopback)
            snprintf(line->text[SHARE], CELL_MAX, "%.0f%%", 100 * median / place->best_gbps);
    }
    line->unclear = place->verdict == MCB_AFFINITY_UNCLEAR;
    line->silent = line->judged && strcmp(line->text[TOPOLOGY], not_known) == 0;
    line->differs = line->judged && !line->unclear && !line->silent &&
                    strcmp(line->text[MEASURED], line->text[TOPOLOGY]) != 0;
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

/* Of the lines that were judged: of how many the topology says nothing, how many are not clear
 * (and it says something), how many differ. */
struct comparison {
    size_t judged, silent, unclear, differing;
};

static void put_mark(const struct view *view, const struct line *line, size_t width)
{
    const char *mark = line->unclear ? "  ? not clear" : (line->differs ? "  ! differs" : NULL);
    if (!mark)
        return;
    mcb_text_pad(view->canvas->out, width - mcb_text_columns(line->text[TOPOLOGY]));
    mcb_canvas_put(view->canvas, MCB_PAINT_YELLOW, mark);
}

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
        put_mark(view, &line, widths[TOPOLOGY]);
        fputc('\n', view->canvas->out);
        comparison.judged += line.judged;
        comparison.silent += line.silent;
        comparison.unclear += line.unclear && !line.silent;
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

/* "direct"; "direct, else staged through host memory" where a staged cell stands in for one. */
static const char *routes_text(const struct view *view, char text[64])
{
    const char *first = "", *other = NULL;
    for (size_t i = view->first; i < view->first + view->count; i++) {
        const char *route = mcb_json_text(view->places->list[i].cell, "route");
        if (!*first)
            first = route;
        else if (strcmp(route, first) != 0)
            other = route;
    }
    snprintf(text, 64, "%s%s", other ? "direct, else " : "",
             mcb_title_of_route(other ? "staged" : first));
    return text;
}

static void print_title(const struct view *view)
{
    const json_t *example = view->places->example;
    const json_t *target = json_object_get(view->places->list[view->first].cell, "target");
    uint64_t size_bytes = (uint64_t)json_integer_value(json_object_get(example, "size_bytes"));
    const json_t *ordering = json_object_get(example, "relaxed_ordering");
    char text[TEXT_MAX], size[32], routes[64];
    snprintf(text, sizeof text,
             "nic_priority_matrix of %.255s, measured: %.16s bandwidth at %s, %s%s%.16s, each "
             "memory with each NIC → %.255s/%.63s/%.31s",
             view->places->list[view->first].host_name, mcb_json_text(example, "operation"),
             mcb_units_format_size(size_bytes, size, sizeof size), routes_text(view, routes),
             ordering ? ", relaxed ordering " : "", mcb_json_text(ordering, "requested"),
             mcb_json_text(target, "host"), mcb_json_text(target, "nic"),
             mcb_json_text(target, "memory"));
    print_sentence(view, MCB_PAINT_PLAIN, text);
}

static bool has_verdict(const struct view *view, enum mcb_affinity_verdict verdict)
{
    for (size_t i = view->first; i < view->first + view->count; i++)
        if (view->places->list[i].verdict == verdict)
            return true;
    return false;
}

/* What kept a place from a figure, or from one on the direct route; NULL: nothing. */
static const json_t *fault_of(const struct mcb_affinity_place *place)
{
    const json_t *cell = place->instead_of ? place->instead_of : place->cell;
    const json_t *fault = json_object_get(cell, "fault");
    return json_is_object(fault) ? fault : NULL;
}

static bool is_one_note(const struct mcb_affinity_place *left,
                        const struct mcb_affinity_place *right)
{
    const json_t *a = fault_of(left), *b = fault_of(right);
    return a && b && !left->instead_of == !right->instead_of &&
           strcmp(mcb_json_text(a, "id"), mcb_json_text(b, "id")) == 0 &&
           strcmp(mcb_json_text(a, "detail"), mcb_json_text(b, "detail")) == 0;
}

/* The fault of a place with all others that have the same; nothing if an earlier one had it. */
static void print_fault(const struct view *view, size_t index)
{
    const struct mcb_affinity_place *list = view->places->list, *place = &list[index];
    const json_t *fault = fault_of(place);
    char text[TEXT_MAX];
    size_t others = 0;
    for (size_t i = view->first; i < index; i++)
        if (is_one_note(&list[i], place))
            return;
    int length = snprintf(text, sizeof text, "%s: %.31s with %.63s",
                          place->instead_of ? "+ staged, as direct failed" : "left out",
                          place->memory, place->nic_name);
    for (size_t i = index + 1; i < view->first + view->count; i++) {
        if (!is_one_note(&list[i], place))
            continue;
        if (++others <= PLACES_NAMED)
            length += snprintf(text + length, sizeof text - (size_t)length, ", %.31s with %.63s",
                               list[i].memory, list[i].nic_name);
    }
    if (others > PLACES_NAMED)
        length += snprintf(text + length, sizeof text - (size_t)length, " and %zu more",
                           others - PLACES_NAMED);
    snprintf(text + length, sizeof text - (size_t)length, ": %.500s  [%.31s]",
             mcb_json_text(fault, "detail"), mcb_json_text(fault, "id"));
    print_sentence(view, place->instead_of ? MCB_PAINT_YELLOW : MCB_PAINT_RED, text);
}

static void print_notes(const struct view *view)
{
    if (has_verdict(view, MCB_AFFINITY_LOOPBACK))
        print_sentence(view, MCB_PAINT_YELLOW,
                       "* the fixed peer's own NIC: its path goes by loopback and may never leave "
                       "it, so it is held against no other and is in no list");
    if (has_verdict(view, MCB_AFFINITY_UNCLEAR))
        print_sentence(
            view, MCB_PAINT_YELLOW,
            "? not clear: below 90 % of the best, but the intervals overlap; it is among "
            "the others. More --trials, or a longer --duration, would tell");
    for (size_t i = view->first; i < view->first + view->count; i++)
        if (fault_of(&view->places->list[i]))
            print_fault(view, i);
}

/* "measured and topology agree in 1 of 3 places; of 2 the topology says nothing" */
static void print_comparison(const struct view *view, const struct comparison *found)
{
    char text[TEXT_MAX], silent[80] = "", unclear[80] = "";
    size_t agreeing = found->judged - found->silent - found->unclear - found->differing;
    if (found->silent > 0)
        snprintf(silent, sizeof silent, "; of %zu the topology says nothing", found->silent);
    if (found->unclear > 0)
        snprintf(unclear, sizeof unclear, "; %zu %s not clear", found->unclear,
                 found->unclear == 1 ? "is" : "are");
    if (found->judged == 0)
        snprintf(text, sizeof text,
                 "nothing to choose from: no memory was measured with two NICs whose figures can "
                 "be held against each other");
    else if (found->silent == found->judged)
        snprintf(text, sizeof text,
                 "the topology suggests nothing: how far the NICs are is not known");
    else if (found->differing > 0)
        snprintf(text, sizeof text, "measured and topology differ in %zu of %zu places%s%s",
                 found->differing, found->judged, silent, unclear);
    else
        snprintf(text, sizeof text, "measured and topology agree in %zu of %zu places%s%s",
                 agreeing, found->judged, silent, unclear);
    print_sentence(view, found->differing > 0 ? MCB_PAINT_YELLOW : MCB_PAINT_PLAIN, text);
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
    print_title(view);
    struct comparison comparison = print_lines(view);
    print_notes(view);
    print_comparison(view, &comparison);
    int outcome = json_object_size(measured) > 0 ? print_matrix(view, "measured", measured) : 0;
    if (outcome == 0 && json_object_size(view->suggested) > 0)
        outcome = print_matrix(view, "topology", view->suggested);
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
    int outcome = mcb_affinity_places_make(document, &places);
    if (outcome == 0)
        outcome = print_places(canvas, document, &places);
    free(places.list);
    return outcome == 0 ? 0
                        : mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the tables");
}
