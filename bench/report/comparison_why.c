/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/comparison_why.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/text.h"

/* ---- hardware ---- */

/* NULL also where there is no memory for it: *failed then. */
static char *hardware_reason(const struct mcb_ledger *before, const struct mcb_ledger *after,
                             const struct mcb_match *match,
                             const struct mcb_pivot_endpoint *endpoint, bool *failed)
{
    char why[MCB_DIFFERENCE_SENTENCE_MAX];
    const struct mcb_host_pair *pair = mcb_host_pairs_find(&match->hosts, endpoint->host);
    if (!mcb_environment_transport_is_other(before->head, after->head, why) &&
        !(pair && mcb_host_pair_is_other(pair, endpoint->nic, endpoint->memory, why)))
        return NULL;
    char *kept = strdup(why);
    *failed = *failed || !kept;
    return kept;
}

int mcb_reasons_make(const struct mcb_ledger *before, const struct mcb_ledger *after,
                     const struct mcb_match *match, bool across_hardware,
                     struct mcb_reasons *reasons, struct mcb_error *error)
{
    bool failed = false;
    *reasons = (struct mcb_reasons){.count = after->endpoint_count};
    reasons->of_endpoint = calloc(reasons->count + 1, sizeof *reasons->of_endpoint);
    for (size_t i = 0; reasons->of_endpoint && !across_hardware && i < reasons->count; i++)
        reasons->of_endpoint[i] =
            hardware_reason(before, after, match, &after->endpoints[i], &failed);
    if (before->stand_in != after->stand_in)
        snprintf(reasons->stand_in, sizeof reasons->stand_in, "stand-in GPU %s → %s",
                 before->stand_in ? "yes" : "no", after->stand_in ? "yes" : "no");
    if (reasons->of_endpoint && !failed)
        return 0;
    mcb_reasons_release(reasons);
    return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory to compare results");
}

void mcb_reasons_release(struct mcb_reasons *reasons)
{
    for (size_t i = 0; reasons->of_endpoint && i < reasons->count; i++)
        free(reasons->of_endpoint[i]);
    free(reasons->of_endpoint);
    *reasons = (struct mcb_reasons){0};
}

/* ---- settings ---- */

static size_t add_number(char *why, size_t length, const char *what, uint32_t before,
                         uint32_t after)
{
    if (before == after)
        return length;
    int printed = snprintf(why + length, MCB_DIFFERENCE_SENTENCE_MAX - length,
                           "%s%s %" PRIu32 " → %" PRIu32, length ? ", " : "", what, before, after);
    return length + (size_t)printed;
}

/* Their texts are short: five numbers and two words. */
static const char *setting_reason(const struct mcb_ledger_setting *before,
                                  const struct mcb_ledger_setting *after,
                                  const struct mcb_ledger_cell *old,
                                  const struct mcb_ledger_cell *new, char *why)
{
    size_t length = 0;
    length = add_number(why, length, "qps", before->qps, after->qps);
    length = add_number(why, length, "depth", before->depth, after->depth);
    length = add_number(why, length, "signal-every", before->signal_every, after->signal_every);
    length = add_number(why, length, "inline", before->inline_bytes, after->inline_bytes);
    if (after->latency && *old->method && *new->method && strcmp(old->method, new->method) != 0) {
        char was[MCB_DIFFERENCE_TEXT_MAX], is[MCB_DIFFERENCE_TEXT_MAX];
        length +=
            (size_t)snprintf(why + length, MCB_DIFFERENCE_SENTENCE_MAX - length, "%smethod %s → %s",
                             length ? ", " : "", mcb_text_clean(old->method, was, sizeof was),
                             mcb_text_clean(new->method, is, sizeof is));
    }
    return length ? why : NULL;
}

static bool has_gpu(const struct mcb_ledger *ledger, const struct mcb_ledger_cell *cell)
{
    return mcb_pivot_is_of_gpu(ledger->endpoints[cell->initiator].memory) ||
           mcb_pivot_is_of_gpu(ledger->endpoints[cell->target].memory);
}

const char *mcb_reason_of(const struct mcb_reasons *reasons, const struct mcb_ledger *before,
                          const struct mcb_ledger_cell *old, const struct mcb_ledger *after,
                          const struct mcb_ledger_cell *new, char why[MCB_DIFFERENCE_SENTENCE_MAX])
{
    if (*reasons->stand_in && has_gpu(after, new))
        return reasons->stand_in;
    const char *hardware = reasons->of_endpoint[new->initiator];
    hardware = hardware ? hardware : reasons->of_endpoint[new->target];
    if (hardware)
        return hardware;
    return setting_reason(&before->settings[old->setting], &after->settings[new->setting], old, new,
                          why);
}

/* ---- nothing in common ---- */

enum { NAMED = 3, NAME_MAX_BYTES = 64, WORDS_MAX = 360 };

static void name_hosts(const struct mcb_ledger *ledger, char *words, size_t size)
{
    const json_t *hosts = json_object_get(ledger->head, "hosts");
    size_t count = json_array_size(hosts), length = 0;
    for (size_t i = 0; i < count && i < NAMED && length < size; i++) {
        char name[NAME_MAX_BYTES];
        mcb_text_clean(mcb_json_text(json_array_get(hosts, i), "host"), name, sizeof name);
        length += (size_t)snprintf(words + length, size - length, "%s%s", i ? ", " : "", name);
    }
    if (count > NAMED && length < size)
        snprintf(words + length, size - length, " and %zu more", count - NAMED);
}

/* "write bandwidth · 64 KiB of n1, n2" */
static void name_content(const struct mcb_ledger *ledger, char *words, size_t size)
{
    char label[MCB_LEDGER_LABEL_MAX] = "no cell", hosts[NAMED * NAME_MAX_BYTES + 32] = "",
         more[48] = "";
    if (ledger->cell_count) {
        mcb_ledger_setting_label(ledger, 0, label);
        mcb_text_fit(label, 80);
        name_hosts(ledger, hosts, sizeof hosts);
    }
    if (ledger->setting_count > 1)
        snprintf(more, sizeof more, " and %zu more", ledger->setting_count - 1);
    snprintf(words, size, "%s%s%s%s", label, more, *hosts ? " of " : "", hosts);
}

int mcb_comparison_have_nothing(const struct mcb_ledger *before, const struct mcb_ledger *after,
                                struct mcb_error *error)
{
    char old[WORDS_MAX], new[WORDS_MAX], whole[2 * WORDS_MAX + 256], clean[MCB_ERROR_DETAIL_MAX];
    char name[NAME_MAX_BYTES * 2];
    name_content(before, old, sizeof old);
    name_content(after, new, sizeof new);
    snprintf(
        whole, sizeof whole,
        "%s: no cell in common with the baseline. It has: %s. The baseline has: %s. Results of "
        "the same command and hosts can be compared",
        after->path ? mcb_text_clean(after->path, name, sizeof name) : "the new result", new, old);
    return mcb_error_set(error, MCB_FAULT_USE_COMPARE, "%s",
                         mcb_text_clean(whole, clean, sizeof clean));
}
