/* SPDX-License-Identifier: Apache-2.0 */

/* The agreement of the ranks. */
#include "settings_helper.h"

/* Merges two ranks, the first of which is this one. Returns the fault. */
static enum mcb_fault_code merge(struct mcb_setting_values *values, const json_t *peer,
                                 struct mcb_error *error)
{
    static const char *const hosts[] = {"n1", "n2"};
    json_t *own = mcb_setting_values_to_json(values);
    error->code = MCB_FAULT_NONE;
    error->detail[0] = '\0';
    mcb_setting_values_merge(values, (const json_t *const[]){own, peer}, hosts, 2, error);
    json_decref(own);
    return error->code;
}

static void assert_merged(const struct given *own, const struct given *peer, const char *name,
                          const char *value, const char *from)
{
    struct mcb_error error;
    struct mcb_setting_values *values = make_values(own);
    struct mcb_setting_values *peer_values = make_values(peer);
    json_t *record = mcb_setting_values_to_json(peer_values);
    assert_int_equal(merge(values, record, &error), MCB_FAULT_NONE);
    json_t *document = mcb_setting_values_to_json(values);
    json_t *entry = json_object_get(document, name);
    if (value) {
        assert_string_equal(json_string_value(json_object_get(entry, "value")), value);
        assert_string_equal(json_string_value(json_object_get(entry, "from")), from);
    } else {
        assert_null(entry);
    }
    json_decref(document);
    json_decref(record);
    mcb_setting_values_free(peer_values);
    mcb_setting_values_free(values);
}

static void an_option_of_any_rank_holds_for_all(void **state)
{
    (void)state;
    const struct given none[] = {{NULL, NULL}};
    const struct given size[] = {{"size", "64KiB"}, {"verify", NULL}, {NULL, NULL}};
    const struct given same[] = {{"size", "65536"}, {NULL, NULL}};
    assert_merged(none, size, "size", "64KiB", "option");
    assert_merged(none, size, "verify", "true", "option");
    assert_merged(size, none, "size", "64KiB", "option");
    assert_merged(same, size, "size", "65536", "option"); /* by what it means */
    assert_merged(none, none, "size", NULL, NULL);
    assert_merged(none, none, "depth", "128", "default");
}

static void memories_agree_by_what_they_mean(void **state)
{
    (void)state;
    const struct given all[] = {{"memory", "all"}, {NULL, NULL}};
    const struct given both[] = {{"memory", "cpu,cuda"}, {NULL, NULL}};
    const struct given none[] = {{NULL, NULL}};
    assert_merged(all, both, "memory", "all", "option");
    assert_merged(none, all, "memory", "all", "option");
    assert_merged(none, none, "memory", "cpu", "default");
}

static void the_defaults_of_a_command_are_those_of_all_ranks(void **state)
{
    (void)state;
    struct mcb_error error;
    struct mcb_setting_values *values = make_values(NULL), *peer_values = make_values(NULL);
    assert_int_equal(mcb_setting_values_default(values, "memory", "cuda", &error), 0);
    json_t *peer = mcb_setting_values_to_json(peer_values);
    assert_int_equal(merge(values, peer, &error), MCB_FAULT_NET_PROTOCOL);
    assert_string_equal(error.detail, "n2: its default of --memory is cpu, here it is cuda; start "
                                      "the same command of the same mcbench everywhere");
    json_decref(peer);

    assert_int_equal(mcb_setting_values_default(peer_values, "memory", "cuda", &error), 0);
    peer = mcb_setting_values_to_json(peer_values);
    assert_int_equal(merge(values, peer, &error), MCB_FAULT_NONE);
    json_t *document = mcb_setting_values_to_json(values);
    assert_true(json_equal(json_object_get(document, "memory"), json_object_get(peer, "memory")));
    assert_string_equal(mcb_setting_values_default_text(values, "memory"), "cuda");
    json_decref(document);
    json_decref(peer);
    mcb_setting_values_free(peer_values);
    mcb_setting_values_free(values);
}

