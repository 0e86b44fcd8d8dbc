/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How paths went from run to run: when any of them changed and what differed then; a diagram of
 * each path that changed, those with the worst change first; a line of each other one.
 *
 * Runs are at equal distances, the same in every diagram, whatever time was between them.
 */

#include <math.h>
#include <string.h>

#include "bench/report/comparison_words.h"
#include "bench/report/html.h"
#include "bench/report/page_parts.h"
#include "bench/report/trend_words.h"
#include "common/text.h"

enum { DIAGRAMS_MAX = 24, LINES_MAX = 200, DIFFERENCES_SHOWN = 6, STEPS_MAX = 40 };

/* A diagram, and the line in a table, in px. */
enum { WIDTH = 720, HEIGHT = 204, LEFT = 80, RIGHT = 18, TOP = 36, BOTTOM = 26, HEAD = 18 };
enum { LINE_WIDTH = 180, LINE_HEIGHT = 28, LINE_EDGE = 4 };

/* A scale spans so much of its middle at least, so that noise does not look like a fall. */
static const double span_least = 0.2;

bool mcb_page_has_trends(const struct mcb_page *page)
{
    return page->input->trends && page->input->trends->count > 0;
}

/* ---- scales ---- */

struct scale {
    double least, most;           /* figures */
    int left, right, top, bottom; /* px */
    size_t runs;
};

static bool is_known(const struct mcb_trend_point *point)
{
    return point->figure > 0;
}

static void find_span(const struct mcb_trend *trend, struct scale *scale)
{
    scale->least = HUGE_VAL;
    scale->most = 0;
    for (size_t i = 0; i < trend->point_count; i++) {
        const struct mcb_trend_point *point = &trend->points[i];
        if (!is_known(point))
            continue;
        scale->least =
            fmin(scale->least, fmin(point->figure, point->low > 0 ? point->low : HUGE_VAL));
        scale->most = fmax(scale->most, fmax(point->figure, point->high));
    }
    if (scale->most <= 0)
        scale->least = scale->most = 1;
    double middle = (scale->least + scale->most) / 2;
    double half = fmax((scale->most - scale->least) * 0.55, middle * span_least / 2);
    scale->least = fmax(middle - half, 0);
    scale->most = middle + half;
}

static double x_of(const struct scale *scale, size_t run)
{
    double part = scale->runs > 1 ? (double)run / (double)(scale->runs - 1) : 0.5;
    return scale->left + part * (scale->right - scale->left);
}

static double y_of(const struct scale *scale, double figure)
{
    double part = (figure - scale->least) / (scale->most - scale->least);
    return scale->bottom - part * (scale->bottom - scale->top);
}

/* ---- what a trend is of ---- */

static const struct mcb_ledger *run_of(const struct mcb_page *page, size_t run)
{
    return page->input->trends->runs[run];
}

static const char *unit_of(const struct mcb_page *page, const struct mcb_trend *trend)
{
    const struct mcb_ledger *ledger;
    const struct mcb_ledger_cell *cell = mcb_trend_cell(page->input->trends, trend, &ledger);
    return mcb_ledger_unit(&ledger->settings[cell->setting]);
}

static void print_name(const struct mcb_page *page, const struct mcb_trend *trend)
{
    const struct mcb_ledger *ledger;
    const struct mcb_ledger_cell *cell = mcb_trend_cell(page->input->trends, trend, &ledger);
    char label[MCB_LEDGER_LABEL_MAX];
    mcb_html_text(page->out, mcb_ledger_path_label(ledger, cell, label));
    if (page->ledger->setting_count > 1)
        mcb_html_print(page->out, " <span class=\"under\">%s</span>",
                       mcb_ledger_setting_label(ledger, cell->setting, label));
}

static const struct mcb_trend_point *known_point(const struct mcb_trend *trend, bool last)
{
    for (size_t i = 0; i < trend->point_count; i++) {
        const struct mcb_trend_point *point = &trend->points[last ? trend->point_count - 1 - i : i];
        if (is_known(point))
            return point;
    }
    return NULL;
}

