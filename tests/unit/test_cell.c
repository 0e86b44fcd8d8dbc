/* SPDX-License-Identifier: Apache-2.0 */
/* What a peer says of its side of a cell, which is put on the cell's record: only what can be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/measure/cell.h"
#include "bench/report/result.h"
#include "common/json.h"

/* Of 128 bytes, 28 of them a gap. */
enum { SIZE = 100, STRIDE = 128, SLOTS = 8, MOST = SLOTS * SIZE, GAPS = SLOTS * (STRIDE - SIZE) };

static const struct mcb_cell_settings settings = {.size_bytes = SIZE};
static const struct mcb_cell_duty all = {SLOTS, false}, nothing = {0, false},
                                  all_of_gpu = {SLOTS, true}, nothing_of_gpu_yet = {0, true};

static json_t *corruption(int slot, int offset)
{
    return json_pack("{s:s, s:s, s:i, s:i, s:s, s:s, s:{s:i, s:i}}", "kind", "damaged", "seen_by",
                     "target", "slot", slot, "offset_bytes", offset, "expected", "0x1", "found",
                     "0x2", "messages", "damaged", 1, "lost", 0);
}

/* An outcome as of an honest side. */
static json_t *outcome(int64_t checked, int64_t corrupt, json_t *how, const char *visible_by)
{
    return json_pack("{s:i, s:i, s:i, s:I, s:I, s:o, s:s}", "window_bytes", 1000, "window_messages",
                     10, "window_ns", 1000, "checked_bytes", (json_int_t)checked, "corrupt_bytes",
                     (json_int_t)corrupt, "corruption", how ? how : json_null(), "visible_by",
                     visible_by);
}

/* What came of an outcome, whose reference is taken. */
struct taken {
    struct mcb_cell cell;
    struct mcb_cell_trial trial;
    struct mcb_error error;
    int status;
};

static struct taken take(const struct mcb_cell_duty *duty, json_t *told)
{
    struct taken taken = {.cell = {.settings = &settings}};
    taken.status =
        mcb_cell_take_outcome(&taken.cell, MCB_ROLE_TARGET, duty, told, &taken.trial, &taken.error);
    json_decref(told);
    return taken;
}

static void assert_taken(const struct mcb_cell_duty *duty, json_t *told)
{
    struct taken taken = take(duty, told);
    if (taken.status != 0)
        fail_msg("%s", taken.error.detail);
    if (taken.cell.corruption &&
        mcb_result_check_corruption(taken.cell.corruption, "corruption", MCB_FAULT_NET_PROTOCOL,
                                    &taken.error) != 0)
        fail_msg("%s", taken.error.detail);
    mcb_cell_release(&taken.cell);
}

static void assert_refused(const struct mcb_cell_duty *duty, json_t *told, const char *detail)
{
    struct taken taken = take(duty, told);
    if (taken.status == 0)
        fail_msg("it was believed: %s", detail);
    assert_int_equal(taken.error.code, MCB_FAULT_NET_PROTOCOL);
    if (strncmp(taken.error.detail, detail, strlen(detail)) != 0)
        fail_msg("it does not begin with '%s': %s", detail, taken.error.detail);
    assert_int_equal(taken.cell.verified_bytes, 0);
    assert_int_equal(taken.cell.corrupt_bytes, 0);
    assert_string_equal(taken.cell.visible_by[MCB_ROLE_TARGET], "");
    assert_null(taken.cell.corruption);
    assert_true(taken.trial.gbps == 0);
}

static void an_honest_outcome_is_taken(void **state)
{
    (void)state;
    assert_taken(&nothing, outcome(0, 0, NULL, ""));
    assert_taken(&all, outcome(MOST, 0, NULL, ""));
    assert_taken(&all, outcome(MOST, 1, corruption(0, 0), ""));
    assert_taken(&all, outcome(MOST, MOST + GAPS, corruption(SLOTS - 1, STRIDE - 1), ""));
    struct taken taken = take(&all, outcome(MOST, 3, corruption(0, 0), ""));
    assert_int_equal(taken.cell.verified_bytes, MOST);
    assert_int_equal(taken.cell.corrupt_bytes, 3);
    assert_true(taken.trial.gbps == 8);
    mcb_cell_release(&taken.cell);
}

