/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks of what Mooncake was told. Variables that are settings of mcbench too are read by the
 * table of settings (bench/plan/settings.h), which knows what Mooncake makes of them; the tables
 * here are of the others. What MC_IB_PORT and MC_GID_INDEX mean to each NIC is checked with the
 * NICs.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bench/doctor/examination.h"
#include "bench/doctor/mooncake_wants.h"
#include "bench/plan/settings.h"
#include "bench/plan/settings_text.h"
#include "common/suggest.h"

enum { VARIABLE_TEXT = 64, NIC_TEXT = 64 };

/* ---- variables ---- */

/* Read with atoi() and passed over where they are out of their range (config.cpp). */
static const struct number {
    const char *name;
    int64_t least, most;
} numbers[] = {
    {"MC_AUTO_GID_MAX_RETRIES", 0, 16},
    {"MC_PKEY_INDEX", 0, 65535},
    {"MC_NUM_CQ_PER_CTX", 1, 255},
    {"MC_NUM_COMP_CHANNELS_PER_CTX", 1, 255},
    {"MC_MAX_CQE_PER_CTX", 1, 65535},
    {"MC_MAX_WR", 1, 65535},
    {"MC_MAX_SGE", 1, 65535},
    {"MC_MAX_INLINE", 0, 65535},
    {"MC_MAX_EP_PER_CTX", 1, 65536},
    {"MC_WORKERS_PER_CTX", 1, 8},
    {"MC_SLICE_SIZE", 1, INT64_MAX},
    {"MC_FRAGMENT_RATIO", 1, INT32_MAX},
    {"MC_RETRY_CNT", 1, 127},
    {"MC_SLICE_TIMEOUT", -1, 65535},
    {"MC_ENABLE_PARALLEL_REG_MR", -1, 1},
    {"MC_RDMA_RAIL_PAUSE_SECONDS", 1, 3599},
    {"MC_CONN_PAUSE_TTL_MS", 0, 600000},
    {"MC_MIN_RPC_PORT", 1024, 65535},
    {"MC_MAX_RPC_PORT", 1024, 65535},
    {"MC_HANDSHAKE_PORT", 1, 65535},
    {"MC_REDIS_DB_INDEX", 0, 255},
    {"MC_TRANSFER_TIMEOUT", 5, INT32_MAX},
};

/* On by being set, whatever to. */
static const char *const presences[] = {
    "MC_LEGACY_RPC_PORT_BINDING",
    "MC_USE_IPV6",
    "MC_DISABLE_METACACHE",
    "MC_FORCE_HCA",
    "MC_FORCE_MNNVL",
    "MC_FORCE_MUSA",
    "MC_INTRANODE_NVLINK",
};

static void add_variable(struct mcb_examination *examination, const struct mcb_check *check,
                         const char *name, enum mcb_fault_code fault, const char *evidence)
{
    mcb_examination_add(examination, check, name, MCB_VERDICT_WARN, fault, "%s", evidence);
    mcb_examination_fix(examination, "unset %s", name);
}

static size_t check_numbers(struct mcb_examination *examination, const struct mcb_check *check)
{
    char evidence[MCB_EVIDENCE_MAX], shown[MCB_SHOWN_MAX];
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const char *text = mcb_system_variable(examination->system, numbers[i].name);
        char *end;
        if (!text || !text[0])
            continue;
        errno = 0;
        long long value = strtoll(text, &end, 10);
        bool taken = errno == 0 && value >= numbers[i].least && value <= numbers[i].most;
        if (end != text && *end == '\0' && taken)
            continue;
        snprintf(evidence, sizeof evidence,
                 "%s=%s: Mooncake reads this as %lld%s; write %" PRId64 " to %" PRId64
                 ", or unset it",
                 numbers[i].name, mcb_setting_text_shown(text, shown), value,
                 taken ? "" : " and passes over it", numbers[i].least, numbers[i].most);
        add_variable(examination, check, numbers[i].name, MCB_FAULT_USE_VARIABLE, evidence);
        wrong++;
    }
    return wrong;
}

