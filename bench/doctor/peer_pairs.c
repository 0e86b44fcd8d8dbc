/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/doctor/peer_pairs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"

enum { NICS_MOST = 128 };

struct side {
    const char *host;
    const json_t *nics;
};

static size_t find_nic(const struct side *side, const char *name)
{
    size_t count = json_array_size(side->nics), i = 0;
    while (i < count && strcmp(mcb_json_text(json_array_get(side->nics, i), "name"), name) != 0)
        i++;
    return i;
}

static bool is_at(const struct side *side, const json_t *end)
{
    return strcmp(mcb_json_text(end, "host"), side->host) == 0;
}

/* The places of both NICs of a cell that goes from one host to the other. Two ranks on one host,
 * which only tests have, are told by their order. */
static bool find_pair(const struct side sides[2], const json_t *cell, size_t places[2])
{
    const json_t *from = json_object_get(cell, "initiator"), *to = json_object_get(cell, "target");
    bool forward = is_at(&sides[0], from) && is_at(&sides[1], to);
    if (!forward && !(is_at(&sides[1], from) && is_at(&sides[0], to)))
        return false;
    places[0] = find_nic(&sides[0], mcb_json_text(forward ? from : to, "nic"));
    places[1] = find_nic(&sides[1], mcb_json_text(forward ? to : from, "nic"));
    return places[0] < json_array_size(sides[0].nics) && places[1] < json_array_size(sides[1].nics);
}

static void add_fault(struct mcb_peer_pairs *pairs, const json_t *cell)
{
    const json_t *fault = json_object_get(cell, "fault");
    enum mcb_fault_code code = mcb_fault_find(mcb_json_text(fault, "id"));
    code = code == MCB_FAULT_NONE ? MCB_FAULT_JOB_PEER_FAILED : code;
    size_t i = 0;
    while (i < pairs->fault_count && pairs->faults[i].code != code)
        i++;
    if (i == MCB_PAIR_FAULTS_MOST)
        return;
    if (i == pairs->fault_count) {
        pairs->fault_count++;
        pairs->faults[i].code = code;
        snprintf(pairs->faults[i].detail, sizeof pairs->faults[i].detail, "%s",
                 mcb_json_text(fault, "detail"));
    }
    pairs->faults[i].cells++;
}

/* Too slow for its short trial: the pair neither works nor fails by that. */
static bool was_slow(const json_t *cell)
{
    const char *id = mcb_json_text(json_object_get(cell, "fault"), "id");
    return mcb_fault_find(id) == MCB_FAULT_RUN_NO_FIGURE;
}

static void add_figures(struct mcb_peer_pairs *pairs, const json_t *cell)
{
    double gbps =
        json_number_value(json_object_get(json_object_get(cell, "bandwidth_gbps"), "median"));
    pairs->slowest_gbps =
        pairs->cells == 0 || gbps < pairs->slowest_gbps ? gbps : pairs->slowest_gbps;
    pairs->fastest_gbps = gbps > pairs->fastest_gbps ? gbps : pairs->fastest_gbps;
    pairs->cells++;
    pairs->verified_bytes += (uint64_t)json_integer_value(json_object_get(cell, "verified_bytes"));
}

static json_int_t mtu_of(const struct side *side, size_t place)
{
    return json_integer_value(
        json_object_get(json_array_get(side->nics, place), "active_mtu_bytes"));
}

static const char *nic_of(const struct side *side, size_t place)
{
    return mcb_json_text(json_array_get(side->nics, place), "name");
}

static const char *link_of(const struct side *side, size_t place)
{
    return mcb_json_text(json_array_get(side->nics, place), "link_layer");
}

static bool are_unlike(const struct side sides[2], size_t one, size_t two)
{
    const char *here = link_of(&sides[0], one), *there = link_of(&sides[1], two);
    return here[0] && there[0] && strcmp(here, there) != 0;
}

/* By name; a name that the other host lacks stands for its place, if that is free. */
static bool are_of_one_rail(const struct side sides[2], size_t one, size_t two)
{
    size_t twin_of_one = find_nic(&sides[1], nic_of(&sides[0], one));
    size_t twin_of_two = find_nic(&sides[0], nic_of(&sides[1], two));
    bool named = twin_of_one < json_array_size(sides[1].nics) ||
                 twin_of_two < json_array_size(sides[0].nics);
    return named ? twin_of_one == two : one == two;
}

static void leave_out(struct mcb_peer_pairs *pairs, const struct side sides[2], size_t one,
                      size_t two)
{
    if (pairs->unlike++ == 0)
        snprintf(pairs->unlike_example, sizeof pairs->unlike_example,
                 "%.60s/%.60s %.20s, %.60s/%.60s %.20s", sides[0].host, nic_of(&sides[0], one),
                 link_of(&sides[0], one), sides[1].host, nic_of(&sides[1], two),
                 link_of(&sides[1], two));
}

