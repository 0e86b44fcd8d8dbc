/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/report/environment.h"
#include "bench/report/environment_hosts.h"
#include "tests/unit/comparison_helper.h"

/* Two runs of the same hosts, to be made different. */
struct pair {
    json_t *before, *after;
};

/* The way of a comparison: the transport first, then the endpoint of the pair of hosts. */
static bool is_other(const json_t *before, const json_t *after, bool by_rank, const char *host,
                     const char *nic, const char *memory, char why[MCB_DIFFERENCE_SENTENCE_MAX])
{
    struct mcb_host_pairs hosts;
    struct mcb_error error;
    if (mcb_environment_transport_is_other(before, after, why))
        return true;
    assert_int_equal(mcb_host_pairs_make(before, after, by_rank, &hosts, &error), 0);
    const struct mcb_host_pair *pair = mcb_host_pairs_find(&hosts, host);
    bool other = pair && mcb_host_pair_is_other(pair, nic, memory, why);
    mcb_host_pairs_release(&hosts);
    return other;
}

static struct pair pair_of(size_t hosts, size_t nics)
{
    const struct ledger_plan plan = {.hosts = hosts, .nics = nics};
    return (struct pair){ledger_document(&plan), ledger_document(&plan)};
}

/* With a GPU beside each host's memory. */
static struct pair pair_of_gpus(void)
{
    static const char *const memories[] = {"cpu:0", "cuda:0"};
    const struct ledger_plan plan = {.hosts = 2, .memories = memories, .memory_count = 2};
    return (struct pair){ledger_document(&plan), ledger_document(&plan)};
}

/* The documents as valid results, and let go. */
static struct mcb_differences compare(struct pair pair, bool by_rank)
{
    struct mcb_differences differences;
    struct mcb_ledger before, after;
    struct mcb_error error;
    ledger_of(pair.before, &before);
    ledger_of(pair.after, &after);
    assert_int_equal(
        mcb_environment_compare(before.head, after.head, by_rank, &differences, &error), 0);
    mcb_ledger_release(&before);
    mcb_ledger_release(&after);
    return differences;
}

/* All sentences, a line each with their kinds. For free(). */
static char *lines_of(struct mcb_differences differences)
{
    char *text = NULL, sentence[MCB_DIFFERENCE_SENTENCE_MAX];
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    for (size_t i = 0; i < differences.count; i++)
        fprintf(out, "%s: %s\n", mcb_difference_kind_name(differences.list[i].kind),
                mcb_difference_sentence(&differences.list[i], sentence));
    fclose(out);
    mcb_differences_release(&differences);
    char *kept = strdup(text); /* whose address no stream knows, as gcc would warn */
    free(text);
    return kept;
}

static void assert_differ(struct pair pair, const char *expected)
{
    char *text = lines_of(compare(pair, false));
    assert_string_equal(text, expected);
    free(text);
}

/* ---- kinds ---- */

static void runs_that_are_alike_differ_in_nothing(void **state)
{
    (void)state;
    assert_differ(pair_of(2, 4), "");
    assert_differ(pair_of_gpus(), "");
}

static void another_part_is_hardware(void **state)
{
    (void)state;
    struct pair pair = pair_of_gpus();
    ledger_set_host(pair.after, 0, "cpu", json_string("another CPU"));
    ledger_set_nic(pair.after, 0, 1, "device_id", json_string("0x15b3:0x1023"));
    ledger_set_nic(pair.after, 1, 0, "board", json_string("MT_0000000001"));
    ledger_set_gpu(pair.after, 1, 0, "model", json_string("another GPU"));
    assert_differ(pair, "hardware: CPU a CPU → another CPU (n1)\n"
                        "hardware: NIC 0x15b3:0x1021 → 0x15b3:0x1023 (n1/mlx5_1)\n"
                        "hardware: NIC board MT_0000000838 → MT_0000000001 (n2/mlx5_0)\n"
                        "hardware: GPU a GPU → another GPU (n2/cuda:0)\n");
}

static void the_stand_in_gpu_and_a_software_nic_are_other_hardware(void **state)
{
    (void)state;
    struct pair pair = pair_of_gpus();
    ledger_set_gpu(pair.after, 0, 0, "stand_in", json_true());
    ledger_set_nic(pair.after, 0, 0, "software", json_true());
    assert_differ(pair, "hardware: software NIC no → yes (n1/mlx5_0)\n"
                        "hardware: stand-in GPU no → yes (n1/cuda:0)\n");
}

