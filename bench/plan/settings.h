/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_PLAN_SETTINGS_H
#define MCB_BENCH_PLAN_SETTINGS_H

/*
 * What a run was asked to do: one table of settings, from text to struct.
 *
 * Each row of the table is a setting: option name, Mooncake's variable for the same thing, scope,
 * default, a parser and its help text. Command line, environment, --help, man page, shell
 * completion, the result document and the agreement of the ranks are all driven by that table; a
 * new setting is one row, one parser, one member.
 *
 * Values are kept as the text that was given and where it came from; mcb_settings_resolve() turns
 * them into struct mcb_settings. An option beats a variable, which beats the default.
 *
 * Ranks of a job agree by mcb_setting_values_merge(): a value given as an option on any rank holds
 * for all ranks, for settings of scope JOB; two options (or, without options, two variables) that
 * differ are an error that names both.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/fault.h"
#include "common/location.h"

struct mcb_rules; /* bench/plan/rule.h */

enum mcb_operation { MCB_OPERATION_WRITE, MCB_OPERATION_READ, MCB_OPERATION_SEND, MCB_OPERATIONS };
enum mcb_measure { MCB_MEASURE_BANDWIDTH, MCB_MEASURE_LATENCY, MCB_MEASURES };
enum mcb_ordering { MCB_ORDERING_OFF, MCB_ORDERING_ON, MCB_ORDERING_AUTO, MCB_ORDERINGS };
enum mcb_pairs { MCB_PAIRS_ALL, MCB_PAIRS_RAIL, MCB_PAIRS_RING, MCB_PAIRS_AFFINITY };
enum mcb_transport_choice { MCB_TRANSPORT_AUTO, MCB_TRANSPORT_RDMA, MCB_TRANSPORT_TCP };
enum mcb_registration_choice {
    MCB_REGISTRATION_AUTO,
    MCB_REGISTRATION_PEERMEM,
    MCB_REGISTRATION_DMABUF
};

/* The way that bytes take to or from the memory of a GPU; between host memories all are one. */
enum mcb_route {
    MCB_ROUTE_DIRECT, /* the NIC reaches the memory of the endpoint itself */
    MCB_ROUTE_STAGED, /* through a bounce buffer in host memory, copied while it is transferred */
    MCB_ROUTE_HOST,   /* between the bounce buffers alone: host memory beside the same NIC */
    MCB_ROUTES
};

/* One entry of --memory or --peer-memory. */
struct mcb_memory_choice {
    bool gpu;
    int number; /* N of cpu:N or cuda:N; -1: "cpu", the NIC's own node; "cuda", the GPUs near it */
};

/* The kind of its memory; there is one of GPUs so far. */
enum mcb_location_kind mcb_memory_choice_kind(const struct mcb_memory_choice *choice);

/* "write", "bandwidth", "off", ... as in the result document. */
const char *mcb_operation_name(enum mcb_operation operation);
const char *mcb_measure_name(enum mcb_measure measure);
const char *mcb_ordering_name(enum mcb_ordering ordering);
const char *mcb_route_name(enum mcb_route route); /* "direct", "staged", "host" */

enum { MCB_MEMORIES_MAX = 64 };
enum { MCB_SIZES_MAX = 64, MCB_NICS_MAX = 128, MCB_NIC_NAME_MAX = 64, MCB_RANKS_MAX = 1024 };

struct mcb_settings {
    /* what is measured: scope JOB, but for the transport */
    enum mcb_transport_choice transport;
    enum mcb_operation operations[MCB_OPERATIONS];
    size_t operation_count;
    enum mcb_measure measures[MCB_MEASURES];
    size_t measure_count;
    uint64_t sizes[MCB_SIZES_MAX];
    size_t size_count;
    bool size_given; /* else latency runs at 8 B and bandwidth at 64 KiB */
    enum mcb_pairs pairs;
    enum mcb_ordering orderings[MCB_ORDERINGS]; /* "both" = off, on */
    size_t ordering_count;
    bool bidirectional;
    uint32_t qps;          /* queue pairs (TCP: streams) of a path */
    uint32_t depth;        /* messages in flight of a queue pair */
    bool depth_given;      /* else it shrinks so that the messages in flight stay within 32 MiB a
                              direction */
    uint32_t signal_every; /* 0: chosen by size */
    uint32_t inline_bytes; /* sends and writes of up to so many bytes are posted inline */
    int64_t duration_ns;   /* of a trial */
    int64_t warmup_ns;
    uint32_t trials;
    bool verify;
    uint64_t max_mr_size; /* UINT64_MAX: the device's own limit */
    uint8_t traffic_class;
    uint8_t service_level;
    /* "all" is cpu,cuda. Without --memory: cpu, of mcbench gpu cuda. */
    struct mcb_memory_choice memories[MCB_MEMORIES_MAX];
    size_t memory_count;
    struct mcb_memory_choice peer_memories[MCB_MEMORIES_MAX]; /* of the targets */
    size_t peer_memory_count; /* 0: those of memories. --pairs affinity: 1, or 0: cpu */
    bool huge_pages;          /* buffers in huge pages of the kernel's default size */
    enum mcb_registration_choice registration; /* of GPU memory */
    enum mcb_route routes[MCB_ROUTES];         /* direct; --compare staged: direct, staged, host */
    size_t route_count;

