/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/gnuplot.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/interrupt.h"
#include "tests/unit/plot_helper.h"

static const int64_t patient_ns = 60 * MCB_NS_PER_S, hasty_ns = 300 * MCB_NS_PER_MS;

static void assert_not_found(const char *detail)
{
    struct mcb_gnuplot gnuplot;
    struct mcb_error error;
    assert_int_equal(mcb_gnuplot_find(patient_ns, &gnuplot, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_HOST_GNUPLOT);
    if (!strstr(error.detail, detail))
        fail_msg("\"%s\" is not in: %s", detail, error.detail);
}

/* Finds the gnuplot that is there, and makes the folder of the pictures. */
static struct mcb_gnuplot found(const struct plot_folder *folder)
{
    struct mcb_gnuplot gnuplot;
    struct mcb_error error;
    if (mcb_gnuplot_find(patient_ns, &gnuplot, &error) != 0)
        fail_msg("%s", error.detail);
    assert_int_equal(mkdir(folder->pictures, 0700), 0);
    return gnuplot;
}

static void assert_fails(const struct plot_folder *folder, int64_t timeout_ns, const char *detail)
{
    struct mcb_error error;
    struct mcb_gnuplot gnuplot = found(folder);
    assert_int_equal(
        mcb_gnuplot_run(&gnuplot, folder->pictures, "heat-1.gp", ".out", timeout_ns, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_HOST_GNUPLOT);
    if (!strstr(error.detail, detail))
        fail_msg("\"%s\" is not in: %s", detail, error.detail);
}

/* ---- finding it ---- */

static void one_in_path_is_found_with_its_version(void **state)
{
    plot_place_good_gnuplot(*state);
    struct mcb_gnuplot gnuplot;
    struct mcb_error error;
    assert_int_equal(mcb_gnuplot_find(patient_ns, &gnuplot, &error), 0);
    assert_int_equal(gnuplot.major, 5);
    assert_int_equal(gnuplot.minor, 4);
    assert_string_equal(gnuplot.version, "5.4 patchlevel 4");
}

static void none_in_path_is_a_fault(void **state)
{
    (void)state;
    assert_not_found("not in PATH");
}

static void a_folder_named_gnuplot_is_none(void **state)
{
    const struct plot_folder *folder = *state;
    char path[128];
    snprintf(path, sizeof path, "%s/gnuplot", folder->programs);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_not_found("not in PATH");
}

/* It would depend on where the program is called. */
static void a_relative_folder_of_path_is_passed_over(void **state)
{
    const struct plot_folder *folder = *state;
    char before[4096];
    plot_place_good_gnuplot(folder);
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(folder->root), 0);
    setenv("PATH", "programs::.", 1);
    assert_not_found("not in PATH");
    assert_int_equal(chdir(before), 0);
}

static void an_old_one_is_named_with_what_is_needed(void **state)
{
    plot_place_gnuplot(*state, "echo gnuplot 5.2 patchlevel 8", "");
    assert_not_found("is gnuplot 5.2 patchlevel 8; 5.4 or later is needed");
}

static void a_later_one_is_taken(void **state)
{
    plot_place_gnuplot(*state, "echo gnuplot 10.0 patchlevel rc1", "");
    struct mcb_gnuplot gnuplot;
    struct mcb_error error;
    assert_int_equal(mcb_gnuplot_find(patient_ns, &gnuplot, &error), 0);
    assert_int_equal(gnuplot.major, 10);
}

static void one_that_does_not_tell_its_version_is_a_fault(void **state)
{
    plot_place_gnuplot(*state, "echo hello", "");
    assert_not_found("does not tell its version");
    plot_place_gnuplot(*state, "echo gnuplot", "");
    assert_not_found("does not tell its version");
    plot_place_gnuplot(*state, "exit 127", "");
    assert_not_found("does not tell its version");
}

static void one_that_cannot_be_run_is_a_fault(void **state)
{
    const struct plot_folder *folder = *state;
    char path[128];
    snprintf(path, sizeof path, "%s/gnuplot", folder->programs);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("no program", file);
    fclose(file);
    assert_int_equal(chmod(path, 0700), 0);
    assert_not_found("cannot be run");
}

/* ---- running it ---- */

static void it_runs_in_the_folder_with_the_script_and_no_start_up_file(void **state)
{
    const struct plot_folder *folder = *state;
    struct mcb_error error;
    plot_place_gnuplot(folder, "echo gnuplot 5.4 patchlevel 4",
                       "echo \"$1|$2|$3|$4|$#|$(pwd)\" >\"$picture\"");
    struct mcb_gnuplot gnuplot = found(folder);
    assert_int_equal(
        mcb_gnuplot_run(&gnuplot, folder->pictures, "heat-1.gp", ".out", patient_ns, &error), 0);
    char expected[256];
    snprintf(expected, sizeof expected, "-d|-e|picture = '.out'|heat-1.gp|4|%s\n",
             folder->pictures);
    char *out = plot_read(folder, ".out");
    assert_string_equal(out, expected);
    free(out);
}

static void a_picture_does_not_depend_on_whose_it_is(void **state)
{
    const struct plot_folder *folder = *state;
    struct mcb_error error;
    plot_place_gnuplot(folder, "echo gnuplot 5.4 patchlevel 4",
                       "echo \"$LC_ALL,$GNUTERM,$GNUPLOT_FONTPATH,$LANG\" >\"$picture\"\n"
                       "read -r line && echo \"$line\" >\"$picture\"");
    setenv("GNUTERM", "wxt", 1);
    setenv("GNUPLOT_FONTPATH", "/nowhere", 1);
    struct mcb_gnuplot gnuplot = found(folder);
    mcb_gnuplot_run(&gnuplot, folder->pictures, "heat-1.gp", ".out", patient_ns, &error);
    unsetenv("GNUPLOT_FONTPATH");
    unsetenv("GNUTERM");
    char *out = plot_read(folder, ".out");
    assert_string_equal(out, "C.UTF-8,,,\n");
    free(out);
}

static void what_it_complains_of_is_told(void **state)
{
    plot_place_gnuplot(*state, "echo gnuplot 5.4 patchlevel 4",
                       "printf 'plot x\\n     ^\\n\"heat.gp\" line 7: no such thing\\n\"x\" line "
                       "9: more\\n' >&2; exit 3");
    assert_fails(*state, patient_ns,
                 "gnuplot 5.4 patchlevel 4, heat-1.gp: \"heat.gp\" line 7: no such thing "
                 "(exit code 3)");
}

static void a_complaint_without_a_place_is_told_too(void **state)
{
    plot_place_gnuplot(*state, "echo gnuplot 5.4 patchlevel 4",
                       "printf '\\n\\033[31mwarning: a trifle\\nno \\033 font\\nthe rest\\n' >&2; "
                       "exit 1");
    assert_fails(*state, patient_ns, "heat-1.gp: no ? font (exit code 1)");
}

static void one_that_says_much_is_not_waited_for(void **state)
{
    plot_place_gnuplot(*state, "echo gnuplot 5.4 patchlevel 4",
                       "i=0; while [ $i -lt 3000 ]; do echo 'a line of forty characters, more or "
                       "less' >&2; i=$((i+1)); done; exit 1");
    assert_fails(*state, patient_ns, "a line of forty characters");
}

static void one_that_is_killed_is_told(void **state)
{
    plot_place_gnuplot(*state, "echo gnuplot 5.4 patchlevel 4", "kill -9 $$");
    assert_fails(*state, patient_ns, "it says nothing (ended by signal 9)");
}

/* The process of the file "child" has been killed; who adopts it may take a moment to reap it. */
static void assert_child_gone(const struct plot_folder *folder)
{
    char *child = plot_read(folder, "child"), path[64];
    assert_non_null(child);
    int pid = atoi(child);
    free(child);
    assert_true(pid > 1);
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    bool gone = false;
    for (int i = 0; i < 600 && !gone; i++) {
        char text[256] = "";
        FILE *file = fopen(path, "r");
        size_t length = file ? fread(text, 1, sizeof text - 1, file) : 0;
        text[length] = '\0';
        gone = !file || strstr(text, ") Z") != NULL;
        if (file)
            fclose(file);
        usleep(gone ? 0 : 100000);
    }
    assert_true(gone);
}

static void one_that_hangs_is_ended_with_its_children(void **state)
{
    const struct plot_folder *folder = *state;
    plot_place_gnuplot(folder, "echo gnuplot 5.4 patchlevel 4",
                       "/bin/sleep 1000 &\necho $! >child\n/bin/sleep 1000");
    assert_fails(folder, hasty_ns, "did not end within 0.3 s");
    assert_child_gone(folder);
}

static void what_it_leaves_running_ends_with_it(void **state)
{
    const struct plot_folder *folder = *state;
    struct mcb_error error;
    plot_place_gnuplot(folder, "echo gnuplot 5.4 patchlevel 4",
                       "/bin/sleep 1000 &\necho $! >child\necho drawn >\"$picture\"");
    struct mcb_gnuplot gnuplot = found(folder);
    assert_int_equal(
        mcb_gnuplot_run(&gnuplot, folder->pictures, "heat-1.gp", ".out", patient_ns, &error), 0);
    assert_child_gone(folder);
}

/* What somebody who starts daemons may have done to us. */
static void an_ignored_sigchld_does_no_harm(void **state)
{
    struct sigaction ignored = {.sa_handler = SIG_IGN}, before, after;
    struct mcb_gnuplot gnuplot;
    struct mcb_error error;
    plot_place_good_gnuplot(*state);
    sigaction(SIGCHLD, &ignored, &before);
    int outcome = mcb_gnuplot_find(patient_ns, &gnuplot, &error);
    sigaction(SIGCHLD, &before, &after);
    assert_int_equal(outcome, 0);
    assert_ptr_equal(after.sa_handler, SIG_IGN);
}

/* The last test: the flag stays. */
static void an_interrupt_ends_it(void **state)
{
    const struct plot_folder *folder = *state;
    struct mcb_error error;
    plot_place_gnuplot(folder, "echo gnuplot 5.4 patchlevel 4", "/bin/sleep 1000");
    struct mcb_gnuplot gnuplot = found(folder);
    mcb_interrupt_install();
    raise(SIGINT);
    assert_int_equal(
        mcb_gnuplot_run(&gnuplot, folder->pictures, "heat-1.gp", ".out", patient_ns, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_RUN_INTERRUPTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(one_in_path_is_found_with_its_version),
        IN_FOLDER(none_in_path_is_a_fault),
        IN_FOLDER(a_folder_named_gnuplot_is_none),
        IN_FOLDER(a_relative_folder_of_path_is_passed_over),
        IN_FOLDER(an_old_one_is_named_with_what_is_needed),
        IN_FOLDER(a_later_one_is_taken),
        IN_FOLDER(one_that_does_not_tell_its_version_is_a_fault),
        IN_FOLDER(one_that_cannot_be_run_is_a_fault),
        IN_FOLDER(it_runs_in_the_folder_with_the_script_and_no_start_up_file),
        IN_FOLDER(a_picture_does_not_depend_on_whose_it_is),
        IN_FOLDER(what_it_complains_of_is_told),
        IN_FOLDER(a_complaint_without_a_place_is_told_too),
        IN_FOLDER(one_that_says_much_is_not_waited_for),
        IN_FOLDER(one_that_is_killed_is_told),
        IN_FOLDER(one_that_hangs_is_ended_with_its_children),
        IN_FOLDER(what_it_leaves_running_ends_with_it),
        IN_FOLDER(an_ignored_sigchld_does_no_harm),
        IN_FOLDER(an_interrupt_ends_it),
    };
    return cmocka_run_group_tests_name("gnuplot", tests, NULL, NULL);
}
