/* SPDX-License-Identifier: Apache-2.0 */

/* What the client makes of URLs, of the environment, and of servers that are not a healthy etcd. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "bench/cluster/etcd_client.h"
#include "bench/cluster/proxy.h"
#include "common/base64.h"
#include "tests/ranks.h"

/* ---- base64 (RFC 4648 section 10) ---- */

static void base64_is_that_of_the_standard(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"},
                                           {"\xff\xfe\xfd", "//79"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        size_t length;
        char *text = mcb_base64_encode(pairs[i][0], strlen(pairs[i][0]));
        char *back = mcb_base64_decode(pairs[i][1], &length);
        assert_string_equal(text, pairs[i][1]);
        assert_int_equal(length, strlen(pairs[i][0]));
        assert_string_equal(back, pairs[i][0]);
        free(text);
        free(back);
    }
}

static void text_that_is_not_base64_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"Z", "Zg=", "Zm9v====", "Zg==Zg==", "Z?==", "Zm 9", "===="};
    size_t length;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_null(mcb_base64_decode(bad[i], &length));
}

/* ---- URLs and environment ---- */

static int open_url(const char *urls, struct mcb_etcd **etcd, struct mcb_error *error)
{
    struct mcb_etcd_options options = {.urls = urls};
    return mcb_etcd_open(&options, etcd, error);
}

static void wrong_urls_are_refused_by_name(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "n1:2379",
                                      "ftp://n1:2379",
                                      "http://",
                                      "http://n1:99999",
                                      "http://n1:0",
                                      "http://n1:2379/path",
                                      "http://n1:2379/?a=b",
                                      "http://n1:2379,",
                                      "http://n1 :2379"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct mcb_etcd *etcd = NULL;
        struct mcb_error error;
        assert_int_equal(open_url(bad[i], &etcd, &error), -1);
        assert_int_equal(error.code, MCB_FAULT_USE_VALUE);
        assert_null(etcd);
    }
}

static void a_password_in_a_url_is_refused_and_not_repeated(void **state)
{
    (void)state;
    static const char *const bad[] = {"http://root:secret@n1:2379", "https://secret@n1",
                                      "http://n2:2379,http://a:secret@n1:2379",
                                      "http://a:secret@n1:99999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct mcb_etcd *etcd;
        struct mcb_error error;
        assert_int_equal(open_url(bad[i], &etcd, &error), -1);
        assert_int_equal(error.code, MCB_FAULT_USE_VALUE);
        assert_null(strstr(error.detail, "secret"));
    }
}

static void a_user_without_a_password_is_refused(void **state)
{
    (void)state;
    struct mcb_etcd *etcd;
    struct mcb_error error;
    setenv("MCB_ETCD_USER", "root", 1);
    int without = open_url("http://n1:2379", &etcd, &error);
    setenv("MCB_ETCD_PASSWORD", "secret", 1);
    struct mcb_error ignored;
    int with = open_url("http://n1:2379", &etcd, &ignored);
    unsetenv("MCB_ETCD_USER");
    unsetenv("MCB_ETCD_PASSWORD");
    assert_int_equal(without, -1);
    assert_int_equal(error.code, MCB_FAULT_USE_VALUE);
    assert_int_equal(with, 0);
    mcb_etcd_close(etcd);
}

/* What is said of a certificate of that path where etcd has that URL; "": nothing. */
static void open_with_file(const char *variable, const char *path, const char *url,
                           struct mcb_error *error)
{
    struct mcb_etcd *etcd;
    error->detail[0] = '\0';
    setenv(variable, path, 1);
    if (open_url(url, &etcd, error) == 0)
        mcb_etcd_close(etcd);
    else
        assert_int_equal(error->code, MCB_FAULT_USE_VALUE);
    unsetenv(variable);
}

