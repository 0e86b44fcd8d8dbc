/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/doctor/explain_table.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS = 2 * MCB_EXPLAIN_FINDINGS_MAX /* a power of two */, FINDINGS_AT_FIRST = 16 };

static bool is_of_key(const struct mcb_explain_finding *finding, const struct mcb_explain_key *key)
{
    return finding->code == key->code && strcmp(finding->path, key->path) == 0 &&
           strcmp(finding->host, key->host) == 0;
}

/* FNV-1a */
static uint32_t hash_text(uint32_t hash, const char *text)
{
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT32_C(16777619);
    return hash * UINT32_C(16777619);
}

static uint32_t *find_slot(struct mcb_explain_table *table, const struct mcb_explain *explain,
                           const struct mcb_explain_key *key)
{
    uint32_t hash = UINT32_C(2166136261) ^ (uint32_t)key->code;
    hash = hash_text(hash_text(hash, key->host), key->path);
    for (uint32_t at = hash % SLOTS;; at = (at + 1) % SLOTS) {
        uint32_t *slot = &table->slots[at];
        if (*slot == 0 || is_of_key(&explain->findings[*slot - 1], key))
            return slot;
    }
}

struct mcb_explain_finding *mcb_explain_table_find(struct mcb_explain_table *table,
                                                   const struct mcb_explain *explain,
                                                   const struct mcb_explain_key *key)
{
    /* Errors come in bursts. */
    bool is_last =
        table->last < explain->finding_count && is_of_key(&explain->findings[table->last], key);
    if (!is_last) {
        uint32_t slot = *find_slot(table, explain, key);
        if (slot == 0)
            return NULL;
        table->last = slot - 1;
    }
    return &explain->findings[table->last];
}

struct mcb_explain_finding *mcb_explain_table_add(struct mcb_explain_table *table,
                                                  struct mcb_explain *explain,
                                                  const struct mcb_explain_key *key)
{
    size_t count = explain->finding_count;
    bool is_full = count == 0 || (count >= FINDINGS_AT_FIRST && (count & (count - 1)) == 0);
    if (is_full) {
        size_t room = count == 0 ? (size_t)FINDINGS_AT_FIRST : 2 * count;
        void *findings = reallocarray(explain->findings, room, sizeof *explain->findings);
        if (!findings)
            return NULL;
        explain->findings = findings;
    }
    *find_slot(table, explain, key) = (uint32_t)++explain->finding_count;
    struct mcb_explain_finding *finding = &explain->findings[count];
    *finding = (struct mcb_explain_finding){.code = key->code, .last_us = MCB_LOG_NO_TIME};
    strcpy(finding->host, key->host);
    strcpy(finding->path, key->path);
    return finding;
}
