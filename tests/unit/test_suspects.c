/* SPDX-License-Identifier: Apache-2.0 */
/* What the cells of a result say together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "bench/report/slow.h"
#include "bench/report/suspects.h"
#include "tests/unit/result_helper.h"

enum { NICS = 4 };

static const char *const nic_names[] = {"mlx5_0", "mlx5_1", "mlx5_2", "mlx5_3",
                                        "mlx5_4", "mlx5_5", "mlx5_6", "mlx5_7"};

static json_t *host_of(const char *name)
{
    json_t *host = result_host(), *nics = json_array();
    for (int i = 0; i < NICS; i++)
        json_array_append_new(nics, json_pack("{s:s, s:i}", "name", nic_names[i], "port", 1));
    json_object_set_new(host, "host", json_string(name));
    json_object_set_new(host, "nics", nics);
    return host;
}

static json_t *of_hosts(size_t count)
{
    json_t *document = result_document(), *hosts = json_array();
    json_array_append_new(hosts, host_of("n1"));
    if (count > 1)
        json_array_append_new(hosts, host_of("n2"));
    json_object_set_new(document, "hosts", hosts);
    return document;
}

/* All pairs of n1's NICs at 388 of 392 Gbit/s. */
static json_t *healthy(void)
{
    json_t *document = of_hosts(1);
    for (int from = 0; from < NICS; from++)
        for (int to = 0; to < NICS; to++) {
            json_t *cell = result_bandwidth("n1", nic_names[from], "n1", nic_names[to], 388);
            result_set_ceiling(cell, 392, "link", "both");
            result_append(document, cell);
        }
    return document;
}

static json_t *cell_of(json_t *document, size_t i)
{
    return json_array_get(json_object_get(document, "cells"), i);
}

static void set_bandwidth(json_t *cell, double median, double half)
{
    json_object_set_new(cell, "bandwidth_gbps",
                        json_pack("{s:f, s:f, s:f, s:[f]}", "median", median, "low", median - half,
                                  "high", median + half, "trials", median));
}

static void set_counters(json_t *cell, const char *role, const char *name, int before, int after)
{
    json_object_set_new(
        cell, "counters",
        json_pack("{s:{s:{s:i, s:i}}}", role, name, "before", before, "after", after));
}

/* Takes the document. */
static struct mcb_suspects suspects_of(json_t *document)
{
    struct mcb_suspects suspects;
    struct mcb_error error;
    if (mcb_suspects_make(document, &suspects, &error) != 0)
        fail_msg("%s", error.detail);
    json_decref(document);
    return suspects;
}

static void assert_says(const struct mcb_suspect *suspect, const char *text)
{
    if (!strstr(suspect->error.detail, text))
        fail_msg("\"%s\" is not in: %s", text, suspect->error.detail);
}

static void assert_none(json_t *document)
{
    struct mcb_suspects suspects = suspects_of(document);
    if (suspects.count > 0)
        fail_msg("%s", suspects.list[0].error.detail);
    mcb_suspects_release(&suspects);
}

static void a_healthy_matrix_has_no_finding(void **state)
{
    (void)state;
    assert_none(result_document());
    assert_none(healthy());
}

static void a_path_far_below_its_ceiling_is_found_with_its_counters(void **state)
{
    (void)state;
    json_t *document = healthy();
    set_bandwidth(cell_of(document, 6), 201.3, 9); /* mlx5_1 to mlx5_2 */
    set_counters(cell_of(document, 6), "target", "port_rcv_errors", 10, 1214);
    struct mcb_suspects suspects = suspects_of(document);
    assert_int_equal(suspects.count, 1);
    assert_int_equal(suspects.list[0].error.code, MCB_FAULT_PERF_PATH);
    assert_int_equal(suspects.list[0].cell_count, 1);
    assert_int_equal(suspects.list[0].cells[0], 6);
    assert_says(&suspects.list[0], "n1/mlx5_1 → n1/mlx5_2: 201.3 Gbit/s, 51 % of its ceiling");
    assert_says(&suspects.list[0], "the 11 other paths of either NIC at 388.0 Gbit/s");
    assert_says(&suspects.list[0], "at least 99 % of their ceilings");
    assert_says(&suspects.list[0], "port_rcv_errors +1204 on n1/mlx5_2");
    mcb_suspects_release(&suspects);
}

