/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/text.h"
#include "common/units.h"

enum { BAR_COLUMNS = 24, BAR_COLUMNS_LEAST = 10, PART_MAX = 256 };

#define DRAW_EVERY_NS (100 * MCB_NS_PER_MS)

struct mcb_progress {
    int64_t begin_ns, round_begin_ns, expected_ns, last_draw_ns;
    uint64_t rounds, round; /* the one that runs, from 1; 0: none yet */
    char label[PART_MAX], value[PART_MAX];
    bool drawn;
};

/* ---- pure ---- */

int64_t mcb_progress_left_ns(int64_t expected_ns, uint64_t rounds, uint64_t done,
                             int64_t done_elapsed_ns, int64_t elapsed_ns)
{
    double total_ns =
        done > 0 ? (double)done_elapsed_ns / (double)done * (double)rounds : (double)expected_ns;
    double left_ns = total_ns - (double)elapsed_ns;
    if (done >= rounds || left_ns <= 0)
        return 0;
    return left_ns < 9e18 ? (int64_t)left_ns : INT64_MAX;
}

/* "[████░░░░] " */
static size_t format_bar(const struct mcb_progress_view *view, size_t columns, char *text)
{
    double whole_ns = (double)view->elapsed_ns + (double)view->left_ns;
    double share = whole_ns > 0 ? (double)view->elapsed_ns / whole_ns : 0;
    size_t full = (size_t)(share * (double)columns), length = 0;
    text[length++] = '[';
    for (size_t i = 0; i < columns; i++) {
        memcpy(text + length, i < full ? "█" : "░", 3);
        length += 3;
    }
    memcpy(text + length, "] ", 3);
    return length + 2;
}

/* " · 23 s left"; whole seconds, or the line would never rest. */
static void format_left(int64_t left_ns, char text[PART_MAX])
{
    char duration[64];
    int64_t seconds = left_ns / MCB_NS_PER_S + (left_ns % MCB_NS_PER_S > 0);
    text[0] = '\0';
    if (left_ns > 0 && seconds < 60)
        snprintf(text, PART_MAX, " · %" PRId64 " s left", seconds);
    else if (left_ns > 0)
        snprintf(text, PART_MAX, " · %s left",
                 mcb_units_format_duration(left_ns, duration, sizeof duration));
}

static void format_part(const char *foreign, char text[PART_MAX])
{
    char clean[PART_MAX - 8];
    mcb_text_clean(foreign, clean, sizeof clean);
    snprintf(text, PART_MAX, "%s%s", *clean ? " · " : "", clean);
}

char *mcb_progress_format(const struct mcb_progress_view *view, size_t columns,
                          char line[MCB_PROGRESS_LINE_MAX])
{
    char label[PART_MAX], value[PART_MAX], left[PART_MAX], round[64];
    snprintf(round, sizeof round, "round %" PRIu64 " of %" PRIu64, view->round, view->rounds);
    format_part(view->label, label);
    format_part(view->value, value);
    format_left(view->left_ns, left);

    const size_t bar_frame = sizeof "[] " - 1;
    size_t base = mcb_text_columns(round) + mcb_text_columns(label);
    size_t all = base + mcb_text_columns(value) + mcb_text_columns(left), length = 0;
    if (all > columns)
        value[0] = '\0';
    if (base + mcb_text_columns(value) + mcb_text_columns(left) > columns)
        left[0] = '\0';
    if (all + bar_frame + BAR_COLUMNS <= columns)
        length = format_bar(view, BAR_COLUMNS, line);
    else if (all + bar_frame + BAR_COLUMNS_LEAST <= columns)
        length = format_bar(view, columns - all - bar_frame, line);
    snprintf(line + length, MCB_PROGRESS_LINE_MAX - length, "%s%s%s%s", round, label, value, left);
    mcb_text_fit(line, columns > 0 ? columns : 1);
    return line;
}

/* ---- drawing ---- */

/* In one piece; a terminal that does not take it is no reason to stop. */
static void emit(const char *text, size_t length)
{
    if (write(STDERR_FILENO, text, length) < 0)
        return;
}

static void draw(struct mcb_progress *progress, int64_t now_ns)
{
    static const char start[] = "\r\033[K";
    char text[MCB_PROGRESS_LINE_MAX + sizeof start];
    struct mcb_text_terminal terminal = mcb_text_terminal(STDERR_FILENO);
    uint64_t done = progress->round > 0 ? progress->round - 1 : 0;
    int64_t elapsed_ns = now_ns - progress->begin_ns;
    const struct mcb_progress_view view = {
        .round = progress->round,
        .rounds = progress->rounds,
        .label = progress->label,
        .value = progress->value,
        .elapsed_ns = elapsed_ns,
        .left_ns = mcb_progress_left_ns(progress->expected_ns, progress->rounds, done,
                                        progress->round_begin_ns - progress->begin_ns, elapsed_ns),
    };
    memcpy(text, start, sizeof start - 1);
    /* A character in the last column would make some terminals wrap. */
    mcb_progress_format(&view, terminal.columns - 1, text + sizeof start - 1);
    emit(text, strlen(text));
    progress->drawn = true;
    progress->last_draw_ns = now_ns;
}

void mcb_progress_tick(struct mcb_progress *progress)
{
    int64_t now_ns = mcb_clock_ns();
    if (progress && progress->round > 0 && now_ns - progress->last_draw_ns >= DRAW_EVERY_NS)
        draw(progress, now_ns);
}

struct mcb_progress *mcb_progress_begin(int64_t expected_ns, uint64_t rounds, bool silent)
{
    if (silent || !mcb_text_terminal(STDERR_FILENO).can_erase)
        return NULL;
    struct mcb_progress *progress = calloc(1, sizeof *progress);
    if (!progress)
        return NULL; /* a run is worth more than its progress line */
    progress->begin_ns = progress->round_begin_ns = mcb_clock_ns();
    progress->last_draw_ns = progress->begin_ns - DRAW_EVERY_NS;
    progress->expected_ns = expected_ns;
    progress->rounds = rounds;
    return progress;
}

void mcb_progress_round(struct mcb_progress *progress, uint64_t number)
{
    if (!progress)
        return;
    progress->round = number;
    progress->round_begin_ns = mcb_clock_ns();
    mcb_progress_tick(progress);
}

void mcb_progress_cell(struct mcb_progress *progress, const char *label, const char *value)
{
    if (!progress)
        return;
    mcb_text_clean(label, progress->label, sizeof progress->label);
    mcb_text_clean(value, progress->value, sizeof progress->value);
    mcb_progress_tick(progress);
}

void mcb_progress_erase(struct mcb_progress *progress)
{
    static const char erase_line[] = "\r\033[K";
    if (!progress || !progress->drawn)
        return;
    emit(erase_line, sizeof erase_line - 1);
    progress->drawn = false;
}

void mcb_progress_end(struct mcb_progress *progress)
{
    mcb_progress_erase(progress);
    free(progress);
}
