/* SPDX-License-Identifier: Apache-2.0 */

/*
 * mcbench doctor [--etcd URL] [--peer HOST:PORT] ...: what works on this host, what does not, why,
 * and what to do. It changes nothing and needs no root.
 */

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/commands/commands.h"
#include "bench/commands/doctor_values.h"
#include "bench/commands/job.h"
#include "bench/doctor/examination.h"
#include "bench/doctor/mooncake_wants.h"
#include "bench/doctor/system.h"
#include "bench/report/examination_text.h"
#include "common/clock.h"
#include "common/fault.h"
#include "common/interrupt.h"
#include "common/json.h"
#include "common/log.h"
#include "common/text.h"
#include "common/units.h"

enum { TIMEOUT_MOST_S = 3600, ETCD_URLS_MAX = 1024 };

struct values {
    bool json, strict;
    const char *etcd, *peer, *name, *segment, *nic, *timeout, *root; /* NULL: not given */
    char peers[MCB_DOCTOR_VALUE_MAX];                                /* each of them once */
};

static const struct mcb_option rows[] = {
    {"etcd", "URL[,...]", "also etcd: reached, healthy, which addresses it advertises",
     offsetof(struct values, etcd), 0},
    {"peer", "HOST:PORT[,...]",
     "also these hosts: with mcbench cpu --listen PORT there, a verified transfer on every pair of "
     "NICs",
     offsetof(struct values, peer), 0},
    {"name", "NAME[:PORT]", "the name that peers are to reach this host by (local_hostname)",
     offsetof(struct values, name), 0},
    {"segment", "NAME", "a segment that the metadata in etcd must have",
     offsetof(struct values, segment), 0},
    {"nic", "NAME[,...]", "these NICs alone; without it all of them", offsetof(struct values, nic),
     0},
    {"timeout", "SECONDS", "of each step over the network; without it 5",
     offsetof(struct values, timeout), 0},
    {"root", "DIR", "another host, whose /proc, /sys, /dev and /etc are copied to that folder",
     offsetof(struct values, root), 0},
    {"strict", NULL, "exit code 1 if there is a warning", offsetof(struct values, strict), 0},
    {"json", NULL, "the JSON document, in place of text", offsetof(struct values, json), 0},
    {NULL, NULL, NULL, 0, 0},
};

const struct mcb_options mcb_options_doctor = {
    rows, .words = {NULL, 0, 0, "hosts are given with --peer and --etcd"}};

static int check_texts(const struct values *values, struct mcb_error *error)
{
    const struct {
        const char *name, *text;
    } given[] = {{"etcd", values->etcd},       {"peer", values->peer}, {"name", values->name},
                 {"segment", values->segment}, {"nic", values->nic},   {"root", values->root}};
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        if (!given[i].text)
            continue;
        if (!given[i].text[0])
            return mcb_error_set(error, MCB_FAULT_USE_VALUE, "--%s '': it is empty", given[i].name);
        if (strlen(given[i].text) >= MCB_DOCTOR_VALUE_MAX)
            return mcb_error_set(error, MCB_FAULT_USE_VALUE, "--%s %.60s...: longer than %d bytes",
                                 given[i].name, given[i].text, MCB_DOCTOR_VALUE_MAX - 1);
    }
    return 0;
}

static int check_values(struct values *values, struct mcb_error *error)
{
    if (check_texts(values, error) != 0 ||
        (values->etcd && mcb_doctor_check_etcd(values->etcd, error) != 0) ||
        (values->peer && mcb_doctor_read_peers(values->peer, values->peers, error) != 0) ||
        (values->name && mcb_doctor_check_name(values->name, error) != 0) ||
        (values->nic && mcb_doctor_check_nics(values->nic, error) != 0))
        return -1;
    return 0;
}

/* What asks the network has nothing to do with a copied host. */
static int check_root(const struct values *values, struct mcb_error *error)
{
    const char *asked = values->etcd      ? "--etcd"
                        : values->peer    ? "--peer"
                        : values->segment ? "--segment"
                                          : NULL;
    if (values->root && asked)
        return mcb_error_set(error, MCB_FAULT_USE_OPTION,
                             "--root, %s: a copied host has no network", asked);
    return 0;
}

