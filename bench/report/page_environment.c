/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What it was measured on: the run, hosts, NICs, GPUs, endpoints and settings, with the facts that
 * comparisons look at too (environment_facts.h). What all NICs have in common is said once, so that
 * the table shows in what they differ; what is not known of any is left out.
 */

#include <string.h>

#include "bench/report/environment_facts.h"
#include "bench/report/html.h"
#include "bench/report/page_parts.h"
#include "common/json.h"

enum { FACTS_MAX = 32, ALIKE_MAX = 8, WARNINGS_MAX = 500 };

/* ---- warnings ---- */

static const json_t *warnings_of(const struct mcb_page *page)
{
    return json_object_get(page->ledger->head, "warnings");
}

bool mcb_page_has_warnings(const struct mcb_page *page)
{
    return json_array_size(warnings_of(page)) > 0;
}

void mcb_page_warnings(const struct mcb_page *page)
{
    size_t count = json_array_size(warnings_of(page));
    size_t shown = count < WARNINGS_MAX ? count : WARNINGS_MAX;
    mcb_html_put(page->out, "<ul class=\"warnings\">\n");
    for (size_t i = 0; i < shown; i++)
        mcb_html_print(page->out, "<li>%s</li>\n",
                       json_string_value(json_array_get(warnings_of(page), i)));
    mcb_html_put(page->out, "</ul>\n");
    mcb_page_left_out(page, count - shown, "further warnings");
}

/* ---- tables of facts ---- */

/* A kind of thing that a host has. */
struct things {
    enum mcb_fact_of of;
    const char *heading;
    const char *list;              /* member of a host; NULL: the host itself */
    const char *name, *more_names; /* members with which its name goes on after the host's */
};

static const struct things kinds[] = {
    {MCB_FACT_OF_HOST, "Hosts", NULL, NULL, NULL},
    {MCB_FACT_OF_NIC, "NICs", "nics", "name", NULL},
    {MCB_FACT_OF_GPU, "GPUs", "gpus", "name", NULL},
    {MCB_FACT_OF_ENDPOINT, "Endpoints", "endpoints", "nic", "memory"},
};

/* Facts of a kind that are known of one of its things at least. */
struct columns {
    const struct mcb_fact *common[FACTS_MAX], *different[FACTS_MAX];
    size_t common_count, different_count;
};

static const json_t *hosts_of(const struct mcb_page *page)
{
    return json_object_get(page->ledger->head, "hosts");
}

/* Things of all hosts, one after the other. NULL: there are no more. */
struct walk {
    const json_t *hosts;
    const struct things *kind;
    size_t host_at, at;
    const json_t *host; /* whose thing it is */
};

static const json_t *next_thing(struct walk *walk)
{
    while (walk->host_at < json_array_size(walk->hosts)) {
        walk->host = json_array_get(walk->hosts, walk->host_at);
        const json_t *list = json_object_get(walk->host, walk->kind->list ? walk->kind->list : "");
        if (walk->kind->list && walk->at < json_array_size(list))
            return json_array_get(list, walk->at++);
        if (!walk->kind->list && walk->at++ == 0)
            return walk->host;
        walk->host_at++;
        walk->at = 0;
    }
    return NULL;
}

static struct walk begin_walk(const struct mcb_page *page, const struct things *kind)
{
    return (struct walk){.hosts = hosts_of(page), .kind = kind};
}

static bool is_known(const struct mcb_fact *fact, const json_t *thing)
{
    const json_t *value = json_object_get(thing, fact->key);
    if (fact->inner)
        value = json_object_get(value, fact->inner);
    return value && !json_is_null(value);
}

static void sort_fact(const struct mcb_page *page, const struct things *kind,
                      const struct mcb_fact *fact, struct columns *columns)
{
    char first[MCB_DIFFERENCE_TEXT_MAX] = "", text[MCB_DIFFERENCE_TEXT_MAX] = "";
    bool known = false, same = true, begun = false;
    struct walk walk = begin_walk(page, kind);
    for (const json_t *thing; (thing = next_thing(&walk));) {
        mcb_fact_text(fact, thing, begun ? text : first);
        same = same && (!begun || strcmp(text, first) == 0);
        known = known || is_known(fact, thing);
        begun = true;
    }
    if (known && same && columns->common_count < FACTS_MAX)
        columns->common[columns->common_count++] = fact;
    if (known && !same && columns->different_count < FACTS_MAX)
        columns->different[columns->different_count++] = fact;
}

