/* SPDX-License-Identifier: Apache-2.0 */
/* A topology file may be anything, and come from anybody: it is loaded, or there is one error that
 * names it and says what is wrong. */
#include <errno.h>
#include <fcntl.h>
#include <hwloc.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/topology/rehearsal.h"
#include "bench/topology/topology_xml.h"
#include "tests/unit/topology_helper.h"

/* The fault's detail holds the file's name and then what is said here. */
static void assert_refused(int status, const struct mcb_error *error, const char *expected)
{
    assert_int_equal(status, -1);
    assert_int_equal(error->code, MCB_FAULT_USE_TOPOLOGY);
    if (!strstr(error->detail, ": ") || !strstr(error->detail, expected))
        fail_msg("'%s' is not in: %s", expected, error->detail);
}

static void assert_path_refused(const char *path, const char *expected)
{
    struct mcb_topology *topology = NULL;
    struct mcb_error error = {0};
    assert_refused(mcb_topology_load_file(path, &topology, &error), &error, expected);
    assert_ptr_equal(strstr(error.detail, path), error.detail);
    assert_null(topology);
}

static void assert_text_refused(const char *text, const char *expected)
{
    struct mcb_topology *topology = NULL;
    struct mcb_error error = {0};
    assert_refused(load_text(text, &topology, &error), &error, expected);
    assert_null(topology);
}

/* A copy of the fixture in which the first `from` is `to`; release with free(). */
static char *altered(const char *from, const char *to)
{
    char *text = read_text(FIXTURE("one-numa-node"));
    char *at = strstr(text, from), *made;
    assert_non_null(at);
    assert_true(asprintf(&made, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) > 0);
    free(text);
    return made;
}

static void assert_altered_loads(const char *from, const char *to)
{
    struct mcb_topology *topology = NULL;
    struct mcb_error error = {0};
    char *text = altered(from, to);
    if (load_text(text, &topology, &error) != 0)
        fail_msg("%s", error.detail);
    mcb_topology_free(topology);
    free(text);
}

static void assert_altered_refused(const char *from, const char *to, const char *expected)
{
    char *text = altered(from, to);
    assert_text_refused(text, expected);
    free(text);
}

static void what_is_no_regular_file_is_not_waited_for(void **state)
{
    (void)state;
    char folder[] = "/tmp/mcbench-test-topology-XXXXXX", fifo[64];
    assert_non_null(mkdtemp(folder));
    snprintf(fifo, sizeof fifo, "%s/fifo", folder);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_path_refused(fifo, "not a regular file");
    assert_path_refused(folder, "not a regular file");
    assert_path_refused("/dev/zero", "not a regular file");
    unlink(fifo);
    rmdir(folder);
}

static void a_file_that_cannot_be_read_is_said_so(void **state)
{
    (void)state;
    assert_path_refused("/nonexistent/host.xml", "No such file or directory");
    assert_path_refused("/etc/hostname/host.xml", "Not a directory");
    if (geteuid() == 0) {
        print_message("root may read everything: skipped\n");
        skip();
    }
    char path[] = "/tmp/mcbench-test-topology-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, 0), 0);
    assert_path_refused(path, "Permission denied");
    close(fd);
    unlink(path);
}

static void what_is_no_xml_is_told_how_to_write_one(void **state)
{
    (void)state;
    struct mcb_topology *topology = NULL;
    struct mcb_error error = {0};
    assert_text_refused("", "empty");
    assert_text_refused(" \n", "not XML");
    assert_text_refused("{\"nics\": []}", "lstopo --whole-io FILE.xml");
    assert_text_refused("<?xml version=\"1.0\"?>", "not XML");
    assert_text_refused("<?xml ", "not XML");
    assert_refused(load_bytes("<topology \0 version", 19, &topology, &error), &error, "not XML");
}

static void a_huge_file_is_not_read_to_its_end(void **state)
{
    (void)state;
    char path[] = "/tmp/mcbench-test-topology-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, INT64_C(1) << 40), 0); /* a hole: it takes no space */
    assert_path_refused(path, "larger than 16 MiB");
    assert_int_equal(ftruncate(fd, MCB_TOPOLOGY_XML_MOST_BYTES), 0);
    assert_path_refused(path, "not XML");
    assert_int_equal(ftruncate(fd, MCB_TOPOLOGY_XML_MOST_BYTES + 1), 0);
    assert_path_refused(path, "larger than 16 MiB");
    close(fd);
    unlink(path);
}

