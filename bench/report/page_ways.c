/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The same paths measured in two or three ways, side by side: relaxed ordering off and on; memory
 * of a GPU directly, staged, and the host memory beside it.
 *
 * Ordering: cells of the same endpoints under settings that differ in it alone. Routes: direct and
 * staged cells have the same endpoints; host memory is what host_memory.h finds beside the cell.
 */

#include <stdlib.h>
#include <string.h>

#include "bench/report/host_memory.h"
#include "bench/report/html.h"
#include "bench/report/page_parts.h"
#include "bench/report/title.h"

enum { FIRST, SECOND, THIRD };

struct finding {
    struct mcb_page *page;
    struct mcb_host_memory *hosts;
};

static bool is_gpu_cell(const struct mcb_ledger *ledger, const struct mcb_ledger_cell *cell)
{
    return mcb_pivot_is_of_gpu(ledger->endpoints[cell->initiator].memory) ||
           mcb_pivot_is_of_gpu(ledger->endpoints[cell->target].memory);
}

static double figure_of(const struct mcb_ledger *ledger, uint32_t number)
{
    if (number == MCB_LEDGER_NONE || ledger->cells[number].status != MCB_LEDGER_OK)
        return 0;
    return ledger->cells[number].figure;
}

static int by_ratio(const void *left, const void *right)
{
    const struct mcb_page_row *a = left, *b = right;
    if (a->ratio != b->ratio)
        return a->ratio < b->ratio ? -1 : 1;
    return (a->cells[FIRST] > b->cells[FIRST]) - (a->cells[FIRST] < b->cells[FIRST]);
}

/* Ratios, their order and their median. */
static void finish(const struct mcb_page *page, struct mcb_page_ways *ways)
{
    const struct mcb_ledger *ledger = page->ledger;
    bool latency = ledger->settings[ways->setting].latency;
    size_t known = 0;
    for (size_t i = 0; i < ways->count; i++) {
        double first = figure_of(ledger, ways->rows[i].cells[FIRST]);
        double last = figure_of(ledger, ways->rows[i].cells[ways->last]);
        if (first > 0 && last > 0)
            ways->rows[i].ratio = latency ? last / first : first / last;
        known += ways->rows[i].ratio > 0;
    }
    qsort(ways->rows, ways->count, sizeof *ways->rows, by_ratio);
    const struct mcb_page_row *measured = ways->rows + (ways->count - known);
    if (known > 0)
        ways->median = known % 2 ? measured[known / 2].ratio
                                 : (measured[known / 2 - 1].ratio + measured[known / 2].ratio) / 2;
}

/* Room for the rows of a table; NULL: no memory. */
static struct mcb_page_ways *begin(struct mcb_page *page, size_t setting, size_t rows)
{
    struct mcb_page_ways *grown = realloc(page->ways, (page->way_count + 1) * sizeof *page->ways);
    if (!grown)
        return NULL;
    page->ways = grown;
    struct mcb_page_ways *ways = &grown[page->way_count];
    *ways =
        (struct mcb_page_ways){.setting = setting, .rows = calloc(rows + 1, sizeof *ways->rows)};
    if (!ways->rows)
        return NULL;
    page->way_count++;
    return ways;
}

static void drop_empty(struct mcb_page *page)
{
    if (page->ways[page->way_count - 1].count == 0)
        free(page->ways[--page->way_count].rows);
}

/* ---- cells with the same endpoints ---- */

static int compare_paths(const struct mcb_ledger_cell *a, const struct mcb_ledger_cell *b)
{
    if (a->initiator != b->initiator)
        return a->initiator < b->initiator ? -1 : 1;
    return (a->target > b->target) - (a->target < b->target);
}

static bool wants_cell(const struct finding *finding, const struct mcb_page_ways *ways,
                       uint32_t number)
{
    const struct mcb_ledger *ledger = finding->page->ledger;
    return !ways->routes || is_gpu_cell(ledger, &ledger->cells[number]);
}

/* A row for each cell of a setting, and in it the cell of the other setting with the same path;
 * other MCB_LEDGER_NONE: none. Both settings have their cells in the same order. */
static void match_paths(const struct finding *finding, struct mcb_page_ways *ways, size_t other)
{
    const struct mcb_page *page = finding->page;
    const struct mcb_ledger_cell *cells = page->ledger->cells;
    const struct mcb_page_setting *one = &page->settings[ways->setting];
    const struct mcb_page_setting *two = other == MCB_LEDGER_NONE ? NULL : &page->settings[other];
    for (size_t i = 0, j = 0; i < one->count; i++) {
        struct mcb_page_row row = {{one->places[i], MCB_LEDGER_NONE, MCB_LEDGER_NONE}, 0};
        if (!wants_cell(finding, ways, row.cells[FIRST]))
            continue;
        while (two && j < two->count &&
               compare_paths(&cells[two->places[j]], &cells[row.cells[FIRST]]) < 0)
            j++;
        if (two && j < two->count &&
            compare_paths(&cells[two->places[j]], &cells[row.cells[FIRST]]) == 0)
            row.cells[SECOND] = two->places[j++];
        ways->rows[ways->count++] = row;
    }
}

