/* SPDX-License-Identifier: Apache-2.0 */
/* Who takes part, from records that peers made: what is in order becomes endpoints, everything else
 * is refused. */
#include "bench/measure/roster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bench/report/result.h"
#include "common/json.h"
#include "gpu/module.h"
#include "tests/ranks.h"

/* ---- records ---- */

static json_t *nic_record(const char *name)
{
    return json_pack("{s:s, s:i, s:n, s:n}", "name", name, "port", 1, "numa_node", "pci_address");
}

/* Near nic0, and farther from nic1. */
static json_t *gpu_record(const char *name)
{
    return json_pack("{s:s, s:n, s:n, s:n, s:n, s:n, s:n, s:i, s:b, s:n, s:n, s:n, s:s, s:n, s:b, "
                     "s:{s:s, s:s}, s:[s], s:n, s:n, s:n, s:n, s:n}",
                     "name", name, "model", "pci_address", "uuid", "driver", "runtime",
                     "capability", "memory_bytes", 1 << 20, "integrated", 0, "numa_node",
                     "gpudirect", "dmabuf", "flush", "none", "flush_reason", "stand_in", 0,
                     "distances", "nic0", "PIX", "nic1", "SYS", "near_nics", "nic0", "pcie_gtps",
                     "pcie_lanes", "pcie_from_memory_gbps", "pcie_to_memory_gbps",
                     "pcie_bottleneck");
}

/* A host with two NICs and so many GPUs. */
static json_t *record(const char *host, const char *command, size_t gpus)
{
    json_t *list = json_array();
    for (size_t i = 0; i < gpus; i++) {
        char name[32];
        snprintf(name, sizeof name, "cuda:%zu", i);
        json_array_append_new(list, gpu_record(name));
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:[o, o], s:o, s:n}",
                     "version", "1", "command", command, "transport", "rdma", "host", host, "run",
                     "r", "kernel", "Linux", "cpu", "a CPU", "cpus", 2, "numa_nodes", 1,
                     "memory_bytes", 1 << 30, "nics", nic_record("nic0"), nic_record("nic1"),
                     "gpus", list, "gpu_fault");
}

/* One that has no GPUs, and says why. */
static json_t *record_without_gpus(const char *host, const char *id, const char *detail)
{
    json_t *made = record(host, "gpu", 0);
    json_object_set_new(made, "gpu_fault", json_pack("{s:s, s:s}", "id", id, "detail", detail));
    return made;
}

static struct mcb_settings settings_of(bool gpu)
{
    return (struct mcb_settings){.memories = {{.gpu = gpu, .number = -1}},
                                 .memory_count = 1,
                                 .routes = {MCB_ROUTE_DIRECT, MCB_ROUTE_STAGED, MCB_ROUTE_HOST},
                                 .route_count = MCB_ROUTES,
                                 .rank = -1,
                                 .timeout_ns = 10 * MCB_NS_PER_S};
}

/* ---- endpoints of a record ---- */

static void a_gpu_goes_with_its_nearest_nic_and_no_nic_is_left_out(void **state)
{
    (void)state;
    struct mcb_error error = {0};
    struct mcb_settings settings = settings_of(true);
    struct mcb_endpoint_list list;
    json_t *one = record("n1", "gpu", 1);
    assert_int_equal(mcb_roster_list_endpoints(one, &settings, &list, &error), 0);
    assert_int_equal(list.count, 2);
    for (uint32_t i = 0; i < list.count; i++) {
        assert_int_equal(list.endpoints[i].nic, i);
        assert_int_equal(list.endpoints[i].gpu, 0);
    }
    mcb_endpoint_list_release(&list);
    json_decref(one);

    json_t *two = record("n1", "gpu", 2); /* the second one is near nic1 */
    json_object_set_new(json_array_get(json_object_get(two, "gpus"), 1), "distances",
                        json_pack("{s:s, s:s}", "nic0", "SYS", "nic1", "PIX"));
    assert_int_equal(mcb_roster_list_endpoints(two, &settings, &list, &error), 0);
    assert_int_equal(list.count, 2);
    assert_int_equal(list.endpoints[1].gpu, 1);
    mcb_endpoint_list_release(&list);
    json_decref(two);
}

