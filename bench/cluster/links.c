/* SPDX-License-Identifier: Apache-2.0 */

/*
 * All links of a rank together: one poll round over them, and the verdict when something broke.
 *
 * The verdict looks for the cause, not the first symptom. When a rank dies, its peers abort, and
 * their ends arrive in any order; so a reason that a rank gave at first hand beats a lost link, and
 * a lost link beats reasons that only repeat what their sender heard of others.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench/cluster/method.h"
#include "common/clock.h"
#include "common/json.h"

enum { POLL_MS = 100, SETTLE_MS = 100, ROUND_TRIPS = 16 };

/* 146 years; sums and differences of two such times fit their type. */
static const int64_t clock_max_ns = (int64_t)1 << 62;

/* ---- one poll round ---- */

static void serve(struct mcb_link *link, short events)
{
    if (events & (POLLIN | POLLHUP | POLLERR))
        mcb_link_fill(link);
    if (events & POLLOUT)
        mcb_link_flush(link);
}

static void poll_round(struct mcb_cluster *cluster, struct pollfd *extra, size_t extra_count,
                       int64_t until_ns)
{
    struct pollfd *polls = cluster->polls;
    for (unsigned r = 0; r < cluster->size; r++) {
        const struct mcb_link *link = cluster->members[r].link;
        polls[r] = (struct pollfd){.fd = -1};
        if (link && !link->ended)
            polls[r] = (struct pollfd){
                .fd = link->fd, .events = (short)(POLLIN | (mcb_link_pending(link) ? POLLOUT : 0))};
    }
    if (extra_count)
        memcpy(polls + cluster->size, extra, extra_count * sizeof *extra);
    int ms = mcb_clock_ms_until(until_ns);
    if (poll(polls, cluster->size + extra_count, ms > POLL_MS ? POLL_MS : ms) < 0)
        for (size_t i = 0; i < cluster->size + extra_count; i++)
            polls[i].revents = 0;
    for (unsigned r = 0; r < cluster->size; r++)
        if (polls[r].revents)
            serve(cluster->members[r].link, polls[r].revents);
    for (size_t i = 0; i < extra_count; i++)
        extra[i].revents = polls[cluster->size + i].revents;
}

void mcb_links_serve(struct mcb_cluster *cluster, int64_t until_ns)
{
    poll_round(cluster, NULL, 0, until_ns);
}

static int check_stop(const struct mcb_cluster *cluster, struct mcb_error *error)
{
    if (cluster->stop && *cluster->stop)
        return mcb_error_set(error, MCB_FAULT_RUN_INTERRUPTED, "interrupted by a signal");
    return 0;
}

int mcb_links_pump(struct mcb_cluster *cluster, struct pollfd *extra, size_t extra_count,
                   int64_t until_ns, struct mcb_error *error)
{
    if (check_stop(cluster, error))
        return -1;
    if (cluster->method->check && cluster->method->check(cluster, error))
        return -1;
    poll_round(cluster, extra, extra_count, until_ns);
    return 0;
}

/* ---- the verdict ---- */

unsigned mcb_links_list(const struct mcb_cluster *cluster, const bool *wanted, char *text,
                        size_t text_size)
{
    unsigned count = 0;
    size_t used = 0;
    text[0] = '\0';
    for (unsigned r = 0; r < cluster->size; r++) {
        if (!wanted[r])
            continue;
        const char *comma = count++ ? ", " : "";
        if (used < text_size)
            used += (size_t)snprintf(text + used, text_size - used, "%s%s", comma,
                                     cluster->members[r].name);
    }
    return count;
}

static bool is_done(const bool *done, unsigned rank)
{
    return done && done[rank];
}

/* The end of a link is a loss, unless the peer gave a reason or had nothing left to do. */
static bool is_lost(const struct mcb_link *link, bool done)
{
    if (!link || link->abort)
        return false;
    return link->said_bye ? !done : link->ended;
}

