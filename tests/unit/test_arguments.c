/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/commands/arguments.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define LENGTH(array)  (sizeof(array) / sizeof((array)[0]))
#define ARGUMENTS(...) ((char *[]){"cpu", __VA_ARGS__, NULL})
#define ARGUMENTS_MAX  16

static int count_words(char **words)
{
    int count = 0;
    while (words[count])
        count++;
    return count;
}

static void assert_values(char **words, const char *expected)
{
    struct mcb_error error;
    struct mcb_setting_values *values = mcb_setting_values_new();
    if (mcb_arguments_parse(count_words(words), words, values, &error))
        fail_msg("%s", error.detail);
    json_t *document = mcb_setting_values_to_json(values);
    json_t *options = json_object();
    const char *name;
    json_t *entry;
    json_object_foreach(document, name, entry)
    {
        if (strcmp(json_string_value(json_object_get(entry, "from")), "option") == 0)
            json_object_set(options, name, json_object_get(entry, "value"));
    }
    char *text = json_dumps(options, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, expected);
    free(text);
    json_decref(options);
    json_decref(document);
    mcb_setting_values_free(values);
}

static void assert_refused(char **words, enum mcb_fault_code fault, const char *detail)
{
    struct mcb_error error;
    struct mcb_setting_values *values = mcb_setting_values_new();
    assert_int_equal(mcb_arguments_parse(count_words(words), words, values, &error), -1);
    assert_int_equal(error.code, fault);
    assert_string_equal(error.detail, detail);
    mcb_setting_values_free(values);
}

static void a_value_follows_its_option_with_a_blank_or_an_equals_sign(void **state)
{
    (void)state;
    assert_values((char *[]){"cpu", NULL}, "{}");
    assert_values(ARGUMENTS("--size", "64KiB", "--verify", "--qps=2"),
                  "{\"qps\":\"2\",\"size\":\"64KiB\",\"verify\":\"true\"}");
    assert_values(ARGUMENTS("--output=a=b", "--job="), "{\"job\":\"\",\"output\":\"a=b\"}");
    assert_values(ARGUMENTS("--output=--json", "--gid-index", "-1"),
                  "{\"gid-index\":\"-1\",\"output\":\"--json\"}");
}

static void a_wrong_option_is_named_with_the_nearest(void **state)
{
    (void)state;
    const enum mcb_fault_code option = MCB_FAULT_USE_OPTION;
    assert_refused(ARGUMENTS("--sise", "4"), option,
                   "--sise: no such option (did you mean --size?)");
    assert_refused(ARGUMENTS("--sise=4"), option, "--sise: no such option (did you mean --size?)");
    assert_refused(ARGUMENTS("--colour"), option, "--colour: no such option");
    assert_refused(ARGUMENTS("-size", "4"), option, "-size: not an option (did you mean --size?)");
    assert_refused(ARGUMENTS("verify"), option, "verify: not an option (did you mean --verify?)");
    assert_refused(ARGUMENTS("file.json"), option,
                   "file.json: not an option; options begin with --");
    assert_refused(ARGUMENTS(""), option, "'': not an option; options begin with --");
    assert_refused(ARGUMENTS("--"), option, "--: not an option; options begin with --");
    assert_refused(ARGUMENTS("--=4"), option, "--=4: not an option; options begin with --");
    assert_refused(ARGUMENTS("\xff"), option, "an argument is not UTF-8");
    assert_refused(ARGUMENTS("--\xff"), option, "an option is not UTF-8");
    assert_refused(ARGUMENTS("--size", "--\xff"), option, "an argument is not UTF-8");
}

static void a_missing_or_misplaced_value_is_said(void **state)
{
    (void)state;
    const enum mcb_fault_code option = MCB_FAULT_USE_OPTION;
    assert_refused(ARGUMENTS("--size"), option, "--size: needs a value, SIZE[,...]");
    assert_refused(ARGUMENTS("--output", "--json"), option,
                   "--output: needs a value, FILE (if it is --json, write --output=...)");
    assert_refused(ARGUMENTS("--verify=yes"), option, "--verify: takes no value");
    assert_refused(ARGUMENTS("--qps", "1", "--qps=1"), option, "--qps: given twice");
    assert_refused(ARGUMENTS("--verify", "--verify"), option, "--verify: given twice");
}

