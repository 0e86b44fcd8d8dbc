/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cluster/method.h"
#include "common/json.h"

int mcb_members_start(struct mcb_cluster *cluster, unsigned rank, unsigned size,
                      struct mcb_error *error)
{
    cluster->members = calloc(size, sizeof *cluster->members);
    cluster->polls = calloc(size + MCB_MESH_POLLS_MAX, sizeof *cluster->polls);
    if (!cluster->members || !cluster->polls)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for %u ranks", size);
    cluster->rank = rank;
    cluster->size = size;
    for (unsigned r = 0; r < size; r++)
        snprintf(cluster->members[r].name, sizeof cluster->members[r].name, "rank %u", r);
    return 0;
}

int mcb_members_set(struct mcb_cluster *cluster, unsigned rank, const json_t *record,
                    struct mcb_error *error)
{
    struct mcb_member *member = &cluster->members[rank];
    const char *host;
    struct mcb_error problem;
    if (mcb_json_get_string(record, "host", 256, &host, MCB_FAULT_JOB_ROSTER, &problem))
        return mcb_error_set(error, MCB_FAULT_JOB_ROSTER, "rank %u: its record: %s", rank,
                             problem.detail);
    json_t *copy = json_deep_copy(record);
    if (!copy)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the record of rank %u",
                             rank);
    json_decref(member->record);
    member->record = copy;
    snprintf(member->name, sizeof member->name, "rank %u (%.100s)", rank, host);
    /* Host names are ASCII (RFC 952); whatever else a peer sent must not spoil a message. */
    for (char *c = member->name; *c; c++)
        if (*c < 0x20 || *c > 0x7e)
            *c = '?';
    return 0;
}
