/* SPDX-License-Identifier: Apache-2.0 */

/*
 * mcbench plot [--kind KIND] [--format svg|png] [--baseline FILE] [--history DIR] [-o DIR]
 * RESULT...: pictures of results, by gnuplot. What was made is listed on standard output.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/commands/commands.h"
#include "bench/commands/inputs.h"
#include "bench/report/plot.h"
#include "common/clock.h"
#include "common/fault.h"
#include "common/interrupt.h"
#include "common/log.h"
#include "common/text.h"

struct values {
    bool allow_missing, across_hardware, by_rank;
    const char *kind, *format, *baseline, *history, *tolerance, *output; /* NULL: not given */
};

static const struct mcb_option rows[] = {
    {.name = "kind",
     .value = "heat|gpu|size|latency|trend|ordering|change",
     .help = "only pictures of this kind; else all that the results have figures for",
     .offset = offsetof(struct values, kind)},
    {.name = "format",
     .value = "svg|png",
     .help = "of the pictures; svg if not given",
     .offset = offsetof(struct values, format)},
    {.name = "baseline",
     .value = "FILE",
     .help = "compares the newest result with this one",
     .offset = offsetof(struct values, baseline)},
    {.name = "history",
     .value = "DIR",
     .help = "earlier results of the machine, for trends and the comparison",
     .offset = offsetof(struct values, history)},
    {.name = "tolerance",
     .value = "PCT",
     .help = "per cent that do not count as a change; 5 if not given",
     .offset = offsetof(struct values, tolerance)},
    {.name = "allow-missing",
     .help = "a path that was not measured this time is no regression",
     .offset = offsetof(struct values, allow_missing)},
    {.name = "across-hardware",
     .help = "also compare what was measured on other hardware",
     .offset = offsetof(struct values, across_hardware)},
    {.name = "by-rank",
     .help = "match hosts by rank, whatever they are called",
     .offset = offsetof(struct values, by_rank)},
    {.name = "output",
     .value = "DIR",
     .help =
         "the folder of pictures, data files and scripts; NAME-plots of the newest result if not "
         "given",
     .offset = offsetof(struct values, output),
     .letter = 'o'},
    {.name = NULL},
};

const struct mcb_options mcb_options_plot = {
    rows, .words = {"RESULT...", 1, SIZE_MAX, "no result file given"}};

/* One call of gnuplot takes a second or so, for the largest matrices some. */
static const int64_t gnuplot_timeout_ns = 120 * MCB_NS_PER_S;

static int parse_format(const char *text, enum mcb_plot_format *format, struct mcb_error *error)
{
    static const char *const names[] = {[MCB_PLOT_SVG] = "svg", [MCB_PLOT_PNG] = "png"};
    char shown[64];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!text || strcmp(text, names[i]) == 0) {
            *format = (enum mcb_plot_format)i;
            return 0;
        }
    return mcb_error_set(error, MCB_FAULT_USE_VALUE, "--format %s: not a format; svg or png",
                         mcb_text_clean(text, shown, sizeof shown));
}

/* "today-plots" of "results/today.json": for free(). NULL: no memory. */
static char *default_folder(const char *result)
{
    static const char ending[] = ".json";
    const char *slash = strrchr(result, '/'), *name = slash ? slash + 1 : result;
    size_t length = strlen(name), tail = sizeof ending - 1;
    char *folder = NULL;
    if (length > tail && strcmp(name + length - tail, ending) == 0)
        length -= tail;
    return asprintf(&folder, "%.*s-plots", (int)length, name) >= 0 ? folder : NULL;
}

/* "today-plots/heat-1.svg  write bandwidth · 64 KiB · ..." */
static void print(const struct mcb_plots *plots, const char *folder)
{
    char clean[512];
    size_t widest = 0;
    for (size_t i = 0; i < plots->count; i++)
        if (strlen(plots->list[i].name) > widest)
            widest = strlen(plots->list[i].name);
    mcb_text_clean(folder, clean, sizeof clean);
    for (size_t i = 0; i < plots->count; i++)
        printf("%s/%-*s  %s\n", clean, (int)widest, plots->list[i].name, plots->list[i].title);
    if (plots->left_out > 0)
        printf("%zu more picture%s left out, for there are so many: --kind KIND makes up to %d of "
               "one kind\n",
               plots->left_out, plots->left_out == 1 ? " was" : "s were", MCB_PLOT_MOST);
    if (plots->too_large > 0)
        printf(
            "%zu matri%s left out: more than %d endpoints on a side are too many for a picture\n",
            plots->too_large, plots->too_large == 1 ? "x was" : "ces were",
            MCB_PLOT_ENDPOINTS_MOST);
}

static int load(char **words, size_t count, const struct values *values, struct mcb_inputs *inputs,
                struct mcb_error *error)
{
    const struct mcb_inputs_request request = {
        .results = (const char *const *)words,
        .result_count = count,
        .baselines = &values->baseline,
        .baseline_count = values->baseline != NULL,
        .history = values->history,
        .tolerance = values->tolerance,
        .comparison = {.allow_missing = values->allow_missing,
                       .across_hardware = values->across_hardware,
                       .by_rank = values->by_rank}};
    return mcb_inputs_load(&request, inputs, error);
}

static int make(const struct mcb_inputs *inputs, const struct mcb_plot_options *options,
                struct mcb_error *error)
{
    const struct mcb_plot_input input = {.ledgers = inputs->results,
                                         .ledger_count = inputs->result_count,
                                         .comparison =
                                             inputs->compared ? &inputs->comparison : NULL,
                                         .trends = inputs->has_trends ? &inputs->trends : NULL};
    struct mcb_plots plots;
    if (mcb_plot_make(&input, options, &plots, error) != 0)
        return -1;
    print(&plots, options->folder);
    mcb_plots_release(&plots);
    return 0;
}

static int plot(char **words, size_t count, const struct values *values, struct mcb_error *error)
{
    struct mcb_plot_options options = {.kind = values->kind, .timeout_ns = gnuplot_timeout_ns};
    struct mcb_inputs inputs;
    if (parse_format(values->format, &options.format, error) != 0 ||
        (values->kind && mcb_plot_check_kind(values->kind, error) != 0))
        return -1;
    if (load(words, count, values, &inputs, error) != 0)
        return -1;
    mcb_inputs_warn(&inputs);
    char *folder = values->output ? strdup(values->output)
                                  : default_folder(inputs.results[inputs.result_count - 1].path);
    options.folder = folder;
    int outcome =
        folder ? make(&inputs, &options, error)
               : mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the name of a folder");
    free(folder);
    mcb_inputs_release(&inputs);
    return outcome;
}

int mcb_command_plot(int argc, char **argv)
{
    struct values values = {0};
    struct mcb_error error;
    size_t files;
    mcb_interrupt_install();
    if (mcb_options_parse(&mcb_options_plot, argc, argv, &values, &files, &error) == 0 &&
        plot(argv + 1, files, &values, &error) == 0 && mcb_commands_finish_stdout(&error) == 0)
        return MCB_EXIT_OK;
    mcb_log_error(&error);
    return mcb_error_exit(&error);
}
