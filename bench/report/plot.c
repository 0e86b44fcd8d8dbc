/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A kind makes its sheets one after the other and gives each to mcb_plot_emit(), which writes its
 * files and has gnuplot draw it under a temporary name. Once gnuplot has failed it is not called
 * any more, but files of data and scripts are still written, so that all pictures can be made
 * later.
 *
 * Nothing is written over but what carries our mark in its first lines; a picture has none, so it
 * goes by the script of its name.
 */
#include "bench/report/plot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/report/embedded.h"
#include "bench/report/gnuplot.h"
#include "bench/report/plot_kinds.h"
#include "common/file.h"
#include "common/interrupt.h"
#include "common/suggest.h"
#include "common/text.h"

enum { TEMPORARY_MAX = MCB_SHEET_NAME_MAX + 16 };

static const char mark[] = "mcbench plot";

static const struct kind {
    const char *name;
    mcb_plot_make_kind *make;
    const char *needed; /* what it is that has such figures */
} kinds[] = {
    {"heat", mcb_plot_heat, "a result with cells"},
    {"gpu", mcb_plot_gpu, "mcbench gpu --compare staged, or results of cpu and gpu together"},
    {"size", mcb_plot_size, "mcbench cpu --size 4KiB..8MiB"},
    {"latency", mcb_plot_latency, "mcbench cpu --measure latency"},
    {"trend", mcb_plot_trend, "several results, or --history DIR"},
    {"ordering", mcb_plot_ordering, "mcbench cpu --relaxed-ordering both"},
    {"change", mcb_plot_change, "--baseline FILE, or --history DIR"},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

struct mcb_plot_run {
    const struct mcb_plot_options *options;
    struct mcb_gnuplot gnuplot;
    struct mcb_error undrawn; /* why gnuplot is not called any more */
    struct mcb_plots made;
    size_t room;
    size_t next; /* number of the next sheet of its kind */
};

/* ---- what kinds ask ---- */

size_t mcb_plot_next(const struct mcb_plot_run *run)
{
    return run->next;
}

bool mcb_plot_wants_all(const struct mcb_plot_run *run)
{
    return run->options->kind != NULL;
}

void mcb_plot_is_too_large(struct mcb_plot_run *run)
{
    run->made.too_large++;
}

bool mcb_plot_has_place(struct mcb_plot_run *run)
{
    bool has_place = run->next <= (run->options->kind ? MCB_PLOT_MOST : MCB_PLOT_USUAL);
    run->made.left_out += !has_place;
    return has_place;
}

static void put_endpoint(FILE *out, const struct mcb_pivot_endpoint *endpoint)
{
    enum { HOST_COLUMNS = 28, NIC_COLUMNS = 20 };
    char host[512], nic[256], memory[64];
    fprintf(out, "%s/%s/%s",
            mcb_sheet_shorten(mcb_text_clean(endpoint->host, host, sizeof host), HOST_COLUMNS),
            mcb_sheet_shorten(mcb_text_clean(endpoint->nic, nic, sizeof nic), NIC_COLUMNS),
            mcb_text_clean(endpoint->memory, memory, sizeof memory));
}

char *mcb_plot_path_label(const struct mcb_ledger *ledger, const struct mcb_ledger_cell *cell,
                          char label[MCB_LEDGER_LABEL_MAX])
{
    FILE *out = fmemopen(label, MCB_LEDGER_LABEL_MAX, "w");
    label[0] = '\0';
    if (!out)
        return label;
    put_endpoint(out, &ledger->endpoints[cell->initiator]);
    fputs(" → ", out);
    put_endpoint(out, &ledger->endpoints[cell->target]);
    fclose(out);
    return label;
}

/* ---- the folder ---- */

static int make_folder(const char *folder, struct mcb_error *error)
{
    struct stat status;
    if (mkdir(folder, 0777) == 0)
        return 0;
    int cause = errno;
    if (cause == EEXIST && stat(folder, &status) == 0 && S_ISDIR(status.st_mode))
        return 0;
    return mcb_error_set(error, MCB_FAULT_HOST_OUTPUT, "%s: no folder can be made there: %s",
                         folder, cause == EEXIST ? "a file has this name" : strerror(cause));
}

/* NULL: no memory. */
static char *path_in(const struct mcb_plot_run *run, const char *name, const char *suffix)
{
    char *path = NULL;
    if (asprintf(&path, "%s/%s%s", run->options->folder, name, suffix) < 0)
        return NULL;
    return path;
}

static bool has_mark(const char *path)
{
    char text[512];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    ssize_t got = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (fd >= 0)
        close(fd);
    text[got > 0 ? got : 0] = '\0';
    return strstr(text, mark) != NULL;
}

/* 0: the name is free, or its file is ours. */
static int claim(const struct mcb_plot_run *run, const char *name, const char *suffix,
                 const char *marked_suffix, struct mcb_error *error)
{
    struct stat status;
    int outcome = 0;
    char *path = path_in(run, name, suffix), *marked = path_in(run, name, marked_suffix);
    if (!path || !marked)
        outcome = mcb_plot_no_memory(error);
    else if (lstat(path, &status) == 0 && (!S_ISREG(status.st_mode) || !has_mark(marked)))
        outcome =
            mcb_error_set(error, MCB_FAULT_HOST_OUTPUT,
                          "%s: is there, and was not made by mcbench plot; another --output", path);
    free(marked);
    free(path);
    return outcome;
}

static int print_text(FILE *stream, const void *context)
{
    return fputs(context, stream) < 0 ? -1 : 0;
}

static int write_script(const struct mcb_plot_run *run, const char *name, struct mcb_error *error)
{
    const char *text = mcb_embedded_text(name);
    if (!text)
        return mcb_error_set(error, MCB_FAULT_HOST_SYSTEM, "%s: not part of this program", name);
    if (claim(run, name, "", "", error) != 0)
        return -1;
    char *path = path_in(run, name, "");
    int outcome = path ? mcb_file_write(path, print_text, text, error) : mcb_plot_no_memory(error);
    free(path);
    return outcome;
}

/* The script of a kind, and those that kinds share. */
static int write_scripts(const struct mcb_plot_run *run, const char *kind, struct mcb_error *error)
{
    static const char *const shared[] = {"common.gp", "canvas.gp", "axes.gp",   "bars.gp",
                                         "lines.gp",  "marks.gp",  "matrix.gp", "texts.gp"};
    char own[MCB_SHEET_NAME_MAX];
    snprintf(own, sizeof own, "%.16s.gp", kind);
    for (size_t i = 0; i < sizeof shared / sizeof *shared; i++)
        if (write_script(run, shared[i], error) != 0)
            return -1;
    return write_script(run, own, error);
}

/* ---- a picture ---- */

static const char *suffix_of(const struct mcb_plot_run *run)
{
    return run->options->format == MCB_PLOT_PNG ? ".png" : ".svg";
}

/* A file that only we have opened before gnuplot writes it; its name goes to `name`. */
static int make_temporary(const struct mcb_plot_run *run, const struct mcb_sheet *sheet,
                          char name[TEMPORARY_MAX], struct mcb_error *error)
{
    snprintf(name, TEMPORARY_MAX, ".%s.XXXXXX", sheet->name);
    char *path = path_in(run, name, "");
    if (!path)
        return mcb_plot_no_memory(error);
    mode_t mask = umask(0);
    umask(mask);
    int fd = mkostemp(path, O_CLOEXEC), outcome = 0;
    if (fd < 0 || fchmod(fd, 0666 & ~mask) != 0)
        outcome = mcb_error_set(error, MCB_FAULT_HOST_OUTPUT, "%s: cannot be written: %s", path,
                                strerror(errno));
    if (fd >= 0)
        close(fd);
    if (fd >= 0 && outcome != 0)
        unlink(path);
    size_t length = strlen(name);
    memcpy(name, path + strlen(path) - length, length);
    free(path);
    return outcome;
}

/* What gnuplot wrote gets its name, if there is something. */
static int keep_picture(const struct mcb_plot_run *run, const struct mcb_sheet *sheet,
                        const char *temporary, struct mcb_error *error)
{
    struct stat status;
    char *from = path_in(run, temporary, ""), *to = path_in(run, sheet->name, suffix_of(run));
    int outcome = 0;
    if (!from || !to)
        outcome = mcb_plot_no_memory(error);
    else if (stat(from, &status) != 0 || status.st_size == 0)
        outcome = mcb_error_set(error, MCB_FAULT_HOST_GNUPLOT, "gnuplot %s, %s.gp: wrote nothing",
                                run->gnuplot.version, sheet->name);
    else if (rename(from, to) != 0)
        outcome = mcb_error_set(error, MCB_FAULT_HOST_OUTPUT, "%s: cannot be written: %s", to,
                                strerror(errno));
    free(to);
    free(from);
    return outcome;
}

static int draw(struct mcb_plot_run *run, const struct mcb_sheet *sheet, struct mcb_error *error)
{
    char temporary[TEMPORARY_MAX], script[MCB_SHEET_NAME_MAX + 8];
    if (make_temporary(run, sheet, temporary, error) != 0)
        return -1;
    snprintf(script, sizeof script, "%s.gp", sheet->name);
    int outcome = mcb_gnuplot_run(&run->gnuplot, run->options->folder, script, temporary,
                                  run->options->timeout_ns, error);
    if (outcome == 0)
        outcome = keep_picture(run, sheet, temporary, error);
    char *path = path_in(run, temporary, "");
    if (path && outcome != 0)
        unlink(path);
    free(path);
    return outcome;
}

static int note_made(struct mcb_plot_run *run, const struct mcb_sheet *sheet,
                     struct mcb_error *error)
{
    struct mcb_plots *made = &run->made;
    if (made->count == run->room) {
        size_t room = run->room ? 2 * run->room : 16;
        struct mcb_plot_made *larger = realloc(made->list, room * sizeof *larger);
        if (!larger)
            return mcb_plot_no_memory(error);
        made->list = larger;
        run->room = room;
    }
    struct mcb_plot_made *one = &made->list[made->count++];
    snprintf(one->name, sizeof one->name, "%s%s", sheet->name, suffix_of(run));
    snprintf(one->title, sizeof one->title, "%s", sheet->title);
    return 0;
}

/* A picture of earlier figures is not left beside new ones, whether or not gnuplot can draw these.
 */
static int remove_picture(const struct mcb_plot_run *run, const struct mcb_sheet *sheet,
                          struct mcb_error *error)
{
    char *path = path_in(run, sheet->name, suffix_of(run));
    if (!path)
        return mcb_plot_no_memory(error);
    int outcome = 0;
    if (unlink(path) != 0 && errno != ENOENT)
        outcome = mcb_error_set(error, MCB_FAULT_HOST_OUTPUT, "%s: cannot be replaced: %s", path,
                                strerror(errno));
    free(path);
    return outcome;
}

static int emit(struct mcb_plot_run *run, struct mcb_sheet *sheet, struct mcb_error *error)
{
    if (*mcb_interrupt_flag())
        return mcb_error_set(error, MCB_FAULT_RUN_INTERRUPTED, "interrupted between pictures");
    if (run->next == 1 && write_scripts(run, sheet->kind, error) != 0)
        return -1;
    run->next++;
    if (claim(run, sheet->name, suffix_of(run), ".gp", error) != 0 ||
        claim(run, sheet->name, ".gp", ".gp", error) != 0 ||
        claim(run, sheet->name, ".dat", ".dat", error) != 0 ||
        remove_picture(run, sheet, error) != 0 ||
        mcb_sheet_write(sheet, run->options->folder, run->options->format, mark, error) != 0 ||
        note_made(run, sheet, error) != 0)
        return -1;
    if (run->undrawn.code == MCB_FAULT_NONE && draw(run, sheet, &run->undrawn) != 0 &&
        run->undrawn.code != MCB_FAULT_HOST_GNUPLOT) {
        *error = run->undrawn;
        return -1;
    }
    return 0;
}

int mcb_plot_emit(struct mcb_plot_run *run, struct mcb_sheet *sheet, struct mcb_error *error)
{
    int outcome = emit(run, sheet, error);
    mcb_sheet_release(sheet);
    return outcome;
}

/* ---- all of it ---- */

static int find_kind(const char *name, size_t *found, struct mcb_error *error)
{
    const char *names[KINDS], *nearest;
    char shown[128], list[256] = "";
    for (size_t i = 0; i < KINDS; i++) {
        names[i] = kinds[i].name;
        if (strcmp(names[i], name) == 0) {
            *found = i;
            return 0;
        }
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? ", " : "", names[i]);
    }
    nearest = mcb_suggest_nearest(name, names, KINDS);
    return mcb_error_set(error, MCB_FAULT_USE_VALUE, "--kind %s: no such kind of picture; %s%s%s%s",
                         mcb_text_clean(name, shown, sizeof shown), list,
                         nearest ? " (did you mean " : "", nearest ? nearest : "",
                         nearest ? "?)" : "");
}

