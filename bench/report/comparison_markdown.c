/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A comparison as Markdown for a merge request: short, worst first, the rest folded away.
 *
 * Of foreign text every sign of ASCII that is no letter, digit, blank, slash, comma or dash is a
 * character reference (CommonMark 0.31, section 2.5: those are never structure), and all of it
 * stands in <code>: GitHub and GitLab look for links, mentions of people and references to issues
 * in what was rendered, but not there. Words of this program keep a few signs more.
 *
 * It is made piece by piece, each whole or not at all, so that it ends within its limit.
 */
#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "bench/report/comparison_forms.h"
#include "bench/report/comparison_words.h"
#include "bench/report/trend_words.h"
#include "common/file.h"
#include "common/text.h"

/* Of a table or list at most, so that no part takes the room of the others. */
enum {
    REGRESSIONS_BYTES = 24000,
    CHANGES_BYTES = 10000,
    DIFFERENCES_BYTES = 8000,
    TRENDS_BYTES = 8000,
    FRAME_BYTES = 2000, /* headings, folds and the like: they are always there */
    ROWS_MOST = 50,     /* of a table or list */
    CHANGES_MOST = 5,   /* of a path with time */
    FAULTS_MOST = 3,
    PATH_COLUMNS = 160,
    WORDS_COLUMNS = 120,
    PIECE_BYTES = 16384
};

struct piece {
    char text[PIECE_BYTES];
    size_t length;
    bool cut;
};

struct printing {
    FILE *out;
    const struct mcb_comparison *comparison;
    const struct mcb_trends *trends;
    bool has_settings;
    size_t left; /* bytes of the whole, but for the frame */
};

/* ---- pieces ---- */

__attribute__((format(printf, 2, 3))) static void add(struct piece *piece, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int added = vsnprintf(piece->text + piece->length, sizeof piece->text - piece->length, format,
                          arguments);
    va_end(arguments);
    size_t length = piece->length + (added > 0 ? (size_t)added : 0);
    piece->cut = piece->cut || length >= sizeof piece->text;
    piece->length = piece->cut ? sizeof piece->text - 1 : length;
}

static void add_escaped(struct piece *piece, const char *clean, const char *kept)
{
    for (; *clean; clean++) {
        unsigned char letter = (unsigned char)*clean;
        if (letter >= 0x80 || isalnum(letter) || strchr(kept, letter))
            add(piece, "%c", letter);
        else
            add(piece, "&#%d;", letter);
    }
}

/* Text of this program, and words that the schema of results allows. */
static void add_own(struct piece *piece, const char *clean)
{
    add_escaped(piece, clean, " /,-.:;()%'=");
}

static void add_foreign(struct piece *piece, const char *clean, size_t columns)
{
    char fitted[MCB_TREND_CAUSES_MAX];
    snprintf(fitted, sizeof fitted, "%s", clean);
    mcb_text_fit(fitted, columns);
    add(piece, "<code>");
    add_escaped(piece, fitted, " /,-");
    add(piece, "</code>");
}

/* False: there was no room. */
static bool put(struct printing *printing, const struct piece *piece, size_t *room)
{
    if (piece->cut || piece->length > printing->left || piece->length > *room)
        return false;
    fwrite(piece->text, 1, piece->length, printing->out);
    printing->left -= piece->length;
    *room -= piece->length;
    return true;
}

/* The frame: what stands around pieces. */
static void put_line(const struct printing *printing, const char *literal)
{
    fputs(literal, printing->out);
}

static void put_more(const struct printing *printing, size_t count)
{
    if (count > 0)
        fprintf(printing->out, "\nand %zu more\n", count);
}

static void open_fold(const struct printing *printing, const char *title, size_t count)
{
    fprintf(printing->out, "\n<details><summary>%s", title);
    if (count > 0)
        fprintf(printing->out, " (%zu)", count);
    put_line(printing, "</summary>\n\n");
}

static void close_fold(const struct printing *printing)
{
    put_line(printing, "\n</details>\n");
}

/* ---- tables of rows ---- */

/* What is said there is this program's own. */
static bool says_own(enum mcb_change change)
{
    return change == MCB_CHANGE_SLOWER || change == MCB_CHANGE_FASTER ||
           change == MCB_CHANGE_GONE || change == MCB_CHANGE_NOT_ASKED;
}