    /* this host's part: scope HOST */
    char nics[MCB_NICS_MAX][MCB_NIC_NAME_MAX]; /* in the order given; none: all */
    size_t nic_count;
    int gid_index;           /* -1: chosen */
    unsigned ib_port;        /* 0: the first active one */
    uint32_t mtu;            /* cap in bytes; 0: the port's */
    json_t *priority_matrix; /* checked in form; NULL: none. Owned. */

    /* who takes part: scope HOST */
    const char *listen, *connect, *etcd, *job,
        *address;    /* NULL: not given; borrowed from the values, but for etcd */
    char *etcd_urls; /* what etcd points to: "http[s]://HOST:PORT[,...]", whole. Owned. */
    uint32_t ranks;  /* 0: not given */
    int rank;        /* -1: any free one */
    int64_t
        timeout_ns; /* for joining, and for every answer of a peer beyond what the trial takes */

    /* what is expected of the result */
    struct mcb_rules *expect; /* scope JOB, so that all ranks come to the same verdict; NULL: none.
                                 Owned. */
    json_t *expect_file;     /* as mcb_rules_read_file() gives it, scope HOST; NULL: none. Owned. */
    const char *expect_path; /* that file; borrowed */

    /* output: scope HOST */
    const char *output;     /* NULL: a name is made; borrowed */
    const char *prometheus; /* file for node_exporter; NULL: none; borrowed */
    bool json, quiet, dry_run;
};

enum mcb_setting_scope { MCB_SCOPE_JOB, MCB_SCOPE_HOST };
enum mcb_setting_from { MCB_FROM_DEFAULT, MCB_FROM_VARIABLE, MCB_FROM_OPTION };

struct mcb_setting {
    const char *name;     /* "gid-index" for --gid-index */
    const char *argument; /* "INDEX" in the help; NULL: a flag */
    const char *group;    /* heading in --help */
    enum mcb_setting_scope scope;
    const char *default_text; /* as an option would give it; NULL: not set */
    int (*parse)(struct mcb_settings *settings, const char *text, const char *given_as,
                 struct mcb_error *error);
    const char *variable; /* Mooncake's, or NULL; of "A,B" the first one that is set counts */
    bool by_presence;     /* the variable counts as set even when it is empty */
    /* Name of the setting without which this one means nothing: as an option it is then an error,
     * as a variable it is passed over. NULL: none. */
    const char *needs;
    /* Variable text to option text, for variables that speak another language
     * (MC_IB_PCI_RELAXED_ORDERING=2 is "auto"); NULL: the same text. A value that Mooncake reads as
     * something else is fault USE_VARIABLE. option_text
     * "" means that the variable asks for nothing. */
    int (*translate)(const char *variable, const char *variable_text, char *option_text,
                     size_t option_size, struct mcb_error *error);
    const char *help;
};

/* The table, in the order of --help. */
const struct mcb_setting *mcb_settings_table(size_t *count);

/* A row by its name; NULL if there is none. */
const struct mcb_setting *mcb_settings_find(const char *name);

/* The name that comes nearest to one that is not in the table; NULL if none comes near. */
const char *mcb_settings_nearest(const char *name);

struct mcb_setting_values; /* text and origin of every row */

struct mcb_setting_values *mcb_setting_values_new(void);
void mcb_setting_values_free(struct mcb_setting_values *values);

/* Gives a row a default of one command's own in place of the table's; before anything else is set.
 * text outlives the values. Fault: HOST_MEMORY. */
int mcb_setting_values_default(struct mcb_setting_values *values, const char *name,
                               const char *text, struct mcb_error *error);

/* The default of a row, for --help; NULL: none. */
const char *mcb_setting_values_default_text(const struct mcb_setting_values *values,
                                            const char *name);

/* Sets a row by option name. text NULL for a flag. Faults: USE_OPTION (with the nearest name),
 * USE_VALUE. */
int mcb_setting_values_set(struct mcb_setting_values *values, const char *name, const char *text,
                           struct mcb_error *error);

/* Takes Mooncake's variables from getenv(). Comes after the options: a variable that an option
 * overrides is not looked at. Fault: USE_VARIABLE. */
int mcb_setting_values_read_environment(struct mcb_setting_values *values,
                                        const char *(*get)(const char *name),
                                        struct mcb_error *error);

/* {"size": {"value": "64KiB", "from": "option" | "variable" | "default", "variable": "MC_..."},
 * ...} of all rows that have a value; a password inside a URL is replaced by "***". New reference.
 */
json_t *mcb_setting_values_to_json(const struct mcb_setting_values *values);

/* Merges the JOB-scoped values of all ranks (records[rank] as to_json gave them, hosts[rank] their
 * names, untrusted) into values, in place. The defaults of all are the same, those of the command
 * included. Faults: USE_CONFLICT, NET_PROTOCOL. */
int mcb_setting_values_merge(struct mcb_setting_values *values, const json_t *const *records,
                             const char *const *hosts, size_t ranks, struct mcb_error *error);

/* Text to struct, every value and every combination checked. The strings stay owned by values. Free
 * with mcb_settings_release(). Faults: USE_VALUE, USE_OPTION, USE_MATRIX, USE_RULE, USE_FILE. */
int mcb_settings_resolve(const struct mcb_setting_values *values, struct mcb_settings *settings,
                         struct mcb_error *error);
void mcb_settings_release(struct mcb_settings *settings);

/* True if memory of GPUs was asked for, at either end. */
bool mcb_settings_use_gpus(const struct mcb_settings *settings);

#endif
