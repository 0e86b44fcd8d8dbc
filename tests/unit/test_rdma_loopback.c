/* SPDX-License-Identifier: Apache-2.0 */
/* Memory passes as reached only if every byte goes both ways, whatever the NIC says of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <infiniband/verbs.h>
#include <stdalign.h>
#include <stdio.h>

#include "common/clock.h"
#include "rdma/completion.h"
#include "rdma/device.h"
#include "rdma/loopback.h"
#include "rdma/queue_pair.h"
#include "tests/unit/gpu_buffer.h"

enum { LENGTH = 2 * GPU_PAGE, REGION = GPU_PAGE, TRANSFERS_MAX = 256 };

static alignas(GPU_PAGE) uint8_t memory[LENGTH];

/* ---- a NIC of the test: one transfer at a time, done when it is polled for ---- */

enum ailment {
    HEALTHY,
    LOSES_WRITES, /* what it writes to the GPU gets nowhere */
    READS_ONES,   /* what it reads from the GPU is all ones, as of a PCI function that is gone */
    READS_STALE,  /* it reads what the GPU held at first */
    FAILS,        /* a transfer with the GPU has a completion that says so */
    HANGS,        /* and none at all */
    DEAF,         /* nothing that it sends itself arrives */
    MUDDLES       /* what it sends itself arrives as something else */
};

static struct {
    enum ailment ailment;
    bool by_local_key; /* only where the GPU's memory is the local end */
    uint64_t from;     /* only at this offset and above */
    bool late;         /* its writes to the GPU become visible by a flush */

    unsigned opened, closed, transfers, regions, tried_itself;
    uint8_t ack_timeout;
    uint64_t values[TRANSFERS_MAX]; /* carried */
    uint64_t offsets[TRANSFERS_MAX];
    bool into[TRANSFERS_MAX], remote[TRANSFERS_MAX];
    enum ibv_wc_status status; /* of the completion to come */
    bool completes;
    uint64_t pending_value, *pending; /* written and not yet visible */
} nic;

static void make_visible(void)
{
    if (nic.pending)
        *nic.pending = nic.pending_value;
    nic.pending = NULL;
}

static bool is_gpu(uint64_t address)
{
    return address >= (uintptr_t)memory && address < (uintptr_t)memory + LENGTH;
}

static void check_keys(const struct mcb_slot *slot)
{
    assert_int_equal(slot->local_key, is_gpu(slot->local) ? 11 : 1);
    assert_int_equal(slot->remote_key, is_gpu(slot->remote) ? 12 : 2);
    assert_false(is_gpu(slot->local) && is_gpu(slot->remote));
}

/* Between two places of host memory. */
static int post_to_itself(const struct mcb_slot *slot, bool reads)
{
    void *to = (void *)(uintptr_t)(reads ? slot->local : slot->remote);
    const void *from = (const void *)(uintptr_t)(reads ? slot->remote : slot->local);
    nic.tried_itself |= 1u << reads;
    nic.completes = nic.ailment != HANGS;
    nic.status = nic.ailment == DEAF ? IBV_WC_RETRY_EXC_ERR : IBV_WC_SUCCESS;
    if (nic.ailment != MUDDLES)
        memcpy(to, from, sizeof(uint64_t));
    return 0;
}

static uint64_t read_gpu(const uint64_t *from)
{
    make_visible(); /* a read pushes what was written before */
    if (nic.ailment == READS_ONES)
        return UINT64_MAX;
    return nic.ailment == READS_STALE ? 0 : *from;
}

static void write_gpu(uint64_t *to, uint64_t value)
{
    if (nic.ailment == LOSES_WRITES)
        return;
    make_visible();
    nic.pending = to;
    nic.pending_value = value;
    if (!nic.late)
        make_visible();
}