static void other_formats_are_named(void **state)
{
    (void)state;
    assert_altered_refused("<topology version=\"2.0\">", "<topology>", "written by hwloc 1.x");
    assert_altered_refused("<topology version=\"2.0\">", "<topology version=\"1.0\">",
                           "convert it with lstopo of hwloc 2");
    assert_altered_refused("<topology version=\"2.0\">", "<topology version=\"999.1\">",
                           "written by hwloc 999.x");
    assert_altered_refused("<topology version=\"2.0\">", "<topology version=\"999.1\">",
                           "--export-xml-flags v2");
    assert_altered_refused("<topology version=\"2.0\">", "<topology version=\"3.0\">",
                           HWLOC_API_VERSION >> 16 == 2 ? "written by hwloc 3.x" : "");
    assert_text_refused("<system version=\"1\"><cpu numaid=\"0\"/></system>", "<system>");
    assert_text_refused("<topologydiff></topologydiff>", "<topologydiff>");
}

static void the_version_may_be_written_as_xml_allows(void **state)
{
    (void)state;
    static const char as_written[] = "<topology version=\"2.0\">";
    assert_altered_refused(as_written, "<topology\n\tversion = '999.1' >",
                           "written by hwloc 999.x");
    assert_altered_refused(as_written, "<topology x=\"> version='1'\"\tversion=\"998\">",
                           "written by hwloc 998.x");
    assert_altered_refused(as_written, "<topology subversion=\"2.0\">", "written by hwloc 1.x");
}

static void a_version_that_is_none_is_not_understood(void **state)
{
    (void)state;
    static const char *const versions[] = {"-5",   "",       "2x", "x",
                                           " 2.0", "1000.0", ".0", "18446744073709551618"};
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        char root[64];
        snprintf(root, sizeof root, "<topology version=\"%s\">", versions[i]);
        assert_altered_refused("<topology version=\"2.0\">", root, "version not understood");
    }
}

static void a_file_cut_short_anywhere_is_an_error(void **state)
{
    (void)state;
    char *text = read_text(FIXTURE("one-numa-node"));
    size_t whole = strlen(text) - strlen("</topology>\n");
    for (size_t length = 1; length < whole; length += 37) {
        struct mcb_topology *topology = NULL;
        struct mcb_error error = {0};
        assert_refused(load_bytes(text, length, &topology, &error), &error, ": ");
    }
    text[whole] = '\0';
    assert_text_refused(text, "cut short");
    free(text);
}