static void a_very_long_argument_is_refused_with_a_short_message(void **state)
{
    (void)state;
    char *word = malloc(1 << 21);
    memset(word, '-', 1 << 21);
    word[(1 << 21) - 1] = '\0';
    for (size_t start = 0; start < 3; start++) {
        struct mcb_error error;
        struct mcb_setting_values *values = mcb_setting_values_new();
        if (start == 2)
            memset(word + 2, 's', (1 << 21) - 3);
        assert_int_equal(mcb_arguments_parse(2, (char *[]){"cpu", word, NULL}, values, &error), -1);
        assert_int_equal(error.code, MCB_FAULT_USE_OPTION);
        assert_true(strlen(error.detail) < 200);
        mcb_setting_values_free(values);
    }
    free(word);
}

static void the_recorded_command_line_covers_credentials(void **state)
{
    (void)state;
    char *words[] = {"cpu", "--etcd=http://u:secret@n1:1", "u:secret@n1:1", "--job", "a@b", "\xff"};
    json_t *line = mcb_arguments_command_line(LENGTH(words), words);
    char *text = json_dumps(line, 0);
    assert_string_equal(text, "[\"mcbench\", \"cpu\", \"--etcd=http://***@n1:1\", \"***@n1:1\", "
                              "\"--job\", \"a@b\", \"?\"]");
    free(text);
    json_decref(line);
}

static void help_is_asked_for_anywhere_before_two_dashes(void **state)
{
    (void)state;
    assert_true(mcb_arguments_ask_help(3, ARGUMENTS("--size", "--help")));
    assert_true(mcb_arguments_ask_help(2, ARGUMENTS("-h")));
    assert_false(mcb_arguments_ask_help(3, ARGUMENTS("--", "--help")));
    assert_false(mcb_arguments_ask_help(1, (char *[]){"--help", NULL}));
}

/* What is printed. */

static int run_argc;
static char *run_argv[ARGUMENTS_MAX];

static int run_recorded(int argc, char **argv)
{
    run_argc = argc;
    memcpy(run_argv, argv, (size_t)argc * sizeof *argv);
    return 42;
}

static const struct mcb_command_example examples[] = {{"mcbench cpu --size 8", "eight bytes"},
                                                      {NULL, NULL}};

static const struct mcb_option own_table[] = {{"json", NULL, "as JSON", 0, 0},
                                              {"draw", "FILE.svg", "to a file", 0, 0},
                                              {"op", "red|green", "what it is painted with", 0, 0},
                                              {NULL, NULL, NULL, 0, 0}};

static const struct mcb_options with_words = {own_table, {"RESULT...", 1, 9, "no result"}};
static const struct mcb_options without_words = {own_table, {NULL, 0, 0, "none"}};

static const struct mcb_command_default own_defaults[] = {{"memory", "cuda"}, {NULL, NULL}};

static const struct mcb_command_exit own_exits[] = {
    {"1", "there is a warning"}, {"130", "it was stopped"}, {NULL, NULL}};

static const struct mcb_command commands[] = {
    {"cpu", "[options]", "measures what CPUs see", examples, NULL, NULL, NULL, run_recorded},
    {"show", "RESULT...", "shows it again", examples, &with_words, NULL, NULL, run_recorded},
    {"topo", "[options]", "shows the host", examples, &without_words, NULL, own_exits,
     run_recorded},
    {"gpu", "[options]", "measures what GPUs see", examples, NULL, own_defaults, NULL,
     run_recorded},
};

struct page {
    char *text;
    size_t length;
    FILE *stream;
};

static FILE *open_page(struct page *page)
{
    page->stream = open_memstream(&page->text, &page->length);
    assert_non_null(page->stream);
    return page->stream;
}

static void close_page(struct page *page)
{
    free(page->text);
}

static void assert_every_option_in(const char *text, const char *prefix, const char *dash)
{
    size_t count;
    const struct mcb_setting *table = mcb_settings_table(&count);
    for (size_t i = 0; i < count; i++) {
        char option[128];
        size_t length = (size_t)snprintf(option, sizeof option, "%s", prefix);
        for (const char *at = table[i].name; *at; at++)
            length += (size_t)snprintf(option + length, sizeof option - length, "%s",
                                       *at == '-' ? dash : (char[]){*at, '\0'});
        if (!strstr(text, option))
            fail_msg("no '%s'", option);
    }
}