static int post(struct mcb_queue_pair *pair, uint32_t index, uint32_t count)
{
    const struct mcb_slot *slot = &pair->slots[index];
    bool reads = pair->index == MCB_VERB_READ;
    uint64_t gpu_address = is_gpu(slot->local) ? slot->local : slot->remote;
    uint64_t *gpu_word = (uint64_t *)(memory + (gpu_address - (uintptr_t)memory));
    uint64_t host_address = is_gpu(slot->local) ? slot->remote : slot->local, host_value;
    void *host = (void *)(uintptr_t)host_address;
    enum ailment ailment = nic.ailment;
    assert_int_equal(count, 1);
    assert_true(nic.transfers < TRANSFERS_MAX);
    check_keys(slot);
    if (!is_gpu(slot->local) && !is_gpu(slot->remote))
        return post_to_itself(slot, reads);
    if ((nic.by_local_key && !is_gpu(slot->local)) || gpu_address - (uintptr_t)memory < nic.from)
        nic.ailment = HEALTHY;
    unsigned at = nic.transfers++;
    nic.completes = nic.ailment != HANGS;
    nic.status = nic.ailment == FAILS ? IBV_WC_REM_OP_ERR : IBV_WC_SUCCESS;
    nic.offsets[at] = gpu_address - (uintptr_t)memory;
    nic.into[at] = reads == is_gpu(slot->local);
    nic.remote[at] = is_gpu(slot->remote);
    if (nic.into[at]) {
        memcpy(&host_value, host, sizeof(host_value));
        write_gpu(gpu_word, host_value);
    } else {
        host_value = read_gpu(gpu_word);
        memcpy(host, &host_value, sizeof(host_value));
    }
    nic.values[at] = host_value;
    nic.ailment = ailment;
    return 0;
}

static int poll(struct ibv_cq *cq, int most, struct ibv_wc *completions)
{
    (void)cq;
    (void)most;
    if (!nic.completes)
        return 0;
    nic.completes = false;
    completions[0] = (struct ibv_wc){.status = nic.status, .qp_num = 17};
    return 1;
}

static struct ibv_context context = {.ops = {.poll_cq = poll}};
static struct ibv_cq completions = {.context = &context};

int mcb_queue_set_open(const struct mcb_queue_options *options, struct mcb_queue_set **set,
                       struct mcb_error *error)
{
    (void)error;
    struct mcb_queue_set *opened = calloc(1, sizeof(*opened));
    assert_non_null(opened);
    assert_int_equal(options->inline_bytes, 0);
    opened->options = *options;
    opened->completions = &completions;
    opened->post = post;
    opened->pairs = calloc(1, sizeof(*opened->pairs));
    assert_non_null(opened->pairs);
    opened->pairs[0].index = options->verb;
    opened->pairs[0].number = 20 + (uint32_t)options->verb;
    opened->pairs[0].slots = calloc(1, sizeof(*opened->pairs[0].slots));
    snprintf(opened->path, sizeof(opened->path), "mlx5_0 -> itself");
    nic.ack_timeout = options->ack_timeout;
    nic.opened++;
    *set = opened;
    return 0;
}

void mcb_queue_set_close(struct mcb_queue_set *set)
{
    if (!set)
        return;
    nic.closed++;
    free(set->pairs[0].slots);
    free(set->pairs);
    free(set);
}

void mcb_queue_set_assign(struct mcb_queue_set *set, uint32_t pair, uint32_t slot,
                          const struct mcb_slot *message, uint64_t landing, uint32_t landing_key)
{
    (void)landing;
    (void)landing_key;
    set->pairs[pair].slots[slot] = *message;
}

int mcb_queue_pair_receive(struct mcb_queue_pair *pair, uint32_t count)
{
    (void)pair;
    (void)count;
    fail_msg("nothing is received");
    return -1;
}

int mcb_queue_set_connect(struct mcb_queue_set *set, const struct mcb_queue_peer *peer,
                          struct mcb_error *error)
{
    (void)error;
    assert_int_not_equal(peer->numbers[0], set->pairs[0].number); /* the other one's */
    return 0;
}

int ibv_modify_qp(struct ibv_qp *qp, struct ibv_qp_attr *attr, int attr_mask)
{
    (void)qp;
    (void)attr;
    (void)attr_mask;
    return 0;
}

