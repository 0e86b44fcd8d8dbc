/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/plan/priority_matrix.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/plan/settings.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static void assert_read(const char *text, const char *normal)
{
    struct mcb_error error;
    json_t *matrix = mcb_priority_matrix_read(text, "--x", &error);
    if (!matrix)
        fail_msg("%s", error.detail);
    json_t *expected = json_loads(normal, 0, NULL);
    assert_true(json_equal(matrix, expected));
    json_decref(expected);
    json_decref(matrix);
}

static void assert_refused(const char *text, const char *detail)
{
    struct mcb_error error;
    json_t *matrix = mcb_priority_matrix_read(text, "--x", &error);
    assert_null(matrix);
    assert_int_equal(error.code, MCB_FAULT_USE_MATRIX);
    if (strncmp(error.detail, detail, strlen(detail)) != 0)
        fail_msg("'%s' does not begin with '%s'", error.detail, detail);
}

static void a_matrix_is_read_as_mooncake_writes_it(void **state)
{
    (void)state;
    const char *text = "{\"cpu:0\": [[\"mlx5_0\"], [\"mlx5_1\"]], \"cuda:0\": [[\"mlx5_1\"], []], "
                       "\"*\": [[], [\"mlx5_0\"]]}";
    assert_read(text, text);
}

static void locations_are_written_in_one_way(void **state)
{
    (void)state;
    assert_read(" \n{\"cpu:007\": [[], []]}", "{\"cpu:7\": [[], []]}");
    assert_refused("{\"cpu:0\": [[], []], \"cpu:00\": [[], []]}",
                   "--x: cpu:00: cpu:0 stands in the matrix twice");
}

static void a_matrix_is_read_from_a_file(void **state)
{
    (void)state;
    char path[] = "/tmp/mcb_matrix_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    const char *text = "{\"cpu:1\": [[\"a\"], []]}";
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    assert_read(path, text);

    assert_int_equal(truncate(path, (1 << 20) + 1), 0);
    char detail[64];
    snprintf(detail, sizeof detail, "--x: %s: ", path);
    assert_refused(path, detail);
    unlink(path);
    assert_refused(path, detail);
    assert_refused("/tmp", "--x: /tmp: ");
}

static void a_mistake_is_named_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *detail;
    } wrong[] = {
        {"", "--x: no file name and no JSON"},
        {"{", "--x: "},
        {"{}", "--x: an object of 1 to 1024 locations was expected"},
        {"{\"gpu:0\": [[], []]}", "--x: gpu:0: not a location; cpu:N, cuda:N (N 0 to 1023) or *"},
        {"{\"cpu:\": [[], []]}", "--x: cpu:: not a location"},
        {"{\"cpu:-1\": [[], []]}", "--x: cpu:-1: not a location"},
        {"{\"cpu:1024\": [[], []]}", "--x: cpu:1024: not a location"},
        {"{\"\": [[], []]}", "--x: '': not a location"},
        {"{\"cpu:0\": []}", "--x: cpu:0: two arrays were expected"},
        {"{\"cpu:0\": [[]]}", "--x: cpu:0: two arrays were expected"},
        {"{\"cpu:0\": [[], [], []]}", "--x: cpu:0: two arrays were expected"},
        {"{\"cpu:0\": [\"a\", []]}", "--x: cpu:0: the preferred NICs are no array"},
        {"{\"cpu:0\": [[], {}]}", "--x: cpu:0: the other NICs are no array"},
        {"{\"cpu:0\": [[\"a\", 1], []]}", "--x: cpu:0, entry 2 of the preferred NICs: not a text"},
        {"{\"cpu:0\": [[\"\"], []]}",
         "--x: cpu:0, entry 1 of the preferred NICs: '' is not a NIC name"},
        {"{\"cpu:0\": [[], [\"a b\"]]}",
         "--x: cpu:0, entry 1 of the other NICs: a b is not a NIC name"},
        {"{\"cpu:0\": [[], [\"../a\"]]}", "--x: cpu:0, entry 1 of the other NICs: ../a is not"},
        {"{\"cpu:0\": [[\"a\"], [\"a\"]]}",
         "--x: cpu:0, entry 1 of the other NICs: a stands there twice"},
        {"{\"cpu:0\": [[\"a\\u0000b\"], []]}", "--x: "},
        {"{\"cpu:0\": [[], []], \"cpu:0\": [[], []]}", "--x: "},
        {"{\"cpu:0\": [[], []]} x", "--x: "},
    };
    for (size_t i = 0; i < LENGTH(wrong); i++)
        assert_refused(wrong[i].text, wrong[i].detail);
}

