/* SPDX-License-Identifier: Apache-2.0 */
/* Which cells are measured, and in which rounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/plan/plan.h"
#include "common/clock.h"

/* One write bandwidth cell a path. */
static struct mcb_settings plain_settings(void)
{
    return (struct mcb_settings){
        .operations = {MCB_OPERATION_WRITE},
        .operation_count = 1,
        .measures = {MCB_MEASURE_BANDWIDTH},
        .measure_count = 1,
        .orderings = {MCB_ORDERING_OFF},
        .ordering_count = 1,
        .pairs = MCB_PAIRS_ALL,
        .memories = {{.number = -1}},
        .memory_count = 1,
        .routes = {MCB_ROUTE_DIRECT},
        .route_count = 1,
        .qps = 1,
        .depth = 128,
        .duration_ns = MCB_NS_PER_S,
        .warmup_ns = 100 * MCB_NS_PER_MS,
        .trials = 3,
    };
}

/* A list too long to be planned has no endpoints in these tests. */
enum { TOO_LONG = 16385 };

/* Hosts with so many NICs, each with host memory of its own, initiator and target. */
static struct mcb_endpoint_list *lists_of(const uint32_t *endpoints_of, size_t ranks)
{
    struct mcb_endpoint_list *lists = calloc(ranks, sizeof *lists);
    assert_non_null(lists);
    for (size_t rank = 0; rank < ranks; rank++) {
        lists[rank].count = endpoints_of[rank];
        if (endpoints_of[rank] >= TOO_LONG)
            continue;
        lists[rank].endpoints = calloc(endpoints_of[rank] + 1, sizeof *lists[rank].endpoints);
        for (uint32_t nic = 0; nic < endpoints_of[rank]; nic++)
            lists[rank].endpoints[nic] =
                (struct mcb_plan_endpoint){.nic = nic, .gpu = -1, .numa_node = -1, .may = {1, 1}};
    }
    return lists;
}

static void release_lists(struct mcb_endpoint_list *lists, size_t ranks)
{
    for (size_t rank = 0; rank < ranks; rank++)
        mcb_endpoint_list_release(&lists[rank]);
    free(lists);
}

static struct mcb_plan plan_of_lists(const struct mcb_settings *settings,
                                     const struct mcb_endpoint_list *lists, size_t ranks)
{
    struct mcb_plan plan;
    struct mcb_error error = {0};
    if (mcb_plan_make(settings, lists, ranks, &plan, &error) != 0)
        fail_msg("%s", error.detail);
    return plan;
}

static struct mcb_plan plan_of(const struct mcb_settings *settings, const uint32_t *endpoints_of,
                               size_t ranks)
{
    struct mcb_endpoint_list *lists = lists_of(endpoints_of, ranks);
    struct mcb_plan plan = plan_of_lists(settings, lists, ranks);
    release_lists(lists, ranks);
    return plan;
}

static uint32_t rank_of(const uint32_t *endpoints_of, uint32_t endpoint)
{
    uint32_t rank = 0;
    for (; endpoint >= endpoints_of[rank]; rank++)
        endpoint -= endpoints_of[rank];
    return rank;
}

/* Every path once, between ranks (alone: all of them); none of the rounds uses an endpoint twice;
 * the rounds hold all paths without overlap. */
static void expect_complete(const struct mcb_plan *plan, const uint32_t *endpoints_of, size_t ranks)
{
    uint32_t endpoints = 0;
    for (size_t rank = 0; rank < ranks; rank++)
        endpoints += endpoints_of[rank];
    uint8_t *seen = calloc((size_t)endpoints * endpoints, 1);
    uint32_t *round_of = calloc(endpoints, sizeof *round_of);
    assert_non_null(seen);
    assert_non_null(round_of);

    size_t next = 0;
    for (uint32_t r = 0; r < plan->round_count; r++) {
        const struct mcb_round *round = &plan->rounds[r];
        assert_int_equal(round->first_path, next);
        assert_true(round->path_count > 0);
        for (; next < round->first_path + round->path_count; next++) {
            struct mcb_path path = plan->paths[next];
            assert_true(path.initiator < endpoints && path.target < endpoints);
            assert_int_equal(seen[path.initiator * endpoints + path.target]++, 0);
            assert_int_not_equal(round_of[path.initiator], r + 1);
            assert_int_not_equal(round_of[path.target], r + 1);
            round_of[path.initiator] = round_of[path.target] = r + 1;
        }
    }
    assert_int_equal(next, plan->path_count);
    for (uint32_t from = 0; from < endpoints; from++)
        for (uint32_t to = 0; to < endpoints; to++)
            assert_int_equal(seen[from * endpoints + to],
                             ranks == 1 ||
                                 rank_of(endpoints_of, from) != rank_of(endpoints_of, to));
    free(round_of);
    free(seen);
}

