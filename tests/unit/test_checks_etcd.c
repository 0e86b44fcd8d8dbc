/* SPDX-License-Identifier: Apache-2.0 */
/* Endpoints of etcd that are none; real ones are in tests/integration/doctor-etcd-test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/socket.h"
#include "tests/unit/presented_host.h"

static void other_metadata_servers_are_told_and_not_asked(void **state)
{
    struct presented *host = *state;
    static const struct {
        const char *text, *part;
    } kinds[] = {{"P2PHANDSHAKE", "no metadata server"},
                 {"redis://10.0.0.1:6379", "Redis"},
                 {"http://10.0.0.1:8080/metadata", "HTTP metadata server"}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        host->options.etcd = kinds[i].text;
        examine(host, true);
        assert_finding(host, "etcd.endpoint", kinds[i].text, MCB_VERDICT_SKIP, MCB_FAULT_NONE,
                       kinds[i].part);
    }
}

/* A port of loopback on which nobody listens. */
static uint16_t free_port(void)
{
    struct mcb_error error;
    int listener = mcb_socket_listen("127.0.0.1", 0, 1, &error);
    assert_true(listener >= 0);
    uint16_t port = mcb_socket_port(listener);
    close(listener);
    return port;
}

static void bare_addresses_and_both_separators_are_endpoints(void **state)
{
    struct presented *host = *state;
    uint16_t one = free_port(), two = free_port();
    char list[128], url[64];
    snprintf(list, sizeof list, "127.0.0.1:%u;etcd://127.0.0.1:%u", one, two);
    host->options.etcd = list;
    examine(host, true);
    snprintf(url, sizeof url, "http://127.0.0.1:%u", one);
    assert_finding(host, "etcd.endpoint", url, MCB_VERDICT_FAIL, MCB_FAULT_ETCD_UNREACHABLE, "");
    snprintf(url, sizeof url, "http://127.0.0.1:%u", two);
    assert_finding(host, "etcd.endpoint", url, MCB_VERDICT_FAIL, MCB_FAULT_ETCD_UNREACHABLE, "");
    assert_finding(host, "etcd.metadata", NULL, MCB_VERDICT_SKIP, MCB_FAULT_NONE, "no etcd");
}

/* A port of loopback that takes connections and says nothing. */
static int silent_listener(char url[64])
{
    struct mcb_error error;
    int listener = mcb_socket_listen("127.0.0.1", 0, 16, &error);
    assert_true(listener >= 0);
    snprintf(url, 64, "http://127.0.0.1:%u", mcb_socket_port(listener));
    return listener;
}

/* How long it may take is what is tested, with room for a slow host. */
static void silent_endpoints_share_the_time(void **state)
{
    struct presented *host = *state;
    enum { ENDPOINTS = 8 };
    int listeners[ENDPOINTS];
    char list[ENDPOINTS * 64] = "", url[64];
    for (size_t i = 0; i < ENDPOINTS; i++) {
        listeners[i] = silent_listener(url);
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? "," : "", url);
    }
    host->options.etcd = list;
    host->options.timeout_ns = MCB_NS_PER_S;
    int64_t start_ns = mcb_clock_ns();
    examine(host, true);
    assert_true(mcb_clock_ns() - start_ns < 6 * MCB_NS_PER_S);
    assert_finding(host, "etcd.endpoint", url, MCB_VERDICT_FAIL, MCB_FAULT_ETCD_UNREACHABLE, "");
    for (size_t i = 0; i < ENDPOINTS; i++)
        close(listeners[i]);
}

static void an_etcd_that_only_the_environment_names_is_not_waited_for_long(void **state)
{
    struct presented *host = *state;
    char url[64], server[80];
    int listener = silent_listener(url);
    snprintf(server, sizeof server, "etcd://%s", url + strlen("http://"));
    setenv("MOONCAKE_TE_META_DATA_SERVER", server, 1);
    host->options.timeout_ns = 60 * MCB_NS_PER_S;
    int64_t start_ns = mcb_clock_ns();
    examine(host, true);
    unsetenv("MOONCAKE_TE_META_DATA_SERVER");
    assert_true(mcb_clock_ns() - start_ns < 5 * MCB_NS_PER_S);
    assert_finding(host, "etcd.endpoint", url, MCB_VERDICT_WARN, MCB_FAULT_ETCD_UNREACHABLE,
                   "with --etcd");
    close(listener);
}

static void a_password_in_a_url_is_not_repeated(void **state)
{
    struct presented *host = *state;
    host->options.etcd = "http://user:secret@127.0.0.1:2379";
    examine(host, true);
    for (size_t i = 0; i < host->examination.finding_count; i++) {
        assert_null(strstr(host->examination.findings[i].subject, "secret"));
        assert_null(strstr(host->examination.findings[i].evidence, "secret"));
    }
}

static void a_copied_host_has_no_etcd(void **state)
{
    struct presented *host = *state;
    host->options.etcd = "http://127.0.0.1:2379";
    examine(host, false);
    assert_finding(host, "etcd.endpoint", NULL, MCB_VERDICT_SKIP, MCB_FAULT_NONE, "live");
}

#define HOSTED(test) cmocka_unit_test_setup_teardown(test, present_begin, present_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOSTED(other_metadata_servers_are_told_and_not_asked),
        HOSTED(bare_addresses_and_both_separators_are_endpoints),
        HOSTED(silent_endpoints_share_the_time),
        HOSTED(an_etcd_that_only_the_environment_names_is_not_waited_for_long),
        HOSTED(a_password_in_a_url_is_not_repeated),
        HOSTED(a_copied_host_has_no_etcd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
