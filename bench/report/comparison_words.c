/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/comparison_words.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bench/report/comparison_forms.h"

/* Text that grows by pieces, cut at its end. */
struct line {
    char *text;
    size_t size, length;
};

__attribute__((format(printf, 2, 3))) static void add(struct line *line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int added = vsnprintf(line->text + line->length, line->size - line->length, format, arguments);
    va_end(arguments);
    if (added > 0)
        line->length += (size_t)added;
    if (line->length >= line->size)
        line->length = line->size - 1;
}

/* Foreign or cut text that was put together, made clean once more: a cut may have gone through a
 * character. */
static void clean_up(char *text, size_t size)
{
    char whole[MCB_COMPARISON_WHY_MAX + 1];
    snprintf(whole, sizeof whole, "%s", text);
    mcb_text_clean(whole, text, size);
}

/* ---- figures ---- */

char *mcb_comparison_change_text(double ratio, char text[MCB_COMPARISON_CHANGE_MAX])
{
    double per_cent = 100 * (ratio - 1);
    if (fabs(per_cent) < 0.05)
        snprintf(text, MCB_COMPARISON_CHANGE_MAX, "0.0 %%");
    else if (fabs(per_cent) < 1000)
        snprintf(text, MCB_COMPARISON_CHANGE_MAX, "%+.1f %%", per_cent);
    else
        snprintf(text, MCB_COMPARISON_CHANGE_MAX, "× %.4g", ratio);
    return text;
}

char *mcb_comparison_chance_text(double p, char text[MCB_TEXT_NUMBER_MAX])
{
    if (p < 0.001)
        snprintf(text, MCB_TEXT_NUMBER_MAX, "p < 0.001");
    else
        snprintf(text, MCB_TEXT_NUMBER_MAX, "p = %.3f", p);
    return text;
}

/* "376.2", "failed"; "–" where there is no cell. True: it is a figure. */
static bool side_text(const struct mcb_ledger_cell *cell, double figure,
                      char text[MCB_COMPARISON_FIGURE_MAX])
{
    bool is_figure = cell && cell->status == MCB_LEDGER_OK;
    const char *word = !cell ? "–" : cell->status == MCB_LEDGER_SKIPPED ? "skipped" : "failed";
    char number[MCB_TEXT_NUMBER_MAX];
    snprintf(text, MCB_COMPARISON_FIGURE_MAX, "%s",
             is_figure ? mcb_text_number(figure, number) : word);
    return is_figure;
}

static void add_unit(char text[MCB_COMPARISON_FIGURE_MAX], const char *unit)
{
    size_t length = strlen(text);
    snprintf(text + length, MCB_COMPARISON_FIGURE_MAX - length, " %s", unit);
}

static void figures_of(const struct mcb_comparison *comparison,
                       const struct mcb_comparison_row *row, const char *unit,
                       struct mcb_comparison_words *words)
{
    bool was = side_text(mcb_comparison_before(comparison, row), row->before_figure, words->before);
    bool is = side_text(mcb_comparison_after(comparison, row), row->after_figure, words->after);
    if (is)
        add_unit(words->after, unit);
    else if (was)
        add_unit(words->before, unit);
    words->change[0] = '\0';
    if (row->ratio > 0)
        mcb_comparison_change_text(row->ratio, words->change);
}

/* ---- why ---- */

static const struct mcb_ledger_fault *fault_of(const struct mcb_ledger *ledger,
                                               const struct mcb_ledger_cell *cell)
{
    return cell && cell->fault != MCB_LEDGER_NONE ? &ledger->faults[cell->fault] : NULL;
}

const struct mcb_ledger_fault *mcb_comparison_row_fault(const struct mcb_comparison *comparison,
                                                        const struct mcb_comparison_row *row)
{
    const struct mcb_ledger_cell *after = mcb_comparison_after(comparison, row);
    const struct mcb_ledger_fault *fault = fault_of(comparison->after, after);
    if (fault || (after && row->change != MCB_CHANGE_MENDED))
        return fault;
    return fault_of(&comparison->baselines[row->baseline], mcb_comparison_before(comparison, row));
}