/* What is wrong with Mooncake's settings is a finding. */
static int check_segment(const struct values *values, const struct mcb_system *system,
                         struct mcb_error *error)
{
    char urls[ETCD_URLS_MAX];
    struct mcb_mooncake_wants wants;
    if (!values->segment || values->etcd || mcb_mooncake_wants_read(system, &wants, error) != 0 ||
        mcb_mooncake_etcd_urls(wants.metadata_server, urls, sizeof urls, error) != 0)
        return 0;
    return mcb_error_set(error, MCB_FAULT_USE_OPTION,
                         "--segment: segments are in etcd: --etcd is needed too (Mooncake's "
                         "environment names none)");
}

static int parse(int argc, char **argv, struct values *values,
                 struct mcb_examination_options *options, struct mcb_error *error)
{
    size_t words;
    if (mcb_options_parse(&mcb_options_doctor, argc, argv, values, &words, error) != 0 ||
        check_values(values, error) != 0 || check_root(values, error) != 0)
        return -1;
    if (values->timeout &&
        (mcb_units_parse_duration(values->timeout, &options->timeout_ns) != 0 ||
         options->timeout_ns <= 0 || options->timeout_ns > TIMEOUT_MOST_S * MCB_NS_PER_S))
        return mcb_error_set(error, MCB_FAULT_USE_VALUE,
                             "--timeout %.60s: not a time; 0.1 to %d seconds", values->timeout,
                             TIMEOUT_MOST_S);
    options->etcd = values->etcd;
    options->peer = values->peer ? values->peers : NULL;
    options->name = values->name;
    options->segment = values->segment;
    options->nics = values->nic;
    return 0;
}

/* ---- from the host to the screen ---- */

static int print(const struct values *values, const struct mcb_examination *examination,
                 struct mcb_error *error)
{
    if (!values->json) {
        struct mcb_text_terminal terminal = mcb_text_terminal(STDOUT_FILENO);
        const struct mcb_canvas canvas = {stdout, terminal.columns, terminal.colour};
        mcb_examination_text_print(&canvas, examination);
        return mcb_commands_finish_stdout(error);
    }
    json_t *document = mcb_examination_to_json(examination);
    if (!document)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the document");
    mcb_json_print(stdout, document);
    json_decref(document);
    return mcb_commands_finish_stdout(error);
}

static int judge(const struct values *values, const struct mcb_examination *examination)
{
    if (mcb_examination_count(examination, MCB_VERDICT_FAIL) > 0)
        return MCB_EXIT_ENVIRONMENT;
    return values->strict && mcb_examination_count(examination, MCB_VERDICT_WARN) > 0
               ? MCB_EXIT_HELD_NOT
               : MCB_EXIT_OK;
}

/* What was found until an interrupt is printed too. */
static int examine(const struct values *values, const struct mcb_examination_options *options,
                   const struct mcb_system *system, int *exit_code, struct mcb_error *error)
{
    struct mcb_examination examination;
    struct mcb_error output_error;
    int status = mcb_examination_make(system, options, &examination, error);
    if (print(values, &examination, status == 0 ? error : &output_error) != 0)
        status = -1;
    *exit_code = judge(values, &examination);
    mcb_examination_release(&examination);
    return status;
}

int mcb_command_doctor(int argc, char **argv)
{
    struct values values = {0};
    struct mcb_system *system = NULL;
    struct mcb_error error;
    int exit_code = MCB_EXIT_OK;
    mcb_interrupt_install();
    struct mcb_examination_options options = {
        .timeout_ns = 5 * MCB_NS_PER_S, .stop = mcb_interrupt_flag(), .transfer = mcb_job_transfer};
    int status = parse(argc, argv, &values, &options, &error);
    if (status == 0)
        status = mcb_system_open(values.root ? values.root : "", options.stop, &system, &error);
    if (status == 0)
        status = check_segment(&values, system, &error);
    if (status == 0)
        status = examine(&values, &options, system, &exit_code, &error);
    mcb_system_close(system);
    if (status == 0)
        return exit_code;
    mcb_log_error(&error);
    return mcb_error_exit(&error);
}
