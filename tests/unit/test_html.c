/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/html.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What is written between these two; free() the text. */
struct written {
    char *text;
    size_t length;
};

static FILE *begin(struct written *written)
{
    FILE *out = open_memstream(&written->text, &written->length);
    assert_non_null(out);
    return out;
}

static void assert_written(FILE *out, struct written *written, const char *expected)
{
    assert_int_equal(fclose(out), 0);
    assert_string_equal(written->text, expected);
    free(written->text);
}

#define ASSERT_WRITTEN(expected, call)                                                             \
    do {                                                                                           \
        struct written written;                                                                    \
        FILE *out = begin(&written);                                                               \
        call;                                                                                      \
        assert_written(out, &written, expected);                                                   \
    } while (0)

static void what_means_something_in_html_becomes_a_reference(void **state)
{
    (void)state;
    ASSERT_WRITTEN("&lt;b class=&quot;x&quot; id=&#39;y&#39;&gt; &amp;amp; &amp;#60;",
                   mcb_html_text(out, "<b class=\"x\" id='y'> &amp; &#60;"));
    ASSERT_WRITTEN("n1 → n2, µs", mcb_html_text(out, "n1 → n2, µs"));
    ASSERT_WRITTEN("", mcb_html_text(out, NULL));
}

static void what_steers_a_screen_or_hides_is_replaced(void **state)
{
    (void)state;
    ASSERT_WRITTEN("a?b?c?d", mcb_html_text(out, "a\x1b"
                                                 "b\nc\u202e"
                                                 "d"));
    ASSERT_WRITTEN("?&lt;", mcb_html_text(out, "\xff<"));
}

static void a_long_text_is_escaped_to_its_end(void **state)
{
    (void)state;
    enum { LENGTH = 5000 };
    char *text = calloc(LENGTH + 1, 1), *expected = calloc(LENGTH * 4 + 1, 1);
    assert_non_null(text);
    assert_non_null(expected);
    memset(text, '<', LENGTH);
    for (size_t i = 0; i < LENGTH; i++)
        memcpy(expected + 4 * i, "&lt;", 4);
    ASSERT_WRITTEN(expected, mcb_html_text(out, text));
    ASSERT_WRITTEN(expected, mcb_html_print(out, "%s", text));
    free(expected);
    free(text);
}

static void formats_are_markup_and_their_values_are_text(void **state)
{
    (void)state;
    size_t count = 7;
    ASSERT_WRITTEN("<td title=\"&quot;&gt;\">a&amp;b</td>",
                   mcb_html_print(out, "<td title=\"%s\">%s</td>", "\">", "a&b"));
    ASSERT_WRITTEN("3 -4 7 2.50 3 100 %",
                   mcb_html_print(out, "%u %d %zu %.2f %.0f 100 %%", 3u, -4, count, 2.499999, 3.2));
    ASSERT_WRITTEN("not known, not known", mcb_html_print(out, "%.1f, %.1f", HUGE_VAL, NAN));
    ASSERT_WRITTEN("<p>as it is</p>", mcb_html_put(out, "<p>as it is</p>"));
}

static void words_are_quoted_as_far_as_a_shell_needs_it(void **state)
{
    (void)state;
    ASSERT_WRITTEN("--size=4KiB,1MiB", mcb_html_shell_word(out, "--size=4KiB,1MiB"));
    ASSERT_WRITTEN("&#39;night run&#39;", mcb_html_shell_word(out, "night run"));
    ASSERT_WRITTEN("&#39;$(rm x)&#39;", mcb_html_shell_word(out, "$(rm x)"));
    ASSERT_WRITTEN("&#39;it&#39;\\&#39;&#39;s&#39;", mcb_html_shell_word(out, "it's"));
    ASSERT_WRITTEN("&#39;&#39;", mcb_html_shell_word(out, ""));
    ASSERT_WRITTEN("&#39;=ls&#39;", mcb_html_shell_word(out, "=ls"));
    ASSERT_WRITTEN("&#39;~&#39;", mcb_html_shell_word(out, "~"));
    ASSERT_WRITTEN("&#39;a&amp;b&lt;c&#39;", mcb_html_shell_word(out, "a&b<c"));
}

