/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_TESTS_EXPECTATION_HELPER_H
#define MCB_TESTS_EXPECTATION_HELPER_H

/* Rules held against ledgers in a few words. Included after cmocka.h. */

#include "bench/report/expectation.h"
#include "tests/unit/ledger_helper.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* What becomes of the rules, which it holds until the next call; release with
 * mcb_expectations_release(). */
static inline struct mcb_expectations judge(const struct mcb_ledger *ledger, const char *text)
{
    static struct mcb_rules rules; /* too large for a stack */
    struct mcb_error error;
    struct mcb_expectations made;
    rules.count = 0;
    if (mcb_rules_parse(text, "--expect", &rules, &error) != 0 ||
        mcb_expectations_make(ledger, &rules, NULL, &made, &error) != 0)
        fail_msg("%s: %s", text, error.detail);
    return made;
}

/* Of one rule: chosen, held, unjudged, missed. */
static inline void assert_judged(const struct mcb_ledger *ledger, const char *text, size_t chosen,
                                 size_t held, size_t unjudged, bool holds)
{
    struct mcb_expectations made = judge(ledger, text);
    const struct mcb_expectation *expectation = &made.list[0];
    assert_int_equal(made.count, 1);
    if (expectation->chosen != chosen || expectation->held != held ||
        expectation->unjudged != unjudged || expectation->miss_count != chosen - held - unjudged ||
        mcb_expectation_holds(expectation) != holds || mcb_expectations_hold(&made) != holds)
        fail_msg("%s: %zu chosen, %zu held, %zu unjudged, %zu missed, %s", text,
                 expectation->chosen, expectation->held, expectation->unjudged,
                 expectation->miss_count, mcb_expectation_holds(expectation) ? "holds" : "not");
    mcb_expectations_release(&made);
}

#endif