static void comments_and_what_precedes_the_root_do_not_matter(void **state)
{
    (void)state;
    static const char header[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                                 "<!DOCTYPE topology SYSTEM \"hwloc2.dtd\">\n";
    assert_altered_loads(header, "");
    assert_altered_loads(header, "\xef\xbb\xbf<?xml version=\"1.0\"?><!-- licence -->\n\n");
    assert_altered_loads("<topology", "<!-- a -->\n<!-- <topology version=\"1\"> -->\n<topology");
    assert_altered_loads("</topology>", "<!-- a --><!----><!-- > --></topology>\n \n<!-- b -->");
    assert_altered_refused("</topology>", "<!-- </topology>", "a comment does not end");
}

static void entities_are_refused_before_anybody_expands_them(void **state)
{
    (void)state;
    assert_altered_refused("<!DOCTYPE topology SYSTEM \"hwloc2.dtd\">",
                           "<!DOCTYPE topology [<!ENTITY a \"aaaaaaaaaa\">"
                           "<!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">"
                           "<!ENTITY c SYSTEM \"file:///etc/passwd\">]>",
                           "XML entities");
}

static void absurd_numbers_neither_crash_nor_hang(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
    } cases[] = {
        {"<object type=\"PU\" os_index=\"0\"", "<object type=\"PU\" os_index=\"4294967294\""},
        {"<object type=\"NUMANode\" os_index=\"0\"",
         "<object type=\"NUMANode\" os_index=\"4294967295\""},
        {"<object type=\"PU\" os_index=\"1\"", "<object type=\"PU\" os_index=\"0\""},
        {"gp_index=\"8\"", "gp_index=\"1\""},
        {"cpuset=\"0xf\"", "cpuset=\"0xf...f\""},
        {"cpuset=\"0xf\"", "cpuset=\"0x0\""},
        {"local_memory=\"1073741824\"", "local_memory=\"99999999999999999999999\""},
        {"pci_link_speed=\"63.015385\"", "pci_link_speed=\"nan\""},
        {"pci_link_speed=\"63.015385\"", "pci_link_speed=\"-1e308\""},
        {"pci_busid=\"0000:01:00.0\"", "pci_busid=\"ffffffff:ff:ff.f\""},
        {"bridge_pci=\"0000:[00-01]\"", "bridge_pci=\"ffff:[ff-00]\""},
        {"bridge_type=\"0-1\"", "bridge_type=\"7-9\""},
        {"osdev_type=\"3\"", "osdev_type=\"-3\""},
        {"depth=\"1\"", "depth=\"4294967295\""},
        {"name=\"mlx5_0\"", "name=\"\""},
        {"name=\"mlx5_0\"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mcb_topology *topology = NULL;
        struct mcb_error error = {0};
        char *text = altered(cases[i].from, cases[i].to);
        if (load_text(text, &topology, &error) == 0)
            mcb_topology_free(topology);
        else
            assert_int_equal(error.code, MCB_FAULT_USE_TOPOLOGY);
        free(text);
    }
}

/* hwloc 2.9 reads through a null pointer here: hwloc_bitmap_or() in hwloc_topology_load(). */
static void a_file_on_which_hwloc_crashes_is_an_error_of_the_file(void **state)
{
    (void)state;
    struct mcb_topology *topology = NULL;
    struct mcb_error error = {0};
    char *text = altered("nodeset=\"0x1\" complete_nodeset=\"0x1\" gp_index=\"1\" local_memory",
                         "nodeset=\"0x1\" gp_index=\"1\" local_memory");
    if (load_text(text, &topology, &error) == 0)
        mcb_topology_free(topology); /* an hwloc that does not */
    else
        assert_refused(-1, &error, "");
    free(text);
}

static char *repeat(char *to, const char *text, size_t times)
{
    while (times-- > 0)
        to = stpcpy(to, text);
    return to;
}

/* The fixture with `inside` and `end` `times` times around the GPU. */
static char *nested(const char *inside, const char *end, size_t times)
{
    static const char gpu[] = "<object type=\"PCIDev\"";
    char *text = read_text(FIXTURE("one-numa-node"));
    char *from = strstr(text, gpu);
    assert_non_null(from);
    char *to = strstr(from, "</object>") + strlen("</object>");
    char *made = malloc(strlen(text) + times * (strlen(inside) + strlen(end)) + 1);
    assert_non_null(made);
    char *at = mempcpy(made, text, (size_t)(from - text));
    at = repeat(at, inside, times);
    at = mempcpy(at, from, (size_t)(to - from));
    at = repeat(at, end, times);
    strcpy(at, to);
    free(text);
    return made;
}

static void bridges_within_bridges_have_an_end(void **state)
{
    (void)state;
    static const char bridge[] =
        "<object type=\"Bridge\" gp_index=\"99\" bridge_type=\"1-1\" depth=\"2\" "
        "bridge_pci=\"0000:[01-01]\" pci_busid=\"0000:00:01.0\" "
        "pci_type=\"0604 [8086:352a] [0000:0000] 04\" pci_link_speed=\"0\">";
    struct mcb_topology *topology = NULL;
    struct mcb_error error = {0};
    char *few = nested(bridge, "</object>", 40), *many = nested(bridge, "</object>", 80);
    char *absurd = nested(bridge, "</object>", 60000);
    if (load_text(few, &topology, &error) != 0)
        fail_msg("%s", error.detail);
    mcb_topology_free(topology);
    assert_text_refused(many, "PCI bridges below each other");
    assert_text_refused(absurd, ": ");
    free(few);
    free(many);
    free(absurd);
}

/* A NIC with its PCI function, `index` being its bus number and more. */
static char *write_nic(char *to, unsigned index, const char *name)
{
    return to + sprintf(to,
                        "<object type=\"PCIDev\" gp_index=\"%u\" pci_busid=\"%04x:%02x:%02x.0\" "
                        "pci_type=\"0207 [15b3:1021] [0000:0000] 00\" pci_link_speed=\"0\">"
                        "<object type=\"OSDev\" gp_index=\"%u\" name=\"%s%u\" osdev_type=\"%d\"/>"
                        "</object>",
                        1000 + 2 * index, 1 + index / 8192, index / 32 % 256, index % 32,
                        1001 + 2 * index, name, index, strcmp(name, "nic") == 0 ? 3 : 2);
}

/* The fixture with so many devices more. */
static char *crowded(unsigned nics, unsigned others)
{
    static const char place[] = "<object type=\"Bridge\"";
    char *text = read_text(FIXTURE("one-numa-node"));
    char *at = strstr(text, place);
    assert_non_null(at);
    char *made = malloc(strlen(text) + (size_t)(nics + others) * 300), *to = made;
    assert_non_null(made);
    to = mempcpy(to, text, (size_t)(at - text));
    for (unsigned i = 0; i < nics; i++)
        to = write_nic(to, i, "nic");
    for (unsigned i = nics; i < nics + others; i++)
        to = write_nic(to, i, "other");
    strcpy(to, at);
    free(text);
    return made;
}

static void a_host_of_a_thousand_devices_is_loaded(void **state)
{
    (void)state;
    struct host host;
    struct mcb_error error = {0}, devices_error;
    char *text = crowded(500, 5000);
    if (load_text(text, &host.topology, &error) != 0)
        fail_msg("%s", error.detail);
    assert_int_equal(mcb_tree_make(host.topology, "/sys", NULL, &host.tree, &devices_error, &error),
                     0);
    assert_int_equal(mcb_tree_count(&host.tree, MCB_TREE_NIC), 501);
    host_release(&host);
    free(text);
}

static void more_devices_than_the_tree_takes_are_an_error(void **state)
{
    (void)state;
    char *text = crowded(MCB_TREE_DEVICES_MAX, 0);
    assert_text_refused(text, "more than 1024 NICs");
    free(text);
}

static void two_nics_of_one_name_are_an_error(void **state)
{
    (void)state;
    struct mcb_topology *topology = NULL;
    struct mcb_error error = {0};
    char *text = read_text(FIXTURE("dual-port"));
    memcpy(strstr(text, "mlx5_1"), "mlx5_0", 6);
    assert_refused(load_text(text, &topology, &error), &error, "mlx5_0 is there twice");
    free(text);
}

/* ---- the child ---- */

static int do_well(const void *argument, struct mcb_error *error)
{
    (void)argument;
    (void)error;
    return 0;
}

static int complain(const void *argument, struct mcb_error *error)
{
    return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "%s", (const char *)argument);
}

