/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_LIMITS_H
#define MCB_BENCH_DOCTOR_LIMITS_H

/*
 * What a host allows a process: the facts that the preflight of a run and the checks of the doctor
 * share.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/doctor/system.h"
#include "common/pci.h"

#define MCB_LIMIT_NONE UINT64_MAX

/* What the smallest run that says anything registers with each NIC. */
#define MCB_LIMITS_LEAST_OF_NIC (UINT64_C(16) << 20)

/* The product; UINT64_MAX if it is larger. */
uint64_t mcb_limits_times(uint64_t a, uint64_t b);

/* Soft limits of /proc/self/limits; MCB_LIMIT_NONE: unlimited, or not known. */
uint64_t mcb_limits_locked_memory(const struct mcb_system *system);
uint64_t mcb_limits_open_files(const struct mcb_system *system);

/* CAP_IPC_LOCK in the initial user namespace, which exempts from the first. */
bool mcb_limits_exempt_from_memlock(const struct mcb_system *system);

/* MemTotal and MemAvailable of /proc/meminfo; false if it does not tell. */
bool mcb_limits_memory_total(const struct mcb_system *system, uint64_t *bytes);
bool mcb_limits_memory_available(const struct mcb_system *system, uint64_t *bytes);

/* The smallest limit of the process's cgroup and those above it: memory.max of version 2,
 * memory.limit_in_bytes of version 1. */
uint64_t mcb_limits_cgroup_memory(const struct mcb_system *system);

/* "docker", "podman", "kubernetes", ...: what the process is contained in; NULL: nothing. */
const char *mcb_limits_container(const struct mcb_system *system);

/* A kernel module that registers memory of GPUs by its address; NULL: none is loaded. */
const char *mcb_limits_peermem(const struct mcb_system *system);

/* What the driver of the GPUs lacks so that asking it would change nothing on this host: what it
 * needs and does not find, CUDA loads and makes by a program with the rights of root
 * (nvidia-modprobe). A clause; NULL: nothing. */
const char *mcb_limits_gpu_driver_lacks(const struct mcb_system *system);

/* The window through which others reach a GPU's memory, which NVIDIA calls BAR1: the largest
 * prefetchable BAR of its PCI function, the second register up to the A100 and the third of an
 * H100, whose first has 64 bits. 0: not known. */
uint64_t mcb_limits_bar1_bytes(const struct mcb_system *system, const char *pci_address);

#endif
