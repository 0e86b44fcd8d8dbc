/* SPDX-License-Identifier: Apache-2.0 */

/* From text to member: what is expected of a result. */
#include <stdlib.h>

#include "bench/plan/rule.h"
#include "bench/plan/settings_rows.h"

MCB_SETTING_PARSER(expect)
{
    struct mcb_rules *rules = calloc(1, sizeof *rules);
    if (!rules)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "%s: no memory for rules", given_as);
    if (mcb_rules_parse(text, given_as, rules, error) != 0) {
        free(rules);
        return -1;
    }
    settings->expect = rules;
    return 0;
}

MCB_SETTING_PARSER(expect_file)
{
    (void)given_as;
    json_t *rules = mcb_rules_read_file(text, error);
    if (!rules)
        return -1;
    settings->expect_file = rules;
    settings->expect_path = text;
    return 0;
}
