/* SPDX-License-Identifier: Apache-2.0 */

/* All figures: the settings in one table, then each with its matrix and its cells, worst first. */

#include <string.h>

#include "bench/report/comparison_words.h"
#include "bench/report/html.h"
#include "bench/report/page_parts.h"
#include "common/text.h"

static size_t matrix_count(const struct mcb_page *page)
{
    size_t count = page->ledger->setting_count;
    return count < MCB_PAGE_SETTINGS_MAX ? count : MCB_PAGE_SETTINGS_MAX;
}

bool mcb_page_has_cells(const struct mcb_page *page)
{
    return page->ledger->cell_count > 0;
}

/* ---- the settings in one table ---- */

static void print_count(const struct mcb_page *page, const struct mcb_page_setting *shown)
{
    mcb_html_print(page->out, "<td class=\"n%s\" data-v=\"%zu\">%zu of %zu</td>",
                   shown->failed > 0 ? " bad" : "", shown->ok, shown->ok, shown->count);
}

static void print_figure(const struct mcb_page *page, const struct mcb_page_setting *shown,
                         double figure)
{
    if (figure <= 0) {
        mcb_html_put(page->out, "<td class=\"n\">&ndash;</td>");
        return;
    }
    mcb_html_print(page->out, "<td class=\"n\" data-v=\"%.6f\">", figure);
    mcb_page_figure(page, shown->setting, figure);
    mcb_html_put(page->out, "</td>");
}

static void print_per_cent(const struct mcb_page *page, double part)
{
    if (part > 0)
        mcb_html_print(page->out, "<td class=\"n\" data-v=\"%.6f\">%.0f %%</td>", part, part * 100);
    else
        mcb_html_put(page->out, "<td class=\"n\">&ndash;</td>");
}

static void print_reach(const struct mcb_page *page, const struct mcb_page_setting *shown)
{
    if (shown->reach_median <= 0)
        mcb_html_put(page->out, "<td class=\"n\">&ndash;</td>");
    else
        mcb_html_print(page->out, "<td class=\"n\" data-v=\"%.6f\">%.0f %%, least %.0f %%</td>",
                       shown->reach_median, shown->reach_median * 100, shown->reach_least * 100);
}

static void print_bytes(const struct mcb_page *page, double bytes)
{
    char text[MCB_TEXT_NUMBER_MAX];
    if (bytes > 0)
        mcb_html_print(page->out, "<td class=\"n\" data-v=\"%.0f\">%s</td>", bytes,
                       mcb_text_bytes(bytes, text));
    else
        mcb_html_put(page->out, "<td class=\"n\">&ndash;</td>");
}

static void print_setting_row(const struct mcb_page *page, size_t number)
{
    const struct mcb_page_setting *shown = &page->settings[number];
    bool latency = shown->setting->latency;
    mcb_html_put(page->out, "<tr><th scope=\"row\" class=\"wrap\">");
    if (number < matrix_count(page))
        mcb_html_print(page->out, "<a href=\"#setting-%zu\">", number);
    mcb_page_label(page, number);
    if (number < matrix_count(page))
        mcb_html_put(page->out, "</a>");
    mcb_html_put(page->out, "</th>");
    print_count(page, shown);
    print_figure(page, shown, shown->median);
    print_figure(page, shown, latency ? shown->high : shown->low);
    print_figure(page, shown, latency ? shown->low : shown->high);
    print_reach(page, shown);
    print_bytes(page, shown->verified_bytes);
    if (page->input->comparison)
        mcb_html_print(page->out, "<td class=\"n%s\">%zu</td>", shown->regressed > 0 ? " bad" : "",
                       shown->regressed);
    mcb_html_put(page->out, "</tr>\n");
}

void mcb_page_summary(const struct mcb_page *page)
{
    size_t count = page->ledger->setting_count;
    size_t rows = count < MCB_PAGE_ROWS_MAX ? count : MCB_PAGE_ROWS_MAX;
    if (count == 0) {
        mcb_html_put(page->out, "<p>Nothing was measured.</p>\n");
        return;
    }
    mcb_page_box_begin(page, "summary");
    mcb_html_put(
        page->out,
        "<table class=\"sortable\"><thead><tr><th scope=\"col\">setting</th>"
        "<th scope=\"col\" class=\"n\">measured</th><th scope=\"col\" class=\"n\">median</th>"
        "<th scope=\"col\" class=\"n\">worst</th><th scope=\"col\" class=\"n\">best</th>"
        "<th scope=\"col\" class=\"n\">of ceiling</th>"
        "<th scope=\"col\" class=\"n\">verified</th>");
    if (page->input->comparison)
        mcb_html_put(page->out, "<th scope=\"col\" class=\"n\">regressions</th>");
    mcb_html_put(page->out, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < rows; i++)
        print_setting_row(page, i);
    mcb_html_put(page->out, "</tbody></table>\n");
    mcb_page_box_end(page);
    mcb_page_left_out(page, count - rows, "further settings");
}

