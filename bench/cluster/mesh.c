/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How the links of a job come to stand, whoever connects to whom.
 *
 * Who connects sends a hello and waits for a welcome; who listens takes connections in, and gives
 * each the chance to say hello. Anything may connect to an open port, so a stranger costs little: a
 * note, a slot among 64, and memory only for what it really sends. It is closed once it sends what
 * is not a hello, or nothing for 2 s; real peers are still waited for meanwhile.
 */

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/cluster/method.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "common/socket.h"

enum { HELLO_SILENCE_S = 2 };

struct visitor {
    struct mcb_link *link;
    char from[256];
};

struct forming {
    struct mcb_mesh *mesh;
    struct visitor visitors[MCB_MESH_PENDING_MAX];
    size_t visitor_count;
    bool welcome[MCB_RANKS_MAX]; /* ranks that have said welcome, or been told */
};

int mcb_mesh_connect(struct mcb_cluster *cluster, unsigned rank, int fd, const json_t *hello,
                     struct mcb_error *error)
{
    struct mcb_link *link = mcb_link_open(fd, error);
    if (!link)
        return -1;
    if (mcb_link_queue(link, hello, error)) {
        mcb_link_close(link);
        return -1;
    }
    mcb_link_flush(link);
    cluster->members[rank].link = link;
    return 0;
}

/* ---- visitors ---- */

static void show_out(struct forming *forming, size_t index, const char *why)
{
    struct visitor *visitor = &forming->visitors[index];
    mcb_log_note("connection from %s closed: %s", visitor->from, why);
    mcb_link_close(visitor->link);
    *visitor = forming->visitors[--forming->visitor_count];
}

static void let_in(struct forming *forming, int fd)
{
    struct mcb_error ignored;
    struct visitor visitor = {.from = "?"};
    mcb_socket_address(fd, false, visitor.from);
    visitor.link = mcb_link_open(fd, &ignored);
    if (visitor.link)
        forming->visitors[forming->visitor_count++] = visitor;
}

