/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sys/syscall.h>
#include <unistd.h>

#include "tests/ranks.h"

/* What connections fail with, and looking up a route; 0: nothing. */
static int connect_fails_with, route_fails_with;

/* The argument is declared as glibc declares it. */
int connect(int fd, __CONST_SOCKADDR_ARG address, socklen_t length)
{
    int kind = 0;
    socklen_t size = sizeof kind;
    getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &size);
    int failed = kind == SOCK_DGRAM ? route_fails_with : connect_fails_with;
    if (!failed)
        return (int)syscall(SYS_connect, fd, address.__sockaddr__, length);
    errno = failed;
    return -1;
}

static void an_address_is_split_into_host_and_port(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host;
        uint16_t port;
    } good[] = {{"n1:18515", "n1", 18515},
                {"10.0.0.1:1", "10.0.0.1", 1},
                {"[fe80::1]:65535", "fe80::1", 65535},
                {":7000", "", 7000},
                {"7000", "", 7000}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char host[256];
        uint16_t port;
        assert_int_equal(mcb_socket_split(good[i].text, false, host, &port), 0);
        assert_string_equal(host, good[i].host);
        assert_int_equal(port, good[i].port);
    }
}

static void text_that_is_no_address_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",       "n1",        "n1:",      "n1:0",  "n1:65536",
                                      "n1:-1",  "n1:1x",     "::1:7000", "[::1]", "[::1]7000",
                                      "[]:700", "n1:000001", "0",        "1 2",   "n1: 7"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char host[256] = "untouched";
        uint16_t port = 42;
        assert_int_equal(mcb_socket_split(bad[i], false, host, &port), -1);
        assert_string_equal(host, "untouched");
        assert_int_equal(port, 42);
    }
    char longest[400], host[256];
    uint16_t port;
    snprintf(longest, sizeof longest, "%0256d:1", 7);
    assert_int_equal(mcb_socket_split(longest, false, host, &port), -1);
    assert_int_equal(mcb_socket_split("n1:0", true, host, &port), 0);
}

static void joining_undoes_splitting(void **state)
{
    (void)state;
    char text[MCB_ADDRESS_MAX];
    assert_string_equal(mcb_socket_join("n1", 7, text), "n1:7");
    assert_string_equal(mcb_socket_join("::1", 7, text), "[::1]:7");
}

static void loopback_is_recognized(void **state)
{
    (void)state;
    assert_true(mcb_socket_is_loopback("127.0.0.1"));
    assert_true(mcb_socket_is_loopback("127.255.1.2"));
    assert_true(mcb_socket_is_loopback("::1"));
    assert_true(mcb_socket_is_loopback("::ffff:127.0.0.1"));
    assert_false(mcb_socket_is_loopback("10.0.0.1"));
    assert_false(mcb_socket_is_loopback("::ffff:10.0.0.1"));
    assert_false(mcb_socket_is_loopback("fe80::1"));
    assert_false(mcb_socket_is_loopback("localhost"));
}

static int listener_on(const char *host)
{
    struct mcb_error error;
    int fd = mcb_socket_listen(host, 0, 4, &error);
    assert_true(fd >= 0);
    return fd;
}

static int connection_to(int listener, int *accepted)
{
    struct mcb_error error;
    int fd = mcb_socket_connect("127.0.0.1", mcb_socket_port(listener), NULL, false,
                                ranks_in_ms(5000), NULL, &error);
    assert_true(fd >= 0);
    *accepted = ranks_accept(listener, ranks_in_ms(5000), NULL);
    assert_true(*accepted >= 0);
    return fd;
}

static void a_listener_on_every_address_takes_ipv4_and_shows_it_as_such(void **state)
{
    (void)state;
    int accepted, listener = listener_on("");
    int fd = connection_to(listener, &accepted);
    char host[256];
    assert_int_equal(mcb_socket_address(accepted, false, host), 0);
    assert_string_equal(host, "127.0.0.1");
    assert_int_equal(mcb_socket_address(fd, true, host), 0);
    assert_string_equal(host, "127.0.0.1");
    close(fd);
    close(accepted);
    close(listener);
}