int mcb_plot_check_kind(const char *kind, struct mcb_error *error)
{
    size_t found;
    return find_kind(kind, &found, error);
}

/* A missing or broken gnuplot is told at the end, when the data is there. */
static int find_gnuplot(struct mcb_plot_run *run, struct mcb_error *error)
{
    if (mcb_gnuplot_find(run->options->timeout_ns, &run->gnuplot, &run->undrawn) == 0) {
        run->undrawn.code = MCB_FAULT_NONE;
        return 0;
    }
    if (run->undrawn.code == MCB_FAULT_HOST_GNUPLOT)
        return 0;
    *error = run->undrawn;
    return -1;
}

static int make_kinds(const struct mcb_plot_input *input, struct mcb_plot_run *run,
                      struct mcb_error *error)
{
    size_t first = 0, last = KINDS - 1;
    if (run->options->kind && find_kind(run->options->kind, &first, error) != 0)
        return -1;
    last = run->options->kind ? first : last;
    if (make_folder(run->options->folder, error) != 0 || find_gnuplot(run, error) != 0)
        return -1;
    for (size_t i = first; i <= last; i++) {
        run->next = 1;
        if (kinds[i].make(input, run, error) != 0)
            return -1;
    }
    if (run->made.count > 0)
        return 0;
    rmdir(run->options->folder); /* if it is empty */
    if (run->made.too_large > 0)
        return mcb_error_set(error, MCB_FAULT_USE_VALUE,
                             "the matrices have more than %d endpoints on a side, too many for a "
                             "picture; mcbench report has them",
                             MCB_PLOT_ENDPOINTS_MOST);
    if (run->options->kind)
        return mcb_error_set(error, MCB_FAULT_USE_VALUE,
                             "--kind %s: the results have no such figures, which come from %s",
                             run->options->kind, kinds[first].needed);
    return mcb_error_set(error, MCB_FAULT_USE_VALUE, "the results have no figures to draw");
}

