/* SPDX-License-Identifier: Apache-2.0 */
/* Which endpoints a host has in a run. */
#include "bench/plan/endpoint_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NICS_MAX = 128, GPUS_MAX = 64, NEAR = 0, ACROSS = 3, FAR = 4 };

/* A host whose NICs lie on two NUMA nodes, half of them on each. */
struct host {
    struct mcb_plan_host known;
    int nodes[NICS_MAX];
    uint8_t distances[GPUS_MAX * NICS_MAX];
};

/* GPUs and NICs spread evenly over as many switches as there are of the fewer ones. */
static struct mcb_plan_host *make_host(struct host *host, size_t nics, size_t gpus)
{
    size_t switches = nics < gpus ? nics : gpus;
    *host = (struct host){{nics, host->nodes, gpus, host->distances}, {0}, {0}};
    for (size_t nic = 0; nic < nics; nic++)
        host->nodes[nic] = nic >= (nics + 1) / 2;
    for (size_t gpu = 0; gpu < gpus; gpu++)
        for (size_t nic = 0; nic < nics; nic++)
            host->distances[gpu * nics + nic] =
                nic * switches / nics == gpu * switches / gpus ? NEAR : FAR;
    return &host->known;
}

static const struct mcb_memory_choice cpu = {false, -1}, cuda = {true, -1};

static struct mcb_memory_choice cpu_of(int number)
{
    return (struct mcb_memory_choice){false, number};
}

static struct mcb_memory_choice cuda_of(int number)
{
    return (struct mcb_memory_choice){true, number};
}

/* "NIC:memory:roles" of each endpoint with blanks between: "0:cpu:it 0:cpu1:i 1:gpu0:t". */
static void assert_list(const struct mcb_settings *settings, const struct mcb_plan_host *host,
                        const char *expected)
{
    struct mcb_endpoint_list list;
    struct mcb_error error = {0};
    char text[4096] = "";
    size_t length = 0;
    if (mcb_endpoint_list_make(settings, host, &list, &error) != 0)
        fail_msg("%s", error.detail);
    for (uint32_t i = 0; i < list.count; i++) {
        const struct mcb_plan_endpoint *endpoint = &list.endpoints[i];
        char number[16] = "";
        int value = endpoint->gpu >= 0 ? endpoint->gpu : endpoint->numa_node;
        if (value >= 0)
            snprintf(number, sizeof number, "%d", value);
        length +=
            (size_t)snprintf(text + length, sizeof text - length, "%s%u:%s%s:%s%s", i ? " " : "",
                             endpoint->nic, endpoint->gpu >= 0 ? "gpu" : "cpu", number,
                             endpoint->may[0] ? "i" : "", endpoint->may[1] ? "t" : "");
    }
    assert_string_equal(text, expected);
    mcb_endpoint_list_release(&list);
}

static void assert_memory(struct mcb_memory_choice memory, const struct mcb_plan_host *host,
                          const char *expected)
{
    struct mcb_settings settings = {.memories = {memory}, .memory_count = 1};
    assert_list(&settings, host, expected);
}

static void host_memory_goes_with_every_nic(void **state)
{
    (void)state;
    struct host host;
    assert_memory(cpu, make_host(&host, 3, 2), "0:cpu:it 1:cpu:it 2:cpu:it");
    assert_memory(cpu_of(1), make_host(&host, 2, 0), "0:cpu1:it 1:cpu1:it");
    assert_memory(cuda_of(1), make_host(&host, 3, 2), "0:gpu1:it 1:gpu1:it 2:gpu1:it");
}

static void as_many_gpus_as_nics_are_pairs(void **state)
{
    (void)state;
    struct host host;
    assert_memory(cuda, make_host(&host, 8, 8),
                  "0:gpu0:it 1:gpu1:it 2:gpu2:it 3:gpu3:it 4:gpu4:it 5:gpu5:it 6:gpu6:it "
                  "7:gpu7:it");
}

static void a_gpu_has_all_nics_that_are_nearest_to_it(void **state)
{
    (void)state;
    struct host host;
    struct mcb_settings settings = {.memories = {cuda}, .memory_count = 1};
    struct mcb_endpoint_list list;
    struct mcb_error error;
    assert_int_equal(mcb_endpoint_list_make(&settings, make_host(&host, 32, 8), &list, &error), 0);
    assert_int_equal(list.count, 32);
    for (uint32_t i = 0; i < list.count; i++) {
        assert_int_equal(list.endpoints[i].nic, i);
        assert_int_equal(list.endpoints[i].gpu, i / 4);
    }
    mcb_endpoint_list_release(&list);
    mcb_endpoint_list_release(&list);
}

static void gpus_that_share_a_nic_are_endpoints_of_their_own(void **state)
{
    (void)state;
    struct host host;
    assert_memory(cuda, make_host(&host, 4, 8),
                  "0:gpu0:it 0:gpu1:it 1:gpu2:it 1:gpu3:it 2:gpu4:it 2:gpu5:it 3:gpu6:it "
                  "3:gpu7:it");
}

