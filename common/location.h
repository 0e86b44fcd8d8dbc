/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_COMMON_LOCATION_H
#define MCB_COMMON_LOCATION_H

/*
 * Names of memories, as Mooncake writes locations: "cpu:0" is host memory on NUMA node 0, "cuda:0"
 * that of GPU 0. The kinds are one table (location.c); what is measured of them needs a module in
 * gpu/ besides, whose name is the kind's.
 */

#include <stdbool.h>

#include "common/buffer.h"

enum mcb_location_kind {
    MCB_LOCATION_CPU,
    MCB_LOCATION_CUDA, /* NVIDIA */
    MCB_LOCATION_HIP,  /* AMD */
    MCB_LOCATION_MUSA, /* Moore Threads */
    MCB_LOCATION_MACA, /* MetaX */
    MCB_LOCATION_KINDS
};

enum { MCB_LOCATION_NUMBER_MAX = 1023 };

struct mcb_location {
    enum mcb_location_kind kind;
    int number; /* -1: none, all of the kind */
};

/* "cpu", "cuda", ... */
const char *mcb_location_kind_name(enum mcb_location_kind kind);

bool mcb_location_is_gpu(enum mcb_location_kind kind);

/* True if there is a way to measure it: host memory, and GPUs that there is a module for. */
bool mcb_location_is_measured(enum mcb_location_kind kind);

/* "cuda:3", or "cuda" alone; a number may have leading zeros. -1: it names no location. */
int mcb_location_parse(const char *text, struct mcb_location *location);

/* "cuda:3", "cuda". Returns text. */
char *mcb_location_format(struct mcb_location location, char text[MCB_LOCATION_MAX]);

#endif