static void add_row(struct piece *piece, const struct printing *printing,
                    const struct mcb_comparison_row *row)
{
    struct mcb_comparison_words words;
    char setting[MCB_LEDGER_LABEL_MAX];
    mcb_comparison_words(printing->comparison, row, &words);
    add(piece, "| %s | ", mcb_change_name(row->change));
    add_foreign(piece, words.path, PATH_COLUMNS);
    if (printing->has_settings) {
        mcb_comparison_setting(printing->comparison, row, setting);
        mcb_text_fit(setting, WORDS_COLUMNS);
        add(piece, " | ");
        add_own(piece, setting);
    }
    add(piece, " | %s | %s | %s | ", words.before, words.after, words.change);
    if (says_own(row->change))
        add_own(piece, words.why);
    else if (*words.why)
        add_foreign(piece, words.why, WORDS_COLUMNS);
    add(piece, " |\n");
}

static void put_table_head(const struct printing *printing)
{
    put_line(printing, printing->has_settings
                           ? "| | path | setting | before | after | change | why |\n"
                             "|---|---|---|--:|--:|--:|---|\n"
                           : "| | path | before | after | change | why |\n"
                             "|---|---|--:|--:|--:|---|\n");
}

/* The first `count` rows that are regressions, or that are none: those that did not change are the
 * last of all. */
static void put_rows(struct printing *printing, bool regressions, size_t count, size_t room)
{
    const struct mcb_comparison *comparison = printing->comparison;
    size_t shown = 0;
    put_table_head(printing);
    for (size_t i = 0; i < comparison->row_count && shown < ROWS_MOST && shown < count; i++) {
        const struct mcb_comparison_row *row = &comparison->rows[i];
        struct piece piece = {.length = 0};
        if (mcb_comparison_is_regression(comparison, row) != regressions)
            continue;
        add_row(&piece, printing, row);
        if (!put(printing, &piece, &room))
            break;
        shown++;
    }
    put_more(printing, count - shown);
}

static void put_regressions(struct printing *printing)
{
    size_t count = mcb_comparison_regressions(printing->comparison);
    if (count > 0) {
        put_line(printing, "\n");
        put_rows(printing, true, count, REGRESSIONS_BYTES);
    }
}

static void put_other_changes(struct printing *printing)
{
    const struct mcb_comparison *comparison = printing->comparison;
    size_t count = comparison->row_count - comparison->counts[MCB_CHANGE_UNCHANGED] -
                   mcb_comparison_regressions(comparison);
    if (count == 0)
        return;
    open_fold(printing, "Other changes", count);
    put_rows(printing, false, count, CHANGES_BYTES);
    close_fold(printing);
}

/* ---- around them ---- */

static void put_head(struct printing *printing)
{
    const struct mcb_comparison *comparison = printing->comparison;
    char text[MCB_LEDGER_LABEL_MAX];
    struct piece piece = {.length = 0};
    size_t room = PIECE_BYTES;
    add(&piece, "### %s mcbench: ", mcb_comparison_regressions(comparison) > 0 ? "✘" : "✔");
    add_own(&piece, mcb_comparison_verdict(comparison, text));
    add(&piece, "\n\n");
    add_own(&piece, mcb_comparison_sentence(comparison, text));
    add(&piece, "\n\n");
    add_foreign(&piece, mcb_comparison_sides(comparison, text), MCB_COMPARISON_SIDES_MAX);
    add(&piece, "\n");
    if (!printing->has_settings && comparison->after->setting_count == 1) {
        mcb_ledger_setting_label(comparison->after, 0, text);
        mcb_text_fit(text, WORDS_COLUMNS);
        add(&piece, "\n");
        add_own(&piece, text);
        add(&piece, "\n");
    }
    if (comparison->stand_in)
        add(&piece, "\n**No hardware:** stand-in GPUs in host memory, made for tests. No figure of "
                    "theirs is a measurement of hardware.\n");
    put(printing, &piece, &room);
}

/* Of the catalogue, and so this program's own text. */
static void put_faults(struct printing *printing)
{
    struct mcb_comparison_count faults[FAULTS_MOST];
    size_t count = mcb_comparison_faults(printing->comparison, faults, FAULTS_MOST);
    if (count == 0)
        return;
    open_fold(printing, "Cause and fix", 0);
    for (size_t i = 0; i < count; i++) {
        struct piece piece = {.length = 0};
        size_t room = PIECE_BYTES;
        if (faults[i].code == MCB_FAULT_NONE)
            continue;
        const struct mcb_fault *fault = mcb_fault_get(faults[i].code);
        add(&piece, "**%s** ", fault->id);
        add_own(&piece, fault->title);
        add(&piece, " (%zu %s)\n\nLikely: ", faults[i].rows,
            mcb_comparison_noun(printing->comparison, faults[i].rows));
        add_own(&piece, fault->cause);
        add(&piece, "\n\n```\n%s\n```\n\n", fault->fix);
        put(printing, &piece, &room);
    }
    close_fold(printing);
}