static void four_nics_alone_are_16_paths_in_7_rounds(void **state)
{
    (void)state;
    struct mcb_settings settings = plain_settings();
    struct mcb_plan plan = plan_of(&settings, (uint32_t[]){4}, 1);
    assert_int_equal(plan.path_count, 16);
    assert_int_equal(plan.path_rounds, 7);
    assert_int_equal(plan.round_count, 7);
    assert_int_equal(plan.cell_count, 16);
    assert_int_equal(plan.rounds[0].path_count, 2);
    assert_int_equal(plan.rounds[6].path_count, 4);
    mcb_plan_release(&plan);
}

static void alone_every_path_is_measured_once_in_the_fewest_rounds(void **state)
{
    (void)state;
    struct mcb_settings settings = plain_settings();
    for (uint32_t endpoints = 1; endpoints <= 17; endpoints++) {
        struct mcb_plan plan = plan_of(&settings, &endpoints, 1);
        expect_complete(&plan, &endpoints, 1);
        /* Even: every endpoint is an end of 2(E-1) + 1 paths. Odd: one idles in each round, so that
         * E(E-1) paths between different ends take at least 2E rounds. */
        size_t least = endpoints == 1 ? 1 : endpoints % 2 == 0 ? 2 * endpoints - 1 : 2 * endpoints;
        assert_int_equal(plan.path_rounds, least);
        mcb_plan_release(&plan);
    }
}

static void between_ranks_every_path_is_measured_once(void **state)
{
    (void)state;
    static const uint32_t jobs[][5] = {{4, 4},          {1, 1},       {4, 2},       {1, 7, 3},
                                       {8, 8, 8},       {3, 3, 3, 3}, {5, 1, 1, 4}, {4, 0, 4},
                                       {2, 2, 2, 2, 2}, {0, 3, 0, 5}};
    static const size_t ranks[] = {2, 2, 2, 3, 3, 4, 4, 3, 5, 4};
    struct mcb_settings settings = plain_settings();
    for (size_t job = 0; job < sizeof ranks / sizeof ranks[0]; job++) {
        struct mcb_plan plan = plan_of(&settings, jobs[job], ranks[job]);
        expect_complete(&plan, jobs[job], ranks[job]);
        mcb_plan_release(&plan);
    }
}

static void two_ranks_of_four_take_the_fewest_rounds(void **state)
{
    (void)state;
    struct mcb_settings settings = plain_settings();
    struct mcb_plan plan = plan_of(&settings, (uint32_t[]){4, 4}, 2);
    assert_int_equal(plan.path_count, 32);
    assert_int_equal(plan.path_rounds, 8);
    mcb_plan_release(&plan);
}

static void a_thousand_endpoints_are_planned(void **state)
{
    (void)state;
    struct mcb_settings settings = plain_settings();
    const uint32_t endpoints = 1024;
    struct mcb_plan plan = plan_of(&settings, &endpoints, 1);
    expect_complete(&plan, &endpoints, 1);
    assert_int_equal(plan.path_rounds, 2047);
    mcb_plan_release(&plan);
}

static bool has_path(const struct mcb_plan *plan, uint32_t initiator, uint32_t target)
{
    for (size_t path = 0; path < plan->path_count; path++)
        if (plan->paths[path].initiator == initiator && plan->paths[path].target == target)
            return true;
    return false;
}

static void rail_keeps_equal_positions_of_different_hosts(void **state)
{
    (void)state;
    struct mcb_settings settings = plain_settings();
    settings.pairs = MCB_PAIRS_RAIL;
    struct mcb_plan plan = plan_of(&settings, (uint32_t[]){3, 2}, 2);
    assert_int_equal(plan.path_count, 4);
    assert_int_equal(plan.path_rounds, 2);
    assert_true(has_path(&plan, 0, 3) && has_path(&plan, 3, 0));
    assert_true(has_path(&plan, 1, 4) && has_path(&plan, 4, 1));
    mcb_plan_release(&plan);
}

static void rail_alone_is_every_endpoint_with_itself(void **state)
{
    (void)state;
    struct mcb_settings settings = plain_settings();
    settings.pairs = MCB_PAIRS_RAIL;
    struct mcb_plan plan = plan_of(&settings, (uint32_t[]){3}, 1);
    assert_int_equal(plan.path_count, 3);
    assert_int_equal(plan.path_rounds, 1);
    assert_true(has_path(&plan, 2, 2));
    mcb_plan_release(&plan);
}

static void ring_goes_to_the_next_rank(void **state)
{
    (void)state;
    struct mcb_settings settings = plain_settings();
    settings.pairs = MCB_PAIRS_RING;
    struct mcb_plan plan = plan_of(&settings, (uint32_t[]){2, 2, 2, 2}, 4);
    assert_int_equal(plan.path_count, 8);
    assert_int_equal(plan.path_rounds, 2);
    assert_true(has_path(&plan, 0, 2) && has_path(&plan, 1, 3) && has_path(&plan, 6, 0));
    assert_false(has_path(&plan, 2, 0));
    mcb_plan_release(&plan);
}

