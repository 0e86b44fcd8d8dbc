/* SPDX-License-Identifier: Apache-2.0 */
/* How the queue pairs of a set come from INIT to RTS, and what they receive into. */
#include <errno.h>
#include <infiniband/verbs.h>
#include <stdio.h>
#include <string.h>

#include "rdma/completion.h"
#include "rdma/device.h"
#include "rdma/queue_pair.h"

/* An acknowledgement is waited for 4.096 us * 2^18 = 1.07 s (InfiniBand specification,
 * section 9.7.6.1.3), 6 times again; after "receiver not ready" 0.64 ms, for ever. Mooncake and
 * perftest wait 67 ms, within which a host that is short of CPU looks like a dead path; eight
 * times 1.07 s is still well within every deadline. */
enum { ACK_TIMEOUT = 18, RETRIES = 6, RNR_RETRIES = 7, RNR_TIMER = 12, HOP_LIMIT = 64 };

void mcb_queue_set_assign(struct mcb_queue_set *set, uint32_t index, uint32_t slot,
                          const struct mcb_slot *message, uint64_t landing, uint32_t landing_key)
{
    struct mcb_queue_pair *pair = &set->pairs[index];
    pair->slots[slot] = *message;
    pair->send_elements[slot] = (struct ibv_sge){
        .addr = message->local, .length = pair->message_bytes, .lkey = message->local_key};
    pair->sends[slot] = (struct ibv_send_wr){
        .next = &pair->sends[slot + 1 == pair->depth ? 0 : slot + 1],
        .sg_list = &pair->send_elements[slot],
        .num_sge = 1,
        .wr.rdma = {.remote_addr = message->remote, .rkey = message->remote_key},
    };
    for (uint32_t i = slot; i < pair->receive_count; i += pair->depth) {
        pair->receive_elements[i] =
            (struct ibv_sge){.addr = landing, .length = pair->message_bytes, .lkey = landing_key};
        pair->receives[i] = (struct ibv_recv_wr){
            .wr_id = MCB_WORK_RECEIVE | mcb_work_id(index, slot),
            .next = &pair->receives[i + 1 == pair->receive_count ? 0 : i + 1],
            .sg_list = &pair->receive_elements[i],
            .num_sge = set->options.immediate_receives ? 0 : 1,
        };
    }
}

int mcb_queue_pair_receive(struct mcb_queue_pair *pair, uint32_t count)
{
    if (count == 0)
        return 0;
    uint32_t first = pair->next_receive, last = (first + count - 1) % pair->receive_count;
    struct ibv_recv_wr *ring_next = pair->receives[last].next, *bad;
    pair->receives[last].next = NULL;
    int failed = ibv_post_recv(pair->handle, &pair->receives[first], &bad);
    pair->receives[last].next = ring_next;
    pair->next_receive = (last + 1) % pair->receive_count;
    pair->owed_receives -= count;
    return failed;
}

/* enum ibv_mtu of a size of 256 to 4096 bytes, a power of two */
static enum ibv_mtu mtu_code(uint32_t mtu_bytes)
{
    return (enum ibv_mtu)(__builtin_ctz(mtu_bytes) - 7);
}

/* The kernel asked for the peer's address (ARP, a path record) and had no answer. */
static bool is_unanswered(int failed)
{
    return failed == ETIMEDOUT || failed == EHOSTUNREACH || failed == ENETUNREACH;
}

static int refuse_rtr(const struct mcb_queue_set *set, const struct mcb_queue_pair *pair,
                      const struct mcb_queue_peer *peer, int failed, struct mcb_error *error)
{
    char here[MCB_GID_TEXT_MAX], there[MCB_GID_TEXT_MAX];
    bool silent = is_unanswered(failed);
    return mcb_error_set(
        error, silent ? MCB_FAULT_RDMA_RETRY : MCB_FAULT_RDMA_QP_RTR,
        "%s port %u: %s (%s): here GID %s (index %u), MTU "
        "%u, LID %u, QPN %u; there GID %s, MTU %u, LID %u, QPN %u",
        set->options.device->name, set->options.port,
        silent ? "the peer's address does not answer" : "the connection is refused",
        strerror(failed), mcb_gid_format(set->gid.bytes, here), set->gid.index,
        set->options.mtu_bytes, set->options.lid, pair->number, mcb_gid_format(peer->gid, there),
        peer->mtu_bytes, peer->lid, peer->numbers[pair->index]);
}

