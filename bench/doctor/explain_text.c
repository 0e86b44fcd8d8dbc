/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/doctor/explain_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/text.h"

enum {
    LABEL = 7, /* columns of "cause  " */
    SITES_MOST = 8,
    KINDS_MOST = 5,
    LINE_MAX = 2 * MCB_EXPLAIN_TEXT_MAX,
    COUNT_MAX = 32,
    WHEN_MAX = 64
};

struct printing {
    const struct mcb_canvas *canvas;
    const struct mcb_explain *explain;
    bool told[MCB_FAULT_COUNT]; /* cause and fix were printed already */
};

/* "48,212" */
static char *count_text(uint64_t count, char text[COUNT_MAX])
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, count), used = 0;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            text[used++] = ',';
        text[used++] = digits[i];
    }
    text[used] = '\0';
    return text;
}

/* "2026-11-22 09:14:02.118" in local time, "[12345.678901]" since boot, "" */
static char *when_text(const struct mcb_explain_moment *when, char text[WHEN_MAX])
{
    time_t seconds = (time_t)(when->wall_us / 1000000);
    struct tm parts;
    text[0] = '\0';
    if (when->uptime_us >= 0)
        snprintf(text, WHEN_MAX, "[%" PRId64 ".%06" PRId64 "]", when->uptime_us / 1000000,
                 when->uptime_us % 1000000);
    else if (when->wall_us != MCB_LOG_NO_TIME && localtime_r(&seconds, &parts)) {
        size_t length = strftime(text, WHEN_MAX, "%F %T", &parts);
        snprintf(text + length, WHEN_MAX - length, ".%03d",
                 (int)(when->wall_us % 1000000 / 1000 + (when->wall_us < 0 ? 999 : 0)));
    }
    return text;
}

static void print_fitting(const struct printing *printing, enum mcb_paint paint,
                          const char *foreign, size_t indent)
{
    char clean[LINE_MAX];
    size_t columns = printing->canvas->columns;
    mcb_text_clean(foreign, clean, sizeof clean);
    mcb_text_fit(clean, columns > indent + 20 ? columns - indent : 20);
    mcb_canvas_put(printing->canvas, paint, clean);
    fputc('\n', printing->canvas->out);
}

static void print_label(const struct printing *printing, const char *label)
{
    mcb_canvas_put(printing->canvas, MCB_PAINT_DIM, label);
    mcb_text_pad(printing->canvas->out, LABEL - strlen(label));
}

static void print_place(const struct printing *printing, const struct mcb_explain_line *line)
{
    char number[COUNT_MAX], clean[256];
    const char *name = printing->explain->logs[line->log].name;
    fprintf(printing->canvas->out, "line %s of %s", count_text(line->number, number),
            mcb_text_clean(name, clean, sizeof clean));
}

static bool is_host_said(const struct printing *printing, const char *host, size_t log)
{
    return strcmp(host, printing->explain->logs[log].name) != 0;
}

/* "first real error  2026-11-22 09:14:02.118  n3  (line 48,212 of mooncake.log)" */
static void print_heading(const struct printing *printing, const char *title, enum mcb_paint paint,
                          const struct mcb_explain_finding *finding)
{
    FILE *out = printing->canvas->out;
    char when[WHEN_MAX], clean[256];
    mcb_canvas_put(printing->canvas, paint, title);
    if (*when_text(&finding->when, when))
        fprintf(out, "  %s", when);
    if (is_host_said(printing, finding->host, finding->lines[0].log))
        fprintf(out, "  %s", mcb_text_clean(finding->host, clean, sizeof clean));
    fputs("  (", out);
    print_place(printing, &finding->lines[0]);
    fputs(finding->whose == MCB_EXPLAIN_WHOSE_ANY ? ", which does not say of which host)\n" : ")\n",
          out);
}

/* The message, without the head of its line. */
static void print_message(const struct printing *printing, const char *text)
{
    struct mcb_log_line line;
    mcb_log_line_read(text, strlen(text), &line);
    const char *message = text + line.message;
    message += strspn(message, " \t");
    fputs("  ", printing->canvas->out);
    print_fitting(printing, MCB_PAINT_PLAIN, *message ? message : text, 2);
}

