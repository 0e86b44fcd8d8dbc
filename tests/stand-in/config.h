/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_STAND_IN_CONFIG_H
#define MCB_STAND_IN_CONFIG_H

/*
 * What the stand-in GPUs are, from the variable MCB_STAND_IN: NAME=VALUE;NAME=VALUE;...
 *
 *   gpus=0000:16:00.0,0000:26:00.0   their PCI addresses, whether or not the host has such
 *                                    functions (default: 0000:16:00.0 alone)
 *   model=TEXT                       what they call themselves
 *   memory=256MiB                    of each GPU
 *   flush=none|call|read             how incoming writes are made visible; with call they are not
 *                                    seen until then (default: none)
 *   dmabuf=no|yes                    whether memory can be exported; what comes is no dma-buf: a
 *                                    NIC refuses it (default: no)
 *   gpudirect=yes|no|unknown         what they say of it (default: yes)
 *   rate=1GB                         bytes that a copier copies a second (default: all it can)
 *   fail=NAME,NAME                   what goes wrong, see enum mcb_stand_in_failure (default:
 *                                    nothing)
 *   failing=1                        the GPU that it goes wrong with (default: all)
 *   offset=5                         of the corrupt byte in an area (default: 0)
 *
 * Each may be given once. Anything else is refused.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/fault.h"
#include "common/memory.h"
#include "common/pci.h"

/* More than mcbench takes, so that this is tested too. */
enum { MCB_STAND_IN_GPUS_MAX = 80, MCB_STAND_IN_MODEL_MAX = 120 };

enum mcb_stand_in_failure {
    MCB_STAND_IN_DRIVER,      /* driver: open() finds none */
    MCB_STAND_IN_NONE,        /* none: open() finds no GPU */
    MCB_STAND_IN_IDENTIFY,    /* identify: a GPU does not say who it is */
    MCB_STAND_IN_ALLOCATE,    /* allocate: no memory is given */
    MCB_STAND_IN_EXPORT,      /* export: no memory is exported, although it could be (dmabuf=yes) */
    MCB_STAND_IN_REGISTER,    /* register: the kernel gives a NIC no page of it (EFAULT) */
    MCB_STAND_IN_UNREACHABLE, /* unreachable: a NIC reaches other memory than the GPU */
    MCB_STAND_IN_CORRUPT,     /* corrupt: one byte of each area that is checked is wrong */
    MCB_STAND_IN_KERNEL,      /* kernel: fill, poison and check fail */
    MCB_STAND_IN_COPY,        /* copy: copies of a few bytes fail */
    MCB_STAND_IN_COPIER,      /* copier: copiers fail after their first slot */
    MCB_STAND_IN_FLUSH,       /* flush: flushes fail */
    MCB_STAND_IN_FAILURES
};

struct mcb_stand_in_config {
    unsigned gpu_count;
    char gpus[MCB_STAND_IN_GPUS_MAX][MCB_PCI_ADDRESS_MAX];
    char model[MCB_STAND_IN_MODEL_MAX];
    uint64_t memory_bytes;
    enum mcb_flush flush;
    enum mcb_known dmabuf, gpudirect;
    uint64_t bytes_per_s; /* 0: no limit */
    bool fails[MCB_STAND_IN_FAILURES];
    uint64_t failing; /* MCB_STAND_IN_GPUS_MAX: all */
    uint64_t offset;
};

/* text NULL: all defaults. Fault: GPU_DRIVER, with what would be right. */
int mcb_stand_in_config_read(const char *text, struct mcb_stand_in_config *config,
                             struct mcb_error *error);

#endif
