/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/ledger_texts.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "bench/report/ledger.h"

enum { FIRST_SLOTS = 64, BLOCK_BYTES = 16384 };

struct block {
    struct block *next;
    char bytes[];
};

struct text {
    const char *bytes;
    size_t length;
    uint64_t hash;
};

struct mcb_ledger_texts {
    struct text *list;
    size_t count, room;
    uint32_t *slots; /* a power of two of them, half of them free at least; MCB_LEDGER_NONE: free */
    size_t slot_count;
    uint64_t seed;
    struct block *blocks; /* the bytes; the newest first */
    size_t block_used, block_room;
};

struct mcb_ledger_texts *mcb_ledger_texts_make(void)
{
    struct mcb_ledger_texts *texts = calloc(1, sizeof *texts);
    /* Where the kernel has no entropy yet, the seed is 0. */
    if (texts && getrandom(&texts->seed, sizeof texts->seed, GRND_NONBLOCK) < 0)
        texts->seed = 0;
    return texts;
}

void mcb_ledger_texts_release(struct mcb_ledger_texts *texts)
{
    if (!texts)
        return;
    while (texts->blocks) {
        struct block *next = texts->blocks->next;
        free(texts->blocks);
        texts->blocks = next;
    }
    free(texts->slots);
    free(texts->list);
    free(texts);
}

static uint64_t mix(uint64_t hash)
{
    hash ^= hash >> 32;
    hash *= 0xd6e8feb86659fd93;
    return hash ^ hash >> 32;
}

static uint64_t hash_of(const struct mcb_ledger_texts *texts, const char *bytes, size_t length)
{
    uint64_t hash = texts->seed ^ length, word = 0;
    for (; length >= sizeof word; bytes += sizeof word, length -= sizeof word) {
        memcpy(&word, bytes, sizeof word);
        hash = mix(hash ^ word);
    }
    word = 0;
    memcpy(&word, bytes, length);
    return mix(hash ^ word);
}

/* Where the bytes are, or would be. */
static size_t find_slot(const struct mcb_ledger_texts *texts, uint64_t hash, const void *bytes,
                        size_t length)
{
    size_t slot = hash & (texts->slot_count - 1);
    for (; texts->slots[slot] != MCB_LEDGER_NONE; slot = (slot + 1) & (texts->slot_count - 1)) {
        const struct text *text = &texts->list[texts->slots[slot]];
        if (text->hash == hash && text->length == length && memcmp(text->bytes, bytes, length) == 0)
            break;
    }
    return slot;
}

/* Room for one text more in the list and in the slots. */
static bool make_room(struct mcb_ledger_texts *texts)
{
    size_t room = texts->slot_count ? 2 * texts->slot_count : FIRST_SLOTS;
    if (texts->count < texts->room)
        return true;
    struct text *list = realloc(texts->list, room / 2 * sizeof *list);
    if (!list)
        return false;
    texts->list = list;
    uint32_t *slots = malloc(room * sizeof *slots);
    if (!slots)
        return false;
    memset(slots, 0xff, room * sizeof *slots); /* all MCB_LEDGER_NONE */
    free(texts->slots);
    texts->slots = slots;
    texts->slot_count = room;
    texts->room = room / 2;
    for (size_t i = 0; i < texts->count; i++) {
        size_t slot = list[i].hash & (room - 1);
        while (slots[slot] != MCB_LEDGER_NONE)
            slot = (slot + 1) & (room - 1);
        slots[slot] = (uint32_t)i;
    }
    return true;
}

static const char *copy(struct mcb_ledger_texts *texts, const void *bytes, size_t length)
{
    if (texts->block_room - texts->block_used < length + 1) {
        size_t room = length + 1 > BLOCK_BYTES ? length + 1 : BLOCK_BYTES;
        struct block *block = malloc(sizeof *block + room);
        if (!block)
            return NULL;
        block->next = texts->blocks;
        texts->blocks = block;
        texts->block_room = room;
        texts->block_used = 0;
    }
    char *kept = texts->blocks->bytes + texts->block_used;
    memcpy(kept, bytes, length);
    kept[length] = '\0';
    texts->block_used += length + 1;
    return kept;
}

uint32_t mcb_ledger_texts_number(struct mcb_ledger_texts *texts, const void *bytes, size_t length)
{
    uint64_t hash = hash_of(texts, bytes, length);
    if (!make_room(texts))
        return MCB_LEDGER_NONE;
    size_t slot = find_slot(texts, hash, bytes, length);
    if (texts->slots[slot] != MCB_LEDGER_NONE)
        return texts->slots[slot];
    const char *kept = texts->count < MCB_LEDGER_NONE ? copy(texts, bytes, length) : NULL;
    if (!kept)
        return MCB_LEDGER_NONE;
    texts->list[texts->count] = (struct text){kept, length, hash};
    texts->slots[slot] = (uint32_t)texts->count++;
    return texts->slots[slot];
}

const char *mcb_ledger_texts_at(const struct mcb_ledger_texts *texts, uint32_t number)
{
    return texts->list[number].bytes;
}

const char *mcb_ledger_texts_keep(struct mcb_ledger_texts *texts, const char *text)
{
    uint32_t number = mcb_ledger_texts_number(texts, text, strlen(text));
    return number == MCB_LEDGER_NONE ? NULL : mcb_ledger_texts_at(texts, number);
}
