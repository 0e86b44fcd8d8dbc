/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What two hosts say of their NICs becomes the ceiling of a cell; what cannot be true becomes none.
 *
 * Two hosts of one port each: 100 Gb/s RoCE v2 over IPv4 behind PCIe 4.0 x16. A cell of 64 KiB
 * writes at MTU 4096: 16 packets of 4096 + 82 bytes and 16 once, 6553600 / 66864 = 98.0139 Gb/s.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/measure/cell_ceiling.h"
#include "bench/report/result.h"

enum { ENDPOINTS = 2 };

/* Endpoint 0 is the initiator, 1 the target. */
struct bench {
    char hosts[ENDPOINTS][300];
    unsigned ranks_on_host[ENDPOINTS];
    struct mcb_roster_endpoint endpoints[ENDPOINTS];
    struct mcb_roster roster;
    struct mcb_cell_settings settings;
    struct mcb_path path;
    struct mcb_cell cell;
    json_t *nics[ENDPOINTS], *gpus[ENDPOINTS]; /* what the roster has of them */
    json_t *entry;
};

static json_t *usual_facts(unsigned host)
{
    char guid[32], gid[32], address[32];
    snprintf(guid, sizeof(guid), "0x%016x", 0xb8cef600 + host);
    snprintf(gid, sizeof(gid), "::ffff:10.77.0.%u", host + 1);
    snprintf(address, sizeof(address), "10.77.0.%u", host + 1);
    json_t *facts =
        json_pack("{s:s, s:i, s:s, s:b, s:s, s:f, s:f, s:i, s:s, s:s, s:s, s:f, s:f, s:s}", "name",
                  "mlx5_0", "port", 1, "node_guid", guid, "software", 0, "link_layer", "Ethernet",
                  "link_gbps", 100.0, "data_gbps", 100.0, "lid", 0, "gid", gid, "gid_type",
                  "RoCE v2", "address", address, "pcie_from_memory_gbps", 233.7962,
                  "pcie_to_memory_gbps", 230.4563, "pcie_bottleneck", "0000:18:01.0");
    assert_non_null(facts);
    return facts;
}

static void set_up(struct bench *bench)
{
    memset(bench, 0, sizeof(*bench));
    for (unsigned i = 0; i < ENDPOINTS; i++) {
        snprintf(bench->hosts[i], sizeof(bench->hosts[i]), "n%u", i + 1);
        bench->ranks_on_host[i] = 1;
        bench->endpoints[i] = (struct mcb_roster_endpoint){
            .rank = i,
            .nic = "mlx5_0",
            .memory = "cpu:0",
            .nic_facts = bench->nics[i] = usual_facts(i),
        };
    }
    bench->roster = (struct mcb_roster){
        .ranks = ENDPOINTS,
        .hosts = bench->hosts,
        .ranks_on_host = bench->ranks_on_host,
        .endpoints = bench->endpoints,
        .endpoint_count = ENDPOINTS,
    };
    bench->settings = (struct mcb_cell_settings){
        .operation = MCB_OPERATION_WRITE,
        .measure = MCB_MEASURE_BANDWIDTH,
        .size_bytes = 65536,
        .qps = 1,
        .depth = 128,
    };
    bench->path = (struct mcb_path){.initiator = 0, .target = 1};
    bench->cell = (struct mcb_cell){.path = &bench->path, .settings = &bench->settings};
}

static void set_fact(struct bench *bench, int end, const char *key, json_t *value)
{
    json_object_set_new(bench->nics[end], key, value);
}

static void set_both(struct bench *bench, const char *key, const char *text)
{
    for (int end = 0; end < ENDPOINTS; end++)
        set_fact(bench, end, key, json_string(text));
}

/* The cell's entry with its ceiling, in which everything else is in order. */
static void record(struct bench *bench, json_t *mtu_bytes)
{
    struct mcb_error error;
    json_decref(bench->entry);
    bench->entry = mcb_cell_identity(&bench->cell, &bench->roster, 0, true);
    json_t *members = json_pack("{s:s, s:n, s:s, s:f, s:{s:f, s:f, s:f, s:[f]}, s:{s:o}}", "status",
                                "ok", "fault", "method", "completion", "message_rate_mops", 1.0,
                                "bandwidth_gbps", "median", 90.0, "low", 90.0, "high", 90.0,
                                "trials", 90.0, "details", "mtu_bytes", mtu_bytes);
    json_object_update(bench->entry, members);
    json_decref(members);
    mcb_cell_ceiling_add(bench->entry, &bench->cell, &bench->roster);
    if (mcb_result_check_cell(bench->entry, "a cell", MCB_FAULT_NET_PROTOCOL, &error) != 0)
        fail_msg("%s", error.detail);
}

