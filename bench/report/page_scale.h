/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_PAGE_SCALE_H
#define MCB_BENCH_REPORT_PAGE_SCALE_H

/*
 * The colours of a heat map: MCB_PAGE_COLOURS steps, classes c0 (worst, dark) to c15 (best, light)
 * of page.css.
 *
 * The scale spans a quarter at least, so that noise of a per cent is not painted as if it were a
 * fault; it ends with the ceiling where that is within twice the best figure; it is logarithmic
 * where the figures span more than a factor of 20.
 */

#include <stdbool.h>
#include <stdio.h>

#include "bench/report/page_parts.h"

enum {
    MCB_PAGE_COLOURS = 16,
    MCB_PAGE_COLOURS_DARK = 8 /* the first ones, on which figures are white; else black */
};

struct mcb_page_scale {
    bool latency; /* the less, the better */
    bool logarithmic;
    double least, most; /* 0: no figures */
};

struct mcb_page_scale mcb_page_scale_of(const struct mcb_page_setting *shown);

/* The number of a colour. figure > 0. */
unsigned mcb_page_scale_colour(const struct mcb_page_scale *scale, double figure);

/* The bar of colours with its ends, the median and the ceiling. */
void mcb_page_scale_print(const struct mcb_page *page, const struct mcb_page_setting *shown,
                          const struct mcb_page_scale *scale);

#endif
