/* SPDX-License-Identifier: Apache-2.0 */
/* Counters of NICs, from a sysfs of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rdma/counters.h"
#include "tests/unit/sysfs_tree.h"

#define PORT   "class/infiniband/mlx5_0/ports/1"
#define DEVICE "class/infiniband/mlx5_0"
#define NET    "class/net/eth0/statistics"

static const struct mcb_counters_source source = {"mlx5_0", 1, "eth0"};

static int make_tree(void **state)
{
    static struct sysfs_tree tree;
    *state = &tree;
    if (sysfs_make(&tree) != 0)
        return -1;
    sysfs_folder(&tree, PORT "/counters");
    sysfs_folder(&tree, PORT "/hw_counters");
    sysfs_folder(&tree, DEVICE "/hw_counters");
    sysfs_folder(&tree, NET);
    sysfs_file(&tree, PORT "/counters/port_rcv_errors", "7\n");
    sysfs_file(&tree, PORT "/counters/port_rcv_data", "123456\n");
    sysfs_file(&tree, PORT "/hw_counters/out_of_sequence", "0x1f\n");
    sysfs_file(&tree, PORT "/hw_counters/lifespan", "10\n");
    sysfs_file(&tree, DEVICE "/hw_counters/retrans_pkts", "3\n");
    sysfs_file(&tree, NET "/rx_dropped", "1\n");
    sysfs_file(&tree, NET "/rx_bytes", "99\n");
    return 0;
}

static int remove_tree(void **state)
{
    return sysfs_remove(*state);
}

static uint64_t value_of(const struct mcb_counters *counters, const char *name)
{
    for (size_t i = 0; i < counters->count; i++)
        if (strcmp(counters->list[i].name, name) == 0)
            return counters->list[i].value;
    return UINT64_MAX;
}

static void counters_of_port_device_and_interface_are_taken(void **state)
{
    const struct sysfs_tree *tree = *state;
    static struct mcb_counters counters;
    mcb_counters_take(tree->root, &source, &counters);
    assert_int_equal(counters.count, 4);
    assert_int_equal(value_of(&counters, "port_rcv_errors"), 7);
    assert_int_equal(value_of(&counters, "out_of_sequence"), 31);
    assert_int_equal(value_of(&counters, "device.retrans_pkts"), 3);
    assert_int_equal(value_of(&counters, "interface.rx_dropped"), 1);
}

static void what_is_no_number_is_left_out(void **state)
{
    const struct sysfs_tree *tree = *state;
    static const char *const texts[] = {"",        "N/A (not supported)\n", "-1\n", "0x\n",
                                        "12 34\n", "99999999999999999999\n"};
    static struct mcb_counters counters;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        sysfs_file(tree, PORT "/counters/port_rcv_errors", texts[i]);
        mcb_counters_take(tree->root, &source, &counters);
        assert_int_equal(value_of(&counters, "port_rcv_errors"), UINT64_MAX);
        assert_int_equal(counters.count, 3);
    }
}

static void a_host_without_them_has_an_empty_snapshot(void **state)
{
    (void)state;
    static struct mcb_counters counters;
    static const struct mcb_counters_source strange = {"../../etc", 1, ".."};
    mcb_counters_take("/nowhere", &source, &counters);
    assert_int_equal(counters.count, 0);
    mcb_counters_take("/nowhere", &strange, &counters);
    assert_int_equal(counters.count, 0);
}

static void only_what_changed_is_told_and_what_fell_is_said_so(void **state)
{
    const struct sysfs_tree *tree = *state;
    static struct mcb_counters before, after;
    static struct mcb_counter_change changes[MCB_COUNTERS_MAX];
    mcb_counters_take(tree->root, &source, &before);
    sysfs_file(tree, PORT "/counters/port_rcv_errors", "1211\n");
    sysfs_file(tree, PORT "/hw_counters/out_of_sequence", "2\n");
    sysfs_file(tree, PORT "/counters/symbol_error", "5\n"); /* was not there before */
    mcb_counters_take(tree->root, &source, &after);
    assert_int_equal(mcb_counters_compare(&before, &after, changes), 2);
    assert_string_equal(changes[0].name, "port_rcv_errors");
    assert_int_equal(changes[0].before, 7);
    assert_int_equal(changes[0].after, 1211);
    assert_false(changes[0].restarted);
    assert_string_equal(changes[1].name, "out_of_sequence");
    assert_true(changes[1].restarted);
    assert_int_equal(mcb_counters_compare(&after, &after, changes), 0);
}

