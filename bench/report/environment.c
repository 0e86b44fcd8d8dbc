/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two heads are paired first, part by part: the run, its hosts, their NICs, GPUs and endpoints.
 * Then each kind of difference is looked for in every pair, by one table of facts, and differences
 * that read alike are counted.
 */
#include "bench/report/environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/plan/settings.h"
#include "bench/report/environment_facts.h"
#include "bench/report/environment_hosts.h"
#include "common/json.h"
#include "common/text.h"

static const char *const kind_names[MCB_DIFFERENCES] = {
    [MCB_DIFFERENCE_HARDWARE] = "hardware", [MCB_DIFFERENCE_SETTING] = "setting",
    [MCB_DIFFERENCE_SOFTWARE] = "software", [MCB_DIFFERENCE_LINK] = "link",
    [MCB_DIFFERENCE_WAY] = "way",           [MCB_DIFFERENCE_PLACE] = "place",
};

const char *mcb_difference_kind_name(enum mcb_difference_kind kind)
{
    return kind_names[kind];
}

/* ---- the parts of two runs, in pairs ---- */

/* Whatever is on one side only has NULL on the other. */
struct part {
    enum mcb_fact_of of;
    const char *host, *name, *memory; /* of the later run where it has it; NULL: none */
    const json_t *before, *after;
    bool renamed; /* its host has another name */
};

struct parts {
    struct part *list;
    size_t count, room;
    bool failed;
};

static void parts_add(struct parts *parts, struct part part)
{
    if (parts->count == parts->room) {
        size_t room = parts->room ? 2 * parts->room : 64;
        struct part *grown = realloc(parts->list, room * sizeof *grown);
        if (!grown) {
            parts->failed = true;
            return;
        }
        parts->list = grown;
        parts->room = room;
    }
    parts->list[parts->count++] = part;
}

/* Entries of one list of a host, by their name. */
struct named {
    const char *name, *memory;
    const json_t *entry;
    bool taken;
};

static int named_order(const void *left, const void *right)
{
    const struct named *one = left, *other = right;
    int order = strcmp(one->name, other->name);
    return order ? order : strcmp(one->memory, other->memory);
}

/* The members of a host that are lists of parts. */
static const struct {
    enum mcb_fact_of of;
    const char *list, *name, *memory;
} lists[] = {
    {MCB_FACT_OF_NIC, "nics", "name", NULL},
    {MCB_FACT_OF_GPU, "gpus", "name", NULL},
    {MCB_FACT_OF_ENDPOINT, "endpoints", "nic", "memory"},
};

static struct named named_of(size_t list, const json_t *entry)
{
    return (struct named){mcb_json_text(entry, lists[list].name),
                          lists[list].memory ? mcb_json_text(entry, lists[list].memory) : "", entry,
                          false};
}

static void pair_list(struct parts *parts, size_t list, const struct mcb_host_pair *hosts)
{
    const json_t *before = json_object_get(hosts->before, lists[list].list);
    const json_t *after = json_object_get(hosts->after, lists[list].list);
    size_t count = json_array_size(before);
    /* Lists that one of the runs does not have say what was asked for, not what is missing. */
    if (!count || !json_array_size(after))
        return;
    struct named *sorted = calloc(count, sizeof *sorted);
    if (!sorted) {
        parts->failed = true;
        return;
    }
    for (size_t i = 0; i < count; i++)
        sorted[i] = named_of(list, json_array_get(before, i));
    qsort(sorted, count, sizeof *sorted, named_order);
    bool renamed = strcmp(mcb_json_text(hosts->before, "host"), hosts->name) != 0;
    for (size_t i = 0; i < json_array_size(after); i++) {
        struct named wanted = named_of(list, json_array_get(after, i));
        struct named *match = bsearch(&wanted, sorted, count, sizeof *sorted, named_order);
        if (match)
            match->taken = true;
        parts_add(parts, (struct part){lists[list].of, hosts->name, wanted.name, wanted.memory,
                                       match ? match->entry : NULL, wanted.entry, renamed});
    }
    for (size_t i = 0; i < count; i++)
        if (!sorted[i].taken)
            parts_add(parts, (struct part){lists[list].of, hosts->name, sorted[i].name,
                                           sorted[i].memory, sorted[i].entry, NULL, renamed});
    free(sorted);
}

