/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The verdict: one word for all of it, and below it what it is made of, each with its own. What was
 * not measured on hardware is said before anything else.
 */

#include <string.h>

#include "bench/report/comparison_words.h"
#include "bench/report/html.h"
#include "bench/report/page_parts.h"
#include "bench/report/trend_words.h"
#include "common/json.h"
#include "common/text.h"

/* In the order of weight. */
enum verdict { GOOD, NOT_ASKED, DOUBTFUL, BAD };

static const struct {
    const char *class, *symbol, *word, *heading;
} verdicts[] = {
    [GOOD] = {"good", "✔\xef\xb8\x8e", "in order", "All in order"}, /* as text, not as a picture */
    [NOT_ASKED] = {"none", "–", "not asked", ""},
    [DOUBTFUL] = {"doubt", "!", "look closer", "Look closer"},
    [BAD] = {"bad", "✘", "not in order", "Not in order"},
};

enum { SAID_MAX = 256 };

/* One check: what it is about, what was found ("": nothing to speak of), and the section that says
 * more. */
struct check {
    const char *subject, *section;
    enum verdict verdict;
    char said[SAID_MAX];
};

static void judge_run(const struct mcb_page *page, struct check *check)
{
    const char *status = mcb_json_text(page->ledger->head, "status");
    const json_t *fault = json_object_get(page->ledger->head, "fault");
    bool complete = strcmp(status, "complete") == 0;
    check->verdict = complete ? GOOD : strcmp(status, "failed") == 0 ? BAD : DOUBTFUL;
    check->section = complete ? NULL : "failed";
    snprintf(check->said, SAID_MAX, "%.40s%s%.160s", status, complete ? "" : ": ",
             complete ? "" : mcb_json_text(fault, "title"));
}

static void judge_cells(const struct mcb_page *page, struct check *check)
{
    size_t count = page->ledger->cell_count;
    int length = snprintf(check->said, SAID_MAX, "%zu of %zu measured", page->ok, count);
    check->verdict = page->failed > 0 ? BAD : page->skipped > 0 || count == 0 ? DOUBTFUL : GOOD;
    check->section = page->failed > 0 ? "failed" : "summary";
    if (page->failed > 0)
        length +=
            snprintf(check->said + length, SAID_MAX - (size_t)length, ", %zu failed", page->failed);
    if (page->skipped > 0)
        snprintf(check->said + length, SAID_MAX - (size_t)length, ", %zu skipped", page->skipped);
}

static void judge_bytes(const struct mcb_page *page, struct check *check)
{
    char verified[MCB_TEXT_NUMBER_MAX], wrong[MCB_TEXT_NUMBER_MAX];
    check->verdict = page->corrupt_bytes > 0 ? BAD : page->verified_bytes > 0 ? GOOD : NOT_ASKED;
    if (page->corrupt_bytes > 0)
        snprintf(check->said, SAID_MAX, "%s wrong, of %s compared",
                 mcb_text_bytes(page->corrupt_bytes, wrong),
                 mcb_text_bytes(page->verified_bytes, verified));
    else if (page->verified_bytes > 0)
        snprintf(check->said, SAID_MAX, "%s compared, none wrong",
                 mcb_text_bytes(page->verified_bytes, verified));
    else
        snprintf(check->said, SAID_MAX, "not compared with what was sent");
}

static void judge_expectations(const struct mcb_page *page, struct check *check)
{
    size_t rules, missed;
    check->section = "expectations";
    mcb_page_count_expectations(page, &rules, &missed);
    if (rules == 0) {
        check->verdict = NOT_ASKED;
        check->section = NULL;
        snprintf(check->said, SAID_MAX, "none given");
        return;
    }
    check->verdict = missed > 0 ? BAD : GOOD;
    snprintf(check->said, SAID_MAX, "%zu of %zu rules hold", rules - missed, rules);
}

