/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_GPU_MODULE_H
#define MCB_GPU_MODULE_H

/*
 * What a module for a kind of GPU offers: one table of functions, exported as `mcb_gpu_module`.
 *
 * A module is a shared object that mcbench loads when GPUs are asked for, so that the program runs
 * without the vendor's libraries. Each vendor is a folder here (cuda/) that builds one module. It
 * knows nothing of NICs, results or options: addresses, bytes and faults go through.
 *
 * A GPU is named by its index, 0 to count() - 1, the vendor's own order (with CUDA that of
 * cudaSetDevice(), as CUDA_VISIBLE_DEVICES and CUDA_DEVICE_ORDER make it). Functions may be called
 * from any thread; those that take no copier wait until they are done.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/fault.h"
#include "common/memory.h"
#include "common/pattern.h"
#include "common/pci.h"

/* Raised whenever a struct below or one that it points to changes its shape. */
enum { MCB_GPU_MODULE_VERSION = 1 };

enum { MCB_GPUS_MAX = 64 };

struct mcb_gpu_copier; /* the module's own */

/* Who a GPU is and what it can do. Texts are as the driver gives them, "" where not known:
 * mcb_gpus_open() makes them printable. */
struct mcb_gpu_identity {
    char model[96];       /* "NVIDIA H100 80GB HBM3" */
    char pci_address[16]; /* "0000:19:00.0", in lower case */
    char uuid[48];
    char driver[32], runtime[32]; /* "570.124.06" or, where only that is known, "13.0"; "13.0" */
    char capability[16];          /* "9.0" */
    uint64_t memory_bytes;
    bool integrated;          /* its memory is the host's */
    enum mcb_known gpudirect; /* GPUDirect RDMA by a kernel module (peermem) */
    enum mcb_known dmabuf;    /* its memory can be exported as a dma-buf */
    enum mcb_flush flush;     /* how incoming writes of a NIC are made visible */
    char flush_reason[96];    /* why that way: "the driver orders none of them" */
};

struct mcb_gpu_module {
    uint32_t version; /* MCB_GPU_MODULE_VERSION */
    uint32_t bytes;   /* sizeof this struct */
    const char *name; /* "cuda": before the ':' of a memory's name */
    bool stand_in;    /* made for tests: no hardware, and no result of it counts as such */

    /* Finds driver and GPUs, before all others. *count is at least 1. May be called again; each
     * time wants its close(), and the last of them gives back what all functions have kept. Faults:
     * GPU_DRIVER (missing, too old, refused), GPU_NONE. */
    int (*open)(unsigned *count, struct mcb_error *error);
    void (*close)(void);

    int (*identify)(unsigned gpu, struct mcb_gpu_identity *identity, struct mcb_error *error);

    /* Memory of a GPU; address and bytes are multiples of MCB_GPU_PAGE_BYTES. Fault: GPU_MEMORY. */
    int (*allocate)(unsigned gpu, size_t bytes, void **address, struct mcb_error *error);
    void (*release)(unsigned gpu, void *address);

    /* See struct mcb_memory. Fault of all of them: GPU_CALL. */
    int (*copy)(unsigned gpu, void *to, const void *from, size_t bytes, struct mcb_error *error);
    int (*fill)(unsigned gpu, const struct mcb_pattern *pattern, const struct mcb_area *area,
                struct mcb_error *error);
    int (*poison)(unsigned gpu, uint64_t key, const struct mcb_area *area, struct mcb_error *error);
    int (*check)(unsigned gpu, const struct mcb_pattern *pattern, const struct mcb_area *area,
                 struct mcb_pattern_report *report, struct mcb_error *error);
    /* Fault: GPU_EXPORT. */
    int (*export_dmabuf)(unsigned gpu, void *address, size_t bytes, enum mcb_dmabuf_mapping mapping,
                         int *fd, struct mcb_error *error);
    int (*flush)(unsigned gpu, struct mcb_error *error);
    int (*pin)(unsigned gpu, void *host, size_t bytes, struct mcb_error *error);
    void (*unpin)(unsigned gpu, void *host);
    int (*copier_open)(unsigned gpu, const struct mcb_area *to, const struct mcb_area *from,
                       struct mcb_gpu_copier **copier, struct mcb_error *error);
    int (*copier_copy)(struct mcb_gpu_copier *copier, uint32_t first, uint32_t count,
                       struct mcb_error *error);
    int (*copier_done)(struct mcb_gpu_copier *copier, uint64_t *slots, struct mcb_error *error);
    void (*copier_close)(struct mcb_gpu_copier *copier);
};

#endif
