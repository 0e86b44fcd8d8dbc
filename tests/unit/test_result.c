/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/result.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "tests/unit/result_helper.h"

/* A folder of its own for each test. */
struct folder {
    char path[32], result[64], journal[96], old[128];
};

static int make_folder(void **state)
{
    struct folder *folder = calloc(1, sizeof *folder);
    if (!folder)
        return -1;
    strcpy(folder->path, "/tmp/mcbench-XXXXXX");
    if (!mkdtemp(folder->path))
        return -1;
    snprintf(folder->result, sizeof folder->result, "%s/run.json", folder->path);
    snprintf(folder->journal, sizeof folder->journal, "%s.journal", folder->result);
    snprintf(folder->old, sizeof folder->old, "%s.old", folder->journal);
    *state = folder;
    return 0;
}

static int remove_folder(void **state)
{
    struct folder *folder = *state;
    if (unlink(folder->result) != 0)
        rmdir(folder->result);
    unlink(folder->journal);
    unlink(folder->old);
    int outcome = rmdir(folder->path); /* fails if something else was left there */
    free(folder);
    return outcome;
}

static struct mcb_result *open_result(const char *path)
{
    struct mcb_result *result = NULL;
    struct mcb_error error;
    assert_int_equal(mcb_result_open(path, result_head(), &result, &error), 0);
    assert_non_null(result);
    return result;
}

static void add_cells(struct mcb_result *result, int count)
{
    struct mcb_error error;
    for (int i = 0; i < count; i++)
        assert_int_equal(
            mcb_result_add(result, result_bandwidth("n1", "mlx5_0", "n1", "mlx5_1", 388.1), &error),
            0);
}

static void finish_complete(struct mcb_result *result)
{
    const struct mcb_error none = {MCB_FAULT_NONE, ""};
    mcb_result_finish(result, "complete", &none);
}

static json_t *load(const char *path)
{
    struct mcb_error error = {MCB_FAULT_NONE, ""};
    json_t *document = mcb_result_load(path, &error);
    if (!document)
        fail_msg("%s", error.detail);
    return document;
}

static size_t cells_in(const json_t *document)
{
    return json_array_size(json_object_get(document, "cells"));
}

static const char *status_of(const json_t *document)
{
    return json_string_value(json_object_get(document, "status"));
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static void write_text(const char *path, const char *text, size_t length)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, length, file), length);
    fclose(file);
}

/* ---- making ---- */

static void a_closed_result_is_a_file_and_its_journal_is_gone(void **state)
{
    const struct folder *folder = *state;
    struct mcb_error error;
    struct mcb_result *result = open_result(folder->result);
    add_cells(result, 3);
    finish_complete(result);
    assert_int_equal(mcb_result_close(result, true, &error), 0);
    assert_false(exists(folder->journal));
    json_t *document = load(folder->result);
    assert_int_equal(cells_in(document), 3);
    assert_string_equal(status_of(document), "complete");
    assert_true(json_is_null(json_object_get(document, "fault")));
    assert_true(json_is_string(json_object_get(document, "finished")));
    json_decref(document);
}

static void a_result_that_is_not_kept_leaves_nothing(void **state)
{
    const struct folder *folder = *state;
    struct mcb_error error;
    struct mcb_result *result = open_result(folder->result);
    add_cells(result, 1);
    assert_int_equal(mcb_result_close(result, false, &error), 0);
    assert_false(exists(folder->result));
    assert_false(exists(folder->journal));
}

static void a_result_without_path_lives_in_memory_only(void **state)
{
    (void)state;
    struct mcb_error error;
    struct mcb_result *result = open_result(NULL);
    add_cells(result, 2);
    finish_complete(result);
    assert_int_equal(cells_in(mcb_result_document(result)), 2);
    assert_int_equal(mcb_result_close(result, true, &error), 0);
}

static void every_cell_is_in_the_journal_once_it_is_added(void **state)
{
    const struct folder *folder = *state;
    struct mcb_error error;
    struct mcb_result *result = open_result(folder->result);
    for (size_t i = 1; i <= 3; i++) {
        add_cells(result, 1);
        json_t *document = load(folder->journal);
        assert_int_equal(cells_in(document), i);
        assert_string_equal(status_of(document), "interrupted");
        json_decref(document);
    }
    mcb_result_close(result, false, &error);
}

