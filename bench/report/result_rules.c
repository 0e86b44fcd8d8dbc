/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/result_rules.h"

#include <float.h>
#include <stddef.h>

#include "bench/report/result_forms.h"

/* ---- rows ---- */

#define OPT      MCB_RESULT_OPTIONAL
#define NULLABLE MCB_RESULT_NULLABLE

#define COUNT_MOST   1e15   /* bytes, messages: far beyond any run, exact as a double */
#define INT_MOST     9.3e18 /* any whole number that JSON brings */
#define GBPS_MOST    1e9
#define LATENCY_MOST 1e12
#define FIGURE_MOST  DBL_MAX /* of an expectation, in whatever unit */

/* Of a host: gpu/module.h, bench/plan/{settings,endpoint_list}.h. */
/* OTHERS_MOST: what an endpoint has room for (rdma_side.h); roster.c keeps twice as many bytes. */
enum { GPUS_MOST = 64, NICS_MOST = 128, ENDPOINTS_MOST = 4096, OTHERS_MOST = 1023 };
/* Of a cell: rdma/counters.h, bench/measure/cell_sides.c; of a document: bench/report/suspects.h.
 */
enum { COUNTERS_MOST = 256, QPNS_MOST = 16, FINDINGS_MOST = 64 };
enum { EXPECTATIONS_MOST = 64 }; /* bench/plan/rule.h */

/* Rows by what they demand. What follows the flags is the least and the most. */
#define TEXT(name, flag, low, high)                                                                \
    {                                                                                              \
        .key = (name), .kind = MCB_RESULT_STRING, .flags = (flag), .least = (low), .most = (high)  \
    }
#define FORM(name, flag, how)                                                                      \
    {                                                                                              \
        .key = (name), .kind = MCB_RESULT_STRING, .flags = (flag), .most = COUNT_MOST,             \
        .form = (how)                                                                              \
    }
#define WORD(name, flag, list)                                                                     \
    {                                                                                              \
        .key = (name), .kind = MCB_RESULT_WORD, .flags = (flag), .words = (list)                   \
    }
#define INTEGER(name, flag, low, high)                                                             \
    {                                                                                              \
        .key = (name), .kind = MCB_RESULT_INTEGER, .flags = (flag), .least = (low), .most = (high) \
    }
#define NUMBER(name, flag, low, high)                                                              \
    {                                                                                              \
        .key = (name), .kind = MCB_RESULT_NUMBER, .flags = (flag), .least = (low), .most = (high)  \
    }
#define BOOLEAN(name, flag)                                                                        \
    {                                                                                              \
        .key = (name), .kind = MCB_RESULT_BOOLEAN, .flags = (flag)                                 \
    }
#define OBJECT(name, flag, rules)                                                                  \
    {                                                                                              \
        .key = (name), .kind = MCB_RESULT_OBJECT, .flags = (flag), .members = (rules)              \
    }
#define ARRAY(name, flag, low, high, rule)                                                         \
    {                                                                                              \
        .key = (name), .kind = MCB_RESULT_ARRAY, .flags = (flag), .least = (low), .most = (high),  \
        .members = (rule)                                                                          \
    }
#define MAP(name, flag, low, high, names, rule)                                                    \
    {                                                                                              \
        .key = (name), .kind = MCB_RESULT_MAP, .flags = (flag), .least = (low), .most = (high),    \
        .form = (names), .members = (rule)                                                         \
    }
#define SCALARS(name, flag, high, rules)                                                           \
    {                                                                                              \
        .key = (name), .kind = MCB_RESULT_SCALARS, .flags = (flag), .most = (high),                \
        .members = (rules)                                                                         \
    }
#define END                                                                                        \
    {                                                                                              \
        .key = NULL                                                                                \
    }

/* ---- words ---- */

static const char *const schema_words[] = {"mcbench-result/1", NULL};
static const char *const run_words[] = {"complete", "interrupted", "failed", NULL};
static const char *const cell_words[] = {"ok", "failed", "skipped", NULL};
static const char *const operation_words[] = {"write", "read", "send", NULL};
static const char *const measure_words[] = {"bandwidth", "latency", NULL};
static const char *const requested_words[] = {"off", "on", "auto", NULL};
static const char *const effective_words[] = {"off", "on", "unknown", NULL};
static const char *const ceiling_from_words[] = {"link", "nic-pcie", "gpu-pcie", NULL};
static const char *const ceiling_at_words[] = {"initiator", "target", "both", NULL};
static const char *const distance_words[] = {"PIX", "PXB", "PHB", "NODE", "SYS", NULL};
static const char *const role_words[] = {"initiator", "target", NULL};
static const char *const route_words[] = {"direct", "staged", "host", NULL};
static const char *const registration_words[] = {"reg_mr_iova2", "peermem", "dmabuf",
                                                 "dmabuf-pcie",  "none",    NULL};
