/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_RDMA_QUEUE_PAIR_H
#define MCB_RDMA_QUEUE_PAIR_H

/*
 * The queue pairs of one side of a cell: reliable connections that share one completion queue.
 *
 *   open      completion queue and queue pairs, in state INIT
 *   assign    tells each slot where its message lies here and there, once
 *   connect   to the peer's queue pairs: RTR, receives posted, RTS
 *   (bandwidth.h and latency.h run it)
 *   close
 *
 * Message k of a queue pair uses its slot k % depth, on both sides. Receives of SEND are posted in
 * the same order, twice the depth or more of them, so that a sender meets an empty queue only where
 * the receiving thread does not run at all.
 *
 * Work requests are posted by ibv_wr_*() where the device has it for queue pairs, else by
 * ibv_post_send() from a ring of requests built once.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fault.h"
#include "rdma/gid.h"

struct ibv_cq;
struct ibv_qp;
struct ibv_qp_ex;
struct ibv_recv_wr;
struct ibv_send_wr;
struct ibv_sge;
struct ibv_wc;
struct mcb_device;
struct mcb_queue_pair;

enum mcb_verb { MCB_VERB_WRITE, MCB_VERB_READ, MCB_VERB_SEND, MCB_VERB_WRITE_IMM, MCB_VERBS };

/* Queue pairs of a set: as many as work request ids can tell apart. */
enum { MCB_QUEUE_PAIRS_MAX = 65536 };

/* Posts a batch of count messages, beginning with that of `slot`; the last of them is signalled and
 * its completion stands for the batch. 0 or an errno. */
typedef int mcb_post_function(struct mcb_queue_pair *pair, uint32_t slot, uint32_t count);

/* Where the message of a slot lies. SEND knows no remote address. */
struct mcb_slot {
    uint64_t local, remote;
    uint32_t local_key, remote_key;
};

struct mcb_queue_pair {
    struct ibv_qp *handle;
    struct ibv_qp_ex *builder; /* NULL: ibv_post_send() */
    uint32_t index;            /* place in the set */
    uint32_t depth, message_bytes;
    struct mcb_slot *slots;    /* depth of them */
    struct ibv_send_wr *sends; /* without builder: one a slot, linked in a ring */
    struct ibv_sge *send_elements;
    struct ibv_recv_wr *receives; /* linked in a ring */
    struct ibv_sge *receive_elements;
    uint32_t receive_count; /* length of that ring, a multiple of depth; 0: nothing is received */
    uint32_t next_slot, in_flight;
    uint32_t unused_slots;                /* by the task under way */
    uint32_t next_receive, owed_receives; /* consumed and not yet posted again */
    uint32_t number, sequence;            /* QPN and first PSN of this side */
    uint32_t peer_number;                 /* QPN of the other side, once connected */
};

struct mcb_queue_options {
    const struct mcb_device *device;
    const struct mcb_gid *gid; /* of this side; copied */
    unsigned port;
    bool ethernet; /* addressed by GID always */
    uint16_t lid;
    uint32_t mtu_bytes; /* of the port, or the cap below it */
    uint8_t traffic_class, service_level;
    uint8_t ack_timeout; /* 4.096 us * 2^this, waited for an acknowledgement; 0: chosen */

    enum mcb_verb verb;      /* WRITE, READ or SEND */
    uint64_t message_bytes;  /* of every message */
    uint64_t message_most;   /* largest that the port takes */
    uint32_t count, depth;   /* queue pairs; messages in flight of each */
    uint32_t signal_every;   /* messages of a batch; 0: chosen; no more than depth */
    uint32_t inline_bytes;   /* wanted; messages of up to so many bytes are posted inline */
    bool initiates;          /* this side posts messages */
    bool receives;           /* messages that consume a receive come in */
    bool immediate_receives; /* receives hold no data: those of WRITE with immediate */
    uint32_t credits; /* sends without data in flight beside the messages, each of which comes
                         in as well: there are then twice the depth of receives (staged.h) */
};

/* What the other side says of itself, checked for form by the caller. */
struct mcb_queue_peer {
    uint8_t gid[16];
    uint16_t lid;
    uint32_t mtu_bytes;
    uint8_t reads_as_target;
    const uint32_t *numbers, *sequences; /* count of the set each */
};

struct mcb_queue_set {
    struct mcb_queue_options options; /* signal_every and mtu_bytes as they are in effect */
    struct mcb_gid gid;
    struct ibv_cq *completions;
    struct mcb_queue_pair *pairs;
    mcb_post_function *post;           /* the operation */
    mcb_post_function *post_immediate; /* WRITE with immediate: latency, staged */
    bool by_builder, inlined;
    uint32_t inline_most;                        /* what the queue pairs really got */
    uint8_t reads_as_initiator, reads_as_target; /* RDMA reads in flight, by limits */
    bool broken;            /* a task failed or was stopped: nothing more runs */
    unsigned failed_status; /* of the completion that a task failed on; 0: none */
    char path[128];         /* "rxe0 -> 10.77.0.2" for errors, once connected */
};

/* Messages of a batch: one call of the driver and one completion each. What is chosen where none is
 * given: 64 KiB, but no more than 16 messages or a quarter of the depth. Larger batches gain
 * nothing on a NIC of hardware, and a software NIC, which sends while it is called, falls behind:
 * its kernel thread then shares the CPU with the polling one. */
uint32_t mcb_queue_signal_every(uint32_t depth, uint64_t message_bytes);

/* Faults: RDMA_LIMIT (names the limit), RDMA_QP_CREATE, RDMA_QP_STATE, HOST_MEMORY. */
int mcb_queue_set_open(const struct mcb_queue_options *options, struct mcb_queue_set **set,
                       struct mcb_error *error);

/* Sets a slot of a queue pair: what it posts (if the set initiates) and where it receives (SEND:
 * address and key; others: ignored). Before connect; of a set that receives nothing also later,
 * while the slot is not in flight. */
void mcb_queue_set_assign(struct mcb_queue_set *set, uint32_t pair, uint32_t slot,
                          const struct mcb_slot *message, uint64_t landing, uint32_t landing_key);

/* Faults: RDMA_QP_RTR, or RDMA_RETRY where the peer's address does not answer (both name both
 * sides' GID, MTU, LID and QPN), RDMA_QP_STATE. */
int mcb_queue_set_connect(struct mcb_queue_set *set, const struct mcb_queue_peer *peer,
                          struct mcb_error *error);

/* Posts what is owed, or `count` receives. 0 or an errno. */
int mcb_queue_pair_receive(struct mcb_queue_pair *pair, uint32_t count);

/* Ends a task on a failed completion, the first of count that were polled: puts all queue pairs
 * into state ERR, makes the error of the first failure that is not a flush, with both ends' QPN,
 * and counts the flushed. All queue pairs share one completion queue, which has them in the order
 * in which they failed, those of receives too. The set is broken then. Returns -1. */
int mcb_queue_set_fail(struct mcb_queue_set *set, const struct ibv_wc *failed, int count,
                       struct mcb_error *error);

/* Puts all queue pairs into state ERR and takes their completions away, for 100 ms at most; the set
 * is broken then. */
void mcb_queue_set_stop(struct mcb_queue_set *set);

void mcb_queue_set_close(struct mcb_queue_set *set); /* NULL is fine */

#endif
