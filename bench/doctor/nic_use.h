/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_NIC_USE_H
#define MCB_BENCH_DOCTOR_NIC_USE_H

/*
 * Which NICs of a host a transfer would use. Hosts have others besides: second ports, NICs of the
 * storage, virtual functions for guests. What is wrong with those is told, and is no alarm.
 *
 * In use are those that are named (--nic, MC_TE_FILTERS, Mooncake's device_name); else those
 * nearest to a GPU; else all. Of those nearest to one GPU, or of all, these are left out as long as
 * others remain: iWARP, virtual functions, software beside hardware, what may not be opened, ports
 * that are not active, and ports slower than the fastest. A NIC made of software is there because
 * somebody made it, and in use even while its port is down.
 *
 * In a container that was given the files of some NICs the others are not in use either.
 */

#include "bench/doctor/examination.h"

/* Sets `unused` of each NIC of the examination, from what else is known of them. */
void mcb_nic_use_find(struct mcb_examination *examination);

/* True if a list of names, separated by commas or blanks, has this one. list: NULL has none. */
bool mcb_nic_use_lists(const char *list, const char *name);

#endif