/* ---- the cells of a setting ---- */

static void print_change(const struct mcb_page *page, const struct mcb_comparison_row *row)
{
    bool worse = mcb_comparison_is_regression(page->input->comparison, row);
    char moved[MCB_COMPARISON_CHANGE_MAX];
    mcb_html_print(page->out, " <span class=\"%s\">%s", worse ? "bad" : "change",
                   mcb_change_name(row->change));
    if (row->ratio > 0)
        mcb_html_print(page->out, ", %s", mcb_comparison_change_text(row->ratio, moved));
    mcb_html_put(page->out, "</span>");
}

static void print_note(const struct mcb_page *page, uint32_t number)
{
    const struct mcb_ledger_cell *cell = &page->ledger->cells[number];
    const struct mcb_ledger_fault *fault = mcb_page_fault_of(page, cell);
    const struct mcb_comparison_row *row = page->changes[number];
    const struct mcb_expectations *expectations = page->input->expectations;
    char name[MCB_PAGE_FAULT_NAME_MAX];
    mcb_html_put(page->out, "<td class=\"note\">");
    if (cell->status == MCB_LEDGER_FAILED)
        mcb_html_put(page->out, "<span class=\"bad\">&#10008; failed</span>");
    else if (cell->status == MCB_LEDGER_SKIPPED)
        mcb_html_put(page->out, "<span class=\"doubt\">skipped</span>");
    if (fault)
        mcb_html_print(page->out, " %s", mcb_page_fault_name(fault, name));
    if (row && row->change != MCB_CHANGE_UNCHANGED)
        print_change(page, row);
    if (page->suspect[number] && cell->status == MCB_LEDGER_OK)
        mcb_html_put(page->out, " a finding is about it");
    if (expectations && !mcb_expectations_hold_of(expectations, number))
        mcb_html_put(page->out, " <span class=\"bad\">misses an expectation</span>");
    mcb_html_put(page->out, "</td>");
}

static void print_interval(const struct mcb_page *page, const struct mcb_ledger_cell *cell)
{
    char low[MCB_TEXT_NUMBER_MAX], high[MCB_TEXT_NUMBER_MAX];
    if (cell->figure > 0)
        mcb_html_print(page->out, "<td class=\"n dim\" data-v=\"%.6f\">%s to %s</td>",
                       cell->high - cell->low, mcb_text_number(cell->low, low),
                       mcb_text_number(cell->high, high));
    else
        mcb_html_put(page->out, "<td class=\"n\">&ndash;</td>");
}

static void print_bandwidth(const struct mcb_page *page, const struct mcb_ledger_cell *cell)
{
    bool known = cell->figure > 0 && cell->ceiling_gbps > 0;
    mcb_page_number_cell(page, cell->figure);
    print_interval(page, cell);
    print_per_cent(page, known ? cell->figure / cell->ceiling_gbps : 0);
    mcb_page_number_cell(page, cell->message_rate_mops);
}

static void print_latency(const struct mcb_page *page, const struct mcb_ledger_cell *cell)
{
    mcb_page_number_cell(page, cell->figure);
    mcb_page_number_cell(page, cell->latency.p90_us);
    mcb_page_number_cell(page, cell->latency.p99_us);
    mcb_page_number_cell(page, cell->latency.p999_us);
    mcb_page_number_cell(page, cell->latency.max_us);
}

/* How it was measured: "dmabuf, write-imm, ordering on". */
static void print_way(const struct mcb_page *page, const struct mcb_ledger_cell *cell)
{
    bool registered = strcmp(cell->registration, "none") != 0;
    const char *const words[] = {registered ? cell->registration : "", cell->method};
    const char *between = "";
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!*words[i])
            continue;
        mcb_html_print(page->out, "%s%s", between, words[i]);
        between = ", ";
    }
    if (*cell->effective)
        mcb_html_print(page->out, "%sordering %s", between, cell->effective);
}

static void print_cell_row(const struct mcb_page *page, const struct mcb_page_setting *shown,
                           uint32_t number)
{
    const struct mcb_ledger_cell *cell = &page->ledger->cells[number];
    mcb_html_put(page->out, "<tr><th scope=\"row\">");
    mcb_page_path(page, cell);
    mcb_html_put(page->out, "</th>");
    if (shown->setting->latency)
        print_latency(page, cell);
    else
        print_bandwidth(page, cell);
    if (!shown->one_way) {
        mcb_html_put(page->out, "<td>");
        print_way(page, cell);
        mcb_html_put(page->out, "</td>");
    }
    print_note(page, number);
    mcb_html_put(page->out, "</tr>\n");
}

