/* SPDX-License-Identifier: Apache-2.0 */

/*
 * mcbench report [options] RESULT... -o FILE.html: the newest result as one page, with what it is
 * held against. It judges nothing by its exit code: the page says what is wrong, compare and show
 * say so to CI.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "bench/commands/commands.h"
#include "bench/commands/expect_options.h"
#include "bench/commands/inputs.h"
#include "bench/report/expectation.h"
#include "bench/report/page.h"
#include "common/fault.h"
#include "common/file.h"
#include "common/interrupt.h"
#include "common/log.h"
#include "common/text.h"

#define DEFAULT_OUTPUT "report.html"

struct values {
    bool allow_missing, across_hardware, by_rank;
    const char *output, *baseline, *history, *tolerance, *expect, *expect_file;
};

static const struct mcb_option rows[] = {
    {.name = "output",
     .value = "FILE.html",
     .help = "the page; " DEFAULT_OUTPUT " if not given",
     .offset = offsetof(struct values, output),
     .letter = 'o'},
    {.name = "baseline",
     .value = "FILE.json",
     .help = "compare the newest result with this one, and show what changed",
     .offset = offsetof(struct values, baseline)},
    {.name = "history",
     .value = "DIR",
     .help = "compare with the runs of this machine kept there, and show how each path went",
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
    {.name = "expect",
     .value = "RULES",
     .help = "show whether these hold, such as 'bandwidth >= 90% of ceiling; verified'",
     .offset = offsetof(struct values, expect)},
    {.name = "expect-file",
     .value = "FILE.json",
     .help = "rules by machine type, likewise",
     .offset = offsetof(struct values, expect_file)},
    {.name = NULL},
};

const struct mcb_options mcb_options_report = {
    rows, .words = {"RESULT...", 1, SIZE_MAX, "no result file given"}};

/* ---- the page ---- */

static int load(char **words, size_t count, const struct values *values, struct mcb_inputs *inputs,
                struct mcb_error *error)
{
    const struct mcb_inputs_output output = {"output", values->output};
    const struct mcb_inputs_request request = {
        .results = (const char *const *)words,
        .result_count = count,
        .baselines = &values->baseline,
        .baseline_count = values->baseline != NULL,
        .history = values->history,
        .tolerance = values->tolerance,
        .comparison = {.allow_missing = values->allow_missing,
                       .across_hardware = values->across_hardware,
                       .by_rank = values->by_rank},
        .outputs = &output,
        .output_count = 1,
    };
    char shown[256];
    if (values->expect_file && mcb_inputs_is_same_file(values->output, values->expect_file))
        return mcb_error_set(error, MCB_FAULT_USE_OPTION,
                             "--output %s: is the file of --expect-file",
                             mcb_text_clean(values->output, shown, sizeof shown));
    return mcb_inputs_load(&request, inputs, error);
}

/* What keeps a page from showing what was asked for. */
static void warn(const struct mcb_inputs *inputs, const struct values *values)
{
    char clean[256];
    mcb_inputs_warn(inputs);
    if (values->history && !inputs->compared)
        mcb_log_warn("--history %s: none of its results can be held against the newest one",
                     mcb_text_clean(values->history, clean, sizeof clean));
}

static int write_page(const struct mcb_inputs *inputs, const struct values *values,
                      const struct mcb_expectations *expectations, struct mcb_error *error)
{
    const struct mcb_page_input page = {
        .ledgers = inputs->results,
        .ledger_count = inputs->result_count,
        .comparison = inputs->compared ? &inputs->comparison : NULL,
        .expectations = expectations,
        .trends = inputs->has_trends ? &inputs->trends : NULL,
    };
    char shown[256];
    if (*mcb_interrupt_flag())
        return mcb_error_set(error, MCB_FAULT_RUN_INTERRUPTED, "interrupted");
    if (mcb_page_write(values->output, &page, error) != 0)
        return -1;
    if (!mcb_file_is_stream(values->output))
        printf("page: %s\n", mcb_text_clean(values->output, shown, sizeof shown));
    return 0;
}

/* Where nothing was asked for, the result is held to its own rules; of those that this mcbench does
 * not understand the page shows what the result says. */
static int judge_and_write(const struct mcb_inputs *inputs, const struct values *values,
                           const struct mcb_expect_options *options, struct mcb_error *error)
{
    struct mcb_expectations expectations;
    if (mcb_expect_options_judge(options, &inputs->results[inputs->result_count - 1], &expectations,
                                 error) != 0)
        return !mcb_expect_options_given(options) && error->code == MCB_FAULT_USE_RULE
                   ? write_page(inputs, values, NULL, error)
                   : -1;
    int status = write_page(inputs, values, &expectations, error);
    mcb_expectations_release(&expectations);
    return status;
}

static int report(char **words, size_t count, const struct values *values, struct mcb_error *error)
{
    struct mcb_expect_options options;
    struct mcb_inputs inputs;
    if (mcb_expect_options_read(values->expect, values->expect_file, &options, error) != 0)
        return -1;
    int status = load(words, count, values, &inputs, error);
    if (status == 0) {
        warn(&inputs, values);
        status = judge_and_write(&inputs, values, &options, error);
        mcb_inputs_release(&inputs);
    }
    mcb_expect_options_release(&options);
    return status;
}

int mcb_command_report(int argc, char **argv)
{
    struct values values = {.output = NULL};
    struct mcb_error error;
    size_t files;
    mcb_interrupt_install();
    if (mcb_options_parse(&mcb_options_report, argc, argv, &values, &files, &error) == 0) {
        values.output = values.output ? values.output : DEFAULT_OUTPUT;
        if (report(argv + 1, files, &values, &error) == 0 &&
            mcb_commands_finish_stdout(&error) == 0)
            return MCB_EXIT_OK;
    }
    mcb_log_error(&error);
    return mcb_error_exit(&error);
}
