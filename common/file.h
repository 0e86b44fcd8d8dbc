/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_COMMON_FILE_H
#define MCB_COMMON_FILE_H

/* Files that are written whole or not at all. */

#include <stdio.h>

#include "common/fault.h"

/* Calls print(stream, context) to fill path, through a temporary name in the same folder and
 * rename; nothing is left behind on failure. A symbolic link stays one; devices and pipes are
 * written in place. print returns -1 if it could not write. Fault: HOST_OUTPUT. */
int mcb_file_write(const char *path, int (*print)(FILE *stream, const void *context),
                   const void *context, struct mcb_error *error);

#endif
