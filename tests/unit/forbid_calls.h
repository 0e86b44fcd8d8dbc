/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_TESTS_UNIT_FORBID_CALLS_H
#define MCB_TESTS_UNIT_FORBID_CALLS_H

/* A process that is refused system calls, as by a container's seccomp profile. */

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

enum { FORBIDDEN_MAX = 8 };

/* From now on the calls of these numbers fail with EPERM. -1 where the kernel has no seccomp. */
static inline int forbid_calls(const int *numbers, unsigned count)
{
    struct sock_filter filter[2 * FORBIDDEN_MAX + 2];
    unsigned short length = 0;
    filter[length++] =
        (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (unsigned n = 0; n < count && n < FORBIDDEN_MAX; n++) {
        filter[length++] =
            (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)numbers[n], 0, 1);
        filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
    }
    filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    const struct sock_fprog program = {length, filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -1;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

#endif
