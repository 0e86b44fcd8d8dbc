/* SPDX-License-Identifier: Apache-2.0 */

/*
 * From text to member: numbers, durations, sizes, words, flags and NIC names. What names hosts and
 * jobs is in settings_parse_hosts.c, what names memory in settings_parse_memory.c. Each parser says
 * what it takes; the few helpers before them say it in one voice.
 */
#include "bench/plan/settings_rows.h"

#include <inttypes.h>
#include <string.h>

#include "bench/plan/priority_matrix.h"
#include "bench/plan/settings_text.h"
#include "common/clock.h"
#include "common/pattern.h"
#include "common/suggest.h"
#include "common/units.h"

enum { QPS_MAX = 1024, DEPTH_MAX = 8192, WORDS_MAX = 8 };

_Static_assert(QPS_MAX *DEPTH_MAX <= MCB_PATTERN_SLOTS_MAX, "every message in flight has a slot");

static int parse_number(const char *text, const char *given_as, uint64_t least, uint64_t most,
                        uint64_t *value, struct mcb_error *error)
{
    uint64_t number;
    if (mcb_units_parse_unsigned(text, most, &number) == 0 && number >= least) {
        *value = number;
        return 0;
    }
    bool digits = *text && text[strspn(text, "0123456789")] == '\0';
    return mcb_setting_text_wrong(error, given_as, text, "%s; %" PRIu64 " to %" PRIu64,
                                  digits ? "out of range" : "not a whole number", least, most);
}

/* range: least and most in words */
static int parse_duration(const char *text, const char *given_as, int64_t least_ns, int64_t most_ns,
                          const char *range, int64_t *value_ns, struct mcb_error *error)
{
    int64_t duration_ns;
    if (mcb_units_parse_duration(text, &duration_ns))
        return mcb_setting_text_wrong(error, given_as, text,
                                      "not a duration; write 500ms, 1.5s, 2min or 1h (%s)", range);
    if (duration_ns < least_ns || duration_ns > most_ns)
        return mcb_setting_text_wrong(error, given_as, text, "out of range; %s", range);
    *value_ns = duration_ns;
    return 0;
}

/* Words that a setting takes, NULL after the last; the position in the array is the value. */
static int parse_word(const char *text, const char *given_as, const char *const *words,
                      size_t *value, struct mcb_error *error)
{
    char list[128] = "";
    size_t count = 0;
    for (; words[count]; count++) {
        if (strcmp(text, words[count]) == 0) {
            *value = count;
            return 0;
        }
        strcat(strcat(list, count ? ", " : ""), words[count]);
    }
    const char *nearest = mcb_suggest_nearest(text, words, count);
    return mcb_setting_text_wrong(error, given_as, text, "not one of %s%s%s%s", list,
                                  nearest ? " (did you mean " : "", nearest ? nearest : "",
                                  nearest ? "?)" : "");
}

/* Words with commas between them; one that comes again is dropped. values has WORDS_MAX entries. */
static int parse_words(const char *text, const char *given_as, const char *const *words,
                       size_t *values, size_t *count, struct mcb_error *error)
{
    char word[32];
    bool seen[WORDS_MAX] = {false};
    size_t found = 0;
    for (const char *at = text;; at++) {
        size_t length = strcspn(at, ","), value = 0;
        if (length >= sizeof word)
            return parse_word(text, given_as, words, &value, error);
        memcpy(word, at, length);
        word[length] = '\0';
        if (parse_word(word, given_as, words, &value, error))
            return -1;
        if (!seen[value])
            values[found++] = value;
        seen[value] = true;
        at += length;
        if (*at == '\0')
            break;
    }
    *count = found;
    return 0;
}

/* A flag has the text "true"; nothing else can come but from a peer. */
static int parse_flag(const char *text, const char *given_as, bool *flag, struct mcb_error *error)
{
    if (strcmp(text, "true") != 0)
        return mcb_setting_text_wrong(error, given_as, text, "a flag takes no value");
    *flag = true;
    return 0;
}

MCB_SETTING_PARSER(transport)
{
    static const char *const words[] = {
        [MCB_TRANSPORT_AUTO] = "auto",
        [MCB_TRANSPORT_RDMA] = "rdma",
        [MCB_TRANSPORT_TCP] = "tcp",
        NULL,
    };
    size_t value = 0;
    if (parse_word(text, given_as, words, &value, error))
        return -1;
    settings->transport = (enum mcb_transport_choice)value;
    return 0;
}

MCB_SETTING_PARSER(operations)
{
    static const char *const words[] = {"write", "read", "send", NULL};
    size_t values[WORDS_MAX], count;
    if (parse_words(text, given_as, words, values, &count, error))
        return -1;
    for (size_t i = 0; i < count; i++)
        settings->operations[i] = (enum mcb_operation)values[i];
    settings->operation_count = count;
    return 0;
}

MCB_SETTING_PARSER(measures)
{
    static const char *const words[] = {"bandwidth", "latency", NULL};
    size_t values[WORDS_MAX], count;
    if (parse_words(text, given_as, words, values, &count, error))
        return -1;
    for (size_t i = 0; i < count; i++)
        settings->measures[i] = (enum mcb_measure)values[i];
    settings->measure_count = count;
    return 0;
}