static void a_certificate_that_is_no_file_is_refused_with_its_variable(void **state)
{
    (void)state;
    static const char *const names[] = {"ETCDCTL_CACERT",  "ETCDCTL_CERT",  "ETCDCTL_KEY",
                                        "MCB_ETCD_CACERT", "MCB_ETCD_CERT", "MCB_ETCD_KEY"};
    char folder[] = "/tmp/mcb-certificates-XXXXXX", pipe[64], expected[256];
    struct mcb_error error;
    assert_non_null(mkdtemp(folder));
    snprintf(pipe, sizeof pipe, "%s/pipe", folder);
    assert_int_equal(mkfifo(pipe, 0600), 0);
    const char *const paths[] = {pipe, folder, "/dev/zero", "/nonexistent/ca.pem"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (size_t n = 0; n < sizeof paths / sizeof *paths; n++) {
            snprintf(expected, sizeof expected, "%s=%s: ", names[i], paths[n]);
            open_with_file(names[i], paths[n], "http://n1:2379,https://n1:2379", &error);
            if (strncmp(error.detail, expected, strlen(expected)) != 0)
                fail_msg("%s: %s", expected, error.detail);
        }
    unlink(pipe);
    rmdir(folder);
}

static void certificates_are_looked_at_for_https_alone(void **state)
{
    (void)state;
    struct mcb_error error;
    open_with_file("ETCDCTL_CACERT", "/nonexistent/ca.pem", "http://n1:2379", &error);
    assert_string_equal(error.detail, "");
    open_with_file("ETCDCTL_CACERT", "/proc/self/status", "https://n1:2379", &error);
    assert_string_equal(error.detail, "");
}

static void the_proxy_is_the_one_libcurl_would_take(void **state)
{
    (void)state;
    assert_null(mcb_proxy_for("http://n1:2379"));
    setenv("http_proxy", "http://proxy:3128", 1);
    assert_string_equal(mcb_proxy_for("http://n1.lan:2379"), "http_proxy");
    assert_null(mcb_proxy_for("https://n1.lan:2379"));
    setenv("no_proxy", "other, .lan", 1);
    assert_null(mcb_proxy_for("http://n1.lan:2379"));
    assert_non_null(mcb_proxy_for("http://n1.wlan:2379"));
    assert_null(mcb_proxy_for("http://other:2379"));
    setenv("no_proxy", "*", 1);
    assert_null(mcb_proxy_for("http://n1.wlan:2379"));
    setenv("no_proxy", "fd00::1", 1);
    assert_null(mcb_proxy_for("http://[fd00::1]:2379"));
    unsetenv("no_proxy");
    unsetenv("http_proxy");
    setenv("all_proxy", "socks5://proxy", 1);
    assert_string_equal(mcb_proxy_for("https://n1.lan:2379"), "all_proxy");
    unsetenv("all_proxy");
}

/* ---- a server that answers each request with the same text ---- */

struct server {
    uint16_t port;
    int listener;
    const char *answer;
    size_t filling; /* bytes of 'x' after it */
    unsigned requests;
    volatile sig_atomic_t stop;
    pthread_t thread;
    char url[64];
};

static void answer_one(struct server *server, int fd)
{
    char request[65536];
    usleep(20000);
    if (recv(fd, request, sizeof request, 0) > 0)
        server->requests++;
    ranks_send(fd, server->answer, strlen(server->answer), ranks_in_ms(5000), &server->stop);
    memset(request, 'x', sizeof request);
    for (size_t sent = 0; sent < server->filling; sent += sizeof request)
        if (ranks_send(fd, request, sizeof request, ranks_in_ms(5000), &server->stop))
            break;
    shutdown(fd, SHUT_WR);
    while (!server->stop && ranks_receive(fd, request, 1, ranks_in_ms(300), &server->stop) == 0)
        ;
    close(fd);
}

static void *serve(void *context)
{
    struct server *server = context;
    while (!server->stop) {
        int fd = ranks_accept(server->listener, ranks_in_ms(20000), &server->stop);
        if (fd >= 0)
            answer_one(server, fd);
    }
    return NULL;
}

static void start(struct server *server, const char *answer)
{
    struct mcb_error error;
    *server = (struct server){.answer = answer};
    server->listener = mcb_socket_listen("127.0.0.1", 0, 8, &error);
    server->port = mcb_socket_port(server->listener);
    snprintf(server->url, sizeof server->url, "http://127.0.0.1:%u", server->port);
}

static void run(struct server *server)
{
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void end(struct server *server)
{
    server->stop = 1;
    pthread_join(server->thread, NULL);
    close(server->listener);
}

#define HTTP_200 "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
#define HTTP_503 "HTTP/1.1 503 Unavailable\r\nConnection: close\r\n\r\n"

static int call(const char *urls, int64_t ms, struct mcb_error *error)
{
    struct mcb_etcd *etcd;
    struct mcb_etcd_range range = {.prefix = "a/"};
    struct mcb_etcd_entries entries;
    assert_int_equal(open_url(urls, &etcd, error), 0);
    int result = mcb_etcd_range(etcd, &range, ranks_in_ms(ms), &entries, error);
    if (result == 0)
        mcb_etcd_entries_release(&entries);
    mcb_etcd_close(etcd);
    return result;
}

static void what_is_not_etcd_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        enum mcb_fault_code code;
    } cases[] = {
        {HTTP_200 "<html>It works!</html>", MCB_FAULT_ETCD_ANSWER},
        {HTTP_200 "[]", MCB_FAULT_ETCD_ANSWER},
        {HTTP_200, MCB_FAULT_ETCD_ANSWER},
        {HTTP_200 "{\"kvs\":7}", MCB_FAULT_ETCD_ANSWER},
        {HTTP_200 "{\"kvs\":[7]}", MCB_FAULT_ETCD_ANSWER},
        {HTTP_200 "{\"kvs\":[{\"key\":\"?\"}]}", MCB_FAULT_ETCD_ANSWER},
        {HTTP_200 "{\"kvs\":[{\"key\":\"YQ==\",\"lease\":\"x\"}]}", MCB_FAULT_ETCD_ANSWER},
        {"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n404 page not found",
         MCB_FAULT_ETCD_ANSWER},
        {"SSH-2.0-OpenSSH_9.2\r\n", MCB_FAULT_ETCD_ANSWER},
        {"", MCB_FAULT_ETCD_ANSWER},
        {"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"
         "{\"error\":\"etcdserver: mvcc: x\",\"message\":\"etcdserver: mvcc: x\",\"code\":3}",
         MCB_FAULT_ETCD_REFUSED},
        {"HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n"
         "{\"code\":7,\"message\":\"etcdserver: permission denied\",\"details\":[]}",
         MCB_FAULT_ETCD_REFUSED},
        {HTTP_200 "{\"error\":{\"grpc_code\":3,\"http_code\":400,\"message\":\"no\"}}",
         MCB_FAULT_ETCD_REFUSED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct server server;
        struct mcb_error error = {0};
        start(&server, cases[i].answer);
        run(&server);
        int result = call(server.url, 5000, &error);
        end(&server);
        assert_int_equal(result, -1);
        if (error.code != cases[i].code)
            fail_msg("%zu: %s: %s", i, mcb_fault_get(error.code)->id, error.detail);
    }
}

static void an_answer_without_end_is_cut_off(void **state)
{
    (void)state;
    struct server server;
    struct mcb_error error;
    start(&server, HTTP_200);
    server.filling = (size_t)1 << 30;
    run(&server);
    int result = call(server.url, 20000, &error);
    end(&server);
    assert_int_equal(result, -1);
    assert_int_equal(error.code, MCB_FAULT_ETCD_ANSWER);
    assert_non_null(strstr(error.detail, "8 MiB"));
}

static void all_but_keys_is_cut_off_early(void **state)
{
    (void)state;
    struct server server;
    struct mcb_etcd *etcd;
    struct mcb_error error;
    char version[32];
    start(&server, HTTP_200);
    server.filling = (size_t)1 << 30;
    run(&server);
    assert_int_equal(open_url(server.url, &etcd, &error), 0);
    assert_int_equal(mcb_etcd_version(etcd, ranks_in_ms(20000), version, &error), -1);
    assert_non_null(strstr(error.detail, "an answer of more than 64 KiB"));
    assert_int_equal(mcb_etcd_health(etcd, ranks_in_ms(20000), &error), -1);
    assert_int_equal(error.code, MCB_FAULT_ETCD_ANSWER);
    mcb_etcd_close(etcd);
    end(&server);
}

/* An answer of `count` times `item` in a list behind what makes it look good. */
static char *list_of(const char *item, size_t count)
{
    static const char head[] = HTTP_200 "{\"kvs\":[";
    char *text = malloc(sizeof head + count * (strlen(item) + 1) + sizeof "]}"), *end;
    assert_non_null(text);
    end = stpcpy(text, head);
    for (size_t i = 0; i < count; i++) {
        end = stpcpy(end, i ? "," : "");
        end = stpcpy(end, item);
    }
    strcpy(end, "]}");
    return text;
}

static void an_answer_of_countless_empty_values_is_not_taken_apart(void **state)
{
    (void)state;
    static const char *const items[] = {"{}", "[]", "7", "\"\""};
    for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
        struct server server;
        struct mcb_error error;
        char *answer = list_of(items[i], 1000000);
        start(&server, answer);
        run(&server);
        int result = call(server.url, 20000, &error);
        end(&server);
        free(answer);
        assert_int_equal(result, -1);
        assert_int_equal(error.code, MCB_FAULT_ETCD_ANSWER);
        assert_non_null(strstr(error.detail, "no JSON of etcd's"));
    }
}

