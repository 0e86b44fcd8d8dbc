/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_ENVIRONMENT_H
#define MCB_BENCH_REPORT_ENVIRONMENT_H

/*
 * In what two runs differ besides their figures: settings, hardware, software, links.
 *
 * A pure function of the heads of two documents (ledger.h). What is different on several hosts,
 * NICs or GPUs in the same way ("firmware 28.39.1002 → 28.40.1000") is one difference with its
 * count.
 *
 * Hosts are matched by name if every host of the later run is in the earlier one or none is wanted
 * by rank; else, if none of the names is in both and the numbers of hosts are equal, by rank: a
 * machine held against another one of its type. That is a difference too, of kind PLACE.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fault.h"

enum mcb_difference_kind {
    MCB_DIFFERENCE_HARDWARE, /* another part: CPU, NIC (board, device, software or not), GPU model,
                                stand-in or not, the transport: figures say nothing of each other */
    MCB_DIFFERENCE_SETTING,  /* what was asked for: by option name */
    MCB_DIFFERENCE_SOFTWARE, /* kernel, driver, firmware, mcbench, CUDA runtime */
    MCB_DIFFERENCE_LINK,     /* link rate, PCIe lanes and rate, MTU, GID type, MaxPayload, port */
    MCB_DIFFERENCE_WAY,      /* how memory was registered, near NICs, NUMA node, relaxed ordering */
    MCB_DIFFERENCE_PLACE,    /* host names, number of ranks, how they found each other */
    MCB_DIFFERENCES
};

enum { MCB_DIFFERENCE_TEXT_MAX = 128, MCB_DIFFERENCES_MAX = 256 };

struct mcb_difference {
    enum mcb_difference_kind kind;
    const char *what;                      /* "firmware", "kernel", "--qps" is "qps" */
    char subject[MCB_DIFFERENCE_TEXT_MAX]; /* the first it is different of: "n1", "n1/mlx5_0",
                                              "n1/cuda:0"; "" for the run as a whole. Clean. */
    size_t subjects;                       /* how many in the same way */
    char before[MCB_DIFFERENCE_TEXT_MAX], after[MCB_DIFFERENCE_TEXT_MAX]; /* clean; "not known" */
};

struct mcb_differences {
    struct mcb_difference *list; /* by kind, then in the order of the later run */
    size_t count;
    size_t beyond; /* those for which there was no room */
};

/* before, after: heads. by_rank: hosts are matched by rank whatever their names. Settings that do
 * not bear on figures (output, json, quiet, expect, ...) are left out. Fault: HOST_MEMORY. */
int mcb_environment_compare(const json_t *before, const json_t *after, bool by_rank,
                            struct mcb_differences *differences, struct mcb_error *error);
void mcb_differences_release(struct mcb_differences *differences);

/* "firmware 28.39.1002 → 28.40.1000 (n1/mlx5_0 and 7 more)". Clean. Returns text. */
enum { MCB_DIFFERENCE_SENTENCE_MAX = 512 };
char *mcb_difference_sentence(const struct mcb_difference *difference,
                              char text[MCB_DIFFERENCE_SENTENCE_MAX]);

/* "hardware", "setting", ...: the word of documents. */
const char *mcb_difference_kind_name(enum mcb_difference_kind kind);

/* The name that a host of the later run has in the earlier one; its own where that is the same or
 * not known. Borrowed from the heads. */
const char *mcb_environment_host_before(const json_t *before, const json_t *after, bool by_rank,
                                        const char *host);

#endif
