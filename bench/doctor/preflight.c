/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/doctor/preflight.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cluster/proxy.h"
#include "bench/doctor/limits.h"
#include "bench/doctor/system.h"
#include "common/huge_pages.h"
#include "common/units.h"
#include "gpu/gpu.h"

enum { URL_MAX_BYTES = 4096, SIZE_TEXT = 32 };

struct evidence {
    char text[MCB_EVIDENCE_MAX];
};

struct check {
    const char *name;
    enum mcb_fault_code fault; /* where it fails; NONE: it never does */
    bool (*applies)(const struct mcb_preflight_input *input);
    enum mcb_verdict (*run)(const struct mcb_preflight_input *input, struct evidence *evidence);
};

/* Returns the verdict, so that a check can end with its sentence. */
__attribute__((format(printf, 3, 4))) static enum mcb_verdict
say(enum mcb_verdict verdict, struct evidence *evidence, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(evidence->text, sizeof evidence->text, format, arguments);
    va_end(arguments);
    return verdict;
}

/* ---- memlock ---- */

static bool uses_rdma(const struct mcb_preflight_input *input)
{
    return strcmp(input->transport, "rdma") == 0;
}

static enum mcb_verdict check_memlock(const struct mcb_preflight_input *input,
                                      struct evidence *evidence)
{
    char needs[SIZE_TEXT], limit[SIZE_TEXT];
    mcb_units_format_size(input->host_bytes, needs, sizeof needs);
    mcb_units_format_size(input->memlock_bytes, limit, sizeof limit);
    if (input->memlock_bytes == MCB_LIMIT_NONE)
        return say(MCB_VERDICT_PASS, evidence, "RLIMIT_MEMLOCK is unlimited");
    if (mcb_limits_exempt_from_memlock(input->system))
        return say(MCB_VERDICT_PASS, evidence,
                   "RLIMIT_MEMLOCK is %s, but CAP_IPC_LOCK exempts from it", limit);
    if (input->host_bytes > input->memlock_bytes)
        return say(MCB_VERDICT_FAIL, evidence, "RLIMIT_MEMLOCK is %s: %s to register with %zu NICs",
                   limit, needs, input->nic_count);
    return say(MCB_VERDICT_PASS, evidence, "RLIMIT_MEMLOCK is %s, %s needed", limit, needs);
}

/* ---- memory ---- */

static bool always(const struct mcb_preflight_input *input)
{
    (void)input;
    return true;
}

static bool uses_huge_pages(const struct mcb_preflight_input *input)
{
    return input->settings->huge_pages;
}

/* Huge pages come from a pool of their own, which neither MemAvailable nor memory.max counts. */
static bool uses_other_pages(const struct mcb_preflight_input *input)
{
    return !input->settings->huge_pages;
}

/* What the buffers of all NICs take: memory that is registered twice is there once. */
static uint64_t memory_needed(const struct mcb_preflight_input *input)
{
    size_t orderings = input->settings->ordering_count > 0 ? input->settings->ordering_count : 1;
    return input->host_bytes / orderings;
}

static enum mcb_verdict check_memory(const struct mcb_preflight_input *input,
                                     struct evidence *evidence)
{
    uint64_t needed = memory_needed(input), limit = mcb_limits_cgroup_memory(input->system);
    uint64_t available;
    char needs[SIZE_TEXT], has[SIZE_TEXT];
    mcb_units_format_size(needed, needs, sizeof needs);
    if (needed > limit)
        return say(MCB_VERDICT_FAIL, evidence, "%s needed for %zu NICs: the cgroup allows %s",
                   needs, input->nic_count, mcb_units_format_size(limit, has, sizeof has));
    if (!mcb_limits_memory_available(input->system, &available))
        return say(MCB_VERDICT_WARN, evidence,
                   "%s needed; /proc/meminfo does not tell how much is available", needs);
    mcb_units_format_size(available, has, sizeof has);
    if (needed > available)
        return say(MCB_VERDICT_FAIL, evidence, "%s needed for %zu NICs: %s available", needs,
                   input->nic_count, has);
    return say(MCB_VERDICT_PASS, evidence, "%s needed, %s available", needs, has);
}

/* ---- huge pages ---- */

/* The node that all host memory is asked for on; -1: none, or several. A bounce buffer is asked for
 * on that of its NIC. */
static int one_memory_node(const struct mcb_settings *settings)
{
    bool one = settings->memory_count == 1 && !settings->memories[0].gpu;
    int node = one ? settings->memories[0].number : -1;
    for (size_t i = 0; i < settings->peer_memory_count; i++)
        if (settings->peer_memories[i].gpu || settings->peer_memories[i].number != node)
            return -1;
    return node;
}