static void ring_alone_goes_to_the_next_endpoint(void **state)
{
    (void)state;
    struct mcb_settings settings = plain_settings();
    settings.pairs = MCB_PAIRS_RING;
    struct mcb_plan plan = plan_of(&settings, (uint32_t[]){4}, 1);
    assert_int_equal(plan.path_count, 4);
    assert_int_equal(plan.path_rounds, 2);
    assert_true(has_path(&plan, 0, 1) && has_path(&plan, 3, 0));
    mcb_plan_release(&plan);
}

/* An endpoint of a test, as plan_of_rows() takes it. */
struct row {
    uint32_t rank, nic;
    int gpu;
    bool initiator, target;
};

/* Rows of host memory or GPUs, rank by rank; at most 8 ranks of 64 endpoints. */
struct hosts {
    struct mcb_plan_endpoint endpoints[8][64];
    struct mcb_endpoint_list lists[8];
    size_t ranks;
};

static void make_hosts(struct hosts *hosts, const struct row *rows, size_t count, size_t ranks)
{
    *hosts = (struct hosts){.ranks = ranks};
    for (size_t rank = 0; rank < ranks; rank++)
        hosts->lists[rank].endpoints = hosts->endpoints[rank];
    for (size_t i = 0; i < count; i++) {
        struct mcb_endpoint_list *list = &hosts->lists[rows[i].rank];
        list->endpoints[list->count++] =
            (struct mcb_plan_endpoint){.nic = rows[i].nic,
                                       .gpu = rows[i].gpu,
                                       .numa_node = -1,
                                       .may = {rows[i].initiator, rows[i].target}};
    }
}

static const struct mcb_plan_endpoint *endpoint_of(const struct hosts *hosts, uint32_t endpoint,
                                                   uint32_t *rank)
{
    for (*rank = 0; endpoint >= hosts->lists[*rank].count; ++*rank)
        endpoint -= hosts->lists[*rank].count;
    return &hosts->lists[*rank].endpoints[endpoint];
}

/* No two paths of a round with a NIC or a GPU in common. */
static void expect_nothing_shared(const struct mcb_plan *plan, const struct hosts *hosts)
{
    for (size_t r = 0; r < plan->round_count; r++) {
        size_t nics[8][64] = {0}, gpus[8][64] = {0};
        const struct mcb_path *path = &plan->paths[plan->rounds[r].first_path];
        for (size_t n = 1; n <= plan->rounds[r].path_count; n++, path++) {
            const uint32_t ends[] = {path->initiator, path->target};
            for (int end = 0; end < 2; end++) {
                uint32_t rank;
                const struct mcb_plan_endpoint *endpoint = endpoint_of(hosts, ends[end], &rank);
                size_t *nic = &nics[rank][endpoint->nic];
                assert_true(*nic == 0 || *nic == n);
                *nic = n;
                if (endpoint->gpu < 0)
                    continue;
                size_t *gpu = &gpus[rank][endpoint->gpu];
                assert_true(*gpu == 0 || *gpu == n);
                *gpu = n;
            }
        }
    }
}

static void a_round_shares_neither_nic_nor_gpu(void **state)
{
    (void)state;
    /* Two GPUs beside four NICs, and host memory of each NIC. */
    struct row rows[24];
    size_t count = 0;
    for (uint32_t rank = 0; rank < 2; rank++)
        for (uint32_t nic = 0; nic < 4; nic++) {
            rows[count++] = (struct row){rank, nic, -1, true, true};
            rows[count++] = (struct row){rank, nic, (int)nic / 2, true, true};
            rows[count++] = (struct row){rank, nic, (int)nic % 2, true, true};
        }
    struct mcb_settings settings = plain_settings();
    for (size_t ranks = 1; ranks <= 2; ranks++) {
        struct hosts hosts;
        make_hosts(&hosts, rows, ranks * 12, ranks);
        struct mcb_plan plan = plan_of_lists(&settings, hosts.lists, ranks);
        assert_int_equal(plan.path_count, ranks == 1 ? 144 : 288);
        expect_nothing_shared(&plan, &hosts);
        mcb_plan_release(&plan);
    }
}

static void nics_of_one_gpu_wait_for_each_other(void **state)
{
    (void)state;
    static const struct row rows[] = {{0, 0, 0, 1, 1}, {0, 1, 0, 1, 1}};
    struct mcb_settings settings = plain_settings();
    struct hosts hosts;
    make_hosts(&hosts, rows, 2, 1);
    struct mcb_plan plan = plan_of_lists(&settings, hosts.lists, 1);
    assert_int_equal(plan.path_count, 4);
    assert_int_equal(plan.path_rounds, 4);
    mcb_plan_release(&plan);
}

static void the_same_numbers_on_another_host_are_other_nics_and_gpus(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {0, 0, 0, 1, 1}, {1, 0, 0, 1, 1}, {2, 0, 0, 1, 1}, {3, 0, 0, 1, 1}};
    struct mcb_settings settings = plain_settings();
    struct hosts hosts;
    make_hosts(&hosts, rows, 4, 4);
    struct mcb_plan plan = plan_of_lists(&settings, hosts.lists, 4);
    assert_int_equal(plan.path_count, 12);
    assert_int_equal(plan.path_rounds, 6);
    mcb_plan_release(&plan);
}

