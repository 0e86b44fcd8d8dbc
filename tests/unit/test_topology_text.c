/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/topology_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/text.h"
#include "tests/unit/topology_view_helper.h"

struct look {
    size_t columns;
    bool colour;
};

/* The caller's: free(). */
static char *print(const struct host *host, struct look look)
{
    char *text = NULL;
    size_t length;
    struct mcb_error error;
    FILE *stream = open_memstream(&text, &length);
    assert_non_null(stream);
    const struct mcb_canvas canvas = {stream, look.columns, look.colour};
    if (mcb_topology_text_print(&canvas, &host->view, &error) != 0)
        fail_msg("%s", error.detail);
    fclose(stream);
    return text;
}

static void assert_holds(const struct host *host, struct look look, const char *expected)
{
    char *text = print(host, look);
    if (!strstr(text, expected))
        fail_msg("'%s' is not in:\n%s", expected, text);
    free(text);
}

static void assert_lacks(const struct host *host, struct look look, const char *unexpected)
{
    char *text = print(host, look);
    if (strstr(text, unexpected))
        fail_msg("'%s' is in:\n%s", unexpected, text);
    free(text);
}

static const struct look plain = {100, false}, coloured = {100, true};

static int make_host(void **state)
{
    *state = host_of_every_kind();
    return 0;
}

static int make_empty_host(void **state)
{
    struct host *host = host_new();
    host_add_numa_node(host, "cpu:0", "0-47", 1ull << 40);
    *state = host;
    return 0;
}

static int free_host(void **state)
{
    free(*state);
    return 0;
}

static void the_first_line_is_the_host(void **state)
{
    char *text = print(*state, plain);
    static const char line[] = "n1 · Linux 6.1.0 · EPYC 7763 · 48 CPUs · 2 NUMA nodes · 1 TiB\n";
    assert_memory_equal(text, line, sizeof line - 1);
    free(text);
}

static void a_file_is_named_after_its_host(void **state)
{
    struct host *host = *state;
    host->view.from = "p5.xml";
    strcpy(host->facts.hostname, "unknown");
    strcpy(host->facts.kernel, "unknown");
    host->facts.numa_nodes = 1;
    char *text = print(*state, plain);
    static const char line[] = "n1 · p5.xml · EPYC 7763 · 48 CPUs · 1 NUMA node · 1 TiB\n";
    assert_memory_equal(text, line, sizeof line - 1);
    free(text);
    strcpy(host->nodes[0].name, "unknown");
    text = print(*state, plain);
    assert_memory_equal(text, line + strlen("n1 · "), sizeof line - 1 - strlen("n1 · "));
    free(text);
}

static void the_tree_shows_switches_but_not_bridges_with_one_way_down(void **state)
{
    assert_holds(*state, plain,
                 "\n"
                 "cpu:0  CPUs 0-23 · 512 GiB\n"
                 "└─ host bridge 0000:15\n"
                 "   └─ switch 0000:16:00.0  PCIe 5.0 x16\n"
                 "      ├─ mlx5_0  0000:18:00.0 · MT2910 Family [ConnectX-7] · fw 28.39.1002 · "
                 "PCIe 5.0 x16\n"
                 "      │      port 1 · 400 Gbit/s InfiniBand · active · MTU 4096\n"
                 "      └─ cuda:0  0000:19:00.0 · GH100 [H100 SXM5 80GB] · PCIe 5.0 x16\n"
                 "\n"
                 "cpu:1  CPUs 24-47 · 512 GiB\n"
                 "└─ host bridge 0000:97\n"
                 "   └─ mlx5_1  0000:98:00.0 · fw 28.39.1002 · PCIe 4.0 x8 of 5.0 x16\n"
                 "          port 1 · 400 Gbit/s InfiniBand · down · MTU 4096\n"
                 "\n"
                 "rxe0  software NIC\n"
                 "    port 1 · Ethernet · active · MTU 1024\n");
}

static void a_root_port_with_two_devices_below_is_called_one(void **state)
{
    struct host *host = *state;
    size_t bridge = host_add(host, MCB_TREE_HOST_BRIDGE, 1, "0000:40");
    size_t port = host_add(host, MCB_TREE_BRIDGE, bridge, "0000:40:01.0");
    host_add_device(host, MCB_TREE_NIC, port, "mlx5_0", "0000:41:00.0", "");
    host_add_device(host, MCB_TREE_NIC, port, "mlx5_1", "0000:41:00.1", "");
    assert_holds(host, plain,
                 "   └─ root port 0000:40:01.0\n"
                 "      ├─ mlx5_0  0000:41:00.0\n"
                 "      └─ mlx5_1  0000:41:00.1\n");
}

