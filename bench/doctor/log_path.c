/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/doctor/log_path.h"

#include <ctype.h>
#include <string.h>

#define ARROW " → "

enum { END_MAX = 90 };

struct end {
    const char *text;
    size_t length;
};

static bool is_name(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') ||
           (byte >= 'A' && byte <= 'Z') || byte == '_' || byte == '.' || byte == '-';
}

static bool is_address(char byte)
{
    return is_name(byte) || byte == ':' || byte == '[' || byte == ']' || byte == '%';
}

/* Names of NICs end with a number, those of mail addresses do not. */
static bool is_nic(const struct end *end)
{
    return end->length > 0 && end->length < END_MAX &&
           isdigit((unsigned char)end->text[end->length - 1]);
}

static void drop_last(struct end *end, const char *bytes)
{
    while (end->length > 0 && strchr(bytes, end->text[end->length - 1]))
        end->length--;
}

/* The next "10.0.0.1:12345@mlx5_0" at or after *at, which moves behind it. */
static bool next_nic_path(const char *text, size_t length, size_t *at, struct end *end)
{
    while (*at < length) {
        const char *sign = memchr(text + *at, '@', length - *at);
        if (!sign)
            return false;
        size_t middle = (size_t)(sign - text), first = middle, last = middle + 1;
        while (first > *at && is_address(text[first - 1]))
            first--;
        while (last < length && is_name(text[last]))
            last++;
        *at = last;
        *end = (struct end){text + first, last - first};
        drop_last(end, ".-_");
        if (middle > first && is_nic(end))
            return true;
    }
    return false;
}

/* The name after "local_nic: ". */
static bool local_nic(const char *text, size_t length, struct end *end)
{
    static const char key[] = "local_nic: ";
    const char *found = memmem(text, length, key, sizeof key - 1);
    if (!found)
        return false;
    end->text = found + sizeof key - 1;
    end->length = 0;
    while (end->text + end->length < text + length && is_name(end->text[end->length]))
        end->length++;
    return is_nic(end);
}

/* Whether the word before that byte says that the peer's end follows. */
static bool is_told_peer(const char *text, const struct end *end)
{
    size_t before = (size_t)(end->text - text);
    size_t most = before < 24 ? before : 24;
    const char *from = end->text - most;
    return memmem(from, most, "peer_nic", 8) || memmem(from, most, "peer nic", 8);
}

static bool mooncake_path(const char *text, size_t length, struct end *initiator,
                          struct end *target)
{
    size_t at = 0;
    struct end first, second;
    if (!next_nic_path(text, length, &at, &first))
        return false;
    *target = (struct end){NULL, 0};
    *initiator = first;
    if (!next_nic_path(text, length, &at, &second)) {
        if (local_nic(text, length, initiator))
            *target = first;
        return true;
    }
    bool swapped = is_told_peer(text, &first) && !is_told_peer(text, &second);
    *initiator = swapped ? second : first;
    *target = swapped ? first : second;
    return true;
}

/* Not a blank. */
static size_t word_before(const char *text, size_t end)
{
    size_t start = end;
    while (start > 0 && isgraph((unsigned char)text[start - 1]) && end - start < END_MAX)
        start--;
    return start;
}

static bool mcbench_path(const char *text, size_t length, struct end *initiator, struct end *target)
{
    static const char *const arrows[] = {" -> ", " \xe2\x86\x92 "};
    /* Nearly no line has one: memchr() is far faster than memmem(). */
    if (!memchr(text, '>', length) && !memchr(text, '\xe2', length))
        return false;
    for (size_t i = 0; i < sizeof arrows / sizeof *arrows; i++) {
        const char *found = memmem(text, length, arrows[i], strlen(arrows[i]));
        if (!found)
            continue;
        size_t before = (size_t)(found - text), after = before + strlen(arrows[i]), end = after;
        while (end < length && isgraph((unsigned char)text[end]) && end - after < END_MAX)
            end++;
        size_t start = word_before(text, before);
        *initiator = (struct end){text + start, before - start};
        *target = (struct end){text + after, end - after};
        drop_last(target, ":,;.)]\"'");
        if (memchr(initiator->text, '/', initiator->length) && target->length > 0 &&
            memchr(target->text, '/', target->length))
            return true;
    }
    return false;
}

char *mcb_log_path_read(const char *text, size_t length, char path[MCB_LOG_PATH_MAX])
{
    struct end initiator = {NULL, 0}, target = {NULL, 0};
    path[0] = '\0';
    if (!mooncake_path(text, length, &initiator, &target) &&
        !mcbench_path(text, length, &initiator, &target))
        return path;
    char *end = mempcpy(path, initiator.text, initiator.length);
    if (target.length > 0) {
        end = mempcpy(end, ARROW, strlen(ARROW));
        end = mempcpy(end, target.text, target.length);
    }
    *end = '\0';
    return path;
}

/* Both ends of a path; that of the target is empty if there is but one. */
static void split(const char *path, struct end ends[2])
{
    const char *arrow = strstr(path, ARROW);
    ends[0] = (struct end){path, arrow ? (size_t)(arrow - path) : strlen(path)};
    ends[1].text = arrow ? arrow + strlen(ARROW) : "";
    ends[1].length = strlen(ends[1].text);
}

/* The same, or one of them is only the NIC of the other: "mlx5_0" of "10.0.0.1:12345@mlx5_0". */
static bool may_be_end(const struct end *a, const struct end *b)
{
    const struct end *longer = a->length >= b->length ? a : b, *shorter = longer == a ? b : a;
    size_t before = longer->length - shorter->length;
    if (shorter->length == 0 || memcmp(longer->text + before, shorter->text, shorter->length) != 0)
        return false;
    return before == 0 || longer->text[before - 1] == '@' || longer->text[before - 1] == '/';
}

bool mcb_log_path_may_be(const char *a, const char *b)
{
    struct end ours[2], theirs[2];
    if (!*a || !*b || strcmp(a, b) == 0)
        return true;
    split(a, ours);
    split(b, theirs);
    if (ours[1].length > 0 && theirs[1].length > 0)
        return may_be_end(&ours[0], &theirs[0]) && may_be_end(&ours[1], &theirs[1]);
    for (size_t i = 0; i < 4; i++)
        if (may_be_end(&ours[i / 2], &theirs[i % 2]))
            return true;
    return false;
}
