/* SPDX-License-Identifier: Apache-2.0 */
/* Signals, work request ids and the meaning of completions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rdma/completion.h"
#include "rdma/queue_pair.h"

/* Numbers of enum ibv_wc_status, as logs show them. */
enum {
    SUCCESS = 0,
    LOCAL_PROTECTION = 4,
    FLUSHED = 5,
    REMOTE_ACCESS = 10,
    RETRY_EXCEEDED = 12,
    RNR_RETRY_EXCEEDED = 13
};

static void a_work_request_id_gives_back_what_went_in(void **state)
{
    (void)state;
    uint64_t work = mcb_work_id(65535, 0xffffffff);
    assert_int_equal(mcb_work_queue_pair(work), 65535);
    assert_int_equal(mcb_work_messages(work), 0xffffffff);
    assert_false(work & MCB_WORK_RECEIVE);
    assert_int_equal(mcb_work_queue_pair(work | MCB_WORK_RECEIVE), 65535);
}

static void a_batch_is_64_kib_16_messages_or_a_quarter_of_the_depth(void **state)
{
    (void)state;
    assert_int_equal(mcb_queue_signal_every(128, 65536), 1);
    assert_int_equal(mcb_queue_signal_every(128, 8 << 20), 1);
    assert_int_equal(mcb_queue_signal_every(128, 8192), 8);
    assert_int_equal(mcb_queue_signal_every(128, 1), 16);
    assert_int_equal(mcb_queue_signal_every(13, 1000), 3);
    assert_int_equal(mcb_queue_signal_every(3, 8), 1);
    assert_int_equal(mcb_queue_signal_every(1, 1), 1);
}

static void a_status_is_the_fault_that_it_means(void **state)
{
    (void)state;
    assert_int_equal(mcb_completion_fault(RETRY_EXCEEDED), MCB_FAULT_RDMA_RETRY);
    assert_int_equal(mcb_completion_fault(RNR_RETRY_EXCEEDED), MCB_FAULT_RDMA_RNR);
    assert_int_equal(mcb_completion_fault(REMOTE_ACCESS), MCB_FAULT_RDMA_REMOTE_ACCESS);
    assert_int_equal(mcb_completion_fault(LOCAL_PROTECTION), MCB_FAULT_RDMA_COMPLETION);
    assert_int_equal(mcb_completion_fault(FLUSHED), MCB_FAULT_RDMA_FLUSHED);
    assert_int_equal(mcb_completion_fault(9999), MCB_FAULT_RDMA_COMPLETION);
    assert_string_equal(mcb_completion_text(RETRY_EXCEEDED), "transport retry counter exceeded");
    assert_non_null(mcb_completion_text(9999));
}

static void only_a_flush_is_a_consequence(void **state)
{
    (void)state;
    assert_true(mcb_completion_is_flush(FLUSHED));
    assert_false(mcb_completion_is_flush(RETRY_EXCEEDED));
    assert_false(mcb_completion_is_flush(SUCCESS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_work_request_id_gives_back_what_went_in),
        cmocka_unit_test(a_batch_is_64_kib_16_messages_or_a_quarter_of_the_depth),
        cmocka_unit_test(a_status_is_the_fault_that_it_means),
        cmocka_unit_test(only_a_flush_is_a_consequence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
