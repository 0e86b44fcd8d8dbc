/* SPDX-License-Identifier: Apache-2.0 */
#include "common/units.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit size_units[] = {
    {"", 1},
    {"B", 1},
    {"K", UINT64_C(1) << 10},
    {"KiB", UINT64_C(1) << 10},
    {"M", UINT64_C(1) << 20},
    {"MiB", UINT64_C(1) << 20},
    {"G", UINT64_C(1) << 30},
    {"GiB", UINT64_C(1) << 30},
    {"T", UINT64_C(1) << 40},
    {"TiB", UINT64_C(1) << 40},
    {"KB", UINT64_C(1000)},
    {"MB", UINT64_C(1000000)},
    {"GB", UINT64_C(1000000000)},
    {"TB", UINT64_C(1000000000000)},
};

static const struct unit duration_units[] = {
    {"", UINT64_C(1000000000)},  {"us", UINT64_C(1000)},         {"ms", UINT64_C(1000000)},
    {"s", UINT64_C(1000000000)}, {"min", UINT64_C(60000000000)}, {"h", UINT64_C(3600000000000)},
};

/* Factor of the unit that the text is, to its end; 0 if it is none. */
static uint64_t find_unit(const char *text, const struct unit *units, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(text, units[i].name) == 0)
            return units[i].factor;
    return 0;
}

/* Leading digits of the text. Returns what follows them; NULL without a digit or on overflow. */
static const char *read_digits(const char *text, uint64_t *value)
{
    uint64_t sum = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(sum, 10, &sum) ||
            __builtin_add_overflow(sum, (uint64_t)(*at - '0'), &sum))
            return NULL;
    if (at == text)
        return NULL;
    *value = sum;
    return at;
}

int mcb_units_parse_unsigned(const char *text, uint64_t most, uint64_t *value)
{
    uint64_t number;
    const char *rest = read_digits(text, &number);
    if (!rest || *rest || number > most)
        return -1;
    *value = number;
    return 0;
}

int mcb_units_parse_size(const char *text, uint64_t *size_bytes)
{
    uint64_t number, bytes;
    const char *unit = read_digits(text, &number);
    if (!unit)
        return -1;
    uint64_t factor = find_unit(unit, size_units, sizeof size_units / sizeof size_units[0]);
    if (factor == 0 || __builtin_mul_overflow(number, factor, &bytes))
        return -1;
    *size_bytes = bytes;
    return 0;
}

int mcb_units_parse_duration(const char *text, int64_t *duration_ns)
{
    uint64_t whole;
    const char *rest = read_digits(text, &whole);
    if (!rest)
        return -1;
    const char *fraction = *rest == '.' ? rest + 1 : "";
    size_t digits = strspn(fraction, "0123456789");
    if (*rest == '.' && digits == 0)
        return -1;
    const char *unit = *rest == '.' ? fraction + digits : rest;
    uint64_t factor = find_unit(unit, duration_units, sizeof duration_units / sizeof(struct unit));

    /* Each digit of the fraction is worth a tenth of the one before it; below 1 ns nothing is. */
    uint64_t part_ns = 0;
    uint64_t worth = factor;
    for (size_t i = 0; i < digits && worth > 0; i++) {
        worth /= 10;
        part_ns += worth * (uint64_t)(fraction[i] - '0');
    }

    uint64_t ns;
    if (factor == 0 || __builtin_mul_overflow(whole, factor, &ns) ||
        __builtin_add_overflow(ns, part_ns, &ns) || ns > INT64_MAX)
        return -1;
    *duration_ns = (int64_t)ns;
    return 0;
}

/* A list of sizes being made. */
struct size_list {
    uint64_t *sizes;
    size_t most, count;
};

static int list_add(struct size_list *list, uint64_t size)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->sizes[i] == size)
            return 0;
    if (list->count == list->most)
        return -1;
    list->sizes[list->count++] = size;
    return 0;
}

