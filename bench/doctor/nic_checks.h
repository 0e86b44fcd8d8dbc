/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_NIC_CHECKS_H
#define MCB_BENCH_DOCTOR_NIC_CHECKS_H

/* The checks of group NIC beyond the presence of devices and ports, and what all of them share; the
 * table is in checks_nic.c. */

#include <stddef.h>
#include <stdint.h>

#include "bench/doctor/examination.h"
#include "bench/doctor/nic_sysfs.h"

/* A text that grows by parts until it is full. */
struct mcb_sentence {
    char text[MCB_EVIDENCE_MAX];
    size_t length;
};

__attribute__((format(printf, 2, 3))) void mcb_sentence_add(struct mcb_sentence *sentence,
                                                            const char *format, ...);

/* MC_IB_PORT; 0: not set, or no number. */
unsigned mcb_nic_asked_port(const struct mcb_system *system);

/* MC_GID_INDEX, else NCCL_IB_GID_INDEX, as Mooncake reads them; -1: neither. */
int mcb_nic_asked_gid(const struct mcb_system *system);

/* Adds a finding about a NIC. A warning or failure of one that nobody uses is told, and is none. */
__attribute__((format(printf, 6, 7))) void
mcb_nic_judge(struct mcb_examination *examination, const struct mcb_check *check,
              const struct mcb_seen_nic *nic, enum mcb_verdict verdict, enum mcb_fault_code fault,
              const char *evidence, ...);

/* Errors that only a bad link raises, of all kinds together. */
uint64_t mcb_nic_link_errors(const struct mcb_system *system, const char *name, unsigned port);

/* True if the port that is used is active; of a device with connections. */
bool mcb_nic_is_usable(const struct mcb_system *system, const struct mcb_seen_nic *nic,
                       struct mcb_nic_sysfs *facts);

struct mcb_nic_probe;
struct mcb_nic_resources;

/* What is made of a NIC that was tried (nic_probe.h), and of how much of it is in use
 * (nic_resources.h). */
void mcb_nic_judge_probe(struct mcb_examination *examination, const struct mcb_check *check,
                         const struct mcb_seen_nic *nic, const struct mcb_nic_probe *probe);
void mcb_nic_judge_use(struct mcb_examination *examination, const struct mcb_check *check,
                       const struct mcb_seen_nic *nic, const struct mcb_nic_resources *resources);

typedef void mcb_nic_check(struct mcb_examination *examination, const struct mcb_check *check);
mcb_nic_check mcb_nic_check_gids, mcb_nic_check_mtus, mcb_nic_check_regions, mcb_nic_check_use,
    mcb_nic_check_loopback, mcb_nic_check_counters, mcb_nic_check_ordering;

#endif