static void a_nic_of_unknown_distance_is_the_farthest(void **state)
{
    (void)state;
    struct mcb_error error = {0};
    struct mcb_settings settings = settings_of(true);
    struct mcb_endpoint_list list;
    json_t *two = record("n1", "gpu", 2), *gpus = json_object_get(two, "gpus");
    /* cuda:0 is near nic0; cuda:1 is far from nic1, and of nic0 it does not know */
    json_object_set_new(json_array_get(gpus, 1), "distances",
                        json_pack("{s:n, s:s}", "nic0", "nic1", "SYS"));
    assert_int_equal(mcb_roster_list_endpoints(two, &settings, &list, &error), 0);
    assert_int_equal(list.count, 2);
    assert_int_equal(list.endpoints[0].gpu, 0);
    assert_int_equal(list.endpoints[1].gpu, 1);
    mcb_endpoint_list_release(&list);
    json_decref(two);
}

static void a_host_without_gpus_has_no_endpoints_for_them(void **state)
{
    (void)state;
    struct mcb_error error = {0};
    struct mcb_settings settings = settings_of(true);
    struct mcb_endpoint_list list;
    json_t *none = record("n1", "gpu", 0);
    assert_int_equal(mcb_roster_list_endpoints(none, &settings, &list, &error), 0);
    assert_int_equal(list.count, 0);
    mcb_endpoint_list_release(&list);
    json_decref(none);
}

/* A record with something wrong in it, which is taken. */
static void assert_refused(json_t *wrong, const char *detail)
{
    struct mcb_error error = {0};
    struct mcb_settings settings = settings_of(true);
    struct mcb_endpoint_list list;
    if (mcb_roster_list_endpoints(wrong, &settings, &list, &error) == 0)
        fail_msg("it was believed: %s", detail);
    assert_int_equal(error.code, MCB_FAULT_NET_PROTOCOL);
    if (!strstr(error.detail, detail))
        fail_msg("'%s' is not in: %s", detail, error.detail);
    json_decref(wrong);
}

/* One GPU with a member made into something else; NULL: taken out. */
static json_t *with_gpu_member(const char *member, json_t *value)
{
    json_t *made = record("n1", "gpu", 1);
    json_t *gpu = json_array_get(json_object_get(made, "gpus"), 0);
    if (value)
        json_object_set_new(gpu, member, value);
    else
        json_object_del(gpu, member);
    return made;
}

static void wrong_gpus_of_a_peer_are_refused(void **state)
{
    (void)state;
    json_t *made = record("n1", "gpu", 0);
    json_object_del(made, "gpus");
    assert_refused(made, "gpus");
    assert_refused(record("n1", "gpu", MCB_GPUS_MAX + 1), "gpus");
    assert_refused(with_gpu_member("name", json_string("cuda:1")), "gpus[0]: name: that of GPU 0");
    assert_refused(with_gpu_member("name", json_string("cuda:00")), "gpus[0]: name: ");
    assert_refused(with_gpu_member("name", json_string("cuda")), "gpus[0]: name: ");
    assert_refused(with_gpu_member("name", json_string("cpu:0")), "gpus[0]: name: ");
    assert_refused(with_gpu_member("name", NULL), "gpus[0]");
    assert_refused(with_gpu_member("distances", json_pack("{s:s}", "nic0", "NEAR")), "distances");
    assert_refused(with_gpu_member("distances", json_array()), "distances");
    assert_refused(with_gpu_member("pci_address", json_string("\x1b[2J")), "pci_address");
    assert_refused(with_gpu_member("surplus", json_true()), "surplus");
    made = record("n1", "gpu", 0);
    json_array_append_new(json_object_get(made, "gpus"), json_integer(5));
    assert_refused(made, "gpus[0]");
}

/* ---- ranks that meet ---- */

struct pair {
    char listen[32], connect[48];
    struct rank ranks[2];
    struct mcb_roster roster;
    struct mcb_error error;
};

static int make_pair(void **state)
{
    struct pair *pair = calloc(1, sizeof *pair);
    uint16_t port = ranks_free_port();
    snprintf(pair->listen, sizeof pair->listen, "127.0.0.1:%u", port);
    snprintf(pair->connect, sizeof pair->connect, "127.0.0.1:%u", port);
    pair->ranks[0].settings = pair->ranks[1].settings = settings_of(true);
    pair->ranks[0].settings.listen = pair->listen;
    pair->ranks[1].settings.connect = pair->connect;
    *state = pair;
    return 0;
}