static enum mcb_verdict check_huge_pages(const struct mcb_preflight_input *input,
                                         struct evidence *evidence)
{
    char text[MCB_EVIDENCE_MAX];
    struct mcb_huge_pages pages;
    mcb_huge_pages_read(input->root, &pages);
    if (pages.page_bytes == 0)
        return say(MCB_VERDICT_FAIL, evidence, "this kernel has no huge pages (/proc/meminfo)");
    uint64_t bytes = memory_needed(input);
    uint64_t needed = bytes / pages.page_bytes + (bytes % pages.page_bytes > 0);
    int node = one_memory_node(input->settings);
    int64_t of_node = node < 0 ? -1 : mcb_huge_pages_free_on(input->root, node, pages.page_bytes);
    bool node_lacks = of_node >= 0 && (uint64_t)of_node < needed;
    return say(needed > pages.available || node_lacks ? MCB_VERDICT_FAIL : MCB_VERDICT_PASS,
               evidence, "%s",
               mcb_huge_pages_explain(input->root, &pages, needed, node_lacks ? node : -1, text,
                                      sizeof text));
}

/* ---- open files ---- */

static enum mcb_verdict check_open_files(const struct mcb_preflight_input *input,
                                         struct evidence *evidence)
{
    /* Room for libraries and files; a NIC's device, event channels, listener and events; both ends
     * of its streams, where a path leads back to it; a link to each rank. */
    enum { BASE = 64, OF_NIC = 8, ENDS = 2 };
    uint64_t streams = uses_rdma(input) ? 0 : input->settings->qps;
    uint64_t needed =
        BASE + input->settings->ranks + mcb_limits_times(input->nic_count, OF_NIC + ENDS * streams);
    if (input->open_files == MCB_LIMIT_NONE)
        return say(MCB_VERDICT_PASS, evidence, "RLIMIT_NOFILE is unlimited");
    if (needed > input->open_files)
        return say(MCB_VERDICT_FAIL, evidence,
                   "RLIMIT_NOFILE is %" PRIu64 ": %zu NICs x %" PRIu64 " streams and %" PRIu32
                   " ranks need about %" PRIu64,
                   input->open_files, input->nic_count, streams, input->settings->ranks, needed);
    return say(MCB_VERDICT_PASS, evidence, "RLIMIT_NOFILE is %" PRIu64 ", about %" PRIu64 " needed",
               input->open_files, needed);
}

/* ---- proxy ---- */

static bool uses_etcd(const struct mcb_preflight_input *input)
{
    return input->settings->etcd != NULL;
}

static enum mcb_verdict check_proxy(const struct mcb_preflight_input *input,
                                    struct evidence *evidence)
{
    for (const char *next = input->settings->etcd; *next; next += strspn(next, ",")) {
        char url[URL_MAX_BYTES];
        size_t length = strcspn(next, ",");
        snprintf(url, sizeof url, "%.*s", (int)length, next);
        next += length;
        const char *variable = mcb_proxy_for(url);
        if (variable)
            return say(MCB_VERDICT_WARN, evidence,
                       "%s is set and no_proxy does not cover %s: etcd is asked through a proxy",
                       variable, url);
    }
    return say(MCB_VERDICT_PASS, evidence, "etcd is asked without a proxy");
}

/* ---- GPUs ---- */

static bool uses_gpus(const struct mcb_preflight_input *input)
{
    return input->gpus != NULL;
}

/* "2 x NVIDIA H100 80GB HBM3 and others" */
static void describe_gpus(const struct mcb_gpus *gpus, char *text, size_t size)
{
    unsigned alike = 0;
    for (unsigned gpu = 0; gpu < gpus->count; gpu++)
        alike += strcmp(gpus->list[gpu].model, gpus->list[0].model) == 0;
    const char *model = gpus->list[0].model[0] ? gpus->list[0].model : "GPU of unknown model";
    if (alike < gpus->count)
        snprintf(text, size, "%u GPUs, %u of them %s", gpus->count, alike, model);
    else
        snprintf(text, size, "%u x %s", gpus->count, model);
}

/* NO if no GPU has it, YES if one has. */
static enum mcb_known any_dmabuf(const struct mcb_gpus *gpus)
{
    enum mcb_known known = MCB_KNOWN_NO;
    for (unsigned gpu = 0; gpu < gpus->count; gpu++) {
        if (gpus->list[gpu].dmabuf == MCB_KNOWN_YES)
            return MCB_KNOWN_YES;
        if (gpus->list[gpu].dmabuf == MCB_KNOWN_NOT)
            known = MCB_KNOWN_NOT;
    }
    return known;
}

