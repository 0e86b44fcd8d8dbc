/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/plot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <signal.h>

#include "bench/report/embedded.h"
#include "common/interrupt.h"
#include "tests/unit/plot_made.h"

static const char *const kinds[] = {"heat",  "gpu",      "size",  "latency",
                                    "trend", "ordering", "change"};

enum { KINDS = sizeof kinds / sizeof *kinds };

/* Bandwidth and latency of two paths each. */
static json_t *small_document(void)
{
    static const struct ledger_setting settings[] = {{.size_bytes = 65536},
                                                     {.measure = "latency", .size_bytes = 8}};
    return ledger_document(
        &(struct ledger_plan){.nics = 1, .settings = settings, .setting_count = 2});
}

/* What mcb_plot_make() says of a small result; *count: what it made. */
static enum mcb_fault_code make(const struct plot_folder *folder, const char *kind, size_t *count,
                                struct mcb_error *error)
{
    struct mcb_ledger ledger;
    struct mcb_plots plots = {.count = 0};
    const struct mcb_plot_options options = {
        .folder = folder->pictures, .kind = kind, .timeout_ns = 60 * MCB_NS_PER_S};
    ledger_of(small_document(), &ledger);
    const struct mcb_plot_input input = {.ledgers = &ledger, .ledger_count = 1};
    error->code = MCB_FAULT_NONE;
    error->detail[0] = '\0';
    if (mcb_plot_make(&input, &options, &plots, error) == 0)
        assert_int_equal(error->code, MCB_FAULT_NONE);
    *count = plots.count;
    mcb_plots_release(&plots);
    mcb_ledger_release(&ledger);
    return error->code;
}

static void assert_refused(const struct plot_folder *folder, const char *kind,
                           enum mcb_fault_code code, const char *detail)
{
    struct mcb_error error;
    size_t count;
    assert_int_equal(make(folder, kind, &count, &error), code);
    if (!strstr(error.detail, detail))
        fail_msg("\"%s\" is not in: %s", detail, error.detail);
}

static void assert_no_temporary_files(const struct plot_folder *folder)
{
    DIR *list = opendir(folder->pictures);
    assert_non_null(list);
    for (struct dirent *entry; (entry = readdir(list));)
        if (entry->d_name[0] == '.' && strcmp(entry->d_name, ".") != 0 &&
            strcmp(entry->d_name, "..") != 0)
            fail_msg("left behind: %s", entry->d_name);
    closedir(list);
}