static void another_transport_is_hardware_of_the_run(void **state)
{
    (void)state;
    struct pair pair = pair_of(1, 2);
    json_object_set_new(pair.after, "transport",
                        json_pack("{s:s, s:s}", "name", "tcp", "because", "no RDMA device"));
    assert_differ(pair, "hardware: transport rdma → tcp\n");
}

static void a_setting_is_told_as_the_option_it_is(void **state)
{
    (void)state;
    struct pair pair = pair_of(1, 2);
    ledger_set_setting(pair.after, "qps", "4");
    ledger_set_setting(pair.after, "depth", "64");
    ledger_set_setting(pair.before, "trials", "5");
    assert_differ(pair, "setting: --qps 1 → 4\n"
                        "setting: --depth not set → 64\n"
                        "setting: --trials 5 → not set\n");
}

static void a_setting_that_this_version_does_not_know_is_told_by_its_name(void **state)
{
    (void)state;
    struct pair pair = pair_of(1, 2);
    ledger_set_setting(pair.after, "warp-factor", "9");
    ledger_set_setting(pair.after, "warp-field", "9");
    assert_differ(pair, "setting: --warp-factor not set → 9\n"
                        "setting: --warp-field not set → 9\n");
}

static void settings_beside_the_point_are_left_out(void **state)
{
    (void)state;
    static const char *const names[] = {"output",     "json",   "quiet",   "expect", "expect-file",
                                        "prometheus", "listen", "connect", "etcd",   "job",
                                        "ranks",      "rank",   "address", "timeout"};
    struct pair pair = pair_of(1, 2);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        ledger_set_setting(pair.before, names[i], "one");
        ledger_set_setting(pair.after, names[i], "another");
    }
    assert_differ(pair, "");
}

static void kernel_driver_firmware_and_mcbench_are_software(void **state)
{
    (void)state;
    struct pair pair = pair_of_gpus();
    json_object_set_new(json_object_get(pair.after, "tool"), "version", json_string("0.2.0"));
    ledger_set_host(pair.after, 0, "kernel", json_string("6.12"));
    ledger_set_nic(pair.after, 0, 0, "firmware", json_string("28.40.1000"));
    ledger_set_nic(pair.after, 0, 0, "driver", json_string("mlx5_next"));
    ledger_set_gpu(pair.after, 0, 0, "driver", json_string("580.2"));
    ledger_set_gpu(pair.after, 0, 0, "runtime", json_string("13.0"));
    assert_differ(pair, "software: mcbench 0.1.0 → 0.2.0\n"
                        "software: kernel 6.1 → 6.12 (n1)\n"
                        "software: firmware 28.39.1002 → 28.40.1000 (n1/mlx5_0)\n"
                        "software: NIC driver mlx5_core → mlx5_next (n1/mlx5_0)\n"
                        "software: GPU driver 570.1 → 580.2 (n1/cuda:0)\n"
                        "software: CUDA runtime 12.8 → 13.0 (n1/cuda:0)\n");
}

static void a_link_is_told_with_its_units(void **state)
{
    (void)state;
    struct pair pair = pair_of(1, 2);
    ledger_set_nic(pair.after, 0, 0, "link_gbps", json_real(200));
    ledger_set_nic(pair.after, 0, 0, "active_mtu_bytes", json_integer(1024));
    ledger_set_nic(pair.after, 0, 0, "pcie_gtps", json_real(16));
    ledger_set_nic(pair.after, 0, 0, "pcie_lanes", json_integer(8));
    ledger_set_nic(pair.after, 0, 0, "pcie_max_payload_bytes", json_integer(128));
    ledger_set_nic(pair.after, 0, 1, "port", json_integer(2));
    ledger_set_nic(pair.after, 0, 1, "gid_type", json_string("RoCE v1"));
    assert_differ(pair, "link: link rate 400 Gbit/s → 200 Gbit/s (n1/mlx5_0)\n"
                        "link: MTU 4096 → 1024 (n1/mlx5_0)\n"
                        "link: PCIe rate 32 GT/s → 16 GT/s (n1/mlx5_0)\n"
                        "link: PCIe lanes 16 → 8 (n1/mlx5_0)\n"
                        "link: MaxPayload 256 B → 128 B (n1/mlx5_0)\n"
                        "link: port 1 → 2 (n1/mlx5_1)\n"
                        "link: GID type RoCE v2 → RoCE v1 (n1/mlx5_1)\n");
}