static void pair_parts(struct parts *parts, const json_t *before, const json_t *after,
                       const struct mcb_host_pairs *hosts)
{
    parts_add(parts, (struct part){.of = MCB_FACT_OF_RUN, .before = before, .after = after});
    const json_t *array = json_object_get(after, "hosts");
    for (size_t i = 0; i < json_array_size(array); i++) {
        const char *name = mcb_json_text(json_array_get(array, i), "host");
        const struct mcb_host_pair *pair = mcb_host_pairs_find(hosts, name);
        const char *was = mcb_json_text(pair->before, "host");
        parts_add(parts, (struct part){.of = MCB_FACT_OF_HOST,
                                       .host = name,
                                       .before = pair->before,
                                       .after = pair->after,
                                       .renamed = strcmp(was, name) != 0});
        for (size_t list = 0; pair->before && list < sizeof lists / sizeof lists[0]; list++)
            pair_list(parts, list, pair);
    }
    for (size_t i = 0; i < hosts->gone_count; i++)
        parts_add(parts, (struct part){.of = MCB_FACT_OF_HOST,
                                       .host = hosts->gone[i].name,
                                       .before = hosts->gone[i].before});
}

/* ---- differences ---- */

static void subject_of(const struct part *part, char *subject)
{
    char whole[3 * MCB_DIFFERENCE_TEXT_MAX];
    snprintf(whole, sizeof whole, "%s%s%s%s%s", part->host ? part->host : "", part->name ? "/" : "",
             part->name ? part->name : "", part->memory && *part->memory ? "/" : "",
             part->memory ? part->memory : "");
    mcb_text_clean(whole, subject, MCB_DIFFERENCE_TEXT_MAX);
}

static bool is_alike(const struct mcb_difference *one, const struct mcb_difference *other)
{
    return one->kind == other->kind && strcmp(one->what, other->what) == 0 &&
           strcmp(one->before, other->before) == 0 && strcmp(one->after, other->after) == 0;
}

/* Where the subject is what tells two of them apart, they are not counted together. */
static void differences_add(struct mcb_differences *differences, struct mcb_difference *difference,
                            bool together)
{
    difference->subjects = 1;
    for (size_t i = 0; together && i < differences->count; i++)
        if (is_alike(&differences->list[i], difference)) {
            differences->list[i].subjects++;
            return;
        }
    if (differences->count < MCB_DIFFERENCES_MAX)
        differences->list[differences->count++] = *difference;
    else
        differences->beyond++;
}

static void compare_facts(const struct part *part, enum mcb_difference_kind kind,
                          struct mcb_differences *differences)
{
    size_t count;
    const struct mcb_fact *facts = mcb_environment_facts(&count);
    for (size_t i = 0; i < count; i++) {
        if (facts[i].of != part->of || facts[i].kind != kind ||
            (facts[i].of_one_part && part->renamed) ||
            !mcb_fact_differs(&facts[i], part->before, part->after))
            continue;
        /* a software NIC gets another identity whenever it is made */
        if (facts[i].of_one_part && json_is_true(json_object_get(part->after, "software")))
            continue;
        struct mcb_difference difference = {.kind = kind, .what = facts[i].what};
        subject_of(part, difference.subject);
        mcb_fact_text(&facts[i], part->before, difference.before);
        mcb_fact_text(&facts[i], part->after, difference.after);
        differences_add(differences, &difference, true);
    }
}

/* Who took part, and under which name. An endpoint that is missing is told by its NIC or GPU, or by
 * the settings. */
