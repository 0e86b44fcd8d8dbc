/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/table.h"

#include <stdlib.h>
#include <string.h>

#include "bench/report/affinity.h"
#include "bench/report/canvas.h"
#include "bench/report/matrix.h"
#include "bench/report/notes.h"
#include "bench/report/pivot.h"
#include "bench/report/result.h"
#include "bench/report/routes.h"
#include "bench/report/summary.h"
#include "bench/report/suspects.h"
#include "bench/report/title.h"
#include "common/json.h"
#include "common/text.h"

enum { COLUMNS_LEAST = 40, CLEAN_MAX = 4608 };

/* A warning that begins so has said it. */
static const char stand_in[] = "stand-in GPUs";
static const char stand_in_warning[] =
    "stand-in GPUs in host memory, made for tests: no figure of theirs is a measurement of "
    "hardware";

static void print_line(const struct mcb_canvas *canvas, enum mcb_paint paint, const char *text)
{
    char clean[CLEAN_MAX];
    mcb_canvas_begin(canvas, paint);
    mcb_text_wrap(canvas->out, mcb_text_clean(text, clean, sizeof clean), 0, canvas->columns);
    mcb_canvas_end(canvas, paint);
}

/* ---- headings ---- */

/* The setting, and the route where that is not the only one there is, or not the usual one. To
 * host memory there is but one. */
static void add_title(struct mcb_text_line *line, const struct mcb_pivot *pivot,
                      const struct mcb_pivot_setting *setting, const char *transport)
{
    char title[MCB_TITLE_MAX];
    mcb_text_add(line, "%s", mcb_title_of_setting(setting, transport, title));
    bool usual = strcmp(setting->route, "direct") == 0;
    if (pivot->several_routes || !usual)
        mcb_text_add(line, " · %.32s",
                     usual && !mcb_pivot_has_gpus(pivot, setting)
                         ? "between host memories"
                         : mcb_title_of_route(setting->route));
}

/* " · relaxed ordering auto (effective on)", or how many cells each if they differ. */
static void add_ordering(struct mcb_text_line *line, const char *requested,
                         const struct mcb_summary *summary)
{
    size_t kinds = 0;
    const char *separator = "";
    if (!requested)
        return;
    for (size_t i = 0; i < MCB_EFFECTIVES; i++)
        kinds += summary->effective[i] > 0;
    mcb_text_add(line, " · relaxed ordering %.16s (effective ", requested);
    for (int i = 0; i < MCB_EFFECTIVES; i++) {
        if (summary->effective[i] == 0)
            continue;
        mcb_text_add(line, "%s%s", separator,
                     mcb_summary_effective_name((enum mcb_summary_effective)i));
        if (kinds > 1)
            mcb_text_add(line, " in %zu cells", summary->effective[i]);
        separator = ", ";
    }
    mcb_text_add(line, ")");
}

static void add_bandwidth_legend(struct mcb_text_line *line, const struct mcb_summary *summary)
{
    mcb_text_add(line, "Gbit/s");
    if (summary->trials_most == 1)
        mcb_text_add(line, ": one trial");
    else if (summary->trials_least == summary->trials_most)
        mcb_text_add(line, ": median of %zu trials ± half its 95 %% interval",
                     summary->trials_most);
    else
        mcb_text_add(line, ": median of %zu to %zu trials ± half its 95 %% interval",
                     summary->trials_least, summary->trials_most);
    if (summary->ceiling_count > 0)
        mcb_text_add(line, ", %% of the path's ceiling");
}

static void add_latency_legend(struct mcb_text_line *line, const struct mcb_summary *summary,
                               const json_t *cell)
{
    bool read = strcmp(mcb_json_text(cell, "operation"), "read") == 0;
    mcb_text_add(line, "µs: p50 / p99, %s",
                 read ? "full round trip" : "one way (half a round trip)");
    for (size_t i = 0; i < summary->method_count; i++) {
        bool staged = strcmp(summary->methods[i], "staged") == 0;
        mcb_text_add(line, "%s%s%.64s", i ? ", " : " ", staged ? "through " : (i ? "" : "by "),
                     staged ? "staging" : summary->methods[i]);
    }
}