static int die(const void *argument, struct mcb_error *error)
{
    (void)error;
    kill(getpid(), *(const int *)argument);
    return 0;
}

static int spin(const void *argument, struct mcb_error *error)
{
    (void)error;
    for (volatile bool forever = true; forever;)
        (void)argument;
    return 0;
}

static int take_memory(const void *argument, struct mcb_error *error)
{
    void *much = malloc(*(const size_t *)argument);
    int status = much ? 0 : mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory");
    free(much);
    return status;
}

static int print(const void *argument, struct mcb_error *error)
{
    (void)error;
    const char *text = argument;
    return write(STDOUT_FILENO, text, strlen(text)) == (ssize_t)strlen(text) &&
                   write(STDERR_FILENO, text, strlen(text)) == (ssize_t)strlen(text)
               ? 0
               : -1;
}

static int rehearse(mcb_rehearsal_act *act, const void *argument, struct mcb_error *error)
{
    *error = (struct mcb_error){0};
    return mcb_rehearsal_run(act, argument, "it", MCB_FAULT_USE_TOPOLOGY, error);
}

static void a_child_tells_how_it_went(void **state)
{
    (void)state;
    struct mcb_error error;
    assert_int_equal(rehearse(do_well, NULL, &error), 0);
    assert_int_equal(error.code, MCB_FAULT_NONE);
    assert_int_equal(rehearse(complain, "a reason", &error), -1);
    assert_int_equal(error.code, MCB_FAULT_HOST_MEMORY);
    assert_string_equal(error.detail, "a reason");
}

