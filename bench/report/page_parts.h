/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_PAGE_PARTS_H
#define MCB_BENCH_REPORT_PAGE_PARTS_H

/*
 * What the parts of a page (page.h) have in common: everything that is counted, sorted and matched
 * before the first byte is written, so that writing needs no memory and cannot fail but by its
 * stream.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "bench/report/page.h"

enum {
    MCB_PAGE_ROWS_MAX = 1000,          /* of one table */
    MCB_PAGE_CELL_ROWS_MAX = 4000,     /* of all tables of cells together */
    MCB_PAGE_SETTINGS_MAX = 512,       /* that are shown with their cells */
    MCB_PAGE_ROWS_OPEN = 40,           /* a table of more rows is folded */
    MCB_PAGE_TITLED_CELLS = 4096,      /* of a matrix whose cells are elements with their values */
    MCB_PAGE_TITLED_CELLS_ALL = 16384, /* of all such matrices together */
    MCB_PAGE_DATA_CELLS_ALL = 300000   /* of all other matrices whose values the script has */
};

/* Where the values of a matrix are that are shown on hover. */
enum mcb_page_values {
    MCB_PAGE_VALUES_TITLES, /* each cell is an element with its values in a title */
    MCB_PAGE_VALUES_DATA,   /* in the data for the script */
    MCB_PAGE_VALUES_NOWHERE /* there are too many */
};

struct mcb_page_setting {
    const struct mcb_ledger_setting *setting;
    uint32_t *places; /* its cells by initiator, target, place in the ledger */
    uint32_t *worst;  /* its cells, worst first: failed, skipped, then by part of the ceiling or
                         by figure */
    size_t count, ok, failed, skipped, regressed;
    double median, low, high;           /* of figures of ok cells; 0: there is none */
    double reach_median, reach_least;   /* part of the ceiling; 0: no cell has one */
    uint32_t worst_cell, best_cell;     /* by figure, of ok cells; MCB_LEDGER_NONE */
    double ceiling_least, ceiling_most; /* 0: none has one */
    double verified_bytes, corrupt_bytes;
    bool one_way; /* all ok cells have method, registration and effective ordering in common */
    enum mcb_page_values values;
    size_t table_rows;
};

/* Cells of the same path measured in different ways; MCB_LEDGER_NONE: not that way. */
enum { MCB_PAGE_WAYS = 3 };
struct mcb_page_row {
    uint32_t cells[MCB_PAGE_WAYS];
    double ratio; /* of the first and the last way, so that more is better; 0: not known */
};

/* A table of such cells: relaxed ordering on and off; direct, staged and host memory. */
struct mcb_page_ways {
    size_t setting;                   /* the first way's */
    const char *names[MCB_PAGE_WAYS]; /* NULL: no such way */
    size_t last;                      /* the way that the first is held against */
    struct mcb_page_row *rows;        /* by ratio, least first; those without one before all */
    size_t count;
    double median; /* of ratios; 0: none is known */
    bool routes;   /* else ordering */
};

struct mcb_page {
    FILE *out;
    const struct mcb_page_input *input;
    const struct mcb_ledger *ledger; /* the one that is reported */
    struct mcb_page_setting *settings;
    const struct mcb_comparison_row **changes; /* by cell of the ledger; NULL entries: none */
    struct mcb_page_ways *ways;
    size_t way_count;
    uint32_t *fault_cells;   /* cells by fault: first those of fault 0 */
    size_t *fault_first;     /* [fault_count + 1] where they begin */
    bool *suspect;           /* by cell: a finding is about it and few others */
    int *row_at, *column_at; /* room, by endpoint: where a matrix (page_grid.h) has it, in px; -1:
                                nowhere */
    size_t ok, failed, skipped, regressions;
    double verified_bytes, corrupt_bytes;
    size_t nics, software_nics; /* of the hosts; over TCP software is what is no PCI device */
    size_t gpus;
};

/* Fills all but `out`. Fault: HOST_MEMORY. */
int mcb_page_prepare(const struct mcb_page_input *input, struct mcb_page *page,
                     struct mcb_error *error);
void mcb_page_release(struct mcb_page *page);

/* Fills ways and way_count; settings are there. */
int mcb_page_prepare_ways(struct mcb_page *page, struct mcb_error *error);

/* ---- parts: what is below a heading, and whether there is any ---- */