static void the_same_nic_may_serve_several_locations(void **state)
{
    (void)state;
    const char *text = "{\"cpu:0\": [[\"a\"], []], \"cpu:1\": [[\"a\"], []]}";
    assert_read(text, text);
}

static void more_than_can_be_is_refused(void **state)
{
    (void)state;
    char *text;
    size_t length;
    FILE *stream = open_memstream(&text, &length);
    fputs("{\"cpu:0\": [[\"nic\"", stream);
    for (int i = 0; i < 128; i++)
        fprintf(stream, ", \"nic%d\"", i);
    fputs("], []]}", stream);
    fclose(stream);
    assert_refused(text, "--x: cpu:0: more than 128 NICs");
    free(text);

    char nested[4096];
    memset(nested, '[', sizeof nested);
    memcpy(nested, "{\"cpu:0\":", 9);
    nested[sizeof nested - 1] = '\0';
    assert_refused(nested, "--x: ");
}

static void a_nic_name_has_1_to_63_plain_characters(void **state)
{
    (void)state;
    char longest[] = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl";
    assert_false(mcb_priority_matrix_nic_is_name(longest));
    longest[63] = '\0';
    assert_true(mcb_priority_matrix_nic_is_name(longest));
    assert_true(mcb_priority_matrix_nic_is_name("eth0.100"));
    static const char *const wrong[] = {"", " ", "a,b", "a/b", "a\n", "a\x7f"};
    for (size_t i = 0; i < LENGTH(wrong); i++)
        assert_false(mcb_priority_matrix_nic_is_name(wrong[i]));
}

static void a_damaged_matrix_is_never_trusted(void **state)
{
    (void)state;
    static const char right[] = "{\"cpu:0\": [[\"mlx5_0\"], [\"mlx5_1\"]], \"*\": [[], []]}";
    static const char bytes[] = "{}[]\",:\\u0 \x01\xff";
    srandom(1);
    for (int round = 0; round < 20000; round++) {
        char *text = strdup(right);
        for (int i = 0; i < 3; i++)
            text[1 + (size_t)random() % (sizeof right - 2)] =
                bytes[(size_t)random() % (sizeof bytes - 1)];
        struct mcb_error error = {.code = MCB_FAULT_NONE};
        json_t *matrix = mcb_priority_matrix_read(text, "--x", &error);
        assert_true(matrix || error.code == MCB_FAULT_USE_MATRIX);
        json_decref(matrix);
        free(text);
    }
}

static const struct mcb_memory_choice cpu = {false, -1}, cpu_0 = {false, 0}, cpu_1 = {false, 1},
                                      cuda = {true, -1}, cuda_1 = {true, 1}, cuda_2 = {true, 2};

/* "NIC:node" of each NIC that is left for those memories, with blanks between. */
static void assert_selected(const char *matrix, struct mcb_settings *settings, const char *expected)
{
    struct mcb_error error;
    int nodes[MCB_NICS_MAX];
    char text[512] = "";
    settings->priority_matrix = mcb_priority_matrix_read(matrix, "--x", &error);
    if (!settings->priority_matrix || mcb_priority_matrix_select(settings, nodes, &error) != 0)
        fail_msg("%s", error.detail);
    for (size_t i = 0; i < settings->nic_count; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s:%d", i ? " " : "",
                 settings->nics[i], nodes[i]);
    assert_string_equal(text, expected);
    json_decref(settings->priority_matrix);
}

