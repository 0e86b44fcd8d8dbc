/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_COMMON_TEXT_H
#define MCB_COMMON_TEXT_H

/*
 * Text for a terminal: foreign text made harmless, columns counted, numbers with as many digits as
 * they deserve.
 *
 * Names and sentences of a result come from another host or from a file somebody sent. None of it
 * is printed but through mcb_text_clean(): what it lets through takes exactly one column a
 * character and moves no cursor.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { MCB_TEXT_COLUMNS_DEFAULT = 100, MCB_TEXT_NUMBER_MAX = 24 };

struct mcb_text_terminal {
    bool can_erase; /* a terminal that knows escape sequences */
    bool colour;    /* a terminal that can, and NO_COLOR is not set */
    size_t columns; /* of the terminal; MCB_TEXT_COLUMNS_DEFAULT where there is none */
};

/* What the descriptor is connected to. */
struct mcb_text_terminal mcb_text_terminal(int fd);

/* Copies text into clean[size] and replaces by '?' whatever is not a printable character of one
 * column (Latin, Greek, Cyrillic, punctuation, arrows, mathematics, boxes): control characters,
 * invalid UTF-8, combining, wide and direction-changing characters. What does not fit is cut at a
 * character. text NULL is "". Returns clean. */
char *mcb_text_clean(const char *text, char *clean, size_t size);

/* Columns of clean text: its characters. */
size_t mcb_text_columns(const char *clean);

/* Cuts clean text to that many columns, in place; what was cut ends with "…". columns >= 1. */
void mcb_text_fit(char *clean, size_t columns);

/* Writes count blanks. */
void mcb_text_pad(FILE *out, size_t count);

/* Writes clean text in paragraphs of at most that many columns, broken at blanks; lines after the
 * first begin with `indent` blanks. The first is taken to begin in column `indent` too. */
void mcb_text_wrap(FILE *out, const char *clean, size_t indent, size_t columns);

/* Decimals that show a value well enough: 388.1, 45.3, 3.21, 0.052. */
int mcb_text_decimals(double value);

/* The value with mcb_text_decimals(); what is not zero never looks like it ("<0.001"). Returns
 * text. */
char *mcb_text_number(double value, char text[MCB_TEXT_NUMBER_MAX]);

/* "42.1 GB": powers of 1000, as rates are. Returns text. */
char *mcb_text_bytes(double bytes, char text[MCB_TEXT_NUMBER_MAX]);

/* Text that grows by pieces, cut at its end. Begin with one of zeros. */
enum { MCB_TEXT_LINE_MAX = 4096 };
struct mcb_text_line {
    char text[MCB_TEXT_LINE_MAX];
    size_t length;
};

__attribute__((format(printf, 2, 3))) void mcb_text_add(struct mcb_text_line *line,
                                                        const char *format, ...);

#endif