static bool is_negation(const char *text)
{
    static const char *const negations[] = {"0", "false", "no", "off"};
    for (size_t i = 0; i < sizeof negations / sizeof *negations; i++)
        if (strcasecmp(text, negations[i]) == 0)
            return true;
    return false;
}

static size_t check_presences(struct mcb_examination *examination, const struct mcb_check *check)
{
    char evidence[MCB_EVIDENCE_MAX];
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof presences / sizeof *presences; i++) {
        const char *text = mcb_system_variable(examination->system, presences[i]);
        if (!text || !is_negation(text))
            continue;
        snprintf(evidence, sizeof evidence,
                 "%s=%s: Mooncake looks only at whether this variable is set: it is on",
                 presences[i], text);
        add_variable(examination, check, presences[i], MCB_FAULT_USE_VARIABLE, evidence);
        wrong++;
    }
    return wrong;
}

/* What the table of settings says of a variable's text. */
static int judge_setting(const struct mcb_setting *row, const char *variable, const char *text,
                         struct mcb_error *error)
{
    struct mcb_settings scratch = {.nic_count = 0};
    size_t size = strlen(text) + 64; /* no translation is longer than the text and a word */
    char *option = malloc(size);
    if (!option)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "%s: no memory", variable);
    int status = 0;
    if (row->translate)
        status = row->translate(variable, text, option, size, error);
    else
        snprintf(option, size, "%s", text);
    if (status == 0 && option[0])
        status = row->parse(&scratch, option, variable, error);
    mcb_settings_release(&scratch);
    free(option);
    return status;
}

/* A file that a variable names is not there where the host is a copy. */
static bool names_file(const struct mcb_setting *row)
{
    return strcmp(row->name, "nic-priority-matrix") == 0;
}

static size_t check_settings(struct mcb_examination *examination, const struct mcb_check *check)
{
    size_t count, wrong = 0;
    const struct mcb_setting *table = mcb_settings_table(&count);
    for (size_t i = 0; i < count; i++) {
        const char *variable = table[i].variable;
        char name[VARIABLE_TEXT];
        struct mcb_error error;
        if (!variable || strncmp(variable, "MC_", 3) != 0 ||
            (names_file(&table[i]) && !mcb_system_is_live(examination->system)))
            continue;
        snprintf(name, sizeof name, "%.*s", (int)strcspn(variable, ","), variable);
        const char *text = mcb_system_variable(examination->system, name);
        if (!text || (!text[0] && !table[i].by_presence) || !mcb_setting_text_is_utf8(text) ||
            judge_setting(&table[i], name, text, &error) == 0)
            continue;
        add_variable(examination, check, name, error.code, error.detail);
        wrong++;
    }
    return wrong;
}

static size_t check_affinities(struct mcb_examination *examination, const struct mcb_check *check)
{
    if (!mcb_system_variable(examination->system, "MC_ENABLE_DEST_DEVICE_AFFINITY") ||
        !mcb_system_variable(examination->system, "MC_ENABLE_HCA_PEER_AFFINITY"))
        return 0;
    add_variable(examination, check, "MC_ENABLE_HCA_PEER_AFFINITY", MCB_FAULT_USE_VARIABLE,
                 "MC_ENABLE_DEST_DEVICE_AFFINITY is set too: Mooncake turns off both");
    return 1;
}

static void check_variables(struct mcb_examination *examination, const struct mcb_check *check)
{
    size_t set = 0;
    size_t wrong = check_settings(examination, check) + check_numbers(examination, check) +
                   check_presences(examination, check) + check_affinities(examination, check);
    for (const char *const *next = mcb_system_variables(examination->system); next && *next; next++)
        set += strncmp(*next, "MC_", 3) == 0;
    if (wrong == 0)
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_PASS, MCB_FAULT_NONE,
                            set ? "%zu set, each read as it is meant" : "none is set", set);
}