static void add_fault(struct line *why, const struct mcb_comparison *comparison,
                      const struct mcb_comparison_row *row)
{
    const struct mcb_ledger_fault *fault = mcb_comparison_row_fault(comparison, row);
    if (fault)
        add(why, "%s%.32s %.300s", why->length ? ": " : "", fault->id,
            *fault->detail ? fault->detail : fault->title);
}

static void add_doubt(struct line *why, const struct mcb_comparison *comparison,
                      const struct mcb_comparison_row *row)
{
    if (!mcb_comparison_is_doubtful(comparison, row))
        return;
    if (row->visible < 1)
        add(why, "noise would hide a loss below %.0f %%", ceil(100 * row->visible));
    else
        add(why, "noise would hide any loss");
}

static void why_of(const struct mcb_comparison *comparison, const struct mcb_comparison_row *row,
                   char text[MCB_COMPARISON_WHY_MAX])
{
    struct line why = {text, MCB_COMPARISON_WHY_MAX, 0};
    char chance[MCB_TEXT_NUMBER_MAX];
    text[0] = '\0';
    switch (row->change) {
    case MCB_CHANGE_SLOWER:
    case MCB_CHANGE_FASTER:
        add(&why, "%s", mcb_comparison_chance_text(row->p, chance));
        break;
    case MCB_CHANGE_GONE:
        add(&why, "not in the new result");
        break;
    case MCB_CHANGE_DIFFERENT:
        add(&why, "%s", row->why);
        break;
    case MCB_CHANGE_NEW:
        add(&why, row->before == MCB_LEDGER_NONE ? "in no baseline" : "not measured before");
        add_fault(&why, comparison, row);
        break;
    case MCB_CHANGE_NOT_ASKED:
        add(&why, "not measured this time");
        break;
    case MCB_CHANGE_MENDED:
        add(&why, mcb_comparison_before(comparison, row)->status == MCB_LEDGER_FAILED
                      ? "had failed"
                      : "had no figure above 0");
        add_fault(&why, comparison, row);
        break;
    case MCB_CHANGE_UNCHANGED:
        add_doubt(&why, comparison, row);
        break;
    case MCB_CHANGE_BROKEN:
    case MCB_CHANGE_UNMEASURED:
    case MCB_CHANGE_FAILING:
    case MCB_CHANGES:
        add_fault(&why, comparison, row);
        break;
    }
    clean_up(text, MCB_COMPARISON_WHY_MAX);
}

void mcb_comparison_words(const struct mcb_comparison *comparison,
                          const struct mcb_comparison_row *row, struct mcb_comparison_words *words)
{
    const struct mcb_ledger_cell *cell;
    const struct mcb_ledger *ledger = mcb_comparison_ledger(comparison, row, &cell);
    mcb_ledger_path_label(ledger, cell, words->path);
    figures_of(comparison, row, mcb_ledger_unit(&ledger->settings[cell->setting]), words);
    why_of(comparison, row, words->why);
}

char *mcb_comparison_setting(const struct mcb_comparison *comparison,
                             const struct mcb_comparison_row *row, char label[MCB_LEDGER_LABEL_MAX])
{
    const struct mcb_ledger_cell *cell;
    const struct mcb_ledger *ledger = mcb_comparison_ledger(comparison, row, &cell);
    return mcb_ledger_setting_label(ledger, cell->setting, label);
}

/* ---- all rows ---- */

bool mcb_comparison_has_settings(const struct mcb_comparison *comparison)
{
    bool several = comparison->after->setting_count > 1;
    for (size_t i = 0; i < comparison->baseline_count; i++)
        several = several || comparison->baselines[i].setting_count > 1;
    return several;
}

const char *mcb_comparison_noun(const struct mcb_comparison *comparison, size_t count)
{
    bool cells = mcb_comparison_has_settings(comparison);
    return count == 1 ? (cells ? "cell" : "path") : (cells ? "cells" : "paths");
}

/* "254 unchanged, 1 slower", behind a blank: those of which there are any. */
static void add_count(struct line *line, const struct mcb_comparison *comparison,
                      enum mcb_change change)
{
    size_t count = comparison->counts[change];
    if (count > 0)
        add(line, "%s%zu %s", line->text[line->length - 1] != ' ' ? ", " : "", count,
            mcb_change_name(change));
}

