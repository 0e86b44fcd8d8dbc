/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A table of heads, each tried where the last one ended, until none is there. A head is so many
 * bytes long, or 0 if the line does not go on with it.
 */

#include "bench/doctor/log_line.h"

#include <ctype.h>
#include <string.h>

enum { HEADS_MOST = 8, BRACKET_MOST = 96, NAME_MOST = 255, WORDS_MOST = 4, NEAR_MOST = 96 };

static bool is_alnum(char byte)
{
    return isalnum((unsigned char)byte) != 0;
}

static bool begins_with(const char *text, size_t length, const char *start)
{
    size_t bytes = strlen(start);
    return length >= bytes && memcmp(text, start, bytes) == 0;
}

/* One blank, if there is one: more of them belong to the message. */
static size_t with_blank(const char *text, size_t length, size_t used)
{
    return used + (used > 0 && used < length && text[used] == ' ');
}

/* Bytes up to and with the first `last`, if it is near. */
static size_t through(const char *text, size_t length, char last)
{
    size_t most = length < BRACKET_MOST ? length : (size_t)BRACKET_MOST;
    const char *found = most > 0 ? memchr(text, last, most) : NULL;
    return found ? (size_t)(found - text) + 1 : 0;
}

/* The first time counts, unless a later one is finer. */
static void set_time(struct mcb_log_line *line, const struct mcb_log_time *time)
{
    bool finer = time->has_fraction && !line->time.has_fraction &&
                 time->clock == MCB_LOG_CLOCK_WALL && !line->time.has_zone;
    if (line->time.clock == MCB_LOG_CLOCK_NONE || finer)
        line->time = *time;
}

static void set_severity(struct mcb_log_line *line, enum mcb_log_severity severity)
{
    if (line->severity == MCB_LOG_SEVERITY_NONE)
        line->severity = severity;
}

/* ---- severities ---- */

static const struct word {
    const char *name;
    enum mcb_log_severity severity;
} words[] = {
    {"INFO", MCB_LOG_SEVERITY_INFO},         {"ERROR", MCB_LOG_SEVERITY_ERROR},
    {"WARNING", MCB_LOG_SEVERITY_WARNING},   {"WARN", MCB_LOG_SEVERITY_WARNING},
    {"DEBUG", MCB_LOG_SEVERITY_DEBUG},       {"CRITICAL", MCB_LOG_SEVERITY_FATAL},
    {"FATAL", MCB_LOG_SEVERITY_FATAL},       {"TRACE", MCB_LOG_SEVERITY_DEBUG},
    {"[info]", MCB_LOG_SEVERITY_INFO},       {"[error]", MCB_LOG_SEVERITY_ERROR},
    {"[warning]", MCB_LOG_SEVERITY_WARNING}, {"[warn]", MCB_LOG_SEVERITY_WARNING},
    {"[debug]", MCB_LOG_SEVERITY_DEBUG},     {"[critical]", MCB_LOG_SEVERITY_FATAL},
};

/* Whether a word begins so: nearly all of a line's do not. */
static bool may_be_word(char first)
{
    switch (first) {
    case 'I':
    case 'E':
    case 'W':
    case 'D':
    case 'C':
    case 'F':
    case 'T':
    case '[':
        return true;
    default:
        return false;
    }
}

/* The word at the beginning of the text; NULL: none. */
static const struct word *severity_word(const char *text, size_t length)
{
    bool may = length > 0 && may_be_word(*text);
    for (size_t i = 0; may && i < sizeof words / sizeof *words; i++) {
        if (*text != *words[i].name)
            continue;
        size_t bytes = strlen(words[i].name);
        if (begins_with(text, length, words[i].name) &&
            (bytes == length || !is_alnum(text[bytes - 1]) ||
             (!is_alnum(text[bytes]) && text[bytes] != '_')))
            return &words[i];
    }
    return NULL;
}

/* Among the first few words: "sglang.srt - ERROR - ...", "[worker] ERROR: ..." */
static void look_for_severity(const char *text, size_t length, struct mcb_log_line *line)
{
    size_t most = length < NEAR_MOST ? length : (size_t)NEAR_MOST;
    for (size_t at = 0, seen = 0; at < most && seen < WORDS_MOST; seen++) {
        size_t bracket = text[at] == '[' ? 1 : 0;
        const struct word *word = severity_word(text + at, length - at);
        if (!word && bracket)
            word = severity_word(text + at + 1, length - at - 1);
        if (word) {
            set_severity(line, word->severity);
            return;
        }
        while (at < most && text[at] != ' ')
            at++;
        while (at < most && text[at] == ' ')
            at++;
    }
}

