/* SPDX-License-Identifier: Apache-2.0 */
/* What a comparison that was made says of its rows. */
#include "bench/report/comparison.h"

static const char *const change_names[MCB_CHANGES] = {
    [MCB_CHANGE_BROKEN] = "broken",
    [MCB_CHANGE_SLOWER] = "slower",
    [MCB_CHANGE_GONE] = "gone",
    [MCB_CHANGE_UNMEASURED] = "unmeasured",
    [MCB_CHANGE_DIFFERENT] = "different",
    [MCB_CHANGE_FAILING] = "failing",
    [MCB_CHANGE_FASTER] = "faster",
    [MCB_CHANGE_MENDED] = "mended",
    [MCB_CHANGE_NEW] = "new",
    [MCB_CHANGE_NOT_ASKED] = "not asked",
    [MCB_CHANGE_UNCHANGED] = "unchanged",
};

const char *mcb_change_name(enum mcb_change change)
{
    return change_names[change];
}

bool mcb_comparison_is_regression(const struct mcb_comparison *comparison,
                                  const struct mcb_comparison_row *row)
{
    bool missing = row->change == MCB_CHANGE_GONE || row->change == MCB_CHANGE_UNMEASURED;
    return row->change == MCB_CHANGE_BROKEN || row->change == MCB_CHANGE_SLOWER ||
           (missing && !comparison->options.allow_missing);
}

size_t mcb_comparison_regressions(const struct mcb_comparison *comparison)
{
    size_t count = comparison->counts[MCB_CHANGE_BROKEN] + comparison->counts[MCB_CHANGE_SLOWER];
    if (!comparison->options.allow_missing)
        count += comparison->counts[MCB_CHANGE_GONE] + comparison->counts[MCB_CHANGE_UNMEASURED];
    return count;
}

bool mcb_comparison_is_doubtful(const struct mcb_comparison *comparison,
                                const struct mcb_comparison_row *row)
{
    double tolerance = comparison->options.tolerance;
    return row->change == MCB_CHANGE_UNCHANGED && tolerance > 0 && row->visible > 2 * tolerance;
}

const struct mcb_ledger_cell *mcb_comparison_before(const struct mcb_comparison *comparison,
                                                    const struct mcb_comparison_row *row)
{
    return row->before == MCB_LEDGER_NONE
               ? NULL
               : &comparison->baselines[row->baseline].cells[row->before];
}

const struct mcb_ledger_cell *mcb_comparison_after(const struct mcb_comparison *comparison,
                                                   const struct mcb_comparison_row *row)
{
    return row->after == MCB_LEDGER_NONE ? NULL : &comparison->after->cells[row->after];
}

const struct mcb_ledger *mcb_comparison_ledger(const struct mcb_comparison *comparison,
                                               const struct mcb_comparison_row *row,
                                               const struct mcb_ledger_cell **cell)
{
    *cell = mcb_comparison_after(comparison, row);
    if (*cell)
        return comparison->after;
    *cell = mcb_comparison_before(comparison, row);
    return &comparison->baselines[row->baseline];
}

const struct mcb_comparison_row *mcb_comparison_row_of(const struct mcb_comparison *comparison,
                                                       uint32_t after)
{
    return after < comparison->after->cell_count ? &comparison->rows[comparison->row_of[after]]
                                                 : NULL;
}
