/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_TESTS_LEDGER_HELPER_H
#define MCB_TESTS_LEDGER_HELPER_H

/*
 * Results for tests in a few words, as documents and as ledgers. Included after cmocka.h.
 *
 *   struct mcb_ledger ledger;
 *   json_t *document = ledger_document(&(struct ledger_plan){.hosts = 2, .nics = 8});
 *   ledger_fail(document, ledger_cell_at(document, 0, 3, 5), "failed", "MCB-RDMA-013", "lost");
 *   ledger_of(document, &ledger);
 *   ...
 *   mcb_ledger_release(&ledger);
 *
 * Endpoints are numbered by host, NIC, memory; each is the initiator of a path to each, itself
 * included, so that e endpoints make e * e cells a setting, in the order of setting, initiator,
 * target. What is 0 or NULL in a plan gets what its comment says.
 */

#include <stdint.h>

#include "bench/report/ledger.h"
#include "bench/report/result.h"
#include "common/json.h"
#include "tests/unit/result_helper.h"

struct ledger_setting {
    const char *operation; /* "write" */
    const char *measure;   /* "bandwidth" */
    const char *route;     /* "direct" */
    const char *ordering;  /* "off"; of no meaning over TCP */
    uint64_t size_bytes;   /* 65536 */
    bool bidirectional;
    int qps, depth; /* 1, 128 */
};

struct ledger_plan {
    size_t hosts;                /* 1: "n1", "n2", ... */
    size_t nics;                 /* of each host; 2: "mlx5_0", "mlx5_1", ... */
    const char *const *memories; /* of each NIC; "cpu:0" */
    size_t memory_count;
    const struct ledger_setting *settings; /* one, of what its comments say */
    size_t setting_count;
    size_t trials; /* 5 */
    /* Gbit/s or µs of a trial. NULL: 100, and up to 1 % more or less by trial. initiator, target:
     * numbers of endpoints. */
    double (*figure)(size_t initiator, size_t target, size_t setting, size_t trial, void *context);
    void *context;
    double ceiling_gbps; /* of the cells of bandwidth; none */
    const char *prefix;  /* of the names of hosts: "n" */
    const char *started; /* "2026-11-22T09:14:02Z" */
    bool tcp, stand_in;
};

/* ---- what a plan leaves open ---- */

static inline struct ledger_plan ledger_plan_whole(const struct ledger_plan *plan)
{
    static const char *const host_memory[] = {"cpu:0"};
    static const struct ledger_setting usual;
    struct ledger_plan whole = *plan;
    whole.hosts += whole.hosts == 0;
    whole.nics += whole.nics == 0 ? 2 : 0;
    whole.trials += whole.trials == 0 ? 5 : 0;
    whole.prefix = whole.prefix ? whole.prefix : "n";
    whole.started = whole.started ? whole.started : "2026-11-22T09:14:02Z";
    if (!whole.memories) {
        whole.memories = host_memory;
        whole.memory_count = 1;
    }
    if (!whole.settings) {
        whole.settings = &usual;
        whole.setting_count = 1;
    }
    return whole;
}

static inline const char *ledger_word(const char *word, const char *usual)
{
    return word ? word : usual;
}

static inline size_t ledger_endpoints(const struct ledger_plan *plan)
{
    return plan->hosts * plan->nics * plan->memory_count;
}

/* ---- hosts ---- */

static inline json_t *ledger_nic(size_t number, bool tcp)
{
    char name[32];
    snprintf(name, sizeof name, tcp ? "eth%zu" : "mlx5_%zu", number);
    json_t *nic = json_pack("{s:s, s:i, s:i, s:n, s:s, s:s, s:f}", "name", name, "port", 1,
                            "numa_node", 0, "pci_address", "driver", tcp ? "ice" : "mlx5_core",
                            "state", "active", "link_gbps", 400.0);
    if (!tcp)
        json_object_update_new(
            nic,
            json_pack("{s:s, s:s, s:s, s:s, s:b, s:f, s:s, s:i, s:s, s:f, s:i, s:i}", "firmware",
                      "28.39.1002", "device_id", "0x15b3:0x1021", "board", "MT_0000000838",
                      "node_guid", "0x1", "software", 0, "data_gbps", 400.0, "link_layer",
                      "Ethernet", "active_mtu_bytes", 4096, "gid_type", "RoCE v2", "pcie_gtps",
                      32.0, "pcie_lanes", 16, "pcie_max_payload_bytes", 256));
    assert_non_null(nic);
    return nic;
}