static void a_link_below_its_capability_and_a_port_that_is_down_are_yellow(void **state)
{
    assert_holds(*state, coloured, "\033[33mPCIe 4.0 x8 of 5.0 x16\033[0m");
    assert_holds(*state, coloured, "\033[33mdown\033[0m");
    assert_lacks(*state, coloured, "\033[33mPCIe 5.0 x16");
    assert_lacks(*state, plain, "\033");
}

static void what_a_hypervisor_says_of_a_link_is_not_shown(void **state)
{
    struct host *host = *state;
    for (size_t i = 0; i < host->tree.count; i++)
        host->nodes[i].pci.emulated = true;
    assert_lacks(host, plain, "PCIe 5.0");
    assert_lacks(host, plain, "PCIe 4.0");
}

static void a_software_nic_does_not_show_the_link_of_its_interface(void **state)
{
    struct host *host = *state;
    size_t nic = host->tree.count - 1;
    strcpy(host->nodes[nic].pci.address, "0000:03:00.0");
    host_set_link(host, nic, link_4x8, link_5x16);
    assert_holds(host, plain, "rxe0  software NIC on 0000:03:00.0\n    port 1");
}

/* Else its NIC would look as near as those of the upper switch. */
static void a_switch_below_a_switch_is_drawn_though_it_has_one_way_down(void **state)
{
    struct host *host = *state;
    size_t bridge = host_add(host, MCB_TREE_HOST_BRIDGE, 1, "0000:40");
    size_t port = host_add(host, MCB_TREE_BRIDGE, bridge, "0000:40:01.0");
    size_t upper = host_add(host, MCB_TREE_BRIDGE, port, "0000:41:00.0");
    port = host_add(host, MCB_TREE_BRIDGE, upper, "0000:42:00.0");
    host_add_device(host, MCB_TREE_NIC, port, "mlx5_2", "0000:43:00.0", "");
    port = host_add(host, MCB_TREE_BRIDGE, upper, "0000:42:01.0");
    size_t lower = host_add(host, MCB_TREE_BRIDGE, port, "0000:44:00.0");
    port = host_add(host, MCB_TREE_BRIDGE, lower, "0000:45:00.0");
    host_add_device(host, MCB_TREE_NIC, port, "mlx5_3", "0000:46:00.0", "");
    assert_holds(host, plain,
                 "   └─ switch 0000:41:00.0\n"
                 "      ├─ mlx5_2  0000:43:00.0\n"
                 "      └─ switch 0000:44:00.0\n"
                 "         └─ mlx5_3  0000:46:00.0\n");
}

static void a_link_of_a_file_is_shown_by_its_rate(void **state)
{
    struct host *host = *state;
    size_t nic = host_add_device(host, MCB_TREE_NIC, 1, "mlx5_0", "0000:41:00.0", "");
    host->nodes[nic].link_gbps = 504.12;
    assert_holds(host, plain, "mlx5_0  0000:41:00.0 · PCIe 504 Gbit/s\n");
}

static void a_nic_that_cannot_be_opened_says_why(void **state)
{
    struct host *host = *state;
    struct mcb_device_facts *device = &host->devices[1];
    device->port_count = 0;
    mcb_error_write(&device->error, MCB_FAULT_RDMA_DEVICE_OPEN, "mlx5_1: Permission denied");
    assert_holds(host, plain, "          ports not known: mlx5_1: Permission denied\n");
}

static void the_matrix_has_every_pair_and_a_legend_of_what_occurs(void **state)
{
    assert_holds(*state, plain,
                 "distance, what lies between two of them\n"
                 "        mlx5_0  mlx5_1  rxe0  cuda:0  cpu:0  cpu:1\n"
                 "mlx5_0       X     SYS   SYS     PIX    PHB    SYS\n"
                 "mlx5_1     SYS       X   SYS     SYS    SYS    PHB\n"
                 "rxe0       SYS     SYS     X     SYS    SYS    SYS\n"
                 "cuda:0     PIX     SYS   SYS       X    PHB    SYS\n"
                 "cpu:0      PHB     SYS   SYS     PHB      X    SYS\n"
                 "cpu:1      SYS     PHB   SYS     SYS    SYS      X\n"
                 "PIX one PCIe bridge or switch at most · PHB a PCIe host bridge (the CPU)\n"
                 "SYS the interconnect between NUMA nodes\n");
    assert_lacks(*state, plain, "PXB");
    assert_lacks(*state, plain, "NODE");
}