const char *mcb_log_severity_name(enum mcb_log_severity severity)
{
    static const char *const names[] = {"", "debug", "info", "warning", "error", "fatal"};
    return names[severity];
}

/* ---- heads ---- */

/* "E1122 09:14:02.118123 12345 file.cpp:123] " */
static size_t read_glog(const char *text, size_t length, struct mcb_log_line *line)
{
    static const char letters[] = "IWEF";
    static const enum mcb_log_severity severities[] = {
        MCB_LOG_SEVERITY_INFO, MCB_LOG_SEVERITY_WARNING, MCB_LOG_SEVERITY_ERROR,
        MCB_LOG_SEVERITY_FATAL};
    const char *letter = length > 1 && *text ? strchr(letters, *text) : NULL;
    struct mcb_log_time time;
    size_t used = letter ? mcb_log_time_read_glog(text + 1, length - 1, &time) : 0;
    if (used == 0)
        return 0;
    set_time(line, &time);
    set_severity(line, severities[letter - letters]);
    used++;
    size_t place = through(text + used, length - used, ']');
    return with_blank(text, length, used + place);
}

/* "ERROR 11-22 09:14:02 [file.py:123] " */
static size_t read_vllm(const char *text, size_t length, struct mcb_log_line *line)
{
    const struct word *word = severity_word(text, length);
    struct mcb_log_time time;
    if (!word || *text == '[')
        return 0;
    size_t used = strlen(word->name), clock;
    while (used < length && text[used] == ' ')
        used++;
    clock = mcb_log_time_read_short(text + used, length - used, &time);
    if (clock == 0)
        return 0;
    set_time(line, &time);
    set_severity(line, word->severity);
    used = with_blank(text, length, used + clock);
    if (used < length && text[used] == '[')
        used += through(text + used, length - used, ']');
    return with_blank(text, length, used);
}

/* "Nov 22 09:14:02 n3 kernel: ", "2026-11-22T09:14:02+0000 n3 python3[123]: " : a host and a
 * program after the time. */
static size_t read_host_and_program(const char *text, size_t length, struct mcb_log_line *line)
{
    size_t host = 0, program;
    while (host < length && host < NAME_MOST &&
           (is_alnum(text[host]) || text[host] == '.' || text[host] == '-' || text[host] == '_'))
        host++;
    if (host == 0 || host >= length || text[host] != ' ')
        return 0;
    program = host + 1;
    while (program < length && program - host < NAME_MOST &&
           isgraph((unsigned char)text[program]) && text[program] != ':')
        program++;
    bool is_program = program > host + 1 && program + 1 < length && text[program] == ':' &&
                      text[program + 1] == ' ' && !severity_word(text, length) &&
                      !severity_word(text + host + 1, length - host - 1);
    if (!is_program)
        return 0;
    if (!line->host) {
        line->host = text;
        line->host_length = host;
    }
    return program + 2;
}

static size_t read_syslog(const char *text, size_t length, struct mcb_log_line *line)
{
    struct mcb_log_time time;
    size_t used = mcb_log_time_read_syslog(text, length, &time);
    if (used == 0 || used >= length || text[used] != ' ')
        return 0;
    set_time(line, &time);
    return used + 1 + read_host_and_program(text + used + 1, length - used - 1, line);
}

static size_t read_iso(const char *text, size_t length, struct mcb_log_line *line)
{
    struct mcb_log_time time;
    size_t used = mcb_log_time_read_iso(text, length, &time);
    if (used == 0)
        return 0;
    set_time(line, &time);
    used = with_blank(text, length, used);
    size_t journal = read_host_and_program(text + used, length - used, line);
    if (journal == 0)
        look_for_severity(text + used, length - used, line);
    return used + journal;
}

