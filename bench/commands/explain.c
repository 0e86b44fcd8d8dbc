/* SPDX-License-Identifier: Apache-2.0 */

/*
 * mcbench explain [--json] [--all] [LOG...]: the first real error of logs, its cause and its fix.
 * mcbench explain [--json] MCB-ID...: entries of the catalogue. Nothing is printed before all logs
 * were read. Exit code 0: no error found; 1: an error, known or not.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench/commands/commands.h"
#include "bench/doctor/catalogue.h"
#include "bench/doctor/explain.h"
#include "bench/doctor/explain_document.h"
#include "bench/doctor/explain_text.h"
#include "bench/plan/settings_text.h"
#include "common/clock.h"
#include "common/fault.h"
#include "common/interrupt.h"
#include "common/json.h"
#include "common/log.h"
#include "common/suggest.h"
#include "common/text.h"

struct values {
    bool json, all;
};

static const struct mcb_option rows[] = {
    {"json", NULL, "the JSON document, in place of text", offsetof(struct values, json), 0},
    {"all", NULL, "every error in the order of time, not only the first of each host and path",
     offsetof(struct values, all), 0},
    {NULL, NULL, NULL, 0, 0},
};

const struct mcb_options mcb_options_explain = {rows,
                                                .words = {"LOG... | MCB-ID...", 0, SIZE_MAX, ""}};

static struct mcb_canvas standard_output(void)
{
    struct mcb_text_terminal terminal = mcb_text_terminal(STDOUT_FILENO);
    return (struct mcb_canvas){stdout, terminal.columns, terminal.colour};
}

static int print_document(json_t *document)
{
    if (!document)
        return -1;
    mcb_json_print(stdout, document);
    json_decref(document);
    return 0;
}

/* ---- entries of the catalogue ---- */

static bool looks_like_id(const char *word)
{
    return strncasecmp(word, "MCB-", 4) == 0 && !strpbrk(word, "/.") && access(word, F_OK) != 0;
}

static int find_entry(const char *word, enum mcb_fault_code *code, struct mcb_error *error)
{
    const char *ids[MCB_FAULT_COUNT] = {NULL}, *near;
    char id[32], shown[MCB_SHOWN_MAX];
    size_t length = 0;
    for (; word[length] && length + 1 < sizeof id; length++)
        id[length] = word[length] >= 'a' && word[length] <= 'z' ? (char)(word[length] - 'a' + 'A')
                                                                : word[length];
    id[length] = '\0';
    *code = word[length] ? MCB_FAULT_NONE : mcb_fault_find(id);
    if (*code != MCB_FAULT_NONE)
        return 0;
    for (int i = MCB_FAULT_NONE + 1; i < MCB_FAULT_COUNT; i++)
        ids[i] = mcb_fault_get((enum mcb_fault_code)i)->id;
    near = mcb_suggest_nearest(word, ids, MCB_FAULT_COUNT);
    return mcb_error_set(error, MCB_FAULT_USE_VALUE, "%s: no fault of the catalogue%s%s%s",
                         mcb_setting_text_shown(mcb_setting_text_is_utf8(word) ? word : "?", shown),
                         near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}

static void print_entries(const enum mcb_fault_code *codes, size_t count)
{
    struct mcb_canvas canvas = standard_output();
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            putchar('\n');
        mcb_catalogue_print(&canvas, codes[i]);
    }
}

static int explain_ids(char **ids, size_t count, const struct values *values,
                       struct mcb_error *error)
{
    enum mcb_fault_code *codes = calloc(count, sizeof *codes);
    if (!codes)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the entries");
    int outcome = 0;
    for (size_t i = 0; outcome == 0 && i < count; i++)
        outcome = find_entry(ids[i], &codes[i], error);
    if (outcome == 0 && values->json)
        outcome = print_document(mcb_explain_document_of_entries(codes, count, error));
    else if (outcome == 0)
        print_entries(codes, count);
    free(codes);
    return outcome;
}

/* ---- progress ---- */

#define DRAW_EVERY_NS (200 * MCB_NS_PER_MS)

/* One line on a terminal: "mooncake.log · 35 % · 3 s left". */
struct progress {
    bool is_wanted, is_drawn;
    const char *name;
    uint64_t size_bytes; /* of this log; 0: not known */
    int64_t begin_ns, last_ns;
};

static void progress_erase(struct progress *progress)
{
    static const char erase_line[] = "\r\033[K";
    if (progress->is_drawn && write(STDERR_FILENO, erase_line, sizeof erase_line - 1) > 0)
        progress->is_drawn = false;
}

static void progress_draw(struct progress *progress, uint64_t bytes, int64_t now_ns)
{
    char clean[128], text[256];
    double share = (double)bytes / (double)progress->size_bytes;
    double left_s = (double)(now_ns - progress->begin_ns) * (1 - share) / share / 1e9;
    mcb_text_clean(progress->name, clean, sizeof clean);
    mcb_text_fit(clean, 40);
    int length = snprintf(text, sizeof text, "\r\033[K%s · %.0f %% · %.0f s left", clean,
                          share * 100, left_s + 0.5);
    if (length > 0 && write(STDERR_FILENO, text, (size_t)length) > 0)
        progress->is_drawn = true;
}