static void a_nic_that_is_near_no_gpu_goes_with_the_one_nearest_to_it(void **state)
{
    (void)state;
    struct host host;
    make_host(&host, 4, 1);
    memcpy(host.distances, (uint8_t[]){FAR, NEAR, ACROSS, FAR}, 4);
    assert_memory(cuda, &host.known, "0:gpu0:it 1:gpu0:it 2:gpu0:it 3:gpu0:it");

    make_host(&host, 3, 2); /* NIC 2 is nearer to GPU 1 */
    memcpy(host.distances, (uint8_t[]){NEAR, FAR, FAR, FAR, NEAR, ACROSS}, 6);
    assert_memory(cuda, &host.known, "0:gpu0:it 1:gpu1:it 2:gpu1:it");

    make_host(&host, 2, 2); /* GPU 0 has NIC 0 already, which is nearer to GPU 1 */
    memcpy(host.distances, (uint8_t[]){ACROSS, FAR, NEAR + 1, NEAR}, 4);
    assert_memory(cuda, &host.known, "0:gpu0:it 1:gpu1:it");
}

static void nics_as_far_from_several_gpus_are_shared_out_among_them(void **state)
{
    (void)state;
    struct host host;
    make_host(&host, 4, 2);
    memcpy(host.distances, (uint8_t[]){NEAR, FAR, FAR, FAR, FAR, NEAR, FAR, FAR}, 8);
    assert_memory(cuda, &host.known, "0:gpu0:it 1:gpu1:it 2:gpu0:it 3:gpu1:it");
}

static void where_no_distance_is_known_all_are_nearest(void **state)
{
    (void)state;
    struct host host;
    make_host(&host, 2, 2);
    memset(host.distances, FAR, sizeof host.distances);
    assert_memory(cuda, &host.known, "0:gpu0:it 0:gpu1:it 1:gpu0:it 1:gpu1:it");
}

static void a_host_without_what_is_asked_for_has_no_endpoint(void **state)
{
    (void)state;
    struct host host;
    assert_memory(cuda, make_host(&host, 4, 0), "");
    assert_memory(cuda_of(0), make_host(&host, 4, 0), "");
    assert_memory(cuda_of(2), make_host(&host, 4, 2), "");
    assert_memory(cuda, make_host(&host, 0, 2), "");
    assert_memory(cpu, make_host(&host, 0, 2), "");
    const struct mcb_settings all = {.memories = {cpu, cuda}, .memory_count = 2};
    assert_list(&all, make_host(&host, 1, 0), "0:cpu:it");
}

static void host_memory_comes_before_gpus_by_number(void **state)
{
    (void)state;
    struct host host;
    const struct mcb_settings settings = {
        .memories = {cuda_of(1), cpu_of(3), cuda_of(0), cpu_of(2)}, .memory_count = 4};
    assert_list(&settings, make_host(&host, 2, 2),
                "0:cpu2:it 0:cpu3:it 0:gpu0:it 0:gpu1:it 1:cpu2:it 1:cpu3:it 1:gpu0:it 1:gpu1:it");
}

static void an_endpoint_is_listed_once(void **state)
{
    (void)state;
    struct host host;
    const struct mcb_settings gpus = {.memories = {cuda, cuda_of(0)}, .memory_count = 2};
    assert_list(&gpus, make_host(&host, 2, 2), "0:gpu0:it 1:gpu0:it 1:gpu1:it");
    /* NIC 0 is beside node 0, NIC 1 beside node 1. */
    const struct mcb_settings nodes = {.memories = {cpu_of(0), cpu}, .memory_count = 2};
    assert_list(&nodes, make_host(&host, 2, 0), "0:cpu0:it 1:cpu0:it 1:cpu:it");
    const struct mcb_settings turned = {.memories = {cpu, cpu_of(0)}, .memory_count = 2};
    assert_list(&turned, &host.known, "0:cpu0:it 1:cpu0:it 1:cpu:it");
    host.nodes[0] = host.nodes[1] = -1;
    assert_list(&nodes, &host.known, "0:cpu:it 0:cpu0:it 1:cpu:it 1:cpu0:it");
}

static void peer_memory_is_of_the_targets_alone(void **state)
{
    (void)state;
    struct host host;
    struct mcb_settings settings = {
        .memories = {cuda}, .memory_count = 1, .peer_memories = {cpu}, .peer_memory_count = 1};
    assert_list(&settings, make_host(&host, 2, 2), "0:cpu:t 0:gpu0:i 1:cpu:t 1:gpu1:i");
    settings.peer_memories[0] = cuda_of(1);
    assert_list(&settings, &host.known, "0:gpu0:i 0:gpu1:t 1:gpu1:it");
    /* A peer has the same endpoints under the same settings, but not the same GPUs. */
    assert_list(&settings, make_host(&host, 2, 1), "0:gpu0:i 1:gpu0:i");
}