/* page_verdict.c: before all others, with a heading of its own */
void mcb_page_verdict(const struct mcb_page *page);
/* page_findings.c */
bool mcb_page_has_findings(const struct mcb_page *page);
void mcb_page_findings(const struct mcb_page *page);
bool mcb_page_has_failed(const struct mcb_page *page);
void mcb_page_failed(const struct mcb_page *page);
/* page_expectations.c */
bool mcb_page_has_expectations(const struct mcb_page *page);
void mcb_page_expectations(const struct mcb_page *page);
/* page_changes.c */
bool mcb_page_has_changes(const struct mcb_page *page);
void mcb_page_changes(const struct mcb_page *page);
/* page_settings.c: all settings in one table; each with its matrix and its cells */
bool mcb_page_has_cells(const struct mcb_page *page);
void mcb_page_summary(const struct mcb_page *page);
void mcb_page_settings(const struct mcb_page *page);
/* page_ways.c */
bool mcb_page_has_ways(const struct mcb_page *page);
void mcb_page_ways(const struct mcb_page *page);
/* page_trends.c */
bool mcb_page_has_trends(const struct mcb_page *page);
void mcb_page_trends(const struct mcb_page *page);
/* page_environment.c */
bool mcb_page_has_warnings(const struct mcb_page *page);
void mcb_page_warnings(const struct mcb_page *page);
void mcb_page_environment(const struct mcb_page *page);
/* page_repeat.c */
void mcb_page_repeat(const struct mcb_page *page);
/* page_data.c: what the script reads */
void mcb_page_data(const struct mcb_page *page);

/* ---- what parts ask each other ---- */

/* page_expectations.c: how many rules there are, and how many of them are missed. */
void mcb_page_count_expectations(const struct mcb_page *page, size_t *rules, size_t *missed);

/* page_matrix.c: the heat map of a setting, with its key. */
void mcb_page_matrix(const struct mcb_page *page, size_t setting);
/* The cell that stands for its path there, of those that begin at a place in `places`: of several
 * the worst. Returns where the next path begins. */
size_t mcb_page_matrix_next(const struct mcb_page *page, size_t setting, size_t first,
                            uint32_t *chosen);

/* ---- small things that several parts write: page_write.c ---- */

/* What a setting is called. */
void mcb_page_label(const struct mcb_page *page, size_t setting);
/* The path of a cell, with hosts and memories. */
void mcb_page_path(const struct mcb_page *page, const struct mcb_ledger_cell *cell);
/* A figure with its unit; "not known" of 0. */
void mcb_page_figure(const struct mcb_page *page, const struct mcb_ledger_setting *setting,
                     double figure);
/* "MCB-RDMA-013 a title", clean and not long. Returns name. */
enum { MCB_PAGE_FAULT_NAME_MAX = 512 };
char *mcb_page_fault_name(const struct mcb_ledger_fault *fault, char name[MCB_PAGE_FAULT_NAME_MAX]);
/* The fault of a cell; NULL: it has none. */
const struct mcb_ledger_fault *mcb_page_fault_of(const struct mcb_page *page,
                                                 const struct mcb_ledger_cell *cell);
/* A table cell with a number, by which the table can be sorted; "–" of 0. */
void mcb_page_number_cell(const struct mcb_page *page, double number);
/* "2026-11-22 09:14:02 UTC" of a time as documents have it, any other text as it is. */
void mcb_page_time(const struct mcb_page *page, const char *time);
/* The name of a ledger's file without its folders; "a result" where it has none. */
void mcb_page_file(const struct mcb_page *page, const struct mcb_ledger *ledger);
/* Cause and fix of a fault; lines for a shell only from the program's own catalogue. */
void mcb_page_remedy(const struct mcb_page *page, const char *id, const char *cause,
                     const char *fix);
/* A box that scrolls by itself where its content is wider than the page: begin and end. */
void mcb_page_box_begin(const struct mcb_page *page, const char *label);
void mcb_page_box_end(const struct mcb_page *page);
/* Something to unfold, open where it has few rows: begin, and end with "</details>". */
void mcb_page_fold_begin(const struct mcb_page *page, size_t rows, const char *summary);
void mcb_page_fold_end(const struct mcb_page *page);
/* "How many more there are": nothing of 0. */
void mcb_page_left_out(const struct mcb_page *page, size_t count, const char *what);

#endif
