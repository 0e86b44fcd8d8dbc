/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_TRANSPORT_TRANSPORT_H
#define MCB_BENCH_TRANSPORT_TRANSPORT_H

/*
 * How bytes move. One interface, one file each (rdma.c, tcp.c).
 *
 *   NIC       what a host offers: an RDMA port, or a network interface for TCP
 *   endpoint  one NIC with one buffer, registered with it; opened once a run
 *   side      one end of one cell: an endpoint in the role of initiator or target, with its queue
 * pairs or streams; opened for a cell and closed after it
 *
 * The life of a side, each step called by the side's own worker thread, which is pinned near the
 * NIC:
 *
 *   side_open -> side_describe -> (descriptions are exchanged) -> side_connect -> side_run ... ->
 * side_close
 *
 * Both sides of a cell may live in one process, each with its thread. `side_connect` may wait for
 * the other side.
 *
 * Direction. `out` is the area that this side sends from and `in` the one that it receives into.
 * write and send: bytes go from the initiator's out to the target's in. read: from the target's out
 * to the initiator's in. Bidirectional bandwidth: the target does the same towards the initiator at
 * the same time.
 *
 * side_run carries out one task; both sides run the same task at the same time:
 *
 *   WINDOW   Keep `depth` messages in flight on each of `qps` queue pairs (streams), from the call
 * on. Count the payload completed between start_ns and end_ns. Stop starting messages once end_ns
 * has passed and (if every_slot) each slot has been used at least once; drain. Then publish `sent`.
 *   LAP      Transfer every slot exactly once, at full depth; publish `sent`. For verification.
 *   LATENCY  One message at a time on queue pair 0, slot 0, until end_ns or until samples are full;
 * before start_ns nothing is recorded. Then publish `sent`.
 *
 * Routes (enum mcb_route, in the cell's settings). DIRECT: the NIC reads and writes `out` and `in`
 * themselves. HOST: the same, in host memory. STAGED: each slot goes through its bounce buffer on
 * every end whose memory is a GPU's; copying overlaps with transferring. Whatever the operation,
 * the side that `out` belongs to copies and sends, and a slot is sent again only after the
 * receiving side has said that it has been copied onward. What is completed there counts, on the
 * receiving side, at the time when it is in `in`.
 *
 * A passive or receiving side serves until it has received `expected` messages; the caller sets
 * `expected` when the other side has published `sent`. A side with nothing to receive (the target
 * of RDMA write or read) publishes sent = 0 and returns at once. After side_run returned 0 on both
 * sides every byte of the task is visible in the `in` areas. On failure side_run returns -1 with
 * the first error that is not a consequence (flushed completions are counted in the detail). It
 * ends within 200 ms of control->abort, with fault RUN_INTERRUPTED, and at deadline_ns with
 * RDMA_STUCK/TCP_STUCK.
 *
 * Inside WINDOW and LATENCY: no allocation, no lock, no logging, no clock call per message in
 * WINDOW (one per batch of completions at most).
 */

#include <jansson.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/plan/plan.h"
#include "common/buffer.h"
#include "common/fault.h"

struct mcb_nic {
    char name[MCB_NIC_NAME_MAX]; /* "mlx5_0"; TCP: "eth0" */
    unsigned port;               /* 1..; TCP: 0 */
    int numa_node;               /* -1: unknown */
    char pci_address[16];        /* "0000:19:00.0", "" if it has none */
    json_t *facts; /* the NIC's entry in the result document (firmware, link rate, MTU, GID, ...):
                      owned */
};

enum mcb_role { MCB_ROLE_INITIATOR, MCB_ROLE_TARGET };

struct mcb_endpoint; /* the transport's own */
struct mcb_side;     /* the transport's own */

struct mcb_endpoint_options {
    const struct mcb_nic *nic;
    const struct mcb_buffer *buffer; /* outlives the endpoint */
    /* Host memory of the same length as a buffer of a GPU, for the routes that need it (staged,
     * host); NULL: none does. A slot of an area is staged at the same offset. Outlives the
     * endpoint.
     */
    const struct mcb_buffer *bounce;
    const struct mcb_settings
        *settings;            /* outlives the endpoint; ordering_count modes are registered */
    const char *address;      /* TCP: numeric local address to use; NULL: the NIC's own */
    int64_t deadline_ns;      /* of what opening has to wait for */
    const atomic_bool *abort; /* once true, opening ends with RUN_INTERRUPTED; NULL: nothing does */
};

struct mcb_side_options {
    const struct mcb_cell_settings *cell;
    enum mcb_role role;
    struct mcb_area out, in; /* inside the endpoint's buffer (route host: inside the bounce buffer,
                                if there is one), qps * depth slots each */
    bool yield;              /* more spinning threads than CPUs: yield the CPU when idle */
};

enum mcb_task_kind { MCB_TASK_WINDOW, MCB_TASK_LAP, MCB_TASK_LATENCY };