/* Gives the rows the host memory beside them; true if there is any. */
static bool match_hosts(const struct finding *finding, struct mcb_page_ways *ways)
{
    bool any = false;
    for (size_t i = 0; i < ways->count; i++) {
        struct mcb_page_row *row = &ways->rows[i];
        row->cells[THIRD] =
            mcb_host_memory_cell(finding->hosts, &finding->page->ledger->cells[row->cells[FIRST]]);
        any |= row->cells[THIRD] != MCB_LEDGER_NONE;
    }
    return any;
}

/* ---- which settings belong together ---- */

static bool is_like(const struct mcb_ledger *ledger, size_t one, size_t two, bool same_ordering)
{
    const struct mcb_ledger_setting *a = &ledger->settings[one], *b = &ledger->settings[two];
    bool ordering = strcmp(a->ordering, b->ordering) == 0;
    bool route = strcmp(a->route, b->route) == 0;
    return strcmp(a->title.key, b->title.key) == 0 &&
           (same_ordering ? ordering && !route : !ordering && route);
}

/* Of a result with very many settings only the first are put side by side. */
static size_t setting_count(const struct mcb_ledger *ledger)
{
    return ledger->setting_count < MCB_PAGE_SETTINGS_MAX ? ledger->setting_count
                                                         : MCB_PAGE_SETTINGS_MAX;
}

/* The other setting of that route, or of that ordering; MCB_LEDGER_NONE: there is none. */
static size_t find_like(const struct mcb_ledger *ledger, size_t setting, const char *route,
                        const char *ordering)
{
    for (size_t i = 0; i < setting_count(ledger); i++)
        if (is_like(ledger, setting, i, route != NULL) &&
            strcmp(route ? ledger->settings[i].route : ledger->settings[i].ordering,
                   route ? route : ordering) == 0)
            return i;
    return MCB_LEDGER_NONE;
}

static int add_ordering(struct finding *finding, size_t setting)
{
    struct mcb_page *page = finding->page;
    size_t other = find_like(page->ledger, setting, NULL, "off");
    if (other == MCB_LEDGER_NONE)
        return 0;
    struct mcb_page_ways *ways = begin(page, setting, page->settings[setting].count);
    if (!ways)
        return -1;
    ways->names[FIRST] = "on";
    ways->names[SECOND] = "off";
    ways->last = SECOND;
    match_paths(finding, ways, other);
    finish(page, ways);
    drop_empty(page);
    return 0;
}

static bool has_gpu_cells(const struct mcb_page *page, size_t setting)
{
    const struct mcb_page_setting *shown = &page->settings[setting];
    for (size_t i = 0; i < shown->count; i++)
        if (is_gpu_cell(page->ledger, &page->ledger->cells[shown->places[i]]))
            return true;
    return false;
}

static int add_routes(struct finding *finding, size_t setting)
{
    struct mcb_page *page = finding->page;
    const struct mcb_ledger *ledger = page->ledger;
    bool direct = strcmp(ledger->settings[setting].route, "direct") == 0;
    size_t staged = direct ? find_like(ledger, setting, "staged", NULL) : MCB_LEDGER_NONE;
    struct mcb_page_ways *ways = begin(page, setting, page->settings[setting].count);
    if (!ways)
        return -1;
    ways->routes = true;
    match_paths(finding, ways, staged);
    bool host = match_hosts(finding, ways);
    ways->names[FIRST] = direct ? "direct" : "staged";
    ways->names[SECOND] = staged == MCB_LEDGER_NONE ? NULL : "staged";
    ways->names[THIRD] = host ? "host memory" : NULL;
    ways->last = host ? THIRD : SECOND;
    if (staged == MCB_LEDGER_NONE && !host)
        ways->count = 0;
    finish(page, ways);
    drop_empty(page);
    return 0;
}

/* Staged cells have a table of their own where there are no direct ones. */
static int add_ways_of(struct finding *finding, size_t setting)
{
    const struct mcb_ledger *ledger = finding->page->ledger;
    const struct mcb_ledger_setting *own = &ledger->settings[setting];
    bool direct = strcmp(own->route, "direct") == 0, staged = strcmp(own->route, "staged") == 0;
    if (strcmp(own->ordering, "on") == 0 && add_ordering(finding, setting) != 0)
        return -1;
    if (staged && find_like(ledger, setting, "direct", NULL) != MCB_LEDGER_NONE)
        return 0;
    return (direct || staged) && has_gpu_cells(finding->page, setting)
               ? add_routes(finding, setting)
               : 0;
}

