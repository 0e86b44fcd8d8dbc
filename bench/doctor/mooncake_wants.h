/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_MOONCAKE_WANTS_H
#define MCB_BENCH_DOCTOR_MOONCAKE_WANTS_H

/*
 * What Mooncake was told by those that use it (its store, vLLM, SGLang): the JSON file that
 * MOONCAKE_CONFIG_PATH names, else the variables MOONCAKE_LOCAL_HOSTNAME,
 * MOONCAKE_TE_META_DATA_SERVER (MC_METADATA_SERVER), MOONCAKE_PROTOCOL and MOONCAKE_DEVICE.
 */

#include "bench/doctor/system.h"
#include "common/fault.h"

struct mcb_mooncake_wants {
    const char *from; /* the file that was read; NULL: the variables. Borrowed. */
    /* "" where nothing is said */
    char local_hostname[256];
    char metadata_server[1024];
    char protocol[32];
    char device_name[2048];
};

/* Faults: USE_FILE (a file that cannot be read, is no JSON, or has a member of another type). */
int mcb_mooncake_wants_read(const struct mcb_system *system, struct mcb_mooncake_wants *wants,
                            struct mcb_error *error);

/* URLs for etcd of a metadata server as Mooncake names it ("etcd://n1:2379;n2:2379", "n1:2379"). 1:
 * urls is set; 0: it is no etcd (P2PHANDSHAKE, http://, redis://). Fault: USE_VALUE. */
int mcb_mooncake_etcd_urls(const char *metadata_server, char *urls, size_t size,
                           struct mcb_error *error);

#endif
