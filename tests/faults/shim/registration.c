/* SPDX-License-Identifier: Apache-2.0 */
/* Registration of memory, by each of the functions that do it. */
#include <errno.h>

#include "shim.h"

/* verbs.h makes macros of them. */
#undef ibv_reg_mr
#undef ibv_reg_mr_iova

/* The errno with which a registration of so many bytes fails; 0: it does not. */
static int refusal(enum mcb_shim_rule rule, const struct ibv_pd *pd, size_t bytes)
{
    const struct mcb_shim_action *action = mcb_shim_action(rule, pd->context);
    if (!action || bytes <= action->beyond)
        return 0;
    mcb_shim_injected(rule);
    return rule == MCB_SHIM_MAX_MR_SIZE ? EIO : action->value;
}

static bool refuses(const struct ibv_pd *pd, const void *memory, size_t bytes)
{
    int failed = refusal(MCB_SHIM_MAX_MR_SIZE, pd, bytes);
    if (!failed)
        failed = refusal(MCB_SHIM_REG_MR, pd, bytes);
    if (failed)
        errno = failed;
    else
        mcb_shim_note_memory(memory, bytes);
    return failed != 0;
}

MCB_SHIM_EXPORT struct ibv_mr *ibv_reg_mr(struct ibv_pd *pd, void *memory, size_t bytes, int access)
{
    struct ibv_mr *(*registers)(struct ibv_pd *, void *, size_t, int);
    mcb_shim_real("ibv_reg_mr", &registers);
    return refuses(pd, memory, bytes) ? NULL : registers(pd, memory, bytes, access);
}

MCB_SHIM_EXPORT struct ibv_mr *ibv_reg_mr_iova(struct ibv_pd *pd, void *memory, size_t bytes,
                                               uint64_t iova, int access)
{
    struct ibv_mr *(*registers)(struct ibv_pd *, void *, size_t, uint64_t, int);
    mcb_shim_real("ibv_reg_mr_iova", &registers);
    return refuses(pd, memory, bytes) ? NULL : registers(pd, memory, bytes, iova, access);
}

MCB_SHIM_EXPORT struct ibv_mr *ibv_reg_mr_iova2(struct ibv_pd *pd, void *memory, size_t bytes,
                                                uint64_t iova, unsigned access)
{
    struct ibv_mr *(*registers)(struct ibv_pd *, void *, size_t, uint64_t, unsigned);
    mcb_shim_real("ibv_reg_mr_iova2", &registers);
    return refuses(pd, memory, bytes) ? NULL : registers(pd, memory, bytes, iova, access);
}

MCB_SHIM_EXPORT struct ibv_mr *ibv_reg_dmabuf_mr(struct ibv_pd *pd, uint64_t offset, size_t bytes,
                                                 uint64_t iova, int file, int access)
{
    struct ibv_mr *(*registers)(struct ibv_pd *, uint64_t, size_t, uint64_t, int, int);
    mcb_shim_real("ibv_reg_dmabuf_mr", &registers);
    int failed = refusal(MCB_SHIM_REG_DMABUF, pd, bytes);
    if (failed) {
        errno = failed;
        return NULL;
    }
    return refuses(pd, NULL, bytes) ? NULL : registers(pd, offset, bytes, iova, file, access);
}