MCB_SETTING_PARSER(sizes)
{
    /* Room for more than are taken tells a long list from a wrong one. */
    uint64_t sizes[16 * MCB_SIZES_MAX];
    size_t count;
    if (mcb_units_parse_sizes(text, sizes, sizeof sizes / sizeof sizes[0], &count))
        return mcb_setting_text_wrong(error, given_as, text,
                                      "not a size; write 64KiB, 4KiB,1MiB or 2..8MiB");
    if (count > MCB_SIZES_MAX)
        return mcb_setting_text_wrong(error, given_as, text, "%zu sizes; at most %d", count,
                                      MCB_SIZES_MAX);
    for (size_t i = 0; i < count; i++)
        if (sizes[i] < 1 || sizes[i] > MCB_PATTERN_SIZE_MAX)
            return mcb_setting_text_wrong(error, given_as, text, "out of range; 1B to %zuMiB",
                                          MCB_PATTERN_SIZE_MAX >> 20);
    memcpy(settings->sizes, sizes, count * sizeof sizes[0]);
    settings->size_count = count;
    settings->size_given = true;
    return 0;
}

MCB_SETTING_PARSER(pairs)
{
    static const char *const words[] = {
        [MCB_PAIRS_ALL] = "all",
        [MCB_PAIRS_RAIL] = "rail",
        [MCB_PAIRS_RING] = "ring",
        [MCB_PAIRS_AFFINITY] = "affinity",
        NULL,
    };
    size_t value = 0;
    if (parse_word(text, given_as, words, &value, error))
        return -1;
    settings->pairs = (enum mcb_pairs)value;
    return 0;
}

MCB_SETTING_PARSER(bidirectional)
{
    return parse_flag(text, given_as, &settings->bidirectional, error);
}

MCB_SETTING_PARSER(relaxed_ordering)
{
    static const char *const words[] = {
        [MCB_ORDERING_OFF] = "off",
        [MCB_ORDERING_ON] = "on",
        [MCB_ORDERING_AUTO] = "auto",
        [MCB_ORDERING_AUTO + 1] = "both",
        NULL,
    };
    size_t value = 0;
    if (parse_word(text, given_as, words, &value, error))
        return -1;
    bool both = value == MCB_ORDERING_AUTO + 1;
    settings->orderings[0] = both ? MCB_ORDERING_OFF : (enum mcb_ordering)value;
    settings->orderings[1] = MCB_ORDERING_ON;
    settings->ordering_count = both ? 2 : 1;
    return 0;
}

MCB_SETTING_PARSER(qps)
{
    uint64_t value = 0;
    if (parse_number(text, given_as, 1, QPS_MAX, &value, error))
        return -1;
    settings->qps = (uint32_t)value;
    return 0;
}

MCB_SETTING_PARSER(depth)
{
    uint64_t value = 0;
    if (parse_number(text, given_as, 1, DEPTH_MAX, &value, error))
        return -1;
    settings->depth = (uint32_t)value;
    return 0;
}

MCB_SETTING_PARSER(signal_every)
{
    uint64_t value = 0;
    if (parse_number(text, given_as, 0, DEPTH_MAX, &value, error))
        return -1;
    settings->signal_every = (uint32_t)value;
    return 0;
}

MCB_SETTING_PARSER(inline_bytes)
{
    uint64_t value = 0;
    if (parse_number(text, given_as, 0, 65535, &value, error))
        return -1;
    settings->inline_bytes = (uint32_t)value;
    return 0;
}

MCB_SETTING_PARSER(duration)
{
    return parse_duration(text, given_as, MCB_NS_PER_MS, 3600 * MCB_NS_PER_S, "1ms to 1h",
                          &settings->duration_ns, error);
}

MCB_SETTING_PARSER(warmup)
{
    return parse_duration(text, given_as, 0, 600 * MCB_NS_PER_S, "0s to 10min",
                          &settings->warmup_ns, error);
}

MCB_SETTING_PARSER(trials)
{
    uint64_t value = 0;
    if (parse_number(text, given_as, 1, 1000, &value, error))
        return -1;
    settings->trials = (uint32_t)value;
    return 0;
}

MCB_SETTING_PARSER(verify)
{
    return parse_flag(text, given_as, &settings->verify, error);
}

MCB_SETTING_PARSER(max_mr_size)
{
    uint64_t size_bytes;
    if (mcb_units_parse_size(text, &size_bytes) || size_bytes == 0)
        return mcb_setting_text_wrong(error, given_as, text,
                                      "not a size; write 1GiB or 1073741824, at least 1B");
    settings->max_mr_size = size_bytes;
    return 0;
}

MCB_SETTING_PARSER(traffic_class)
{
    uint64_t value = 0;
    if (parse_number(text, given_as, 0, 255, &value, error))
        return -1;
    settings->traffic_class = (uint8_t)value;
    return 0;
}

MCB_SETTING_PARSER(service_level)
{
    uint64_t value = 0;
    if (parse_number(text, given_as, 0, 15, &value, error))
        return -1;
    settings->service_level = (uint8_t)value;
    return 0;
}

