/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_COMMON_ID_LIST_H
#define MCB_COMMON_ID_LIST_H

/*
 * Lists of CPUs and NUMA nodes as the kernel writes them: "0-3,8", ascending, no blanks
 * (cpuset(7), "List format").
 */

#include <stdbool.h>
#include <stddef.h>

/* Room for a list with its end. What is longer, on a host of hundreds of CPUs that are handed out
 * one by one, counts as not known. */
enum { MCB_ID_LIST_MAX = 512 };

/* A list that may have come from anybody: not empty, shorter than MCB_ID_LIST_MAX, ascending. */
bool mcb_id_list_is_valid(const char *list);

/* False also where the list is not one. */
bool mcb_id_list_contains(const char *list, unsigned id);

/* The CPUs that the calling thread may run on, asked of the kernel; "" where it does not tell.
 * Returns list. */
char *mcb_id_list_of_thread(char list[MCB_ID_LIST_MAX]);

#endif