static void print_heading(const struct mcb_canvas *canvas, const struct mcb_pivot *pivot,
                          const struct mcb_pivot_setting *setting,
                          const struct mcb_summary *summary, const char *transport)
{
    struct mcb_text_line title = {0}, legend = {0};
    add_title(&title, pivot, setting, transport);
    add_ordering(&title, setting->ordering, summary);
    print_line(canvas, MCB_PAINT_PLAIN, title.text);
    if (summary->ok == 0)
        return;
    if (summary->latency)
        add_latency_legend(&legend, summary, setting->example);
    else
        add_bandwidth_legend(&legend, summary);
    print_line(canvas, MCB_PAINT_DIM, legend.text);
}

/* ---- what limits it ---- */

/* "link of both ends"; what the document did not say is left out. */
static const char *ceiling_place(const struct mcb_summary_ceiling *ceiling)
{
    static const struct {
        const char *from, *at, *text;
    } places[] = {
        {"link", "initiator", " (link of the initiator)"},
        {"link", "target", " (link of the target)"},
        {"link", "both", " (link of both ends)"},
        {"nic-pcie", "initiator", " (PCIe of the initiator's NIC)"},
        {"nic-pcie", "target", " (PCIe of the target's NIC)"},
        {"nic-pcie", "both", " (PCIe of both NICs)"},
        {"gpu-pcie", "initiator", " (PCIe of the initiator's GPU)"},
        {"gpu-pcie", "target", " (PCIe of the target's GPU)"},
        {"gpu-pcie", "both", " (PCIe of both GPUs)"},
    };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (strcmp(places[i].from, ceiling->from) == 0 && strcmp(places[i].at, ceiling->at) == 0)
            return places[i].text;
    return "";
}

/* "ceiling 392.1 Gbit/s (link of both ends) for 12 paths, 230.4 Gbit/s (PCIe of the initiator's
 * NIC) for 4"; without numbers of paths if all have the same. */
static void print_ceilings(const struct mcb_canvas *canvas, const struct mcb_summary *summary)
{
    struct mcb_text_line line = {0};
    char number[MCB_TEXT_NUMBER_MAX];
    size_t without = summary->ok - summary->ceiling_others;
    if (summary->ceiling_count == 0)
        return;
    for (size_t i = 0; i < summary->ceiling_count; i++) {
        const struct mcb_summary_ceiling *ceiling = &summary->ceilings[i];
        mcb_text_add(&line, "%s%s Gbit/s%s", i > 0 ? ", " : "ceiling ",
                     mcb_text_number(ceiling->gbps, number), ceiling_place(ceiling));
        if (ceiling->cells < summary->ok)
            mcb_text_add(&line, " for %zu%s", ceiling->cells,
                         i > 0 ? "" : (ceiling->cells == 1 ? " path" : " paths"));
        without -= ceiling->cells;
    }
    if (summary->ceiling_others > 0)
        mcb_text_add(&line, ", others for %zu", summary->ceiling_others);
    if (without > 0)
        mcb_text_add(&line, ", not known for %zu", without);
    print_line(canvas, MCB_PAINT_DIM, line.text);
}

/* ---- what it adds up to ---- */

static void add_figures(struct mcb_text_line *line, const struct mcb_pivot *pivot,
                        const struct mcb_summary *summary)
{
    char median[MCB_TEXT_NUMBER_MAX], worst[MCB_TEXT_NUMBER_MAX], label[MCB_LABEL_MAX];
    const char *unit = summary->latency ? "µs" : "Gbit/s";
    const char *what = summary->latency ? "median of p50" : "median";
    mcb_text_number(summary->median, median);
    mcb_text_number(summary->worst, worst);
    if (summary->ok == 0)
        return;
    if (summary->ok == 1)
        mcb_text_add(line, " · %s %s", worst, unit);
    else
        mcb_text_add(line, " · %s %s, worst %s %s (%s)", what, median, worst, unit,
                     mcb_matrix_path_label(pivot, summary->worst_cell, label));
}

