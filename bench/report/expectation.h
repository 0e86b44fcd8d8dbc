/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_EXPECTATION_H
#define MCB_BENCH_REPORT_EXPECTATION_H

/*
 * Rules (bench/plan/rule.h) held against the cells of a result.
 *
 * What is verified: a cell that is ok, whose bytes were compared (--verify) and found right. The
 * "median" of a rule is that of its figure over the cells of the matrix (setting, ordering and
 * route) that are ok, whether the rule chooses them or not. "gpu" chooses no cell of the route
 * "host", which is what it is held against; where routes were compared, "where route=direct" leaves
 * out those that are staged.
 *
 * A rule holds if every cell that it chooses holds it. A cell that failed or was skipped does not;
 * one that cannot be judged (no ceiling, no host memory beside it) is counted, and a rule that
 * could judge none of its cells, or chose none, does not hold: nothing passes for want of figures.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "bench/plan/rule.h"
#include "bench/report/canvas.h"
#include "bench/report/ledger.h"
#include "common/fault.h"

struct mcb_expectation_miss {
    uint32_t cell;        /* number in the ledger */
    double figure, bound; /* in the unit of the rule's figure; figure 0: the cell has none */
};

struct mcb_expectation {
    const struct mcb_rule *rule; /* borrowed */
    size_t chosen, held, unjudged;
    struct mcb_expectation_miss *misses; /* worst first: by how far they miss, those without a
                                            figure before all */
    size_t miss_count;
};

struct mcb_expectations {
    struct mcb_rules *rules;
    char machine[256];            /* the machine type of a rules file; "" if there is none */
    struct mcb_expectation *list; /* one a rule */
    size_t count;
    bool *missed; /* of each cell of the ledger: it misses a rule */
    size_t cell_count;
};

/* rules_file: of mcb_rules_read_file(), or NULL; rules: of --expect, or NULL. The rules of the file
 * that are for every machine, those of the first type that all hosts fit, and rules. Faults:
 * USE_RULE (a file in which no type fits, with what the hosts are; too many rules), HOST_MEMORY. */
int mcb_expectations_make(const struct mcb_ledger *ledger, const struct mcb_rules *rules,
                          const json_t *rules_file, struct mcb_expectations *expectations,
                          struct mcb_error *error);
void mcb_expectations_release(struct mcb_expectations *expectations);

/* Whether that can be done, for who wants to know before anything is measured. head: a result with
 * "hosts" and "transport" at least. The same faults. */
int mcb_expectations_check(const json_t *head, const struct mcb_rules *rules,
                           const json_t *rules_file, struct mcb_error *error);

/* Of the rules that are in the result itself, under which it was measured: they are judged anew. No
 * rules where it has none. Faults: USE_RULE, HOST_MEMORY. */
int mcb_expectations_of_result(const struct mcb_ledger *ledger,
                               struct mcb_expectations *expectations, struct mcb_error *error);

bool mcb_expectation_holds(const struct mcb_expectation *expectation);
bool mcb_expectations_hold(const struct mcb_expectations *expectations);

/* The verdict of a cell: false if a rule that chose it is missed by it; true also where none did.
 */
bool mcb_expectations_hold_of(const struct mcb_expectations *expectations, uint32_t cell);

/* "1 of 2 expectations is not met: bandwidth >= 90% of ceiling: 14 of 16 paths hold; the worst:
 * ...": the detail of PERF_EXPECTATION, which is set as an error is. They do not hold. */
void mcb_expectations_blame(const struct mcb_expectations *expectations,
                            const struct mcb_ledger *ledger, struct mcb_error *error);

/* "expectations" of a result document: [{"rule", "holds", "chosen", "held", "unjudged", "misses":
 * [{"cell": place in "cells", "figure", "bound"}]}], misses in full; a figure of 0 is null. New
 * reference; NULL without memory. */
json_t *mcb_expectations_to_json(const struct mcb_expectations *expectations,
                                 const struct mcb_ledger *ledger);

/* "expectations", a line a rule, below it the worst misses with figure and bound; how many cells
 * could not be judged. */
void mcb_expectations_print(const struct mcb_canvas *canvas,
                            const struct mcb_expectations *expectations,
                            const struct mcb_ledger *ledger);

/* Likewise what is stored in a result, for rules that this mcbench does not understand: a line a
 * rule. document: a result, or the head of a ledger. */
void mcb_expectations_print_stored(const struct mcb_canvas *canvas, const json_t *document);

#endif