/* "64KiB" or "2..8MiB"; a last size that doubling does not meet comes at the end. */
static int list_add_item(struct size_list *list, char *item)
{
    uint64_t first, last;
    char *dots = strstr(item, "..");
    if (!dots)
        return mcb_units_parse_size(item, &first) ? -1 : list_add(list, first);

    *dots = '\0';
    if (mcb_units_parse_size(item, &first) || mcb_units_parse_size(dots + 2, &last) || first == 0 ||
        first > last)
        return -1;
    for (uint64_t size = first;; size *= 2) {
        if (list_add(list, size))
            return -1;
        if (size > last / 2)
            break;
    }
    return list_add(list, last);
}

int mcb_units_parse_sizes(const char *text, uint64_t *sizes, size_t most, size_t *count)
{
    char item[64]; /* two sizes with their units and leading zeros to spare */
    struct size_list list = {.sizes = sizes, .most = most, .count = 0};

    for (;;) {
        size_t length = strcspn(text, ",");
        if (length >= sizeof item)
            return -1;
        memcpy(item, text, length);
        item[length] = '\0';
        if (list_add_item(&list, item))
            return -1;
        if (text[length] == '\0')
            break;
        text += length + 1;
    }
    *count = list.count;
    return 0;
}

char *mcb_units_format_size(uint64_t size_bytes, char *text, size_t text_size)
{
    static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    /* A size that one decimal does not show stays in bytes while those can be read at a glance. */
    const uint64_t readable_bytes = 10240;

    size_t power = 0;
    while (power < 4 && size_bytes >> (10 * (power + 1)))
        power++;
    uint64_t unit = UINT64_C(1) << (10 * power);
    uint64_t whole = size_bytes / unit, rest = size_bytes % unit;
    uint64_t tenths = whole * 10 + (rest * 10 + unit / 2) / unit;
    if (tenths == 10240 && power < 4) {
        tenths = 10;
        power++;
    }

    if (rest == 0)
        snprintf(text, text_size, "%" PRIu64 " %s", whole, names[power]);
    else if (rest * 10 % unit != 0 && size_bytes < readable_bytes)
        snprintf(text, text_size, "%" PRIu64 " B", size_bytes);
    else
        snprintf(text, text_size, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10, tenths % 10,
                 names[power]);
    return text;
}

/* "2.0 ms" below ten, "850 us" from there on. */
static bool format_decimal(int64_t duration_ns, int64_t unit_ns, int64_t most, const char *unit,
                           char *text, size_t text_size)
{
    if (duration_ns >= most * unit_ns - unit_ns / 2)
        return false;
    int64_t tenths = (duration_ns + unit_ns / 20) / (unit_ns / 10);
    int64_t whole = (duration_ns + unit_ns / 2) / unit_ns;
    if (tenths < 100)
        snprintf(text, text_size, "%" PRId64 ".%" PRId64 " %s", tenths / 10, tenths % 10, unit);
    else
        snprintf(text, text_size, "%" PRId64 " %s", whole, unit);
    return true;
}

/* "3 min 20 s", "2 h": the second part only where there is one. */
static void format_pair(int64_t value, int64_t ratio, const char *unit, const char *small,
                        char *text, size_t text_size)
{
    int length = snprintf(text, text_size, "%" PRId64 " %s", value / ratio, unit);
    if (value % ratio && length > 0 && (size_t)length < text_size)
        snprintf(text + length, text_size - (size_t)length, " %" PRId64 " %s", value % ratio,
                 small);
}

char *mcb_units_format_duration(int64_t duration_ns, char *text, size_t text_size)
{
    const int64_t us = 1000, ms = 1000 * us, second = 1000 * ms;

    if (duration_ns <= 0)
        snprintf(text, text_size, "0 s");
    else if (!format_decimal(duration_ns, us, 1000, "us", text, text_size) &&
             !format_decimal(duration_ns, ms, 1000, "ms", text, text_size) &&
             !format_decimal(duration_ns, second, 60, "s", text, text_size)) {
        /* Whole units first and the half after them: adding it to INT64_MAX would overflow. */
        int64_t seconds = duration_ns / second + (duration_ns % second >= second / 2);
        if (seconds < 3600)
            format_pair(seconds, 60, "min", "s", text, text_size);
        else
            format_pair((seconds + 30) / 60, 60, "h", "min", text, text_size);
    }
    return text;
}
