/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_COMMON_BELOW_H
#define MCB_COMMON_BELOW_H

/*
 * Files below a folder that somebody else has filled: the copy of another host's root, or of a part
 * of it. Nothing there leads out of the folder, and nothing there holds anybody up: a symbolic link
 * that is absolute leads on from the folder, no ".." leads out of it, and only regular files are
 * opened.
 *
 * root "" is this host itself, whose links are followed as the kernel does. Paths begin with "/".
 */

#include <stdbool.h>
#include <stddef.h>

/* The path without links, root in front; to be freed. The last part may be missing; it stays a link
 * without follow_last. NULL with errno: no memory, too long, or links that lead in a circle. */
char *mcb_below_path(const char *root, const char *path, bool follow_last);

/* Opens a regular file to be read. -1 with errno; EINVAL: it is none. */
int mcb_below_open(const char *root, const char *path);

/* The first size - 1 bytes of a regular file with a NUL behind them. Returns their number, -1 with
 * errno if it cannot be read. */
long mcb_below_read(const char *root, const char *path, char *text, size_t size);

#endif
