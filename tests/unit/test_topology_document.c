/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/topology_document.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/topology_view_helper.h"

static json_t *make(const struct host *host)
{
    struct mcb_error error;
    json_t *document = mcb_topology_document_make(&host->view, &error);
    if (!document)
        fail_msg("%s", error.detail);
    return document;
}

/* The member is what the text says; where it is an array, entry `index` of it. */
static void assert_member(const struct host *host, const char *key, size_t index,
                          const char *expected)
{
    json_t *document = make(host), *value = json_object_get(document, key);
    if (json_is_array(value))
        value = json_array_get(value, index);
    json_t *wanted = json_loads(expected, JSON_DECODE_ANY, NULL);
    assert_non_null(wanted);
    if (!value || !json_equal(value, wanted)) {
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
        fail_msg("%s: %s", key, text ? text : "missing");
    }
    json_decref(wanted);
    json_decref(document);
}

static int make_host(void **state)
{
    *state = host_of_every_kind();
    return 0;
}

static int free_host(void **state)
{
    free(*state);
    return 0;
}

static void the_head_names_form_tool_and_host(void **state)
{
    assert_member(*state, "schema", 0, "\"mcbench-topology/1\"");
    assert_member(*state, "tool", 0, "{\"name\": \"mcbench\", \"version\": \"" MCB_VERSION "\"}");
    assert_member(*state, "host", 0,
                  "{\"name\": \"n1\", \"kernel\": \"Linux 6.1.0\", \"cpu\": \"EPYC 7763\", "
                  "\"cpus\": 48, \"numa_nodes\": 2, \"memory_bytes\": 1099511627776, "
                  "\"from\": null}");
}

static void what_a_file_does_not_tell_is_null(void **state)
{
    struct host *host = *state;
    host->view.from = "p5.xml";
    host->facts = (struct mcb_host_facts){"unknown", "unknown", "unknown", 0, 2, 0};
    host->nodes[6].device = NULL;
    host->nodes[6].numa_node = -1;
    host->nodes[6].link_gbps = 0;
    host->nodes[6].pci.link = host->nodes[6].pci.link_most = (struct mcb_pci_link){0};
    assert_member(host, "host", 0,
                  "{\"name\": \"n1\", \"kernel\": null, \"cpu\": null, \"cpus\": null, "
                  "\"numa_nodes\": 2, \"memory_bytes\": null, \"from\": \"p5.xml\"}");
    strcpy(host->nodes[0].name, "unknown");
    host->view.from = "/\xff/主机.xml"; /* no UTF-8 */
    assert_member(host, "host", 0,
                  "{\"name\": null, \"kernel\": null, \"cpu\": null, \"cpus\": null, "
                  "\"numa_nodes\": 2, \"memory_bytes\": null, \"from\": \"/?/??.xml\"}");
    assert_member(host, "nics", 0,
                  "{\"name\": \"mlx5_0\", \"parent\": \"0000:17:00.0\", \"pci_address\": "
                  "\"0000:18:00.0\", \"numa_node\": null, \"model\": \"MT2910 Family "
                  "[ConnectX-7]\", \"firmware\": null, \"software\": false, \"pcie\": {\"gtps\": "
                  "null, \"lanes\": null, \"most_gtps\": null, \"most_lanes\": null, "
                  "\"link_gbps\": null, \"max_payload_bytes\": null}, \"ports\": null, \"fault\": "
                  "null}");
}

static void a_nic_has_its_link_and_its_ports(void **state)
{
    struct host *host = *state;
    host->nodes[6].link_gbps = 504.5;
    host->nodes[6].pci.max_payload_bytes = 256;
    assert_member(host, "nics", 0,
                  "{\"name\": \"mlx5_0\", \"parent\": \"0000:17:00.0\", \"pci_address\": "
                  "\"0000:18:00.0\", \"numa_node\": 0, \"model\": \"MT2910 Family "
                  "[ConnectX-7]\", \"firmware\": \"28.39.1002\", \"software\": false, \"pcie\": "
                  "{\"gtps\": 32.0, \"lanes\": 16, \"most_gtps\": 32.0, \"most_lanes\": 16, "
                  "\"link_gbps\": 504.5, \"max_payload_bytes\": 256}, \"ports\": [{\"number\": 1, "
                  "\"state\": \"active\", \"link_layer\": \"InfiniBand\", \"link_gbps\": 400.0, "
                  "\"mtu_bytes\": 4096}], \"fault\": null}");
}

static void a_software_nic_has_no_pci_function(void **state)
{
    struct host *host = *state;
    strcpy(host->nodes[host->tree.count - 1].pci.address, "0000:01:00.0"); /* its interface's */
    assert_member(*state, "nics", 2,
                  "{\"name\": \"rxe0\", \"parent\": null, \"pci_address\": null, \"numa_node\": "
                  "null, \"model\": null, \"firmware\": null, \"software\": true, \"pcie\": null, "
                  "\"ports\": [{\"number\": 1, \"state\": \"active\", \"link_layer\": "
                  "\"Ethernet\", \"link_gbps\": null, \"mtu_bytes\": 1024}], \"fault\": null}");
}