static void that_no_counter_rose_is_said_where_they_were_read(void **state)
{
    (void)state;
    json_t *document = healthy();
    set_bandwidth(cell_of(document, 6), 201.3, 9);
    json_object_set_new(cell_of(document, 6), "counters", json_pack("{s:{}}", "target"));
    struct mcb_suspects suspects = suspects_of(document);
    assert_says(&suspects.list[0], "no error counter rose");
    mcb_suspects_release(&suspects);
}

/* Its interval reaches what is enough. */
static void a_path_that_is_only_noisy_is_none(void **state)
{
    (void)state;
    json_t *document = healthy();
    set_bandwidth(cell_of(document, 6), 300, 20);
    assert_none(document);
}

static void slow_paths_of_one_nic_are_one_finding(void **state)
{
    (void)state;
    json_t *document = healthy();
    for (size_t to = 0; to < NICS; to++) {
        set_bandwidth(cell_of(document, 2 * NICS + to), 190 + (double)to, 1);
        set_bandwidth(cell_of(document, NICS * to + 2), 190 + (double)to, 1);
    }
    struct mcb_suspects suspects = suspects_of(document);
    assert_int_equal(suspects.count, 1);
    assert_int_equal(suspects.list[0].cell_count, 2 * NICS - 1);
    assert_says(&suspects.list[0], "7 paths of n1/mlx5_2 are slow; the worst, ");
    mcb_suspects_release(&suspects);
}

static void a_matrix_that_is_slow_as_a_whole_is_found_where_messages_are_large(void **state)
{
    (void)state;
    for (int small = 0; small < 2; small++) {
        json_t *document = healthy();
        for (size_t i = 0; i < (size_t)NICS * NICS; i++) {
            set_bandwidth(cell_of(document, i), 180, 2);
            json_object_set_new(cell_of(document, i), "size_bytes",
                                json_integer(small ? 4096 : 65536));
            json_object_set_new(cell_of(document, i), "depth", json_integer(1024));
        }
        struct mcb_suspects suspects = suspects_of(document);
        assert_int_equal(suspects.count, small ? 0 : 1);
        if (!small)
            assert_int_equal(suspects.list[0].cell_count, NICS * NICS);
        mcb_suspects_release(&suspects);
    }
}

/* One direction of a NIC: half of its paths. */
static void a_nic_that_is_slow_in_one_direction_is_one_finding(void **state)
{
    (void)state;
    for (int sends = 0; sends < 2; sends++) {
        json_t *document = healthy();
        for (size_t i = 0; i < NICS; i++)
            set_bandwidth(cell_of(document, sends ? 2 * NICS + i : NICS * i + 2), 190, 1);
        struct mcb_suspects suspects = suspects_of(document);
        assert_int_equal(suspects.count, 1);
        assert_int_equal(suspects.list[0].cell_count, NICS);
        assert_says(&suspects.list[0],
                    sends ? "4 paths from n1/mlx5_2 are slow" : "4 paths to n1/mlx5_2 are slow");
        assert_says(&suspects.list[0], "the 3 other paths of this NIC at 388.0 Gbit/s");
        mcb_suspects_release(&suspects);
    }
}

/* Of a NIC on the far socket, say. */
static void small_messages_of_which_some_are_a_little_slower_are_none(void **state)
{
    (void)state;
    json_t *document = healthy();
    for (size_t i = 0; i < (size_t)NICS * NICS; i++) {
        bool far = i % NICS == 2;
        set_bandwidth(cell_of(document, i), far ? 86 : 100, 0.5);
        json_object_set_new(cell_of(document, i), "size_bytes", json_integer(4096));
    }
    set_bandwidth(cell_of(document, 5), 101, 0.5);
    assert_none(json_deep_copy(document));
    set_bandwidth(cell_of(document, 5), 30, 0.5);
    struct mcb_suspects suspects = suspects_of(document);
    assert_int_equal(suspects.count, 1);
    assert_int_equal(suspects.list[0].cells[0], 5);
    assert_says(&suspects.list[0], "8 % of its ceiling, where the median of 16 paths is 26 %");
    mcb_suspects_release(&suspects);
}

