/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/json.h"

static json_t *parse(const char *text, struct mcb_error *error)
{
    return mcb_json_parse(text, strlen(text), 1000, "the message of rank 1", MCB_FAULT_NET_PROTOCOL,
                          error);
}

static void json_that_is_not_json_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",           "{",           "{} x",         "{\"a\":1,\"a\":2}", "[1,]",
        "{\"a\":01}", "\"\\u0000\"", "\"\xff\xfe\"", "{\"a\":\"\xc3\"}",  "nul"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct mcb_error error = {0};
        assert_null(parse(bad[i], &error));
        assert_int_equal(error.code, MCB_FAULT_NET_PROTOCOL);
        assert_non_null(strstr(error.detail, "the message of rank 1"));
        json_t *as_json = json_string(error.detail);
        assert_non_null(as_json);
        json_decref(as_json);
    }
}

static void nesting_has_a_limit(void **state)
{
    (void)state;
    char deep[100001];
    struct mcb_error error;
    memset(deep, '[', 100000);
    deep[100000] = '\0';
    assert_null(mcb_json_parse(deep, 100000, 1 << 20, "file", MCB_FAULT_USE_FILE, &error));
    assert_int_equal(error.code, MCB_FAULT_USE_FILE);
}

static void more_bytes_than_allowed_are_refused(void **state)
{
    (void)state;
    struct mcb_error error;
    assert_null(mcb_json_parse("[1, 2]", 6, 5, "x", MCB_FAULT_USE_FILE, &error));
    json_t *value = mcb_json_parse("[1, 2]", 6, 6, "x", MCB_FAULT_USE_FILE, &error);
    assert_non_null(value);
    json_decref(value);
}

static void getters_give_what_is_there(void **state)
{
    (void)state;
    struct mcb_error error;
    json_t *value = parse("{\"s\":\"abc\",\"i\":-5,\"h\":\"0xfFffffffffffffff\",\"a\":[1,2],"
                          "\"o\":{}}",
                          &error);
    const char *s;
    int64_t i;
    uint64_t h;
    json_t *a, *o;
    assert_int_equal(mcb_json_get_string(value, "s", 4, &s, MCB_FAULT_USE_FILE, &error), 0);
    assert_string_equal(s, "abc");
    assert_int_equal(mcb_json_get_integer(value, "i", -5, 5, &i, MCB_FAULT_USE_FILE, &error), 0);
    assert_int_equal(i, -5);
    assert_int_equal(mcb_json_get_hex64(value, "h", &h, MCB_FAULT_USE_FILE, &error), 0);
    assert_true(h == UINT64_MAX);
    assert_int_equal(mcb_json_get_array(value, "a", 2, 2, &a, MCB_FAULT_USE_FILE, &error), 0);
    assert_int_equal(json_array_size(a), 2);
    assert_int_equal(mcb_json_get_object(value, "o", &o, MCB_FAULT_USE_FILE, &error), 0);
    json_decref(value);
}

/* Asks for each member of each type. */
static void expect_refusal(const char *text, const char *key)
{
    struct mcb_error error = {0};
    json_t *value = parse(text, &error);
    assert_non_null(value);
    const char *s = "untouched";
    int64_t i = 42;
    uint64_t h = 42;
    json_t *j = NULL;
    switch (key[0]) {
    case 's':
        assert_int_equal(mcb_json_get_string(value, key, 4, &s, MCB_FAULT_USE_FILE, &error), -1);
        break;
    case 'i':
        assert_int_equal(mcb_json_get_integer(value, key, 0, 9, &i, MCB_FAULT_USE_FILE, &error),
                         -1);
        break;
    case 'h':
        assert_int_equal(mcb_json_get_hex64(value, key, &h, MCB_FAULT_USE_FILE, &error), -1);
        break;
    case 'a':
        assert_int_equal(mcb_json_get_array(value, key, 1, 2, &j, MCB_FAULT_USE_FILE, &error), -1);
        break;
    default:
        assert_int_equal(mcb_json_get_object(value, key, &j, MCB_FAULT_USE_FILE, &error), -1);
    }
    assert_int_equal(error.code, MCB_FAULT_USE_FILE);
    char quoted[8];
    snprintf(quoted, sizeof quoted, "\"%s\"", key);
    assert_non_null(strstr(error.detail, quoted));
    assert_string_equal(s, "untouched");
    assert_true(i == 42 && h == 42 && !j);
    json_decref(value);
}

