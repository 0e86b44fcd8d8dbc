/* SPDX-License-Identifier: Apache-2.0 */

/* Where to look first, and what failed: each with its paths, likely causes and what to do. */

#include <string.h>

#include "bench/report/html.h"
#include "bench/report/page_parts.h"
#include "common/json.h"

enum {
    PATHS_SHOWN = 6,
    PATHS_FOLDED = 200,
    DETAILS_SHOWN = 4,
    DETAILS_FOLDED = 100,
    GROUPS_MAX = 64
};

/* ---- paths of a finding or fault ---- */

/* Which cell comes at a place of a list. */
struct list {
    const json_t *positions; /* of the document; NULL: the numbers are those of cells */
    const uint32_t *numbers;
    size_t count;
};

static const struct mcb_ledger_cell *at(const struct mcb_page *page, const struct list *list,
                                        size_t place)
{
    if (!list->positions)
        return &page->ledger->cells[list->numbers[place]];
    json_int_t position = json_integer_value(json_array_get(list->positions, place));
    return position < 0 ? NULL : mcb_ledger_at(page->ledger, (size_t)position);
}

static void print_item(const struct mcb_page *page, const struct mcb_ledger_cell *cell)
{
    mcb_html_put(page->out, "<li>");
    mcb_page_path(page, cell);
    mcb_html_put(page->out, " <span class=\"dim\">");
    if (page->ledger->setting_count > 1)
        mcb_page_label(page, cell->setting);
    if (cell->status == MCB_LEDGER_SKIPPED)
        mcb_html_put(page->out, " skipped");
    if (cell->figure > 0) {
        mcb_html_put(page->out, " ");
        mcb_page_figure(page, &page->ledger->settings[cell->setting], cell->figure);
    }
    mcb_html_put(page->out, "</span></li>\n");
}

static void print_items(const struct mcb_page *page, const struct list *list, size_t from,
                        size_t to)
{
    mcb_html_put(page->out, "<ul class=\"paths\">\n");
    for (size_t i = from; i < to && i < list->count; i++) {
        const struct mcb_ledger_cell *cell = at(page, list, i);
        if (cell)
            print_item(page, cell);
    }
    mcb_html_put(page->out, "</ul>\n");
}

static void print_paths(const struct mcb_page *page, const struct list *list)
{
    if (list->count == 0)
        return;
    print_items(page, list, 0, PATHS_SHOWN);
    if (list->count <= PATHS_SHOWN)
        return;
    mcb_html_print(page->out, "<details><summary>%zu more paths</summary>\n",
                   list->count - PATHS_SHOWN);
    print_items(page, list, PATHS_SHOWN, PATHS_FOLDED);
    if (list->count > PATHS_FOLDED)
        mcb_page_left_out(page, list->count - PATHS_FOLDED, "further cells");
    mcb_html_put(page->out, "</details>\n");
}

static void begin_article(const struct mcb_page *page, const char *id, const char *title,
                          size_t cells)
{
    mcb_html_print(page->out, "<article class=\"fault\">\n<h3>%s <code class=\"id\">%s</code>",
                   title, id);
    if (cells > 0)
        mcb_html_print(page->out, " <span class=\"dim\">%zu cell%s</span>", cells,
                       cells == 1 ? "" : "s");
    mcb_html_put(page->out, "</h3>\n");
}

/* ---- findings ---- */

static const json_t *findings_of(const struct mcb_page *page)
{
    return json_object_get(page->ledger->head, "findings");
}

static void print_finding(const struct mcb_page *page, const json_t *finding)
{
    const json_t *fault = json_object_get(finding, "fault");
    const json_t *cells = json_object_get(finding, "cells");
    struct list list = {.positions = cells, .count = json_array_size(cells)};
    begin_article(page, mcb_json_text(fault, "id"), mcb_json_text(fault, "title"), list.count);
    mcb_html_print(page->out, "<p class=\"evidence\">%s</p>\n", mcb_json_text(finding, "evidence"));
    print_paths(page, &list);
    mcb_page_remedy(page, mcb_json_text(fault, "id"), mcb_json_text(fault, "cause"),
                    mcb_json_text(fault, "fix"));
    mcb_html_put(page->out, "</article>\n");
}

bool mcb_page_has_findings(const struct mcb_page *page)
{
    return json_array_size(findings_of(page)) > 0;
}

