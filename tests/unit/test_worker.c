/* SPDX-License-Identifier: Apache-2.0 */
/* A worker is a named thread beside its node that does one job after another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bench/measure/active_side.h"
#include "bench/measure/worker.h"

/* What the thread itself finds. */
struct seen {
    char name[MCB_WORKER_NAME_MAX];
    char cpus[MCB_ID_LIST_MAX];
};

static void look(void *argument)
{
    struct seen *seen = argument;
    pthread_getname_np(pthread_self(), seen->name, sizeof seen->name);
    mcb_id_list_of_thread(seen->cpus);
}

static int load(void **state)
{
    struct mcb_topology *topology;
    struct mcb_error error = {0};
    assert_int_equal(mcb_topology_load(false, &topology, &error), 0);
    *state = topology;
    return 0;
}

static int unload(void **state)
{
    mcb_topology_free(*state);
    return 0;
}

static struct seen ask(struct mcb_worker *worker)
{
    struct seen seen = {"", ""};
    mcb_worker_submit(worker, look, &seen);
    while (mcb_worker_busy(worker))
        usleep(100);
    return seen;
}

static void a_worker_knows_the_cpus_that_it_was_bound_to(void **state)
{
    struct mcb_worker worker;
    struct mcb_error error = {0};
    char bound[4096];
    int event_fd = eventfd(0, EFD_CLOEXEC);
    assert_int_equal(mcb_worker_start(&worker, "rxe0 initiator", *state, 0, event_fd, &error), 0);
    struct seen seen = ask(&worker);
    assert_string_equal(worker.cpus, seen.cpus);
    assert_string_equal(worker.cpus, mcb_topology_pin_cpus(*state, 0, bound, sizeof bound));
    assert_string_equal(seen.name, "rxe0 initiator");
    mcb_worker_stop(&worker);
    close(event_fd);
}

static void a_worker_without_a_topology_runs_where_its_maker_does(void **state)
{
    (void)state;
    struct mcb_worker worker;
    struct mcb_error error = {0};
    char mine[MCB_ID_LIST_MAX];
    int event_fd = eventfd(0, EFD_CLOEXEC);
    assert_int_equal(
        mcb_worker_start(&worker, "a name that is far too long", NULL, 0, event_fd, &error), 0);
    assert_string_equal(worker.cpus, mcb_id_list_of_thread(mine));
    assert_string_equal(ask(&worker).name, "a name that is ");
    mcb_worker_stop(&worker);
    close(event_fd);
}

static void threads_are_named_after_nic_and_role(void **state)
{
    static const struct {
        const char *nic;
        enum mcb_role role;
        const char *name;
    } cases[] = {{"rxe0", MCB_ROLE_INITIATOR, "rxe0 initiator"},
                 {"rxe0", MCB_ROLE_TARGET, "rxe0 target"},
                 {"mlx5_bond_0", MCB_ROLE_INITIATOR, "mlx5_bond_0 ini"},
                 {"enp129s0f0np0", MCB_ROLE_TARGET, "enp129s0f0np0 t"},
                 {"enp129s0f0np0v12", MCB_ROLE_INITIATOR, "enp129s0f0np0 i"}};
    for (size_t n = 0; n < sizeof cases / sizeof cases[0]; n++) {
        struct mcb_nic nic = {.numa_node = -1};
        struct mcb_local_endpoint local = {.nic = &nic};
        struct mcb_active_side side = {.local = &local, .options = {.role = cases[n].role}};
        struct mcb_error error = {0};
        int event_fd = eventfd(0, EFD_CLOEXEC);
        strcpy(nic.name, cases[n].nic);
        assert_int_equal(mcb_active_side_employ(&side, *state, event_fd, &error), 0);
        assert_string_equal(ask(&side.worker).name, cases[n].name);
        mcb_active_side_close(&side);
        close(event_fd);
    }
}

/* Returns the fault of taking the target's CPUs, given as JSON; NULL: not told. */
static enum mcb_fault_code take(const char *cpus, json_t *details)
{
    struct mcb_active_side side = {.worker = {.cpus = "0-3,8"}};
    struct mcb_error error = {0};
    json_t *told = cpus ? json_loads(cpus, JSON_DECODE_ANY, NULL) : NULL;
    int status = mcb_active_side_take_cpus(&side, told, details, &error);
    json_decref(told);
    assert_int_equal(status, error.code == MCB_FAULT_NONE ? 0 : -1);
    return error.code;
}

static void both_threads_cpus_go_into_the_details(void **state)
{
    (void)state;
    json_t *details = json_object();
    assert_int_equal(take("\"16-31\"", details), MCB_FAULT_NONE);
    assert_string_equal(json_string_value(json_object_get(details, "initiator_cpus")), "0-3,8");
    assert_string_equal(json_string_value(json_object_get(details, "target_cpus")), "16-31");
    assert_int_equal(take("null", details), MCB_FAULT_NONE);
    assert_true(json_is_null(json_object_get(details, "target_cpus")));
    json_decref(details);
}

static void what_a_peer_says_of_its_cpus_is_checked(void **state)
{
    (void)state;
    json_t *details = json_object();
    static const char *const lies[] = {NULL, "7", "\"\"", "\"3-0\"", "\"0-3;8\"", "{}", "true"};
    for (size_t n = 0; n < sizeof lies / sizeof lies[0]; n++)
        assert_int_equal(take(lies[n], details), MCB_FAULT_NET_PROTOCOL);
    assert_int_equal(json_object_size(details), 0);
    json_decref(details);
}

#define on_this_host(test) cmocka_unit_test_setup_teardown(test, load, unload)

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_this_host(a_worker_knows_the_cpus_that_it_was_bound_to),
        on_this_host(a_worker_without_a_topology_runs_where_its_maker_does),
        on_this_host(threads_are_named_after_nic_and_role),
        cmocka_unit_test(both_threads_cpus_go_into_the_details),
        cmocka_unit_test(what_a_peer_says_of_its_cpus_is_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