static void nothing_can_be_checked_where_nothing_was_to_be(void **state)
{
    (void)state;
    assert_refused(&nothing, outcome(1, 0, NULL, ""), "checked_bytes: 1;");
    assert_refused(&nothing, outcome(0, 1, corruption(0, 0), ""), "corrupt_bytes: 1;");
}

static void no_more_is_checked_or_corrupt_than_there_is(void **state)
{
    (void)state;
    assert_refused(&all, outcome(MOST + 1, 0, NULL, ""), "checked_bytes: 801;");
    assert_refused(&all, outcome(INT64_MAX, INT64_MAX, corruption(0, 0), ""), "checked_bytes: 9");
    assert_refused(&all, outcome(MOST, MOST + GAPS + 1, corruption(0, 0), ""), "corrupt_bytes: ");
    assert_refused(&all, outcome(0, GAPS + 1, corruption(0, 0), ""), "corrupt_bytes: ");
}

static json_t *spoilt(const char *member, json_t *value)
{
    json_t *how = corruption(0, 0);
    json_object_set_new(how, member, value);
    return outcome(MOST, 1, how, "");
}

static void a_corruption_that_is_none_is_refused(void **state)
{
    (void)state;
    json_t *none = outcome(MOST, 1, NULL, ""), *kindless = corruption(0, 0);
    json_object_del(kindless, "kind");
    assert_refused(&all, none, "corruption: an object");
    assert_refused(&all, outcome(MOST, 1, json_string("x"), ""), "corruption: an object");
    assert_refused(&all, outcome(MOST, 1, kindless, ""), "corruption: kind: is missing");
    assert_refused(&all, spoilt("kind", json_string("none")), "corruption: kind: ");
    assert_refused(&all, spoilt("slot", json_integer(-5)), "corruption: slot: ");
    assert_refused(&all, spoilt("found", json_string("2")), "corruption: found: ");
    assert_refused(&all, spoilt("messages", json_integer(1)), "corruption: messages: ");
    assert_refused(&all, spoilt("x", json_integer(1)), "corruption: x: ");
    assert_refused(&all, spoilt("seen_by", json_string("initiator")), "corruption: seen_by: ");
    assert_refused(&all, outcome(MOST, 1, corruption(SLOTS, 0), ""), "corruption: it lies outside");
    assert_refused(&all, outcome(MOST, 1, corruption(0, STRIDE), ""),
                   "corruption: it lies outside");
}

static void kinds_of_corruption_that_there_are_not_are_left_out(void **state)
{
    (void)state;
    struct taken taken =
        take(&all, spoilt("messages", json_pack("{s:i, s:i}", "lost", 2, "\x1b[2J", 3)));
    assert_int_equal(taken.status, 0);
    json_t *messages = json_object_get(taken.cell.corruption, "messages");
    assert_int_equal(json_object_size(messages), 1);
    assert_int_equal(json_integer_value(json_object_get(messages, "lost")), 2);
    mcb_cell_release(&taken.cell);
}

static void how_bytes_became_visible_is_told_by_gpus_that_checked_them(void **state)
{
    (void)state;
    assert_taken(&all_of_gpu, outcome(MOST, 0, NULL, "flush"));
    assert_taken(&all_of_gpu, outcome(MOST, 0, NULL, "rdma-read"));
    assert_taken(&nothing_of_gpu_yet, outcome(0, 0, NULL, ""));
    assert_taken(&nothing_of_gpu_yet, outcome(0, 0, NULL, "completion"));
    assert_refused(&all_of_gpu, outcome(MOST, 0, NULL, ""), "visible_by: completion, ");
    assert_refused(&all_of_gpu, outcome(MOST, 0, NULL, "faith"), "visible_by: completion, ");
    assert_refused(&all, outcome(MOST, 0, NULL, "flush"), "visible_by: nothing ");
    assert_refused(&nothing, outcome(0, 0, NULL, "flush"), "visible_by: nothing ");
}

