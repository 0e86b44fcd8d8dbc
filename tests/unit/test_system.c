/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a host that lies below a folder: what is read, and what cannot lead out of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/clock.h"
#include "copied_host.h"

static void a_file_is_read_to_the_size_of_the_text(void **state)
{
    struct copied *host = *state;
    char text[5];
    copied_put(host, "/proc/a", "abcdefgh");
    assert_int_equal(mcb_system_read(copied_open(host), "/proc/a", text, sizeof text), 4);
    assert_string_equal(text, "abcd");
    assert_int_equal(mcb_system_read(host->system, "/proc/b", text, sizeof text), -1);
    assert_int_equal(mcb_system_read(host->system, "/proc", text, sizeof text), -1);
}

static void a_line_is_found_by_how_it_begins(void **state)
{
    struct copied *host = *state;
    char rest[32], *longer = calloc(1, 20000);
    assert_non_null(longer);
    memset(longer, 'x', 4095); /* what is read at once: the rest looks like a line */
    strcat(longer, "MemFree: 1\nMemFree: 2 kB\n");
    copied_put(host, "/proc/meminfo", longer);
    free(longer);
    assert_true(
        mcb_system_read_line(copied_open(host), "/proc/meminfo", "MemFree:", rest, sizeof rest));
    assert_string_equal(rest, " 2 kB");
    assert_false(
        mcb_system_read_line(host->system, "/proc/meminfo", "MemTotal:", rest, sizeof rest));
}

static void numbers_are_whole(void **state)
{
    static const struct {
        const char *text;
        bool good;
        uint64_t number;
    } cases[] = {{"12\n", true, 12},   {"0x15b3\n", true, 0x15b3},
                 {"12 x\n", false, 0}, {"-1\n", false, 0},
                 {"", false, 0},       {"99999999999999999999", false, 0}};
    struct copied *host = *state;
    copied_open(host);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t number = 0;
        copied_put(host, "/proc/n", cases[i].text);
        assert_int_equal(mcb_system_read_number(host->system, "/proc/n", &number), cases[i].good);
        assert_int_equal(number, cases[i].number);
    }
}

static void a_folder_has_all_its_names(void **state)
{
    struct copied *host = *state;
    char **names;
    copied_put(host, "/proc/1/comm", "init\n");
    copied_open(host);
    for (unsigned i = 0; i < 5000; i++) {
        char path[64];
        snprintf(path, sizeof path, "/proc/many/%u", i);
        copied_put(host, path, "");
    }
    size_t count = mcb_system_names(host->system, "/proc/many", &names);
    assert_int_equal(count, 5000);
    assert_string_equal(names[4999], "4999");
    mcb_system_names_free(names, count);
}

static void an_address_has_no_scope(void **state)
{
    (void)state;
    struct mcb_system *system;
    struct mcb_system_addresses addresses;
    struct mcb_error error;
    assert_int_equal(mcb_system_open("", NULL, &system, &error), 0);
    if (mcb_system_resolve(system, "fe80::1%lo", mcb_clock_ns() + MCB_NS_PER_S, &addresses,
                           &error) == 0)
        assert_string_equal(addresses.list[0], "fe80::1");
    mcb_system_close(system);
}

static void names_come_in_natural_order(void **state)
{
    struct copied *host = *state;
    char **names;
    copied_put(host, "/sys/class/x/mlx5_10", "");
    copied_put(host, "/sys/class/x/mlx5_2", "");
    size_t count = mcb_system_names(copied_open(host), "/sys/class/x", &names);
    assert_int_equal(count, 2);
    assert_string_equal(names[0], "mlx5_2");
    assert_string_equal(names[1], "mlx5_10");
    mcb_system_names_free(names, count);
    assert_int_equal(mcb_system_names(host->system, "/sys/none", &names), 0);
    mcb_system_names_free(names, 0);
}

static void absolute_links_lead_on_from_the_folder(void **state)
{
    struct copied *host = *state;
    char text[64];
    copied_put(host, "/sys/devices/a/value", "inside");
    copied_link(host, "/sys/class/x/a", "/sys/devices/a");
    assert_true(mcb_system_read(copied_open(host), "/sys/class/x/a/value", text, sizeof text) > 0);
    assert_string_equal(text, "inside");
    assert_true(mcb_system_link(host->system, "/sys/class/x/a", text, sizeof text));
    assert_string_equal(text, "a");
}

static void nothing_leads_out_of_the_folder(void **state)
{
    struct copied *host = *state;
    char text[4096];
    copied_link(host, "/proc/passwd", "/etc/passwd");
    copied_link(host, "/proc/up", "../../../../../../../etc/passwd");
    copied_link(host, "/proc/round", "round");
    copied_open(host);
    assert_int_equal(mcb_system_read(host->system, "/proc/passwd", text, sizeof text), -1);
    assert_int_equal(mcb_system_read(host->system, "/proc/up", text, sizeof text), -1);
    assert_int_equal(
        mcb_system_read(host->system, "/proc/../../../../etc/passwd", text, sizeof text), -1);
    assert_int_equal(mcb_system_read(host->system, "/proc/round", text, sizeof text), -1);
    copied_put(host, "/etc/passwd", "of the copy");
    assert_true(mcb_system_read(host->system, "/proc/up", text, sizeof text) > 0);
    assert_string_equal(text, "of the copy");
}

