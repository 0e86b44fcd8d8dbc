/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_HTML_H
#define MCB_BENCH_REPORT_HTML_H

/*
 * HTML to a stream. Markup is in the formats, which are literals of this program; every value goes
 * through an argument and is escaped where it is written, so that no text of a result can become
 * markup, an attribute of its own or code.
 *
 * Foreign text loses what mcb_text_clean() takes from it (control characters, those that change
 * direction or are invisible, invalid UTF-8), then & < > " ' become references: the same in text
 * and in quoted attributes. Attributes are always quoted.
 *
 * A stream that cannot be written is for the caller to find with ferror().
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A literal as it is: nothing else compiles. */
#define mcb_html_put(out, literal) ((void)fputs("" literal, out))

/* Like printf, with the conversions %s (escaped; NULL is ""), %u, %zu, %d and %.Nf of finite
 * numbers (others: "not known"); and %%. */
__attribute__((format(printf, 2, 3))) void mcb_html_print(FILE *out, const char *format, ...);

/* One text, escaped. */
void mcb_html_text(FILE *out, const char *foreign);

/* Words of a command line as a shell takes them: "mcbench cpu --name 'a b'"; escaped for HTML. What
 * is no printable ASCII goes as $'\xHH', so that nobody copies what he does not see. */
void mcb_html_shell_word(FILE *out, const char *foreign);

/* A text as a string of JSON within <script type="application/json">: < > & and all that is not
 * ASCII are \u escapes. */
void mcb_html_json_text(FILE *out, const char *foreign);

/* A number of JSON with 5 significant digits, as short as it can be; null if it is not finite. */
void mcb_html_json_number(FILE *out, double number);

/* "sha256-...": the source expression of an inline script or style sheet (CSP level 3, section
 * 2.3.1). Returns source. */
enum { MCB_HTML_SOURCE_MAX = 64 };
char *mcb_html_source(const char *text, char source[MCB_HTML_SOURCE_MAX]);

#endif
