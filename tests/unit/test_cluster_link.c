/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/cluster/link.h"

struct ends {
    struct mcb_link *link;
    int peer;
};

static int open_ends(void **state)
{
    static struct ends ends;
    int fds[2];
    struct mcb_error error;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds))
        return -1;
    ends = (struct ends){.link = mcb_link_open(fds[0], &error), .peer = fds[1]};
    *state = &ends;
    return ends.link ? 0 : -1;
}

static int close_ends(void **state)
{
    struct ends *ends = *state;
    mcb_link_close(ends->link);
    if (ends->peer >= 0)
        close(ends->peer);
    return 0;
}

static void hang_up(struct ends *ends)
{
    close(ends->peer);
    ends->peer = -1;
}

static void say(const struct ends *ends, const void *bytes, size_t length)
{
    assert_int_equal(send(ends->peer, bytes, length, 0), length);
    mcb_link_fill(ends->link);
}

static void say_frame(const struct ends *ends, const char *json)
{
    size_t length = strlen(json);
    char header[] = {'M', 'C', 'B', '1', 0, 0, (char)(length >> 8), (char)length};
    say(ends, header, sizeof header);
    say(ends, json, length);
}

static void expect_end(const struct ends *ends, enum mcb_fault_code code)
{
    assert_true(ends->link->ended);
    assert_int_equal(ends->link->trouble.code, code);
}

static void a_frame_arrives_however_it_is_cut(void **state)
{
    struct ends *ends = *state;
    static const char frame[] = "MCB1\0\0\0\x0c{\"type\":\"a\"}";
    for (size_t i = 0; i < sizeof frame - 1; i++) {
        assert_null(mcb_link_take(ends->link));
        say(ends, frame + i, 1);
    }
    json_t *taken = mcb_link_take(ends->link);
    assert_true(mcb_link_is_type(taken, "a"));
    assert_false(mcb_link_is_type(taken, "b"));
    json_decref(taken);
    assert_false(ends->link->ended);
}

static void frames_keep_their_order(void **state)
{
    struct ends *ends = *state;
    static const char both[] = "MCB1\0\0\0\x0c{\"type\":\"a\"}MCB1\0\0\0\x0c{\"type\":\"b\"}";
    say(ends, both, sizeof both - 1);
    json_t *first = mcb_link_take(ends->link), *second = mcb_link_take(ends->link);
    assert_true(mcb_link_is_type(first, "a"));
    assert_true(mcb_link_is_type(second, "b"));
    json_decref(first);
    json_decref(second);
}

static void what_is_queued_is_what_arrives(void **state)
{
    struct ends *ends = *state;
    struct mcb_error error;
    json_t *frame = json_pack("{s:s}", "type", "a");
    assert_int_equal(mcb_link_queue(ends->link, frame, &error), 0);
    assert_true(mcb_link_pending(ends->link));
    mcb_link_flush(ends->link);
    assert_false(mcb_link_pending(ends->link));
    char bytes[64];
    assert_int_equal(recv(ends->peer, bytes, sizeof bytes, 0), 20);
    assert_memory_equal(bytes, "MCB1\0\0\0\x0c{\"type\":\"a\"}", 20);
    json_decref(frame);
}

static void bytes_of_another_protocol_end_the_link_at_the_first_one(void **state)
{
    say(*state, "G", 1);
    expect_end(*state, MCB_FAULT_NET_PROTOCOL);
}

static void a_huge_length_ends_the_link_without_memory_for_it(void **state)
{
    struct ends *ends = *state;
    say(ends, "MCB1\xff\xff\xff\xff", 8);
    expect_end(ends, MCB_FAULT_NET_PROTOCOL);
    assert_true(ends->link->in_room < (1 << 20));
}

static void memory_grows_only_with_what_arrives(void **state)
{
    struct ends *ends = *state;
    say(ends, "MCB1\x01\0\0\0{", 9);
    assert_false(ends->link->ended);
    assert_true(ends->link->in_room < (1 << 20));
}

static void an_empty_frame_ends_the_link(void **state)
{
    say(*state, "MCB1\0\0\0\0", 8);
    expect_end(*state, MCB_FAULT_NET_PROTOCOL);
}

static void a_frame_that_is_not_json_ends_the_link(void **state)
{
    say_frame(*state, "{\"type\":");
    expect_end(*state, MCB_FAULT_NET_PROTOCOL);
}

static void a_frame_without_a_type_ends_the_link(void **state)
{
    say_frame(*state, "[\"type\"]");
    expect_end(*state, MCB_FAULT_NET_PROTOCOL);
}

static void a_cut_frame_is_a_lost_peer(void **state)
{
    struct ends *ends = *state;
    say(ends, "MCB1\0\0\0\x0c{\"ty", 12);
    hang_up(ends);
    mcb_link_fill(ends->link);
    expect_end(ends, MCB_FAULT_JOB_PEER_LOST);
    assert_non_null(strstr(ends->link->trouble.detail, "in the middle"));
}

