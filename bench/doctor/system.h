/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_SYSTEM_H
#define MCB_BENCH_DOCTOR_SYSTEM_H

/*
 * The host that is examined: this one, or one that lies copied below a folder (a support bundle, or
 * a machine that a test presents).
 *
 * Everything that the doctor's checks read of a host comes through here: files of /proc, /sys, /dev
 * and /etc, variables of the environment, and the resolution of names. Below a folder
 *
 *   variables   are those of FOLDER/proc/self/environ (name=value, each ended by NUL or newline)
 *   names       are those of FOLDER/etc/hosts; an address stands for itself
 *   the host's own name is that of FOLDER/proc/sys/kernel/hostname
 *
 * and nothing is live: no device is opened, no connection made; checks that need that are skipped.
 * All paths that are given here begin with "/". Nothing is written.
 */

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fault.h"

struct mcb_system;

/* root: "" for this host, else the folder (relative or absolute). stop: the interrupt flag; may be
 * NULL. *system is the caller's: mcb_system_close(). Faults: USE_FILE (no such folder, or it has
 * neither /proc nor /sys), HOST_MEMORY. */
int mcb_system_open(const char *root, const volatile sig_atomic_t *stop, struct mcb_system **system,
                    struct mcb_error *error);
void mcb_system_close(struct mcb_system *system); /* NULL is fine */

const char *mcb_system_root(const struct mcb_system *system); /* "" for this host */
bool mcb_system_is_live(const struct mcb_system *system);

/* The path below the root, to be freed; NULL: no memory. */
char *mcb_system_path(const struct mcb_system *system, const char *path);

/* ---- files ---- */

/* The first size - 1 bytes of a file with a NUL behind them. Returns their number, -1 if it cannot
 * be read (errno says why). */
long mcb_system_read(const struct mcb_system *system, const char *path, char *text, size_t size);

/* The rest of the first line that starts with prefix ("" takes the first line), without its end. */
bool mcb_system_read_line(const struct mcb_system *system, const char *path, const char *prefix,
                          char *rest, size_t size);

/* A file that holds one number in decimal, octal (0...) or hexadecimal (0x...) digits. */
bool mcb_system_read_number(const struct mcb_system *system, const char *path, uint64_t *number);

bool mcb_system_exists(const struct mcb_system *system, const char *path);

/* Might this process open it so (R_OK, W_OK)? Below a folder: is it there. */
bool mcb_system_may(const struct mcb_system *system, const char *path, int mode);

/* Names in a folder other than "." and "..", sorted in natural order (mlx5_2 before mlx5_10), all
 * of them; *names and each of them is to be freed (mcb_system_names_free()). A folder that is not
 * there has none. Returns their number. */
size_t mcb_system_names(const struct mcb_system *system, const char *path, char ***names);
void mcb_system_names_free(char **names, size_t count);

/* The last part of what a symbolic link points to ("mlx5_core" of .../driver). */
bool mcb_system_link(const struct mcb_system *system, const char *path, char *name, size_t size);

/* ---- environment and names ---- */

/* NULL if it is not set. Borrowed. */
const char *mcb_system_variable(const struct mcb_system *system, const char *name);

/* All "name=value"; NULL ends the list. Borrowed. */
const char *const *mcb_system_variables(const struct mcb_system *system);

enum { MCB_SYSTEM_ADDRESSES_MAX = 16 };

struct mcb_system_addresses {
    char list[MCB_SYSTEM_ADDRESSES_MAX][64]; /* numeric, without the scope of IPv6 */
    size_t count;
};

/* Faults: NET_RESOLVE, RUN_INTERRUPTED, HOST_SYSTEM. */
int mcb_system_resolve(const struct mcb_system *system, const char *name, int64_t deadline_ns,
                       struct mcb_system_addresses *addresses, struct mcb_error *error);

/* The host's own name; "" if it is not known. Borrowed. */
const char *mcb_system_name(const struct mcb_system *system);

/* Numeric addresses of the host's interfaces, loopback included (/proc/net/fib_trie and
 * /proc/net/if_inet6, which hold for both kinds of host); at most `most`. Returns their number. */
size_t mcb_system_own_addresses(const struct mcb_system *system, char (*addresses)[64],
                                size_t most);

#endif