char *mcb_comparison_sentence(const struct mcb_comparison *comparison,
                              char text[MCB_COMPARISON_SENTENCE_MAX])
{
    struct line line = {text, MCB_COMPARISON_SENTENCE_MAX, 0};
    add(&line, "%zu %s: ", comparison->row_count,
        mcb_comparison_noun(comparison, comparison->row_count));
    add_count(&line, comparison, MCB_CHANGE_UNCHANGED);
    for (int change = 0; change < MCB_CHANGE_UNCHANGED; change++)
        add_count(&line, comparison, (enum mcb_change)change);
    add(&line, "; tolerance %.4g %%", 100 * comparison->options.tolerance);
    if (comparison->compared > 0 && comparison->noise < 0.0005)
        add(&line, ", noise below 0.1 %%");
    else if (comparison->compared > 0)
        add(&line, ", noise %.1f %%", 100 * comparison->noise);
    return text;
}

static void add_side(struct line *line, const struct mcb_ledger *ledger, const char *unnamed)
{
    char name[128];
    mcb_text_clean(ledger->path ? ledger->path : unnamed, name, sizeof name);
    add(line, "%s (%.20s)", name, ledger->started);
}

char *mcb_comparison_sides(const struct mcb_comparison *comparison,
                           char text[MCB_COMPARISON_SIDES_MAX])
{
    struct line line = {text, MCB_COMPARISON_SIDES_MAX, 0};
    const struct mcb_ledger *baselines = comparison->baselines;
    size_t count = comparison->baseline_count;
    add_side(&line, comparison->after, "the new result");
    if (count == 1) {
        add(&line, " against ");
        add_side(&line, &baselines[0], "the baseline");
    } else {
        add(&line, " against %zu baselines, %.20s to %.20s", count, baselines[0].started,
            baselines[count - 1].started);
    }
    return text;
}

static void add_regressions(struct line *line, const struct mcb_comparison *comparison)
{
    static const enum mcb_change kinds[] = {MCB_CHANGE_BROKEN, MCB_CHANGE_SLOWER, MCB_CHANGE_GONE,
                                            MCB_CHANGE_UNMEASURED};
    size_t count = mcb_comparison_regressions(comparison);
    add(line, "%zu regression%s: ", count, count == 1 ? "" : "s");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        bool missing = kinds[i] == MCB_CHANGE_GONE || kinds[i] == MCB_CHANGE_UNMEASURED;
        if (!missing || !comparison->options.allow_missing)
            add_count(line, comparison, kinds[i]);
    }
}

char *mcb_comparison_verdict(const struct mcb_comparison *comparison,
                             char text[MCB_COMPARISON_VERDICT_MAX])
{
    struct line line = {text, MCB_COMPARISON_VERDICT_MAX, 0};
    size_t different = comparison->counts[MCB_CHANGE_DIFFERENT];
    size_t failing = comparison->counts[MCB_CHANGE_FAILING];
    if (mcb_comparison_regressions(comparison) > 0)
        add_regressions(&line, comparison);
    else
        add(&line, "no regression");
    if (different > 0)
        add(&line, "; %zu %s cannot be compared", different,
            mcb_comparison_noun(comparison, different));
    if (failing > 0)
        add(&line, "; %zu %s failed before and now", failing,
            mcb_comparison_noun(comparison, failing));
    if (comparison->doubtful > 0)
        add(&line, "; noise would hide a loss of %.4g %% on %zu of the unchanged",
            200 * comparison->options.tolerance, comparison->doubtful);
    return text;
}

size_t mcb_comparison_faults(const struct mcb_comparison *comparison,
                             struct mcb_comparison_count *faults, size_t most)
{
    size_t count = 0;
    for (size_t i = 0; i < comparison->row_count; i++) {
        char detail[MCB_ERROR_DETAIL_MAX], fix[MCB_FAULT_FIX_MAX];
        struct mcb_ledger_fault fault;
        if (!mcb_comparison_fault(comparison, &comparison->rows[i], &fault, detail, fix))
            continue;
        enum mcb_fault_code code = mcb_fault_find(fault.id);
        size_t at = 0;
        while (at < count && faults[at].code != code)
            at++;
        if (at == count && count < most)
            faults[count++] = (struct mcb_comparison_count){code, 0};
        if (at < count)
            faults[at].rows++;
    }
    return count;
}