static void a_matrix_wider_than_the_screen_is_split_by_columns(void **state)
{
    struct host *host = *state;
    for (int i = 0; i < 20; i++) {
        char name[24], address[24];
        snprintf(name, sizeof name, "mlx5_%d", i);
        snprintf(address, sizeof address, "0000:%02x:00.0", i);
        host_add_device(host, MCB_TREE_NIC, 1, name, address, "");
    }
    assert_holds(host, plain, "\n         mlx5_0  mlx5_1");
    assert_holds(host, plain, "\nmlx5_19    NODE    NODE");
    for (size_t columns = 40; columns < 140; columns += 10) {
        char *text = print(host, (struct look){columns, false}), *next = text;
        for (char *line; (line = strsep(&next, "\n"));)
            if (mcb_text_columns(line) > columns)
                fail_msg("wider than %zu: %s", columns, line);
        free(text);
    }
}

static void no_line_is_wider_than_a_narrow_screen(void **state)
{
    struct host *host = *state;
    strcpy(host->nodes[1].name, "cpu:1234567890");
    for (size_t i = 0; i < 2; i++)
        mcb_error_write(&host->finding_list[i], MCB_FAULT_PCI_SHARED_NIC, "bridge %zu: redirects",
                        i);
    host->findings.count = 2;
    for (int with_devices = 1; with_devices >= 0; with_devices--) {
        char *text = print(host, (struct look){40, false}), *next = text;
        for (char *line; (line = strsep(&next, "\n"));)
            if (mcb_text_columns(line) > 40)
                fail_msg("wider than 40: %s", line);
        free(text);
        host->tree.count = 2;
        host->tree.this_host = false;
        host->view.from = "host-with-a-long-name-in-a-deep-folder.xml";
        mcb_error_write(&host->devices_error, MCB_FAULT_RDMA_NO_DEVICE, "no driver");
    }
}

static void a_matrix_that_nobody_reads_is_left_out(void **state)
{
    struct host *host = *state;
    for (int i = 0; i < MCB_TOPOLOGY_TEXT_ENDS_MAX; i++) {
        char name[24];
        snprintf(name, sizeof name, "mlx5_%d", i);
        host_add_device(host, MCB_TREE_NIC, 1, name, "", "");
    }
    assert_holds(host, plain, "left out: 257 NICs, GPUs and NUMA nodes are more than 256\n");
}

static void rails_are_the_nearest_nics_of_each_gpu(void **state)
{
    assert_holds(*state, plain, "\nrails, the nearest NICs of each GPU\n  cuda:0   PIX   mlx5_0\n");
}

static void a_rail_across_numa_nodes_is_yellow(void **state)
{
    struct host *host = *state;
    host_add_numa_node(host, "cpu:1", "48-95", 0);
    host_add_device(host, MCB_TREE_GPU, 1, "cuda:0", "0000:19:00.0", "");
    host_add_device(host, MCB_TREE_NIC, 2, "mlx5_0", "0000:41:00.0", "");
    assert_holds(host, coloured, "\033[33m  cuda:0   SYS   \033[0mmlx5_0");
}

static void each_numa_node_has_its_nics(void **state)
{
    assert_holds(*state, plain,
                 "\nNICs beside each NUMA node\n  cpu:0    mlx5_0\n  cpu:1    mlx5_1\n");
}

static void a_long_list_goes_on_in_the_next_line(void **state)
{
    struct host *host = *state;
    size_t bridge = host_add(host, MCB_TREE_HOST_BRIDGE, 1, "0000:40");
    for (int i = 0; i < 6; i++)
        host_add_device(host, MCB_TREE_NIC, bridge, "a_nic_of_20_letters_", "", "");
    assert_holds(host, plain,
                 "  cpu:0    a_nic_of_20_letters_, a_nic_of_20_letters_, a_nic_of_20_letters_, "
                 "a_nic_of_20_letters_,\n"
                 "           a_nic_of_20_letters_, a_nic_of_20_letters_\n");
}

static void a_host_without_nic_and_gpu_says_so(void **state)
{
    struct host *host = *state;
    assert_holds(host, plain, "\nno RDMA device on this host\nno GPU on this host\n");
    assert_lacks(host, plain, "distance");
    assert_lacks(host, plain, "rails");
    assert_lacks(host, plain, "warnings");
    host->view.from = "x.xml";
    assert_holds(host, plain, "\nno RDMA device in this file\nno GPU in this file\n");
}

