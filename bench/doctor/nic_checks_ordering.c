/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether relaxed ordering that is asked for has an effect: libibverbs and the kernel must take
 * optional access flags, and leave them out without a word where they do not. The NICs' own part,
 * PCI Device Control, is among the findings of the topology (checks_gpu.c).
 *
 * The kernel of this host is asked through a device. Linux has the flags since 5.9; distributions
 * took them back into older ones (those of Red Hat's family have "el" in their release), so that of
 * a copied one of these nothing is known.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/doctor/nic_checks.h"
#include "bench/doctor/patience.h"
#include "common/clock.h"
#include "rdma/device.h"
#include "rdma/relaxed_ordering.h"

enum { MAJOR = 5, MINOR = 9 };

#define ASK_NS MCB_NS_PER_S

/* ---- asking a device ---- */

struct question {
    char name[64];
    enum mcb_known kernel;
};

static void ask(void *context)
{
    struct question *question = context;
    struct mcb_relaxed_ordering known = {.kernel = MCB_KNOWN_NOT};
    struct mcb_device *device;
    struct mcb_error ignored;
    if (mcb_device_open(question->name, &device, &ignored) != 0)
        return;
    mcb_relaxed_ordering_probe(device, MCB_SYSFS, &known);
    question->kernel = known.kernel;
    mcb_device_close(device);
}

/* Any of them will do: the kernel is the same. */
static enum mcb_known ask_kernel(const struct mcb_examination *examination)
{
    for (size_t i = 0; i < examination->nic_count; i++) {
        if (examination->nics[i].closed)
            continue;
        struct question *question = calloc(1, sizeof(*question));
        if (!question)
            break;
        question->kernel = MCB_KNOWN_NOT;
        snprintf(question->name, sizeof(question->name), "%s", examination->nics[i].name);
        if (!mcb_patience_run(ask, free, question, mcb_clock_ns() + ASK_NS))
            break;
        enum mcb_known known = question->kernel;
        free(question);
        return known;
    }
    return MCB_KNOWN_NOT;
}

/* ---- by its version ---- */

static enum mcb_known know_release(const char *release)
{
    int major, minor;
    if (sscanf(release, "%5d.%5d", &major, &minor) != 2)
        return MCB_KNOWN_NOT;
    if (major > MAJOR || (major == MAJOR && minor >= MINOR))
        return MCB_KNOWN_YES;
    return strstr(release, ".el") ? MCB_KNOWN_NOT : MCB_KNOWN_NO;
}

void mcb_nic_check_ordering(struct mcb_examination *examination, const struct mcb_check *check)
{
    bool live = mcb_system_is_live(examination->system);
    char release[128] = "of no known release";
    mcb_system_read_line(examination->system, "/proc/sys/kernel/osrelease", "", release,
                         sizeof(release));
    enum mcb_known asked = live ? ask_kernel(examination) : MCB_KNOWN_NOT;
    enum mcb_known known = asked == MCB_KNOWN_NOT ? know_release(release) : asked;
    bool library = !live || dlsym(RTLD_DEFAULT, "ibv_reg_mr_iova2");
    if (!library || known == MCB_KNOWN_NO) {
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_WARN,
                            MCB_FAULT_RDMA_RELAXED_ORDERING,
                            "%s takes no optional access flags (kernel %s): relaxed ordering that "
                            "is asked for is silently left out",
                            library ? "the kernel" : "libibverbs", release);
        mcb_examination_fix(examination, "uname -r  # Linux 5.9 or newer has it\n"
                                         "ldconfig -p | grep libibverbs  # rdma-core 28 or newer");
    } else if (known == MCB_KNOWN_NOT)
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_SKIP, MCB_FAULT_NONE,
                            "whether kernel %s takes optional access flags is not known", release);
    else
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_PASS, MCB_FAULT_NONE,
                            "%s optional access flags (kernel %s)",
                            live ? "libibverbs and the kernel take" : "the kernel takes", release);
}