static void a_taken_port_is_named(void **state)
{
    (void)state;
    int listener = listener_on("127.0.0.1");
    struct mcb_error error;
    assert_int_equal(mcb_socket_listen("127.0.0.1", mcb_socket_port(listener), 4, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_NET_PORT_TAKEN);
    close(listener);
}

static void an_address_of_another_host_is_refused(void **state)
{
    (void)state;
    struct mcb_error error;
    assert_int_equal(mcb_socket_listen("192.0.2.1", 0, 4, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_NET_ADDRESS);
    int listener = listener_on("127.0.0.1");
    assert_int_equal(mcb_socket_connect("127.0.0.1", mcb_socket_port(listener), "192.0.2.1", false,
                                        ranks_in_ms(5000), NULL, &error),
                     -1);
    assert_int_equal(error.code, MCB_FAULT_NET_ADDRESS);
    close(listener);
}

static void nobody_listening_is_a_refusal_at_once_or_at_the_deadline(void **state)
{
    (void)state;
    struct mcb_error error;
    uint16_t port = ranks_free_port();
    assert_int_equal(
        mcb_socket_connect("127.0.0.1", port, NULL, false, ranks_in_ms(60000), NULL, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_NET_REFUSED);
    assert_int_equal(
        mcb_socket_connect("127.0.0.1", port, NULL, true, ranks_in_ms(250), NULL, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_NET_REFUSED);
}

static void *listen_later(void *context)
{
    const uint16_t *port = context;
    struct mcb_error error;
    usleep(250000);
    int listener = mcb_socket_listen("127.0.0.1", *port, 4, &error);
    int fd = listener < 0 ? -1 : ranks_accept(listener, ranks_in_ms(5000), NULL);
    close(listener);
    close(fd);
    return fd < 0 ? context : NULL;
}

static void a_listener_that_starts_late_is_waited_for(void **state)
{
    (void)state;
    uint16_t port = ranks_free_port();
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, listen_later, &port), 0);
    struct mcb_error error;
    int fd = mcb_socket_connect("127.0.0.1", port, NULL, true, ranks_in_ms(5000), NULL, &error);
    void *failed;
    pthread_join(thread, &failed);
    assert_true(fd >= 0);
    assert_null(failed);
    close(fd);
}

static void a_name_that_does_not_exist_is_named(void **state)
{
    (void)state;
    struct mcb_error error;
    assert_int_equal(
        mcb_socket_connect("no-such-host.invalid", 7, NULL, false, ranks_in_ms(5000), NULL, &error),
        -1);
    assert_int_equal(error.code, MCB_FAULT_NET_RESOLVE);
    assert_non_null(strstr(error.detail, "no-such-host.invalid"));
}

static void a_name_is_resolved(void **state)
{
    (void)state;
    int listener = listener_on("");
    struct mcb_error error;
    int fd = mcb_socket_connect("localhost", mcb_socket_port(listener), NULL, false,
                                ranks_in_ms(5000), NULL, &error);
    assert_true(fd >= 0);
    close(fd);
    close(listener);
}

static volatile sig_atomic_t stop;

static void *stop_soon(void *context)
{
    (void)context;
    usleep(100000);
    stop = 1;
    return NULL;
}

static void a_wait_ends_with_the_event_or_at_the_deadline(void **state)
{
    (void)state;
    struct mcb_error error;
    int accepted, listener = listener_on("127.0.0.1");
    assert_int_equal(mcb_socket_wait(listener, POLLIN, ranks_in_ms(50), NULL, &error), 0);
    int fd = connection_to(listener, &accepted);
    assert_int_equal(mcb_socket_wait(fd, POLLIN, ranks_in_ms(50), NULL, &error), 0);
    close(accepted);
    assert_int_equal(mcb_socket_wait(fd, POLLIN, ranks_in_ms(60000), NULL, &error), 1);
    close(fd);
    close(listener);
}

static void an_interruption_ends_a_wait(void **state)
{
    (void)state;
    struct mcb_error error;
    int listener = listener_on("127.0.0.1");
    pthread_t thread;
    stop = 0;
    assert_int_equal(pthread_create(&thread, NULL, stop_soon, NULL), 0);
    int result = mcb_socket_wait(listener, POLLIN, ranks_in_ms(60000), &stop, &error);
    pthread_join(thread, NULL);
    assert_int_equal(result, -1);
    assert_int_equal(error.code, MCB_FAULT_RUN_INTERRUPTED);
    assert_int_equal(mcb_socket_connect("127.0.0.1", ranks_free_port(), NULL, true,
                                        ranks_in_ms(60000), &stop, &error),
                     -1);
    assert_int_equal(error.code, MCB_FAULT_RUN_INTERRUPTED);
    close(listener);
}

static enum mcb_fault_code fault_where(int connecting, int routing, const char *text)
{
    struct mcb_error error;
    connect_fails_with = connecting;
    route_fails_with = routing;
    int fd = mcb_socket_connect("127.0.0.1", 7, NULL, false, ranks_in_ms(5000), NULL, &error);
    connect_fails_with = route_fails_with = 0;
    assert_int_equal(fd, -1);
    if (!strstr(error.detail, text))
        fail_msg("\"%s\" is not in: %s", text, error.detail);
    return error.code;
}

static void a_connection_for_which_no_port_is_left_is_told_from_one_without_an_address(void **state)
{
    (void)state;
    assert_int_equal(fault_where(EADDRNOTAVAIL, 0, "127.0.0.1:7: no local port is left"),
                     MCB_FAULT_NET_PORTS);
    assert_int_equal(fault_where(EADDRNOTAVAIL, EADDRNOTAVAIL, "Network is unreachable"),
                     MCB_FAULT_NET_TIMEOUT);
    struct mcb_error error;
    char address[256];
    route_fails_with = EADDRNOTAVAIL;
    assert_int_equal(mcb_socket_route("127.0.0.1", 7, ranks_in_ms(5000), NULL, address, &error),
                     -1);
    route_fails_with = 0;
    assert_int_equal(error.code, MCB_FAULT_NET_TIMEOUT);
}

static void the_route_to_this_host_starts_here(void **state)
{
    (void)state;
    struct mcb_error error;
    char address[256];
    assert_int_equal(mcb_socket_route("127.0.0.1", 7, ranks_in_ms(5000), NULL, address, &error), 0);
    assert_string_equal(address, "127.0.0.1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_split_into_host_and_port),
        cmocka_unit_test(text_that_is_no_address_is_refused),
        cmocka_unit_test(joining_undoes_splitting),
        cmocka_unit_test(loopback_is_recognized),
        cmocka_unit_test(a_listener_on_every_address_takes_ipv4_and_shows_it_as_such),
        cmocka_unit_test(a_taken_port_is_named),
        cmocka_unit_test(an_address_of_another_host_is_refused),
        cmocka_unit_test(nobody_listening_is_a_refusal_at_once_or_at_the_deadline),
        cmocka_unit_test(a_listener_that_starts_late_is_waited_for),
        cmocka_unit_test(a_name_that_does_not_exist_is_named),
        cmocka_unit_test(a_name_is_resolved),
        cmocka_unit_test(a_wait_ends_with_the_event_or_at_the_deadline),
        cmocka_unit_test(an_interruption_ends_a_wait),
        cmocka_unit_test(
            a_connection_for_which_no_port_is_left_is_told_from_one_without_an_address),
        cmocka_unit_test(the_route_to_this_host_starts_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
