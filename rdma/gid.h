/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_RDMA_GID_H
#define MCB_RDMA_GID_H

/*
 * The GIDs of a port, and which of them to use.
 *
 * The choice is the one that Mooncake's Transfer Engine makes (findBestGidIndex, rdma_gid_probe.h),
 * so that what is measured is the path that Mooncake will use. Only RoCE v2 and InfiniBand GIDs are
 * candidates; the first class that has one wins, in it the lowest index:
 *
 *   0  network interface, routable
 *   1  no interface, routable
 *   2  interface, private IPv4 (10/8, 172.16/12, 100.64/10)
 *   3  interface, degraded: link-local IPv6, or an interface of a container network
 *   4  no interface, private IPv4
 *   5  no interface, degraded
 *   6  any other GID that is not zero (RoCE v1)
 *
 * Private and degraded are said of RoCE v2 alone: on InfiniBand fe80:: is the default subnet.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fault.h"

struct mcb_device;

enum mcb_gid_type { MCB_GID_INFINIBAND, MCB_GID_ROCE_V1, MCB_GID_ROCE_V2 };
enum {
    MCB_GID_CLASSES = 7,
    MCB_GID_TEXT_MAX = 46,
    MCB_GID_INDEX_MAX = 255 /* the address of a connection has 8 bits for it */
};

struct mcb_gid {
    uint8_t bytes[16];
    uint32_t index;
    enum mcb_gid_type type;
    char interface[64]; /* its network interface; "" if it has none */
};

/* Class of one GID as listed above; -1 if all its bytes are zero. */
int mcb_gid_class(const struct mcb_gid *gid);

/* The one to use, or NULL if none is usable. The list may be in any order. */
const struct mcb_gid *mcb_gid_choose(const struct mcb_gid *gids, size_t count);

/* "IB", "RoCE v1", "RoCE v2". */
const char *mcb_gid_type_name(enum mcb_gid_type type);

/* "fe80::1", and "::ffff:10.77.0.1" for one that carries an IPv4 address. Returns text. */
char *mcb_gid_format(const uint8_t bytes[16], char text[MCB_GID_TEXT_MAX]);

/* The address that it carries: "10.77.0.1" or "fe80::1". Returns text. */
char *mcb_gid_address(const uint8_t bytes[16], char text[MCB_GID_TEXT_MAX]);

/* GIDs of a port that are not zero and can be used. *gids is the caller's: free(). Fault:
 * RDMA_GID_NONE (the table cannot be read), HOST_MEMORY. */
int mcb_gid_table(const struct mcb_device *device, unsigned port, struct mcb_gid **gids,
                  size_t *count, struct mcb_error *error);

/* The GID to use on a port: of index `index`, or the chosen one if it is -1. Faults: RDMA_GID_EMPTY
 * (names the index that would be chosen), RDMA_GID_NONE. */
int mcb_gid_select(const struct mcb_device *device, unsigned port, int index, struct mcb_gid *gid,
                   struct mcb_error *error);

/* The same on a list, for the device and port that the fault is to name. */
int mcb_gid_select_from(const struct mcb_gid *gids, size_t count, const char *device, unsigned port,
                        int index, struct mcb_gid *gid, struct mcb_error *error);

#endif
