/* SPDX-License-Identifier: Apache-2.0 */

/* GPU beside CPU, for a person: the rows, and what they say together. */

#include "bench/report/routes.h"

#include <stdlib.h>
#include <string.h>

#include "bench/report/matrix.h"
#include "bench/report/summary.h"
#include "bench/report/title.h"
#include "common/json.h"
#include "common/text.h"

enum { COLUMNS_MAX = 5, TEXT_MAX = 2048, GAP = 2, LABEL_LEAST = 24 };

/* The figure of a route, or what it is of another's. */
struct column {
    const char *heading;          /* NULL: no more */
    enum mcb_routes_route of, by; /* the same one: the figure */
};

static const struct column with_direct[COLUMNS_MAX + 1] = {
    {"direct", MCB_ROUTES_DIRECT, MCB_ROUTES_DIRECT},
    {"staged", MCB_ROUTES_STAGED, MCB_ROUTES_STAGED},
    {"host", MCB_ROUTES_HOST, MCB_ROUTES_HOST},
    {"of host", MCB_ROUTES_DIRECT, MCB_ROUTES_HOST},
    {"of staged", MCB_ROUTES_DIRECT, MCB_ROUTES_STAGED},
};

/* As over TCP. */
static const struct column without_direct[COLUMNS_MAX + 1] = {
    {"staged", MCB_ROUTES_STAGED, MCB_ROUTES_STAGED},
    {"host", MCB_ROUTES_HOST, MCB_ROUTES_HOST},
    {"of host", MCB_ROUTES_STAGED, MCB_ROUTES_HOST},
};

static const struct column *columns_of(const struct mcb_routes_block *block)
{
    return block->has[MCB_ROUTES_DIRECT] ? with_direct : without_direct;
}

/* Less of host memory than this is far below it. */
static const double far_below = 0.8;

/* More is no figure to compare by. */
static const double share_most = 99;

/* ---- what stands in a row ---- */

static bool figure_of(const struct mcb_routes_row *row, enum mcb_routes_route route, double *figure)
{
    return row->cells[route] && mcb_summary_figure(row->cells[route]->cell, figure) && *figure > 0;
}

/* Of a row: a route's figure by another's. False if one is not known. */
static bool ratio_of(const struct mcb_routes_row *row, enum mcb_routes_route of,
                     enum mcb_routes_route by, double *ratio)
{
    double left, right;
    if (!figure_of(row, of, &left) || !figure_of(row, by, &right))
        return false;
    *ratio = left / right;
    return true;
}

static bool is_far_below(const struct mcb_routes_block *block, double ratio)
{
    return block->latency ? ratio > 1 / far_below : ratio < far_below;
}

static enum mcb_paint figure_text(const struct mcb_pivot_cell *cell,
                                  char text[MCB_SUMMARY_FIGURE_MAX])
{
    double figure;
    if (!cell)
        return MCB_PAINT_DIM;
    if (mcb_summary_figure(cell->cell, &figure)) {
        mcb_summary_figure_text(cell->cell, text);
        return MCB_PAINT_PLAIN;
    }
    bool skipped = strcmp(mcb_json_text(cell->cell, "status"), "skipped") == 0;
    strcpy(text, skipped ? "skipped" : "failed");
    return skipped ? MCB_PAINT_YELLOW : MCB_PAINT_RED;
}

static enum mcb_paint column_text(const struct mcb_routes_block *block,
                                  const struct mcb_routes_row *row, const struct column *column,
                                  char text[MCB_SUMMARY_FIGURE_MAX])
{
    double ratio;
    strcpy(text, "—");
    if (column->of == column->by)
        return figure_text(row->cells[column->of], text);
    if (!ratio_of(row, column->of, column->by, &ratio))
        return MCB_PAINT_DIM;
    snprintf(text, MCB_SUMMARY_FIGURE_MAX, ratio > share_most ? ">%.0f%%" : "%.0f%%",
             100 * (ratio > share_most ? share_most : ratio));
    bool judged = column->of == MCB_ROUTES_DIRECT && column->by == MCB_ROUTES_HOST;
    return judged && is_far_below(block, ratio) ? MCB_PAINT_YELLOW : MCB_PAINT_PLAIN;
}