/* One name of the list into the next place; blanks around it are dropped. */
static int add_nic(struct mcb_settings *settings, const char *name, size_t length, const char *text,
                   const char *given_as, struct mcb_error *error)
{
    while (length > 0 && *name == ' ') {
        name++;
        length--;
    }
    while (length > 0 && name[length - 1] == ' ')
        length--;
    if (length == 0)
        return mcb_setting_text_wrong(error, given_as, text,
                                      "an empty name in the list; write mlx5_0,mlx5_1");
    if (settings->nic_count == MCB_NICS_MAX)
        return mcb_setting_text_wrong(error, given_as, text, "more than %d NICs", MCB_NICS_MAX);

    char *place = settings->nics[settings->nic_count];
    memset(place, 0, MCB_NIC_NAME_MAX);
    memcpy(place, name, length < MCB_NIC_NAME_MAX ? length : MCB_NIC_NAME_MAX - 1);
    if (length >= MCB_NIC_NAME_MAX || !mcb_priority_matrix_nic_is_name(place))
        return mcb_setting_text_wrong(error, given_as, text,
                                      "not a list of NIC names; write mlx5_0,mlx5_1 (a name has up "
                                      "to %d characters, no blank and no '/')",
                                      MCB_NIC_NAME_MAX - 1);
    for (size_t i = 0; i < settings->nic_count; i++)
        if (strcmp(settings->nics[i], place) == 0)
            return mcb_setting_text_wrong(error, given_as, text, "%s is named twice", place);
    settings->nic_count++;
    return 0;
}

MCB_SETTING_PARSER(nics)
{
    settings->nic_count = 0;
    for (const char *at = text;; at++) {
        size_t length = strcspn(at, ",");
        if (add_nic(settings, at, length, text, given_as, error)) {
            settings->nic_count = 0;
            return -1;
        }
        at += length;
        if (*at == '\0')
            return 0;
    }
}

MCB_SETTING_PARSER(gid_index)
{
    uint64_t value = 0;
    if (parse_number(text, given_as, 0, 255, &value, error))
        return -1;
    settings->gid_index = (int)value;
    return 0;
}

MCB_SETTING_PARSER(ib_port)
{
    uint64_t value = 0;
    if (parse_number(text, given_as, 1, 255, &value, error))
        return -1;
    settings->ib_port = (unsigned)value;
    return 0;
}

MCB_SETTING_PARSER(mtu)
{
    static const char *const words[] = {"256", "512", "1024", "2048", "4096", NULL};
    size_t value = 0;
    if (parse_word(text, given_as, words, &value, error))
        return -1;
    settings->mtu = 256U << value;
    return 0;
}

MCB_SETTING_PARSER(huge_pages)
{
    return parse_flag(text, given_as, &settings->huge_pages, error);
}

MCB_SETTING_PARSER(registration)
{
    static const char *const words[] = {
        [MCB_REGISTRATION_AUTO] = "auto",
        [MCB_REGISTRATION_PEERMEM] = "peermem",
        [MCB_REGISTRATION_DMABUF] = "dmabuf",
        NULL,
    };
    size_t value = 0;
    if (parse_word(text, given_as, words, &value, error))
        return -1;
    settings->registration = (enum mcb_registration_choice)value;
    return 0;
}

MCB_SETTING_PARSER(compare)
{
    static const char *const words[] = {"staged", NULL};
    size_t value = 0;
    if (parse_word(text, given_as, words, &value, error))
        return -1;
    for (int route = 0; route < MCB_ROUTES; route++)
        settings->routes[route] = (enum mcb_route)route;
    settings->route_count = MCB_ROUTES;
    return 0;
}

MCB_SETTING_PARSER(priority_matrix)
{
    json_t *matrix = mcb_priority_matrix_read(text, given_as, error);
    if (!matrix)
        return -1;
    json_decref(settings->priority_matrix);
    settings->priority_matrix = matrix;
    return 0;
}

MCB_SETTING_PARSER(ranks)
{
    uint64_t value = 0;
    if (parse_number(text, given_as, 2, MCB_RANKS_MAX, &value, error))
        return -1;
    settings->ranks = (uint32_t)value;
    return 0;
}

MCB_SETTING_PARSER(rank)
{
    uint64_t value = 0;
    if (parse_number(text, given_as, 0, MCB_RANKS_MAX - 1, &value, error))
        return -1;
    settings->rank = (int)value;
    return 0;
}

MCB_SETTING_PARSER(timeout)
{
    return parse_duration(text, given_as, 100 * MCB_NS_PER_MS, 3600 * MCB_NS_PER_S, "100ms to 1h",
                          &settings->timeout_ns, error);
}

MCB_SETTING_PARSER(json)
{
    return parse_flag(text, given_as, &settings->json, error);
}

MCB_SETTING_PARSER(quiet)
{
    return parse_flag(text, given_as, &settings->quiet, error);
}

MCB_SETTING_PARSER(dry_run)
{
    return parse_flag(text, given_as, &settings->dry_run, error);
}
