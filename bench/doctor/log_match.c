/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Of one literal piece of each text five bytes are chosen, as rare ones as there are, and the two
 * runs of four bytes in them, without letter case, go to a table. The piece is the one that fewest
 * other texts have, so that "process failed for slice*remote access error" costs nothing in the
 * many lines of slices that failed otherwise; of equal ones the longest. Of a line every second
 * position is looked at: wherever a text lies, one of its two runs is at such a position. A bit of
 * the run's hash in a filter of 16 KiB says of nearly all positions that no text is there, without
 * a jump that could be guessed wrong and without waiting for the position before, which is what
 * makes this several times as fast as a walk through an automaton, whose every step waits for the
 * load of the last one. Where the bit is set, the texts with that run which would win are compared
 * in full; of one with "*" the other pieces are looked for then.
 */

#include "bench/doctor/log_match.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    NO_TEXT = -1,
    ID_MAX = 24,
    RUN = 4, /* bytes */
    CHOSEN = RUN + 1,
    FILTER_BITS = 17,
    RUN_SLOTS = 4096 /* a power of two */
};

/* Sets bit 5 of each byte: letters become lower case. What else becomes equal by that is told
 * apart by the comparison. */
#define FOLD_RUN UINT32_C(0x20202020)

struct text {
    char *bytes; /* lower case, with its "*" */
    char *cases; /* of each byte the bit that tells the cases of a letter apart; 0: no letter */
    size_t length, literal_bytes;
    size_t piece_at, piece_length; /* the literal piece by which it is found */
    enum mcb_log_text_kind kind;
    enum mcb_fault_code code;
};

/* A run of a text. */
struct run {
    uint32_t bytes;
    int32_t text;
    size_t offset; /* of the run, in the piece */
    int32_t next;  /* another run of the same hash; NO_TEXT: none */
};

struct mcb_log_match {
    uint64_t filter[(1 << FILTER_BITS) / 64];
    int32_t slots[RUN_SLOTS]; /* by hash: the first run, or NO_TEXT */
    struct run *runs;
    size_t run_count;
    struct text *texts;
    size_t text_count;
    size_t short_count; /* texts that are too short for a run: searched one by one */
};

static unsigned char fold(char byte)
{
    unsigned char value = (unsigned char)byte;
    return value >= 'A' && value <= 'Z' ? (unsigned char)(value + 'a' - 'A') : value;
}

static uint32_t read_run(const char *text)
{
    uint32_t run;
    memcpy(&run, text, RUN);
    return run | FOLD_RUN;
}

/* Knuth's multiplicative hash */
static uint32_t hash_run(uint32_t run)
{
    return run * UINT32_C(2654435761);
}

/* ---- making ---- */

/* In how many texts the piece is. */
static size_t count_texts_with(const struct mcb_log_match *match, const char *piece, size_t length)
{
    size_t count = 0;
    for (size_t i = 0; i < match->text_count; i++)
        count += memmem(match->texts[i].bytes, match->texts[i].length, piece, length) != NULL;
    return count;
}

static void choose_piece(const struct mcb_log_match *match, struct text *text)
{
    size_t fewest = SIZE_MAX;
    for (size_t at = 0; at < text->length;) {
        size_t start = at;
        while (at < text->length && text->bytes[at] != '*')
            at++;
        size_t length = at - start, most = text->piece_length;
        text->literal_bytes += length;
        at++;
        bool is_only = start == 0 && length == text->length;
        size_t shared =
            is_only || length < CHOSEN ? 1 : count_texts_with(match, text->bytes + start, length);
        bool better = length >= CHOSEN && most >= CHOSEN
                          ? shared < fewest || (shared == fewest && length > most)
                          : length > most;
        if (better) {
            text->piece_at = start;
            text->piece_length = length;
            fewest = shared;
        }
    }
}

static int copy_texts(struct mcb_log_match *match, const struct mcb_log_text *texts, size_t count)
{
    match->texts = calloc(count + 1, sizeof *match->texts);
    if (!match->texts)
        return -1;
    for (size_t i = 0; i < count; i++) {
        struct text *text = &match->texts[match->text_count];
        *text =
            (struct text){.length = texts[i].length, .kind = texts[i].kind, .code = texts[i].code};
        text->bytes = calloc(2, text->length + 1);
        if (!text->bytes)
            return -1;
        text->cases = text->bytes + text->length + 1;
        for (size_t n = 0; n < text->length; n++) {
            text->bytes[n] = (char)fold(texts[i].text[n]);
            text->cases[n] = text->bytes[n] >= 'a' && text->bytes[n] <= 'z' ? 'a' - 'A' : 0;
        }
        match->text_count++;
    }
    for (size_t i = 0; i < count; i++)
        choose_piece(match, &match->texts[i]);
    return 0;
}

/* How often a byte is seen in logs, roughly: from 0, seldom. */
static unsigned commonness(char byte)
{
    static const char by_commonness[] = "zqjxkvwbygfphumcdl:,.[]-_/sr0nioate ";
    const char *found = byte ? strchr(by_commonness, byte) : NULL;
    return found ? (unsigned)(found - by_commonness) : 10;
}

