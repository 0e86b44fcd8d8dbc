/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/commands/job_screen.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/commands/commands.h"
#include "bench/report/table.h"
#include "common/json.h"
#include "common/log.h"
#include "common/text.h"
#include "common/units.h"
#include "gpu/module.h"

enum { PLAN_PATHS_SHOWN = 64 };

static const char *plural(size_t count, const char *one, const char *more)
{
    return count == 1 ? one : more;
}

/* "write, read" for the operations, "64 KiB" or "64 KiB to 8 MiB" for the sizes. */
static void describe_settings(FILE *out, const struct mcb_settings *settings,
                              const struct mcb_plan *plan)
{
    for (size_t i = 0; i < settings->operation_count; i++)
        fprintf(out, "%s%s", i ? ", " : "", mcb_operation_name(settings->operations[i]));
    uint64_t least = UINT64_MAX, most = 0;
    for (size_t i = 0; i < plan->settings_count; i++) {
        uint64_t size = plan->settings[i].size_bytes;
        least = size < least ? size : least;
        most = size > most ? size : most;
    }
    char text[2][32];
    fprintf(out, " · %s", mcb_units_format_size(least, text[0], sizeof text[0]));
    if (least != most)
        fprintf(out, " to %s", mcb_units_format_size(most, text[1], sizeof text[1]));
}

static bool shows_routes(const struct mcb_settings *settings)
{
    return settings->route_count > 1 || settings->routes[0] != MCB_ROUTE_DIRECT;
}

/* ", staged" where there is another route than direct. */
static void describe_routes(FILE *out, const struct mcb_settings *settings)
{
    for (size_t i = 0; shows_routes(settings) && i < settings->route_count; i++)
        fprintf(out, ", %s", mcb_route_name(settings->routes[i]));
}

/* "cpu", "cuda:0,cpu:1" as it was asked for. */
static void describe_memories(FILE *out, const struct mcb_memory_choice *choices, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct mcb_location location = {mcb_memory_choice_kind(&choices[i]),
                                              choices[i].number};
        char text[MCB_LOCATION_MAX];
        fprintf(out, "%s%s", i ? "," : "", mcb_location_format(location, text));
    }
}

static void describe_ends(FILE *out, const struct mcb_settings *settings)
{
    bool own = settings->peer_memory_count > 0;
    describe_memories(out, settings->memories, settings->memory_count);
    fputs(" → ", out);
    if (!own && settings->pairs == MCB_PAIRS_AFFINITY)
        fputs("cpu", out);
    else if (own)
        describe_memories(out, settings->peer_memories, settings->peer_memory_count);
    else
        describe_memories(out, settings->memories, settings->memory_count);
}

/* NICs and GPUs that have an endpoint. */
static void count_parts(const struct mcb_endpoint_list *list, size_t *nics, size_t *gpus)
{
    bool nic_seen[MCB_NICS_MAX] = {false}, gpu_seen[MCB_GPUS_MAX] = {false};
    for (uint32_t i = 0; i < list->count; i++) {
        const struct mcb_plan_endpoint *endpoint = &list->endpoints[i];
        *nics += !nic_seen[endpoint->nic];
        nic_seen[endpoint->nic] = true;
        if (endpoint->gpu < 0)
            continue;
        *gpus += !gpu_seen[endpoint->gpu];
        gpu_seen[endpoint->gpu] = true;
    }
}

struct parts {
    size_t ranks, nics, gpus;
};

static void print_title(FILE *out, const struct mcb_settings *settings, const struct mcb_plan *plan,
                        const char *transport, const struct parts *parts)
{
    char duration[32];
    fprintf(out, "mcbench %s · ", MCB_VERSION);
    describe_ends(out, settings);
    fprintf(out, " · %s", transport);
    describe_routes(out, settings);
    fputs(" · ", out);
    describe_settings(out, settings, plan);
    fputs(" · ", out);
    if (parts->ranks > 1)
        fprintf(out, "%zu hosts, ", parts->ranks);
    fprintf(out, "%zu %s, ", parts->nics, plural(parts->nics, "NIC", "NICs"));
    if (parts->gpus > 0)
        fprintf(out, "%zu %s, ", parts->gpus, plural(parts->gpus, "GPU", "GPUs"));
    fprintf(out, "%zu %s, %zu %s", plan->path_count, plural(plan->path_count, "path", "paths"),
            plan->round_count, plural(plan->round_count, "round", "rounds"));
    fprintf(
        out, " · about %s\n",
        mcb_units_format_duration(mcb_plan_duration_ns(plan, settings), duration, sizeof duration));
}

void mcb_job_screen_title(const struct mcb_settings *settings, const struct mcb_plan *plan,
                          const char *transport, const char *because,
                          const struct mcb_endpoint_list *lists, unsigned ranks)
{
    struct parts parts = {.ranks = ranks};
    if (settings->quiet || settings->json)
        return;
    for (unsigned rank = 0; rank < ranks; rank++)
        count_parts(&lists[rank], &parts.nics, &parts.gpus);
    print_title(stdout, settings, plan, transport, &parts);
    if (*because)
        printf("transport %s: %s\n", transport, because);
    fflush(stdout);
}