static void how_memory_is_reached_is_a_way(void **state)
{
    (void)state;
    struct pair pair = pair_of_gpus();
    json_t *host = json_array_get(json_object_get(pair.after, "hosts"), 0);
    json_t *endpoint = json_array_get(json_object_get(host, "endpoints"), 1);
    json_object_set_new(json_object_get(endpoint, "registration"), "method",
                        json_string("peermem"));
    ledger_set_nic(pair.after, 0, 0, "numa_node", json_integer(1));
    ledger_set_gpu(pair.after, 0, 0, "near_nics", json_pack("[s, s]", "mlx5_0", "mlx5_1"));
    ledger_set_gpu(pair.after, 0, 0, "gpudirect", json_false());
    assert_differ(pair, "way: NUMA node 0 → 1 (n1/mlx5_0)\n"
                        "way: GPUDirect by a module yes → no (n1/cuda:0)\n"
                        "way: near NICs mlx5_0 → mlx5_0,mlx5_1 (n1/cuda:0)\n"
                        "way: registration dmabuf → peermem (n1/mlx5_0/cuda:0)\n");
}

static void a_little_less_memory_of_a_host_is_the_same(void **state)
{
    (void)state;
    struct pair pair = pair_of(2, 2);
    ledger_set_host(pair.after, 0, "memory_bytes", json_integer((1 << 30) - (1 << 24)));
    ledger_set_host(pair.after, 1, "memory_bytes", json_integer(1 << 29));
    assert_differ(pair, "way: memory 1 GiB → 512 MiB (n2)\n");
}

static void how_ranks_found_each_other_is_of_the_place(void **state)
{
    (void)state;
    struct pair pair = pair_of(1, 2);
    json_t *job = json_object_get(pair.after, "job");
    json_object_set_new(job, "method", json_string("etcd"));
    json_object_set_new(job, "ranks", json_integer(2));
    assert_differ(pair, "place: ranks 1 → 2\nplace: ranks found by local → etcd\n");
}

static void kinds_come_in_their_order(void **state)
{
    (void)state;
    struct pair pair = pair_of(1, 2);
    compared_rename(pair.after, "n1", "m1");
    ledger_set_host(pair.after, 0, "cpus", json_integer(64));
    ledger_set_nic(pair.after, 0, 0, "state", json_string("down"));
    ledger_set_host(pair.after, 0, "kernel", json_string("6.12"));
    ledger_set_setting(pair.after, "qps", "2");
    ledger_set_host(pair.after, 0, "cpu", json_string("another CPU"));
    assert_differ(pair, "hardware: CPU a CPU → another CPU (m1)\n"
                        "setting: --qps 1 → 2\n"
                        "software: kernel 6.1 → 6.12 (m1)\n"
                        "link: port state active → down (m1/mlx5_0)\n"
                        "way: CPUs 2 → 64 (m1)\n"
                        "place: host n1 → m1\n");
}

/* ---- counting ---- */

static void what_differs_alike_is_one_difference_with_its_count(void **state)
{
    (void)state;
    struct pair pair = pair_of(2, 4);
    for (size_t i = 0; i < 8; i++)
        ledger_set_nic(pair.after, i / 4, i % 4, "firmware", json_string("28.40.1000"));
    struct mcb_differences differences = compare(pair, false);
    assert_int_equal(differences.count, 1);
    assert_int_equal(differences.list[0].subjects, 8);
    char *text = lines_of(differences);
    assert_string_equal(text,
                        "software: firmware 28.39.1002 → 28.40.1000 (n1/mlx5_0 and 7 more)\n");
    free(text);
}

static void what_differs_otherwise_is_counted_apart(void **state)
{
    (void)state;
    struct pair pair = pair_of(2, 2);
    for (size_t i = 0; i < 4; i++)
        ledger_set_nic(pair.after, i / 2, i % 2, "firmware",
                       json_string(i % 2 ? "28.41.1000" : "28.40.1000"));
    assert_differ(pair, "software: firmware 28.39.1002 → 28.40.1000 (n1/mlx5_0 and 1 more)\n"
                        "software: firmware 28.39.1002 → 28.41.1000 (n1/mlx5_1 and 1 more)\n");
}

