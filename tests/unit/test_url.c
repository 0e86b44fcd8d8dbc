/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts of URLs, and URLs without the password that is in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/cluster/url.h"

static const struct {
    const char *url, *host, *shown;
} cases[] = {
    {"http://n1:2379", "n1", "http://n1:2379"},
    {"n1", "n1", "n1"},
    {"http://[fd00::5]:2379/x", "fd00::5", "http://[fd00::5]:2379/x"},
    {"http://user:secret@proxy:3128", "proxy", "http://proxy:3128"},
    {"http://user:sec/r@et@proxy:3128", "proxy", "http://proxy:3128"},
    {"user:secret@proxy:3128", "proxy", "proxy:3128"},
    {"http://user:secret@[::1]", "::1", "http://[::1]"},
    {"http://", "", "http://"},
    {"", "", ""},
    {"http://[", "", "http://["},
};

static void the_host_is_told_without_the_rest(void **state)
{
    (void)state;
    char host[256];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(mcb_url_host(cases[i].url, host), cases[i].host);
}

static void a_url_is_shown_without_user_and_password(void **state)
{
    (void)state;
    char shown[64], small[8];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(mcb_url_shown(cases[i].url, shown, sizeof shown), cases[i].shown);
    assert_string_equal(mcb_url_shown("http://u:p@n1:2379", small, sizeof small), "http://");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_host_is_told_without_the_rest),
        cmocka_unit_test(a_url_is_shown_without_user_and_password),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
