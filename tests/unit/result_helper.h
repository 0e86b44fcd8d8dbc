/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_TESTS_RESULT_HELPER_H
#define MCB_TESTS_RESULT_HELPER_H

/* Result documents for tests, and what a function wrote. Included after cmocka.h. */

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A GPU near mlx5_0, as its host tells it. */
static inline json_t *result_gpu(const char *name, bool stand_in)
{
    json_t *gpu = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:b, s:i, s:b, s:n, s:s, s:s, s:b, s:{s:s, s:n}, "
        "s:[s], s:f, s:i, s:f, s:f, s:s}",
        "name", name, "model", "a GPU", "pci_address", "0000:19:00.0", "uuid", "GPU-1", "driver",
        "570.1", "runtime", "12.8", "capability", "9.0", "memory_bytes", 1 << 30, "integrated", 0,
        "numa_node", 0, "gpudirect", 1, "dmabuf", "flush", "call", "flush_reason", "of no order",
        "stand_in", (int)stand_in, "distances", "mlx5_0", "PIX", "mlx5_1", "near_nics", "mlx5_0",
        "pcie_gtps", 32.0, "pcie_lanes", 16, "pcie_from_memory_gbps", 467.6, "pcie_to_memory_gbps",
        460.9, "pcie_bottleneck", "0000:15:01.0");
    assert_non_null(gpu);
    return gpu;
}

/* An entry of "endpoints"; bounce NULL: none. */
static inline json_t *result_opened(const char *nic, const char *memory, const char *bounce)
{
    json_t *endpoint = json_pack(
        "{s:s, s:s, s:s?, s:[s, s], s:{s:s, s:i, s:i, s:f, s:n, s:b}, s:n}", "nic", nic, "memory",
        memory, "bounce", bounce, "roles", "initiator", "target", "registration", "method",
        strncmp(memory, "cpu:", 4) != 0 ? "dmabuf" : "reg_mr_iova2", "registered_bytes", 4096,
        "regions", 1, "register_ms", 0.5, "others", "proved", 1, "placement");
    assert_non_null(endpoint);
    return endpoint;
}

static inline json_t *result_host(void)
{
    json_t *host =
        json_pack("{s:s, s:i, s:s, s:s, s:i, s:i, s:i, s:[{s:s, s:i, s:n, s:n}], s:[], s:[o]}",
                  "host", "n1", "rank", 0, "kernel", "6.1", "cpu", "a CPU", "cpus", 2, "numa_nodes",
                  1, "memory_bytes", 1 << 30, "nics", "name", "mlx5_0", "port", 1, "numa_node",
                  "pci_address", "gpus", "endpoints", result_opened("mlx5_0", "cpu:0", NULL));
    assert_non_null(host);
    return host;
}

/* The members that mcb_result_open() takes. */
static inline json_t *result_head(void)
{
    json_t *head = json_pack(
        "{s:s, s:{s:s, s:s}, s:[s], s:{s:{s:s, s:s}}, s:s, s:{s:s, s:n, s:i}, s:{s:s, s:s}, s:[o]}",
        "schema", "mcbench-result/1", "tool", "name", "mcbench", "version", "0.1.0", "command",
        "mcbench", "settings", "qps", "value", "1", "from", "default", "started",
        "2026-11-22T09:14:02Z", "job", "method", "local", "name", "ranks", 1, "transport", "name",
        "rdma", "because", "", "hosts", result_host());
    assert_non_null(head);
    return head;
}

static inline json_t *result_endpoint(const char *host, const char *nic)
{
    return json_pack("{s:s, s:s, s:s}", "host", host, "nic", nic, "memory", "cpu:0");
}

/* A cell without status, fault and figures. */
static inline json_t *result_cell(const char *from_host, const char *from_nic, const char *to_host,
                                  const char *to_nic, const char *measure, const char *ordering)
{
    json_t *cell = json_pack(
        "{s:o, s:o, s:i, s:s, s:s, s:s, s:b, s:i, s:i, s:i, s:i, s:i, s:{s:s, s:s, s:s}, s:s, "
        "s:n, s:n, s:n, "
        "s:i, s:i}",
        "initiator", result_endpoint(from_host, from_nic), "target",
        result_endpoint(to_host, to_nic), "round", 0, "operation", "write", "measure", measure,
        "route", "direct", "bidirectional", 0, "size_bytes", 65536, "qps", 1, "depth", 128,
        "signal_every", 16, "inline_bytes", 0, "relaxed_ordering", "requested", ordering,
        "effective", ordering, "reason", "", "method", "completion", "ceiling_gbps", "ceiling_from",
        "ceiling_at", "verified_bytes", 0, "corrupt_bytes", 0);
    assert_non_null(cell);
    return cell;
}