static void an_answer_of_many_small_entries_is_taken(void **state)
{
    (void)state;
    struct server server;
    struct mcb_error error = {.detail = ""};
    char *answer = list_of("{\"key\":\"YQ==\",\"create_revision\":\"1\",\"mod_revision\":\"1\","
                           "\"version\":\"1\"}",
                           5000);
    start(&server, answer);
    run(&server);
    int result = call(server.url, 20000, &error);
    end(&server);
    free(answer);
    assert_string_equal(error.detail, "");
    assert_int_equal(result, 0);
}

static void zero_values_that_are_left_out_are_zero(void **state)
{
    (void)state;
    struct server server;
    struct mcb_error error;
    start(&server, HTTP_200 "{\"header\":{\"revision\":\"1\"}}");
    run(&server);
    int result = call(server.url, 5000, &error);
    end(&server);
    assert_int_equal(result, 0);
}

static int grant(const char *answer, int64_t *ttl_s, struct mcb_error *error)
{
    struct server server;
    struct mcb_etcd *etcd;
    int64_t lease;
    start(&server, answer);
    run(&server);
    assert_int_equal(open_url(server.url, &etcd, error), 0);
    int result = mcb_etcd_lease_grant(etcd, ttl_s, ranks_in_ms(5000), &lease, error);
    mcb_etcd_close(etcd);
    end(&server);
    return result;
}

