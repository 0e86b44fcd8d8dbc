/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_CANVAS_H
#define MCB_BENCH_REPORT_CANVAS_H

/* Where tables are printed: a stream, its width, and colour where it is wanted. */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/text.h"

enum mcb_paint {
    MCB_PAINT_PLAIN,
    MCB_PAINT_DIM,    /* units and explanations */
    MCB_PAINT_YELLOW, /* doubtful */
    MCB_PAINT_RED,    /* failed */
    MCB_PAINTS
};

struct mcb_canvas {
    FILE *out;
    size_t columns;
    bool colour;
};

/* All that is printed between begin and end has that colour. */
static inline void mcb_canvas_begin(const struct mcb_canvas *canvas, enum mcb_paint paint)
{
    static const char *const codes[MCB_PAINTS] = {"", "\033[2m", "\033[33m", "\033[31m"};
    if (canvas->colour)
        fputs(codes[paint], canvas->out);
}

static inline void mcb_canvas_end(const struct mcb_canvas *canvas, enum mcb_paint paint)
{
    if (canvas->colour && paint != MCB_PAINT_PLAIN)
        fputs("\033[0m", canvas->out);
}

static inline void mcb_canvas_put(const struct mcb_canvas *canvas, enum mcb_paint paint,
                                  const char *clean)
{
    mcb_canvas_begin(canvas, paint);
    fputs(clean, canvas->out);
    mcb_canvas_end(canvas, paint);
}

/* A paragraph that begins, and goes on, after so many blanks. */
static inline void mcb_canvas_paragraph(const struct mcb_canvas *canvas, enum mcb_paint paint,
                                        size_t indent, const char *clean)
{
    mcb_text_pad(canvas->out, indent);
    mcb_canvas_begin(canvas, paint);
    mcb_text_wrap(canvas->out, clean, indent, canvas->columns);
    mcb_canvas_end(canvas, paint);
}

#endif
