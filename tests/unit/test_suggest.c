/* SPDX-License-Identifier: Apache-2.0 */
#include "common/suggest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const words[] = {"size", NULL, "gid-index", "measure", "memory", "mlx5_0", "op"};
enum { WORDS = sizeof words / sizeof words[0] };

static void assert_nearest(const char *word, const char *expected)
{
    const char *nearest = mcb_suggest_nearest(word, words, WORDS);
    if (expected)
        assert_string_equal(nearest, expected);
    else
        assert_null(nearest);
}

static void one_mistake_of_each_kind_finds_the_word(void **state)
{
    (void)state;
    assert_nearest("siz", "size");
    assert_nearest("sizes", "size");
    assert_nearest("sise", "size");
    assert_nearest("isze", "size");
    assert_nearest("gid_index", "gid-index");
    assert_nearest("mlx5_9", "mlx5_0");
}

static void a_swap_of_neighbours_is_one_mistake_and_not_two(void **state)
{
    (void)state;
    const char *const two[] = {"abcxyz", "abdcez"};
    /* One swap from "abcdez" to the second; the first needs two replacements. */
    assert_string_equal(mcb_suggest_nearest("abcdez", two, 2), "abdcez");
    const char *const short_word[] = {"ab"};
    assert_string_equal(mcb_suggest_nearest("ba", short_word, 1), "ab");
}

static void letter_case_does_not_matter(void **state)
{
    (void)state;
    assert_nearest("SIZE", "size");
    assert_nearest("GID-Indx", "gid-index");
}

static void nothing_is_offered_beyond_a_third_of_the_longer_word(void **state)
{
    (void)state;
    assert_nearest("bandwidth", NULL);
    assert_nearest("", NULL);
    assert_nearest("sixty", NULL);        /* 3 of 5 */
    assert_nearest("meavxyz", NULL);      /* 4 of 7 */
    assert_nearest("meaxyre", "measure"); /* 2 of 7 */
    assert_null(mcb_suggest_nearest("size", words, 0));
}

static void of_several_the_nearest_and_of_equals_the_first_is_offered(void **state)
{
    (void)state;
    const char *const near[] = {"mlx5_10", "mlx5_1", "mlx5_0"};
    assert_string_equal(mcb_suggest_nearest("mlx5_2", near, 3), "mlx5_1");
}

static void hostile_words_are_no_ones_mistake(void **state)
{
    (void)state;
    char *word = malloc(1 << 20);
    memset(word, 's', (1 << 20) - 1);
    word[(1 << 20) - 1] = '\0';
    assert_nearest(word, NULL);
    word[64] = '\0';
    const char *const longest[] = {word};
    assert_ptr_equal(mcb_suggest_nearest(word, longest, 1), word);
    assert_nearest("\xff\xfe\xc3", NULL);
    free(word);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_mistake_of_each_kind_finds_the_word),
        cmocka_unit_test(a_swap_of_neighbours_is_one_mistake_and_not_two),
        cmocka_unit_test(letter_case_does_not_matter),
        cmocka_unit_test(nothing_is_offered_beyond_a_third_of_the_longer_word),
        cmocka_unit_test(of_several_the_nearest_and_of_equals_the_first_is_offered),
        cmocka_unit_test(hostile_words_are_no_ones_mistake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