/* "[2026-11-22 09:14:02 TP0] ", "[Sun Nov 22 09:14:02 2026] ", "[12345.678901] " */
static size_t read_bracket(const char *text, size_t length, struct mcb_log_line *line)
{
    size_t end = length > 0 && *text == '[' ? through(text, length, ']') : 0;
    struct mcb_log_time time;
    if (end < 2)
        return 0;
    if (mcb_log_time_read_iso(text + 1, end - 2, &time) == 0) {
        if (mcb_log_time_read_ctime(text + 1, end - 2, &time) == 0 &&
            mcb_log_time_read_uptime(text + 1, end - 2, &time) == 0)
            return 0;
        line->is_kernel = true;
    }
    set_time(line, &time);
    size_t used = with_blank(text, length, end);
    if (time.clock == MCB_LOG_CLOCK_WALL)
        look_for_severity(text + used, length - used, line);
    return used;
}

/* "kern  :err   : ", of dmesg -x */
static size_t read_facility(const char *text, size_t length, struct mcb_log_line *line)
{
    static const struct word levels[] = {
        {"emerg", MCB_LOG_SEVERITY_FATAL},  {"alert", MCB_LOG_SEVERITY_FATAL},
        {"crit", MCB_LOG_SEVERITY_FATAL},   {"err", MCB_LOG_SEVERITY_ERROR},
        {"warn", MCB_LOG_SEVERITY_WARNING},
    };
    if (length < 16 || !begins_with(text, length, "kern  :") || text[13] != ':')
        return 0;
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (begins_with(text + 7, length - 7, levels[i].name))
            set_severity(line, levels[i].severity);
    line->is_kernel = true;
    return with_blank(text, length, 14);
}

/* "(EngineCore pid=123) ", "(RayWorker pid=123, ip=10.0.0.3) " */
static size_t read_process(const char *text, size_t length, struct mcb_log_line *line)
{
    size_t end = length > 0 && *text == '(' ? through(text, length, ')') : 0;
    if (end == 0 || !memmem(text, end, "pid=", 4))
        return 0;
    if (!line->process) {
        line->process = text;
        line->process_length = end;
    }
    return with_blank(text, length, end);
}

/* "stderr F ", of container runtimes */
static size_t read_stream(const char *text, size_t length, struct mcb_log_line *line)
{
    static const char *const streams[] = {"stderr F ", "stdout F ", "stderr P ", "stdout P "};
    (void)line;
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++)
        if (begins_with(text, length, streams[i]))
            return strlen(streams[i]);
    return 0;
}

/* "mcbench: warning: "; without that and without an id, which the reader of the line knows, it is a
 * note. */
static size_t read_mcbench(const char *text, size_t length, struct mcb_log_line *line)
{
    static const char name[] = "mcbench: ", warning[] = "warning: ";
    if (!begins_with(text, length, name))
        return 0;
    bool warns = begins_with(text + sizeof name - 1, length - (sizeof name - 1), warning);
    set_severity(line, warns ? MCB_LOG_SEVERITY_WARNING : MCB_LOG_SEVERITY_INFO);
    return sizeof name - 1 + (warns ? sizeof warning - 1 : 0);
}

/* "ERROR:root:", "INFO:     ", "[ERROR] " */
static size_t read_severity(const char *text, size_t length, struct mcb_log_line *line)
{
    size_t bracket = length > 0 && *text == '[' ? 1 : 0;
    const struct word *word = severity_word(text, length);
    if (!word)
        word = bracket ? severity_word(text + 1, length - 1) : NULL;
    else
        bracket = 0;
    if (!word)
        return 0;
    size_t used = bracket + strlen(word->name);
    if (used < length && !strchr(" :]-|", text[used]) && text[used - 1] != ']')
        return 0;
    set_severity(line, word->severity);
    while (used < length && text[used] && strchr(" :]-|", text[used]))
        used++;
    return used;
}

void mcb_log_line_read(const char *text, size_t length, struct mcb_log_line *line)
{
    static size_t (*const heads[])(const char *, size_t, struct mcb_log_line *) = {
        read_glog,     read_vllm,    read_bracket, read_iso,     read_syslog,
        read_facility, read_process, read_stream,  read_mcbench, read_severity,
    };
    *line = (struct mcb_log_line){.severity = MCB_LOG_SEVERITY_NONE};
    for (int found = 0; found < HEADS_MOST; found++) {
        size_t used = 0;
        for (size_t i = 0; used == 0 && i < sizeof heads / sizeof *heads; i++)
            used = heads[i](text + line->message, length - line->message, line);
        if (used == 0)
            return;
        line->message += used;
    }
}