static void help_has_every_option_and_no_line_over_100_columns(void **state)
{
    (void)state;
    struct page page;
    mcb_arguments_print_help(open_page(&page), &commands[0]);
    fclose(page.stream);
    assert_every_option_in(page.text, "\n  --", "-");
    assert_non_null(strstr(page.text, "usage: mcbench cpu [options]"));
    assert_true(strstr(page.text, "mcbench cpu --size 8") < strstr(page.text, "--transport"));
    assert_non_null(strstr(page.text, "(default 500ms)"));
    assert_non_null(strstr(page.text, "[MC_IB_PORT]"));
    assert_non_null(strstr(page.text, "\n  130  interrupted"));
    assert_non_null(strstr(page.text, "\n  1    measured, but bytes were wrong, or an "
                                      "expectation was not met\n"));
    assert_non_null(strstr(page.text, "only warnings and errors"));
    for (char *line = strtok(page.text, "\n"); line; line = strtok(NULL, "\n")) {
        if (strlen(line) > 100)
            fail_msg("too wide: %s", line);
        assert_true(line[strlen(line) - 1] != ' ');
    }
    close_page(&page);
}

static void help_of_a_command_with_options_of_its_own_has_those_only(void **state)
{
    (void)state;
    struct page page;
    mcb_arguments_print_help(open_page(&page), &commands[1]);
    fclose(page.stream);
    assert_non_null(strstr(page.text, "usage: mcbench show RESULT..."));
    assert_null(strstr(page.text, "--transport"));
    assert_non_null(strstr(page.text, "\n  --json                as JSON\n"));
    assert_non_null(strstr(page.text, "\n  --draw FILE.svg       to a file\n"));
    assert_non_null(strstr(page.text, "\n  3    the environment failed; a fault names how\n"));
    assert_null(strstr(page.text, "  130"));
    close_page(&page);
}

static void exit_codes_of_a_command_s_own_are_described_beside_the_others(void **state)
{
    (void)state;
    static const char *const described[] = {
        "\n  0    all that was asked for was printed\n", "\n  1    there is a warning\n",
        "\n  2    the command line or an input file was wrong\n", "\n  130  it was stopped\n"};
    struct page page;
    mcb_arguments_print_help(open_page(&page), &commands[2]);
    fclose(page.stream);
    for (size_t i = 0; i < LENGTH(described); i++)
        assert_non_null(strstr(page.text, described[i]));
    close_page(&page);
    mcb_arguments_print_man(open_page(&page), &commands[2]);
    fclose(page.stream);
    assert_non_null(strstr(page.text, "\n.B 1\nthere is a warning\n"));
    assert_non_null(strstr(page.text, "\n.B 130\nit was stopped\n"));
    close_page(&page);
}

/* A text of --help or of a man page may be broken into lines anywhere. */
static bool has_words(char *text, const char *words)
{
    for (char *at = text; *at; at++)
        *at = *at == '\n' ? ' ' : *at;
    char *to = text;
    for (const char *at = text; *at; at++)
        if (*at != ' ' || at[1] != ' ')
            *to++ = *at;
    *to = '\0';
    return strstr(text, words) != NULL;
}

static void each_command_is_described_with_its_own_defaults(void **state)
{
    (void)state;
    static const struct {
        size_t command;
        const char *memory;
    } cases[] = {{0, "or all (cpu,cuda) (default cpu)"}, {3, "or all (cpu,cuda) (default cuda)"}};
    void (*const printers[])(FILE *, const struct mcb_command *) = {mcb_arguments_print_help,
                                                                    mcb_arguments_print_man};
    for (size_t n = 0; n < LENGTH(cases); n++)
        for (size_t i = 0; i < LENGTH(printers); i++) {
            struct page page;
            printers[i](open_page(&page), &commands[cases[n].command]);
            fclose(page.stream);
            assert_true(has_words(page.text, cases[n].memory));
            close_page(&page);
        }
}

static void what_is_said_of_a_command_that_measures(const char *words)
{
    void (*const printers[])(FILE *, const struct mcb_command *) = {mcb_arguments_print_help,
                                                                    mcb_arguments_print_man};
    for (size_t i = 0; i < LENGTH(printers); i++) {
        struct page page;
        printers[i](open_page(&page), &commands[3]);
        fclose(page.stream);
        if (!has_words(page.text, words))
            fail_msg("no '%s' in: %s", words, page.text);
        close_page(&page);
    }
}

static void variables_that_are_no_option_s_are_described(void **state)
{
    (void)state;
    what_is_said_of_a_command_that_measures(" ETCDCTL_USER credentials for etcd, ");
    what_is_said_of_a_command_that_measures(
        " MCB_GPU_MODULE of mcbench gpu: the file of the module ");
}

