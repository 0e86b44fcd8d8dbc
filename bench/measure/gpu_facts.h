/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_MEASURE_GPU_FACTS_H
#define MCB_BENCH_MEASURE_GPU_FACTS_H

/*
 * What a host tells of its GPUs, as the result document has it ("gpus" of a host):
 *
 *   {"name": "cuda:0", "model": "NVIDIA H100 80GB HBM3", "pci_address": "0000:19:00.0", "uuid",
 *    "driver", "runtime", "capability": "9.0", "memory_bytes": 85520809984, "integrated": false,
 *    "numa_node": 0, "gpudirect": true, "dmabuf": true, "flush": "call", "flush_reason",
 *    "stand_in": false, "distances": {"mlx5_0": "PIX"}, "near_nics": ["mlx5_0"],
 *    "pcie_gtps": 32.0, "pcie_lanes": 16, "pcie_from_memory_gbps", "pcie_to_memory_gbps",
 *    "pcie_bottleneck"}
 *
 *   distances   to every NIC of the run, in the classes of bench/topology/distance.h: by PCI
 *               address, so that neither the order of the GPUs nor their names matter. A network
 *               interface whose PCI function is in the tree is as far as that; of any other the
 *               NUMA nodes alone tell, if both are known: NODE or SYS
 *   near_nics   those of the least distance
 *   pcie_*      its own link, and the narrowest on its way to the root (bench/topology/ceiling.h)
 *
 * null: not known.
 */

#include <jansson.h>
#include <stddef.h>

#include "bench/topology/tree.h"
#include "bench/transport/transport.h"
#include "common/fault.h"
#include "gpu/gpu.h"

/* One entry a GPU, in the order of the module. tree NULL: no distance is known. sysfs: MCB_SYSFS.
 * New reference. */
json_t *mcb_gpu_facts(const struct mcb_gpus *gpus, const struct mcb_tree *tree, const char *sysfs,
                      const struct mcb_nic *nics, size_t nic_count);

/* The same of this host, whose tree is made for it. New reference; NULL and a fault of tree.h. */
json_t *mcb_gpu_facts_of_host(const struct mcb_gpus *gpus, const struct mcb_nic *nics,
                              size_t nic_count, struct mcb_error *error);

#endif
