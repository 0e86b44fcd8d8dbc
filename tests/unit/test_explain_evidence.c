/* SPDX-License-Identifier: Apache-2.0 */
/* What a log tells of a NIC as mere information is a finding where an error behind it makes it the
 * cause, and nowhere else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bench/doctor/explain.h"

#define EMPTY "00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00"
#define GOOD  "00:00:00:00:00:00:00:00:00:00:ff:ff:0a:00:00:0d"
#define LINK  "fe:80:00:00:00:00:00:00:a0:88:c2:ff:fe:00:00:01"

#define TOLD(nic, gid)                                                                             \
    "I1122 09:14:02.000000 1 f.cpp:1] RDMA device: " nic ", LID: 0, GID: (3) " gid "\n"
#define RTR(more) "E1122 09:14:03.000000 1 f.cpp:2] Failed to modify QP to RTR" more "\n"
#define EINVAL_22 ", check mtu, gid, peer lid, peer qp num: Invalid argument [22]"

static struct mcb_explain *explain_text(const char *text)
{
    struct mcb_error error;
    struct mcb_explain *explain = mcb_explain_make(&error);
    assert_non_null(explain);
    assert_int_equal(mcb_explain_begin(explain, "a.log", INT64_C(1795392000), &error), 0);
    for (uint64_t number = 1; *text; number++) {
        size_t length = strcspn(text, "\n");
        const struct mcb_log_piece piece = {text, length, number, false, false};
        assert_int_equal(mcb_explain_piece(explain, &piece, &error), 0);
        text += length + (text[length] == '\n');
    }
    assert_int_equal(mcb_explain_finish(explain, &error), 0);
    return explain;
}

static void assert_first(const char *text, enum mcb_fault_code code, uint64_t number)
{
    struct mcb_explain *explain = explain_text(text);
    assert_true(explain->finding_count > 0);
    assert_string_equal(mcb_fault_get(explain->findings[0].code)->id, mcb_fault_get(code)->id);
    assert_int_equal(explain->findings[0].role, MCB_EXPLAIN_FIRST);
    assert_int_equal(explain->findings[0].lines[0].number, number);
    assert_int_equal(explain->findings[0].count, 1);
    for (size_t i = 1; i < explain->finding_count; i++) {
        assert_int_equal(explain->findings[i].role, MCB_EXPLAIN_CONSEQUENCE);
        assert_int_equal(explain->findings[i].cause, 0);
    }
    mcb_explain_free(explain);
}

static void a_gid_that_is_told_is_no_error(void **state)
{
    (void)state;
    static const char *const texts[] = {
        TOLD("mlx5_0", EMPTY),
        TOLD("mlx5_0", LINK),
        "RDMA device: mlx5_0, LID: 0, GID: (3) " LINK "\n",
        "W1122 09:14:02.000000 1 f.cpp:1] RDMA device: mlx5_0, LID: 0, GID: (3) " LINK "\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct mcb_explain *explain = explain_text(texts[i]);
        assert_false(mcb_explain_has_error(explain));
        mcb_explain_free(explain);
    }
}

static void a_bad_gid_is_why_a_queue_pair_does_not_reach_rtr(void **state)
{
    (void)state;
    assert_first(TOLD("mlx5_0", EMPTY) RTR(EINVAL_22), MCB_FAULT_RDMA_GID_EMPTY, 1);
    assert_first(TOLD("mlx5_0", LINK) RTR(EINVAL_22), MCB_FAULT_RDMA_GID_LOCAL, 1);
    assert_first(TOLD("mlx5_0", GOOD) TOLD("mlx5_1", EMPTY) RTR(EINVAL_22)
                     RTR(EINVAL_22) "Worker: Cannot make connection for endpoint: n7@mlx5_1\n",
                 MCB_FAULT_RDMA_GID_EMPTY, 2);
}

static void a_queue_pair_with_another_gid_has_another_reason(void **state)
{
    (void)state;
    assert_first(TOLD("mlx5_0", EMPTY) RTR(" (local gid " GOOD ", mtu 4096): Invalid argument"),
                 MCB_FAULT_RDMA_QP_RTR, 2);
    assert_first(TOLD("mlx5_0", EMPTY) RTR(" (local gid " EMPTY ", mtu 4096): Invalid argument"),
                 MCB_FAULT_RDMA_GID_EMPTY, 1);
}

static void a_silent_peer_is_not_explained_by_a_gid(void **state)
{
    (void)state;
    assert_first(TOLD("mlx5_0", LINK) RTR(": Connection timed out [110]"), MCB_FAULT_RDMA_RETRY, 2);
}

static void a_nic_that_is_told_anew_is_as_it_was_told_last(void **state)
{
    (void)state;
    assert_first(TOLD("mlx5_0", EMPTY) TOLD("mlx5_0", GOOD) RTR(EINVAL_22), MCB_FAULT_RDMA_QP_RTR,
                 3);
    assert_first(TOLD("mlx5_0", EMPTY) TOLD("mlx5_1", GOOD) RTR(EINVAL_22),
                 MCB_FAULT_RDMA_GID_EMPTY, 1);
}

static void a_nic_of_another_host_explains_nothing(void **state)
{
    (void)state;
    assert_first("Nov 22 09:14:02 n3 app: RDMA device: mlx5_0, LID: 0, GID: (3) " EMPTY "\n"
                 "Nov 22 09:14:03 n4 app: Failed to modify QP to RTR: Invalid argument\n",
                 MCB_FAULT_RDMA_QP_RTR, 2);
}

static void more_nics_than_are_kept_do_no_harm(void **state)
{
    (void)state;
    static char text[1 << 14];
    size_t used = 0;
    for (int nic = 0; nic < MCB_EXPLAIN_NICS_MAX + 9; nic++)
        used +=
            (size_t)sprintf(text + used, "RDMA device: mlx5_%d, LID: 0, GID: (3) " EMPTY "\n", nic);
    sprintf(text + used, RTR(EINVAL_22));
    assert_first(text, MCB_FAULT_RDMA_GID_EMPTY, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gid_that_is_told_is_no_error),
        cmocka_unit_test(a_bad_gid_is_why_a_queue_pair_does_not_reach_rtr),
        cmocka_unit_test(a_queue_pair_with_another_gid_has_another_reason),
        cmocka_unit_test(a_silent_peer_is_not_explained_by_a_gid),
        cmocka_unit_test(a_nic_that_is_told_anew_is_as_it_was_told_last),
        cmocka_unit_test(a_nic_of_another_host_explains_nothing),
        cmocka_unit_test(more_nics_than_are_kept_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
