/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_AFFINITY_PLACES_H
#define MCB_BENCH_REPORT_AFFINITY_PLACES_H

/*
 * What is shared by the two halves of affinity.h: the cells that count, as places (host, memory,
 * NIC), sorted, so that those of a host and of a memory are neighbours; what they say of each NIC;
 * and the matrices.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum mcb_affinity_verdict {
    MCB_AFFINITY_LEFT_OUT,  /* it has no figure */
    MCB_AFFINITY_LOOPBACK,  /* the fixed peer's own NIC: its figure is of another path */
    MCB_AFFINITY_ALONE,     /* the only NIC of its memory that could be judged */
    MCB_AFFINITY_PREFERRED, /* as good as the best */
    MCB_AFFINITY_OTHER,
    MCB_AFFINITY_UNCLEAR /* its median is not, its interval might be */
};

struct mcb_affinity_place {
    size_t host;     /* in the document */
    size_t nic;      /* of the host's; a number beyond all of them: it has none of this name */
    size_t position; /* of the cell */
    const char *host_name, *memory, *nic_name; /* borrowed, foreign */
    const json_t *cell;
    const json_t *instead_of; /* the direct cell without a figure that a staged one stands in for;
                                 NULL: none */
    double best_gbps;         /* of its memory; 0: of none that could be judged */
    enum mcb_affinity_verdict verdict;
    bool with_interval; /* a NIC of its memory is unclear: how wide the intervals are matters */
};

struct mcb_affinity_places {
    struct mcb_affinity_place *list; /* free() it when done */
    size_t count;
    const json_t *example; /* a cell that says what was measured */
};

/* -1: no memory. */
int mcb_affinity_places_make(const json_t *document, struct mcb_affinity_places *places);

/* Places from `first` on that are of one host. */
size_t mcb_affinity_host_length(const struct mcb_affinity_places *places, size_t first);

/* The median. False if the cell has none: it is not ok. */
bool mcb_affinity_figure(const struct mcb_affinity_place *place, double *median_gbps);

/* Of `count` places of one host, from `first` on: the matrix that they make, NICs in the order of
 * the host's ({"cuda:0": [["mlx5_0"], ["mlx5_1"]], ...}), and the one that the topology suggests
 * for their memories and all NICs of the host; a GPU that no NIC is known to be near is left out of
 * it. New references; NULL: no memory. */
json_t *mcb_affinity_measured(const struct mcb_affinity_places *places, size_t first, size_t count);
json_t *mcb_affinity_suggested(const json_t *document, const struct mcb_affinity_places *places,
                               size_t first, size_t count);

/* True if an array of texts has that one. */
bool mcb_affinity_has_word(const json_t *words, const char *word);

#endif