static void print_summary(const struct mcb_canvas *canvas, const struct mcb_pivot *pivot,
                          const struct mcb_pivot_setting *setting,
                          const struct mcb_summary *summary)
{
    struct mcb_text_line line = {0};
    char bytes[MCB_TEXT_NUMBER_MAX];
    mcb_text_add(&line, "%zu of %zu cell%s measured", summary->ok, setting->count,
                 setting->count == 1 ? "" : "s");
    if (summary->failed > 0)
        mcb_text_add(&line, " · %zu failed", summary->failed);
    if (summary->skipped > 0)
        mcb_text_add(&line, " · %zu skipped", summary->skipped);
    if (summary->verified_bytes > 0 || summary->corrupt_bytes > 0)
        mcb_text_add(&line, " · %s verified, %.0f bytes wrong",
                     mcb_text_bytes(summary->verified_bytes, bytes), summary->corrupt_bytes);
    add_figures(&line, pivot, summary);
    bool bad = summary->failed > 0 || summary->corrupt_bytes > 0;
    print_line(canvas, bad ? MCB_PAINT_RED : MCB_PAINT_PLAIN, line.text);
}

/* The matrix, unless all of it is in the table of the routes: bounce buffers of several GPUs have
 * one name, and would have one place in it. */
static int print_matrix(const struct mcb_canvas *canvas, const struct mcb_routes *routes,
                        const struct mcb_pivot_setting *setting, const struct mcb_summary *summary,
                        const struct mcb_notes *notes, struct mcb_error *error)
{
    if (mcb_routes_host_cells(routes, setting) < setting->count)
        return mcb_matrix_print(canvas, routes->pivot, setting, summary, notes, error);
    print_line(canvas, MCB_PAINT_DIM, "the figures are below, each beside its GPU's");
    return 0;
}

static int print_setting(const struct mcb_canvas *canvas, const struct mcb_routes *routes,
                         const struct mcb_pivot_setting *setting, const char *transport,
                         double *median, struct mcb_error *error)
{
    const struct mcb_pivot *pivot = routes->pivot;
    struct mcb_summary summary;
    struct mcb_notes notes;
    if (mcb_summary_make(pivot, setting, &summary, error) != 0 ||
        mcb_notes_make(pivot, setting, &notes, error) != 0)
        return -1;
    print_heading(canvas, pivot, setting, &summary, transport);
    int outcome = print_matrix(canvas, routes, setting, &summary, &notes, error);
    if (outcome == 0) {
        print_ceilings(canvas, &summary);
        mcb_notes_print(canvas, &notes);
        print_summary(canvas, pivot, setting, &summary);
        *median = summary.median;
    }
    mcb_notes_release(&notes);
    return outcome;
}

/* ---- relaxed ordering on against off ---- */

static void print_ratio(const struct mcb_canvas *canvas, const struct mcb_pivot *pivot,
                        const struct mcb_pivot_setting *setting, const char *transport, double off,
                        double on)
{
    struct mcb_text_line line = {0};
    char off_text[MCB_TEXT_NUMBER_MAX], on_text[MCB_TEXT_NUMBER_MAX];
    bool latency = strcmp(mcb_json_text(setting->example, "measure"), "latency") == 0;
    mcb_text_add(&line, "relaxed ordering on / off: %.3f  (", on / off);
    add_title(&line, pivot, setting, transport);
    mcb_text_add(&line, "; median %s → %s %s)", mcb_text_number(off, off_text),
                 mcb_text_number(on, on_text), latency ? "µs" : "Gbit/s");
    print_line(canvas, MCB_PAINT_PLAIN, line.text);
}

enum { WHOLE_KEY_MAX = MCB_PIVOT_KEY_MAX + 24 };

/* All of a setting but the ordering. */
static char *whole_key(const struct mcb_pivot_setting *setting, char key[WHOLE_KEY_MAX])
{
    snprintf(key, WHOLE_KEY_MAX, "%s %.16s", setting->key, setting->route);
    return key;
}

/* For every setting with ordering on, the one that is the same but off. medians: of each setting,
 * 0 where nothing was measured. */
static int print_ratios(const struct mcb_canvas *canvas, const struct mcb_pivot *pivot,
                        const char *transport, const double *medians)
{
    char key[WHOLE_KEY_MAX];
    json_t *off = json_object();
    int outcome = off ? 0 : -1;
    for (size_t i = 0; outcome == 0 && i < pivot->setting_count; i++) {
        const struct mcb_pivot_setting *setting = &pivot->settings[i];
        if (setting->ordering && strcmp(setting->ordering, "off") == 0 && medians[i] > 0)
            outcome = json_object_set_new(off, whole_key(setting, key), json_real(medians[i]));
    }
    for (size_t i = 0; outcome == 0 && i < pivot->setting_count; i++) {
        const struct mcb_pivot_setting *setting = &pivot->settings[i];
        double base = json_number_value(json_object_get(off, whole_key(setting, key)));
        if (setting->ordering && strcmp(setting->ordering, "on") == 0 && medians[i] > 0 && base > 0)
            print_ratio(canvas, pivot, setting, transport, base, medians[i]);
    }
    json_decref(off);
    return outcome;
}

