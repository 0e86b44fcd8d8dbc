/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing that a peer says of its side is used unless it makes sense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "bench/transport/rdma_side.h"

enum { SLOTS = 8, SIZE = 1000, STRIDE = 1024 };

static uint8_t memory[2 * SLOTS * STRIDE];
static struct mcb_queue_pair pairs[2] = {{.number = 17, .sequence = 5},
                                         {.number = 0xffffff, .sequence = 0xffffff}};
static struct mcb_queue_set set = {
    .options = {.count = 2, .mtu_bytes = 4096, .lid = 9}, .pairs = pairs, .reads_as_target = 16};
static struct mcb_region regions[] = {{.remote_key = 0xffffffff}};
static struct mcb_registration registration = {.regions = regions, .count = 1};
static struct mcb_side side = {
    .registration = &registration,
    .set = &set,
    .out = {memory, SIZE, STRIDE, SLOTS},
    .in = {memory + SLOTS * STRIDE, SIZE, STRIDE, SLOTS},
};

static json_t *description(void)
{
    regions[0].address = (uintptr_t)memory;
    regions[0].length_bytes = sizeof(memory);
    json_t *made = mcb_rdma_side_describe(&side);
    assert_non_null(made);
    return made;
}

static void what_a_side_describes_can_be_read(void **state)
{
    (void)state;
    json_t *text = description();
    struct mcb_rdma_peer peer;
    struct mcb_error error;
    assert_int_equal(mcb_rdma_peer_read(&side, text, &peer, &error), 0);
    assert_int_equal(peer.numbers[0], 17);
    assert_int_equal(peer.sequences[1], 0xffffff);
    assert_int_equal(peer.queues.mtu_bytes, 4096);
    assert_int_equal(peer.queues.lid, 9);
    assert_int_equal(peer.queues.reads_as_target, 16);
    assert_int_equal(peer.in, (uintptr_t)side.in.base);
    assert_int_equal(peer.out, (uintptr_t)side.out.base);
    assert_int_equal(peer.region_count, 1);
    assert_int_equal(peer.regions[0].remote_key, 0xffffffff);
    assert_int_equal(peer.regions[0].length_bytes, sizeof(memory));
    mcb_rdma_peer_release(&peer);
    json_decref(text);
}