static void assert_ceiling(struct bench *bench, double gbps, const char *from, const char *at)
{
    record(bench, json_integer(4096));
    double found = json_number_value(json_object_get(bench->entry, "ceiling_gbps"));
    if (!(fabs(found - gbps) < 0.005))
        fail_msg("%.4f is not %.4f", found, gbps);
    assert_string_equal(json_string_value(json_object_get(bench->entry, "ceiling_from")), from);
    assert_string_equal(json_string_value(json_object_get(bench->entry, "ceiling_at")), at);
}

static void assert_no_ceiling_recorded(const struct bench *bench)
{
    assert_true(json_is_null(json_object_get(bench->entry, "ceiling_gbps")));
    assert_true(json_is_null(json_object_get(bench->entry, "ceiling_from")));
    assert_true(json_is_null(json_object_get(bench->entry, "ceiling_at")));
}

static void assert_no_ceiling(struct bench *bench)
{
    record(bench, json_integer(4096));
    assert_no_ceiling_recorded(bench);
}

static int set_up_bench(void **state)
{
    static struct bench bench;
    set_up(&bench);
    *state = &bench;
    return 0;
}

static int take_down_bench(void **state)
{
    struct bench *bench = *state;
    json_decref(bench->entry);
    for (int i = 0; i < ENDPOINTS; i++) {
        json_decref(bench->nics[i]);
        json_decref(bench->gpus[i]);
    }
    return 0;
}

/* Gives an end the memory of a GPU whose way to the root has that much, beyond that port. */
static void set_gpu(struct bench *bench, int end, double from_memory, double to_memory,
                    const char *bottleneck)
{
    json_decref(bench->gpus[end]);
    bench->gpus[end] = json_pack("{s:f, s:f, s:s?}", "pcie_from_memory_gbps", from_memory,
                                 "pcie_to_memory_gbps", to_memory, "pcie_bottleneck", bottleneck);
    assert_non_null(bench->gpus[end]);
    bench->endpoints[end].gpu_facts = bench->gpus[end];
    snprintf(bench->endpoints[end].memory, sizeof(bench->endpoints[end].memory), "cuda:0");
    snprintf(bench->endpoints[end].bounce, sizeof(bench->endpoints[end].bounce), "cpu:0");
}

static void two_like_hosts_are_limited_by_the_link_of_both(void **state)
{
    assert_ceiling(*state, 98.0139, "link", "both");
}

static void the_slower_host_is_named(void **state)
{
    struct bench *bench = *state;
    set_fact(bench, 1, "data_gbps", json_real(25));
    assert_ceiling(bench, 98.0139 / 4, "link", "target");
    set_fact(bench, 0, "pcie_from_memory_gbps", json_real(11.5));
    assert_ceiling(bench, 11.5, "nic-pcie", "initiator");
}

static void the_mtu_is_the_one_agreed_on(void **state)
{
    struct bench *bench = *state;
    record(bench, json_integer(1024));
    /* 6553600 / (64 x 1106 + 16) */
    double found = json_number_value(json_object_get(bench->entry, "ceiling_gbps"));
    assert_true(fabs(found - 92.5653) < 0.005);
}

static void an_mtu_that_is_none_makes_no_ceiling(void **state)
{
    struct bench *bench = *state;
    json_t *const sizes[] = {json_integer(0),    json_integer(-4096), json_integer(1500),
                             json_integer(8192), json_integer(128),   json_integer(INT64_MIN),
                             json_null(),        json_string("4096"), json_real(4096)};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        record(bench, sizes[i]);
        assert_no_ceiling_recorded(bench);
    }
}

static void the_wire_follows_from_link_and_gid(void **state)
{
    struct bench *bench = *state;
    set_both(bench, "address", "fd00::1");
    assert_ceiling(bench, 6553600 / (16 * 4198 + 16.0), "link", "both");
    set_both(bench, "gid_type", "RoCE v1");
    assert_ceiling(bench, 6553600 / (16 * 4190 + 16.0), "link", "both");
    set_both(bench, "link_layer", "InfiniBand");
    set_both(bench, "gid_type", "IB");
    set_both(bench, "gid", "fe80::b8ce:f600");
    set_fact(bench, 0, "lid", json_integer(3));
    set_fact(bench, 1, "lid", json_integer(4));
    assert_ceiling(bench, 6553600 / (16 * 4122 + 16.0), "link", "both");
    /* without a LID, or in another subnet, the receiver is found by its GID */
    set_fact(bench, 1, "lid", json_integer(0));
    assert_ceiling(bench, 6553600 / (16 * 4162 + 16.0), "link", "both");
    set_fact(bench, 1, "lid", json_integer(4));
    set_fact(bench, 1, "gid", json_string("fec0::b8ce:f600"));
    assert_ceiling(bench, 6553600 / (16 * 4162 + 16.0), "link", "both");
}

