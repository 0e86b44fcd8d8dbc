/* SPDX-License-Identifier: Apache-2.0 */
/* Only those who know the token become streams of a TCP side; strangers, liars and the silent are
 * kept out and hold nobody up. */
#include "tests/unit/tcp_pair.h"

#include "tests/ranks.h"

static const struct mcb_cell_settings plain = {.size_bytes = 64, .qps = 3, .depth = 2};

static uint16_t port_of(const struct pair *pair)
{
    return (uint16_t)json_integer_value(json_object_get(pair->end[TARGET].description, "port"));
}

static int connect_stranger(uint16_t port)
{
    struct mcb_error error;
    int fd = mcb_socket_connect("127.0.0.1", port, NULL, false, mcb_clock_ns() + PATIENCE_NS, NULL,
                                &error);
    assert_true(fd >= 0);
    return fd;
}

static void say(int fd, const void *bytes, size_t length)
{
    assert_int_equal(ranks_send(fd, bytes, length, mcb_clock_ns() + PATIENCE_NS, NULL), 0);
}

static void expect_closed(int fd)
{
    struct pollfd end = {.fd = fd, .events = POLLIN};
    char byte;
    assert_int_equal(poll(&end, 1, (int)(PATIENCE_NS / MCB_NS_PER_MS)), 1);
    assert_true(recv(fd, &byte, 1, 0) <= 0);
    close(fd);
}

static void run_connect(struct pair *pair)
{
    for (size_t i = 0; i < 2; i++)
        pair_start(&pair->end[i], pair_connect_thread);
    for (size_t i = 0; i < 2; i++)
        pair_join(&pair->end[i]);
}

static void strangers_are_closed_and_the_streams_come_in(void **state)
{
    (void)state;
    struct pair *pair = pair_open(&plain);
    uint8_t garbage[4096];
    memset(garbage, 'x', sizeof garbage);
    int silent = connect_stranger(port_of(pair)), loud = connect_stranger(port_of(pair));
    int brief = connect_stranger(port_of(pair)), gone = connect_stranger(port_of(pair));
    say(loud, garbage, sizeof garbage);
    say(brief, garbage, 5);
    close(gone);

    pair_connect(pair);
    expect_closed(silent);
    expect_closed(loud);
    expect_closed(brief);
    pair_run(pair, MCB_TASK_LAP, 0);
    assert_int_equal(pair->end[INITIATOR].task.sent, 6);
    pair_close(pair);
}

static void a_crowd_of_silent_strangers_makes_room(void **state)
{
    (void)state;
    enum { CROWD = 60 };
    struct pair *pair = pair_open(&plain);
    int crowd[2 * CROWD];
    for (size_t i = 0; i < CROWD; i++)
        crowd[i] = connect_stranger(port_of(pair));
    pair_start(&pair->end[TARGET], pair_connect_thread);
    for (size_t i = CROWD; i < sizeof crowd / sizeof crowd[0]; i++)
        crowd[i] = connect_stranger(port_of(pair));
    pair_start(&pair->end[INITIATOR], pair_connect_thread);
    for (size_t i = 0; i < 2; i++) {
        pair_join(&pair->end[i]);
        pair_expect_success(&pair->end[i]);
    }
    for (size_t i = 0; i < sizeof crowd / sizeof crowd[0]; i++)
        expect_closed(crowd[i]);
    pair_close(pair);
}

static void a_wrong_token_is_turned_away(void **state)
{
    (void)state;
    struct pair *pair = pair_open(&plain);
    json_t *forged = json_deep_copy(pair->end[TARGET].description);
    json_object_set_new(forged, "token", json_string("00112233445566778899aabbccddeeff"));
    pair->end[INITIATOR].peer = forged;
    pair->end[TARGET].connect_deadline_ns = mcb_clock_ns() + 300 * MCB_NS_PER_MS;
    run_connect(pair);
    pair_expect_fault(&pair->end[INITIATOR], MCB_FAULT_TCP_STREAM);
    assert_non_null(strstr(pair->end[INITIATOR].error.detail, "did not welcome"));
    pair_expect_fault(&pair->end[TARGET], MCB_FAULT_NET_TIMEOUT);
    assert_non_null(strstr(pair->end[TARGET].error.detail, "0 of 3 streams"));
    json_decref(forged);
    pair_close(pair);
}

