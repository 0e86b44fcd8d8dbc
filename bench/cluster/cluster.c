/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/cluster/cluster.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/cluster/method.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/socket.h"

#define ABORT_NS (1 * MCB_NS_PER_S)
#define BYE_NS   (MCB_NS_PER_S / 2)
#define LEAVE_NS (2 * MCB_NS_PER_S)

static const struct mcb_method *choose_method(const struct mcb_settings *settings)
{
    if (settings->etcd)
        return &mcb_method_etcd;
    return settings->listen || settings->connect ? &mcb_method_direct : &mcb_method_local;
}

/* --address: it must be one of this host's, which only binding to it proves. */
static int check_own_address(const char *given, char address[256], struct mcb_error *error)
{
    int fd = mcb_socket_listen(given, 0, 1, error);
    if (fd < 0)
        return -1;
    int result = mcb_socket_address(fd, true, address);
    if (result)
        mcb_error_set(error, MCB_FAULT_HOST_SYSTEM, "%s: %s", given, strerror(errno));
    close(fd);
    return result;
}

int mcb_cluster_local_address(const struct mcb_settings *settings,
                              const volatile sig_atomic_t *stop, char address[256],
                              struct mcb_error *error)
{
    if (settings->address)
        return check_own_address(settings->address, address, error);
    return choose_method(settings)->local_address(settings, stop, address, error);
}

/* ---- joining and leaving ---- */

static int join(struct mcb_cluster *cluster, const struct mcb_settings *settings,
                const json_t *self, struct mcb_error *error)
{
    int64_t deadline_ns = mcb_clock_ns() + settings->timeout_ns;
    if (cluster->method->join(cluster, settings, self, deadline_ns, error))
        return -1;
    return mcb_links_synchronize(cluster, deadline_ns, error);
}

int mcb_cluster_join(const struct mcb_settings *settings, const json_t *self,
                     const volatile sig_atomic_t *stop, struct mcb_cluster **cluster,
                     struct mcb_error *error)
{
    struct mcb_cluster *joining = calloc(1, sizeof *joining);
    if (!joining)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory to join the job");
    joining->method = choose_method(settings);
    joining->stop = stop;
    if (join(joining, settings, self, error)) {
        mcb_cluster_abort(joining, error);
        mcb_cluster_leave(joining);
        return -1;
    }
    *cluster = joining;
    return 0;
}

/* Queues the frame on every link that stands. */
static void queue_to_all(struct mcb_cluster *cluster, const json_t *frame)
{
    struct mcb_error ignored;
    for (unsigned r = 0; frame && r < cluster->size; r++) {
        struct mcb_link *link = cluster->members[r].link;
        if (link && !link->ended && mcb_link_queue(link, frame, &ignored) == 0)
            mcb_link_flush(link);
    }
}

static bool is_pending(const struct mcb_cluster *cluster)
{
    for (unsigned r = 0; r < cluster->size; r++) {
        const struct mcb_link *link = cluster->members[r].link;
        if (link && !link->ended && mcb_link_pending(link))
            return true;
    }
    return false;
}

/* Sends what is queued and throws away what comes: closing a socket with unread bytes would reset
 * the connection, and the peer might never read the last words (RFC 9293 section 3.10.4). */
static void say_last_words(struct mcb_cluster *cluster, bool until_end, int64_t deadline_ns)
{
    bool shut = false;
    for (;;) {
        bool open = false;
        if (!shut && !is_pending(cluster)) {
            for (unsigned r = 0; r < cluster->size; r++)
                if (cluster->members[r].link)
                    shutdown(cluster->members[r].link->fd, SHUT_WR);
            shut = true;
        }
        for (unsigned r = 0; r < cluster->size; r++) {
            struct mcb_link *link = cluster->members[r].link;
            while (link && link->frame_count)
                json_decref(mcb_link_take(link));
            open = open || (link && !link->ended);
        }
        if (!open || (shut && !until_end) || mcb_clock_ns() >= deadline_ns)
            return;
        mcb_links_serve(cluster, deadline_ns);
    }
}

void mcb_cluster_abort(struct mcb_cluster *cluster, const struct mcb_error *why)
{
    json_t *frame = json_pack("{s:s, s:o}", "type", "abort", "fault", mcb_json_from_error(why));
    queue_to_all(cluster, frame);
    json_decref(frame);
    say_last_words(cluster, true, mcb_clock_ns() + ABORT_NS);
    cluster->aborted = true;
}