static void latency_and_cells_without_figures_have_no_ceiling(void **state)
{
    struct bench *bench = *state;
    bench->settings.measure = MCB_MEASURE_LATENCY;
    bench->entry = mcb_cell_identity(&bench->cell, &bench->roster, 0, true);
    json_object_set_new(bench->entry, "details", json_pack("{s:i}", "mtu_bytes", 4096));
    json_object_set_new(bench->entry, "bandwidth_gbps", json_object());
    mcb_cell_ceiling_add(bench->entry, &bench->cell, &bench->roster);
    assert_no_ceiling_recorded(bench);
    bench->settings.measure = MCB_MEASURE_BANDWIDTH;
    json_object_del(bench->entry, "bandwidth_gbps");
    mcb_cell_ceiling_add(bench->entry, &bench->cell, &bench->roster);
    assert_no_ceiling_recorded(bench);
}

static void software_and_unknown_ports_have_no_ceiling(void **state)
{
    struct bench *bench = *state;
    set_fact(bench, 1, "software", json_true());
    assert_no_ceiling(bench);
    json_object_del(bench->nics[1], "software"); /* as TCP */
    assert_no_ceiling(bench);
    set_fact(bench, 1, "software", json_false());
    set_fact(bench, 1, "data_gbps", json_null());
    assert_no_ceiling(bench);
    set_fact(bench, 1, "data_gbps", json_real(100));
    set_both(bench, "link_layer", "unspecified");
    assert_no_ceiling(bench);
    set_both(bench, "link_layer", "Ethernet");
    set_both(bench, "gid_type", "IB");
    assert_no_ceiling(bench);
}

/* The target lies; the initiator's rank, or a third, works the ceiling out. */
static void a_rate_that_cannot_be_is_not_known(void **state)
{
    struct bench *bench = *state;
    json_t *const lies[] = {json_real(-100),
                            json_real(0),
                            json_real(1e-300),
                            json_real(1e300),
                            json_integer(INT64_MAX),
                            json_integer(INT64_MIN),
                            json_string("100"),
                            json_true(),
                            json_null(),
                            json_real(0.0999999),
                            json_real(100000.1)};
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        json_object_set(bench->nics[1], "pcie_to_memory_gbps", lies[i]);
        assert_ceiling(bench, 98.0139, "link", "both");
        json_object_set(bench->nics[1], "data_gbps", lies[i]);
        assert_no_ceiling(bench);
        set_fact(bench, 1, "data_gbps", json_real(100));
        json_decref(lies[i]);
    }
}

static void texts_that_cannot_be_do_no_harm(void **state)
{
    static const char *const keys[] = {"link_layer", "gid_type",        "gid",
                                       "address",    "node_guid",       "port",
                                       "software",   "pcie_bottleneck", "lid"};
    struct bench *bench = *state;
    char longest[512];
    memset(longest, 'f', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        json_t *const lies[] = {json_string(""), json_string(longest), json_integer(-1),
                                json_real(1e308), json_null()};
        for (size_t k = 0; k < sizeof(lies) / sizeof(lies[0]); k++) {
            json_t *before = json_deep_copy(bench->nics[1]);
            set_fact(bench, 1, keys[i], lies[k]);
            record(bench, json_integer(4096)); /* which checks the entry */
            json_decref(bench->nics[1]);
            bench->endpoints[1].nic_facts = bench->nics[1] = before;
        }
    }
}

static void a_nic_and_itself_are_limited_by_pcie_alone(void **state)
{
    struct bench *bench = *state;
    bench->path.target = 0;
    assert_ceiling(bench, 230.4563, "nic-pcie", "both");
    bench->settings.bidirectional = true;
    assert_ceiling(bench, 230.4563, "nic-pcie", "both");
}

static void one_nic_of_two_ranks_is_known_by_its_guid(void **state)
{
    struct bench *bench = *state;
    set_both(bench, "node_guid", "0xb8cef600");
    assert_ceiling(bench, 230.4563, "nic-pcie", "both");
    set_fact(bench, 1, "port", json_integer(2));
    assert_ceiling(bench, 98.0139, "link", "both");
    set_fact(bench, 1, "port", json_integer(1));
    set_both(bench, "node_guid", "0x0000000000000000"); /* as many virtual functions have */
    assert_ceiling(bench, 98.0139, "link", "both");
}