/* ---- lines and points ---- */

/* Broken where a run has no figure. */
static void print_line(const struct mcb_page *page, const struct mcb_trend *trend,
                       const struct scale *scale)
{
    bool broken = true;
    mcb_html_put(page->out, "<path class=\"line\" d=\"");
    for (size_t i = 0; i < trend->point_count; i++) {
        const struct mcb_trend_point *point = &trend->points[i];
        if (is_known(point))
            fprintf(page->out, "%c%.1f %.1f", broken ? 'M' : 'L', x_of(scale, point->run),
                    y_of(scale, point->figure));
        broken = !is_known(point);
    }
    mcb_html_put(page->out, "\"/>\n");
}

static void print_day(const struct mcb_page *page, const struct mcb_ledger *run)
{
    char day[11];
    snprintf(day, sizeof day, "%.10s", run->started);
    mcb_html_text(page->out, day);
}

static void print_point(const struct mcb_page *page, const struct mcb_trend *trend,
                        const struct mcb_trend_point *point, const struct scale *scale)
{
    FILE *out = page->out;
    char figure[MCB_TEXT_NUMBER_MAX];
    double x = x_of(scale, point->run);
    if (is_known(point)) {
        double y = y_of(scale, point->figure);
        if (point->high > point->low && point->low > 0)
            fprintf(out, "<path class=\"interval\" d=\"M%.1f %.1fV%.1f\"/>", x,
                    y_of(scale, point->high), y_of(scale, point->low));
        fprintf(out, "<circle class=\"point\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\"><title>", x, y);
    } else {
        fprintf(out, "<path class=\"cross\" d=\"M%.1f %dl8 8m0 -8l-8 8\"><title>", x - 4,
                scale->bottom - 9);
    }
    mcb_html_text(out, run_of(page, point->run)->started);
    if (is_known(point))
        mcb_html_print(out, ": %s %s", mcb_text_number(point->figure, figure),
                       unit_of(page, trend));
    else
        mcb_html_put(out, ": failed or skipped");
    fputs(is_known(point) ? "</title></circle>\n" : "</title></path>\n", out);
}

/* ---- a diagram ---- */

static void print_axes(const struct mcb_page *page, const struct mcb_trend *trend,
                       const struct scale *scale)
{
    FILE *out = page->out;
    char number[MCB_TEXT_NUMBER_MAX];
    for (int tick = 0; tick <= 2; tick++) {
        double figure = scale->least + (scale->most - scale->least) * tick / 2;
        double y = y_of(scale, figure);
        mcb_html_print(out, "<path class=\"grid\" d=\"M%d %.1fH%d\"/>", scale->left, y,
                       scale->right);
        mcb_html_print(out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
                       scale->left - 8, y + 4, mcb_text_number(figure, number));
    }
    mcb_html_print(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", scale->left - 8,
                   HEAD, unit_of(page, trend));
    mcb_html_print(out, "<text x=\"%d\" y=\"%d\">", scale->left, HEIGHT - 6);
    print_day(page, run_of(page, 0));
    mcb_html_print(out, "</text>\n<text x=\"%d\" y=\"%d\" text-anchor=\"end\">", scale->right,
                   HEIGHT - 6);
    print_day(page, run_of(page, scale->runs - 1));
    mcb_html_put(out, "</text>\n");
}