void mcb_cluster_leave(struct mcb_cluster *cluster)
{
    if (!cluster)
        return;
    int64_t deadline_ns = mcb_clock_ns() + LEAVE_NS;
    if (!cluster->aborted) {
        json_t *bye = json_pack("{s:s}", "type", "bye");
        queue_to_all(cluster, bye);
        json_decref(bye);
        say_last_words(cluster, false, mcb_clock_ns() + BYE_NS);
    }
    for (unsigned r = 0; r < cluster->size; r++)
        mcb_link_close(cluster->members[r].link);
    if (cluster->method->leave)
        cluster->method->leave(cluster, deadline_ns);
    for (unsigned r = 0; r < cluster->size; r++)
        json_decref(cluster->members[r].record);
    free(cluster->members);
    free(cluster->polls);
    free(cluster);
}

/* ---- the roster ---- */

unsigned mcb_cluster_rank(const struct mcb_cluster *cluster)
{
    return cluster->rank;
}

unsigned mcb_cluster_size(const struct mcb_cluster *cluster)
{
    return cluster->size;
}

const json_t *mcb_cluster_record(const struct mcb_cluster *cluster, unsigned rank)
{
    return cluster->members[rank].record;
}

const char *mcb_cluster_name(const struct mcb_cluster *cluster, unsigned rank)
{
    return cluster->members[rank].name;
}

int64_t mcb_cluster_clock_offset_ns(const struct mcb_cluster *cluster)
{
    return cluster->clock_offset_ns;
}

/* ---- exchange ---- */

/* One exchange: what has come, and from whom. */
struct exchange {
    const char *phase;
    json_t **in;
    bool received[MCB_RANKS_MAX];
    bool done[MCB_RANKS_MAX]; /* received, and everything sent */
};

static int send_to(struct mcb_cluster *cluster, unsigned rank, const char *phase, json_t *document,
                   struct mcb_error *error)
{
    struct mcb_link *link = cluster->members[rank].link;
    if (link->ended)
        return 0;
    json_t *frame = json_pack("{s:s, s:s, s:I, s:O}", "type", "exchange", "phase", phase, "number",
                              (json_int_t)cluster->number, "document", document);
    if (!frame)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a message");
    struct mcb_error problem;
    int result = mcb_link_queue(link, frame, &problem);
    json_decref(frame);
    if (result)
        return mcb_error_set(error, problem.code, "%s, phase %s: %s", cluster->members[rank].name,
                             phase, problem.detail);
    mcb_link_flush(link);
    return 0;
}

static int check_frame(const struct mcb_cluster *cluster, unsigned rank, const char *phase,
                       const json_t *frame, json_t **document, struct mcb_error *error)
{
    const char *name = cluster->members[rank].name;
    const char *its_phase;
    int64_t its_number;
    struct mcb_error problem;
    if (!mcb_link_is_type(frame, "exchange") ||
        mcb_json_get_string(frame, "phase", 64, &its_phase, MCB_FAULT_NET_PROTOCOL, &problem) ||
        mcb_json_get_integer(frame, "number", 0, INT64_MAX, &its_number, MCB_FAULT_NET_PROTOCOL,
                             &problem))
        return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL,
                             "%s: sent another message where phase %s was expected", name, phase);
    if (strcmp(its_phase, phase) != 0 || its_number != cluster->number)
        return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL,
                             "%s: is in phase %s (%" PRId64 ") while this rank is in phase %s "
                             "(%" PRId64 ")",
                             name, its_phase, its_number, phase, cluster->number);
    *document = json_object_get(frame, "document");
    if (!*document)
        return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL, "%s: phase %s: no document came", name,
                             phase);
    return 0;
}

/* How many ranks are not done yet, or -1. */
static int collect(struct mcb_cluster *cluster, struct exchange *exchange, struct mcb_error *error)
{
    int left = 0;
    for (unsigned r = 0; r < cluster->size; r++) {
        struct mcb_link *link = cluster->members[r].link;
        if (!link)
            continue;
        json_t *frame = exchange->received[r] ? NULL : mcb_link_take(link);
        if (frame) {
            json_t *document;
            int result = check_frame(cluster, r, exchange->phase, frame, &document, error);
            if (result == 0)
                exchange->in[r] = json_incref(document);
            json_decref(frame);
            if (result)
                return -1;
            exchange->received[r] = true;
        }
        exchange->done[r] = exchange->received[r] && !mcb_link_pending(link);
        left += !exchange->done[r];
    }
    return left;
}

