/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything that a description says is used to address packets and remote memory, so every number
 * of it is checked for its range, and every list for its length, before any is used.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "bench/transport/rdma_side.h"
#include "common/json.h"

enum { NUMBER_MOST = 0xffffff, READS_MOST = 255 };

static bool overlaps(const struct mcb_region *region, const struct mcb_area *area)
{
    uint64_t begin = (uintptr_t)area->base, length = area->stride_bytes * area->slots;
    return begin < region->address + region->length_bytes && region->address < begin + length;
}

static json_t *describe_regions(const struct mcb_side *side)
{
    json_t *list = json_array();
    for (size_t i = 0; i < side->registration->count; i++) {
        const struct mcb_region *region = &side->registration->regions[i];
        if (overlaps(region, &side->in) || overlaps(region, &side->out))
            json_array_append_new(list, json_pack("{s:o, s:o, s:I}", "address",
                                                  mcb_json_hex64(region->address), "length",
                                                  mcb_json_hex64(region->length_bytes), "key",
                                                  (json_int_t)region->remote_key));
    }
    return list;
}

json_t *mcb_rdma_side_describe(const struct mcb_side *side)
{
    const struct mcb_queue_set *set = side->set;
    char gid[MCB_GID_TEXT_MAX];
    json_t *pairs = json_array();
    for (uint32_t i = 0; i < set->options.count; i++)
        json_array_append_new(pairs,
                              json_pack("{s:I, s:I}", "number", (json_int_t)set->pairs[i].number,
                                        "sequence", (json_int_t)set->pairs[i].sequence));
    return json_pack(
        "{s:s, s:i, s:i, s:i, s:b, s:o, s:I, s:I, s:I, s:o, s:o, s:o}", "gid",
        mcb_gid_format(set->gid.bytes, gid), "lid", (int)set->options.lid, "mtu_bytes",
        (int)set->options.mtu_bytes, "reads", (int)set->reads_as_target, "polls_memory",
        (int)(side->method == MCB_LATENCY_MEMORY_POLL), "pairs", pairs, "slots",
        (json_int_t)side->in.slots, "slot_bytes", (json_int_t)side->in.slot_bytes, "stride_bytes",
        (json_int_t)side->in.stride_bytes, "in", mcb_json_hex64((uintptr_t)side->in.base), "out",
        mcb_json_hex64((uintptr_t)side->out.base), "regions", describe_regions(side));
}

static int get(const json_t *object, const char *key, int64_t least, int64_t most, int64_t *value,
               struct mcb_error *error)
{
    return mcb_json_get_integer(object, key, least, most, value, MCB_FAULT_NET_PROTOCOL, error);
}

static int read_address(const json_t *description, struct mcb_queue_peer *queues,
                        struct mcb_error *error)
{
    const char *gid;
    int64_t lid, mtu_bytes, reads;
    if (mcb_json_get_string(description, "gid", MCB_GID_TEXT_MAX, &gid, MCB_FAULT_NET_PROTOCOL,
                            error) < 0 ||
        get(description, "lid", 0, UINT16_MAX, &lid, error) < 0 ||
        get(description, "mtu_bytes", 256, 4096, &mtu_bytes, error) < 0 ||
        get(description, "reads", 0, READS_MOST, &reads, error) < 0)
        return -1;
    if (inet_pton(AF_INET6, gid, queues->gid) != 1)
        return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL, "\"gid\" of a peer: it is not a GID");
    if (mtu_bytes & (mtu_bytes - 1))
        return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL,
                             "\"mtu_bytes\" of a peer: %lld is not an MTU of RDMA",
                             (long long)mtu_bytes);
    queues->lid = (uint16_t)lid;
    queues->mtu_bytes = (uint32_t)mtu_bytes;
    queues->reads_as_target = (uint8_t)reads;
    return 0;
}

static int read_pairs(const struct mcb_side *side, const json_t *description,
                      struct mcb_rdma_peer *peer, struct mcb_error *error)
{
    uint32_t count = side->set->options.count;
    json_t *pairs;
    int64_t number, sequence;
    if (mcb_json_get_array(description, "pairs", 0, MCB_QUEUE_PAIRS_MAX, &pairs,
                           MCB_FAULT_NET_PROTOCOL, error) < 0)
        return -1;
    if (json_array_size(pairs) != count)
        return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL,
                             "the peer has %zu queue pairs for this cell, here are %u",
                             json_array_size(pairs), count);
    peer->numbers = calloc(count, sizeof(*peer->numbers));
    peer->sequences = calloc(count, sizeof(*peer->sequences));
    if (!peer->numbers || !peer->sequences)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for %u queue pairs", count);
    peer->queues.numbers = peer->numbers;
    peer->queues.sequences = peer->sequences;
    for (uint32_t i = 0; i < count; i++) {
        const json_t *pair = json_array_get(pairs, i);
        if (get(pair, "number", 0, NUMBER_MOST, &number, error) < 0 ||
            get(pair, "sequence", 0, NUMBER_MOST, &sequence, error) < 0)
            return -1;
        peer->numbers[i] = (uint32_t)number;
        peer->sequences[i] = (uint32_t)sequence;
    }
    return 0;
}