static inline json_t *ledger_host(const struct ledger_plan *plan, size_t number)
{
    char name[64];
    json_t *nics = json_array(), *gpus = json_array(), *endpoints = json_array();
    snprintf(name, sizeof name, "%s%zu", plan->prefix, number + 1);
    for (size_t i = 0; i < plan->nics; i++) {
        json_t *nic = ledger_nic(i, plan->tcp);
        for (size_t m = 0; m < plan->memory_count; m++)
            json_array_append_new(
                endpoints, result_opened(mcb_json_text(nic, "name"), plan->memories[m],
                                         strncmp(plan->memories[m], "cpu:", 4) ? "cpu:0" : NULL));
        json_array_append_new(nics, nic);
    }
    for (size_t m = 0; m < plan->memory_count; m++)
        if (strncmp(plan->memories[m], "cpu:", 4) != 0)
            json_array_append_new(gpus, result_gpu(plan->memories[m], plan->stand_in));
    json_t *host = result_host();
    json_object_set_new(host, "host", json_string(name));
    json_object_set_new(host, "rank", json_integer((json_int_t)number));
    json_object_set_new(host, "nics", nics);
    json_object_set_new(host, "gpus", gpus);
    json_object_set_new(host, "endpoints", endpoints);
    return host;
}

/* ---- cells ---- */

static inline int ledger_compare_doubles(const void *left, const void *right)
{
    const double *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

/* Gives a cell these trials, and what follows of them; low and high are the least and the most. */
static inline void ledger_set_trials(json_t *cell, const double *trials, size_t count)
{
    double sorted[1024];
    bool latency = strcmp(mcb_json_text(cell, "measure"), "latency") == 0;
    json_t *list = json_array();
    assert_true(count > 0 && count <= 1024);
    memcpy(sorted, trials, count * sizeof *trials);
    qsort(sorted, count, sizeof *sorted, ledger_compare_doubles);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_real(trials[i]));
    double median = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
    json_object_set_new(cell, "status", json_string("ok"));
    json_object_set_new(cell, "fault", json_null());
    json_object_del(cell, latency ? "bandwidth_gbps" : "latency_us");
    if (latency) {
        json_object_set_new(cell, "latency_us",
                            json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:i, s:o}", "min",
                                      median / 2, "p50", median, "p90", median * 1.2, "p99",
                                      median * 1.5, "p999", median * 2, "max", median * 9, "mean",
                                      median * 1.1, "stdev", 0.1, "samples", 1000, "trials", list));
        return;
    }
    json_object_set_new(cell, "bandwidth_gbps",
                        json_pack("{s:f, s:f, s:f, s:o}", "median", median, "low", sorted[0],
                                  "high", sorted[count - 1], "trials", list));
    json_object_set_new(cell, "message_rate_mops", json_real(median / 1000));
}

static inline json_t *ledger_end(const struct ledger_plan *plan, size_t endpoint)
{
    char host[64], nic[32];
    size_t nic_number = endpoint / plan->memory_count;
    snprintf(host, sizeof host, "%s%zu", plan->prefix, nic_number / plan->nics + 1);
    snprintf(nic, sizeof nic, plan->tcp ? "eth%zu" : "mlx5_%zu", nic_number % plan->nics);
    return json_pack("{s:s, s:s, s:s}", "host", host, "nic", nic, "memory",
                     plan->memories[endpoint % plan->memory_count]);
}

static inline json_t *ledger_planned_cell(const struct ledger_plan *plan, size_t number,
                                          size_t initiator, size_t target)
{
    const struct ledger_setting *setting = &plan->settings[number];
    const char *measure = ledger_word(setting->measure, "bandwidth");
    json_t *cell = result_cell("", "", "", "", measure, ledger_word(setting->ordering, "off"));
    double trials[1024];
    json_object_set_new(cell, "initiator", ledger_end(plan, initiator));
    json_object_set_new(cell, "target", ledger_end(plan, target));
    json_object_set_new(cell, "operation", json_string(ledger_word(setting->operation, "write")));
    json_object_set_new(cell, "route", json_string(ledger_word(setting->route, "direct")));
    json_object_set_new(
        cell, "size_bytes",
        json_integer(setting->size_bytes ? (json_int_t)setting->size_bytes : 65536));
    json_object_set_new(cell, "bidirectional", json_boolean(setting->bidirectional));
    json_object_set_new(cell, "qps", json_integer(setting->qps ? setting->qps : 1));
    json_object_set_new(cell, "depth", json_integer(setting->depth ? setting->depth : 128));
    json_object_set_new(cell, "registration", json_string("reg_mr_iova2"));
    if (strcmp(ledger_word(setting->ordering, "off"), "auto") == 0)
        json_object_set_new(json_object_get(cell, "relaxed_ordering"), "effective",
                            json_string("unknown"));
    if (plan->tcp)
        json_object_del(cell, "relaxed_ordering");
    for (size_t i = 0; i < plan->trials; i++)
        trials[i] = plan->figure
                        ? plan->figure(initiator, target, number, i, plan->context)
                        : 100 + (double)((initiator * 7 + target * 3 + i * 5) % 11) / 5.0 - 1.0;
    ledger_set_trials(cell, trials, plan->trials);
    if (plan->ceiling_gbps > 0 && strcmp(measure, "bandwidth") == 0)
        result_set_ceiling(cell, plan->ceiling_gbps, "link", "both");
    return cell;
}

/* ---- documents ---- */

