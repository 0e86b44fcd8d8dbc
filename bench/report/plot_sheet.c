/* SPDX-License-Identifier: Apache-2.0 */

/*
 * gnuplot reads escapes with a backslash in quoted text of data files, and ends it at a quotation
 * mark: both are replaced by characters that look like them and mean nothing. All else of a text
 * that was cleaned is only text there, for enhanced text is off.
 */
#include "bench/report/plot_sheet.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/result.h"
#include "common/file.h"
#include "common/json.h"
#include "common/text.h"

enum { TEXT_MAX = 1024, HEAD_COLUMNS = 72, NOTE_COLUMNS = 100, HOSTS_NAMED = 6 };

/* What scripts/plot/texts.gp draws, how wide a letter is (of DejaVu, which is a wide font), how far
 * lines are from each other, and whether it goes from its place to the right. */
static const struct text_block {
    const char *name;
    double letter, line;
    bool is_left;
} text_blocks[] = {
    {"title", 10.4, 21, true},
    {"note", 7.2, MCB_SHEET_LINE, true},
    {"small", 5.4, 13, true},
    {"left", 6.6, MCB_SHEET_LINE, true},
    {"right", 6.6, MCB_SHEET_LINE, false},
    {"centre", 6.6, MCB_SHEET_LINE, false},
    {"up", 6.6, MCB_SHEET_LINE, false},
    {"bold_left", 7.3, MCB_SHEET_LINE, true},
    {"bold_right", 7.3, MCB_SHEET_LINE, false},
    {"bold_centre", 7.3, MCB_SHEET_LINE, false},
    {"bold_up", 7.3, MCB_SHEET_LINE, false},
};

enum { TEXT_BLOCKS = sizeof text_blocks / sizeof *text_blocks };

static const struct text_block *text_block(const char *name)
{
    size_t i = 0;
    while (i + 1 < TEXT_BLOCKS && strcmp(text_blocks[i].name, name) != 0)
        i++;
    return &text_blocks[i];
}

double mcb_sheet_text_width(const char *block, const char *clean)
{
    return (double)mcb_text_columns(clean) * text_block(block)->letter;
}

void mcb_sheet_begin(struct mcb_sheet *sheet, const char *kind, size_t number, const char *blocks)
{
    *sheet = (struct mcb_sheet){.kind = kind, .wanted = blocks};
    snprintf(sheet->name, sizeof sheet->name, "%.16s-%zu", kind, number);
}

void mcb_sheet_release(struct mcb_sheet *sheet)
{
    for (size_t i = 0; i < sheet->block_count; i++) {
        if (sheet->blocks[i].stream)
            fclose(sheet->blocks[i].stream);
        free(sheet->blocks[i].text);
    }
    *sheet = (struct mcb_sheet){.kind = NULL};
}

void mcb_sheet_number(struct mcb_sheet *sheet, const char *name, double value)
{
    if (sheet->number_count == MCB_SHEET_NUMBERS) {
        sheet->lost = true;
        return;
    }
    sheet->numbers[sheet->number_count].name = name;
    sheet->numbers[sheet->number_count++].value = value;
}

/* The stream of a block, with one row more; NULL: there is no room. */
static FILE *next_row(struct mcb_sheet *sheet, const char *name)
{
    size_t i = 0;
    while (i < sheet->block_count && strcmp(sheet->blocks[i].name, name) != 0)
        i++;
    if (i < MCB_SHEET_BLOCKS && i == sheet->block_count) {
        sheet->block_count++;
        sheet->blocks[i].name = name;
        sheet->blocks[i].stream = open_memstream(&sheet->blocks[i].text, &sheet->blocks[i].size);
    }
    if (i == MCB_SHEET_BLOCKS || !sheet->blocks[i].stream) {
        sheet->lost = true;
        return NULL;
    }
    sheet->blocks[i].rows++;
    return sheet->blocks[i].stream;
}

void mcb_sheet_row(struct mcb_sheet *sheet, const char *block, const char *format, ...)
{
    FILE *out = next_row(sheet, block);
    va_list list;
    if (!out)
        return;
    va_start(list, format);
    vfprintf(out, format, list);
    va_end(list);
    fputc('\n', out);
}

/* ---- text ---- */

/* gnuplot writes '>' into SVG as it is, and XML has no "]]>" in its text. */
static bool ends_a_section(const char *clean, const char *at)
{
    return *at == '>' && at - clean >= 2 && at[-1] == ']' && at[-2] == ']';
}

static void put_quoted(FILE *out, const char *clean)
{
    fputc('"', out);
    for (const char *at = clean; *at; at++)
        if (*at == '"')
            fputs("”", out);
        else if (*at == '\\')
            fputs("∖", out);
        else if (ends_a_section(clean, at))
            fputs("›", out);
        else
            fputc(*at, out);
    fputc('"', out);
}