#define MCB_MESSAGES_UNKNOWN UINT64_MAX

struct mcb_task {
    enum mcb_task_kind kind;
    int64_t start_ns, end_ns, deadline_ns; /* on this host's mcb_clock_ns() */
    bool every_slot;

    /* between the worker and the coordinating thread, while the task runs */
    _Atomic uint64_t
        sent; /* by the side: MCB_MESSAGES_UNKNOWN until all of its messages are complete */
    _Atomic uint64_t expected; /* by the caller: messages that will have come in;
                                  MCB_MESSAGES_UNKNOWN at first */
    atomic_bool abort;
    int sent_event; /* eventfd: the side adds 1 after it has published `sent` */

    /* outputs, valid after side_run returned 0 */
    uint64_t window_bytes; /* payload completed in the window, counted where the operation
                              completes: at this side if it initiates (RDMA; TCP read), at the
                              receiving side for TCP write and send; else 0 */
    uint64_t window_messages;
    int64_t window_ns; /* WINDOW: its length by the rule of common/window.h, 3/4 to 5/4 of what was
                          asked for even if nothing completed; 0 on a side that does not count.
                          bytes / ns is the rate */
    uint64_t *samples_ns; /* caller's; LATENCY: one-way for write and send (half a round trip), full
                             for read */
    size_t samples_most, samples_count;
};

struct mcb_transport {
    const char *name;  /* "rdma", "tcp" */
    bool has_ordering; /* relaxed ordering means something here */
    bool reaches_gpus; /* memory of a GPU may be used directly; else it is staged */

    /* NICs of this host that the settings ask for, checked: names, ports, GIDs. Order of the
     * settings, else natural order of names. *nics is the caller's: mcb_nics_free(). address: see
     * mcb_endpoint_options. */
    int (*discover)(const struct mcb_settings *settings, const char *address, struct mcb_nic **nics,
                    size_t *count, struct mcb_error *error);

    /* Memory of a GPU that this NIC cannot be given is no failure to open: the endpoint says so
     * where it is described, sides of the direct route do not open (GPU_EXPORT, GPU_REGISTER,
     * GPU_UNREACHABLE, RDMA_KEYS, RDMA_REGION_SIZE, RDMA_LOOPBACK), and its other
     * routes work. */
    int (*endpoint_open)(const struct mcb_endpoint_options *options, struct mcb_endpoint **endpoint,
                         struct mcb_error *error);
    /* For the result: {"method", "registered_bytes", "regions", "register_ms", ...}, with a bounce
     * buffer "bounce_method". New reference. */
    json_t *(*endpoint_describe)(const struct mcb_endpoint *endpoint);
    /* {"requested","effective","reason"} for an ordering on this endpoint. New reference. */
    json_t *(*endpoint_ordering)(const struct mcb_endpoint *endpoint, enum mcb_ordering ordering);
    void (*endpoint_close)(struct mcb_endpoint *endpoint);

    int (*side_open)(struct mcb_endpoint *endpoint, const struct mcb_side_options *options,
                     struct mcb_side **side, struct mcb_error *error);
    json_t *(*side_describe)(const struct mcb_side *side); /* new reference */
    /* peer: what the other side's side_describe gave, untrusted. abort: as in the task. */
    int (*side_connect)(struct mcb_side *side, const json_t *peer, int64_t deadline_ns,
                        const atomic_bool *abort, struct mcb_error *error);
    int (*side_run)(struct mcb_side *side, struct mcb_task *task, struct mcb_error *error);
    /* Makes what has arrived visible to the GPU whose memory `in` is, before it is checked; 0 at
     * once for host memory and for what was staged, whose copies are complete. Afterwards
     * side_facts says how ("visible_by"). abort: as in the task. Faults: GPU_CALL, RDMA_*,
     * RUN_INTERRUPTED. */
    int (*side_settle)(struct mcb_side *side, const atomic_bool *abort, struct mcb_error *error);
    /* What the cell says of how it was measured: {"method": "memory-poll" | "write-imm" |
     * "completion" | "ping-pong", "mtu_bytes": 4096, "post": "ibv_wr" | "ibv_post_send", ...}. New
     * reference. */
    json_t *(*side_facts)(const struct mcb_side *side);
    void (*side_close)(struct mcb_side *side);
};

/* The table of transports; a new one is a row here and its file. */
extern const struct mcb_transport mcb_transport_rdma;
extern const struct mcb_transport mcb_transport_tcp;

/* The transport that the settings ask for. AUTO: rdma if a device has an active port, else tcp;
 * because then says why in words ("no RDMA device on this host"), else it is "". */
const struct mcb_transport *mcb_transport_choose(const struct mcb_settings *settings,
                                                 char because[256]);

void mcb_nics_free(struct mcb_nic *nics, size_t count);

#endif
