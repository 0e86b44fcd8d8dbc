/* SPDX-License-Identifier: Apache-2.0 */
/* The machine type of a rules file that a result is of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/report/expectation.h"
#include "tests/unit/ledger_helper.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* Two hosts n1 and n2 with two NICs (board MT_0000000838, device 0x15b3:0x1021) and a GPU each. */
static json_t *machine(void)
{
    static const char *const memories[] = {"cuda:0"};
    return ledger_document(
        &(struct ledger_plan){.hosts = 2, .memories = memories, .memory_count = 1});
}

/* {"machines": [{"name": "first", "when": ..., ...}, ...]} */
static json_t *file_with(const char *when, const char *other)
{
    json_t *file = json_pack("{s:s, s:[s], s:[{s:s, s:o, s:[s]}]}", "schema", "mcbench-rules/1",
                             "rules", "verified", "machines", "name", "first", "when",
                             json_loads(when, 0, NULL), "rules", "bandwidth >= 1 Gbit/s");
    assert_non_null(file);
    if (other)
        json_array_append_new(json_object_get(file, "machines"),
                              json_pack("{s:s, s:o, s:[s, s]}", "name", "second", "when",
                                        json_loads(other, 0, NULL), "rules",
                                        "bandwidth >= 2 Gbit/s", "bandwidth >= 3 Gbit/s"));
    return file;
}

static bool fits(const json_t *document, const char *when)
{
    struct mcb_error error = {MCB_FAULT_NONE, ""};
    json_t *file = file_with(when, NULL);
    bool found = mcb_expectations_check(document, NULL, file, &error) == 0;
    if (!found)
        assert_int_equal(error.code, MCB_FAULT_USE_RULE);
    json_decref(file);
    return found;
}

static void each_pattern_is_held_against_its_fact(void **state)
{
    (void)state;
    static const struct {
        const char *when;
        bool fits;
    } rows[] = {
        {"{}", true},
        {"{\"gpu\": \"a GPU\"}", true},
        {"{\"gpu\": \"*H100*\"}", false},
        {"{\"gpus\": 1}", true},
        {"{\"gpus\": 2}", false},
        {"{\"gpu\": \"a *\", \"gpus\": 1}", true},
        {"{\"gpu\": \"*H100*\", \"gpus\": 0}", true},
        {"{\"nic\": \"MT_0000000838\"}", true},
        {"{\"nic\": \"*:0x1021\"}", true},
        {"{\"nic\": \"*:0x1017\"}", false},
        {"{\"nics\": 2}", true},
        {"{\"nics\": 1}", false},
        {"{\"nic\": \"MT_*\", \"nics\": 1}", false},
        {"{\"cpu\": \"a CPU\"}", true},
        {"{\"cpu\": \"another*\"}", false},
        {"{\"host\": \"n?\"}", true},
        {"{\"host\": \"n1\"}", false}, /* and n2 */
        {"{\"transport\": \"rdma\"}", true},
        {"{\"transport\": \"tcp\"}", false},
        {"{\"gpu\": \"a GPU\", \"nics\": 2, \"cpu\": \"a*\", \"transport\": \"rdma\"}", true},
        {"{\"gpu\": \"a GPU\", \"nics\": 2, \"cpu\": \"a*\", \"transport\": \"tcp\"}", false},
    };
    json_t *document = machine();
    for (size_t i = 0; i < LENGTH(rows); i++)
        if (fits(document, rows[i].when) != rows[i].fits)
            fail_msg("%s", rows[i].when);
    json_decref(document);
}

static void all_hosts_must_fit(void **state)
{
    (void)state;
    json_t *document = machine();
    assert_true(fits(document, "{\"gpu\": \"a GPU\"}"));
    ledger_set_gpu(document, 1, 0, "model", json_string("another"));
    assert_false(fits(document, "{\"gpu\": \"a GPU\"}"));
    json_decref(document);
}

/* One NIC of two without a board. */
static void nics_are_counted_that_fit_by_board_or_device(void **state)
{
    (void)state;
    json_t *document = machine();
    for (size_t host = 0; host < 2; host++) {
        ledger_set_nic(document, host, 0, "board", json_null());
        ledger_set_nic(document, host, 0, "device_id", json_string("0x14e4:0x1750"));
    }
    assert_true(fits(document, "{\"nic\": \"MT_*\", \"nics\": 1}"));
    assert_true(fits(document, "{\"nic\": \"0x14e4*\", \"nics\": 1}"));
    assert_true(fits(document, "{\"nic\": \"*\", \"nics\": 2}"));
    json_decref(document);
}

