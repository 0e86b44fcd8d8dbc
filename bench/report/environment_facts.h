/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_ENVIRONMENT_FACTS_H
#define MCB_BENCH_REPORT_ENVIRONMENT_FACTS_H

/* What is known of a run, a host, a NIC, a GPU and an endpoint that may tell why figures differ. */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "bench/report/environment.h"

enum mcb_fact_of {
    MCB_FACT_OF_RUN,
    MCB_FACT_OF_HOST,
    MCB_FACT_OF_NIC,
    MCB_FACT_OF_GPU,
    MCB_FACT_OF_ENDPOINT
};

struct mcb_fact {
    enum mcb_fact_of of;
    enum mcb_difference_kind kind;
    const char *what;
    const char *key, *inner; /* a member, or a member of that member; inner NULL: the former */
    const char *unit;        /* after numbers; NULL: none */
    double slack;            /* numbers that are closer, as a part, are the same */
    bool of_one_part;        /* of this very part: compared on hosts that kept their name */
};

const struct mcb_fact *mcb_environment_facts(size_t *count);

/* A fact in words, clean; "not known" where there is none. Returns text. */
char *mcb_fact_text(const struct mcb_fact *fact, const json_t *entry,
                    char text[MCB_DIFFERENCE_TEXT_MAX]);

/* False also where HARDWARE is known on one side only: that is no other part. */
bool mcb_fact_differs(const struct mcb_fact *fact, const json_t *before, const json_t *after);

#endif
