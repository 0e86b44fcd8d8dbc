/* SPDX-License-Identifier: Apache-2.0 */
/* The texts of the catalogue are found wherever they lie in a line, and the one that says most
 * wins. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/doctor/log_match.h"

static struct mcb_log_match *catalogue;

static int open_catalogue(void **state)
{
    (void)state;
    struct mcb_error error;
    catalogue = mcb_log_match_of_catalogue(&error);
    return catalogue ? 0 : -1;
}

static int close_catalogue(void **state)
{
    (void)state;
    mcb_log_match_free(catalogue);
    return 0;
}

static struct mcb_log_hit hit_of(const struct mcb_log_match *match, const char *line)
{
    struct mcb_log_hit hit;
    mcb_log_match_line(match, line, strlen(line), &hit);
    return hit;
}

static struct mcb_log_text text_of(const char *text, enum mcb_fault_code code)
{
    return (struct mcb_log_text){text, strlen(text), MCB_LOG_TEXT_FAULT, code};
}

/* "failed to register * [5]" as a line, with something for each "*", in upper case. */
static size_t make_line(const char *text, size_t length, size_t before, char *line)
{
    size_t used = before;
    memset(line, '.', before);
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '*')
            used += (size_t)sprintf(line + used, " 0x7f ");
        else
            line[used++] = (char)toupper((unsigned char)text[i]);
    }
    line[used] = '\0';
    return used;
}

static void every_text_is_found_at_every_alignment_in_either_case(void **state)
{
    (void)state;
    char line[2048];
    for (int code = 1; code < MCB_FAULT_COUNT; code++) {
        const char *rest = mcb_fault_get((enum mcb_fault_code)code)->texts, *text;
        size_t length;
        while ((text = mcb_fault_next_line(&rest, &length)) != NULL)
            for (size_t before = 0; before < 9; before++) {
                struct mcb_log_text one = {text, length, MCB_LOG_TEXT_FAULT,
                                           (enum mcb_fault_code)code};
                struct mcb_error error;
                struct mcb_log_match *match = mcb_log_match_make(&one, 1, &error);
                struct mcb_log_hit hit;
                size_t bytes = make_line(text, length, before, line);
                if (!mcb_log_match_line(match, line, bytes, &hit) || hit.code != one.code)
                    fail_msg("not found: %s", line);
                assert_true(mcb_log_match_line(catalogue, line, bytes, &hit));
                assert_int_not_equal(hit.code, MCB_FAULT_NONE);
                mcb_log_match_free(match);
            }
    }
}

static void every_text_of_the_catalogue_has_a_piece_that_is_long_enough(void **state)
{
    (void)state;
    for (int code = 1; code < MCB_FAULT_COUNT; code++) {
        const char *rest = mcb_fault_get((enum mcb_fault_code)code)->texts, *text;
        size_t length;
        while ((text = mcb_fault_next_line(&rest, &length)) != NULL) {
            size_t longest = 0;
            for (size_t at = 0; at < length;) {
                size_t piece = 0;
                while (at + piece < length && text[at + piece] != '*')
                    piece++;
                longest = piece > longest ? piece : longest;
                at += piece + 1;
            }
            if (longest < 5)
                fail_msg("%.*s slows every line down", (int)length, text);
        }
    }
}

static void the_text_with_the_most_bytes_wins(void **state)
{
    (void)state;
    const struct mcb_log_text texts[] = {
        text_of("process failed", MCB_FAULT_RDMA_COMPLETION),
        text_of("process failed*retry counter", MCB_FAULT_RDMA_RETRY),
        text_of("retry counter", MCB_FAULT_RDMA_RNR),
    };
    struct mcb_error error;
    struct mcb_log_match *match = mcb_log_match_make(texts, 3, &error);
    assert_int_equal(hit_of(match, "x process failed: y").code, MCB_FAULT_RDMA_COMPLETION);
    assert_int_equal(hit_of(match, "process failed: retry counter").code, MCB_FAULT_RDMA_RETRY);
    assert_int_equal(hit_of(match, "retry counter, process failed").code,
                     MCB_FAULT_RDMA_COMPLETION);
    assert_int_equal(hit_of(match, "Retry Counter").code, MCB_FAULT_RDMA_RNR);
    mcb_log_match_free(match);
}

static void the_name_of_an_errno_counts_last(void **state)
{
    (void)state;
    struct mcb_log_text texts[] = {
        text_of("context deadline exceeded", MCB_FAULT_NET_TIMEOUT),
        text_of("connection refused", MCB_FAULT_NET_REFUSED),
        text_of("etcd client", MCB_FAULT_ETCD_UNREACHABLE),
    };
    texts[0].kind = texts[1].kind = MCB_LOG_TEXT_BARE;
    struct mcb_error error;
    struct mcb_log_match *match = mcb_log_match_make(texts, 3, &error);
    assert_int_equal(hit_of(match, "etcd client: context deadline exceeded").code,
                     MCB_FAULT_ETCD_UNREACHABLE);
    assert_int_equal(hit_of(match, "connection refused by etcd client").code,
                     MCB_FAULT_ETCD_UNREACHABLE);
    assert_int_equal(hit_of(match, "connection refused: context deadline exceeded").code,
                     MCB_FAULT_NET_TIMEOUT);
    mcb_log_match_free(match);
}