static void put_file(const struct plot_folder *folder, const char *name, const char *text)
{
    char path[256];
    mkdir(folder->pictures, 0700);
    snprintf(path, sizeof path, "%s/%s", folder->pictures, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* ---- scripts ---- */

/* Else a second run would take them for somebody else's. */
static void every_script_carries_the_mark(void **state)
{
    static const char *const shared[] = {"common.gp", "canvas.gp", "axes.gp",   "bars.gp",
                                         "lines.gp",  "marks.gp",  "matrix.gp", "texts.gp"};
    char name[32];
    (void)state;
    for (size_t i = 0; i < KINDS + sizeof shared / sizeof *shared; i++) {
        snprintf(name, sizeof name, i < KINDS ? "%s.gp" : "%s",
                 i < KINDS ? kinds[i] : shared[i - KINDS]);
        const char *text = mcb_embedded_text(name);
        if (!text)
            fail_msg("%s is not part of the program", name);
        const char *mark = strstr(text, "mcbench plot");
        if (!mark || mark - text > 400)
            fail_msg("%s has no mark at its beginning", name);
    }
}

static void there_is_no_other_script(void **state)
{
    (void)state;
    assert_null(mcb_embedded_text("heat"));
    assert_null(mcb_embedded_text("../heat.gp"));
    assert_null(mcb_embedded_text(""));
}

/* ---- what is made ---- */

static void pictures_have_names_titles_data_and_scripts(void **state)
{
    struct mcb_ledger ledger;
    ledger_of(small_document(), &ledger);
    struct mcb_plots plots =
        plot_made(*state, &(struct mcb_plot_input){.ledgers = &ledger, .ledger_count = 1}, NULL);
    assert_int_equal(plots.count, 3);
    assert_string_equal(plots.list[0].name, "heat-1.svg");
    assert_string_equal(plots.list[0].title,
                        "write bandwidth · 64 KiB · 1 QP, depth 128 · relaxed ordering off");
    assert_string_equal(plots.list[1].name, "heat-2.svg");
    assert_string_equal(plots.list[2].name, "latency-1.svg");
    assert_int_equal(plots.left_out, 0);
    assert_true(plot_has_file(*state, "heat-2.dat"));
    assert_true(plot_has_file(*state, "heat-2.gp"));
    assert_true(plot_has_file(*state, "latency.gp"));
    assert_true(plot_has_file(*state, "common.gp"));
    assert_false(plot_has_file(*state, "trend.gp"));
    char *drawn = plot_read(*state, "heat-2.svg");
    assert_string_equal(drawn, "drawn\n");
    free(drawn);
    assert_no_temporary_files(*state);
    mcb_plots_release(&plots);
    mcb_ledger_release(&ledger);
}

static void a_kind_alone_can_be_asked_for(void **state)
{
    assert_int_equal(plot_made_of(*state, small_document(), "latency"), 1);
    assert_true(plot_has_file(*state, "latency-1.svg"));
    assert_false(plot_has_file(*state, "heat-1.svg"));
}

static void png_is_another_ending(void **state)
{
    const struct plot_folder *folder = *state;
    struct mcb_ledger ledger;
    struct mcb_plots plots;
    struct mcb_error error;
    plot_place_good_gnuplot(folder);
    ledger_of(small_document(), &ledger);
    assert_int_equal(mcb_plot_make(&(struct mcb_plot_input){.ledgers = &ledger, .ledger_count = 1},
                                   &(struct mcb_plot_options){.folder = folder->pictures,
                                                              .kind = "heat",
                                                              .format = MCB_PLOT_PNG,
                                                              .timeout_ns = 60 * MCB_NS_PER_S},
                                   &plots, &error),
                     0);
    assert_string_equal(plots.list[0].name, "heat-1.png");
    assert_true(plot_has_file(folder, "heat-1.png"));
    plot_assert_holds(folder, "heat-1.gp", "format = 'png'");
    mcb_plots_release(&plots);
    mcb_ledger_release(&ledger);
}

/* A file as its umask wants it, though it was a temporary one first. */
static void a_picture_can_be_read_by_others(void **state)
{
    const struct plot_folder *folder = *state;
    char path[256];
    struct stat status;
    mode_t mask = umask(022);
    plot_made_of(folder, small_document(), "heat");
    umask(mask);
    snprintf(path, sizeof path, "%s/heat-1.svg", folder->pictures);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0644);
}

static void a_second_run_replaces_the_first(void **state)
{
    plot_made_of(*state, small_document(), NULL);
    put_file(*state, "heat-1.svg", "old");
    plot_made_of(*state, small_document(), NULL);
    char *drawn = plot_read(*state, "heat-1.svg");
    assert_string_equal(drawn, "drawn\n");
    free(drawn);
}

static void of_very_many_pictures_the_first_are_made_and_the_others_counted(void **state)
{
    struct ledger_setting settings[MCB_PLOT_USUAL + 3] = {{0}};
    struct mcb_ledger ledger;
    for (size_t i = 0; i < MCB_PLOT_USUAL + 3; i++)
        settings[i].qps = (int)i + 1;
    ledger_of_plan(
        &(struct ledger_plan){.nics = 1, .settings = settings, .setting_count = MCB_PLOT_USUAL + 3},
        &ledger);
    const struct mcb_plot_input input = {.ledgers = &ledger, .ledger_count = 1};
    struct mcb_plots plots = plot_made(*state, &input, NULL);
    assert_int_equal(plots.count, MCB_PLOT_USUAL);
    assert_int_equal(plots.left_out, 3);
    mcb_plots_release(&plots);
    plots = plot_made(*state, &input, "heat");
    assert_int_equal(plots.count, MCB_PLOT_USUAL + 3);
    assert_int_equal(plots.left_out, 0);
    mcb_plots_release(&plots);
    mcb_ledger_release(&ledger);
}

/* One NIC writes to so many others. */
static json_t *star_document(size_t targets)
{
    json_t *document = small_document(), *cells = json_object_get(document, "cells");
    char name[32];
    for (size_t i = 0; i < targets; i++) {
        json_t *cell = json_deep_copy(json_array_get(cells, 0));
        snprintf(name, sizeof name, "mlx5_%zu", i + 1);
        json_object_set_new(json_object_get(cell, "target"), "nic", json_string(name));
        result_append(document, cell);
    }
    return document;
}

static void matrices_too_large_for_a_picture_are_counted(void **state)
{
    struct mcb_ledger ledger;
    ledger_of(star_document(MCB_PLOT_ENDPOINTS_MOST), &ledger);
    const struct mcb_plot_input input = {.ledgers = &ledger, .ledger_count = 1};
    struct mcb_plots plots = plot_made(*state, &input, NULL);
    assert_int_equal(plots.count, 2);
    assert_string_equal(plots.list[0].title, "write latency · 8 B · relaxed ordering off");
    assert_int_equal(plots.too_large, 1);
    mcb_plots_release(&plots);
    mcb_ledger_release(&ledger);
}

static void a_large_one_is_drawn(void **state)
{
    assert_int_equal(plot_made_of(*state, star_document(MCB_PLOT_ENDPOINTS_MOST - 1), "heat"), 2);
}

/* ---- what is refused ---- */

static void an_unknown_kind_is_refused_before_anything_is_made(void **state)
{
    plot_place_good_gnuplot(*state);
    assert_refused(*state, "heet", MCB_FAULT_USE_VALUE,
                   "--kind heet: no such kind of picture; heat, gpu, size, latency, trend, "
                   "ordering, change (did you mean heat?)");
    assert_false(plot_has_file(*state, "."));
}

static void a_kind_without_figures_says_what_has_them(void **state)
{
    static const char *const needed[][2] = {
        {"gpu", "mcbench gpu --compare staged"},
        {"size", "--size 4KiB..8MiB"},
        {"trend", "--history DIR"},
        {"ordering", "--relaxed-ordering both"},
        {"change", "--baseline FILE"},
    };
    plot_place_good_gnuplot(*state);
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        assert_refused(*state, needed[i][0], MCB_FAULT_USE_VALUE, needed[i][1]);
        assert_false(plot_has_file(*state, "."));
    }
}

