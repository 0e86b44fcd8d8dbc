/* SPDX-License-Identifier: Apache-2.0 */
#include "common/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static int fill(const struct mcb_buffer *buffer, const struct mcb_pattern *pattern,
                const struct mcb_area *area, struct mcb_error *error)
{
    (void)buffer;
    (void)error;
    mcb_pattern_fill(pattern, area);
    return 0;
}

static int poison(const struct mcb_buffer *buffer, uint64_t key, const struct mcb_area *area,
                  struct mcb_error *error)
{
    (void)buffer;
    (void)error;
    mcb_pattern_poison(key, area);
    return 0;
}

static int check(const struct mcb_buffer *buffer, const struct mcb_pattern *pattern,
                 const struct mcb_area *area, struct mcb_pattern_report *report,
                 struct mcb_error *error)
{
    (void)buffer;
    (void)error;
    mcb_pattern_check(pattern, area, report);
    return 0;
}

static int put(const struct mcb_buffer *buffer, void *to, const void *host, size_t bytes,
               struct mcb_error *error)
{
    (void)buffer;
    (void)error;
    memcpy(to, host, bytes);
    return 0;
}

static int get(const struct mcb_buffer *buffer, void *host, const void *from, size_t bytes,
               struct mcb_error *error)
{
    (void)buffer;
    (void)error;
    memcpy(host, from, bytes);
    return 0;
}

static enum mcb_flush flush_way(const struct mcb_buffer *buffer)
{
    (void)buffer;
    return MCB_FLUSH_NONE;
}

struct mcb_copier {
    uint64_t slots;
};

static int copier_open(const struct mcb_buffer *buffer, const struct mcb_area *to,
                       const struct mcb_area *from, struct mcb_copier **copier,
                       struct mcb_error *error)
{
    (void)buffer;
    (void)to;
    (void)from;
    *copier = calloc(1, sizeof **copier);
    return *copier ? 0 : mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a copier");
}

static int copier_copy(struct mcb_copier *copier, uint32_t first, uint32_t count,
                       struct mcb_error *error)
{
    (void)first;
    (void)error;
    copier->slots += count;
    return 0;
}

static int copier_done(struct mcb_copier *copier, uint64_t *slots, struct mcb_error *error)
{
    (void)error;
    *slots = copier->slots;
    return 0;
}

static void copier_close(struct mcb_copier *copier)
{
    free(copier);
}

static void release(struct mcb_buffer *buffer)
{
    munmap(buffer->address, buffer->length_bytes);
}

const struct mcb_memory mcb_memory_host = {
    .fill = fill,
    .poison = poison,
    .check = check,
    .put = put,
    .get = get,
    .flush_way = flush_way,
    .copier_open = copier_open,
    .copier_copy = copier_copy,
    .copier_done = copier_done,
    .copier_close = copier_close,
    .release = release,
};