static void compare_presence(const struct part *part, struct mcb_differences *differences)
{
    static const char *const words[] = {[MCB_FACT_OF_HOST] = "host",
                                        [MCB_FACT_OF_NIC] = "NIC took part",
                                        [MCB_FACT_OF_GPU] = "GPU took part"};
    if (part->of == MCB_FACT_OF_RUN || part->of == MCB_FACT_OF_ENDPOINT)
        return;
    bool host = part->of == MCB_FACT_OF_HOST;
    if (part->before && part->after && !(host && part->renamed))
        return;
    struct mcb_difference difference = {.kind = MCB_DIFFERENCE_PLACE, .what = words[part->of]};
    if (host) {
        const char *was = mcb_json_text(part->before, "host"),
                   *is = mcb_json_text(part->after, "host");
        mcb_text_clean(part->before ? was : "none", difference.before, sizeof difference.before);
        mcb_text_clean(part->after ? is : "none", difference.after, sizeof difference.after);
    } else {
        subject_of(part, difference.subject);
        snprintf(difference.before, sizeof difference.before, "%s", part->before ? "yes" : "no");
        snprintf(difference.after, sizeof difference.after, "%s", part->after ? "yes" : "no");
    }
    differences_add(differences, &difference, !host);
}

/* Settings that do not bear on figures, or of which PLACE tells what they led to. */
static bool is_beside_the_point(const char *name)
{
    static const char *const names[] = {
        "output",  "json", "quiet", "dry-run", "expect", "expect-file", "prometheus", "listen",
        "connect", "etcd", "job",   "ranks",   "rank",   "address",     "timeout"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static void compare_setting(const char *name, const json_t *before, const json_t *after,
                            struct mcb_differences *differences)
{
    static const char unset[] = "not set";
    const char *old = json_string_value(json_object_get(before, "value"));
    const char *new = json_string_value(json_object_get(after, "value"));
    old = old ? old : unset;
    new = new ? new : unset;
    if (is_beside_the_point(name) || strcmp(old, new) == 0)
        return;
    const struct mcb_setting *setting = mcb_settings_find(name);
    struct mcb_difference difference = {.kind = MCB_DIFFERENCE_SETTING,
                                        .what = setting ? setting->name : "setting"};
    if (!setting)
        mcb_text_clean(name, difference.subject, sizeof difference.subject);
    mcb_text_clean(old, difference.before, sizeof difference.before);
    mcb_text_clean(new, difference.after, sizeof difference.after);
    differences_add(differences, &difference, false);
}

static void compare_settings(const json_t *before, const json_t *after,
                             struct mcb_differences *differences)
{
    json_t *old = json_object_get(before, "settings"), *new = json_object_get(after, "settings");
    for (void *at = json_object_iter(new); at; at = json_object_iter_next(new, at)) {
        const char *name = json_object_iter_key(at);
        compare_setting(name, json_object_get(old, name), json_object_iter_value(at), differences);
    }
    for (void *at = json_object_iter(old); at; at = json_object_iter_next(old, at))
        if (!json_object_get(new, json_object_iter_key(at)))
            compare_setting(json_object_iter_key(at), json_object_iter_value(at), NULL,
                            differences);
}

static void compare_kind(const struct parts *parts, enum mcb_difference_kind kind,
                         struct mcb_differences *differences)
{
    for (size_t i = 0; i < parts->count; i++) {
        const struct part *part = &parts->list[i];
        if (kind == MCB_DIFFERENCE_SETTING && part->of == MCB_FACT_OF_RUN)
            compare_settings(part->before, part->after, differences);
        if (part->before && part->after)
            compare_facts(part, kind, differences);
        if (kind == MCB_DIFFERENCE_PLACE)
            compare_presence(part, differences);
    }
}

int mcb_environment_compare(const json_t *before, const json_t *after, bool by_rank,
                            struct mcb_differences *differences, struct mcb_error *error)
{
    struct mcb_host_pairs hosts = {0};
    if (mcb_host_pairs_make(before, after, by_rank, &hosts, error) != 0)
        return -1;
    struct parts parts = {0};
    pair_parts(&parts, before, after, &hosts);
    struct mcb_differences found = {.list = calloc(MCB_DIFFERENCES_MAX, sizeof *found.list)};
    for (int kind = 0; found.list && !parts.failed && kind < MCB_DIFFERENCES; kind++)
        compare_kind(&parts, (enum mcb_difference_kind)kind, &found);
    free(parts.list);
    mcb_host_pairs_release(&hosts);
    if (parts.failed || !found.list) {
        mcb_differences_release(&found);
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY,
                             "no memory for the differences of two results");
    }
    *differences = found;
    return 0;
}

void mcb_differences_release(struct mcb_differences *differences)
{
    free(differences->list);
    *differences = (struct mcb_differences){0};
}

char *mcb_difference_sentence(const struct mcb_difference *difference,
                              char text[MCB_DIFFERENCE_SENTENCE_MAX])
{
    bool foreign = strcmp(difference->what, "setting") == 0;
    char who[MCB_DIFFERENCE_TEXT_MAX + 48] = "";
    if (!foreign && *difference->subject && difference->subjects > 1)
        snprintf(who, sizeof who, " (%s and %zu more)", difference->subject,
                 difference->subjects - 1);
    else if (!foreign && *difference->subject)
        snprintf(who, sizeof who, " (%s)", difference->subject);
    snprintf(text, MCB_DIFFERENCE_SENTENCE_MAX, "%s%s %s → %s%s",
             difference->kind == MCB_DIFFERENCE_SETTING ? "--" : "",
             foreign ? difference->subject : difference->what, difference->before,
             difference->after, who);
    return text;
}

/* ---- one host, one endpoint ---- */

const char *mcb_environment_host_before(const json_t *before, const json_t *after, bool by_rank,
                                        const char *host)
{
    struct mcb_host_pairs hosts;
    struct mcb_error ignored;
    if (mcb_host_pairs_make(before, after, by_rank, &hosts, &ignored) != 0)
        return host;
    const struct mcb_host_pair *pair = mcb_host_pairs_find(&hosts, host);
    const char *name =
        pair && pair->before ? json_string_value(json_object_get(pair->before, "host")) : NULL;
    mcb_host_pairs_release(&hosts);
    return name ? name : host;
}

static const json_t *entry_of(const json_t *host, const char *list, const char *name)
{
    const json_t *array = json_object_get(host, list);
    for (size_t i = 0; i < json_array_size(array); i++)
        if (strcmp(mcb_json_text(json_array_get(array, i), "name"), name) == 0)
            return json_array_get(array, i);
    return NULL;
}

static bool part_is_other(enum mcb_fact_of of, const json_t *before, const json_t *after, char *why)
{
    size_t count;
    const struct mcb_fact *facts = mcb_environment_facts(&count);
    for (size_t i = 0; before && after && i < count; i++)
        if (facts[i].of == of && facts[i].kind == MCB_DIFFERENCE_HARDWARE &&
            mcb_fact_differs(&facts[i], before, after)) {
            char old[MCB_DIFFERENCE_TEXT_MAX], new[MCB_DIFFERENCE_TEXT_MAX];
            snprintf(why, MCB_DIFFERENCE_SENTENCE_MAX, "%s %s → %s", facts[i].what,
                     mcb_fact_text(&facts[i], before, old), mcb_fact_text(&facts[i], after, new));
            return true;
        }
    return false;
}

bool mcb_host_pair_is_other(const struct mcb_host_pair *pair, const char *nic, const char *memory,
                            char why[MCB_DIFFERENCE_SENTENCE_MAX])
{
    return part_is_other(MCB_FACT_OF_NIC, entry_of(pair->before, "nics", nic),
                         entry_of(pair->after, "nics", nic), why) ||
           part_is_other(MCB_FACT_OF_GPU, entry_of(pair->before, "gpus", memory),
                         entry_of(pair->after, "gpus", memory), why) ||
           part_is_other(MCB_FACT_OF_HOST, pair->before, pair->after, why);
}

bool mcb_environment_transport_is_other(const json_t *before, const json_t *after,
                                        char why[MCB_DIFFERENCE_SENTENCE_MAX])
{
    return part_is_other(MCB_FACT_OF_RUN, before, after, why);
}