static void a_text_is_found_by_any_of_its_pieces(void **state)
{
    (void)state;
    const struct mcb_log_text texts[] = {
        text_of("process failed for slice*remote access", MCB_FAULT_RDMA_REMOTE_ACCESS),
        text_of("process failed for slice*local length", MCB_FAULT_RDMA_MTU),
        text_of("process failed for slice*no", MCB_FAULT_RDMA_RNR),
        text_of("process failed for slice", MCB_FAULT_RDMA_COMPLETION),
    };
    struct mcb_error error;
    struct mcb_log_match *match = mcb_log_match_make(texts, 4, &error);
    assert_int_equal(hit_of(match, "Process failed for slice (): REMOTE access error").code,
                     MCB_FAULT_RDMA_REMOTE_ACCESS);
    assert_int_equal(hit_of(match, "Process failed for slice (): local length error").code,
                     MCB_FAULT_RDMA_MTU);
    assert_int_equal(hit_of(match, "Process failed for slice (): No").code, MCB_FAULT_RDMA_RNR);
    assert_int_equal(hit_of(match, "local length: process failed for slice").code,
                     MCB_FAULT_RDMA_COMPLETION);
    assert_int_equal(hit_of(match, "a remote access: local length").code, MCB_FAULT_NONE);
    mcb_log_match_free(match);
}

static void letters_fold_and_nothing_else_does(void **state)
{
    (void)state;
    const struct mcb_log_text text = text_of("error [14] at {x} of @key`", MCB_FAULT_GPU_REGISTER);
    struct mcb_error error;
    struct mcb_log_match *match = mcb_log_match_make(&text, 1, &error);
    assert_int_equal(hit_of(match, "ERROR [14] AT {X} OF @KEY`").code, MCB_FAULT_GPU_REGISTER);
    assert_int_equal(hit_of(match, "error {14} at {x} of @key`").code, MCB_FAULT_NONE);
    assert_int_equal(hit_of(match, "error [14] at [x] of @key`").code, MCB_FAULT_NONE);
    assert_int_equal(hit_of(match, "error [14] at {x} of `key@").code, MCB_FAULT_NONE);
    mcb_log_match_free(match);
}

static void pieces_must_follow_each_other_and_not_overlap(void **state)
{
    (void)state;
    const struct mcb_log_text text = text_of("device abcabc*abc is down", MCB_FAULT_RDMA_PORT_DOWN);
    struct mcb_error error;
    struct mcb_log_match *match = mcb_log_match_make(&text, 1, &error);
    assert_int_equal(hit_of(match, "device abcabcabc is down").code, MCB_FAULT_RDMA_PORT_DOWN);
    assert_int_equal(hit_of(match, "device abcabc is down").code, MCB_FAULT_NONE);
    assert_int_equal(hit_of(match, "abc is down device abcabc").code, MCB_FAULT_NONE);
    mcb_log_match_free(match);
}

static void a_short_text_is_found_too(void **state)
{
    (void)state;
    const struct mcb_log_text text = text_of("xid", MCB_FAULT_GPU_CALL);
    struct mcb_error error;
    struct mcb_log_match *match = mcb_log_match_make(&text, 1, &error);
    assert_int_equal(hit_of(match, "XID").code, MCB_FAULT_GPU_CALL);
    assert_int_equal(hit_of(match, "a Xid 79").code, MCB_FAULT_GPU_CALL);
    assert_int_equal(hit_of(match, "xi").code, MCB_FAULT_NONE);
    mcb_log_match_free(match);
}

static void an_id_of_mcbench_wins_over_every_text(void **state)
{
    (void)state;
    struct mcb_log_hit hit =
        hit_of(catalogue, "mcbench: Failed to modify QP to RTR, check mtu, gid  [MCB-RDMA-013]");
    assert_int_equal(hit.code, MCB_FAULT_RDMA_RETRY);
    assert_true(hit.has_id);
    assert_false(hit_of(catalogue, "[MCB-RDMA-999]").has_id);
    assert_false(hit_of(catalogue, "[MCB-RDMA-013").has_id);
    assert_false(hit_of(catalogue, "[MCB-").has_id);
}

static void marks_are_no_fault(void **state)
{
    (void)state;
    struct mcb_log_hit hit = hit_of(catalogue, "some ERROR here");
    assert_true(hit.is_marked);
    assert_int_equal(hit.code, MCB_FAULT_NONE);
    assert_true(hit_of(catalogue, "Traceback (most recent call last):").is_traceback);
    assert_false(hit_of(catalogue, "all is well").is_marked);
}

static void a_line_of_any_bytes_is_read_within_its_length(void **state)
{
    (void)state;
    unsigned seed = 1;
    for (size_t length = 0; length < 300; length++) {
        char *line = calloc(1, length + 1); /* its end is guarded by a sanitized build */
        struct mcb_log_hit hit;
        for (size_t i = 0; i < length; i++)
            line[i] = (char)rand_r(&seed);
        mcb_log_match_line(catalogue, line, length, &hit);
        free(line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_text_is_found_at_every_alignment_in_either_case),
        cmocka_unit_test(every_text_of_the_catalogue_has_a_piece_that_is_long_enough),
        cmocka_unit_test(the_text_with_the_most_bytes_wins),
        cmocka_unit_test(the_name_of_an_errno_counts_last),
        cmocka_unit_test(a_text_is_found_by_any_of_its_pieces),
        cmocka_unit_test(letters_fold_and_nothing_else_does),
        cmocka_unit_test(pieces_must_follow_each_other_and_not_overlap),
        cmocka_unit_test(a_short_text_is_found_too),
        cmocka_unit_test(an_id_of_mcbench_wins_over_every_text),
        cmocka_unit_test(marks_are_no_fault),
        cmocka_unit_test(a_line_of_any_bytes_is_read_within_its_length),
    };
    return cmocka_run_group_tests(tests, open_catalogue, close_catalogue);
}
