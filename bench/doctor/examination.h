/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_EXAMINATION_H
#define MCB_BENCH_DOCTOR_EXAMINATION_H

/*
 * An examination of a host: which checks there are, what they found, and how far each NIC, and the
 * host towards its peers, is proved to work.
 *
 * A check is a row of one of the tables below, one table and file for each group. It looks at the
 * host through the examination's system (and, where that is live, at devices and the network) and
 * adds findings: one for each thing that it looked at (a NIC, a GPU, an endpoint of etcd). What it
 * found before lies in the examination for those behind it. A check that needs what is not there is
 * not run: the examination adds a skip that says why. No check changes anything on the host.
 *
 * A proof says how far something works, not what failed: a NIC whose loopback transfer was verified
 * works up to there whatever warnings there are. Stages are in their order; a subject is proved up
 * to the highest one that was reached without a gap.
 */

#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/doctor/system.h"
#include "bench/doctor/verdict.h"
#include "common/fault.h"

struct mcb_examination;
struct mcb_gpus;
struct mcb_tree;

enum mcb_check_group {
    MCB_GROUP_HOST,
    MCB_GROUP_NIC,
    MCB_GROUP_GPU,
    MCB_GROUP_MEMORY,
    MCB_GROUP_NETWORK,
    MCB_GROUP_ETCD,
    MCB_GROUP_MOONCAKE,
    MCB_GROUPS
};

/* "host", "nic", "gpu", "memory", "network", "etcd", "mooncake". */
const char *mcb_check_group_name(enum mcb_check_group group);

enum mcb_check_need {
    MCB_NEEDS_LIVE = 1 << 0, /* this host, not a copy */
    MCB_NEEDS_NICS = 1 << 1, /* at least one RDMA device */
    MCB_NEEDS_GPUS = 1 << 2, /* at least one GPU on the PCI bus */
    MCB_NEEDS_PEER = 1 << 3, /* --peer */
    MCB_NEEDS_ETCD = 1 << 4  /* --etcd, or the metadata server that Mooncake's environment names */
};

struct mcb_check {
    const char *id;    /* "host.memlock": stable */
    const char *title; /* "locked memory" */
    unsigned needs;
    void (*run)(struct mcb_examination *examination, const struct mcb_check *check);
};

/* The tables, by group; a row with id NULL ends each. */
extern const struct mcb_check mcb_checks_host[], mcb_checks_nic[], mcb_checks_gpu[],
    mcb_checks_memory[], mcb_checks_network[], mcb_checks_etcd[], mcb_checks_mooncake[];

/* How far a subject is proved to work. */
enum mcb_stage {
    MCB_STAGE_NONE,
    MCB_STAGE_SEEN,          /* device seen */
    MCB_STAGE_ACTIVE,        /* port active */
    MCB_STAGE_GID,           /* GID valid */
    MCB_STAGE_QUEUE_PAIR,    /* queue pair made */
    MCB_STAGE_REGISTERED,    /* memory registered */
    MCB_STAGE_LOOPBACK,      /* loopback transfer verified */
    MCB_STAGE_PEER,          /* peer reached */
    MCB_STAGE_PEER_TRANSFER, /* transfer to peer verified */
    MCB_STAGES
};

const char *mcb_stage_name(enum mcb_stage stage); /* "port active" */

struct mcb_finding {
    const struct mcb_check *check;
    enum mcb_check_group group;
    char subject[128]; /* "mlx5_0", "cuda:1", "http://n1:2379"; "": the host */
    enum mcb_verdict verdict;
    /* Of a warning or a failure; NONE otherwise. */
    enum mcb_fault_code fault;
    char evidence[MCB_EVIDENCE_MAX];
    /* A fix of its own, more exact than that of the catalogue; in the same form; "": the
     * catalogue's. */
    char fix[MCB_EVIDENCE_MAX];
};

struct mcb_proof {
    enum mcb_check_group group;
    char subject[128]; /* "mlx5_0"; "n2:18515" */
    enum mcb_stage stage;
    char how[MCB_EVIDENCE_MAX]; /* "64 KiB written and read back, 0 bytes wrong" */
};

/* A small transfer with verification on every pair of NICs of this host and the peer: a job of two
 * ranks. timeout_ns: the longest wait for the peer. *document: its result document, new reference.
 * Faults: those of a job. *stranger: nothing that mcbench says came from there; it is none, or one
 * that is stopped. */
typedef int mcb_examination_transfer(const char *peer, const char *nics, int64_t timeout_ns,
                                     json_t **document, bool *stranger, struct mcb_error *error);

struct mcb_examination_options {
    const char *etcd;    /* URL[,URL]; NULL: not given */
    const char *peer;    /* HOST:PORT[,HOST:PORT]; NULL: not given */
    const char *name;    /* own name as peers are to reach it, NAME[:PORT]; NULL: not given */
    const char *segment; /* a segment that must be in the metadata; NULL: not given */
    const char *nics;    /* only these, A,B; NULL: all */
    int64_t timeout_ns;  /* of each step over the network */
    const volatile sig_atomic_t *stop;
    mcb_examination_transfer *transfer; /* NULL: peers are reached, but nothing is transferred */
};