static void a_child_that_dies_is_a_crash(void **state)
{
    (void)state;
    static const int signals[] = {SIGSEGV, SIGABRT, SIGBUS};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        struct mcb_error error;
        assert_refused(rehearse(die, &signals[i], &error), &error, "makes hwloc crash");
    }
}

static void a_child_that_is_killed_took_too_much(void **state)
{
    (void)state;
    static const int number = SIGKILL;
    struct mcb_error error;
    assert_refused(rehearse(die, &number, &error), &error, "more time or memory");
}

static void end_well(int number)
{
    (void)number;
    _exit(0);
}

static void a_handler_of_the_program_does_not_hide_a_crash(void **state)
{
    (void)state;
    static const int number = SIGSEGV;
    struct mcb_error error;
    struct sigaction before, action = {.sa_handler = end_well};
    assert_int_equal(sigaction(number, &action, &before), 0);
    int status = rehearse(die, &number, &error);
    sigaction(number, &before, NULL);
    assert_refused(status, &error, "makes hwloc crash");
}

static void a_child_that_does_not_end_is_ended(void **state)
{
    (void)state;
    struct mcb_error error;
    assert_refused(rehearse(spin, NULL, &error), &error, "more time or memory than any real one");
}

static void a_child_does_not_get_all_memory(void **state)
{
    (void)state;
    static const size_t little = 64 << 20, much = (size_t)2 << 30;
    struct mcb_error error;
    assert_int_equal(rehearse(take_memory, &little, &error), 0);
    assert_int_equal(rehearse(take_memory, &much, &error), -1);
}

static void a_child_prints_nothing(void **state)
{
    (void)state;
    struct mcb_error error;
    int seen[2], out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
    char text[8];
    fflush(stdout);
    assert_int_equal(pipe2(seen, O_NONBLOCK), 0);
    dup2(seen[1], STDOUT_FILENO);
    dup2(seen[1], STDERR_FILENO);
    int status = rehearse(print, "noise", &error);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    assert_int_equal(status, 0);
    assert_int_equal(read(seen[0], text, sizeof text), -1);
    assert_int_equal(errno, EAGAIN);
    close(seen[0]);
    close(seen[1]);
    close(out);
    close(err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_regular_file_is_not_waited_for),
        cmocka_unit_test(a_file_that_cannot_be_read_is_said_so),
        cmocka_unit_test(what_is_no_xml_is_told_how_to_write_one),
        cmocka_unit_test(a_huge_file_is_not_read_to_its_end),
        cmocka_unit_test(other_formats_are_named),
        cmocka_unit_test(the_version_may_be_written_as_xml_allows),
        cmocka_unit_test(a_version_that_is_none_is_not_understood),
        cmocka_unit_test(a_file_cut_short_anywhere_is_an_error),
        cmocka_unit_test(comments_and_what_precedes_the_root_do_not_matter),
        cmocka_unit_test(entities_are_refused_before_anybody_expands_them),
        cmocka_unit_test(absurd_numbers_neither_crash_nor_hang),
        cmocka_unit_test(a_file_on_which_hwloc_crashes_is_an_error_of_the_file),
        cmocka_unit_test(bridges_within_bridges_have_an_end),
        cmocka_unit_test(a_host_of_a_thousand_devices_is_loaded),
        cmocka_unit_test(more_devices_than_the_tree_takes_are_an_error),
        cmocka_unit_test(two_nics_of_one_name_are_an_error),
        cmocka_unit_test(a_child_tells_how_it_went),
        cmocka_unit_test(a_child_that_dies_is_a_crash),
        cmocka_unit_test(a_child_that_is_killed_took_too_much),
        cmocka_unit_test(a_handler_of_the_program_does_not_hide_a_crash),
        cmocka_unit_test(a_child_that_does_not_end_is_ended),
        cmocka_unit_test(a_child_does_not_get_all_memory),
        cmocka_unit_test(a_child_prints_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
