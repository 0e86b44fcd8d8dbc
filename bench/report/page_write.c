/* SPDX-License-Identifier: Apache-2.0 */

/* Small things that several parts of a page write. */

#include <string.h>

#include "bench/report/html.h"
#include "bench/report/page_parts.h"
#include "common/text.h"

enum { FAULT_NAME_LETTERS = 120 };

void mcb_page_label(const struct mcb_page *page, size_t setting)
{
    char label[MCB_LEDGER_LABEL_MAX];
    mcb_html_text(page->out, mcb_ledger_setting_label(page->ledger, setting, label));
}

void mcb_page_path(const struct mcb_page *page, const struct mcb_ledger_cell *cell)
{
    char label[MCB_LEDGER_LABEL_MAX];
    mcb_html_text(page->out, mcb_ledger_path_label(page->ledger, cell, label));
}

void mcb_page_figure(const struct mcb_page *page, const struct mcb_ledger_setting *setting,
                     double figure)
{
    char number[MCB_TEXT_NUMBER_MAX];
    if (figure > 0)
        mcb_html_print(page->out, "%s %s", mcb_text_number(figure, number),
                       mcb_ledger_unit(setting));
    else
        mcb_html_put(page->out, "not known");
}

char *mcb_page_fault_name(const struct mcb_ledger_fault *fault, char name[MCB_PAGE_FAULT_NAME_MAX])
{
    char title[MCB_PAGE_FAULT_NAME_MAX / 2], id[32];
    mcb_text_clean(fault->id, id, sizeof id);
    mcb_text_clean(fault->title, title, sizeof title);
    snprintf(name, MCB_PAGE_FAULT_NAME_MAX, "%s %s", id, title);
    mcb_text_fit(name, FAULT_NAME_LETTERS);
    return name;
}

const struct mcb_ledger_fault *mcb_page_fault_of(const struct mcb_page *page,
                                                 const struct mcb_ledger_cell *cell)
{
    return cell->fault < page->ledger->fault_count ? &page->ledger->faults[cell->fault] : NULL;
}

void mcb_page_number_cell(const struct mcb_page *page, double number)
{
    char text[MCB_TEXT_NUMBER_MAX];
    if (number > 0)
        mcb_html_print(page->out, "<td class=\"n\" data-v=\"%.6f\">%s</td>", number,
                       mcb_text_number(number, text));
    else
        mcb_html_put(page->out, "<td class=\"n\">&ndash;</td>");
}

void mcb_page_time(const struct mcb_page *page, const char *time)
{
    char day[11], hour[9];
    if (strlen(time) != 20 || time[10] != 'T' || time[19] != 'Z') {
        mcb_html_text(page->out, time);
        return;
    }
    snprintf(day, sizeof day, "%.10s", time);
    snprintf(hour, sizeof hour, "%.8s", time + 11);
    mcb_html_print(page->out, "<time datetime=\"%s\">%s %s UTC</time>", time, day, hour);
}

void mcb_page_file(const struct mcb_page *page, const struct mcb_ledger *ledger)
{
    const char *slash = ledger->path ? strrchr(ledger->path, '/') : NULL;
    mcb_html_text(page->out, !ledger->path ? "a result" : slash ? slash + 1 : ledger->path);
}

void mcb_page_box_begin(const struct mcb_page *page, const char *label)
{
    mcb_html_print(page->out,
                   "<div class=\"box\" tabindex=\"0\" role=\"group\" aria-label=\"%s\">\n", label);
}

void mcb_page_box_end(const struct mcb_page *page)
{
    mcb_html_put(page->out, "</div>\n");
}

void mcb_page_fold_begin(const struct mcb_page *page, size_t rows, const char *summary)
{
    if (rows <= MCB_PAGE_ROWS_OPEN)
        mcb_html_print(page->out, "<details open><summary>%s</summary>\n", summary);
    else
        mcb_html_print(page->out, "<details><summary>%s</summary>\n", summary);
}

void mcb_page_fold_end(const struct mcb_page *page)
{
    mcb_html_put(page->out, "</details>\n");
}

void mcb_page_left_out(const struct mcb_page *page, size_t count, const char *what)
{
    if (count > 0)
        mcb_html_print(page->out, "<p class=\"dim\">%zu %s are not listed here.</p>\n", count,
                       what);
}

/* The lines of a fix, as a shell takes them. */
static void print_lines(FILE *out, const char *fix)
{
    size_t length;
    mcb_html_put(out, "<pre class=\"shell\"><code>");
    for (const char *line; (line = mcb_fault_next_line(&fix, &length));) {
        struct mcb_fault_step step = mcb_fault_split(line, length);
        char text[MCB_FAULT_FIX_MAX];
        snprintf(text, sizeof text, "%.*s", (int)step.command_length, step.command);
        mcb_html_text(out, text);
        snprintf(text, sizeof text, "%.*s", (int)step.remark_length, step.remark);
        if (step.remark_length > 0)
            mcb_html_print(out, "<span class=\"remark\">%s# %s</span>",
                           step.command_length > 0 ? "  " : "", text);
        mcb_html_put(out, "\n");
    }
    mcb_html_put(out, "</code></pre>\n");
}

/* What a result calls a fix is a text; only what this program knows itself is offered to a shell.
 */
void mcb_page_remedy(const struct mcb_page *page, const char *id, const char *cause,
                     const char *fix)
{
    enum mcb_fault_code code = mcb_fault_find(id);
    char own[MCB_FAULT_FIX_MAX];
    if (*cause)
        mcb_html_print(page->out, "<p><b>Likely causes:</b> %s.</p>\n", cause);
    if (!*fix)
        return;
    if (code != MCB_FAULT_NONE &&
        strcmp(mcb_fault_join(mcb_fault_get(code)->fix, own, sizeof own), fix) == 0)
        print_lines(page->out, mcb_fault_get(code)->fix);
    else
        mcb_html_print(page->out, "<p><b>What to do, as the result says:</b> %s</p>\n", fix);
}
