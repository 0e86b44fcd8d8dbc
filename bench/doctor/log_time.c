/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/doctor/log_time.h"

#include <string.h>
#include <time.h>

enum { DAY_S = 86400 };

/* What is still to be read; `good` once false stays so. */
struct reader {
    const char *at, *end;
    bool good;
};

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static int take_number(struct reader *reader, int digits, int most)
{
    int value = 0;
    for (int i = 0; i < digits; i++) {
        if (!reader->good || reader->at >= reader->end || !is_digit(*reader->at)) {
            reader->good = false;
            return 0;
        }
        value = value * 10 + (*reader->at++ - '0');
    }
    reader->good = value <= most;
    return value;
}

static bool take_any_of(struct reader *reader, const char *bytes)
{
    bool may = reader->good && reader->at < reader->end;
    for (; may && *bytes; bytes++)
        if (*reader->at == *bytes) {
            reader->at++;
            return true;
        }
    return false;
}

static void need_any_of(struct reader *reader, const char *bytes)
{
    reader->good = take_any_of(reader, bytes) && reader->good;
}

/* "09:14:02", then a fraction if there is one */
static void take_clock(struct reader *reader, struct mcb_log_time *time)
{
    time->hour = take_number(reader, 2, 23);
    need_any_of(reader, ":");
    time->minute = take_number(reader, 2, 59);
    need_any_of(reader, ":");
    time->second = take_number(reader, 2, 60);
    if (!reader->good || reader->end - reader->at < 2 || !strchr(".,", *reader->at) ||
        !is_digit(reader->at[1]))
        return;
    reader->at++;
    time->has_fraction = true;
    for (int unit = 100000; reader->at < reader->end && is_digit(*reader->at); unit /= 10)
        time->microsecond += (*reader->at++ - '0') * unit;
}

static void take_month_and_day(struct reader *reader, const char *between,
                               struct mcb_log_time *time)
{
    time->month = take_number(reader, 2, 12);
    if (*between)
        need_any_of(reader, between);
    time->day = take_number(reader, 2, 31);
}

/* "Z", "+0100", "+01:00" */
static void take_zone(struct reader *reader, struct mcb_log_time *time)
{
    if (take_any_of(reader, "Z")) {
        time->has_zone = true;
        return;
    }
    struct reader ahead = *reader;
    bool west = ahead.good && ahead.at < ahead.end && *ahead.at == '-';
    if (!take_any_of(&ahead, "+-"))
        return;
    int minutes = take_number(&ahead, 2, 14) * 60;
    take_any_of(&ahead, ":");
    minutes += take_number(&ahead, 2, 59);
    if (!ahead.good)
        return;
    *reader = ahead;
    time->has_zone = true;
    time->zone_minutes = west ? -minutes : minutes;
}

/* "Nov", also with blanks after it */
static void take_month_name(struct reader *reader, struct mcb_log_time *time)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    if (!reader->good || reader->end - reader->at < 4) {
        reader->good = false;
        return;
    }
    for (int month = 0; month < 12; month++)
        if (memcmp(reader->at, names + (ptrdiff_t)3 * month, 3) == 0)
            time->month = month + 1;
    reader->at += 3;
    reader->good = time->month > 0;
    need_any_of(reader, " ");
}

/* "22", " 2" */
static void take_padded_day(struct reader *reader, struct mcb_log_time *time)
{
    time->day = take_number(reader, take_any_of(reader, " ") ? 1 : 2, 31);
    need_any_of(reader, " ");
}

static size_t finish(const struct reader *reader, const char *text, struct mcb_log_time *read,
                     struct mcb_log_time *time)
{
    if (!reader->good || (read->clock == MCB_LOG_CLOCK_WALL && (read->month < 1 || read->day < 1)))
        return 0;
    *time = *read;
    return (size_t)(reader->at - text);
}

size_t mcb_log_time_read_iso(const char *text, size_t length, struct mcb_log_time *time)
{
    if (length == 0 || !is_digit(*text))
        return 0;
    struct reader reader = {text, text + length, true};
    struct mcb_log_time read = {.clock = MCB_LOG_CLOCK_WALL};
    read.year = take_number(&reader, 4, 9999);
    need_any_of(&reader, "-/");
    take_month_and_day(&reader, "-/", &read);
    need_any_of(&reader, " T");
    take_clock(&reader, &read);
    take_zone(&reader, &read);
    reader.good = reader.good && read.year >= 1970;
    return finish(&reader, text, &read, time);
}

