/* SPDX-License-Identifier: Apache-2.0 */
/* A NIC that may not touch memory which it was given: of a GPU's that is the fault, of other memory
 * the completion is. The completion queue is the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <infiniband/verbs.h>
#include <stdalign.h>

#include "bench/transport/rdma_side.h"
#include "common/clock.h"
#include "rdma/completion.h"
#include "tests/unit/gpu_buffer.h"

static alignas(GPU_PAGE) uint8_t memory[GPU_PAGE];
static enum ibv_wc_status fails_with;
static bool failed_yet;

int ibv_modify_qp(struct ibv_qp *qp, struct ibv_qp_attr *attributes, int mask)
{
    (void)qp;
    (void)attributes;
    (void)mask;
    return 0;
}

static int poll_failed(struct ibv_cq *cq, int most, struct ibv_wc *batch)
{
    (void)cq;
    (void)most;
    if (failed_yet)
        return 0;
    failed_yet = true;
    batch[0] = (struct ibv_wc){.wr_id = mcb_work_id(0, 1), .status = fails_with, .qp_num = 17};
    return 1;
}

static int post_nothing(struct mcb_queue_pair *pair, uint32_t slot, uint32_t count)
{
    (void)pair;
    (void)slot;
    (void)count;
    return 0;
}

static struct mcb_error error_of(enum ibv_wc_status status, const struct mcb_buffer *buffer,
                                 enum mcb_route route)
{
    struct ibv_context context = {.ops = {.poll_cq = poll_failed}};
    struct ibv_cq completions = {.context = &context};
    struct mcb_device device = {.name = "mlx5_0"};
    struct mcb_queue_pair pair = {.number = 17, .peer_number = 117, .depth = 1};
    struct mcb_queue_set set = {
        .options =
            {.device = &device, .count = 1, .depth = 1, .signal_every = 1, .initiates = true},
        .completions = &completions,
        .pairs = &pair,
        .post = post_nothing,
        .path = "mlx5_0 -> 10.0.0.2",
    };
    struct mcb_endpoint endpoint = {.buffer = buffer, .device = &device};
    struct mcb_side side = {.endpoint = &endpoint, .set = &set, .connected = true};
    struct mcb_task task = {
        .kind = MCB_TASK_LAP, .deadline_ns = mcb_clock_ns() + 60 * MCB_NS_PER_S, .sent_event = -1};
    struct mcb_error error;
    side.cell.route = route;
    fails_with = status;
    failed_yet = false;
    assert_int_equal(mcb_rdma_side_run(&side, &task, &error), -1);
    return error;
}

static void memory_of_a_gpu_that_the_nic_does_not_reach_is_the_fault(void **state)
{
    (void)state;
    struct mcb_buffer buffer = gpu_buffer(memory, sizeof memory);
    struct mcb_error error = error_of(IBV_WC_LOC_PROT_ERR, &buffer, MCB_ROUTE_DIRECT);
    assert_int_equal(error.code, MCB_FAULT_GPU_UNREACHABLE);
    assert_non_null(strstr(error.detail, "mlx5_0: cuda:"));
    assert_non_null(strstr(error.detail, "is registered, but the NIC does not reach it: "));
    assert_non_null(strstr(error.detail, "local protection error"));
}

static void other_statuses_routes_and_memories_are_not_blamed_on_it(void **state)
{
    (void)state;
    static const struct mcb_memory of_host = {.of_gpu = false};
    struct mcb_buffer gpus = gpu_buffer(memory, sizeof memory);
    struct mcb_buffer hosts = {.address = memory, .memory = "cpu:0", .kind = &of_host};
    assert_int_equal(error_of(IBV_WC_LOC_PROT_ERR, &gpus, MCB_ROUTE_HOST).code,
                     MCB_FAULT_RDMA_COMPLETION);
    assert_int_equal(error_of(IBV_WC_LOC_PROT_ERR, &hosts, MCB_ROUTE_DIRECT).code,
                     MCB_FAULT_RDMA_COMPLETION);
    assert_int_equal(error_of(IBV_WC_RETRY_EXC_ERR, &gpus, MCB_ROUTE_DIRECT).code,
                     MCB_FAULT_RDMA_RETRY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_of_a_gpu_that_the_nic_does_not_reach_is_the_fault),
        cmocka_unit_test(other_statuses_routes_and_memories_are_not_blamed_on_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
