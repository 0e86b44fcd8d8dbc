/* SPDX-License-Identifier: Apache-2.0 */
/* What the doctor says of what Mooncake was told, on presented hosts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/doctor/mooncake_wants.h"
#include "copied_host.h"

static void check(struct copied *host, const char *variables)
{
    copied_put(host, "/proc/self/environ", variables);
    for (unsigned i = 0; i < 3; i++) {
        char path[64];
        snprintf(path, sizeof path, "/sys/class/infiniband/mlx5_%u/node_type", i);
        copied_put(host, path, "1: CA\n");
    }
    copied_check(host, mcb_checks_mooncake, "mlx5_0,mlx5_1");
}

static void without_variables_there_is_no_alarm(void **state)
{
    struct copied *host = *state;
    check(host, "PATH=/bin\n");
    assert_int_equal(copied_alarms(host), 0);
    assert_string_equal(host->examination.etcd, "");
}

static void what_mooncake_reads_as_something_else_is_named(void **state)
{
    static const char *const wrong[] = {
        "MC_IB_PCI_RELAXED_ORDERING=true",
        "MC_ENABLE_DEST_DEVICE_AFFINITY=0",
        "MC_GID_INDEX=auto",
        "MC_WORKERS_PER_CTX=many",
        "MC_SLICE_SIZE=64KiB",
        "MC_RETRY_CNT=0",
        "MC_USE_IPV6=false",
        "MC_FORCE_TCP=0",
    };
    struct copied *host = *state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        check(host, wrong[i]);
        assert_finding(host, "mooncake.variables", MCB_VERDICT_WARN, MCB_FAULT_USE_VARIABLE);
        const struct mcb_finding *finding = copied_finding(host, "mooncake.variables", 0);
        assert_int_equal(strncmp(wrong[i], finding->subject, strlen(finding->subject)), 0);
        assert_int_equal(copied_alarms(host), 1);
    }
}

static void what_mooncake_reads_as_it_is_meant_is_no_alarm(void **state)
{
    struct copied *host = *state;
    check(host,
          "MC_IB_PCI_RELAXED_ORDERING=1\nMC_GID_INDEX=3\nMC_WORKERS_PER_CTX=2\nMC_MTU=1024\n"
          "MC_SLICE_TIMEOUT=-1\nMC_USE_IPV6=1\nMC_TE_FILTERS=mlx5_0\nMC_MAX_EP_PER_CTX=65536\n");
    assert_int_equal(copied_alarms(host), 0);
    assert_non_null(strstr(copied_finding(host, "mooncake.variables", 0)->evidence, "8 set"));
}

static void two_affinities_turn_each_other_off(void **state)
{
    struct copied *host = *state;
    check(host, "MC_ENABLE_DEST_DEVICE_AFFINITY=1\nMC_ENABLE_HCA_PEER_AFFINITY=1\n");
    assert_finding(host, "mooncake.variables", MCB_VERDICT_WARN, MCB_FAULT_USE_VARIABLE);
}

static void a_nic_that_is_not_there_is_named_with_the_nearest(void **state)
{
    struct copied *host = *state;
    check(host, "MOONCAKE_DEVICE=mlx5_0,mlx5_9\n");
    assert_finding(host, "mooncake.devices", MCB_VERDICT_FAIL, MCB_FAULT_RDMA_NO_SUCH_NIC);
    const struct mcb_finding *finding = copied_finding(host, "mooncake.devices", 0);
    assert_string_equal(finding->subject, "mlx5_9");
    assert_non_null(strstr(finding->evidence, "did you mean mlx5_0?"));
    check(host, "MC_TE_FILTERS=mlx_1\n");
    assert_finding(host, "mooncake.devices", MCB_VERDICT_FAIL, MCB_FAULT_RDMA_NO_SUCH_NIC);
    check(host, "MOONCAKE_DEVICE=mlx5_9\nMOONCAKE_PROTOCOL=tcp\n");
    assert_int_equal(copied_alarms(host), 0);
    check(host, "MOONCAKE_DEVICE=auto-discovery\n");
    assert_int_equal(copied_alarms(host), 0);
}

static void a_nic_that_is_not_asked_for_is_there_all_the_same(void **state)
{
    struct copied *host = *state; /* of its three NICs the examination has two */
    check(host, "MC_TE_FILTERS=mlx5_2\n");
    assert_int_equal(copied_alarms(host), 0);
    check(host, "MC_TE_FILTERS=mlx5_9\nMC_FORCE_TCP=1\n");
    assert_int_equal(copied_alarms(host), 0);
}

