/* SPDX-License-Identifier: Apache-2.0 */

/* The table of commands, and nothing else. */
#include "bench/commands/commands.h"

static const struct mcb_command_example cpu_examples[] = {
    {"mcbench cpu", "write bandwidth between all NICs of this host"},
    {"mcbench cpu --op write,read,send --measure bandwidth,latency --verify",
     "every operation, and proof that the bytes arrived"},
    {"mcbench cpu --size 2..8MiB --nic mlx5_0", "one NIC, sizes that double from 2 B to 8 MiB"},
    {"mcbench cpu --relaxed-ordering both", "relaxed ordering off and on, side by side"},
    {"mcbench cpu --listen 18515", "between two hosts: on the first one, n1,"},
    {"mcbench cpu --connect n1:18515 --verify", "... and on the second one"},
    {"mcbench cpu --etcd http://n1:2379 --job accept --ranks 4",
     "between four hosts: the same on each of them"},
    {"mcbench cpu --transport tcp --json", "over TCP, the result document to standard output"},
    {"mcbench cpu --dry-run", "what would be measured, and how long it would take"},
    {NULL, NULL},
};

static const struct mcb_command_example topo_examples[] = {
    {"mcbench topo", "this host: its NICs and GPUs, how far apart they are, and what is wrong"},
    {"mcbench topo --svg host.svg", "a drawing of it too"},
    {"mcbench topo --priority-matrix > matrix.json",
     "what Mooncake, and mcbench cpu --nic-priority-matrix, take"},
    {"mcbench topo --from n7.xml", "another host, which wrote: lstopo --whole-io n7.xml"},
    {NULL, NULL},
};

static const struct mcb_command_example show_examples[] = {
    {"mcbench show today.json", "the tables of a result again"},
    {"mcbench show monday.json tuesday.json", "of two results, one after the other"},
    {NULL, NULL},
};

static const struct mcb_command commands[] = {
    {"cpu", "[options]", "bandwidth and latency matrices between CPU memories", cpu_examples, NULL,
     mcb_command_cpu},
    {"topo", "[--from FILE.xml] [--json | --priority-matrix] [--svg FILE]",
     "show who sits near whom: NICs, GPUs and NUMA nodes, and their links", topo_examples,
     &mcb_options_topo, mcb_command_topo},
    {"show", "[--json] RESULT...", "print the tables of result files again", show_examples,
     &mcb_options_show, mcb_command_show},
};

int main(int argc, char **argv)
{
    return mcb_commands_run(commands, sizeof commands / sizeof commands[0], argc, argv);
}
