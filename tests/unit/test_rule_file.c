/* SPDX-License-Identifier: Apache-2.0 */
/* Files of rules: what is taken, and how a mistake in one is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/plan/rule.h"
#include "common/json.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static int enter_folder(void **state)
{
    char *folder = strdup("/tmp/mcb-rules-XXXXXX");
    *state = folder;
    return folder && mkdtemp(folder) ? chdir(folder) : -1;
}

static int leave_folder(void **state)
{
    unlink("rules.json");
    int status = chdir("/") | rmdir(*state);
    free(*state);
    return status;
}

static void write_file(const char *text)
{
    FILE *file = fopen("rules.json", "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

/* Of what follows "schema". */
static json_t *read_members(const char *members, struct mcb_error *error)
{
    char *text = NULL;
    assert_true(asprintf(&text, "{\"schema\": \"mcbench-rules/1\"%s}", members) > 0);
    write_file(text);
    free(text);
    *error = (struct mcb_error){MCB_FAULT_NONE, ""};
    return mcb_rules_read_file("rules.json", error);
}

static void assert_taken(const char *members)
{
    struct mcb_error error;
    json_t *file = read_members(members, &error);
    if (!file)
        fail_msg("%s: %s", members, error.detail);
    assert_string_equal(mcb_json_text(file, "schema"), "mcbench-rules/1");
    json_decref(file);
}

static void assert_error(const char *text, enum mcb_fault_code code, const char *expected)
{
    struct mcb_error error = {MCB_FAULT_NONE, ""};
    write_file(text);
    if (mcb_rules_read_file("rules.json", &error))
        fail_msg("it was taken: %s", text);
    if (strncmp(error.detail, expected, strlen(expected)) != 0)
        fail_msg("'%s' does not begin with '%s'", error.detail, expected);
    assert_int_equal(error.code, code);
}

static void a_file_that_holds_to_its_form_is_taken(void **state)
{
    (void)state;
    assert_taken(
        ", \"rules\": [\"verified\", \"bandwidth >= 90% of ceiling; latency.p99 <= 5us\"]");
    assert_taken(", \"rules\": [], \"machines\": [{\"name\": \"any\", \"when\": {}, \"rules\": "
                 "[\"verified\"]}]");
    assert_taken(", \"machines\": [{\"name\": \"H100, 400G\", \"when\": {\"gpu\": \"*H100*\", "
                 "\"gpus\": 8, \"nic\": \"*MT4129*\", \"nics\": 8, \"cpu\": \"*\", \"host\": "
                 "\"n?\", \"transport\": \"rdma\"}, \"rules\": [\"gpu >= 95% of cpu\"]}]");
}

static void a_wrong_member_is_named_with_its_place(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"", "rules.json: it has neither \"rules\" nor \"machines\""},
        {", \"rules\": []", "rules.json: it has neither \"rules\" nor \"machines\""},
        {", \"rules\": \"verified\"", "rules.json: rules: an array of rules was expected"},
        {", \"rules\": null", "rules.json: rules: an array of rules was expected"},
        {", \"rules\": [7]", "rules.json: rules[0]: a rule was expected, a string"},
        {", \"rule\": []", "rules.json: there is no member \"rule\" (did you mean rules?)"},
        {", \"\\u001b[2J\": []", "rules.json: there is no member \"?[2J\""},
        {", \"machines\": {}", "rules.json: machines: an array of at most 256 machine types"},
        {", \"rules\": [\"verified\"], \"machines\": [7]",
         "rules.json: machines[0]: an object was expected"},
        {", \"machines\": [{\"when\": {}, \"rules\": []}]",
         "rules.json: machines[0].name: a string was expected"},
        {", \"machines\": [{\"name\": \"\", \"when\": {}, \"rules\": []}]",
         "rules.json: machines[0].name: 0 bytes long; 1 to 255 were expected"},
        {", \"machines\": [{\"name\": \"a\", \"rules\": []}]",
         "rules.json: machines[0].when: an object was expected"},
        {", \"machines\": [{\"name\": \"a\", \"when\": {\"gpux\": \"b\"}, \"rules\": []}]",
         "rules.json: machines[0].when: there is no member \"gpux\" (did you mean gpu?)"},
        {", \"machines\": [{\"name\": \"a\", \"when\": {\"gpu\": 8}, \"rules\": []}]",
         "rules.json: machines[0].when.gpu: a string was expected"},
        {", \"machines\": [{\"name\": \"a\", \"when\": {\"gpus\": \"8\"}, \"rules\": []}]",
         "rules.json: machines[0].when.gpus: a whole number, 0 to 1024, was expected"},
        {", \"machines\": [{\"name\": \"a\", \"when\": {\"nics\": -1}, \"rules\": []}]",
         "rules.json: machines[0].when.nics: a whole number, 0 to 1024, was expected"},
        {", \"machines\": [{\"name\": \"a\", \"when\": {}}]",
         "rules.json: machines[0].rules: an array of rules was expected"},
        {", \"rules\": [\"verified\"], \"machines\": [{\"name\": \"a\", \"when\": {}, \"rules\": "
         "[\"verified\"]}, {\"name\": \"b\", \"when\": {}, \"rules\": []}]",
         "rules.json: machines[1].rules: empty, so that nothing would be expected of this machine"},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        char text[1024];
        snprintf(text, sizeof text, "{\"schema\": \"mcbench-rules/1\"%s}", rows[i][0]);
        assert_error(text, MCB_FAULT_USE_FILE, rows[i][1]);
    }
}