/* Whether the way to register that the settings leave is there, as far as that is known. */
static bool lacks_registration(const struct mcb_settings *settings, enum mcb_known dmabuf,
                               bool peermem)
{
    bool direct = false;
    for (size_t i = 0; i < settings->route_count; i++)
        direct |= settings->routes[i] == MCB_ROUTE_DIRECT;
    switch (direct ? (int)settings->registration : -1) {
    case MCB_REGISTRATION_PEERMEM:
        return !peermem;
    case MCB_REGISTRATION_DMABUF:
        return dmabuf == MCB_KNOWN_NO;
    case MCB_REGISTRATION_AUTO:
        return !peermem && dmabuf == MCB_KNOWN_NO;
    default:
        return false;
    }
}

static enum mcb_verdict check_gpus(const struct mcb_preflight_input *input,
                                   struct evidence *evidence)
{
    static const char *const words[] = {
        [MCB_KNOWN_NOT] = "not known", [MCB_KNOWN_NO] = "no", [MCB_KNOWN_YES] = "yes"};
    char gpus[192];
    const struct mcb_gpu_identity *first = &input->gpus->list[0];
    if (input->gpus->module->stand_in)
        return say(MCB_VERDICT_WARN, evidence,
                   "%u stand-in GPU%s in host memory, made for tests (%s); nothing here is a "
                   "measurement of hardware",
                   input->gpus->count, input->gpus->count == 1 ? "" : "s", input->gpus->path);
    describe_gpus(input->gpus, gpus, sizeof gpus);
    const char *peermem = mcb_limits_peermem(input->system);
    enum mcb_known dmabuf = any_dmabuf(input->gpus);
    bool lacks = uses_rdma(input) && lacks_registration(input->settings, dmabuf, peermem != NULL);
    return say(lacks ? MCB_VERDICT_WARN : MCB_VERDICT_PASS, evidence,
               "%s, driver %s; dma-buf: %s; peermem: %s%s", gpus,
               first->driver[0] ? first->driver : "unknown", words[dmabuf],
               peermem ? peermem : "no module loaded",
               lacks ? "; GPUDirect needs one of them (modprobe nvidia_peermem, or the open kernel "
                       "modules of the driver), --registration the one that it names"
                     : "");
}

/* A GPU whose PCI address comes before that of the one before it; 0: there is none. Addresses of
 * one form: their order is that of their texts. */
static unsigned out_of_order(const struct mcb_preflight_input *input)
{
    const struct mcb_gpus *gpus = input->gpus;
    const char *last = "";
    for (unsigned gpu = 0; gpus && gpu < gpus->count; gpu++) {
        const char *address = gpus->list[gpu].pci_address;
        if (*address && strcmp(address, last) < 0)
            return gpu;
        last = *address ? address : last;
    }
    return 0;
}

static bool has_another_order(const struct mcb_preflight_input *input)
{
    return out_of_order(input) > 0;
}

static enum mcb_verdict check_gpu_order(const struct mcb_preflight_input *input,
                                        struct evidence *evidence)
{
    unsigned gpu = out_of_order(input);
    const char *kind = input->gpus->module->name;
    return say(
        MCB_VERDICT_WARN, evidence,
        "%s:%u is %s, after GPUs of higher PCI addresses: the numbers are the driver's here, "
        "and not those of mcbench topo, which follow the addresses; with "
        "CUDA_DEVICE_ORDER=PCI_BUS_ID both do",
        kind, gpu, input->gpus->list[gpu].pci_address);
}

static bool takes_gpu_memory(const struct mcb_preflight_input *input)
{
    return input->gpus && input->gpu_bytes;
}

/* The GPU of whose memory the largest share is taken; 0 bytes: not known. */
static unsigned fullest_gpu(const struct mcb_preflight_input *input)
{
    unsigned fullest = 0;
    double most = 0;
    for (unsigned gpu = 0; gpu < input->gpus->count; gpu++) {
        double has = (double)input->gpus->list[gpu].memory_bytes;
        double share = has > 0 ? (double)input->gpu_bytes[gpu] / has : 0;
        if (share <= most)
            continue;
        fullest = gpu;
        most = share;
    }
    return fullest;
}