static const char *const visible_words[] = {"completion", "flush", "rdma-read", NULL};
static const char *const flush_words[] = {"call", "read", "none", NULL};
static const char *const from_words[] = {"default", "variable", "option", NULL};
static const char *const method_words[] = {"local", "direct", "etcd", NULL};
static const char *const transport_words[] = {"rdma", "tcp", NULL};
static const char *const corruption_words[] = {"lost", "stale",   "misplaced", "doubled",
                                               "torn", "damaged", NULL};

/* ---- cells ---- */

static const struct mcb_result_rule fault_rules[] = {
    FORM("id", 0, &mcb_form_fault), TEXT("title", 0, 1, 4096), TEXT("detail", 0, 0, 4096),
    TEXT("cause", 0, 0, 4096),      TEXT("fix", 0, 0, 4096),   END,
};

static const struct mcb_result_rule endpoint_rules[] = {
    TEXT("host", 0, 1, 255),
    TEXT("nic", 0, 1, 63),
    FORM("memory", 0, &mcb_form_memory),
    END,
};

const struct mcb_result_rule mcb_result_ordering_rules[] = {
    WORD("requested", 0, requested_words),
    WORD("effective", 0, effective_words),
    TEXT("reason", 0, 0, 4096),
    END,
};

static const struct mcb_result_rule trial_rule = NUMBER("", 0, 0, GBPS_MOST);

static const struct mcb_result_rule bandwidth_rules[] = {
    NUMBER("low", 0, 0, GBPS_MOST),
    NUMBER("median", 0, 0, GBPS_MOST),
    NUMBER("high", 0, 0, GBPS_MOST),
    ARRAY("trials", 0, 1, 100000, &trial_rule),
    END,
};

static const struct mcb_result_rule latency_trial_rule = NUMBER("", 0, 0, LATENCY_MOST);

static const struct mcb_result_rule latency_rules[] = {
    NUMBER("min", 0, 0, LATENCY_MOST),
    NUMBER("p50", 0, 0, LATENCY_MOST),
    NUMBER("p90", 0, 0, LATENCY_MOST),
    NUMBER("p99", 0, 0, LATENCY_MOST),
    NUMBER("p999", 0, 0, LATENCY_MOST),
    NUMBER("max", 0, 0, LATENCY_MOST),
    NUMBER("mean", 0, 0, LATENCY_MOST),
    NUMBER("stdev", 0, 0, LATENCY_MOST),
    INTEGER("samples", 0, 1, COUNT_MOST),
    ARRAY("trials", OPT, 1, 100000, &latency_trial_rule),
    END,
};

static const struct mcb_result_rule count_rule = INTEGER("", 0, 0, INT_MOST);

const struct mcb_result_rule mcb_result_corruption_rules[] = {
    WORD("kind", 0, corruption_words),
    WORD("seen_by", OPT, role_words),
    INTEGER("slot", 0, 0, COUNT_MOST),
    INTEGER("offset_bytes", 0, 0, COUNT_MOST),
    FORM("expected", 0, &mcb_form_hex),
    FORM("found", 0, &mcb_form_hex),
    MAP("messages", 0, 0, 16, NULL, &count_rule),
    END,
};

static const struct mcb_result_rule details_rules[] = {
    FORM("initiator_cpus", OPT | NULLABLE, &mcb_form_cpus),
    FORM("target_cpus", OPT | NULLABLE, &mcb_form_cpus),
    WORD("initiator_visible_by", OPT, visible_words),
    WORD("target_visible_by", OPT, visible_words),
    END,
};

/* ---- what helps where a cell went wrong ---- */

static const struct mcb_result_rule change_rules[] = {
    INTEGER("before", 0, 0, INT_MOST),
    INTEGER("after", 0, 0, INT_MOST),
    BOOLEAN("restarted", OPT),
    END,
};

static const struct mcb_result_rule change_rule = OBJECT("", 0, change_rules);

static const struct mcb_result_rule counters_rules[] = {
    MAP("initiator", OPT, 0, COUNTERS_MOST, &mcb_form_counter, &change_rule),
    MAP("target", OPT, 0, COUNTERS_MOST, &mcb_form_counter, &change_rule),
    END,
};

static const struct mcb_result_rule qpn_rule = INTEGER("", 0, 0, 0xffffff);

