/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TCP transport: a baseline that needs no RDMA, and a real transport on hosts without it.
 *
 * An endpoint is an address of a network interface. A side has `qps` streams, one connection each,
 * all served by the thread that runs the side. Socket buffers are left to the kernel's autotuning.
 * The files and what goes over the wire: tcp_side.h.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "bench/transport/tcp_side.h"

/* endpoints */

static int endpoint_open(const struct mcb_endpoint_options *options, struct mcb_endpoint **endpoint,
                         struct mcb_error *error)
{
    struct mcb_endpoint *made = calloc(1, sizeof *made);
    if (!made)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "an endpoint on %s: no memory",
                             options->nic->name);
    memcpy(made->nic, options->nic->name, sizeof made->nic);
    made->buffer = options->buffer;
    made->bounce = options->bounce;
    if (mcb_tcp_interface_address(made->nic, options->address, made->address, error) < 0) {
        free(made);
        return -1;
    }
    *endpoint = made;
    return 0;
}

static json_t *endpoint_describe(const struct mcb_endpoint *endpoint)
{
    (void)endpoint;
    return json_pack("{s:s}", "method", "none");
}

static json_t *endpoint_ordering(const struct mcb_endpoint *endpoint, enum mcb_ordering ordering)
{
    (void)endpoint;
    (void)ordering;
    return json_null();
}

static void endpoint_close(struct mcb_endpoint *endpoint)
{
    free(endpoint);
}

/* sides */

static void side_close(struct mcb_side *side)
{
    if (!side)
        return;
    for (uint32_t q = 0; side->streams && q < side->cell.qps; q++)
        if (side->streams[q].fd >= 0)
            close(side->streams[q].fd);
    if (side->listener >= 0)
        close(side->listener);
    mcb_staging_close(&side->staging);
    free(side->waits);
    free(side->streams);
    free(side);
}

static int open_listener(struct mcb_side *side, struct mcb_error *error)
{
    /* every stream may wait to be accepted, and strangers beside them */
    int backlog = side->cell.qps < 1024 ? (int)side->cell.qps + 64 : 1024;
    if (getrandom(side->token, sizeof side->token, 0) != (ssize_t)sizeof side->token)
        return mcb_error_set(error, MCB_FAULT_HOST_SYSTEM, "getrandom: %s", strerror(errno));
    side->listener = mcb_socket_listen(side->endpoint->address, 0, backlog, error);
    return side->listener < 0 ? -1 : 0;
}

static int open_staging(struct mcb_side *side, const struct mcb_side_options *options,
                        struct mcb_error *error)
{
    if (mcb_staging_open(side->endpoint->buffer, side->endpoint->bounce, options, false,
                         &side->staging, error) < 0)
        return -1;
    side->out = side->staging.out;
    side->in = side->staging.in;
    side->staged = side->staging.out_copies != NULL;
    return 0;
}

static int side_open(struct mcb_endpoint *endpoint, const struct mcb_side_options *options,
                     struct mcb_side **side, struct mcb_error *error)
{
    struct mcb_side *made = calloc(1, sizeof *made);
    if (!made)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "a side on %s: no memory",
                             endpoint->nic);
    made->endpoint = endpoint;
    made->cell = *options->cell;
    made->role = options->role;
    made->yield = options->yield;
    made->framed = made->cell.operation == MCB_OPERATION_READ;
    made->listener = -1;
    made->under_way = "connection";
    made->streams = calloc(made->cell.qps, sizeof *made->streams);
    made->waits = calloc(made->cell.qps, sizeof *made->waits);
    for (uint32_t q = 0; made->streams && q < made->cell.qps; q++)
        made->streams[q].fd = -1;

    int result = 0;
    if (!made->streams || !made->waits)
        result = mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "%u streams on %s: no memory",
                               made->cell.qps, endpoint->nic);
    else if (open_staging(made, options, error) < 0)
        result = -1;
    else if (made->role == MCB_ROLE_TARGET)
        result = open_listener(made, error);
    if (result < 0) {
        side_close(made);
        return -1;
    }
    *side = made;
    return 0;
}

static json_t *side_describe(const struct mcb_side *side)
{
    if (side->role == MCB_ROLE_INITIATOR)
        return json_pack("{s:s}", "address", side->endpoint->address);
    char token[2 * MCB_TCP_TOKEN_BYTES + 1];
    for (size_t i = 0; i < MCB_TCP_TOKEN_BYTES; i++)
        snprintf(token + 2 * i, 3, "%02x", side->token[i]);
    return json_pack("{s:s, s:i, s:s}", "address", side->endpoint->address, "port",
                     mcb_socket_port(side->listener), "token", token);
}

static int side_connect(struct mcb_side *side, const json_t *peer, int64_t deadline_ns,
                        const atomic_bool *abort, struct mcb_error *error)
{
    if (side->role == MCB_ROLE_INITIATOR)
        return mcb_tcp_connect(side, peer, deadline_ns, abort, error);
    return mcb_tcp_accept(side, deadline_ns, abort, error);
}

/* A copy waits until it is done: there is nothing left to settle. */
static int side_settle(struct mcb_side *side, const atomic_bool *abort, struct mcb_error *error)
{
    (void)side;
    (void)abort;
    (void)error;
    return 0;
}

static const char *method_name(const struct mcb_side *side)
{
    if (side->staged || side->cell.route == MCB_ROUTE_STAGED)
        return "staged";
    return side->cell.measure == MCB_MEASURE_LATENCY ? "ping-pong" : "completion";
}

static json_t *side_facts(const struct mcb_side *side)
{
    json_t *facts = json_pack("{s:s, s:i, s:s, s:s}", "method", method_name(side), "streams",
                              (int)side->cell.qps, "address", side->endpoint->address, "visible_by",
                              "completion");
    int fd = side->streams[0].fd, mss_bytes;
    char congestion[16 + 1] = ""; /* TCP_CA_NAME_MAX, and an end for it */
    socklen_t length = sizeof mss_bytes;
    if (fd >= 0 && getsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &mss_bytes, &length) == 0)
        json_object_set_new(facts, "segment_bytes", json_integer(mss_bytes));
    length = sizeof congestion - 1;
    if (fd >= 0 && getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, congestion, &length) == 0)
        json_object_set_new(facts, "congestion_control", json_string(congestion));
    return facts;
}

const struct mcb_transport mcb_transport_tcp = {
    .name = "tcp",
    .reaches_gpus = false,
    .discover = mcb_tcp_discover,
    .endpoint_open = endpoint_open,
    .endpoint_describe = endpoint_describe,
    .endpoint_ordering = endpoint_ordering,
    .endpoint_close = endpoint_close,
    .side_open = side_open,
    .side_describe = side_describe,
    .side_connect = side_connect,
    .side_run = mcb_tcp_run,
    .side_settle = side_settle,
    .side_facts = side_facts,
    .side_close = side_close,
};
