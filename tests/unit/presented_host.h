/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_TESTS_PRESENTED_HOST_H
#define MCB_TESTS_PRESENTED_HOST_H

/* A host made of files in a temporary folder, and its examination. Include after cmocka.h. */

#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "bench/doctor/examination.h"
#include "common/clock.h"
#include "tests/unit/sysfs_tree.h"

struct presented {
    struct sysfs_tree tree;
    struct mcb_system *system;
    struct mcb_examination_options options;
    struct mcb_examination examination;
};

/* A file, with the folders above it; path without a leading "/". */
static inline void present(struct presented *host, const char *path, const char *text)
{
    char folder[512];
    snprintf(folder, sizeof folder, "%s", path);
    sysfs_folder(&host->tree, dirname(folder));
    sysfs_file(&host->tree, path, text);
}

static inline int present_begin(void **state)
{
    struct presented *host = calloc(1, sizeof *host);
    if (!host || sysfs_make(&host->tree) != 0)
        return -1;
    host->options.timeout_ns = 2 * MCB_NS_PER_S;
    present(host, "proc/sys/kernel/hostname", "n1\n");
    *state = host;
    return 0;
}

static inline void present_forget(struct presented *host)
{
    if (host->system) {
        mcb_examination_release(&host->examination);
        mcb_system_close(host->system);
    }
    host->system = NULL;
}

static inline int present_end(void **state)
{
    struct presented *host = *state;
    present_forget(host);
    int status = sysfs_remove(&host->tree);
    free(host);
    return status;
}

/* Of what is presented, or of this host where `live`. */
static inline void examine(struct presented *host, bool live)
{
    struct mcb_error error = {.code = MCB_FAULT_NONE};
    present_forget(host);
    assert_int_equal(mcb_system_open(live ? "" : host->tree.root, NULL, &host->system, &error), 0);
    if (mcb_examination_make(host->system, &host->options, &host->examination, &error) != 0)
        fail_msg("%s", error.detail);
}

/* The finding of a check about a subject (NULL: any), a failure before a warning before a pass. */
static inline const struct mcb_finding *finding_of(const struct presented *host, const char *id,
                                                   const char *subject)
{
    static const enum mcb_verdict order[] = {MCB_VERDICT_FAIL, MCB_VERDICT_WARN, MCB_VERDICT_PASS,
                                             MCB_VERDICT_SKIP};
    for (size_t v = 0; v < sizeof order / sizeof *order; v++)
        for (size_t i = 0; i < host->examination.finding_count; i++) {
            const struct mcb_finding *finding = &host->examination.findings[i];
            if (finding->verdict == order[v] && strcmp(finding->check->id, id) == 0 &&
                (!subject || strcmp(finding->subject, subject) == 0))
                return finding;
        }
    fail_msg("no finding of %s about %s", id, subject ? subject : "anything");
    return NULL;
}

static inline void assert_finding(const struct presented *host, const char *id, const char *subject,
                                  enum mcb_verdict verdict, enum mcb_fault_code fault,
                                  const char *part)
{
    const struct mcb_finding *finding = finding_of(host, id, subject);
    if (finding->verdict != verdict || finding->fault != fault || !strstr(finding->evidence, part))
        fail_msg("%s %s: verdict %d, fault %s: %s", id, finding->subject, (int)finding->verdict,
                 finding->fault ? mcb_fault_get(finding->fault)->id : "none", finding->evidence);
}

static inline void assert_fix(const struct presented *host, const char *id, const char *subject,
                              const char *part)
{
    const struct mcb_finding *finding = finding_of(host, id, subject);
    if (!strstr(finding->fix, part))
        fail_msg("%s: fix is \"%s\"", id, finding->fix);
}

#endif
