/* SPDX-License-Identifier: Apache-2.0 */

/* What changed against the baseline: a sentence, what differs between the runs, and each path that
 * is not as it was, worst first. */

#include "bench/report/comparison_words.h"
#include "bench/report/html.h"
#include "bench/report/page_parts.h"
#include "common/text.h"

enum { BASELINES_NAMED = 10 };

bool mcb_page_has_changes(const struct mcb_page *page)
{
    return page->input->comparison != NULL;
}

/* ---- the sentence ---- */

static void print_baselines(const struct mcb_page *page, const struct mcb_comparison *comparison)
{
    size_t count = comparison->baseline_count;
    size_t first = count > BASELINES_NAMED ? count - BASELINES_NAMED : 0;
    mcb_html_put(page->out, "<p>Held against ");
    for (size_t i = first; i < count; i++) {
        const struct mcb_ledger *baseline = &comparison->baselines[i];
        fputs(i > first ? ", <b>" : "<b>", page->out);
        mcb_page_file(page, baseline);
        mcb_html_put(page->out, "</b> of ");
        mcb_page_time(page, baseline->started);
    }
    mcb_html_put(page->out, ".</p>\n");
}

static void print_counts(const struct mcb_page *page, const struct mcb_comparison *comparison)
{
    mcb_html_print(page->out, "<p class=\"counts\"><b>%zu %s compared</b>", comparison->compared,
                   mcb_comparison_noun(comparison, comparison->compared));
    for (int change = 0; change < MCB_CHANGES; change++)
        if (comparison->counts[change] > 0)
            mcb_html_print(page->out, " &#183; %zu %s", comparison->counts[change],
                           mcb_change_name((enum mcb_change)change));
    mcb_html_print(
        page->out,
        "</p>\n<p class=\"dim\">A change counts beyond the tolerance of %.1f %% and beyond "
        "noise, which moves a figure by %.1f %% here.",
        comparison->options.tolerance * 100, comparison->noise * 100);
    if (comparison->doubtful > 0)
        mcb_html_print(page->out,
                       " Of the unchanged ones %zu scatter so much that a loss of twice the "
                       "tolerance would not have been seen.",
                       comparison->doubtful);
    mcb_html_put(page->out, "</p>\n");
}

/* ---- what differs ---- */

static void print_differences(const struct mcb_page *page,
                              const struct mcb_differences *differences)
{
    char sentence[MCB_DIFFERENCE_SENTENCE_MAX];
    if (differences->count == 0) {
        mcb_html_put(page->out,
                     "<p>Settings, hardware and software of the two runs are the same, as "
                     "far as the results tell.</p>\n");
        return;
    }
    mcb_html_put(page->out, "<h3>What differs between the two runs</h3>\n<ul>\n");
    for (size_t i = 0; i < differences->count; i++)
        mcb_html_print(page->out, "<li><span class=\"kind\">%s</span> %s</li>\n",
                       mcb_difference_kind_name(differences->list[i].kind),
                       mcb_difference_sentence(&differences->list[i], sentence));
    mcb_html_put(page->out, "</ul>\n");
    mcb_page_left_out(page, differences->beyond, "further differences");
}

/* ---- paths ---- */

static const struct mcb_ledger_setting *setting_of(const struct mcb_comparison *comparison,
                                                   const struct mcb_comparison_row *row)
{
    const struct mcb_ledger_cell *cell;
    const struct mcb_ledger *ledger = mcb_comparison_ledger(comparison, row, &cell);
    return &ledger->settings[cell->setting];
}

static void print_path(const struct mcb_page *page, const struct mcb_comparison_row *row)
{
    const struct mcb_ledger_cell *cell;
    const struct mcb_ledger *ledger = mcb_comparison_ledger(page->input->comparison, row, &cell);
    char label[MCB_LEDGER_LABEL_MAX];
    mcb_html_print(page->out, "<th scope=\"row\">%s", mcb_ledger_path_label(ledger, cell, label));
    if (mcb_comparison_has_settings(page->input->comparison))
        mcb_html_print(page->out, "<span class=\"under\">%s</span>",
                       mcb_ledger_setting_label(ledger, cell->setting, label));
    mcb_html_put(page->out, "</th>");
}

static void print_side(const struct mcb_page *page, const struct mcb_comparison_row *row,
                       double figure)
{
    if (figure <= 0) {
        mcb_html_put(page->out, "<td class=\"n\">&ndash;</td>");
        return;
    }
    mcb_html_print(page->out, "<td class=\"n\" data-v=\"%.6f\">", figure);
    mcb_page_figure(page, setting_of(page->input->comparison, row), figure);
    mcb_html_put(page->out, "</td>");
}