/* Where the level changed: a line across, and the levels on both sides of it. */
static void print_step(const struct mcb_page *page, const struct mcb_trend *trend, size_t number,
                       const struct scale *scale)
{
    const struct mcb_trend_change *change = &trend->changes[number];
    const struct mcb_trend_point *points = trend->points;
    size_t begin = number > 0 ? trend->changes[number - 1].point : 0;
    size_t end = number + 1 < trend->change_count ? trend->changes[number + 1].point - 1
                                                  : trend->point_count - 1;
    double x = x_of(scale, points[change->point].run);
    if (change->point > 0)
        x = (x + x_of(scale, points[change->point - 1].run)) / 2;
    fprintf(page->out, "<path class=\"%s\" d=\"M%.1f %dV%d\"/>",
            change->worse ? "step worse" : "step", x, HEAD + 4, scale->bottom);
    fprintf(page->out, "<path class=\"level\" d=\"M%.1f %.1fH%.1fM%.1f %.1fH%.1f\"/>\n",
            x_of(scale, points[begin].run), y_of(scale, change->before), x, x,
            y_of(scale, change->after), x_of(scale, points[end].run));
    const char *anchor = x > WIDTH - LEFT ? "end" : x < LEFT + 40 ? "start" : "middle";
    if (change->before > 0)
        mcb_html_print(page->out,
                       "<text class=\"%s\" x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">%s%.1f "
                       "%%</text>\n",
                       change->worse ? "worse" : "better", x, HEAD, anchor,
                       change->after < change->before ? "" : "+",
                       (change->after / change->before - 1) * 100);
}

static void print_diagram(const struct mcb_page *page, const struct mcb_trend *trend)
{
    struct scale scale = {.left = LEFT,
                          .right = WIDTH - RIGHT,
                          .top = TOP,
                          .bottom = HEIGHT - BOTTOM,
                          .runs = page->input->trends->run_count};
    find_span(trend, &scale);
    mcb_page_box_begin(page, "diagram of a path with time");
    mcb_html_print(
        page->out,
        "<svg class=\"trend\" role=\"img\" aria-label=\"figures of %zu runs; what changed "
        "is told below\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n",
        trend->point_count, WIDTH, HEIGHT, WIDTH, HEIGHT);
    print_axes(page, trend, &scale);
    for (size_t i = 0; i < trend->change_count; i++)
        print_step(page, trend, i, &scale);
    print_line(page, trend, &scale);
    for (size_t i = 0; i < trend->point_count; i++)
        print_point(page, trend, &trend->points[i], &scale);
    mcb_html_put(page->out, "</svg>\n");
    mcb_page_box_end(page);
}

/* ---- what changed ---- */

static void print_differences(const struct mcb_page *page,
                              const struct mcb_differences *differences)
{
    char sentence[MCB_DIFFERENCE_SENTENCE_MAX];
    size_t count = differences->count + differences->beyond;
    if (count == 0)
        mcb_html_put(page->out, "nothing that the results tell");
    for (size_t i = 0; i < differences->count && i < DIFFERENCES_SHOWN; i++)
        mcb_html_print(page->out, "%s%s", i ? "; " : "",
                       mcb_difference_sentence(&differences->list[i], sentence));
    if (count > DIFFERENCES_SHOWN)
        mcb_html_print(page->out, "; and %zu more", count - DIFFERENCES_SHOWN);
}

static void print_change(const struct mcb_page *page, const struct mcb_trend *trend,
                         const struct mcb_trend_change *change)
{
    char before[MCB_TEXT_NUMBER_MAX], after[MCB_TEXT_NUMBER_MAX];
    mcb_html_put(page->out, "<li>");
    mcb_page_time(page, mcb_trend_change_run(page->input->trends, trend, change)->started);
    mcb_html_print(page->out, ": <b class=\"%s\">%s &#8594; %s %s</b>",
                   change->worse ? "bad" : "good", mcb_text_number(change->before, before),
                   mcb_text_number(change->after, after), unit_of(page, trend));
    if (change->p < 0.001)
        mcb_html_put(page->out, " (p &lt; 0.001). Differs: ");
    else
        mcb_html_print(page->out, " (p = %.3f). Differs: ", change->p);
    print_differences(page, &change->differences);
    mcb_html_put(page->out, "</li>\n");
}