static void a_port_where_nobody_listens_is_refused(void **state)
{
    (void)state;
    struct pair *pair = pair_open(&plain);
    pair_close_side(pair, MCB_ROLE_TARGET);
    pair_start(&pair->end[INITIATOR], pair_connect_thread);
    pair_join(&pair->end[INITIATOR]);
    pair_expect_fault(&pair->end[INITIATOR], MCB_FAULT_NET_REFUSED);
    pair_close(pair);
}

static void the_listener_is_gone_once_all_streams_are_in(void **state)
{
    (void)state;
    struct mcb_error error;
    struct pair *pair = pair_open(&plain);
    uint16_t port = port_of(pair);
    pair_connect(pair);
    assert_int_equal(mcb_socket_connect("127.0.0.1", port, NULL, false,
                                        mcb_clock_ns() + PATIENCE_NS, NULL, &error),
                     -1);
    assert_int_equal(error.code, MCB_FAULT_NET_REFUSED);
    pair_close(pair);
}

/* Somebody else's port: it accepts, and then says nothing or something else. */
static void connect_to_impostor(const char *answer, enum mcb_fault_code expected)
{
    struct mcb_error error;
    struct mcb_cell_settings one = {.size_bytes = 8, .qps = 1, .depth = 1};
    struct pair *pair = pair_open(&one);
    int listener = mcb_socket_listen("127.0.0.1", 0, 8, &error);
    assert_true(listener >= 0);
    json_t *peer = json_deep_copy(pair->end[TARGET].description);
    json_object_set_new(peer, "port", json_integer(mcb_socket_port(listener)));
    pair->end[INITIATOR].peer = peer;
    pair->end[INITIATOR].connect_deadline_ns =
        mcb_clock_ns() + (answer ? PATIENCE_NS : 200 * MCB_NS_PER_MS);
    pair_start(&pair->end[INITIATOR], pair_connect_thread);
    int fd = ranks_accept(listener, mcb_clock_ns() + PATIENCE_NS, NULL);
    assert_true(fd >= 0);
    if (answer)
        say(fd, answer, strlen(answer));
    pair_join(&pair->end[INITIATOR]);
    pair_expect_fault(&pair->end[INITIATOR], expected);
    close(fd);
    close(listener);
    json_decref(peer);
    pair_close(pair);
}

static void a_target_that_is_none_is_found_out(void **state)
{
    (void)state;
    connect_to_impostor("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", MCB_FAULT_NET_PROTOCOL);
    connect_to_impostor(NULL, MCB_FAULT_NET_TIMEOUT);
}

static void an_initiator_with_other_settings_is_refused(void **state)
{
    (void)state;
    struct mcb_cell_settings other = plain;
    other.size_bytes = 65;
    struct pair *ours = pair_open(&plain), *theirs = pair_open(&other);
    theirs->end[INITIATOR].peer = ours->end[TARGET].description;
    pair_start(&ours->end[TARGET], pair_connect_thread);
    pair_start(&theirs->end[INITIATOR], pair_connect_thread);
    pair_join(&ours->end[TARGET]);
    pair_expect_fault(&ours->end[TARGET], MCB_FAULT_NET_PROTOCOL);
    pair_close_side(ours, MCB_ROLE_TARGET);
    pair_join(&theirs->end[INITIATOR]);
    assert_int_equal(theirs->end[INITIATOR].result, -1);
    pair_close(theirs);
    pair_close(ours);
}