/* What may differ from one cell of a NIC to the next. */
#define TOLD                                                                                       \
    TEXT("mac", OPT, 0, 63), INTEGER("port", OPT, 0, 65535), TEXT("address", OPT, 0, 255),         \
        INTEGER("mtu_bytes", OPT, 0, COUNT_MOST), ARRAY("qpn", OPT, 1, QPNS_MOST, &qpn_rule)

static const struct mcb_result_rule told_rules[] = {TOLD, END};

static const struct mcb_result_rule side_rules[] = {
    TEXT("nic", 0, 1, 63),
    INTEGER("gid_index", OPT, 0, 65535),
    TEXT("gid", OPT, 0, 255),
    TEXT("gid_type", OPT, 0, 255),
    TEXT("interface", OPT, 0, 255),
    INTEGER("lid", OPT, 0, 65535),
    TOLD,
    END,
};

static const struct mcb_result_rule sides_rules[] = {
    OBJECT("initiator", 0, side_rules),
    OBJECT("target", 0, side_rules),
    END,
};

const struct mcb_result_rule mcb_result_end_rules[] = {
    INTEGER("cell", 0, 0, INT_MOST),
    INTEGER("role", 0, 0, 1),
    MAP("counters", OPT, 0, COUNTERS_MOST, &mcb_form_counter, &change_rule),
    OBJECT("side", OPT, told_rules),
    END,
};

const struct mcb_result_rule mcb_result_cell_rules[] = {
    OBJECT("initiator", 0, endpoint_rules),
    OBJECT("target", 0, endpoint_rules),
    INTEGER("round", 0, 0, 1e9),
    WORD("operation", 0, operation_words),
    WORD("measure", 0, measure_words),
    WORD("route", 0, route_words),
    BOOLEAN("bidirectional", 0),
    INTEGER("size_bytes", 0, 1, COUNT_MOST),
    INTEGER("qps", 0, 1, 1e6),
    INTEGER("depth", 0, 1, 1e9),
    INTEGER("signal_every", 0, 0, 1e9),
    INTEGER("inline_bytes", 0, 0, 1e9),
    OBJECT("relaxed_ordering", OPT, mcb_result_ordering_rules),
    WORD("registration", OPT, registration_words),
    TEXT("method", OPT, 1, 64),
    WORD("status", 0, cell_words),
    OBJECT("fault", NULLABLE, fault_rules),
    OBJECT("bandwidth_gbps", OPT, bandwidth_rules),
    NUMBER("message_rate_mops", OPT, 0, GBPS_MOST),
    OBJECT("latency_us", OPT, latency_rules),
    NUMBER("ceiling_gbps", NULLABLE | MCB_RESULT_ABOVE, 0, GBPS_MOST),
    WORD("ceiling_from", NULLABLE, ceiling_from_words),
    WORD("ceiling_at", NULLABLE, ceiling_at_words),
    INTEGER("verified_bytes", 0, 0, INT_MOST),
    INTEGER("corrupt_bytes", 0, 0, INT_MOST),
    OBJECT("corruption", OPT, mcb_result_corruption_rules),
    OBJECT("counters", OPT, counters_rules),
    OBJECT("sides", OPT, sides_rules),
    SCALARS("details", OPT, 64, details_rules),
    END,
};

/* ---- NICs ---- */

#define RATE(name, flag) NUMBER(name, (flag) | NULLABLE | MCB_RESULT_ABOVE, 0, GBPS_MOST)

/* A fact that has no row is refused by every other rank. */
const struct mcb_result_rule mcb_result_facts_rules[] = {
    TEXT("name", 0, 1, 63),
    INTEGER("port", 0, 0, 255),
    INTEGER("numa_node", NULLABLE, 0, 99999),
    FORM("pci_address", NULLABLE, &mcb_form_pci),
    TEXT("address", OPT, 0, 255),
    TEXT("driver", OPT | NULLABLE, 0, 255),
    TEXT("state", OPT | NULLABLE, 0, 255),
    INTEGER("mtu", OPT | NULLABLE, 0, COUNT_MOST),
    RATE("link_gbps", OPT),
    RATE("data_gbps", OPT),
    TEXT("firmware", OPT | NULLABLE, 0, 255),
    TEXT("device_id", OPT, 0, 255),
    TEXT("board", OPT | NULLABLE, 0, 255),
    FORM("node_guid", OPT, &mcb_form_hex),
    BOOLEAN("software", OPT),
    TEXT("physical_state", OPT, 0, 255),
    TEXT("link_layer", OPT, 0, 255),
    RATE("pcie_gtps", OPT),
    INTEGER("pcie_lanes", OPT | NULLABLE, 0, 255),
    INTEGER("pcie_max_payload_bytes", OPT | NULLABLE, 0, 65536),
    RATE("pcie_from_memory_gbps", OPT),
    RATE("pcie_to_memory_gbps", OPT),
    FORM("pcie_bottleneck", OPT | NULLABLE, &mcb_form_pci),
    INTEGER("active_mtu_bytes", OPT, 0, 65536),
    INTEGER("lid", OPT, 0, 65535),
    INTEGER("gid_index", OPT, 0, 65535),
    TEXT("gid", OPT, 0, 255),
    TEXT("gid_type", OPT, 0, 255),
    TEXT("netdev", OPT | NULLABLE, 0, 255),
    FORM("max_mr_size_bytes", OPT, &mcb_form_hex),
    INTEGER("max_message_bytes", OPT, 0, INT_MOST),
    END,
};