/* The title of the fault, and its id at the right edge. */
static void print_fault(const struct printing *printing, const struct mcb_fault *fault)
{
    FILE *out = printing->canvas->out;
    size_t title = mcb_text_columns(fault->title) + 2, id = strlen(fault->id);
    fprintf(out, "  %s", fault->title);
    if (title + 2 + id <= printing->canvas->columns)
        mcb_text_pad(out, printing->canvas->columns - title - id);
    else
        fputs("  ", out);
    mcb_canvas_put(printing->canvas, MCB_PAINT_DIM, fault->id);
    fputc('\n', out);
}

/* Each line of a fix as it is: it is to be copied. */
static void print_fix(const struct printing *printing, const char *fix)
{
    FILE *out = printing->canvas->out;
    for (size_t number = 0; *fix; number++) {
        size_t length = strcspn(fix, "\n");
        if (number == 0)
            print_label(printing, "fix");
        else
            mcb_text_pad(out, LABEL);
        fprintf(out, "%.*s\n", (int)length, fix);
        fix += length + (fix[length] == '\n');
    }
}

static void print_explanation(struct printing *printing, const struct mcb_explain_finding *finding)
{
    const struct mcb_fault *fault = mcb_fault_get(finding->code);
    FILE *out = printing->canvas->out;
    if (finding->mtu > 0) {
        print_label(printing, "cause");
        fprintf(out, "%d bytes here, %d bytes at the peer\n", finding->mtu, finding->peer_mtu);
    }
    if (printing->told[finding->code]) {
        print_label(printing, "cause");
        fputs("and fix as above\n", out);
        return;
    }
    printing->told[finding->code] = true;
    if (*fault->cause) {
        print_label(printing, finding->mtu > 0 ? "" : "cause");
        mcb_text_wrap(out, fault->cause, LABEL, printing->canvas->columns);
    }
    print_fix(printing, fault->fix);
}

static void print_lines(const struct printing *printing, const struct mcb_explain_finding *finding)
{
    FILE *out = printing->canvas->out;
    char number[COUNT_MAX], count[COUNT_MAX];
    if (finding->count < 2)
        return;
    for (size_t i = 0; i < finding->line_count; i++) {
        if (i == 0)
            print_label(printing, "lines");
        else
            mcb_text_pad(out, LABEL);
        int columns = fprintf(out, "%9s  ", count_text(finding->lines[i].number, number));
        print_fitting(printing, MCB_PAINT_DIM, finding->lines[i].text,
                      LABEL + (columns > 0 ? (size_t)columns : 0));
    }
    if (finding->count > finding->line_count) {
        mcb_text_pad(out, LABEL);
        fprintf(out, "in all %s lines", count_text(finding->count, count));
        if (finding->last_log == finding->lines[0].log)
            fprintf(out, ", to line %s", count_text(finding->last_number, number));
        fputc('\n', out);
    }
}

/* "then   3,114 x work requests were flushed ... (MCB-RDMA-025), lines 48,213, ..." */
static void print_consequence(const struct printing *printing,
                              const struct mcb_explain_finding *finding, bool is_first)
{
    const struct mcb_explain_finding *cause = &printing->explain->findings[finding->cause];
    const char *if_of_host = "";
    FILE *out = printing->canvas->out;
    const struct mcb_fault *fault = mcb_fault_get(finding->code);
    char text[1024], number[COUNT_MAX], clean[256];
    size_t length = (size_t)snprintf(text, sizeof text, "%s × %.200s (%s), line%s",
                                     count_text(finding->count, number), fault->title, fault->id,
                                     finding->line_count > 1 ? "s" : "");
    for (size_t i = 0; i < finding->line_count; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s %s", i > 0 ? "," : "",
                                   count_text(finding->lines[i].number, number));
    if (finding->lines[0].log != cause->lines[0].log)
        length +=
            (size_t)snprintf(text + length, sizeof text - length, " of %.100s",
                             mcb_text_clean(printing->explain->logs[finding->lines[0].log].name,
                                            clean, sizeof clean));
    if (cause->whose == MCB_EXPLAIN_WHOSE_ANY && finding->whose != MCB_EXPLAIN_WHOSE_ANY)
        if_of_host = ", if both logs are of one host";
    snprintf(text + length, sizeof text - length, "%s: a consequence%s",
             finding->count > finding->line_count ? ", …" : "", if_of_host);
    if (is_first)
        print_label(printing, "then");
    else
        mcb_text_pad(out, LABEL);
    mcb_text_wrap(out, text, LABEL, printing->canvas->columns);
}