static void a_priority_matrix_is_said_to_narrow_nics_for_gpus(void **state)
{
    (void)state;
    what_is_said_of_a_command_that_measures("with GPUs it only narrows the NICs");
}

static void the_overview_names_every_command(void **state)
{
    (void)state;
    struct page page;
    mcb_arguments_print_overview(open_page(&page), commands, LENGTH(commands));
    fclose(page.stream);
    assert_non_null(strstr(page.text, "\n  cpu       measures what CPUs see\n"));
    assert_non_null(strstr(page.text, "\n  show      shows it again\n"));
    close_page(&page);
}

static void a_man_page_has_every_option_and_no_stray_control_line(void **state)
{
    (void)state;
    static const char *const macros[] = {"TH", "SH", "SS", "TP", "B", "BR", "I"};
    struct page page;
    mcb_arguments_print_man(open_page(&page), &commands[0]);
    fclose(page.stream);
    assert_every_option_in(page.text, ".TP\n\\fB\\-\\-", "\\-");
    assert_non_null(strstr(page.text, ".TH MCBENCH\\-CPU 1 "));
    assert_non_null(strstr(page.text, "\nmcbench\\-cpu \\- measures what CPUs see\n"));
    for (char *line = strtok(page.text, "\n"); line; line = strtok(NULL, "\n")) {
        bool known = line[0] != '.' && line[0] != '\'';
        for (size_t i = 0; i < LENGTH(macros) && !known; i++)
            known = strncmp(line + 1, macros[i], strlen(macros[i])) == 0;
        if (!known)
            fail_msg("%s", line);
    }
    close_page(&page);
}

/* What bash offers for the words of a command line, the last of which is being typed. */
static void assert_completion(const char *words, const char *expected)
{
    char command[4096], answer[2048] = "";
    char path[] = "/tmp/mcb_completion_XXXXXX";
    int fd = mkstemp(path);
    FILE *script = fdopen(fd, "w");
    mcb_arguments_print_completion(script, commands, LENGTH(commands));
    fclose(script);
    snprintf(command, sizeof command,
             "bash -c 'set -u; source %s; COMP_WORDS=(%s); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); "
             "_mcbench; echo \"${COMPREPLY[*]}\"'",
             path, words);
    FILE *shell = popen(command, "r");
    assert_non_null(shell);
    assert_non_null(fgets(answer, sizeof answer, shell));
    assert_int_equal(pclose(shell), 0);
    answer[strcspn(answer, "\n")] = '\0';
    assert_string_equal(answer, expected);
    unlink(path);
}

static void a_man_page_has_the_options_of_the_command_itself(void **state)
{
    (void)state;
    struct page page;
    mcb_arguments_print_man(open_page(&page), &commands[1]);
    fclose(page.stream);
    assert_non_null(strstr(page.text, ".TP\n\\fB\\-\\-json\\fR\nas JSON\n"));
    assert_non_null(strstr(page.text, ".TP\n\\fB\\-\\-draw\\fR \\fIFILE.svg\\fR\nto a file\n"));
    assert_null(strstr(page.text, "transport"));
    close_page(&page);
}

static void bash_completes_commands_options_and_words(void **state)
{
    (void)state;
    assert_completion("mcbench s", "show");
    assert_completion("mcbench help \"\"", "cpu show topo gpu");
    assert_completion("mcbench show --j", "--json");
    assert_completion("mcbench show --d", "--draw");
    assert_completion("mcbench show --draw /proc/uptim", "/proc/uptime");
    assert_completion("mcbench topo --draw /proc/uptim", "/proc/uptime");
    assert_completion("mcbench topo --draw = /proc/uptim", "/proc/uptime");
    assert_completion("mcbench topo /proc/uptim", "");
    assert_completion("mcbench topo --op \"\"", "red green");
    assert_completion("mcbench cpu --verb", "");
    assert_completion("mcbench cpu --ver", "--verify");
    assert_completion("mcbench cpu --pairs r", "rail ring");
    assert_completion("mcbench gpu --registration \"\"", "auto peermem dmabuf");
    assert_completion("mcbench cpu --op = w", "write");
    assert_completion("mcbench cpu --mtu =", "256 512 1024 2048 4096");
    assert_completion("mcbench cpu --size \"\"", "");
    assert_completion("mcbench show /proc/uptim", "/proc/uptime");
    assert_completion("mcbench cpu --output /proc/uptim", "/proc/uptime");
}

/* The program. */

