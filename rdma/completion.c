/* SPDX-License-Identifier: Apache-2.0 */
#include "rdma/completion.h"

#include <infiniband/verbs.h>

_Static_assert((int)MCB_STATUS_LOCAL_PROTECTION == (int)IBV_WC_LOC_PROT_ERR,
               "statuses are those of the verbs");

struct status_fault {
    enum ibv_wc_status status;
    enum mcb_fault_code fault;
};

/* Any other failed status is RDMA_COMPLETION. */
static const struct status_fault faults[] = {
    {IBV_WC_RETRY_EXC_ERR, MCB_FAULT_RDMA_RETRY},
    {IBV_WC_RNR_RETRY_EXC_ERR, MCB_FAULT_RDMA_RNR},
    {IBV_WC_REM_ACCESS_ERR, MCB_FAULT_RDMA_REMOTE_ACCESS},
    {IBV_WC_WR_FLUSH_ERR, MCB_FAULT_RDMA_FLUSHED},
};

const char *mcb_completion_text(unsigned status)
{
    return ibv_wc_status_str((enum ibv_wc_status)status);
}

enum mcb_fault_code mcb_completion_fault(unsigned status)
{
    for (unsigned i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        if ((unsigned)faults[i].status == status)
            return faults[i].fault;
    return MCB_FAULT_RDMA_COMPLETION;
}

bool mcb_completion_is_flush(unsigned status)
{
    return status == IBV_WC_WR_FLUSH_ERR;
}
