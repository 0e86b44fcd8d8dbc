/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/ledger_helper.h"

enum { FILES = 20 };

static char folder[] = "/tmp/mcbench-XXXXXX";
static char paths[FILES][64];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/mcbench-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    for (int i = 0; i < FILES; i++)
        snprintf(paths[i], sizeof paths[i], "%s/%d.json", folder, i);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    for (int i = 0; i < FILES; i++)
        unlink(paths[i]);
    return rmdir(folder);
}

static void write_bytes(const char *bytes, size_t length)
{
    FILE *file = fopen(paths[0], "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void write_text(const char *text)
{
    write_bytes(text, strlen(text));
}

static void load_one(struct mcb_ledger *ledger)
{
    const char *path = paths[0];
    struct mcb_error error = {MCB_FAULT_NONE, ""};
    if (mcb_ledger_load(&path, 1, ledger, &error) != 0)
        fail_msg("%s", error.detail);
    assert_string_equal(ledger->path, path);
}

/* Fails unless paths[0] is refused with that after its path. */
static void assert_refused(const char *expected)
{
    const char *path = paths[0];
    struct mcb_ledger ledger;
    struct mcb_error error = {MCB_FAULT_NONE, ""};
    if (mcb_ledger_load(&path, 1, &ledger, &error) == 0)
        fail_msg("\"%s\" was not refused", expected);
    assert_int_equal(error.code, MCB_FAULT_USE_FILE);
    assert_memory_equal(error.detail, path, strlen(path));
    assert_string_equal(error.detail + strlen(path), expected);
}

/* ---- agreement ---- */

static void assert_same_cell(const struct mcb_ledger *a, const struct mcb_ledger *b, size_t number)
{
    const struct mcb_ledger_cell *of_a = &a->cells[number], *of_b = &b->cells[number];
    assert_int_equal(of_a->setting, of_b->setting);
    assert_int_equal(of_a->initiator, of_b->initiator);
    assert_int_equal(of_a->target, of_b->target);
    assert_int_equal(of_a->position, of_b->position);
    assert_int_equal(of_a->round, of_b->round);
    assert_int_equal(of_a->fault, of_b->fault);
    assert_int_equal(of_a->status, of_b->status);
    assert_string_equal(of_a->method, of_b->method);
    assert_string_equal(of_a->registration, of_b->registration);
    assert_string_equal(of_a->effective, of_b->effective);
    assert_memory_equal(&of_a->figure, &of_b->figure,
                        sizeof *of_a - offsetof(struct mcb_ledger_cell, figure));
    assert_int_equal(of_a->trial_count, of_b->trial_count);
    if (of_a->trial_count > 0)
        assert_memory_equal(&a->trials[of_a->first_trial], &b->trials[of_b->first_trial],
                            of_a->trial_count * sizeof *a->trials);
}

static void assert_same_ledger(const struct mcb_ledger *a, const struct mcb_ledger *b)
{
    char of_a[MCB_LEDGER_LABEL_MAX], of_b[MCB_LEDGER_LABEL_MAX];
    assert_true(json_equal(a->head, b->head));
    assert_int_equal(a->cell_count, b->cell_count);
    assert_int_equal(a->setting_count, b->setting_count);
    assert_int_equal(a->endpoint_count, b->endpoint_count);
    assert_int_equal(a->host_count, b->host_count);
    assert_int_equal(a->fault_count, b->fault_count);
    assert_int_equal(a->trial_count, b->trial_count);
    assert_string_equal(a->started, b->started);
    assert_string_equal(a->transport, b->transport);
    for (size_t i = 0; i < a->setting_count; i++)
        assert_string_equal(mcb_ledger_setting_label(a, i, of_a),
                            mcb_ledger_setting_label(b, i, of_b));
    for (size_t i = 0; i < a->cell_count; i++) {
        assert_same_cell(a, b, i);
        assert_string_equal(mcb_ledger_path_label(a, &a->cells[i], of_a),
                            mcb_ledger_path_label(b, &b->cells[i], of_b));
    }
}

/* Of each kind: bandwidth with and without ceiling, latency, failed, skipped. */
static json_t *varied(size_t hosts)
{
    static const struct ledger_setting settings[] = {
        {.ordering = "on"}, {.measure = "latency"}, {.operation = "read", .size_bytes = 8}};
    json_t *document = ledger_document(&(struct ledger_plan){
        .hosts = hosts, .settings = settings, .setting_count = 3, .ceiling_gbps = 392.1});
    ledger_fail(document, 1, "failed", "MCB-RDMA-013", "lost \u2192 \"it\"");
    ledger_fail(document, 2, "skipped", "MCB-RUN-001", "stopped");
    ledger_fail(document, 3, "failed", "MCB-RDMA-013", "lost \u2192 \"it\"");
    return document;
}

/* With what jansson makes of the whole of it. */
static void assert_file_agrees(size_t cells)
{
    struct mcb_ledger read, made;
    json_t *document = json_load_file(paths[0], 0, NULL);
    load_one(&read);
    ledger_of(document, &made);
    assert_int_equal(read.cell_count, cells);
    assert_same_ledger(&read, &made);
    mcb_ledger_release(&made);
    mcb_ledger_release(&read);
}

static void a_file_gives_the_ledger_of_its_document(void **state)
{
    (void)state;
    json_t *document = varied(20); /* some megabytes */
    ledger_write(json_incref(document), paths[0]);
    assert_file_agrees(3 * 40 * 40);
    assert_int_equal(json_dump_file(document, paths[0], JSON_COMPACT), 0); /* on one line */
    assert_file_agrees(3 * 40 * 40);
    json_decref(document);
}

/* The members in another order: that which the document has them in is of no meaning. */
static void members_may_stand_in_any_order(void **state)
{
    (void)state;
    json_t *document = varied(1);
    static const char *const members[] = {"schema",  "tool",     "command", "settings",
                                          "started", "finished", "job",     "transport",
                                          "hosts",   "status",   "fault",   "warnings"};
    enum { COUNT = sizeof members / sizeof *members };
    for (size_t before = 0; before <= COUNT; before++) {
        json_t *turned = json_object();
        for (size_t i = COUNT; i > before; i--)
            json_object_set(turned, members[i - 1], json_object_get(document, members[i - 1]));
        json_object_set(turned, "cells", json_object_get(document, "cells"));
        for (size_t i = 0; i < before; i++)
            json_object_set(turned, members[i], json_object_get(document, members[i]));
        ledger_write(turned, paths[0]);
        assert_file_agrees(3 * 2 * 2);
    }
    json_decref(document);
}

static void a_pipe_is_as_good_as_a_file(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    json_t *document = varied(2);
    int status;
    assert_int_equal(mkfifo(paths[0], 0600), 0);
    int reader = open(paths[0], O_RDONLY | O_NONBLOCK);
    FILE *file = fopen(paths[0], "w"); /* before the reading begins, which does not wait for it */
    pid_t writer = fork();
    if (writer == 0) {
        usleep(50000);
        _exit(json_dumpf(document, file, 0) == 0 && fclose(file) == 0 ? 0 : 1);
    }
    fclose(file);
    load_one(&ledger);
    close(reader);
    assert_int_equal(ledger.cell_count, 3 * 4 * 4);
    mcb_ledger_release(&ledger);
    assert_int_equal(waitpid(writer, &status, 0), writer);
    assert_int_equal(status, 0);
    json_decref(document);
}

/* ---- journals ---- */

static void append_line(FILE *file, json_t *value)
{
    assert_int_equal(json_dumpf(value, file, JSON_COMPACT), 0);
    fputc('\n', file);
}

/* The head, and each cell with a warning after it. */
static FILE *write_journal(const json_t *document)
{
    static const char *const endings[] = {"status", "fault", "finished", "warnings", "cells"};
    size_t i;
    json_t *cell, *head = json_copy((json_t *)document);
    FILE *file = fopen(paths[0], "w");
    assert_non_null(file);
    for (i = 0; i < 5; i++)
        json_object_del(head, endings[i]);
    append_line(file, head);
    json_array_foreach(json_object_get(document, "cells"), i, cell)
    {
        append_line(file, cell);
        if (i < 2)
            fprintf(file, "{\"warning\": \"warning %zu\"}\n", i);
    }
    json_decref(head);
    return file;
}

static void a_journal_is_the_ledger_of_a_run_that_was_interrupted(void **state)
{
    (void)state;
    struct mcb_ledger read, made;
    json_t *document = varied(2);
    FILE *file = write_journal(document);
    fputs("{\"initiator\": {\"ho", file); /* cut in the middle */
    assert_int_equal(fclose(file), 0);
    load_one(&read);
    ledger_of(document, &made);
    assert_string_equal(mcb_json_text(read.head, "status"), "interrupted");
    assert_string_equal(mcb_json_text(json_object_get(read.head, "fault"), "id"),
                        mcb_fault_get(MCB_FAULT_RUN_INTERRUPTED)->id);
    assert_int_equal(json_array_size(json_object_get(read.head, "warnings")), 2);
    assert_int_equal(read.cell_count, made.cell_count);
    for (size_t i = 0; i < read.cell_count; i++)
        assert_same_cell(&read, &made, i);
    mcb_ledger_release(&made);
    mcb_ledger_release(&read);
}

static void a_journal_may_have_its_head_alone(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    json_t *document = result_document();
    FILE *file = write_journal(document);
    assert_int_equal(fclose(file), 0);
    load_one(&ledger);
    assert_int_equal(ledger.cell_count, 0);
    mcb_ledger_release(&ledger);
    json_decref(document);
}

static void a_wrong_line_of_a_journal_is_named(void **state)
{
    (void)state;
    json_t *document = result_document();
    FILE *file = write_journal(document);
    fputs("[\n", file);
    assert_int_equal(fclose(file), 0);
    assert_refused(", line 2: not JSON (line 1, column 1): ']' expected near end of file");
    file = write_journal(document);
    fputs("{\"warning\": \"a\"}\n\n{}\n", file);
    assert_int_equal(fclose(file), 0);
    assert_refused(", line 3: not JSON (line 1, column 0): unexpected token near end of file");
    file = write_journal(document);
    fputs("{\"warning\": \"a\"}\n{\"a\": 1}\n", file);
    assert_int_equal(fclose(file), 0);
    assert_refused(": cells[0].initiator: is missing; an object was expected");
    file = write_journal(document);
    fputs("{\"warning\": \"a\"}\n{\"warning\": \"a\"}\n", file);
    assert_int_equal(fclose(file), 0);
    assert_refused(": warnings[1]: is there already");
    json_decref(document);
}

/* ---- broken files ---- */

static void text_that_is_no_result_is_refused(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"", ": is empty"},
        {"\n\n", ": not JSON (line 3, column 0): unexpected token near end of file"},
        {"\xef\xbb\xbf{}", ": not JSON (line 1, column 1): invalid token near '?"
                           "?"
                           "?'"},
        {"\x7f"
         "ELF",
         ": not JSON (line 1, column 1): invalid token near '?'"},
        {"\x80\x00", ": not JSON (line 1, column 0): unable to decode byte 0x80"},
        {"[{\"schema\": \"mcbench-result/1\"}]",
         ": not a result of mcbench: an object was expected"},
        {"null", ": not a result of mcbench: an object was expected"},
        {"{}", ": schema: is missing; a string was expected"},
        {"{\"schema\": \"mcbench-result/2\", \"rows\": [], \"cells\": [{}]}",
         ": schema: \"mcbench-result/2\"; \"mcbench-result/1\" was expected"},
        {"{\"cells\": [{\"a\": 1}], \"schema\": \"mcbench-result/0\"}",
         ": schema: \"mcbench-result/0\"; \"mcbench-result/1\" was expected"},
        {"{\"cells\": [1, 2", ": not JSON (line 1, column 15): premature end of input"},
        {"{\"cells\": [1, {\"a\": ",
         ": not JSON (line 1, column 20): unexpected token near end of file"},
        {"{\"cells\": [1,\n 2 3]}", ": not JSON (line 2, column 4): ',' or ']' expected near '3'"},
        {"{\"cells\": [1,]}", ": not JSON (line 1, column 14): unexpected token near ']'"},
        {"{\"cells\": []]", ": not JSON (line 1, column 13): ',' or '}' expected near ']'"},
        {"{\"cells\": [], \"cells\": []}",
         ": not JSON (line 1, column 22): duplicate object key \"cells\""},
        {"{\"a\": 1, \"a\": 2}", ": not JSON (line 1, column 13): duplicate object key \"a\""},
        {"{\"cells\" []}", ": not JSON (line 1, column 10): ':' expected near '['"},
        {"{cells: []}", ": not JSON (line 1, column 2): '\"' expected near 'c'"},
        {"{\"cells\": [],}", ": not JSON (line 1, column 14): '\"' expected near '}'"},
        {"{} {}", ": not JSON (line 1, column 4): end of file expected near '{'"},
        {"{\"schema\": \"mcbench-result/1\"} {}\n",
         ": not JSON (line 1, column 32): end of file expected near '{'"},
        {"\n{\"schema\": \"mcbench-result/1\"}\n{}\n",
         ": not JSON (line 3, column 1): end of file expected near '{'"},
        {"{\"schema\": \"mcbench-result/1\"}", ": tool: is missing; an object was expected"},
        {"{\"a\": 1e999}", ": not JSON (line 1, column 11): real number overflow near '1e999'"},
        {"{\"a\": \"\\u0000\"}",
         ": not JSON (line 1, column 14): \\u0000 is not allowed without JSON_ALLOW_NUL near "
         "'\"\\u0000\"'"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        write_text(texts[i][0]);
        assert_refused(texts[i][1]);
    }
}

static void bytes_that_are_nul_are_refused(void **state)
{
    (void)state;
    static const char zeros[1000];
    write_bytes(zeros, sizeof zeros);
    assert_refused(": not JSON (line 1, column 1): invalid token near end of file");
    write_bytes("{\0}", 3);
    assert_refused(": not JSON (line 1, column 2): '\"' expected near '?'");
    write_bytes("{\"cells\": [\0]}", 14);
    assert_refused(": not JSON (line 1, column 12): invalid token near end of file");
}

static void a_document_cut_anywhere_is_refused(void **state)
{
    (void)state;
    json_t *document = varied(1);
    char *text = json_dumps(document, JSON_INDENT(2));
    size_t length = strlen(text);
    for (size_t cut = 0; cut < length; cut += cut < length - 200 ? 37 : 1) {
        const char *path = paths[0];
        struct mcb_ledger ledger;
        struct mcb_error error = {MCB_FAULT_NONE, ""};
        write_bytes(text, cut);
        assert_int_equal(mcb_ledger_load(&path, 1, &ledger, &error), -1);
        assert_int_equal(error.code, MCB_FAULT_USE_FILE);
        assert_non_null(strstr(error.detail, cut == 0 ? "is empty" : "not JSON (line "));
    }
    free(text);
    json_decref(document);
}

static void deep_nesting_is_refused(void **state)
{
    (void)state;
    static const char *const heads[] = {"{\"cells\": [", "{\"hosts\": ", "{\"cells\": [{\"a\":"};
    enum { DEPTH = 1000000 };
    char *text = malloc(DEPTH);
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        memset(text, '[', DEPTH);
        memcpy(text, heads[i], strlen(heads[i]));
        write_bytes(text, DEPTH);
        const char *path = paths[0];
        struct mcb_ledger ledger;
        struct mcb_error error;
        assert_int_equal(mcb_ledger_load(&path, 1, &ledger, &error), -1);
        assert_non_null(strstr(error.detail, "maximum parsing depth reached"));
    }
    free(text);
}

