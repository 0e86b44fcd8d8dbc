/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_GPU_CUDA_RUNTIME_H
#define MCB_GPU_CUDA_RUNTIME_H

/*
 * What the files of the CUDA module share, and the functions of its table (gpu/module.h says what
 * each does; one file for each group here).
 */

#include <cuda_runtime_api.h>

#include "common/fault.h"
#include "gpu/module.h"

/* Makes the GPU the calling thread's: the first thing in every function of the table. */
int mcb_cuda_enter(unsigned gpu, struct mcb_error *error);

/* The same before something is given back, which is tried even on a GPU that does not answer. */
void mcb_cuda_enter_to_release(unsigned gpu);

/* "cuda:0: cudaMalloc: out of memory (cudaErrorMemoryAllocation, 2)". Forgets the error in the
 * runtime, so that no later call reports it again. The value is -1. */
int mcb_cuda_fail(struct mcb_error *error, enum mcb_fault_code code, unsigned gpu, const char *call,
                  cudaError_t result);

/* A function of the driver as it was in that version of CUDA (11070: 11.7). -1 if the driver has
 * none. libcuda is never linked. */
int mcb_cuda_driver_find(const char *name, unsigned version, void **function);

/* entry_point/: asks the runtime for a function of the driver. How depends on the toolkit; CMake
 * chooses the file. On success *function may still be NULL. */
cudaError_t mcb_cuda_entry_point(const char *name, unsigned version, void **function);

/* Version of CUDA that the driver serves, 12080: 12.8; 0: not known. */
int mcb_cuda_driver_version(void);

/* "13.0" of 13000. */
void mcb_cuda_version_text(int version, char text[16]);

/* identify.c */
int mcb_cuda_identify(unsigned gpu, struct mcb_gpu_identity *identity, struct mcb_error *error);
/* The version in the text of /proc/driver/nvidia/version; "" if there is none. */
void mcb_cuda_kernel_driver(const char *version_text, char *driver, size_t size);
/* How incoming writes are made visible, from cudaDevAttrGPUDirectRDMAFlushWritesOptions and
 * ...WritesOrdering; -1: not known. */
enum mcb_flush mcb_cuda_flush_way(int options, int ordering, const char **reason);

/* memory.c */
int mcb_cuda_allocate(unsigned gpu, size_t bytes, void **address, struct mcb_error *error);
void mcb_cuda_release(unsigned gpu, void *address);
int mcb_cuda_copy(unsigned gpu, void *to, const void *from, size_t bytes, struct mcb_error *error);
int mcb_cuda_pin(unsigned gpu, void *host, size_t bytes, struct mcb_error *error);
void mcb_cuda_unpin(unsigned gpu, void *host);

/* pattern.c. Scratch memory of each GPU is allocated by its first check and kept until what was
 * opened is closed as often. `gpus` is the same each time. */
int mcb_cuda_pattern_open(unsigned gpus, struct mcb_error *error);
void mcb_cuda_pattern_close(void);
int mcb_cuda_fill(unsigned gpu, const struct mcb_pattern *pattern, const struct mcb_area *area,
                  struct mcb_error *error);
int mcb_cuda_poison(unsigned gpu, uint64_t key, const struct mcb_area *area,
                    struct mcb_error *error);
int mcb_cuda_check(unsigned gpu, const struct mcb_pattern *pattern, const struct mcb_area *area,
                   struct mcb_pattern_report *report, struct mcb_error *error);

/* export.c */
int mcb_cuda_export_dmabuf(unsigned gpu, void *address, size_t bytes,
                           enum mcb_dmabuf_mapping mapping, int *fd, struct mcb_error *error);
int mcb_cuda_flush(unsigned gpu, struct mcb_error *error);

/* copier.c */
int mcb_cuda_copier_open(unsigned gpu, const struct mcb_area *to, const struct mcb_area *from,
                         struct mcb_gpu_copier **copier, struct mcb_error *error);
int mcb_cuda_copier_copy(struct mcb_gpu_copier *copier, uint32_t first, uint32_t count,
                         struct mcb_error *error);
int mcb_cuda_copier_done(struct mcb_gpu_copier *copier, uint64_t *slots, struct mcb_error *error);
void mcb_cuda_copier_close(struct mcb_gpu_copier *copier);

#endif
