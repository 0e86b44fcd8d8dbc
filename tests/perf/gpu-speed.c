/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast a GPU fills, poisons and checks its memory, beside how fast it copies it.
 *
 * usage: gpu-speed [GPU [BYTES [ROUNDS]]]     (0; 4 GiB or a quarter of the GPU's memory; 9)
 *
 * Every round copies one half of a buffer to the other and then fills, poisons and checks the whole
 * buffer, so that a card that slows down does so for all of them. What counts is bytes touched by
 * the time it took: a copy touches each byte twice. The verdict is on the medians: fill, poison and
 * check of messages of 64 KiB and 128 MiB at 85 % of the copy or more. Messages of 8 bytes and the
 * copies between GPU and pinned host memory are told, not judged. A stand-in GPU is measured for
 * nothing but to try this program, in one round: there is no verdict on it.
 *
 * Before, the GPU is held against the CPU: the bytes that it fills, and the reports on areas that
 * were spoiled here and there. And its memory is exported as a dma-buf, both ways; what came of it
 * is told, not judged.
 *
 * JSON on standard output. Exit code 0: held; 1: not held, other bytes or reports than the CPU's,
 * or a GPU that fails; 2: wrong use; 3: no GPU to be had (no module, no driver, none there).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/memory.h"
#include "gpu/gpu.h"

enum { ROUNDS_DEFAULT = 9, ROUNDS_MAX = 99, BOUNCE_SLOTS = 64 };
#define MIB               ((size_t)1 << 20)
#define BYTES_MAX         ((size_t)4 << 30)
#define LEAST_BYTES       (128 * MIB) /* the largest message */
#define STAND_IN_BYTES    (256 * MIB)
#define PROOF_BYTES       (4 * MIB)
#define SHARE_WANTED      0.85
#define BOUNCE_TIMEOUT_NS (60 * INT64_C(1000000000))

struct series {
    const char *operation;
    size_t slot_bytes; /* 0: it has none */
    bool judged;
    double gbytes_per_s[ROUNDS_MAX];
};

struct speed {
    struct mcb_gpus *gpus;
    unsigned gpu;
    struct mcb_buffer buffer;
    unsigned rounds;
    struct mcb_pattern_report report;      /* of all checks */
    bool agrees;                           /* with the CPU, in bytes and reports */
    char exports[2][MCB_ERROR_DETAIL_MAX]; /* by enum mcb_dmabuf_mapping: "exported", or why not */
};

static const struct mcb_pattern pattern = {.key = UINT64_C(0x5eed), .generation = 7};

static double rate(uint64_t bytes, int64_t start_ns)
{
    return (double)bytes / (double)(mcb_clock_ns() - start_ns);
}

static struct mcb_area area_of(const struct speed *speed, size_t slot_bytes)
{
    size_t stride_bytes = mcb_area_stride(slot_bytes);
    size_t slots = speed->buffer.length_bytes / stride_bytes;
    return (struct mcb_area){.base = speed->buffer.address,
                             .slot_bytes = slot_bytes,
                             .stride_bytes = stride_bytes,
                             .slots = slots < MCB_PATTERN_SLOTS_MAX ? (uint32_t)slots
                                                                    : MCB_PATTERN_SLOTS_MAX};
}

static uint32_t below(uint32_t *seed, size_t limit)
{
    *seed = *seed * UINT32_C(1664525) + 1013904223;
    return (uint32_t)((uint64_t)(*seed >> 8) * limit >> 24);
}

/* Makes the same slots wrong in both memories: flipped bits, poison, old and displaced words. */
static int spoil(struct speed *speed, const struct mcb_area *area, const struct mcb_area *host,
                 uint32_t *seed, struct mcb_error *error)
{
    const struct mcb_pattern earlier = {.key = pattern.key, .generation = pattern.generation - 1};
    for (unsigned time = 0; time < 8; time++) {
        uint8_t *slot = mcb_area_slot(host, below(seed, host->slots));
        uint8_t *other = mcb_area_slot(host, below(seed, host->slots));
        struct mcb_area one = *host;
        one.base = slot;
        one.slots = 1;
        if (time % 4 == 0)
            slot[below(seed, host->stride_bytes)] ^= 0x10;
        else if (time % 4 == 1)
            mcb_pattern_poison(pattern.key, &one);
        else if (time % 4 == 2)
            mcb_pattern_fill(&earlier, &one);
        else
            memmove(slot, other, host->slot_bytes);
    }
    return speed->buffer.kind->put(&speed->buffer, area->base, host->base,
                                   host->slots * host->stride_bytes, error);
}

/* The GPU's bytes and report beside the CPU's, for messages of one size. */
static int compare_with_cpu(struct speed *speed, size_t slot_bytes, uint8_t *bytes,
                            struct mcb_error *error)
{
    const struct mcb_memory *kind = speed->buffer.kind;
    struct mcb_pattern_report by_gpu = {0}, by_cpu = {0};
    struct mcb_area area = area_of(speed, slot_bytes), host;
    uint32_t seed = (uint32_t)slot_bytes;
    area.slots = (uint32_t)(PROOF_BYTES / area.stride_bytes);
    size_t all_bytes = area.slots * area.stride_bytes;
    host = area;
    host.base = bytes;
    if (kind->poison(&speed->buffer, pattern.key, &area, error) ||
        kind->fill(&speed->buffer, &pattern, &area, error) ||
        kind->get(&speed->buffer, bytes + PROOF_BYTES, area.base, all_bytes, error))
        return -1;
    mcb_pattern_poison(pattern.key, &host);
    mcb_pattern_fill(&pattern, &host);
    bool same = memcmp(bytes, bytes + PROOF_BYTES, all_bytes) == 0;
    if (spoil(speed, &area, &host, &seed, error) ||
        kind->check(&speed->buffer, &pattern, &area, &by_gpu, error))
        return -1;
    mcb_pattern_check(&pattern, &host, &by_cpu);
    speed->agrees = speed->agrees && same && by_cpu.first_kind != MCB_CORRUPTION_NONE &&
                    memcmp(&by_gpu, &by_cpu, sizeof by_gpu) == 0;
    return 0;
}

static int prove(struct speed *speed, struct mcb_error *error)
{
    static const size_t sizes[] = {1, 8, 13, 64, 100, 4096, 65537, MIB + 3};
    uint8_t *bytes = aligned_alloc(64, 2 * PROOF_BYTES);
    if (!bytes)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a comparison");
    int status = 0;
    speed->agrees = true;
    for (size_t i = 0; status == 0 && i < sizeof sizes / sizeof sizes[0]; i++)
        status = compare_with_cpu(speed, sizes[i], bytes, error);
    free(bytes);
    return status;
}

static void try_exports(struct speed *speed)
{
    for (int mapping = MCB_DMABUF_DEFAULT; mapping <= MCB_DMABUF_PCIE; mapping++) {
        struct mcb_error why = {0};
        int fd;
        char *said = speed->exports[mapping];
        if (!speed->buffer.kind->export_dmabuf)
            snprintf(said, sizeof speed->exports[0], "not offered");
        else if (speed->buffer.kind->export_dmabuf(&speed->buffer, (enum mcb_dmabuf_mapping)mapping,
                                                   &fd, &why))
            snprintf(said, sizeof speed->exports[0], "%s", why.detail);
        else {
            snprintf(said, sizeof speed->exports[0], "exported");
            close(fd);
        }
    }
}

static int copy_half(struct speed *speed, double *result, struct mcb_error *error)
{
    size_t half_bytes = speed->buffer.length_bytes / 2;
    uint8_t *from = speed->buffer.address;
    int64_t start_ns = mcb_clock_ns();
    if (speed->gpus->module->copy(speed->gpu, from + half_bytes, from, half_bytes, error))
        return -1;
    *result = rate(2 * half_bytes, start_ns);
    return 0;
}

/* Poison, fill and check of the same slots; results in that order. */
static int work_area(struct speed *speed, size_t slot_bytes, double *results[3],
                     struct mcb_error *error)
{
    const struct mcb_memory *kind = speed->buffer.kind;
    struct mcb_area area = area_of(speed, slot_bytes);
    uint64_t all_bytes = (uint64_t)area.slots * area.stride_bytes;
    int64_t start_ns = mcb_clock_ns();
    if (kind->poison(&speed->buffer, pattern.key, &area, error))
        return -1;
    *results[0] = rate(all_bytes, start_ns);
    start_ns = mcb_clock_ns();
    if (kind->fill(&speed->buffer, &pattern, &area, error))
        return -1;
    *results[1] = rate((uint64_t)area.slots * area.slot_bytes, start_ns);
    start_ns = mcb_clock_ns();
    if (kind->check(&speed->buffer, &pattern, &area, &speed->report, error))
        return -1;
    *results[2] = rate(all_bytes, start_ns);
    return 0;
}

static int wait_for(const struct mcb_memory *kind, struct mcb_copier *copier, uint64_t slots,
                    struct mcb_error *error)
{
    int64_t deadline_ns = mcb_clock_ns() + BOUNCE_TIMEOUT_NS;
    for (uint64_t done = 0; done < slots;) {
        if (kind->copier_done(copier, &done, error))
            return -1;
        if (mcb_clock_ns() > deadline_ns)
            return mcb_error_set(error, MCB_FAULT_GPU_CALL,
                                 "%" PRIu64 " of %" PRIu64 " slots copied in a minute", done,
                                 slots);
    }
    return 0;
}

/* To the GPU, from it, and both at once. */
static int bounce(struct speed *speed, const struct mcb_buffer *host, double *results[3],
                  struct mcb_error *error)
{
    const struct mcb_memory *kind = speed->buffer.kind;
    struct mcb_area gpu = area_of(speed, MIB), near = gpu;
    struct mcb_copier *to_gpu = NULL, *from_gpu = NULL;
    near.base = host->address;
    gpu.slots = near.slots = BOUNCE_SLOTS;
    int status = kind->copier_open(&speed->buffer, &gpu, &near, &to_gpu, error);
    if (status == 0)
        status = kind->copier_open(&speed->buffer, &near, &gpu, &from_gpu, error);
    for (unsigned i = 0; status == 0 && i < 3; i++) {
        int64_t start_ns = mcb_clock_ns();
        uint64_t slots = i == 2 ? 2 * BOUNCE_SLOTS : BOUNCE_SLOTS;
        if (i != 1)
            status = kind->copier_copy(to_gpu, 0, BOUNCE_SLOTS, error);
        if (status == 0 && i != 0)
            status = kind->copier_copy(from_gpu, 0, BOUNCE_SLOTS, error);
        if (status == 0 && i != 1)
            status = wait_for(kind, to_gpu, slots, error);
        if (status == 0 && i != 0)
            status = wait_for(kind, from_gpu, slots, error);
        *results[i] = rate((uint64_t)BOUNCE_SLOTS * MIB * (i == 2 ? 2 : 1), start_ns);
    }
    kind->copier_close(from_gpu);
    kind->copier_close(to_gpu);
    return status;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(struct series *series, unsigned rounds)
{
    qsort(series->gbytes_per_s, rounds, sizeof series->gbytes_per_s[0], by_value);
    return series->gbytes_per_s[rounds / 2];
}

enum { COPY, BOUNCE = 10, SERIES = 13 };

static struct series all[SERIES] = {
    {"copy", 0, false, {0}},
    {"poison", 65536, true, {0}},
    {"fill", 65536, true, {0}},
    {"check", 65536, true, {0}},
    {"poison", 128 * MIB, true, {0}},
    {"fill", 128 * MIB, true, {0}},
    {"check", 128 * MIB, true, {0}},
    {"poison", 8, false, {0}},
    {"fill", 8, false, {0}},
    {"check", 8, false, {0}},
    {"bounce to the GPU", MIB, false, {0}},
    {"bounce from the GPU", MIB, false, {0}},
    {"bounce both ways", MIB, false, {0}},
};

static int measure_round(struct speed *speed, const struct mcb_buffer *host, unsigned round,
                         struct mcb_error *error)
{
    double *results[3];
    if (copy_half(speed, &all[COPY].gbytes_per_s[round], error))
        return -1;
    for (unsigned first = COPY + 1; first < SERIES; first += 3) {
        for (unsigned i = 0; i < 3; i++)
            results[i] = &all[first + i].gbytes_per_s[round];
        if (first == BOUNCE ? bounce(speed, host, results, error)
                            : work_area(speed, all[first].slot_bytes, results, error))
            return -1;
    }
    return 0;
}

/* The first round warms the GPU up and counts for nothing: the next one overwrites it. */
static int measure(struct speed *speed, struct mcb_error *error)
{
    const struct mcb_memory *kind = speed->buffer.kind;
    struct mcb_buffer host = {0};
    if (mcb_buffer_allocate(&host, BOUNCE_SLOTS * MIB, -1, false, error))
        return -1;
    bool pinned = kind->pin != NULL;
    int status = pinned ? kind->pin(&speed->buffer, &host, error) : 0;
    if (status == 0) {
        struct mcb_area area = area_of(speed, 65536); /* nothing is copied that was never written */
        status = kind->poison(&speed->buffer, pattern.key, &area, error);
        if (status == 0)
            status = prove(speed, error);
        try_exports(speed);
    }
    if (status == 0) {
        if (!speed->gpus->module->stand_in)
            status = measure_round(speed, &host, 0, error);
        for (unsigned round = 0; status == 0 && round < speed->rounds; round++)
            status = measure_round(speed, &host, round, error);
        if (pinned)
            kind->unpin(&speed->buffer, &host);
    }
    mcb_buffer_free(&host);
    return status;
}

static json_t *results_of(struct speed *speed, bool *held)
{
    json_t *list = json_array();
    double copy = median(&all[COPY], speed->rounds);
    for (unsigned i = 0; i < SERIES; i++) {
        double middle = median(&all[i], speed->rounds), share = middle / copy;
        bool judged = all[i].judged && !speed->gpus->module->stand_in;
        *held = *held && (!judged || share >= SHARE_WANTED);
        json_array_append_new(
            list, json_pack("{s:s, s:I, s:f, s:f, s:f, s:f, s:o}", "operation", all[i].operation,
                            "slot_bytes", (json_int_t)all[i].slot_bytes, "median_gbytes_per_s",
                            middle, "low_gbytes_per_s", all[i].gbytes_per_s[0], "high_gbytes_per_s",
                            all[i].gbytes_per_s[speed->rounds - 1], "share_of_copy", share, "held",
                            judged ? json_boolean(share >= SHARE_WANTED) : json_null()));
    }
    return list;
}

static bool print_results(struct speed *speed)
{
    const struct mcb_gpu_identity *identity = &speed->gpus->list[speed->gpu];
    bool stand_in = speed->gpus->module->stand_in;
    bool held = true, right = speed->report.first_kind == MCB_CORRUPTION_NONE && speed->agrees;
    json_t *results = results_of(speed, &held);
    json_t *document = json_pack(
        "{s:s, s:s, s:s, s:s, s:b, s:I, s:I, s:I, s:b, s:s, s:s, s:f, s:b, s:o, s:o}", "gpu",
        speed->buffer.memory, "model", identity->model, "driver", identity->driver, "runtime",
        identity->runtime, "stand_in", stand_in, "buffer_bytes",
        (json_int_t)speed->buffer.length_bytes, "rounds", (json_int_t)speed->rounds,
        "corrupt_bytes", (json_int_t)speed->report.corrupt_bytes, "agrees_with_cpu", speed->agrees,
        "dmabuf_default", speed->exports[MCB_DMABUF_DEFAULT], "dmabuf_pcie",
        speed->exports[MCB_DMABUF_PCIE], "share_wanted", SHARE_WANTED, "right", right, "held",
        stand_in ? json_null() : json_boolean(held), "results", results);
    json_dumpf(document, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(document);
    return right && (held || stand_in);
}

static size_t default_bytes(const struct mcb_gpus *gpus, unsigned gpu)
{
    size_t most_bytes = gpus->module->stand_in ? STAND_IN_BYTES : BYTES_MAX;
    size_t quarter_bytes = gpus->list[gpu].memory_bytes / 4 / MIB * MIB;
    if (quarter_bytes < LEAST_BYTES)
        return LEAST_BYTES;
    return quarter_bytes < most_bytes ? quarter_bytes : most_bytes;
}

/* A GPU that is there and fails is a finding; a host without one is none. */
static int exit_of(const struct mcb_error *error)
{
    switch (error->code) {
    case MCB_FAULT_GPU_MODULE:
    case MCB_FAULT_GPU_DRIVER:
    case MCB_FAULT_GPU_NONE:
        return MCB_EXIT_ENVIRONMENT;
    case MCB_FAULT_GPU_NO_SUCH:
        return MCB_EXIT_USAGE;
    default:
        return MCB_EXIT_HELD_NOT;
    }
}

static int run(struct speed *speed, size_t bytes, struct mcb_error *error)
{
    if (mcb_gpus_open(&speed->gpus, error))
        return exit_of(error);
    if (speed->gpu < speed->gpus->count && bytes == 0)
        bytes = default_bytes(speed->gpus, speed->gpu);
    if (speed->rounds == 0)
        speed->rounds = speed->gpus->module->stand_in ? 1 : ROUNDS_DEFAULT;
    int status;
    if (mcb_gpu_buffer_allocate(speed->gpus, speed->gpu, bytes, &speed->buffer, error) == 0 &&
        measure(speed, error) == 0)
        status = print_results(speed) ? MCB_EXIT_OK : MCB_EXIT_HELD_NOT;
    else
        status = exit_of(error);
    mcb_buffer_free(&speed->buffer);
    mcb_gpus_close(speed->gpus);
    return status;
}

int main(int argc, char **argv)
{
    struct mcb_error error = {0};
    unsigned long long values[3] = {0};
    for (int i = 1; i < argc; i++) {
        char *end = NULL;
        if (i <= 3)
            values[i - 1] = strtoull(argv[i], &end, 10);
        if (!end || end == argv[i] || *end != '\0' || argv[i][0] == '-') {
            fputs("usage: gpu-speed [GPU [BYTES [ROUNDS]]]\n", stderr);
            return MCB_EXIT_USAGE;
        }
    }
    if ((argc > 3 && values[2] < 1) || values[2] > ROUNDS_MAX ||
        (values[1] != 0 && values[1] < LEAST_BYTES)) {
        fputs("gpu-speed: 1 to 99 rounds; 128 MiB or more\n", stderr);
        return MCB_EXIT_USAGE;
    }
    struct speed speed = {.gpu = (unsigned)values[0], .rounds = (unsigned)values[2]};
    int status = run(&speed, (size_t)values[1], &error);
    if (error.code != MCB_FAULT_NONE)
        fprintf(stderr, "gpu-speed: %s: %s\n", mcb_fault_get(error.code)->id, error.detail);
    return status;
}
