/* SPDX-License-Identifier: Apache-2.0 */
/* A window counts what completed in it over the time it took, however the completions come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/window.h"

enum { START = 1000, END = 2000, LENGTH = END - START };

static void expect(const struct mcb_window *window, uint64_t counted, int64_t open_ns,
                   int64_t close_ns)
{
    assert_true(window->open && window->closed);
    assert_int_equal(window->counted, counted);
    assert_int_equal(window->open_ns, open_ns);
    assert_int_equal(window->close_ns, close_ns);
    assert_int_equal(mcb_window_length_ns(window), close_ns - open_ns);
}

struct batch {
    int64_t at_ns;
    uint64_t amount;
};

static struct mcb_window count(const struct batch *batches)
{
    struct mcb_window window = mcb_window_make(START, END);
    for (; batches->amount > 0; batches++)
        mcb_window_take(&window, batches->at_ns, batches->amount);
    mcb_window_finish(&window);
    return window;
}

static void it_counts_from_batch_to_batch(void **state)
{
    (void)state;
    struct mcb_window window = count((struct batch[]){
        {900, 1}, {1010, 2}, {1300, 4}, {1999, 8}, {2030, 16}, {2040, 32}, {0, 0}});
    expect(&window, 4 + 8 + 16, 1010, 2030);
}

static void a_batch_on_an_edge_is_the_edge(void **state)
{
    (void)state;
    struct mcb_window window =
        count((struct batch[]){{START, 1}, {1500, 2}, {END, 4}, {END, 8}, {0, 0}});
    expect(&window, 2 + 4, START, END);
    window = count((struct batch[]){{START + LENGTH / 4, 1}, {END + LENGTH / 4, 2}, {0, 0}});
    expect(&window, 2, START + LENGTH / 4, END + LENGTH / 4);
}

/* The two batches after a stall are microseconds apart: no rate comes from them. */
static void a_burst_after_the_end_is_no_rate(void **state)
{
    (void)state;
    struct mcb_window window = count((struct batch[]){{2100, 16}, {2103, 16}, {0, 0}});
    expect(&window, 16, START, 2100);
    window = count((struct batch[]){{900, 1}, {2300, 16}, {2303, 16}, {0, 0}});
    expect(&window, 0, START, END);
}

static void a_burst_in_a_silent_window_is_divided_by_all_of_it(void **state)
{
    (void)state;
    struct mcb_window window = count((struct batch[]){{1500, 16}, {1503, 16}, {0, 0}});
    expect(&window, 32, START, END);
}

static void a_sender_that_stops_before_the_end_leaves_silence(void **state)
{
    (void)state;
    struct mcb_window window = count((struct batch[]){{1001, 1}, {1100, 2}, {1200, 4}, {0, 0}});
    expect(&window, 2 + 4, 1001, END);
}

static void a_window_in_which_nothing_completes_has_its_length(void **state)
{
    (void)state;
    struct mcb_window window = count((struct batch[]){{0, 0}});
    expect(&window, 0, START, END);
    window = count((struct batch[]){{100, 5}, {0, 0}});
    expect(&window, 0, START, END);
    window = count((struct batch[]){{5000, 5}, {0, 0}});
    expect(&window, 0, START, END);
}

static void it_closes_by_the_clock_alone(void **state)
{
    (void)state;
    struct mcb_window window = mcb_window_make(START, END);
    mcb_window_take(&window, 1200, 1);
    mcb_window_take(&window, 1900, 2);
    mcb_window_pass(&window, END + LENGTH / 4);
    assert_false(window.closed);
    mcb_window_pass(&window, END + LENGTH / 4 + 1);
    expect(&window, 2, 1200, END);
    mcb_window_take(&window, 2300, 4);
    mcb_window_finish(&window);
    expect(&window, 2, 1200, END);
}

static void without_a_batch_it_opens_at_its_start(void **state)
{
    (void)state;
    struct mcb_window window = mcb_window_make(START, END);
    mcb_window_pass(&window, START + LENGTH / 4);
    assert_false(window.open);
    mcb_window_pass(&window, START + LENGTH / 4 + 1);
    assert_true(window.open);
    mcb_window_take(&window, 1600, 7);
    mcb_window_take(&window, 2001, 8);
    expect(&window, 15, START, 2001);
}

static void a_window_without_length_counts_nothing(void **state)
{
    (void)state;
    struct mcb_window window = mcb_window_make(START, START);
    mcb_window_take(&window, START, 1);
    mcb_window_take(&window, START + 1, 2);
    mcb_window_finish(&window);
    expect(&window, 0, START, START);
}

/* One batch every period_ns, the first at first_ns. */
static struct mcb_window count_regular(int64_t first_ns, int64_t period_ns)
{
    struct mcb_window window = mcb_window_make(START, END);
    for (int64_t now_ns = first_ns; now_ns < END + LENGTH; now_ns += period_ns)
        mcb_window_take(&window, now_ns, 1);
    mcb_window_finish(&window);
    return window;
}

static void it_is_wrong_by_one_batch_at_most_and_never_short(void **state)
{
    (void)state;
    for (int64_t period_ns = 1; period_ns < 8 * LENGTH; period_ns += period_ns / 7 + 1) {
        for (int64_t phase_ns = 0; phase_ns < period_ns; phase_ns++) {
            struct mcb_window window = count_regular(START + phase_ns, period_ns);
            int64_t length_ns = mcb_window_length_ns(&window);
            assert_in_range(length_ns, LENGTH * 3 / 4, LENGTH * 5 / 4);
            int64_t off_ns = (int64_t)window.counted * period_ns - length_ns;
            assert_in_range(off_ns + period_ns, 0, 2 * period_ns);
        }
    }
}

static void over_many_trials_it_is_right_however_few_batches_fit(void **state)
{
    (void)state;
    for (int64_t period_ns = 1; period_ns < 8 * LENGTH; period_ns += period_ns / 7 + 1) {
        double sum = 0;
        for (int64_t phase_ns = 0; phase_ns < period_ns; phase_ns++) {
            struct mcb_window window = count_regular(START + phase_ns, period_ns);
            sum += (double)window.counted / (double)mcb_window_length_ns(&window);
        }
        double share = sum; /* mean rate over true rate: (sum / period) / (1 / period) */
        if (share < 0.965 || share > 1.005)
            fail_msg("a batch every %lld of %d ns: %g of the true rate", (long long)period_ns,
                     LENGTH, share);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_counts_from_batch_to_batch),
        cmocka_unit_test(a_batch_on_an_edge_is_the_edge),
        cmocka_unit_test(a_burst_after_the_end_is_no_rate),
        cmocka_unit_test(a_burst_in_a_silent_window_is_divided_by_all_of_it),
        cmocka_unit_test(a_sender_that_stops_before_the_end_leaves_silence),
        cmocka_unit_test(a_window_in_which_nothing_completes_has_its_length),
        cmocka_unit_test(it_closes_by_the_clock_alone),
        cmocka_unit_test(without_a_batch_it_opens_at_its_start),
        cmocka_unit_test(a_window_without_length_counts_nothing),
        cmocka_unit_test(it_is_wrong_by_one_batch_at_most_and_never_short),
        cmocka_unit_test(over_many_trials_it_is_right_however_few_batches_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
