/* SPDX-License-Identifier: Apache-2.0 */
/* The settings that say what is expected of a result. */
#include <fcntl.h>
#include <unistd.h>

#include "settings_helper.h"

#include "bench/plan/rule.h"
#include "common/json.h"

static void rules_reach_their_member(void **state)
{
    (void)state;
    const struct given options[] = {{"expect", "verified; latency.p99 <= 5us"}, {NULL, NULL}};
    struct resolved resolved = assert_resolved(options, NULL);
    assert_int_equal(resolved.settings.expect->count, 2);
    assert_int_equal(resolved.settings.expect->list[1].figure, MCB_RULE_LATENCY_P99);
    assert_null(resolved.settings.expect_file);
    release(&resolved);
    assert_null(resolved.settings.expect);
}

static void nothing_is_expected_where_nothing_was_said(void **state)
{
    (void)state;
    struct resolved resolved = assert_resolved(NULL, NULL);
    assert_null(resolved.settings.expect);
    assert_null(resolved.settings.expect_file);
    assert_null(resolved.settings.prometheus);
    release(&resolved);
}

static void a_wrong_rule_is_shown_with_a_caret(void **state)
{
    (void)state;
    assert_fault((const struct given[]){{"expect", "verified; bandwidth"}, {NULL, NULL}}, NULL,
                 MCB_FAULT_USE_RULE,
                 "--expect: a comparison was expected: >=, <=, > or <\n"
                 "  verified; bandwidth\n"
                 "                     ^");
    assert_fault((const struct given[]){{"expect", ""}, {NULL, NULL}}, NULL, MCB_FAULT_USE_RULE,
                 "--expect: a figure was expected: ");
}

static void a_rules_file_reaches_its_member(void **state)
{
    (void)state;
    char path[] = "/tmp/mcb-rules-XXXXXX";
    static const char text[] = "{\"schema\": \"mcbench-rules/1\", \"rules\": [\"verified\"]}";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
    struct resolved resolved =
        assert_resolved((const struct given[]){{"expect-file", path}, {NULL, NULL}}, NULL);
    assert_string_equal(mcb_json_text(resolved.settings.expect_file, "schema"), "mcbench-rules/1");
    assert_null(resolved.settings.expect);
    release(&resolved);
    assert_null(resolved.settings.expect_file);

    assert_int_equal(ftruncate(fd, 30), 0);
    assert_fault((const struct given[]){{"expect-file", path}, {NULL, NULL}}, NULL,
                 MCB_FAULT_USE_FILE, path);
    close(fd);
    unlink(path);
    assert_fault((const struct given[]){{"expect-file", path}, {NULL, NULL}}, NULL,
                 MCB_FAULT_USE_FILE, path);
}

static void a_file_for_prometheus_has_a_name(void **state)
{
    (void)state;
    struct resolved resolved =
        assert_resolved((const struct given[]){{"prometheus", "mcbench.prom"}, {NULL, NULL}}, NULL);
    assert_string_equal(resolved.settings.prometheus, "mcbench.prom");
    release(&resolved);
    assert_fault((const struct given[]){{"prometheus", ""}, {NULL, NULL}}, NULL,
                 MCB_FAULT_USE_VALUE, "--prometheus '': not a file name");
}

/* Credentials are covered in documents by an '@', which no rule has. */
static void a_rule_is_in_the_document_as_it_was_given(void **state)
{
    (void)state;
    static const char rule[] = "latency.p99 <= 5µs where nic=mlx5_* and host=n?#0";
    struct resolved resolved =
        assert_resolved((const struct given[]){{"expect", rule}, {NULL, NULL}}, NULL);
    json_t *document = mcb_setting_values_to_json(resolved.values);
    assert_string_equal(mcb_json_text(json_object_get(document, "expect"), "value"), rule);
    assert_string_equal(resolved.settings.expect->list[0].text, rule);
    json_decref(document);
    release(&resolved);
    assert_fault((const struct given[]){{"expect", "verified where host=a@b"}, {NULL, NULL}}, NULL,
                 MCB_FAULT_USE_RULE, "--expect: 'and' or ';' was expected");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_reach_their_member),
        cmocka_unit_test(nothing_is_expected_where_nothing_was_said),
        cmocka_unit_test(a_wrong_rule_is_shown_with_a_caret),
        cmocka_unit_test(a_rules_file_reaches_its_member),
        cmocka_unit_test(a_file_for_prometheus_has_a_name),
        cmocka_unit_test(a_rule_is_in_the_document_as_it_was_given),
    };
    return cmocka_run_group_tests_name("settings: expect", tests, NULL, NULL);
}
