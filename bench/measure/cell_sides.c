/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure/cell_sides.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "rdma/locality.h"

/* As bench/report/result_rules.c has it. The first ones stand for all. */
enum { QPNS_MOST = 16 };

static const char *const role_names[] = {"initiator", "target"};

/* ---- what this rank tells ---- */

/* NULL: none. A NIC of TCP is an interface. */
static const char *interface_of(const struct mcb_nic *nic)
{
    return nic->port > 0 ? json_string_value(json_object_get(nic->facts, "netdev")) : nic->name;
}

struct mcb_counters *mcb_cell_sides_count(const struct mcb_active_side *side, const char *sysfs)
{
    const struct mcb_nic *nic = side->local->nic;
    const struct mcb_counters_source source = {
        .device = nic->port > 0 ? nic->name : NULL,
        .port = nic->port,
        .interface = interface_of(nic),
    };
    struct mcb_counters *counters = malloc(sizeof *counters);
    if (counters)
        mcb_counters_take(sysfs, &source, counters);
    return counters;
}

/* JSON has no whole numbers beyond. */
static json_int_t count_of(uint64_t value)
{
    return value > INT64_MAX ? INT64_MAX : (json_int_t)value;
}

/* NULL where nothing can be known. */
static json_t *changes_json(const struct mcb_active_side *side, const char *sysfs)
{
    struct mcb_counters *after = mcb_cell_sides_count(side, sysfs);
    struct mcb_counter_change *changes = calloc(MCB_COUNTERS_MAX, sizeof *changes);
    json_t *json = NULL;
    if (!after || !changes || !side->counters_before || side->counters_before->count == 0)
        goto done;
    json = json_object();
    size_t count = mcb_counters_compare(side->counters_before, after, changes);
    for (size_t i = 0; i < count; i++) {
        json_t *change = json_pack("{s:I, s:I}", "before", count_of(changes[i].before), "after",
                                   count_of(changes[i].after));
        if (changes[i].restarted)
            json_object_set_new(change, "restarted", json_true());
        json_object_set_new(json, changes[i].name, change); /* takes no name that is not UTF-8 */
    }
done:
    free(changes);
    free(after);
    return json;
}

static void add_queue_pairs(json_t *told, const json_t *description)
{
    const json_t *pairs = json_object_get(description, "pairs");
    json_t *numbers = json_array();
    for (size_t i = 0; i < json_array_size(pairs) && i < QPNS_MOST; i++)
        json_array_append(numbers, json_object_get(json_array_get(pairs, i), "number"));
    if (json_array_size(numbers) > 0)
        json_object_set(told, "qpn", numbers);
    json_decref(numbers);
}

static json_t *side_json(const struct mcb_active_side *side, const char *sysfs)
{
    static const char *const taken[] = {"mtu_bytes", "address", "port"};
    const char *interface = interface_of(side->local->nic);
    char mac[64];
    json_t *told = json_object();
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        json_t *value = json_object_get(side->description, taken[i]);
        if (value)
            json_object_set(told, taken[i], value);
    }
    add_queue_pairs(told, side->description);
    if (interface && !strchr(interface, '/') &&
        mcb_locality_read(sysfs, mac, sizeof mac, "class/net/%s/address", interface) && mac[0])
        json_object_set_new(told, "mac", json_string(mac));
    return told;
}

json_t *mcb_cell_sides_tell(const struct mcb_cell *cell, enum mcb_role role, const char *sysfs)
{
    const struct mcb_active_side *side = cell->sides[role];
    json_t *told = json_pack("{s:I, s:i}", "cell", (json_int_t)cell->number, "role", (int)role);
    json_t *counters = changes_json(side, sysfs);
    if (counters)
        json_object_set_new(told, "counters", counters);
    if (cell->fault.code != MCB_FAULT_NONE)
        json_object_set_new(told, "side", side_json(side, sysfs));
    return told;
}

/* ---- what the cell says of it ---- */

/* Who the NIC is, by the roster; what its rank told of this cell comes over it. */
static json_t *known_side(const struct mcb_roster_endpoint *endpoint, const json_t *told)
{
    static const struct {
        const char *fact, *member;
    } facts[] = {
        {"port", "port"},
        {"gid", "gid"},
        {"gid_index", "gid_index"},
        {"gid_type", "gid_type"},
        {"netdev", "interface"},
        {"address", "address"},
        {"lid", "lid"},
        {"active_mtu_bytes", "mtu_bytes"},
    };
    json_t *side = json_pack("{s:s}", "nic", endpoint->nic);
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        json_t *value = json_object_get(endpoint->nic_facts, facts[i].fact);
        bool none = !value || json_is_null(value) ||
                    (json_is_integer(value) && json_integer_value(value) == 0 && i == 0);
        if (!none)
            json_object_set(side, facts[i].member, value);
    }
    json_object_update(side, (json_t *)told);
    return side;
}

static void add_sides(json_t *entry, const struct mcb_cell *cell, const struct mcb_roster *roster,
                      const json_t *const told[2])
{
    const uint32_t ends[] = {cell->path->initiator, cell->path->target};
    json_t *sides = json_object();
    for (int role = 0; role < 2; role++)
        json_object_set_new(
            sides, role_names[role],
            known_side(&roster->endpoints[ends[role]], json_object_get(told[role], "side")));
    json_object_set_new(entry, "sides", sides);
}

static void add_counters(json_t *entry, const json_t *const told[2])
{
    json_t *counters = json_object();
    for (int role = 0; role < 2; role++) {
        json_t *changes = json_object_get(told[role], "counters");
        if (changes)
            json_object_set(counters, role_names[role], changes);
    }
    if (json_object_size(counters) > 0)
        json_object_set(entry, "counters", counters);
    json_decref(counters);
}

void mcb_cell_sides_add(json_t *entry, const struct mcb_cell *cell, const struct mcb_roster *roster,
                        const json_t *const told[2])
{
    add_counters(entry, told);
    if (strcmp(mcb_json_text(entry, "status"), "failed") != 0)
        return;
    add_sides(entry, cell, roster, told);
}
