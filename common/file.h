/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_COMMON_FILE_H
#define MCB_COMMON_FILE_H

/* Files that are read whole and bounded, and files that are written whole or not at all. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/fault.h"

/* All of a file, or of a pipe or device until its end: up to most_bytes, and within timeout_ns, of
 * which a file on a disk needs none. For free(); NULL and `fault`, or RUN_INTERRUPTED if
 * mcb_interrupt_flag() was set meanwhile. */
char *mcb_file_read(const char *path, size_t most_bytes, int64_t timeout_ns,
                    enum mcb_fault_code fault, size_t *length, struct mcb_error *error);

/* Calls print(stream, context) to fill path. print returns -1 if it could not write. Faults:
 * HOST_OUTPUT, RUN_INTERRUPTED (a stream only).
 *
 * A file is filled under a temporary name in the same folder and then renamed; nothing is left
 * behind on failure. A file that is there keeps its mode and owner, and must be writable. A
 * symbolic link stays one, also if it leads nowhere yet.
 *
 * A stream, as below, is written in place; a reader may take its time,
 * which an interrupt ends (one from before does not: what an interrupted run measured is still to
 * be written). So is, after it was emptied, a file whose owner this process cannot give to another
 * one. */
int mcb_file_write(const char *path, int (*print)(FILE *stream, const void *context),
                   const void *context, struct mcb_error *error);

/* A path that is not to be replaced: a device, a pipe, the file that standard output or error goes
 * to. */
bool mcb_file_is_stream(const char *path);

/* Opens a stream. *fd becomes -1 for any other file and for none. A pipe must have its reader, for
 * nobody waits until it gets one; the file of a standard stream is continued where that is. Fault:
 * HOST_OUTPUT. */
int mcb_file_open_stream(const char *path, int *fd, struct mcb_error *error);

#endif
