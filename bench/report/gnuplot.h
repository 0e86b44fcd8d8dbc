/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_GNUPLOT_H
#define MCB_BENCH_REPORT_GNUPLOT_H

/*
 * gnuplot: found in PATH, and run on a script of ours.
 *
 * It runs in the folder of the script, reads no start-up file and nothing from standard input, and
 * has an environment of its own, so that a picture does not depend on whose it is. It has a
 * deadline, and an interrupt ends it.
 */

#include <limits.h>
#include <stdint.h>

#include "common/fault.h"

struct mcb_gnuplot {
    char program[PATH_MAX];
    char version[32]; /* "5.4 patchlevel 4" */
    int major, minor;
};

/* The oldest version that the scripts were tried with: 5.4. */
enum { MCB_GNUPLOT_LEAST = 504 };

/* In PATH, folders of which that are not absolute are passed over. Faults: HOST_GNUPLOT (missing,
 * does not tell its version, before MCB_GNUPLOT_LEAST), RUN_INTERRUPTED, HOST_SYSTEM. */
int mcb_gnuplot_find(int64_t timeout_ns, struct mcb_gnuplot *gnuplot, struct mcb_error *error);

/* Runs folder/script; the picture goes to the file `picture`, a name in the folder. Both names are
 * made by us: letters, digits, '.' and '-'. Faults: HOST_GNUPLOT with the first line that gnuplot
 * complained with, RUN_INTERRUPTED, HOST_SYSTEM. */
int mcb_gnuplot_run(const struct mcb_gnuplot *gnuplot, const char *folder, const char *script,
                    const char *picture, int64_t timeout_ns, struct mcb_error *error);

#endif