static void put_differences(struct printing *printing)
{
    const struct mcb_differences *differences = &printing->comparison->differences;
    size_t all = differences->count + differences->beyond, shown = 0, room = DIFFERENCES_BYTES;
    char sentence[MCB_DIFFERENCE_SENTENCE_MAX];
    if (all == 0) {
        put_line(printing, "\nNothing differs in the environment.\n");
        return;
    }
    open_fold(printing, "Differs in the environment", all);
    for (; shown < differences->count && shown < ROWS_MOST; shown++) {
        const struct mcb_difference *difference = &differences->list[shown];
        struct piece piece = {.length = 0};
        add(&piece, "- %s: ", mcb_difference_kind_name(difference->kind));
        add_foreign(&piece, mcb_difference_sentence(difference, sentence), sizeof sentence);
        add(&piece, "\n");
        if (!put(printing, &piece, &room))
            break;
    }
    put_more(printing, all - shown);
    close_fold(printing);
}

static void add_trend_change(struct piece *piece, const struct printing *printing,
                             const struct mcb_trend *trend, const struct mcb_trend_change *change,
                             const char *unit)
{
    char started[32], levels[MCB_TREND_LEVELS_MAX], causes[MCB_TREND_CAUSES_MAX];
    const struct mcb_ledger *run = mcb_trend_change_run(printing->trends, trend, change);
    add(piece, "  - ");
    add_foreign(piece, mcb_text_clean(run->started, started, sizeof started), sizeof started);
    add(piece, " ");
    add_own(piece, mcb_trend_levels(change, unit, levels));
    add(piece, ", with ");
    add_foreign(piece, mcb_trend_causes(&change->differences, causes), WORDS_COLUMNS);
    add(piece, "\n");
}

/* The newest changes of a path. */
static void add_trend(struct piece *piece, const struct printing *printing,
                      const struct mcb_trend *trend)
{
    const struct mcb_ledger *ledger;
    const struct mcb_ledger_cell *cell = mcb_trend_cell(printing->trends, trend, &ledger);
    char label[MCB_LEDGER_LABEL_MAX];
    add(piece, "- ");
    add_foreign(piece, mcb_ledger_path_label(ledger, cell, label), PATH_COLUMNS);
    if (ledger->setting_count > 1) {
        mcb_ledger_setting_label(ledger, cell->setting, label);
        mcb_text_fit(label, WORDS_COLUMNS);
        add(piece, " ");
        add_own(piece, label);
    }
    add(piece, "\n");
    size_t first = trend->change_count > CHANGES_MOST ? trend->change_count - CHANGES_MOST : 0;
    for (size_t i = first; i < trend->change_count; i++)
        add_trend_change(piece, printing, trend, &trend->changes[i],
                         mcb_ledger_unit(&ledger->settings[cell->setting]));
}

static void put_trends(struct printing *printing)
{
    const struct mcb_trends *trends = printing->trends;
    size_t changed = trends ? mcb_trends_changed(trends) : 0, shown = 0, room = TRENDS_BYTES;
    if (changed == 0)
        return;
    open_fold(printing, "Changed with time", changed);
    for (size_t i = 0; i < trends->count && shown < ROWS_MOST; i++) {
        struct piece piece = {.length = 0};
        if (trends->list[i].change_count == 0)
            continue;
        add_trend(&piece, printing, &trends->list[i]);
        if (!put(printing, &piece, &room))
            break;
        shown++;
    }
    put_more(printing, changed - shown);
    close_fold(printing);
}

static int print_markdown(FILE *out, const void *context)
{
    struct printing printing = *(const struct printing *)context;
    printing.out = out;
    put_head(&printing);
    put_regressions(&printing);
    put_faults(&printing);
    put_differences(&printing);
    put_trends(&printing);
    put_other_changes(&printing);
    return ferror(out) ? -1 : 0;
}

int mcb_comparison_write_markdown(const char *path, const struct mcb_comparison *comparison,
                                  const struct mcb_trends *trends, struct mcb_error *error)
{
    const struct printing printing = {
        .comparison = comparison,
        .trends = trends,
        .has_settings = mcb_comparison_has_settings(comparison),
        .left = MCB_COMPARISON_MARKDOWN_MAX - FRAME_BYTES,
    };
    return mcb_file_write(path, print_markdown, &printing, error);
}