int mcb_page_prepare_ways(struct mcb_page *page, struct mcb_error *error)
{
    const struct mcb_ledger *ledger = page->ledger;
    struct finding finding = {page, mcb_host_memory_make(ledger, ledger)};
    int outcome = finding.hosts ? 0 : -1;
    for (size_t i = 0; outcome == 0 && i < setting_count(ledger); i++)
        outcome = add_ways_of(&finding, i);
    mcb_host_memory_free(finding.hosts);
    return outcome == 0 ? 0 : mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the page");
}

/* ---- writing ---- */

static void print_head(const struct mcb_page *page, const struct mcb_page_ways *ways)
{
    mcb_html_put(page->out, "<thead><tr><th scope=\"col\">path</th>");
    for (size_t way = 0; way < MCB_PAGE_WAYS; way++)
        if (ways->names[way])
            mcb_html_print(page->out, "<th scope=\"col\" class=\"n\">%s%s, %s</th>",
                           ways->routes ? "" : "ordering ", ways->names[way],
                           mcb_ledger_unit(&page->ledger->settings[ways->setting]));
    mcb_html_print(page->out, "<th scope=\"col\" class=\"n\">%s against %s</th></tr></thead>\n",
                   ways->names[FIRST], ways->names[ways->last]);
}

static void print_way(const struct mcb_page *page, uint32_t number)
{
    if (number == MCB_LEDGER_NONE)
        mcb_html_put(page->out, "<td class=\"n\">&ndash;</td>");
    else if (page->ledger->cells[number].status != MCB_LEDGER_OK)
        mcb_html_print(page->out, "<td class=\"n bad\">&#10008; %s</td>",
                       page->ledger->cells[number].status == MCB_LEDGER_FAILED ? "failed"
                                                                               : "skipped");
    else
        mcb_page_number_cell(page, page->ledger->cells[number].figure);
}

static void print_row(const struct mcb_page *page, const struct mcb_page_ways *ways,
                      const struct mcb_page_row *row)
{
    mcb_html_put(page->out, "<tr><th scope=\"row\">");
    mcb_page_path(page, &page->ledger->cells[row->cells[FIRST]]);
    mcb_html_put(page->out, "</th>");
    for (size_t way = 0; way < MCB_PAGE_WAYS; way++)
        if (ways->names[way])
            print_way(page, row->cells[way]);
    if (row->ratio > 0)
        mcb_html_print(page->out, "<td class=\"n\" data-v=\"%.6f\">%.2f &times;</td></tr>\n",
                       row->ratio, row->ratio);
    else
        mcb_html_put(page->out, "<td class=\"n\">&ndash;</td></tr>\n");
}

static void print_sentence(const struct mcb_page *page, const struct mcb_page_ways *ways)
{
    bool latency = page->settings[ways->setting].setting->latency;
    if (ways->median <= 0)
        return;
    mcb_html_print(page->out,
                   "<p>In the median over the paths <strong>%s reaches %.2f times</strong> what "
                   "%s does%s; the worst path is first.</p>\n",
                   ways->routes ? ways->names[FIRST] : "relaxed ordering on", ways->median,
                   ways->routes ? ways->names[ways->last] : "off",
                   latency ? " (of latencies: the reciprocal, so that more is better)" : "");
}

static void print_ways(const struct mcb_page *page, const struct mcb_page_ways *ways, size_t most)
{
    char summary[64];
    size_t rows = ways->count < most ? ways->count : most;
    mcb_html_print(page->out,
                   "<h3>%s: ", ways->routes ? "GPU beside CPU" : "Relaxed ordering on and off");
    mcb_page_label(page, ways->setting);
    mcb_html_put(page->out, "</h3>\n");
    print_sentence(page, ways);
    snprintf(summary, sizeof summary, "%zu path%s", ways->count, ways->count == 1 ? "" : "s");
    mcb_page_fold_begin(page, rows, summary);
    mcb_page_box_begin(page, "paths side by side");
    mcb_html_put(page->out, "<table class=\"sortable\">");
    print_head(page, ways);
    mcb_html_put(page->out, "<tbody>\n");
    for (size_t i = 0; i < rows; i++)
        print_row(page, ways, &ways->rows[i]);
    mcb_html_put(page->out, "</tbody></table>\n");
    mcb_page_box_end(page);
    mcb_page_left_out(page, ways->count - rows, "better paths");
    mcb_page_fold_end(page);
}

bool mcb_page_has_ways(const struct mcb_page *page)
{
    return page->way_count > 0;
}

void mcb_page_ways(const struct mcb_page *page)
{
    for (size_t i = 0; i < page->way_count; i++)
        print_ways(page, &page->ways[i], MCB_PAGE_ROWS_MAX / page->way_count);
}
