/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/commands/doctor_values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static int check_peers(const char *text, struct mcb_error *error)
{
    char peers[MCB_DOCTOR_VALUE_MAX];
    return mcb_doctor_read_peers(text, peers, error);
}

static void assert_good(int (*check)(const char *, struct mcb_error *), const char *text)
{
    struct mcb_error error;
    if (check(text, &error) != 0)
        fail_msg("'%s': %s", text, error.detail);
}

static void assert_bad(int (*check)(const char *, struct mcb_error *), const char *option,
                       const char *text)
{
    struct mcb_error error = {.code = MCB_FAULT_NONE};
    if (check(text, &error) == 0)
        fail_msg("'%s' was taken", text);
    assert_int_equal(error.code, MCB_FAULT_USE_VALUE);
    assert_int_equal(strncmp(error.detail, option, strlen(option)), 0);
    assert_null(strstr(error.detail, "secret"));
}

static void urls_of_etcd_have_a_host_and_no_more_than_a_port(void **state)
{
    (void)state;
    static const char *const good[] = {"http://n1:2379",
                                       "https://n1",
                                       "n1:2379",
                                       "n1",
                                       "http://10.0.0.1:2379,http://[fd00::1]:2379/",
                                       "etcd://n1:2379;n2:2379"};
    static const char *const bad[] = {"ftp://n1:1",
                                      "redis://n1:1",
                                      "http://",
                                      ",",
                                      "http://n1:1,",
                                      "http://n1:1;;http://n2:1",
                                      "http://n1:0",
                                      "http://n1:65536",
                                      "http://n1:1/v3",
                                      "http://n1:1/?x",
                                      "n1:99999",
                                      "http://root:secret@n1:1",
                                      "ftp://root:secret@n1:1",
                                      "root:secret@n1:1",
                                      "secret@n1:1"};
    for (size_t i = 0; i < LENGTH(good); i++)
        assert_good(mcb_doctor_check_etcd, good[i]);
    for (size_t i = 0; i < LENGTH(bad); i++)
        assert_bad(mcb_doctor_check_etcd, "--etcd", bad[i]);
}

static void a_user_in_a_url_of_etcd_is_sent_to_the_environment(void **state)
{
    (void)state;
    struct mcb_error error;
    assert_int_equal(mcb_doctor_check_etcd("http://root:secret@n1:1", &error), -1);
    assert_non_null(strstr(error.detail, "ETCDCTL_USER"));
}

static void a_peer_is_host_and_port(void **state)
{
    (void)state;
    static const char *const bad[] = {"",      ":",     "n1",       "n1:",        ":1",
                                      "n1:0",  "n1:-1", "n1:65536", "[::1",       "n1: 9",
                                      "-x:9",  ",",     "a:1,,b:2", "\x1b[1m:9",  "a:1,",
                                      "a:b:9", "n1 :9", "@n1:9",    "secret@n1:9"};
    assert_good(check_peers, "n1:18515,10.0.0.2:1,[fe80::1%eth0]:65535");
    for (size_t i = 0; i < LENGTH(bad); i++)
        assert_bad(check_peers, "--peer", bad[i]);
}

static void a_peer_that_is_named_twice_is_one(void **state)
{
    (void)state;
    struct mcb_error error;
    char peers[MCB_DOCTOR_VALUE_MAX], twenty[200] = "";
    assert_int_equal(mcb_doctor_read_peers("n1:1,n2:1,n1:01,[fd00::1]:1,n1:1", peers, &error), 0);
    assert_string_equal(peers, "n1:1,n2:1,[fd00::1]:1");
    for (int i = 0; i < 20; i++)
        strcat(twenty, i ? ",n1:7" : "n1:7");
    assert_int_equal(mcb_doctor_read_peers(twenty, peers, &error), 0);
    assert_string_equal(peers, "n1:7");
}

static void no_more_than_sixteen_peers_are_asked(void **state)
{
    (void)state;
    struct mcb_error error;
    char peers[MCB_DOCTOR_VALUE_MAX], text[200] = "";
    for (size_t i = 0; i < MCB_DOCTOR_PEERS_MOST; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%sn1:%zu", i ? "," : "", i + 1);
    assert_int_equal(mcb_doctor_read_peers(text, peers, &error), 0);
    assert_string_equal(peers, text);
    strcat(text, ",n2:1");
    assert_bad(check_peers, "--peer", text);
}

static void an_own_name_may_have_a_port(void **state)
{
    (void)state;
    static const char *const good[] = {"n2", "n2:12001", "10.0.0.2:1", "[fd00::2]:1", "fd00::2"};
    static const char *const bad[] = {
        "",    ":1",   "n2:",   "n2:0",    "n2:65536", "a:b:c", "[n2]:1", "[fd00::2]",
        "n 2", "n2:x", "-n2:1", "\x1b[1m", "::::",     ":",     "../x",   "n2:1,n3:1"};
    for (size_t i = 0; i < LENGTH(good); i++)
        assert_good(mcb_doctor_check_name, good[i]);
    for (size_t i = 0; i < LENGTH(bad); i++)
        assert_bad(mcb_doctor_check_name, "--name", bad[i]);
}

static void no_name_of_a_nic_is_empty(void **state)
{
    (void)state;
    assert_good(mcb_doctor_check_nics, "mlx5_0,mlx5_1");
    assert_bad(mcb_doctor_check_nics, "--nic", ",");
    assert_bad(mcb_doctor_check_nics, "--nic", "mlx5_0,,mlx5_1");
    assert_bad(mcb_doctor_check_nics, "--nic", "mlx5_0,");
}

int main(void)
{
    static const char *const variables[] = {"ETCDCTL_USER",    "MCB_ETCD_USER", "ETCDCTL_CACERT",
                                            "MCB_ETCD_CACERT", "ETCDCTL_CERT",  "MCB_ETCD_CERT",
                                            "ETCDCTL_KEY",     "MCB_ETCD_KEY"};
    for (size_t i = 0; i < LENGTH(variables); i++)
        unsetenv(variables[i]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_of_etcd_have_a_host_and_no_more_than_a_port),
        cmocka_unit_test(a_user_in_a_url_of_etcd_is_sent_to_the_environment),
        cmocka_unit_test(a_peer_is_host_and_port),
        cmocka_unit_test(a_peer_that_is_named_twice_is_one),
        cmocka_unit_test(no_more_than_sixteen_peers_are_asked),
        cmocka_unit_test(an_own_name_may_have_a_port),
        cmocka_unit_test(no_name_of_a_nic_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