/* ---- GPUs ---- */

static const struct mcb_result_rule distance_rule = WORD("", NULLABLE, distance_words);
static const struct mcb_result_rule nic_name_rule = TEXT("", 0, 1, 63);

const struct mcb_result_rule mcb_result_gpu_rules[] = {
    FORM("name", 0, &mcb_form_gpu),
    TEXT("model", NULLABLE, 0, 255),
    FORM("pci_address", NULLABLE, &mcb_form_pci),
    TEXT("uuid", NULLABLE, 0, 255),
    TEXT("driver", NULLABLE, 0, 255),
    TEXT("runtime", NULLABLE, 0, 255),
    TEXT("capability", NULLABLE, 0, 255),
    INTEGER("memory_bytes", 0, 0, INT_MOST),
    BOOLEAN("integrated", 0),
    INTEGER("numa_node", NULLABLE, 0, 99999),
    BOOLEAN("gpudirect", NULLABLE),
    BOOLEAN("dmabuf", NULLABLE),
    WORD("flush", 0, flush_words),
    TEXT("flush_reason", NULLABLE, 0, 255),
    BOOLEAN("stand_in", 0),
    MAP("distances", 0, 0, NICS_MOST, &mcb_form_nic, &distance_rule),
    ARRAY("near_nics", MCB_RESULT_UNIQUE, 0, NICS_MOST, &nic_name_rule),
    RATE("pcie_gtps", 0),
    INTEGER("pcie_lanes", NULLABLE, 0, 255),
    RATE("pcie_from_memory_gbps", 0),
    RATE("pcie_to_memory_gbps", 0),
    FORM("pcie_bottleneck", NULLABLE, &mcb_form_pci),
    END,
};

/* ---- endpoints ---- */

static const struct mcb_result_rule placement_rules[] = {
    INTEGER("page_bytes", 0, 1, COUNT_MOST),
    BOOLEAN("sampled", 0),
    MAP("memory_bytes", NULLABLE, 1, 64, &mcb_form_node, &count_rule),
    WORD("distance", NULLABLE, distance_words),
    FORM("thread_cpus", NULLABLE, &mcb_form_cpus),
    END,
};

static const struct mcb_result_rule registration_rules[] = {
    WORD("method", 0, registration_words),          INTEGER("registered_bytes", OPT, 0, INT_MOST),
    INTEGER("regions", OPT, 0, INT_MOST),           NUMBER("register_ms", OPT, 0, LATENCY_MOST),
    TEXT("others", OPT | NULLABLE, 0, OTHERS_MOST), BOOLEAN("proved", OPT | NULLABLE),
    WORD("bounce_method", OPT, registration_words), END,
};

/* What a rank tells of an endpoint once it is open; in the result it gets a name and roles. */
#define OPENED                                                                                     \
    FORM("memory", 0, &mcb_form_memory), FORM("bounce", NULLABLE, &mcb_form_node),                 \
        OBJECT("registration", MCB_RESULT_OPEN, registration_rules),                               \
        OBJECT("placement", NULLABLE, placement_rules)

const struct mcb_result_rule mcb_result_opened_rules[] = {OPENED, END};

static const struct mcb_result_rule role_rule = WORD("", 0, role_words);

static const struct mcb_result_rule opened_endpoint_rules[] = {
    TEXT("nic", 0, 1, 63),
    OPENED,
    ARRAY("roles", MCB_RESULT_UNIQUE, 1, 2, &role_rule),
    END,
};

/* ---- the document ---- */