static bool is_troubled(const struct mcb_cluster *cluster, const bool *done)
{
    for (unsigned r = 0; r < cluster->size; r++) {
        const struct mcb_link *link = cluster->members[r].link;
        if (link && (link->abort || is_lost(link, is_done(done, r))))
            return true;
    }
    return false;
}

/* Faults by which a rank says that it only suffers from another's. */
static bool is_hearsay(enum mcb_fault_code code)
{
    return code == MCB_FAULT_JOB_PEER_LOST || code == MCB_FAULT_JOB_PEER_SILENT ||
           code == MCB_FAULT_JOB_PEER_FAILED;
}

/* 0 if no rank aborted (at first hand). */
static int report_abort(const struct mcb_cluster *cluster, bool hearsay, struct mcb_error *error)
{
    for (unsigned r = 0; r < cluster->size; r++) {
        const struct mcb_link *link = cluster->members[r].link;
        if (!link || !link->abort)
            continue;
        struct mcb_error why;
        mcb_json_to_error(json_object_get(link->abort, "fault"), &why);
        if (why.code == MCB_FAULT_NONE)
            mcb_error_set(&why, MCB_FAULT_JOB_PEER_FAILED, "no reason was given");
        if (is_hearsay(why.code) == hearsay)
            return mcb_error_set(error, MCB_FAULT_JOB_PEER_FAILED, "%s: %s: %s",
                                 cluster->members[r].name, mcb_fault_get(why.code)->id, why.detail);
    }
    return 0;
}

static int report_garbage(const struct mcb_cluster *cluster, struct mcb_error *error)
{
    for (unsigned r = 0; r < cluster->size; r++) {
        const struct mcb_link *link = cluster->members[r].link;
        if (link && link->ended && link->trouble.code != MCB_FAULT_JOB_PEER_LOST)
            return mcb_error_set(error, link->trouble.code, "%s: %s", cluster->members[r].name,
                                 link->trouble.detail);
    }
    return 0;
}

static int report_lost(const struct mcb_cluster *cluster, const bool *done, struct mcb_error *error)
{
    bool lost[MCB_RANKS_MAX] = {false};
    const struct mcb_link *last = NULL;
    for (unsigned r = 0; r < cluster->size; r++) {
        const struct mcb_link *link = cluster->members[r].link;
        lost[r] = is_lost(link, is_done(done, r));
        last = lost[r] ? link : last;
    }
    char names[MCB_ERROR_DETAIL_MAX];
    unsigned count = mcb_links_list(cluster, lost, names, sizeof names);
    if (count == 0)
        return 0;
    if (count == 1)
        return mcb_error_set(error, MCB_FAULT_JOB_PEER_LOST, "%s: %s", names,
                             last->said_bye ? "left the job too early" : last->trouble.detail);
    return mcb_error_set(error, MCB_FAULT_JOB_PEER_LOST, "%s: their connections ended", names);
}

int mcb_links_judge(struct mcb_cluster *cluster, const bool *done, struct mcb_error *error)
{
    if (!is_troubled(cluster, done))
        return 0;
    int64_t settled_ns = mcb_clock_ns() + SETTLE_MS * MCB_NS_PER_MS;
    while (mcb_clock_ns() < settled_ns)
        poll_round(cluster, NULL, 0, settled_ns);
    /* Ctrl-C on several ranks at once interrupts each of them; none suffers from another. */
    if (check_stop(cluster, error) || report_abort(cluster, false, error) ||
        report_garbage(cluster, error) || report_lost(cluster, done, error))
        return -1;
    return report_abort(cluster, true, error);
}

/* ---- clocks ---- */

static int send_now(struct mcb_cluster *cluster, unsigned rank, json_t *frame,
                    struct mcb_error *error)
{
    if (!frame)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a message");
    struct mcb_link *link = cluster->members[rank].link;
    int result = mcb_link_queue(link, frame, error);
    json_decref(frame);
    mcb_link_flush(link);
    return result;
}