static void a_nic_that_cannot_be_opened_has_a_fault_and_no_ports(void **state)
{
    struct host *host = *state;
    mcb_error_write(&host->devices[0].error, MCB_FAULT_RDMA_DEVICE_OPEN, "mlx5_0: no permission");
    json_t *document = make(host);
    json_t *nic = json_array_get(json_object_get(document, "nics"), 0);
    assert_true(json_is_null(json_object_get(nic, "ports")));
    assert_string_equal(json_string_value(json_object_get(json_object_get(nic, "fault"), "id")),
                        "MCB-RDMA-003");
    json_decref(document);
}

static void numa_nodes_bridges_and_gpus_are_listed(void **state)
{
    struct host *host = *state;
    assert_member(host, "numa_nodes", 1,
                  "{\"name\": \"cpu:1\", \"cpus\": \"24-47\", \"memory_bytes\": 549755813888}");
    assert_member(host, "bridges", 0,
                  "{\"name\": \"0000:15\", \"kind\": \"host-bridge\", \"parent\": \"cpu:0\", "
                  "\"pci_address\": null, \"numa_node\": 0, \"pcie\": null}");
    host->nodes[4].link_gbps = 504.5;
    assert_member(host, "bridges", 2,
                  "{\"name\": \"0000:16:00.0\", \"kind\": \"bridge\", \"parent\": "
                  "\"0000:15:01.0\", \"pci_address\": \"0000:16:00.0\", \"numa_node\": 0, "
                  "\"pcie\": {\"gtps\": 32.0, \"lanes\": 16, \"most_gtps\": 32.0, "
                  "\"most_lanes\": 16, \"link_gbps\": 504.5, \"max_payload_bytes\": null}}");
    host->nodes[8].pci.emulated = true;
    assert_member(host, "gpus", 0,
                  "{\"name\": \"cuda:0\", \"parent\": \"0000:17:01.0\", \"pci_address\": "
                  "\"0000:19:00.0\", \"numa_node\": 0, \"model\": \"GH100 [H100 SXM5 80GB]\", "
                  "\"pcie\": null}");
}

static void every_pair_has_its_distance_once_but_no_two_numa_nodes(void **state)
{
    json_t *document = make(*state), *distances = json_object_get(document, "distances");
    assert_int_equal(json_array_size(distances), 6 * 5 / 2 - 1);
    json_decref(document);
    assert_member(*state, "distances", 0,
                  "{\"a\": \"cpu:0\", \"b\": \"mlx5_0\", \"class\": \"PHB\"}");
    assert_member(*state, "distances", 4,
                  "{\"a\": \"mlx5_0\", \"b\": \"cuda:0\", \"class\": \"PIX\"}");
}

static void a_rail_is_a_gpu_with_its_nearest_nics(void **state)
{
    assert_member(*state, "rails", 0,
                  "{\"gpu\": \"cuda:0\", \"class\": \"PIX\", \"nics\": [\"mlx5_0\"]}");
}

static void a_gpu_on_a_host_without_nic_has_an_empty_rail(void **state)
{
    (void)state;
    struct host *host = host_new();
    host_add_device(host, MCB_TREE_GPU, 0, "cuda:0", "0000:19:00.0", "");
    assert_member(host, "rails", 0, "{\"gpu\": \"cuda:0\", \"class\": null, \"nics\": []}");
    free(host);
}

static void warnings_are_faults_and_those_of_the_rdma_devices_come_first(void **state)
{
    struct host *host = *state;
    mcb_error_write(&host->finding_list[0], MCB_FAULT_PCI_ACS, "bridge: redirects");
    host->findings.count = 1;
    mcb_error_write(&host->devices_error, MCB_FAULT_RDMA_NO_DEVICE, "not listed");
    json_t *document = make(host), *warnings = json_object_get(document, "warnings");
    static const char *const details[] = {"not listed", "bridge: redirects"};
    assert_int_equal(json_array_size(warnings), 2);
    for (size_t i = 0; i < 2; i++)
        assert_string_equal(
            json_string_value(json_object_get(json_array_get(warnings, i), "detail")), details[i]);
    json_decref(document);
}

#define WITH_HOST(test) cmocka_unit_test_setup_teardown(test, make_host, free_host)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_HOST(the_head_names_form_tool_and_host),
        WITH_HOST(what_a_file_does_not_tell_is_null),
        WITH_HOST(a_nic_has_its_link_and_its_ports),
        WITH_HOST(a_software_nic_has_no_pci_function),
        WITH_HOST(a_nic_that_cannot_be_opened_has_a_fault_and_no_ports),
        WITH_HOST(numa_nodes_bridges_and_gpus_are_listed),
        WITH_HOST(every_pair_has_its_distance_once_but_no_two_numa_nodes),
        WITH_HOST(a_rail_is_a_gpu_with_its_nearest_nics),
        cmocka_unit_test(a_gpu_on_a_host_without_nic_has_an_empty_rail),
        WITH_HOST(warnings_are_faults_and_those_of_the_rdma_devices_come_first),
    };
    return cmocka_run_group_tests_name("topology_document", tests, NULL, NULL);
}
