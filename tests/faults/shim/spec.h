/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_TESTS_FAULT_SHIM_SPEC_H
#define MCB_TESTS_FAULT_SHIM_SPEC_H

/*
 * What the fault shim makes go wrong: MCB_FAULT_SHIM=RULE;RULE...
 *
 *   reg_mr=EIO>64MiB        registrations of more bytes fail so (without '>': all)
 *   reg_dmabuf=EINVAL>64MiB those of a dma-buf only
 *   max_mr_size=64GiB       the device says so, and refuses larger ones with EIO
 *   create_qp=ENOMEM@3      the process has 3 QPs, no further one is made (default: none)
 *   init=EINVAL             the change to that state fails, of rtr and rts likewise;
 *                           rtr=ETIMEDOUT@3: after 3 of them were made
 *   completion=remote-access-error@10
 *                           of each QP the 10th request that completes (default: the first) does
 *                           so with this status; from then on the QP is in the state of error,
 *                           and all behind it is flushed
 *   mtu=1024                the active MTU that ports show
 *   gids=none               a port shows no GID; gids=local: link-local ones (fe80::/10) only
 *   optional_access=no      the kernel says that it takes no optional access flags, of which
 *                           relaxed ordering is one
 *   gpu_delay_us=2000       each message from the memory of a GPU (of the stand-in) is held up for
 *                           so long
 *
 *   device=rxe0             all of this with that device only (default: with all)
 *   log=FILE                the last words (shim.c) go to this file's end, not to stderr
 *
 * Each may be given once. Anything else is refused. Statuses are those of enum ibv_wc_status by the
 * names below.
 */

#include <stdbool.h>
#include <stdint.h>

enum mcb_shim_rule {
    MCB_SHIM_REG_MR,
    MCB_SHIM_REG_DMABUF,
    MCB_SHIM_MAX_MR_SIZE,
    MCB_SHIM_CREATE_QP,
    MCB_SHIM_INIT,
    MCB_SHIM_RTR,
    MCB_SHIM_RTS,
    MCB_SHIM_COMPLETION,
    MCB_SHIM_MTU,
    MCB_SHIM_GIDS,
    MCB_SHIM_OPTIONAL_ACCESS,
    MCB_SHIM_GPU_DELAY_US,
    MCB_SHIM_RULES
};

enum mcb_shim_gids { MCB_SHIM_GIDS_NONE, MCB_SHIM_GIDS_LOCAL };

struct mcb_shim_action {
    bool given;
    int value;       /* an errno; a status; an enum mcb_shim_gids; an MTU in bytes */
    uint64_t beyond; /* bytes or number from which on; of MAX_MR_SIZE: its bytes; of
                        GPU_DELAY_US: microseconds */
};

struct mcb_shim_spec {
    struct mcb_shim_action actions[MCB_SHIM_RULES];
    char device[64]; /* "": all */
    char log[4096];  /* "": stderr */
};

/* "reg_mr". */
const char *mcb_shim_rule_name(enum mcb_shim_rule rule);

/* Returns -1 with what is wrong, and what would be right, in `why`. */
int mcb_shim_spec_read(const char *text, struct mcb_shim_spec *spec, char why[512]);

#endif