/* Replaces a member (NULL: removes it) and expects a refusal. */
static void refused_with(const char *key, json_t *value)
{
    json_t *text = description();
    struct mcb_rdma_peer peer;
    struct mcb_error error = {.code = MCB_FAULT_NONE};
    if (value)
        json_object_set_new(text, key, value);
    else
        json_object_del(text, key);
    assert_int_equal(mcb_rdma_peer_read(&side, text, &peer, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_NET_PROTOCOL);
    assert_true(strlen(error.detail) > 0);
    json_decref(text);
}

static void a_missing_member_is_refused(void **state)
{
    (void)state;
    static const char *const keys[] = {"gid",        "lid",          "mtu_bytes", "reads",
                                       "pairs",      "slots",        "in",        "out",
                                       "slot_bytes", "stride_bytes", "regions",   "polls_memory"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        refused_with(keys[i], NULL);
}

static void numbers_out_of_range_are_refused(void **state)
{
    (void)state;
    refused_with("lid", json_integer(65536));
    refused_with("lid", json_integer(-1));
    refused_with("mtu_bytes", json_integer(1000));
    refused_with("mtu_bytes", json_integer(8192));
    refused_with("mtu_bytes", json_string("4096"));
    refused_with("reads", json_integer(256));
    refused_with("gid", json_string("10.77.0.1"));
    refused_with("gid", json_string("fe80::1%eth0"));
    refused_with("slots", json_integer(SLOTS + 1));
    refused_with("slot_bytes", json_integer(SIZE - 1));
    refused_with("stride_bytes", json_integer(SIZE));
    refused_with("polls_memory", json_integer(1));
    refused_with("in", json_string("0xfffffffffffffff0"));
    refused_with("out", json_string("0xfffffffffffffff0"));
}

static json_t *pair(json_int_t number, json_int_t sequence)
{
    return json_pack("{s:I, s:I}", "number", number, "sequence", sequence);
}

static void other_queue_pairs_than_expected_are_refused(void **state)
{
    (void)state;
    refused_with("pairs", json_pack("[o]", pair(1, 1)));
    refused_with("pairs", json_pack("[o, o, o]", pair(1, 1), pair(2, 2), pair(3, 3)));
    refused_with("pairs", json_pack("[o, o]", pair(1, 1), pair(0x1000000, 2)));
    refused_with("pairs", json_pack("[o, o]", pair(1, 1), pair(2, 0x1000000)));
    refused_with("pairs", json_pack("[o, o]", pair(1, 1), pair(-1, 0)));
    refused_with("pairs", json_pack("[i, i]", 1, 2));
}

static json_t *region(const char *address, const char *length, json_int_t key)
{
    return json_pack("{s:s, s:s, s:I}", "address", address, "length", length, "key", key);
}

static void regions_that_cannot_be_are_refused(void **state)
{
    (void)state;
    refused_with("regions", json_pack("[o]", region("0x1000", "0xffffffffffffffff", 1)));
    refused_with("regions", json_pack("[o]", region("0x1000", "0x1000", 0x100000000)));
    refused_with("regions",
                 json_pack("[o, o]", region("0x2000", "0x1000", 1), region("0x1000", "0x1000", 1)));
    refused_with("regions", json_pack("[i]", 7));
    json_t *many = json_array();
    for (int i = 0; i <= MCB_REGIONS_MAX; i++)
        json_array_append_new(many, region("0x1000", "0x1000", 1));
    refused_with("regions", many);
}

static void what_is_no_object_is_refused(void **state)
{
    (void)state;
    struct mcb_rdma_peer peer;
    struct mcb_error error = {.code = MCB_FAULT_NONE};
    assert_int_equal(mcb_rdma_peer_read(&side, NULL, &peer, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_NET_PROTOCOL);
}

/* A set without queue pairs has nothing to ask a device for. */
static uint32_t mtu_agreed_on(uint32_t here_bytes, uint32_t there_bytes)
{
    struct mcb_device device = {.name = "mlx5_0"};
    struct mcb_queue_pair none = {.number = 0};
    struct mcb_queue_set idle = {.options = {.device = &device, .mtu_bytes = here_bytes},
                                 .pairs = &none};
    struct mcb_side idle_side = {.set = &idle};
    struct mcb_queue_peer peer = {.mtu_bytes = there_bytes};
    struct mcb_error error;
    assert_int_equal(mcb_queue_set_connect(&idle, &peer, &error), 0);
    json_t *facts = mcb_rdma_side_facts(&idle_side);
    json_int_t mtu_bytes = json_integer_value(json_object_get(facts, "mtu_bytes"));
    json_decref(facts);
    return (uint32_t)mtu_bytes;
}

static void the_mtu_of_a_cell_is_the_smaller_of_both_sides(void **state)
{
    (void)state;
    assert_int_equal(mtu_agreed_on(4096, 1024), 1024);
    assert_int_equal(mtu_agreed_on(1024, 4096), 1024);
    assert_int_equal(mtu_agreed_on(2048, 2048), 2048);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_side_describes_can_be_read),
        cmocka_unit_test(a_missing_member_is_refused),
        cmocka_unit_test(numbers_out_of_range_are_refused),
        cmocka_unit_test(other_queue_pairs_than_expected_are_refused),
        cmocka_unit_test(regions_that_cannot_be_are_refused),
        cmocka_unit_test(what_is_no_object_is_refused),
        cmocka_unit_test(the_mtu_of_a_cell_is_the_smaller_of_both_sides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