/* ---- configuration ---- */

static void check_config(struct mcb_examination *examination, const struct mcb_check *check)
{
    struct mcb_mooncake_wants wants;
    struct mcb_error error;
    if (mcb_mooncake_wants_read(examination->system, &wants, &error) != 0) {
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_FAIL, error.code, "%s",
                            error.detail);
        mcb_examination_fix(
            examination,
            "python3 -m json.tool \"$MOONCAKE_CONFIG_PATH\"  # shows where it is no JSON");
        return;
    }
    if (!examination->own_name[0])
        memcpy(examination->own_name, wants.local_hostname, sizeof examination->own_name);
    mcb_examination_add(examination, check, NULL, MCB_VERDICT_PASS, MCB_FAULT_NONE, "%s%s%s",
                        wants.from ? wants.from : "no MOONCAKE_CONFIG_PATH",
                        wants.local_hostname[0] ? ", local_hostname " : "", wants.local_hostname);
}

static void check_metadata(struct mcb_examination *examination, const struct mcb_check *check)
{
    char urls[sizeof examination->etcd], shown[MCB_SHOWN_MAX];
    struct mcb_mooncake_wants wants;
    struct mcb_error error;
    if (mcb_mooncake_wants_read(examination->system, &wants, &error) != 0 ||
        !wants.metadata_server[0]) {
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_SKIP, MCB_FAULT_NONE,
                            "none is named");
        return;
    }
    int is_etcd = mcb_mooncake_etcd_urls(wants.metadata_server, urls, sizeof urls, &error);
    if (is_etcd < 0) {
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_FAIL, error.code, "%s",
                            error.detail);
        mcb_examination_fix(examination, "# metadata_server: etcd://HOST:2379, http://HOST:PORT/"
                                         "metadata or P2PHANDSHAKE");
        return;
    }
    if (is_etcd && !examination->etcd[0])
        memcpy(examination->etcd, urls, sizeof urls);
    mcb_examination_add(examination, check, NULL, MCB_VERDICT_PASS, MCB_FAULT_NONE, "%s%s",
                        mcb_setting_text_shown(wants.metadata_server, shown),
                        is_etcd ? ", etcd" : "");
}

/* ---- NICs ---- */

/* Of all, whichever --nic asks for. */
static bool has_nic(char **names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static void add_missing_nic(struct mcb_examination *examination, const struct mcb_check *check,
                            const char *name, const char *source, char **names, size_t count)
{
    char list[256] = "";
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(list);
        snprintf(list + length, sizeof list - length, "%s%s", i ? ", " : "", names[i]);
    }
    const char *nearest = mcb_suggest_nearest(name, (const char *const *)names, count);
    mcb_examination_add(examination, check, name, MCB_VERDICT_FAIL, MCB_FAULT_RDMA_NO_SUCH_NIC,
                        "%s names it, and this host has %s%s%s%s", source, list,
                        nearest ? " (did you mean " : "", nearest ? nearest : "",
                        nearest ? "?)" : "");
    mcb_examination_fix(examination, "ibv_devices  # the names for %s", source);
}

/* Returns how many of a list "mlx5_0,mlx5_1" are not there. */
static size_t check_list(struct mcb_examination *examination, const struct mcb_check *check,
                         const char *list, const char *source)
{
    char **names;
    size_t count = mcb_system_names(examination->system, "/sys/class/infiniband", &names);
    size_t missing = 0;
    for (const char *next = list; *next;) {
        char name[NIC_TEXT];
        next += strspn(next, ", \t");
        size_t length = strcspn(next, ", \t");
        snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : sizeof name - 1),
                 next);
        next += length;
        if (!name[0] || has_nic(names, count, name))
            continue;
        add_missing_nic(examination, check, name, source, names, count);
        missing++;
    }
    mcb_system_names_free(names, count);
    return missing;
}