static void differences_beyond_those_there_is_room_for_are_counted(void **state)
{
    (void)state;
    enum { NICS = 100, HOSTS = 3, BEYOND = NICS * HOSTS - MCB_DIFFERENCES_MAX };
    struct pair pair = {json_pack("{s:[]}", "hosts"), json_pack("{s:[]}", "hosts")};
    for (size_t i = 0; i < HOSTS; i++) {
        const struct ledger_plan plan = ledger_plan_whole(&(struct ledger_plan){.nics = NICS});
        json_array_append_new(json_object_get(pair.before, "hosts"), ledger_host(&plan, i));
        json_array_append_new(json_object_get(pair.after, "hosts"), ledger_host(&plan, i));
        for (size_t nic = 0; nic < NICS; nic++) {
            char firmware[32];
            snprintf(firmware, sizeof firmware, "%zu", i * NICS + nic);
            ledger_set_nic(pair.after, i, nic, "firmware", json_string(firmware));
        }
    }
    struct mcb_differences differences;
    struct mcb_error error;
    assert_int_equal(mcb_environment_compare(pair.before, pair.after, false, &differences, &error),
                     0);
    assert_int_equal(differences.count, MCB_DIFFERENCES_MAX);
    assert_int_equal(differences.beyond, BEYOND);
    assert_string_equal(differences.list[0].after, "0");
    assert_string_equal(differences.list[MCB_DIFFERENCES_MAX - 1].after, "255");
    mcb_differences_release(&differences);
    json_decref(pair.before);
    json_decref(pair.after);
}

/* ---- what is unknown ---- */

static void what_one_side_does_not_know_is_not_known(void **state)
{
    (void)state;
    struct pair pair = pair_of(1, 2);
    ledger_set_nic(pair.before, 0, 0, "numa_node", json_null());
    json_object_del(
        json_array_get(
            json_object_get(json_array_get(json_object_get(pair.after, "hosts"), 0), "nics"), 1),
        "firmware");
    assert_differ(pair, "software: firmware 28.39.1002 → not known (n1/mlx5_1)\n"
                        "way: NUMA node not known → 0 (n1/mlx5_0)\n");
}

static void hardware_that_one_side_does_not_know_is_not_another(void **state)
{
    (void)state;
    struct pair pair = pair_of(1, 2);
    char why[MCB_DIFFERENCE_SENTENCE_MAX];
    ledger_set_host(pair.before, 0, "cpu", json_string(""));
    json_t *nic = json_array_get(
        json_object_get(json_array_get(json_object_get(pair.after, "hosts"), 0), "nics"), 0);
    json_object_del(nic, "board");
    json_object_del(nic, "device_id");
    assert_false(is_other(pair.before, pair.after, false, "n1", "mlx5_0", "cpu:0", why));
    assert_differ(pair, "");
}

/* ---- parts ---- */

static void parts_that_take_part_no_more_are_named(void **state)
{
    (void)state;
    struct pair pair = pair_of_gpus();
    json_t *host = json_array_get(json_object_get(pair.after, "hosts"), 1);
    json_t *gpus = json_object_get(host, "gpus"),
           *old = json_object_get(json_array_get(json_object_get(pair.before, "hosts"), 0), "nics");
    json_object_set_new(json_array_get(gpus, 0), "name", json_string("cuda:3"));
    json_array_remove(old, 1);
    assert_differ(pair, "place: NIC took part no → yes (n1/mlx5_1)\n"
                        "place: GPU took part no → yes (n2/cuda:3)\n"
                        "place: GPU took part yes → no (n2/cuda:0)\n");
}

static void a_list_that_one_run_does_not_have_is_no_missing_part(void **state)
{
    (void)state;
    static const char *const memories[] = {"cpu:0", "cuda:0"};
    const struct ledger_plan plain = {.hosts = 1},
                             of_gpus = {.hosts = 1, .memories = memories, .memory_count = 2};
    assert_differ((struct pair){ledger_document(&plain), ledger_document(&of_gpus)}, "");
    assert_differ((struct pair){ledger_document(&of_gpus), ledger_document(&plain)}, "");
}