/* In place of what is at the path ("cells/1/qps"), this JSON. */
static void assert_change_refused(const char *where, const char *value, const char *expected)
{
    json_t *document = varied(1), *at = document;
    char steps[128], *rest = steps, *step;
    snprintf(steps, sizeof steps, "%s", where);
    json_t *changed = json_loads(value, JSON_DECODE_ANY, NULL);
    while ((step = strsep(&rest, "/")) && rest)
        at = json_is_array(at) ? json_array_get(at, strtoul(step, NULL, 10))
                               : json_object_get(at, step);
    if (json_is_array(at))
        json_array_set_new(at, strtoul(step, NULL, 10), changed);
    else
        json_object_set_new(at, step, changed);
    ledger_write(document, paths[0]);
    assert_refused(expected);
}

static void a_wrong_member_is_named_with_its_place(void **state)
{
    (void)state;
    static const char *const changes[][3] = {
        {"cells", "5", ": cells: an array was expected"},
        {"cells", "null", ": cells: an array was expected"},
        {"cells/7", "5", ": cells[7]: an object was expected"},
        {"cells/7/qps", "\"many\"", ": cells[7].qps: a whole number was expected"},
        {"cells/8/bandwidth_gbps/median", "\"fast\"",
         ": cells[8].bandwidth_gbps.median: a number was expected"},
        {"cells/0/bandwidth_gbps/trials/2", "null",
         ": cells[0].bandwidth_gbps.trials[2]: a number was expected"},
        {"cells/5/latency_us/trials", "[]",
         ": cells[5].latency_us.trials: 0 elements; 1 to 100000 were expected"},
        {"cells/1/fault", "null", ": cells[1]: status is not \"ok\", but there is no fault"},
        {"cells/0/taste", "1", ": cells[0].taste: there is no such member"},
        {"hosts/0/rank", "-1", ": hosts[0].rank: -1; 0 to 1023 was expected"},
        {"status", "\"failed\"", ": status is not \"complete\", but there is no fault"},
        {"expectations", "5", ": expectations: an array was expected"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        assert_change_refused(changes[i][0], changes[i][1], changes[i][2]);
}

static void of_several_wrong_cells_the_first_is_named(void **state)
{
    (void)state;
    json_t *document = varied(1);
    json_object_set_new(ledger_cell(document, 6), "qps", json_integer(0));
    json_object_set_new(ledger_cell(document, 4), "qps", json_integer(-1));
    ledger_write(document, paths[0]);
    assert_refused(": cells[4].qps: -1; 1 to 1e+06 was expected");
}

static void more_cells_than_a_result_may_have_are_refused(void **state)
{
    (void)state;
    struct mcb_error error;
    json_t *document = varied(1), *cell = ledger_cell(document, 0);
    assert_int_equal(mcb_result_check_cell_at(cell, 999999, "x", MCB_FAULT_USE_FILE, &error), 0);
    assert_int_equal(mcb_result_check_cell_at(cell, 1000000, "x", MCB_FAULT_USE_FILE, &error), -1);
    assert_string_equal(error.detail, "x: cells: more than 1000000 elements");
    json_decref(document);
}

static void files_that_are_none_are_refused_and_never_waited_for(void **state)
{
    (void)state;
    assert_int_equal(mkfifo(paths[0], 0600), 0);
    assert_refused(": is empty");
    unlink(paths[0]);
    assert_refused(": No such file or directory");
    write_text("{");
    assert_int_equal(truncate(paths[0], ((off_t)1 << 30) + 1), 0); /* a hole: no disk space */
    assert_refused(": is larger than 1 GiB");
}

/* ---- several files ---- */

static void load_all(size_t count, struct mcb_ledger *ledgers)
{
    const char *list[FILES];
    struct mcb_error error = {MCB_FAULT_NONE, ""};
    for (size_t i = 0; i < count; i++)
        list[i] = paths[i];
    if (mcb_ledger_load(list, count, ledgers, &error) != 0)
        fail_msg("%s", error.detail);
}

static void several_files_keep_their_order(void **state)
{
    (void)state;
    struct mcb_ledger ledgers[FILES];
    for (size_t i = 0; i < FILES; i++) {
        char started[32];
        snprintf(started, sizeof started, "2026-11-22T09:14:%02zuZ", 30 - i);
        ledger_write(ledger_document(
                         &(struct ledger_plan){.hosts = 1 + (FILES - i) / 4, .started = started}),
                     paths[i]);
    }
    load_all(FILES, ledgers);
    for (size_t i = 0; i < FILES; i++) {
        size_t endpoints = 2 * (1 + (FILES - i) / 4);
        assert_string_equal(ledgers[i].path, paths[i]);
        assert_int_equal(atoi(ledgers[i].started + 17), 30 - i);
        assert_int_equal(ledgers[i].cell_count, endpoints * endpoints);
        mcb_ledger_release(&ledgers[i]);
    }
}

/* The larger ones come first, so that later ones are done before. */
static void the_error_is_that_of_the_first_file_that_failed(void **state)
{
    (void)state;
    const char *list[FILES];
    struct mcb_ledger ledgers[FILES];
    for (size_t i = 0; i < FILES; i++)
        list[i] = paths[i];
    for (size_t failed = 0; failed < FILES; failed++) {
        struct mcb_error error = {MCB_FAULT_NONE, ""};
        for (size_t i = 0; i < FILES; i++) {
            json_t *document = ledger_document(&(struct ledger_plan){.hosts = i == failed ? 4 : 1});
            if (i >= failed)
                json_object_set_new(document, "started", json_string("today"));
            ledger_write(document, paths[i]);
        }
        assert_int_equal(mcb_ledger_load(list, FILES, ledgers, &error), -1);
        assert_memory_equal(error.detail, paths[failed], strlen(paths[failed]));
        assert_string_equal(error.detail + strlen(paths[failed]),
                            ": started: \"today\"; a time such as 2026-01-31T23:59:59Z was "
                            "expected");
    }
}

static void no_file_is_no_ledger(void **state)
{
    (void)state;
    struct mcb_error error;
    struct mcb_ledger ledger;
    assert_int_equal(mcb_ledger_load(NULL, 0, &ledger, &error), 0);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_file_gives_the_ledger_of_its_document),
        IN_FOLDER(members_may_stand_in_any_order),
        IN_FOLDER(a_pipe_is_as_good_as_a_file),
        IN_FOLDER(a_journal_is_the_ledger_of_a_run_that_was_interrupted),
        IN_FOLDER(a_journal_may_have_its_head_alone),
        IN_FOLDER(a_wrong_line_of_a_journal_is_named),
        IN_FOLDER(text_that_is_no_result_is_refused),
        IN_FOLDER(bytes_that_are_nul_are_refused),
        IN_FOLDER(a_document_cut_anywhere_is_refused),
        IN_FOLDER(deep_nesting_is_refused),
        IN_FOLDER(a_wrong_member_is_named_with_its_place),
        IN_FOLDER(of_several_wrong_cells_the_first_is_named),
        IN_FOLDER(more_cells_than_a_result_may_have_are_refused),
        IN_FOLDER(files_that_are_none_are_refused_and_never_waited_for),
        IN_FOLDER(several_files_keep_their_order),
        IN_FOLDER(the_error_is_that_of_the_first_file_that_failed),
        IN_FOLDER(no_file_is_no_ledger),
    };
    return cmocka_run_group_tests_name("ledger_read", tests, NULL, NULL);
}