static struct columns find_columns(const struct mcb_page *page, const struct things *kind)
{
    struct columns columns = {.common_count = 0};
    size_t count;
    const struct mcb_fact *facts = mcb_environment_facts(&count);
    for (size_t i = 0; i < count; i++)
        if (facts[i].of == kind->of)
            sort_fact(page, kind, &facts[i], &columns);
    return columns;
}

static void print_name(const struct mcb_page *page, const struct walk *walk, const json_t *thing)
{
    mcb_html_text(page->out, mcb_json_text(walk->host, "host"));
    if (walk->kind->name)
        mcb_html_print(page->out, "/%s", mcb_json_text(thing, walk->kind->name));
    if (walk->kind->more_names)
        mcb_html_print(page->out, "/%s", mcb_json_text(thing, walk->kind->more_names));
}

static void print_common(const struct mcb_page *page, const struct things *kind,
                         const struct columns *columns)
{
    char text[MCB_DIFFERENCE_TEXT_MAX];
    struct walk walk = begin_walk(page, kind);
    const json_t *first = next_thing(&walk);
    if (columns->common_count == 0)
        return;
    mcb_html_put(page->out, "<dl class=\"common\">\n");
    for (size_t i = 0; i < columns->common_count; i++)
        mcb_html_print(page->out, "<div><dt>%s</dt><dd>%s</dd></div>\n", columns->common[i]->what,
                       mcb_fact_text(columns->common[i], first, text));
    mcb_html_put(page->out, "</dl>\n");
}

static size_t print_names(const struct mcb_page *page, const struct things *kind)
{
    size_t shown = 0;
    struct walk walk = begin_walk(page, kind);
    for (const json_t *thing; shown < MCB_PAGE_ROWS_MAX && (thing = next_thing(&walk)); shown++) {
        fputs(shown ? ", " : "", page->out);
        print_name(page, &walk, thing);
    }
    return shown;
}

static size_t print_different(const struct mcb_page *page, const struct things *kind,
                              const struct columns *columns)
{
    char text[MCB_DIFFERENCE_TEXT_MAX];
    size_t shown = 0;
    struct walk walk = begin_walk(page, kind);
    mcb_page_box_begin(page, kind->heading);
    mcb_html_put(page->out, "<table class=\"sortable\"><thead><tr><th scope=\"col\">name</th>");
    for (size_t i = 0; i < columns->different_count; i++)
        mcb_html_print(page->out, "<th scope=\"col\">%s</th>", columns->different[i]->what);
    mcb_html_put(page->out, "</tr></thead><tbody>\n");
    for (const json_t *thing; shown < MCB_PAGE_ROWS_MAX && (thing = next_thing(&walk)); shown++) {
        mcb_html_put(page->out, "<tr><th scope=\"row\">");
        print_name(page, &walk, thing);
        mcb_html_put(page->out, "</th>");
        for (size_t i = 0; i < columns->different_count; i++)
            mcb_html_print(page->out, "<td>%s</td>",
                           mcb_fact_text(columns->different[i], thing, text));
        mcb_html_put(page->out, "</tr>\n");
    }
    mcb_html_put(page->out, "</tbody></table>\n");
    mcb_page_box_end(page);
    return shown;
}

/* A few that do not differ: their names, and all that is known of them. */
static void print_alike(const struct mcb_page *page, const struct things *kind,
                        const struct columns *columns, size_t count)
{
    mcb_html_put(page->out, "<p class=\"dim\">");
    print_names(page, kind);
    fputs(count > 1 ? " have in common:</p>\n" : ":</p>\n", page->out);
    print_common(page, kind, columns);
}

static void print_many(const struct mcb_page *page, const struct things *kind,
                       const struct columns *columns, size_t count)
{
    size_t shown;
    char summary[64];
    if (columns->common_count > 0)
        mcb_html_print(page->out, "<p class=\"dim\">What all %zu have in common:</p>\n", count);
    print_common(page, kind, columns);
    snprintf(summary, sizeof summary,
             columns->different_count > 0 ? "In what the %zu differ" : "The names of all %zu",
             count);
    mcb_page_fold_begin(page, count, summary);
    if (columns->different_count > 0) {
        shown = print_different(page, kind, columns);
    } else {
        mcb_html_put(page->out, "<p>");
        shown = print_names(page, kind);
        mcb_html_put(page->out, "</p>\n");
    }
    mcb_page_left_out(page, count - shown, "more");
    mcb_page_fold_end(page);
}