static inline json_t *ledger_document(const struct ledger_plan *plan)
{
    const struct ledger_plan whole = ledger_plan_whole(plan);
    size_t endpoints = ledger_endpoints(&whole);
    json_t *document = result_document(), *hosts = json_array();
    for (size_t i = 0; i < whole.hosts; i++)
        json_array_append_new(hosts, ledger_host(&whole, i));
    json_object_set_new(document, "hosts", hosts);
    json_object_set_new(document, "started", json_string(whole.started));
    json_object_set_new(json_object_get(document, "job"), "ranks",
                        json_integer((json_int_t)whole.hosts));
    if (whole.tcp)
        json_object_set_new(document, "transport",
                            json_pack("{s:s, s:s}", "name", "tcp", "because", ""));
    for (size_t setting = 0; setting < whole.setting_count; setting++)
        for (size_t initiator = 0; initiator < endpoints; initiator++)
            for (size_t target = 0; target < endpoints; target++)
                result_append(document, ledger_planned_cell(&whole, setting, initiator, target));
    return document;
}

/* The place of a cell in "cells" of a document as it was made. */
static inline size_t ledger_cell_at(const json_t *document, size_t setting, size_t initiator,
                                    size_t target)
{
    size_t endpoints = 0, i;
    json_t *host;
    json_array_foreach(json_object_get(document, "hosts"), i, host) endpoints +=
        json_array_size(json_object_get(host, "endpoints"));
    return (setting * endpoints + initiator) * endpoints + target;
}

/* Borrowed. */
static inline json_t *ledger_cell(const json_t *document, size_t position)
{
    json_t *cell = json_array_get(json_object_get(document, "cells"), position);
    assert_non_null(cell);
    return cell;
}

/* status: "failed", "skipped". */
static inline void ledger_fail(json_t *document, size_t position, const char *status,
                               const char *id, const char *detail)
{
    json_t *cell = ledger_cell(document, position);
    json_object_set_new(cell, "status", json_string(status));
    json_object_set_new(cell, "fault",
                        json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", id, "title", "a title",
                                  "detail", detail, "cause", "a cable", "fix", "plug it in"));
    json_object_del(cell, "bandwidth_gbps");
    json_object_del(cell, "message_rate_mops");
    json_object_del(cell, "latency_us");
    json_object_set_new(cell, "ceiling_gbps", json_null());
    json_object_set_new(cell, "ceiling_from", json_null());
    json_object_set_new(cell, "ceiling_at", json_null());
}

/* The cells after it move up. */
static inline void ledger_drop(json_t *document, size_t position)
{
    assert_int_equal(json_array_remove(json_object_get(document, "cells"), position), 0);
}

/* A fact of a host, of its NIC, of its GPU. Take the reference of value. */
static inline void ledger_set_host(json_t *document, size_t host, const char *fact, json_t *value)
{
    json_t *entry = json_array_get(json_object_get(document, "hosts"), host);
    assert_int_equal(json_object_set_new(entry, fact, value), 0);
}

static inline void ledger_set_part(json_t *document, size_t host, const char *parts, size_t number,
                                   const char *fact, json_t *value)
{
    json_t *entry = json_array_get(json_object_get(document, "hosts"), host);
    json_t *part = json_array_get(json_object_get(entry, parts), number);
    assert_int_equal(json_object_set_new(part, fact, value), 0);
}

static inline void ledger_set_nic(json_t *document, size_t host, size_t nic, const char *fact,
                                  json_t *value)
{
    ledger_set_part(document, host, "nics", nic, fact, value);
}

static inline void ledger_set_gpu(json_t *document, size_t host, size_t gpu, const char *fact,
                                  json_t *value)
{
    ledger_set_part(document, host, "gpus", gpu, fact, value);
}

/* An entry of "settings". */
static inline void ledger_set_setting(json_t *document, const char *name, const char *value)
{
    json_object_set_new(json_object_get(document, "settings"), name,
                        json_pack("{s:s, s:s}", "value", value, "from", "option"));
}

/* Takes the reference of the document, which must be a good one. */
static inline void ledger_of(json_t *document, struct mcb_ledger *ledger)
{
    struct mcb_error error = {MCB_FAULT_NONE, ""};
    if (mcb_result_check(document, "document", MCB_FAULT_USE_FILE, &error) != 0 ||
        mcb_ledger_from_document(document, ledger, &error) != 0)
        fail_msg("%s", error.detail);
    json_decref(document);
}

/* A ledger of a plan in one step. */
static inline void ledger_of_plan(const struct ledger_plan *plan, struct mcb_ledger *ledger)
{
    ledger_of(ledger_document(plan), ledger);
}

/* Takes the reference of the document. */
static inline void ledger_write(json_t *document, const char *path)
{
    struct mcb_error error = {MCB_FAULT_NONE, ""};
    if (mcb_json_write_file(path, document, &error) != 0)
        fail_msg("%s", error.detail);
    json_decref(document);
}

#endif
