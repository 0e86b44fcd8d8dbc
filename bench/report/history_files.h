/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_HISTORY_FILES_H
#define MCB_BENCH_REPORT_HISTORY_FILES_H

/*
 * The files of a folder that call themselves results: by "schema" and "started" of the object that
 * each begins with, whether or not the rest of it is any good. Nothing else of a file is kept, and
 * of a document as mcbench writes it no more than the beginning is read. A file that has not said
 * in its first MiB that it is a result is none.
 */

#include <stddef.h>
#include <stdint.h>

#include "common/fault.h"

enum { MCB_HISTORY_STARTED_MAX = 32 };

struct mcb_history_file {
    char *path;
    char started[MCB_HISTORY_STARTED_MAX]; /* as it stands there; "": it does not say */
    uint64_t bytes;
};

struct mcb_history_files {
    struct mcb_history_file *list; /* by "started" */
    size_t count, room;
    size_t passed_over; /* *.json that are no results, and copies of one that is listed and links to
                           it */
    size_t unopened;    /* those that could not be opened; what was wrong with the first: */
    struct mcb_error why;
};

/* *.json of the folder itself; names that begin with a dot, folders, pipes and devices are no files
 * of it. A copy has the same bytes. except: a file that is left out, as are its copies; NULL: none.
 * Faults: USE_FILE (the folder cannot be read), HOST_MEMORY. */
int mcb_history_files_find(const char *folder, const char *except, struct mcb_history_files *files,
                           struct mcb_error *error);
void mcb_history_files_release(struct mcb_history_files *files);

#endif