static void paths_of_different_ceilings_are_compared_by_their_parts_of_it(void **state)
{
    (void)state;
    for (int small = 0; small < 2; small++) {
        json_t *document = healthy();
        for (size_t i = 0; i < (size_t)NICS * NICS; i++) {
            bool fast = i == 6;
            set_bandwidth(cell_of(document, i), fast ? 104 : 24.5, 0.1);
            result_set_ceiling(cell_of(document, i), fast ? 400 : 25, "link", "both");
            if (small)
                json_object_set_new(cell_of(document, i), "size_bytes", json_integer(4096));
        }
        struct mcb_suspects suspects = suspects_of(document);
        assert_int_equal(suspects.count, 1);
        assert_int_equal(suspects.list[0].cells[0], 6);
        assert_says(&suspects.list[0], "104.0 Gbit/s, 26 % of its ceiling");
        mcb_suspects_release(&suspects);
    }
}

static void errors_are_told_before_what_rose_more_by_waiting(void **state)
{
    (void)state;
    json_t *document = healthy();
    set_bandwidth(cell_of(document, 6), 201.3, 9);
    json_object_set_new(cell_of(document, 6), "counters",
                        json_pack("{s:{s:{s:i, s:i}, s:{s:i, s:i}, s:{s:i, s:i}, s:{s:i, s:i}}}",
                                  "target", "port_xmit_wait", "before", 0, "after", 900000,
                                  "np_cnp_sent", "before", 0, "after", 5000, "rx_pause_ctrl_phy",
                                  "before", 0, "after", 7000, "symbol_error", "before", 4, "after",
                                  7));
    struct mcb_suspects suspects = suspects_of(document);
    assert_says(&suspects.list[0],
                "; symbol_error +3 on n1/mlx5_2, rx_pause_ctrl_phy +7000 on n1/mlx5_2, "
                "np_cnp_sent +5000 on n1/mlx5_2");
    assert_null(strstr(suspects.list[0].error.detail, "port_xmit_wait"));
    mcb_suspects_release(&suspects);
}

/* ---- where figures scatter ---- */

/* Normal deviates, the same at every run. */
static double deviate(uint64_t *seed)
{
    double sum = -6;
    for (int i = 0; i < 12; i++) {
        *seed = *seed * 6364136223846793005u + 1442695040888963407u;
        sum += (double)(*seed >> 11) / 9007199254740992.0;
    }
    return sum;
}

static json_t *scattered(double sigma, uint64_t *seed)
{
    json_t *document = result_document();
    for (int from = 0; from < 8; from++)
        for (int to = 0; to < 8; to++) {
            double median = 10 * exp(sigma * deviate(seed));
            json_t *cell = result_bandwidth("n1", nic_names[from], "n1", nic_names[to], median);
            set_bandwidth(cell, median, 0.02 * median);
            result_append(document, cell);
        }
    return document;
}

static void an_even_matrix_is_never_suspect_however_noisy(void **state)
{
    (void)state;
    static const double sigmas[] = {0, 0.05, 0.2, 0.4, 0.8};
    uint64_t seed = 1;
    for (size_t i = 0; i < sizeof sigmas / sizeof *sigmas; i++)
        for (int round = 0; round < 20; round++)
            assert_none(scattered(sigmas[i], &seed));
}

static void set_small_ceiling(json_t *cell, double ceiling, int size)
{
    result_set_ceiling(cell, ceiling, "link", "both");
    json_object_set_new(cell, "size_bytes", json_integer(size));
}

/* Small messages far below their ceiling, by whatever the CPU has left. */
static void nor_is_one_of_small_messages_with_ceilings(void **state)
{
    (void)state;
    static const double sigmas[] = {0, 0.05, 0.2, 0.4, 0.8};
    uint64_t seed = 3;
    for (size_t i = 0; i < sizeof sigmas / sizeof *sigmas; i++)
        for (int round = 0; round < 20; round++) {
            json_t *document = scattered(sigmas[i], &seed);
            for (size_t k = 0; k < 64; k++)
                set_small_ceiling(cell_of(document, k), 40, 4096);
            assert_none(document);
        }
}

/* Large ones, which reach most of it. */
static void nor_is_one_that_scatters_below_its_ceilings(void **state)
{
    (void)state;
    static const double sigmas[] = {0, 0.02, 0.05, 0.1};
    uint64_t seed = 5;
    for (size_t i = 0; i < sizeof sigmas / sizeof *sigmas; i++)
        for (int round = 0; round < 20; round++) {
            json_t *document = scattered(sigmas[i], &seed);
            for (size_t k = 0; k < 64; k++)
                set_small_ceiling(cell_of(document, k), 11, 65536);
            assert_none(document);
        }
}

