/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "bench/commands/arguments.h"
#include "bench/commands/commands.h"
#include "bench/commands/job.h"
#include "common/log.h"

static const char *get_variable(const char *name)
{
    return getenv(name);
}

int mcb_command_cpu(int argc, char **argv)
{
    struct mcb_error error = {0};
    struct mcb_setting_values *values = mcb_setting_values_new();
    enum mcb_exit exit_code;
    if (!values) {
        mcb_error_set(&error, MCB_FAULT_HOST_MEMORY, "no memory for the settings");
    } else if (mcb_arguments_parse(argc, argv, values, &error) == 0 &&
               mcb_setting_values_read_environment(values, get_variable, &error) == 0) {
        const struct mcb_job_options options = {argv[0], argc, argv, values};
        exit_code = mcb_job_run(&options);
        goto done;
    }
    mcb_log_error(&error);
    exit_code = mcb_error_exit(&error);
done:
    mcb_setting_values_free(values);
    return exit_code;
}
