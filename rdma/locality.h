/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_RDMA_LOCALITY_H
#define MCB_RDMA_LOCALITY_H

/*
 * Where a device sits, as sysfs tells it. Every function takes the root of sysfs ("/sys"), so that
 * tests can present trees of their own.
 *
 * A NIC made of hardware has a `device` link to (something below) its PCI function. A software NIC
 * has none; its attribute `parent` names the network interface that it runs on, and that
 * interface's PCI function is its locality.
 */

#include <stdbool.h>
#include <stddef.h>

#include "common/pci.h"

struct mcb_locality {
    char pci_address[MCB_PCI_ADDRESS_MAX]; /* "0000:19:00.0"; "" if there is none */
    int numa_node;                         /* -1: unknown */
    bool software;                         /* found through the interface below, or not at all */
};

struct mcb_locality mcb_locality_find(const char *sysfs, const char *device);

/* First line of <sysfs>/<path>, without blanks at its end. False, and an empty text, if it cannot
 * be read. */
__attribute__((format(printf, 4, 5))) bool
mcb_locality_read(const char *sysfs, char *text, size_t text_size, const char *path, ...);

#endif