/* Within one InfiniBand subnet the LID leads to the peer; everywhere else its GID does. */
static bool needs_gid(const struct mcb_queue_set *set, const struct mcb_queue_peer *peer)
{
    return set->options.ethernet || peer->lid == 0 || memcmp(set->gid.bytes, peer->gid, 8) != 0;
}

static int to_rtr(const struct mcb_queue_set *set, const struct mcb_queue_pair *pair,
                  const struct mcb_queue_peer *peer, uint32_t mtu_bytes, struct mcb_error *error)
{
    const struct mcb_queue_options *options = &set->options;
    struct ibv_qp_attr attributes = {
        .qp_state = IBV_QPS_RTR,
        .path_mtu = mtu_code(mtu_bytes),
        .dest_qp_num = peer->numbers[pair->index],
        .rq_psn = peer->sequences[pair->index],
        .max_dest_rd_atomic = set->reads_as_target,
        .min_rnr_timer = RNR_TIMER,
        .ah_attr = {.dlid = peer->lid,
                    .sl = options->service_level,
                    .is_global = needs_gid(set, peer),
                    .port_num = (uint8_t)options->port,
                    .grh = {.sgid_index = (uint8_t)set->gid.index,
                            .hop_limit = HOP_LIMIT,
                            .traffic_class = options->traffic_class}},
    };
    memcpy(attributes.ah_attr.grh.dgid.raw, peer->gid, sizeof(peer->gid));
    int failed =
        ibv_modify_qp(pair->handle, &attributes,
                      IBV_QP_STATE | IBV_QP_AV | IBV_QP_PATH_MTU | IBV_QP_DEST_QPN | IBV_QP_RQ_PSN |
                          IBV_QP_MAX_DEST_RD_ATOMIC | IBV_QP_MIN_RNR_TIMER);
    return failed ? refuse_rtr(set, pair, peer, failed, error) : 0;
}

static int to_rts(const struct mcb_queue_set *set, const struct mcb_queue_pair *pair,
                  const struct mcb_queue_peer *peer, struct mcb_error *error)
{
    uint8_t ack_timeout = set->options.ack_timeout;
    struct ibv_qp_attr attributes = {
        .qp_state = IBV_QPS_RTS,
        .sq_psn = pair->sequence,
        .timeout = ack_timeout ? ack_timeout : ACK_TIMEOUT,
        .retry_cnt = RETRIES,
        .rnr_retry = RNR_RETRIES,
        .max_rd_atomic = set->reads_as_initiator < peer->reads_as_target ? set->reads_as_initiator
                                                                         : peer->reads_as_target,
    };
    int failed = ibv_modify_qp(pair->handle, &attributes,
                               IBV_QP_STATE | IBV_QP_SQ_PSN | IBV_QP_TIMEOUT | IBV_QP_RETRY_CNT |
                                   IBV_QP_RNR_RETRY | IBV_QP_MAX_QP_RD_ATOMIC);
    if (failed)
        return mcb_error_set(error, MCB_FAULT_RDMA_QP_STATE,
                             "%s: queue pair %u does not reach RTS: %s", set->path, pair->number,
                             strerror(failed));
    return 0;
}

int mcb_queue_set_connect(struct mcb_queue_set *set, const struct mcb_queue_peer *peer,
                          struct mcb_error *error)
{
    char address[MCB_GID_TEXT_MAX];
    uint32_t mtu_bytes = set->options.mtu_bytes;
    if (peer->mtu_bytes < mtu_bytes)
        mtu_bytes = peer->mtu_bytes;
    snprintf(set->path, sizeof(set->path), "%s -> %s", set->options.device->name,
             mcb_gid_address(peer->gid, address));
    for (uint32_t i = 0; i < set->options.count; i++) {
        struct mcb_queue_pair *pair = &set->pairs[i];
        pair->peer_number = peer->numbers[i];
        if (to_rtr(set, pair, peer, mtu_bytes, error) < 0)
            return -1;
        pair->owed_receives = pair->receive_count;
        int failed = mcb_queue_pair_receive(pair, pair->receive_count);
        if (failed)
            return mcb_error_set(error, MCB_FAULT_RDMA_QP_STATE,
                                 "%s: %u receives cannot be posted: %s", set->path,
                                 pair->receive_count, strerror(failed));
        if (to_rts(set, pair, peer, error) < 0)
            return -1;
    }
    set->options.mtu_bytes = mtu_bytes;
    return 0;
}
