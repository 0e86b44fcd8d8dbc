/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/commands/commands.h"
#include "bench/commands/job_command.h"

int mcb_command_cpu(int argc, char **argv)
{
    return mcb_job_command(argc, argv, NULL);
}
