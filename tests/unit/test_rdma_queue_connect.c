/* SPDX-License-Identifier: Apache-2.0 */
/* Queue pairs that the device does not make or connect: the errno is told apart, and both sides or
 * the limit are told. Verbs are the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <infiniband/verbs.h>
#include <string.h>

#include "rdma/device.h"
#include "rdma/queue_pair.h"

static int rtr_fails_with, create_fails_with;

int ibv_modify_qp(struct ibv_qp *qp, struct ibv_qp_attr *attributes, int mask)
{
    (void)qp;
    (void)mask;
    return attributes->qp_state == IBV_QPS_RTR ? rtr_fails_with : 0;
}

struct ibv_cq *ibv_create_cq(struct ibv_context *context, int entries, void *cq_context,
                             struct ibv_comp_channel *channel, int vector)
{
    static struct ibv_cq completions;
    (void)context;
    (void)entries;
    (void)cq_context;
    (void)channel;
    (void)vector;
    return &completions;
}

int ibv_destroy_cq(struct ibv_cq *cq)
{
    (void)cq;
    return 0;
}

/* What ibv_create_qp_ex() calls where a driver has nothing newer. */
struct ibv_qp *ibv_create_qp(struct ibv_pd *pd, struct ibv_qp_init_attr *attributes)
{
    (void)pd;
    (void)attributes;
    errno = create_fails_with;
    return NULL;
}

static struct ibv_context context;
static struct ibv_pd domain = {.context = &context};
static const struct mcb_device device = {
    .name = "mlx5_0",
    .limits = {.queue_pairs = 4000, .send_depth = 1024, .completions = 65536},
    .context = &context,
    .domain = &domain,
};
static struct mcb_gid gid = {.index = 3};

static struct mcb_error refusal_of_rtr(int failed, uint32_t peer_mtu_bytes)
{
    static const uint32_t numbers[] = {117}, sequences[] = {1};
    struct mcb_queue_pair pair = {.number = 17};
    struct mcb_queue_peer peer = {
        .mtu_bytes = peer_mtu_bytes, .lid = 9, .numbers = numbers, .sequences = sequences};
    struct mcb_error error;
    assert_int_equal(inet_pton(AF_INET6, "::ffff:10.0.0.1", gid.bytes), 1);
    assert_int_equal(inet_pton(AF_INET6, "::ffff:10.0.0.2", peer.gid), 1);
    struct mcb_queue_set set = {
        .options = {.device = &device, .port = 1, .ethernet = true, .mtu_bytes = 4096, .count = 1},
        .gid = gid,
        .pairs = &pair,
    };
    rtr_fails_with = failed;
    assert_int_equal(mcb_queue_set_connect(&set, &peer, &error), -1);
    return error;
}

static void assert_says(const struct mcb_error *error, const char *text)
{
    if (!strstr(error->detail, text))
        fail_msg("\"%s\" is not in: %s", text, error->detail);
}

static void an_address_that_does_not_answer_is_told_from_a_refusal(void **state)
{
    (void)state;
    static const struct {
        int failed;
        enum mcb_fault_code fault;
    } rows[] = {
        {ETIMEDOUT, MCB_FAULT_RDMA_RETRY},   {EHOSTUNREACH, MCB_FAULT_RDMA_RETRY},
        {ENETUNREACH, MCB_FAULT_RDMA_RETRY}, {EINVAL, MCB_FAULT_RDMA_QP_RTR},
        {ENODEV, MCB_FAULT_RDMA_QP_RTR},     {EPERM, MCB_FAULT_RDMA_QP_RTR},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct mcb_error error = refusal_of_rtr(rows[i].failed, 4096);
        assert_int_equal(error.code, rows[i].fault);
        assert_says(&error, rows[i].fault == MCB_FAULT_RDMA_RETRY
                                ? "mlx5_0 port 1: the peer's address does not answer ("
                                : "mlx5_0 port 1: the connection is refused (");
        assert_says(&error, strerror(rows[i].failed));
        assert_says(&error, "here GID ::ffff:10.0.0.1 (index 3), MTU 4096, LID 0, QPN 17; there "
                            "GID ::ffff:10.0.0.2, MTU 4096, LID 9, QPN 117");
    }
}

static void mtus_that_differ_are_pointed_out_where_they_may_matter(void **state)
{
    (void)state;
    struct mcb_error error = refusal_of_rtr(EINVAL, 1024);
    assert_says(&error, "MTU 1024, LID 9, QPN 117");
    error = refusal_of_rtr(EINVAL, 4096);
    assert_null(strstr(error.detail, "differ"));
    error = refusal_of_rtr(ETIMEDOUT, 1024);
    assert_null(strstr(error.detail, "differ"));
}

static void a_queue_pair_that_is_not_made_is_told_with_the_limit_of_all(void **state)
{
    (void)state;
    struct mcb_queue_set *set = NULL;
    struct mcb_error error;
    const struct mcb_queue_options options = {
        .device = &device,
        .gid = &gid,
        .port = 1,
        .mtu_bytes = 4096,
        .message_bytes = 4096,
        .message_most = 1 << 30,
        .count = 8,
        .depth = 16,
        .initiates = true,
    };
    create_fails_with = ENOMEM;
    assert_int_equal(mcb_queue_set_open(&options, &set, &error), -1);
    assert_null(set);
    assert_int_equal(error.code, MCB_FAULT_RDMA_QP_CREATE);
    assert_says(&error, "mlx5_0: queue pair 1 of 8 (depth 16, 0 receives) cannot be created: ");
    assert_says(&error, "(ENOMEM); all processes together may have 4000 (max_qp)");
    create_fails_with = EINVAL;
    assert_int_equal(mcb_queue_set_open(&options, &set, &error), -1);
    assert_null(strstr(error.detail, "ENOMEM"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_that_does_not_answer_is_told_from_a_refusal),
        cmocka_unit_test(mtus_that_differ_are_pointed_out_where_they_may_matter),
        cmocka_unit_test(a_queue_pair_that_is_not_made_is_told_with_the_limit_of_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
