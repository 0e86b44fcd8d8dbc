/* SPDX-License-Identifier: Apache-2.0 */
#include "common/id_list.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "common/units.h"

enum { ID_MOST = 1 << 20, ID_DIGITS = 8, CPUS_FIRST = 1024, CPUS_MOST = 1 << 16 };

/* A number and what follows it; NULL if there is none. */
static const char *read_id(const char *at, unsigned *id)
{
    char digits[ID_DIGITS] = "";
    uint64_t value;
    size_t length = strspn(at, "0123456789");
    if (length == 0 || length >= sizeof digits)
        return NULL;
    memcpy(digits, at, length);
    if (mcb_units_parse_unsigned(digits, ID_MOST, &value) != 0)
        return NULL;
    *id = (unsigned)value;
    return at + length;
}

/* "3" or "0-3" and what follows it. */
static const char *read_range(const char *at, unsigned *first, unsigned *last)
{
    at = read_id(at, first);
    *last = *first;
    return at && *at == '-' ? read_id(at + 1, last) : at;
}

bool mcb_id_list_is_valid(const char *list)
{
    unsigned first = 0, last = 0, least = 0;
    if (strnlen(list, MCB_ID_LIST_MAX) == MCB_ID_LIST_MAX)
        return false;
    for (;; list++) {
        list = read_range(list, &first, &last);
        if (!list || first < least || last < first)
            return false;
        least = last + 1;
        if (*list == '\0')
            return true;
        if (*list != ',')
            return false;
    }
}

bool mcb_id_list_contains(const char *list, unsigned id)
{
    unsigned first = 0, last = 0;
    for (;; list++) {
        list = read_range(list, &first, &last);
        if (!list)
            return false;
        if (id >= first && id <= last)
            return true;
        if (*list != ',')
            return false;
    }
}

/* False where there is no room. */
static bool append_range(char list[MCB_ID_LIST_MAX], int first, int last)
{
    size_t length = strlen(list), room = MCB_ID_LIST_MAX - length;
    const char *comma = length ? "," : "";
    int added = first == last ? snprintf(list + length, room, "%s%d", comma, first)
                              : snprintf(list + length, room, "%s%d-%d", comma, first, last);
    return added > 0 && (size_t)added < room;
}

static bool write_set(char list[MCB_ID_LIST_MAX], const cpu_set_t *set, int cpus)
{
    size_t size = CPU_ALLOC_SIZE(cpus);
    list[0] = '\0';
    for (int cpu = 0; cpu < cpus; cpu++) {
        int first = cpu;
        while (cpu < cpus && CPU_ISSET_S(cpu, size, set))
            cpu++;
        if (cpu > first && !append_range(list, first, cpu - 1))
            return false;
    }
    return true;
}

char *mcb_id_list_of_thread(char list[MCB_ID_LIST_MAX])
{
    bool known = false;
    /* The kernel refuses a set that is smaller than its own: EINVAL, sched_getaffinity(2). */
    for (int cpus = CPUS_FIRST; cpus <= CPUS_MOST; cpus *= 2) {
        cpu_set_t *set = CPU_ALLOC(cpus);
        int status = set ? sched_getaffinity(0, CPU_ALLOC_SIZE(cpus), set) : -1;
        bool larger = set && status != 0 && errno == EINVAL;
        known = status == 0 && write_set(list, set, cpus);
        CPU_FREE(set);
        if (!larger)
            break;
    }
    if (!known)
        list[0] = '\0';
    return list;
}