static void an_mtu_above_that_of_the_ports_is_a_warning(void **state)
{
    struct copied *host = *state;
    const struct mcb_check *row = mcb_checks_mooncake;
    check(host, "MC_MTU=4096\n");
    while (strcmp(row->id, "mooncake.mtu") != 0)
        row++;
    for (size_t i = 0; i < host->examination.nic_count; i++) {
        host->examination.nics[i].active = true;
        host->examination.nics[i].mtu_bytes = 1024;
    }
    row->run(&host->examination, row);
    const struct mcb_finding *finding =
        &host->examination.findings[host->examination.finding_count - 1];
    assert_int_equal(finding->verdict, MCB_VERDICT_WARN);
    assert_int_equal(finding->fault, MCB_FAULT_RDMA_MTU);
}

static void the_configuration_names_the_metadata_server_and_the_host(void **state)
{
    struct copied *host = *state;
    copied_put(host, "/etc/mooncake.json",
               "{\"local_hostname\": \"n7:12001\", \"metadata_server\": \"etcd://n1:2379;n2\","
               " \"protocol\": \"rdma\", \"device_name\": \"mlx5_1\"}");
    check(host, "MOONCAKE_CONFIG_PATH=/etc/mooncake.json\n");
    assert_int_equal(copied_alarms(host), 0);
    assert_string_equal(host->examination.etcd, "http://n1:2379,http://n2:2379");
    assert_string_equal(host->examination.own_name, "n7:12001");
}

static void a_configuration_that_is_none_fails(void **state)
{
    static const char *const wrong[] = {"{", "[]", "{\"protocol\": 5}", ""};
    struct copied *host = *state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        copied_put(host, "/etc/mooncake.json", wrong[i]);
        check(host, "MOONCAKE_CONFIG_PATH=/etc/mooncake.json\n");
        assert_finding(host, "mooncake.config", MCB_VERDICT_FAIL, MCB_FAULT_USE_FILE);
    }
    check(host, "MOONCAKE_CONFIG_PATH=/nowhere\n");
    assert_finding(host, "mooncake.config", MCB_VERDICT_FAIL, MCB_FAULT_USE_FILE);
}

static void metadata_servers_other_than_etcd_are_not_asked(void **state)
{
    static const char *const others[] = {"P2PHANDSHAKE", "http://n1:8080/metadata",
                                         "redis://n1:6379", ""};
    (void)state;
    char urls[64];
    struct mcb_error error;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_int_equal(mcb_mooncake_etcd_urls(others[i], urls, sizeof urls, &error), 0);
    assert_int_equal(mcb_mooncake_etcd_urls("n1", urls, sizeof urls, &error), 1);
    assert_string_equal(urls, "http://n1:2379");
    assert_int_equal(mcb_mooncake_etcd_urls("[fd00::1]:2380,n2:1", urls, sizeof urls, &error), 1);
    assert_string_equal(urls, "http://[fd00::1]:2380,http://n2:1");
    assert_int_equal(mcb_mooncake_etcd_urls("n1/x y", urls, sizeof urls, &error), -1);
}

static void an_etcd_that_was_given_comes_first(void **state)
{
    struct copied *host = *state;
    copied_put(host, "/proc/self/environ", "MOONCAKE_TE_META_DATA_SERVER=n1:2379\n");
    copied_check(host, mcb_checks_mooncake, "");
    assert_string_equal(host->examination.etcd, "http://n1:2379");
    strcpy(host->examination.etcd, "http://n9:2379");
    mcb_checks_mooncake[2].run(&host->examination, &mcb_checks_mooncake[2]);
    assert_string_equal(host->examination.etcd, "http://n9:2379");
}

#define test(name) cmocka_unit_test_setup_teardown(name, copied_make, copied_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(without_variables_there_is_no_alarm),
        test(what_mooncake_reads_as_something_else_is_named),
        test(what_mooncake_reads_as_it_is_meant_is_no_alarm),
        test(two_affinities_turn_each_other_off),
        test(a_nic_that_is_not_there_is_named_with_the_nearest),
        test(a_nic_that_is_not_asked_for_is_there_all_the_same),
        test(an_mtu_above_that_of_the_ports_is_a_warning),
        test(the_configuration_names_the_metadata_server_and_the_host),
        test(a_configuration_that_is_none_fails),
        test(metadata_servers_other_than_etcd_are_not_asked),
        test(an_etcd_that_was_given_comes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
