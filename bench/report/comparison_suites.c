/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/comparison_suites.h"

#include <stdlib.h>
#include <string.h>

/* ---- cases ---- */

static bool failed_now(const struct mcb_comparison *comparison,
                       const struct mcb_comparison_row *row)
{
    const struct mcb_ledger_cell *after = mcb_comparison_after(comparison, row);
    return after && after->status == MCB_LEDGER_FAILED;
}

enum mcb_case mcb_comparison_case(const struct mcb_comparison *comparison,
                                  const struct mcb_comparison_row *row)
{
    if (mcb_comparison_is_regression(comparison, row))
        return MCB_CASE_FAILURE;
    switch (row->change) {
    case MCB_CHANGE_FAILING:
    case MCB_CHANGE_NEW:
        return failed_now(comparison, row) ? MCB_CASE_ERROR : MCB_CASE_SKIPPED;
    case MCB_CHANGE_GONE:
    case MCB_CHANGE_UNMEASURED:
    case MCB_CHANGE_DIFFERENT:
    case MCB_CHANGE_NOT_ASKED:
        return MCB_CASE_SKIPPED;
    default:
        return MCB_CASE_PASSED;
    }
}

/* ---- settings that are alike ---- */

/* Ledgers by number: 0 is the new one, then the baselines. */
static const struct mcb_ledger *ledger_at(const struct mcb_comparison *comparison, size_t number)
{
    return number == 0 ? comparison->after : &comparison->baselines[number - 1];
}

struct entry {
    const struct mcb_ledger_setting *setting;
    uint32_t ledger, number; /* of the setting in its ledger */
    uint32_t suite;          /* of its like */
};

static int order_of_numbers(uint64_t one, uint64_t other)
{
    return (one > other) - (one < other);
}

static int alike_order(const struct mcb_ledger_setting *one, const struct mcb_ledger_setting *other)
{
    const uint64_t left[] = {one->size_bytes,   one->qps,          one->depth,
                             one->signal_every, one->inline_bytes, one->bidirectional},
                   right[] = {other->size_bytes,   other->qps,          other->depth,
                              other->signal_every, other->inline_bytes, other->bidirectional};
    int order = strcmp(one->operation, other->operation);
    order = order ? order : strcmp(one->measure, other->measure);
    order = order ? order : strcmp(one->route, other->route);
    order = order ? order : strcmp(one->ordering, other->ordering);
    for (size_t i = 0; order == 0 && i < sizeof left / sizeof left[0]; i++)
        order = order_of_numbers(left[i], right[i]);
    return order;
}

static int place_order(const void *left, const void *right)
{
    const struct entry *one = left, *other = right;
    int order = order_of_numbers(one->ledger, other->ledger);
    return order ? order : order_of_numbers(one->number, other->number);
}

static int entry_order(const void *left, const void *right)
{
    int order =
        alike_order(((const struct entry *)left)->setting, ((const struct entry *)right)->setting);
    return order ? order : place_order(left, right);
}

/* Each entry names the first of its like by its place (ledger, number) until suites are numbered.
 */
struct numbering {
    struct entry *entries;
    size_t count;
    size_t *first; /* of each ledger, in entries by place */
};

static int numbering_make(const struct mcb_comparison *comparison, struct numbering *numbering)
{
    size_t ledgers = comparison->baseline_count + 1;
    numbering->first = calloc(ledgers + 1, sizeof *numbering->first);
    for (size_t i = 0; numbering->first && i < ledgers; i++)
        numbering->first[i + 1] = numbering->first[i] + ledger_at(comparison, i)->setting_count;
    numbering->count = numbering->first ? numbering->first[ledgers] : 0;
    numbering->entries = calloc(numbering->count + 1, sizeof *numbering->entries);
    if (!numbering->first || !numbering->entries)
        return -1;
    for (size_t i = 0, at = 0; i < ledgers; i++)
        for (size_t j = 0; j < ledger_at(comparison, i)->setting_count; j++)
            numbering->entries[at++] =
                (struct entry){&ledger_at(comparison, i)->settings[j], (uint32_t)i, (uint32_t)j, 0};
    return 0;
}

static void numbering_release(struct numbering *numbering)
{
    free(numbering->entries);
    free(numbering->first);
}

