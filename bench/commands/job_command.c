/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/commands/job_command.h"

#include <stdlib.h>

#include "bench/commands/arguments.h"
#include "bench/commands/job.h"
#include "common/log.h"

static const char *get_variable(const char *name)
{
    return getenv(name);
}

static int set_defaults(struct mcb_setting_values *values,
                        const struct mcb_command_default *defaults, struct mcb_error *error)
{
    for (; defaults && defaults->name; defaults++)
        if (mcb_setting_values_default(values, defaults->name, defaults->text, error) != 0)
            return -1;
    return 0;
}

int mcb_job_command(int argc, char **argv, const struct mcb_command_default *defaults)
{
    struct mcb_error error = {0};
    struct mcb_setting_values *values = mcb_setting_values_new();
    enum mcb_exit exit_code;
    if (!values) {
        mcb_error_set(&error, MCB_FAULT_HOST_MEMORY, "no memory for the settings");
    } else if (set_defaults(values, defaults, &error) == 0 &&
               mcb_arguments_parse(argc, argv, values, &error) == 0 &&
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