static void print_changed(const struct mcb_page *page, const struct mcb_trend *trend)
{
    mcb_html_put(page->out, "<article class=\"trend\">\n<h3>");
    print_name(page, trend);
    mcb_html_put(page->out, "</h3>\n");
    print_diagram(page, trend);
    mcb_html_put(page->out, "<ul>\n");
    for (size_t i = 0; i < trend->change_count; i++)
        print_change(page, trend, &trend->changes[i]);
    mcb_html_put(page->out, "</ul>\n</article>\n");
}

/* ---- when anything changed ---- */

struct step {
    size_t worse, better;
    const struct mcb_differences *differences; /* between that run and the one before it */
};

static struct step step_at(const struct mcb_trends *trends, size_t run)
{
    struct step step = {.differences = NULL};
    for (size_t i = 0; i < trends->count; i++)
        for (size_t j = 0; j < trends->list[i].change_count; j++) {
            const struct mcb_trend_change *change = &trends->list[i].changes[j];
            if (trends->list[i].points[change->point].run != run)
                continue;
            step.worse += change->worse;
            step.better += !change->worse;
            step.differences = step.differences ? step.differences : &change->differences;
        }
    return step;
}

static void print_steps(const struct mcb_page *page)
{
    const struct mcb_trends *trends = page->input->trends;
    size_t shown = 0, left_out = 0;
    mcb_page_box_begin(page, "runs in which paths changed");
    mcb_html_put(page->out, "<table><thead><tr><th scope=\"col\">since the run of</th>"
                            "<th scope=\"col\" class=\"n\">paths worse</th>"
                            "<th scope=\"col\" class=\"n\">better</th>"
                            "<th scope=\"col\">what differs from the run before</th></tr></thead>"
                            "<tbody>\n");
    for (size_t run = trends->run_count; run-- > 0;) {
        struct step step = step_at(trends, run);
        if (!step.differences)
            continue;
        if (shown == STEPS_MAX) {
            left_out++;
            continue;
        }
        shown++;
        mcb_html_put(page->out, "<tr><th scope=\"row\">");
        mcb_page_time(page, run_of(page, run)->started);
        mcb_html_print(page->out,
                       "</th><td class=\"n%s\">%zu</td><td class=\"n\">%zu</td><td class=\"note\">",
                       step.worse > 0 ? " bad" : "", step.worse, step.better);
        print_differences(page, step.differences);
        mcb_html_put(page->out, "</td></tr>\n");
    }
    mcb_html_put(page->out, "</tbody></table>\n");
    mcb_page_box_end(page);
    mcb_page_left_out(page, left_out, "earlier runs in which paths changed");
}

/* ---- paths that did not change ---- */

static void print_small(const struct mcb_page *page, const struct mcb_trend *trend)
{
    struct scale scale = {.left = LINE_EDGE,
                          .right = LINE_WIDTH - LINE_EDGE,
                          .top = LINE_EDGE,
                          .bottom = LINE_HEIGHT - LINE_EDGE,
                          .runs = page->input->trends->run_count};
    const struct mcb_trend_point *last = known_point(trend, true);
    find_span(trend, &scale);
    mcb_html_print(page->out,
                   "<td><svg class=\"trend\" aria-hidden=\"true\" width=\"%d\" height=\"%d\" "
                   "viewBox=\"0 0 %d %d\">",
                   LINE_WIDTH, LINE_HEIGHT, LINE_WIDTH, LINE_HEIGHT);
    print_line(page, trend, &scale);
    if (last)
        mcb_html_print(page->out, "<circle class=\"point\" cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\"/>",
                       x_of(&scale, last->run), y_of(&scale, last->figure));
    mcb_html_put(page->out, "</svg></td>");
}