static void a_wrong_rule_is_shown_with_its_place_and_a_caret(void **state)
{
    (void)state;
    assert_error("{\"schema\": \"mcbench-rules/1\", \"rules\": [\"verified\", \"verifed\"]}",
                 MCB_FAULT_USE_RULE,
                 "rules.json, rules[1]: 'verifed' is not a figure (did you mean verified?)\n"
                 "  verifed\n"
                 "  ^");
    assert_error("{\"schema\": \"mcbench-rules/1\", \"machines\": [{\"name\": \"a\", \"when\": {}, "
                 "\"rules\": [\"bandwidth >= 90 of ceiling\"]}]}",
                 MCB_FAULT_USE_RULE,
                 "rules.json, machines[0].rules[0]: '%' or a unit was expected: Gbit/s or GB/s\n"
                 "  bandwidth >= 90 of ceiling\n"
                 "                  ^");
}

static void what_is_no_rules_file_is_refused(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"", "rules.json"},
        {"[]", "rules.json: an object was expected"},
        {"{\"rules\": [\"verified\"]}", "rules.json: schema: \"mcbench-rules/1\" was expected"},
        {"{\"schema\": \"mcbench-rules/2\", \"rules\": [\"verified\"]}",
         "rules.json: schema: \"mcbench-rules/1\" was expected"},
        {"{\"schema\": \"mcbench-rules/1\", \"rules\": [\"verified\"", "rules.json"},
        {"{\"schema\": 1, \"schema\": 2}", "rules.json"},
    };
    struct mcb_error error;
    for (size_t i = 0; i < LENGTH(rows); i++)
        assert_error(rows[i][0], MCB_FAULT_USE_FILE, rows[i][1]);
    assert_null(mcb_rules_read_file("no-such.json", &error));
    assert_int_equal(error.code, MCB_FAULT_USE_FILE);
}

/* A list of that many copies of "verified". */
static char *list_of(size_t count)
{
    char *text = malloc(count * 12 + 1);
    assert_non_null(text);
    text[0] = '\0';
    for (size_t i = 0; i < count; i++)
        strcat(text, i ? ",\"verified\"" : "\"verified\"");
    return text;
}

static void the_rules_of_every_machine_count_with_those_of_each(void **state)
{
    (void)state;
    char text[4096], *sixty = list_of(60), *four = list_of(4), *five = list_of(5);
    static const char form[] =
        ", \"rules\": [%s], \"machines\": [{\"name\": \"a\", \"when\": {}, "
        "\"rules\": [%s]}, {\"name\": \"b\", \"when\": {}, \"rules\": [%s]}]";
    struct mcb_error error;
    snprintf(text, sizeof text, form, sixty, four, four);
    assert_taken(text);
    snprintf(text, sizeof text, form, sixty, four, five);
    assert_null(read_members(text, &error));
    assert_int_equal(error.code, MCB_FAULT_USE_RULE);
    assert_string_equal(error.detail, "rules.json, machines[1].rules[4]: no more than 64 rules\n"
                                      "  verified\n"
                                      "  ^");
    free(five);
    free(four);
    free(sixty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_holds_to_its_form_is_taken),
        cmocka_unit_test(a_wrong_member_is_named_with_its_place),
        cmocka_unit_test(a_wrong_rule_is_shown_with_its_place_and_a_caret),
        cmocka_unit_test(what_is_no_rules_file_is_refused),
        cmocka_unit_test(the_rules_of_every_machine_count_with_those_of_each),
    };
    return cmocka_run_group_tests_name("rule file", tests, enter_folder, leave_folder);
}
