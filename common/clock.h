/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_COMMON_CLOCK_H
#define MCB_COMMON_CLOCK_H

/* The monotonic clock in nanoseconds, and deadlines on it. */

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define MCB_NS_PER_US INT64_C(1000)
#define MCB_NS_PER_MS INT64_C(1000000)
#define MCB_NS_PER_S  INT64_C(1000000000)

static inline int64_t mcb_clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * MCB_NS_PER_S + now.tv_nsec;
}

/* Milliseconds until the deadline for poll(2), rounded up; 0 if it has passed. */
static inline int mcb_clock_ms_until(int64_t deadline_ns)
{
    int64_t left_ns = deadline_ns - mcb_clock_ns();
    if (left_ns <= 0)
        return 0;
    int64_t left_ms = (left_ns + MCB_NS_PER_MS - 1) / MCB_NS_PER_MS;
    return left_ms > INT32_MAX ? INT32_MAX : (int)left_ms;
}

#endif