struct ibv_mr *ibv_reg_mr_iova2(struct ibv_pd *pd, void *address, size_t length, uint64_t iova,
                                unsigned int access)
{
    static struct ibv_mr handle = {.lkey = 1, .rkey = 2};
    (void)pd;
    (void)address;
    (void)length;
    (void)iova;
    (void)access;
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

static const struct mcb_device device = {.name = "mlx5_0", .limits = {.region_bytes = UINT64_MAX}};
static const struct mcb_gid gid = {.bytes = {0xfe, 0x80}};
static struct mcb_region regions[2];
static struct mcb_registration registration = {
    .regions = regions, .count = 2, .way = MCB_REGISTER_DMABUF};
static struct mcb_buffer buffer;
static struct mcb_loopback *loopback;
static atomic_bool aborted;

static const struct mcb_loopback_limits long_enough = {3600 * MCB_NS_PER_S, &aborted},
                                        soon_over = {20 * MCB_NS_PER_MS, NULL};

static int open_loopback(struct mcb_loopback **opened, struct mcb_error *error)
{
    const struct mcb_loopback_options options = {
        .device = &device, .gid = &gid, .port = 1, .mtu_bytes = 4096};
    return mcb_loopback_open(&options, &soon_over, opened, error);
}

static int set_up(void **state)
{
    struct mcb_error error;
    (void)state;
    memset(&nic, 0, sizeof(nic));
    memset(memory, 0, sizeof(memory));
    gpu = (struct gpu_behaviour){.flush = MCB_FLUSH_CALL, .flushed = make_visible};
    buffer = gpu_buffer(memory, LENGTH);
    for (size_t i = 0; i < 2; i++)
        regions[i] = (struct mcb_region){(uintptr_t)memory + i * REGION, REGION, 11, 12};
    atomic_store(&aborted, false);
    return open_loopback(&loopback, &error);
}

static int tear_down(void **state)
{
    (void)state;
    mcb_loopback_close(loopback);
    assert_int_equal(nic.opened, nic.closed);
    assert_int_equal(nic.regions, 0);
    return 0;
}

static int prove(struct mcb_error *error)
{
    *error = (struct mcb_error){.code = MCB_FAULT_NONE};
    return mcb_loopback_prove(loopback, &buffer, &registration, &soon_over, error);
}

static void assert_unreachable(const char *clause)
{
    struct mcb_error error;
    assert_int_equal(prove(&error), -1);
    assert_int_equal(error.code, MCB_FAULT_GPU_UNREACHABLE);
    if (!strstr(error.detail, clause))
        fail_msg("\"%s\" is not in: %s", clause, error.detail);
    assert_non_null(strstr(error.detail, "mlx5_0 and cuda:0, registered as a dma-buf: "));
}

static void memory_that_is_reached_passes(void **state)
{
    (void)state;
    struct mcb_error error;
    assert_int_equal(prove(&error), 0);
}

static void both_ends_of_every_region_are_tried_each_way_by_either_key(void **state)
{
    (void)state;
    static const uint64_t places[] = {0, REGION - 8, REGION, 2 * REGION - 8};
    struct mcb_error error;
    assert_int_equal(prove(&error), 0);
    for (size_t p = 0; p < sizeof(places) / sizeof(places[0]); p++) {
        unsigned seen = 0;
        for (unsigned i = 0; i < nic.transfers; i++)
            if (nic.offsets[i] == places[p])
                seen |= 1u << (2 * nic.into[i] + nic.remote[i]);
        assert_int_equal(seen, 0xf);
    }
}

static void no_two_transfers_carry_the_same_value(void **state)
{
    (void)state;
    struct mcb_error error;
    assert_int_equal(prove(&error), 0);
    assert_int_equal(prove(&error), 0);
    for (unsigned i = 0; i < nic.transfers; i++)
        for (unsigned j = 0; j < i; j++)
            assert_true(nic.values[i] != nic.values[j]);
}

static void lost_writes_are_seen(void **state)
{
    (void)state;
    nic.ailment = LOSES_WRITES;
    assert_unreachable("an RDMA write to byte 0 of 131072 is complete without fault, but brought");
}

static void reads_that_answer_with_ones_are_seen(void **state)
{
    (void)state;
    nic.ailment = READS_ONES;
    assert_unreachable("an RDMA read from byte 0 of 131072 is complete without fault, but brought "
                       "0xffffffffffffffff in place of 0x");
}

static void stale_bytes_do_not_pass(void **state)
{
    (void)state;
    nic.ailment = READS_STALE;
    assert_unreachable("an RDMA read from byte 0");
}

static void local_keys_are_tried_too(void **state)
{
    (void)state;
    nic.by_local_key = true;
    nic.ailment = READS_ONES;
    assert_unreachable("an RDMA write out of byte 0");
    nic.ailment = LOSES_WRITES;
    assert_unreachable("an RDMA read into byte 0");
}

static void the_end_of_the_last_region_counts_as_well(void **state)
{
    (void)state;
    nic.from = LENGTH - 8;
    nic.ailment = LOSES_WRITES;
    assert_unreachable("an RDMA write to byte 131064 of 131072");
}

static void a_failed_transfer_names_its_status(void **state)
{
    (void)state;
    nic.ailment = FAILS;
    assert_unreachable("an RDMA read from byte 0 of 131072 failed: mlx5_0 -> itself: a transfer on "
                       "queue pair 17 failed: remote operation error");
}

static void a_transfer_that_never_ends_is_given_up_at_the_deadline(void **state)
{
    (void)state;
    nic.ailment = HANGS;
    assert_unreachable("not done at the deadline");
}

static void after_a_failure_new_queue_pairs_serve(void **state)
{
    (void)state;
    struct mcb_error error;
    nic.ailment = FAILS;
    assert_int_equal(prove(&error), -1);
    assert_int_equal(nic.opened, 2);
    nic.ailment = HEALTHY;
    assert_int_equal(prove(&error), 0);
    assert_int_equal(nic.opened, 4);
}

static void what_the_nic_wrote_is_flushed_by_call(void **state)
{
    (void)state;
    struct mcb_error error;
    nic.late = true;
    assert_int_equal(prove(&error), 0);
    assert_int_equal(gpu.flushes, 8);
    gpu.flushed = NULL; /* a flush that does nothing */
    assert_unreachable("an RDMA write to byte 0");
}

static void what_the_nic_wrote_is_flushed_by_reading(void **state)
{
    (void)state;
    struct mcb_error error;
    nic.late = true;
    gpu.flush = MCB_FLUSH_READ;
    assert_int_equal(prove(&error), 0);
    assert_int_equal(gpu.flushes, 0);
    gpu.flush = MCB_FLUSH_NONE;
    assert_unreachable("an RDMA write to byte 0");
}

static void a_flush_reads_the_first_bytes_by_the_remote_key(void **state)
{
    (void)state;
    struct mcb_error error;
    assert_int_equal(mcb_loopback_flush(loopback, &registration, &long_enough, &error), 0);
    assert_int_equal(nic.transfers, 1);
    assert_int_equal(nic.offsets[0], 0);
    assert_false(nic.into[0]);
    assert_true(nic.remote[0]);
}

static void a_flush_that_fails_has_the_fault_of_the_transfer(void **state)
{
    (void)state;
    struct mcb_error error;
    nic.ailment = FAILS;
    assert_int_equal(mcb_loopback_flush(loopback, &registration, &long_enough, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_RDMA_COMPLETION);
}

static void a_flush_that_never_ends_is_given_up(void **state)
{
    (void)state;
    struct mcb_error error;
    nic.ailment = HANGS;
    assert_int_equal(mcb_loopback_flush(loopback, &registration, &soon_over, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_RDMA_STUCK);
}

static void an_interruption_ends_what_never_ends(void **state)
{
    (void)state;
    struct mcb_error error;
    nic.ailment = HANGS;
    atomic_store(&aborted, true);
    assert_int_equal(mcb_loopback_flush(loopback, &registration, &long_enough, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_RUN_INTERRUPTED);
    nic.ailment = HEALTHY;
    assert_int_equal(mcb_loopback_flush(loopback, &registration, &soon_over, &error), 0);
    nic.ailment = HANGS; /* and of a proof it is not taken for the memory's */
    assert_int_equal(mcb_loopback_prove(loopback, &buffer, &registration, &long_enough, &error),
                     -1);
    assert_int_equal(error.code, MCB_FAULT_RUN_INTERRUPTED);
}

static void a_nic_that_does_not_reach_itself_is_told_from_unreachable_memory(void **state)
{
    (void)state;
    static const enum ailment ailments[] = {DEAF, HANGS, MUDDLES};
    struct mcb_loopback *other = NULL;
    struct mcb_error error;
    for (size_t i = 0; i < sizeof(ailments) / sizeof(ailments[0]); i++) {
        nic.ailment = ailments[i];
        assert_int_equal(open_loopback(&other, &error), -1);
        assert_int_equal(error.code, MCB_FAULT_RDMA_LOOPBACK);
        assert_non_null(strstr(error.detail, "mlx5_0 port 1 does not reach itself"));
        assert_null(other);
    }
    nic.ailment = FAILS; /* queue pairs that have to be opened anew */
    assert_int_equal(prove(&error), -1);
    nic.ailment = DEAF;
    assert_int_equal(prove(&error), -1);
    assert_int_equal(error.code, MCB_FAULT_RDMA_LOOPBACK);
}

static void a_nic_is_tried_on_host_memory_by_read_and_by_write(void **state)
{
    (void)state;
    assert_int_equal(nic.tried_itself, 3);
    assert_int_equal(nic.transfers, 0);
}

static void without_an_answer_the_nic_gives_up_within_a_second(void **state)
{
    (void)state;
    assert_true(nic.ack_timeout > 0);
    assert_true(7 * (4096 << nic.ack_timeout) <= MCB_NS_PER_S);
}

static void an_error_of_the_gpu_is_not_taken_for_the_nics(void **state)
{
    (void)state;
    struct mcb_error error;
    gpu.get_fault = MCB_FAULT_GPU_CALL;
    assert_int_equal(prove(&error), -1);
    assert_int_equal(error.code, MCB_FAULT_GPU_CALL);
    assert_string_equal(error.detail, "cuda:0: an error of the GPU");
}

static void of_host_memory_wrong_bytes_are_corrupt_data(void **state)
{
    (void)state;
    struct mcb_error error;
    buffer.kind = &mcb_memory_host;
    strcpy(buffer.memory, "cpu:0");
    nic.ailment = LOSES_WRITES;
    assert_int_equal(prove(&error), -1);
    assert_int_equal(error.code, MCB_FAULT_DATA_CORRUPT);
    nic.ailment = FAILS;
    assert_int_equal(prove(&error), -1);
    assert_int_equal(error.code, MCB_FAULT_RDMA_COMPLETION);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(memory_that_is_reached_passes),
        TEST(both_ends_of_every_region_are_tried_each_way_by_either_key),
        TEST(no_two_transfers_carry_the_same_value),
        TEST(lost_writes_are_seen),
        TEST(reads_that_answer_with_ones_are_seen),
        TEST(stale_bytes_do_not_pass),
        TEST(local_keys_are_tried_too),
        TEST(the_end_of_the_last_region_counts_as_well),
        TEST(a_failed_transfer_names_its_status),
        TEST(a_transfer_that_never_ends_is_given_up_at_the_deadline),
        TEST(after_a_failure_new_queue_pairs_serve),
        TEST(what_the_nic_wrote_is_flushed_by_call),
        TEST(what_the_nic_wrote_is_flushed_by_reading),
        TEST(a_flush_reads_the_first_bytes_by_the_remote_key),
        TEST(a_flush_that_fails_has_the_fault_of_the_transfer),
        TEST(a_flush_that_never_ends_is_given_up),
        TEST(an_interruption_ends_what_never_ends),
        TEST(a_nic_that_does_not_reach_itself_is_told_from_unreachable_memory),
        TEST(a_nic_is_tried_on_host_memory_by_read_and_by_write),
        TEST(without_an_answer_the_nic_gives_up_within_a_second),
        TEST(an_error_of_the_gpu_is_not_taken_for_the_nics),
        TEST(of_host_memory_wrong_bytes_are_corrupt_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
