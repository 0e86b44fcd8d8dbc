/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/trend_words.h"

#include <stdio.h>

#include "bench/report/comparison_words.h"
#include "common/text.h"

enum { CAUSES_TOLD = 3 };

size_t mcb_trends_changed(const struct mcb_trends *trends)
{
    size_t changed = 0;
    for (size_t i = 0; i < trends->count; i++)
        changed += trends->list[i].change_count > 0;
    return changed;
}

const char *mcb_trends_noun(const struct mcb_trends *trends, size_t count)
{
    bool cells = false;
    for (size_t run = 0; run < trends->run_count; run++)
        cells = cells || trends->runs[run]->setting_count > 1;
    return count == 1 ? (cells ? "cell" : "path") : (cells ? "cells" : "paths");
}

const struct mcb_ledger_cell *mcb_trend_cell(const struct mcb_trends *trends,
                                             const struct mcb_trend *trend,
                                             const struct mcb_ledger **ledger)
{
    const struct mcb_trend_point *last = &trend->points[trend->point_count - 1];
    *ledger = trends->runs[last->run];
    return &(*ledger)->cells[last->cell];
}

const struct mcb_ledger *mcb_trend_change_run(const struct mcb_trends *trends,
                                              const struct mcb_trend *trend,
                                              const struct mcb_trend_change *change)
{
    return trends->runs[trend->points[change->point].run];
}

char *mcb_trend_levels(const struct mcb_trend_change *change, const char *unit,
                       char text[MCB_TREND_LEVELS_MAX])
{
    char was[MCB_TEXT_NUMBER_MAX], is[MCB_TEXT_NUMBER_MAX], chance[MCB_TEXT_NUMBER_MAX];
    char moved[MCB_COMPARISON_CHANGE_MAX];
    snprintf(text, MCB_TREND_LEVELS_MAX, "%s → %s %s, %s, %s", mcb_text_number(change->before, was),
             mcb_text_number(change->after, is), unit,
             mcb_comparison_change_text(change->after / change->before, moved),
             mcb_comparison_chance_text(change->p, chance));
    return text;
}

char *mcb_trend_causes(const struct mcb_differences *differences, char text[MCB_TREND_CAUSES_MAX])
{
    char sentence[MCB_DIFFERENCE_SENTENCE_MAX];
    size_t length = 0, count = differences->count + differences->beyond;
    snprintf(text, MCB_TREND_CAUSES_MAX, "nothing that is known");
    for (size_t i = 0; i < differences->count && i < CAUSES_TOLD; i++)
        length +=
            (size_t)snprintf(text + length, MCB_TREND_CAUSES_MAX - length, "%s%s", i ? "; " : "",
                             mcb_difference_sentence(&differences->list[i], sentence));
    if (count > CAUSES_TOLD)
        snprintf(text + length, MCB_TREND_CAUSES_MAX - length, "; and %zu more",
                 count - CAUSES_TOLD);
    return text;
}