static void a_pipe_is_not_waited_for(void **state)
{
    struct copied *host = *state;
    char path[512], text[8];
    copied_folders(host, "/proc/pipe", path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(mcb_system_read(copied_open(host), "/proc/pipe", text, sizeof text), -1);
}

static void variables_are_those_of_the_copy(void **state)
{
    struct copied *host = *state;
    copied_put(host, "/proc/self/environ", "MC_MTU=1024\nMC_EMPTY=\nnonsense\n");
    setenv("MC_IB_PORT", "2", 1);
    copied_open(host);
    assert_string_equal(mcb_system_variable(host->system, "MC_MTU"), "1024");
    assert_string_equal(mcb_system_variable(host->system, "MC_EMPTY"), "");
    assert_null(mcb_system_variable(host->system, "MC_IB_PORT"));
    assert_null(mcb_system_variable(host->system, "MC"));
    unsetenv("MC_IB_PORT");
}

static void names_are_those_of_the_copied_hosts_file(void **state)
{
    struct copied *host = *state;
    struct mcb_system_addresses found;
    struct mcb_error error;
    int64_t deadline = mcb_clock_ns() + MCB_NS_PER_S;
    copied_put(
        host, "/etc/hosts",
        "127.0.0.1 localhost\n10.0.0.7\tn7.lan N7 # 10.0.0.9 n9\nfd00::7 n7\nno-address n7\n");
    copied_open(host);
    assert_int_equal(mcb_system_resolve(host->system, "n7", deadline, &found, &error), 0);
    assert_int_equal(found.count, 2);
    assert_string_equal(found.list[0], "10.0.0.7");
    assert_string_equal(found.list[1], "fd00::7");
    assert_int_equal(mcb_system_resolve(host->system, "10.1.2.3", deadline, &found, &error), 0);
    assert_string_equal(found.list[0], "10.1.2.3");
    assert_int_equal(mcb_system_resolve(host->system, "n9", deadline, &found, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_NET_RESOLVE);
    assert_string_equal(mcb_system_name(host->system), "n7");
}

static void own_addresses_are_the_local_ones(void **state)
{
    struct copied *host = *state;
    char addresses[4][64];
    copied_put(host, "/proc/net/fib_trie",
               "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 10.0.0.0\n        /24 link UNICAST\n"
               "     |-- 10.0.0.7\n        /32 host LOCAL\n     |-- 10.0.0.255\n"
               "        /32 link BROADCAST\nLocal:\n     |-- 10.0.0.7\n        /32 host LOCAL\n");
    copied_put(host, "/proc/net/if_inet6",
               "fd000000000000000000000000000007 02 40 00 80     eth0\nnonsense\n");
    size_t count = mcb_system_own_addresses(copied_open(host), addresses, 4);
    assert_int_equal(count, 2);
    assert_string_equal(addresses[0], "10.0.0.7");
    assert_string_equal(addresses[1], "fd00::7");
}

static void a_folder_that_holds_no_host_is_refused(void **state)
{
    struct copied *host = *state;
    struct mcb_system *system = NULL;
    struct mcb_error error;
    char path[128];
    assert_int_equal(mcb_system_open("/nowhere-at-all", NULL, &system, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_USE_FILE);
    snprintf(path, sizeof path, "%s/proc/sys", host->root);
    assert_int_equal(mcb_system_open(path, NULL, &system, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_USE_FILE);
    assert_null(system);
}

static void this_host_is_live_and_resolves_itself(void **state)
{
    (void)state;
    struct mcb_system *system;
    struct mcb_system_addresses found;
    struct mcb_error error;
    char text[64];
    assert_int_equal(mcb_system_open("", NULL, &system, &error), 0);
    assert_true(mcb_system_is_live(system));
    assert_string_equal(mcb_system_root(system), "");
    assert_true(mcb_system_read_line(system, "/proc/self/status", "Name:", text, sizeof text));
    assert_int_equal(
        mcb_system_resolve(system, "127.0.0.1", mcb_clock_ns() + MCB_NS_PER_S, &found, &error), 0);
    assert_string_equal(found.list[0], "127.0.0.1");
    mcb_system_close(system);
}

#define test(name) cmocka_unit_test_setup_teardown(name, copied_make, copied_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_file_is_read_to_the_size_of_the_text),
        test(a_line_is_found_by_how_it_begins),
        test(numbers_are_whole),
        test(a_folder_has_all_its_names),
        test(an_address_has_no_scope),
        test(names_come_in_natural_order),
        test(absolute_links_lead_on_from_the_folder),
        test(nothing_leads_out_of_the_folder),
        test(a_pipe_is_not_waited_for),
        test(variables_are_those_of_the_copy),
        test(names_are_those_of_the_copied_hosts_file),
        test(own_addresses_are_the_local_ones),
        test(a_folder_that_holds_no_host_is_refused),
        cmocka_unit_test(this_host_is_live_and_resolves_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