static int read_areas(const struct mcb_side *side, const json_t *description,
                      struct mcb_rdma_peer *peer, struct mcb_error *error)
{
    int64_t slots, slot_bytes, stride_bytes;
    if (get(description, "slots", 1, UINT32_MAX, &slots, error) < 0 ||
        get(description, "slot_bytes", 1, INT64_MAX, &slot_bytes, error) < 0 ||
        get(description, "stride_bytes", 1, INT64_MAX, &stride_bytes, error) < 0 ||
        mcb_json_get_hex64(description, "in", &peer->in, MCB_FAULT_NET_PROTOCOL, error) < 0 ||
        mcb_json_get_hex64(description, "out", &peer->out, MCB_FAULT_NET_PROTOCOL, error) < 0)
        return -1;
    uint64_t length = side->in.stride_bytes * side->in.slots;
    if (slots != (int64_t)side->in.slots || slot_bytes != (int64_t)side->in.slot_bytes ||
        stride_bytes != (int64_t)side->in.stride_bytes)
        return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL,
                             "the peer has %lld slots of %lld bytes for this cell, here are %u of "
                             "%zu",
                             (long long)slots, (long long)slot_bytes, side->in.slots,
                             side->in.slot_bytes);
    if (peer->in > UINT64_MAX - length || peer->out > UINT64_MAX - length)
        return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL,
                             "the peer's slots lie beyond the end of its memory");
    return 0;
}

/* Both sides of a latency cell must go the same way, though the memory of one may be a GPU's. */
static int read_method(const json_t *description, struct mcb_rdma_peer *peer,
                       struct mcb_error *error)
{
    const json_t *polls = json_object_get(description, "polls_memory");
    if (!json_is_boolean(polls))
        return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL,
                             "\"polls_memory\" of a peer: missing, or neither true nor false");
    peer->polls_memory = json_is_true(polls);
    return 0;
}

static int read_regions(const json_t *description, struct mcb_rdma_peer *peer,
                        struct mcb_error *error)
{
    json_t *list, *entry;
    size_t index;
    uint64_t after = 0;
    int64_t key;
    if (mcb_json_get_array(description, "regions", 0, MCB_REGIONS_MAX, &list,
                           MCB_FAULT_NET_PROTOCOL, error) < 0)
        return -1;
    peer->regions = calloc(json_array_size(list) + 1, sizeof(*peer->regions));
    if (!peer->regions)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a peer's regions");
    json_array_foreach(list, index, entry)
    {
        struct mcb_region *region = &peer->regions[index];
        if (mcb_json_get_hex64(entry, "address", &region->address, MCB_FAULT_NET_PROTOCOL, error) <
                0 ||
            mcb_json_get_hex64(entry, "length", &region->length_bytes, MCB_FAULT_NET_PROTOCOL,
                               error) < 0 ||
            get(entry, "key", 0, UINT32_MAX, &key, error) < 0)
            return -1;
        if (region->address < after || region->length_bytes > UINT64_MAX - region->address)
            return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL,
                                 "region %zu of a peer: out of order, or beyond the end of memory",
                                 index);
        region->remote_key = (uint32_t)key;
        after = region->address;
    }
    peer->region_count = json_array_size(list);
    return 0;
}

int mcb_rdma_peer_read(const struct mcb_side *side, const json_t *description,
                       struct mcb_rdma_peer *peer, struct mcb_error *error)
{
    *peer = (struct mcb_rdma_peer){.regions = NULL};
    if (!json_is_object(description))
        return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL,
                             "the description of a peer's side is not an object");
    if (read_address(description, &peer->queues, error) == 0 &&
        read_method(description, peer, error) == 0 &&
        read_pairs(side, description, peer, error) == 0 &&
        read_areas(side, description, peer, error) == 0 &&
        read_regions(description, peer, error) == 0)
        return 0;
    mcb_rdma_peer_release(peer);
    return -1;
}

void mcb_rdma_peer_release(struct mcb_rdma_peer *peer)
{
    free(peer->numbers);
    free(peer->sequences);
    free(peer->regions);
    *peer = (struct mcb_rdma_peer){.regions = NULL};
}