static void judge_changes(const struct mcb_page *page, struct check *check)
{
    const struct mcb_comparison *comparison = page->input->comparison;
    check->section = "changes";
    if (!comparison) {
        check->verdict = NOT_ASKED;
        check->section = NULL;
        snprintf(check->said, SAID_MAX, "nothing to compare with");
        return;
    }
    check->verdict = page->regressions > 0 ? BAD : comparison->compared == 0 ? DOUBTFUL : GOOD;
    snprintf(check->said, SAID_MAX, "%zu regression%s, of %zu %s compared", page->regressions,
             page->regressions == 1 ? "" : "s", comparison->compared,
             mcb_comparison_noun(comparison, comparison->compared));
}

/* A path that has changed for the worse, and not been better since. Regressions without any are of
 * the last run alone, or of noise that hides them among the others: no reason to praise. */
static void judge_trends(const struct mcb_page *page, struct check *check)
{
    const struct mcb_trends *trends = page->input->trends;
    size_t worse = 0;
    if (!mcb_page_has_trends(page))
        return;
    for (size_t i = 0; i < trends->count; i++) {
        const struct mcb_trend *trend = &trends->list[i];
        worse += trend->change_count > 0 && trend->changes[trend->change_count - 1].worse;
    }
    check->section = "trends";
    check->verdict = worse > 0 ? DOUBTFUL : page->regressions > 0 ? NOT_ASKED : GOOD;
    if (worse > 0)
        snprintf(check->said, SAID_MAX, "%zu of %zu %s got worse in %zu runs", worse, trends->count,
                 mcb_trends_noun(trends, trends->count), trends->run_count);
    else
        snprintf(check->said, SAID_MAX, "no lasting loss in %zu runs; one run alone makes none",
                 trends->run_count);
}

static void judge_findings(const struct mcb_page *page, struct check *check)
{
    size_t count = json_array_size(json_object_get(page->ledger->head, "findings"));
    check->verdict = count > 0 ? DOUBTFUL : GOOD;
    check->section = count > 0 ? "findings" : NULL;
    snprintf(check->said, SAID_MAX, count > 0 ? "%zu to look at first" : "nothing stands out",
             count);
}

static void judge_warnings(const struct mcb_page *page, struct check *check)
{
    size_t count = json_array_size(json_object_get(page->ledger->head, "warnings"));
    check->verdict = count > 0 ? DOUBTFUL : GOOD;
    check->section = count > 0 ? "warnings" : NULL;
    snprintf(check->said, SAID_MAX, count > 0 ? "%zu" : "none", count);
}

/* ---- on what it was measured ---- */

static bool is_all_software(const struct mcb_page *page)
{
    return page->nics > 0 && page->software_nics == page->nics;
}

/* Nothing measured speaks of hardware alone. */
static bool is_no_hardware(const struct mcb_page *page)
{
    return page->ledger->stand_in || is_all_software(page);
}

static void judge_hardware(const struct mcb_page *page, struct check *check)
{
    const char *kind = is_all_software(page)     ? "software NIC"
                       : page->software_nics > 0 ? "in part software NIC"
                                                 : "hardware NIC";
    int length =
        snprintf(check->said, SAID_MAX, "%zu %s%s", page->nics, kind, page->nics == 1 ? "" : "s");
    check->section = "environment";
    check->verdict = is_no_hardware(page) || page->software_nics > 0 ? NOT_ASKED : GOOD;
    if (page->gpus > 0)
        snprintf(check->said + length, SAID_MAX - (size_t)length, ", %zu %s", page->gpus,
                 page->ledger->stand_in ? "stand-in GPUs"
                 : page->gpus == 1      ? "GPU"
                                        : "GPUs");
}

