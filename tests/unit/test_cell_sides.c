/* SPDX-License-Identifier: Apache-2.0 */
/* What the two ends of a cell know. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "bench/measure/cell_sides.h"
#include "bench/report/result.h"
#include "bench/report/sides.h"
#include "common/json.h"
#include "tests/unit/result_helper.h"

static json_t *nic_facts(int mtu_bytes, const char *gid)
{
    return json_pack("{s:s, s:i, s:s, s:i, s:s, s:s, s:s, s:i, s:i}", "name", "mlx5_0", "port", 1,
                     "gid", gid, "gid_index", 3, "gid_type", "RoCE v2", "netdev", "eth0", "address",
                     "10.0.0.1", "lid", 0, "active_mtu_bytes", mtu_bytes);
}

/* An entry that failed with that fault, of two NICs of those MTUs, after their sides were added.
 * told: what the target's rank told of its end; taken. */
static json_t *entry_of(enum mcb_fault_code fault, const char *detail, int initiator_mtu,
                        int target_mtu, json_t *told)
{
    static const struct mcb_path path = {.initiator = 0, .target = 1};
    const struct mcb_cell cell = {.path = &path};
    json_t *facts[] = {nic_facts(initiator_mtu, "::ffff:10.0.0.1"),
                       nic_facts(target_mtu, "::ffff:10.0.0.2")};
    struct mcb_roster_endpoint endpoints[] = {{.nic = "mlx5_0", .nic_facts = facts[0]},
                                              {.nic = "mlx5_1", .nic_facts = facts[1]}};
    const struct mcb_roster roster = {.endpoints = endpoints, .endpoint_count = 2};
    const json_t *const ends[] = {NULL, told};
    struct mcb_error error;
    json_t *entry = result_failed("mlx5_0", "mlx5_1", "failed", "MCB-RDMA-013", "");
    mcb_error_write(&error, fault, "%s", detail);
    json_object_set_new(entry, "fault", mcb_json_from_error(&error));
    mcb_cell_sides_add(entry, &cell, &roster, ends);
    for (int i = 0; i < 2; i++)
        json_decref(facts[i]);
    json_decref(told);
    if (mcb_result_check_cell(entry, "the cell", MCB_FAULT_NET_PROTOCOL, &error) != 0)
        fail_msg("%s", error.detail);
    return entry;
}

static const json_t *side_of(const json_t *entry, const char *role)
{
    return json_object_get(json_object_get(entry, "sides"), role);
}

/* A path takes the lesser of the two. */
static void a_difference_of_mtu_is_shown_and_explains_no_failure(void **state)
{
    (void)state;
    static const struct {
        enum mcb_fault_code fault;
        const char *detail;
    } rows[] = {
        {MCB_FAULT_RDMA_RETRY, "transport retry counter exceeded"},
        {MCB_FAULT_RDMA_REMOTE_ACCESS, "access"},
        {MCB_FAULT_RDMA_COMPLETION, "local length error"},
        {MCB_FAULT_RDMA_COMPLETION, "remote invalid request error"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *entry = entry_of(rows[i].fault, rows[i].detail, 4096, 1024, NULL);
        const json_t *fault = json_object_get(entry, "fault");
        assert_int_equal(mcb_fault_find(mcb_json_text(fault, "id")), rows[i].fault);
        assert_string_equal(mcb_json_text(fault, "detail"), rows[i].detail);
        assert_int_equal(json_integer_value(json_object_get(side_of(entry, "target"), "mtu_bytes")),
                         1024);
        json_decref(entry);
    }
}

static void a_side_is_who_the_roster_says_and_has_what_its_rank_told(void **state)
{
    (void)state;
    json_t *entry = entry_of(MCB_FAULT_RDMA_RETRY, "transport retry counter exceeded", 4096, 4096,
                             json_pack("{s:i, s:i, s:{s:{s:i, s:i, s:b}}, s:{s:i, s:[i, i], s:s}}",
                                       "cell", 0, "role", 1, "counters", "out_of_sequence",
                                       "before", 9, "after", 2, "restarted", 1, "side", "mtu_bytes",
                                       2048, "qpn", 17, 18, "mac", "02:00:00:00:00:02"));
    assert_string_equal(mcb_json_text(side_of(entry, "initiator"), "gid"), "::ffff:10.0.0.1");
    assert_string_equal(mcb_json_text(side_of(entry, "initiator"), "interface"), "eth0");
    assert_string_equal(mcb_json_text(side_of(entry, "target"), "nic"), "mlx5_1");
    assert_string_equal(mcb_json_text(side_of(entry, "target"), "mac"), "02:00:00:00:00:02");
    assert_int_equal(json_integer_value(json_object_get(side_of(entry, "target"), "mtu_bytes")),
                     2048);
    assert_int_equal(json_array_size(json_object_get(side_of(entry, "target"), "qpn")), 2);
    assert_null(json_object_get(json_object_get(entry, "counters"), "initiator"));
    assert_non_null(json_object_get(json_object_get(json_object_get(entry, "counters"), "target"),
                                    "out_of_sequence"));
    json_decref(entry);
}

static void what_a_rank_may_not_tell_is_refused(void **state)
{
    (void)state;
    static const char *const ends[] = {
        "{\"cell\": 0}",
        "{\"cell\": 0, \"role\": 2}",
        "{\"cell\": 0, \"role\": 1, \"side\": {\"nic\": \"mlx5_9\"}}",
        "{\"cell\": 0, \"role\": 1, \"side\": {\"qpn\": [16777216]}}",
        "{\"cell\": 0, \"role\": 1, \"counters\": {\"a b\": {\"before\": 1, \"after\": 2}}}",
        "{\"cell\": 0, \"role\": 1, \"counters\": {\"a\": {\"before\": -1, \"after\": 2}}}",
        "{\"cell\": 0, \"role\": 1, \"more\": 1}",
    };
    struct mcb_error error;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        json_t *end = json_loads(ends[i], 0, NULL);
        assert_non_null(end);
        assert_int_equal(mcb_result_check_end(end, "an end", MCB_FAULT_NET_PROTOCOL, &error), -1);
        assert_int_equal(error.code, MCB_FAULT_NET_PROTOCOL);
        json_decref(end);
    }
}

static void the_sides_are_printed_beside_each_other_and_what_must_not_differ_is_marked(void **state)
{
    (void)state;
    char text[4096];
    json_t *entry =
        entry_of(MCB_FAULT_RDMA_RETRY, "transport retry counter exceeded", 4096, 1024, NULL);
    FILE *out = tmpfile();
    const struct mcb_canvas canvas = {.out = out, .columns = 100};
    mcb_sides_print(&canvas, json_object_get(entry, "sides"), 5);
    mcb_sides_print(&canvas, NULL, 5);
    rewind(out);
    text[fread(text, 1, sizeof text - 1, out)] = '\0';
    fclose(out);
    assert_non_null(strstr(text, "                 initiator"));
    assert_non_null(strstr(text, "       GID       ::ffff:10.0.0.1"));
    assert_non_null(strstr(text, "     ! MTU       4096"));
    assert_null(strstr(text, "! GID"));
    json_decref(entry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_difference_of_mtu_is_shown_and_explains_no_failure),
        cmocka_unit_test(a_side_is_who_the_roster_says_and_has_what_its_rank_told),
        cmocka_unit_test(what_a_rank_may_not_tell_is_refused),
        cmocka_unit_test(
            the_sides_are_printed_beside_each_other_and_what_must_not_differ_is_marked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
