/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/commands/commands.h"
#include "bench/commands/job_command.h"

const struct mcb_command_default mcb_defaults_gpu[] = {{"memory", "cuda"}, {NULL, NULL}};

int mcb_command_gpu(int argc, char **argv)
{
    return mcb_job_command(argc, argv, mcb_defaults_gpu);
}