static void a_folder_that_cannot_be_made_is_named(void **state)
{
    struct plot_folder *folder = *state;
    plot_place_good_gnuplot(folder);
    strcpy(folder->pictures, folder->programs);
    strcat(folder->pictures, "/gnuplot");
    assert_refused(folder, NULL, MCB_FAULT_HOST_OUTPUT, "a file has this name");
    strcat(folder->pictures, "/deeper");
    assert_refused(folder, NULL, MCB_FAULT_HOST_OUTPUT, "Not a directory");
}

static void files_of_others_are_not_replaced(void **state)
{
    static const char *const names[] = {"heat-1.svg", "heat-1.dat", "heat-1.gp", "heat.gp",
                                        "common.gp"};
    const struct plot_folder *folder = *state;
    char path[256];
    plot_place_good_gnuplot(folder);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        put_file(folder, names[i], "mine");
        assert_refused(folder, NULL, MCB_FAULT_HOST_OUTPUT, "was not made by mcbench plot");
        char *kept = plot_read(folder, names[i]);
        assert_string_equal(kept, "mine");
        free(kept);
        snprintf(path, sizeof path, "%s/%s", folder->pictures, names[i]);
        unlink(path);
    }
}

static void a_link_is_not_followed(void **state)
{
    const struct plot_folder *folder = *state;
    char link[256], elsewhere[256];
    plot_made_of(folder, small_document(), NULL);
    snprintf(link, sizeof link, "%s/heat-1.svg", folder->pictures);
    snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", folder->root);
    unlink(link);
    assert_int_equal(symlink(elsewhere, link), 0);
    assert_refused(folder, NULL, MCB_FAULT_HOST_OUTPUT, "was not made by mcbench plot");
    assert_int_equal(access(elsewhere, F_OK), -1);
}

/* ---- without gnuplot ---- */

static void without_gnuplot_data_and_scripts_are_there_and_named(void **state)
{
    const struct plot_folder *folder = *state;
    assert_refused(folder, NULL, MCB_FAULT_HOST_GNUPLOT, "gnuplot: not in PATH");
    char expected[256];
    snprintf(expected, sizeof expected,
             "data and scripts of 3 pictures are in %s: heat-1.dat, heat-1.gp and so on",
             folder->pictures);
    assert_refused(folder, NULL, MCB_FAULT_HOST_GNUPLOT, expected);
    assert_true(plot_has_file(folder, "heat-1.dat"));
    assert_true(plot_has_file(folder, "latency-1.dat"));
    assert_true(plot_has_file(folder, "latency-1.gp"));
    assert_true(plot_has_file(folder, "latency.gp"));
    assert_false(plot_has_file(folder, "heat-1.svg"));
    assert_no_temporary_files(folder);
}

static void an_old_gnuplot_is_like_none(void **state)
{
    plot_place_gnuplot(*state, "echo gnuplot 4.6 patchlevel 6", "exit 1");
    assert_refused(*state, NULL, MCB_FAULT_HOST_GNUPLOT,
                   "5.4 or later is needed; data and scripts");
    assert_true(plot_has_file(*state, "latency-1.dat"));
}

static void a_gnuplot_that_failed_is_not_called_again(void **state)
{
    plot_place_gnuplot(*state, "echo gnuplot 5.4 patchlevel 4", "echo called >>calls; exit 1");
    assert_refused(*state, NULL, MCB_FAULT_HOST_GNUPLOT,
                   "heat-1.gp: it says nothing (exit code 1)");
    char *calls = plot_read(*state, "calls");
    assert_string_equal(calls, "called\n");
    free(calls);
    assert_true(plot_has_file(*state, "latency-1.dat"));
    assert_no_temporary_files(*state);
}