static int run(char **words)
{
    run_argc = 0;
    fflush(stdout);
    fflush(stderr);
    return mcb_commands_run(commands, LENGTH(commands), count_words(words), words);
}

static void a_command_gets_its_own_words_and_gives_the_exit_code(void **state)
{
    (void)state;
    assert_int_equal(run((char *[]){"mcbench", "cpu", "--size", "8", NULL}), 42);
    assert_int_equal(run_argc, 3);
    assert_string_equal(run_argv[0], "cpu");
    assert_string_equal(run_argv[2], "8");
}

static void what_is_no_command_is_a_usage_error(void **state)
{
    (void)state;
    assert_int_equal(run((char *[]){"mcbench", NULL}), MCB_EXIT_USAGE);
    assert_int_equal(run((char *[]){"mcbench", "cpuu", NULL}), MCB_EXIT_USAGE);
    assert_int_equal(run((char *[]){"mcbench", "", NULL}), MCB_EXIT_USAGE);
    assert_int_equal(run((char *[]){"mcbench", "\xff", NULL}), MCB_EXIT_USAGE);
    assert_int_equal(run((char *[]){"mcbench", "--verify", NULL}), MCB_EXIT_USAGE);
    assert_int_equal(run((char *[]){"mcbench", "help", "cpuu", NULL}), MCB_EXIT_USAGE);
    assert_int_equal(run((char *[]){"mcbench", "docs", NULL}), MCB_EXIT_USAGE);
    assert_int_equal(run_argc, 0);
}

static void help_and_version_run_no_command(void **state)
{
    (void)state;
    assert_int_equal(run((char *[]){"mcbench", "--help", NULL}), 0);
    assert_int_equal(run((char *[]){"mcbench", "-h", NULL}), 0);
    assert_int_equal(run((char *[]){"mcbench", "--version", NULL}), 0);
    assert_int_equal(run((char *[]){"mcbench", "help", NULL}), 0);
    assert_int_equal(run((char *[]){"mcbench", "help", "show", NULL}), 0);
    assert_int_equal(run((char *[]){"mcbench", "cpu", "--bogus", "--help", NULL}), 0);
    assert_int_equal(run_argc, 0);
}

static void docs_writes_a_page_for_each_command_and_the_completion(void **state)
{
    (void)state;
    static const char *const names[] = {"mcbench.1",      "mcbench-cpu.1", "mcbench-show.1",
                                        "mcbench-topo.1", "mcbench-gpu.1", "mcbench.bash",
                                        "FAULTS.md"};
    char folder[] = "/tmp/mcb_docs_XXXXXX";
    assert_non_null(mkdtemp(folder));
    assert_int_equal(run((char *[]){"mcbench", "docs", folder, NULL}), 0);
    for (size_t i = 0; i < LENGTH(names); i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(run((char *[]){"mcbench", "docs", folder, NULL}), MCB_EXIT_ENVIRONMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_follows_its_option_with_a_blank_or_an_equals_sign),
        cmocka_unit_test(a_wrong_option_is_named_with_the_nearest),
        cmocka_unit_test(a_missing_or_misplaced_value_is_said),
        cmocka_unit_test(a_very_long_argument_is_refused_with_a_short_message),
        cmocka_unit_test(the_recorded_command_line_covers_credentials),
        cmocka_unit_test(help_is_asked_for_anywhere_before_two_dashes),
        cmocka_unit_test(help_has_every_option_and_no_line_over_100_columns),
        cmocka_unit_test(help_of_a_command_with_options_of_its_own_has_those_only),
        cmocka_unit_test(exit_codes_of_a_command_s_own_are_described_beside_the_others),
        cmocka_unit_test(each_command_is_described_with_its_own_defaults),
        cmocka_unit_test(variables_that_are_no_option_s_are_described),
        cmocka_unit_test(a_priority_matrix_is_said_to_narrow_nics_for_gpus),
        cmocka_unit_test(the_overview_names_every_command),
        cmocka_unit_test(a_man_page_has_every_option_and_no_stray_control_line),
        cmocka_unit_test(a_man_page_has_the_options_of_the_command_itself),
        cmocka_unit_test(bash_completes_commands_options_and_words),
        cmocka_unit_test(a_command_gets_its_own_words_and_gives_the_exit_code),
        cmocka_unit_test(what_is_no_command_is_a_usage_error),
        cmocka_unit_test(help_and_version_run_no_command),
        cmocka_unit_test(docs_writes_a_page_for_each_command_and_the_completion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