static void rdma_devices_that_cannot_be_listed_are_a_warning(void **state)
{
    struct host *host = *state;
    mcb_error_write(&host->devices_error, MCB_FAULT_RDMA_NO_DEVICE,
                    "RDMA devices: Function not implemented");
    assert_holds(host, plain, "\nRDMA devices: not known (see below)\n");
    assert_holds(host, plain,
                 "\nwarnings\n  ! RDMA devices: Function not implemented  [MCB-RDMA-001]\n"
                 "    cause: no driver loaded");
    assert_lacks(host, plain, "no RDMA device on");
}

static void a_warning_tells_cause_and_fix_once(void **state)
{
    struct host *host = *state;
    for (size_t i = 0; i < 2; i++)
        mcb_error_write(&host->finding_list[i], MCB_FAULT_PCI_ACS, "bridge %zu: redirects", i);
    host->findings.count = 2;
    char *text = print(host, plain);
    char *first = strstr(text, "\nwarnings\n  ! bridge 0: redirects  [MCB-PCI-005]\n    cause: ");
    assert_non_null(first);
    assert_non_null(strstr(first, "\n    try:   "));
    char *second = strstr(first, "\n  ! bridge 1: redirects  [MCB-PCI-005]\n");
    assert_non_null(second);
    assert_null(strstr(second, "cause: "));
    free(text);
}

static void foreign_text_moves_no_cursor(void **state)
{
    struct host *host = *state;
    host->view.from = "\033[2Jx\n.xml";
    assert_holds(host, plain, "n1 · ?[2Jx?.xml · ");
    assert_lacks(host, coloured, "\033[2J");
}

static void a_very_deep_tree_is_drawn_within_the_screen(void **state)
{
    struct host *host = *state;
    size_t above = host_add(host, MCB_TREE_HOST_BRIDGE, 1, "0000:40");
    for (int i = 0; i < 250; i++) {
        size_t bridge = host_add(host, MCB_TREE_BRIDGE, above, "0000:40:01.0");
        host_add_device(host, MCB_TREE_GPU, bridge, "cuda:0", "0000:41:00.0", "");
        above = bridge;
    }
    host_add_device(host, MCB_TREE_GPU, above, "cuda:0", "0000:41:00.0", "");
    char *text = print(host, plain), *next = text;
    for (char *line; (line = strsep(&next, "\n"));)
        assert_true(mcb_text_columns(line) <= 100);
    free(text);
}

#define WITH_HOST(test)  cmocka_unit_test_setup_teardown(test, make_host, free_host)
#define WITH_EMPTY(test) cmocka_unit_test_setup_teardown(test, make_empty_host, free_host)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_HOST(the_first_line_is_the_host),
        WITH_HOST(a_file_is_named_after_its_host),
        WITH_HOST(the_tree_shows_switches_but_not_bridges_with_one_way_down),
        WITH_EMPTY(a_root_port_with_two_devices_below_is_called_one),
        WITH_HOST(a_link_below_its_capability_and_a_port_that_is_down_are_yellow),
        WITH_HOST(what_a_hypervisor_says_of_a_link_is_not_shown),
        WITH_HOST(a_software_nic_does_not_show_the_link_of_its_interface),
        WITH_EMPTY(a_switch_below_a_switch_is_drawn_though_it_has_one_way_down),
        WITH_EMPTY(a_link_of_a_file_is_shown_by_its_rate),
        WITH_HOST(a_nic_that_cannot_be_opened_says_why),
        WITH_HOST(the_matrix_has_every_pair_and_a_legend_of_what_occurs),
        WITH_EMPTY(a_matrix_wider_than_the_screen_is_split_by_columns),
        WITH_HOST(no_line_is_wider_than_a_narrow_screen),
        WITH_EMPTY(a_matrix_that_nobody_reads_is_left_out),
        WITH_HOST(rails_are_the_nearest_nics_of_each_gpu),
        WITH_EMPTY(a_rail_across_numa_nodes_is_yellow),
        WITH_HOST(each_numa_node_has_its_nics),
        WITH_EMPTY(a_long_list_goes_on_in_the_next_line),
        WITH_EMPTY(a_host_without_nic_and_gpu_says_so),
        WITH_EMPTY(rdma_devices_that_cannot_be_listed_are_a_warning),
        WITH_HOST(a_warning_tells_cause_and_fix_once),
        WITH_EMPTY(foreign_text_moves_no_cursor),
        WITH_EMPTY(a_very_deep_tree_is_drawn_within_the_screen),
    };
    return cmocka_run_group_tests_name("topology_text", tests, NULL, NULL);
}