static int free_pair(void **state)
{
    struct pair *pair = *state;
    mcb_roster_release(&pair->roster);
    ranks_all(pair->ranks, 2, rank_leave);
    for (int r = 0; r < 2; r++)
        json_decref(pair->ranks[r].record);
    free(pair);
    return 0;
}

/* Both join; the records are taken. */
static const struct mcb_cluster *meet(struct pair *pair, json_t *first, json_t *second)
{
    pair->ranks[0].record = first;
    pair->ranks[1].record = second;
    ranks_all(pair->ranks, 2, rank_join);
    for (int r = 0; r < 2; r++)
        if (pair->ranks[r].result != 0)
            fail_msg("%s", pair->ranks[r].error.detail);
    return pair->ranks[0].cluster;
}

static void ranks_that_run_different_commands_are_told(void **state)
{
    struct pair *pair = *state;
    const struct mcb_cluster *cluster = meet(pair, record("n1", "gpu", 1), record("n2", "cpu", 0));
    assert_int_equal(mcb_roster_check(cluster, &pair->error), -1);
    assert_int_equal(pair->error.code, MCB_FAULT_JOB_ROSTER);
    assert_non_null(strstr(pair->error.detail, "the command is gpu on "));
}

/* Both ranks come to the same fault of the second one. */
static void assert_ended_by_second(struct pair *pair, const struct mcb_settings *settings,
                                   enum mcb_fault_code fault, const char *detail)
{
    for (int r = 0; r < 2; r++) {
        assert_int_equal(
            mcb_roster_make(pair->ranks[r].cluster, settings, &pair->roster, &pair->error), -1);
        assert_int_equal(pair->error.code, fault);
        if (!strstr(pair->error.detail, "rank 1 (") || !strstr(pair->error.detail, detail))
            fail_msg("'%s' of rank 1 is not in: %s", detail, pair->error.detail);
    }
}

static void a_rank_without_endpoints_ends_the_job_on_all_with_its_own_fault(void **state)
{
    struct pair *pair = *state;
    const struct mcb_settings settings = settings_of(true);
    meet(pair, record("n1", "gpu", 1), record_without_gpus("n2", "MCB-GPU-002", "no libcuda"));
    assert_ended_by_second(pair, &settings, MCB_FAULT_GPU_DRIVER, "no libcuda");
}

static void a_rank_that_does_not_say_why_it_has_no_gpus_is_named(void **state)
{
    struct pair *pair = *state;
    const struct mcb_settings settings = settings_of(true);
    meet(pair, record("n1", "gpu", 1), record("n2", "gpu", 0));
    assert_ended_by_second(pair, &settings, MCB_FAULT_GPU_NONE, "");
}

static void a_rank_that_lacks_the_gpus_that_were_named_is_named(void **state)
{
    struct pair *pair = *state;
    struct mcb_settings settings = settings_of(true);
    settings.memories[0].number = 1;
    meet(pair, record("n1", "gpu", 2), record("n2", "gpu", 1));
    assert_ended_by_second(pair, &settings, MCB_FAULT_GPU_NO_SUCH, "its last GPU is cuda:0");
}

static void a_rank_without_gpus_takes_part_in_the_role_that_it_has_memory_for(void **state)
{
    struct pair *pair = *state;
    struct mcb_settings settings = settings_of(false);
    settings.peer_memories[0] = (struct mcb_memory_choice){.gpu = true, .number = -1};
    settings.peer_memory_count = 1;
    const struct mcb_cluster *cluster =
        meet(pair, record("n1", "gpu", 1), record_without_gpus("n2", "MCB-GPU-003", "none\x1b"));
    assert_int_equal(mcb_roster_check(cluster, &pair->error), 0);
    assert_int_equal(mcb_roster_make(cluster, &settings, &pair->roster, &pair->error), 0);
    assert_int_equal(pair->roster.lists[0].count, 4);
    assert_int_equal(pair->roster.lists[1].count, 2);
    assert_int_equal(pair->roster.gpu_faults[0].code, MCB_FAULT_NONE);
    assert_int_equal(pair->roster.gpu_faults[1].code, MCB_FAULT_GPU_NONE);
    assert_string_equal(pair->roster.gpu_faults[1].detail, "none?");
}