static const struct mcb_result_rule nic_rule = OBJECT("", MCB_RESULT_OPEN, mcb_result_facts_rules);
static const struct mcb_result_rule gpu_rule = OBJECT("", 0, mcb_result_gpu_rules);
static const struct mcb_result_rule opened_endpoint_rule = OBJECT("", 0, opened_endpoint_rules);

static const struct mcb_result_rule host_rules[] = {
    TEXT("host", 0, 1, 255),
    INTEGER("rank", 0, 0, 1023),
    TEXT("kernel", 0, 0, COUNT_MOST),
    TEXT("cpu", 0, 0, COUNT_MOST),
    INTEGER("cpus", 0, 1, INT_MOST),
    INTEGER("numa_nodes", 0, 1, INT_MOST),
    INTEGER("memory_bytes", 0, 0, INT_MOST),
    ARRAY("nics", 0, 1, 4096, &nic_rule),
    ARRAY("gpus", 0, 0, GPUS_MOST, &gpu_rule),
    ARRAY("endpoints", 0, 1, ENDPOINTS_MOST, &opened_endpoint_rule),
    END,
};

static const struct mcb_result_rule index_rule = INTEGER("", 0, 0, 1e6);

static const struct mcb_result_rule finding_rules[] = {
    OBJECT("fault", 0, fault_rules),
    ARRAY("cells", 0, 1, 1e6, &index_rule),
    TEXT("evidence", 0, 1, 4096),
    END,
};

static const struct mcb_result_rule finding_rule = OBJECT("", 0, finding_rules);

static const struct mcb_result_rule miss_rules[] = {
    INTEGER("cell", 0, 0, 1e6),
    NUMBER("figure", NULLABLE, 0, FIGURE_MOST),
    NUMBER("bound", 0, 0, FIGURE_MOST),
    END,
};

static const struct mcb_result_rule miss_rule = OBJECT("", 0, miss_rules);

static const struct mcb_result_rule expectation_rules[] = {
    TEXT("rule", 0, 1, 511),
    BOOLEAN("holds", 0),
    INTEGER("chosen", 0, 0, 1e6),
    INTEGER("held", 0, 0, 1e6),
    INTEGER("unjudged", 0, 0, 1e6),
    ARRAY("misses", 0, 0, 1e6, &miss_rule),
    END,
};

static const struct mcb_result_rule expectation_rule = OBJECT("", 0, expectation_rules);

static const struct mcb_result_rule tool_rules[] = {
    TEXT("name", 0, 1, 64),
    TEXT("version", 0, 1, 64),
    END,
};

static const struct mcb_result_rule setting_rules[] = {
    TEXT("value", 0, 0, COUNT_MOST),
    WORD("from", 0, from_words),
    TEXT("variable", OPT, 1, 64),
    END,
};

static const struct mcb_result_rule job_rules[] = {
    WORD("method", 0, method_words),
    TEXT("name", NULLABLE, 0, COUNT_MOST),
    INTEGER("ranks", 0, 1, 1024),
    END,
};

static const struct mcb_result_rule transport_rules[] = {
    WORD("name", 0, transport_words),
    TEXT("because", 0, 0, 4096),
    END,
};

static const struct mcb_result_rule host_rule = OBJECT("", 0, host_rules);
static const struct mcb_result_rule cell_rule = OBJECT("", 0, mcb_result_cell_rules);
static const struct mcb_result_rule setting_rule = OBJECT("", 0, setting_rules);
static const struct mcb_result_rule warning_rule = TEXT("", 0, 1, 4096);
static const struct mcb_result_rule word_rule = TEXT("", 0, 0, COUNT_MOST);

const struct mcb_result_rule mcb_result_document_rules[] = {
    WORD("schema", 0, schema_words),
    OBJECT("tool", 0, tool_rules),
    ARRAY("command", 0, 1, COUNT_MOST, &word_rule),
    MAP("settings", 0, 0, COUNT_MOST, &mcb_form_setting, &setting_rule),
    FORM("started", 0, &mcb_form_time),
    FORM("finished", NULLABLE, &mcb_form_time),
    OBJECT("job", 0, job_rules),
    OBJECT("transport", 0, transport_rules),
    ARRAY("hosts", 0, 1, 4096, &host_rule),
    WORD("status", 0, run_words),
    OBJECT("fault", NULLABLE, fault_rules),
    ARRAY("warnings", MCB_RESULT_UNIQUE, 0, 100000, &warning_rule),
    ARRAY("cells", 0, 0, 1e6, &cell_rule),
    ARRAY("findings", OPT, 0, FINDINGS_MOST, &finding_rule),
    ARRAY("expectations", OPT, 0, EXPECTATIONS_MOST, &expectation_rule),
    END,
};
