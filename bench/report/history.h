/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_HISTORY_H
#define MCB_BENCH_REPORT_HISTORY_H

/*
 * What runs on one machine, kept in a folder, say together: how each path went with time, and when
 * it changed.
 *
 * The folder is results/<machine>/ of a site: any *.json in it that is a result counts, by its
 * "started", whatever it is called; other files and folders are passed over, and a copy of a result
 * or a link to it counts once. Of the newest MCB_HISTORY_MOST as many are read as have
 * MCB_HISTORY_MOST_BYTES together.
 *
 * A change point is where the level of a path's figures before and after differs by more than the
 * tolerance and by more than their scatter (trend_steps.h). With it goes what differed in the
 * environment between the two runs at it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/report/environment.h"
#include "bench/report/ledger.h"
#include "common/fault.h"

enum { MCB_HISTORY_MOST = 200, MCB_HISTORY_CHOSEN_MOST = 10 };

/* About a million cells, which take some 300 MB of memory. */
#define MCB_HISTORY_MOST_BYTES ((uint64_t)2 << 30)

struct mcb_history {
    struct mcb_ledger *runs; /* in the order of time */
    size_t count;
    size_t passed_over; /* *.json that were not used: older results, copies, what is no result */
    size_t unreadable;  /* those that call themselves results, or cannot be opened, and cannot be
                           read */
    char damaged[512];  /* what is wrong with the first of these, as a sentence for a warning, and
                           how many more there are; "": none is. Clean. */
};

/* except: a file that is not to be part of it, nor are copies of it (the new result, where it lies
 * in the folder too); or NULL. Faults: USE_FILE (no such folder, no result in it), HOST_MEMORY. */
int mcb_history_load(const char *folder, const char *except, struct mcb_history *history,
                     struct mcb_error *error);
void mcb_history_release(struct mcb_history *history);

struct mcb_trend_point {
    uint32_t run;             /* in the list of runs */
    uint32_t cell;            /* in its ledger */
    double figure, low, high; /* 0: it was not ok */
};

struct mcb_trend_change {
    uint32_t point;       /* the first point of the new level */
    double before, after; /* levels: medians */
    double p;             /* corrected for the paths and places that were looked at */
    bool worse;
    struct mcb_differences differences; /* between the run of the last figure before it and that
                                           of it; owned by the trends */
};

/* One path under one setting through all runs that have it. Figures that cannot be held against
 * each other (other hardware, other settings: trend_paths.h) are trends of their own. */
struct mcb_trend {
    struct mcb_trend_point *points; /* in the order of time */
    size_t point_count;
    struct mcb_trend_change *changes;
    size_t change_count;
};

/* Two runs at which some path changed. */
struct mcb_trend_moment {
    uint32_t before, after; /* in the list of runs */
    struct mcb_differences differences;
};

struct mcb_trends {
    const struct mcb_ledger *const *runs; /* borrowed ledgers, in the order of time */
    size_t run_count;
    struct mcb_trend *list; /* those whose last change is for the worse first, then those for the
                               better, each by how much; then in the order of the newest run's
                               cells, and of those that only earlier runs have */
    size_t count;
    struct mcb_trend_moment *moments; /* each pair of runs once */
    size_t moment_count;
};

/* runs: in the order of time; all outlive the trends. Hosts are matched as environment.h does,
 * by_rank: always by rank. Other hardware is never one trend, whatever a comparison was allowed.
 * Fault: HOST_MEMORY. */
int mcb_trends_make(const struct mcb_ledger *const *runs, size_t run_count, double tolerance,
                    bool by_rank, struct mcb_trends *trends, struct mcb_error *error);
void mcb_trends_release(struct mcb_trends *trends);

/* The runs that a new result may be held against: those not later than it that have a figure of one
 * of its paths (of the same hardware, under the same settings), and after the last change point of
 * more than half of its paths, the newest ones. A level that only one run has seen is none yet.
 * by_rank: as of mcb_trends_make(). After success: their number, 0 where none fits, and their
 * places in the history's list, ascending. Fault: HOST_MEMORY. */
int mcb_history_choose(const struct mcb_history *history, const struct mcb_ledger *after,
                       bool by_rank, size_t chosen[MCB_HISTORY_CHOSEN_MOST], size_t *count,
                       struct mcb_error *error);

#endif
