/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/sides.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"

enum { VALUE_MAX = 48, LABEL_COLUMNS = 10, COLUMN_MOST = 40, QPNS_SHOWN = 3 };

static const struct {
    const char *member, *label;
    bool same; /* it is to be so on both sides */
} rows[] = {
    {"nic", "NIC", false},
    {"port", "port", false},
    {"interface", "interface", false},
    {"address", "address", false},
    {"mac", "MAC", false},
    {"gid", "GID", false},
    {"gid_index", "GID index", false},
    {"gid_type", "GID type", true},
    {"lid", "LID", false},
    {"mtu_bytes", "MTU", true},
    {"qpn", "QPN", false},
};

static void write_value(const json_t *value, char text[VALUE_MAX])
{
    char clean[VALUE_MAX];
    size_t length = 0;
    text[0] = '\0';
    if (json_is_string(value))
        snprintf(text, VALUE_MAX, "%s",
                 mcb_text_clean(json_string_value(value), clean, sizeof clean));
    if (json_is_integer(value))
        snprintf(text, VALUE_MAX, "%lld", (long long)json_integer_value(value));
    for (size_t i = 0; i < json_array_size(value) && i <= QPNS_SHOWN; i++) {
        if (i == QPNS_SHOWN)
            snprintf(text + length, VALUE_MAX - length, ", ...");
        else
            length += (size_t)snprintf(text + length, VALUE_MAX - length, "%s%u", i ? ", " : "",
                                       (unsigned)json_integer_value(json_array_get(value, i)));
    }
}

static void print_row(const struct mcb_canvas *canvas, size_t indent, const char *label,
                      const char *left, const char *right, bool marked)
{
    char cell[VALUE_MAX];
    size_t half = (canvas->columns - indent - LABEL_COLUMNS - 2) / 2 - 2;
    size_t room = half < COLUMN_MOST ? half : COLUMN_MOST;
    mcb_text_pad(canvas->out, indent);
    mcb_canvas_begin(canvas, marked ? MCB_PAINT_YELLOW : MCB_PAINT_DIM);
    fprintf(canvas->out, "%c %s", marked ? '!' : ' ', label);
    mcb_text_pad(canvas->out, LABEL_COLUMNS - mcb_text_columns(label));
    snprintf(cell, sizeof cell, "%s", left);
    mcb_text_fit(cell, room);
    fputs(cell, canvas->out);
    if (*right) {
        mcb_text_pad(canvas->out, room + 2 - mcb_text_columns(cell));
        snprintf(cell, sizeof cell, "%s", right);
        mcb_text_fit(cell, room);
        fputs(cell, canvas->out);
    }
    mcb_canvas_end(canvas, marked ? MCB_PAINT_YELLOW : MCB_PAINT_DIM);
    fputc('\n', canvas->out);
}

void mcb_sides_print(const struct mcb_canvas *canvas, const json_t *sides, size_t indent)
{
    char left[VALUE_MAX], right[VALUE_MAX];
    if (!json_is_object(sides))
        return;
    print_row(canvas, indent, "", "initiator", "target", false);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const json_t *of[] = {
            json_object_get(json_object_get(sides, "initiator"), rows[i].member),
            json_object_get(json_object_get(sides, "target"), rows[i].member),
        };
        if (!of[0] && !of[1])
            continue;
        write_value(of[0], left);
        write_value(of[1], right);
        print_row(canvas, indent, rows[i].label, left, right,
                  rows[i].same && of[0] && of[1] && !json_equal(of[0], of[1]));
    }
}
