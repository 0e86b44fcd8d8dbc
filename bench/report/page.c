/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Everything is counted first (page_prepare.c); then the parts are written one after the other, in
 * the order in which somebody asks: is it in order, where do I look, what changed, all figures,
 * what was it measured on, how do I repeat it.
 */
#include "bench/report/page.h"

#include "bench/report/embedded.h"
#include "bench/report/html.h"
#include "bench/report/page_parts.h"
#include "common/file.h"
#include "common/json.h"

enum { HOSTS_NAMED = 4 };

static const struct part {
    const char *id, *heading;
    bool (*is_there)(const struct mcb_page *page); /* NULL: always */
    void (*print)(const struct mcb_page *page);
} parts[] = {
    {"findings", "Look here first", mcb_page_has_findings, mcb_page_findings},
    {"failed", "Failed and skipped", mcb_page_has_failed, mcb_page_failed},
    {"expectations", "Expectations", mcb_page_has_expectations, mcb_page_expectations},
    {"changes", "What changed", mcb_page_has_changes, mcb_page_changes},
    {"summary", "Summary", NULL, mcb_page_summary},
    {"matrices", "Matrices", mcb_page_has_cells, mcb_page_settings},
    {"ways", "Side by side", mcb_page_has_ways, mcb_page_ways},
    {"trends", "Trends", mcb_page_has_trends, mcb_page_trends},
    {"warnings", "Warnings", mcb_page_has_warnings, mcb_page_warnings},
    {"environment", "Environment", NULL, mcb_page_environment},
    {"repeat", "How to repeat", NULL, mcb_page_repeat},
};

enum { PARTS = sizeof parts / sizeof *parts };

static bool is_there(const struct mcb_page *page, const struct part *part)
{
    return !part->is_there || part->is_there(page);
}

static void print_hosts(const struct mcb_page *page)
{
    const json_t *hosts = json_object_get(page->ledger->head, "hosts");
    size_t count = json_array_size(hosts);
    for (size_t i = 0; i < count && i < HOSTS_NAMED; i++)
        mcb_html_print(page->out, "%s%s", i ? ", " : "",
                       mcb_json_text(json_array_get(hosts, i), "host"));
    if (count > HOSTS_NAMED)
        mcb_html_print(page->out, " and %zu more", count - HOSTS_NAMED);
}

static void print_head(const struct mcb_page *page)
{
    FILE *out = page->out;
    const char *style = mcb_embedded_text("page.css"), *script = mcb_embedded_text("page.js");
    char style_source[MCB_HTML_SOURCE_MAX], script_source[MCB_HTML_SOURCE_MAX];
    mcb_html_put(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    mcb_html_print(out,
                   "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                   "style-src '%s'; script-src '%s'; img-src data:; base-uri 'none'; "
                   "form-action 'none'\">\n",
                   mcb_html_source(style, style_source), mcb_html_source(script, script_source));
    mcb_html_put(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                      "<meta name=\"color-scheme\" content=\"light dark\">\n"
                      "<meta name=\"referrer\" content=\"no-referrer\">\n"
                      "<link rel=\"icon\" href=\"data:,\">\n<title>mcbench report: ");
    print_hosts(page);
    mcb_html_print(out, ", %s</title>\n<style>", page->ledger->started);
    fputs(style, out); /* of this program, as its digest above says */
    mcb_html_put(out, "</style>\n</head>\n");
}

static void print_title(const struct mcb_page *page)
{
    const struct mcb_ledger *ledger = page->ledger;
    const json_t *tool = json_object_get(ledger->head, "tool");
    mcb_html_put(page->out, "<header>\n<p class=\"over\">mcbench report</p>\n<h1>");
    print_hosts(page);
    mcb_html_put(page->out, "</h1>\n<p class=\"dim\">");
    mcb_page_time(page, ledger->started);
    mcb_html_print(page->out, " &#183; %s &#183; %zu cell%s in %zu setting%s &#183; %s %s &#183; ",
                   ledger->transport, ledger->cell_count, ledger->cell_count == 1 ? "" : "s",
                   ledger->setting_count, ledger->setting_count == 1 ? "" : "s",
                   mcb_json_text(tool, "name"), mcb_json_text(tool, "version"));
    mcb_page_file(page, ledger);
    mcb_html_put(page->out, "</p>\n</header>\n");
}

static void print_contents(const struct mcb_page *page)
{
    mcb_html_put(page->out, "<nav aria-label=\"sections\">\n<ul>\n");
    for (size_t i = 0; i < PARTS; i++)
        if (is_there(page, &parts[i]))
            mcb_html_print(page->out, "<li><a href=\"#%s\">%s</a></li>\n", parts[i].id,
                           parts[i].heading);
    mcb_html_put(page->out, "</ul>\n</nav>\n");
}

static void print_part(const struct mcb_page *page, const struct part *part)
{
    mcb_html_print(page->out,
                   "<section id=\"%s\" aria-labelledby=\"%s-heading\">\n"
                   "<h2 id=\"%s-heading\">%s</h2>\n",
                   part->id, part->id, part->id, part->heading);
    part->print(page);
    mcb_html_put(page->out, "</section>\n");
}

static void print_body(const struct mcb_page *page)
{
    mcb_html_put(page->out, "<body>\n<main>\n");
    print_title(page);
    mcb_page_verdict(page);
    print_contents(page);
    for (size_t i = 0; i < PARTS; i++)
        if (is_there(page, &parts[i]))
            print_part(page, &parts[i]);
    mcb_html_put(page->out,
                 "</main>\n<footer>This page is complete in itself: it loads nothing and sends "
                 "nothing.</footer>\n");
    mcb_page_data(page);
    mcb_html_put(page->out, "<script>");
    fputs(mcb_embedded_text("page.js"), page->out); /* likewise */
    mcb_html_put(page->out, "</script>\n</body>\n</html>\n");
}

static int print_page(FILE *out, const void *context)
{
    struct mcb_page page = *(const struct mcb_page *)context;
    page.out = out;
    print_head(&page);
    print_body(&page);
    return ferror(out) ? -1 : 0;
}

int mcb_page_write(const char *path, const struct mcb_page_input *input, struct mcb_error *error)
{
    struct mcb_page page;
    if (mcb_page_prepare(input, &page, error) != 0)
        return -1;
    int outcome = mcb_file_write(path, print_page, &page, error);
    mcb_page_release(&page);
    return outcome;
}
