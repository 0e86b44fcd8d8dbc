/* SPDX-License-Identifier: Apache-2.0 */
/* The fault of a regression, in words. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/report/comparison.h"
#include "bench/report/comparison_words.h"
#include "common/text.h"
#include "common/units.h"

/* "write bandwidth both ways 64 KiB, staged, relaxed ordering on" */
static void name_setting(const struct mcb_ledger_setting *setting, char *words, size_t size)
{
    char length[32], whole[256];
    bool ordered = strcmp(setting->ordering, "on") == 0 || strcmp(setting->ordering, "off") == 0;
    snprintf(whole, sizeof whole, "%.32s %.32s%s %s%s%.32s%s%.32s", setting->operation,
             setting->measure, setting->bidirectional ? " both ways" : "",
             mcb_units_format_size(setting->size_bytes, length, sizeof length),
             strcmp(setting->route, "direct") ? ", " : "",
             strcmp(setting->route, "direct") ? setting->route : "",
             ordered ? ", relaxed ordering " : "", ordered ? setting->ordering : "");
    mcb_text_clean(whole, words, size);
}

static void slower_detail(const struct mcb_comparison *comparison,
                          const struct mcb_comparison_row *row, const char *path,
                          const struct mcb_ledger_setting *setting, const char *words,
                          char detail[MCB_ERROR_DETAIL_MAX])
{
    char is[MCB_TEXT_NUMBER_MAX], was[MCB_TEXT_NUMBER_MAX], chance[MCB_TEXT_NUMBER_MAX],
        whole[2048];
    snprintf(whole, sizeof whole, "%s: %s %s %s, was %s%s: %.1f %% %s (%s)", path, words,
             mcb_text_number(row->after_figure, is), mcb_ledger_unit(setting),
             mcb_text_number(row->before_figure, was),
             comparison->baseline_count > 1 ? " in the median of the baselines" : "",
             100 * fabs(row->ratio - 1), row->ratio < 1 ? "less" : "more",
             mcb_comparison_chance_text(row->p, chance));
    mcb_text_clean(whole, detail, MCB_ERROR_DETAIL_MAX);
}

/* Gone, or there without a figure and without a fault. */
static void missing_detail(const struct mcb_comparison_row *row, const char *path,
                           const struct mcb_ledger_setting *setting, const char *words,
                           char detail[MCB_ERROR_DETAIL_MAX])
{
    char was[MCB_TEXT_NUMBER_MAX], whole[2048];
    snprintf(whole, sizeof whole, "%s: %s was %s %s, and %s", path, words,
             mcb_text_number(row->before_figure, was), mcb_ledger_unit(setting),
             row->after == MCB_LEDGER_NONE ? "is not in the new result"
                                           : "has no figure above 0 now");
    mcb_text_clean(whole, detail, MCB_ERROR_DETAIL_MAX);
}

static struct mcb_ledger_fault of_catalogue(enum mcb_fault_code code, const char *detail,
                                            char fix[MCB_FAULT_FIX_MAX])
{
    const struct mcb_fault *entry = mcb_fault_get(code);
    return (struct mcb_ledger_fault){entry->id, entry->title, detail, entry->cause,
                                     mcb_fault_join(entry->fix, fix, MCB_FAULT_FIX_MAX)};
}

bool mcb_comparison_fault(const struct mcb_comparison *comparison,
                          const struct mcb_comparison_row *row, struct mcb_ledger_fault *fault,
                          char detail[MCB_ERROR_DETAIL_MAX], char fix[MCB_FAULT_FIX_MAX])
{
    if (!mcb_comparison_is_regression(comparison, row))
        return false;
    const struct mcb_ledger_cell *cell;
    const struct mcb_ledger *ledger = mcb_comparison_ledger(comparison, row, &cell);
    if (row->change != MCB_CHANGE_SLOWER && cell->fault != MCB_LEDGER_NONE &&
        row->change != MCB_CHANGE_GONE) {
        *fault = ledger->faults[cell->fault];
        return true;
    }
    char path[MCB_LEDGER_LABEL_MAX], words[160];
    const struct mcb_ledger_setting *setting = &ledger->settings[cell->setting];
    mcb_ledger_path_label(ledger, cell, path);
    name_setting(setting, words, sizeof words);
    if (row->change == MCB_CHANGE_SLOWER)
        slower_detail(comparison, row, path, setting, words, detail);
    else
        missing_detail(row, path, setting, words, detail);
    bool gone = row->after == MCB_LEDGER_NONE;
    *fault = of_catalogue(gone ? MCB_FAULT_PERF_GONE : MCB_FAULT_PERF_REGRESSION, detail, fix);
    return true;
}
