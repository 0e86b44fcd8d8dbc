/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/history_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a result is allowed to be: more of a file is not looked at. */
#define FILE_MOST_BYTES ((uint64_t)1 << 30)

/* mcbench writes "schema" first: what has not said within this what it is, is no result. */
#define SCHEMA_MOST_BYTES ((uint64_t)1 << 20)

/* ---- the head of a file ---- */

/* Follows the text of an object as far as the names and values of its own members. */
struct scan {
    FILE *in;
    uint64_t left; /* bytes that may be read */
};

static int next_byte(struct scan *scan)
{
    if (scan->left == 0)
        return EOF;
    scan->left--;
    return getc_unlocked(scan->in);
}

static int skip_blanks(struct scan *scan)
{
    int byte;
    do
        byte = next_byte(scan);
    while (byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t');
    return byte;
}

/* After its quote, to behind the other one. text: its bytes as they stand, as many as fit. */
static void read_string(struct scan *scan, char *text, size_t size)
{
    size_t length = 0;
    for (int byte = next_byte(scan); byte != EOF && byte != '"'; byte = next_byte(scan)) {
        if (length + 1 < size)
            text[length++] = (char)byte;
        if (byte == '\\')
            next_byte(scan);
    }
    text[length] = '\0';
}

/* A value that begins with `byte`. Returns what comes after it. */
static int skip_value(struct scan *scan, int byte)
{
    char ignored[1];
    for (size_t depth = 0; byte != EOF; byte = next_byte(scan)) {
        if (byte == '"')
            read_string(scan, ignored, sizeof ignored);
        else if (byte == '{' || byte == '[')
            depth++;
        else if (depth == 0 && (byte == ',' || byte == '}' || byte == ']'))
            break;
        else if (byte == '}' || byte == ']')
            depth--;
    }
    return byte;
}

/* One member, from its quote on. Returns what comes after it; EOF: it is none. */
static int read_member(struct scan *scan, char *schema, size_t schema_size, char *started)
{
    char name[16];
    read_string(scan, name, sizeof name);
    if (skip_blanks(scan) != ':')
        return EOF;
    int byte = skip_blanks(scan);
    if (byte == '"' && strcmp(name, "schema") == 0)
        read_string(scan, schema, schema_size);
    else if (byte == '"' && strcmp(name, "started") == 0)
        read_string(scan, started, MCB_HISTORY_STARTED_MAX);
    else
        return skip_value(scan, byte);
    return skip_blanks(scan);
}

/* True if the file calls itself a result. */
static bool read_head(FILE *in, char *started)
{
    static const char word[] = "mcbench-result/";
    struct scan scan = {in, SCHEMA_MOST_BYTES};
    bool known = false;
    char schema[sizeof word + 8] = "";
    int byte = skip_blanks(&scan);
    *started = '\0';
    for (bool first = true; byte == (first ? '{' : ',') && !(*schema && *started); first = false) {
        if (skip_blanks(&scan) != '"')
            break;
        byte = read_member(&scan, schema, sizeof schema, started);
        if (!known && *schema) {
            known = strncmp(schema, word, sizeof word - 1) == 0;
            if (!known)
                break;
            scan.left += FILE_MOST_BYTES - SCHEMA_MOST_BYTES;
        }
    }
    return known;
}

/* NULL and errno. A pipe or a device is not opened: that may wait, or do things. */
static FILE *open_file(const char *path, struct stat *status)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return NULL;
    FILE *in = fstat(fd, status) == 0 ? fdopen(fd, "r") : NULL;
    if (!in)
        close(fd);
    return in;
}

enum kind { KIND_NO_FILE, KIND_OTHER, KIND_RESULT, KIND_UNOPENED };

/* All but the path of *file; errno where it is unopened. */
static enum kind look_at(const char *path, struct mcb_history_file *file)
{
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode))
        return KIND_NO_FILE;
    FILE *in = open_file(path, &status);
    if (!in)
        return errno == ENOENT ? KIND_NO_FILE : KIND_UNOPENED;
    bool is_result = read_head(in, file->started);
    fclose(in);
    file->bytes = (uint64_t)status.st_size;
    return is_result ? KIND_RESULT : KIND_OTHER;
}

/* ---- copies ---- */

static bool are_equal(FILE *left, FILE *right)
{
    char one[BUFSIZ], other[BUFSIZ];
    size_t count;
    do {
        count = fread(one, 1, sizeof one, left);
        if (fread(other, 1, sizeof other, right) != count || memcmp(one, other, count) != 0)
            return false;
    } while (count == sizeof one);
    return !ferror(left) && !ferror(right);
}