static void the_first_type_that_fits_holds_with_the_rules_of_every_machine(void **state)
{
    (void)state;
    static const struct {
        const char *first, *second, *name;
        size_t count;
    } rows[] = {
        {"{}", "{}", "first", 3},
        {"{\"gpus\": 8}", "{\"gpus\": 1}", "second", 4},
    };
    struct mcb_error error;
    struct mcb_rules *own = calloc(1, sizeof *own);
    struct mcb_ledger ledger;
    assert_non_null(own);
    ledger_of(machine(), &ledger);
    assert_int_equal(mcb_rules_parse("bandwidth >= 90% of ceiling", "--expect", own, &error), 0);
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct mcb_expectations made;
        json_t *file = file_with(rows[i].first, rows[i].second);
        assert_int_equal(mcb_expectations_make(&ledger, own, file, &made, &error), 0);
        assert_string_equal(made.machine, rows[i].name);
        assert_int_equal(made.count, rows[i].count);
        assert_string_equal(made.list[0].rule->text, "verified");
        assert_string_equal(made.list[1].rule->text,
                            i == 0 ? "bandwidth >= 1 Gbit/s" : "bandwidth >= 2 Gbit/s");
        assert_string_equal(made.list[made.count - 1].rule->text, "bandwidth >= 90% of ceiling");
        mcb_expectations_release(&made);
        json_decref(file);
    }
    mcb_ledger_release(&ledger);
    free(own);
}

static void a_file_without_types_is_of_every_machine(void **state)
{
    (void)state;
    struct mcb_error error;
    struct mcb_ledger ledger;
    struct mcb_expectations made;
    json_t *file =
        json_pack("{s:s, s:[s]}", "schema", "mcbench-rules/1", "rules", "bandwidth >= 1 Gbit/s");
    ledger_of(machine(), &ledger);
    assert_int_equal(mcb_expectations_make(&ledger, NULL, file, &made, &error), 0);
    assert_string_equal(made.machine, "");
    assert_int_equal(made.count, 1);
    mcb_expectations_release(&made);
    mcb_ledger_release(&ledger);
    json_decref(file);
}

static void where_no_type_fits_the_machine_is_told(void **state)
{
    (void)state;
    struct mcb_error error;
    json_t *document = machine(), *file = file_with("{\"gpu\": \"*H100*\"}", "{\"gpus\": 8}");
    assert_int_equal(mcb_expectations_check(document, NULL, file, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_USE_RULE);
    assert_string_equal(error.detail,
                        "no machine type of the rules file fits (a last one with \"when\": {} fits "
                        "any): n1 has CPU a CPU, 1 GPU (a GPU), "
                        "2 NICs (MT_0000000838); transport rdma; all 2 hosts must fit one type");
    json_decref(file);
    json_decref(document);
}

static void rules_of_a_file_and_others_are_64_at_most(void **state)
{
    (void)state;
    struct mcb_error error;
    struct mcb_rules *own = calloc(1, sizeof *own);
    json_t *document = machine(), *file = file_with("{}", NULL);
    assert_non_null(own);
    for (size_t i = 0; i < MCB_RULES_MAX - 2; i++)
        assert_int_equal(mcb_rules_parse("verified", "--expect", own, &error), 0);
    assert_int_equal(mcb_expectations_check(document, own, file, &error), 0);
    assert_int_equal(mcb_rules_parse("verified", "--expect", own, &error), 0);
    assert_int_equal(mcb_expectations_check(document, own, file, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_USE_RULE);
    assert_string_equal(error.detail,
                        "2 rules of the rules file and 63 of --expect: no more than 64");
    json_decref(file);
    json_decref(document);
    free(own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_pattern_is_held_against_its_fact),
        cmocka_unit_test(all_hosts_must_fit),
        cmocka_unit_test(nics_are_counted_that_fit_by_board_or_device),
        cmocka_unit_test(the_first_type_that_fits_holds_with_the_rules_of_every_machine),
        cmocka_unit_test(a_file_without_types_is_of_every_machine),
        cmocka_unit_test(where_no_type_fits_the_machine_is_told),
        cmocka_unit_test(rules_of_a_file_and_others_are_64_at_most),
    };
    return cmocka_run_group_tests_name("expectation: machine types", tests, NULL, NULL);
}