static void garbage_descriptions_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "[]",
        "null",
        "{}",
        "{\"address\": \"127.0.0.1\", \"port\": 80}",
        "{\"address\": 7, \"port\": 80, \"token\": \"00112233445566778899aabbccddeeff\"}",
        "{\"address\": \"localhost\", \"port\": 80, \"token\": "
        "\"00112233445566778899aabbccddeeff\"}",
        "{\"address\": \"127.0.0.1;x\", \"port\": 80, \"token\": "
        "\"00112233445566778899aabbccddeeff\"}",
        "{\"address\": \"127.0.0.1\", \"port\": 0, \"token\": "
        "\"00112233445566778899aabbccddeeff\"}",
        "{\"address\": \"127.0.0.1\", \"port\": 65536, \"token\": "
        "\"00112233445566778899aabbccddeeff\"}",
        "{\"address\": \"127.0.0.1\", \"port\": -1, \"token\": "
        "\"00112233445566778899aabbccddeeff\"}",
        "{\"address\": \"127.0.0.1\", \"port\": 80.5, \"token\": "
        "\"00112233445566778899aabbccddeeff\"}",
        "{\"address\": \"127.0.0.1\", \"port\": 80, \"token\": \"00112233445566778899aabbccddee\"}",
        "{\"address\": \"127.0.0.1\", \"port\": 80, \"token\": "
        "\"00112233445566778899aabbccddeeff00\"}",
        "{\"address\": \"127.0.0.1\", \"port\": 80, \"token\": \"0011223344556677889 "
        "aabbccddeeff\"}",
    };
    struct pair *pair = pair_open(&plain);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        json_t *peer = json_loads(texts[i], JSON_DECODE_ANY, NULL);
        assert_non_null(peer);
        pair->end[INITIATOR].peer = peer;
        pair_start(&pair->end[INITIATOR], pair_connect_thread);
        pair_join(&pair->end[INITIATOR]);
        pair_expect_fault(&pair->end[INITIATOR], MCB_FAULT_NET_PROTOCOL);
        json_decref(peer);
    }
    pair_close(pair);
}

static void an_address_of_the_other_family_is_named(void **state)
{
    (void)state;
    struct pair *pair = pair_open(&plain);
    json_t *peer = json_deep_copy(pair->end[TARGET].description);
    json_object_set_new(peer, "address", json_string("::1"));
    pair->end[INITIATOR].peer = peer;
    pair_start(&pair->end[INITIATOR], pair_connect_thread);
    pair_join(&pair->end[INITIATOR]);
    pair_expect_fault(&pair->end[INITIATOR], MCB_FAULT_NET_ADDRESS);
    json_decref(peer);
    pair_close(pair);
}

/* At the deadline the fault would be another. */
static void an_abort_ends_both_waits(void **state)
{
    (void)state;
    struct mcb_error error;
    struct pair *pair = pair_open(&plain);
    int listener = mcb_socket_listen("127.0.0.1", 0, 8, &error);
    json_t *peer = json_deep_copy(pair->end[TARGET].description);
    json_object_set_new(peer, "port", json_integer(mcb_socket_port(listener)));
    pair->end[INITIATOR].peer = peer;
    for (size_t i = 0; i < 2; i++) {
        pair_start(&pair->end[i], pair_connect_thread);
    }
    atomic_store(&pair->connect_abort, true);
    for (size_t i = 0; i < 2; i++) {
        pair_join(&pair->end[i]);
        pair_expect_fault(&pair->end[i], MCB_FAULT_RUN_INTERRUPTED);
    }
    json_decref(peer);
    close(listener);
    pair_close(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strangers_are_closed_and_the_streams_come_in),
        cmocka_unit_test(a_crowd_of_silent_strangers_makes_room),
        cmocka_unit_test(a_wrong_token_is_turned_away),
        cmocka_unit_test(a_port_where_nobody_listens_is_refused),
        cmocka_unit_test(the_listener_is_gone_once_all_streams_are_in),
        cmocka_unit_test(a_target_that_is_none_is_found_out),
        cmocka_unit_test(an_initiator_with_other_settings_is_refused),
        cmocka_unit_test(garbage_descriptions_are_refused),
        cmocka_unit_test(an_address_of_the_other_family_is_named),
        cmocka_unit_test(an_abort_ends_both_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
