/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_PLOT_SHEET_H
#define MCB_BENCH_REPORT_PLOT_SHEET_H

/*
 * One picture before it is drawn: numbers for its script, and rows of data in named blocks.
 *
 * NAME.gp assigns the numbers, and n_BLOCK, how many rows each block has, and loads KIND.gp.
 * NAME.dat has the blocks, for "index '[BLOCK]'": numbers and quoted text, separated by tabs.
 * (gnuplot takes the beginning of a name for the name, hence the brackets.)
 *
 * Blocks of text and those that matrices are drawn with stand on the canvas: pixels from its top
 * left corner. The others have the units of their axes. Names of blocks and numbers are literals.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "bench/report/ledger.h"
#include "bench/report/plot.h"
#include "common/fault.h"

enum {
    MCB_SHEET_BLOCKS = 48,
    MCB_SHEET_NUMBERS = 40,
    MCB_SHEET_NAME_MAX = 48,
    MCB_SHEET_TITLE_MAX = 512,
    MCB_SHEET_MARGIN = 16, /* around all, in pixels */
    MCB_SHEET_LINE = 16    /* from one line of text to the next */
};

struct mcb_sheet {
    const char *kind, *wanted;       /* blocks that the script draws */
    char name[MCB_SHEET_NAME_MAX];   /* "heat-1" */
    char title[MCB_SHEET_TITLE_MAX]; /* clean */
    double width, height;            /* of the canvas; width: what its texts need so far */
    bool lost;                       /* something found no room: mcb_sheet_write() fails */
    struct {
        const char *name;
        FILE *stream;
        char *text;
        size_t size, rows;
    } blocks[MCB_SHEET_BLOCKS];
    size_t block_count;
    struct {
        const char *name;
        double value;
    } numbers[MCB_SHEET_NUMBERS];
    size_t number_count;
};

/* blocks: those that the kind's script draws besides texts, separated by blanks; those that stay
 * empty get a row far outside. */
void mcb_sheet_begin(struct mcb_sheet *sheet, const char *kind, size_t number, const char *blocks);
void mcb_sheet_release(struct mcb_sheet *sheet);

void mcb_sheet_number(struct mcb_sheet *sheet, const char *name, double value);

/* A row of numbers for a block: what printf() makes of them, tabs between. */
__attribute__((format(printf, 3, 4))) void mcb_sheet_row(struct mcb_sheet *sheet, const char *block,
                                                         const char *format, ...);

/* Colours of text. */
enum { MCB_INK = 0x222222, MCB_INK_PALE = 0x666666, MCB_INK_ALARM = 0xb00020 };

/* A row with a text: x, y, text, colour. Blocks: title, note, small, left, right, centre, up,
 * bold_left, bold_right, bold_centre, bold_up. Those that begin at their x make the canvas as wide
 * as they need. */
void mcb_sheet_text(struct mcb_sheet *sheet, const char *block, double x, double y, uint32_t rgb,
                    const char *text);

/* A text in lines of so many columns at most, the first at y. Returns the y of the last. */
double mcb_sheet_lines(struct mcb_sheet *sheet, const char *block, double x, double y, uint32_t rgb,
                       const char *text, size_t columns);

/* About how many pixels a text of that block is long. */
double mcb_sheet_text_width(const char *block, const char *clean);

/* Cuts clean text to so many columns, in place, in its middle: both ends of a name tell it from
 * others. Returns it. columns >= 3. */
char *mcb_sheet_shorten(char *clean, size_t columns);

/* The head of the picture: title, lines below it, and what must be said of the ledger (stand-in
 * GPUs, software NICs). Returns the height it takes. subtitle "": none. */
double mcb_sheet_head(struct mcb_sheet *sheet, const struct mcb_ledger *ledger, const char *title,
                      const char *subtitle);

/* The small print, at the end: when, where, by what. Sets the canvas' size; width, height: what the
 * drawing needs. */
void mcb_sheet_foot(struct mcb_sheet *sheet, const struct mcb_ledger *ledger, double width,
                    double height);

/* Writes NAME.dat and NAME.gp. Faults: HOST_OUTPUT, HOST_MEMORY, RUN_INTERRUPTED. */
int mcb_sheet_write(struct mcb_sheet *sheet, const char *folder, enum mcb_plot_format format,
                    const char *mark, struct mcb_error *error);

#endif