static void print_software(const struct mcb_page *page)
{
    FILE *out = page->out;
    bool tcp = strcmp(page->ledger->transport, "tcp") == 0;
    if (page->software_nics == 0)
        return;
    if (!is_all_software(page))
        mcb_html_print(out,
                       "<p class=\"banner\"><strong>%zu of %zu NICs are software</strong> (%s): "
                       "their figures say nothing of hardware.</p>\n",
                       page->software_nics, page->nics,
                       tcp ? "no PCI devices" : "Soft-RoCE or the like");
    else if (tcp)
        mcb_html_put(out, "<p class=\"banner\"><strong>No hardware: software NICs.</strong> No "
                          "interface of this result is a PCI device (it is lo, veth or the like). "
                          "The figures say that paths work, and nothing of the speed of "
                          "hardware.</p>\n");
    else
        mcb_html_put(out, "<p class=\"banner\"><strong>No hardware: software NICs.</strong> Every "
                          "NIC of this result is a program (Soft-RoCE or the like). The figures "
                          "say that paths work, and nothing of the speed of hardware.</p>\n");
}

static void print_hardware(const struct mcb_page *page)
{
    FILE *out = page->out;
    if (page->ledger->stand_in)
        mcb_html_put(out,
                     "<p class=\"banner\"><strong>No hardware: stand-in GPUs.</strong> The GPUs "
                     "of this result are host memory made for tests. Nothing here is a "
                     "measurement of hardware.</p>\n");
    print_software(page);
    if (strcmp(page->ledger->transport, "tcp") == 0)
        mcb_html_print(out,
                       "<p class=\"banner mild\"><strong>Over TCP, not RDMA.</strong> %s</p>\n",
                       mcb_json_text(json_object_get(page->ledger->head, "transport"), "because"));
}

/* ---- all of it ---- */

static const struct {
    const char *subject;
    void (*judge)(const struct mcb_page *page, struct check *check);
} checks[] = {
    {"run", judge_run},       {"measured on", judge_hardware},      {"cells", judge_cells},
    {"bytes", judge_bytes},   {"expectations", judge_expectations}, {"comparison", judge_changes},
    {"trends", judge_trends}, {"findings", judge_findings},         {"warnings", judge_warnings},
};

enum { CHECKS = sizeof checks / sizeof *checks };

/* Symbols go out as they are: no text of a result. */
static void print_check(FILE *out, const struct check *check)
{
    mcb_html_print(out, "<li class=\"%s\"><span class=\"symbol\" title=\"%s\">",
                   verdicts[check->verdict].class, verdicts[check->verdict].word);
    fputs(verdicts[check->verdict].symbol, out);
    mcb_html_print(out, "</span> <b>%s</b> ", check->subject);
    if (check->section)
        mcb_html_print(out, "<a href=\"#%s\">%s</a></li>\n", check->section, check->said);
    else
        mcb_html_print(out, "%s</li>\n", check->said);
}

void mcb_page_verdict(const struct mcb_page *page)
{
    FILE *out = page->out;
    struct check made[CHECKS] = {0};
    enum verdict worst = GOOD;
    for (size_t i = 0; i < CHECKS; i++) {
        made[i].subject = checks[i].subject;
        checks[i].judge(page, &made[i]);
        if (made[i].verdict > worst && made[i].verdict != NOT_ASKED)
            worst = made[i].verdict;
    }
    print_hardware(page);
    mcb_html_print(out,
                   "<section id=\"verdict\" class=\"%s\" aria-labelledby=\"verdict-heading\">\n"
                   "<h2 id=\"verdict-heading\"><span aria-hidden=\"true\">",
                   verdicts[worst].class);
    fputs(verdicts[worst].symbol, out);
    mcb_html_print(out, "</span> %s%s</h2>\n<ul>\n", verdicts[worst].heading,
                   is_no_hardware(page) ? "; no hardware was measured" : "");
    for (size_t i = 0; i < CHECKS; i++)
        if (*made[i].said)
            print_check(out, &made[i]);
    mcb_html_put(out, "</ul>\n</section>\n");
}