static void an_outlier_of_a_software_matrix_is_found(void **state)
{
    (void)state;
    uint64_t seed = 7;
    json_t *document = scattered(0.1, &seed);
    set_bandwidth(cell_of(document, 11), 2, 0.5);
    struct mcb_suspects suspects = suspects_of(document);
    assert_int_equal(suspects.count, 1);
    assert_int_equal(suspects.list[0].cells[0], 11);
    assert_says(&suspects.list[0], "of the median of 64 paths");
    mcb_suspects_release(&suspects);
}

static void few_paths_have_no_outlier(void **state)
{
    (void)state;
    json_t *document = result_document();
    for (int i = 0; i < 7; i++)
        result_append(document, result_bandwidth("n1", "mlx5_0", "n1", nic_names[i], i ? 10 : 2));
    assert_none(document);
}

static void a_late_path_is_found_by_its_fastest_sample(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        json_t *document = result_document();
        for (int i = 0; i < 16; i++) {
            double p50 = i == 5 ? 9 : 3;
            json_t *cell = result_latency(nic_names[i / 4], nic_names[i % 4], p50);
            if (i == 5)
                json_object_set_new(json_object_get(cell, "latency_us"), "min",
                                    json_real(late ? 8 : 2));
            result_append(document, cell);
        }
        struct mcb_suspects suspects = suspects_of(document);
        assert_int_equal(suspects.count, late);
        mcb_suspects_release(&suspects);
    }
}

/* ---- what failed ---- */

static json_t *between(const char *from, const char *to, const char *id)
{
    json_t *cell = result_failed(from, to, "failed", id, "no answer");
    json_object_set_new(json_object_get(cell, "target"), "host", json_string("n2"));
    return cell;
}

static json_t *rails(bool one_works, const char *id)
{
    json_t *document = of_hosts(2);
    for (int from = 0; from < NICS; from++)
        for (int to = 0; to < NICS; to++)
            result_append(document,
                          from == to || (one_works && to == 3)
                              ? result_bandwidth("n1", nic_names[from], "n2", nic_names[to], 380)
                              : between(nic_names[from], nic_names[to], id));
    return document;
}

static void rails_that_do_not_meet_are_named_before_their_retries(void **state)
{
    (void)state;
    struct mcb_suspects suspects = suspects_of(rails(false, "MCB-RDMA-013"));
    assert_int_equal(suspects.count, 1);
    assert_int_equal(suspects.list[0].error.code, MCB_FAULT_RDMA_RAIL);
    assert_int_equal(suspects.list[0].cell_count, NICS * (NICS - 1));
    assert_says(&suspects.list[0], "all 12 paths between NICs of different rails fail, all 4 ");
    mcb_suspects_release(&suspects);
}

static void it_is_no_matter_of_rails_where_one_crosses_or_fails_otherwise(void **state)
{
    (void)state;
    struct mcb_suspects crossed = suspects_of(rails(true, "MCB-RDMA-013"));
    assert_int_equal(crossed.count, 1);
    assert_int_equal(crossed.list[0].error.code, MCB_FAULT_RDMA_RETRY);
    mcb_suspects_release(&crossed);
    struct mcb_suspects refused = suspects_of(rails(false, "MCB-GPU-007"));
    assert_int_equal(refused.list[0].error.code, MCB_FAULT_GPU_REGISTER);
    mcb_suspects_release(&refused);
}

/* What fails is between NICs of one host: each reaches itself, which proves nothing. */
static void it_is_no_matter_of_rails_on_one_host(void **state)
{
    (void)state;
    json_t *document = of_hosts(1);
    for (int from = 0; from < NICS; from++)
        for (int to = 0; to < NICS; to++)
            result_append(document, from == to ? result_bandwidth("n1", nic_names[from], "n1",
                                                                  nic_names[to], 380)
                                               : result_failed(nic_names[from], nic_names[to],
                                                               "failed", "MCB-RDMA-013", "x"));
    struct mcb_suspects suspects = suspects_of(document);
    assert_int_equal(suspects.count, 1);
    assert_int_equal(suspects.list[0].error.code, MCB_FAULT_RDMA_RETRY);
    mcb_suspects_release(&suspects);
}