static void print_steady(const struct mcb_page *page, const struct mcb_trend *trend)
{
    const struct mcb_trend_point *first = known_point(trend, false);
    const struct mcb_trend_point *last = known_point(trend, true);
    char moved[MCB_COMPARISON_CHANGE_MAX];
    mcb_html_put(page->out, "<tr><th scope=\"row\">");
    print_name(page, trend);
    mcb_html_print(page->out, "</th><td class=\"n\" data-v=\"%zu\">%zu</td>", trend->point_count,
                   trend->point_count);
    print_small(page, trend);
    mcb_page_number_cell(page, first ? first->figure : 0);
    mcb_page_number_cell(page, last ? last->figure : 0);
    if (first && last)
        mcb_html_print(page->out, "<td>%s</td><td class=\"n\" data-v=\"%.6f\">%s</td></tr>\n",
                       unit_of(page, trend), last->figure / first->figure,
                       mcb_comparison_change_text(last->figure / first->figure, moved));
    else
        mcb_html_put(page->out, "<td></td><td class=\"n\">&ndash;</td></tr>\n");
}

/* All but the first changed ones, which have a diagram each. */
static void print_others(const struct mcb_page *page, size_t diagrams)
{
    const struct mcb_trends *trends = page->input->trends;
    size_t count = trends->count - diagrams;
    size_t rows = count < LINES_MAX ? count : LINES_MAX;
    char summary[64];
    if (count == 0)
        return;
    snprintf(summary, sizeof summary, "%zu %s%s with time", count, diagrams ? "other " : "",
             mcb_trends_noun(trends, count));
    mcb_page_fold_begin(page, rows, summary);
    mcb_page_box_begin(page, "paths with time");
    mcb_html_put(page->out,
                 "<table class=\"sortable\"><thead><tr><th scope=\"col\">path</th>"
                 "<th scope=\"col\" class=\"n\">runs</th><th scope=\"col\">with time</th>"
                 "<th scope=\"col\" class=\"n\">first</th>"
                 "<th scope=\"col\" class=\"n\">last</th><th scope=\"col\">unit</th>"
                 "<th scope=\"col\" class=\"n\">by</th></tr></thead><tbody>\n");
    for (size_t i = 0, shown = 0; shown < rows; i++) {
        if (trends->list[i].change_count > 0 && diagrams > 0) {
            diagrams--;
            continue;
        }
        print_steady(page, &trends->list[i]);
        shown++;
    }
    mcb_html_put(page->out, "</tbody></table>\n");
    mcb_page_box_end(page);
    mcb_page_left_out(page, count - rows, "further paths");
    mcb_page_fold_end(page);
}

/* ---- all of it ---- */

static void print_diagrams(const struct mcb_page *page, size_t diagrams)
{
    const struct mcb_trends *trends = page->input->trends;
    for (size_t i = 0; i < trends->count && diagrams > 0; i++) {
        if (trends->list[i].change_count == 0)
            continue;
        print_changed(page, &trends->list[i]);
        diagrams--;
    }
}

void mcb_page_trends(const struct mcb_page *page)
{
    const struct mcb_trends *trends = page->input->trends;
    size_t changed = mcb_trends_changed(trends);
    size_t diagrams = changed < DIAGRAMS_MAX ? changed : DIAGRAMS_MAX;
    mcb_html_print(page->out, "<p>%zu runs, from ", trends->run_count);
    mcb_page_time(page, run_of(page, 0)->started);
    mcb_html_put(page->out, " to ");
    mcb_page_time(page, run_of(page, trends->run_count - 1)->started);
    const char *noun = mcb_trends_noun(trends, trends->count);
    if (changed > 0)
        mcb_html_print(page->out,
                       ": <b>%zu of %zu %s changed</b> beyond tolerance and scatter.</p>\n",
                       changed, trends->count, noun);
    else
        mcb_html_print(page->out,
                       ": no lasting change in %zu %s beyond tolerance and scatter; one run alone "
                       "makes none.</p>\n",
                       trends->count, noun);
    if (changed > 0)
        print_steps(page);
    print_diagrams(page, diagrams);
    print_others(page, diagrams);
}