static void a_hosts_own_settings_stay_its_own(void **state)
{
    (void)state;
    const struct given own[] = {{"mtu", "1024"}, {NULL, NULL}};
    const struct given peer[] = {
        {"mtu", "4096"}, {"gid-index", "3"}, {"expect-file", "rules.json"}, {NULL, NULL}};
    assert_merged(own, peer, "mtu", "1024", "option");
    assert_merged(own, peer, "gid-index", NULL, NULL);
    assert_merged(own, peer, "expect-file", NULL, NULL);
}

static void rules_agree_by_what_they_mean(void **state)
{
    (void)state;
    const struct given none[] = {{NULL, NULL}};
    const struct given rules[] = {{"expect", "bandwidth >= 1GB/s; verified"}, {NULL, NULL}};
    const struct given same[] = {{"expect", "bandwidth>=8 Gbit/s ;verified"}, {NULL, NULL}};
    assert_merged(none, rules, "expect", "bandwidth >= 1GB/s; verified", "option");
    assert_merged(same, rules, "expect", "bandwidth>=8 Gbit/s ;verified", "option");

    struct mcb_error error;
    struct mcb_setting_values *values = make_values(rules);
    json_t *peer = json_pack("{s:{s:s, s:s}}", "expect", "value", "verified", "from", "option");
    assert_int_equal(merge(values, peer, &error), MCB_FAULT_USE_CONFLICT);
    assert_string_equal(error.detail,
                        "--expect: bandwidth >= 1GB/s; verified on n1, but verified on n2");
    json_decref(peer);
    peer = json_pack("{s:{s:s, s:s}}", "expect", "value", "verifed", "from", "option");
    assert_int_equal(merge(values, peer, &error), MCB_FAULT_NET_PROTOCOL);
    assert_string_equal(error.detail, "n2: it sent expect: 'verifed' is not a figure (did you mean "
                                      "verified?)");
    json_decref(peer);
    mcb_setting_values_free(values);
}

static void two_options_that_differ_are_a_conflict_that_names_both(void **state)
{
    (void)state;
    struct mcb_error error;
    struct mcb_setting_values *values =
        make_values((const struct given[]){{"size", "64KiB"}, {"qps", "2"}, {NULL, NULL}});
    json_t *peer = json_pack("{s:{s:s, s:s}}", "size", "value", "4KiB", "from", "option");
    assert_int_equal(merge(values, peer, &error), MCB_FAULT_USE_CONFLICT);
    assert_string_equal(error.detail, "--size: 64KiB on n1, but 4KiB on n2");
    json_decref(peer);
    mcb_setting_values_free(values);
}

static void two_variables_that_differ_conflict_unless_an_option_decides(void **state)
{
    (void)state;
    struct mcb_error error;
    struct mcb_setting_values *values = mcb_setting_values_new();
    environment = (const struct given[]){{"MC_NUM_QP_PER_EP", "2"}, {NULL, NULL}};
    assert_int_equal(mcb_setting_values_read_environment(values, get_variable, &error), 0);

    json_t *peer = json_pack("{s:{s:s, s:s, s:s}}", "qps", "value", "4", "from", "variable",
                             "variable", "MC_NUM_QP_PER_EP");
    assert_int_equal(merge(values, peer, &error), MCB_FAULT_USE_CONFLICT);
    assert_string_equal(error.detail, "MC_NUM_QP_PER_EP: 2 on n1, but 4 on n2");
    json_object_set_new(json_object_get(peer, "qps"), "from", json_string("option"));
    assert_int_equal(merge(values, peer, &error), MCB_FAULT_NONE);
    struct mcb_settings settings;
    assert_int_equal(mcb_settings_resolve(values, &settings, &error), 0);
    assert_int_equal(settings.qps, 4);
    mcb_settings_release(&settings);
    json_decref(peer);
    mcb_setting_values_free(values);
}