static bool have_equal_content(const char *left, const char *right)
{
    struct stat status;
    FILE *one = open_file(left, &status);
    FILE *other = one ? open_file(right, &status) : NULL;
    bool equal = other && are_equal(one, other);
    if (other)
        fclose(other);
    if (one)
        fclose(one);
    return equal;
}

/* The same run: a file by two names, or a copy. */
static bool is_same_run(const struct mcb_history_file *one, const struct mcb_history_file *other)
{
    return one->bytes == other->bytes && strcmp(one->started, other->started) == 0 &&
           have_equal_content(one->path, other->path);
}

static int file_order(const void *left, const void *right)
{
    const struct mcb_history_file *one = left, *other = right;
    int order = strcmp(one->started, other->started);
    return order ? order : strcmp(one->path, other->path);
}

/* Copies have one "started", so that they are neighbours. */
static bool is_listed(const struct mcb_history_files *files, const struct mcb_history_file *file)
{
    for (size_t i = files->count; i-- > 0;) {
        if (strcmp(files->list[i].started, file->started) != 0)
            return false;
        if (is_same_run(&files->list[i], file))
            return true;
    }
    return false;
}

static void sort_files(struct mcb_history_files *files, const struct mcb_history_file *except)
{
    size_t count = files->count;
    files->count = 0;
    if (count)
        qsort(files->list, count, sizeof *files->list, file_order);
    for (size_t i = 0; i < count; i++) {
        struct mcb_history_file file = files->list[i];
        bool is_excepted = except && is_same_run(&file, except);
        bool is_copy = !is_excepted && is_listed(files, &file);
        files->passed_over += is_copy;
        if (is_excepted || is_copy)
            free(file.path);
        else
            files->list[files->count++] = file;
    }
}

/* ---- the folder ---- */

/* Takes the file's path after success. */
static int add_file(struct mcb_history_files *files, const struct mcb_history_file *file)
{
    if (files->count == files->room) {
        size_t room = files->room ? 2 * files->room : 64;
        struct mcb_history_file *grown = realloc(files->list, room * sizeof *grown);
        if (!grown)
            return -1;
        files->list = grown;
        files->room = room;
    }
    files->list[files->count++] = *file;
    return 0;
}

static int take_entry(struct mcb_history_files *files, const char *folder, const char *name)
{
    struct mcb_history_file file = {0};
    if (asprintf(&file.path, "%s/%s", folder, name) < 0)
        return -1;
    enum kind kind = look_at(file.path, &file);
    if (kind == KIND_RESULT && add_file(files, &file) == 0)
        return 0;
    files->passed_over += kind == KIND_OTHER;
    if (kind == KIND_UNOPENED && files->unopened++ == 0)
        mcb_error_set(&files->why, MCB_FAULT_USE_FILE, "%s: %s", file.path, strerror(errno));
    free(file.path);
    return kind == KIND_RESULT ? -1 : 0;
}

static bool is_json(const char *name)
{
    static const char end[] = ".json";
    size_t length = strlen(name);
    return name[0] != '.' && length >= sizeof end &&
           strcmp(name + length - (sizeof end - 1), end) == 0;
}

static int fail_folder(const char *folder, struct mcb_error *error)
{
    return mcb_error_set(error, MCB_FAULT_USE_FILE, "%s: %s", folder, strerror(errno));
}

static int fail_memory(const char *folder, struct mcb_error *error)
{
    return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "%s: no memory for its results", folder);
}

static int read_folder(struct mcb_history_files *files, const char *folder, DIR *open_folder,
                       struct mcb_error *error)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(open_folder);
        if (!entry)
            return errno == 0 ? 0 : fail_folder(folder, error);
        if (is_json(entry->d_name) && take_entry(files, folder, entry->d_name) != 0)
            return fail_memory(folder, error);
    }
}

int mcb_history_files_find(const char *folder, const char *except, struct mcb_history_files *files,
                           struct mcb_error *error)
{
    struct mcb_history_files found = {0};
    struct mcb_history_file left_out = {0};
    DIR *open_folder = opendir(folder);
    if (!open_folder)
        return fail_folder(folder, error);
    int status = read_folder(&found, folder, open_folder, error);
    closedir(open_folder);
    if (status == 0 && except && look_at(except, &left_out) == KIND_RESULT) {
        left_out.path = strdup(except);
        if (!left_out.path)
            status = fail_memory(folder, error);
    }
    if (status == 0) {
        sort_files(&found, left_out.path ? &left_out : NULL);
        *files = found;
    } else {
        mcb_history_files_release(&found);
    }
    free(left_out.path);
    return status;
}

void mcb_history_files_release(struct mcb_history_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        free(files->list[i].path);
    free(files->list);
    *files = (struct mcb_history_files){0};
}
