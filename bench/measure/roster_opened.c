/* SPDX-License-Identifier: Apache-2.0 */
/* What a rank tells of an endpoint that it opened fits the endpoint that was planned, or the rank
 * is not believed: figures would go under the name of memory that they are not of. */
#include <stdio.h>
#include <string.h>

#include "bench/measure/placement_facts.h"
#include "bench/measure/roster.h"
#include "bench/report/result.h"
#include "common/json.h"

static int check_memory(const struct mcb_roster *roster, const struct mcb_roster_endpoint *endpoint,
                        const json_t *entry, const char *what, struct mcb_error *error)
{
    const char *memory = mcb_json_text(entry, "memory");
    const char *gpu = mcb_json_text(endpoint->gpu_facts, "name");
    bool bounced = json_is_string(json_object_get(entry, "bounce"));
    bool placed = json_is_object(json_object_get(entry, "placement"));
    if (endpoint->gpu_facts ? strcmp(memory, gpu) != 0 : strncmp(memory, "cpu:", 4) != 0)
        return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL, "%s: memory: %s was expected", what,
                             endpoint->gpu_facts ? gpu : "that of the host");
    if (bounced != (endpoint->gpu_facts && roster->bounces))
        return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL, "%s: bounce: %s was expected", what,
                             !bounced              ? "host memory, which a route needs,"
                             : endpoint->gpu_facts ? "null, as no route needs it,"
                                                   : "null beside host memory");
    if (placed != (bounced || !endpoint->gpu_facts))
        return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL, "%s: placement: %s was expected", what,
                             placed ? "null" : "an object");
    return 0;
}

static json_t *roles_json(const struct mcb_plan_endpoint *plan)
{
    static const char *const names[] = {"initiator", "target"};
    json_t *roles = json_array();
    for (int role = 0; role < 2; role++)
        if (plan->may[role])
            json_array_append_new(roles, json_string(names[role]));
    return roles;
}

/* The entry of "endpoints" in the result document. New reference; NULL. */
static json_t *entry_of(const struct mcb_roster_endpoint *endpoint,
                        const struct mcb_plan_endpoint *plan, const json_t *told,
                        struct mcb_error *error)
{
    json_t *placement = mcb_placement_take_facts(told, error);
    if (!placement)
        return NULL;
    return json_pack("{s:s, s:O, s:o, s:o, s:o, s:o}", "nic", endpoint->nic, "memory",
                     json_object_get(told, "memory"), "bounce",
                     mcb_json_text_or_null(mcb_json_text(told, "bounce")), "roles",
                     roles_json(plan), "registration",
                     mcb_roster_copy_scalars(json_object_get(told, "registration")), "placement",
                     placement);
}

static int take_warnings(const struct mcb_roster *roster,
                         const struct mcb_roster_endpoint *endpoint, const json_t *told,
                         json_t *warnings, struct mcb_error *error)
{
    char who[sizeof roster->hosts[0] + MCB_NIC_NAME_MAX];
    snprintf(who, sizeof who, "%s/%s", roster->hosts[endpoint->rank], endpoint->nic);
    json_t *taken = mcb_placement_take_warnings(told, who, error);
    if (!taken)
        return -1;
    int kept = json_array_extend(warnings, taken);
    json_decref(taken);
    return kept == 0 ? 0
                     : mcb_error_set(error, MCB_FAULT_HOST_MEMORY,
                                     "no memory for what is said of endpoints");
}

static int take_one(struct mcb_roster *roster, struct mcb_roster_endpoint *endpoint,
                    const json_t *told, json_t *warnings, struct mcb_error *error)
{
    char what[32];
    snprintf(what, sizeof what, "endpoints[%u]", endpoint->position);
    if (mcb_result_check_opened(told, what, MCB_FAULT_NET_PROTOCOL, error) != 0 ||
        check_memory(roster, endpoint, told, what, error) != 0)
        return -1;
    endpoint->opened = entry_of(
        endpoint, &roster->lists[endpoint->rank].endpoints[endpoint->position], told, error);
    if (!endpoint->opened || take_warnings(roster, endpoint, told, warnings, error) != 0)
        return -1;
    snprintf(endpoint->memory, sizeof endpoint->memory, "%s", mcb_json_text(told, "memory"));
    snprintf(endpoint->bounce, sizeof endpoint->bounce, "%s", mcb_json_text(told, "bounce"));
    return 0;
}

int mcb_roster_take_opened(struct mcb_roster *roster, unsigned rank, const json_t *opened,
                           json_t *warnings, struct mcb_error *error)
{
    for (uint32_t i = 0; i < roster->lists[rank].count; i++)
        if (take_one(roster, &roster->endpoints[roster->first_endpoint[rank] + i],
                     json_array_get(opened, i), warnings, error) != 0)
            return -1;
    return 0;
}