/* What is there all the same. */
static int tell_undrawn(const struct mcb_plot_run *run, struct mcb_error *error)
{
    char folder[256];
    const char *name = run->made.list[0].name;
    int stem = (int)strcspn(name, ".");
    if (run->undrawn.code == MCB_FAULT_NONE)
        return 0;
    return mcb_error_set(error, run->undrawn.code,
                         "%s; data and scripts of %zu picture%s are in %s: %.*s.dat, %.*s.gp%s",
                         run->undrawn.detail, run->made.count, run->made.count == 1 ? "" : "s",
                         mcb_text_clean(run->options->folder, folder, sizeof folder), stem, name,
                         stem, name, run->made.count == 1 ? "" : " and so on");
}

int mcb_plot_make(const struct mcb_plot_input *input, const struct mcb_plot_options *options,
                  struct mcb_plots *plots, struct mcb_error *error)
{
    struct mcb_plot_run run = {.options = options};
    if (make_kinds(input, &run, error) != 0 || tell_undrawn(&run, error) != 0) {
        mcb_plots_release(&run.made);
        return -1;
    }
    *plots = run.made;
    return 0;
}

void mcb_plots_release(struct mcb_plots *plots)
{
    free(plots->list);
    *plots = (struct mcb_plots){.list = NULL};
}
