/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/plot_diagram.h"

double mcb_plot_diagram_x(const struct mcb_plot_diagram *diagram, double value)
{
    return diagram->left +
           (diagram->right - diagram->left) * mcb_plot_scale_part(&diagram->x, value);
}

double mcb_plot_diagram_y(const struct mcb_plot_diagram *diagram, double value)
{
    return diagram->bottom -
           (diagram->bottom - diagram->top) * mcb_plot_scale_part(&diagram->y, value);
}

void mcb_plot_diagram_hand_over(const struct mcb_plot_diagram *diagram, struct mcb_sheet *sheet)
{
    mcb_sheet_number(sheet, "axes_left", diagram->left);
    mcb_sheet_number(sheet, "axes_right", diagram->right);
    mcb_sheet_number(sheet, "axes_top", diagram->top);
    mcb_sheet_number(sheet, "axes_bottom", diagram->bottom);
    mcb_sheet_number(sheet, "x_low", diagram->x.low);
    mcb_sheet_number(sheet, "x_high", diagram->x.high);
    mcb_sheet_number(sheet, "x_logarithmic", diagram->x.logarithmic);
    mcb_sheet_number(sheet, "y_low", diagram->y.low);
    mcb_sheet_number(sheet, "y_high", diagram->y.high);
    mcb_sheet_number(sheet, "y_logarithmic", diagram->y.logarithmic);
}

void mcb_plot_diagram_lay(const struct mcb_plot_diagram *diagram, struct mcb_sheet *sheet,
                          const char *unit)
{
    enum { TIC_EACH = 50 }; /* pixels */
    double tics[MCB_PLOT_TICS_MAX];
    char text[MCB_TEXT_NUMBER_MAX];
    double width = diagram->right - diagram->left, height = diagram->bottom - diagram->top;
    size_t count = mcb_plot_scale_tics(&diagram->y, (size_t)(height / TIC_EACH) + 1, tics);
    mcb_plot_diagram_hand_over(diagram, sheet);
    for (size_t i = 0; i < count; i++) {
        double y = mcb_plot_diagram_y(diagram, tics[i]);
        mcb_sheet_row(sheet, "tic_lines", "%.1f\t%.1f\t%.1f\t0", diagram->left, y, width);
        mcb_sheet_text(sheet, "right", diagram->left - 8, y, MCB_INK,
                       mcb_plot_tic_text(tics[i], text));
    }
    mcb_sheet_row(sheet, "frame", "%.1f\t%.1f\t%.1f\t0", diagram->left, diagram->bottom, width);
    mcb_sheet_row(sheet, "frame", "%.1f\t%.1f\t0\t%.1f", diagram->left, diagram->top, height);
    mcb_sheet_text(sheet, "left", MCB_SHEET_MARGIN, diagram->top - 18, MCB_INK_PALE, unit);
}

void mcb_plot_diagram_tic(const struct mcb_plot_diagram *diagram, struct mcb_sheet *sheet,
                          double value, const char *text)
{
    double x = mcb_plot_diagram_x(diagram, value);
    mcb_sheet_row(sheet, "tic_lines", "%.1f\t%.1f\t0\t%.1f", x, diagram->top,
                  diagram->bottom - diagram->top);
    mcb_sheet_row(sheet, "frame", "%.1f\t%.1f\t0\t5", x, diagram->bottom);
    mcb_sheet_text(sheet, "centre", x, diagram->bottom + 15, MCB_INK, text);
}

const char *mcb_plot_line_block(size_t line)
{
    static const char *const names[MCB_PLOT_LINES] = {"line_1", "line_2", "line_3",
                                                      "line_4", "line_5", "line_6"};
    return names[line];
}

void mcb_plot_line_sample(struct mcb_sheet *sheet, size_t line, double x, double y,
                          const char *text)
{
    enum { LENGTH = 48, GAP = 10 };
    static const char *const names[MCB_PLOT_LINES] = {"sample_1", "sample_2", "sample_3",
                                                      "sample_4", "sample_5", "sample_6"};
    mcb_sheet_row(sheet, names[line], "%.1f\t%.1f", x, y);
    mcb_sheet_row(sheet, names[line], "%.1f\t%.1f", x + LENGTH / 2, y);
    mcb_sheet_row(sheet, names[line], "%.1f\t%.1f\n", x + LENGTH, y); /* ends the line */
    mcb_sheet_text(sheet, "left", x + LENGTH + GAP, y, MCB_INK, text);
}
