/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A comparison as JUnit's XML, which CI systems show as tests. A path that cannot be compared is
 * skipped, with the reason; one that failed before and now is an error, and no regression.
 *
 * Text is escaped as html.h does it, which is XML as well: what it lets through are characters that
 * XML has, and references that it knows.
 */
#include <inttypes.h>
#include <string.h>

#include "bench/report/comparison_forms.h"
#include "bench/report/comparison_suites.h"
#include "bench/report/comparison_words.h"
#include "bench/report/html.h"
#include "common/file.h"

enum {
    DIFFERENCES_TOLD = 4,   /* with each failure */
    PROPERTIES_MOST = 4096, /* of differences over all suites; beyond, the first suite has them */
    NAME_MAX_BYTES = MCB_LEDGER_LABEL_MAX + 16
};

struct printing {
    FILE *out;
    const struct mcb_comparison *comparison;
    const struct mcb_comparison_suites *suites;
};

/* ---- one test case ---- */

/* Both figures, and how sure it is. */
static void print_figures(const struct printing *printing, const struct mcb_comparison_words *words)
{
    mcb_html_print(printing->out, "%s → %s", words->before, words->after);
    if (*words->change)
        mcb_html_print(printing->out, ", %s", words->change);
    if (*words->why)
        mcb_html_print(printing->out, ", %s", words->why);
    if (printing->comparison->baseline_count > 1 && *words->change)
        mcb_html_print(printing->out, " (before: median of the baselines)");
    fputc('\n', printing->out);
}

static void print_differences(const struct printing *printing)
{
    const struct mcb_differences *differences = &printing->comparison->differences;
    char sentence[MCB_DIFFERENCE_SENTENCE_MAX];
    for (size_t i = 0; i < differences->count && i < DIFFERENCES_TOLD; i++)
        mcb_html_print(printing->out, "differs: %s\n",
                       mcb_difference_sentence(&differences->list[i], sentence));
    if (differences->count + differences->beyond > DIFFERENCES_TOLD)
        mcb_html_print(printing->out, "differs: and %zu more, see the properties\n",
                       differences->count + differences->beyond - DIFFERENCES_TOLD);
}

static void print_fault(const struct printing *printing, const char *element,
                        const struct mcb_comparison_row *row, const struct mcb_ledger_fault *fault,
                        const struct mcb_comparison_words *words)
{
    FILE *out = printing->out;
    mcb_html_print(out, "      <%s type=\"%s\" message=\"%s: %s\">", element, fault->id,
                   mcb_change_name(row->change), *fault->detail ? fault->detail : fault->title);
    print_figures(printing, words);
    mcb_html_print(out, "%s: %s\n%s\ncause: %s\nfix: %s\n", fault->id, fault->title, fault->detail,
                   fault->cause, fault->fix);
    print_differences(printing);
    mcb_html_print(out, "</%s>\n", element);
}

static void print_failure(const struct printing *printing, const struct mcb_comparison_row *row,
                          const struct mcb_comparison_words *words)
{
    char detail[MCB_ERROR_DETAIL_MAX], fix[MCB_FAULT_FIX_MAX];
    struct mcb_ledger_fault fault;
    if (mcb_comparison_fault(printing->comparison, row, &fault, detail, fix))
        print_fault(printing, "failure", row, &fault, words);
}

static void print_error(const struct printing *printing, const struct mcb_comparison_row *row,
                        const struct mcb_comparison_words *words)
{
    static const struct mcb_ledger_fault unknown = {"", "failed", "", "", ""};
    const struct mcb_ledger_fault *fault = mcb_comparison_row_fault(printing->comparison, row);
    print_fault(printing, "error", row, fault ? fault : &unknown, words);
}

static void print_skipped(const struct printing *printing, const struct mcb_comparison_row *row,
                          const struct mcb_comparison_words *words)
{
    mcb_html_print(printing->out, "      <skipped message=\"%s%s%s\"/>\n",
                   mcb_change_name(row->change), *words->why ? ": " : "", words->why);
}

static void print_passed(const struct printing *printing, const struct mcb_comparison_row *row,
                         const struct mcb_comparison_words *words)
{
    mcb_html_print(printing->out, "      <system-out>%s: ", mcb_change_name(row->change));
    print_figures(printing, words);
    mcb_html_put(printing->out, "</system-out>\n");
}

static void (*const print_outcome[MCB_CASES])(const struct printing *printing,
                                              const struct mcb_comparison_row *row,
                                              const struct mcb_comparison_words *words) = {
    [MCB_CASE_PASSED] = print_passed,
    [MCB_CASE_FAILURE] = print_failure,
    [MCB_CASE_ERROR] = print_error,
    [MCB_CASE_SKIPPED] = print_skipped,
};