/* One NIC as the examination's table of NICs has it (checks_nic.c), for the checks behind. */
struct mcb_seen_nic {
    char name[64];
    char pci_address[16];
    char interface[64]; /* network interface of its first port; "" if none */
    const char *unused; /* why no transfer would use it (nic_use.h); NULL: one would */
    bool iwarp, software, virtual_function;
    double rate_gbps;           /* of the port that is used; 0: not known */
    bool active;                /* has an active port */
    bool missing;               /* its device file is not there */
    bool closed;                /* may not be opened, as was found; nothing can be tried with it */
    uint32_t mtu_bytes;         /* active MTU; 0: not known */
    uint64_t region_most_bytes; /* max_mr_size; 0: not known */
    unsigned port;              /* the one that is used; 0: the device does not have it */
    uint32_t queue_pairs_most;  /* max_qp; 0: not known */
    uint32_t regions_most;      /* max_mr; 0: not known */
    uint64_t link_errors;       /* errors of its link that were counted when it was first seen */
};

struct mcb_examination {
    const struct mcb_system *system;
    const struct mcb_examination_options *options;
    int64_t started_ns; /* since 1970 */

    struct mcb_seen_nic *nics; /* filled by the first check of group NIC */
    size_t nic_count;
    struct mcb_gpus *gpus;       /* live only; NULL: none to be had */
    struct mcb_error gpus_error; /* why */
    bool gpus_answered;          /* their driver was asked, and said so */
    struct mcb_error tree_error; /* why there is no tree, or one without RDMA devices */
    /* Below a folder from its sysfs alone: PCI functions, no ports. NULL: it cannot be read. */
    struct mcb_tree *tree;
    size_t gpu_functions; /* GPUs on the PCI bus, with or without driver */
    char etcd[1024];      /* URLs to ask: --etcd, else Mooncake's; "": none */
    char own_name[256];   /* --name, else Mooncake's local_hostname, NAME[:PORT]; "": none */

    struct mcb_finding *findings;
    size_t finding_count;
    struct mcb_proof *proofs;
    size_t proof_count;
    char **unseen; /* sentences: what could not be looked at, and why */
    size_t unseen_count;
    bool out_of_memory;
};

/* Carries out all checks. *examination is the caller's: mcb_examination_release(); it is filled as
 * far as it went also on failure. Faults: HOST_MEMORY, RUN_INTERRUPTED. What a check finds is no
 * failure of the examination. */
int mcb_examination_make(const struct mcb_system *system,
                         const struct mcb_examination_options *options,
                         struct mcb_examination *examination, struct mcb_error *error);
void mcb_examination_release(struct mcb_examination *examination);

size_t mcb_examination_count(const struct mcb_examination *examination, enum mcb_verdict verdict);

/* ---- for checks ---- */

/* Adds a finding; `fault` is NONE for pass and skip. */
__attribute__((format(printf, 6, 7))) void
mcb_examination_add(struct mcb_examination *examination, const struct mcb_check *check,
                    const char *subject, enum mcb_verdict verdict, enum mcb_fault_code fault,
                    const char *evidence, ...);

/* Gives the finding that was added last a fix of its own. Conversions: %s, %u, %lu, %llu, %zu. A
 * line with a text that a shell would not take as it is (a blank, a quote, "$", a leading "-", ...)
 * is left out: values of %s come from outside. Where no line is left it is the catalogue's. */
__attribute__((format(printf, 2, 3))) void mcb_examination_fix(struct mcb_examination *examination,
                                                               const char *fix, ...);

/* Says that a subject reached a stage. */
__attribute__((format(printf, 5, 6))) void
mcb_examination_prove(struct mcb_examination *examination, enum mcb_check_group group,
                      const char *subject, enum mcb_stage stage, const char *how, ...);

/* Says what could not be seen, and what would show it ("... : root only"). Said twice it counts
 * once. */
__attribute__((format(printf, 2, 3))) void
mcb_examination_unseen(struct mcb_examination *examination, const char *format, ...);

/* ---- what is made of it ---- */

/* The host as people call it; texts are "" where they are not known. */
struct mcb_examination_host {
    char name[256], kernel[256], os[128];
    size_t numa_nodes; /* 0: not known */
};
void mcb_examination_host(const struct mcb_examination *examination,
                          struct mcb_examination_host *host);

/* The fault of a finding as an error, its evidence the detail: NONE for pass and skip. */
void mcb_examination_error(const struct mcb_finding *finding, struct mcb_error *error);

/* What to do about a finding: its own fix or the catalogue's; "" for pass and skip. */
const char *mcb_examination_fix_of(const struct mcb_finding *finding);

/* The document: results/schema/mcbench-doctor.schema.json. New reference; NULL: no memory. */
json_t *mcb_examination_to_json(const struct mcb_examination *examination);

#endif
