/* SPDX-License-Identifier: Apache-2.0 */
/* Mooncake's keys, as anybody may have written them. */
#include "bench/doctor/metadata.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { ENTRIES_MOST = 8 };

struct keys {
    struct mcb_etcd_entry list[ENTRIES_MOST];
    struct mcb_etcd_entries entries;
};

static void add(struct keys *keys, const char *key, const char *value)
{
    keys->entries.list = keys->list;
    keys->list[keys->entries.count++] = (struct mcb_etcd_entry){
        .key = (char *)key, .value = (char *)value, .value_length = value ? strlen(value) : 0};
}

static struct mcb_metadata read_keys(const struct keys *rpc, const struct keys *segments)
{
    struct mcb_metadata metadata;
    struct mcb_error error;
    assert_int_equal(
        mcb_metadata_from("mooncake/", &rpc->entries, &segments->entries, &metadata, &error), 0);
    return metadata;
}

static void a_node_has_an_address_and_a_segment(void **state)
{
    (void)state;
    struct keys rpc = {0}, segments = {0};
    add(&rpc, "mooncake/rpc_meta/n1:12345",
        "{\"ip_or_host_name\":\"10.0.0.2\",\"rpc_port\":15428}");
    add(&segments, "mooncake/ram/n1:12345", NULL);
    struct mcb_metadata metadata = read_keys(&rpc, &segments);
    const struct mcb_metadata_node *node = mcb_metadata_find(&metadata, "n1:12345");
    assert_int_equal(metadata.count, 1);
    assert_true(node->has_rpc && node->has_segment && node->understood);
    assert_string_equal(node->host, "10.0.0.2");
    assert_int_equal(node->port, 15428);
    mcb_metadata_release(&metadata);
}

static void values_of_any_other_form_are_not_understood(void **state)
{
    (void)state;
    static const char *const values[] = {"",
                                         "x",
                                         "[]",
                                         "{}",
                                         "{\"ip_or_host_name\":\"h\",\"rpc_port\":0}",
                                         "{\"ip_or_host_name\":\"h\",\"rpc_port\":65536}",
                                         "{\"ip_or_host_name\":7,\"rpc_port\":7}",
                                         "{\"ip_or_host_name\":\"\",\"rpc_port\":7}"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct keys rpc = {0}, segments = {0};
        add(&rpc, "mooncake/rpc_meta/n1", values[i]);
        struct mcb_metadata metadata = read_keys(&rpc, &segments);
        assert_true(metadata.nodes[0].has_rpc);
        assert_false(metadata.nodes[0].understood);
        mcb_metadata_release(&metadata);
    }
}

static void keys_of_other_kinds_and_endless_names_are_passed_over(void **state)
{
    (void)state;
    struct keys rpc = {0}, segments = {0};
    char endless[400] = "mooncake/ram/";
    memset(endless + strlen(endless), 'x', sizeof endless - 1 - strlen(endless));
    endless[sizeof endless - 1] = '\0';
    add(&rpc, "mooncake/rpc_meta/", "{}");
    add(&rpc, "elsewhere/rpc_meta/n1", "{}");
    add(&segments, endless, NULL);
    struct mcb_metadata metadata = read_keys(&rpc, &segments);
    assert_int_equal(metadata.count, 0);
    mcb_metadata_release(&metadata);
}

static void two_nodes_at_one_address_are_twins(void **state)
{
    (void)state;
    struct keys rpc = {0}, segments = {0};
    add(&rpc, "mooncake/rpc_meta/old", "{\"ip_or_host_name\":\"h\",\"rpc_port\":9}");
    add(&rpc, "mooncake/rpc_meta/new", "{\"ip_or_host_name\":\"h\",\"rpc_port\":9}");
    add(&rpc, "mooncake/rpc_meta/else", "{\"ip_or_host_name\":\"h\",\"rpc_port\":10}");
    struct mcb_metadata metadata = read_keys(&rpc, &segments);
    const struct mcb_metadata_node *old = mcb_metadata_find(&metadata, "old");
    assert_string_equal(mcb_metadata_twin(&metadata, old)->name, "new");
    assert_null(mcb_metadata_twin(&metadata, mcb_metadata_find(&metadata, "new")));
    assert_null(mcb_metadata_twin(&metadata, mcb_metadata_find(&metadata, "else")));
    mcb_metadata_release(&metadata);
}

static void the_nearest_name_is_one_of_a_segment(void **state)
{
    (void)state;
    struct keys rpc = {0}, segments = {0};
    add(&rpc, "mooncake/rpc_meta/node-9", "{}");
    add(&segments, "mooncake/ram/node-1", NULL);
    struct mcb_metadata metadata = read_keys(&rpc, &segments);
    assert_string_equal(mcb_metadata_nearest(&metadata, "node-8"), "node-1");
    assert_null(mcb_metadata_nearest(&metadata, "something else"));
    mcb_metadata_release(&metadata);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_has_an_address_and_a_segment),
        cmocka_unit_test(values_of_any_other_form_are_not_understood),
        cmocka_unit_test(keys_of_other_kinds_and_endless_names_are_passed_over),
        cmocka_unit_test(two_nodes_at_one_address_are_twins),
        cmocka_unit_test(the_nearest_name_is_one_of_a_segment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