static char *row_label(const struct mcb_routes *routes, const struct mcb_routes_row *row,
                       size_t columns, char label[MCB_LABEL_MAX])
{
    const struct mcb_pivot_cell path = {.initiator = row->initiator, .target = row->target};
    mcb_matrix_path_label(routes->pivot, &path, label);
    mcb_text_fit(label, columns);
    return label;
}

/* ---- the table ---- */

struct widths {
    size_t label, columns[COLUMNS_MAX];
};

static void widen(size_t *width, const char *text)
{
    size_t columns = mcb_text_columns(text);
    if (columns > *width)
        *width = columns;
}

static struct widths measure(const struct mcb_canvas *canvas, const struct mcb_routes *routes,
                             const struct mcb_routes_block *block)
{
    struct widths widths = {.label = strlen("path")};
    char label[MCB_LABEL_MAX], text[MCB_SUMMARY_FIGURE_MAX];
    size_t used = 0;
    const struct column *columns = columns_of(block);
    for (int i = 0; columns[i].heading; i++)
        widths.columns[i] = strlen(columns[i].heading);
    for (size_t i = block->first; i < block->first + block->count; i++) {
        widen(&widths.label, row_label(routes, &routes->rows[i], MCB_LABEL_MAX, label));
        for (int k = 0; columns[k].heading; k++) {
            column_text(block, &routes->rows[i], &columns[k], text);
            widen(&widths.columns[k], text);
        }
    }
    for (int i = 0; columns[i].heading; i++)
        used += GAP + widths.columns[i];
    size_t room = canvas->columns > used + LABEL_LEAST ? canvas->columns - used : LABEL_LEAST;
    widths.label = widths.label < room ? widths.label : room;
    return widths;
}

static void print_row(const struct mcb_canvas *canvas, const struct mcb_routes *routes,
                      const struct mcb_routes_block *block, const struct mcb_routes_row *row,
                      const struct widths *widths)
{
    char label[MCB_LABEL_MAX], text[MCB_SUMMARY_FIGURE_MAX];
    fputs(row_label(routes, row, widths->label, label), canvas->out);
    mcb_text_pad(canvas->out, widths->label - mcb_text_columns(label));
    const struct column *columns = columns_of(block);
    for (int i = 0; columns[i].heading; i++) {
        enum mcb_paint paint = column_text(block, row, &columns[i], text);
        mcb_text_pad(canvas->out, GAP + widths->columns[i] - mcb_text_columns(text));
        mcb_canvas_put(canvas, paint, text);
    }
    fputc('\n', canvas->out);
}

static void print_table(const struct mcb_canvas *canvas, const struct mcb_routes *routes,
                        const struct mcb_routes_block *block)
{
    struct widths widths = measure(canvas, routes, block);
    mcb_canvas_begin(canvas, MCB_PAINT_DIM);
    fputs("path", canvas->out);
    mcb_text_pad(canvas->out, widths.label - strlen("path"));
    const struct column *columns = columns_of(block);
    for (int i = 0; columns[i].heading; i++)
        fprintf(canvas->out, "%*s", (int)(GAP + widths.columns[i]), columns[i].heading);
    mcb_canvas_end(canvas, MCB_PAINT_DIM);
    fputc('\n', canvas->out);
    for (size_t i = block->first; i < block->first + block->count; i++)
        print_row(canvas, routes, block, &routes->rows[i], &widths);
}

/* ---- the verdict ---- */

/* The ratios of a block's paths. */
struct ratios {
    double median; /* 0: there is none */
    size_t count, far_below;
    double worst;
    const struct mcb_routes_row *worst_row;
};