static void two_memories_of_one_nic_take_the_fewest_rounds(void **state)
{
    (void)state;
    /* Eight NICs with a GPU and host memory each: a NIC has 8 x 7 x 4 / 4 + 4 paths. */
    struct row rows[16];
    for (uint32_t i = 0; i < 16; i++)
        rows[i] = (struct row){0, i / 2, i % 2 ? (int)i / 2 : -1, true, true};
    struct mcb_settings settings = plain_settings();
    struct hosts hosts;
    make_hosts(&hosts, rows, 16, 1);
    struct mcb_plan plan = plan_of_lists(&settings, hosts.lists, 1);
    assert_int_equal(plan.path_count, 256);
    assert_int_equal(plan.path_rounds, 60);
    expect_nothing_shared(&plan, &hosts);
    mcb_plan_release(&plan);
}

static void paths_go_from_initiators_to_targets(void **state)
{
    (void)state;
    static const struct row rows[] = {{0, 0, -1, 0, 1}, {0, 0, 0, 1, 0},  {0, 1, -1, 0, 1},
                                      {0, 1, 1, 1, 0},  {1, 0, -1, 0, 1}, {1, 0, 0, 1, 0}};
    struct mcb_settings settings = plain_settings();
    struct hosts hosts;
    make_hosts(&hosts, rows, 6, 2);
    struct mcb_plan plan = plan_of_lists(&settings, hosts.lists, 2);
    assert_int_equal(plan.path_count, 4);
    assert_true(has_path(&plan, 1, 4) && has_path(&plan, 3, 4));
    assert_true(has_path(&plan, 5, 0) && has_path(&plan, 5, 2));
    mcb_plan_release(&plan);
}

static void rail_counts_initiators_and_targets_each_for_themselves(void **state)
{
    (void)state;
    static const struct row rows[] = {{0, 0, -1, 0, 1}, {0, 0, 0, 1, 0},  {0, 1, -1, 0, 1},
                                      {0, 1, 1, 1, 0},  {1, 0, -1, 0, 1}, {1, 1, -1, 0, 1},
                                      {1, 0, 0, 1, 0},  {1, 1, 1, 1, 0}};
    struct mcb_settings settings = plain_settings();
    settings.pairs = MCB_PAIRS_RAIL;
    struct hosts hosts;
    make_hosts(&hosts, rows, 8, 2);
    struct mcb_plan plan = plan_of_lists(&settings, hosts.lists, 2);
    assert_int_equal(plan.path_count, 4);
    assert_int_equal(plan.path_rounds, 2);
    assert_true(has_path(&plan, 1, 4) && has_path(&plan, 3, 5));
    assert_true(has_path(&plan, 6, 0) && has_path(&plan, 7, 2));
    mcb_plan_release(&plan);
}

static void ring_alone_has_a_path_from_every_initiator(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {0, 0, -1, 0, 1}, {0, 0, 0, 1, 0}, {0, 1, -1, 0, 1}, {0, 1, 1, 1, 0}, {0, 1, 2, 1, 0}};
    struct mcb_settings settings = plain_settings();
    settings.pairs = MCB_PAIRS_RING;
    struct hosts hosts;
    make_hosts(&hosts, rows, 5, 1);
    struct mcb_plan plan = plan_of_lists(&settings, hosts.lists, 1);
    assert_int_equal(plan.path_count, 3);
    assert_true(has_path(&plan, 1, 2) && has_path(&plan, 3, 0) && has_path(&plan, 4, 2));
    mcb_plan_release(&plan);
}

static void affinity_leads_to_the_one_target_of_the_next_rank(void **state)
{
    (void)state;
    static const struct row rows[] = {{0, 0, -1, 0, 1}, {0, 0, 0, 1, 0}, {0, 1, 0, 1, 0},
                                      {1, 0, -1, 0, 1}, {1, 0, 0, 1, 0}, {2, 0, -1, 0, 1}};
    struct mcb_settings settings = plain_settings();
    settings.pairs = MCB_PAIRS_AFFINITY;
    struct hosts hosts;
    make_hosts(&hosts, rows, 6, 3);
    struct mcb_plan plan = plan_of_lists(&settings, hosts.lists, 3);
    assert_int_equal(plan.path_count, 3);
    assert_true(has_path(&plan, 1, 3) && has_path(&plan, 2, 3) && has_path(&plan, 4, 5));
    mcb_plan_release(&plan);

    make_hosts(&hosts, rows, 3, 1);
    plan = plan_of_lists(&settings, hosts.lists, 1);
    assert_int_equal(plan.path_count, 2);
    assert_true(has_path(&plan, 1, 0) && has_path(&plan, 2, 0));
    assert_int_equal(plan.path_rounds, 2); /* all share the target's NIC */
    mcb_plan_release(&plan);
}

