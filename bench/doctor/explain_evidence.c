/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/doctor/explain_evidence.h"

#include <stdlib.h>
#include <string.h>

/* An error behind it makes the first the cause. */
static const struct rule {
    enum mcb_fault_code evidence, error;
} rules[] = {
    {MCB_FAULT_RDMA_GID_EMPTY, MCB_FAULT_RDMA_QP_RTR},
    {MCB_FAULT_RDMA_GID_LOCAL, MCB_FAULT_RDMA_QP_RTR},
};

static bool is_evidence(enum mcb_fault_code code)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].evidence == code)
            return true;
    return false;
}

/* Copies what stands behind the key, up to one of the bytes of `ends`, if it is there. */
static void copy_after(const char *text, size_t length, const char *key, const char *ends,
                       char *value, size_t size)
{
    const char *found = memmem(text, length, key, strlen(key));
    size_t used = 0;
    if (found)
        for (found += strlen(key); found < text + length && used + 1 < size; found++) {
            if (!*found || strchr(ends, *found))
                break;
            value[used++] = *found;
        }
    value[used] = '\0';
}

static void forget(struct mcb_explain_evidence *evidence, const char *host, const char *name)
{
    for (size_t i = 0; i < evidence->count; i++) {
        struct mcb_explain_nic *nic = &evidence->nics[i];
        if (strcmp(nic->name, name) != 0 || strcmp(nic->host, host) != 0)
            continue;
        free(nic->line.text);
        *nic = evidence->nics[--evidence->count];
        return;
    }
}

void mcb_explain_evidence_tell(struct mcb_explain_evidence *evidence, const char *text,
                               size_t length, const char *host, enum mcb_fault_code code,
                               struct mcb_explain_nic **nic)
{
    char name[MCB_EXPLAIN_NIC_MAX];
    copy_after(text, length, "device: ", ", ", name, sizeof name);
    forget(evidence, host, name);
    *nic = NULL;
    if (!is_evidence(code) || evidence->count == MCB_EXPLAIN_NICS_MAX)
        return;
    *nic = &evidence->nics[evidence->count++];
    **nic = (struct mcb_explain_nic){.code = code};
    strcpy((*nic)->host, host);
    strcpy((*nic)->name, name);
    copy_after(text, length, ") ", " ,", (*nic)->gid, sizeof(*nic)->gid);
}

bool mcb_explain_evidence_explains(const struct mcb_explain_nic *nic, enum mcb_fault_code code,
                                   const char *text, size_t length)
{
    char gid[MCB_EXPLAIN_GID_MAX];
    bool may = false;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        may |= rules[i].evidence == nic->code && rules[i].error == code;
    if (!may)
        return false;
    /* An error that tells the GID that it used is one of that GID. */
    copy_after(text, length, "local gid ", " ,)", gid, sizeof gid);
    return !*gid || strcmp(gid, nic->gid) == 0;
}

void mcb_explain_evidence_release(struct mcb_explain_evidence *evidence)
{
    for (size_t i = 0; i < evidence->count; i++)
        free(evidence->nics[i].line.text);
    evidence->count = 0;
}
