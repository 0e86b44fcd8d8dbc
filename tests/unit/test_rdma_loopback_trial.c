/* SPDX-License-Identifier: Apache-2.0 */
/* A trial of a port with itself says how far it came, and passes only if every byte arrived. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <infiniband/verbs.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "rdma/device.h"
#include "rdma/loopback_parts.h"
#include "rdma/loopback_trial.h"

enum { BYTES = 65536 };

/* ---- a NIC of the test, which carries at once ---- */

static struct {
    enum mcb_fault_code open, connect, reg_mr, write, read; /* how these fail */
    size_t flipped;                                         /* byte of a message + 1; 0: none */
    bool skips_read;                                        /* a read brings nothing */
    unsigned sets, regions, transfers;
} nic;

int mcb_loopback_set_open(const struct mcb_loopback_options *options, enum mcb_verb verb,
                          uint64_t message_bytes, struct mcb_queue_set **set,
                          struct mcb_error *error)
{
    assert_int_equal(message_bytes, BYTES);
    if (nic.open)
        return mcb_error_set(error, nic.open, "%s: no queue pair", options->device->name);
    *set = calloc(1, sizeof(**set));
    assert_non_null(*set);
    (*set)->options.verb = verb;
    nic.sets++;
    return 0;
}

void mcb_queue_set_close(struct mcb_queue_set *set)
{
    nic.sets -= set != NULL;
    free(set);
}

int mcb_loopback_set_connect(struct mcb_queue_set *set, const struct mcb_queue_set *other,
                             const struct mcb_loopback_options *options, struct mcb_error *error)
{
    assert_ptr_not_equal(set, other);
    return nic.connect ? mcb_error_set(error, nic.connect, "%s: refused", options->device->name)
                       : 0;
}

int mcb_loopback_set_transfer(struct mcb_queue_set *set, const struct mcb_slot *message,
                              const struct mcb_loop *call, struct mcb_error *error)
{
    bool reads = set->options.verb == MCB_VERB_READ;
    enum mcb_fault_code fault = reads ? nic.read : nic.write;
    uint8_t *to = (uint8_t *)(uintptr_t)(reads ? message->local : message->remote);
    const uint8_t *from = (const uint8_t *)(uintptr_t)(reads ? message->remote : message->local);
    assert_int_equal(message->local_key, 1);
    assert_int_equal(message->remote_key, 2);
    nic.transfers++;
    if (atomic_load(call->abort))
        return mcb_error_set(error, MCB_FAULT_RUN_INTERRUPTED, "interrupted");
    if (fault)
        return mcb_error_set(error, fault, "status");
    assert_int_not_equal(memcmp(to, from, BYTES), 0);
    if (!(reads && nic.skips_read))
        memcpy(to, from, BYTES);
    if (nic.flipped)
        to[nic.flipped - 1] ^= 0x10;
    return 0;
}

struct ibv_mr *ibv_reg_mr_iova2(struct ibv_pd *pd, void *address, size_t length, uint64_t iova,
                                unsigned int access)
{
    static struct ibv_mr handle = {.lkey = 1, .rkey = 2};
    (void)pd;
    (void)address;
    (void)iova;
    (void)access;
    assert_true(length >= 2 * BYTES);
    if (nic.reg_mr) {
        errno = EINVAL;
        return NULL;
    }
    nic.regions++;
    return &handle;
}

int ibv_dereg_mr(struct ibv_mr *mr)
{
    (void)mr;
    nic.regions--;
    return 0;
}

/* ---- asking it ---- */

static int set_up(void **state)
{
    (void)state;
    memset(&nic, 0, sizeof(nic));
    return 0;
}

static int nothing_is_left(void **state)
{
    (void)state;
    assert_int_equal(nic.sets, 0);
    assert_int_equal(nic.regions, 0);
    return 0;
}

static enum mcb_fault_code try_port(const atomic_bool *abort, enum mcb_trial_step *reached,
                                    struct mcb_error *error)
{
    static const struct mcb_device device = {.name = "mlx5_0",
                                             .limits = {.region_bytes = UINT64_MAX}};
    static const struct mcb_gid gid = {.bytes = {0xfe, 0x80}};
    const struct mcb_loopback_options options = {
        .device = &device, .gid = &gid, .port = 1, .mtu_bytes = 4096};
    const struct mcb_loopback_limits limits = {MCB_NS_PER_S, abort};
    *error = (struct mcb_error){.code = MCB_FAULT_NONE};
    int status = mcb_loopback_trial(&options, BYTES, &limits, reached, error);
    assert_int_equal(status, error->code == MCB_FAULT_NONE ? 0 : -1);
    return error->code;
}