/* Another route, and between these memories. */
static inline void result_set_route(json_t *cell, const char *route, const char *initiator_memory,
                                    const char *target_memory)
{
    json_object_set_new(cell, "route", json_string(route));
    json_object_set_new(json_object_get(cell, "initiator"), "memory",
                        json_string(initiator_memory));
    json_object_set_new(json_object_get(cell, "target"), "memory", json_string(target_memory));
}

/* An ok cell of that median bandwidth, +-0.5, of three trials. */
static inline json_t *result_bandwidth(const char *from_host, const char *from_nic,
                                       const char *to_host, const char *to_nic, double median)
{
    json_t *cell = result_cell(from_host, from_nic, to_host, to_nic, "bandwidth", "off");
    json_object_set_new(cell, "status", json_string("ok"));
    json_object_set_new(cell, "fault", json_null());
    json_object_set_new(cell, "bandwidth_gbps",
                        json_pack("{s:f, s:f, s:f, s:[f, f, f]}", "median", median, "low",
                                  median - 0.5, "high", median + 0.5, "trials", median - 0.5,
                                  median, median + 0.5));
    json_object_set_new(cell, "message_rate_mops", json_real(1));
    return cell;
}

static inline void result_set_ceiling(json_t *cell, double gbps, const char *from, const char *at)
{
    json_object_set_new(cell, "ceiling_gbps", json_real(gbps));
    json_object_set_new(cell, "ceiling_from", json_string(from));
    json_object_set_new(cell, "ceiling_at", json_string(at));
}

/* An ok latency cell: p50 and, of it, 1.5 times as p99. */
static inline json_t *result_latency(const char *from_nic, const char *to_nic, double p50)
{
    json_t *cell = result_cell("n1", from_nic, "n1", to_nic, "latency", "off");
    json_object_set_new(cell, "status", json_string("ok"));
    json_object_set_new(cell, "fault", json_null());
    json_object_set_new(cell, "latency_us",
                        json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:i}", "min", p50 / 2,
                                  "p50", p50, "p90", p50 * 1.2, "p99", p50 * 1.5, "p999", p50 * 2,
                                  "max", p50 * 9, "mean", p50, "stdev", 0.1, "samples", 1000));
    return cell;
}

static inline json_t *result_failed(const char *from_nic, const char *to_nic, const char *status,
                                    const char *id, const char *detail)
{
    json_t *cell = result_cell("n1", from_nic, "n1", to_nic, "bandwidth", "off");
    json_object_set_new(cell, "status", json_string(status));
    json_object_set_new(cell, "fault",
                        json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", id, "title", "a title",
                                  "detail", detail, "cause", "a cable", "fix", "plug it in"));
    return cell;
}

/* A complete document without cells and hosts. */
static inline json_t *result_document(void)
{
    json_t *document = result_head();
    json_object_set_new(document, "status", json_string("complete"));
    json_object_set_new(document, "fault", json_null());
    json_object_set_new(document, "finished", json_string("2026-11-22T09:15:02Z"));
    json_object_set_new(document, "warnings", json_array());
    json_object_set_new(document, "cells", json_array());
    return document;
}

/* Takes the reference of cell. */
static inline void result_append(json_t *document, json_t *cell)
{
    assert_int_equal(json_array_append_new(json_object_get(document, "cells"), cell), 0);
}

/* A descriptor whose output goes to a file of its own, until it is given back. */
struct captured {
    int fd, saved;
    FILE *file;
};

static inline struct captured capture_begin(int fd)
{
    struct captured captured = {fd, dup(fd), tmpfile()};
    assert_non_null(captured.file);
    fflush(NULL);
    assert_int_equal(dup2(fileno(captured.file), fd), fd);
    return captured;
}

/* What was written to it, cut at the end of text. */
static inline char *capture_end(struct captured *captured, char *text, size_t size)
{
    fflush(NULL);
    dup2(captured->saved, captured->fd);
    close(captured->saved);
    rewind(captured->file);
    size_t length = fread(text, 1, size - 1, captured->file);
    text[length] = '\0';
    fclose(captured->file);
    return text;
}

#endif
