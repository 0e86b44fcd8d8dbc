/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_TESTS_PLOT_HELPER_H
#define MCB_TESTS_PLOT_HELPER_H

/*
 * A folder for pictures, and programs that stand for gnuplot. Included after cmocka.h.
 *
 * PATH is one folder, which is empty until plot_place_gnuplot() puts a script there: programs that
 * a script needs are named with their path.
 */

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct plot_folder {
    char root[64];
    char programs[96], pictures[96]; /* pictures is not there yet */
    char *path_before;               /* PATH */
};

static inline int plot_make_folder(void **state)
{
    struct plot_folder *folder = calloc(1, sizeof *folder);
    if (!folder)
        return -1;
    *state = folder;
    strcpy(folder->root, "/tmp/mcbench-plot-XXXXXX");
    if (!mkdtemp(folder->root))
        return -1;
    snprintf(folder->programs, sizeof folder->programs, "%s/programs", folder->root);
    snprintf(folder->pictures, sizeof folder->pictures, "%s/pictures", folder->root);
    folder->path_before = getenv("PATH") ? strdup(getenv("PATH")) : NULL;
    return mkdir(folder->programs, 0700) | setenv("PATH", folder->programs, 1);
}

static inline int plot_remove_one(const char *path, const struct stat *status, int type,
                                  struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

static inline int plot_remove_folder(void **state)
{
    struct plot_folder *folder = *state;
    if (folder->path_before)
        setenv("PATH", folder->path_before, 1);
    int outcome = nftw(folder->root, plot_remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(folder->path_before);
    free(folder);
    return outcome;
}

/* A program "gnuplot" that tells the version and does this in its folder, as a script of sh;
 * $picture is what it is to write. */
static inline void plot_place_gnuplot(const struct plot_folder *folder, const char *version,
                                      const char *does)
{
    char path[128];
    snprintf(path, sizeof path, "%s/gnuplot", folder->programs);
    FILE *script = fopen(path, "w");
    assert_non_null(script);
    fprintf(script,
            "#!/bin/sh\n"
            "if [ \"$1\" = --version ]; then\n%s\nexit 0\nfi\n"
            "picture=${3#*\\'}\npicture=${picture%%\\'}\n%s\n",
            version, does);
    assert_int_equal(fclose(script), 0);
    assert_int_equal(chmod(path, 0700), 0);
}

/* One that draws a word. */
static inline void plot_place_good_gnuplot(const struct plot_folder *folder)
{
    plot_place_gnuplot(folder, "echo gnuplot 5.4 patchlevel 4", "echo drawn >\"$picture\"");
}

/* A file of the pictures, for free(); NULL: there is none. */
static inline char *plot_read(const struct plot_folder *folder, const char *name)
{
    char path[512], *text = NULL;
    size_t size = 0;
    snprintf(path, sizeof path, "%s/%s", folder->pictures, name);
    FILE *file = fopen(path, "r");
    if (!file)
        return NULL;
    if (getdelim(&text, &size, '\0', file) < 0) {
        free(text);
        text = strdup("");
    }
    fclose(file);
    return text;
}

static inline bool plot_has_file(const struct plot_folder *folder, const char *name)
{
    char path[512];
    struct stat status;
    snprintf(path, sizeof path, "%s/%s", folder->pictures, name);
    return lstat(path, &status) == 0;
}

/* The rows of a block of a data file, for free(): all between its name and the blank lines. */
static inline char *plot_block(const struct plot_folder *folder, const char *name,
                               const char *block)
{
    char heading[64];
    char *text = plot_read(folder, name);
    assert_non_null(text);
    snprintf(heading, sizeof heading, "# [%s]\n", block);
    char *at = strstr(text, heading);
    if (!at)
        fail_msg("no block %s in %s", block, name);
    at += strlen(heading);
    char *end = strstr(at, "\n\n\n");
    assert_non_null(end);
    char *rows = strndup(at, (size_t)(end - at + 1));
    free(text);
    return rows;
}

static inline size_t plot_count_rows(const char *rows)
{
    size_t count = 0;
    for (const char *at = rows; *at; at++)
        count += *at == '\n' && at > rows && at[-1] != '\n';
    return count;
}

/* How many rows a block has; that of an empty one, far outside, is none. */
static inline size_t plot_rows(const struct plot_folder *folder, const char *name,
                               const char *block)
{
    char *rows = plot_block(folder, name, block);
    size_t count = strncmp(rows, "1e30", 4) == 0 ? 0 : plot_count_rows(rows);
    free(rows);
    return count;
}

static inline void plot_assert_holds(const struct plot_folder *folder, const char *name,
                                     const char *expected)
{
    char *text = plot_read(folder, name);
    if (!text || !strstr(text, expected))
        fail_msg("\"%s\" is not in %s:\n%s", expected, name, text ? text : "(no such file)");
    free(text);
}

static inline void plot_assert_lacks(const struct plot_folder *folder, const char *name,
                                     const char *unexpected)
{
    char *text = plot_read(folder, name);
    assert_non_null(text);
    if (strstr(text, unexpected))
        fail_msg("\"%s\" is in %s:\n%s", unexpected, name, text);
    free(text);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, plot_make_folder, plot_remove_folder)

#endif