static const char whole[] = "{\"cpu:0\": [[\"a\"], [\"b\"]], \"cpu:1\": [[\"b\"], [\"a\"]], "
                            "\"cuda:0\": [[\"c\"], [\"a\"]], \"cuda:1\": [[], [\"a\", \"d\"]], "
                            "\"*\": [[\"e\"], []]}";

#define SELECTED(expected, ...)                                                                    \
    do {                                                                                           \
        const struct mcb_memory_choice list[] = {__VA_ARGS__};                                     \
        struct mcb_settings settings = {.memory_count = LENGTH(list)};                             \
        memcpy(settings.memories, list, sizeof list);                                              \
        assert_selected(whole, &settings, expected);                                               \
    } while (0)

static void each_memory_brings_the_nics_of_its_locations(void **state)
{
    (void)state;
    SELECTED("a:0 b:1", cpu);
    SELECTED("b:-1", cpu_1);
    SELECTED("c:-1 a:-1 d:-1", cuda);
    SELECTED("a:-1 d:-1", cuda_1); /* it prefers none */
    SELECTED("c:-1 a:0 d:-1 b:1", cuda, cpu);
    SELECTED("a:-1 b:-1", cpu_0, cpu_1);
}

static void a_memory_without_a_location_has_those_of_any(void **state)
{
    (void)state;
    SELECTED("e:-1", cuda_2);
    SELECTED("e:-1 a:0 b:1", cuda_2, cpu);
}

static void the_memory_of_the_peers_counts_too(void **state)
{
    (void)state;
    struct mcb_settings settings = {
        .memories = {cpu_0}, .memory_count = 1, .peer_memories = {cuda_1}, .peer_memory_count = 1};
    assert_selected(whole, &settings, "a:-1 d:-1");
}

static void nics_that_were_left_out_stay_out(void **state)
{
    (void)state;
    struct mcb_settings settings = {
        .memories = {cuda}, .memory_count = 1, .nics = {"d", "b"}, .nic_count = 2};
    assert_selected(whole, &settings, "d:-1");
}

static void a_selection_of_no_nic_is_refused(void **state)
{
    (void)state;
    static const struct {
        struct mcb_memory_choice memory;
        const char *matrix, *detail;
    } cases[] = {
        {{true, 0}, "{\"cpu:0\": [[\"a\"], []]}", "it needs a location \"cuda:N\" or \"*\" with"},
        {{false, 1}, "{\"cpu:0\": [[\"a\"], []]}", "it needs a location \"cpu:N\" or \"*\" with"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct mcb_error error;
        int nodes[MCB_NICS_MAX];
        struct mcb_settings settings = {
            .memories = {cases[i].memory},
            .memory_count = 1,
            .priority_matrix = mcb_priority_matrix_read(cases[i].matrix, "--x", &error)};
        assert_int_equal(mcb_priority_matrix_select(&settings, nodes, &error), -1);
        assert_int_equal(error.code, MCB_FAULT_USE_MATRIX);
        assert_non_null(strstr(error.detail, cases[i].detail));
        assert_int_equal(settings.nic_count, 0);
        json_decref(settings.priority_matrix);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_matrix_is_read_as_mooncake_writes_it),
        cmocka_unit_test(locations_are_written_in_one_way),
        cmocka_unit_test(a_matrix_is_read_from_a_file),
        cmocka_unit_test(a_mistake_is_named_with_its_place),
        cmocka_unit_test(the_same_nic_may_serve_several_locations),
        cmocka_unit_test(more_than_can_be_is_refused),
        cmocka_unit_test(a_nic_name_has_1_to_63_plain_characters),
        cmocka_unit_test(a_damaged_matrix_is_never_trusted),
        cmocka_unit_test(each_memory_brings_the_nics_of_its_locations),
        cmocka_unit_test(a_memory_without_a_location_has_those_of_any),
        cmocka_unit_test(the_memory_of_the_peers_counts_too),
        cmocka_unit_test(nics_that_were_left_out_stay_out),
        cmocka_unit_test(a_selection_of_no_nic_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
