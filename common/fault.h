/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_COMMON_FAULT_H
#define MCB_COMMON_FAULT_H

/*
 * The catalogue of what can go wrong, and the error that names an entry of it.
 *
 * Every failure that reaches a user is one row of common/faults.def: a stable id, a title, the
 * likely causes, a fix, the exit code, and the texts by which the same fault is known in other
 * programs' logs. A new fault is a new row there and nothing else.
 *
 * Convention of the whole project: a function that can fail returns 0 or -1 and takes a
 * `struct mcb_error *` last, never NULL, which it fills only when it returns -1. The layer that
 * first knows the cause makes the error; those above pass it on untouched.
 */

#include <stdbool.h>
#include <stddef.h>

/* Exit codes of the program. */
enum mcb_exit {
    MCB_EXIT_OK = 0,
    MCB_EXIT_HELD_NOT = 1,     /* measured, but an expectation or the verification failed */
    MCB_EXIT_USAGE = 2,        /* the command line or an input file was wrong */
    MCB_EXIT_ENVIRONMENT = 3,  /* the environment failed; what was measured is kept */
    MCB_EXIT_INTERRUPTED = 130 /* what was measured is kept */
};

enum mcb_fault_code {
    MCB_FAULT_NONE,
#define MCB_FAULT(code, id, exit_code, title, cause, fix, texts, more) MCB_FAULT_##code,
#include "common/faults.def"
#undef MCB_FAULT
    MCB_FAULT_COUNT
};

struct mcb_fault {
    const char *id; /* "MCB-RDMA-004": never reused, never renumbered */
    enum mcb_exit exit_code;
    const char *title; /* a clause in lower case, no full stop */
    const char *cause; /* likely causes, most likely first, separated by "; " */
    /* What to do, in lines that a shell takes as they are: "command  # remark", or "# remark" where
     * it is no command. Words in capitals are to be filled in (DEV, HOST, PORT); those of a command
     * come from the error's detail where it names them. */
    const char *fix;
    /* By what it is known in a log, one a line, in lower case; "*" stands for anything on the same
     * line; "" if nothing. Of several texts that a line contains, the one with the most bytes other
     * than "*" tells its fault; one that is only the name of an errno, where there is no other. */
    const char *texts;
    /* Where to read more: manual pages, documents by name, separated by "; "; "" if nowhere. */
    const char *more;
};

enum { MCB_ERROR_DETAIL_MAX = 768 };

struct mcb_error {
    enum mcb_fault_code code; /* MCB_FAULT_NONE: no error */
    /* One sentence: the value first ("--nic mlx5_9: ..."), then what is wrong with it and, where
     * known, what would be right. Valid UTF-8, no newline (but USE_RULE: bench/plan/rule.h). */
    char detail[MCB_ERROR_DETAIL_MAX];
};

/* The entry of a code. Never NULL for a code of the enum other than MCB_FAULT_NONE. */
const struct mcb_fault *mcb_fault_get(enum mcb_fault_code code);

/* The code of an id such as "MCB-RDMA-004"; MCB_FAULT_NONE if there is no such entry. */
enum mcb_fault_code mcb_fault_find(const char *id);

/* ---- the texts of an entry ---- */

/* Takes the next line of a text of several lines (a fix, texts): returns where it starts and sets
 * *length; *rest then lies behind it. NULL: there is none left. */
const char *mcb_fault_next_line(const char **rest, size_t *length);

/* Likewise of a text whose parts stand on one line (cause, more), without the "; " between them. */
const char *mcb_fault_next_clause(const char **rest, size_t *length);

/* A line of a fix in its two parts; of one that is not there the length is 0. */
struct mcb_fault_step {
    const char *command, *remark;
    size_t command_length, remark_length;
};

struct mcb_fault_step mcb_fault_split(const char *line, size_t length);

/* Room for the fix of any entry on one line (a test holds it to that). */
enum { MCB_FAULT_FIX_MAX = 1024 };

/* A fix on one line, for documents and sentences: "ip -brief link (lists them); another port". What
 * does not fit is cut at a line of the fix. Returns text. */
char *mcb_fault_join(const char *fix, char *text, size_t size);

/* ---- errors ---- */

/* Fills the error; a detail that is too long is cut. The value is -1, so that callers can write
 * `return mcb_error_set(error, MCB_FAULT_X, "...", ...);`. errno is preserved. A macro, so that the
 * compiler sees the -1 and knows that no output was set. */
#define mcb_error_set(error, code, ...)                                                            \
    (mcb_error_write(error, code, __VA_ARGS__), mcb_error_status())
static inline int mcb_error_status(void)
{
    return -1;
}
__attribute__((format(printf, 3, 4))) void
mcb_error_write(struct mcb_error *error, enum mcb_fault_code code, const char *format, ...);

/* Puts "who: " before the detail: whose message it was that is wrong. */
void mcb_error_blame(struct mcb_error *error, const char *who);

/* The exit code that belongs to the error: MCB_EXIT_OK where there is none. */
enum mcb_exit mcb_error_exit(const struct mcb_error *error);

#endif