static void print_kind(const struct mcb_page *page, const struct things *kind)
{
    const struct columns columns = find_columns(page, kind);
    struct walk walk = begin_walk(page, kind);
    size_t count = 0;
    while (next_thing(&walk))
        count++;
    if (count == 0)
        return;
    mcb_html_print(page->out, "<h3>%s</h3>\n", kind->heading);
    if (columns.different_count == 0 && count <= ALIKE_MAX)
        print_alike(page, kind, &columns, count);
    else
        print_many(page, kind, &columns, count);
}

/* ---- the run ---- */

static void print_run(const struct mcb_page *page)
{
    const struct mcb_ledger *ledger = page->ledger;
    const json_t *head = ledger->head, *job = json_object_get(head, "job");
    const char *because = mcb_json_text(json_object_get(head, "transport"), "because");
    FILE *out = page->out;
    mcb_html_put(out, "<dl>\n<dt>measured</dt><dd>");
    mcb_page_time(page, ledger->started);
    if (*mcb_json_text(head, "finished")) {
        mcb_html_put(out, " to ");
        mcb_page_time(page, mcb_json_text(head, "finished"));
    }
    mcb_html_print(out, "</dd>\n<dt>by</dt><dd>%s %s</dd>\n<dt>transport</dt><dd>%s%s%s</dd>\n",
                   mcb_json_text(json_object_get(head, "tool"), "name"),
                   mcb_json_text(json_object_get(head, "tool"), "version"), ledger->transport,
                   *because ? ": " : "", because);
    mcb_html_print(out, "<dt>ranks</dt><dd>%u, found by: %s%s%s</dd>\n",
                   (unsigned)json_integer_value(json_object_get(job, "ranks")),
                   mcb_json_text(job, "method"), *mcb_json_text(job, "name") ? ", job " : "",
                   mcb_json_text(job, "name"));
    mcb_html_put(out, "</dl>\n");
}

static void print_settings(const struct mcb_page *page)
{
    json_t *settings = json_object_get(page->ledger->head, "settings"), *setting;
    const char *name;
    size_t count = json_object_size(settings), shown = 0;
    char summary[64];
    if (count == 0)
        return;
    snprintf(summary, sizeof summary, "%zu settings", count);
    mcb_html_put(page->out, "<h3>Settings</h3>\n");
    mcb_page_fold_begin(page, count, summary);
    mcb_page_box_begin(page, "settings");
    mcb_html_put(page->out, "<table class=\"sortable\"><thead><tr><th scope=\"col\">setting</th>"
                            "<th scope=\"col\">value</th><th scope=\"col\">from</th></tr></thead>"
                            "<tbody>\n");
    json_object_foreach(settings, name, setting)
    {
        if (shown == MCB_PAGE_ROWS_MAX)
            break;
        shown++;
        mcb_html_print(page->out, "<tr><th scope=\"row\">%s</th><td>%s</td><td>%s %s</td></tr>\n",
                       name, mcb_json_text(setting, "value"), mcb_json_text(setting, "from"),
                       mcb_json_text(setting, "variable"));
    }
    mcb_html_put(page->out, "</tbody></table>\n");
    mcb_page_box_end(page);
    mcb_page_left_out(page, count - shown, "further settings");
    mcb_page_fold_end(page);
}

/* ---- the results that were given ---- */

static void print_results(const struct mcb_page *page)
{
    const struct mcb_page_input *input = page->input;
    if (input->ledger_count < 2)
        return;
    mcb_html_print(
        page->out,
        "<h3>Results</h3>\n<p>%zu results were given; the newest one is reported, the others "
        "are in the trends.</p>\n<ul>\n",
        input->ledger_count);
    for (size_t i = 0; i < input->ledger_count && i < MCB_PAGE_ROWS_MAX; i++) {
        mcb_html_put(page->out, "<li>");
        mcb_page_file(page, &input->ledgers[i]);
        mcb_html_put(page->out, " <span class=\"dim\">");
        mcb_page_time(page, input->ledgers[i].started);
        mcb_html_print(page->out, ", %zu cells</span></li>\n", input->ledgers[i].cell_count);
    }
    mcb_html_put(page->out, "</ul>\n");
}

void mcb_page_environment(const struct mcb_page *page)
{
    print_run(page);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        print_kind(page, &kinds[i]);
    print_settings(page);
    print_results(page);
}
