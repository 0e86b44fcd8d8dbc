/* SPDX-License-Identifier: Apache-2.0 */

/* How to measure this again, as lines for a shell. Words come from the result, so each is quoted as
 * far as a shell needs it, and shown as it is run. */

#include <string.h>

#include "bench/report/html.h"
#include "bench/report/page_parts.h"
#include "common/json.h"

enum { WORDS_MAX = 500 };

static void print_command(const struct mcb_page *page)
{
    const json_t *command = json_object_get(page->ledger->head, "command");
    size_t count = json_array_size(command);
    for (size_t i = 0; i < count && i < WORDS_MAX; i++) {
        const char *word = json_string_value(json_array_get(command, i));
        fputs(i ? " " : "", page->out);
        mcb_html_shell_word(page->out, word ? word : "");
    }
    if (count > WORDS_MAX)
        mcb_html_print(page->out, "  # and %zu words more, which the result has",
                       count - WORDS_MAX);
}

/* Text of a result becomes a line for a shell only where it calls mcbench: whoever copies the line
 * would run whatever else it says. */
static bool is_of_mcbench(const struct mcb_page *page)
{
    const char *word =
        json_string_value(json_array_get(json_object_get(page->ledger->head, "command"), 0));
    const char *slash = word ? strrchr(word, '/') : NULL;
    return word && strcmp(slash ? slash + 1 : word, "mcbench") == 0;
}

/* Names of settings are those of options; none of another form becomes part of a command. */
static bool is_option_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    return name[0] >= 'a' && name[0] <= 'z' && name[strspn(name, letters)] == '\0';
}

static bool is_of_variable(const char *name, const json_t *setting)
{
    return strcmp(mcb_json_text(setting, "from"), "variable") == 0 && is_option_name(name);
}

/* What variables of the environment had decided, as options. Returns how many these are. */
static size_t print_variables(const struct mcb_page *page, bool print)
{
    json_t *setting;
    const char *name;
    size_t count = 0;
    json_object_foreach(json_object_get(page->ledger->head, "settings"), name, setting)
    {
        if (!is_of_variable(name, setting) || count == WORDS_MAX)
            continue;
        count++;
        if (!print)
            continue;
        mcb_html_print(page->out, " --%s", name);
        if (strcmp(mcb_json_text(setting, "value"), "true") != 0) {
            mcb_html_put(page->out, "=");
            mcb_html_shell_word(page->out, mcb_json_text(setting, "value"));
        }
    }
    return count;
}

/* Which ranks run it. */
static void print_ranks(const struct mcb_page *page)
{
    const json_t *job = json_object_get(page->ledger->head, "job");
    const char *method = mcb_json_text(job, "method");
    unsigned ranks = (unsigned)json_integer_value(json_object_get(job, "ranks"));
    if (strcmp(method, "etcd") == 0)
        mcb_html_print(page->out, "<p>On each of the %u hosts; this is what one of them ran:</p>\n",
                       ranks);
    else if (strcmp(method, "direct") == 0)
        mcb_html_put(page->out, "<p>On two hosts, one with <code>--listen</code> and one with "
                                "<code>--connect</code>; this is what one of them ran:</p>\n");
    else
        mcb_html_put(page->out, "<p>On this one host:</p>\n");
}

static void print_tables(const struct mcb_page *page)
{
    FILE *out = page->out;
    if (!page->ledger->path)
        return;
    mcb_html_put(out, "<p>All figures of this result as tables:</p>\n"
                      "<pre class=\"shell\"><code>mcbench show ");
    mcb_html_shell_word(out, page->ledger->path);
    mcb_html_put(out, "</code></pre>\n");
}

void mcb_page_repeat(const struct mcb_page *page)
{
    FILE *out = page->out;
    if (!is_of_mcbench(page)) {
        mcb_html_put(out, "<p>What the result names as its command is no command of mcbench: ");
        print_command(page);
        mcb_html_put(out, "</p>\n");
        print_tables(page);
        return;
    }
    print_ranks(page);
    mcb_html_put(out, "<pre class=\"shell\"><code>");
    print_command(page);
    mcb_html_put(out, "</code></pre>\n");
    if (print_variables(page, false) > 0) {
        mcb_html_put(out,
                     "<p>Variables of the environment decided some settings. The same, whatever "
                     "they are:</p>\n<pre class=\"shell\"><code>");
        print_command(page);
        print_variables(page, true);
        mcb_html_put(out, "</code></pre>\n");
    }
    print_tables(page);
}