static void two_ports_of_a_card_share_its_pcie_link(void **state)
{
    struct bench *bench = *state;
    bench->settings.bidirectional = true;
    for (int end = 0; end < ENDPOINTS; end++) {
        set_fact(bench, end, "pcie_from_memory_gbps", json_real(116.9));
        set_fact(bench, end, "pcie_to_memory_gbps", json_real(115.2));
    }
    assert_ceiling(bench, 2 * 98.0139, "link", "both"); /* on two hosts */
    bench->endpoints[1].rank = 0;
    snprintf(bench->endpoints[1].nic, sizeof(bench->endpoints[1].nic), "mlx5_1");
    assert_ceiling(bench, 115.2, "nic-pcie", "both");
    set_fact(bench, 1, "pcie_bottleneck", json_null());
    assert_ceiling(bench, 2 * 98.0139, "link", "both");
}

static void two_ports_of_one_bus_have_a_link_each(void **state)
{
    struct bench *bench = *state;
    bench->settings.bidirectional = true;
    bench->endpoints[1].rank = 0;
    snprintf(bench->endpoints[1].nic, sizeof(bench->endpoints[1].nic), "mlx5_1");
    for (int end = 0; end < ENDPOINTS; end++) {
        set_fact(bench, end, "pcie_from_memory_gbps", json_real(116.9));
        set_fact(bench, end, "pcie_to_memory_gbps", json_real(115.2));
    }
    set_fact(bench, 0, "pcie_bottleneck", json_string("0000:00:01.0"));
    set_fact(bench, 1, "pcie_bottleneck", json_string("0000:00:02.0"));
    assert_ceiling(bench, 2 * 98.0139, "link", "both");
    set_fact(bench, 1, "pcie_bottleneck", json_string("0000:00:01.0"));
    assert_ceiling(bench, 115.2, "nic-pcie", "both");
}

/* One port by its GUID; the initiator's host knows no link, the target's that of one way only. */
static void one_way_alone_makes_no_ceiling_for_two(void **state)
{
    struct bench *bench = *state;
    set_both(bench, "node_guid", "0xb8cef600");
    for (int end = 0; end < ENDPOINTS; end++) {
        set_fact(bench, end, "pcie_from_memory_gbps", json_null());
        set_fact(bench, end, "pcie_to_memory_gbps", json_null());
    }
    set_fact(bench, 1, "pcie_from_memory_gbps", json_real(100));
    bench->settings.bidirectional = true;
    assert_no_ceiling(bench);
}

static void ranks_that_share_a_host_share_its_links(void **state)
{
    struct bench *bench = *state;
    bench->settings.bidirectional = true;
    for (int end = 0; end < ENDPOINTS; end++) {
        set_fact(bench, end, "pcie_from_memory_gbps", json_real(116.9));
        set_fact(bench, end, "pcie_to_memory_gbps", json_real(115.2));
        snprintf(bench->hosts[end], sizeof(bench->hosts[end]), "n1#%d", end);
        bench->ranks_on_host[end] = 2;
    }
    assert_ceiling(bench, 115.2, "nic-pcie", "both");
    snprintf(bench->hosts[1], sizeof(bench->hosts[1]), "n12#1");
    assert_ceiling(bench, 2 * 98.0139, "link", "both");
}

static void the_link_of_a_gpu_counts_where_its_bytes_cross_it(void **state)
{
    struct bench *bench = *state;
    set_gpu(bench, 0, 58.5, 57.6, "0000:15:01.0");
    assert_ceiling(bench, 58.5, "gpu-pcie", "initiator"); /* read from */
    bench->settings.route = MCB_ROUTE_STAGED;
    assert_ceiling(bench, 58.5, "gpu-pcie", "initiator");
    bench->settings.route = MCB_ROUTE_HOST;
    assert_ceiling(bench, 98.0139, "link", "both");
    bench->settings.route = MCB_ROUTE_DIRECT;
    bench->settings.operation = MCB_OPERATION_READ;
    assert_ceiling(bench, 57.6, "gpu-pcie", "initiator"); /* written to */
}

static void the_gpu_of_the_target_is_written_to(void **state)
{
    struct bench *bench = *state;
    set_gpu(bench, 1, 58.5, 57.6, "0000:15:01.0");
    assert_ceiling(bench, 57.6, "gpu-pcie", "target");
}