/* Neither one rail alone nor one that fails itself makes a network of rails. */
static void it_takes_two_rails_that_work(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        json_t *document = of_hosts(2);
        for (int from = 0; from < (kind ? NICS : 1); from++)
            for (int to = 0; to < NICS; to++)
                result_append(
                    document,
                    from == to && from < 3
                        ? result_bandwidth("n1", nic_names[from], "n2", nic_names[to], 380)
                        : between(nic_names[from], nic_names[to], "MCB-RDMA-013"));
        result_append(document, result_bandwidth("n2", nic_names[0], "n1", nic_names[0], 380));
        struct mcb_suspects suspects = suspects_of(document);
        assert_int_equal(suspects.count, kind ? 3 : 1); /* both ends of the dead rail */
        for (size_t i = 0; i < suspects.count; i++)
            assert_int_equal(suspects.list[i].error.code, MCB_FAULT_RDMA_RETRY);
        mcb_suspects_release(&suspects);
    }
}

/* ---- MTUs that differ ---- */

/* All paths of two hosts work, whose ports have these MTUs. */
static json_t *of_mtus(int here, int there, const char *cap)
{
    json_t *document = of_hosts(2);
    for (size_t i = 0; i < 2; i++) {
        json_t *host = json_array_get(json_object_get(document, "hosts"), i), *nic;
        size_t k;
        json_array_foreach(json_object_get(host, "nics"), k, nic)
        {
            json_object_set_new(nic, "active_mtu_bytes", json_integer(i ? there : here));
        }
    }
    if (cap)
        json_object_set_new(json_object_get(document, "settings"), "mtu",
                            json_pack("{s:s, s:s}", "value", cap, "from", "option"));
    for (int from = 0; from < 2; from++)
        for (int way = 0; way < 2; way++)
            result_append(document, result_bandwidth(way ? "n2" : "n1", nic_names[from],
                                                     way ? "n1" : "n2", nic_names[from], 380));
    return document;
}

static void ports_of_different_mtu_are_told_though_the_paths_work(void **state)
{
    (void)state;
    struct mcb_suspects suspects = suspects_of(of_mtus(4096, 1024, NULL));
    assert_int_equal(suspects.count, 1);
    assert_int_equal(suspects.list[0].error.code, MCB_FAULT_RDMA_MTU);
    assert_int_equal(suspects.list[0].cell_count, 4);
    assert_string_equal(suspects.list[0].error.detail,
                        "n1/mlx5_0 4096, n2/mlx5_0 1024: mcbench used 1024; Mooncake takes each "
                        "side's own: MC_MTU=1024 on both; the MTUs of 1 more pair of NICs differ");
    mcb_suspects_release(&suspects);
    suspects = suspects_of(of_mtus(4096, 1024, "2048"));
    assert_says(&suspects.list[0], "n1/mlx5_0 2048, n2/mlx5_0 1024: mcbench used 1024;");
    mcb_suspects_release(&suspects);
}

static void mtus_that_are_equal_capped_or_of_one_host_are_none(void **state)
{
    (void)state;
    assert_none(of_mtus(4096, 4096, NULL));
    assert_none(of_mtus(4096, 1024, "1024"));
    assert_none(of_mtus(4096, 0, NULL));
    json_t *document = healthy(), *hosts = json_object_get(document, "hosts");
    for (size_t i = 0; i < NICS; i++)
        json_object_set_new(json_array_get(json_object_get(json_array_get(hosts, 0), "nics"), i),
                            "active_mtu_bytes", json_integer(i ? 1024 : 4096));
    assert_none(document);
}

static void an_mtu_that_made_cells_fail_is_told_once(void **state)
{
    (void)state;
    json_t *document = of_mtus(4096, 1024, NULL);
    json_array_set_new(json_object_get(document, "cells"), 0,
                       between("mlx5_0", "mlx5_0", "MCB-RDMA-022"));
    struct mcb_suspects suspects = suspects_of(document);
    assert_int_equal(suspects.count, 1);
    assert_true(suspects.list[0].repeated);
    mcb_suspects_release(&suspects);
}

/* It works, so that it comes after whatever is slow, and hides nothing of it. */
static void a_path_of_different_mtus_may_be_slow_as_well(void **state)
{
    (void)state;
    json_t *document = of_mtus(4096, 1024, NULL);
    for (size_t i = 0; i < 4; i++)
        result_set_ceiling(cell_of(document, i), 392, "link", "both");
    set_bandwidth(cell_of(document, 2), 100, 1);
    struct mcb_suspects suspects = suspects_of(document);
    assert_int_equal(suspects.count, 2);
    assert_int_equal(suspects.list[0].error.code, MCB_FAULT_PERF_PATH);
    assert_int_equal(suspects.list[1].error.code, MCB_FAULT_RDMA_MTU);
    mcb_suspects_release(&suspects);
}