static enum mcb_verdict check_gpu_memory(const struct mcb_preflight_input *input,
                                         struct evidence *evidence)
{
    char needs[SIZE_TEXT], has[SIZE_TEXT];
    unsigned gpu = fullest_gpu(input);
    const char *kind = input->gpus->module->name;
    uint64_t needed = input->gpu_bytes[gpu], all = input->gpus->list[gpu].memory_bytes;
    mcb_units_format_size(needed, needs, sizeof needs);
    mcb_units_format_size(all, has, sizeof has);
    if (all == 0)
        return say(MCB_VERDICT_PASS, evidence, "%s:%u: %s needed; what it has is not known", kind,
                   gpu, needs);
    return say(needed > all ? MCB_VERDICT_FAIL : MCB_VERDICT_PASS, evidence,
               "%s:%u: %s needed, of the %s that it has", kind, gpu, needs, has);
}

/* ---- BAR1 ---- */

/* A GPU of whose memory more is taken than others see through its window; count: none. */
static unsigned beyond_window(const struct mcb_preflight_input *input)
{
    unsigned gpu = 0;
    for (; gpu < input->gpus->count; gpu++) {
        uint64_t window = mcb_limits_bar1_bytes(input->system, input->gpus->list[gpu].pci_address);
        if (window > 0 && input->gpu_bytes[gpu] > window)
            break;
    }
    return gpu;
}

/* GPUs whose memory is the host's, and stand-ins, have none. */
static bool reaches_beyond_window(const struct mcb_preflight_input *input)
{
    return takes_gpu_memory(input) && uses_rdma(input) && !input->gpus->module->stand_in &&
           beyond_window(input) < input->gpus->count;
}

static enum mcb_verdict check_window(const struct mcb_preflight_input *input,
                                     struct evidence *evidence)
{
    char needs[SIZE_TEXT], has[SIZE_TEXT];
    unsigned gpu = beyond_window(input);
    uint64_t window = mcb_limits_bar1_bytes(input->system, input->gpus->list[gpu].pci_address);
    mcb_units_format_size(input->gpu_bytes[gpu], needs, sizeof needs);
    mcb_units_format_size(window, has, sizeof has);
    return say(MCB_VERDICT_WARN, evidence,
               "%s:%u: %s to register, and BAR1, through which a NIC reaches it, has %s",
               input->gpus->module->name, gpu, needs, has);
}

/* ---- the table ---- */

static const struct check checks[] = {
    {"memlock", MCB_FAULT_HOST_MEMLOCK, uses_rdma, check_memlock},
    {"memory", MCB_FAULT_HOST_MEMORY, uses_other_pages, check_memory},
    {"huge pages", MCB_FAULT_HOST_HUGE_PAGES, uses_huge_pages, check_huge_pages},
    {"gpu", MCB_FAULT_NONE, uses_gpus, check_gpus},
    {"gpu order", MCB_FAULT_NONE, has_another_order, check_gpu_order},
    {"gpu memory", MCB_FAULT_GPU_MEMORY, takes_gpu_memory, check_gpu_memory},
    {"BAR1", MCB_FAULT_GPU_BAR1, reaches_beyond_window, check_window},
    {"open files", MCB_FAULT_HOST_SYSTEM, always, check_open_files},
    {"proxy", MCB_FAULT_NET_PROXY, uses_etcd, check_proxy},
};

void mcb_preflight_input_from_host(struct mcb_preflight_input *input)
{
    struct mcb_system *host;
    struct mcb_error error;
    *input = (struct mcb_preflight_input){
        .root = "", .memlock_bytes = MCB_LIMIT_NONE, .open_files = MCB_LIMIT_NONE};
    if (mcb_system_open("", NULL, &host, &error) != 0)
        return;
    input->memlock_bytes = mcb_limits_locked_memory(host);
    input->open_files = mcb_limits_open_files(host);
    mcb_system_close(host);
}

static int run_checks(const struct mcb_preflight_input *input, mcb_preflight_seen *seen,
                      void *context, struct mcb_error *error)
{
    int status = 0;
    for (size_t n = 0; n < sizeof checks / sizeof checks[0]; n++) {
        struct evidence evidence = {""};
        if (!checks[n].applies(input))
            continue;
        enum mcb_verdict verdict = checks[n].run(input, &evidence);
        if (seen)
            seen(checks[n].name, verdict, evidence.text, context);
        if (verdict == MCB_VERDICT_FAIL && status == 0)
            status = mcb_error_set(error, checks[n].fault, "%s", evidence.text);
    }
    return status;
}

int mcb_preflight_run(const struct mcb_preflight_input *input, mcb_preflight_seen *seen,
                      void *context, struct mcb_error *error)
{
    struct mcb_preflight_input whole = *input;
    struct mcb_system *host;
    if (mcb_system_open(input->root, NULL, &host, error) != 0)
        return -1;
    whole.system = host;
    int status = run_checks(&whole, seen, context, error);
    mcb_system_close(host);
    return status;
}