static void print_ratio(const struct mcb_page *page, const struct mcb_comparison_row *row)
{
    char moved[MCB_COMPARISON_CHANGE_MAX];
    if (row->ratio <= 0) {
        mcb_html_put(page->out, "<td class=\"n\">&ndash;</td><td class=\"n\">&ndash;</td>");
        return;
    }
    mcb_html_print(page->out, "<td class=\"n\" data-v=\"%.6f\">%s</td>", row->ratio,
                   mcb_comparison_change_text(row->ratio, moved));
    if (row->p < 0.001)
        mcb_html_print(page->out, "<td class=\"n\" data-v=\"%.9f\">&lt; 0.001</td>", row->p);
    else
        mcb_html_print(page->out, "<td class=\"n\" data-v=\"%.9f\">%.3f</td>", row->p, row->p);
}

/* What both figures do not say. */
static void print_why(const struct mcb_page *page, const struct mcb_comparison_row *row)
{
    struct mcb_ledger_fault fault;
    char detail[MCB_ERROR_DETAIL_MAX], fix[MCB_FAULT_FIX_MAX], name[MCB_PAGE_FAULT_NAME_MAX];
    mcb_html_put(page->out, "<td class=\"note\">");
    if (row->why && *row->why)
        mcb_html_text(page->out, row->why);
    else if (row->change != MCB_CHANGE_SLOWER &&
             mcb_comparison_fault(page->input->comparison, row, &fault, detail, fix))
        mcb_html_text(page->out, mcb_page_fault_name(&fault, name));
    mcb_html_put(page->out, "</td>");
}

static void print_row(const struct mcb_page *page, const struct mcb_comparison_row *row)
{
    bool worse = mcb_comparison_is_regression(page->input->comparison, row);
    mcb_html_put(page->out, "<tr>");
    print_path(page, row);
    mcb_html_print(page->out, "<td class=\"%s\" data-v=\"%d\">", worse ? "bad" : "change",
                   (int)row->change);
    if (worse)
        mcb_html_put(page->out, "&#10008; ");
    mcb_html_print(page->out, "%s</td>", mcb_change_name(row->change));
    print_side(page, row, row->before_figure);
    print_side(page, row, row->after_figure);
    print_ratio(page, row);
    print_why(page, row);
    mcb_html_put(page->out, "</tr>\n");
}

static void print_rows(const struct mcb_page *page, const struct mcb_comparison *comparison)
{
    size_t changed = comparison->row_count - comparison->counts[MCB_CHANGE_UNCHANGED];
    size_t shown = 0;
    char summary[64];
    if (changed == 0)
        return;
    snprintf(summary, sizeof summary, "%zu %s not as before", changed,
             mcb_comparison_noun(comparison, changed));
    mcb_page_fold_begin(page, changed, summary);
    mcb_page_box_begin(page, "paths that changed");
    mcb_html_put(page->out,
                 "<table class=\"sortable\"><thead><tr><th scope=\"col\">path</th>"
                 "<th scope=\"col\">change</th><th scope=\"col\" class=\"n\">before</th>"
                 "<th scope=\"col\" class=\"n\">after</th><th scope=\"col\" class=\"n\">by</th>"
                 "<th scope=\"col\" class=\"n\">p</th><th scope=\"col\">note</th></tr></thead>"
                 "<tbody>\n");
    for (size_t i = 0; i < comparison->row_count && shown < MCB_PAGE_ROWS_MAX; i++) {
        if (comparison->rows[i].change == MCB_CHANGE_UNCHANGED)
            continue;
        print_row(page, &comparison->rows[i]);
        shown++;
    }
    mcb_html_put(page->out, "</tbody></table>\n");
    mcb_page_box_end(page);
    mcb_page_left_out(page, changed - shown, "further paths");
    mcb_page_fold_end(page);
}

void mcb_page_changes(const struct mcb_page *page)
{
    const struct mcb_comparison *comparison = page->input->comparison;
    if (comparison->stand_in)
        mcb_html_put(page->out,
                     "<p class=\"banner\"><strong>No hardware:</strong> stand-in GPUs were "
                     "used, now or before, so this compares no hardware.</p>\n");
    print_baselines(page, comparison);
    print_counts(page, comparison);
    print_rows(page, comparison);
    print_differences(page, &comparison->differences);
}