static void a_nic_that_was_replaced_by_its_like_is_seen_by_its_guid(void **state)
{
    (void)state;
    struct pair pair = pair_of(1, 2);
    ledger_set_nic(pair.after, 0, 1, "node_guid", json_string("0x2"));
    ledger_set_nic(pair.before, 0, 1, "pci_address", json_string("0000:01:00.0"));
    ledger_set_nic(pair.after, 0, 1, "pci_address", json_string("0000:02:00.0"));
    assert_differ(pair, "way: PCI address 0000:01:00.0 → 0000:02:00.0 (n1/mlx5_1)\n"
                        "place: node GUID 0x1 → 0x2 (n1/mlx5_1)\n");
}

static void a_software_nic_may_have_another_guid_each_time(void **state)
{
    (void)state;
    struct pair pair = pair_of(1, 2);
    ledger_set_nic(pair.before, 0, 1, "software", json_true());
    ledger_set_nic(pair.after, 0, 1, "software", json_true());
    ledger_set_nic(pair.after, 0, 1, "node_guid", json_string("0x2"));
    assert_differ(pair, "");
}

/* ---- hosts ---- */

static void hosts_are_matched_by_name_whatever_their_ranks(void **state)
{
    (void)state;
    struct pair pair = pair_of(2, 2);
    ledger_set_host(pair.after, 0, "rank", json_integer(1));
    ledger_set_host(pair.after, 1, "rank", json_integer(0));
    ledger_set_host(pair.before, 1, "kernel", json_string("5.15"));
    assert_differ(pair, "software: kernel 5.15 → 6.1 (n2)\n");
}

static void hosts_whose_names_are_all_other_are_matched_by_rank(void **state)
{
    (void)state;
    struct pair pair = pair_of(2, 2);
    compared_rename(pair.after, "n1", "m7");
    compared_rename(pair.after, "n2", "m8");
    ledger_set_nic(pair.after, 1, 0, "node_guid", json_string("0x2"));
    ledger_set_host(pair.after, 1, "kernel", json_string("6.12"));
    assert_string_equal(mcb_environment_host_before(pair.before, pair.after, false, "m8"), "n2");
    assert_differ(pair, "software: kernel 6.1 → 6.12 (m8)\n"
                        "place: host n1 → m7\n"
                        "place: host n2 → m8\n");
}

static void a_host_that_left_and_one_that_came_are_named(void **state)
{
    (void)state;
    struct pair pair = pair_of(2, 2);
    compared_rename(pair.after, "n2", "n9");
    assert_string_equal(mcb_environment_host_before(pair.before, pair.after, false, "n9"), "n9");
    assert_string_equal(mcb_environment_host_before(pair.before, pair.after, true, "n9"), "n2");
    assert_differ(pair, "place: host none → n9\nplace: host n2 → none\n");
}

static void by_rank_wanted_hosts_of_the_same_name_are_matched_by_rank_too(void **state)
{
    (void)state;
    struct pair pair = pair_of(2, 2);
    ledger_set_host(pair.after, 0, "rank", json_integer(1));
    ledger_set_host(pair.after, 1, "rank", json_integer(0));
    char *text = lines_of(compare(pair, true));
    assert_string_equal(text, "place: host n2 → n1\nplace: host n1 → n2\n");
    free(text);
}

/* ---- one endpoint ---- */

static void an_endpoint_is_another_if_its_nic_gpu_cpu_or_transport_is(void **state)
{
    (void)state;
    struct pair pair = pair_of_gpus();
    char why[MCB_DIFFERENCE_SENTENCE_MAX];
    ledger_set_nic(pair.after, 0, 1, "device_id", json_string("0x15b3:0x1023"));
    ledger_set_gpu(pair.after, 0, 0, "model", json_string("another GPU"));
    ledger_set_host(pair.after, 1, "cpu", json_string("another CPU"));
    json_t *before = pair.before, *after = pair.after;
    assert_false(is_other(before, after, false, "n1", "mlx5_0", "cpu:0", why));
    assert_true(is_other(before, after, false, "n1", "mlx5_1", "cpu:0", why));
    assert_string_equal(why, "NIC 0x15b3:0x1021 → 0x15b3:0x1023");
    assert_true(is_other(before, after, false, "n1", "mlx5_0", "cuda:0", why));
    assert_string_equal(why, "GPU a GPU → another GPU");
    assert_true(is_other(before, after, false, "n2", "mlx5_0", "cpu:0", why));
    assert_string_equal(why, "CPU a CPU → another CPU");
    assert_false(is_other(before, after, false, "n5", "mlx5_0", "cpu:0", why));
    json_object_set_new(json_object_get(after, "transport"), "name", json_string("tcp"));
    assert_true(is_other(before, after, false, "n1", "mlx5_0", "cpu:0", why));
    assert_string_equal(why, "transport rdma → tcp");
    json_decref(before);
    json_decref(after);
}