static struct mcb_settings compared_settings(void)
{
    struct mcb_settings settings = plain_settings();
    for (int route = 0; route < MCB_ROUTES; route++)
        settings.routes[route] = (enum mcb_route)route;
    settings.route_count = MCB_ROUTES;
    return settings;
}

static void routes_follow_each_other_within_an_ordering(void **state)
{
    (void)state;
    static const struct row rows[] = {{0, 0, 0, 1, 1}, {0, 1, 1, 1, 1}};
    struct mcb_settings settings = compared_settings();
    settings.orderings[1] = MCB_ORDERING_ON;
    settings.ordering_count = 2;
    struct hosts hosts;
    make_hosts(&hosts, rows, 2, 1);
    struct mcb_plan plan = plan_of_lists(&settings, hosts.lists, 1);
    assert_int_equal(plan.settings_count, 6);
    assert_int_equal(plan.path_rounds, 3);
    assert_int_equal(plan.round_count, 18);
    assert_int_equal(plan.cell_count, 24);
    for (size_t r = 0; r < plan.round_count; r++) {
        const struct mcb_cell_settings *cell = &plan.settings[plan.rounds[r].settings];
        assert_int_equal(cell->route, r % 3);
        assert_int_equal(cell->ordering, settings.orderings[r / 3 % 2]);
        assert_int_equal(plan.rounds[r].first_path, plan.rounds[r / 6 * 6].first_path);
    }
    mcb_plan_release(&plan);
}

static void between_host_memories_the_direct_route_is_the_only_one(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {0, 0, -1, 1, 1}, {0, 0, 0, 1, 1}, {0, 1, -1, 1, 1}, {0, 1, 1, 1, 1}};
    struct mcb_settings settings = compared_settings();
    settings.orderings[1] = MCB_ORDERING_ON;
    settings.ordering_count = 2;
    struct hosts hosts;
    make_hosts(&hosts, rows, 4, 1);
    for (int direct = 1; direct >= 0; direct--) {
        struct mcb_plan plan = plan_of_lists(&settings, hosts.lists, 1);
        size_t cells[2][MCB_ROUTES] = {{0}}; /* by GPU and route */
        assert_int_equal(plan.settings_count, 6);
        for (size_t r = 0; r < plan.round_count; r++) {
            const struct mcb_round *round = &plan.rounds[r];
            assert_true(round->path_count > 0);
            for (size_t n = 0; n < round->path_count; n++) {
                struct mcb_path path = plan.paths[round->first_path + n];
                bool gpu = path.initiator % 2 == 1 || path.target % 2 == 1;
                cells[gpu][plan.settings[round->settings].route]++;
            }
        }
        assert_int_equal(plan.path_count, 16);
        assert_int_equal(cells[0][MCB_ROUTE_DIRECT], 8);
        assert_int_equal(cells[0][MCB_ROUTE_STAGED] + cells[0][MCB_ROUTE_HOST], 0);
        assert_int_equal(cells[1][MCB_ROUTE_DIRECT], direct ? 24 : 0);
        assert_int_equal(cells[1][MCB_ROUTE_STAGED], 24);
        assert_int_equal(cells[1][MCB_ROUTE_HOST], 24);
        assert_int_equal(plan.cell_count, direct ? 80 : 56);
        mcb_plan_release(&plan);

        settings.routes[0] = MCB_ROUTE_STAGED; /* where the transport reaches no GPU */
        settings.routes[1] = MCB_ROUTE_HOST;
        settings.route_count = 2;
    }
}

static void a_route_that_no_path_takes_is_no_setting(void **state)
{
    (void)state;
    static const struct row host[] = {{0, 0, -1, 1, 1}}, gpu[] = {{0, 0, 0, 1, 1}};
    struct mcb_settings settings = compared_settings();
    struct hosts hosts;
    make_hosts(&hosts, host, 1, 1);
    struct mcb_plan plan = plan_of_lists(&settings, hosts.lists, 1);
    assert_int_equal(plan.settings_count, 1);
    assert_int_equal(plan.settings[0].route, MCB_ROUTE_DIRECT);
    mcb_plan_release(&plan);

    settings.routes[0] = MCB_ROUTE_STAGED;
    settings.route_count = 1;
    make_hosts(&hosts, gpu, 1, 1);
    plan = plan_of_lists(&settings, hosts.lists, 1);
    assert_int_equal(plan.settings_count, 1);
    assert_int_equal(plan.settings[0].route, MCB_ROUTE_STAGED);
    assert_int_equal(plan.round_count, 1);
    mcb_plan_release(&plan);
}

static void the_same_input_gives_the_same_plan(void **state)
{
    (void)state;
    struct mcb_settings settings = plain_settings();
    const uint32_t endpoints_of[] = {3, 5, 4};
    struct mcb_plan first = plan_of(&settings, endpoints_of, 3);
    struct mcb_plan second = plan_of(&settings, endpoints_of, 3);
    assert_int_equal(first.path_count, second.path_count);
    assert_int_equal(first.round_count, second.round_count);
    assert_memory_equal(first.paths, second.paths, first.path_count * sizeof *first.paths);
    for (size_t r = 0; r < first.round_count; r++) {
        assert_int_equal(first.rounds[r].first_path, second.rounds[r].first_path);
        assert_int_equal(first.rounds[r].settings, second.rounds[r].settings);
    }
    mcb_plan_release(&first);
    mcb_plan_release(&second);
}

