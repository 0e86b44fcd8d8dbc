/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_LOG_TIME_H
#define MCB_BENCH_DOCTOR_LOG_TIME_H

/* The times that lines of logs begin with, and their place on one clock. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mcb_log_clock {
    MCB_LOG_CLOCK_NONE,
    MCB_LOG_CLOCK_WALL,
    MCB_LOG_CLOCK_BOOT /* the kernel's: since the host was started */
};

/* As it is written. */
struct mcb_log_time {
    enum mcb_log_clock clock;
    int year; /* 0: not written */
    int month, day, hour, minute, second, microsecond;
    bool has_fraction, has_zone;
    int zone_minutes;  /* east of UTC */
    int64_t uptime_us; /* of MCB_LOG_CLOCK_BOOT */
};

#define MCB_LOG_NO_TIME INT64_MIN

/* Forms of a time at the beginning of text[length]: each returns how many bytes it takes, 0 if it
 * is not there. Nothing is written to *time then. */

/* "2026-11-22 09:14:02", also with "T", a fraction after "." or ",", "Z" or "+01:00" */
size_t mcb_log_time_read_iso(const char *text, size_t length, struct mcb_log_time *time);
/* "1122 09:14:02.118123", "20261122 09:14:02.118123" */
size_t mcb_log_time_read_glog(const char *text, size_t length, struct mcb_log_time *time);
/* "11-22 09:14:02" */
size_t mcb_log_time_read_short(const char *text, size_t length, struct mcb_log_time *time);
/* "Nov 22 09:14:02", "Nov  2 09:14:02.118123" */
size_t mcb_log_time_read_syslog(const char *text, size_t length, struct mcb_log_time *time);
/* "Sun Nov 22 09:14:02 2026" */
size_t mcb_log_time_read_ctime(const char *text, size_t length, struct mcb_log_time *time);
/* "12345.678901", blanks before it */
size_t mcb_log_time_read_uptime(const char *text, size_t length, struct mcb_log_time *time);

/* Microseconds since 1970-01-01T00:00:00Z; MCB_LOG_NO_TIME for a time that is no wall clock's.
 * Without a zone it is this process's local time. A year that is not written is the last one in
 * which the time is not after not_after_s (seconds since 1970), a day allowed for clocks that
 * differ. */
int64_t mcb_log_time_us(const struct mcb_log_time *time, int64_t not_after_s);

#endif