/* Where in the piece its five rarest bytes begin. */
static size_t choose_offset(const char *piece, size_t length)
{
    size_t chosen = 0;
    unsigned least = UINT32_MAX;
    for (size_t at = 0; at + CHOSEN <= length; at++) {
        unsigned sum = 0;
        for (size_t i = 0; i < CHOSEN; i++)
            sum += commonness(piece[at + i]);
        if (sum < least) {
            least = sum;
            chosen = at;
        }
    }
    return chosen;
}

static void add_run(struct mcb_log_match *match, int32_t text, size_t offset)
{
    const char *piece = match->texts[text].bytes + match->texts[text].piece_at;
    uint32_t bytes = read_run(piece + offset), hash = hash_run(bytes);
    int32_t *slot = &match->slots[hash % RUN_SLOTS];
    uint32_t bit = hash >> (32 - FILTER_BITS);
    match->runs[match->run_count] = (struct run){bytes, text, offset, *slot};
    *slot = (int32_t)match->run_count++;
    match->filter[bit / 64] |= UINT64_C(1) << bit % 64;
}

static int add_runs(struct mcb_log_match *match)
{
    match->runs = calloc(2 * match->text_count + 1, sizeof *match->runs);
    if (!match->runs)
        return -1;
    for (size_t i = 0; i < RUN_SLOTS; i++)
        match->slots[i] = NO_TEXT;
    for (size_t i = 0; i < match->text_count; i++) {
        const struct text *text = &match->texts[i];
        if (text->piece_length < CHOSEN) {
            match->short_count++;
            continue;
        }
        size_t offset = choose_offset(text->bytes + text->piece_at, text->piece_length);
        add_run(match, (int32_t)i, offset);
        add_run(match, (int32_t)i, offset + 1);
    }
    return 0;
}

struct mcb_log_match *mcb_log_match_make(const struct mcb_log_text *texts, size_t count,
                                         struct mcb_error *error)
{
    struct mcb_log_match *match = calloc(1, sizeof *match);
    if (!match || copy_texts(match, texts, count) != 0 || add_runs(match) != 0) {
        mcb_log_match_free(match);
        mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the texts of the catalogue");
        return NULL;
    }
    return match;
}

void mcb_log_match_free(struct mcb_log_match *match)
{
    if (!match)
        return;
    for (size_t i = 0; i < match->text_count; i++)
        free(match->texts[i].bytes);
    free(match->texts);
    free(match->runs);
    free(match);
}

/* ---- matching ---- */

/* Whether the bytes of the text from `at` on are those of the line. */
static bool is_equal(const char *line, const struct text *text, size_t at, size_t length)
{
    const char *bytes = text->bytes + at, *cases = text->cases + at;
    size_t i = 0;
    for (; i + sizeof(uint64_t) <= length; i += sizeof(uint64_t)) {
        uint64_t ours, theirs, fold_bits;
        memcpy(&theirs, line + i, sizeof theirs);
        memcpy(&ours, bytes + i, sizeof ours);
        memcpy(&fold_bits, cases + i, sizeof fold_bits);
        if ((theirs | fold_bits) != ours)
            return false;
    }
    for (; i < length; i++)
        if ((line[i] | cases[i]) != bytes[i])
            return false;
    return true;
}

/* The next byte that is that letter, in either case; NULL: there is none. */
static const char *find_letter(const char *text, size_t length, char lower)
{
    const char *found = memchr(text, lower, length);
    if (lower < 'a' || lower > 'z')
        return found;
    const char *upper = memchr(text, lower - 'a' + 'A', found ? (size_t)(found - text) : length);
    return upper ? upper : found;
}

/* Where the piece of the text is at or after `from`; SIZE_MAX: nowhere. */
static size_t find_piece(const char *line, size_t length, size_t from, const struct text *text,
                         size_t piece_at, size_t piece_length)
{
    while (piece_length > 0 && from + piece_length <= length) {
        const char *found =
            find_letter(line + from, length - piece_length + 1 - from, text->bytes[piece_at]);
        if (!found)
            return SIZE_MAX;
        if (is_equal(found, text, piece_at, piece_length))
            return (size_t)(found - line);
        from = (size_t)(found - line) + 1;
    }
    return piece_length == 0 ? from : SIZE_MAX;
}

/* All pieces of the text, one after the other. */
static bool has_all_pieces(const struct text *text, const char *line, size_t length)
{
    size_t from = 0;
    for (size_t at = 0; at < text->length;) {
        size_t start = at;
        while (at < text->length && text->bytes[at] != '*')
            at++;
        size_t found = find_piece(line, length, from, text, start, at - start);
        if (found == SIZE_MAX)
            return false;
        from = found + (at - start);
        at++;
    }
    return true;
}

/* The fault of "MCB-RDMA-011]..." */
static enum mcb_fault_code read_id(const char *text, size_t length)
{
    char id[ID_MAX];
    size_t used = 0;
    while (used < length && used + 1 < sizeof id && text[used] != ']') {
        id[used] = (char)toupper((unsigned char)text[used]);
        used++;
    }
    id[used] = '\0';
    return used < length && text[used] == ']' ? mcb_fault_find(id) : MCB_FAULT_NONE;
}

