/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_TESTS_UNIT_COPIED_HOST_H
#define MCB_TESTS_UNIT_COPIED_HOST_H

/* A host of a few files in a temporary folder, and what a table of checks finds on it. Include
 * after cmocka.h. */

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/doctor/examination.h"

struct copied {
    char root[64];
    struct mcb_system *system;
    struct mcb_examination_options options;
    struct mcb_examination examination;
};

static inline void copied_folders(const struct copied *host, const char *path, char whole[512])
{
    snprintf(whole, 512, "%s%s", host->root, path);
    for (char *slash = strchr(whole + strlen(host->root) + 1, '/'); slash;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(whole, 0700);
        *slash = '/';
    }
}

static inline void copied_put(const struct copied *host, const char *path, const char *text)
{
    char whole[512];
    copied_folders(host, path, whole);
    FILE *file = fopen(whole, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static inline void copied_link(const struct copied *host, const char *path, const char *target)
{
    char whole[512];
    copied_folders(host, path, whole);
    assert_int_equal(symlink(target, whole), 0);
}

static inline int copied_make(void **state)
{
    struct copied *host = calloc(1, sizeof *host);
    assert_non_null(host);
    strcpy(host->root, "/tmp/mcbench-test-host-XXXXXX");
    assert_non_null(mkdtemp(host->root));
    copied_put(host, "/proc/sys/kernel/hostname", "n7\n");
    *state = host;
    return 0;
}

static inline int copied_remove_entry(const char *path, const struct stat *status, int kind,
                                      struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    return remove(path);
}

static inline void copied_forget(struct copied *host)
{
    mcb_examination_release(&host->examination);
    mcb_system_close(host->system);
    host->system = NULL;
}

static inline int copied_remove(void **state)
{
    struct copied *host = *state;
    copied_forget(host);
    nftw(host->root, copied_remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(host);
    return 0;
}

/* The host as it is now. */
static inline const struct mcb_system *copied_open(struct copied *host)
{
    struct mcb_error error;
    copied_forget(host);
    assert_int_equal(mcb_system_open(host->root, NULL, &host->system, &error), 0);
    host->examination = (struct mcb_examination){.system = host->system, .options = &host->options};
    return host->system;
}

/* All rows of a table, whatever they need. NICs that the table of NICs would have listed are those
 * named here: "mlx5_0,mlx5_1"; "" none. */
static inline const struct mcb_examination *
copied_check(struct copied *host, const struct mcb_check *checks, const char *nics)
{
    struct mcb_examination *examination = &host->examination;
    copied_open(host);
    examination->nics = calloc(8, sizeof *examination->nics);
    assert_non_null(examination->nics);
    for (const char *next = nics; *next; next += strspn(next, ",")) {
        struct mcb_seen_nic *nic = &examination->nics[examination->nic_count++];
        size_t length = strcspn(next, ",");
        snprintf(nic->name, sizeof nic->name, "%.*s", (int)length, next);
        nic->active = true;
        next += length;
    }
    for (; checks->id; checks++)
        if (!(checks->needs & MCB_NEEDS_LIVE))
            checks->run(examination, checks);
    return examination;
}

/* The n-th finding of a check; fails if there is none. */
static inline const struct mcb_finding *copied_finding(const struct copied *host, const char *check,
                                                       size_t n)
{
    const struct mcb_examination *examination = &host->examination;
    for (size_t i = 0; i < examination->finding_count; i++)
        if (strcmp(examination->findings[i].check->id, check) == 0 && n-- == 0)
            return &examination->findings[i];
    fail_msg("%s found nothing", check);
    return NULL;
}

/* How many warnings and failures there are. */
static inline size_t copied_alarms(const struct copied *host)
{
    return mcb_examination_count(&host->examination, MCB_VERDICT_WARN) +
           mcb_examination_count(&host->examination, MCB_VERDICT_FAIL);
}

#define assert_finding(host, check, wanted_verdict, wanted_fault)                                  \
    do {                                                                                           \
        const struct mcb_finding *finding_ = copied_finding(host, check, 0);                       \
        if (finding_->verdict != (wanted_verdict) || finding_->fault != (wanted_fault))            \
            fail_msg("%s: verdict %d, fault %s: %s", check, (int)finding_->verdict,                \
                     mcb_fault_get(finding_->fault)->id, finding_->evidence);                      \
    } while (0)

#endif
