/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_LEDGER_H
#define MCB_BENCH_REPORT_LEDGER_H

/*
 * A result in little memory: its head as JSON, its cells as plain structs. For whatever works on
 * many cells or many results at once: comparison, history, expectations, plots, pages.
 *
 * A file is read cell by cell, each held against its schema and then let go, so that 100,000 cells
 * take some 30 MB; nothing of a document is in memory twice. Several files are read at the same
 * time.
 *
 * Cells have the order of matrices (pivot.h): by setting, host of the initiator, host of the
 * target, initiator, target, place in the document. All texts are owned by the ledger, each once,
 * and foreign: they go through mcb_text_clean(), or the escaping of what is written.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/report/pivot.h"
#include "common/fault.h"

#define MCB_LEDGER_NONE UINT32_MAX

enum mcb_ledger_status { MCB_LEDGER_OK, MCB_LEDGER_FAILED, MCB_LEDGER_SKIPPED };

/* Percentiles as results/README.md, rule 3, defines them. */
struct mcb_ledger_latency {
    double min_us, p50_us, p90_us, p99_us, p999_us, max_us, mean_us;
};

struct mcb_ledger_cell {
    uint32_t setting, initiator, target; /* numbers in the ledger */
    uint32_t position;                   /* in the document's "cells" */
    uint32_t round;
    uint32_t fault;                    /* number in the ledger's faults; MCB_LEDGER_NONE: none */
    uint32_t first_trial, trial_count; /* in the ledger's trials: Gbit/s of each; of a latency the
                                          p50 of each in µs. None in documents of before they were
                                          kept */
    enum mcb_ledger_status status;
    const char *method;       /* rule 4; "" if it was not measured */
    const char *registration; /* rule 11; "" likewise */
    const char *effective;    /* relaxed ordering: "on", "off", "unknown"; "" over TCP */
    /* median bandwidth in Gbit/s with its interval; of a latency p50, with low and high those of
     * the trials, or all three the same. 0: there is none (a failed cell may have one) */
    double figure, low, high;
    double message_rate_mops; /* 0: none */
    double ceiling_gbps;      /* 0: none */
    double verified_bytes, corrupt_bytes;
    struct mcb_ledger_latency latency; /* all 0: a cell of bandwidth, or not measured */
};

struct mcb_ledger_setting {
    struct mcb_pivot_setting title; /* for mcb_title_of_setting(); its first and count are those
                                       of cells of this ledger */
    const char *operation, *measure, *route;
    const char *ordering; /* requested; "" over TCP */
    bool latency, bidirectional;
    uint64_t size_bytes;
    uint32_t qps, depth, signal_every, inline_bytes;
};

struct mcb_ledger_fault {
    const char *id, *title, *detail, *cause, *fix;
};

struct mcb_ledger {
    char *path;   /* where it was read; NULL: it was made of a document */
    json_t *head; /* the document, with "cells" empty. Owned. */
    struct mcb_ledger_setting *settings;
    struct mcb_pivot_endpoint *endpoints;
    struct mcb_ledger_cell *cells;
    struct mcb_ledger_fault *faults; /* of cells, each once */
    double *trials;
    uint32_t *places; /* of a position in the document: where its cell is in `cells` */
    size_t setting_count, endpoint_count, host_count, cell_count, fault_count, trial_count;
    bool stand_in;                         /* mcb_result_is_stand_in() */
    bool several_routes;                   /* as in the pivot */
    bool several_signals, several_inlines; /* settings differ in signal_every, in inline_bytes */
    const char *started;                   /* "2026-11-22T09:14:02Z" */
    const char *transport;                 /* "rdma", "tcp" */
    struct mcb_ledger_texts *texts;        /* all of them */
};

/* Reads result documents and journals, up to 1 GiB each, checked as mcb_result_load() checks them.
 * All or nothing: on failure the error is that of the first file in their order that failed.
 * ledgers: room for count. Faults: USE_FILE, HOST_MEMORY, RUN_INTERRUPTED. Free each with
 * mcb_ledger_release(). */
int mcb_ledger_load(const char *const *paths, size_t count, struct mcb_ledger *ledgers,
                    struct mcb_error *error);

/* Of a document in memory, as mcb_result_document() gives it; it is not kept. Fault: HOST_MEMORY.
 */
int mcb_ledger_from_document(const json_t *document, struct mcb_ledger *ledger,
                             struct mcb_error *error);

void mcb_ledger_release(struct mcb_ledger *ledger);

/* The cell at a place of the document; NULL: there is none. */
const struct mcb_ledger_cell *mcb_ledger_at(const struct mcb_ledger *ledger, size_t position);

/* "n1/mlx5_0/cuda:0 → n2/mlx5_0/cuda:1": always with hosts and memories, clean. Returns label. */
enum { MCB_LEDGER_LABEL_MAX = 1024 };
char *mcb_ledger_path_label(const struct mcb_ledger *ledger, const struct mcb_ledger_cell *cell,
                            char label[MCB_LEDGER_LABEL_MAX]);

/* "write bandwidth · 64 KiB · 1 QP, depth 128 · relaxed ordering on · staged through host memory":
 * what tells the setting from the others of its ledger, and all of the usual title. Clean. Returns
 * label. */
char *mcb_ledger_setting_label(const struct mcb_ledger *ledger, size_t setting,
                               char label[MCB_LEDGER_LABEL_MAX]);

/* "Gbit/s" or "µs". */
const char *mcb_ledger_unit(const struct mcb_ledger_setting *setting);

#endif
