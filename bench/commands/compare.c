/* SPDX-License-Identifier: Apache-2.0 */

/*
 * mcbench compare [options] [BASELINE...] NEW: what changed between results, beyond tolerance and
 * noise. Files are written before anything is printed, and nothing is written where the comparison
 * cannot be made. Exit code 0: no regression; 1: a regression; 2: nothing can be compared.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "bench/commands/commands.h"
#include "bench/commands/inputs.h"
#include "bench/report/comparison_forms.h"
#include "bench/report/prometheus.h"
#include "common/fault.h"
#include "common/interrupt.h"
#include "common/log.h"
#include "common/text.h"

enum { SHOWN = 10 }; /* rows of each kind, without --all */

struct values {
    bool json, all, allow_missing, across_hardware, by_rank;
    const char *tolerance, *history, *markdown, *junit, *prometheus; /* NULL: not given */
};

static const struct mcb_option rows[] = {
    {"tolerance", "PCT",
     "a change counts if it is larger, in per cent, and larger than noise; 5 if "
     "not given",
     offsetof(struct values, tolerance), 0},
    {"history", "DIR",
     "earlier results of the machine: tells when each path changed; without BASELINE also what NEW "
     "is compared with",
     offsetof(struct values, history), 0},
    {"allow-missing", NULL, "a path that was not measured this time is no regression",
     offsetof(struct values, allow_missing), 0},
    {"across-hardware", NULL, "also compare what was measured on other hardware",
     offsetof(struct values, across_hardware), 0},
    {"by-rank", NULL, "match hosts by rank, whatever they are called",
     offsetof(struct values, by_rank), 0},
    {"all", NULL, "list every path, not only the worst of each kind", offsetof(struct values, all),
     0},
    {"markdown", "FILE", "write a summary for a merge request", offsetof(struct values, markdown),
     0},
    {"junit", "FILE", "write a JUnit report: a test case a path", offsetof(struct values, junit),
     0},
    {"prometheus", "FILE", "write NEW and its changes for node_exporter's textfile collector",
     offsetof(struct values, prometheus), 0},
    {"json", NULL, "the JSON document, in place of tables", offsetof(struct values, json), 0},
    {NULL, NULL, NULL, 0, 0},
};

const struct mcb_options mcb_options_compare = {
    rows, .words = {"[BASELINE...] NEW", 1, SIZE_MAX, "no result file given"}};

static int load(char **words, size_t count, const struct values *values, struct mcb_inputs *inputs,
                struct mcb_error *error)
{
    const struct mcb_inputs_output outputs[] = {{"junit", values->junit},
                                                {"markdown", values->markdown},
                                                {"prometheus", values->prometheus}};
    const char *const *paths = (const char *const *)words;
    const struct mcb_inputs_request request = {
        .results = &paths[count - 1],
        .result_count = 1,
        .baselines = paths,
        .baseline_count = count - 1,
        .history = values->history,
        .tolerance = values->tolerance,
        .comparison = {.allow_missing = values->allow_missing,
                       .across_hardware = values->across_hardware,
                       .by_rank = values->by_rank},
        .outputs = outputs,
        .output_count = sizeof outputs / sizeof outputs[0],
    };
    char name[256];
    if (count == 1 && !values->history)
        return mcb_error_set(error, MCB_FAULT_USE_OPTION,
                             "%s: nothing to compare it with; name a baseline before it, or "
                             "--history DIR",
                             mcb_text_clean(paths[0], name, sizeof name));
    return mcb_inputs_load(&request, inputs, error);
}

/* Where the reason is other hardware, what to do about it. A stand-in is never compared with
 * hardware. */
static const char *advice(const struct mcb_comparison *comparison)
{
    bool hardware = false, stand_in = false;
    for (size_t i = 0; i < comparison->differences.count; i++)
        hardware = hardware || comparison->differences.list[i].kind == MCB_DIFFERENCE_HARDWARE;
    for (size_t i = 0; i < comparison->baseline_count; i++)
        stand_in = stand_in || comparison->baselines[i].stand_in != comparison->after->stand_in;
    return hardware && !stand_in && !comparison->options.across_hardware
               ? "; --across-hardware compares it all the same"
               : "";
}

static int refuse_history(const struct mcb_inputs *inputs, const struct values *values,
                          struct mcb_error *error)
{
    char name[256], folder[256];
    return mcb_error_set(
        error, MCB_FAULT_USE_COMPARE,
        "%s: none of the %zu results in %s can be held against it: those from before "
        "it count, of the same hardware and settings; name a baseline to see why",
        mcb_text_clean(inputs->results[0].path, name, sizeof name), inputs->history.count,
        mcb_text_clean(values->history, folder, sizeof folder));
}

