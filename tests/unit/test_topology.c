/* SPDX-License-Identifier: Apache-2.0 */
/* Where things are on a host: a described one with two NUMA nodes, and the one that runs this. */
#include <hwloc.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/topology/topology.h"
#include "tests/unit/topology_helper.h"

#define SETS(cpus, nodes)                                                                          \
    "cpuset=\"" cpus "\" complete_cpuset=\"" cpus "\" nodeset=\"" nodes                            \
    "\" complete_nodeset=\"" nodes "\" "
#define NODE(index, cpus, nodes)                                                                   \
    "<object type=\"NUMANode\" os_index=\"" index                                                  \
    "\" " SETS(cpus, nodes) "gp_index=\"10" index "\" local_memory=\"1073741824\">"                \
                            "<page_type size=\"4096\" count=\"262144\"/></object>"
#define PU(index, cpus, nodes)                                                                     \
    "<object type=\"PU\" os_index=\"" index "\" " SETS(cpus, nodes) "gp_index=\"20" index "\"/>"
#define CORE(index, cpus, nodes, pus)                                                              \
    "<object type=\"Core\" os_index=\"" index "\" " SETS(cpus, nodes) "gp_index=\"30" index        \
                                                                      "\">" pus "</object>"
#define PACKAGE(index, cpus, nodes, inside)                                                        \
    "<object type=\"Package\" os_index=\"" index "\" " SETS(cpus, nodes) "gp_index=\"6" index      \
                                                                         "\">" inside "</object>"

/* Two nodes of two cores of two hardware threads; the indentation is that of the objects. */
/* clang-format off */
static const char two_nodes[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE topology SYSTEM \"hwloc2.dtd\">\n"
    "<topology version=\"2.0\"><object type=\"Machine\" os_index=\"0\" allowed_cpuset=\"0xff\" "
    "allowed_nodeset=\"0x3\" " SETS("0xff", "0x3") "gp_index=\"1\">"
    PACKAGE("0", "0x33", "0x1", "<info name=\"CPUModel\" value=\"Test CPU \xc2\xb5\"/>"
        NODE("0", "0x33", "0x1")
        CORE("0", "0x11", "0x1", PU("0", "0x01", "0x1") PU("4", "0x10", "0x1"))
        CORE("1", "0x22", "0x1", PU("1", "0x02", "0x1") PU("5", "0x20", "0x1")))
    PACKAGE("1", "0xcc", "0x2",
        NODE("1", "0xcc", "0x2")
        CORE("2", "0x44", "0x2", PU("2", "0x04", "0x2") PU("6", "0x40", "0x2"))
        CORE("3", "0x88", "0x2", PU("3", "0x08", "0x2") PU("7", "0x80", "0x2")))
    "</object></topology>\n";
/* clang-format on */

static int load_two_nodes(void **state)
{
    struct mcb_topology *topology;
    struct mcb_error error = {0};
    assert_int_equal(load_text(two_nodes, &topology, &error), 0);
    *state = topology;
    return 0;
}

static int load_this_host(void **state)
{
    struct mcb_topology *topology;
    struct mcb_error error = {0};
    assert_int_equal(mcb_topology_load(false, &topology, &error), 0);
    *state = topology;
    return 0;
}

static int release(void **state)
{
    mcb_topology_free(*state);
    return 0;
}

static void a_described_host_has_the_facts_of_its_description(void **state)
{
    struct mcb_host_facts facts;
    mcb_topology_host_facts(*state, &facts);
    assert_int_equal(facts.cpus, 8);
    assert_int_equal(facts.numa_nodes, 2);
    assert_int_equal(facts.memory_bytes, UINT64_C(2) << 30);
    assert_string_equal(facts.hostname, "unknown");
    assert_string_equal(facts.kernel, "unknown");
    assert_string_equal(facts.cpu_model, "Test CPU ??"); /* two bytes that are not ASCII */
    assert_int_equal(mcb_topology_usable_cpus(*state), 8);
}

static void threads_are_bound_to_the_cpus_of_their_node(void **state)
{
    char text[32];
    assert_string_equal(mcb_topology_pin_cpus(*state, 1, text, sizeof text), "2-3,6-7");
    assert_string_equal(mcb_topology_pin_cpus(*state, -1, text, sizeof text), "0-7");
    assert_string_equal(mcb_topology_pin_cpus(*state, 17, text, sizeof text), "0-7");
}

static void where_the_node_has_no_usable_cpu_any_usable_one_is_taken(void **state)
{
    (void)state;
    char text[sizeof two_nodes];
    strcpy(text, two_nodes);
    memcpy(strstr(text, "allowed_cpuset=\"0xff\""), "allowed_cpuset=\"0x33\"", 21);
    struct mcb_topology *topology;
    struct mcb_error error = {0};
    assert_int_equal(load_text(text, &topology, &error), 0);
    char list[32];
    assert_int_equal(mcb_topology_usable_cpus(topology), 4);
    assert_string_equal(mcb_topology_pin_cpus(topology, 1, list, sizeof list), "0-1,4-5");
    assert_string_equal(mcb_topology_pin_cpus(topology, 0, list, sizeof list), "0-1,4-5");
    mcb_topology_free(topology);
}

static void nothing_is_pinned_to_a_described_host(void **state)
{
    assert_int_equal(mcb_topology_pin(*state, 0), -1);
}

static void this_host_has_facts(void **state)
{
    struct mcb_host_facts facts;
    struct utsname name;
    mcb_topology_host_facts(*state, &facts);
    assert_int_equal(uname(&name), 0);
    assert_string_equal(facts.hostname, name.nodename);
    assert_non_null(strstr(facts.kernel, name.release));
    assert_ptr_equal(strstr(facts.kernel, "Linux "), facts.kernel);
    assert_true(strlen(facts.cpu_model) > 0);
    assert_true(facts.cpus >= 1);
    assert_true(facts.memory_bytes > UINT64_C(64) << 20);
    assert_in_range(mcb_topology_usable_cpus(*state), 1, facts.cpus);
}

static void *pin_and_ask(void *topology)
{
    char wanted[256], bound[256];
    cpu_set_t set;
    hwloc_bitmap_t cpus = hwloc_bitmap_alloc();
    mcb_topology_pin_cpus(topology, 0, wanted, sizeof wanted);
    bool pinned = mcb_topology_pin(topology, 0) == 0 && sched_getaffinity(0, sizeof set, &set) == 0;
    for (int cpu = 0; pinned && cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &set))
            hwloc_bitmap_set(cpus, (unsigned)cpu);
    hwloc_bitmap_list_snprintf(bound, sizeof bound, cpus);
    hwloc_bitmap_free(cpus);
    return pinned && strcmp(bound, wanted) == 0 ? NULL : "not there";
}

