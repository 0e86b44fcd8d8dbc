/* SPDX-License-Identifier: Apache-2.0 */
/* The peers that were named: whether they are reached, and what a transfer to each of them says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/doctor/network_checks.h"
#include "bench/doctor/peer_pairs.h"
#include "bench/doctor/peer_reach.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/socket.h"

static size_t read_peers(struct mcb_examination *examination, const struct mcb_check *check,
                         struct mcb_peer_reach *peers)
{
    char *copy = strdup(examination->options->peer), *rest = copy, *peer;
    size_t count = 0;
    examination->out_of_memory |= !copy;
    while (rest && (peer = strsep(&rest, ",")) != NULL) {
        if (peer[0] == '\0')
            continue;
        if (count < MCB_REACH_MOST &&
            mcb_socket_split(peer, false, peers[count].host, &peers[count].port) == 0 &&
            peers[count].host[0])
            count++;
        else
            mcb_examination_add(examination, check, peer, MCB_VERDICT_FAIL, MCB_FAULT_USE_VALUE,
                                count == MCB_REACH_MOST ? "more peers than can be reached at once"
                                                        : "HOST:PORT was expected");
    }
    free(copy);
    return count;
}

static void add_fix_of_peer(struct mcb_examination *examination, const struct mcb_peer_reach *peer)
{
    switch (peer->error.code) {
    case MCB_FAULT_NET_REFUSED:
        mcb_examination_fix(examination,
                            "ss -ltnp 'sport = :%u'  # on %s: does anybody listen?\n"
                            "mcbench cpu --listen %u  # there, for a transfer",
                            peer->port, peer->host, peer->port);
        break;
    case MCB_FAULT_NET_TIMEOUT:
        mcb_examination_fix(examination,
                            "ping -c 3 %s\nnft list ruleset  # on both hosts: TCP port %u must "
                            "pass\nip route get %s",
                            peer->host, peer->port, peer->host);
        break;
    case MCB_FAULT_NET_RESOLVE:
        mcb_examination_fix(examination, "getent hosts %s", peer->host);
        break;
    default:
        break;
    }
}

static void no_mcbench(struct mcb_examination *examination, const struct mcb_check *check,
                       const struct mcb_peer_reach *peer, const char *subject)
{
    mcb_examination_add(examination, check, subject, MCB_VERDICT_SKIP, MCB_FAULT_NONE,
                        "it answers, but no mcbench that could be heard: start there 'mcbench cpu "
                        "--listen %u'",
                        peer->port);
}

static void add_failed_pairs(struct mcb_examination *examination, const struct mcb_check *check,
                             const char *subject, const struct mcb_peer_pairs *pairs)
{
    enum mcb_fault_code code = mcb_peer_pairs_judge(pairs);
    if (code == MCB_FAULT_RDMA_MTU)
        mcb_examination_add(examination, check, subject, MCB_VERDICT_FAIL, code,
                            "%zu of %zu pairs of NICs fail, those whose active MTUs differ: %s",
                            pairs->failed, pairs->count, pairs->mtu_example);
    if (code == MCB_FAULT_RDMA_RAIL) {
        mcb_examination_add(examination, check, subject, MCB_VERDICT_FAIL, code,
                            "%zu of %zu pairs of NICs fail, all of them between different rails, "
                            "such as %s; all pairs of one rail work",
                            pairs->failed, pairs->count, pairs->failed_example);
        mcb_examination_fix(examination,
                            "export MC_ENABLE_DEST_DEVICE_AFFINITY=1  # rails only; mcbench: "
                            "--pairs rail\nip route  # or routes between the rails' subnets");
    }
    for (size_t i = 0; code == MCB_FAULT_NONE && i < pairs->fault_count; i++)
        mcb_examination_add(examination, check, subject, MCB_VERDICT_FAIL, pairs->faults[i].code,
                            "%zu of %zu pairs of NICs fail; %zu transfers so, the first: %s",
                            pairs->failed, pairs->count, pairs->faults[i].cells,
                            pairs->faults[i].detail);
}

static void judge_document(struct mcb_examination *examination, const struct mcb_check *check,
                           const char *subject, const json_t *document)
{
    struct mcb_peer_pairs pairs = {.count = 0};
    struct mcb_error broken = {.code = MCB_FAULT_NONE};
    const json_t *fault = json_object_get(document, "fault");
    bool read = mcb_peer_pairs_read(document, &pairs);
    if (pairs.unlike > 0)
        mcb_examination_add(examination, check, subject, MCB_VERDICT_SKIP, MCB_FAULT_NONE,
                            "%zu pairs of NICs are left out, whose links are of unlike kinds: %s",
                            pairs.unlike, pairs.unlike_example);
    if (read && pairs.failed > 0) {
        add_failed_pairs(examination, check, subject, &pairs);
        return;
    }
    if (read && !json_is_object(fault) && pairs.count == 0) {
        mcb_examination_add(examination, check, subject, MCB_VERDICT_SKIP, MCB_FAULT_NONE,
                            "no transfer was complete within its time: the hosts are too slow");
        return;
    }
    if (json_is_object(fault) || !read) {
        mcb_json_to_error(fault, &broken);
        broken.code = broken.code == MCB_FAULT_NONE ? MCB_FAULT_JOB_PEER_FAILED : broken.code;
        mcb_examination_add(examination, check, subject, MCB_VERDICT_FAIL, broken.code,
                            "%.300s; before that %zu pairs of NICs worked, %llu bytes verified",
                            broken.detail, pairs.count, (unsigned long long)pairs.verified_bytes);
        return;
    }
    if (pairs.mtu_count > 0) {
        mcb_examination_add(examination, check, subject, MCB_VERDICT_WARN, MCB_FAULT_RDMA_MTU,
                            "all %zu pairs of NICs work, but active MTUs differ: %s", pairs.count,
                            pairs.mtu_example);
    } else {
        mcb_examination_add(examination, check, subject, MCB_VERDICT_PASS, MCB_FAULT_NONE,
                            "%zu %s of NICs, %zu transfers over %s, %llu bytes verified, 0 wrong, "
                            "%.3g to %.3g Gbit/s",
                            pairs.count, pairs.count == 1 ? "pair" : "pairs", pairs.cells,
                            pairs.transport, (unsigned long long)pairs.verified_bytes,
                            pairs.slowest_gbps, pairs.fastest_gbps);
    }
    mcb_examination_prove(examination, MCB_GROUP_NETWORK, subject, MCB_STAGE_PEER_TRANSFER,
                          "%zu %s of NICs over %s, 64 KiB written and read, %llu bytes verified",
                          pairs.count, pairs.count == 1 ? "pair" : "pairs", pairs.transport,
                          (unsigned long long)pairs.verified_bytes);
}

static void transfer(struct mcb_examination *examination, const struct mcb_check *check,
                     const struct mcb_peer_reach *peer, const char *subject)
{
    struct mcb_error error;
    json_t *document = NULL;
    bool stranger = false;
    if (!examination->options->transfer)
        return;
    if (examination->options->transfer(subject, examination->options->nics,
                                       examination->options->timeout_ns, &document, &stranger,
                                       &error) == 0)
        judge_document(examination, check, subject, document);
    else if (stranger)
        no_mcbench(examination, check, peer, subject);
    else if (error.code != MCB_FAULT_RUN_INTERRUPTED)
        mcb_examination_add(examination, check, subject, MCB_VERDICT_FAIL, error.code, "%s%.440s",
                            error.code == MCB_FAULT_JOB_PEER_SILENT
                                ? "it is a mcbench and joined, and then fell silent: "
                                : "",
                            mcb_peer_reach_why(error.detail, subject));
    json_decref(document);
}

void mcb_network_check_peers(struct mcb_examination *examination, const struct mcb_check *check)
{
    struct mcb_peer_reach *peers = calloc(MCB_REACH_MOST, sizeof *peers);
    const volatile sig_atomic_t *stop = examination->options->stop;
    char subject[MCB_ADDRESS_MAX];
    examination->out_of_memory |= !peers;
    size_t count = peers ? read_peers(examination, check, peers) : 0;
    mcb_peer_reach_all(peers, count, mcb_clock_ns() + examination->options->timeout_ns, stop);
    for (size_t i = 0; i < count && !(stop && *stop); i++) {
        const struct mcb_peer_reach *peer = &peers[i];
        mcb_socket_join(peer->host, peer->port, subject);
        if (peer->error.code != MCB_FAULT_NONE) {
            mcb_examination_add(examination, check, subject, MCB_VERDICT_FAIL, peer->error.code,
                                "%.480s", mcb_peer_reach_why(peer->error.detail, subject));
            add_fix_of_peer(examination, peer);
            continue;
        }
        mcb_examination_add(examination, check, subject, MCB_VERDICT_PASS, MCB_FAULT_NONE,
                            "it takes connections, within %.1f ms",
                            (double)peer->took_ns / MCB_NS_PER_MS);
        mcb_examination_prove(examination, MCB_GROUP_NETWORK, subject, MCB_STAGE_PEER,
                              "TCP, %.1f ms", (double)peer->took_ns / MCB_NS_PER_MS);
        transfer(examination, check, peer, subject);
    }
    free(peers);
}