/* ---- hostile text ---- */

static void foreign_text_is_made_harmless_and_cut(void **state)
{
    (void)state;
    char endless[2000], why[MCB_DIFFERENCE_SENTENCE_MAX], sentence[MCB_DIFFERENCE_SENTENCE_MAX];
    memset(endless, 'x', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    struct pair pair = pair_of(1, 2);
    ledger_set_host(pair.before, 0, "host", json_string("n1\033[2J"));
    ledger_set_host(pair.after, 0, "host", json_string("n2\033[2J"));
    ledger_set_host(pair.after, 0, "cpu", json_string("\033]0;title\007CPU"));
    ledger_set_host(pair.after, 0, "kernel", json_string(endless));
    ledger_set_nic(pair.after, 0, 0, "name", json_string("mlx5\n0"));
    ledger_set_setting(pair.after, "a\nb", "c\rd");
    struct mcb_differences differences;
    struct mcb_error error;
    assert_int_equal(mcb_environment_compare(pair.before, pair.after, false, &differences, &error),
                     0);
    assert_int_equal(differences.count, 6);
    for (size_t i = 0; i < differences.count; i++) {
        char clean[MCB_DIFFERENCE_SENTENCE_MAX];
        mcb_difference_sentence(&differences.list[i], sentence);
        assert_string_equal(mcb_text_clean(sentence, clean, sizeof clean), sentence);
        assert_true(strlen(differences.list[i].after) < MCB_DIFFERENCE_TEXT_MAX);
    }
    assert_string_equal(mcb_difference_sentence(&differences.list[1], sentence),
                        "--a?b not set → c?d");
    assert_true(is_other(pair.before, pair.after, false, "n2\033[2J", "mlx5_1", "cpu:0", why));
    assert_string_equal(why, "CPU a CPU → ?]0;title?CPU");
    mcb_differences_release(&differences);
    json_decref(pair.before);
    json_decref(pair.after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_that_are_alike_differ_in_nothing),
        cmocka_unit_test(another_part_is_hardware),
        cmocka_unit_test(the_stand_in_gpu_and_a_software_nic_are_other_hardware),
        cmocka_unit_test(another_transport_is_hardware_of_the_run),
        cmocka_unit_test(a_setting_is_told_as_the_option_it_is),
        cmocka_unit_test(a_setting_that_this_version_does_not_know_is_told_by_its_name),
        cmocka_unit_test(settings_beside_the_point_are_left_out),
        cmocka_unit_test(kernel_driver_firmware_and_mcbench_are_software),
        cmocka_unit_test(a_link_is_told_with_its_units),
        cmocka_unit_test(how_memory_is_reached_is_a_way),
        cmocka_unit_test(a_little_less_memory_of_a_host_is_the_same),
        cmocka_unit_test(how_ranks_found_each_other_is_of_the_place),
        cmocka_unit_test(kinds_come_in_their_order),
        cmocka_unit_test(what_differs_alike_is_one_difference_with_its_count),
        cmocka_unit_test(what_differs_otherwise_is_counted_apart),
        cmocka_unit_test(differences_beyond_those_there_is_room_for_are_counted),
        cmocka_unit_test(what_one_side_does_not_know_is_not_known),
        cmocka_unit_test(hardware_that_one_side_does_not_know_is_not_another),
        cmocka_unit_test(parts_that_take_part_no_more_are_named),
        cmocka_unit_test(a_list_that_one_run_does_not_have_is_no_missing_part),
        cmocka_unit_test(a_nic_that_was_replaced_by_its_like_is_seen_by_its_guid),
        cmocka_unit_test(a_software_nic_may_have_another_guid_each_time),
        cmocka_unit_test(hosts_are_matched_by_name_whatever_their_ranks),
        cmocka_unit_test(hosts_whose_names_are_all_other_are_matched_by_rank),
        cmocka_unit_test(a_host_that_left_and_one_that_came_are_named),
        cmocka_unit_test(by_rank_wanted_hosts_of_the_same_name_are_matched_by_rank_too),
        cmocka_unit_test(an_endpoint_is_another_if_its_nic_gpu_cpu_or_transport_is),
        cmocka_unit_test(foreign_text_is_made_harmless_and_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