void mcb_job_screen_check(const char *name, enum mcb_verdict verdict, const char *evidence,
                          void *context)
{
    const struct mcb_settings *settings = context;
    if (verdict == MCB_VERDICT_WARN)
        mcb_log_warn("%s: %s", name, evidence);
    else if (verdict == MCB_VERDICT_PASS && !settings->quiet && !settings->json)
        printf("preflight ✔ %s: %s\n", name, evidence);
}

/* The endpoints of a plan that is only shown: all ranks have those of this host. */
struct shown_plan {
    const struct mcb_plan *plan;
    const struct mcb_nic *nics;
    const struct mcb_endpoint_list *list;
    bool with_memory;
    bool with_route;
};

/* "mlx5_0", "mlx5_0/cuda:0", "mlx5_0/cpu#1" of rank 1 */
static void print_endpoint(const struct shown_plan *shown, uint32_t number)
{
    const struct mcb_plan_endpoint *endpoint = &shown->list->endpoints[number % shown->list->count];
    fputs(shown->nics[endpoint->nic].name, stdout);
    if (shown->with_memory) {
        const struct mcb_memory_choice memory = {
            endpoint->gpu >= 0, endpoint->gpu >= 0 ? endpoint->gpu : endpoint->numa_node};
        const struct mcb_location location = {mcb_memory_choice_kind(&memory), memory.number};
        char text[MCB_LOCATION_MAX];
        printf("/%s", mcb_location_format(location, text));
    }
    if (number >= shown->list->count)
        printf("#%u", number / shown->list->count);
}

static void print_round(const struct shown_plan *shown, size_t number)
{
    const struct mcb_round *round = &shown->plan->rounds[number];
    const struct mcb_cell_settings *cell = &shown->plan->settings[round->settings];
    char size[32];
    printf("round %zu: %s %s, %s, relaxed ordering %s%s%s:", number + 1,
           mcb_operation_name(cell->operation), mcb_measure_name(cell->measure),
           mcb_units_format_size(cell->size_bytes, size, sizeof size),
           mcb_ordering_name(cell->ordering), shown->with_route ? ", " : "",
           shown->with_route ? mcb_route_name(cell->route) : "");
    for (size_t i = 0; i < round->path_count; i++) {
        const struct mcb_path *path = &shown->plan->paths[round->first_path + i];
        if (i == PLAN_PATHS_SHOWN) {
            printf(" and %zu more", round->path_count - i);
            break;
        }
        putchar(' ');
        print_endpoint(shown, path->initiator);
        fputs("→", stdout);
        print_endpoint(shown, path->target);
    }
    putchar('\n');
}

void mcb_job_screen_plan(const struct mcb_settings *settings, const struct mcb_plan *plan,
                         const char *transport, const struct mcb_nic *nics,
                         const struct mcb_endpoint_list *list)
{
    bool alone = !settings->listen && !settings->connect && !settings->etcd;
    struct parts parts = {.ranks = alone ? 1 : settings->ranks > 1 ? settings->ranks : 2};
    const struct shown_plan shown = {plan, nics, list, mcb_endpoint_list_needs_memory(list),
                                     shows_routes(settings)};
    count_parts(list, &parts.nics, &parts.gpus);
    parts.nics *= parts.ranks;
    parts.gpus *= parts.ranks;
    print_title(stdout, settings, plan, transport, &parts);
    printf("%zu %s of %zu %s under %zu %s%s\n", plan->cell_count,
           plural(plan->cell_count, "cell", "cells"), plan->path_count,
           plural(plan->path_count, "path", "paths"), plan->settings_count,
           plural(plan->settings_count, "setting", "settings"),
           alone ? ""
           : parts.gpus > 0
               ? ", if every host has NICs and GPUs as this one (#1: of rank 1)"
               : ", if every host has as many NICs as this one (#1: the NIC of rank 1)");
    for (size_t i = 0; i < plan->round_count; i++)
        print_round(&shown, i);
}

static int print_tables(const json_t *document, const struct mcb_expectations *expectations,
                        const struct mcb_ledger *ledger, struct mcb_error *error)
{
    struct mcb_text_terminal terminal = mcb_text_terminal(STDOUT_FILENO);
    const struct mcb_table_options options = {
        .columns = terminal.columns, .colour = terminal.colour, .live = true};
    const struct mcb_canvas canvas = {
        .out = stdout, .columns = terminal.columns, .colour = terminal.colour};
    if (mcb_table_print(stdout, document, &options, error) != 0)
        return -1;
    mcb_expectations_print(&canvas, expectations, ledger);
    return 0;
}

int mcb_job_screen_result(const struct mcb_settings *settings, const json_t *document,
                          const struct mcb_expectations *expectations,
                          const struct mcb_ledger *ledger, const char *path,
                          struct mcb_error *error)
{
    if (settings->json) {
        mcb_json_print(stdout, document);
    } else if (!settings->quiet) {
        if (print_tables(document, expectations, ledger, error) != 0)
            return -1;
        if (path)
            printf("result: %s\n", path);
    }
    return mcb_commands_finish_stdout(error);
}