static void what_nobody_sees_in_a_word_is_written_out(void **state)
{
    (void)state;
    ASSERT_WRITTEN("$&#39;a\\x0ab&#39;", mcb_html_shell_word(out, "a\nb"));
    ASSERT_WRITTEN("$&#39;\\\\\\&#39;\\xe2\\x80\\xae&lt;&#39;",
                   mcb_html_shell_word(out, "\\'\u202e<"));
}

/* The string as a parser of JSON reads it, which must not leave the script element. */
static void assert_json(const char *text, const char *read)
{
    struct written written;
    FILE *out = begin(&written);
    mcb_html_json_text(out, text);
    assert_int_equal(fclose(out), 0);
    for (const char *letter = written.text; *letter; letter++)
        assert_true(*letter > 0 && !strchr("<>&'", *letter));
    json_t *value = json_loads(written.text, JSON_DECODE_ANY, NULL);
    assert_non_null(value);
    assert_string_equal(json_string_value(value), read);
    json_decref(value);
    free(written.text);
}

static void texts_for_the_script_are_strings_and_never_its_end(void **state)
{
    (void)state;
    assert_json("</script><b>&amp;", "</script><b>&amp;");
    assert_json("a \"quoted\" \\n 'one'", "a \"quoted\" \\n 'one'");
    assert_json("n1 → n2, µ, ▲", "n1 → n2, µ, ▲");
    assert_json("a\nb\x01", "a?b?");
    assert_json("", "");
}

static void numbers_for_the_script_are_short(void **state)
{
    (void)state;
    ASSERT_WRITTEN("388.1", mcb_html_json_number(out, 388.1));
    ASSERT_WRITTEN("388.12", mcb_html_json_number(out, 388.1234));
    ASSERT_WRITTEN("0", mcb_html_json_number(out, 0));
    ASSERT_WRITTEN("null", mcb_html_json_number(out, NAN));
    ASSERT_WRITTEN("null", mcb_html_json_number(out, -HUGE_VAL));
}

/* FIPS 180-4 by other means, for lengths at which padding begins another block. */
static void the_digest_of_a_script_is_that_of_sha_256(void **state)
{
    (void)state;
    static const struct {
        size_t length;
        const char *source;
    } known[] = {
        {0, "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="},
        {1, "sha256-ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs="},
        {55, "sha256-n0OQ+NMMLdkuyfCVtl4rmumwqSWlJY4kHJ8ekQ9zQxg="},
        {56, "sha256-s1Q5pKxvCUi21vnjxq8PX1kM4g8b3nCQ73lwaG7Gc4o="},
        {63, "sha256-fT50oF19sVvOStnsBljqmOPwbu7PFrTG//LaRX3cLzQ="},
        {64, "sha256-/+BU/nrgy23GXDr5th1SCfQ5hR20PQulmXM33xVGaOs="},
        {65, "sha256-Y1NhxIu56rFBmOduqKt/GkFoXWrWKqkUbTAdTxfrCuA="},
        {119, "sha256-MeulHDE6XAgiat8Y1KNZz9/Y0ugWsT9K+VL36mWE3Ps="},
        {120, "sha256-Lz0zVDLHC1gK8Ojhs2dKfAINaDql9zqq7f3FWvkEwhw="},
        {1000, "sha256-Qe3s5C1j6Nm/UVqbppMuHCDLyfWl0TRkWttdsblzfqM="},
    };
    char text[1001], source[MCB_HTML_SOURCE_MAX];
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        memset(text, 'a', known[i].length);
        text[known[i].length] = '\0';
        assert_string_equal(mcb_html_source(text, source), known[i].source);
    }
    assert_string_equal(mcb_html_source("abc", source),
                        "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_means_something_in_html_becomes_a_reference),
        cmocka_unit_test(what_steers_a_screen_or_hides_is_replaced),
        cmocka_unit_test(a_long_text_is_escaped_to_its_end),
        cmocka_unit_test(formats_are_markup_and_their_values_are_text),
        cmocka_unit_test(words_are_quoted_as_far_as_a_shell_needs_it),
        cmocka_unit_test(what_nobody_sees_in_a_word_is_written_out),
        cmocka_unit_test(texts_for_the_script_are_strings_and_never_its_end),
        cmocka_unit_test(numbers_for_the_script_are_short),
        cmocka_unit_test(the_digest_of_a_script_is_that_of_sha_256),
    };
    return cmocka_run_group_tests_name("html", tests, NULL, NULL);
}
