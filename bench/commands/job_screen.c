/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/commands/job_screen.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/commands/commands.h"
#include "bench/report/table.h"
#include "bench/report/text.h"
#include "common/json.h"
#include "common/log.h"
#include "common/units.h"

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

static void print_title(FILE *out, const char *command, const struct mcb_settings *settings,
                        const struct mcb_plan *plan, const char *transport, unsigned ranks,
                        size_t nics)
{
    char duration[32];
    fprintf(out, "mcbench %s · %s → %s · %s · ", MCB_VERSION, command, command, transport);
    describe_settings(out, settings, plan);
    fputs(" · ", out);
    if (ranks > 1)
        fprintf(out, "%u hosts, ", ranks);
    fprintf(out, "%zu %s, %zu %s, %zu %s", nics, plural(nics, "NIC", "NICs"), plan->path_count,
            plural(plan->path_count, "path", "paths"), plan->round_count,
            plural(plan->round_count, "round", "rounds"));
    fprintf(
        out, " · about %s\n",
        mcb_units_format_duration(mcb_plan_duration_ns(plan, settings), duration, sizeof duration));
}

void mcb_job_screen_title(const char *command, const struct mcb_settings *settings,
                          const struct mcb_plan *plan, const char *transport, const char *because,
                          unsigned ranks, size_t nics)
{
    if (settings->quiet || settings->json)
        return;
    print_title(stdout, command, settings, plan, transport, ranks, nics);
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

static void print_round(const struct mcb_plan *plan, size_t number, const struct mcb_nic *nics,
                        size_t nic_count)
{
    const struct mcb_round *round = &plan->rounds[number];
    const struct mcb_cell_settings *cell = &plan->settings[round->settings];
    char size[32];
    printf("round %zu: %s %s, %s, relaxed ordering %s:", number + 1,
           mcb_operation_name(cell->operation), mcb_measure_name(cell->measure),
           mcb_units_format_size(cell->size_bytes, size, sizeof size),
           mcb_ordering_name(cell->ordering));
    for (size_t i = 0; i < round->path_count; i++) {
        const struct mcb_path *path = &plan->paths[round->first_path + i];
        if (i == PLAN_PATHS_SHOWN) {
            printf(" and %zu more", round->path_count - i);
            break;
        }
        printf(" %s", nics[path->initiator % nic_count].name);
        if (path->initiator >= nic_count)
            printf("#%zu", path->initiator / nic_count);
        printf("→%s", nics[path->target % nic_count].name);
        if (path->target >= nic_count)
            printf("#%zu", path->target / nic_count);
    }
    putchar('\n');
}

void mcb_job_screen_plan(const char *command, const struct mcb_settings *settings,
                         const struct mcb_plan *plan, const char *transport,
                         const struct mcb_nic *nics, size_t nic_count)
{
    bool alone = !settings->listen && !settings->connect && !settings->etcd;
    unsigned ranks = alone ? 1 : settings->ranks > 1 ? settings->ranks : 2;
    print_title(stdout, command, settings, plan, transport, ranks, nic_count * ranks);
    printf("%zu %s of %zu %s under %zu %s%s\n", plan->cell_count,
           plural(plan->cell_count, "cell", "cells"), plan->path_count,
           plural(plan->path_count, "path", "paths"), plan->settings_count,
           plural(plan->settings_count, "setting", "settings"),
           alone ? "" : ", if every host has as many NICs as this one (#1: the NIC of rank 1)");
    for (size_t i = 0; i < plan->round_count; i++)
        print_round(plan, i, nics, nic_count);
}

static int print_tables(const json_t *document, struct mcb_error *error)
{
    struct mcb_text_terminal terminal = mcb_text_terminal(STDOUT_FILENO);
    struct mcb_table_options options = {
        .columns = terminal.columns, .colour = terminal.colour, .live = true};
    return mcb_table_print(stdout, document, &options, error);
}

int mcb_job_screen_result(const struct mcb_settings *settings, const json_t *document,
                          const char *path, struct mcb_error *error)
{
    if (settings->json) {
        mcb_json_print(stdout, document);
    } else if (!settings->quiet) {
        if (print_tables(document, error) != 0)
            return -1;
        if (path)
            printf("result: %s\n", path);
    }
    return mcb_commands_finish_stdout(error);
}
