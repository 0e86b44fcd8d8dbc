/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_TESTS_PRINTED_HELPER_H
#define MCB_TESTS_PRINTED_HELPER_H

/* What the screen shows of a result document. Included after cmocka.h. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/table.h"

/* The printed document; takes its reference. For free(). */
static inline char *print_as(json_t *document, const struct mcb_table_options *options)
{
    char *stream = NULL;
    size_t size = 0;
    struct mcb_error error;
    FILE *out = open_memstream(&stream, &size);
    assert_non_null(out);
    assert_int_equal(mcb_table_print(out, document, options, &error), 0);
    fclose(out);
    json_decref(document);
    char *text = strdup(stream); /* whose address no stream knows, as gcc would warn */
    free(stream);
    return text;
}

static inline char *print(json_t *document, size_t columns, bool colour)
{
    return print_as(document, &(struct mcb_table_options){.columns = columns, .colour = colour});
}

static inline void assert_printed(const char *text, const char *expected)
{
    if (!strstr(text, expected))
        fail_msg("\"%s\" is not in:\n%s", expected, text);
}

static inline void assert_not_printed(const char *text, const char *unexpected)
{
    if (strstr(text, unexpected))
        fail_msg("\"%s\" is in:\n%s", unexpected, text);
}

#endif
