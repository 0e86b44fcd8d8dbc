/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/commands/job_output.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/commands/inputs.h"
#include "common/file.h"
#include "common/text.h"

static int check_folder(const char *option, const char *path, struct mcb_error *error)
{
    if (!path || mcb_file_is_stream(path))
        return 0;
    char *copy = strdup(path);
    const char *folder = copy ? dirname(copy) : ".";
    int status = 0;
    if (access(folder, W_OK | X_OK) != 0)
        status = mcb_error_set(error, MCB_FAULT_HOST_OUTPUT, "%s %s: %s: %s", option, path, folder,
                               strerror(errno));
    free(copy);
    return status;
}

/* One file would be written over the other, or over the rules. */
static int check_apart(const struct mcb_settings *settings, struct mcb_error *error)
{
    const char *output = settings->output, *prometheus = settings->prometheus;
    const char *rules = settings->expect_path;
    char clean[256];
    if (output && prometheus && !mcb_file_is_stream(output) &&
        mcb_inputs_is_same_place(output, prometheus))
        return mcb_error_set(error, MCB_FAULT_USE_OPTION,
                             "--prometheus %s: the result goes to the same file",
                             mcb_text_clean(prometheus, clean, sizeof clean));
    if (mcb_inputs_is_same_file(output, rules) || mcb_inputs_is_same_file(prometheus, rules))
        return mcb_error_set(error, MCB_FAULT_USE_OPTION,
                             "--expect-file %s: an output goes to the same file",
                             mcb_text_clean(rules, clean, sizeof clean));
    return 0;
}

int mcb_job_output_check(const struct mcb_settings *settings, struct mcb_error *error)
{
    if (check_apart(settings, error) != 0 || check_folder("--output", settings->output, error) != 0)
        return -1;
    return check_folder("--prometheus", settings->prometheus, error);
}

/* A made name is never that of a file that is there: "x.json", "x-2.json", ... */
static void make_path(const char *stem, char path[MCB_JOB_OUTPUT_MAX])
{
    snprintf(path, MCB_JOB_OUTPUT_MAX, "%s.json", stem);
    for (int number = 2; access(path, F_OK) == 0 && number < 1000; number++)
        snprintf(path, MCB_JOB_OUTPUT_MAX, "%s-%d.json", stem, number);
}

const char *mcb_job_output_path(const struct mcb_settings *settings, const char *command,
                                const char *host, char made[MCB_JOB_OUTPUT_MAX])
{
    if (settings->output)
        return settings->output;
    if (settings->json)
        return NULL;
    char when[32], stem[400];
    time_t now = time(NULL);
    struct tm local;
    strftime(when, sizeof when, "%Y%m%d-%H%M%S", localtime_r(&now, &local));
    snprintf(stem, sizeof stem, "mcbench-%s-%.300s-%s", command, host, when);
    for (char *c = stem; *c; c++)
        if (*c == '/')
            *c = '_';
    make_path(stem, made);
    return made;
}