static void a_link_above_both_nic_and_gpu_is_not_on_the_direct_way(void **state)
{
    struct bench *bench = *state;
    set_gpu(bench, 0, 58.5, 57.6, "0000:18:01.0"); /* the NIC's too */
    set_fact(bench, 0, "pcie_from_memory_gbps", json_real(58.5));
    assert_ceiling(bench, 98.0139, "link", "both");
    bench->settings.route = MCB_ROUTE_STAGED;
    assert_ceiling(bench, 58.5, "nic-pcie", "initiator");
    bench->settings.route = MCB_ROUTE_HOST;
    assert_ceiling(bench, 58.5, "nic-pcie", "initiator");
}

/* Up: the copy out of the GPU and what the NIC writes; down: what it reads and the copy in. */
static void staged_both_ways_copies_and_transfers_share_the_link_of_nic_and_gpu(void **state)
{
    struct bench *bench = *state;
    bench->settings.bidirectional = true;
    bench->settings.route = MCB_ROUTE_STAGED;
    set_gpu(bench, 0, 120, 118, "0000:15:01.0"); /* a link of its own */
    set_fact(bench, 0, "pcie_from_memory_gbps", json_real(120));
    set_fact(bench, 0, "pcie_to_memory_gbps", json_real(118));
    assert_ceiling(bench, 2 * 98.0139, "link", "both");
    set_gpu(bench, 0, 120, 118, "0000:18:01.0"); /* the NIC's too */
    assert_ceiling(bench, 118, "nic-pcie", "initiator");
    bench->settings.bidirectional = false;
    assert_ceiling(bench, 98.0139, "link", "both");
    bench->settings.bidirectional = true;
    bench->settings.route = MCB_ROUTE_HOST;
    assert_ceiling(bench, 2 * 98.0139, "link", "both");
}

static void a_gpu_of_no_known_link_is_passed_over(void **state)
{
    struct bench *bench = *state;
    set_gpu(bench, 0, 58.5, 57.6, NULL);
    json_object_set_new(bench->gpus[0], "pcie_from_memory_gbps", json_null());
    assert_ceiling(bench, 98.0139, "link", "both");
    json_object_set_new(bench->gpus[0], "pcie_from_memory_gbps", json_real(1e300));
    assert_ceiling(bench, 98.0139, "link", "both");
}

/* Two NICs, one GPU: in and out of it at once. */
static void both_directions_share_the_link_of_one_gpu(void **state)
{
    struct bench *bench = *state;
    bench->settings.bidirectional = true;
    set_gpu(bench, 0, 120, 118, "0000:15:01.0");
    set_gpu(bench, 1, 120, 118, "0000:15:01.0");
    assert_ceiling(bench, 2 * 98.0139, "link", "both"); /* on two hosts: two GPUs */
    bench->endpoints[1].rank = 0;
    snprintf(bench->endpoints[1].nic, sizeof(bench->endpoints[1].nic), "mlx5_1");
    set_fact(bench, 1, "pcie_bottleneck", json_string("0000:19:01.0"));
    assert_ceiling(bench, 118, "gpu-pcie", "both");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_bench, take_down_bench)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(two_like_hosts_are_limited_by_the_link_of_both),
        TEST(the_slower_host_is_named),
        TEST(the_mtu_is_the_one_agreed_on),
        TEST(an_mtu_that_is_none_makes_no_ceiling),
        TEST(the_wire_follows_from_link_and_gid),
        TEST(latency_and_cells_without_figures_have_no_ceiling),
        TEST(software_and_unknown_ports_have_no_ceiling),
        TEST(a_rate_that_cannot_be_is_not_known),
        TEST(texts_that_cannot_be_do_no_harm),
        TEST(a_nic_and_itself_are_limited_by_pcie_alone),
        TEST(one_nic_of_two_ranks_is_known_by_its_guid),
        TEST(two_ports_of_a_card_share_its_pcie_link),
        TEST(two_ports_of_one_bus_have_a_link_each),
        TEST(one_way_alone_makes_no_ceiling_for_two),
        TEST(ranks_that_share_a_host_share_its_links),
        TEST(the_link_of_a_gpu_counts_where_its_bytes_cross_it),
        TEST(the_gpu_of_the_target_is_written_to),
        TEST(a_link_above_both_nic_and_gpu_is_not_on_the_direct_way),
        TEST(staged_both_ways_copies_and_transfers_share_the_link_of_nic_and_gpu),
        TEST(a_gpu_of_no_known_link_is_passed_over),
        TEST(both_directions_share_the_link_of_one_gpu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