/* The next frame of a rank, which must be of that type. 1: none yet. */
static int take_typed(struct mcb_cluster *cluster, unsigned rank, const char *type, json_t **frame,
                      struct mcb_error *error)
{
    *frame = mcb_link_take(cluster->members[rank].link);
    if (!*frame)
        return 1;
    if (mcb_link_is_type(*frame, type))
        return 0;
    json_decref(*frame);
    return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL,
                         "%s: sent another message where a %s was expected",
                         cluster->members[rank].name, type);
}

/* Keeps the links going until the deadline; what is still missing then is the caller's to say. */
static int wait_for_frames(struct mcb_cluster *cluster, const bool *open, int64_t deadline_ns,
                           struct mcb_error *error)
{
    if (mcb_links_judge(cluster, NULL, error))
        return -1;
    if (mcb_clock_ns() < deadline_ns)
        return mcb_links_pump(cluster, NULL, 0, deadline_ns, error);
    char names[MCB_ERROR_DETAIL_MAX];
    mcb_links_list(cluster, open, names, sizeof names);
    return mcb_error_set(error, MCB_FAULT_JOB_PEER_SILENT,
                         "%s: no answer within the deadline while clocks are compared", names);
}

/* Rank 0 answers every rank ROUND_TRIPS times. */
static int tell_time(struct mcb_cluster *cluster, int64_t deadline_ns, struct mcb_error *error)
{
    unsigned char left[MCB_RANKS_MAX];
    bool open[MCB_RANKS_MAX] = {false};
    unsigned open_count = cluster->size - 1;
    for (unsigned r = 1; r < cluster->size; r++) {
        left[r] = ROUND_TRIPS;
        open[r] = true;
    }
    while (open_count > 0) {
        for (unsigned r = 1; r < cluster->size; r++) {
            json_t *ping;
            int result = open[r] ? take_typed(cluster, r, "ping", &ping, error) : 1;
            if (result == 1)
                continue;
            if (result < 0)
                return -1;
            json_decref(ping);
            json_t *pong =
                json_pack("{s:s, s:I}", "type", "pong", "time_ns", (json_int_t)mcb_clock_ns());
            if (send_now(cluster, r, pong, error))
                return -1;
            if (--left[r] == 0) {
                open[r] = false;
                open_count--;
            }
        }
        if (open_count > 0 && wait_for_frames(cluster, open, deadline_ns, error))
            return -1;
    }
    return 0;
}

/* The fastest round trip is the least disturbed one; rank 0 answered in the middle of it. */
static int ask_time(struct mcb_cluster *cluster, int64_t deadline_ns, struct mcb_error *error)
{
    bool open[MCB_RANKS_MAX] = {true};
    int64_t fastest_ns = INT64_MAX;
    for (int trip = 0; trip < ROUND_TRIPS; trip++) {
        json_t *pong;
        int64_t sent_ns = mcb_clock_ns();
        if (send_now(cluster, 0, json_pack("{s:s}", "type", "ping"), error))
            return -1;
        int result;
        while ((result = take_typed(cluster, 0, "pong", &pong, error)) == 1)
            if (wait_for_frames(cluster, open, deadline_ns, error))
                return -1;
        int64_t back_ns = mcb_clock_ns();
        if (result < 0)
            return -1;
        int64_t time_ns;
        struct mcb_error problem;
        result = mcb_json_get_integer(pong, "time_ns", 0, clock_max_ns, &time_ns,
                                      MCB_FAULT_NET_PROTOCOL, &problem);
        json_decref(pong);
        if (result)
            return mcb_error_set(error, problem.code, "%s: its clock: %s", cluster->members[0].name,
                                 problem.detail);
        if (back_ns - sent_ns < fastest_ns) {
            fastest_ns = back_ns - sent_ns;
            cluster->clock_offset_ns = sent_ns + fastest_ns / 2 - time_ns;
        }
    }
    return 0;
}

int mcb_links_synchronize(struct mcb_cluster *cluster, int64_t deadline_ns, struct mcb_error *error)
{
    return cluster->rank == 0 ? tell_time(cluster, deadline_ns, error)
                              : ask_time(cluster, deadline_ns, error);
}
