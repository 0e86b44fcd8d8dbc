/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/expectation_machine.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "bench/plan/rule.h"
#include "common/json.h"
#include "common/text.h"

/* Parts of a host: what a pattern is held against, and how many are asked for by number. */
static const struct {
    const char *pattern, *number;
    const char *list;     /* of the host */
    const char *facts[2]; /* of a part */
} parts[] = {
    {"gpu", "gpus", "gpus", {"model", NULL}},
    {"nic", "nics", "nics", {"board", "device_id"}},
};

static const struct {
    const char *pattern, *fact;
} facts[] = {{"cpu", "cpu"}, {"host", "host"}};

static bool part_fits(const json_t *part, const char *pattern, const char *const names[2])
{
    for (size_t i = 0; i < 2 && names[i]; i++) {
        const char *text = mcb_json_text(part, names[i]);
        if (*text && mcb_rule_fits(pattern, text))
            return true;
    }
    return false;
}

/* One part fits at least, or as many as were asked for. */
static bool parts_fit(const json_t *host, const json_t *when, size_t kind)
{
    const json_t *pattern = json_object_get(when, parts[kind].pattern);
    const json_t *number = json_object_get(when, parts[kind].number), *part;
    json_int_t count = 0;
    size_t i;
    json_array_foreach(json_object_get(host, parts[kind].list), i, part)
    {
        count += !pattern || part_fits(part, json_string_value(pattern), parts[kind].facts);
    }
    return number ? count == json_integer_value(number) : !pattern || count > 0;
}

static bool host_fits(const json_t *host, const json_t *when)
{
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        const json_t *pattern = json_object_get(when, facts[i].pattern);
        if (pattern &&
            !mcb_rule_fits(json_string_value(pattern), mcb_json_text(host, facts[i].fact)))
            return false;
    }
    for (size_t kind = 0; kind < sizeof parts / sizeof *parts; kind++)
        if (!parts_fit(host, when, kind))
            return false;
    return true;
}

static bool all_fit(const json_t *head, const json_t *when)
{
    const json_t *transport = json_object_get(when, "transport"), *host;
    const char *own = mcb_json_text(json_object_get(head, "transport"), "name");
    size_t i;
    if (transport && !mcb_rule_fits(json_string_value(transport), own))
        return false;
    json_array_foreach(json_object_get(head, "hosts"), i, host)
    {
        if (!host_fits(host, when))
            return false;
    }
    return true;
}

/* "8 NICs (MT_0000000838)": of the first of them. Returns text. */
static char *describe_parts(const json_t *host, size_t kind, const char *one, char *text,
                            size_t size)
{
    char clean[96];
    const json_t *list = json_object_get(host, parts[kind].list);
    const json_t *first = json_array_get(list, 0);
    const char *fact = mcb_json_text(first, parts[kind].facts[0]);
    if (!*fact && parts[kind].facts[1])
        fact = mcb_json_text(first, parts[kind].facts[1]);
    size_t count = json_array_size(list);
    mcb_text_clean(fact, clean, sizeof clean);
    snprintf(text, size, "%zu %s%s%s%s%s", count, one, count == 1 ? "" : "s", *clean ? " (" : "",
             clean, *clean ? ")" : "");
    return text;
}

/* Tells the first of the hosts. */
static int refuse(const json_t *head, struct mcb_error *error)
{
    char name[96], cpu[96], gpus[128], nics[128], transport[16], all[64] = "";
    const json_t *hosts = json_object_get(head, "hosts"), *host = json_array_get(hosts, 0);
    if (json_array_size(hosts) > 1)
        snprintf(all, sizeof all, "; all %zu hosts must fit one type", json_array_size(hosts));
    return mcb_error_set(error, MCB_FAULT_USE_RULE,
                         "no machine type of the rules file fits (a last one with \"when\": {} "
                         "fits any): %s has CPU "
                         "%s, %s, %s; transport %s%s",
                         mcb_text_clean(mcb_json_text(host, "host"), name, sizeof name),
                         mcb_text_clean(mcb_json_text(host, "cpu"), cpu, sizeof cpu),
                         describe_parts(host, 0, "GPU", gpus, sizeof gpus),
                         describe_parts(host, 1, "NIC", nics, sizeof nics),
                         mcb_text_clean(mcb_json_text(json_object_get(head, "transport"), "name"),
                                        transport, sizeof transport),
                         all);
}

int mcb_expectation_find_machine(const json_t *rules_file, const json_t *head,
                                 const json_t **machine, struct mcb_error *error)
{
    const json_t *machines = json_object_get(rules_file, "machines"), *candidate;
    size_t i;
    json_array_foreach(machines, i, candidate)
    {
        if (all_fit(head, json_object_get(candidate, "when"))) {
            *machine = candidate;
            return 0;
        }
    }
    if (json_array_size(machines) > 0)
        return refuse(head, error);
    *machine = NULL;
    return 0;
}
