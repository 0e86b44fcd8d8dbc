/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of results: what of it counts, what is passed over, and what is damaged. */
#include "bench/report/history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/history_helper.h"

static const struct ledger_plan plan = {.nics = 2};

/* ---- a folder of its own for each test ---- */

struct folder {
    char path[32], file[96];
};

static int make_folder(void **state)
{
    struct folder *folder = calloc(1, sizeof *folder);
    if (!folder)
        return -1;
    strcpy(folder->path, "/tmp/mcbench-XXXXXX");
    *state = folder;
    return mkdtemp(folder->path) ? 0 : -1;
}

static int remove_folder(void **state)
{
    struct folder *folder = *state;
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", folder->path);
    int outcome = system(command);
    free(folder);
    return outcome;
}

/* Valid until the next call. */
static const char *in(struct folder *folder, const char *name)
{
    snprintf(folder->file, sizeof folder->file, "%s/%s", folder->path, name);
    return folder->file;
}

static void write_text(const char *path, const char *text)
{
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

static void write_run(struct folder *folder, const char *name, size_t run)
{
    ledger_write(runs_document(run, &plan), in(folder, name));
}

/* The day of a run, as runs_document() counts them. */
static void assert_runs(const struct mcb_history *history, const char *days)
{
    char found[256] = "";
    for (size_t i = 0; i < history->count; i++)
        snprintf(found + strlen(found), sizeof found - strlen(found), "%s%.2s", i ? " " : "",
                 history->runs[i].started + 8);
    assert_string_equal(found, days);
}

static struct mcb_history load(struct folder *folder, const char *except)
{
    struct mcb_history history;
    struct mcb_error error;
    if (mcb_history_load(folder->path, except, &history, &error) != 0)
        fail_msg("%s", error.detail);
    return history;
}

static void assert_fails(const char *folder, const char *except, const char *expected)
{
    struct mcb_history history;
    struct mcb_error error;
    assert_int_equal(mcb_history_load(folder, except, &history, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_USE_FILE);
    if (!strstr(error.detail, expected))
        fail_msg("%s", error.detail);
}

/* ---- what counts ---- */

static void results_come_in_the_order_of_time(void **state)
{
    struct folder *folder = *state;
    write_run(folder, "a.json", 4);
    write_run(folder, "b.json", 0);
    write_run(folder, "c.json", 2);
    struct mcb_history history = load(folder, NULL);
    assert_runs(&history, "01 03 05");
    assert_int_equal(history.passed_over, 0);
    assert_int_equal(history.unreadable, 0);
    assert_string_equal(history.damaged, "");
    assert_int_equal(history.runs[0].cell_count, 4);
    mcb_history_release(&history);
}

static void members_may_stand_in_any_order(void **state)
{
    struct folder *folder = *state;
    json_t *document = runs_document(1, &plan);
    json_object_set_new(document, "command", json_pack("[s]", "mcbench \"}, \\"));
    assert_int_equal(json_dump_file(document, in(folder, "sorted.json"), JSON_SORT_KEYS), 0);
    json_decref(document);
    struct mcb_history history = load(folder, NULL);
    assert_runs(&history, "02");
    mcb_history_release(&history);
}

static void a_journal_counts_if_it_is_called_json(void **state)
{
    struct folder *folder = *state;
    json_t *document = runs_document(1, &plan);
    json_t *cells = json_object_get(document, "cells");
    FILE *out = fopen(in(folder, "killed.json"), "w");
    assert_non_null(out);
    json_t *head = json_deep_copy(document);
    static const char *const later[] = {"cells", "status", "fault", "finished", "warnings"};
    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++)
        json_object_del(head, later[i]);
    json_dumpf(head, out, JSON_COMPACT);
    fputc('\n', out);
    for (size_t i = 0; i < 3; i++) {
        json_dumpf(json_array_get(cells, i), out, JSON_COMPACT);
        fputc('\n', out);
    }
    fclose(out);
    json_decref(head);
    json_decref(document);
    struct mcb_history history = load(folder, NULL);
    assert_runs(&history, "02");
    assert_int_equal(history.runs[0].cell_count, 3);
    mcb_history_release(&history);
}

static void other_documents_are_passed_over(void **state)
{
    struct folder *folder = *state;
    write_run(folder, "run.json", 1);
    write_text(in(folder, "doctor.json"), "{\"schema\": \"mcbench-doctor/1\", \"started\": \"x\"}");
    write_text(in(folder, "rules.json"), "{\"rules\": [{\"schema\": \"mcbench-result/1\"}]}");
    write_text(in(folder, "compare.json"),
               "{\"baseline\": {\"schema\": \"mcbench-result/1\", \"started\": \"]}\\\"\"}, "
               "\"schema\": \"mcbench-compare/1\"}");
    write_text(in(folder, "list.json"), "[{\"schema\": \"mcbench-result/1\"}]");
    write_text(in(folder, "member.json"), "[\"schema\": \"mcbench-result/1\"]");
    write_text(in(folder, "number.json"), "{\"schema\": 1}");
    write_text(in(folder, "text.json"), "schema mcbench-result/1");
    write_text(in(folder, "empty.json"), "");
    write_text(in(folder, "brace.json"), "{");
    write_text(in(folder, "key.json"), "{\"schema");
    write_text(in(folder, "colon.json"), "{\"schema\" \"mcbench-result/1\"}");
    struct mcb_history history = load(folder, NULL);
    assert_runs(&history, "02");
    assert_int_equal(history.passed_over, 11);
    assert_int_equal(history.unreadable, 0);
    mcb_history_release(&history);
}

/* A file of another kind may be huge: it is not read to its end for what a result says at once. */
static void what_says_late_that_it_is_a_result_is_none(void **state)
{
    struct folder *folder = *state;
    static const size_t blanks[] = {(1 << 20) - 4096, (1 << 20) + 1};
    for (size_t i = 0; i < 2; i++) {
        json_t *document = runs_document(i, &plan);
        char *text = json_dumps(document, JSON_COMPACT), name[16];
        snprintf(name, sizeof name, "%zu.json", i);
        FILE *out = fopen(in(folder, name), "w");
        assert_non_null(out);
        fprintf(out, "{%*s%s", (int)blanks[i], "", text + 1);
        fclose(out);
        free(text);
        json_decref(document);
    }
    struct mcb_history history = load(folder, NULL);
    assert_runs(&history, "01");
    assert_int_equal(history.passed_over, 1);
    mcb_history_release(&history);
}

static void other_names_are_not_looked_at(void **state)
{
    struct folder *folder = *state;
    write_run(folder, "run.json", 1);
    write_run(folder, "run.json.journal", 2);
    write_run(folder, "run.json.tmp.17", 3);
    write_run(folder, ".hidden.json", 4);
    write_run(folder, ".json", 5);
    assert_int_equal(mkdir(in(folder, "more"), 0700), 0);
    write_run(folder, "more/run.json", 6);
    struct mcb_history history = load(folder, NULL);
    assert_runs(&history, "02");
    assert_int_equal(history.passed_over, 0);
    mcb_history_release(&history);
}

static void what_is_no_file_is_not_opened(void **state)
{
    struct folder *folder = *state;
    write_run(folder, "run.json", 1);
    assert_int_equal(mkdir(in(folder, "folder.json"), 0700), 0);
    assert_int_equal(mkfifo(in(folder, "pipe.json"), 0600), 0);
    assert_int_equal(symlink("loop.json", in(folder, "loop.json")), 0);
    assert_int_equal(symlink("nowhere", in(folder, "dangling.json")), 0);
    assert_int_equal(symlink("/dev/zero", in(folder, "endless.json")), 0);
    struct mcb_history history = load(folder, NULL);
    assert_runs(&history, "02");
    assert_int_equal(history.passed_over, 0);
    assert_int_equal(history.unreadable, 0);
    mcb_history_release(&history);
}

static void a_copy_or_a_link_counts_once(void **state)
{
    struct folder *folder = *state;
    char original[96];
    write_run(folder, "run.json", 1);
    write_run(folder, "copy.json", 1);
    strcpy(original, in(folder, "run.json"));
    assert_int_equal(symlink("run.json", in(folder, "latest.json")), 0);
    assert_int_equal(link(original, in(folder, "hard.json")), 0);
    struct mcb_history history = load(folder, NULL);
    assert_runs(&history, "02");
    assert_int_equal(history.passed_over, 3);
    mcb_history_release(&history);
}

/* Both began in the same second. */
static void two_runs_of_one_second_are_two(void **state)
{
    struct folder *folder = *state;
    json_t *other = runs_document(1, &plan);
    ledger_set_host(other, 0, "kernel", json_string("6.7")); /* as long as it was */
    write_run(folder, "a.json", 1);
    ledger_write(other, in(folder, "b.json"));
    struct mcb_history history = load(folder, NULL);
    assert_int_equal(history.count, 2);
    mcb_history_release(&history);
}

static void the_new_result_is_no_part_of_its_history(void **state)
{
    struct folder *folder = *state;
    char except[96];
    write_run(folder, "old.json", 1);
    write_run(folder, "new.json", 2);
    write_run(folder, "copy.json", 2);
    strcpy(except, in(folder, "new.json"));
    assert_int_equal(symlink("new.json", in(folder, "latest.json")), 0);
    struct mcb_history history = load(folder, except);
    assert_runs(&history, "02");
    assert_int_equal(history.passed_over, 0);
    mcb_history_release(&history);
    /* one that lies elsewhere, or nowhere, leaves all of them */
    history = load(folder, "/dev/null");
    assert_int_equal(history.count, 2);
    mcb_history_release(&history);
}

static void only_the_newest_are_read(void **state)
{
    struct folder *folder = *state;
    enum { FILES = MCB_HISTORY_MOST + 5 };
    json_t *document = runs_document(0, &(struct ledger_plan){.nics = 1, .trials = 1});
    for (int i = 0; i < FILES; i++) {
        char name[32], started[32];
        snprintf(name, sizeof name, "%d.json", i);
        snprintf(started, sizeof started, "2026-01-01T%02d:%02d:00Z", i / 60, i % 60);
        json_object_set_new(document, "started", json_string(started));
        ledger_write(json_incref(document), in(folder, name));
    }
    json_decref(document);
    struct mcb_history history = load(folder, NULL);
    assert_int_equal(history.count, MCB_HISTORY_MOST);
    assert_int_equal(history.passed_over, 5);
    assert_string_equal(history.runs[0].started, "2026-01-01T00:05:00Z");
    assert_string_equal(history.runs[MCB_HISTORY_MOST - 1].started, "2026-01-01T03:24:00Z");
    mcb_history_release(&history);
}

/* Its end is a hole in the file. */
static void a_result_that_is_too_large_keeps_older_ones_out(void **state)
{
    struct folder *folder = *state;
    write_run(folder, "a.json", 1);
    write_run(folder, "b.json", 2);
    write_run(folder, "c.json", 3);
    assert_int_equal(truncate(in(folder, "b.json"), (off_t)MCB_HISTORY_MOST_BYTES), 0);
    struct mcb_history history = load(folder, NULL);
    assert_runs(&history, "04");
    assert_int_equal(history.passed_over, 2);
    mcb_history_release(&history);
}

/* ---- what is damaged ---- */

static void damaged_results_are_named_and_the_others_read(void **state)
{
    struct folder *folder = *state;
    char text[2048], wanted[128];
    for (size_t run = 0; run < 9; run++) {
        char name[16];
        snprintf(name, sizeof name, "%zu.json", run);
        write_run(folder, name, run);
    }
    FILE *file = fopen(in(folder, "3.json"), "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    write_text(in(folder, "3.json"), text); /* cut short */
    write_text(in(folder, "7.json"), "{\"schema\": \"mcbench-result/2\", \"started\": "
                                     "\"2026-01-08T03:00:00Z\"}");
    struct mcb_history history = load(folder, NULL);
    assert_runs(&history, "01 02 03 05 06 07 09");
    assert_int_equal(history.unreadable, 2);
    assert_int_equal(history.passed_over, 0);
    snprintf(wanted, sizeof wanted, "%s: not JSON", in(folder, "3.json"));
    assert_int_equal(strncmp(history.damaged, wanted, strlen(wanted)), 0);
    assert_non_null(strstr(history.damaged, "; nor can 1 more be read"));
    mcb_history_release(&history);
}

static void a_file_that_may_not_be_read_is_named(void **state)
{
    struct folder *folder = *state;
    const uid_t self = geteuid(), nobody = 65534;
    write_run(folder, "run.json", 1);
    write_run(folder, "secret.json", 2);
    assert_int_equal(chmod(in(folder, "secret.json"), 0), 0);
    assert_int_equal(chmod(folder->path, 0755), 0);
    if (self == 0 && seteuid(nobody) != 0) /* nothing is secret to root */
        skip();
    struct mcb_history history = load(folder, NULL);
    assert_int_equal(seteuid(self), 0);
    assert_runs(&history, "02");
    assert_int_equal(history.unreadable, 1);
    assert_non_null(strstr(history.damaged, "secret.json: Permission denied"));
    mcb_history_release(&history);
}

static void what_is_said_of_damage_can_be_shown(void **state)
{
    struct folder *folder = *state;
    write_run(folder, "run.json", 1);
    write_text(in(folder, "\033[31mred\n.json"), "{\"schema\": \"mcbench-result/1\"");
    struct mcb_history history = load(folder, NULL);
    assert_int_equal(history.unreadable, 1);
    assert_null(strpbrk(history.damaged, "\033\n"));
    mcb_history_release(&history);
}

static void a_folder_without_a_result_is_a_fault(void **state)
{
    struct folder *folder = *state;
    assert_fails(folder->path, NULL, "no earlier result in it");
    write_run(folder, "new.json", 1);
    assert_fails(folder->path, in(folder, "new.json"), "no earlier result in it");
    write_text(in(folder, "new.json"), "{\"schema\": \"mcbench-result/1\"");
    assert_fails(folder->path, NULL, "none of the results in it can be read: ");
    assert_fails(in(folder, "nowhere"), NULL, "No such file or directory");
    assert_fails(in(folder, "new.json"), NULL, "Not a directory");
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(results_come_in_the_order_of_time),
        IN_A_FOLDER(members_may_stand_in_any_order),
        IN_A_FOLDER(a_journal_counts_if_it_is_called_json),
        IN_A_FOLDER(other_documents_are_passed_over),
        IN_A_FOLDER(what_says_late_that_it_is_a_result_is_none),
        IN_A_FOLDER(other_names_are_not_looked_at),
        IN_A_FOLDER(what_is_no_file_is_not_opened),
        IN_A_FOLDER(a_copy_or_a_link_counts_once),
        IN_A_FOLDER(two_runs_of_one_second_are_two),
        IN_A_FOLDER(the_new_result_is_no_part_of_its_history),
        IN_A_FOLDER(only_the_newest_are_read),
        IN_A_FOLDER(a_result_that_is_too_large_keeps_older_ones_out),
        IN_A_FOLDER(damaged_results_are_named_and_the_others_read),
        IN_A_FOLDER(a_file_that_may_not_be_read_is_named),
        IN_A_FOLDER(what_is_said_of_damage_can_be_shown),
        IN_A_FOLDER(a_folder_without_a_result_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
