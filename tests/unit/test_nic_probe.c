/* SPDX-License-Identifier: Apache-2.0 */
/* NICs are tried all at the same time, and each ends with an answer of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "bench/doctor/nic_probe.h"
#include "common/clock.h"

enum { NICS = 32, ROUNDS = 50 };

/* Threads that end while others are begun must not take what these share with them. */
static void many_that_are_not_there_end_at_once_each_with_an_answer(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct mcb_nic_probe probes[NICS] = {0};
        for (unsigned i = 0; i < NICS; i++) {
            snprintf(probes[i].name, sizeof probes[i].name, "none_%u", i);
            probes[i].port = 1;
            probes[i].gid_index = -1;
        }
        mcb_nic_probe_all(probes, NICS, mcb_clock_ns() + 60 * MCB_NS_PER_S, NULL);
        for (unsigned i = 0; i < NICS; i++) {
            assert_true(probes[i].answered);
            assert_int_equal(probes[i].error.code, MCB_FAULT_RDMA_NO_SUCH_NIC);
            assert_int_equal(probes[i].reached, MCB_STAGE_NONE);
        }
    }
}

static void a_deadline_that_is_past_is_not_waited_for(void **state)
{
    (void)state;
    struct mcb_nic_probe probe = {.name = "none_0", .port = 1, .gid_index = -1};
    mcb_nic_probe_all(&probe, 1, mcb_clock_ns() - MCB_NS_PER_S, NULL);
    assert_int_equal(probe.reached, MCB_STAGE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_that_are_not_there_end_at_once_each_with_an_answer),
        cmocka_unit_test(a_deadline_that_is_past_is_not_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
