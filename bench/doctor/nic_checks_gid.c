/* SPDX-License-Identifier: Apache-2.0 */
/* The GID table of the port that is used, and which GID of it mcbench and Mooncake would use. */
#include "bench/doctor/nic_checks.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void mcb_sentence_add(struct mcb_sentence *sentence, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int written = vsnprintf(sentence->text + sentence->length,
                            sizeof(sentence->text) - sentence->length, format, arguments);
    va_end(arguments);
    size_t room = sizeof(sentence->text) - 1 - sentence->length;
    sentence->length += written < 0 ? 0 : (size_t)written < room ? (size_t)written : room;
}

/* A variable that holds a number; -1: it is not set, or holds something else. */
static int number_of(const struct mcb_system *system, const char *variable, int most)
{
    const char *text = mcb_system_variable(system, variable);
    char *end;
    long number = text && text[0] ? strtol(text, &end, 10) : -1;
    return number < 0 || number > most || *end != '\0' ? -1 : (int)number;
}

unsigned mcb_nic_asked_port(const struct mcb_system *system)
{
    int port = number_of(system, "MC_IB_PORT", 255);
    return port > 0 ? (unsigned)port : 0;
}

int mcb_nic_asked_gid(const struct mcb_system *system)
{
    int index = number_of(system, "MC_GID_INDEX", MCB_GID_INDEX_MAX);
    if (index < 0 && !mcb_system_variable(system, "MC_GID_INDEX"))
        index = number_of(system, "NCCL_IB_GID_INDEX", MCB_GID_INDEX_MAX);
    return index;
}

static void say_gid(struct mcb_sentence *sentence, const struct mcb_gid *gid)
{
    char text[MCB_GID_TEXT_MAX];
    mcb_sentence_add(sentence, "%u %s%s%s %s", gid->index, mcb_gid_type_name(gid->type),
                     gid->interface[0] ? " " : "", gid->interface,
                     mcb_gid_address(gid->bytes, text));
}

/* table: told where the choice may be mended by another of it. */
static void add_gid(struct mcb_examination *examination, const struct mcb_check *check,
                    const struct mcb_seen_nic *nic, const struct mcb_gid *used,
                    const struct mcb_gid *best, const char *table)
{
    struct mcb_sentence said = {.length = 0};
    int class = mcb_gid_class(used);
    bool degraded = class == 3 || class == 5, old = class == 6;
    say_gid(&said, used);
    mcb_examination_prove(examination, MCB_GROUP_NIC, nic->name, MCB_STAGE_GID, "GID %s",
                          said.text);
    if (!degraded && !old) {
        mcb_examination_add(examination, check, nic->name, MCB_VERDICT_PASS, MCB_FAULT_NONE,
                            "GID %s", said.text);
        return;
    }
    mcb_nic_judge(examination, check, nic, MCB_VERDICT_WARN,
                  degraded ? MCB_FAULT_RDMA_GID_LOCAL : MCB_FAULT_RDMA_GID_NONE,
                  degraded ? "GID %s would be used: it leads nowhere beyond its own link or "
                             "host%s"
                           : "GID %s would be used: RoCE v1 passes no router%s",
                  said.text, table);
    if (best != used && mcb_gid_class(best) < class)
        mcb_examination_fix(examination, "export MC_GID_INDEX=%u  # mcbench: --gid-index %u",
                            best->index, best->index);
    else if (nic->interface[0])
        mcb_examination_fix(examination,
                            "ip address add ADDRESS/PREFIX dev %s  # as root\nrdma link show %s/%u",
                            nic->interface, nic->name, nic->port);
}

static void check_gid(struct mcb_examination *examination, const struct mcb_check *check,
                      const struct mcb_seen_nic *nic, struct mcb_gid *gids)
{
    int asked = mcb_nic_asked_gid(examination->system);
    size_t count = mcb_nic_sysfs_gids(examination->system, nic->name, nic->port, gids);
    const struct mcb_gid *best = mcb_gid_choose(gids, count), *used = asked < 0 ? best : NULL;
    struct mcb_sentence table = {.length = 0};
    for (size_t i = 0; i < count; i++) {
        if (asked >= 0 && gids[i].index == (uint32_t)asked)
            used = &gids[i];
        mcb_sentence_add(&table, i ? ", " : "; the table: ");
        say_gid(&table, &gids[i]);
        if (table.length > 300 && i + 1 < count) {
            mcb_sentence_add(&table, " and %zu more", count - i - 1);
            break;
        }
    }
    if (used) {
        add_gid(examination, check, nic, used, best, table.text);
    } else if (asked >= 0) {
        mcb_nic_judge(examination, check, nic, MCB_VERDICT_FAIL, MCB_FAULT_RDMA_GID_EMPTY,
                      "GID index %d was asked for, and is empty%s", asked, table.text);
        if (best)
            mcb_examination_fix(examination,
                                "export MC_GID_INDEX=%u  # or unset it: it would be chosen",
                                best->index);
    } else {
        mcb_nic_judge(examination, check, nic, MCB_VERDICT_FAIL, MCB_FAULT_RDMA_GID_NONE,
                      "all GIDs of port %u are empty", nic->port);
        if (nic->interface[0])
            mcb_examination_fix(examination,
                                "ip link set %s up  # as root\n"
                                "ip address add ADDRESS/PREFIX dev %s  # as root",
                                nic->interface, nic->interface);
    }
}

bool mcb_nic_is_usable(const struct mcb_system *system, const struct mcb_seen_nic *nic,
                       struct mcb_nic_sysfs *facts)
{
    if (!mcb_nic_sysfs_read(system, nic->name, facts) || facts->iwarp)
        return false;
    const struct mcb_nic_port *port = mcb_nic_sysfs_port(facts, nic->port);
    return nic->port && port && port->active;
}

void mcb_nic_check_gids(struct mcb_examination *examination, const struct mcb_check *check)
{
    struct mcb_gid *gids = calloc(MCB_NIC_GIDS_MAX, sizeof(*gids));
    struct mcb_nic_sysfs facts;
    examination->out_of_memory |= !gids;
    for (size_t i = 0; i < examination->nic_count && gids; i++) {
        const struct mcb_seen_nic *nic = &examination->nics[i];
        if (mcb_nic_is_usable(examination->system, nic, &facts))
            check_gid(examination, check, nic, gids);
        else
            mcb_examination_add(examination, check, nic->name, MCB_VERDICT_SKIP, MCB_FAULT_NONE,
                                "no active port");
    }
    free(gids);
}
