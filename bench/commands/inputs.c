/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/commands/inputs.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/file.h"
#include "common/log.h"
#include "common/text.h"

#define DEFAULT_TOLERANCE 0.05
#define MOST_PER_CENT     90.0

/* Digits and one point: strtod() would take "inf", "0x5" and "1e1" too. */
static bool is_decimal(const char *text, size_t length)
{
    size_t digits = 0, points = 0;
    for (size_t i = 0; i < length; i++) {
        digits += text[i] >= '0' && text[i] <= '9';
        points += text[i] == '.';
    }
    return digits > 0 && points <= 1 && digits + points == length;
}

int mcb_inputs_parse_tolerance(const char *text, double *tolerance, struct mcb_error *error)
{
    char shown[64], number[32];
    size_t length = strspn(text, "0123456789.");
    const char *rest = text + length;
    rest += strspn(rest, " ");
    rest += *rest == '%';
    if (*rest == '\0' && length < sizeof number && is_decimal(text, length)) {
        memcpy(number, text, length);
        number[length] = '\0';
        double per_cent = strtod(number, NULL);
        if (per_cent <= MOST_PER_CENT) {
            *tolerance = per_cent / 100;
            return 0;
        }
    }
    return mcb_error_set(error, MCB_FAULT_USE_VALUE,
                         "--tolerance %s: not a part in per cent; 0 to %.0f, as in 5 or 2.5%%",
                         mcb_text_clean(text, shown, sizeof shown), MOST_PER_CENT);
}

static int no_memory(struct mcb_error *error)
{
    return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the results");
}

/* ---- files ---- */

