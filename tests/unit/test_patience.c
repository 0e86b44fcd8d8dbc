/* SPDX-License-Identifier: Apache-2.0 */
/* A call that does not come back in time is left behind, with all that it uses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <semaphore.h>
#include <stdlib.h>

#include "bench/doctor/patience.h"
#include "common/clock.h"

struct task {
    sem_t *wait_for, *dropped;
    int result;
};

static void work(void *context)
{
    struct task *task = context;
    if (task->wait_for)
        sem_wait(task->wait_for);
    task->result = 7;
}

static void drop(void *context)
{
    struct task *task = context;
    sem_t *dropped = task->dropped;
    free(task);
    sem_post(dropped);
}

static struct task *make(sem_t *wait_for, sem_t *dropped)
{
    struct task *task = calloc(1, sizeof *task);
    assert_non_null(task);
    *task = (struct task){.wait_for = wait_for, .dropped = dropped};
    return task;
}

static void what_is_done_in_time_is_the_callers_again(void **state)
{
    (void)state;
    struct task *task = make(NULL, NULL);
    assert_true(mcb_patience_run(work, drop, task, mcb_clock_ns() + 60 * MCB_NS_PER_S));
    assert_int_equal(task->result, 7);
    free(task);
}

static void what_is_not_is_dropped_when_it_comes_back(void **state)
{
    (void)state;
    sem_t wait_for, dropped;
    sem_init(&wait_for, 0, 0);
    sem_init(&dropped, 0, 0);
    struct task *task = make(&wait_for, &dropped);
    assert_false(mcb_patience_run(work, drop, task, mcb_clock_ns() + MCB_NS_PER_MS));
    assert_int_equal(sem_trywait(&dropped), -1);
    sem_post(&wait_for);
    assert_int_equal(sem_wait(&dropped), 0);
    sem_destroy(&wait_for);
    sem_destroy(&dropped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_done_in_time_is_the_callers_again),
        cmocka_unit_test(what_is_not_is_dropped_when_it_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