static void print_cells_head(const struct mcb_page *page, const struct mcb_page_setting *shown)
{
    static const char *const bandwidth[] = {"Gbit/s", "95 % interval", "of ceiling", "Mop/s", NULL};
    static const char *const latency[] = {"p50, µs", "p90", "p99", "p99.9", "max", NULL};
    const char *const *columns = shown->setting->latency ? latency : bandwidth;
    mcb_html_put(page->out, "<table class=\"sortable\"><thead><tr><th scope=\"col\">path</th>");
    for (; *columns; columns++)
        mcb_html_print(page->out, "<th scope=\"col\" class=\"n\">%s</th>", *columns);
    if (!shown->one_way)
        mcb_html_put(page->out, "<th scope=\"col\">measured by</th>");
    mcb_html_put(page->out, "<th scope=\"col\">note</th></tr></thead><tbody>\n");
}

static void print_cells(const struct mcb_page *page, const struct mcb_page_setting *shown)
{
    char summary[64];
    snprintf(summary, sizeof summary, shown->count == 1 ? "%zu cell" : "%zu cells, worst first",
             shown->count);
    mcb_page_fold_begin(page, shown->table_rows, summary);
    mcb_page_box_begin(page, "cells, worst first");
    print_cells_head(page, shown);
    for (size_t i = 0; i < shown->table_rows; i++)
        print_cell_row(page, shown, shown->worst[i]);
    mcb_html_put(page->out, "</tbody></table>\n");
    mcb_page_box_end(page);
    mcb_page_left_out(page, shown->count - shown->table_rows, "better cells");
    mcb_page_fold_end(page);
}

/* ---- a setting ---- */

static void print_extreme(const struct mcb_page *page, const struct mcb_page_setting *shown,
                          const char *what, uint32_t number)
{
    if (number == MCB_LEDGER_NONE || shown->ok < 2)
        return;
    mcb_html_print(page->out, "; %s ", what);
    mcb_page_figure(page, shown->setting, page->ledger->cells[number].figure);
    mcb_html_put(page->out, " (");
    mcb_page_path(page, &page->ledger->cells[number]);
    mcb_html_put(page->out, ")");
}

static const struct mcb_ledger_cell *first_ok(const struct mcb_page *page,
                                              const struct mcb_page_setting *shown)
{
    for (size_t i = 0; i < shown->count; i++)
        if (page->ledger->cells[shown->places[i]].status == MCB_LEDGER_OK)
            return &page->ledger->cells[shown->places[i]];
    return NULL;
}

static void print_sentence(const struct mcb_page *page, const struct mcb_page_setting *shown)
{
    const struct mcb_ledger_cell *measured = first_ok(page, shown);
    mcb_html_print(page->out, "<p>%zu of %zu cell%s measured", shown->ok, shown->count,
                   shown->count == 1 ? "" : "s");
    if (shown->failed > 0)
        mcb_html_print(page->out, ", <span class=\"bad\">%zu failed</span>", shown->failed);
    if (shown->skipped > 0)
        mcb_html_print(page->out, ", <span class=\"doubt\">%zu skipped</span>", shown->skipped);
    if (shown->median > 0) {
        mcb_html_put(page->out, "; median <b>");
        mcb_page_figure(page, shown->setting, shown->median);
        mcb_html_put(page->out, "</b>");
    }
    if (shown->reach_median > 0)
        mcb_html_print(page->out, ", %.0f %% of the ceiling", shown->reach_median * 100);
    print_extreme(page, shown, "worst", shown->worst_cell);
    print_extreme(page, shown, "best", shown->best_cell);
    mcb_html_put(page->out, ".");
    if (shown->one_way && measured) {
        mcb_html_put(page->out, " <span class=\"dim\">Measured by ");
        print_way(page, measured);
        mcb_html_put(page->out, ".</span>");
    }
    mcb_html_put(page->out, "</p>\n");
}

static void print_setting(const struct mcb_page *page, size_t number)
{
    const struct mcb_page_setting *shown = &page->settings[number];
    mcb_html_print(
        page->out,
        "<section class=\"setting\" id=\"setting-%zu\" aria-labelledby=\"setting-%zu-heading\">"
        "\n<h3 id=\"setting-%zu-heading\">",
        number, number, number);
    mcb_page_label(page, number);
    mcb_html_put(page->out, "</h3>\n");
    print_sentence(page, shown);
    if (shown->count > 1)
        mcb_page_matrix(page, number);
    print_cells(page, shown);
    mcb_html_put(page->out, "</section>\n");
}

void mcb_page_settings(const struct mcb_page *page)
{
    for (size_t i = 0; i < matrix_count(page); i++)
        print_setting(page, i);
    mcb_page_left_out(page, page->ledger->setting_count - matrix_count(page),
                      "further settings with their cells");
}
