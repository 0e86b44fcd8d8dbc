/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_PEER_PAIRS_H
#define MCB_BENCH_DOCTOR_PEER_PAIRS_H

/*
 * What a transfer between all NICs of two hosts says of their pairs.
 *
 * A pair is a NIC of each host, whichever of them initiates; it fails if any cell of it does. Pairs
 * of unlike link layers (InfiniBand and Ethernet), which no cable joins, are left out unless there
 * are no others. Two NICs are of one rail if they have the same name; where a name is on one host
 * alone, the same place in the lists of their hosts.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fault.h"

enum { MCB_PAIR_FAULTS_MOST = 8 };

struct mcb_peer_pairs {
    size_t count, failed;
    size_t unlike;                    /* pairs that are left out */
    char unlike_example[320];         /* "n1/mlx5_0 InfiniBand, n2/mlx5_1 Ethernet" */
    size_t cross_count, cross_failed; /* of those, pairs of different rails */
    size_t mtu_count, mtu_failed;     /* pairs whose ports have different active MTUs */
    char mtu_example[320];            /* "mlx5_0 4096, n2/mlx5_0 1024" */
    char failed_example[256];         /* "n1/mlx5_0 and n2/mlx5_1" */
    size_t cells;                     /* that are ok */
    double slowest_gbps, fastest_gbps;
    uint64_t verified_bytes, corrupt_bytes;
    struct mcb_pair_fault {
        enum mcb_fault_code code;
        size_t cells;
        char detail[256];           /* of the first */
    } faults[MCB_PAIR_FAULTS_MOST]; /* of failed cells, each once */
    size_t fault_count;
    char transport[16];
};

/* From a result document of two hosts. False, with nothing set, if it is none. */
bool mcb_peer_pairs_read(const json_t *document, struct mcb_peer_pairs *pairs);

/* What makes pairs fail: RDMA_MTU where all that fail, and none that work, differ in MTU; RDMA_RAIL
 * where all pairs of different rails fail and no other; else NONE: the faults of the cells say it.
 */
enum mcb_fault_code mcb_peer_pairs_judge(const struct mcb_peer_pairs *pairs);

#endif