static void a_peer_far_ahead_is_not_lock_step(void **state)
{
    for (int i = 0; i < MCB_LINK_FRAMES_MAX; i++)
        say_frame(*state, "{\"type\":\"a\"}");
    assert_false(((struct ends *)*state)->link->ended);
    say_frame(*state, "{\"type\":\"a\"}");
    expect_end(*state, MCB_FAULT_NET_PROTOCOL);
}

static void nothing_may_follow_the_last_words(void **state)
{
    (void)state;
    static const char *const words[][2] = {
        {"{\"type\":\"bye\"}", "{\"type\":\"bye\"}"},
        {"{\"type\":\"bye\"}", "{\"type\":\"a\"}"},
        {"{\"type\":\"bye\"}", "{\"type\":\"abort\"}"},
        {"{\"type\":\"abort\"}", "{\"type\":\"abort\"}"},
        {"{\"type\":\"abort\"}", "{\"type\":\"a\"}"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        void *ends;
        assert_int_equal(open_ends(&ends), 0);
        say_frame(ends, words[i][0]);
        assert_false(((struct ends *)ends)->link->ended);
        say_frame(ends, words[i][1]);
        expect_end(ends, MCB_FAULT_NET_PROTOCOL);
        assert_null(mcb_link_take(((struct ends *)ends)->link));
        close_ends(&ends);
    }
}

static void one_look_reads_no_more_than_its_share(void **state)
{
    struct ends *ends = *state;
    static char filling[MCB_LINK_READ_MAX_BYTES];
    static const char header[] = "MCB1\0\xf0\0\0{";
    memset(filling, ' ', sizeof filling);
    assert_int_equal(send(ends->peer, header, sizeof header - 1, 0), sizeof header - 1);
    ssize_t sent;
    while (ends->link->in_length < 8 * MCB_LINK_READ_MAX_BYTES) {
        do
            sent = send(ends->peer, filling, sizeof filling, 0);
        while (sent > 0);
        size_t before = ends->link->in_length;
        mcb_link_fill(ends->link);
        assert_in_range(ends->link->in_length - before, 1, MCB_LINK_READ_MAX_BYTES);
    }
    assert_false(ends->link->ended);
}

static void an_abort_is_kept_beyond_the_end(void **state)
{
    struct ends *ends = *state;
    say_frame(ends, "{\"type\":\"abort\",\"fault\":null}");
    hang_up(ends);
    mcb_link_fill(ends->link);
    expect_end(ends, MCB_FAULT_JOB_PEER_LOST);
    assert_non_null(ends->link->abort);
}

static void what_a_broken_link_still_holds_is_read(void **state)
{
    struct ends *ends = *state;
    struct mcb_error error;
    static const char last[] = "MCB1\0\0\0\x10{\"type\":\"abort\"}";
    assert_int_equal(send(ends->peer, last, sizeof last - 1, 0), sizeof last - 1);
    hang_up(ends);
    json_t *frame = json_pack("{s:s}", "type", "a");
    assert_int_equal(mcb_link_queue(ends->link, frame, &error), 0);
    json_decref(frame);
    mcb_link_flush(ends->link);
    assert_false(mcb_link_pending(ends->link));
    mcb_link_fill(ends->link);
    assert_non_null(ends->link->abort);
    mcb_link_fill(ends->link);
    expect_end(ends, MCB_FAULT_JOB_PEER_LOST);
}

static void a_message_over_16_mib_is_not_sent(void **state)
{
    struct ends *ends = *state;
    struct mcb_error error;
    size_t length = MCB_LINK_FRAME_MAX_BYTES;
    char *text = malloc(length);
    memset(text, 'x', length);
    json_t *frame = json_pack("{s:s, s:s%}", "type", "a", "text", text, length);
    free(text);
    assert_int_equal(mcb_link_queue(ends->link, frame, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_NET_PROTOCOL);
    assert_false(mcb_link_pending(ends->link));
    json_decref(frame);
}

#define on_ends(test) cmocka_unit_test_setup_teardown(test, open_ends, close_ends)

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_ends(a_frame_arrives_however_it_is_cut),
        on_ends(frames_keep_their_order),
        on_ends(what_is_queued_is_what_arrives),
        on_ends(bytes_of_another_protocol_end_the_link_at_the_first_one),
        on_ends(a_huge_length_ends_the_link_without_memory_for_it),
        on_ends(memory_grows_only_with_what_arrives),
        on_ends(an_empty_frame_ends_the_link),
        on_ends(a_frame_that_is_not_json_ends_the_link),
        on_ends(a_frame_without_a_type_ends_the_link),
        on_ends(a_cut_frame_is_a_lost_peer),
        on_ends(a_peer_far_ahead_is_not_lock_step),
        cmocka_unit_test(nothing_may_follow_the_last_words),
        on_ends(one_look_reads_no_more_than_its_share),
        on_ends(an_abort_is_kept_beyond_the_end),
        on_ends(what_a_broken_link_still_holds_is_read),
        on_ends(a_message_over_16_mib_is_not_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