static int compare_numbers(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

static int take_ratios(const struct mcb_routes *routes, const struct mcb_routes_block *block,
                       enum mcb_routes_route of, enum mcb_routes_route by, struct ratios *ratios)
{
    double *all = malloc((block->count + 1) * sizeof *all), ratio;
    struct ratios taken = {0};
    if (!all)
        return -1;
    for (size_t i = block->first; i < block->first + block->count; i++) {
        const struct mcb_routes_row *row = &routes->rows[i];
        if (!ratio_of(row, of, by, &ratio))
            continue;
        all[taken.count++] = ratio;
        taken.far_below += is_far_below(block, ratio);
        if (taken.worst_row && (block->latency ? ratio <= taken.worst : ratio >= taken.worst))
            continue;
        taken.worst = ratio;
        taken.worst_row = row;
    }
    qsort(all, taken.count, sizeof *all, compare_numbers);
    if (taken.count > 0)
        taken.median = (all[(taken.count - 1) / 2] + all[taken.count / 2]) / 2;
    free(all);
    *ratios = taken;
    return 0;
}

static void print_sentence(const struct mcb_canvas *canvas, enum mcb_paint paint, const char *text)
{
    mcb_canvas_begin(canvas, paint);
    mcb_text_wrap(canvas->out, text, 0, canvas->columns);
    mcb_canvas_end(canvas, paint);
}

static const char *paths_text(size_t count, char text[64])
{
    snprintf(text, 64, count == 1 ? "one path" : "median of %zu paths", count);
    return text;
}

/* Of the direct cells, those that were tried and have no figure. */
static size_t count_failed(const struct mcb_routes *routes, const struct mcb_routes_block *block,
                           size_t *tried)
{
    size_t failed = 0;
    double figure;
    *tried = 0;
    for (size_t i = block->first; i < block->first + block->count; i++) {
        const struct mcb_routes_row *row = &routes->rows[i];
        const struct mcb_pivot_cell *cell = row->cells[MCB_ROUTES_DIRECT];
        *tried += cell != NULL;
        failed += cell && strcmp(mcb_json_text(cell->cell, "status"), "failed") == 0 &&
                  !figure_of(row, MCB_ROUTES_DIRECT, &figure);
    }
    return failed;
}

static void print_failed(const struct mcb_canvas *canvas, const struct mcb_routes *routes,
                         const struct mcb_routes_block *block)
{
    char text[TEXT_MAX];
    size_t tried, failed = count_failed(routes, block, &tried);
    if (failed == 0)
        return;
    snprintf(text, sizeof text,
             "GPUDirect failed on %zu of %zu path%s; the table of the direct route above says why",
             failed, tried, tried == 1 ? "" : "s");
    print_sentence(canvas, MCB_PAINT_RED, text);
}

/* What GPUDirect is worth; where there is none (TCP), what staging costs. */
static void print_worth(const struct mcb_canvas *canvas, const struct mcb_routes_block *block,
                        const struct ratios *staged, const struct ratios *host,
                        const struct ratios *staging)
{
    char text[TEXT_MAX], paths[64], more[64], of_host[256] = "";
    const char *figure = block->latency ? "latency" : "bandwidth";
    if (host->count > 0)
        snprintf(of_host, sizeof of_host, "%.0f %% of the %s of host memory (%s)",
                 100 * host->median, figure, paths_text(host->count, more));
    if (staged->count > 0)
        snprintf(text, sizeof text, "GPUDirect here: %.2f times the %s of staging (%s)%s%s",
                 staged->median, figure, paths_text(staged->count, paths), *of_host ? ", " : "",
                 of_host);
    else if (host->count > 0)
        snprintf(text, sizeof text, "GPUDirect here: %s", of_host);
    else if (staging->count > 0)
        snprintf(text, sizeof text, "Staging here: %.0f %% of the %s of host memory (%s)%s",
                 100 * staging->median, figure, paths_text(staging->count, paths),
                 block->has[MCB_ROUTES_DIRECT] ? "" : "; GPUDirect was not measured");
    else
        snprintf(text, sizeof text,
                 "What GPUDirect is worth here is not known: no path was measured on two routes");
    print_sentence(canvas, MCB_PAINT_PLAIN, text);
}

static void print_far_below(const struct mcb_canvas *canvas, const struct mcb_routes *routes,
                            const struct mcb_routes_block *block, const struct ratios *host)
{
    char text[TEXT_MAX], label[MCB_LABEL_MAX];
    if (host->far_below == 0)
        return;
    row_label(routes, host->worst_row, MCB_LABEL_MAX, label);
    snprintf(
        text, sizeof text,
        "%zu of %zu path%s: GPUDirect is far from host memory (%s than %.0f %% of it; the worst, "
        "%.200s: %.0f %%). Places to look: relaxed ordering (--relaxed-ordering both), the "
        "distance between GPU and NIC, ACS and the IOMMU between them (mcbench topo shows all "
        "three). Which of them it is, if any, the figures do not say",
        host->far_below, host->count, host->count == 1 ? "" : "s", block->latency ? "more" : "less",
        100 * (block->latency ? 1 / far_below : far_below), label, 100 * host->worst);
    print_sentence(canvas, MCB_PAINT_YELLOW, text);
}

static int print_verdict(const struct mcb_canvas *canvas, const struct mcb_routes *routes,
                         const struct mcb_routes_block *block)
{
    struct ratios staged, host, staging;
    if (take_ratios(routes, block, MCB_ROUTES_DIRECT, MCB_ROUTES_STAGED, &staged) != 0 ||
        take_ratios(routes, block, MCB_ROUTES_DIRECT, MCB_ROUTES_HOST, &host) != 0 ||
        take_ratios(routes, block, MCB_ROUTES_STAGED, MCB_ROUTES_HOST, &staging) != 0)
        return -1;
    print_worth(canvas, block, &staged, &host, &staging);
    print_failed(canvas, routes, block);
    print_far_below(canvas, routes, block, &host);
    return 0;
}

/* ---- all of it ---- */

static void print_heading(const struct mcb_canvas *canvas, const struct mcb_routes_block *block,
                          const char *transport)
{
    char text[TEXT_MAX], title[MCB_TITLE_MAX], clean[TEXT_MAX];
    const char *ordering = block->setting->ordering;
    snprintf(text, sizeof text, "GPU beside CPU: %s%s%.16s",
             mcb_title_of_setting(block->setting, transport, title),
             ordering ? " · relaxed ordering " : "", ordering ? ordering : "");
    print_sentence(canvas, MCB_PAINT_PLAIN, mcb_text_clean(text, clean, sizeof clean));
    snprintf(text, sizeof text, "%s; host: the same path between host memories; %s",
             block->latency ? "µs, p50" : "Gbit/s",
             block->has[MCB_ROUTES_DIRECT] ? "direct as % of it, and of staged"
                                           : "staged as % of it");
    print_sentence(canvas, MCB_PAINT_DIM, text);
}

static int print_block(const struct mcb_canvas *canvas, const struct mcb_routes *routes,
                       const struct mcb_routes_block *block, const char *transport)
{
    size_t kinds = 0;
    for (int route = 0; route < MCB_ROUTES_COUNT; route++)
        kinds += block->has[route];
    if (kinds < 2)
        return 0;
    print_heading(canvas, block, transport);
    print_table(canvas, routes, block);
    int outcome = print_verdict(canvas, routes, block);
    fputc('\n', canvas->out);
    return outcome;
}

int mcb_routes_print(const struct mcb_canvas *canvas, const struct mcb_routes *routes,
                     const char *transport, struct mcb_error *error)
{
    int outcome = 0;
    for (size_t i = 0; outcome == 0 && i < routes->block_count; i++)
        outcome = print_block(canvas, routes, &routes->blocks[i], transport);
    return outcome == 0 ? 0
                        : mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the tables");
}
