/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_SUSPECTS_SEARCH_H
#define MCB_BENCH_REPORT_SUSPECTS_SEARCH_H

/* What the parts of suspects.c share; nothing else includes it. */

#include <stdbool.h>
#include <stdint.h>

#include "bench/report/pivot.h"
#include "bench/report/suspects.h"

enum { MCB_SUSPECTS_TEXT = 1024, MCB_SUSPECTS_LABEL = 408 };

/* The ends of a cell that are looked at. */
enum mcb_suspects_role {
    MCB_SUSPECTS_EITHER,
    MCB_SUSPECTS_FROM,
    MCB_SUSPECTS_TO,
    MCB_SUSPECTS_ROLES
};

struct mcb_suspects_tally;

struct mcb_suspects_search {
    const json_t *document;
    const struct mcb_pivot *pivot;
    uint32_t *nics;                     /* by endpoint of the pivot: number of its NIC */
    bool *explained;                    /* by cell of the pivot */
    struct mcb_suspects_tally *tallies; /* room for mcb_suspects_find_common() */
    struct mcb_suspects *found;
};

/* Text that grows by pieces, cut at its end. */
struct mcb_suspects_text {
    char text[MCB_SUSPECTS_TEXT];
    size_t length;
};
__attribute__((format(printf, 2, 3))) void mcb_suspects_say(struct mcb_suspects_text *text,
                                                            const char *format, ...);

/* Adds a finding on cells (their places in the pivot), which are explained then. More than
 * MCB_SUSPECTS_MAX are dropped. Fault: HOST_MEMORY. */
int mcb_suspects_add(struct mcb_suspects_search *search, enum mcb_fault_code fault, double weight,
                     const size_t *cells, size_t count, const char *evidence,
                     struct mcb_error *error);

/* "n1/mlx5_0", with the memory of a GPU "n1/mlx5_0/cuda:0"; "n1/mlx5_0 → n2/mlx5_0". Return text.
 */
char *mcb_suspects_nic(const struct mcb_suspects_search *search, uint32_t endpoint, bool memory,
                       char text[MCB_SUSPECTS_LABEL / 2]);
char *mcb_suspects_path(const struct mcb_suspects_search *search, const struct mcb_pivot_cell *cell,
                        char text[MCB_SUSPECTS_LABEL]);

/* What the document's hosts say of the endpoint's NIC, and its place there. NULL: nothing. */
const json_t *mcb_suspects_facts(const struct mcb_suspects_search *search, uint32_t endpoint,
                                 int *place);

/* True if the cell's end in that role is on that NIC. */
bool mcb_suspects_has(const struct mcb_suspects_search *search, const struct mcb_pivot_cell *cell,
                      uint32_t nic, enum mcb_suspects_role role);

bool mcb_suspects_is(const struct mcb_pivot_cell *cell, const char *status);

/* What a cell is to a search for what many have in common. */
enum mcb_suspects_mark {
    MCB_SUSPECTS_LEFT_OUT,
    MCB_SUSPECTS_GOOD,
    MCB_SUSPECTS_BAD,   /* and not looked for */
    MCB_SUSPECTS_WANTED /* bad, and looked for */
};

struct mcb_suspects_common {
    uint32_t nic;
    enum mcb_suspects_role role;
};

/* The NIC, and the role in which, that most wanted cells have in common, two at least; of all its
 * cells that are not left out a part of bad_least must be bad. A NIC that is bad in one direction
 * is found by that role. marks: by cell of the pivot, of which `count` from `first` on count.
 * False: none. */
bool mcb_suspects_find_common(struct mcb_suspects_search *search,
                              const enum mcb_suspects_mark *marks, size_t first, size_t count,
                              double bad_least, struct mcb_suspects_common *common);

/* Collects its wanted cells in `cells`, and gives them another mark. Returns how many. */
size_t mcb_suspects_take_common(const struct mcb_suspects_search *search,
                                enum mcb_suspects_mark *marks, size_t first, size_t count,
                                const struct mcb_suspects_common *common,
                                enum mcb_suspects_mark mark, size_t *cells);

/* What search->tallies takes. */
size_t mcb_suspects_tallies_bytes(uint32_t nics);

/* The parts, in this order. Fault: HOST_MEMORY. */
int mcb_suspects_find_failed(struct mcb_suspects_search *search, struct mcb_error *error);
int mcb_suspects_find_gpus(struct mcb_suspects_search *search, struct mcb_error *error);
int mcb_suspects_find_paths(struct mcb_suspects_search *search, struct mcb_error *error);
int mcb_suspects_find_mtus(struct mcb_suspects_search *search, struct mcb_error *error);

#endif