struct search {
    const char *line;
    size_t length;
    const struct text *best; /* NULL: none */
    struct mcb_log_hit *hit;
};

/* Whether a text would tell more than what was found so far. */
static bool is_better(const struct search *search, const struct text *text)
{
    const struct text *best = search->best;
    if (search->hit->has_id)
        return false;
    if (!best || text->kind != best->kind)
        return !best || text->kind == MCB_LOG_TEXT_FAULT;
    return text->literal_bytes > best->literal_bytes ||
           (text->literal_bytes == best->literal_bytes && text < best);
}

/* Whether anything would change if the text were in the line. */
static bool is_wanted(const struct search *search, const struct text *text)
{
    switch (text->kind) {
    case MCB_LOG_TEXT_MARK:
        return !search->hit->is_marked;
    case MCB_LOG_TEXT_TRACEBACK:
        return !search->hit->is_traceback;
    case MCB_LOG_TEXT_NIC:
        return !search->hit->is_nic;
    case MCB_LOG_TEXT_ID:
        return !search->hit->has_id;
    case MCB_LOG_TEXT_FAULT:
    case MCB_LOG_TEXT_BARE:
        break;
    }
    return is_better(search, text);
}

static void take_id(struct search *search, size_t at)
{
    struct mcb_log_hit *hit = search->hit;
    size_t id = at + strlen("[");
    enum mcb_fault_code code = read_id(search->line + id, search->length - id);
    if (code == MCB_FAULT_NONE)
        return;
    hit->code = code;
    hit->at = at;
    hit->has_id = true;
}

/* A wanted text whose piece is there; at: where. */
static void take(struct search *search, const struct text *text, size_t at)
{
    struct mcb_log_hit *hit = search->hit;
    if (text->literal_bytes > text->piece_length &&
        !has_all_pieces(text, search->line, search->length))
        return;
    switch (text->kind) {
    case MCB_LOG_TEXT_TRACEBACK:
        hit->is_traceback = true;
        hit->is_marked = true;
        break;
    case MCB_LOG_TEXT_MARK:
        hit->is_marked = true;
        break;
    case MCB_LOG_TEXT_NIC:
        hit->is_nic = true;
        break;
    case MCB_LOG_TEXT_ID:
        take_id(search, at);
        break;
    case MCB_LOG_TEXT_FAULT:
    case MCB_LOG_TEXT_BARE:
        search->best = text;
        hit->code = text->code;
        hit->at = at;
        break;
    }
}

/* The texts one of whose runs is at that position. */
static void weigh_runs(const struct mcb_log_match *match, size_t at, struct search *search)
{
    uint32_t bytes = read_run(search->line + at);
    for (int32_t i = match->slots[hash_run(bytes) % RUN_SLOTS]; i != NO_TEXT;
         i = match->runs[i].next) {
        const struct run *run = &match->runs[i];
        const struct text *text = &match->texts[run->text];
        size_t start = at - run->offset;
        if (run->bytes == bytes && is_wanted(search, text) && at >= run->offset &&
            start + text->piece_length <= search->length &&
            is_equal(search->line + start, text, text->piece_at, text->piece_length))
            take(search, text, start);
    }
}

static void weigh_short_texts(const struct mcb_log_match *match, struct search *search)
{
    for (size_t i = 0; i < match->text_count; i++) {
        const struct text *text = &match->texts[i];
        if (text->piece_length == 0 || text->piece_length >= CHOSEN || !is_wanted(search, text))
            continue;
        size_t at =
            find_piece(search->line, search->length, 0, text, text->piece_at, text->piece_length);
        if (at != SIZE_MAX)
            take(search, text, at);
    }
}

static bool passes(const struct mcb_log_match *match, const char *text)
{
    uint32_t bit = hash_run(read_run(text)) >> (32 - FILTER_BITS);
    return match->filter[bit / 64] >> bit % 64 & 1;
}

bool mcb_log_match_line(const struct mcb_log_match *match, const char *line, size_t length,
                        struct mcb_log_hit *hit)
{
    *hit = (struct mcb_log_hit){.code = MCB_FAULT_NONE};
    struct search search = {line, length, NULL, hit};
    size_t at = 0;
    /* Four positions with one jump. */
    for (; at + 6 + RUN <= length; at += 8) {
        const char *text = line + at;
        bool first = passes(match, text), second = passes(match, text + 2);
        bool third = passes(match, text + 4), fourth = passes(match, text + 6);
        if (!(first | second | third | fourth))
            continue;
        for (size_t i = 0; i < 8; i += 2)
            if (passes(match, text + i))
                weigh_runs(match, at + i, &search);
    }
    for (; at + RUN <= length; at += 2)
        if (passes(match, line + at))
            weigh_runs(match, at, &search);
    if (match->short_count > 0)
        weigh_short_texts(match, &search);
    return hit->code != MCB_FAULT_NONE || hit->is_marked || hit->is_nic;
}