static void a_lease_lasts_a_second_to_an_hour(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        HTTP_200 "{\"ID\":\"7\"}",
        HTTP_200 "{\"ID\":\"7\",\"TTL\":\"-1\"}",
        HTTP_200 "{\"ID\":\"7\",\"TTL\":\"3601\"}",
        HTTP_200 "{\"ID\":\"7\",\"TTL\":\"9223372036854775807\"}",
    };
    struct mcb_error error;
    int64_t ttl_s = 10;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(grant(wrong[i], &ttl_s, &error), -1);
        assert_int_equal(error.code, MCB_FAULT_ETCD_ANSWER);
        assert_int_equal(ttl_s, 10);
    }
    assert_int_equal(grant(HTTP_200 "{\"ID\":\"7\",\"TTL\":\"3600\"}", &ttl_s, &error), 0);
    assert_int_equal(ttl_s, 3600);
}

static void an_endpoint_that_cannot_serve_hands_over_to_the_next(void **state)
{
    (void)state;
    struct server broken, good;
    struct mcb_error error;
    char urls[200];
    start(&broken, HTTP_503 "{\"error\":\"etcdserver: no leader\",\"code\":14}");
    start(&good, HTTP_200 "{}");
    run(&broken);
    run(&good);
    snprintf(urls, sizeof urls, "http://127.0.0.1:%u,%s,%s", ranks_free_port(), broken.url,
             good.url);
    int result = call(urls, 5000, &error);
    end(&broken);
    end(&good);
    assert_int_equal(result, 0);
    assert_int_equal(broken.requests, 1);
    assert_int_equal(good.requests, 1);
}

static void an_etcd_without_leader_is_waited_for_until_the_deadline(void **state)
{
    (void)state;
    struct server server;
    struct mcb_error error;
    start(&server, HTTP_503 "{\"error\":\"etcdserver: no leader\",\"code\":14}");
    run(&server);
    int result = call(server.url, 1500, &error);
    end(&server);
    assert_int_equal(result, -1);
    assert_int_equal(error.code, MCB_FAULT_ETCD_UNREACHABLE);
    assert_non_null(strstr(error.detail, "no leader"));
    assert_true(server.requests > 1);
}

