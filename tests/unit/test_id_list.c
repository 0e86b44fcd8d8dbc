/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of CPUs and nodes: the kernel's, and what others say is one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sched.h>
#include <stdio.h>

#include "common/id_list.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static void lists_of_the_kernel_are_valid(void **state)
{
    (void)state;
    static const char *const lists[] = {"0", "0-3", "0-3,8", "0,2,4-5", "1023"};
    for (size_t n = 0; n < LENGTH(lists); n++)
        assert_true(mcb_id_list_is_valid(lists[n]));
}

static void anything_else_is_not(void **state)
{
    (void)state;
    static const char *const lists[] = {"",    " 0",  "0 ",      "0,",          ",0",     "0-",
                                        "-1",  "3-0", "1,0",     "1,1",         "0-3,2",  "x",
                                        "0x1", "1\n", "\x1b[2J", "99999999999", "8388608"};
    for (size_t n = 0; n < LENGTH(lists); n++)
        if (mcb_id_list_is_valid(lists[n]))
            fail_msg("'%s' was taken for a list", lists[n]);
}

static void a_list_that_is_too_long_is_not_one(void **state)
{
    (void)state;
    char list[2 * MCB_ID_LIST_MAX] = "0";
    for (int id = 1; id < 200; id++) {
        snprintf(list + strlen(list), sizeof list - strlen(list), ",%d", id);
        assert_int_equal(mcb_id_list_is_valid(list), strlen(list) < MCB_ID_LIST_MAX);
    }
    assert_true(strlen(list) > MCB_ID_LIST_MAX);
}

static void a_list_contains_what_it_names(void **state)
{
    (void)state;
    for (unsigned id = 0; id < 12; id++)
        assert_int_equal(mcb_id_list_contains("0-3,8", id), id <= 3 || id == 8);
    assert_false(mcb_id_list_contains("", 0));
    assert_false(mcb_id_list_contains("x", 0));
}

static void the_list_of_the_thread_is_its_affinity(void **state)
{
    (void)state;
    char list[MCB_ID_LIST_MAX];
    cpu_set_t set;
    assert_int_equal(sched_getaffinity(0, sizeof set, &set), 0);
    assert_true(mcb_id_list_is_valid(mcb_id_list_of_thread(list)));
    for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++)
        assert_int_equal(mcb_id_list_contains(list, cpu), CPU_ISSET(cpu, &set) != 0);
}

static void a_thread_on_one_cpu_says_so(void **state)
{
    (void)state;
    char list[MCB_ID_LIST_MAX], expected[16];
    cpu_set_t before, only;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    int last = CPU_SETSIZE - 1;
    while (!CPU_ISSET(last, &before))
        last--;
    CPU_ZERO(&only);
    CPU_SET(last, &only);
    assert_int_equal(sched_setaffinity(0, sizeof only, &only), 0);
    mcb_id_list_of_thread(list);
    sched_setaffinity(0, sizeof before, &before);
    snprintf(expected, sizeof expected, "%d", last);
    assert_string_equal(list, expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_of_the_kernel_are_valid),
        cmocka_unit_test(anything_else_is_not),
        cmocka_unit_test(a_list_that_is_too_long_is_not_one),
        cmocka_unit_test(a_list_contains_what_it_names),
        cmocka_unit_test(the_list_of_the_thread_is_its_affinity),
        cmocka_unit_test(a_thread_on_one_cpu_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
