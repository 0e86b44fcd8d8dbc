/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_EXPECTATION_MACHINE_H
#define MCB_BENCH_REPORT_EXPECTATION_MACHINE_H

/* Which machine type of a rules file a result is of. For expectation.c alone. */

#include <jansson.h>

#include "common/fault.h"

/* The first entry of "machines" that all hosts of the result fit; *machine NULL: the file has no
 * types. head: of a ledger. Fault: USE_RULE (none fits), with what the hosts are. */
int mcb_expectation_find_machine(const json_t *rules_file, const json_t *head,
                                 const json_t **machine, struct mcb_error *error);

#endif