static void a_snapshot_is_bounded(void **state)
{
    const struct sysfs_tree *tree = *state;
    static struct mcb_counters counters;
    for (int i = 0; i < MCB_COUNTERS_MAX + 10; i++) {
        char path[128];
        snprintf(path, sizeof path, PORT "/hw_counters/error_%d", i);
        sysfs_file(tree, path, "1\n");
    }
    mcb_counters_take(tree->root, &source, &counters);
    assert_int_equal(counters.count, MCB_COUNTERS_MAX);
}

static void traffic_is_no_trouble(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "symbol_error",     "link_downed",    "port_xmit_discards",         "VL15_dropped",
        "port_xmit_wait",   "out_of_buffer",  "local_ack_timeout_err",      "rnr_nak_retry_err",
        "np_cnp_sent",      "rx_crc_errors",  "np_ecn_marked_roce_packets", "duplicate_request",
        "roce_adp_retrans", "packet_seq_err", "rx_missed_errors",           "tx_pause_ctrl_phy"};
    static const char *const good[] = {"port_rcv_data",
                                       "port_xmit_packets",
                                       "multicast_rcv_packets",
                                       "unicast_xmit_packets",
                                       "rx_write_requests",
                                       "rx_read_requests",
                                       "rx_dct_connect",
                                       "lifespan",
                                       "rcvd_pkts",
                                       "sent_pkts",
                                       "rdma_sends",
                                       "ack_deferred",
                                       "rx_bytes",
                                       "tx_packets",
                                       "multicast",
                                       "rx_compressed"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_not_equal(mcb_counter_kind_of(bad[i]), MCB_COUNTER_OTHER);
        assert_int_equal(mcb_counter_kind_of(good[i]), MCB_COUNTER_OTHER);
    }
}

static void a_counter_is_as_grave_as_the_gravest_part_of_its_name(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum mcb_counter_kind kind;
    } rows[] = {
        {"port_xmit_wait", MCB_COUNTER_WAIT},
        {"np_cnp_sent", MCB_COUNTER_MARK},
        {"rx_pause_ctrl_phy", MCB_COUNTER_MARK},
        {"np_ecn_marked_roce_packets", MCB_COUNTER_MARK},
        {"roce_slow_restart", MCB_COUNTER_MARK},
        {"symbol_error", MCB_COUNTER_LOSS},
        {"port_xmit_discards", MCB_COUNTER_LOSS},
        {"device.retrans_pkts", MCB_COUNTER_LOSS},
        {"tx_pause_storm_error_events", MCB_COUNTER_LOSS},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(mcb_counter_kind_of(rows[i].name), rows[i].kind);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(counters_of_port_device_and_interface_are_taken, make_tree,
                                        remove_tree),
        cmocka_unit_test_setup_teardown(what_is_no_number_is_left_out, make_tree, remove_tree),
        cmocka_unit_test(a_host_without_them_has_an_empty_snapshot),
        cmocka_unit_test_setup_teardown(only_what_changed_is_told_and_what_fell_is_said_so,
                                        make_tree, remove_tree),
        cmocka_unit_test_setup_teardown(a_snapshot_is_bounded, make_tree, remove_tree),
        cmocka_unit_test(traffic_is_no_trouble),
        cmocka_unit_test(a_counter_is_as_grave_as_the_gravest_part_of_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