static void wrong_reasons_of_a_peer_are_refused(void **state)
{
    struct pair *pair = *state;
    const struct mcb_settings settings = settings_of(true);
    char much[MCB_ERROR_DETAIL_MAX + 1];
    memset(much, 'x', sizeof much - 1);
    much[sizeof much - 1] = '\0';
    json_t *const wrong[] = {
        record("n2", "gpu", 0),
        record("n2", "gpu", 0),
        record("n2", "gpu", 1),
        record_without_gpus("n2", "MCB-GPU-999", "x"),
        record_without_gpus("n2", "", "x"),
        record_without_gpus("n2", "MCB-USE-002", "x"), /* no fault of a host */
        record_without_gpus("n2", "MCB-GPU-002", much),
    };
    json_object_del(wrong[0], "gpu_fault");
    json_object_set_new(wrong[1], "gpu_fault", json_integer(5));
    json_object_set_new(wrong[2], "gpu_fault",
                        json_pack("{s:s, s:s}", "id", "MCB-GPU-003", "detail", "x"));
    json_t *second = json_object();
    const struct mcb_cluster *cluster;
    json_object_update(second, wrong[0]);
    cluster = meet(pair, record("n1", "gpu", 1), second);
    for (size_t n = 0; n < sizeof wrong / sizeof *wrong; n++) {
        json_t *told = (json_t *)mcb_cluster_record(cluster, 1);
        json_object_clear(told);
        json_object_update(told, wrong[n]);
        assert_int_equal(mcb_roster_make(cluster, &settings, &pair->roster, &pair->error), -1);
        if (pair->error.code != MCB_FAULT_NET_PROTOCOL || !strstr(pair->error.detail, "rank 1 ("))
            fail_msg("%zu: %s", n, pair->error.detail);
        json_decref(wrong[n]);
    }
}

static json_t *opened_entry(const char *memory, const char *bounce)
{
    json_t *placement = strncmp(memory, "cpu", 3) == 0 || bounce
                            ? json_pack("{s:i, s:b, s:n, s:n, s:n}", "page_bytes", 4096, "sampled",
                                        0, "memory_bytes", "distance", "thread_cpus")
                            : json_null();
    return json_pack("{s:s, s:s?, s:{s:s}, s:o, s:[]}", "memory", memory, "bounce", bounce,
                     "registration", "method", "none", "placement", placement, "warnings");
}

static void what_was_opened_is_told_in_the_result(void **state)
{
    struct pair *pair = *state;
    const struct mcb_settings settings = settings_of(true);
    const struct mcb_cluster *cluster = meet(pair, record("n1", "gpu", 1), record("n2", "gpu", 1));
    json_t *opened =
        json_pack("[o, o]", opened_entry("cuda:0", "cpu:0"), opened_entry("cuda:0", "cpu:0"));
    json_t *warnings = json_array();
    assert_int_equal(mcb_roster_make(cluster, &settings, &pair->roster, &pair->error), 0);
    for (unsigned rank = 0; rank < 2; rank++)
        if (mcb_roster_take_opened(&pair->roster, rank, opened, warnings, &pair->error) != 0)
            fail_msg("%s", pair->error.detail);
    assert_int_equal(json_array_size(warnings), 4); /* nobody knows where the bounce buffers lie */

    json_t *hosts = mcb_roster_to_json(&pair->roster), *host = json_array_get(hosts, 1);
    json_t *entry = json_array_get(json_object_get(host, "endpoints"), 1);
    assert_int_equal(json_array_size(json_object_get(host, "gpus")), 1);
    assert_int_equal(json_array_size(json_object_get(host, "nics")), 2);
    assert_string_equal(mcb_json_text(entry, "nic"), "nic1");
    assert_string_equal(mcb_json_text(entry, "memory"), "cuda:0");
    assert_string_equal(mcb_json_text(entry, "bounce"), "cpu:0");
    assert_int_equal(json_array_size(json_object_get(entry, "roles")), 2);
    for (int route = 0; route < MCB_ROUTES; route++) {
        json_t *end = mcb_roster_endpoint_json(&pair->roster, 0, (enum mcb_route)route);
        assert_string_equal(mcb_json_text(end, "memory"),
                            route == MCB_ROUTE_HOST ? "cpu:0" : "cuda:0");
        json_decref(end);
    }
    assert_false(mcb_roster_has_stand_ins(&pair->roster));
    json_decref(hosts);
    json_decref(warnings);
    json_decref(opened);
}

