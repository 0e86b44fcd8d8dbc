/* SPDX-License-Identifier: Apache-2.0 */
/* What a NIC wrote is made visible in the way that the memory needs, and the side says which. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdalign.h>

#include "bench/transport/rdma_side.h"
#include "common/clock.h"
#include "tests/unit/gpu_buffer.h"

static alignas(GPU_PAGE) uint8_t memory[GPU_PAGE];
static struct mcb_buffer buffer;
static struct mcb_registration registration;
static struct mcb_endpoint endpoint;
static struct mcb_side side;
static struct mcb_settings settings;
static atomic_bool aborted;
static int64_t read_most_ns;
static unsigned reads;
static bool read_fails;

int mcb_loopback_flush(struct mcb_loopback *loopback, const struct mcb_registration *read_from,
                       const struct mcb_loopback_limits *limits, struct mcb_error *error)
{
    assert_ptr_equal(loopback, endpoint.loopback);
    assert_ptr_equal(read_from, &registration);
    assert_ptr_equal(limits->abort, &aborted);
    read_most_ns = limits->most_ns;
    reads++;
    return read_fails ? mcb_error_set(error, MCB_FAULT_RDMA_STUCK, "it hangs") : 0;
}

static int set_up(void **state)
{
    (void)state;
    gpu = (struct gpu_behaviour){.flush = MCB_FLUSH_NONE};
    reads = 0;
    read_fails = false;
    buffer = gpu_buffer(memory, sizeof(memory));
    settings = (struct mcb_settings){.timeout_ns = 30 * MCB_NS_PER_S};
    endpoint = (struct mcb_endpoint){
        .buffer = &buffer, .settings = &settings, .loopback = (struct mcb_loopback *)&reads};
    side = (struct mcb_side){.endpoint = &endpoint, .registration = &registration};
    return 0;
}

static void assert_settled_by(const char *way)
{
    struct mcb_error error;
    assert_int_equal(mcb_rdma_side_settle(&side, &aborted, &error), 0);
    assert_string_equal(side.visible_by, way);
}

static void the_flush_of_the_gpu_is_called_where_it_works(void **state)
{
    (void)state;
    gpu.flush = MCB_FLUSH_CALL;
    assert_settled_by("flush");
    assert_int_equal(gpu.flushes, 1);
    assert_int_equal(reads, 0);
}

static void elsewhere_the_nic_reads_from_the_memory_of_the_side(void **state)
{
    (void)state;
    gpu.flush = MCB_FLUSH_READ;
    assert_settled_by("rdma-read");
    assert_int_equal(gpu.flushes, 0);
    assert_int_equal(reads, 1);
}

static void a_gpu_that_needs_neither_is_left_alone(void **state)
{
    (void)state;
    assert_settled_by("completion");
    assert_int_equal(gpu.flushes + reads, 0);
}

static void what_was_staged_is_complete(void **state)
{
    (void)state;
    gpu.flush = MCB_FLUSH_CALL;
    side.cell.route = MCB_ROUTE_STAGED;
    assert_settled_by("completion");
    side.cell.route = MCB_ROUTE_HOST;
    assert_settled_by("completion");
    assert_int_equal(gpu.flushes, 0);
}

static void host_memory_is_complete(void **state)
{
    (void)state;
    buffer.kind = &mcb_memory_host;
    assert_settled_by("completion");
}

static void a_read_that_fails_is_the_fault(void **state)
{
    (void)state;
    struct mcb_error error;
    gpu.flush = MCB_FLUSH_READ;
    read_fails = true;
    assert_int_equal(mcb_rdma_side_settle(&side, &aborted, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_RDMA_STUCK);
    assert_null(side.visible_by);
}

static void a_read_takes_no_longer_than_the_timeout(void **state)
{
    (void)state;
    gpu.flush = MCB_FLUSH_READ;
    assert_settled_by("rdma-read");
    assert_true(read_most_ns < 30 * MCB_NS_PER_S);
    settings.timeout_ns = MCB_NS_PER_S;
    assert_settled_by("rdma-read");
    assert_int_equal(read_most_ns, MCB_NS_PER_S);
}

static void where_the_nic_does_not_reach_itself_that_is_the_fault_of_a_read_alone(void **state)
{
    (void)state;
    struct mcb_error error;
    endpoint.loopback = NULL;
    mcb_error_write(&endpoint.loopback_fault, MCB_FAULT_RDMA_LOOPBACK, "it does not");
    gpu.flush = MCB_FLUSH_READ;
    assert_int_equal(mcb_rdma_side_settle(&side, &aborted, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_RDMA_LOOPBACK);
    assert_null(side.visible_by);
    gpu.flush = MCB_FLUSH_CALL;
    assert_settled_by("flush");
    gpu.flush = MCB_FLUSH_NONE;
    assert_settled_by("completion");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_flush_of_the_gpu_is_called_where_it_works, set_up),
        cmocka_unit_test_setup(elsewhere_the_nic_reads_from_the_memory_of_the_side, set_up),
        cmocka_unit_test_setup(a_gpu_that_needs_neither_is_left_alone, set_up),
        cmocka_unit_test_setup(what_was_staged_is_complete, set_up),
        cmocka_unit_test_setup(host_memory_is_complete, set_up),
        cmocka_unit_test_setup(a_read_that_fails_is_the_fault, set_up),
        cmocka_unit_test_setup(a_read_takes_no_longer_than_the_timeout, set_up),
        cmocka_unit_test_setup(
            where_the_nic_does_not_reach_itself_that_is_the_fault_of_a_read_alone, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