static void print_consequences(const struct printing *printing, size_t cause)
{
    const struct mcb_explain *explain = printing->explain;
    bool is_first = true;
    size_t printed = 0, more = 0;
    for (size_t i = cause + 1; i < explain->finding_count; i++) {
        const struct mcb_explain_finding *finding = &explain->findings[i];
        if (finding->role != MCB_EXPLAIN_CONSEQUENCE || finding->cause != cause)
            continue;
        if (printed++ >= SITES_MOST) {
            more++;
            continue;
        }
        print_consequence(printing, finding, is_first);
        is_first = false;
    }
    if (more > 0) {
        mcb_text_pad(printing->canvas->out, LABEL);
        fprintf(printing->canvas->out, "and %zu more consequences\n", more);
    }
}

static void print_path(const struct printing *printing, const struct mcb_explain_finding *finding)
{
    char clean[LINE_MAX];
    if (*finding->path)
        fprintf(printing->canvas->out, "  on path %s\n",
                mcb_text_clean(finding->path, clean, sizeof clean));
}

static const struct {
    const char *first, *next;
    enum mcb_paint paint;
} titles[] = {
    [MCB_EXPLAIN_FIRST] = {"first real error", "first error there", MCB_PAINT_RED},
    [MCB_EXPLAIN_LATER] = {"later error", "later error", MCB_PAINT_RED},
    [MCB_EXPLAIN_DOUBT] = {"doubtful", "doubtful", MCB_PAINT_YELLOW},
    [MCB_EXPLAIN_CONSEQUENCE] = {"consequence", "consequence", MCB_PAINT_PLAIN},
    [MCB_EXPLAIN_ORPHAN] = {"only consequences", "only consequences", MCB_PAINT_YELLOW},
};

static void print_finding(struct printing *printing, size_t index, bool is_first)
{
    const struct mcb_explain_finding *finding = &printing->explain->findings[index];
    const char *title = is_first ? titles[finding->role].first : titles[finding->role].next;
    print_heading(printing, title, titles[finding->role].paint, finding);
    print_message(printing, finding->lines[0].text);
    print_fault(printing, mcb_fault_get(finding->code));
    print_path(printing, finding);
    if (finding->role == MCB_EXPLAIN_ORPHAN) {
        print_label(printing, "cause");
        mcb_text_wrap(printing->canvas->out,
                      "the first error, which is no flush, is in none of these logs: look at what "
                      "came before them, and at the peer's log",
                      LABEL, printing->canvas->columns);
    } else {
        print_explanation(printing, finding);
    }
    print_lines(printing, finding);
    print_consequences(printing, index);
    fputc('\n', printing->canvas->out);
}

/* One pass over the findings: those of its roles, no more than a few unless all are wanted. */
struct pass {
    unsigned roles; /* 1 << role */
    const char *more;
};

static void print_pass(struct printing *printing, const struct pass *pass, bool all)
{
    const struct mcb_explain *explain = printing->explain;
    size_t printed = 0, more = 0;
    for (size_t i = 0; i < explain->finding_count; i++) {
        enum mcb_explain_role role = explain->findings[i].role;
        if (!(pass->roles & 1U << role))
            continue;
        if (printed < SITES_MOST || all)
            print_finding(printing, i, printed++ == 0);
        else
            more++;
    }
    if (more > 0)
        fprintf(printing->canvas->out, "%zu more %s (--all)\n\n", more, pass->more);
}

