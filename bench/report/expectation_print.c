/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "bench/report/expectation.h"
#include "common/json.h"
#include "common/text.h"

enum { MISSES_SHOWN = 4, INDENT = 4 };

/* ---- a rule ---- */

/* "3 paths" where there is one matrix, else "3 cells". */
static const char *unit_of_count(const struct mcb_ledger *ledger, size_t count)
{
    bool paths = ledger->setting_count == 1;
    return count == 1 ? (paths ? "path" : "cell") : (paths ? "paths" : "cells");
}

static const char *why_unjudged(const struct mcb_rule *rule)
{
    return rule->reference == MCB_RULE_CEILING ? "no ceiling is known"
           : rule->reference == MCB_RULE_CPU   ? "no host memory was measured beside it"
                                               : "there is no median";
}

/* "bandwidth >= 90% of ceiling: 14 of 16 paths hold, 2 cannot be judged (no ceiling is known)" */
static void add_rule(struct mcb_text_line *line, const struct mcb_expectation *expectation,
                     const struct mcb_ledger *ledger)
{
    char clean[MCB_RULE_TEXT_MAX];
    mcb_text_add(line, "%s: ", mcb_text_clean(expectation->rule->text, clean, sizeof clean));
    if (expectation->chosen == 0) {
        mcb_text_add(line, "no cell was measured that it speaks of");
        return;
    }
    mcb_text_add(line, "%zu of %zu %s hold%s", expectation->held, expectation->chosen,
                 unit_of_count(ledger, expectation->chosen), expectation->chosen == 1 ? "s" : "");
    if (expectation->unjudged > 0)
        mcb_text_add(line, ", %zu cannot be judged (%s)", expectation->unjudged,
                     why_unjudged(expectation->rule));
}

/* ---- a miss ---- */

static void add_failure(struct mcb_text_line *line, const struct mcb_ledger_cell *cell,
                        const struct mcb_ledger *ledger)
{
    char id[32], title[192];
    mcb_text_add(line, "%s", cell->status == MCB_LEDGER_SKIPPED ? "skipped" : "failed");
    if (cell->fault == MCB_LEDGER_NONE)
        return;
    const struct mcb_ledger_fault *fault = &ledger->faults[cell->fault];
    mcb_text_add(line, ": %s, %s", mcb_text_clean(fault->id, id, sizeof id),
                 mcb_text_clean(fault->title, title, sizeof title));
}

/* "51 % of the ceiling, ", of rules that are a part of something. */
static void add_part(struct mcb_text_line *line, const struct mcb_rule *rule,
                     const struct mcb_expectation_miss *miss)
{
    static const char *const of[] = {
        [MCB_RULE_NUMBER] = "",
        [MCB_RULE_CEILING] = "the ceiling",
        [MCB_RULE_MEDIAN] = "the median",
        [MCB_RULE_CPU] = "host memory",
    };
    char number[MCB_TEXT_NUMBER_MAX];
    if (rule->reference != MCB_RULE_NUMBER && miss->bound > 0)
        mcb_text_add(line, ", %s %% of %s",
                     mcb_text_number(100 * miss->figure * rule->bound / miss->bound, number),
                     of[rule->reference]);
}

/* "201.3 Gbit/s, 51 % of the ceiling; at least 353.0 wanted". Numbers that are not the same do not
 * look the same. */
static void add_figure(struct mcb_text_line *line, const struct mcb_rule *rule,
                       const struct mcb_expectation_miss *miss)
{
    static const char *const wanted[] = {
        [MCB_RULE_AT_LEAST] = "at least",
        [MCB_RULE_AT_MOST] = "at most",
        [MCB_RULE_ABOVE] = "more than",
        [MCB_RULE_BELOW] = "less than",
    };
    char figure[MCB_TEXT_NUMBER_MAX], bound[MCB_TEXT_NUMBER_MAX];
    mcb_text_number(miss->figure, figure);
    mcb_text_number(miss->bound, bound);
    if (strcmp(figure, bound) == 0 && miss->figure != miss->bound) {
        snprintf(figure, sizeof figure, "%.9g", miss->figure);
        snprintf(bound, sizeof bound, "%.9g", miss->bound);
    }
    mcb_text_add(line, "%s %s", figure, mcb_rule_unit(rule));
    add_part(line, rule, miss);
    mcb_text_add(line, "; %s %s wanted", wanted[rule->comparison], bound);
}

static void add_unverified(struct mcb_text_line *line, const struct mcb_ledger_cell *cell)
{
    char bytes[MCB_TEXT_NUMBER_MAX];
    if (cell->corrupt_bytes > 0)
        mcb_text_add(line, "%s arrived wrong", mcb_text_bytes(cell->corrupt_bytes, bytes));
    else
        mcb_text_add(line, "nothing was compared (--verify does)");
}

