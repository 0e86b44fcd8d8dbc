/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jansson passes a failure on: json_pack() of a NULL member is NULL, and appending NULL fails. So
 * what a maker is handed by another it need not look at.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bench/doctor/examination.h"
#include "bench/plan/settings_text.h"
#include "common/clock.h"
#include "common/json.h"

static const char *const verdict_names[] = {[MCB_VERDICT_PASS] = "pass",
                                            [MCB_VERDICT_WARN] = "warn",
                                            [MCB_VERDICT_FAIL] = "fail",
                                            [MCB_VERDICT_SKIP] = "skip"};

/* ---- the host ---- */

/* The value of PRETTY_NAME in os-release(5), its quotes taken off. */
static void read_os(const struct mcb_system *system, char *os, size_t size)
{
    static const char *const files[] = {"/etc/os-release", "/usr/lib/os-release"};
    char line[256];
    os[0] = '\0';
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (!mcb_system_read_line(system, files[i], "PRETTY_NAME=", line, sizeof line))
            continue;
        const char *begin = line + strspn(line, "\"'");
        snprintf(os, size, "%.*s", (int)strcspn(begin, "\"'"), begin);
        return;
    }
}

void mcb_examination_host(const struct mcb_examination *examination,
                          struct mcb_examination_host *host)
{
    char **names;
    const struct mcb_system *system = examination->system;
    *host = (struct mcb_examination_host){.numa_nodes = 0};
    snprintf(host->name, sizeof host->name, "%s", mcb_system_name(system));
    if (!mcb_system_read_line(system, "/proc/sys/kernel/osrelease", "", host->kernel,
                              sizeof host->kernel))
        host->kernel[0] = '\0';
    read_os(system, host->os, sizeof host->os);
    size_t count = mcb_system_names(system, "/sys/devices/system/node", &names);
    for (size_t i = 0; i < count; i++)
        host->numa_nodes += strncmp(names[i], "node", 4) == 0 &&
                            names[i][4 + strspn(names[i] + 4, "0123456789")] == '\0';
    mcb_system_names_free(names, count);
}

static json_t *make_host(const struct mcb_examination *examination)
{
    struct mcb_examination_host host;
    mcb_examination_host(examination, &host);
    return json_pack("{s:o, s:o, s:o}", "name", mcb_json_text_or_null(host.name), "kernel",
                     mcb_json_text_or_null(host.kernel), "os", mcb_json_text_or_null(host.os));
}

/* ---- checks and proofs ---- */

/* What came from outside may be no UTF-8: its bytes above ASCII become '?' then. */
static json_t *make_text(const char *text)
{
    char plain[2 * MCB_EVIDENCE_MAX];
    if (mcb_setting_text_is_utf8(text))
        return json_string(text);
    snprintf(plain, sizeof plain, "%s", text);
    for (char *next = plain; *next; next++)
        if ((unsigned char)*next >= 0x80)
            *next = '?';
    return json_string(plain);
}

static json_t *make_subject(const char *subject)
{
    return subject[0] ? make_text(subject) : json_null();
}

static json_t *make_fault(const struct mcb_finding *finding)
{
    const struct mcb_fault *fault = mcb_fault_get(finding->fault);
    if (finding->fault == MCB_FAULT_NONE)
        return json_null();
    return json_pack("{s:s, s:s, s:o, s:s, s:o}", "id", fault->id, "title", fault->title, "detail",
                     make_text(finding->evidence), "cause", fault->cause, "fix",
                     make_text(mcb_examination_fix_of(finding)));
}

static json_t *make_check(const struct mcb_finding *finding)
{
    return json_pack("{s:s, s:s, s:o, s:s, s:s, s:o, s:o}", "id", finding->check->id, "group",
                     mcb_check_group_name(finding->group), "subject",
                     make_subject(finding->subject), "title", finding->check->title, "verdict",
                     verdict_names[finding->verdict], "evidence", make_text(finding->evidence),
                     "fault", make_fault(finding));
}

static json_t *make_checks(const struct mcb_examination *examination)
{
    json_t *list = json_array();
    int status = 0;
    for (size_t i = 0; i < examination->finding_count; i++)
        status |= json_array_append_new(list, make_check(&examination->findings[i]));
    if (status == 0)
        return list;
    json_decref(list);
    return NULL;
}

static json_t *make_proofs(const struct mcb_examination *examination)
{
    json_t *list = json_array();
    int status = 0;
    for (size_t i = 0; i < examination->proof_count; i++) {
        const struct mcb_proof *proof = &examination->proofs[i];
        status |= json_array_append_new(
            list, json_pack("{s:s, s:o, s:s, s:o}", "group", mcb_check_group_name(proof->group),
                            "subject", make_subject(proof->subject), "stage",
                            mcb_stage_name(proof->stage), "how", make_text(proof->how)));
    }
    if (status == 0)
        return list;
    json_decref(list);
    return NULL;
}

static json_t *make_unseen(const struct mcb_examination *examination)
{
    json_t *list = json_array();
    int status = 0;
    for (size_t i = 0; i < examination->unseen_count; i++)
        status |= json_array_append_new(list, make_text(examination->unseen[i]));
    if (status == 0)
        return list;
    json_decref(list);
    return NULL;
}

static json_t *make_summary(const struct mcb_examination *examination)
{
    json_t *summary = json_object();
    int status = 0;
    for (int verdict = 0; verdict <= MCB_VERDICT_SKIP; verdict++)
        status |= json_object_set_new(summary, verdict_names[verdict],
                                      json_integer((json_int_t)mcb_examination_count(
                                          examination, (enum mcb_verdict)verdict)));
    if (status == 0)
        return summary;
    json_decref(summary);
    return NULL;
}

json_t *mcb_examination_to_json(const struct mcb_examination *examination)
{
    char started[32] = "";
    struct tm broken_down;
    time_t seconds = (time_t)(examination->started_ns / MCB_NS_PER_S);
    if (gmtime_r(&seconds, &broken_down))
        strftime(started, sizeof started, "%Y-%m-%dT%H:%M:%SZ", &broken_down);
    const char *root = mcb_system_root(examination->system);
    return json_pack("{s:s, s:{s:s, s:s}, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "schema",
                     "mcbench-doctor/1", "tool", "name", "mcbench", "version", MCB_VERSION,
                     "started", started, "host", make_host(examination), "root", make_subject(root),
                     "checks", make_checks(examination), "proofs", make_proofs(examination),
                     "unseen", make_unseen(examination), "summary", make_summary(examination));
}
