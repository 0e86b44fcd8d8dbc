/* SPDX-License-Identifier: Apache-2.0 */
/* Of a burst of failed completions the first real one is told. Completions are the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <infiniband/verbs.h>
#include <string.h>

#include "rdma/completion.h"
#include "rdma/queue_pair.h"

static struct ibv_wc pending[16];
static int pending_count, taken;

/* In batches of two. */
static int poll_pending(struct ibv_cq *cq, int most, struct ibv_wc *batch)
{
    int count = pending_count - taken < 2 ? pending_count - taken : 2;
    (void)cq;
    assert_true(most >= 2);
    memcpy(batch, &pending[taken], (size_t)count * sizeof *batch);
    taken += count;
    return count;
}

int ibv_modify_qp(struct ibv_qp *qp, struct ibv_qp_attr *attributes, int mask)
{
    (void)qp;
    (void)mask;
    assert_int_equal(attributes->qp_state, IBV_QPS_ERR);
    return 0;
}

static struct ibv_wc completion(uint32_t qpn, enum ibv_wc_status status)
{
    return (struct ibv_wc){.qp_num = qpn, .status = status, .vendor_err = 0x81};
}

/* `failed` were polled by the loop, the others come while the set is drained. */
static struct mcb_error error_of(const struct ibv_wc *failed, int count, struct mcb_queue_set *set)
{
    static struct ibv_context context = {.ops = {.poll_cq = poll_pending}};
    static struct ibv_cq completions = {.context = &context};
    static struct mcb_queue_pair pairs[] = {{.number = 17, .peer_number = 117},
                                            {.number = 18, .peer_number = 118}};
    struct mcb_error error;
    *set = (struct mcb_queue_set){
        .options = {.count = 2}, .pairs = pairs, .completions = &completions, .path = "a -> b"};
    taken = 0;
    assert_int_equal(mcb_queue_set_fail(set, failed, count, &error), -1);
    assert_true(set->broken);
    return error;
}

static void both_ends_are_named_and_the_flushed_counted(void **state)
{
    (void)state;
    struct mcb_queue_set set;
    const struct ibv_wc first = completion(18, IBV_WC_RETRY_EXC_ERR);
    pending[0] = pending[1] = pending[2] = completion(18, IBV_WC_WR_FLUSH_ERR);
    pending_count = 3;
    struct mcb_error error = error_of(&first, 1, &set);
    assert_int_equal(error.code, MCB_FAULT_RDMA_RETRY);
    assert_int_equal(set.failed_status, IBV_WC_RETRY_EXC_ERR);
    assert_non_null(strstr(error.detail, "on queue pair 18 (of the peer: 118) failed"));
    assert_non_null(strstr(error.detail, "3 completions were flushed"));
}

static void a_flush_of_one_queue_pair_does_not_hide_the_failure_of_another(void **state)
{
    (void)state;
    struct mcb_queue_set set;
    const struct ibv_wc batch[] = {completion(17, IBV_WC_WR_FLUSH_ERR),
                                   completion(17, IBV_WC_WR_FLUSH_ERR)};
    pending[0] = completion(18, IBV_WC_SUCCESS);
    pending[1] = completion(17, IBV_WC_WR_FLUSH_ERR);
    pending[2] = completion(18, IBV_WC_REM_ACCESS_ERR);
    pending[3] = completion(17, IBV_WC_RETRY_EXC_ERR); /* later than the other one */
    pending_count = 4;
    struct mcb_error error = error_of(batch, 2, &set);
    assert_int_equal(error.code, MCB_FAULT_RDMA_REMOTE_ACCESS);
    assert_non_null(strstr(error.detail, "queue pair 18"));
    assert_non_null(strstr(error.detail, "3 completions were flushed"));
}

static void a_flush_alone_is_said_to_be_one(void **state)
{
    (void)state;
    struct mcb_queue_set set;
    const struct ibv_wc flush = completion(17, IBV_WC_WR_FLUSH_ERR);
    pending_count = 0;
    assert_int_equal(error_of(&flush, 1, &set).code, MCB_FAULT_RDMA_FLUSHED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_are_named_and_the_flushed_counted),
        cmocka_unit_test(a_flush_of_one_queue_pair_does_not_hide_the_failure_of_another),
        cmocka_unit_test(a_flush_alone_is_said_to_be_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