/* What is a real error comes before what only may be one. */
static void print_findings(struct printing *printing, bool all)
{
    static const struct pass passes[] = {
        {1U << MCB_EXPLAIN_ORPHAN, "hosts and paths with consequences only"},
        {1U << MCB_EXPLAIN_DOUBT, "doubtful"},
    };
    const struct mcb_explain *explain = printing->explain;
    const struct pass errors = {1U << MCB_EXPLAIN_FIRST | (all ? 1U << MCB_EXPLAIN_LATER : 0),
                                "hosts and paths with an error"};
    size_t later = 0;
    print_pass(printing, &errors, all);
    for (size_t i = 0; i < sizeof passes / sizeof *passes; i++)
        print_pass(printing, &passes[i], all);
    for (size_t i = 0; i < explain->finding_count; i++)
        later += explain->findings[i].role == MCB_EXPLAIN_LATER;
    if (later > 0 && !all)
        fprintf(printing->canvas->out,
                "%zu other error%s of the same hosts and paths, later "
                "(--all)\n",
                later, later == 1 ? "" : "s");
    if (explain->findings_beyond > 0)
        fprintf(printing->canvas->out,
                "%" PRIu64 " lines more are of hosts and paths beyond the "
                "first %d\n",
                explain->findings_beyond, MCB_EXPLAIN_FINDINGS_MAX);
}

static void print_kind(const struct printing *printing, const struct mcb_explain_kind *kind)
{
    FILE *out = printing->canvas->out;
    char when[WHEN_MAX], count[COUNT_MAX], clean[256];
    fprintf(out, "%s × ", count_text(kind->count, count));
    print_place(printing, &kind->line);
    if (*when_text(&kind->when, when))
        fprintf(out, "  %s", when);
    if (is_host_said(printing, kind->host, kind->line.log))
        fprintf(out, "  %s", mcb_text_clean(kind->host, clean, sizeof clean));
    fputc('\n', out);
    print_message(printing, kind->line.text);
}

static void print_unknowns(const struct printing *printing, bool all)
{
    const struct mcb_explain_unknowns *unknowns = &printing->explain->unknowns;
    FILE *out = printing->canvas->out;
    if (unknowns->count == 0)
        return;
    size_t shown = all || unknowns->count < KINDS_MOST ? unknowns->count : (size_t)KINDS_MOST;
    mcb_canvas_put(printing->canvas, MCB_PAINT_YELLOW, "not in the catalogue");
    fprintf(out, ": %zu kind%s of error, the first line of each\n", unknowns->count,
            unknowns->count == 1 ? "" : "s");
    for (size_t i = 0; i < shown; i++)
        print_kind(printing, &unknowns->kinds[i]);
    if (shown < unknowns->count)
        fprintf(out, "%zu more kinds (--all)\n", unknowns->count - shown);
    if (unknowns->beyond > 0)
        fprintf(out, "%" PRIu64 " lines of yet other kinds\n", unknowns->beyond);
    fputc('\n', out);
}

static bool has_finding(const struct mcb_explain *explain, size_t log)
{
    for (size_t i = 0; i < explain->finding_count; i++)
        if (explain->findings[i].lines[0].log == log)
            return true;
    return false;
}

static void print_clocks(const struct printing *printing)
{
    const struct mcb_explain *explain = printing->explain;
    char clean[256];
    for (size_t i = 0; explain->log_count > 1 && i < explain->log_count; i++)
        if (explain->logs[i].clock != MCB_LOG_CLOCK_WALL && has_finding(explain, i))
            fprintf(printing->canvas->out, "%s has no wall clock%s: its errors come last\n",
                    mcb_text_clean(explain->logs[i].name, clean, sizeof clean),
                    explain->logs[i].clock == MCB_LOG_CLOCK_BOOT ? " (dmesg -T has one)" : "");
}

static void print_summary(const struct printing *printing)
{
    const struct mcb_explain *explain = printing->explain;
    char lines[COUNT_MAX];
    uint64_t total = 0;
    for (size_t i = 0; i < explain->log_count; i++)
        total += explain->logs[i].size.lines;
    if (!mcb_explain_has_error(explain))
        fprintf(printing->canvas->out, "no error found: nothing that the catalogue knows, and no "
                                       "line that calls itself an error\n");
    fprintf(printing->canvas->out, "%s line%s of %zu log%s read\n", count_text(total, lines),
            total == 1 ? "" : "s", explain->log_count, explain->log_count == 1 ? "" : "s");
}

void mcb_explain_text_print(const struct mcb_canvas *canvas, const struct mcb_explain *explain,
                            bool all)
{
    struct printing printing = {.canvas = canvas, .explain = explain};
    print_findings(&printing, all);
    print_unknowns(&printing, all);
    print_clocks(&printing);
    print_summary(&printing);
}