static int report_silent(const struct mcb_cluster *cluster, const struct exchange *exchange,
                         struct mcb_error *error)
{
    bool silent[MCB_RANKS_MAX] = {false};
    for (unsigned r = 0; r < cluster->size; r++)
        silent[r] = cluster->members[r].link && !exchange->done[r];
    char names[MCB_ERROR_DETAIL_MAX / 2];
    mcb_links_list(cluster, silent, names, sizeof names);
    return mcb_error_set(error, MCB_FAULT_JOB_PEER_SILENT,
                         "%s: no answer within the deadline (phase %s)", names, exchange->phase);
}

static int run_exchange(struct mcb_cluster *cluster, struct exchange *exchange, json_t *const *out,
                        int64_t deadline_ns, struct mcb_error *error)
{
    cluster->number++;
    for (unsigned r = 0; r < cluster->size; r++)
        if (cluster->members[r].link && send_to(cluster, r, exchange->phase, out[r], error))
            return -1;
    exchange->in[cluster->rank] = json_deep_copy(out[cluster->rank]);
    if (!exchange->in[cluster->rank])
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a message");
    for (;;) {
        int left = collect(cluster, exchange, error);
        if (left <= 0)
            return left;
        if (mcb_links_judge(cluster, exchange->done, error))
            return -1;
        if (mcb_clock_ns() >= deadline_ns)
            return report_silent(cluster, exchange, error);
        if (mcb_links_pump(cluster, NULL, 0, deadline_ns, error))
            return -1;
    }
}

int mcb_cluster_exchange(struct mcb_cluster *cluster, const char *phase, json_t *const *out,
                         json_t **in, int64_t deadline_ns, struct mcb_error *error)
{
    struct exchange *exchange = calloc(1, sizeof *exchange);
    json_t **received = calloc(cluster->size, sizeof *received);
    int result = -1;
    if (exchange && received) {
        exchange->phase = phase;
        exchange->in = received;
        result = run_exchange(cluster, exchange, out, deadline_ns, error);
    } else {
        mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a message");
    }
    for (unsigned r = 0; received && r < cluster->size; r++) {
        if (result == 0)
            in[r] = received[r];
        else
            json_decref(received[r]);
    }
    free(received);
    free(exchange);
    return result;
}

int mcb_cluster_share(struct mcb_cluster *cluster, const char *phase, json_t *mine, json_t **all,
                      int64_t deadline_ns, struct mcb_error *error)
{
    json_t **out = calloc(cluster->size, sizeof *out), **in = calloc(cluster->size, sizeof *in);
    json_t *list = json_array();
    int status = -1;
    for (unsigned rank = 0; out && rank < cluster->size; rank++)
        out[rank] = mine;
    if (out && in && mine && list)
        status = mcb_cluster_exchange(cluster, phase, out, in, deadline_ns, error);
    else
        mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for messages to %u ranks",
                      cluster->size);
    for (unsigned rank = 0; status == 0 && rank < cluster->size; rank++)
        json_array_append_new(list, in[rank]);
    if (status == 0)
        *all = list;
    else
        json_decref(list);
    json_decref(mine);
    free(in);
    free(out);
    return status;
}

bool mcb_cluster_is_lost(const struct mcb_cluster *cluster, unsigned rank)
{
    const struct mcb_link *link = cluster->members[rank].link;
    return link && link->ended;
}

/* ---- waiting ---- */

int mcb_cluster_wait(struct mcb_cluster *cluster, int event_fd, int64_t until_ns,
                     struct mcb_error *error)
{
    for (;;) {
        struct pollfd event = {.fd = event_fd, .events = POLLIN};
        if (mcb_links_judge(cluster, NULL, error) ||
            mcb_links_pump(cluster, &event, 1, until_ns, error))
            return -1;
        uint64_t count;
        if (event.revents && read(event_fd, &count, sizeof count) == sizeof count)
            return 0;
        if (event.revents && errno != EAGAIN && errno != EINTR)
            return mcb_error_set(error, MCB_FAULT_HOST_SYSTEM, "eventfd: %s", strerror(errno));
        if (mcb_clock_ns() >= until_ns)
            return mcb_links_judge(cluster, NULL, error) ? -1 : 1;
    }
}