static void affinity_is_each_memory_with_each_nic_and_one_target(void **state)
{
    (void)state;
    struct host host;
    struct mcb_settings settings = {
        .pairs = MCB_PAIRS_AFFINITY, .memories = {cuda}, .memory_count = 1};
    assert_list(&settings, make_host(&host, 2, 2), "0:cpu:t 0:gpu0:i 0:gpu1:i 1:gpu0:i 1:gpu1:i");
    settings.memories[0] = cpu;
    assert_list(&settings, &host.known, "0:cpu0:it 0:cpu1:i 1:cpu0:i 1:cpu1:i");
    settings.memories[0] = cuda_of(1);
    assert_list(&settings, &host.known, "0:cpu:t 0:gpu1:i 1:gpu1:i");
    settings.memories[0] = cpu_of(5);
    assert_list(&settings, &host.known, "0:cpu:t 0:cpu5:i 1:cpu5:i");
    settings.memories[0] = cpu;
    host.nodes[0] = host.nodes[1] = -1;
    assert_list(&settings, &host.known, "0:cpu:it 1:cpu:i");
    host.nodes[0] = 1; /* and the node of NIC 1 is not known */
    assert_list(&settings, &host.known, "0:cpu1:it 1:cpu1:i");
}

static void the_target_of_affinity_has_the_memory_of_the_peers(void **state)
{
    (void)state;
    struct host host;
    struct mcb_settings settings = {.pairs = MCB_PAIRS_AFFINITY,
                                    .memories = {cpu_of(0)},
                                    .memory_count = 1,
                                    .peer_memories = {cuda},
                                    .peer_memory_count = 1};
    make_host(&host, 1, 2);
    memcpy(host.distances, (uint8_t[]){FAR, NEAR}, 2);
    assert_list(&settings, &host.known, "0:cpu0:i 0:gpu1:t");
    settings.peer_memories[0] = cuda_of(0);
    assert_list(&settings, &host.known, "0:cpu0:i 0:gpu0:t");
    settings.peer_memories[0] = cpu_of(1);
    assert_list(&settings, &host.known, "0:cpu0:i 0:cpu1:t");
    settings.peer_memories[0] = cuda_of(2);
    assert_list(&settings, &host.known, "0:cpu0:i");
    settings.peer_memories[0] = cuda;
    assert_list(&settings, make_host(&host, 1, 0), "0:cpu0:i");
    assert_list(&settings, make_host(&host, 0, 2), "");
}

static void more_than_can_be_is_refused(void **state)
{
    (void)state;
    static struct host host;
    struct mcb_settings settings = {
        .pairs = MCB_PAIRS_AFFINITY, .memories = {cuda}, .memory_count = 1};
    struct mcb_endpoint_list list = {NULL, 99};
    struct mcb_error error;
    /* 64 GPUs x 64 NICs and the target */
    assert_int_equal(mcb_endpoint_list_make(&settings, make_host(&host, 64, 64), &list, &error),
                     -1);
    assert_int_equal(error.code, MCB_FAULT_USE_VALUE);
    assert_non_null(strstr(error.detail, "--memory: 4097 endpoints"));
    assert_int_equal(list.count, 99);
    settings.peer_memories[0] = cuda;
    settings.peer_memory_count = 1;
    assert_int_equal(mcb_endpoint_list_make(&settings, &host.known, &list, &error), 0);
    assert_int_equal(list.count, MCB_ENDPOINTS_MAX);
    mcb_endpoint_list_release(&list);
}

static void a_nic_tells_the_endpoint_where_it_has_one_in_host_memory(void **state)
{
    (void)state;
    struct mcb_plan_endpoint endpoints[] = {{.nic = 0, .gpu = -1}, {.nic = 1, .gpu = -1}};
    const struct mcb_endpoint_list none = {NULL, 0}, list = {endpoints, 2};
    assert_false(mcb_endpoint_list_needs_memory(&none));
    assert_false(mcb_endpoint_list_needs_memory(&list));
    endpoints[1].nic = 0;
    assert_true(mcb_endpoint_list_needs_memory(&list));
    endpoints[1] = (struct mcb_plan_endpoint){.nic = 1, .gpu = 0};
    assert_true(mcb_endpoint_list_needs_memory(&list));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(host_memory_goes_with_every_nic),
        cmocka_unit_test(as_many_gpus_as_nics_are_pairs),
        cmocka_unit_test(a_gpu_has_all_nics_that_are_nearest_to_it),
        cmocka_unit_test(gpus_that_share_a_nic_are_endpoints_of_their_own),
        cmocka_unit_test(a_nic_that_is_near_no_gpu_goes_with_the_one_nearest_to_it),
        cmocka_unit_test(nics_as_far_from_several_gpus_are_shared_out_among_them),
        cmocka_unit_test(where_no_distance_is_known_all_are_nearest),
        cmocka_unit_test(a_host_without_what_is_asked_for_has_no_endpoint),
        cmocka_unit_test(host_memory_comes_before_gpus_by_number),
        cmocka_unit_test(an_endpoint_is_listed_once),
        cmocka_unit_test(peer_memory_is_of_the_targets_alone),
        cmocka_unit_test(affinity_is_each_memory_with_each_nic_and_one_target),
        cmocka_unit_test(the_target_of_affinity_has_the_memory_of_the_peers),
        cmocka_unit_test(a_nic_tells_the_endpoint_where_it_has_one_in_host_memory),
        cmocka_unit_test(more_than_can_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
