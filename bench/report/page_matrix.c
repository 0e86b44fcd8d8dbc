/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A heat map: initiators are rows, targets columns, hosts apart from each other.
 *
 * Up to some thousand cells each is an element with its figures in its title, which browsers show
 * on hover without a script. More would be slow: there all cells of one colour are one path, and
 * the script finds the cell below the pointer in the page's data.
 *
 * No mark is told by colour alone: a failed cell has a cross, a skipped one a slash, a regressed
 * one a frame and a triangle, one that a finding is about a dashed frame.
 */

#include <string.h>

#include "bench/report/comparison_words.h"
#include "bench/report/html.h"
#include "bench/report/page_grid.h"
#include "bench/report/page_scale.h"
#include "common/text.h"

enum { RING_LEAST = 11, SMALL = 18, FAILED = -1, SKIPPED = -2 };

struct drawing {
    const struct mcb_page *page;
    size_t setting;
    const struct mcb_page_setting *shown;
    struct mcb_page_scale scale;
    struct mcb_page_grid grid;
};

/* ---- cells ---- */

/* Of several cells of one path (route "host") the worst is shown. */
size_t mcb_page_matrix_next(const struct mcb_page *page, size_t setting, size_t first,
                            uint32_t *chosen)
{
    const struct mcb_ledger_cell *cells = page->ledger->cells;
    const struct mcb_page_setting *shown = &page->settings[setting];
    const struct mcb_ledger_cell *worst = &cells[shown->places[first]];
    size_t next = first + 1;
    for (; next < shown->count; next++) {
        const struct mcb_ledger_cell *cell = &cells[shown->places[next]];
        if (cell->initiator != worst->initiator || cell->target != worst->target)
            break;
        bool worse =
            shown->setting->latency ? cell->figure > worst->figure : cell->figure < worst->figure;
        if (worst->status == MCB_LEDGER_OK && (cell->status != MCB_LEDGER_OK || worse))
            worst = cell;
    }
    *chosen = (uint32_t)(worst - cells);
    return next;
}

static size_t next_path(const struct drawing *drawing, size_t first, uint32_t *chosen)
{
    return mcb_page_matrix_next(drawing->page, drawing->setting, first, chosen);
}

static int colour_of(const struct drawing *drawing, const struct mcb_ledger_cell *cell)
{
    if (cell->status == MCB_LEDGER_SKIPPED)
        return SKIPPED;
    if (cell->status == MCB_LEDGER_FAILED || cell->figure <= 0)
        return FAILED;
    return (int)mcb_page_scale_colour(&drawing->scale, cell->figure);
}

static void print_class(FILE *out, int colour)
{
    if (colour >= 0)
        mcb_html_print(out, "c%d", colour);
    else
        fputs(colour == FAILED ? "cf" : "cs", out);
}

/* What the cell was, where that is compared. */
static void print_change(const struct mcb_page *page, const struct mcb_comparison_row *row)
{
    char before[MCB_TEXT_NUMBER_MAX], moved[MCB_COMPARISON_CHANGE_MAX];
    if (!row || row->change == MCB_CHANGE_UNCHANGED)
        return;
    mcb_html_print(page->out, "; %s", mcb_change_name(row->change));
    if (row->ratio > 0)
        mcb_html_print(page->out, ": was %s, %s", mcb_text_number(row->before_figure, before),
                       mcb_comparison_change_text(row->ratio, moved));
}

static void print_title(const struct drawing *drawing, uint32_t number, size_t alike)
{
    const struct mcb_page *page = drawing->page;
    const struct mcb_ledger_cell *cell = &page->ledger->cells[number];
    char figure[MCB_TEXT_NUMBER_MAX], low[MCB_TEXT_NUMBER_MAX], high[MCB_TEXT_NUMBER_MAX];
    char name[MCB_PAGE_FAULT_NAME_MAX];
    mcb_html_put(page->out, "<title>");
    mcb_page_path(page, cell);
    if (cell->status != MCB_LEDGER_OK) {
        const struct mcb_ledger_fault *fault = mcb_page_fault_of(page, cell);
        mcb_html_print(page->out, ": %s, %s",
                       cell->status == MCB_LEDGER_FAILED ? "failed" : "skipped",
                       fault ? mcb_page_fault_name(fault, name) : "");
    } else {
        mcb_html_print(page->out, ": %s %s (%s to %s)", mcb_text_number(cell->figure, figure),
                       mcb_ledger_unit(drawing->shown->setting), mcb_text_number(cell->low, low),
                       mcb_text_number(cell->high, high));
        if (cell->ceiling_gbps > 0)
            mcb_html_print(page->out, ", %.0f %% of its ceiling",
                           100 * cell->figure / cell->ceiling_gbps);
    }
    print_change(page, page->changes[number]);
    if (alike > 1)
        mcb_html_print(page->out, "; the worst of %zu cells of this path", alike);
    mcb_html_put(page->out, "</title>");
}

