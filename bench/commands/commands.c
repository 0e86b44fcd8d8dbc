/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/commands/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/commands/arguments.h"
#include "bench/doctor/catalogue.h"
#include "bench/plan/settings_text.h"
#include "common/interrupt.h"
#include "common/log.h"
#include "common/suggest.h"

static int fail(const struct mcb_error *error)
{
    mcb_log_error(error);
    return mcb_error_exit(error);
}

static const struct mcb_command *find(const struct mcb_command *commands, size_t count,
                                      const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static int unknown_command(const struct mcb_command *commands, size_t count, const char *name)
{
    const char *names[16] = {NULL};
    char shown[MCB_SHOWN_MAX];
    struct mcb_error error;
    for (size_t i = 0; i < count && i < sizeof names / sizeof names[0]; i++)
        names[i] = commands[i].name;
    const char *nearest = mcb_suggest_nearest(name, names, sizeof names / sizeof names[0]);
    if (!mcb_setting_text_is_utf8(name))
        name = "?";
    mcb_error_set(&error, MCB_FAULT_USE_OPTION, "%s: no such command%s%s%s",
                  mcb_setting_text_shown(name, shown), nearest ? " (did you mean " : "",
                  nearest ? nearest : "", nearest ? "?)" : "; mcbench --help lists them");
    return fail(&error);
}

int mcb_commands_finish_stdout(struct mcb_error *error)
{
    /* If it was an earlier write that failed, errno is still that one's: nothing was done since but
     * printing. */
    if (fflush(stdout) == 0 && !ferror(stdout))
        return 0;
    if (errno == EINTR && *mcb_interrupt_flag())
        return mcb_error_set(error, MCB_FAULT_RUN_INTERRUPTED,
                             "standard output: interrupted before its reader had all");
    return mcb_error_set(error, MCB_FAULT_HOST_OUTPUT, "standard output: %s",
                         strerror(errno ? errno : EIO));
}

static int finish(void)
{
    struct mcb_error error;
    return mcb_commands_finish_stdout(&error) == 0 ? MCB_EXIT_OK : fail(&error);
}

/* A socket with the number of stdout would be sent what is printed. Read-only, so that what is
 * printed to a closed stream is an error and not lost. */
static int occupy_standard_streams(struct mcb_error *error)
{
    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++)
        if (fcntl(stream, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != stream)
            return mcb_error_set(error, MCB_FAULT_HOST_SYSTEM,
                                 "/dev/null, in place of standard stream %d, which is closed: %s",
                                 stream, strerror(errno));
    return 0;
}

/* A file that would outgrow `ulimit -f` is a failed write, with a message and a file taken back,
 * and not the end of the process. SIGPIPE stays what it is: `mcbench topo | head` ends in silence.
 */
static int take_size_limit_as_error(struct mcb_error *error)
{
    if (signal(SIGXFSZ, SIG_IGN) != SIG_ERR)
        return 0;
    return mcb_error_set(error, MCB_FAULT_HOST_SYSTEM, "signal: %s", strerror(errno));
}

static int run_help(const struct mcb_command *commands, size_t count, int argc, char **argv)
{
    if (argc < 3) {
        mcb_arguments_print_overview(stdout, commands, count);
        return finish();
    }
    const struct mcb_command *command = find(commands, count, argv[2]);
    if (!command)
        return unknown_command(commands, count, argv[2]);
    mcb_arguments_print_help(stdout, command);
    return finish();
}

/* A document that `docs` writes; command NULL: it is about the whole program. */
struct document {
    const struct mcb_command *commands;
    size_t count;
    const struct mcb_command *command;
    void (*print)(FILE *stream, const struct document *document);
};

static void print_man(FILE *stream, const struct document *document)
{
    if (document->command)
        mcb_arguments_print_man(stream, document->command);
    else
        mcb_arguments_print_man_overview(stream, document->commands, document->count);
}

static void print_completion(FILE *stream, const struct document *document)
{
    mcb_arguments_print_completion(stream, document->commands, document->count);
}

static void print_faults(FILE *stream, const struct document *document)
{
    (void)document;
    mcb_catalogue_print_page(stream);
}

static int write_document(const char *folder, const char *name, const struct document *document,
                          struct mcb_error *error)
{
    char *path;
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory to write %s", name);
    FILE *stream = fopen(path, "we");
    bool written = false;
    if (stream) {
        document->print(stream, document);
        written = fflush(stream) == 0 && !ferror(stream);
        fclose(stream);
    }
    if (!written)
        mcb_error_set(error, MCB_FAULT_HOST_OUTPUT, "%s: %s", path, strerror(errno));
    free(path);
    return written ? 0 : -1;
}

static int run_docs(const struct mcb_command *commands, size_t count, int argc, char **argv)
{
    struct mcb_error error;
    if (argc != 3) {
        mcb_error_set(&error, MCB_FAULT_USE_OPTION, "docs: takes one folder, docs DIR");
        return fail(&error);
    }
    struct document document = {commands, count, NULL, print_man};
    if (write_document(argv[2], "mcbench.1", &document, &error))
        return fail(&error);
    for (size_t i = 0; i < count; i++) {
        char name[64];
        snprintf(name, sizeof name, "mcbench-%s.1", commands[i].name);
        document.command = &commands[i];
        if (write_document(argv[2], name, &document, &error))
            return fail(&error);
    }
    document.print = print_completion;
    if (write_document(argv[2], "mcbench.bash", &document, &error))
        return fail(&error);
    document.print = print_faults;
    return write_document(argv[2], "FAULTS.md", &document, &error) ? fail(&error) : MCB_EXIT_OK;
}

static int run_version(void)
{
    printf("mcbench %s\n", MCB_VERSION);
    return finish();
}

static int run_command(const struct mcb_command *command, int argc, char **argv)
{
    int exit_code = command->run(argc - 1, argv + 1);
    return exit_code == MCB_EXIT_OK ? finish() : exit_code;
}

int mcb_commands_run(const struct mcb_command *commands, size_t count, int argc, char **argv)
{
    struct mcb_error error;
    if (occupy_standard_streams(&error) != 0 || take_size_limit_as_error(&error) != 0)
        return fail(&error);
    if (argc < 2) {
        mcb_arguments_print_overview(stderr, commands, count);
        return MCB_EXIT_USAGE;
    }
    const char *name = argv[1];
    const struct mcb_command *command = find(commands, count, name);
    if (command && mcb_arguments_ask_help(argc - 1, argv + 1)) {
        mcb_arguments_print_help(stdout, command);
        return finish();
    }
    if (command)
        return run_command(command, argc, argv);
    if (strcmp(name, "--version") == 0)
        return run_version();
    if (strcmp(name, "docs") == 0)
        return run_docs(commands, count, argc, argv);
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return run_help(commands, count, argc, argv);
    return unknown_command(commands, count, name);
}