static void rates_that_no_result_holds_are_refused(void **state)
{
    (void)state;
    static const char *const members[] = {"window_bytes", "window_messages"};
    for (size_t i = 0; i < 2; i++) {
        json_t *fast = outcome(0, 0, NULL, "");
        json_object_set_new(fast, members[i], json_integer(INT64_MAX));
        assert_refused(&nothing, fast, "window_bytes, ");
    }
}

static void relaxed_ordering_asked_for_in_vain_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *requested, *effective;
        bool missed;
    } rows[] = {{"on", "off", true},
                {"on", "on", false},
                {"on", "unknown", false},
                {"auto", "off", false},
                {"off", "off", false}};
    char text[512];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *entry =
            json_pack("{s:{s:s, s:s, s:s}}", "relaxed_ordering", "requested", rows[i].requested,
                      "effective", rows[i].effective, "reason", "the kernel takes no such flag");
        assert_int_equal(mcb_cell_missed_ordering(entry, text), rows[i].missed);
        json_decref(entry);
    }
    json_t *tcp = json_object();
    assert_false(mcb_cell_missed_ordering(tcp, text));
    json_decref(tcp);
    json_t *entry = json_pack("{s:{s:s, s:s, s:s}}", "relaxed_ordering", "requested", "on",
                              "effective", "off", "reason", "the kernel takes no such flag");
    assert_true(mcb_cell_missed_ordering(entry, text));
    assert_string_equal(text, "relaxed ordering was asked for and is not in effect: the kernel "
                              "takes no such flag [MCB-RDMA-018]");
    json_decref(entry);
}

/* A cell of latency with so many samples in each of three trials. */
static json_t *latency_of_trials(const size_t counts[3], const uint64_t *samples_ns, size_t samples)
{
    static const struct mcb_cell_settings of_latency = {.measure = MCB_MEASURE_LATENCY,
                                                        .size_bytes = SIZE};
    struct mcb_cell cell = {.settings = &of_latency, .trials = 3, .samples = samples};
    cell.trial_samples = calloc(3, sizeof *counts);
    cell.samples_ns = calloc(samples, sizeof *samples_ns);
    assert_true(cell.trial_samples && cell.samples_ns);
    memcpy(cell.trial_samples, counts, 3 * sizeof *counts);
    memcpy(cell.samples_ns, samples_ns, samples * sizeof *samples_ns);
    json_t *measured = mcb_cell_measured(&cell, "none");
    mcb_cell_release(&cell);
    return measured;
}

static void a_latency_has_the_p50_of_each_trial_that_took_a_sample(void **state)
{
    (void)state;
    static const uint64_t samples_ns[] = {9000, 7000, 8000, 1000, 2000};
    json_t *measured = latency_of_trials((const size_t[]){3, 0, 2}, samples_ns, 5);
    const json_t *latency = json_object_get(measured, "latency_us");
    const json_t *trials = json_object_get(latency, "trials");
    assert_int_equal(json_array_size(trials), 2);
    assert_true(json_real_value(json_array_get(trials, 0)) == 8);
    assert_true(json_real_value(json_array_get(trials, 1)) == 1);
    assert_true(json_real_value(json_object_get(latency, "p50")) == 7);
    json_decref(measured);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_honest_outcome_is_taken),
        cmocka_unit_test(nothing_can_be_checked_where_nothing_was_to_be),
        cmocka_unit_test(no_more_is_checked_or_corrupt_than_there_is),
        cmocka_unit_test(a_corruption_that_is_none_is_refused),
        cmocka_unit_test(kinds_of_corruption_that_there_are_not_are_left_out),
        cmocka_unit_test(how_bytes_became_visible_is_told_by_gpus_that_checked_them),
        cmocka_unit_test(rates_that_no_result_holds_are_refused),
        cmocka_unit_test(relaxed_ordering_asked_for_in_vain_is_told),
        cmocka_unit_test(a_latency_has_the_p50_of_each_trial_that_took_a_sample),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