static void print_titled_cells(const struct drawing *drawing)
{
    const struct mcb_page *page = drawing->page;
    uint32_t number;
    for (size_t i = 0, next; i < drawing->shown->count; i = next) {
        next = next_path(drawing, i, &number);
        const struct mcb_ledger_cell *cell = &page->ledger->cells[number];
        mcb_html_put(page->out, "<rect class=\"");
        print_class(page->out, colour_of(drawing, cell));
        mcb_html_print(page->out, "\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\">",
                       page->column_at[cell->target], page->row_at[cell->initiator],
                       drawing->grid.cell_width, drawing->grid.cell_height);
        print_title(drawing, number, next - i);
        mcb_html_put(page->out, "</rect>\n");
    }
}

/* All cells of one colour; neighbours in a row are one box. */
static void print_colour(const struct drawing *drawing, int colour)
{
    const struct mcb_page *page = drawing->page;
    int x = 0, y = -1, end = -1;
    int width = drawing->grid.cell_width, height = drawing->grid.cell_height;
    uint32_t number;
    for (size_t i = 0; i < drawing->shown->count;) {
        i = next_path(drawing, i, &number);
        const struct mcb_ledger_cell *cell = &page->ledger->cells[number];
        if (colour_of(drawing, cell) != colour)
            continue;
        int column = page->column_at[cell->target], row = page->row_at[cell->initiator];
        if (y >= 0 && row == y && column == end + drawing->grid.gap) {
            end = column + width;
            continue;
        }
        if (y >= 0)
            fprintf(page->out, "M%d %dh%dv%dh%dz", x, y, end - x, height, x - end);
        x = column;
        y = row;
        end = column + width;
    }
    if (y >= 0)
        fprintf(page->out, "M%d %dh%dv%dh%dz", x, y, end - x, height, x - end);
}

static void print_colours(const struct drawing *drawing)
{
    for (int colour = SKIPPED; colour < MCB_PAGE_COLOURS; colour++) {
        mcb_html_put(drawing->page->out, "<path class=\"");
        print_class(drawing->page->out, colour);
        mcb_html_put(drawing->page->out, "\" d=\"");
        print_colour(drawing, colour);
        mcb_html_put(drawing->page->out, "\"/>\n");
    }
}

static void print_figures(const struct drawing *drawing)
{
    const struct mcb_page *page = drawing->page;
    char text[MCB_TEXT_NUMBER_MAX];
    uint32_t number;
    for (size_t i = 0; i < drawing->shown->count;) {
        i = next_path(drawing, i, &number);
        const struct mcb_ledger_cell *cell = &page->ledger->cells[number];
        int colour = colour_of(drawing, cell);
        if (colour >= 0)
            mcb_html_print(page->out, "<text class=\"%s\" x=\"%d\" y=\"%d\">%s</text>\n",
                           colour < MCB_PAGE_COLOURS_DARK ? "dark" : "light",
                           page->column_at[cell->target] + drawing->grid.cell_width / 2,
                           page->row_at[cell->initiator] +
                               (drawing->grid.cell_height + drawing->grid.gap) / 2 + 3,
                           mcb_text_number(cell->figure, text));
    }
}

/* ---- marks ---- */

enum mark { MARK_CROSS, MARK_SLASH, MARK_RING, MARK_TRIANGLE, MARK_SUSPECT };

static bool has_mark(const struct drawing *drawing, uint32_t number, enum mark mark)
{
    const struct mcb_page *page = drawing->page;
    const struct mcb_ledger_cell *cell = &page->ledger->cells[number];
    if (mark == MARK_CROSS || mark == MARK_SLASH)
        return colour_of(drawing, cell) == (mark == MARK_CROSS ? FAILED : SKIPPED);
    if (mark == MARK_SUSPECT)
        return page->suspect[number] && cell->status == MCB_LEDGER_OK;
    return page->changes[number] &&
           mcb_comparison_is_regression(page->input->comparison, page->changes[number]);
}

static void print_mark(const struct drawing *drawing, const struct mcb_ledger_cell *cell,
                       enum mark mark)
{
    FILE *out = drawing->page->out;
    int width = drawing->grid.cell_width, height = drawing->grid.cell_height;
    int x = drawing->page->column_at[cell->target], y = drawing->page->row_at[cell->initiator];
    int wider = width < RING_LEAST ? (RING_LEAST - width) / 2 : 0;
    int higher = height < RING_LEAST ? (RING_LEAST - height) / 2 : 0;
    if (mark == MARK_CROSS)
        fprintf(out, "M%d %dl%d %dm0 %dl%d %d", x, y, width, height, -height, -width, height);
    else if (mark == MARK_SLASH)
        fprintf(out, "M%d %dl%d %d", x, y + height, width, -height);
    else if (mark == MARK_TRIANGLE)
        fprintf(out, "M%d %dh8l-4 7z", x + width + wider - 8, y - higher);
    else
        fprintf(out, "M%d %dh%dv%dh%dz", x - wider, y - higher, width + 2 * wider,
                height + 2 * higher, -width - 2 * wider);
}