static void let_all_in(struct forming *forming)
{
    while (forming->visitor_count < MCB_MESH_PENDING_MAX) {
        int fd = accept4(forming->mesh->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        let_in(forming, fd);
    }
}

static void refuse(struct visitor *visitor, const struct mcb_error *why)
{
    struct mcb_error ignored;
    json_t *frame = json_pack("{s:s, s:o}", "type", "refuse", "fault", mcb_json_from_error(why));
    if (frame && mcb_link_queue(visitor->link, frame, &ignored) == 0)
        mcb_link_flush(visitor->link);
    json_decref(frame);
}

/* 0: it is a member's link now. */
static int admit(struct forming *forming, struct visitor *visitor, const json_t *hello,
                 struct mcb_error *problem)
{
    struct mcb_mesh *mesh = forming->mesh;
    unsigned rank = 0;
    json_t *welcome = NULL;
    if (!mcb_link_is_type(hello, "hello"))
        return mcb_error_set(problem, MCB_FAULT_NET_PROTOCOL, "said something else than hello");
    if (mesh->admit(mesh->context, hello, &rank, &welcome, problem)) {
        refuse(visitor, problem);
        return -1;
    }
    int result = mcb_link_queue(visitor->link, welcome, problem);
    json_decref(welcome);
    if (result)
        return -1;
    mcb_link_flush(visitor->link);
    mesh->cluster->members[rank].link = visitor->link;
    forming->welcome[rank] = true;
    return 0;
}

/* True if the visitor is no longer one. */
static bool attend(struct forming *forming, size_t index)
{
    struct visitor *visitor = &forming->visitors[index];
    struct mcb_link *link = visitor->link;
    mcb_link_fill(link);
    json_t *hello = mcb_link_take(link);
    if (hello) {
        struct mcb_error problem;
        int result = admit(forming, visitor, hello, &problem);
        json_decref(hello);
        if (result)
            show_out(forming, index, problem.detail);
        else
            *visitor = forming->visitors[--forming->visitor_count];
        return true;
    }
    const char *why = NULL;
    if (link->ended)
        why = link->trouble.detail;
    else if (link->said_bye || link->abort)
        why = "said something else than hello";
    else if (mcb_clock_ns() - link->heard_ns > HELLO_SILENCE_S * MCB_NS_PER_S)
        why = "it says nothing";
    if (why)
        show_out(forming, index, why);
    return why != NULL;
}

/* ---- those that this rank has connected to ---- */

static int hear_welcome(struct forming *forming, unsigned rank, struct mcb_error *error)
{
    struct mcb_mesh *mesh = forming->mesh;
    const struct mcb_member *member = &mesh->cluster->members[rank];
    json_t *frame = mcb_link_take(member->link);
    if (!frame) {
        if (!member->link->ended || member->link->abort)
            return 0;
        bool lost = member->link->trouble.code == MCB_FAULT_JOB_PEER_LOST;
        return mcb_error_set(error, lost ? mesh->lost : member->link->trouble.code,
                             "%s: %s; a welcome was expected", member->name,
                             member->link->trouble.detail);
    }
    int result = 0;
    if (mcb_link_is_type(frame, "welcome")) {
        result = mesh->welcomed(mesh->context, rank, frame, error);
        forming->welcome[rank] = true;
    } else if (mcb_link_is_type(frame, "refuse")) {
        struct mcb_error why;
        mcb_json_to_error(json_object_get(frame, "fault"), &why);
        bool known = why.code != MCB_FAULT_NONE;
        result = mcb_error_set(error, known ? why.code : MCB_FAULT_JOB_PEER_FAILED,
                               "%s refused the connection: %s", member->name,
                               known ? why.detail : "no reason was given");
    } else {
        result = mcb_error_set(error, MCB_FAULT_NET_PROTOCOL,
                               "%s: sent something else than a welcome", member->name);
    }
    json_decref(frame);
    return result;
}

/* ---- all ---- */

static int report_missing(const struct forming *forming, struct mcb_error *error)
{
    const struct mcb_mesh *mesh = forming->mesh;
    const struct mcb_cluster *cluster = mesh->cluster;
    bool missing[MCB_RANKS_MAX] = {false};
    bool known = mesh->listener < 0;
    for (unsigned r = 0; r < cluster->size; r++) {
        missing[r] = r != cluster->rank && !forming->welcome[r];
        known = known || (missing[r] && cluster->members[r].record);
    }
    if (!known)
        return mcb_error_set(error, MCB_FAULT_NET_TIMEOUT,
                             "%s: no other mcbench connected within the deadline", mesh->what);
    char names[MCB_ERROR_DETAIL_MAX];
    mcb_links_list(cluster, missing, names, sizeof names);
    return mcb_error_set(error, MCB_FAULT_JOB_PEER_SILENT, "%s: no link within the deadline",
                         names);
}

/* 1: every member is linked. */
static int serve_links(struct forming *forming, struct mcb_error *error)
{
    struct mcb_cluster *cluster = forming->mesh->cluster;
    bool complete = true;
    for (unsigned r = 0; r < cluster->size; r++) {
        if (r == cluster->rank || forming->welcome[r])
            continue;
        if (cluster->members[r].link && hear_welcome(forming, r, error))
            return -1;
        complete = complete && forming->welcome[r];
    }
    return complete;
}

static int serve_visitors(struct forming *forming, struct mcb_error *error)
{
    const struct mcb_mesh *mesh = forming->mesh;
    struct pollfd polls[MCB_MESH_POLLS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < forming->visitor_count; i++)
        polls[count++] = (struct pollfd){.fd = forming->visitors[i].link->fd, .events = POLLIN};
    if (mesh->listener >= 0 && count < MCB_MESH_PENDING_MAX)
        polls[count++] = (struct pollfd){.fd = mesh->listener, .events = POLLIN};
    if (mcb_links_pump(mesh->cluster, polls, count, mesh->deadline_ns, error))
        return -1;
    if (mesh->listener >= 0)
        let_all_in(forming);
    for (size_t i = 0; i < forming->visitor_count;)
        if (!attend(forming, i))
            i++;
    return 0;
}

int mcb_mesh_form(struct mcb_mesh *mesh, struct mcb_error *error)
{
    struct forming *forming = calloc(1, sizeof *forming);
    if (!forming)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory to connect the ranks");
    forming->mesh = mesh;
    int result;
    while ((result = serve_links(forming, error)) == 0) {
        result = mcb_links_judge(mesh->cluster, NULL, error);
        if (result == 0 && mesh->watch)
            result = mesh->watch(mesh->context, error);
        if (result == 0 && mcb_clock_ns() >= mesh->deadline_ns)
            result = report_missing(forming, error);
        if (result == 0)
            result = serve_visitors(forming, error);
        if (result)
            break;
    }
    for (size_t i = 0; i < forming->visitor_count; i++)
        mcb_link_close(forming->visitors[i].link);
    free(forming);
    return result < 0 ? -1 : 0;
}