/* One suite for each kind of setting, in the order of the first of each kind. */
static void number_suites(const struct mcb_comparison *comparison, struct numbering *numbering,
                          struct mcb_comparison_suites *suites)
{
    struct entry *entries = numbering->entries;
    qsort(entries, numbering->count, sizeof *entries, entry_order);
    for (size_t i = 0, leader = 0; i < numbering->count; i++) {
        if (alike_order(entries[leader].setting, entries[i].setting) != 0)
            leader = i;
        entries[i].suite =
            (uint32_t)(numbering->first[entries[leader].ledger] + entries[leader].number);
    }
    qsort(entries, numbering->count, sizeof *entries, place_order);
    for (size_t i = 0; i < numbering->count; i++) {
        bool leads = entries[i].suite == i;
        if (leads)
            suites->list[suites->count] = (struct mcb_comparison_suite){
                .ledger = ledger_at(comparison, entries[i].ledger), .setting = entries[i].number};
        entries[i].suite = leads ? (uint32_t)suites->count++ : entries[entries[i].suite].suite;
    }
}

/* ---- rows ---- */

static uint32_t suite_of(const struct mcb_comparison *comparison, const struct numbering *numbering,
                         const struct mcb_comparison_row *row)
{
    const struct mcb_ledger_cell *cell;
    const struct mcb_ledger *ledger = mcb_comparison_ledger(comparison, row, &cell);
    size_t number = ledger == comparison->after ? 0 : row->baseline + 1;
    return numbering->entries[numbering->first[number] + cell->setting].suite;
}

static void sort_rows(const struct mcb_comparison *comparison, const struct numbering *numbering,
                      struct mcb_comparison_suites *suites)
{
    for (size_t i = 0; i < comparison->row_count; i++) {
        const struct mcb_comparison_row *row = &comparison->rows[i];
        struct mcb_comparison_suite *suite = &suites->list[suite_of(comparison, numbering, row)];
        enum mcb_case outcome = mcb_comparison_case(comparison, row);
        suite->count++;
        suite->cases[outcome]++;
        suites->cases[outcome]++;
    }
    for (size_t i = 0, first = 0; i < suites->count; i++) {
        suites->list[i].first = first;
        first += suites->list[i].count;
        suites->list[i].count = 0;
    }
    for (size_t i = 0; i < comparison->row_count; i++) {
        struct mcb_comparison_suite *suite =
            &suites->list[suite_of(comparison, numbering, &comparison->rows[i])];
        suites->rows[suite->first + suite->count++] = (uint32_t)i;
    }
}

static void drop_empty(struct mcb_comparison_suites *suites)
{
    size_t kept = 0;
    for (size_t i = 0; i < suites->count; i++)
        if (suites->list[i].count > 0)
            suites->list[kept++] = suites->list[i];
    suites->count = kept;
}

/* ---- cells that look alike ---- */

/* Such cells are neighbours in a ledger. */
static uint32_t *count_alike(const struct mcb_ledger *ledger)
{
    uint32_t *alike = calloc(ledger->cell_count + 1, sizeof *alike);
    for (size_t i = 1; alike && i < ledger->cell_count; i++) {
        const struct mcb_ledger_cell *cell = &ledger->cells[i], *before = cell - 1;
        if (cell->setting == before->setting && cell->initiator == before->initiator &&
            cell->target == before->target)
            alike[i] = alike[i - 1] + 1;
    }
    return alike;
}

static int tell_alike(const struct mcb_comparison *comparison, struct mcb_comparison_suites *suites)
{
    for (size_t i = 0; i <= comparison->baseline_count; i++) {
        uint32_t *alike = count_alike(ledger_at(comparison, i));
        if (!alike)
            return -1;
        for (size_t j = 0; j < comparison->row_count; j++) {
            const struct mcb_comparison_row *row = &comparison->rows[j];
            bool is_new = row->after != MCB_LEDGER_NONE;
            if (is_new ? i == 0 : i == row->baseline + 1)
                suites->alike[j] = alike[is_new ? row->after : row->before];
        }
        free(alike);
    }
    return 0;
}

/* ---- making ---- */

int mcb_comparison_suites_make(const struct mcb_comparison *comparison,
                               struct mcb_comparison_suites *suites, struct mcb_error *error)
{
    struct numbering numbering = {0};
    struct mcb_comparison_suites made = {0};
    int status = numbering_make(comparison, &numbering);
    if (status == 0) {
        made.list = calloc(numbering.count + 1, sizeof *made.list);
        made.rows = calloc(comparison->row_count + 1, sizeof *made.rows);
        made.alike = calloc(comparison->row_count + 1, sizeof *made.alike);
        status = made.list && made.rows && made.alike ? tell_alike(comparison, &made) : -1;
    }
    if (status == 0) {
        number_suites(comparison, &numbering, &made);
        sort_rows(comparison, &numbering, &made);
        drop_empty(&made);
    }
    numbering_release(&numbering);
    if (status != 0) {
        mcb_comparison_suites_release(&made);
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the test cases");
    }
    *suites = made;
    return 0;
}

void mcb_comparison_suites_release(struct mcb_comparison_suites *suites)
{
    free(suites->list);
    free(suites->rows);
    free(suites->alike);
    *suites = (struct mcb_comparison_suites){0};
}