/* ---- the whole document ---- */

static int print_settings(const struct mcb_canvas *canvas, const struct mcb_routes *routes,
                          const char *transport, struct mcb_error *error)
{
    const struct mcb_pivot *pivot = routes->pivot;
    double *medians = calloc(pivot->setting_count + 1, sizeof *medians);
    if (!medians)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the tables");
    int outcome = 0;
    for (size_t i = 0; outcome == 0 && i < pivot->setting_count; i++) {
        outcome = print_setting(canvas, routes, &pivot->settings[i], transport, &medians[i], error);
        fputc('\n', canvas->out);
    }
    if (outcome == 0 && print_ratios(canvas, pivot, transport, medians) != 0)
        outcome = mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the tables");
    free(medians);
    return outcome;
}

static void print_warning(const struct mcb_canvas *canvas, const char *text)
{
    char clean[CLEAN_MAX];
    mcb_canvas_put(canvas, MCB_PAINT_YELLOW, "warning: ");
    mcb_text_wrap(canvas->out, mcb_text_clean(text, clean, sizeof clean), 9, canvas->columns);
}

/* That GPUs are none is said whatever became of the warnings. */
static void print_warnings(const struct mcb_canvas *canvas, const json_t *document)
{
    const json_t *warnings = json_object_get(document, "warnings");
    bool told = false;
    size_t index;
    json_t *warning;
    json_array_foreach(warnings, index, warning)
    {
        print_warning(canvas, json_string_value(warning));
        told |= strncmp(json_string_value(warning), stand_in, sizeof stand_in - 1) == 0;
    }
    if (mcb_result_is_stand_in(document) && !told)
        print_warning(canvas, stand_in_warning);
}

static void print_status(const struct mcb_canvas *canvas, const json_t *document)
{
    const char *status = mcb_json_text(document, "status");
    const json_t *fault = json_object_get(document, "fault");
    if (strcmp(status, "complete") == 0)
        return;
    mcb_canvas_begin(canvas, MCB_PAINT_RED);
    int start = fprintf(canvas->out, "run %.16s%s", status, json_is_object(fault) ? ": " : "\n");
    mcb_canvas_end(canvas, MCB_PAINT_RED);
    if (json_is_object(fault))
        mcb_notes_print_fault(canvas, fault, start > 0 ? (size_t)start : 0, 2,
                              strcmp(status, "failed") == 0);
}

static int print_cells(const struct mcb_canvas *canvas, const json_t *document,
                       struct mcb_error *error)
{
    const char *transport = mcb_json_text(json_object_get(document, "transport"), "name");
    struct mcb_pivot pivot = {0};
    struct mcb_routes routes = {.rows = NULL};
    int outcome = mcb_pivot_make(document, &pivot, error);
    if (outcome == 0)
        outcome = mcb_routes_make(document, &pivot, &routes, error);
    if (outcome == 0 && pivot.cell_count == 0)
        print_line(canvas, MCB_PAINT_PLAIN, "no cell was measured");
    if (outcome == 0)
        outcome = print_settings(canvas, &routes, transport, error);
    if (outcome == 0)
        outcome = mcb_routes_print(canvas, &routes, transport, error);
    if (outcome == 0)
        outcome = mcb_affinity_print(canvas, document, error);
    mcb_routes_release(&routes);
    mcb_pivot_release(&pivot);
    return outcome;
}

int mcb_table_print(FILE *out, const json_t *document, const struct mcb_table_options *options,
                    struct mcb_error *error)
{
    size_t columns = options->columns ? options->columns : (size_t)MCB_TEXT_COLUMNS_DEFAULT;
    const struct mcb_canvas canvas = {
        .out = out,
        .columns = columns > COLUMNS_LEAST ? columns : (size_t)COLUMNS_LEAST,
        .colour = options->colour,
    };
    if (print_cells(&canvas, document, error) != 0 ||
        mcb_suspects_print(&canvas, document, error) != 0)
        return -1;
    print_warnings(&canvas, document);
    if (!options->live)
        print_status(&canvas, document);
    return 0;
}