void mcb_page_findings(const struct mcb_page *page)
{
    size_t count = json_array_size(findings_of(page));
    for (size_t i = 0; i < count && i < GROUPS_MAX; i++)
        print_finding(page, json_array_get(findings_of(page), i));
    mcb_page_left_out(page, count > GROUPS_MAX ? count - GROUPS_MAX : 0, "further findings");
}

/* ---- what failed ---- */

/* Faults of one id, which differ in their details. */
struct group {
    size_t first; /* the first of them */
    size_t faults, cells;
};

static size_t cells_of(const struct mcb_page *page, size_t fault)
{
    return page->fault_first[fault + 1] - page->fault_first[fault];
}

static bool is_of(const struct mcb_page *page, const struct group *group, size_t fault)
{
    const struct mcb_ledger_fault *faults = page->ledger->faults;
    return strcmp(faults[group->first].id, faults[fault].id) == 0;
}

/* Returns the number of groups; *beyond: faults for which there was no room. */
static size_t make_groups(const struct mcb_page *page, struct group groups[GROUPS_MAX],
                          size_t *beyond)
{
    size_t count = 0;
    *beyond = 0;
    for (size_t fault = 0; fault < page->ledger->fault_count; fault++) {
        size_t at = 0;
        if (cells_of(page, fault) == 0)
            continue;
        while (at < count && !is_of(page, &groups[at], fault))
            at++;
        if (at == GROUPS_MAX) {
            ++*beyond;
            continue;
        }
        if (at == count)
            groups[count++] = (struct group){.first = fault};
        groups[at].faults++;
        groups[at].cells += cells_of(page, fault);
    }
    return count;
}

static void print_detail(const struct mcb_page *page, size_t fault)
{
    size_t first = page->fault_first[fault];
    struct list list = {.numbers = page->fault_cells + first, .count = cells_of(page, fault)};
    mcb_html_print(page->out, "<p class=\"evidence\">%s</p>\n", page->ledger->faults[fault].detail);
    print_paths(page, &list);
}

static void print_details(const struct mcb_page *page, const struct group *group)
{
    size_t shown = 0;
    for (size_t i = group->first; i < page->ledger->fault_count && shown < DETAILS_FOLDED; i++) {
        if (!is_of(page, group, i) || cells_of(page, i) == 0)
            continue;
        if (shown++ == DETAILS_SHOWN)
            mcb_html_print(page->out, "<details><summary>%zu more details</summary>\n",
                           group->faults - DETAILS_SHOWN);
        print_detail(page, i);
    }
    mcb_page_left_out(page, group->faults - shown, "further details");
    if (shown > DETAILS_SHOWN)
        mcb_html_put(page->out, "</details>\n");
}

static const json_t *ending_of(const struct mcb_page *page)
{
    return json_object_get(page->ledger->head, "fault");
}

static void print_ending(const struct mcb_page *page, const json_t *fault)
{
    begin_article(page, mcb_json_text(fault, "id"), mcb_json_text(fault, "title"), 0);
    mcb_html_print(page->out, "<p class=\"evidence\"><b>This ended the run:</b> %s</p>\n",
                   mcb_json_text(fault, "detail"));
    mcb_page_remedy(page, mcb_json_text(fault, "id"), mcb_json_text(fault, "cause"),
                    mcb_json_text(fault, "fix"));
    mcb_html_put(page->out, "</article>\n");
}

/* What ended the run has told its causes above. */
static void print_group(const struct mcb_page *page, const struct group *group)
{
    const struct mcb_ledger_fault *fault = &page->ledger->faults[group->first];
    bool told = strcmp(mcb_json_text(ending_of(page), "id"), fault->id) == 0;
    begin_article(page, fault->id, fault->title, group->cells);
    print_details(page, group);
    if (!told)
        mcb_page_remedy(page, fault->id, fault->cause, fault->fix);
    mcb_html_put(page->out, "</article>\n");
}

bool mcb_page_has_failed(const struct mcb_page *page)
{
    return page->failed + page->skipped > 0 || json_is_object(ending_of(page));
}

void mcb_page_failed(const struct mcb_page *page)
{
    struct group groups[GROUPS_MAX];
    size_t beyond, count = make_groups(page, groups, &beyond);
    if (json_is_object(ending_of(page)))
        print_ending(page, ending_of(page));
    for (size_t i = 0; i < count; i++)
        print_group(page, &groups[i]);
    mcb_page_left_out(page, beyond, "further faults");
}
