/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel says of itself: the method QUERY_CONTEXT of uverbs (Linux 5.9) tells which
 * additions to its core it has. */
#include <rdma/ib_user_ioctl_cmds.h>
#include <rdma/ib_user_ioctl_verbs.h>
#include <rdma/rdma_user_ioctl_cmds.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

#include "shim.h"

static bool asks_for_context(const struct ib_uverbs_ioctl_hdr *header)
{
    return header->object_id == UVERBS_OBJECT_DEVICE &&
           header->method_id == UVERBS_METHOD_QUERY_CONTEXT;
}

/* Few drivers have the method, those in software do not: the shim answers in their place. */
static void answer_without_optional_access(const struct ib_uverbs_ioctl_hdr *header, bool answered)
{
    for (size_t n = 0; n < header->num_attrs; n++) {
        void *data = (void *)(uintptr_t)header->attrs[n].data;
        if (header->attrs[n].attr_id == UVERBS_ATTR_QUERY_CONTEXT_CORE_SUPPORT)
            *(uint64_t *)data = 0;
        else if (!answered &&
                 header->attrs[n].attr_id == UVERBS_ATTR_QUERY_CONTEXT_NUM_COMP_VECTORS)
            *(uint32_t *)data = 1;
    }
    mcb_shim_injected(MCB_SHIM_OPTIONAL_ACCESS);
}

MCB_SHIM_EXPORT int ioctl(int file, unsigned long request, ...)
{
    int (*call)(int, unsigned long, ...);
    va_list arguments;
    va_start(arguments, request);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    mcb_shim_real("ioctl", &call);
    int result = call(file, request, argument);
    if (request != RDMA_VERBS_IOCTL || !mcb_shim_action(MCB_SHIM_OPTIONAL_ACCESS, NULL) ||
        !asks_for_context(argument))
        return result;
    answer_without_optional_access(argument, result >= 0);
    return 0;
}
