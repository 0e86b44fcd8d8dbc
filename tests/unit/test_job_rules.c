/* SPDX-License-Identifier: Apache-2.0 */
/* What a command, a transport and a host leave of the settings. */
#include "bench/commands/job_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gpu/gpu.h"

static struct mcb_settings settings_of(bool gpu, int number)
{
    return (struct mcb_settings){
        .memories = {{.gpu = gpu, .number = number}},
        .memory_count = 1,
        .orderings = {MCB_ORDERING_OFF, MCB_ORDERING_ON},
        .ordering_count = 2,
        .routes = {MCB_ROUTE_DIRECT, MCB_ROUTE_STAGED, MCB_ROUTE_HOST},
        .route_count = 1,
    };
}

static const struct mcb_transport reaching = {.has_ordering = true, .reaches_gpus = true};
static const struct mcb_transport staging = {.has_ordering = false, .reaches_gpus = false};

static void assert_routes(const struct mcb_settings *settings, size_t count,
                          const enum mcb_route *routes)
{
    assert_int_equal(settings->route_count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(settings->routes[i], routes[i]);
}

static void orderings_are_dropped_where_they_mean_nothing(void **state)
{
    (void)state;
    struct mcb_settings settings = settings_of(false, -1);
    mcb_job_drop_what_means_nothing(&settings, &reaching);
    assert_int_equal(settings.ordering_count, 2);
    mcb_job_drop_what_means_nothing(&settings, &staging);
    assert_int_equal(settings.ordering_count, 1);
}

static void direct_becomes_staged_where_the_transport_does_not_reach_gpus(void **state)
{
    (void)state;
    static const enum mcb_route all[] = {MCB_ROUTE_DIRECT, MCB_ROUTE_STAGED, MCB_ROUTE_HOST};
    struct mcb_settings settings = settings_of(true, -1);
    mcb_job_drop_what_means_nothing(&settings, &reaching);
    assert_routes(&settings, 1, all);
    mcb_job_drop_what_means_nothing(&settings, &staging);
    assert_routes(&settings, 1, &all[1]);

    settings = settings_of(true, -1);
    settings.route_count = 3;
    mcb_job_drop_what_means_nothing(&settings, &reaching);
    assert_routes(&settings, 3, all);
    mcb_job_drop_what_means_nothing(&settings, &staging);
    assert_routes(&settings, 2, &all[1]);
}

static void host_memory_has_the_direct_route_alone(void **state)
{
    (void)state;
    static const enum mcb_route direct = MCB_ROUTE_DIRECT;
    const struct mcb_transport *const transports[] = {&reaching, &staging};
    for (int i = 0; i < 2; i++) {
        struct mcb_settings settings = settings_of(false, -1);
        settings.route_count = 3;
        mcb_job_drop_what_means_nothing(&settings, transports[i]);
        assert_routes(&settings, 1, &direct);
    }
}

static void a_registration_means_something_where_gpus_are_reached(void **state)
{
    (void)state;
    struct mcb_settings settings = settings_of(true, -1);
    assert_false(mcb_job_ignores_registration(&settings, &staging)); /* auto was not asked for */
    settings.registration = MCB_REGISTRATION_PEERMEM;
    assert_true(mcb_job_ignores_registration(&settings, &staging));
    assert_false(mcb_job_ignores_registration(&settings, &reaching));
    settings.memories[0].gpu = false;
    assert_false(mcb_job_ignores_registration(&settings, &staging));
}

static enum mcb_fault_code check(const char *command, const struct mcb_settings *settings,
                                 const struct mcb_gpus *gpus, struct mcb_error *error)
{
    int nodes[MCB_NICS_MAX];
    for (size_t i = 0; i < MCB_NICS_MAX; i++)
        nodes[i] = -1;
    *error = (struct mcb_error){0};
    mcb_job_check_memories(command, settings, gpus, nodes, error);
    return error->code;
}

static void mcbench_cpu_measures_no_memory_of_gpus(void **state)
{
    (void)state;
    struct mcb_error error;
    struct mcb_settings settings = settings_of(true, -1);
    assert_int_equal(check("cpu", &settings, NULL, &error), MCB_FAULT_USE_VALUE);
    assert_non_null(strstr(error.detail, "--memory: mcbench cpu measures host memory alone; "));
    assert_int_equal(check("gpu", &settings, NULL, &error), MCB_FAULT_NONE);
    settings = settings_of(false, -1);
    assert_int_equal(check("cpu", &settings, NULL, &error), MCB_FAULT_NONE);
    settings.peer_memories[0].gpu = true;
    settings.peer_memory_count = 1;
    assert_int_equal(check("cpu", &settings, NULL, &error), MCB_FAULT_USE_VALUE);
    assert_non_null(strstr(error.detail, "--peer-memory: "));
}

static void a_gpu_beyond_the_last_one_is_named_with_it(void **state)
{
    (void)state;
    struct mcb_error error;
    struct mcb_gpus gpus = {.count = 4};
    struct mcb_settings settings = settings_of(true, 3);
    assert_int_equal(check("gpu", &settings, &gpus, &error), MCB_FAULT_NONE);
    settings.memories[0].number = 4;
    assert_int_equal(check("gpu", &settings, &gpus, &error), MCB_FAULT_GPU_NO_SUCH);
    assert_string_equal(error.detail, "--memory cuda:4: the last GPU of this host is cuda:3");
    settings = settings_of(false, -1);
    settings.peer_memories[0] = (struct mcb_memory_choice){true, 9};
    settings.peer_memory_count = 1;
    assert_int_equal(check("gpu", &settings, &gpus, &error), MCB_FAULT_GPU_NO_SUCH);
    assert_string_equal(error.detail, "--peer-memory cuda:9: the last GPU of this host is cuda:3");
    /* one that has none, or could not open them, may take part with its host memory */
    assert_int_equal(check("gpu", &settings, NULL, &error), MCB_FAULT_NONE);
}

static void nodes_must_be_there(void **state)
{
    (void)state;
    struct mcb_error error;
    struct mcb_settings settings = settings_of(false, 777);
    assert_int_equal(check("cpu", &settings, NULL, &error), MCB_FAULT_USE_VALUE);
    settings = settings_of(false, 0);
    assert_int_equal(check("cpu", &settings, NULL, &error), MCB_FAULT_NONE);
    int nodes[MCB_NICS_MAX];
    memset(nodes, 0xff, sizeof nodes); /* -1 */
    nodes[MCB_NICS_MAX - 1] = 777;
    assert_int_equal(mcb_job_check_memories("cpu", &settings, NULL, nodes, &error), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orderings_are_dropped_where_they_mean_nothing),
        cmocka_unit_test(direct_becomes_staged_where_the_transport_does_not_reach_gpus),
        cmocka_unit_test(host_memory_has_the_direct_route_alone),
        cmocka_unit_test(a_registration_means_something_where_gpus_are_reached),
        cmocka_unit_test(mcbench_cpu_measures_no_memory_of_gpus),
        cmocka_unit_test(a_gpu_beyond_the_last_one_is_named_with_it),
        cmocka_unit_test(nodes_must_be_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