/* A baseline that ended before it measured anything of this. */
static int check_baseline_measured(const struct mcb_inputs *inputs, struct mcb_error *error)
{
    const struct mcb_comparison *comparison = &inputs->comparison;
    size_t fresh = comparison->counts[MCB_CHANGE_NEW];
    char name[256];
    if (fresh == 0 || fresh + comparison->counts[MCB_CHANGE_NOT_ASKED] < comparison->row_count)
        return 0;
    return mcb_error_set(error, MCB_FAULT_USE_COMPARE,
                         "%s: the baseline measured none of its %zu cells; name one that did",
                         mcb_text_clean(inputs->results[0].path, name, sizeof name), fresh);
}

/* Something was held against something, or nothing of it works any more: else a green answer would
 * mean nothing. */
static int check_comparable(const struct mcb_inputs *inputs, const struct values *values,
                            struct mcb_error *error)
{
    const struct mcb_comparison *comparison = &inputs->comparison;
    size_t different = comparison->counts[MCB_CHANGE_DIFFERENT], first = 0;
    char name[256];
    if (!inputs->compared)
        return refuse_history(inputs, values, error);
    if (comparison->compared > 0 || mcb_comparison_regressions(comparison) > 0)
        return 0;
    if (different == 0)
        return check_baseline_measured(inputs, error);
    while (comparison->rows[first].change != MCB_CHANGE_DIFFERENT)
        first++;
    return mcb_error_set(error, MCB_FAULT_USE_COMPARE,
                         "%s: all %zu cells that the baseline has too were measured differently "
                         "there: %s%s",
                         mcb_text_clean(inputs->results[0].path, name, sizeof name), different,
                         comparison->rows[first].why, advice(comparison));
}

static int write_files(const struct mcb_inputs *inputs, const struct values *values,
                       struct mcb_error *error)
{
    const struct mcb_comparison *comparison = &inputs->comparison;
    const struct mcb_trends *trends = inputs->has_trends ? &inputs->trends : NULL;
    if (values->junit && mcb_comparison_write_junit(values->junit, comparison, error) != 0)
        return -1;
    if (values->markdown &&
        mcb_comparison_write_markdown(values->markdown, comparison, trends, error) != 0)
        return -1;
    return values->prometheus ? mcb_prometheus_write(values->prometheus, comparison->after,
                                                     comparison, NULL, error)
                              : 0;
}

static int print(const struct mcb_inputs *inputs, const struct values *values,
                 struct mcb_error *error)
{
    const struct mcb_trends *trends = inputs->has_trends ? &inputs->trends : NULL;
    if (values->json) {
        if (mcb_comparison_print_json(stdout, &inputs->comparison, trends) == 0 || ferror(stdout))
            return 0;
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the document");
    }
    struct mcb_text_terminal terminal = mcb_text_terminal(STDOUT_FILENO);
    const struct mcb_canvas canvas = {stdout, terminal.columns, terminal.colour};
    mcb_comparison_print(&canvas, &inputs->comparison, trends, values->all ? 0 : SHOWN);
    return 0;
}

static int compare(char **words, size_t count, const struct values *values, int *exit_code,
                   struct mcb_error *error)
{
    struct mcb_inputs inputs;
    if (load(words, count, values, &inputs, error) != 0)
        return -1;
    mcb_inputs_warn(&inputs);
    int status = check_comparable(&inputs, values, error);
    if (status == 0 && *mcb_interrupt_flag())
        status = mcb_error_set(error, MCB_FAULT_RUN_INTERRUPTED, "interrupted");
    if (status == 0)
        status = write_files(&inputs, values, error);
    if (status == 0)
        status = print(&inputs, values, error);
    if (status == 0)
        *exit_code =
            mcb_comparison_regressions(&inputs.comparison) > 0 ? MCB_EXIT_HELD_NOT : MCB_EXIT_OK;
    mcb_inputs_release(&inputs);
    return status;
}

int mcb_command_compare(int argc, char **argv)
{
    struct values values = {0};
    struct mcb_error error;
    size_t files;
    int exit_code = MCB_EXIT_OK;
    mcb_interrupt_install();
    if (mcb_options_parse(&mcb_options_compare, argc, argv, &values, &files, &error) == 0 &&
        compare(argv + 1, files, &values, &exit_code, &error) == 0 &&
        mcb_commands_finish_stdout(&error) == 0)
        return exit_code;
    mcb_log_error(&error);
    return mcb_error_exit(&error);
}