static void failures_with_a_nic_in_common_are_one_finding(void **state)
{
    (void)state;
    json_t *document = healthy(), *cells = json_object_get(document, "cells");
    for (size_t to = 0; to < NICS; to++)
        json_array_set_new(cells, NICS + to,
                           result_failed("mlx5_1", nic_names[to], "failed", "MCB-RDMA-022", "x"));
    json_array_set_new(cells, 0, result_failed("mlx5_0", "mlx5_0", "failed", "MCB-DATA-001", "y"));
    struct mcb_suspects suspects = suspects_of(document);
    assert_int_equal(suspects.count, 2);
    assert_int_equal(suspects.list[0].error.code, MCB_FAULT_RDMA_MTU);
    assert_says(&suspects.list[0], "4 of 16 cells fail in the same way, all of them with "
                                   "n1/mlx5_1, of which 3 other paths work");
    assert_int_equal(suspects.list[1].error.code, MCB_FAULT_DATA_CORRUPT);
    mcb_suspects_release(&suspects);
}

/* mlx5_1 in both directions, mlx5_3 where it receives. */
static void each_dead_nic_is_named_though_they_fail_in_the_same_way(void **state)
{
    (void)state;
    json_t *document = healthy(), *cells = json_object_get(document, "cells");
    for (size_t from = 0; from < NICS; from++)
        for (size_t to = 0; to < NICS; to++)
            if (from == 1 || to == 1 || (to == 3 && from != 3))
                json_array_set_new(
                    cells, NICS * from + to,
                    result_failed(nic_names[from], nic_names[to], "failed", "MCB-RDMA-013", "x"));
    struct mcb_suspects suspects = suspects_of(document);
    assert_int_equal(suspects.count, 2);
    assert_int_equal(suspects.list[0].cell_count, 7);
    assert_says(&suspects.list[0], "7 of 16 cells fail in the same way, all of them with "
                                   "n1/mlx5_1, of which no path works");
    assert_int_equal(suspects.list[1].cell_count, 2);
    assert_says(&suspects.list[1], "2 of 16 cells fail in the same way, all of them to "
                                   "n1/mlx5_3, of which 3 other paths work");
    mcb_suspects_release(&suspects);
}

static void where_nothing_works_it_is_no_matter_of_nics(void **state)
{
    (void)state;
    json_t *document = of_hosts(1);
    for (size_t i = 0; i < (size_t)NICS * NICS; i++)
        result_append(document, result_failed(nic_names[i / NICS], nic_names[i % NICS], "failed",
                                              "MCB-RDMA-013", "x"));
    struct mcb_suspects suspects = suspects_of(document);
    assert_int_equal(suspects.count, 1);
    assert_string_equal(suspects.list[0].error.detail,
                        "16 of 16 cells fail in the same way; the first: "
                        "n1/mlx5_0 → n1/mlx5_0");
    mcb_suspects_release(&suspects);
}

/* Which NIC the cells have in common says nothing of why a peer is gone. */
static void what_ended_the_run_is_no_finding(void **state)
{
    (void)state;
    json_t *document = healthy(), *cells = json_object_get(document, "cells");
    for (size_t to = 0; to < NICS; to++)
        json_array_set_new(cells, NICS + to,
                           result_failed("mlx5_1", nic_names[to], "failed", "MCB-JOB-001", "gone"));
    json_object_set(document, "fault", json_object_get(cell_of(document, NICS), "fault"));
    assert_none(json_deep_copy(document));
    json_object_set_new(document, "fault", json_null());
    struct mcb_suspects suspects = suspects_of(document);
    assert_int_equal(suspects.count, 1);
    mcb_suspects_release(&suspects);
}

/* ---- memory of GPUs ---- */

static json_t *gpu_cell(double median, const char *route, const char *memory, const char *ordering)
{
    json_t *cell = result_bandwidth("n1", "mlx5_0", "n1", "mlx5_1", median);
    result_set_route(cell, route, memory, memory);
    json_object_set_new(
        cell, "relaxed_ordering",
        json_pack("{s:s, s:s, s:s}", "requested", ordering, "effective", ordering, "reason", ""));
    return cell;
}

