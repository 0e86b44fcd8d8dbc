/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_RDMA_DEVICE_HIDDEN_H
#define MCB_RDMA_DEVICE_HIDDEN_H

/*
 * RDMA devices that the kernel has and libibverbs leaves out of its list without a word, because
 * the file by which programs use them is missing: mostly in a container that was started without
 * it.
 */

#include <stdbool.h>

#include "common/fault.h"

/* sysfs: "/sys", files: "/dev/infiniband". name: of one device, or NULL for any. True if there is
 * such a device; then *error says what is missing: HOST_CONTAINER (its file, in a
 * container), RDMA_DEVICE_OPEN (its file elsewhere; module ib_uverbs, which makes it). */
bool mcb_device_find_hidden(const char *sysfs, const char *files, const char *name,
                            struct mcb_error *error);

/* The same, with the word on whether this process is in a container: a file that is missing outside
 * of one is RDMA_DEVICE_OPEN. */
bool mcb_device_find_hidden_from(bool contained, const char *sysfs, const char *files,
                                 const char *name, struct mcb_error *error);

#endif
