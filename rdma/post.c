/* SPDX-License-Identifier: Apache-2.0 */
#include "rdma/post.h"

#include <endian.h>
#include <infiniband/verbs.h>

#include "rdma/completion.h"

#define EXPANDED static inline __attribute__((always_inline))

EXPANDED void build(struct ibv_qp_ex *builder, const struct mcb_slot *slot, uint32_t length,
                    uint32_t immediate, enum mcb_verb verb, bool inlined)
{
    switch (verb) {
    case MCB_VERB_WRITE:
        ibv_wr_rdma_write(builder, slot->remote_key, slot->remote);
        break;
    case MCB_VERB_WRITE_IMM:
        ibv_wr_rdma_write_imm(builder, slot->remote_key, slot->remote, htobe32(immediate));
        break;
    case MCB_VERB_READ:
        ibv_wr_rdma_read(builder, slot->remote_key, slot->remote);
        break;
    default:
        ibv_wr_send(builder);
        break;
    }
    if (inlined)
        ibv_wr_set_inline_data(builder, (void *)(uintptr_t)slot->local, length);
    else
        ibv_wr_set_sge(builder, slot->local_key, slot->local, length);
}

EXPANDED int post(struct mcb_queue_pair *pair, uint32_t slot, uint32_t count, enum mcb_verb verb,
                  bool by_builder, bool inlined)
{
    static const enum ibv_wr_opcode opcodes[MCB_VERBS] = {
        [MCB_VERB_WRITE] = IBV_WR_RDMA_WRITE,
        [MCB_VERB_READ] = IBV_WR_RDMA_READ,
        [MCB_VERB_SEND] = IBV_WR_SEND,
        [MCB_VERB_WRITE_IMM] = IBV_WR_RDMA_WRITE_WITH_IMM,
    };
    struct ibv_qp_ex *builder = pair->builder;
    struct ibv_send_wr *first = by_builder ? NULL : &pair->sends[slot], *last = first;
    if (by_builder)
        ibv_wr_start(builder);
    for (uint32_t i = 1; i <= count; i++) {
        /* rxe wants the inline flag from both interfaces, the others from ibv_post_send() only */
        unsigned flags = (i == count ? IBV_SEND_SIGNALED : 0) | (inlined ? IBV_SEND_INLINE : 0);
        uint64_t work = mcb_work_id(pair->index, count);
        if (by_builder) {
            builder->wr_id = work;
            builder->wr_flags = flags;
            build(builder, &pair->slots[slot], pair->message_bytes, slot, verb, inlined);
        } else {
            last = &pair->sends[slot];
            last->wr_id = work;
            last->opcode = opcodes[verb];
            last->send_flags = flags;
            if (verb == MCB_VERB_WRITE_IMM)
                last->imm_data = htobe32(slot);
        }
        slot = slot + 1 == pair->depth ? 0 : slot + 1;
    }
    if (by_builder)
        return ibv_wr_complete(builder);
    struct ibv_send_wr *ring_next = last->next, *bad;
    last->next = NULL;
    int failed = ibv_post_send(pair->handle, first, &bad);
    last->next = ring_next;
    return failed;
}

#define POST(name, verb, by_builder, inlined)                                                      \
    static int name(struct mcb_queue_pair *pair, uint32_t slot, uint32_t count)                    \
    {                                                                                              \
        return post(pair, slot, count, verb, by_builder, inlined);                                 \
    }

POST(plain_write, MCB_VERB_WRITE, false, false)
POST(plain_write_inline, MCB_VERB_WRITE, false, true)
POST(plain_read, MCB_VERB_READ, false, false)
POST(plain_send, MCB_VERB_SEND, false, false)
POST(plain_send_inline, MCB_VERB_SEND, false, true)
POST(plain_write_imm, MCB_VERB_WRITE_IMM, false, false)
POST(plain_write_imm_inline, MCB_VERB_WRITE_IMM, false, true)
POST(build_write, MCB_VERB_WRITE, true, false)
POST(build_write_inline, MCB_VERB_WRITE, true, true)
POST(build_read, MCB_VERB_READ, true, false)
POST(build_send, MCB_VERB_SEND, true, false)
POST(build_send_inline, MCB_VERB_SEND, true, true)
POST(build_write_imm, MCB_VERB_WRITE_IMM, true, false)
POST(build_write_imm_inline, MCB_VERB_WRITE_IMM, true, true)

/* [verb][by builder][inline]; nothing is read inline */
static mcb_post_function *const functions[MCB_VERBS][2][2] = {
    [MCB_VERB_WRITE] = {{plain_write, plain_write_inline}, {build_write, build_write_inline}},
    [MCB_VERB_READ] = {{plain_read, plain_read}, {build_read, build_read}},
    [MCB_VERB_SEND] = {{plain_send, plain_send_inline}, {build_send, build_send_inline}},
    [MCB_VERB_WRITE_IMM] = {{plain_write_imm, plain_write_imm_inline},
                            {build_write_imm, build_write_imm_inline}},
};

mcb_post_function *mcb_post_select(enum mcb_verb verb, bool by_builder, bool inlined)
{
    return functions[verb][by_builder][inlined];
}

/* It names a slot's memory, as some devices look the key up even where no byte is written. */
int mcb_post_credit(struct mcb_queue_pair *pair, uint32_t messages)
{
    const struct mcb_slot *slot = &pair->slots[0];
    uint32_t immediate = htobe32(MCB_IMMEDIATE_CREDIT | messages);
    uint64_t work = mcb_work_id(pair->index, 0);
    struct ibv_qp_ex *builder = pair->builder;
    if (builder) {
        ibv_wr_start(builder);
        builder->wr_id = work;
        builder->wr_flags = IBV_SEND_SIGNALED;
        ibv_wr_rdma_write_imm(builder, slot->remote_key, slot->remote, immediate);
        ibv_wr_set_sge(builder, slot->local_key, slot->local, 0);
        return ibv_wr_complete(builder);
    }
    struct ibv_send_wr request = {
        .wr_id = work,
        .opcode = IBV_WR_RDMA_WRITE_WITH_IMM,
        .send_flags = IBV_SEND_SIGNALED,
        .imm_data = immediate,
        .wr.rdma = {.remote_addr = slot->remote, .rkey = slot->remote_key},
    };
    struct ibv_send_wr *bad;
    return ibv_post_send(pair->handle, &request, &bad);
}
