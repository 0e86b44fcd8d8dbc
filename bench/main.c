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

static const struct mcb_command_example gpu_examples[] = {
    {"mcbench gpu --verify", "every GPU with the NICs nearest to it, of this host"},
    {"mcbench gpu --listen 7000", "between two hosts: on the first one, n1,"},
    {"mcbench gpu --connect n1:7000 --verify", "... and on the second one"},
    {"mcbench gpu --memory cuda:0 --peer-memory cpu:1", "from GPU 0 to host memory on NUMA node 1"},
    {"mcbench gpu --memory all", "from and to every kind of memory"},
    {"mcbench gpu --compare staged",
     "what GPUDirect is worth: direct, staged through host memory, and host memory alone"},
    {"mcbench gpu --pairs affinity",
     "each GPU with each NIC: the measured nic_priority_matrix beside that of the topology"},
    {"mcbench gpu --registration dmabuf", "only by dma-buf; else the first way that works"},
    {"mcbench gpu --transport tcp --verify", "without RDMA: staged through pinned host memory"},
    {"mcbench gpu --dry-run", "what would be measured, and how long it would take"},
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

static const struct mcb_command_example doctor_examples[] = {
    {"mcbench doctor", "what is wrong with this host, and how far each NIC is proved to work"},
    {"mcbench doctor --etcd http://n1:2379 --strict", "with etcd; a warning is exit code 1"},
    {"mcbench doctor --peer n1:18515",
     "with verified transfers to n1, where mcbench cpu --listen 18515 was started"},
    {"mcbench doctor --name n2:12001", "is n2:12001 a good local_hostname for Mooncake?"},
    {"mcbench doctor --root bundle/n7", "another host, whose /proc and /sys lie copied there"},
    {NULL, NULL},
};

static const struct mcb_command_example explain_examples[] = {
    {"mcbench explain mooncake.log", "the first real error of a log, its cause and its fix"},
    {"mcbench explain n1.log n2.log n2-dmesg.txt", "of several hosts, in the order of time"},
    {"dmesg -T | mcbench explain", "what the kernel says"},
    {"mcbench explain MCB-RDMA-011", "one entry of the catalogue of faults"},
    {NULL, NULL},
};

static const struct mcb_command_example show_examples[] = {
    {"mcbench show today.json", "the tables of a result again"},
    {"mcbench show monday.json tuesday.json", "of two results, one after the other"},
    {"mcbench show --expect 'bandwidth >= 90% of ceiling where size >= 64KiB; verified' today.json",
     "does it hold what was promised? Exit code 1 if not"},
    {"mcbench show --expect 'gpu >= 95% of cpu where route=direct; latency.p99 <= 5us' today.json",
     "memory of GPUs beside that of the host, and a percentile"},
    {"mcbench show --expect-file rules.json today.json", "rules by machine type"},
    {"mcbench show --prometheus /var/lib/node_exporter/mcbench.prom today.json",
     "for node_exporter's textfile collector"},
    {NULL, NULL},
};

static const struct mcb_command_example compare_examples[] = {
    {"mcbench compare baseline.json today.json", "what changed beyond tolerance and noise"},
    {"mcbench compare monday.json tuesday.json today.json",
     "two baselines: the noise between runs"},
    {"mcbench compare --history results/n1 today.json",
     "with all runs of this machine: when each path changed, and what differed then"},
    {"mcbench compare --junit junit.xml --markdown summary.md baseline.json today.json",
     "for CI: a test case a path, and a table for the merge request"},
    {NULL, NULL},
};

static const struct mcb_command_example plot_examples[] = {
    {"mcbench plot today.json", "every picture that the result has figures for, in today-plots/"},
    {"mcbench plot --kind heat --format png -o pictures today.json", "matrices only, as PNG"},
    {"mcbench plot --baseline baseline.json today.json", "with what changed marked"},
    {"mcbench plot --history results/n1 --kind trend today.json", "each path with time"},
    {NULL, NULL},
};

static const struct mcb_command_example report_examples[] = {
    {"mcbench report today.json -o report.html", "one page to look at, send and print"},
    {"mcbench report --baseline baseline.json today.json -o report.html", "with what changed"},
    {"mcbench report --history results/n1 today.json -o report.html", "with trends"},
    {NULL, NULL},
};

static const struct mcb_command_exit doctor_exits[] = {
    {"0", "no check failed; without --strict also if there are warnings"},
    {"1", "--strict: no check failed, but there is a warning"},
    {"3", "a check failed: something on this host does not work; or the host cannot be examined"},
    {"130", "interrupted; what was found until then is printed"},
    {NULL, NULL},
};

static const struct mcb_command_exit explain_exits[] = {
    {"0", "no error was found; or the entries of the catalogue that were asked for were printed"},
    {"1", "an error was found"},
    {"130", "interrupted"},
    {NULL, NULL},
};

static const struct mcb_command_exit show_exits[] = {
    {"0", "all files could be read, and every expectation held"},
    {"1", "an expectation was not met"},
    {NULL, NULL},
};

static const struct mcb_command_exit plot_exits[] = {
    {"0", "every picture was made"},
    {"130", "interrupted"},
    {NULL, NULL},
};

static const struct mcb_command_exit report_exits[] = {
    {"0",
     "the page was written, whatever it says: mcbench compare and mcbench show --expect judge"},
    {"130", "interrupted; no page was written"},
    {NULL, NULL},
};

static const struct mcb_command_exit compare_exits[] = {
    {"0", "nothing is slower, broken or gone beyond tolerance and noise"},
    {"1", "a regression"},
    {"130", "interrupted; nothing more was written"},
    {NULL, NULL},
};

static const struct mcb_command commands[] = {
    {"cpu", "[options]", "bandwidth and latency matrices between CPU memories", cpu_examples, NULL,
     NULL, NULL, mcb_command_cpu},
    {"gpu", "[options]", "bandwidth and latency matrices between GPU memories, and mixed ones",
     gpu_examples, NULL, mcb_defaults_gpu, NULL, mcb_command_gpu},
    {"topo", "[--from FILE.xml] [--json | --priority-matrix] [--svg FILE]",
     "show who sits near whom: NICs, GPUs and NUMA nodes, and their links", topo_examples,
     &mcb_options_topo, NULL, NULL, mcb_command_topo},
    {"doctor", "[--etcd URL] [--peer HOST:PORT] [--strict] [--json]",
     "examine this host: what works, what does not, why, and what to do", doctor_examples,
     &mcb_options_doctor, NULL, doctor_exits, mcb_command_doctor},
    {"explain", "[--json] [LOG... | MCB-...]",
     "find the first real error in logs of Mooncake, SGLang, vLLM, mcbench or the kernel",
     explain_examples, &mcb_options_explain, NULL, explain_exits, mcb_command_explain},
    {"show", "[--expect RULES] [--json] RESULT...", "print the tables of result files again",
     show_examples, &mcb_options_show, NULL, show_exits, mcb_command_show},
    {"compare", "[--history DIR] [--junit FILE] [--markdown FILE] [--json] [BASELINE...] NEW",
     "what changed between results, beyond tolerance and noise", compare_examples,
     &mcb_options_compare, NULL, compare_exits, mcb_command_compare},
    {"plot", "[--kind KIND] [--baseline FILE] [--history DIR] [-o DIR] RESULT...",
     "pictures of results, by gnuplot", plot_examples, &mcb_options_plot, NULL, plot_exits,
     mcb_command_plot},
    {"report", "[--baseline FILE] [--history DIR] RESULT... -o FILE.html",
     "one self-contained page: verdict, findings, matrices, environment", report_examples,
     &mcb_options_report, NULL, report_exits, mcb_command_report},
};

int main(int argc, char **argv)
{
    return mcb_commands_run(commands, sizeof commands / sizeof commands[0], argc, argv);
}
