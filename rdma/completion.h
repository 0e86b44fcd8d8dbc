/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_RDMA_COMPLETION_H
#define MCB_RDMA_COMPLETION_H

/*
 * What a completion means.
 *
 * A queue pair that fails reports one completion with the cause and flushes everything behind it:
 * the first failure that is not a flush is the error, the flushed are counted.
 *
 * Work request ids: bit 63 marks a receive, bits 32..47 are the queue pair's place in its set, bits
 * 0..31 the messages that a send completion stands for (those posted since the last signalled one;
 * 0: it is a credit).
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/fault.h"

/* IBV_WC_LOC_PROT_ERR, for those who include no verbs. */
enum { MCB_STATUS_LOCAL_PROTECTION = 4 };

#define MCB_WORK_RECEIVE (UINT64_C(1) << 63)

static inline uint64_t mcb_work_id(uint32_t queue_pair, uint32_t messages)
{
    return (uint64_t)queue_pair << 32 | messages;
}

static inline uint32_t mcb_work_queue_pair(uint64_t work)
{
    return (uint32_t)(work >> 32) & 0xffff;
}

static inline uint32_t mcb_work_messages(uint64_t work)
{
    return (uint32_t)work;
}

/* A completion's status (enum ibv_wc_status): in words as Mooncake's and perftest's logs have them,
 * the fault it is, and whether it is but the consequence of another one. */
const char *mcb_completion_text(unsigned status);
enum mcb_fault_code mcb_completion_fault(unsigned status);
bool mcb_completion_is_flush(unsigned status);

#endif
