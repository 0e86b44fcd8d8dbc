/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_PLAN_RULE_H
#define MCB_BENCH_PLAN_RULE_H

/*
 * What is expected of a result: rules of a small language, from text to struct.
 *
 *   rules      = rule { ";" rule }
 *   rule       = claim [ "where" condition { "and" condition } ]
 *   claim      = "verified"
 *              | figure comparison number unit
 *              | figure comparison number "%" "of" reference
 *              | "gpu" comparison number "%" "of" "cpu"
 *   figure     = "bandwidth" [ "." ( "median" | "low" ) ]
 *              | "message_rate"
 *              | "latency" "." ( "min" | "p50" | "p90" | "p99" | "p999" | "max" | "mean" )
 *   comparison = ">=" | "<=" | ">" | "<"
 *   unit       = "Gbit/s" | "GB/s"          of a bandwidth
 *              | "Mop/s"                    of a message rate
 *              | "us" | "µs" | "ms"         of a latency
 *   reference  = "ceiling"                  of a bandwidth
 *              | "median"                   of any figure: its median over the cells of the matrix
 *                                           that are ok
 *   condition  = "operation"  "=" ( "write" | "read" | "send" )
 *              | "route"      "=" ( "direct" | "staged" | "host" )
 *              | "memory"     "=" ( "cpu" | "gpu" )          cpu: at both ends; gpu: at either
 *              | "ordering"   "=" ( "off" | "on" | "auto" )  as it was asked for
 *              | "directions" "=" ( "one" | "both" )
 *              | ( "host" | "nic" ) "=" NAME                 at either end; * and ? as in a shell
 *              | "size" ( "=" | ">=" | "<=" | ">" | "<" ) SIZE
 *
 * Blanks separate words and mean nothing else. Words are in lower case, units as above. What is
 * wrong is shown with a caret below the place.
 *
 * The figure that a rule speaks of chooses the cells that it judges: "bandwidth" and "message_rate"
 * those of bandwidth, "latency" those of latency, "verified" all. "gpu >= 95% of cpu" judges each
 * cell with memory of a GPU by that of host memory between the same NICs under the same setting and
 * ordering (its route "host", or another cell of the run). With >= and > it judges median
 * bandwidths, with <= and < the p50 of latencies ("gpu <= 120% of cpu"): what GPUs may cost is
 * bounded on its bad side only.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fault.h"

enum mcb_rule_figure {
    MCB_RULE_VERIFIED,
    MCB_RULE_BANDWIDTH,     /* median */
    MCB_RULE_BANDWIDTH_LOW, /* the lower end of its interval */
    MCB_RULE_MESSAGE_RATE,
    MCB_RULE_LATENCY_MIN,
    MCB_RULE_LATENCY_P50,
    MCB_RULE_LATENCY_P90,
    MCB_RULE_LATENCY_P99,
    MCB_RULE_LATENCY_P999,
    MCB_RULE_LATENCY_MAX,
    MCB_RULE_LATENCY_MEAN,
    MCB_RULE_GPU,
    MCB_RULE_FIGURES
};

enum mcb_rule_comparison {
    MCB_RULE_AT_LEAST,
    MCB_RULE_AT_MOST,
    MCB_RULE_ABOVE,
    MCB_RULE_BELOW,
    MCB_RULE_EQUAL, /* of conditions only */
    MCB_RULE_COMPARISONS
};

enum mcb_rule_reference {
    MCB_RULE_NUMBER, /* bound is a number in Gbit/s, Mop/s or µs */
    MCB_RULE_CEILING,
    MCB_RULE_MEDIAN,
    MCB_RULE_CPU
}; /* of these three the bound is a part: 0.9 */

enum {
    MCB_RULE_CONDITIONS_MAX = 8,
    MCB_RULE_NAME_MAX = 128,
    MCB_RULE_TEXT_MAX = 512,
    MCB_RULES_MAX = 64
};

enum mcb_rule_key {
    MCB_RULE_OPERATION,
    MCB_RULE_ROUTE,
    MCB_RULE_MEMORY,
    MCB_RULE_ORDERING,
    MCB_RULE_HOST,
    MCB_RULE_NIC,
    MCB_RULE_SIZE,
    MCB_RULE_DIRECTIONS,
    MCB_RULE_KEYS
};

struct mcb_rule_condition {
    enum mcb_rule_key key;
    enum mcb_rule_comparison comparison;
    char name[MCB_RULE_NAME_MAX]; /* the word or pattern */
    uint64_t size_bytes;
};

struct mcb_rule {
    char text[MCB_RULE_TEXT_MAX]; /* as it was given, blanks trimmed */
    enum mcb_rule_figure figure;
    enum mcb_rule_comparison comparison;
    enum mcb_rule_reference reference;
    double bound;
    struct mcb_rule_condition conditions[MCB_RULE_CONDITIONS_MAX];
    size_t condition_count;
};

struct mcb_rules {
    struct mcb_rule list[MCB_RULES_MAX];
    size_t count;
};

/* Adds to rules; all of the text or nothing. given_as: "--expect", or "rules.json,
 * machines[0].rules[2]". Fault USE_RULE, whose detail is the one that has several lines:
 *
 *   --expect: '%' or a unit was expected: Gbit/s or GB/s
 *     bandwidth >= 90 of ceiling
 *                     ^
 */
int mcb_rules_parse(const char *text, const char *given_as, struct mcb_rules *rules,
                    struct mcb_error *error);

/* "Gbit/s", "Mop/s", "µs"; "" of MCB_RULE_VERIFIED. */
const char *mcb_rule_unit(const struct mcb_rule *rule);

/* True if a rule judges cells of latency; of MCB_RULE_VERIFIED see above. */
bool mcb_rule_is_of_latency(const struct mcb_rule *rule);

/* True if both say the same, in whatever words. */
bool mcb_rules_are_same(const struct mcb_rules *one, const struct mcb_rules *other);

/* True if all of the text fits the pattern, in which * stands for any characters and ? for one. */
bool mcb_rule_fits(const char *pattern, const char *text);

/* A rules file (results/schema/mcbench-rules.schema.json): rules of every machine, and rules by
 * machine type, told by patterns of what its hosts are:
 *
 *   {"schema": "mcbench-rules/1", "rules": ["verified"],
 *    "machines": [{"name": "H100, 400G", "when": {"gpu": "NVIDIA H100*", "nic": "*MT4129*"},
 *                  "rules": ["bandwidth >= 90% of ceiling where size >= 64KiB"]}]}
 *
 * Of a type fit hosts that fit all members of "when":
 *
 *   gpu, nic              one of its GPUs (by model), of its NICs (by board or device_id) fits
 *   gpus, nics            that many of them do; without gpu, nic: it has that many
 *   cpu, host, transport  the host's CPU, its name, the transport
 *
 * A run of mcbench cpu knows of no GPUs. All rules in it are parsed when it is read. New reference,
 * checked; NULL and USE_RULE or USE_FILE. */
json_t *mcb_rules_read_file(const char *path, struct mcb_error *error);

#endif