static void an_endpoint_that_nobody_serves_is_given_up_at_once(void **state)
{
    (void)state;
    struct mcb_error error;
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u", ranks_free_port());
    assert_int_equal(call(url, 600000, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_ETCD_UNREACHABLE);
    assert_non_null(strstr(error.detail, url));
}

static void a_server_that_says_nothing_ends_at_the_deadline(void **state)
{
    (void)state;
    struct server server;
    struct mcb_error error;
    start(&server, "");
    assert_int_equal(call(server.url, 300, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_ETCD_UNREACHABLE);
    close(server.listener);
}

static void a_proxy_in_the_way_is_named(void **state)
{
    (void)state;
    struct mcb_error error;
    char proxy[64];
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", ranks_free_port());
    setenv("http_proxy", proxy, 1);
    int result = call("http://192.0.2.1:2379", 5000, &error);
    unsetenv("http_proxy");
    assert_int_equal(result, -1);
    assert_int_equal(error.code, MCB_FAULT_NET_PROXY);
    assert_non_null(strstr(error.detail, "http_proxy"));
}

static bool is_set(void *context)
{
    return *(volatile sig_atomic_t *)context;
}

static void *set_soon(void *context)
{
    usleep(150000);
    *(volatile sig_atomic_t *)context = 1;
    return NULL;
}

static void an_interruption_ends_a_call(void **state)
{
    (void)state;
    struct server server;
    struct mcb_error error;
    struct mcb_etcd *etcd;
    volatile sig_atomic_t stop = 0;
    char version[32];
    pthread_t thread;
    start(&server, "");
    struct mcb_etcd_options options = {
        .urls = server.url, .is_stopped = is_set, .context = (void *)&stop};
    assert_int_equal(mcb_etcd_open(&options, &etcd, &error), 0);
    assert_int_equal(pthread_create(&thread, NULL, set_soon, (void *)&stop), 0);
    int result = mcb_etcd_version(etcd, ranks_in_ms(600000), version, &error);
    pthread_join(thread, NULL);
    assert_int_equal(result, -1);
    assert_int_equal(error.code, MCB_FAULT_RUN_INTERRUPTED);
    mcb_etcd_close(etcd);
    close(server.listener);
}

int main(void)
{
    /* The environment of who runs the test must not decide it. */
    static const char *const variables[] = {"http_proxy", "https_proxy",  "HTTPS_PROXY",
                                            "all_proxy",  "ALL_PROXY",    "no_proxy",
                                            "NO_PROXY",   "ETCDCTL_USER", "MCB_ETCD_USER"};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        unsetenv(variables[i]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_is_that_of_the_standard),
        cmocka_unit_test(text_that_is_not_base64_is_refused),
        cmocka_unit_test(wrong_urls_are_refused_by_name),
        cmocka_unit_test(a_password_in_a_url_is_refused_and_not_repeated),
        cmocka_unit_test(a_user_without_a_password_is_refused),
        cmocka_unit_test(a_certificate_that_is_no_file_is_refused_with_its_variable),
        cmocka_unit_test(certificates_are_looked_at_for_https_alone),
        cmocka_unit_test(the_proxy_is_the_one_libcurl_would_take),
        cmocka_unit_test(what_is_not_etcd_is_named),
        cmocka_unit_test(an_answer_without_end_is_cut_off),
        cmocka_unit_test(all_but_keys_is_cut_off_early),
        cmocka_unit_test(an_answer_of_countless_empty_values_is_not_taken_apart),
        cmocka_unit_test(an_answer_of_many_small_entries_is_taken),
        cmocka_unit_test(zero_values_that_are_left_out_are_zero),
        cmocka_unit_test(a_lease_lasts_a_second_to_an_hour),
        cmocka_unit_test(an_endpoint_that_cannot_serve_hands_over_to_the_next),
        cmocka_unit_test(an_etcd_without_leader_is_waited_for_until_the_deadline),
        cmocka_unit_test(an_endpoint_that_nobody_serves_is_given_up_at_once),
        cmocka_unit_test(a_server_that_says_nothing_ends_at_the_deadline),
        cmocka_unit_test(a_proxy_in_the_way_is_named),
        cmocka_unit_test(an_interruption_ends_a_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