size_t mcb_log_time_read_glog(const char *text, size_t length, struct mcb_log_time *time)
{
    struct reader reader = {text, text + length, true};
    struct mcb_log_time read = {.clock = MCB_LOG_CLOCK_WALL};
    size_t digits = 0;
    while (digits < length && digits < 9 && is_digit(text[digits]))
        digits++;
    if (digits != 4 && digits != 8)
        return 0;
    if (digits == 8)
        read.year = take_number(&reader, 4, 9999);
    take_month_and_day(&reader, "", &read);
    need_any_of(&reader, " ");
    take_clock(&reader, &read);
    return finish(&reader, text, &read, time);
}

size_t mcb_log_time_read_short(const char *text, size_t length, struct mcb_log_time *time)
{
    struct reader reader = {text, text + length, true};
    struct mcb_log_time read = {.clock = MCB_LOG_CLOCK_WALL};
    take_month_and_day(&reader, "-/", &read);
    need_any_of(&reader, " ");
    take_clock(&reader, &read);
    return finish(&reader, text, &read, time);
}

size_t mcb_log_time_read_syslog(const char *text, size_t length, struct mcb_log_time *time)
{
    if (length == 0 || *text < 'A' || *text > 'S')
        return 0;
    struct reader reader = {text, text + length, true};
    struct mcb_log_time read = {.clock = MCB_LOG_CLOCK_WALL};
    take_month_name(&reader, &read);
    take_padded_day(&reader, &read);
    take_clock(&reader, &read);
    return finish(&reader, text, &read, time);
}

size_t mcb_log_time_read_ctime(const char *text, size_t length, struct mcb_log_time *time)
{
    if (length < 5 || text[3] != ' ')
        return 0;
    struct reader reader = {text + 4, text + length, true};
    struct mcb_log_time read = {.clock = MCB_LOG_CLOCK_WALL};
    take_month_name(&reader, &read);
    take_padded_day(&reader, &read);
    take_clock(&reader, &read);
    need_any_of(&reader, " ");
    read.year = take_number(&reader, 4, 9999);
    return finish(&reader, text, &read, time);
}

size_t mcb_log_time_read_uptime(const char *text, size_t length, struct mcb_log_time *time)
{
    struct reader reader = {text, text + length, true};
    struct mcb_log_time read = {.clock = MCB_LOG_CLOCK_BOOT, .has_fraction = true};
    int64_t seconds = 0;
    int digits = 0;
    while (take_any_of(&reader, " "))
        continue;
    for (; reader.at < reader.end && is_digit(*reader.at) && digits < 10; digits++)
        seconds = seconds * 10 + (*reader.at++ - '0');
    need_any_of(&reader, ".");
    read.uptime_us = seconds * 1000000 + take_number(&reader, 6, 999999);
    reader.good = reader.good && digits > 0;
    return finish(&reader, text, &read, time);
}

/* Seconds since 1970 of a time in that year. */
static int64_t seconds_in_year(const struct mcb_log_time *time, int year)
{
    struct tm parts = {.tm_year = year - 1900,
                       .tm_mon = time->month - 1,
                       .tm_mday = time->day,
                       .tm_hour = time->hour,
                       .tm_min = time->minute,
                       .tm_sec = time->second,
                       .tm_isdst = -1};
    if (time->has_zone)
        return (int64_t)timegm(&parts) - (int64_t)time->zone_minutes * 60;
    return (int64_t)mktime(&parts);
}

int64_t mcb_log_time_us(const struct mcb_log_time *time, int64_t not_after_s)
{
    if (time->clock != MCB_LOG_CLOCK_WALL)
        return MCB_LOG_NO_TIME;
    int year = time->year;
    if (year == 0) {
        time_t last = (time_t)not_after_s;
        struct tm parts;
        if (!localtime_r(&last, &parts))
            return MCB_LOG_NO_TIME;
        year = parts.tm_year + 1900;
        /* The first hours of a year may be those of the next one's clock. */
        if (seconds_in_year(time, year + 1) <= not_after_s + DAY_S)
            year++;
        else if (seconds_in_year(time, year) > not_after_s + DAY_S)
            year--;
    }
    return seconds_in_year(time, year) * 1000000 + time->microsecond;
}
