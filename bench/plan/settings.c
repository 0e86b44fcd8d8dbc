/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/plan/settings.h"

#include <stdio.h>
#include <stdlib.h>

#include "bench/plan/settings_text.h"
#include "bench/plan/settings_values.h"

const char *mcb_operation_name(enum mcb_operation operation)
{
    static const char *const names[] = {"write", "read", "send"};
    return names[operation];
}

const char *mcb_measure_name(enum mcb_measure measure)
{
    static const char *const names[] = {"bandwidth", "latency"};
    return names[measure];
}

const char *mcb_ordering_name(enum mcb_ordering ordering)
{
    static const char *const names[] = {"off", "on", "auto"};
    return names[ordering];
}

const char *mcb_route_name(enum mcb_route route)
{
    static const char *const names[] = {"direct", "staged", "host"};
    return names[route];
}

enum mcb_location_kind mcb_memory_choice_kind(const struct mcb_memory_choice *choice)
{
    return choice->gpu ? MCB_LOCATION_CUDA : MCB_LOCATION_CPU;
}

static bool any_of_gpu(const struct mcb_memory_choice *choices, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (choices[i].gpu)
            return true;
    return false;
}

bool mcb_settings_use_gpus(const struct mcb_settings *settings)
{
    return any_of_gpu(settings->memories, settings->memory_count) ||
           any_of_gpu(settings->peer_memories, settings->peer_memory_count);
}

static bool is_given(const struct mcb_setting_values *values, const char *name)
{
    return mcb_setting_values_get(values, name)->from != MCB_FROM_DEFAULT;
}

/* One way to find the peers, whole; and nothing that means something in another way only. */
static int check_party(const struct mcb_setting_values *values, struct mcb_error *error)
{
    static const char *const ways[] = {"listen", "connect", "etcd"};
    static const char *const etcd_needs[] = {"job", "ranks"};
    const char *way = NULL;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        if (!is_given(values, ways[i]))
            continue;
        if (way)
            return mcb_error_set(error, MCB_FAULT_USE_OPTION,
                                 "--%s and --%s: only one of --listen, --connect and --etcd", way,
                                 ways[i]);
        way = ways[i];
    }

    size_t count;
    const struct mcb_setting *table = mcb_settings_table(&count);
    for (size_t i = 0; i < count; i++)
        if (table[i].needs && is_given(values, table[i].name) && !is_given(values, table[i].needs))
            return mcb_error_set(error, MCB_FAULT_USE_OPTION,
                                 "--%s: means something together with --%s only", table[i].name,
                                 table[i].needs);

    for (size_t i = 0; i < sizeof etcd_needs / sizeof etcd_needs[0]; i++)
        if (is_given(values, "etcd") && !is_given(values, etcd_needs[i]))
            return mcb_error_set(error, MCB_FAULT_USE_OPTION,
                                 "--etcd: needs --%s %s too (--etcd URL --job NAME --ranks N)",
                                 etcd_needs[i], mcb_settings_find(etcd_needs[i])->argument);
    return 0;
}

/* Numbers that must fit each other. */
static int check_numbers(const struct mcb_setting_values *values,
                         const struct mcb_settings *settings, struct mcb_error *error)
{
    const struct mcb_setting_value *rank = mcb_setting_values_get(values, "rank");
    if (settings->ranks && settings->rank >= (int)settings->ranks)
        return mcb_setting_text_wrong(error, rank->variable[0] ? rank->variable : "--rank",
                                      rank->text, "out of range; 0 to %u, for --ranks %u",
                                      settings->ranks - 1, settings->ranks);
    if (settings->signal_every > settings->depth)
        return mcb_setting_text_wrong(error, "--signal-every",
                                      mcb_setting_values_get(values, "signal-every")->text,
                                      "out of range; 0 to %u, the --depth", settings->depth);
    return 0;
}

/* A NIC is known by its figure only if all have the same target. */
static int check_affinity(const struct mcb_setting_values *values,
                          const struct mcb_settings *settings, struct mcb_error *error)
{
    if (settings->pairs != MCB_PAIRS_AFFINITY || settings->peer_memory_count <= 1)
        return 0;
    return mcb_setting_text_wrong(error, "--peer-memory",
                                  mcb_setting_values_get(values, "peer-memory")->text,
                                  "%zu memories; --pairs affinity measures against a single one, "
                                  "cpu, cpu:N, cuda or cuda:N",
                                  settings->peer_memory_count);
}

/* What means something for the memory of GPUs only. */
static int check_gpu_options(const struct mcb_setting_values *values,
                             const struct mcb_settings *settings, struct mcb_error *error)
{
    static const char *const names[] = {"registration", "compare"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (is_given(values, names[i]) && !mcb_settings_use_gpus(settings))
            return mcb_error_set(error, MCB_FAULT_USE_OPTION,
                                 "--%s: means something for memory of GPUs only; mcbench gpu, with "
                                 "cuda in --memory or --peer-memory",
                                 names[i]);
    return 0;
}

static int parse_all(const struct mcb_setting_values *values, struct mcb_settings *settings,
                     struct mcb_error *error)
{
    size_t count;
    const struct mcb_setting *table = mcb_settings_table(&count);
    for (size_t i = 0; i < count; i++) {
        const struct mcb_setting_value *value = &values->rows[i];
        char option[MCB_VARIABLE_NAME_MAX];
        snprintf(option, sizeof option, "--%s", table[i].name);
        const char *given_as = value->from == MCB_FROM_VARIABLE ? value->variable : option;
        if (value->text && table[i].parse(settings, value->text, given_as, error))
            return -1;
    }
    settings->depth_given = is_given(values, "depth");
    return 0;
}

int mcb_settings_resolve(const struct mcb_setting_values *values, struct mcb_settings *settings,
                         struct mcb_error *error)
{
    struct mcb_settings resolved = {
        .max_mr_size = UINT64_MAX,
        .gid_index = -1,
        .routes = {MCB_ROUTE_DIRECT},
        .route_count = 1,
        .rank = -1,
    };
    if (check_party(values, error) || parse_all(values, &resolved, error) ||
        check_numbers(values, &resolved, error) || check_affinity(values, &resolved, error) ||
        check_gpu_options(values, &resolved, error)) {
        mcb_settings_release(&resolved);
        return -1;
    }
    *settings = resolved;
    return 0;
}

void mcb_settings_release(struct mcb_settings *settings)
{
    json_decref(settings->priority_matrix);
    settings->priority_matrix = NULL;
    json_decref(settings->expect_file);
    settings->expect_file = NULL;
    free(settings->expect);
    settings->expect = NULL;
    free(settings->etcd_urls);
    settings->etcd_urls = NULL;
    settings->etcd = NULL;
}
