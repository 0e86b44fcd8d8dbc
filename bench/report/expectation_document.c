/* SPDX-License-Identifier: Apache-2.0 */
/* What came of expectations, for result documents. */
#include "bench/report/expectation.h"
#include "common/json.h"

static json_t *misses_to_json(const struct mcb_expectation *expectation,
                              const struct mcb_ledger *ledger)
{
    json_t *misses = json_array();
    for (size_t i = 0; i < expectation->miss_count && misses; i++) {
        const struct mcb_expectation_miss *miss = &expectation->misses[i];
        json_t *entry =
            json_pack("{s:I, s:o, s:f}", "cell", (json_int_t)ledger->cells[miss->cell].position,
                      "figure", mcb_json_positive_or_null(miss->figure), "bound", miss->bound);
        if (json_array_append_new(misses, entry) != 0) {
            json_decref(misses);
            misses = NULL;
        }
    }
    return misses;
}

static json_t *to_json(const struct mcb_expectation *expectation, const struct mcb_ledger *ledger)
{
    return json_pack("{s:s, s:b, s:I, s:I, s:I, s:o}", "rule", expectation->rule->text, "holds",
                     mcb_expectation_holds(expectation), "chosen", (json_int_t)expectation->chosen,
                     "held", (json_int_t)expectation->held, "unjudged",
                     (json_int_t)expectation->unjudged, "misses",
                     misses_to_json(expectation, ledger));
}

json_t *mcb_expectations_to_json(const struct mcb_expectations *expectations,
                                 const struct mcb_ledger *ledger)
{
    json_t *list = json_array();
    for (size_t i = 0; i < expectations->count && list; i++)
        if (json_array_append_new(list, to_json(&expectations->list[i], ledger)) != 0) {
            json_decref(list);
            list = NULL;
        }
    return list;
}