/* "n1/mlx5_1/cpu:0 → n2/mlx5_0/cpu:0: ..." */
static void add_miss(struct mcb_text_line *line, const struct mcb_expectation *expectation,
                     const struct mcb_expectation_miss *miss, const struct mcb_ledger *ledger)
{
    char label[MCB_LEDGER_LABEL_MAX];
    const struct mcb_ledger_cell *cell = &ledger->cells[miss->cell];
    mcb_text_add(line, "%s", mcb_ledger_path_label(ledger, cell, label));
    if (ledger->setting_count > 1)
        mcb_text_add(line, " · %s", mcb_ledger_setting_label(ledger, cell->setting, label));
    mcb_text_add(line, ": ");
    if (cell->status != MCB_LEDGER_OK)
        add_failure(line, cell, ledger);
    else if (expectation->rule->figure == MCB_RULE_VERIFIED)
        add_unverified(line, cell);
    else if (miss->figure > 0)
        add_figure(line, expectation->rule, miss);
    else
        mcb_text_add(line, "it has no such figure");
}

/* ---- all ---- */

/* Of a verdict that is good or not. */
static void print_marked(const struct mcb_canvas *canvas, bool good,
                         const struct mcb_text_line *line)
{
    mcb_canvas_put(canvas, good ? MCB_PAINT_PLAIN : MCB_PAINT_RED, good ? "✔ " : "✘ ");
    mcb_text_wrap(canvas->out, line->text, 2, canvas->columns);
}

static void print_expectation(const struct mcb_canvas *canvas,
                              const struct mcb_expectation *expectation,
                              const struct mcb_ledger *ledger)
{
    bool good = mcb_expectation_holds(expectation);
    struct mcb_text_line line = {.length = 0};
    size_t columns = canvas->columns;
    add_rule(&line, expectation, ledger);
    print_marked(canvas, good, &line);
    for (size_t i = 0; i < expectation->miss_count && i < MISSES_SHOWN; i++) {
        line = (struct mcb_text_line){.length = 0};
        add_miss(&line, expectation, &expectation->misses[i], ledger);
        mcb_text_pad(canvas->out, INDENT);
        mcb_text_wrap(canvas->out, line.text, INDENT, columns);
    }
    if (expectation->miss_count > MISSES_SHOWN) {
        mcb_text_pad(canvas->out, INDENT);
        fprintf(canvas->out, "and %zu more\n", expectation->miss_count - MISSES_SHOWN);
    }
}

void mcb_expectations_print(const struct mcb_canvas *canvas,
                            const struct mcb_expectations *expectations,
                            const struct mcb_ledger *ledger)
{
    if (expectations->count == 0)
        return;
    fputs("expectations", canvas->out);
    if (expectations->machine[0])
        fprintf(canvas->out, " of %s", expectations->machine);
    fputc('\n', canvas->out);
    for (size_t i = 0; i < expectations->count; i++)
        print_expectation(canvas, &expectations->list[i], ledger);
}

void mcb_expectations_print_stored(const struct mcb_canvas *canvas, const json_t *document)
{
    const json_t *stored = json_object_get(document, "expectations"), *entry;
    size_t i;
    fputs("expectations, as the result has them\n", canvas->out);
    json_array_foreach(stored, i, entry)
    {
        bool good = json_is_true(json_object_get(entry, "holds"));
        char clean[MCB_RULE_TEXT_MAX];
        struct mcb_text_line line = {.length = 0};
        mcb_text_add(&line, "%s: held by %lld of %lld cells",
                     mcb_text_clean(mcb_json_text(entry, "rule"), clean, sizeof clean),
                     (long long)json_integer_value(json_object_get(entry, "held")),
                     (long long)json_integer_value(json_object_get(entry, "chosen")));
        print_marked(canvas, good, &line);
    }
}

void mcb_expectations_blame(const struct mcb_expectations *expectations,
                            const struct mcb_ledger *ledger, struct mcb_error *error)
{
    const struct mcb_expectation *first = NULL;
    size_t missed = 0;
    struct mcb_text_line line = {.length = 0};
    for (size_t i = 0; i < expectations->count; i++) {
        if (mcb_expectation_holds(&expectations->list[i]))
            continue;
        first = first ? first : &expectations->list[i];
        missed++;
    }
    mcb_text_add(&line, "%zu of %zu expectation%s %s not met", missed, expectations->count,
                 expectations->count == 1 ? "" : "s", missed == 1 ? "is" : "are");
    if (first) {
        mcb_text_add(&line, ": ");
        add_rule(&line, first, ledger);
    }
    if (first && first->miss_count > 0) {
        mcb_text_add(&line, "; the worst: ");
        add_miss(&line, first, &first->misses[0], ledger);
    }
    mcb_error_write(error, MCB_FAULT_PERF_EXPECTATION, "%s", line.text);
}