static void a_gnuplot_that_draws_nothing_has_failed(void **state)
{
    plot_place_gnuplot(*state, "echo gnuplot 5.4 patchlevel 4", ":");
    assert_refused(*state, NULL, MCB_FAULT_HOST_GNUPLOT, "heat-1.gp: wrote nothing");
    assert_false(plot_has_file(*state, "heat-1.svg"));
    assert_no_temporary_files(*state);
}

static void no_picture_from_before_stays_beside_new_data(void **state)
{
    const struct plot_folder *folder = *state;
    char path[128];
    plot_made_of(folder, small_document(), NULL);
    plot_place_gnuplot(*state, "echo gnuplot 5.4 patchlevel 4", "echo half >\"$picture\"; exit 1");
    assert_refused(*state, NULL, MCB_FAULT_HOST_GNUPLOT, "exit code 1");
    assert_false(plot_has_file(folder, "heat-1.svg"));
    assert_no_temporary_files(folder);

    plot_made_of(folder, small_document(), NULL);
    snprintf(path, sizeof path, "%s/gnuplot", folder->programs);
    assert_int_equal(unlink(path), 0);
    assert_refused(folder, NULL, MCB_FAULT_HOST_GNUPLOT, "gnuplot: not in PATH");
    assert_true(plot_has_file(folder, "heat-2.dat"));
    assert_false(plot_has_file(folder, "heat-2.svg"));
}

/* ---- hostile results ---- */

static void assert_only_data_has(const struct plot_folder *folder, const char *word)
{
    DIR *list = opendir(folder->pictures);
    bool found = false;
    assert_non_null(list);
    for (struct dirent *entry; (entry = readdir(list));) {
        if (strstr(entry->d_name, word))
            fail_msg("a file has the name %s", entry->d_name);
        char *text = entry->d_name[0] == '.' ? NULL : plot_read(folder, entry->d_name);
        bool is_data = strstr(entry->d_name, ".dat") != NULL;
        found |= is_data && strstr(text, word);
        if (text && !is_data && strstr(text, word))
            fail_msg("\"%s\" is in %s", word, entry->d_name);
        free(text);
    }
    closedir(list);
    assert_true(found);
}

static void names_of_a_result_stand_in_data_only(void **state)
{
    static const char hostile[] = "\"; system('rm -rf HOSTILE') # \n\\\"x`";
    static const struct ledger_setting settings[] = {
        {.size_bytes = 1024}, {.size_bytes = 65536}, {.measure = "latency", .size_bytes = 8}};
    plot_made_of(*state,
                 ledger_document(&(struct ledger_plan){
                     .hosts = 2, .prefix = hostile, .settings = settings, .setting_count = 3}),
                 NULL);
    assert_only_data_has(*state, "HOSTILE");
}

/* The last test: the flag stays. */
static void an_interrupt_ends_it(void **state)
{
    plot_place_good_gnuplot(*state);
    mcb_interrupt_install();
    raise(SIGINT);
    assert_refused(*state, NULL, MCB_FAULT_RUN_INTERRUPTED, "interrupted");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_script_carries_the_mark),
        cmocka_unit_test(there_is_no_other_script),
        IN_FOLDER(pictures_have_names_titles_data_and_scripts),
        IN_FOLDER(a_kind_alone_can_be_asked_for),
        IN_FOLDER(png_is_another_ending),
        IN_FOLDER(a_picture_can_be_read_by_others),
        IN_FOLDER(a_second_run_replaces_the_first),
        IN_FOLDER(of_very_many_pictures_the_first_are_made_and_the_others_counted),
        IN_FOLDER(matrices_too_large_for_a_picture_are_counted),
        IN_FOLDER(a_large_one_is_drawn),
        IN_FOLDER(an_unknown_kind_is_refused_before_anything_is_made),
        IN_FOLDER(a_kind_without_figures_says_what_has_them),
        IN_FOLDER(a_folder_that_cannot_be_made_is_named),
        IN_FOLDER(files_of_others_are_not_replaced),
        IN_FOLDER(a_link_is_not_followed),
        IN_FOLDER(without_gnuplot_data_and_scripts_are_there_and_named),
        IN_FOLDER(an_old_gnuplot_is_like_none),
        IN_FOLDER(a_gnuplot_that_failed_is_not_called_again),
        IN_FOLDER(a_gnuplot_that_draws_nothing_has_failed),
        IN_FOLDER(no_picture_from_before_stays_beside_new_data),
        IN_FOLDER(names_of_a_result_stand_in_data_only),
        IN_FOLDER(an_interrupt_ends_it),
    };
    return cmocka_run_group_tests_name("plot", tests, NULL, NULL);
}