static void assert_trial(enum mcb_fault_code code, enum mcb_trial_step step, const char *part)
{
    enum mcb_trial_step reached;
    struct mcb_error error;
    assert_int_equal(try_port(NULL, &reached, &error), code);
    assert_int_equal(reached, step);
    if (code != MCB_FAULT_NONE && !strstr(error.detail, part))
        fail_msg("\"%s\" is not in: %s", part, error.detail);
}

static void a_port_that_works_is_verified_by_write_and_by_read(void **state)
{
    (void)state;
    assert_trial(MCB_FAULT_NONE, MCB_TRIAL_VERIFIED, "");
    assert_int_equal(nic.transfers, 2);
}

static void the_step_that_fails_is_told_by_those_before_it(void **state)
{
    (void)state;
    nic.read = MCB_FAULT_RDMA_REMOTE_ACCESS;
    assert_trial(MCB_FAULT_RDMA_REMOTE_ACCESS, MCB_TRIAL_CONNECTED,
                 "mlx5_0 port 1, an RDMA read of 65536 bytes to itself: status");
    nic.write = MCB_FAULT_RDMA_RNR;
    assert_trial(MCB_FAULT_RDMA_RNR, MCB_TRIAL_CONNECTED, "an RDMA write of 65536 bytes");
    nic.connect = MCB_FAULT_RDMA_QP_RTR;
    assert_trial(MCB_FAULT_RDMA_QP_RTR, MCB_TRIAL_REGISTERED, "refused");
    nic.reg_mr = MCB_FAULT_RDMA_REGISTER;
    assert_trial(MCB_FAULT_RDMA_REGISTER, MCB_TRIAL_QUEUE_PAIRS, "mlx5_0");
    nic.open = MCB_FAULT_RDMA_QP_CREATE;
    assert_trial(MCB_FAULT_RDMA_QP_CREATE, MCB_TRIAL_NOTHING, "no queue pair");
}

/* The kernel that finds no way to the address, and a NIC that gets no acknowledgement. */
static void no_way_to_itself_is_told_where_it_shows(void **state)
{
    (void)state;
    nic.write = MCB_FAULT_RDMA_RETRY;
    assert_trial(MCB_FAULT_RDMA_LOOPBACK, MCB_TRIAL_CONNECTED, "to itself: status");
    nic.write = MCB_FAULT_RDMA_STUCK;
    assert_trial(MCB_FAULT_RDMA_LOOPBACK, MCB_TRIAL_CONNECTED, "to itself: status");
    nic.connect = MCB_FAULT_RDMA_RETRY;
    assert_trial(MCB_FAULT_RDMA_RETRY, MCB_TRIAL_REGISTERED, "refused");
}

static void every_byte_counts(void **state)
{
    (void)state;
    static const size_t bytes[] = {0, 1, 7, 8, 32768, BYTES - 1};
    for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
        nic.flipped = bytes[i] + 1;
        assert_trial(MCB_FAULT_DATA_CORRUPT, MCB_TRIAL_CONNECTED, "1 of 8192 words are wrong");
    }
    nic.flipped = 0;
    nic.skips_read = true; /* what the write left there does not pass for what the read brings */
    assert_trial(MCB_FAULT_DATA_CORRUPT, MCB_TRIAL_CONNECTED, "8192 of 8192 words are wrong");
}

static void an_interruption_ends_it(void **state)
{
    (void)state;
    atomic_bool aborted = true;
    enum mcb_trial_step reached;
    struct mcb_error error;
    assert_int_equal(try_port(&aborted, &reached, &error), MCB_FAULT_RUN_INTERRUPTED);
    assert_int_equal(reached, MCB_TRIAL_CONNECTED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, nothing_is_left)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_port_that_works_is_verified_by_write_and_by_read),
        TEST(the_step_that_fails_is_told_by_those_before_it),
        TEST(no_way_to_itself_is_told_where_it_shows),
        TEST(every_byte_counts),
        TEST(an_interruption_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
