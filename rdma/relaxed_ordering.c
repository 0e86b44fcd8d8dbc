/* SPDX-License-Identifier: Apache-2.0 */
#include "rdma/relaxed_ordering.h"

#include <errno.h>
#include <infiniband/verbs.h>
#include <rdma/ib_user_ioctl_cmds.h>
#include <rdma/ib_user_ioctl_verbs.h>
#include <rdma/rdma_user_ioctl_cmds.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "rdma/device.h"
#include "rdma/locality.h"

/* The kernel wants the number of the driver in each request and tells it nowhere: it answers EINVAL
 * to the wrong ones. There are about 20. */
enum { DRIVERS_MOST = 64 };

/* Of a configuration space, without what PCI Express added; the capabilities are in it. */
enum { CONFIG_BYTES = 256 };

/* The method QUERY_CONTEXT of uverbs (Linux 5.9) tells which additions to the core it has. */
static int query_core_support(int fd, uint32_t driver, uint64_t *support)
{
    uint32_t vectors = 0;
    uint64_t answer = 0;
    _Alignas(8)
        uint8_t request[sizeof(struct ib_uverbs_ioctl_hdr) + 2 * sizeof(struct ib_uverbs_attr)] = {
            0};
    struct ib_uverbs_ioctl_hdr header = {
        .length = sizeof(request),
        .object_id = UVERBS_OBJECT_DEVICE,
        .method_id = UVERBS_METHOD_QUERY_CONTEXT,
        .num_attrs = 2,
        .driver_id = driver,
    };
    struct ib_uverbs_attr attributes[2] = {
        {.attr_id = UVERBS_ATTR_QUERY_CONTEXT_NUM_COMP_VECTORS,
         .len = sizeof(vectors),
         .flags = UVERBS_ATTR_F_MANDATORY,
         .data = (uintptr_t)&vectors},
        {.attr_id = UVERBS_ATTR_QUERY_CONTEXT_CORE_SUPPORT,
         .len = sizeof(answer),
         .flags = UVERBS_ATTR_F_MANDATORY,
         .data = (uintptr_t)&answer},
    };
    memcpy(request, &header, sizeof(header));
    memcpy(request + sizeof(header), attributes, sizeof(attributes));
    if (ioctl(fd, RDMA_VERBS_IOCTL, request) < 0)
        return errno;
    *support = answer;
    return 0;
}

static enum mcb_known probe_kernel(const struct mcb_device *device)
{
    uint64_t support = 0;
    int failed = EINVAL;
    for (uint32_t driver = 0; driver < DRIVERS_MOST && failed == EINVAL; driver++)
        failed = query_core_support(device->context->cmd_fd, driver, &support);
    if (failed)
        return MCB_KNOWN_NOT;
    return support & IB_UVERBS_CORE_SUPPORT_OPTIONAL_MR_ACCESS ? MCB_KNOWN_YES : MCB_KNOWN_NO;
}

/* A clause about the function whose Device Control holds; whose: "its physical function ", or "".
 */
static void explain(const struct mcb_pci_function *function, const char *whose, char reason[128])
{
    if (function->relaxed_ordering != MCB_KNOWN_NOT)
        snprintf(reason, 128, "the PCI Device Control of %s%s has it %s", whose, function->address,
                 function->relaxed_ordering == MCB_KNOWN_YES ? "enabled" : "disabled");
    else if (function->config_bytes < CONFIG_BYTES)
        snprintf(reason, 128, "the PCI configuration of %s%s can be read up to byte %zu only",
                 whose, function->address, function->config_bytes);
    else
        snprintf(reason, 128, "the PCI configuration of %s%s shows no PCI Express capability",
                 whose, function->address);
}

static void probe_nic(const char *name, const char *sysfs, struct mcb_relaxed_ordering *known)
{
    struct mcb_locality locality = mcb_locality_find(sysfs, name);
    struct mcb_pci_function function, physical;
    known->nic = MCB_KNOWN_NOT;
    if (locality.software) {
        snprintf(known->nic_reason, sizeof(known->nic_reason), "it has no PCI function of its own");
        return;
    }
    mcb_pci_read(sysfs, locality.pci_address, &function);
    known->nic = function.relaxed_ordering;
    if (!function.virtual_function)
        explain(&function, "", known->nic_reason);
    else if (mcb_pci_read(sysfs, function.physical_address, &physical))
        explain(&physical, "its physical function ", known->nic_reason);
    else
        snprintf(known->nic_reason, sizeof(known->nic_reason),
                 "%s is a virtual function, and its physical one is not to be seen",
                 locality.pci_address);
}

void mcb_relaxed_ordering_probe(const struct mcb_device *device, const char *sysfs,
                                struct mcb_relaxed_ordering *known)
{
    known->kernel = probe_kernel(device);
    probe_nic(device->name, sysfs, known);
}

const char *mcb_relaxed_ordering_effective(const struct mcb_relaxed_ordering *known, bool asked,
                                           char reason[256])
{
    if (!asked) {
        snprintf(reason, 256, "not asked for");
        return "off";
    }
    if (known->kernel == MCB_KNOWN_NO) {
        snprintf(reason, 256, "the kernel takes no optional access flags");
        return "off";
    }
    if (known->nic == MCB_KNOWN_NO) {
        snprintf(reason, 256, "%s", known->nic_reason);
        return "off";
    }
    if (known->nic == MCB_KNOWN_NOT) {
        snprintf(reason, 256, "%s", known->nic_reason);
        return "unknown";
    }
    if (known->kernel == MCB_KNOWN_NOT) {
        snprintf(reason, 256, "the kernel does not tell whether it takes optional access flags");
        return "unknown";
    }
    snprintf(reason, 256, "the kernel takes the flag, and %s", known->nic_reason);
    return "on";
}