/* Cells that look alike are numbered: CI systems take test cases of one name for one. */
static void print_case(const struct printing *printing, const char *suite, uint32_t number)
{
    const struct mcb_comparison_row *row = &printing->comparison->rows[number];
    uint32_t alike = printing->suites->alike[number];
    struct mcb_comparison_words words;
    char name[NAME_MAX_BYTES];
    mcb_comparison_words(printing->comparison, row, &words);
    snprintf(name, sizeof name, "%s", words.path);
    if (alike > 0)
        snprintf(name, sizeof name, "%s (%" PRIu32 ")", words.path, alike + 1);
    mcb_html_print(printing->out, "    <testcase classname=\"%s\" name=\"%s\" time=\"0\">\n", suite,
                   name);
    print_outcome[mcb_comparison_case(printing->comparison, row)](printing, row, &words);
    mcb_html_put(printing->out, "    </testcase>\n");
}

/* ---- suites ---- */

static void print_property(const struct printing *printing, const char *name, const char *value)
{
    mcb_html_print(printing->out, "      <property name=\"%s\" value=\"%s\"/>\n", name, value);
}

static void print_properties(const struct printing *printing, size_t suite)
{
    const struct mcb_comparison *comparison = printing->comparison;
    const struct mcb_differences *differences = &comparison->differences;
    char text[MCB_COMPARISON_SIDES_MAX], name[64], sentence[MCB_DIFFERENCE_SENTENCE_MAX];
    mcb_html_put(printing->out, "    <properties>\n");
    snprintf(text, sizeof text, "%.4g %%", 100 * comparison->options.tolerance);
    print_property(printing, "tolerance", text);
    snprintf(text, sizeof text, "%.2g %%", 100 * comparison->noise);
    print_property(printing, "noise", text);
    print_property(printing, "compared", mcb_comparison_sides(comparison, text));
    if (comparison->stand_in)
        print_property(printing, "stand-in GPU", "yes: no measurement of hardware");
    bool all = printing->suites->count * differences->count <= PROPERTIES_MOST;
    for (size_t i = 0; (all || suite == 0) && i < differences->count; i++) {
        const struct mcb_difference *difference = &differences->list[i];
        snprintf(name, sizeof name, "differs: %s", mcb_difference_kind_name(difference->kind));
        print_property(printing, name, mcb_difference_sentence(difference, sentence));
    }
    mcb_html_put(printing->out, "    </properties>\n");
}

static void print_totals(const struct printing *printing, size_t tests,
                         const size_t cases[MCB_CASES])
{
    mcb_html_print(printing->out,
                   " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"0\"",
                   tests, cases[MCB_CASE_FAILURE], cases[MCB_CASE_ERROR], cases[MCB_CASE_SKIPPED]);
}

static void print_suite(const struct printing *printing, size_t number)
{
    const struct mcb_comparison_suite *suite = &printing->suites->list[number];
    char label[MCB_LEDGER_LABEL_MAX];
    mcb_ledger_setting_label(suite->ledger, suite->setting, label);
    mcb_html_print(printing->out, "  <testsuite name=\"%s\"", label);
    print_totals(printing, suite->count, suite->cases);
    mcb_html_print(printing->out, " timestamp=\"%s\">\n", printing->comparison->after->started);
    print_properties(printing, number);
    for (size_t i = 0; i < suite->count; i++)
        print_case(printing, label, printing->suites->rows[suite->first + i]);
    mcb_html_put(printing->out, "  </testsuite>\n");
}

static int print_suites(FILE *out, const void *context)
{
    struct printing printing = *(const struct printing *)context;
    printing.out = out;
    mcb_html_put(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"mcbench "
                      "compare\"");
    print_totals(&printing, printing.comparison->row_count, printing.suites->cases);
    mcb_html_put(out, ">\n");
    for (size_t i = 0; i < printing.suites->count; i++)
        print_suite(&printing, i);
    mcb_html_put(out, "</testsuites>\n");
    return ferror(out) ? -1 : 0;
}

int mcb_comparison_write_junit(const char *path, const struct mcb_comparison *comparison,
                               struct mcb_error *error)
{
    struct mcb_comparison_suites suites;
    if (mcb_comparison_suites_make(comparison, &suites, error) != 0)
        return -1;
    const struct printing printing = {.comparison = comparison, .suites = &suites};
    int status = mcb_file_write(path, print_suites, &printing, error);
    mcb_comparison_suites_release(&suites);
    return status;
}