static void getters_refuse_and_name_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *text, *key;
    } bad[] = {
        {"{}", "s"},
        {"{\"s\":1}", "s"},
        {"{\"s\":\"abcd\"}", "s"},
        {"[]", "s"},
        {"{}", "i"},
        {"{\"i\":1.5}", "i"},
        {"{\"i\":-1}", "i"},
        {"{\"i\":10}", "i"},
        {"{\"i\":\"1\"}", "i"},
        {"{}", "h"},
        {"{\"h\":\"0x\"}", "h"},
        {"{\"h\":\"1f\"}", "h"},
        {"{\"h\":\"0x1g\"}", "h"},
        {"{\"h\":\"0x11112222333344445\"}", "h"},
        {"{\"a\":[]}", "a"},
        {"{\"a\":[1,2,3]}", "a"},
        {"{\"a\":{}}", "a"},
        {"{\"o\":[]}", "o"},
        {"7", "o"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_refusal(bad[i].text, bad[i].key);
}

static void a_64_bit_value_survives_the_way(void **state)
{
    (void)state;
    struct mcb_error error;
    json_t *value = json_pack("{s:o}", "h", mcb_json_hex64(0x8000000000000001));
    uint64_t back;
    assert_string_equal(json_string_value(json_object_get(value, "h")), "0x8000000000000001");
    assert_int_equal(mcb_json_get_hex64(value, "h", &back, MCB_FAULT_USE_FILE, &error), 0);
    assert_true(back == 0x8000000000000001);
    json_decref(value);
}

static void a_fault_survives_the_way(void **state)
{
    (void)state;
    struct mcb_error error, back;
    mcb_error_set(&error, MCB_FAULT_RDMA_PORT_DOWN, "mlx5_0/1: down");
    json_t *value = mcb_json_from_error(&error);
    assert_string_equal(json_string_value(json_object_get(value, "id")), "MCB-RDMA-004");
    mcb_json_to_error(value, &back);
    assert_int_equal(back.code, error.code);
    assert_string_equal(back.detail, error.detail);
    json_decref(value);

    value = mcb_json_from_error(&(struct mcb_error){.code = MCB_FAULT_NONE});
    assert_true(json_is_null(value));
    mcb_json_to_error(value, &back);
    assert_int_equal(back.code, MCB_FAULT_NONE);
    json_decref(value);
}

static void a_fix_is_one_line_of_a_document(void **state)
{
    (void)state;
    struct mcb_error error;
    mcb_error_set(&error, MCB_FAULT_NET_PORT_TAKEN, "port 18515: taken");
    json_t *value = mcb_json_from_error(&error);
    assert_string_equal(json_string_value(json_object_get(value, "fix")),
                        "ss -ltnp 'sport = :PORT' (as root: the process that holds it); stop that "
                        "process, or take another port");
    json_decref(value);
}

static void a_detail_that_is_not_utf8_is_still_reported(void **state)
{
    (void)state;
    struct mcb_error error = {.code = MCB_FAULT_USE_FILE,
                              .detail = "a\xff"
                                        "b: no such file"};
    json_t *value = mcb_json_from_error(&error);
    assert_string_equal(json_string_value(json_object_get(value, "detail")), "a?b: no such file");
    json_decref(value);
}

static void a_fault_of_a_newer_version_is_a_failed_peer(void **state)
{
    (void)state;
    struct mcb_error error, back;
    json_t *value = parse("{\"id\":\"MCB-NEW-999\",\"detail\":\"new\"}", &error);
    mcb_json_to_error(value, &back);
    assert_int_equal(back.code, MCB_FAULT_JOB_PEER_FAILED);
    assert_string_equal(back.detail, "new");
    json_decref(value);
    value = parse("{\"id\":7,\"detail\":[]}", &error);
    mcb_json_to_error(value, &back);
    assert_int_equal(back.code, MCB_FAULT_JOB_PEER_FAILED);
    json_decref(value);
    value = parse("{\"id\":\"\",\"detail\":\"\"}", &error);
    mcb_json_to_error(value, &back);
    assert_int_equal(back.code, MCB_FAULT_JOB_PEER_FAILED);
    assert_string_equal(back.detail, "no reason was given");
    json_decref(value);
}

static void a_fault_from_elsewhere_is_one_line(void **state)
{
    (void)state;
    struct mcb_error error, back;
    json_t *value =
        parse("{\"id\":\"MCB-USE-008\",\"detail\":\"n2: wrong\\nmcbench: all held\"}", &error);
    mcb_json_to_error(value, &back);
    assert_int_equal(back.code, MCB_FAULT_USE_RULE);
    assert_string_equal(back.detail, "n2: wrong mcbench: all held");
    json_decref(value);
}

/* ---- writing ---- */

static void no_character_that_steers_a_terminal_is_written(void **state)
{
    (void)state;
    static const char foreign[] = "\x7f\x7f a\x7f\x1b\xc2\x9b\u202e\u00e4";
    int (*const prints[])(FILE *, const json_t *) = {mcb_json_print, mcb_json_print_compact};
    struct mcb_error error;
    for (size_t i = 0; i < 2; i++) {
        char *text = NULL;
        size_t length = 0;
        FILE *stream = open_memstream(&text, &length);
        json_t *value = json_pack("{s:s, s:f}", "\x7f", foreign, "b", 388.1);
        assert_int_equal(prints[i](stream, value), 0);
        assert_int_equal(fclose(stream), 0);
        for (size_t at = 0; at < length; at++)
            assert_true(text[at] == '\n' || (text[at] >= ' ' && text[at] < 0x7f));
        assert_non_null(strstr(text, "388.1"));
        json_t *back = parse(text, &error);
        assert_true(json_equal(back, value));
        json_decref(back);
        json_decref(value);
        free(text);
    }
}

static void a_stream_that_is_full_is_an_error(void **state)
{
    (void)state;
    FILE *stream = fopen("/dev/full", "w");
    json_t *value = json_pack("[s]", "a\x7f");
    assert_non_null(stream);
    setvbuf(stream, NULL, _IONBF, 0);
    assert_int_equal(mcb_json_print(stream, value), -1);
    fclose(stream);
    json_decref(value);
}

/* ---- files ---- */

static int make_folder(void **state)
{
    static char folder[64];
    snprintf(folder, sizeof folder, "/tmp/mcbench-test-json-XXXXXX");
    *state = mkdtemp(folder);
    return *state ? 0 : -1;
}

static unsigned count_files(const char *folder, bool remove_them)
{
    unsigned count = 0;
    DIR *stream = opendir(folder);
    for (const struct dirent *entry; stream && (entry = readdir(stream));) {
        if (entry->d_name[0] == '.')
            continue;
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (remove_them)
            remove(path);
        count++;
    }
    closedir(stream);
    return count;
}

static int remove_folder(void **state)
{
    count_files(*state, true);
    return rmdir(*state);
}

static char *in_folder(void **state, const char *name, char path[256])
{
    snprintf(path, 256, "%s/%s", (const char *)*state, name);
    return path;
}

static void a_file_is_written_whole_and_read_back(void **state)
{
    char path[256];
    struct mcb_error error;
    json_t *value = json_pack("{s:f, s:[i,i]}", "rate", 0.1, "list", 1, 2);
    in_folder(state, "result.json", path);
    assert_int_equal(mcb_json_write_file(path, value, &error), 0);
    assert_int_equal(mcb_json_write_file(path, value, &error), 0);
    assert_int_equal(count_files(*state, false), 1);
    json_t *back = mcb_json_read_file(path, 1000, MCB_FAULT_USE_FILE, &error);
    assert_true(json_equal(value, back));
    json_decref(back);
    char text[200] = "";
    FILE *stream = fopen(path, "r");
    assert_true(fread(text, 1, sizeof text - 1, stream) > 0);
    fclose(stream);
    assert_non_null(strstr(text, "0.1,"));
    json_decref(value);
}

static void a_link_stays_a_link(void **state)
{
    char path[256], link_path[256];
    struct mcb_error error;
    struct stat status;
    json_t *value = json_array();
    in_folder(state, "target.json", path);
    in_folder(state, "link.json", link_path);
    assert_int_equal(mcb_json_write_file(path, value, &error), 0);
    assert_int_equal(symlink(path, link_path), 0);
    assert_int_equal(mcb_json_write_file(link_path, value, &error), 0);
    assert_int_equal(lstat(link_path, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    json_decref(value);
}

static void a_device_is_written_and_not_replaced(void **state)
{
    (void)state;
    struct mcb_error error;
    struct stat status;
    json_t *value = json_array();
    assert_int_equal(mcb_json_write_file("/dev/null", value, &error), 0);
    assert_int_equal(stat("/dev/null", &status), 0);
    assert_true(S_ISCHR(status.st_mode));
    json_decref(value);
}

static void a_file_that_cannot_be_written_leaves_nothing_behind(void **state)
{
    char path[256];
    struct mcb_error error;
    json_t *value = json_array();
    in_folder(state, "no/such/folder.json", path);
    assert_int_equal(mcb_json_write_file(path, value, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_HOST_OUTPUT);
    assert_int_equal(mcb_json_write_file(*state, value, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_HOST_OUTPUT);
    assert_int_equal(mcb_json_write_file("/dev/full", value, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_HOST_OUTPUT);
    json_decref(value);

    json_t *unwritable = json_object();
    json_object_set_new_nocheck(unwritable, "bad", json_string_nocheck("\xff"));
    in_folder(state, "bad.json", path);
    assert_int_equal(mcb_json_write_file(path, unwritable, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_HOST_OUTPUT);
    json_decref(unwritable);
    assert_int_equal(count_files(*state, false), 0);
}

static void assert_value(json_t *value, const char *expected)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    assert_string_equal(text, expected);
    free(text);
    json_decref(value);
}

static void what_is_not_known_is_null(void **state)
{
    (void)state;
    assert_value(mcb_json_text_or_null("mlx5_0"), "\"mlx5_0\"");
    assert_value(mcb_json_text_or_null(""), "null");
    assert_value(mcb_json_text_or_null(NULL), "null");
    assert_value(mcb_json_text_or_null("\xff"), "null");
    assert_value(mcb_json_positive_or_null(0.5), "0.5");
    assert_value(mcb_json_positive_or_null(0), "null");
    assert_value(mcb_json_positive_or_null(-1), "null");
    assert_value(mcb_json_positive_or_null(NAN), "null");
    assert_value(mcb_json_positive_or_null(INFINITY), "null");
    assert_value(mcb_json_count_or_null(1), "1");
    assert_value(mcb_json_count_or_null(INT64_MAX), "9223372036854775807");
    assert_value(mcb_json_count_or_null(0), "null");
    assert_value(mcb_json_count_or_null(UINT64_MAX), "null");
}

static void a_text_that_is_not_there_is_empty(void **state)
{
    (void)state;
    json_t *object = json_pack("{s:s, s:i}", "name", "lo", "port", 1);
    assert_string_equal(mcb_json_text(object, "name"), "lo");
    assert_string_equal(mcb_json_text(object, "port"), "");
    assert_string_equal(mcb_json_text(object, "none"), "");
    assert_string_equal(mcb_json_text(NULL, "name"), "");
    json_decref(object);
}

static void a_file_that_cannot_be_read_is_named(void **state)
{
    char path[256];
    struct mcb_error error;
    in_folder(state, "none.json", path);
    assert_null(mcb_json_read_file(path, 1000, MCB_FAULT_USE_FILE, &error));
    assert_int_equal(error.code, MCB_FAULT_USE_FILE);
    assert_non_null(strstr(error.detail, path));
    assert_null(mcb_json_read_file(*state, 1000, MCB_FAULT_USE_FILE, &error));
    assert_null(mcb_json_read_file("/dev/zero", 1000000, MCB_FAULT_USE_FILE, &error));
    assert_non_null(strstr(error.detail, "larger than"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_that_is_not_json_is_refused),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(more_bytes_than_allowed_are_refused),
        cmocka_unit_test(getters_give_what_is_there),
        cmocka_unit_test(getters_refuse_and_name_what_is_wrong),
        cmocka_unit_test(a_64_bit_value_survives_the_way),
        cmocka_unit_test(what_is_not_known_is_null),
        cmocka_unit_test(a_text_that_is_not_there_is_empty),
        cmocka_unit_test(a_fault_survives_the_way),
        cmocka_unit_test(a_fix_is_one_line_of_a_document),
        cmocka_unit_test(a_detail_that_is_not_utf8_is_still_reported),
        cmocka_unit_test(a_fault_of_a_newer_version_is_a_failed_peer),
        cmocka_unit_test(a_fault_from_elsewhere_is_one_line),
        cmocka_unit_test(no_character_that_steers_a_terminal_is_written),
        cmocka_unit_test(a_stream_that_is_full_is_an_error),
        cmocka_unit_test_setup_teardown(a_file_is_written_whole_and_read_back, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(a_link_stays_a_link, make_folder, remove_folder),
        cmocka_unit_test(a_device_is_written_and_not_replaced),
        cmocka_unit_test_setup_teardown(a_file_that_cannot_be_written_leaves_nothing_behind,
                                        make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_file_that_cannot_be_read_is_named, make_folder,
                                        remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