/* A matrix, a file of one, or a word that leaves the choice to Mooncake. */
static bool is_no_list(const char *text)
{
    return strchr("{[", text[0]) || strstr(text, ".json") || strncasecmp(text, "auto", 4) == 0;
}

static void check_devices(struct mcb_examination *examination, const struct mcb_check *check)
{
    struct mcb_mooncake_wants wants;
    struct mcb_error error;
    const char *filters = mcb_system_variable(examination->system, "MC_TE_FILTERS");
    size_t missing = 0;
    bool tcp = mcb_system_variable(examination->system, "MC_FORCE_TCP") != NULL;
    bool named = filters && filters[0];
    if (mcb_mooncake_wants_read(examination->system, &wants, &error) == 0) {
        tcp |= strcasecmp(wants.protocol, "tcp") == 0;
        if (!tcp && wants.device_name[0] && !is_no_list(wants.device_name)) {
            named = true;
            missing += check_list(examination, check, wants.device_name,
                                  wants.from ? "device_name" : "MOONCAKE_DEVICE");
        }
    }
    if (!tcp && filters)
        missing += check_list(examination, check, filters, "MC_TE_FILTERS");
    if (missing == 0)
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_PASS, MCB_FAULT_NONE, "%s",
                            tcp     ? "the protocol is TCP, which uses none"
                            : named ? "all that are named are there"
                                    : "none is named: Mooncake takes all");
}

static void check_transport(struct mcb_examination *examination, const struct mcb_check *check)
{
    struct mcb_mooncake_wants wants;
    struct mcb_error error;
    bool forced = mcb_system_variable(examination->system, "MC_FORCE_TCP") != NULL;
    bool asked = mcb_mooncake_wants_read(examination->system, &wants, &error) == 0 &&
                 strcasecmp(wants.protocol, "tcp") == 0;
    if (forced || asked)
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_PASS, MCB_FAULT_NONE,
                            "TCP, by %s, although %zu RDMA devices are here",
                            forced ? "MC_FORCE_TCP" : "protocol", examination->nic_count);
    else
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_PASS, MCB_FAULT_NONE,
                            "nothing forces TCP");
}

static void check_mtu(struct mcb_examination *examination, const struct mcb_check *check)
{
    const char *text = mcb_system_variable(examination->system, "MC_MTU");
    uint32_t least = 0;
    for (size_t i = 0; i < examination->nic_count; i++) {
        const struct mcb_seen_nic *nic = &examination->nics[i];
        if (!nic->unused && nic->active && nic->mtu_bytes > 0 &&
            (least == 0 || nic->mtu_bytes < least))
            least = nic->mtu_bytes;
    }
    char ports[64] = "the active MTU of the ports is not known";
    if (least)
        snprintf(ports, sizeof ports, "the smallest active MTU is %" PRIu32, least);
    bool above = text && least > 0 && strtoul(text, NULL, 10) > least;
    mcb_examination_add(examination, check, NULL, above ? MCB_VERDICT_WARN : MCB_VERDICT_PASS,
                        above ? MCB_FAULT_RDMA_MTU : MCB_FAULT_NONE, "%s%s; %s",
                        text ? "MC_MTU=" : "MC_MTU is not set", text ? text : "", ports);
    if (above)
        mcb_examination_fix(examination, "export MC_MTU=%u  # on all hosts", least);
}

const struct mcb_check mcb_checks_mooncake[] = {
    {"mooncake.variables", "Mooncake's variables", 0, check_variables},
    {"mooncake.config", "configuration", 0, check_config},
    {"mooncake.metadata", "metadata server", 0, check_metadata},
    {"mooncake.devices", "named NICs", MCB_NEEDS_NICS, check_devices},
    {"mooncake.transport", "transport", MCB_NEEDS_NICS, check_transport},
    {"mooncake.mtu", "MTU", MCB_NEEDS_NICS, check_mtu},
    {NULL, NULL, 0, NULL},
};
