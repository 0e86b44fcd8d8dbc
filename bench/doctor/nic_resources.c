/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request, a dump of all devices. Attributes are nested: the summary of a device holds entries
 * of a name ("qp") and a number each. Every length is held against what is left.
 */
#include "bench/doctor/nic_resources.h"

#include <linux/netlink.h>
#include <rdma/rdma_netlink.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { MESSAGES_MOST = 256 };

struct span {
    const unsigned char *bytes;
    size_t length;
};

/* The next attribute of a span, which moves on behind it. */
static bool take(struct span *span, unsigned *type, struct span *value)
{
    struct nlattr header;
    if (span->length < sizeof(header))
        return false;
    memcpy(&header, span->bytes, sizeof(header));
    if (header.nla_len < sizeof(header) || header.nla_len > span->length)
        return false;
    *type = header.nla_type & NLA_TYPE_MASK;
    *value = (struct span){span->bytes + sizeof(header), header.nla_len - sizeof(header)};
    size_t step = NLA_ALIGN(header.nla_len);
    step = step < span->length ? step : span->length;
    *span = (struct span){span->bytes + step, span->length - step};
    return true;
}

static bool find(struct span span, unsigned wanted, struct span *value)
{
    unsigned type;
    while (take(&span, &type, value))
        if (type == wanted)
            return true;
    return false;
}

static bool says(struct span value, const char *text)
{
    return value.length == strlen(text) + 1 && memcmp(value.bytes, text, value.length) == 0;
}

static void take_summary(struct span summary, struct mcb_nic_resources *resources)
{
    struct span entry, name, number;
    unsigned type;
    while (take(&summary, &type, &entry)) {
        uint64_t count;
        if (!find(entry, RDMA_NLDEV_ATTR_RES_SUMMARY_ENTRY_NAME, &name) ||
            !find(entry, RDMA_NLDEV_ATTR_RES_SUMMARY_ENTRY_CURR, &number) ||
            number.length != sizeof(count))
            continue;
        memcpy(&count, number.bytes, sizeof(count));
        if (says(name, "qp"))
            resources->queue_pairs = count;
        else if (says(name, "mr"))
            resources->regions = count;
    }
}

/* 1: it is the device's, 0: another's, -1: the dump has ended. */
static int take_message(const struct nlmsghdr *message, const char *device,
                        struct mcb_nic_resources *resources)
{
    struct span all = {(const unsigned char *)NLMSG_DATA(message), NLMSG_PAYLOAD(message, 0)};
    struct span name, summary;
    if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR)
        return -1;
    if (!find(all, RDMA_NLDEV_ATTR_DEV_NAME, &name) || !says(name, device) ||
        !find(all, RDMA_NLDEV_ATTR_RES_SUMMARY, &summary))
        return 0;
    *resources = (struct mcb_nic_resources){.queue_pairs = 0};
    take_summary(summary, resources);
    return 1;
}

static int take_answer(int fd, const char *device, struct mcb_nic_resources *resources)
{
    _Alignas(struct nlmsghdr) char bytes[16384];
    ssize_t got = recv(fd, bytes, sizeof(bytes), 0);
    size_t left = got > 0 ? (size_t)got : 0;
    int result = left > 0 ? 0 : -1;
    for (struct nlmsghdr *message = (struct nlmsghdr *)bytes;
         result == 0 && NLMSG_OK(message, (unsigned)left); message = NLMSG_NEXT(message, left))
        result = take_message(message, device, resources);
    return result;
}

static bool ask(int fd)
{
    const struct nlmsghdr request = {
        .nlmsg_len = NLMSG_LENGTH(0),
        .nlmsg_type = RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, RDMA_NLDEV_CMD_RES_GET),
        .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
    };
    const struct timeval patience = {.tv_usec = 200000};
    return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
           send(fd, &request, sizeof(request), 0) == sizeof(request);
}

bool mcb_nic_resources_read(const char *device, struct mcb_nic_resources *resources)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_RDMA);
    int result = fd >= 0 && ask(fd) ? 0 : -1;
    for (int i = 0; i < MESSAGES_MOST && result == 0; i++)
        result = take_answer(fd, device, resources);
    if (fd >= 0)
        close(fd);
    return result == 1;
}
