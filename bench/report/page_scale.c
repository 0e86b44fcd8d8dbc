/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/page_scale.h"

#include <math.h>

#include "bench/report/html.h"
#include "common/text.h"

static const double span_least = 0.75, span_logarithmic = 20;

enum { STEP = 16, BAR_TOP = 18, BAR_HEIGHT = 12, SIDE = 2 };

struct mcb_page_scale mcb_page_scale_of(const struct mcb_page_setting *shown)
{
    struct mcb_page_scale scale = {
        .latency = shown->setting->latency, .least = shown->low, .most = shown->high};
    if (shown->high <= 0)
        return scale;
    if (shown->ceiling_most > scale.most && shown->ceiling_most <= 2 * scale.most)
        scale.most = shown->ceiling_most;
    if (scale.latency)
        scale.most = fmax(scale.most, scale.least / span_least);
    else
        scale.least = fmin(scale.least, scale.most * span_least);
    scale.logarithmic = scale.most > span_logarithmic * scale.least;
    return scale;
}

/* 0 to 1 from the least to the most. */
static double part_of(const struct mcb_page_scale *scale, double figure)
{
    double part = scale->logarithmic ? log(figure / scale->least) / log(scale->most / scale->least)
                                     : (figure - scale->least) / (scale->most - scale->least);
    return fmin(fmax(part, 0), 1);
}

unsigned mcb_page_scale_colour(const struct mcb_page_scale *scale, double figure)
{
    double part = part_of(scale, figure);
    if (scale->latency)
        part = 1 - part;
    return (unsigned)fmin(floor(part * MCB_PAGE_COLOURS), MCB_PAGE_COLOURS - 1);
}

/* A line down from the bar, and a word beside its end, on the side that has more room. */
static void print_mark(FILE *out, const struct mcb_page_scale *scale, double figure, int line,
                       const char *what)
{
    char number[MCB_TEXT_NUMBER_MAX];
    double part = part_of(scale, figure), x = SIDE + part * STEP * MCB_PAGE_COLOURS;
    bool left = part > 0.4;
    int bottom = BAR_TOP + BAR_HEIGHT + 15 + line * 14;
    mcb_html_print(out, "<path class=\"tick\" d=\"M%.1f %dV%d\"/>", x, BAR_TOP - 3, bottom);
    mcb_html_print(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">%s %s</text>",
                   left ? x - 5 : x + 5, bottom, left ? "end" : "start", what,
                   mcb_text_number(figure, number));
}

static void print_bar(FILE *out, const struct mcb_page_setting *shown,
                      const struct mcb_page_scale *scale)
{
    char least[MCB_TEXT_NUMBER_MAX], most[MCB_TEXT_NUMBER_MAX];
    int end = SIDE + STEP * MCB_PAGE_COLOURS;
    for (int i = 0; i < MCB_PAGE_COLOURS; i++)
        mcb_html_print(out, "<rect class=\"c%d\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>",
                       scale->latency ? MCB_PAGE_COLOURS - 1 - i : i, SIDE + i * STEP, BAR_TOP,
                       STEP, BAR_HEIGHT);
    mcb_html_print(out, "<text x=\"%d\" y=\"12\">%s</text>", SIDE,
                   mcb_text_number(scale->least, least));
    mcb_html_print(out, "<text x=\"%d\" y=\"12\" text-anchor=\"end\">%s</text>", end,
                   mcb_text_number(scale->most, most));
    print_mark(out, scale, shown->median, 0, "median");
    if (shown->ceiling_most > 0 && shown->ceiling_most <= scale->most)
        print_mark(out, scale, shown->ceiling_most, 1, "ceiling");
}

void mcb_page_scale_print(const struct mcb_page *page, const struct mcb_page_setting *shown,
                          const struct mcb_page_scale *scale)
{
    FILE *out = page->out;
    char ceiling[MCB_TEXT_NUMBER_MAX];
    const char *unit = mcb_ledger_unit(shown->setting);
    if (scale->most <= 0)
        return;
    int width = 2 * SIDE + STEP * MCB_PAGE_COLOURS;
    mcb_html_print(out,
                   "<svg class=\"scale\" role=\"img\" aria-label=\"colour scale in %s\" "
                   "width=\"%d\" height=\"60\" viewBox=\"0 0 %d 60\">",
                   unit, width, width);
    print_bar(out, shown, scale);
    mcb_html_print(out, "<text x=\"%d\" y=\"12\" text-anchor=\"middle\">%s%s</text></svg>\n",
                   width / 2, unit, scale->logarithmic ? " (logarithmic)" : "");
    if (shown->ceiling_most > scale->most)
        mcb_html_print(out, "<span class=\"dim\">The ceiling, %s %s, is beyond the scale.</span>\n",
                       mcb_text_number(shown->ceiling_most, ceiling), unit);
}