static void count_pair(struct mcb_peer_pairs *pairs, const struct side sides[2], size_t one,
                       size_t two, bool failed)
{
    json_int_t mtu_one = mtu_of(&sides[0], one), mtu_two = mtu_of(&sides[1], two);
    bool differs = mtu_one > 0 && mtu_two > 0 && mtu_one != mtu_two;
    bool cross = !are_of_one_rail(sides, one, two);
    pairs->count++;
    pairs->failed += failed;
    pairs->cross_count += cross;
    pairs->cross_failed += cross && failed;
    pairs->mtu_count += differs;
    pairs->mtu_failed += differs && failed;
    if (differs && !pairs->mtu_example[0])
        snprintf(pairs->mtu_example, sizeof pairs->mtu_example,
                 "%.60s/%.60s %lld, %.60s/%.60s %lld", sides[0].host, nic_of(&sides[0], one),
                 (long long)mtu_one, sides[1].host, nic_of(&sides[1], two), (long long)mtu_two);
    if (failed && !pairs->failed_example[0])
        snprintf(pairs->failed_example, sizeof pairs->failed_example, "%.60s/%.60s and %.60s/%.60s",
                 sides[0].host, nic_of(&sides[0], one), sides[1].host, nic_of(&sides[1], two));
}

enum { UNSEEN, WORKS, FAILS, UNLIKE };

static void read_cells(const json_t *document, const struct side sides[2], bool unlike_too,
                       unsigned char *states, struct mcb_peer_pairs *pairs)
{
    size_t i, places[2];
    const json_t *cell;
    json_array_foreach(json_object_get(document, "cells"), i, cell)
    {
        const char *status = mcb_json_text(cell, "status");
        if (!find_pair(sides, cell, places) || places[0] >= NICS_MOST || places[1] >= NICS_MOST)
            continue;
        unsigned char *state = &states[places[0] * NICS_MOST + places[1]];
        if (!unlike_too && are_unlike(sides, places[0], places[1])) {
            *state = UNLIKE;
            continue;
        }
        pairs->corrupt_bytes +=
            (uint64_t)json_integer_value(json_object_get(cell, "corrupt_bytes"));
        if (strcmp(status, "ok") == 0) {
            add_figures(pairs, cell);
            *state = *state == FAILS ? FAILS : WORKS;
        } else if (strcmp(status, "failed") == 0 && !was_slow(cell)) {
            add_fault(pairs, cell);
            *state = FAILS;
        }
    }
}

bool mcb_peer_pairs_read(const json_t *document, struct mcb_peer_pairs *pairs)
{
    const json_t *hosts = json_object_get(document, "hosts");
    unsigned char *states = calloc(NICS_MOST, NICS_MOST);
    struct mcb_peer_pairs read = {.count = 0};
    struct side sides[2];
    if (json_array_size(hosts) != 2 || !json_is_array(json_object_get(document, "cells")) ||
        !states) {
        free(states);
        return false;
    }
    for (size_t i = 0; i < 2; i++)
        sides[i] = (struct side){mcb_json_text(json_array_get(hosts, i), "host"),
                                 json_object_get(json_array_get(hosts, i), "nics")};
    snprintf(read.transport, sizeof read.transport, "%s",
             mcb_json_text(json_object_get(document, "transport"), "name"));
    read_cells(document, sides, false, states, &read);
    if (!memchr(states, WORKS, NICS_MOST * NICS_MOST) &&
        !memchr(states, FAILS, NICS_MOST * NICS_MOST))
        read_cells(document, sides, true, states, &read);
    for (size_t one = 0; one < NICS_MOST; one++)
        for (size_t two = 0; two < NICS_MOST; two++) {
            unsigned char state = states[one * NICS_MOST + two];
            if (state == UNLIKE)
                leave_out(&read, sides, one, two);
            else if (state != UNSEEN)
                count_pair(&read, sides, one, two, state == FAILS);
        }
    free(states);
    *pairs = read;
    return true;
}

enum mcb_fault_code mcb_peer_pairs_judge(const struct mcb_peer_pairs *pairs)
{
    if (pairs->failed == 0 || pairs->corrupt_bytes > 0)
        return MCB_FAULT_NONE;
    if (pairs->mtu_failed == pairs->failed && pairs->mtu_count == pairs->mtu_failed)
        return MCB_FAULT_RDMA_MTU;
    if (pairs->cross_failed == pairs->failed && pairs->cross_failed == pairs->cross_count &&
        pairs->cross_count < pairs->count)
        return MCB_FAULT_RDMA_RAIL;
    return MCB_FAULT_NONE;
}
