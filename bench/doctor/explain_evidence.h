/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_EXPLAIN_EVIDENCE_H
#define MCB_BENCH_DOCTOR_EXPLAIN_EVIDENCE_H

/*
 * What is no error by itself, and the cause of one that comes after it: Mooncake tells, as mere
 * information, which GID each NIC has. An empty one, or one that is of its own link only, is told
 * from then on until that NIC is told anew; it is a finding where a queue pair then does not reach
 * RTR, and on a network on which all works it is none.
 */

#include <stdbool.h>
#include <stddef.h>

#include "bench/doctor/explain_unknown.h"
#include "bench/doctor/log_time.h"
#include "common/fault.h"

enum {
    MCB_EXPLAIN_NICS_MAX = 32,
    MCB_EXPLAIN_NIC_MAX = 64,
    MCB_EXPLAIN_GID_MAX = 48,
    MCB_EXPLAIN_HOST_MAX = 128
};

/* A NIC whose GID may be the cause of what follows. */
struct mcb_explain_nic {
    enum mcb_fault_code code;
    char host[MCB_EXPLAIN_HOST_MAX], name[MCB_EXPLAIN_NIC_MAX];
    char gid[MCB_EXPLAIN_GID_MAX]; /* as the log writes it */
    struct mcb_explain_line line;
    struct mcb_explain_moment when;
    struct mcb_log_time time;
};

struct mcb_explain_evidence {
    struct mcb_explain_nic nics[MCB_EXPLAIN_NICS_MAX];
    size_t count;
};

/* "RDMA device: mlx5_0, LID: 0, GID: (3) fe:80:...": takes the place of what was told of that NIC
 * of the host before. code: what is wrong with its GID; MCB_FAULT_NONE: nothing. *nic becomes the
 * one to be given its line and moment; NULL: nothing is wrong, or there is no room. */
void mcb_explain_evidence_tell(struct mcb_explain_evidence *evidence, const char *text,
                               size_t length, const char *host, enum mcb_fault_code code,
                               struct mcb_explain_nic **nic);

/* Whether what is wrong with the NIC may be the cause of an error of its host in this line. */
bool mcb_explain_evidence_explains(const struct mcb_explain_nic *nic, enum mcb_fault_code code,
                                   const char *text, size_t length);

/* Forgets all of them. */
void mcb_explain_evidence_release(struct mcb_explain_evidence *evidence);

#endif
