/* SPDX-License-Identifier: Apache-2.0 */

/* What was expected: judged just now, or by the run itself, whose document says how it went. */

#include "bench/report/html.h"
#include "bench/report/page_parts.h"
#include "common/json.h"
#include "common/text.h"

enum { MISSES_SHOWN = 5 };

static const json_t *recorded(const struct mcb_page *page)
{
    return json_object_get(page->ledger->head, "expectations");
}

void mcb_page_count_expectations(const struct mcb_page *page, size_t *rules, size_t *missed)
{
    const struct mcb_expectations *given = page->input->expectations;
    *rules = given ? given->count : json_array_size(recorded(page));
    *missed = 0;
    for (size_t i = 0; i < *rules; i++)
        *missed += given
                       ? !mcb_expectation_holds(&given->list[i])
                       : !json_is_true(json_object_get(json_array_get(recorded(page), i), "holds"));
}

bool mcb_page_has_expectations(const struct mcb_page *page)
{
    size_t rules, missed;
    mcb_page_count_expectations(page, &rules, &missed);
    return rules > 0;
}

static void begin_row(const struct mcb_page *page, const char *rule, bool holds)
{
    mcb_html_print(page->out, "<tr><th scope=\"row\"><code>%s</code></th><td class=\"%s\">", rule,
                   holds ? "good" : "bad");
    if (holds)
        mcb_html_put(page->out, "&#10004;&#65038; holds</td>");
    else
        mcb_html_put(page->out, "&#10008; missed</td>");
}

static void print_counts(const struct mcb_page *page, size_t chosen, size_t held, size_t unjudged)
{
    mcb_html_print(page->out,
                   "<td class=\"n\">%zu</td><td class=\"n\">%zu</td><td class=\"n\">%zu</td><td>",
                   chosen, held, unjudged);
}

/* unit: "" where it is not known. */
static void print_miss(const struct mcb_page *page, const struct mcb_ledger_cell *cell,
                       double figure, double bound, const char *unit)
{
    char number[MCB_TEXT_NUMBER_MAX], wanted[MCB_TEXT_NUMBER_MAX], label[MCB_LEDGER_LABEL_MAX];
    const char *gap = *unit ? " " : "";
    if (!cell)
        return;
    mcb_html_put(page->out, "<div>");
    mcb_page_path(page, cell);
    if (page->ledger->setting_count > 1)
        mcb_html_print(page->out, " <span class=\"dim\">%s</span>",
                       mcb_ledger_setting_label(page->ledger, cell->setting, label));
    if (figure > 0)
        mcb_html_print(page->out, ": <b>%s</b>%s%s", mcb_text_number(figure, number), gap, unit);
    else
        mcb_html_put(page->out, ": no figure");
    if (bound > 0)
        mcb_html_print(page->out, ", bound %s%s%s", mcb_text_number(bound, wanted), gap, unit);
    mcb_html_put(page->out, "</div>");
}

static void end_row(const struct mcb_page *page, size_t misses)
{
    if (misses > MISSES_SHOWN)
        mcb_html_print(page->out, "<div class=\"dim\">and %zu more</div>", misses - MISSES_SHOWN);
    mcb_html_put(page->out, "</td></tr>\n");
}

static void print_given(const struct mcb_page *page, const struct mcb_expectation *expectation)
{
    begin_row(page, expectation->rule->text, mcb_expectation_holds(expectation));
    print_counts(page, expectation->chosen, expectation->held, expectation->unjudged);
    for (size_t i = 0; i < expectation->miss_count && i < MISSES_SHOWN; i++) {
        const struct mcb_expectation_miss *miss = &expectation->misses[i];
        print_miss(page, &page->ledger->cells[miss->cell], miss->figure, miss->bound,
                   mcb_rule_unit(expectation->rule));
    }
    end_row(page, expectation->miss_count);
}

static size_t count_of(const json_t *object, const char *key)
{
    json_int_t count = json_integer_value(json_object_get(object, key));
    return count > 0 ? (size_t)count : 0;
}

static void print_recorded(const struct mcb_page *page, const json_t *expectation)
{
    const json_t *misses = json_object_get(expectation, "misses");
    begin_row(page, mcb_json_text(expectation, "rule"),
              json_is_true(json_object_get(expectation, "holds")));
    print_counts(page, count_of(expectation, "chosen"), count_of(expectation, "held"),
                 count_of(expectation, "unjudged"));
    for (size_t i = 0; i < json_array_size(misses) && i < MISSES_SHOWN; i++) {
        const json_t *miss = json_array_get(misses, i);
        print_miss(page, mcb_ledger_at(page->ledger, count_of(miss, "cell")),
                   json_number_value(json_object_get(miss, "figure")),
                   json_number_value(json_object_get(miss, "bound")), "");
    }
    end_row(page, json_array_size(misses));
}

void mcb_page_expectations(const struct mcb_page *page)
{
    const struct mcb_expectations *given = page->input->expectations;
    size_t rules, missed;
    mcb_page_count_expectations(page, &rules, &missed);
    if (given && given->machine[0])
        mcb_html_print(page->out, "<p>Rules of the machine type <b>%s</b>.</p>\n", given->machine);
    mcb_page_box_begin(page, "expectations");
    mcb_html_put(page->out,
                 "<table><thead><tr><th scope=\"col\">rule</th><th scope=\"col\">verdict</th>"
                 "<th scope=\"col\" class=\"n\">cells</th><th scope=\"col\" class=\"n\">hold</th>"
                 "<th scope=\"col\" class=\"n\">not judged</th><th scope=\"col\">worst</th></tr>"
                 "</thead><tbody>\n");
    for (size_t i = 0; i < rules; i++)
        if (given)
            print_given(page, &given->list[i]);
        else
            print_recorded(page, json_array_get(recorded(page), i));
    mcb_html_put(page->out, "</tbody></table>\n");
    mcb_page_box_end(page);
}