void mcb_sheet_text(struct mcb_sheet *sheet, const char *block, double x, double y, uint32_t rgb,
                    const char *text)
{
    char clean[TEXT_MAX];
    FILE *out = next_row(sheet, block);
    if (!out)
        return;
    mcb_text_clean(text, clean, sizeof clean);
    fprintf(out, "%.1f\t%.1f\t", x, y);
    put_quoted(out, clean);
    fprintf(out, "\t%" PRIu32 "\n", rgb);
    double end = x + mcb_sheet_text_width(block, clean) + MCB_SHEET_MARGIN;
    if (text_block(block)->is_left && end > sheet->width)
        sheet->width = end;
}

double mcb_sheet_lines(struct mcb_sheet *sheet, const char *block, double x, double y, uint32_t rgb,
                       const char *text, size_t columns)
{
    char clean[TEXT_MAX], *lines = NULL, *rest;
    size_t size;
    FILE *out = open_memstream(&lines, &size);
    if (out)
        mcb_text_wrap(out, mcb_text_clean(text, clean, sizeof clean), 0, columns);
    if (!out || fclose(out) != 0) {
        sheet->lost = true;
        free(lines);
        return y;
    }
    rest = lines;
    y -= text_block(block)->line;
    for (char *line; (line = strsep(&rest, "\n")) && rest;)
        mcb_sheet_text(sheet, block, x, y += text_block(block)->line, rgb, line);
    free(lines);
    return y;
}

static size_t bytes_of_columns(const char *clean, size_t columns)
{
    const char *at = clean;
    for (; *at && columns > 0; columns--)
        do
            at++;
        while (((unsigned char)*at & 0xc0) == 0x80);
    return (size_t)(at - clean);
}

char *mcb_sheet_shorten(char *clean, size_t columns)
{
    static const char ellipsis[] = "…";
    char tail[TEXT_MAX];
    size_t count = mcb_text_columns(clean), kept = columns / 2;
    if (count <= columns)
        return clean;
    snprintf(tail, sizeof tail, "%s", clean + bytes_of_columns(clean, count - kept));
    mcb_text_fit(clean, columns - kept);
    if (strlen(clean) >= sizeof ellipsis - 1) /* it ends with one */
        strcat(clean, tail);
    return clean;
}

/* ---- head and foot ---- */

static bool has_software_nic(const struct mcb_ledger *ledger)
{
    size_t i, j;
    json_t *host, *nic;
    json_array_foreach(json_object_get(ledger->head, "hosts"), i, host)
    {
        json_array_foreach(json_object_get(host, "nics"), j, nic)
        {
            if (json_is_true(json_object_get(nic, "software")))
                return true;
        }
    }
    return false;
}

double mcb_sheet_head(struct mcb_sheet *sheet, const struct mcb_ledger *ledger, const char *title,
                      const char *subtitle)
{
    double y = MCB_SHEET_MARGIN + 8;
    mcb_text_clean(title, sheet->title, sizeof sheet->title);
    y = mcb_sheet_lines(sheet, "title", MCB_SHEET_MARGIN, y, MCB_INK, title, HEAD_COLUMNS) + 4;
    if (*subtitle)
        y = mcb_sheet_lines(sheet, "note", MCB_SHEET_MARGIN, y + MCB_SHEET_LINE, MCB_INK_PALE,
                            subtitle, NOTE_COLUMNS);
    const char *warning = ledger->stand_in           ? "stand-in GPUs: no measurement of hardware"
                          : has_software_nic(ledger) ? "software NICs: no measurement of hardware"
                                                     : "";
    if (*warning)
        mcb_sheet_text(sheet, "bold_left", MCB_SHEET_MARGIN, y += MCB_SHEET_LINE, MCB_INK_ALARM,
                       warning);
    return y + 18;
}

/* "n1, n2 and 3 more hosts" */
static void put_hosts(FILE *out, const struct mcb_ledger *ledger)
{
    const json_t *hosts = json_object_get(ledger->head, "hosts");
    size_t count = json_array_size(hosts);
    for (size_t i = 0; i < count && i < HOSTS_NAMED; i++)
        fprintf(out, "%s%.64s", i > 0 ? ", " : "", mcb_json_text(json_array_get(hosts, i), "host"));
    if (count > HOSTS_NAMED)
        fprintf(out, " and %zu more hosts", count - HOSTS_NAMED);
}

/* "mcbench 0.1.0 · 2026-11-22T09:14:02Z · rdma · n1, n2 · interrupted": for free(); NULL: no
 * memory. */