static void expect_no_plan_of_lists(const struct mcb_settings *settings,
                                    const struct mcb_endpoint_list *lists, size_t ranks,
                                    const char *why)
{
    struct mcb_plan plan = {.path_count = 99};
    struct mcb_error error = {0};
    assert_int_equal(mcb_plan_make(settings, lists, ranks, &plan, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_USE_VALUE);
    if (!strstr(error.detail, why))
        fail_msg("'%s' is not in '%s'", why, error.detail);
    assert_int_equal(plan.path_count, 99);
}

static void expect_no_plan(enum mcb_pairs pairs, const uint32_t *endpoints_of, size_t ranks,
                           const char *why)
{
    struct mcb_settings settings = plain_settings();
    struct mcb_endpoint_list *lists = lists_of(endpoints_of, ranks);
    settings.pairs = pairs;
    expect_no_plan_of_lists(&settings, lists, ranks, why);
    release_lists(lists, ranks);
}

static void a_plan_without_a_gpu_says_what_to_do(void **state)
{
    (void)state;
    static const struct row host[] = {{0, 0, -1, 1, 0}, {1, 0, -1, 1, 0}};
    struct mcb_settings settings = plain_settings();
    struct hosts hosts;
    settings.memories[0].gpu = true;
    make_hosts(&hosts, NULL, 0, 2);
    expect_no_plan_of_lists(&settings, hosts.lists, 2,
                            "--memory: no rank has such a GPU and a NIC: nothing can be an "
                            "initiator; mcbench topo shows the GPUs, mcbench cpu measures");
    settings.memories[0].gpu = false;
    settings.peer_memories[0] = (struct mcb_memory_choice){.gpu = true, .number = 7};
    settings.peer_memory_count = 1;
    make_hosts(&hosts, host, 2, 2);
    expect_no_plan_of_lists(&settings, hosts.lists, 2,
                            "--peer-memory: no rank has such a GPU and a NIC: nothing can be a "
                            "target; mcbench topo shows the GPUs, --peer-memory cpu measures");
    settings.memories[1].gpu = true; /* of both kinds: without a NIC only there is none of it */
    settings.memory_count = 2;
    make_hosts(&hosts, NULL, 0, 2);
    expect_no_plan_of_lists(&settings, hosts.lists, 2, "no rank has a NIC: there is no path");
}

static void a_plan_without_paths_says_why(void **state)
{
    (void)state;
    expect_no_plan(MCB_PAIRS_ALL, (uint32_t[]){0, 0}, 2, "no rank has a NIC");
    expect_no_plan(MCB_PAIRS_ALL, (uint32_t[]){4, 0}, 2, "only one of the hosts");
    expect_no_plan(MCB_PAIRS_RAIL, (uint32_t[]){4, 0}, 2, "--pairs rail");
    expect_no_plan(MCB_PAIRS_AFFINITY, (uint32_t[]){1, 0}, 2, "--pairs affinity: no host with");
    expect_no_plan(MCB_PAIRS_AFFINITY, (uint32_t[]){0, 0}, 2, "no rank has a NIC");
    expect_no_plan(MCB_PAIRS_RING, (uint32_t[]){0, 2}, 2, "--pairs ring");
}

static void a_plan_too_large_is_refused(void **state)
{
    (void)state;
    expect_no_plan(MCB_PAIRS_ALL, (uint32_t[]){4097}, 1,
                   "4097 endpoints (memories x NICs): more than");
    expect_no_plan(MCB_PAIRS_RING, (uint32_t[]){UINT32_MAX, UINT32_MAX}, 2, "more than can be");
}

static void measures_then_operations_then_sizes_then_rounds_then_orderings(void **state)
{
    (void)state;
    struct mcb_settings settings = plain_settings();
    settings.measures[1] = MCB_MEASURE_LATENCY;
    settings.measure_count = 2;
    settings.operations[1] = MCB_OPERATION_SEND;
    settings.operation_count = 2;
    settings.size_given = true;
    settings.sizes[0] = 4096;
    settings.sizes[1] = 64;
    settings.size_count = 2;
    settings.orderings[1] = MCB_ORDERING_ON;
    settings.ordering_count = 2;
    struct mcb_plan plan = plan_of(&settings, (uint32_t[]){2}, 1);
    assert_int_equal(plan.settings_count, 16);
    assert_int_equal(plan.path_rounds, 3);
    assert_int_equal(plan.round_count, 48);
    assert_int_equal(plan.cell_count, 64);
    for (size_t r = 0; r < plan.round_count; r++) {
        const struct mcb_cell_settings *cell = &plan.settings[plan.rounds[r].settings];
        assert_int_equal(cell->ordering, settings.orderings[r % 2]);
        assert_int_equal(plan.rounds[r].first_path,
                         plan.rounds[r % 6].first_path); /* 3 rounds x 2 orderings */
        assert_int_equal(plan.rounds[r].first_path, plan.rounds[r / 2 * 2].first_path);
        assert_int_equal(cell->size_bytes, settings.sizes[r / 6 % 2]);
        assert_int_equal(cell->operation, settings.operations[r / 12 % 2]);
        assert_int_equal(cell->measure, settings.measures[r / 24]);
    }
    assert_int_equal(plan.rounds[2].first_path, 1);
    mcb_plan_release(&plan);
}

static void each_measure_has_its_own_size_where_none_is_given(void **state)
{
    (void)state;
    struct mcb_settings settings = plain_settings();
    settings.measures[1] = MCB_MEASURE_LATENCY;
    settings.measure_count = 2;
    settings.sizes[0] = 1 << 20;
    settings.size_count = 1;
    struct mcb_plan plan = plan_of(&settings, (uint32_t[]){1}, 1);
    assert_int_equal(plan.settings_count, 2);
    assert_int_equal(plan.settings[0].size_bytes, 64 << 10);
    assert_int_equal(plan.settings[1].size_bytes, 8);
    mcb_plan_release(&plan);
}

static struct mcb_cell_settings only_cell(const struct mcb_settings *settings)
{
    struct mcb_plan plan = plan_of(settings, (uint32_t[]){1}, 1);
    assert_int_equal(plan.settings_count, 1);
    struct mcb_cell_settings cell = plan.settings[0];
    mcb_plan_release(&plan);
    return cell;
}

static void latency_is_one_message_on_one_queue_pair_one_way(void **state)
{
    (void)state;
    struct mcb_settings settings = plain_settings();
    settings.measures[0] = MCB_MEASURE_LATENCY;
    settings.operations[0] = MCB_OPERATION_READ;
    settings.bidirectional = true;
    settings.depth_given = true;
    settings.qps = 4;
    settings.signal_every = 16;
    struct mcb_cell_settings cell = only_cell(&settings);
    assert_int_equal(cell.operation, MCB_OPERATION_READ);
    assert_int_equal(cell.qps, 1);
    assert_int_equal(cell.depth, 1);
    assert_int_equal(cell.signal_every, 1);
    assert_false(cell.bidirectional);
}

static void bandwidth_of_every_operation_can_be_bidirectional(void **state)
{
    (void)state;
    for (int operation = 0; operation < MCB_OPERATIONS; operation++) {
        struct mcb_settings settings = plain_settings();
        settings.operations[0] = (enum mcb_operation)operation;
        settings.bidirectional = true;
        assert_true(only_cell(&settings).bidirectional);
    }
}

static void the_depth_shrinks_until_32_mib_hold_all_messages(void **state)
{
    (void)state;
    static const struct {
        uint64_t size_bytes;
        uint32_t qps, depth, expected;
    } cases[] = {
        {65536, 1, 128, 128},
        {262144, 1, 128, 128},
        {262145, 1, 128, 64},
        {1 << 20, 1, 128, 32},
        {1 << 20, 4, 128, 8},
        {16 << 20, 1, 128, 2},
        {UINT64_C(1) << 30, 1, 128, 2},
        {1, 1, 128, 128},
        {8, 1, 100, 64},
        {8, 1, 1, 2},
        {(1 << 20) - 63, 1, 128, 32},
    };
    for (size_t n = 0; n < sizeof cases / sizeof cases[0]; n++) {
        struct mcb_settings settings = plain_settings();
        settings.size_given = true;
        settings.size_count = 1;
        settings.sizes[0] = cases[n].size_bytes;
        settings.qps = cases[n].qps;
        settings.depth = cases[n].depth;
        assert_int_equal(only_cell(&settings).depth, cases[n].expected);
        settings.depth_given = true;
        assert_int_equal(only_cell(&settings).depth, cases[n].depth);
    }
}

static void signalling_is_left_to_the_transport_or_kept_within_the_depth(void **state)
{
    (void)state;
    struct mcb_settings settings = plain_settings();
    assert_int_equal(only_cell(&settings).signal_every, 0);
    settings.signal_every = 16;
    assert_int_equal(only_cell(&settings).signal_every, 16);
    settings.signal_every = 4096;
    assert_int_equal(only_cell(&settings).signal_every, 128);
}

static void only_small_writes_and_sends_are_inline(void **state)
{
    (void)state;
    static const struct {
        enum mcb_operation operation;
        uint64_t size_bytes;
        uint32_t expected;
    } cases[] = {{MCB_OPERATION_WRITE, 220, 220},
                 {MCB_OPERATION_SEND, 1, 220},
                 {MCB_OPERATION_WRITE, 221, 0},
                 {MCB_OPERATION_READ, 8, 0}};
    for (size_t n = 0; n < sizeof cases / sizeof cases[0]; n++) {
        struct mcb_settings settings = plain_settings();
        settings.inline_bytes = 220;
        settings.operations[0] = cases[n].operation;
        settings.size_given = true;
        settings.size_count = 1;
        settings.sizes[0] = cases[n].size_bytes;
        assert_int_equal(only_cell(&settings).inline_bytes, cases[n].expected);
    }
}

static void the_area_holds_the_most_that_any_cell_keeps_in_flight(void **state)
{
    (void)state;
    struct mcb_settings settings = plain_settings();
    settings.size_given = true;
    settings.sizes[0] = 100;
    settings.size_count = 1;
    settings.qps = 3;
    struct mcb_plan plan = plan_of(&settings, (uint32_t[]){1}, 1);
    assert_int_equal(mcb_plan_area_bytes(&plan), 128 * 128 * 3);
    mcb_plan_release(&plan);

    settings.sizes[1] = 64 << 20; /* depth 2 */
    settings.sizes[2] = 8;
    settings.size_count = 3;
    plan = plan_of(&settings, (uint32_t[]){1}, 1);
    assert_int_equal(mcb_plan_area_bytes(&plan), (size_t)(64 << 20) * 2 * 3);
    mcb_plan_release(&plan);
}

static void the_duration_is_rounds_of_warm_up_trials_and_overhead(void **state)
{
    (void)state;
    struct mcb_settings settings = plain_settings();
    struct mcb_plan plan = plan_of(&settings, (uint32_t[]){4}, 1);
    /* 60 ms + 100 ms + 3 x (1000 ms + 20 ms) = 3220 ms */
    assert_int_equal(mcb_plan_duration_ns(&plan, &settings), 7 * 3220 * MCB_NS_PER_MS);
    settings.trials = 1000;
    settings.duration_ns = INT64_C(3600) * MCB_NS_PER_S;
    plan.round_count = 10000000;
    assert_int_equal(mcb_plan_duration_ns(&plan, &settings), INT64_MAX);
    mcb_plan_release(&plan);
}

static void releasing_twice_is_harmless(void **state)
{
    (void)state;
    struct mcb_settings settings = plain_settings();
    struct mcb_plan plan = plan_of(&settings, (uint32_t[]){2}, 1);
    mcb_plan_release(&plan);
    mcb_plan_release(&plan);
    assert_null(plan.paths);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_nics_alone_are_16_paths_in_7_rounds),
        cmocka_unit_test(alone_every_path_is_measured_once_in_the_fewest_rounds),
        cmocka_unit_test(between_ranks_every_path_is_measured_once),
        cmocka_unit_test(two_ranks_of_four_take_the_fewest_rounds),
        cmocka_unit_test(a_thousand_endpoints_are_planned),
        cmocka_unit_test(rail_keeps_equal_positions_of_different_hosts),
        cmocka_unit_test(rail_alone_is_every_endpoint_with_itself),
        cmocka_unit_test(ring_goes_to_the_next_rank),
        cmocka_unit_test(ring_alone_goes_to_the_next_endpoint),
        cmocka_unit_test(a_round_shares_neither_nic_nor_gpu),
        cmocka_unit_test(nics_of_one_gpu_wait_for_each_other),
        cmocka_unit_test(the_same_numbers_on_another_host_are_other_nics_and_gpus),
        cmocka_unit_test(two_memories_of_one_nic_take_the_fewest_rounds),
        cmocka_unit_test(paths_go_from_initiators_to_targets),
        cmocka_unit_test(rail_counts_initiators_and_targets_each_for_themselves),
        cmocka_unit_test(ring_alone_has_a_path_from_every_initiator),
        cmocka_unit_test(affinity_leads_to_the_one_target_of_the_next_rank),
        cmocka_unit_test(routes_follow_each_other_within_an_ordering),
        cmocka_unit_test(between_host_memories_the_direct_route_is_the_only_one),
        cmocka_unit_test(a_route_that_no_path_takes_is_no_setting),
        cmocka_unit_test(the_same_input_gives_the_same_plan),
        cmocka_unit_test(a_plan_without_a_gpu_says_what_to_do),
        cmocka_unit_test(a_plan_without_paths_says_why),
        cmocka_unit_test(a_plan_too_large_is_refused),
        cmocka_unit_test(measures_then_operations_then_sizes_then_rounds_then_orderings),
        cmocka_unit_test(each_measure_has_its_own_size_where_none_is_given),
        cmocka_unit_test(latency_is_one_message_on_one_queue_pair_one_way),
        cmocka_unit_test(bandwidth_of_every_operation_can_be_bidirectional),
        cmocka_unit_test(the_depth_shrinks_until_32_mib_hold_all_messages),
        cmocka_unit_test(signalling_is_left_to_the_transport_or_kept_within_the_depth),
        cmocka_unit_test(only_small_writes_and_sends_are_inline),
        cmocka_unit_test(the_area_holds_the_most_that_any_cell_keeps_in_flight),
        cmocka_unit_test(the_duration_is_rounds_of_warm_up_trials_and_overhead),
        cmocka_unit_test(releasing_twice_is_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
