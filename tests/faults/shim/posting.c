/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that send from the memory of a GPU: each is held up on its way to the NIC, as where the
 * path between the two is a bad one. A GPU is that of the stand-in (tests/stand-in), whose memory
 * the kernel's list of mappings shows by its name.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shim.h"

enum { RANGES_MAX = 64 };

static struct {
    pthread_mutex_t lock;
    struct {
        uint64_t begin, end;
    } ranges[RANGES_MAX];
    size_t range_count;
    void (*set_segment)(struct ibv_qp_ex *qp, uint32_t key, uint64_t address,
                        uint32_t bytes); /* the device's own */
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool is_of_gpu(uint64_t address)
{
    char line[512];
    uint64_t begin, end;
    bool found = false;
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps && !found && fgets(line, sizeof(line), maps))
        found = sscanf(line, "%" SCNx64 "-%" SCNx64, &begin, &end) == 2 && address >= begin &&
                address < end && strstr(line, "mcbench-stand-in");
    if (maps)
        fclose(maps);
    return found;
}

void mcb_shim_note_memory(const void *memory, size_t bytes)
{
    uint64_t begin = (uintptr_t)memory;
    if (!mcb_shim_action(MCB_SHIM_GPU_DELAY_US, NULL) || !is_of_gpu(begin))
        return;
    pthread_mutex_lock(&state.lock);
    if (state.range_count < RANGES_MAX) {
        state.ranges[state.range_count].begin = begin;
        state.ranges[state.range_count++].end = begin + bytes;
    }
    pthread_mutex_unlock(&state.lock);
}

static bool is_noted(uint64_t address)
{
    bool found = false;
    pthread_mutex_lock(&state.lock);
    for (size_t n = 0; n < state.range_count && !found; n++)
        found = address >= state.ranges[n].begin && address < state.ranges[n].end;
    pthread_mutex_unlock(&state.lock);
    return found;
}

static void set_segment(struct ibv_qp_ex *qp, uint32_t key, uint64_t address, uint32_t bytes)
{
    const struct mcb_shim_action *delay =
        mcb_shim_action(MCB_SHIM_GPU_DELAY_US, qp->qp_base.context);
    if (delay && is_noted(address)) {
        usleep((useconds_t)delay->beyond);
        mcb_shim_injected(MCB_SHIM_GPU_DELAY_US);
    }
    state.set_segment(qp, key, address, bytes);
}

void mcb_shim_hold_up(struct ibv_qp *qp)
{
    struct ibv_qp_ex *extended = ibv_qp_to_qp_ex(qp);
    if (!mcb_shim_action(MCB_SHIM_GPU_DELAY_US, qp->context) || !extended)
        return;
    pthread_mutex_lock(&state.lock);
    state.set_segment = extended->wr_set_sge;
    pthread_mutex_unlock(&state.lock);
    extended->wr_set_sge = set_segment;
}