static void progress_tell(struct progress *progress, uint64_t bytes)
{
    int64_t now_ns = mcb_clock_ns();
    bool is_due = now_ns - progress->last_ns >= DRAW_EVERY_NS;
    if (!progress->is_wanted || !is_due || bytes == 0 || progress->size_bytes < bytes)
        return;
    progress->last_ns = now_ns;
    progress_draw(progress, bytes, now_ns);
}

/* ---- logs ---- */

struct reading {
    struct mcb_explain *explain;
    struct progress progress;
};

static int take_piece(void *context, const struct mcb_log_piece *piece, struct mcb_error *error)
{
    struct reading *reading = context;
    return mcb_explain_piece(reading->explain, piece, error);
}

static void take_progress(void *context, uint64_t bytes)
{
    struct reading *reading = context;
    progress_tell(&reading->progress, bytes);
}

static int read_open_log(int fd, const char *name, struct reading *reading, struct mcb_error *error)
{
    const struct mcb_log_reader_calls calls = {reading, take_piece, take_progress};
    struct stat status;
    if (fstat(fd, &status) != 0 || S_ISDIR(status.st_mode))
        return mcb_error_set(error, MCB_FAULT_USE_FILE, "%s: is a folder, not a log", name);
    bool is_file = S_ISREG(status.st_mode);
    int64_t not_after_s = is_file ? (int64_t)status.st_mtime : (int64_t)time(NULL);
    if (mcb_explain_begin(reading->explain, name, not_after_s, error) != 0)
        return -1;
    reading->progress.name = name;
    reading->progress.size_bytes = is_file ? (uint64_t)status.st_size : 0;
    reading->progress.begin_ns = reading->progress.last_ns = mcb_clock_ns();
    struct mcb_explain_log *log = &reading->explain->logs[reading->explain->log_count - 1];
    int outcome = mcb_log_reader_run(fd, name, &calls, &log->size, error);
    progress_erase(&reading->progress);
    return outcome;
}

/* A pipe is opened when it has a writer, which an interrupt need not wait for. */
static int open_log(const char *path, struct mcb_error *error)
{
    int fd;
    do
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    while (fd < 0 && errno == EINTR && !*mcb_interrupt_flag());
    if (fd < 0 && *mcb_interrupt_flag())
        return mcb_error_set(error, MCB_FAULT_RUN_INTERRUPTED, "%s: interrupted", path);
    if (fd < 0)
        return mcb_error_set(error, MCB_FAULT_USE_FILE, "%s: %s", path, strerror(errno));
    return fd;
}

static int read_log(const char *path, struct reading *reading, struct mcb_error *error)
{
    if (strcmp(path, "-") == 0)
        return read_open_log(STDIN_FILENO, "standard input", reading, error);
    int fd = open_log(path, error);
    if (fd < 0)
        return -1;
    int outcome = read_open_log(fd, path, reading, error);
    close(fd);
    return outcome;
}

static int print_logs(const struct mcb_explain *explain, const struct values *values,
                      struct mcb_error *error)
{
    struct mcb_canvas canvas = standard_output();
    if (values->json)
        return print_document(mcb_explain_document_make(explain, error));
    mcb_explain_text_print(&canvas, explain, values->all);
    return 0;
}

static int explain_logs(char **paths, size_t count, const struct values *values, int *exit_code,
                        struct mcb_error *error)
{
    char dash[] = "-", *standard_input[] = {dash};
    struct reading reading = {.explain = mcb_explain_make(error)};
    if (!reading.explain)
        return -1;
    if (count == 0) {
        paths = standard_input;
        count = 1;
        if (isatty(STDIN_FILENO))
            mcb_log_note("reading a log from the terminal; Ctrl-D ends it");
    }
    reading.progress.is_wanted = mcb_text_terminal(STDERR_FILENO).can_erase;
    int outcome = 0;
    for (size_t i = 0; outcome == 0 && i < count; i++)
        outcome = read_log(paths[i], &reading, error);
    if (outcome == 0)
        outcome = mcb_explain_finish(reading.explain, error);
    if (outcome == 0)
        outcome = print_logs(reading.explain, values, error);
    if (outcome == 0 && mcb_explain_has_error(reading.explain))
        *exit_code = MCB_EXIT_HELD_NOT;
    mcb_explain_free(reading.explain);
    return outcome;
}

/* ---- the command ---- */

static int explain_words(char **words, size_t count, const struct values *values, int *exit_code,
                         struct mcb_error *error)
{
    size_t ids = 0;
    for (size_t i = 0; i < count; i++)
        ids += looks_like_id(words[i]);
    if (ids > 0 && ids < count)
        return mcb_error_set(error, MCB_FAULT_USE_OPTION,
                             "ids of faults and logs: one of the two, not both");
    if (ids > 0)
        return explain_ids(words, count, values, error);
    return explain_logs(words, count, values, exit_code, error);
}

int mcb_command_explain(int argc, char **argv)
{
    struct values values = {0};
    struct mcb_error error;
    size_t words;
    int exit_code = MCB_EXIT_OK;
    mcb_interrupt_install();
    if (mcb_options_parse(&mcb_options_explain, argc, argv, &values, &words, &error) == 0 &&
        explain_words(argv + 1, words, &values, &exit_code, &error) == 0 &&
        mcb_commands_finish_stdout(&error) == 0)
        return exit_code;
    mcb_log_error(&error);
    return mcb_error_exit(&error);
}