static void a_variable_of_any_rank_is_named_in_the_result(void **state)
{
    (void)state;
    struct mcb_error error;
    struct mcb_setting_values *values = make_values((const struct given[]){{NULL, NULL}});
    json_t *peer = json_pack("{s:{s:s, s:s, s:s}}", "qps", "value", "4", "from", "variable",
                             "variable", "MC_NUM_QP_PER_EP");
    assert_int_equal(merge(values, peer, &error), MCB_FAULT_NONE);
    json_t *document = mcb_setting_values_to_json(values);
    assert_true(json_equal(json_object_get(document, "qps"), json_object_get(peer, "qps")));
    json_decref(document);
    json_decref(peer);
    mcb_setting_values_free(values);
}

static void a_record_that_mcbench_does_not_write_is_a_protocol_fault(void **state)
{
    (void)state;
    static const char *const records[] = {
        "[]",
        "{\"colour\": {\"value\": \"red\", \"from\": \"option\"}}",
        "{\"size\": \"64KiB\"}",
        "{\"size\": {\"value\": 64, \"from\": \"option\"}}",
        "{\"size\": {\"value\": \"64KiB\"}}",
        "{\"size\": {\"value\": \"64KiB\", \"from\": \"thin air\"}}",
        "{\"size\": {\"value\": \"64x\", \"from\": \"option\"}}",
        "{\"size\": {\"value\": \"64KiB\", \"from\": \"default\"}}",
        "{\"depth\": {\"value\": \"64\", \"from\": \"default\"}}",
        "{\"verify\": {\"value\": \"false\", \"from\": \"option\"}}",
        "{\"qps\": {\"value\": \"99999999999999999999\", \"from\": \"option\"}}",
        "{\"qps\": {\"value\": \"2\", \"from\": \"variable\"}}",
        "{\"qps\": {\"value\": \"2\", \"from\": \"variable\", \"variable\": 5}}",
        "{\"qps\": {\"value\": \"2\", \"from\": \"variable\", \"variable\": \"\"}}",
        "{\"qps\": {\"value\": \"2\", \"from\": \"variable\", \"variable\": \"MC_MTU\"}}",
        "{\"verify\": {\"value\": \"true\", \"from\": \"variable\", \"variable\": \"VERIFY\"}}",
    };
    for (size_t i = 0; i < LENGTH(records); i++) {
        struct mcb_error error;
        struct mcb_setting_values *values =
            make_values((const struct given[]){{"trials", "3"}, {NULL, NULL}});
        json_t *peer = json_loads(records[i], 0, NULL);
        assert_non_null(peer);
        assert_int_equal(merge(values, peer, &error), MCB_FAULT_NET_PROTOCOL);
        assert_memory_equal(error.detail, "n2: ", 4);
        json_t *document = mcb_setting_values_to_json(values); /* untouched */
        assert_null(json_object_get(document, "size"));
        assert_string_equal(
            json_string_value(json_object_get(json_object_get(document, "trials"), "value")), "3");
        json_decref(document);
        json_decref(peer);
        mcb_setting_values_free(values);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_option_of_any_rank_holds_for_all),
        cmocka_unit_test(memories_agree_by_what_they_mean),
        cmocka_unit_test(the_defaults_of_a_command_are_those_of_all_ranks),
        cmocka_unit_test(a_hosts_own_settings_stay_its_own),
        cmocka_unit_test(rules_agree_by_what_they_mean),
        cmocka_unit_test(two_options_that_differ_are_a_conflict_that_names_both),
        cmocka_unit_test(two_variables_that_differ_conflict_unless_an_option_decides),
        cmocka_unit_test(a_variable_of_any_rank_is_named_in_the_result),
        cmocka_unit_test(a_record_that_mcbench_does_not_write_is_a_protocol_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
