/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/doctor/examination_gather.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/doctor/copied_tree.h"
#include "bench/doctor/limits.h"
#include "bench/doctor/patience.h"
#include "bench/topology/topology.h"
#include "bench/topology/tree.h"
#include "common/clock.h"
#include "common/pci.h"
#include "gpu/gpu.h"

/* A host whose drivers answer takes milliseconds. More is for one that is short of CPU; but GPUs
 * that nobody uses may be seconds in waking, which is not worth the wait. */
#define GPU_NS  (3 * MCB_NS_PER_S / 2)
#define TREE_NS (4 * MCB_NS_PER_S)

/* ---- GPUs ---- */

struct gpus_task {
    struct mcb_gpus *gpus;
    struct mcb_error error;
};

static void open_gpus(void *context)
{
    struct gpus_task *task = context;
    if (mcb_gpus_open(&task->gpus, &task->error) != 0)
        task->gpus = NULL;
}

static void drop_gpus(void *context)
{
    struct gpus_task *task = context;
    mcb_gpus_close(task->gpus);
    free(task);
}

static void ask_gpus(struct mcb_examination *examination, int64_t patience_ns)
{
    struct gpus_task *task = calloc(1, sizeof *task);
    if (!task) {
        examination->out_of_memory = true;
        return;
    }
    if (!mcb_patience_run(open_gpus, drop_gpus, task, mcb_clock_ns() + patience_ns)) {
        mcb_error_write(&examination->gpus_error, MCB_FAULT_GPU_DRIVER,
                        "the driver has not answered within %.1f s (without persistence mode it "
                        "starts GPUs first: nvidia-smi -pm 1)",
                        (double)patience_ns / MCB_NS_PER_S);
        return;
    }
    examination->gpus = task->gpus;
    examination->gpus_error = task->error;
    examination->gpus_answered = true;
    free(task);
}

/* The driver is asked only where there is a GPU, and where asking loads and makes nothing. */
static void gather_gpus(struct mcb_examination *examination)
{
    char(*addresses)[MCB_PCI_ADDRESS_MAX];
    struct mcb_error *error = &examination->gpus_error;
    bool named = mcb_system_variable(examination->system, "MCB_GPU_MODULE") != NULL;
    const char *lacks = mcb_limits_gpu_driver_lacks(examination->system);
    examination->gpu_functions = mcb_copied_tree_gpus(examination->system, &addresses);
    free(addresses);
    if (!mcb_system_is_live(examination->system))
        mcb_error_write(error, MCB_FAULT_GPU_NONE, "the driver of a copied host cannot be asked");
    else if (examination->gpu_functions == 0 && !named)
        mcb_error_write(error, MCB_FAULT_GPU_NONE, "no GPU on the PCI bus");
    else if (lacks && !named)
        mcb_error_write(error, MCB_FAULT_GPU_DRIVER, "%s, so that CUDA was not asked", lacks);
    else
        ask_gpus(examination, named ? TREE_NS : GPU_NS);
}

/* ---- the tree ---- */

struct tree_task {
    char addresses[MCB_GPUS_MAX][MCB_PCI_ADDRESS_MAX]; /* of the GPUs */
    size_t count;
    struct mcb_tree tree; /* where status is 0 */
    int status;
    struct mcb_error error;
};

static void make_live_tree(void *context)
{
    struct tree_task *task = context;
    const struct mcb_tree_gpus known = {(const char(*)[MCB_PCI_ADDRESS_MAX])task->addresses,
                                        task->count};
    struct mcb_topology *topology;
    struct mcb_error devices_error;
    task->status = -1;
    if (mcb_topology_load(true, &topology, &task->error) != 0)
        return;
    task->status =
        mcb_tree_make(topology, MCB_SYSFS, &known, &task->tree, &devices_error, &task->error);
    mcb_topology_free(topology);
    if (task->status == 0)
        task->error = devices_error;
}

static void drop_tree(void *context)
{
    struct tree_task *task = context;
    if (task->status == 0)
        mcb_tree_release(&task->tree);
    free(task);
}

/* It opens every RDMA device. */
static int ask_for_tree(const struct mcb_examination *examination, struct mcb_tree *tree,
                        struct mcb_error *error)
{
    const struct mcb_gpus *gpus = examination->gpus;
    struct tree_task *task = calloc(1, sizeof *task);
    if (!task)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the tree of this host");
    for (unsigned i = 0; gpus && i < gpus->count; i++)
        if (gpus->list[i].pci_address[0])
            snprintf(task->addresses[task->count++], MCB_PCI_ADDRESS_MAX, "%s",
                     gpus->list[i].pci_address);
    if (!mcb_patience_run(make_live_tree, drop_tree, task, mcb_clock_ns() + TREE_NS))
        return mcb_error_set(error, MCB_FAULT_HOST_TOPOLOGY,
                             "a driver has not answered within %d s",
                             (int)(TREE_NS / MCB_NS_PER_S));
    int status = task->status;
    *error = task->error;
    if (status == 0)
        *tree = task->tree;
    free(task);
    return status;
}

static void gather_tree(struct mcb_examination *examination)
{
    struct mcb_tree *tree = calloc(1, sizeof *tree);
    struct mcb_error *error = &examination->tree_error;
    int status = -1;
    if (!tree)
        examination->out_of_memory = true;
    else if (mcb_system_is_live(examination->system))
        status = ask_for_tree(examination, tree, error);
    else
        status = mcb_copied_tree_make(examination->system, tree, error);
    if (status == 0)
        examination->tree = tree;
    else
        free(tree);
}

void mcb_examination_gather(struct mcb_examination *examination)
{
    if (examination->options->etcd)
        snprintf(examination->etcd, sizeof examination->etcd, "%s", examination->options->etcd);
    if (examination->options->name)
        snprintf(examination->own_name, sizeof examination->own_name, "%s",
                 examination->options->name);
    gather_gpus(examination);
    gather_tree(examination);
}

void mcb_examination_drop_gathered(struct mcb_examination *examination)
{
    if (examination->tree)
        mcb_tree_release(examination->tree);
    free(examination->tree);
    mcb_gpus_close(examination->gpus);
}