bool mcb_inputs_is_same_file(const char *left, const char *right)
{
    struct stat a, b;
    if (!left || !right)
        return false;
    if (strcmp(left, right) == 0)
        return true;
    return stat(left, &a) == 0 && stat(right, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

bool mcb_inputs_is_same_place(const char *left, const char *right)
{
    char *folders[] = {strdup(left), strdup(right)}, *names[] = {strdup(left), strdup(right)};
    bool same = mcb_inputs_is_same_file(left, right);
    if (!same && folders[0] && folders[1] && names[0] && names[1])
        same = strcmp(basename(names[0]), basename(names[1])) == 0 &&
               mcb_inputs_is_same_file(dirname(folders[0]), dirname(folders[1]));
    for (size_t i = 0; i < 2; i++) {
        free(folders[i]);
        free(names[i]);
    }
    return same;
}

static int refuse_output(const struct mcb_inputs_output *output, const char *why,
                         struct mcb_error *error)
{
    char shown[256];
    return mcb_error_set(error, MCB_FAULT_USE_OPTION, "--%s %s: %s", output->option,
                         mcb_text_clean(output->path, shown, sizeof shown), why);
}

/* Against each other and what is named as an input. */
static int check_outputs(const struct mcb_inputs_request *request, struct mcb_error *error)
{
    for (size_t i = 0; i < request->output_count; i++) {
        const struct mcb_inputs_output *output = &request->outputs[i];
        for (size_t j = 0; output->path && j < i; j++)
            if (request->outputs[j].path && !mcb_file_is_stream(output->path) &&
                mcb_inputs_is_same_place(output->path, request->outputs[j].path))
                return refuse_output(output, "another output goes to the same file", error);
        for (size_t j = 0; output->path && j < request->result_count + request->baseline_count; j++)
            if (mcb_inputs_is_same_file(output->path,
                                        j < request->result_count
                                            ? request->results[j]
                                            : request->baselines[j - request->result_count]))
                return refuse_output(output, "is one of the results that are read", error);
    }
    return 0;
}

/* Told as several runs, one would make the noise between runs look smaller than it is. */
static int check_baselines(const struct mcb_inputs_request *request, struct mcb_error *error)
{
    char shown[256];
    for (size_t i = 0; i < request->baseline_count; i++)
        for (size_t j = 0; j < i; j++)
            if (mcb_inputs_is_same_file(request->baselines[i], request->baselines[j]))
                return mcb_error_set(error, MCB_FAULT_USE_OPTION,
                                     "%s: this baseline is given twice; a run counts once",
                                     mcb_text_clean(request->baselines[i], shown, sizeof shown));
    return 0;
}

static int check_outputs_in_history(const struct mcb_inputs_request *request,
                                    const struct mcb_history *history, struct mcb_error *error)
{
    for (size_t i = 0; i < request->output_count; i++)
        for (size_t run = 0; request->outputs[i].path && run < history->count; run++)
            if (mcb_inputs_is_same_file(request->outputs[i].path, history->runs[run].path))
                return refuse_output(&request->outputs[i], "is a result of the history", error);
    return 0;
}

/* ---- ledgers ---- */

static void release_ledgers(struct mcb_ledger *ledgers, size_t count)
{
    for (size_t i = 0; ledgers && i < count; i++)
        mcb_ledger_release(&ledgers[i]);
    free(ledgers);
}

/* In the order of time; those of the same second in the order in which they were given. */
static void sort_by_time(struct mcb_ledger *ledgers, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct mcb_ledger moved = ledgers[i];
        size_t at = i;
        for (; at > 0 && strcmp(ledgers[at - 1].started, moved.started) > 0; at--)
            ledgers[at] = ledgers[at - 1];
        ledgers[at] = moved;
    }
}

/* Results and baselines are read together, as several files are read at the same time. */
static int load_ledgers(const struct mcb_inputs_request *request, struct mcb_inputs *inputs,
                        struct mcb_error *error)
{
    size_t results = request->result_count, baselines = request->baseline_count;
    const char **paths = calloc(results + baselines, sizeof *paths);
    struct mcb_ledger *both = calloc(results + baselines, sizeof *both);
    inputs->results = calloc(results, sizeof *inputs->results);
    inputs->baselines = calloc(baselines + 1, sizeof *inputs->baselines);
    int outcome = -1;
    if (!paths || !both || !inputs->results || !inputs->baselines) {
        no_memory(error);
        goto done;
    }
    memcpy(paths, request->baselines ? request->baselines : request->results,
           baselines * sizeof *paths);
    memcpy(paths + baselines, request->results, results * sizeof *paths);
    outcome = mcb_ledger_load(paths, results + baselines, both, error);
    if (outcome != 0)
        goto done;
    memcpy(inputs->baselines, both, baselines * sizeof *both);
    memcpy(inputs->results, both + baselines, results * sizeof *both);
    inputs->baseline_count = baselines;
    inputs->result_count = results;
    sort_by_time(inputs->baselines, baselines);
    sort_by_time(inputs->results, results);
done:
    free(both);
    free(paths);
    return outcome;
}

/* ---- the history ---- */

static const struct mcb_ledger *newest_result(const struct mcb_inputs *inputs)
{
    return &inputs->results[inputs->result_count - 1];
}

/* Of the history those that fit are what the newest result is held against, unless that was said.
 */
static int choose_baselines(struct mcb_inputs *inputs, bool by_rank, struct mcb_error *error)
{
    size_t chosen[MCB_HISTORY_CHOSEN_MOST], count;
    if (mcb_history_choose(&inputs->history, newest_result(inputs), by_rank, chosen, &count,
                           error) != 0)
        return -1;
    free(inputs->baselines);
    inputs->baselines = calloc(count + 1, sizeof *inputs->baselines);
    if (!inputs->baselines)
        return no_memory(error);
    for (size_t i = 0; i < count; i++)
        inputs->baselines[i] = inputs->history.runs[chosen[i]];
    inputs->baseline_count = count;
    inputs->baselines_of_history = true;
    return 0;
}

static int load_history(const struct mcb_inputs_request *request, struct mcb_inputs *inputs,
                        struct mcb_error *error)
{
    if (!request->history)
        return 0;
    if (mcb_history_load(request->history, newest_result(inputs)->path, &inputs->history, error) !=
        0)
        return -1;
    if (check_outputs_in_history(request, &inputs->history, error) != 0)
        return -1;
    return inputs->baseline_count == 0
               ? choose_baselines(inputs, request->comparison.by_rank, error)
               : 0;
}

static bool is_a_result(const struct mcb_inputs *inputs, const char *path)
{
    for (size_t i = 0; i < inputs->result_count; i++)
        if (mcb_inputs_is_same_file(inputs->results[i].path, path))
            return true;
    return false;
}

static int make_timeline(struct mcb_inputs *inputs, struct mcb_error *error)
{
    size_t runs = inputs->history.count, count = 0, result = 0;
    inputs->timeline = calloc(runs + inputs->result_count, sizeof *inputs->timeline);
    if (!inputs->timeline)
        return no_memory(error);
    for (size_t run = 0; run < runs; run++) {
        const struct mcb_ledger *ledger = &inputs->history.runs[run];
        if (is_a_result(inputs, ledger->path))
            continue;
        while (result < inputs->result_count &&
               strcmp(inputs->results[result].started, ledger->started) < 0)
            inputs->timeline[count++] = &inputs->results[result++];
        inputs->timeline[count++] = ledger;
    }
    while (result < inputs->result_count)
        inputs->timeline[count++] = &inputs->results[result++];
    inputs->timeline_count = count;
    return 0;
}

/* ---- what is made of them ---- */

static int compare(struct mcb_inputs *inputs, const struct mcb_comparison_options *options,
                   struct mcb_error *error)
{
    if (inputs->baseline_count == 0)
        return 0;
    if (mcb_comparison_make(inputs->baselines, inputs->baseline_count, newest_result(inputs),
                            options, &inputs->comparison, error) != 0)
        return -1;
    inputs->compared = true;
    return 0;
}

static int make_trends(struct mcb_inputs *inputs, const struct mcb_comparison_options *options,
                       struct mcb_error *error)
{
    if (inputs->timeline_count < 2)
        return 0;
    if (mcb_trends_make(inputs->timeline, inputs->timeline_count, options->tolerance,
                        options->by_rank, &inputs->trends, error) != 0)
        return -1;
    inputs->has_trends = true;
    return 0;
}

int mcb_inputs_load(const struct mcb_inputs_request *request, struct mcb_inputs *inputs,
                    struct mcb_error *error)
{
    struct mcb_inputs made = {0};
    struct mcb_comparison_options options = request->comparison;
    options.tolerance = DEFAULT_TOLERANCE;
    if (request->tolerance &&
        mcb_inputs_parse_tolerance(request->tolerance, &options.tolerance, error) != 0)
        return -1;
    if (check_outputs(request, error) != 0 || check_baselines(request, error) != 0)
        return -1;
    if (load_ledgers(request, &made, error) != 0 || load_history(request, &made, error) != 0 ||
        compare(&made, &options, error) != 0 || make_timeline(&made, error) != 0 ||
        make_trends(&made, &options, error) != 0) {
        mcb_inputs_release(&made);
        return -1;
    }
    *inputs = made;
    return 0;
}

void mcb_inputs_release(struct mcb_inputs *inputs)
{
    if (inputs->has_trends)
        mcb_trends_release(&inputs->trends);
    if (inputs->compared)
        mcb_comparison_release(&inputs->comparison);
    free(inputs->timeline);
    if (inputs->baselines_of_history)
        free(inputs->baselines);
    else
        release_ledgers(inputs->baselines, inputs->baseline_count);
    release_ledgers(inputs->results, inputs->result_count);
    mcb_history_release(&inputs->history);
    *inputs = (struct mcb_inputs){0};
}

void mcb_inputs_warn(const struct mcb_inputs *inputs)
{
    if (inputs->history.unreadable > 0)
        mcb_log_warn("%s", inputs->history.damaged);
}