static void stand_ins_of_any_rank_are_seen(void **state)
{
    struct pair *pair = *state;
    const struct mcb_settings settings = settings_of(true);
    json_t *second = record("n2", "gpu", 1);
    json_object_set_new(json_array_get(json_object_get(second, "gpus"), 0), "stand_in",
                        json_true());
    const struct mcb_cluster *cluster = meet(pair, record("n1", "gpu", 1), second);
    assert_int_equal(mcb_roster_make(cluster, &settings, &pair->roster, &pair->error), 0);
    assert_true(mcb_roster_has_stand_ins(&pair->roster));
}

/* An entry of the rank's first endpoint, which is taken. */
static void assert_not_taken(struct pair *pair, json_t *entry, const char *detail)
{
    json_t *opened = json_pack("[o, o]", entry, opened_entry("cuda:0", NULL));
    json_t *warnings = json_array();
    if (mcb_roster_take_opened(&pair->roster, 1, opened, warnings, &pair->error) == 0)
        fail_msg("it was believed: %s", detail);
    assert_int_equal(pair->error.code, MCB_FAULT_NET_PROTOCOL);
    if (!strstr(pair->error.detail, detail))
        fail_msg("'%s' is not in: %s", detail, pair->error.detail);
    json_decref(warnings);
    json_decref(opened);
}

static void what_was_opened_must_be_what_was_planned(void **state)
{
    struct pair *pair = *state;
    struct mcb_settings settings = settings_of(true);
    const struct mcb_cluster *cluster = meet(pair, record("n1", "gpu", 1), record("n2", "gpu", 1));
    assert_int_equal(mcb_roster_make(cluster, &settings, &pair->roster, &pair->error), 0);
    assert_not_taken(pair, opened_entry("cuda:1", NULL), "endpoints[0]: memory: cuda:0");
    assert_not_taken(pair, opened_entry("cpu:0", NULL), "endpoints[0]: memory: cuda:0");
    assert_not_taken(pair, opened_entry("cuda:0", "cuda:0"), "bounce");
    assert_not_taken(pair, opened_entry("cuda:0", NULL), "bounce: host memory");
    json_t *unplaced = opened_entry("cuda:0", "cpu:0");
    json_object_set_new(unplaced, "placement", json_null());
    assert_not_taken(pair, unplaced, "placement: an object");
    mcb_roster_release(&pair->roster);

    settings.route_count = 1; /* the direct one */
    assert_int_equal(mcb_roster_make(cluster, &settings, &pair->roster, &pair->error), 0);
    assert_not_taken(pair, opened_entry("cuda:0", "cpu:0"), "bounce: null");
    mcb_roster_release(&pair->roster);

    settings = settings_of(false);
    assert_int_equal(mcb_roster_make(cluster, &settings, &pair->roster, &pair->error), 0);
    assert_not_taken(pair, opened_entry("cuda:0", NULL), "that of the host");
    assert_not_taken(pair, opened_entry("cpu:0", "cpu:0"), "bounce: null");
    unplaced = opened_entry("cpu:0", NULL);
    json_object_set_new(unplaced, "placement", json_null());
    assert_not_taken(pair, unplaced, "placement: an object");
}

#define on_a_pair(test) cmocka_unit_test_setup_teardown(test, make_pair, free_pair)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gpu_goes_with_its_nearest_nic_and_no_nic_is_left_out),
        cmocka_unit_test(a_nic_of_unknown_distance_is_the_farthest),
        cmocka_unit_test(a_host_without_gpus_has_no_endpoints_for_them),
        cmocka_unit_test(wrong_gpus_of_a_peer_are_refused),
        on_a_pair(ranks_that_run_different_commands_are_told),
        on_a_pair(a_rank_without_endpoints_ends_the_job_on_all_with_its_own_fault),
        on_a_pair(a_rank_that_does_not_say_why_it_has_no_gpus_is_named),
        on_a_pair(a_rank_that_lacks_the_gpus_that_were_named_is_named),
        on_a_pair(a_rank_without_gpus_takes_part_in_the_role_that_it_has_memory_for),
        on_a_pair(wrong_reasons_of_a_peer_are_refused),
        on_a_pair(what_was_opened_is_told_in_the_result),
        on_a_pair(stand_ins_of_any_rank_are_seen),
        on_a_pair(what_was_opened_must_be_what_was_planned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