static char *small_print(const struct mcb_ledger *ledger)
{
    const json_t *tool = json_object_get(ledger->head, "tool");
    const char *status = mcb_json_text(ledger->head, "status");
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    fprintf(out, "%.32s %.32s · %.40s · %.16s · ", mcb_json_text(tool, "name"),
            mcb_json_text(tool, "version"), ledger->started, ledger->transport);
    put_hosts(out, ledger);
    if (strcmp(status, "complete") != 0)
        fprintf(out, " · %.16s", status);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

void mcb_sheet_foot(struct mcb_sheet *sheet, const struct mcb_ledger *ledger, double width,
                    double height)
{
    char *text = small_print(ledger);
    sheet->width = width > sheet->width ? width : sheet->width;
    sheet->lost |= !text;
    double columns = (sheet->width - 2 * MCB_SHEET_MARGIN) / text_block("small")->letter;
    double y = mcb_sheet_lines(sheet, "small", MCB_SHEET_MARGIN, height + 14, MCB_INK_PALE,
                               text ? text : "", (size_t)(columns > 20 ? columns : 20));
    sheet->height = y + 14;
    free(text);
}

/* ---- files ---- */

struct files {
    const struct mcb_sheet *sheet;
    const char *mark;
    enum mcb_plot_format format;
};

static bool has_block(const struct mcb_sheet *sheet, const char *name, size_t length)
{
    for (size_t i = 0; i < sheet->block_count; i++)
        if (strlen(sheet->blocks[i].name) == length &&
            memcmp(sheet->blocks[i].name, name, length) == 0)
            return true;
    return false;
}

/* Calls put for each block that is drawn and has no rows. */
static void for_each_empty(FILE *stream, const struct mcb_sheet *sheet,
                           void put(FILE *stream, const char *name, int length, bool is_text))
{
    for (size_t i = 0; i < TEXT_BLOCKS; i++)
        if (!has_block(sheet, text_blocks[i].name, strlen(text_blocks[i].name)))
            put(stream, text_blocks[i].name, (int)strlen(text_blocks[i].name), true);
    const char *names = sheet->wanted;
    for (size_t length; *names; names += length) {
        names += strspn(names, " ");
        length = strcspn(names, " ");
        if (length > 0 && !has_block(sheet, names, length))
            put(stream, names, (int)length, false);
    }
}

/* gnuplot warns of blocks without rows: those that are empty have one where nothing is drawn. */
static void put_empty_block(FILE *stream, const char *name, int length, bool is_text)
{
    fprintf(stream, "# [%.*s]\n%s\n\n\n", length, name,
            is_text ? "1e30\t1e30\t\"\"\t0" : "1e30\t1e30\t1e30\t1e30\t1e30\t1e30\t1e30\t1e30");
}

static void put_empty_count(FILE *stream, const char *name, int length, bool is_text)
{
    (void)is_text;
    fprintf(stream, "n_%.*s = 0\n", length, name);
}

static int print_data(FILE *stream, const void *context)
{
    const struct files *files = context;
    const struct mcb_sheet *sheet = files->sheet;
    fprintf(stream, "# %s: the figures of %s\n\n\n", files->mark, sheet->name);
    for (size_t i = 0; i < sheet->block_count; i++)
        fprintf(stream, "# [%s]\n%s\n\n", sheet->blocks[i].name, sheet->blocks[i].text);
    for_each_empty(stream, sheet, put_empty_block);
    return 0;
}

static int print_script(FILE *stream, const void *context)
{
    const struct files *files = context;
    const struct mcb_sheet *sheet = files->sheet;
    fprintf(stream,
            "# %s: makes %s of %s.dat: gnuplot %s.gp\n"
            "# These are its numbers; what is drawn of them is in %s.gp.\n"
            "name = '%s'\nformat = '%s'\nwidth = %.0f\nheight = %.0f\n",
            files->mark, sheet->name, sheet->name, sheet->name, sheet->kind, sheet->name,
            files->format == MCB_PLOT_PNG ? "png" : "svg", sheet->width, sheet->height);
    for (size_t i = 0; i < sheet->number_count; i++)
        fprintf(stream, "%s = %.15g\n", sheet->numbers[i].name, sheet->numbers[i].value);
    for (size_t i = 0; i < sheet->block_count; i++)
        fprintf(stream, "n_%s = %zu\n", sheet->blocks[i].name, sheet->blocks[i].rows);
    for_each_empty(stream, sheet, put_empty_count);
    fprintf(stream, "load '%s.gp'\n", sheet->kind);
    return 0;
}

static int write_file(const struct files *files, const char *folder, const char *suffix,
                      int (*print)(FILE *, const void *), struct mcb_error *error)
{
    char *path;
    if (asprintf(&path, "%s/%s.%s", folder, files->sheet->name, suffix) < 0)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a picture");
    int outcome = mcb_file_write(path, print, files, error);
    free(path);
    return outcome;
}

int mcb_sheet_write(struct mcb_sheet *sheet, const char *folder, enum mcb_plot_format format,
                    const char *mark, struct mcb_error *error)
{
    const struct files files = {sheet, mark, format};
    for (size_t i = 0; i < sheet->block_count; i++) {
        FILE *stream = sheet->blocks[i].stream;
        sheet->lost |= !stream || ferror(stream);
        sheet->lost |= stream && fclose(stream) != 0;
        sheet->blocks[i].stream = NULL;
    }
    if (sheet->lost)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a picture");
    if (write_file(&files, folder, "dat", print_data, error) != 0)
        return -1;
    return write_file(&files, folder, "gp", print_script, error);
}