static void print_marks(const struct drawing *drawing, enum mark mark, const char *class)
{
    const struct mcb_page *page = drawing->page;
    uint32_t number;
    bool begun = false;
    for (size_t i = 0; i < drawing->shown->count;) {
        i = next_path(drawing, i, &number);
        if (!has_mark(drawing, number, mark))
            continue;
        if (!begun)
            mcb_html_print(page->out, "<path class=\"%s\" d=\"", class);
        begun = true;
        print_mark(drawing, &page->ledger->cells[number], mark);
    }
    if (begun)
        mcb_html_put(page->out, "\"/>\n");
}

static bool is_any(const struct drawing *drawing, enum mark mark)
{
    for (size_t i = 0; i < drawing->shown->count; i++)
        if (has_mark(drawing, drawing->shown->places[i], mark))
            return true;
    return false;
}

/* ---- all of it ---- */

static void print_key(const struct drawing *drawing)
{
    static const struct {
        enum mark mark;
        const char *shape, *class, *means;
    } keys[] = {
        {MARK_RING, "M2 2h16v12h-16z", "ring", "a regression (with a triangle)"},
        {MARK_SUSPECT, "M2 2h16v12h-16z", "suspect", "a finding is about it"},
        {MARK_CROSS, "M2 2l16 12m0 -12l-16 12", "cross", "failed"},
        {MARK_SLASH, "M2 14l16 -12", "slash", "skipped"},
    };
    FILE *out = drawing->page->out;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (is_any(drawing, keys[i].mark))
            mcb_html_print(out,
                           "<span class=\"key\"><svg width=\"20\" height=\"16\" "
                           "aria-hidden=\"true\"><path class=\"%s\" d=\"%s\"/></svg> %s</span>\n",
                           keys[i].class, keys[i].shape, keys[i].means);
}

static void print_svg_head(const struct drawing *drawing)
{
    FILE *out = drawing->page->out;
    char label[MCB_LEDGER_LABEL_MAX];
    mcb_html_print(out,
                   "<svg class=\"heat%s\" data-setting=\"%zu\" role=\"img\" aria-label=\"heat map, "
                   "%s: %zu cells, %zu failed; the figures are in the table below\" "
                   "width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n",
                   drawing->grid.cell_height + drawing->grid.gap < SMALL ? " small" : "",
                   drawing->setting,
                   mcb_ledger_setting_label(drawing->page->ledger, drawing->setting, label),
                   drawing->shown->count, drawing->shown->failed, drawing->grid.width,
                   drawing->grid.height, drawing->grid.width, drawing->grid.height);
}

static void print_svg(const struct drawing *drawing)
{
    const struct mcb_page *page = drawing->page;
    print_svg_head(drawing);
    mcb_page_grid_print_labels(&drawing->grid);
    mcb_html_put(page->out, "<g class=\"cells\">\n");
    if (drawing->shown->values == MCB_PAGE_VALUES_TITLES)
        print_titled_cells(drawing);
    else
        print_colours(drawing);
    mcb_html_put(page->out, "</g>\n<g class=\"marks\">\n");
    if (drawing->grid.figures)
        print_figures(drawing);
    print_marks(drawing, MARK_CROSS, "cross");
    print_marks(drawing, MARK_SLASH, "slash");
    print_marks(drawing, MARK_SUSPECT, "suspect");
    print_marks(drawing, MARK_RING, "halo");
    print_marks(drawing, MARK_RING, "ring");
    print_marks(drawing, MARK_TRIANGLE, "triangle");
    mcb_html_put(page->out, "</g>\n</svg>\n");
}

/* Where the script says what is below the pointer; without a script titles do, or the tables. */
static void print_readout(const struct drawing *drawing)
{
    FILE *out = drawing->page->out;
    if (drawing->shown->values == MCB_PAGE_VALUES_NOWHERE)
        mcb_html_put(out, "<p class=\"dim\">The page has no room for the values of so many cells: "
                          "the table has the worst of them, the result all.</p>\n");
    else
        mcb_html_print(out, "<p class=\"readout\" data-setting=\"%zu\" role=\"status\"></p>\n",
                       drawing->setting);
}

void mcb_page_matrix(const struct mcb_page *page, size_t setting)
{
    const struct mcb_page_setting *shown = &page->settings[setting];
    const struct drawing drawing = {.page = page,
                                    .setting = setting,
                                    .shown = shown,
                                    .scale = mcb_page_scale_of(shown),
                                    .grid = mcb_page_grid_of(page, setting)};
    mcb_html_put(page->out, "<div class=\"legend\">\n");
    mcb_page_scale_print(page, shown, &drawing.scale);
    print_key(&drawing);
    mcb_html_put(page->out, "</div>\n");
    mcb_page_box_begin(page, "heat map");
    print_svg(&drawing);
    mcb_page_box_end(page);
    print_readout(&drawing);
}