static json_t *gpu_document(double direct, double relaxed)
{
    json_t *document = of_hosts(1);
    json_t *host = json_array_get(json_object_get(document, "hosts"), 0);
    json_object_set_new(host, "gpus", json_pack("[o]", result_gpu("cuda:0", false)));
    result_append(document, gpu_cell(direct, "direct", "cuda:0", "off"));
    result_append(document, gpu_cell(relaxed, "direct", "cuda:0", "on"));
    result_append(document, gpu_cell(380, "host", "cpu:0", "off"));
    result_append(document, gpu_cell(380, "host", "cpu:0", "on"));
    return document;
}

static void gpu_memory_far_slower_than_the_hosts_is_found(void **state)
{
    (void)state;
    struct mcb_suspects suspects = suspects_of(gpu_document(120, 370));
    assert_int_equal(suspects.count, 1);
    assert_int_equal(suspects.list[0].error.code, MCB_FAULT_PERF_GPU);
    assert_int_equal(suspects.list[0].cell_count, 1);
    assert_says(&suspects.list[0], "n1/mlx5_0/cuda:0 → n1/mlx5_1/cuda:0: 120.0 Gbit/s, 32 % of the "
                                   "380.0 Gbit/s between host memories");
    assert_says(&suspects.list[0], "relaxed ordering off (effective off), with on 370.0 Gbit/s");
    assert_says(&suspects.list[0], "n1/mlx5_0/cuda:0 is at distance PIX");
    mcb_suspects_release(&suspects);
}

static void gpu_memory_nearly_as_fast_is_none(void **state)
{
    (void)state;
    assert_none(gpu_document(300, 370));
}

static void staging_counts_only_where_nothing_is_direct_on_hardware(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        json_t *document = of_hosts(1), *staged = gpu_cell(120, "staged", "cuda:0", "off");
        result_append(document, staged);
        result_append(document, gpu_cell(380, "host", "cpu:0", "off"));
        result_append(document, gpu_cell(500, "direct", "cpu:0", "off")); /* not the GPU's own */
        if (kind == 0)
            result_append(document, gpu_cell(370, "direct", "cuda:0", "off"));
        if (kind != 1)
            result_set_ceiling(staged, 130, "link", "both");
        struct mcb_suspects suspects = suspects_of(document);
        assert_int_equal(suspects.count, kind == 2);
        if (kind == 2)
            assert_says(&suspects.list[0], "through staging: 120.0 Gbit/s, 32 % of the 380.0");
        mcb_suspects_release(&suspects);
    }
}

/* ---- the document ---- */

static void only_cells_that_failed_or_are_slow_keep_their_counters(void **state)
{
    (void)state;
    json_t *document = healthy(), *cells = json_object_get(document, "cells");
    struct mcb_error error;
    json_array_set_new(cells, 3, result_failed("mlx5_0", "mlx5_3", "failed", "MCB-RDMA-013", "x"));
    set_bandwidth(cell_of(document, 6), 201.3, 9);
    for (size_t i = 0; i < (size_t)NICS * NICS; i++)
        set_counters(cell_of(document, i), "target", "port_rcv_errors", 1, 2);
    assert_int_equal(mcb_suspects_conclude(document, &error), 0);
    for (size_t i = 0; i < (size_t)NICS * NICS; i++)
        assert_int_equal(json_object_get(cell_of(document, i), "counters") != NULL,
                         i == 3 || i == 6);
    const json_t *finding = json_array_get(json_object_get(document, "findings"), 1);
    assert_string_equal(json_string_value(json_object_get(json_object_get(finding, "fault"), "id")),
                        "MCB-PERF-002");
    assert_int_equal(json_integer_value(json_array_get(json_object_get(finding, "cells"), 0)), 6);
    json_decref(document);
}

static void slow_is_a_fifth_below_the_ceiling_or_half_of_the_others(void **state)
{
    (void)state;
    struct mcb_slow_scale scale = {.without = {.median = 200, .count = 2}};
    json_t *cell = result_bandwidth("n1", "mlx5_0", "n1", "mlx5_1", 100);
    assert_false(mcb_slow_is(&scale, cell));
    scale.without.median = 201;
    assert_true(mcb_slow_is(&scale, cell));
    result_set_ceiling(cell, 124, "link", "both"); /* whatever others reach of theirs */
    assert_false(mcb_slow_is(&scale, cell));
    result_set_ceiling(cell, 126, "link", "both");
    assert_true(mcb_slow_is(&scale, cell));
    json_decref(cell);
    scale = (struct mcb_slow_scale){.latency = true, .without = {.median = 2.5, .count = 2}};
    cell = result_latency("mlx5_0", "mlx5_1", 5);
    assert_false(mcb_slow_is(&scale, cell));
    scale.without.median = 2.4;
    assert_true(mcb_slow_is(&scale, cell));
    json_decref(cell);
    cell = result_failed("mlx5_0", "mlx5_1", "failed", "MCB-RDMA-013", "x");
    assert_false(mcb_slow_is(&scale, cell));
    json_decref(cell);
}

