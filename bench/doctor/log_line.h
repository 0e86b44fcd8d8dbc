/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_LOG_LINE_H
#define MCB_BENCH_DOCTOR_LOG_LINE_H

/*
 * What a line of a log says of itself before it comes to its message: when, how bad, on which host.
 *
 * Known are the heads that glog (Mooncake), Python's logging (also with SGLang's and vLLM's
 * formats), uvicorn, syslog and journalctl, dmesg (with -T and -x too), container runtimes and
 * mcbench write, and any of them inside of another: a journal's line that holds a glog line has the
 * host of the one and the severity of the other.
 */

#include <stdbool.h>
#include <stddef.h>

#include "bench/doctor/log_time.h"

enum mcb_log_severity {
    MCB_LOG_SEVERITY_NONE, /* the line does not say */
    MCB_LOG_SEVERITY_DEBUG,
    MCB_LOG_SEVERITY_INFO,
    MCB_LOG_SEVERITY_WARNING,
    MCB_LOG_SEVERITY_ERROR,
    MCB_LOG_SEVERITY_FATAL
};

struct mcb_log_line {
    enum mcb_log_severity severity;
    struct mcb_log_time time; /* of several the first, or the first with a fraction */
    const char *host;         /* in the line; NULL: not said */
    size_t host_length;
    const char *process; /* in the line, "(EngineCore pid=123)"; NULL: not said */
    size_t process_length;
    bool is_kernel; /* as dmesg writes it */
    size_t message; /* where the message begins, with the blanks that indent it */
};

/* A line without its end; any bytes. */
void mcb_log_line_read(const char *text, size_t length, struct mcb_log_line *line);

/* The name of a severity: "error"; "" for MCB_LOG_SEVERITY_NONE. */
const char *mcb_log_severity_name(enum mcb_log_severity severity);

#endif