static void a_killed_run_leaves_all_it_measured(void **state)
{
    const struct folder *folder = *state;
    pid_t child = fork();
    if (child == 0) {
        struct mcb_result *result = open_result(folder->result);
        add_cells(result, 5);
        mcb_result_warn(result, "the clock jumped");
        kill(getpid(), SIGKILL);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    json_t *document = load(folder->journal);
    assert_int_equal(cells_in(document), 5);
    assert_string_equal(json_string_value(json_array_get(json_object_get(document, "warnings"), 0)),
                        "the clock jumped");
    const json_t *fault = json_object_get(document, "fault");
    assert_string_equal(json_string_value(json_object_get(fault, "id")), "MCB-RUN-001");
    json_decref(document);
}

static void the_journal_of_a_killed_run_is_kept_by_the_next(void **state)
{
    const struct folder *folder = *state;
    struct mcb_error error;
    write_text(folder->journal, "precious\n", 9);
    struct mcb_result *result = open_result(folder->result);
    assert_true(exists(folder->old));
    finish_complete(result);
    assert_int_equal(mcb_result_close(result, true, &error), 0);
    assert_true(exists(folder->old));
    assert_false(exists(folder->journal));
}

static void a_journal_that_another_run_writes_is_refused(void **state)
{
    const struct folder *folder = *state;
    struct mcb_error error;
    struct mcb_result *first = open_result(folder->result), *second = NULL;
    assert_int_equal(mcb_result_open(folder->result, result_head(), &second, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_HOST_OUTPUT);
    assert_non_null(strstr(error.detail, "another mcbench"));
    assert_null(second);
    assert_true(exists(folder->journal));
    mcb_result_close(first, false, &error);
}

static void a_folder_that_is_not_there_is_known_at_once(void **state)
{
    (void)state;
    struct mcb_error error;
    struct mcb_result *result = NULL;
    assert_int_equal(mcb_result_open("/nonexistent/run.json", result_head(), &result, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_HOST_OUTPUT);
    assert_non_null(strstr(error.detail, "/nonexistent/run.json"));
}

static void a_folder_is_no_place_for_a_result(void **state)
{
    const struct folder *folder = *state;
    struct mcb_error error;
    struct mcb_result *result = NULL;
    assert_int_equal(mcb_result_open(folder->path, result_head(), &result, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_HOST_OUTPUT);
}

static void a_device_gets_no_journal(void **state)
{
    const struct folder *folder = *state;
    struct mcb_error error;
    assert_int_equal(symlink("/dev/null", folder->result), 0);
    struct mcb_result *result = open_result(folder->result);
    assert_false(exists(folder->journal));
    finish_complete(result);
    assert_int_equal(mcb_result_close(result, true, &error), 0);
}

static void a_pipe_that_nobody_reads_is_known_at_once(void **state)
{
    const struct folder *folder = *state;
    struct mcb_error error;
    struct mcb_result *result = NULL;
    assert_int_equal(mkfifo(folder->result, 0600), 0);
    assert_int_equal(mcb_result_open(folder->result, result_head(), &result, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_HOST_OUTPUT);
    assert_non_null(strstr(error.detail, "without a reader"));
}

static void a_pipe_does_not_end_for_its_reader_before_it_has_the_document(void **state)
{
    const struct folder *folder = *state;
    struct mcb_error error;
    char byte, text[8192];
    assert_int_equal(mkfifo(folder->result, 0600), 0);
    int reader = open(folder->result, O_RDONLY | O_NONBLOCK);
    struct mcb_result *result = open_result(folder->result);
    assert_int_equal(read(reader, &byte, 1), -1); /* 0 were the end */
    assert_int_equal(errno, EAGAIN);
    add_cells(result, 1);
    finish_complete(result);
    assert_int_equal(mcb_result_close(result, true, &error), 0);
    ssize_t length = read(reader, text, sizeof text);
    assert_true(length > 0 && text[0] == '{' && text[length - 1] == '\n');
    assert_int_equal(read(reader, &byte, 1), 0);
    close(reader);
}

static void a_file_that_is_not_writable_is_known_at_once(void **state)
{
    const struct folder *folder = *state;
    write_text(folder->result, "old", 3);
    assert_int_equal(chmod(folder->result, 0444), 0);
    assert_int_equal(chmod(folder->path, 0777), 0);
    pid_t child = fork();
    if (child == 0) {
        struct mcb_error error = {MCB_FAULT_NONE, ""};
        struct mcb_result *result;
        if (geteuid() == 0 && setuid(65534) != 0)
            _exit(99);
        mcb_result_open(folder->result, result_head(), &result, &error);
        _exit((int)error.code);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), MCB_FAULT_HOST_OUTPUT);
    assert_false(exists(folder->journal));
}

static void a_document_that_cannot_be_written_leaves_the_journal_and_names_it(void **state)
{
    const struct folder *folder = *state;
    struct mcb_error error;
    struct mcb_result *result = open_result(folder->result);
    add_cells(result, 2);
    finish_complete(result);
    assert_int_equal(mkdir(folder->result, 0700), 0); /* in the way, also of root */
    assert_int_equal(mcb_result_close(result, true, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_HOST_OUTPUT);
    assert_non_null(strstr(error.detail, folder->journal));
    json_t *document = load(folder->journal);
    assert_int_equal(cells_in(document), 2);
    json_decref(document);
}

static void a_full_disk_fails_the_cell_and_spares_the_journal(void **state)
{
    const struct folder *folder = *state;
    struct mcb_error error;
    struct rlimit before, limit;
    struct mcb_result *result = open_result(folder->result);
    add_cells(result, 2);
    struct stat status;
    assert_int_equal(stat(folder->journal, &status), 0);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    limit = before;
    limit.rlim_cur = (rlim_t)status.st_size + 10; /* room for a piece of the next line */
    setrlimit(RLIMIT_FSIZE, &limit);
    int outcome =
        mcb_result_add(result, result_bandwidth("n1", "mlx5_0", "n1", "mlx5_1", 1), &error);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(outcome, -1);
    assert_int_equal(error.code, MCB_FAULT_HOST_OUTPUT);
    add_cells(result, 1);
    json_t *document = load(folder->journal);
    assert_int_equal(cells_in(document), 3);
    assert_int_equal(cells_in(mcb_result_document(result)), 4);
    json_decref(document);
    mcb_result_close(result, false, &error);
}

static void a_warning_is_there_once(void **state)
{
    const struct folder *folder = *state;
    struct mcb_error error;
    struct mcb_result *result = open_result(folder->result);
    for (int i = 0; i < 3; i++)
        mcb_result_warn(result, "MTU differs");
    mcb_result_warn(result, "not UTF-8: \xff");
    json_t *document = load(folder->journal);
    assert_int_equal(json_array_size(json_object_get(document, "warnings")), 2);
    json_decref(document);
    mcb_result_close(result, false, &error);
}

static void a_failed_run_names_its_fault(void **state)
{
    (void)state;
    struct mcb_error error, lost = {MCB_FAULT_JOB_PEER_LOST, "rank 1 (n2): connection reset"};
    struct mcb_result *result = open_result(NULL);
    mcb_result_finish(result, "failed", &lost);
    const json_t *document = mcb_result_document(result);
    const json_t *fault = json_object_get(document, "fault");
    assert_string_equal(status_of(document), "failed");
    assert_string_equal(json_string_value(json_object_get(fault, "id")), "MCB-JOB-001");
    assert_string_equal(json_string_value(json_object_get(fault, "detail")), lost.detail);
    mcb_result_close(result, false, &error);
}

static void closing_nothing_is_fine(void **state)
{
    (void)state;
    struct mcb_error error;
    assert_int_equal(mcb_result_close(NULL, true, &error), 0);
}

/* ---- reading ---- */

/* A document with an ok bandwidth cell, an ok latency cell and a failed one. */
static json_t *example(void)
{
    json_t *document = result_document();
    json_t *host = json_array_get(json_object_get(document, "hosts"), 0);
    json_array_append_new(json_object_get(host, "gpus"), result_gpu("cuda:0", false));
    json_array_append_new(json_object_get(host, "endpoints"),
                          result_opened("mlx5_0", "cuda:0", "cpu:0"));
    json_t *bandwidth = result_bandwidth("n1", "mlx5_0", "n1", "mlx5_1", 388.1);
    result_set_ceiling(bandwidth, 392.1, "link", "both");
    result_append(document, bandwidth);
    result_append(document, result_latency("mlx5_0", "mlx5_1", 3.2));
    result_append(document, result_failed("mlx5_1", "mlx5_0", "failed", "MCB-RDMA-013", "lost"));
    return document;
}

/* Fails unless the file is refused with that in the detail. */
static void assert_refused(const char *path, const char *expected)
{
    struct mcb_error error = {MCB_FAULT_NONE, ""};
    json_t *document = mcb_result_load(path, &error);
    assert_null(document);
    assert_int_equal(error.code, MCB_FAULT_USE_FILE);
    if (!strstr(error.detail, expected))
        fail_msg("\"%s\" is not in: %s", expected, error.detail);
}

static void assert_text_refused(const struct folder *folder, const char *text, const char *expected)
{
    write_text(folder->result, text, strlen(text));
    assert_refused(folder->result, expected);
}

static void a_document_is_read_back_as_it_was(void **state)
{
    const struct folder *folder = *state;
    json_t *document = example();
    json_dump_file(document, folder->result, JSON_INDENT(1));
    json_t *loaded = load(folder->result);
    assert_true(json_equal(document, loaded));
    json_decref(loaded);
    json_dump_file(document, folder->result, JSON_COMPACT); /* one line, as jq -c makes it */
    loaded = load(folder->result);
    assert_true(json_equal(document, loaded));
    json_decref(loaded);
    json_decref(document);
}

static void facts_of_a_nic_can_be_added(void **state)
{
    const struct folder *folder = *state;
    json_t *document = example();
    json_t *host = json_array_get(json_object_get(document, "hosts"), 0);
    json_t *nic = json_array_get(json_object_get(host, "nics"), 0);
    json_object_set_new(nic, "altitude_m", json_integer(12));
    json_dump_file(document, folder->result, 0);
    json_t *loaded = load(folder->result);
    json_decref(loaded);
    json_decref(document);
}

static void a_journal_is_read_up_to_a_line_that_was_cut(void **state)
{
    const struct folder *folder = *state;
    struct mcb_error error;
    struct mcb_result *result = open_result(folder->result);
    add_cells(result, 3);
    struct stat status;
    assert_int_equal(stat(folder->journal, &status), 0);
    for (off_t cut = 1; cut < 40; cut++) {
        assert_int_equal(truncate(folder->journal, status.st_size - cut), 0);
        json_t *document = load(folder->journal);
        assert_int_equal(cells_in(document), 2);
        json_decref(document);
    }
    mcb_result_close(result, false, &error);
}

static void a_journal_with_nothing_but_a_head_has_no_cells(void **state)
{
    const struct folder *folder = *state;
    struct mcb_error error;
    struct mcb_result *result = open_result(folder->result);
    json_t *document = load(folder->journal);
    assert_int_equal(cells_in(document), 0);
    json_decref(document);
    mcb_result_close(result, false, &error);
}

static void a_line_of_a_journal_that_is_no_json_is_named(void **state)
{
    const struct folder *folder = *state;
    json_t *value = result_head();
    char *head = json_dumps(value, JSON_COMPACT);
    json_decref(value);
    char text[2048];
    snprintf(text, sizeof text, "%s\n{\"warning\": \"w\"}\nrubbish\n", head);
    assert_text_refused(folder, text, "line 3");
    snprintf(text, sizeof text, "%s\n17\n", head);
    assert_text_refused(folder, text, "cells[0]: an object was expected");
    snprintf(text, sizeof text, "%s\n{\"warning\": 17}\n", head);
    assert_text_refused(folder, text, "warnings[0]: a string was expected");
    free(head);
}

/* A change of one member, and what the refusal says. */
struct change {
    const char *path;  /* "cells/0/status" */
    const char *value; /* JSON; NULL: the member is removed */
    const char *expected;
};

/* The value that the path leads to but for its last step, which is put into *last. */
static json_t *walk(json_t *value, const char *path, char last[64])
{
    const char *slash;
    while ((slash = strchr(path, '/')) != NULL) {
        char step[64];
        snprintf(step, sizeof step, "%.*s", (int)(slash - path), path);
        value = json_is_array(value) ? json_array_get(value, strtoul(step, NULL, 10))
                                     : json_object_get(value, step);
        assert_non_null(value);
        path = slash + 1;
    }
    snprintf(last, 64, "%s", path);
    return value;
}

static json_t *changed_example(const struct change *change)
{
    char last[64];
    json_t *document = example();
    json_t *parent = walk(document, change->path, last);
    if (!change->value) {
        assert_int_equal(json_object_del(parent, last), 0);
        return document;
    }
    json_t *value = json_loads(change->value, JSON_DECODE_ANY, NULL);
    assert_non_null(value);
    assert_int_equal(json_object_set_new(parent, last, value), 0);
    return document;
}

static const struct change changes[] = {
    {"schema", "\"mcbench-result/2\"", "schema: \"mcbench-result/2\"; \"mcbench-result/1\""},
    {"schema", "\"\\u001b[2J\"", "schema: \"?[2J\""},
    {"schema", NULL, "schema: is missing"},
    {"tool", "[]", "tool: an object was expected"},
    {"tool/version", "1", "tool.version: a string was expected"},
    {"hosts", "{}", "hosts: an array was expected"},
    {"hosts", "[]", "hosts: 0 elements"},
    {"hosts/0/nics/0/name", "5", "hosts[0].nics[0].name"},
    {"hosts/0/nics/0/port", NULL, "hosts[0].nics[0].port: is missing"},
    {"hosts/0/nics/0/pci_address", "5", "hosts[0].nics[0].pci_address: a string"},
    {"hosts/0/gpus", NULL, "hosts[0].gpus: is missing"},
    {"hosts/0/gpus/0/name", "\"cpu:0\"", "gpus[0].name: \"cpu:0\"; a GPU such as \"cuda:N\""},
    {"hosts/0/gpus/0/model", NULL, "gpus[0].model: is missing"},
    {"hosts/0/gpus/0/stand_in", "null", "gpus[0].stand_in: a boolean was expected"},
    {"hosts/0/gpus/0/flush", "\"royal\"", "gpus[0].flush: \"royal\"; \"call\", \"read\", \"none\""},
    {"hosts/0/gpus/0/distances", "{\"mlx5_0\": \"far\"}", "gpus[0].distances.mlx5_0: \"far\""},
    {"hosts/0/gpus/0/distances", "{\"\": \"PIX\"}", "the name of a NIC was expected in place"},
    {"hosts/0/gpus/0/near_nics", "[\"a\", \"a\"]", "gpus[0].near_nics[1]: is there already"},
    {"hosts/0/gpus/0/pcie_gtps", "0", "gpus[0].pcie_gtps: 0; more than 0"},
    {"hosts/0/gpus/0/price", "5", "gpus[0].price: there is no such member"},
    {"hosts/0/endpoints", NULL, "hosts[0].endpoints: is missing"},
    {"hosts/0/endpoints", "[]", "hosts[0].endpoints: 0 elements"},
    {"hosts/0/endpoints/0/memory", "\"\\u001b[2J\"", "endpoints[0].memory: \"?[2J\"; \"cpu:N\" or"},
    {"hosts/0/endpoints/0/bounce", "\"cuda:0\"", "endpoints[0].bounce: \"cuda:0\"; \"cpu:N\""},
    {"hosts/0/endpoints/0/roles", "[]", "endpoints[0].roles: 0 elements"},
    {"hosts/0/endpoints/0/roles", "[\"spectator\"]", "roles[0]: \"spectator\"; \"initiator\""},
    {"hosts/0/endpoints/0/roles", "[\"target\", \"target\"]", "roles[1]: is there already"},
    {"hosts/0/endpoints/0/placement", "{\"page_bytes\": 0}", "[0].placement.page_bytes: 0"},
    {"hosts/0/endpoints/0/registration/method", "\"\"", "registration.method: \"\"; \"reg_mr"},
    {"hosts/0/endpoints/0/registration/proved", "1", "registration.proved: a boolean"},
    {"settings/qps", "{\"value\": \"2\", \"from\": \"variable\"}", "settings.qps: is from a"},
    {"settings/QPS", "{\"value\": \"2\", \"from\": \"option\"}", "settings.QPS: the name of"},
    {"started", "\"today\"", "started: \"today\"; a time"},
    {"finished", "null", "status is \"complete\", but finished is null"},
    {"altitude_m", "12", "altitude_m: there is no such member"},
    {"cells/0/altitude_m", "12", "cells[0].altitude_m: there is no such member"},
    {"cells/0/bandwidth_gbps/mean", "12", "cells[0].bandwidth_gbps.mean: there is no such"},
    {"status", "\"perfect\"", "status: \"perfect\"; \"complete\", \"interrupted\", \"failed\""},
    {"status", "\"failed\"", "status is not \"complete\", but there is no fault"},
    {"fault", "{}", "fault.id: is missing"},
    {"warnings", "[7]", "warnings[0]: a string was expected"},
    {"warnings", "[\"\"]", "warnings[0]: 0 characters long"},
    {"warnings", "[\"a\", \"b\", \"a\"]", "warnings[2]: is there already"},
    {"expectations", "[{}]", "expectations[0].rule: is missing"},
    {"expectations",
     "[{\"rule\": \"verified\", \"holds\": 1, \"chosen\": 1, \"held\": 1, \"unjudged\": 0, "
     "\"misses\": []}]",
     "expectations[0].holds: a boolean was expected"},
    {"expectations",
     "[{\"rule\": \"verified\", \"holds\": false, \"chosen\": 1, \"held\": 0, \"unjudged\": 0, "
     "\"misses\": [{\"cell\": -1, \"figure\": null, \"bound\": 0}]}]",
     "expectations[0].misses[0].cell: -1"},
    {"cells", "{}", "cells: an array was expected"},
    {"cells", NULL, "cells: is missing"},
    {"cells/0/initiator", "null", "cells[0].initiator: an object was expected"},
    {"cells/0/initiator/nic", NULL, "cells[0].initiator.nic: is missing"},
    {"cells/0/initiator/nic", "\"\"", "cells[0].initiator.nic: 0 characters long"},
    {"cells/0/target/host", "5", "cells[0].target.host: a string was expected"},
    {"cells/0/operation", "\"erase\"", "cells[0].operation: \"erase\""},
    {"cells/0/measure", "\"taste\"", "cells[0].measure: \"taste\""},
    {"cells/0/route", NULL, "cells[0].route: is missing"},
    {"cells/0/route", "\"scenic\"", "cells[0].route: \"scenic\"; \"direct\", \"staged\", \"host\""},
    {"cells/0/registration", "\"magic\"", "cells[0].registration: \"magic\""},
    {"cells/0/bidirectional", "0", "cells[0].bidirectional: a boolean was expected"},
    {"cells/0/size_bytes", "0", "cells[0].size_bytes: 0; 1 to"},
    {"cells/0/size_bytes", "-1", "cells[0].size_bytes: -1"},
    {"cells/0/size_bytes", "9223372036854775807", "cells[0].size_bytes"},
    {"cells/0/size_bytes", "64.0", "cells[0].size_bytes: a whole number was expected"},
    {"cells/0/size_bytes", "\"64KiB\"", "cells[0].size_bytes: a whole number was expected"},
    {"cells/0/qps", "1e3", "cells[0].qps: a whole number was expected"},
    {"cells/0/depth", "-128", "cells[0].depth"},
    {"cells/0/relaxed_ordering", "\"on\"", "cells[0].relaxed_ordering: an object was expected"},
    {"cells/0/relaxed_ordering/requested", "\"both\"", "relaxed_ordering.requested: \"both\""},
    {"cells/0/status", "\"fine\"", "cells[0].status: \"fine\""},
    {"cells/0/status", "\"failed\"", "cells[0]: status is not \"ok\", but there is no fault"},
    {"cells/2/status", "\"ok\"", "cells[2]: status is \"ok\", but there is a fault"},
    {"cells/2/fault", "null", "cells[2]: status is not \"ok\", but there is no fault"},
    {"cells/2/fault/id", "\"EVIL\\u001b\"", "cells[2].fault.id: \"EVIL?\"; an id"},
    {"cells/2/fault/title", "\"\"", "cells[2].fault.title: 0 characters long"},
    {"cells/0/method", NULL, "cells[0]: status is \"ok\"; method was expected"},
    {"cells/0/corrupt_bytes", "1", "cells[0]: corrupt_bytes is not 0, but status"},
    {"cells/0/measure", "\"latency\"", "cells[0]: status is \"ok\"; latency_us"},
    {"cells/2/latency_us", "{}", "cells[2].latency_us.min: is missing"},
    {"cells/2/fault/fix", NULL, "cells[2].fault.fix: is missing"},
    {"cells/0/bandwidth_gbps", NULL, "cells[0]: status is \"ok\"; bandwidth_gbps"},
    {"cells/0/message_rate_mops", NULL, "message_rate_mops were expected"},
    {"cells/0/bandwidth_gbps", "388.1", "cells[0].bandwidth_gbps: an object was expected"},
    {"cells/0/bandwidth_gbps/median", "\"fast\"", "cells[0].bandwidth_gbps.median: a number"},
    {"cells/0/bandwidth_gbps/median", "1e300", "cells[0].bandwidth_gbps.median: 1e+300"},
    {"cells/0/bandwidth_gbps/median", "-1", "cells[0].bandwidth_gbps.median: -1"},
    {"cells/0/bandwidth_gbps/median", "1000", "cells[0]: high is less than median"},
    {"cells/0/bandwidth_gbps/low", "389", "cells[0]: median is less than low"},
    {"cells/0/bandwidth_gbps/trials", "[]", "cells[0].bandwidth_gbps.trials: 0 elements"},
    {"cells/0/bandwidth_gbps/trials", "[1, null]", "bandwidth_gbps.trials[1]: a number"},
    {"cells/1/latency_us", NULL, "cells[1]: status is \"ok\"; latency_us was expected"},
    {"cells/1/latency_us/p99", NULL, "cells[1].latency_us.p99: is missing"},
    {"cells/1/latency_us/p99", "0.1", "cells[1]: p99 is less than p90"},
    {"cells/1/latency_us/samples", "0", "cells[1].latency_us.samples: 0; 1 to"},
    {"cells/1/latency_us/trials", "[]", "cells[1].latency_us.trials: 0 elements"},
    {"cells/1/latency_us/trials", "[2, -1]", "cells[1].latency_us.trials[1]: -1"},
    {"cells/1/latency_us/trials", "2", "cells[1].latency_us.trials: an array was expected"},
    {"cells/0/ceiling_gbps", "\"high\"", "cells[0].ceiling_gbps: a number was expected"},
    {"cells/0/ceiling_gbps", "-1", "cells[0].ceiling_gbps: -1"},
    {"cells/0/ceiling_gbps", "1e300", "cells[0].ceiling_gbps: 1e+300"},
    {"cells/0/ceiling_gbps", "0", "cells[0].ceiling_gbps: 0; more than 0 to"},
    {"cells/0/ceiling_gbps", "null", "cells[0]: ceiling_gbps, ceiling_from and ceiling_at"},
    {"cells/0/ceiling_from", "null", "cells[0]: ceiling_gbps, ceiling_from and ceiling_at"},
    {"cells/0/ceiling_at", NULL, "cells[0].ceiling_at: is missing"},
    {"cells/0/ceiling_from", "\"luck\"", "cells[0].ceiling_from: \"luck\"; \"link\""},
    {"cells/0/ceiling_at", "\"home\"", "cells[0].ceiling_at: \"home\"; \"initiator\""},
    {"cells/2/ceiling_gbps", "100", "cells[2]: ceiling_gbps without bandwidth_gbps"},
    {"cells/1/ceiling_at", "\"both\"", "cells[1]: ceiling_gbps, ceiling_from and ceiling_at"},
    {"cells/0/verified_bytes", "-5", "cells[0].verified_bytes: -5"},
    {"cells/0/corrupt_bytes", NULL, "cells[0].corrupt_bytes: is missing"},
    {"cells/0/details", "{\"deep\": {}}", "cells[0].details.deep: a number, string or boolean"},
    {"cells/0/details", "{\"initiator_cpus\": \"8,0\"}",
     "cells[0].details.initiator_cpus: \"8,0\"; a list"},
    {"cells/0/details", "{\"target_cpus\": 3}", "cells[0].details.target_cpus: a string"},
    {"cells/0/details", "{\"target_visible_by\": \"faith\"}",
     "cells[0].details.target_visible_by: \"faith\"; \"completion\""},
    {"cells/0/corruption", "{}", "cells[0].corruption.kind: is missing"},
};

static void a_wrong_member_is_named_with_its_place(void **state)
{
    const struct folder *folder = *state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        json_t *document = changed_example(&changes[i]);
        json_dump_file(document, folder->result, 0);
        json_decref(document);
        assert_refused(folder->result, changes[i].expected);
    }
}

static void text_that_is_no_result_is_refused(void **state)
{
    static const char *const texts[][2] = {
        {"", "is empty"},
        {"\n\n\n", "not JSON"},
        {"null", "an object was expected"},
        {"[]", "an object was expected"},
        {"{}", "schema: is missing"},
        {"{\"schema\": \"mcbench-result/1\"}\n", "tool: is missing"},
        {"NaN", "not JSON"},
        {"{\"schema\": NaN}", "not JSON"},
        {"{\"a\": 1, \"a\": 2}", "duplicate"},
        {"{\"a\": 1e999}", "not JSON"},
        {"{\"a\": 99999999999999999999}", "not JSON"},
        {"{\"a\": \"\\u0000\"}", "not JSON"},
        {"{\"a\": \"\xff\"}", "not JSON"},
        {"{\"schema\": \"mcbench-result/1\", \"cel", "not JSON"},
        {"{} {}", "not JSON"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_text_refused(*state, texts[i][0], texts[i][1]);
}

static void deep_nesting_is_refused(void **state)
{
    static const char head[] = "{\"hosts\": ";
    const struct folder *folder = *state;
    const size_t depth = 1000000;
    char *text = malloc(depth);
    memset(text, '[', depth);
    memcpy(text, head, sizeof head - 1);
    write_text(folder->result, text, depth);
    assert_refused(folder->result, "not JSON");
    free(text);
}

static void a_file_over_one_gib_is_refused_unread(void **state)
{
    const struct folder *folder = *state;
    write_text(folder->result, "{", 1);
    assert_int_equal(truncate(folder->result, ((off_t)1 << 30) + 1), 0); /* a hole: no disk space */
    assert_refused(folder->result, "larger than 1 GiB");
}

static void what_no_result_comes_from_is_refused_and_never_waited_for(void **state)
{
    const struct folder *folder = *state;
    assert_refused(folder->path, "is a folder");
    assert_refused("/nonexistent", "No such file");
    assert_refused("/dev/zero", "not JSON");
    assert_int_equal(mkfifo(folder->result, 0600), 0);
    assert_refused(folder->result, "is empty");
}

static void a_cell_of_a_peer_is_held_against_the_same_rules(void **state)
{
    (void)state;
    struct mcb_error error;
    json_t *cell = result_bandwidth("n1", "mlx5_0", "n2", "mlx5_0", 388.1);
    assert_int_equal(mcb_result_check_cell(cell, "a peer's cell", MCB_FAULT_NET_PROTOCOL, &error),
                     0);
    json_object_set_new(cell, "qps", json_string("many"));
    assert_int_equal(mcb_result_check_cell(cell, "a peer's cell", MCB_FAULT_NET_PROTOCOL, &error),
                     -1);
    assert_int_equal(error.code, MCB_FAULT_NET_PROTOCOL);
    assert_string_equal(error.detail, "a peer's cell: qps: a whole number was expected");
    json_decref(cell);
    assert_int_equal(mcb_result_check_cell(NULL, "a peer's cell", MCB_FAULT_NET_PROTOCOL, &error),
                     -1);
}

static void what_a_peer_tells_of_a_gpu_is_held_against_the_same_rules(void **state)
{
    (void)state;
    struct mcb_error error;
    json_t *gpu = result_gpu("cuda:0", false), *nics = json_object();
    assert_int_equal(mcb_result_check_gpu(gpu, "gpus[0]", MCB_FAULT_NET_PROTOCOL, &error), 0);
    for (int i = 0; i < 129; i++) {
        char name[32];
        snprintf(name, sizeof name, "mlx5_%d", i);
        json_object_set_new(nics, name, json_string("SYS"));
    }
    json_object_set_new(gpu, "distances", nics);
    assert_int_equal(mcb_result_check_gpu(gpu, "gpus[0]", MCB_FAULT_NET_PROTOCOL, &error), -1);
    assert_string_equal(error.detail, "gpus[0]: distances: 129 members; 0 to 128 were expected");
    assert_int_equal(mcb_result_check_gpu(NULL, "gpus[0]", MCB_FAULT_NET_PROTOCOL, &error), -1);
    json_decref(gpu);
}

static void an_endpoint_that_a_peer_opened_may_say_more(void **state)
{
    (void)state;
    struct mcb_error error;
    json_t *entry = result_opened("mlx5_0", "cuda:0", "cpu:0");
    json_object_set_new(entry, "warnings", json_array());
    assert_int_equal(mcb_result_check_opened(entry, "endpoints[0]", MCB_FAULT_NET_PROTOCOL, &error),
                     0);
    json_object_set_new(entry, "bounce", json_string("cuda:0"));
    assert_int_equal(mcb_result_check_opened(entry, "endpoints[0]", MCB_FAULT_NET_PROTOCOL, &error),
                     -1);
    json_object_del(entry, "bounce");
    assert_int_equal(mcb_result_check_opened(entry, "endpoints[0]", MCB_FAULT_NET_PROTOCOL, &error),
                     -1);
    json_decref(entry);
}

static void another_kind_of_gpu_is_as_good(void **state)
{
    (void)state;
    struct mcb_error error;
    static const struct {
        const char *memory;
        bool good;
    } cases[] = {{"hip:0", true},        {"musa:12", true}, {"abcdefgh:99999", true},
                 {"abcdefghi:0", false}, {":0", false},     {"hip", false},
                 {"HIP:0", false},       {"hip:01", false}, {"hip:0 ", false},
                 {"hip2:0", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *cell = result_bandwidth("n1", "mlx5_0", "n2", "mlx5_0", 388.1);
        result_set_route(cell, "direct", cases[i].memory, "cpu:0");
        json_t *gpu = result_gpu(cases[i].memory, false);
        int expected = cases[i].good ? 0 : -1;
        assert_int_equal(mcb_result_check_cell(cell, "", MCB_FAULT_NET_PROTOCOL, &error), expected);
        assert_int_equal(mcb_result_check_gpu(gpu, "", MCB_FAULT_NET_PROTOCOL, &error), expected);
        json_decref(gpu);
        json_decref(cell);
    }
    json_t *gpu = result_gpu("cpu:0", false);
    assert_int_equal(mcb_result_check_gpu(gpu, "", MCB_FAULT_NET_PROTOCOL, &error), -1);
    json_decref(gpu);
}

static void one_stand_in_of_any_host_marks_the_whole_result(void **state)
{
    (void)state;
    json_t *document = result_document(), *hosts = json_object_get(document, "hosts");
    json_array_append_new(hosts, result_host());
    assert_false(mcb_result_is_stand_in(document));
    json_t *gpus = json_object_get(json_array_get(hosts, 1), "gpus");
    json_array_append_new(gpus, result_gpu("cuda:0", false));
    assert_false(mcb_result_is_stand_in(document));
    json_array_append_new(gpus, result_gpu("cuda:1", true));
    assert_true(mcb_result_is_stand_in(document));
    json_decref(document);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_closed_result_is_a_file_and_its_journal_is_gone),
        IN_FOLDER(a_result_that_is_not_kept_leaves_nothing),
        cmocka_unit_test(a_result_without_path_lives_in_memory_only),
        IN_FOLDER(every_cell_is_in_the_journal_once_it_is_added),
        IN_FOLDER(a_killed_run_leaves_all_it_measured),
        IN_FOLDER(the_journal_of_a_killed_run_is_kept_by_the_next),
        IN_FOLDER(a_journal_that_another_run_writes_is_refused),
        cmocka_unit_test(a_folder_that_is_not_there_is_known_at_once),
        IN_FOLDER(a_folder_is_no_place_for_a_result),
        IN_FOLDER(a_device_gets_no_journal),
        IN_FOLDER(a_pipe_that_nobody_reads_is_known_at_once),
        IN_FOLDER(a_pipe_does_not_end_for_its_reader_before_it_has_the_document),
        IN_FOLDER(a_file_that_is_not_writable_is_known_at_once),
        IN_FOLDER(a_document_that_cannot_be_written_leaves_the_journal_and_names_it),
        IN_FOLDER(a_full_disk_fails_the_cell_and_spares_the_journal),
        IN_FOLDER(a_warning_is_there_once),
        cmocka_unit_test(a_failed_run_names_its_fault),
        cmocka_unit_test(closing_nothing_is_fine),
        IN_FOLDER(a_document_is_read_back_as_it_was),
        IN_FOLDER(facts_of_a_nic_can_be_added),
        IN_FOLDER(a_journal_is_read_up_to_a_line_that_was_cut),
        IN_FOLDER(a_journal_with_nothing_but_a_head_has_no_cells),
        IN_FOLDER(a_line_of_a_journal_that_is_no_json_is_named),
        IN_FOLDER(a_wrong_member_is_named_with_its_place),
        IN_FOLDER(text_that_is_no_result_is_refused),
        IN_FOLDER(deep_nesting_is_refused),
        IN_FOLDER(a_file_over_one_gib_is_refused_unread),
        IN_FOLDER(what_no_result_comes_from_is_refused_and_never_waited_for),
        cmocka_unit_test(a_cell_of_a_peer_is_held_against_the_same_rules),
        cmocka_unit_test(what_a_peer_tells_of_a_gpu_is_held_against_the_same_rules),
        cmocka_unit_test(an_endpoint_that_a_peer_opened_may_say_more),
        cmocka_unit_test(another_kind_of_gpu_is_as_good),
        cmocka_unit_test(one_stand_in_of_any_host_marks_the_whole_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