static char *printed(json_t *document)
{
    static char text[8192];
    struct mcb_error error;
    FILE *out = tmpfile();
    const struct mcb_canvas canvas = {.out = out, .columns = 100};
    assert_int_equal(mcb_suspects_print(&canvas, document, &error), 0);
    rewind(out);
    text[fread(text, 1, sizeof text - 1, out)] = '\0';
    fclose(out);
    json_decref(document);
    return text;
}

static void what_is_suspect_is_printed_with_its_id(void **state)
{
    (void)state;
    json_t *document = healthy();
    assert_string_equal(printed(healthy()), "");
    set_bandwidth(cell_of(document, 6), 201.3, 9);
    char *text = printed(document);
    assert_non_null(strstr(text, "look here first\n  n1/mlx5_1 → n1/mlx5_2: 201.3 Gbit/s"));
    assert_non_null(strstr(text, "[MCB-PERF-002]\n     cause: "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_healthy_matrix_has_no_finding),
        cmocka_unit_test(a_path_far_below_its_ceiling_is_found_with_its_counters),
        cmocka_unit_test(that_no_counter_rose_is_said_where_they_were_read),
        cmocka_unit_test(a_path_that_is_only_noisy_is_none),
        cmocka_unit_test(slow_paths_of_one_nic_are_one_finding),
        cmocka_unit_test(a_nic_that_is_slow_in_one_direction_is_one_finding),
        cmocka_unit_test(small_messages_of_which_some_are_a_little_slower_are_none),
        cmocka_unit_test(paths_of_different_ceilings_are_compared_by_their_parts_of_it),
        cmocka_unit_test(errors_are_told_before_what_rose_more_by_waiting),
        cmocka_unit_test(a_matrix_that_is_slow_as_a_whole_is_found_where_messages_are_large),
        cmocka_unit_test(an_even_matrix_is_never_suspect_however_noisy),
        cmocka_unit_test(nor_is_one_of_small_messages_with_ceilings),
        cmocka_unit_test(nor_is_one_that_scatters_below_its_ceilings),
        cmocka_unit_test(an_outlier_of_a_software_matrix_is_found),
        cmocka_unit_test(few_paths_have_no_outlier),
        cmocka_unit_test(a_late_path_is_found_by_its_fastest_sample),
        cmocka_unit_test(rails_that_do_not_meet_are_named_before_their_retries),
        cmocka_unit_test(it_is_no_matter_of_rails_where_one_crosses_or_fails_otherwise),
        cmocka_unit_test(it_is_no_matter_of_rails_on_one_host),
        cmocka_unit_test(it_takes_two_rails_that_work),
        cmocka_unit_test(ports_of_different_mtu_are_told_though_the_paths_work),
        cmocka_unit_test(mtus_that_are_equal_capped_or_of_one_host_are_none),
        cmocka_unit_test(an_mtu_that_made_cells_fail_is_told_once),
        cmocka_unit_test(a_path_of_different_mtus_may_be_slow_as_well),
        cmocka_unit_test(failures_with_a_nic_in_common_are_one_finding),
        cmocka_unit_test(each_dead_nic_is_named_though_they_fail_in_the_same_way),
        cmocka_unit_test(where_nothing_works_it_is_no_matter_of_nics),
        cmocka_unit_test(what_ended_the_run_is_no_finding),
        cmocka_unit_test(gpu_memory_far_slower_than_the_hosts_is_found),
        cmocka_unit_test(gpu_memory_nearly_as_fast_is_none),
        cmocka_unit_test(staging_counts_only_where_nothing_is_direct_on_hardware),
        cmocka_unit_test(only_cells_that_failed_or_are_slow_keep_their_counters),
        cmocka_unit_test(slow_is_a_fifth_below_the_ceiling_or_half_of_the_others),
        cmocka_unit_test(what_is_suspect_is_printed_with_its_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