static void a_pinned_thread_may_run_on_the_cpus_of_its_node(void **state)
{
    pthread_t thread;
    void *result;
    assert_int_equal(pthread_create(&thread, NULL, pin_and_ask, *state), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_null(result);
}

static void the_cpus_that_the_process_may_not_use_are_left_alone(void **state)
{
    (void)state;
    cpu_set_t before, only;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    int last = CPU_SETSIZE - 1;
    while (!CPU_ISSET(last, &before))
        last--;
    CPU_ZERO(&only);
    CPU_SET(last, &only);
    assert_int_equal(sched_setaffinity(0, sizeof only, &only), 0);

    struct mcb_topology *topology;
    struct mcb_error error = {0};
    int status = mcb_topology_load(false, &topology, &error);
    sched_setaffinity(0, sizeof before, &before);
    assert_int_equal(status, 0);
    assert_int_equal(mcb_topology_usable_cpus(topology), 1);
    char list[32], expected[32];
    snprintf(expected, sizeof expected, "%d", last);
    assert_string_equal(mcb_topology_pin_cpus(topology, 0, list, sizeof list), expected);
    assert_string_equal(mcb_topology_pin_cpus(topology, -1, list, sizeof list), expected);
    mcb_topology_free(topology);
}

static void this_host_is_told_from_a_described_one(void **state)
{
    (void)state;
    struct mcb_topology *described, *own;
    struct mcb_error error = {0};
    assert_int_equal(load_text(two_nodes, &described, &error), 0);
    assert_int_equal(mcb_topology_load(false, &own, &error), 0);
    assert_false(mcb_topology_is_this_host(described));
    assert_true(mcb_topology_is_this_host(own));
    assert_int_equal(hwloc_get_nbobjs_by_type(mcb_topology_hwloc(described), HWLOC_OBJ_PU), 8);
    assert_int_equal(hwloc_get_nbobjs_by_type(mcb_topology_hwloc(own), HWLOC_OBJ_PCI_DEVICE), 0);
    mcb_topology_free(described);
    mcb_topology_free(own);
}

static void a_host_with_its_devices_has_the_same_cpus(void **state)
{
    (void)state;
    struct mcb_topology *without, *with;
    struct mcb_error error = {0};
    assert_int_equal(mcb_topology_load(false, &without, &error), 0);
    assert_int_equal(mcb_topology_load(true, &with, &error), 0);
    assert_int_equal(mcb_topology_usable_cpus(with), mcb_topology_usable_cpus(without));
    mcb_topology_free(without);
    mcb_topology_free(with);
}

static void texts_become_printable(void **state)
{
    (void)state;
    char text[8];
    mcb_topology_copy_text(text, sizeof text, "a\033\x7f\xc2\xb5");
    assert_string_equal(text, "a????");
    mcb_topology_copy_text(text, sizeof text, "123456789");
    assert_string_equal(text, "1234567");
    mcb_topology_copy_text(text, sizeof text, NULL);
    assert_string_equal(text, "unknown");
    mcb_topology_copy_text(text, sizeof text, "");
    assert_string_equal(text, "unknown");
}

static void freeing_nothing_is_harmless(void **state)
{
    (void)state;
    mcb_topology_free(NULL);
}

#define on_two_nodes(test) cmocka_unit_test_setup_teardown(test, load_two_nodes, release)
#define on_this_host(test) cmocka_unit_test_setup_teardown(test, load_this_host, release)

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_two_nodes(a_described_host_has_the_facts_of_its_description),
        on_two_nodes(threads_are_bound_to_the_cpus_of_their_node),
        cmocka_unit_test(where_the_node_has_no_usable_cpu_any_usable_one_is_taken),
        on_two_nodes(nothing_is_pinned_to_a_described_host),
        on_this_host(this_host_has_facts),
        on_this_host(a_pinned_thread_may_run_on_the_cpus_of_its_node),
        cmocka_unit_test(the_cpus_that_the_process_may_not_use_are_left_alone),
        cmocka_unit_test(this_host_is_told_from_a_described_one),
        cmocka_unit_test(a_host_with_its_devices_has_the_same_cpus),
        cmocka_unit_test(texts_become_printable),
        cmocka_unit_test(freeing_nothing_is_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
