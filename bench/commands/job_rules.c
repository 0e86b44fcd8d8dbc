/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/commands/job_rules.h"

#include <string.h>

#include "common/buffer.h"
#include "gpu/gpu.h"

static void drop_routes(struct mcb_settings *settings, bool reaches_gpus)
{
    bool keep[MCB_ROUTES] = {false};
    bool gpus = mcb_settings_use_gpus(settings);
    for (size_t i = 0; gpus && i < settings->route_count; i++) {
        bool direct = settings->routes[i] == MCB_ROUTE_DIRECT;
        keep[direct && !reaches_gpus ? MCB_ROUTE_STAGED : settings->routes[i]] = true;
    }
    keep[MCB_ROUTE_DIRECT] |= !gpus;
    settings->route_count = 0;
    for (int route = 0; route < MCB_ROUTES; route++)
        if (keep[route])
            settings->routes[settings->route_count++] = (enum mcb_route)route;
}

void mcb_job_drop_what_means_nothing(struct mcb_settings *settings,
                                     const struct mcb_transport *transport)
{
    if (!transport->has_ordering) {
        settings->orderings[0] = MCB_ORDERING_OFF;
        settings->ordering_count = 1;
    }
    drop_routes(settings, transport->reaches_gpus);
}

bool mcb_job_ignores_registration(const struct mcb_settings *settings,
                                  const struct mcb_transport *transport)
{
    return settings->registration != MCB_REGISTRATION_AUTO && mcb_settings_use_gpus(settings) &&
           !transport->reaches_gpus;
}

/* The choices of one option; `name` is the option's. */
static int check_choices(const struct mcb_memory_choice *choices, size_t count, const char *name,
                         const struct mcb_gpus *gpus, struct mcb_error *error)
{
    for (size_t i = 0; i < count; i++) {
        int number = choices[i].number;
        if (!choices[i].gpu && number >= 0 && mcb_buffer_check_node(number, error) != 0)
            return -1;
        if (choices[i].gpu && gpus && number >= (int)gpus->count)
            return mcb_error_set(error, MCB_FAULT_GPU_NO_SUCH,
                                 "--%s cuda:%d: the last GPU of this host is cuda:%u", name, number,
                                 gpus->count - 1);
    }
    return 0;
}

static int refuse_gpus(const char *command, const struct mcb_settings *settings,
                       struct mcb_error *error)
{
    const char *name = "peer-memory";
    for (size_t i = 0; i < settings->memory_count; i++)
        if (settings->memories[i].gpu)
            name = "memory";
    return mcb_error_set(
        error, MCB_FAULT_USE_VALUE,
        "--%s: mcbench %s measures host memory alone; mcbench gpu measures that of "
        "GPUs, and both together",
        name, command);
}

int mcb_job_check_memories(const char *command, const struct mcb_settings *settings,
                           const struct mcb_gpus *gpus, const int *memory_nodes,
                           struct mcb_error *error)
{
    if (strcmp(command, "gpu") != 0 && mcb_settings_use_gpus(settings))
        return refuse_gpus(command, settings, error);
    if (check_choices(settings->memories, settings->memory_count, "memory", gpus, error) != 0 ||
        check_choices(settings->peer_memories, settings->peer_memory_count, "peer-memory", gpus,
                      error) != 0)
        return -1;
    for (size_t i = 0; i < MCB_NICS_MAX; i++)
        if (memory_nodes[i] != -1 && mcb_buffer_check_node(memory_nodes[i], error) != 0)
            return -1;
    return 0;
}
