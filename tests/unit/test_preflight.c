/* SPDX-License-Identifier: Apache-2.0 */
/* A run's checks of its host, on hosts made of a few files under a temporary folder. */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/doctor/preflight.h"
#include "gpu/gpu.h"

#define MIB (UINT64_C(1) << 20)

struct host {
    char root[64];
    struct mcb_settings settings;
    struct mcb_preflight_input input;
};

/* What a run of the checks came to. */
struct outcome {
    char names[128]; /* "memlock memory " */
    enum mcb_verdict verdicts[8];
    char evidence[8][MCB_EVIDENCE_MAX];
    size_t count;
    int status;
    struct mcb_error error;
};

static void put(const struct host *host, const char *path, const char *text)
{
    char whole[256];
    snprintf(whole, sizeof whole, "%s%s", host->root, path);
    for (char *slash = strchr(whole + strlen(host->root) + 1, '/'); slash;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(whole, 0700);
        *slash = '/';
    }
    FILE *file = fopen(whole, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static const char *const proxy_variables[] = {"http_proxy", "https_proxy", "all_proxy", "no_proxy",
                                              "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"};

/* Two NICs with 64 MiB each, 1 GiB available, 8 MiB of locked memory, no capabilities. */
static int make_host(void **state)
{
    struct host *host = calloc(1, sizeof *host);
    assert_non_null(host);
    strcpy(host->root, "/tmp/mcbench-test-preflight-XXXXXX");
    assert_non_null(mkdtemp(host->root));
    put(host, "/proc/self/status",
        "Name:\tmcbench\nCapInh:\t0000000000000000\n"
        "CapEff:\t0000000000000000\n");
    put(host, "/proc/self/uid_map", "         0          0 4294967295\n");
    put(host, "/proc/meminfo",
        "MemTotal:  2097152 kB\nMemFree:  1024 kB\n"
        "MemAvailable:    1048576 kB\n");
    put(host, "/proc/self/cgroup", "0::/\n");
    host->settings = (struct mcb_settings){.ordering_count = 1,
                                           .qps = 4,
                                           .ranks = 2,
                                           .routes = {MCB_ROUTE_DIRECT},
                                           .route_count = 1,
                                           .memories = {{.number = -1}},
                                           .memory_count = 1};
    host->input = (struct mcb_preflight_input){.settings = &host->settings,
                                               .transport = "rdma",
                                               .nic_count = 2,
                                               .host_bytes = 128 * MIB,
                                               .root = host->root,
                                               .memlock_bytes = 8 * MIB,
                                               .open_files = 1024};
    for (size_t n = 0; n < sizeof proxy_variables / sizeof proxy_variables[0]; n++)
        unsetenv(proxy_variables[n]);
    *state = host;
    return 0;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    return remove(path);
}

static int remove_host(void **state)
{
    struct host *host = *state;
    nftw(host->root, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(host);
    return 0;
}

static void take(const char *name, enum mcb_verdict verdict, const char *evidence, void *context)
{
    struct outcome *outcome = context;
    strcat(outcome->names, name);
    strcat(outcome->names, "; ");
    strcpy(outcome->evidence[outcome->count], evidence);
    outcome->verdicts[outcome->count++] = verdict;
}

static struct outcome run(const struct host *host)
{
    struct outcome outcome = {0};
    outcome.status = mcb_preflight_run(&host->input, take, &outcome, &outcome.error);
    return outcome;
}

/* The outcome of the check of that place in the table. */
static void expect(const struct host *host, size_t check, enum mcb_verdict verdict,
                   const char *evidence)
{
    struct outcome outcome = run(host);
    assert_string_equal(outcome.evidence[check], evidence);
    assert_int_equal(outcome.verdicts[check], verdict);
    assert_int_equal(outcome.status, verdict == MCB_VERDICT_FAIL ? -1 : 0);
    if (verdict == MCB_VERDICT_FAIL)
        assert_string_equal(outcome.error.detail, evidence);
}

enum { MEMLOCK, MEMORY, OPEN_FILES, PROXY };

static void too_little_locked_memory_fails_with_the_numbers(void **state)
{
    struct host *host = *state;
    expect(host, MEMLOCK, MCB_VERDICT_FAIL,
           "RLIMIT_MEMLOCK is 8 MiB: 128 MiB to register with 2 NICs");
    assert_int_equal(run(host).error.code, MCB_FAULT_HOST_MEMLOCK);
}

static void enough_locked_memory_passes(void **state)
{
    struct host *host = *state;
    host->input.memlock_bytes = 128 * MIB;
    expect(host, MEMLOCK, MCB_VERDICT_PASS, "RLIMIT_MEMLOCK is 128 MiB, 128 MiB needed");
    host->input.memlock_bytes = MCB_LIMIT_NONE;
    expect(host, MEMLOCK, MCB_VERDICT_PASS, "RLIMIT_MEMLOCK is unlimited");
}

static void the_capability_to_lock_memory_exempts(void **state)
{
    struct host *host = *state;
    put(host, "/proc/self/status", "Name:\tmcbench\nCapEff:\t0000000000004000\n");
    expect(host, MEMLOCK, MCB_VERDICT_PASS,
           "RLIMIT_MEMLOCK is 8 MiB, but CAP_IPC_LOCK exempts from it");
    put(host, "/proc/self/status", "Name:\tmcbench\nCapEff:\tffffffffffffbfff\n");
    assert_int_equal(run(host).verdicts[MEMLOCK], MCB_VERDICT_FAIL);
}

static void the_capability_of_a_rootless_container_exempts_from_nothing(void **state)
{
    struct host *host = *state;
    put(host, "/proc/self/status", "CapEff:\t000001ffffffffff\n");
    put(host, "/proc/self/uid_map", "         0       1000          1\n");
    assert_int_equal(run(host).verdicts[MEMLOCK], MCB_VERDICT_FAIL);
}

static void tcp_locks_no_memory(void **state)
{
    struct host *host = *state;
    host->input.transport = "tcp";
    struct outcome outcome = run(host);
    assert_int_equal(outcome.status, 0);
    assert_string_equal(outcome.names, "memory; open files; ");
}

static void too_little_memory_fails_with_the_numbers(void **state)
{
    struct host *host = *state;
    host->input.memlock_bytes = MCB_LIMIT_NONE;
    host->input.host_bytes = 1536 * MIB;
    expect(host, MEMORY, MCB_VERDICT_FAIL, "1.5 GiB needed for 2 NICs: 1 GiB available");
    assert_int_equal(run(host).error.code, MCB_FAULT_HOST_MEMORY);
    host->input.host_bytes = 1024 * MIB;
    expect(host, MEMORY, MCB_VERDICT_PASS, "1 GiB needed, 1 GiB available");
}

static void memory_registered_twice_is_needed_once_and_locked_twice(void **state)
{
    struct host *host = *state;
    host->settings.ordering_count = 2;
    host->input.host_bytes = 2048 * MIB;
    host->input.memlock_bytes = 2048 * MIB;
    assert_int_equal(run(host).status, 0);
    host->input.memlock_bytes = 2047 * MIB;
    assert_int_equal(run(host).error.code, MCB_FAULT_HOST_MEMLOCK);
}

static void a_limit_of_any_cgroup_above_counts(void **state)
{
    struct host *host = *state;
    host->input.memlock_bytes = MCB_LIMIT_NONE;
    put(host, "/proc/self/cgroup", "12:pids:/x\n0::/job/step\n");
    put(host, "/sys/fs/cgroup/job/step/memory.max", "max\n");
    put(host, "/sys/fs/cgroup/job/memory.max", "134217727\n");
    expect(host, MEMORY, MCB_VERDICT_FAIL,
           "128 MiB needed for 2 NICs: the cgroup allows 128.0 MiB");
    put(host, "/sys/fs/cgroup/memory.max", "1099511627776\n");
    assert_int_equal(run(host).error.code, MCB_FAULT_HOST_MEMORY);
    put(host, "/sys/fs/cgroup/job/memory.max", "134217728\n");
    assert_int_equal(run(host).status, 0);
    put(host, "/sys/fs/cgroup/memory.max", "4096\n");
    assert_int_equal(run(host).error.code, MCB_FAULT_HOST_MEMORY);
}

static void a_host_that_does_not_tell_its_memory_is_warned_of(void **state)
{
    struct host *host = *state;
    host->input.memlock_bytes = MCB_LIMIT_NONE;
    put(host, "/proc/meminfo", "MemTotal:  2097152 kB\n");
    expect(host, MEMORY, MCB_VERDICT_WARN,
           "128 MiB needed; /proc/meminfo does not tell how much is available");
}

/* A pool of 2 MiB pages: `total`, of which `free` are free and 2 of these promised. */
static void put_huge_pages(const struct host *host, int total, int free_pages)
{
    char text[256];
    snprintf(text, sizeof text,
             "MemAvailable: 1 kB\nHugePages_Total: %d\nHugePages_Free: %d\nHugePages_Rsvd: 2\n"
             "HugePages_Surp: 0\nHugepagesize: 2048 kB\n",
             total, free_pages);
    put(host, "/proc/meminfo", text);
}

static void huge_pages_come_from_their_pool_and_not_from_free_memory(void **state)
{
    struct host *host = *state;
    host->settings.huge_pages = true;
    host->input.memlock_bytes = MCB_LIMIT_NONE;
    put_huge_pages(host, 100, 66);
    expect(host, MEMORY, MCB_VERDICT_PASS, "64 huge pages of 2 MiB are needed, 64 are free");
    assert_string_equal(run(host).names, "memlock; huge pages; open files; ");
}

static void too_few_huge_pages_fail_with_the_command_that_provides_them(void **state)
{
    struct host *host = *state;
    host->settings.huge_pages = true;
    host->input.memlock_bytes = MCB_LIMIT_NONE;
    put_huge_pages(host, 100, 65);
    expect(host, MEMORY, MCB_VERDICT_FAIL,
           "64 huge pages of 2 MiB are needed, 63 are free; sysctl vm.nr_hugepages=101 provides "
           "them");
    assert_int_equal(run(host).error.code, MCB_FAULT_HOST_HUGE_PAGES);
    put(host, "/proc/sys/vm/nr_overcommit_hugepages", "1\n");
    assert_int_equal(run(host).status, 0);
    put(host, "/proc/meminfo", "MemAvailable: 1048576 kB\n");
    assert_string_equal(run(host).evidence[MEMORY],
                        "this kernel has no huge pages (/proc/meminfo)");
}

static void huge_pages_are_needed_on_the_node_that_was_asked_for(void **state)
{
    struct host *host = *state;
    const char *pool = "/sys/devices/system/node/node1/hugepages/hugepages-2048kB/";
    char path[128];
    host->settings.huge_pages = true;
    host->settings.memories[0].number = 1;
    host->input.memlock_bytes = MCB_LIMIT_NONE;
    put_huge_pages(host, 100, 100);
    snprintf(path, sizeof path, "%snr_hugepages", pool);
    put(host, path, "50\n");
    snprintf(path, sizeof path, "%sfree_hugepages", pool);
    put(host, path, "40\n");
    expect(host, MEMORY, MCB_VERDICT_FAIL,
           "64 huge pages of 2 MiB are needed, 98 are free; node 1 has 40 free: echo 74 > "
           "/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages");
    put(host, path, "64\n");
    assert_int_equal(run(host).status, 0);
    snprintf(path, sizeof path, "%sfree_hugepages", pool);
    put(host, path, "40\n");
    host->settings.peer_memory_count = 1; /* on node 0: of no node all */
    assert_int_equal(run(host).status, 0);
}

static void more_streams_than_open_files_fail(void **state)
{
    struct host *host = *state;
    host->input.transport = "tcp";
    host->settings.qps = 256;
    /* 64 + 2 ranks + 2 NICs x (8 + 2 x 256) */
    host->input.open_files = 1105;
    struct outcome outcome = run(host);
    assert_int_equal(outcome.status, -1);
    assert_int_equal(outcome.error.code, MCB_FAULT_HOST_SYSTEM);
    assert_string_equal(outcome.error.detail,
                        "RLIMIT_NOFILE is 1105: 2 NICs x 256 streams and 2 ranks need about 1106");
    host->input.open_files = 1106;
    assert_int_equal(run(host).status, 0);
    host->input.open_files = MCB_LIMIT_NONE;
    assert_int_equal(run(host).status, 0);
}

static void queue_pairs_are_no_open_files(void **state)
{
    struct host *host = *state;
    host->input.memlock_bytes = MCB_LIMIT_NONE;
    host->settings.qps = 4096;
    expect(host, OPEN_FILES, MCB_VERDICT_PASS, "RLIMIT_NOFILE is 1024, about 82 needed");
}

static void a_proxy_before_etcd_is_warned_of(void **state)
{
    struct host *host = *state;
    host->input.memlock_bytes = MCB_LIMIT_NONE;
    host->settings.etcd = "http://10.0.0.1:2379,http://10.0.0.2:2379";
    expect(host, PROXY, MCB_VERDICT_PASS, "etcd is asked without a proxy");
    setenv("http_proxy", "http://user:secret@proxy:3128", 1);
    setenv("no_proxy", "localhost,10.0.0.1", 1);
    expect(host, PROXY, MCB_VERDICT_WARN,
           "http_proxy is set and no_proxy does not cover http://10.0.0.2:2379: etcd is asked "
           "through a proxy");
    setenv("no_proxy", "10.0.0.1,10.0.0.2", 1);
    expect(host, PROXY, MCB_VERDICT_PASS, "etcd is asked without a proxy");
}

static void proxy_variables_count_as_libcurl_reads_them(void **state)
{
    struct host *host = *state;
    host->input.memlock_bytes = MCB_LIMIT_NONE;
    host->settings.etcd = "http://etcd.example:2379";
    setenv("HTTP_PROXY", "http://proxy:3128", 1);
    assert_int_equal(run(host).verdicts[PROXY], MCB_VERDICT_PASS);
    setenv("ALL_PROXY", "http://proxy:3128", 1);
    assert_int_equal(run(host).verdicts[PROXY], MCB_VERDICT_WARN);
    setenv("NO_PROXY", ".example", 1);
    assert_int_equal(run(host).verdicts[PROXY], MCB_VERDICT_PASS);
}

static void without_etcd_proxies_do_not_matter(void **state)
{
    struct host *host = *state;
    setenv("http_proxy", "http://proxy:3128", 1);
    assert_string_equal(run(host).names, "memlock; memory; open files; ");
}

static void every_check_runs_and_the_first_fault_is_returned(void **state)
{
    struct host *host = *state;
    host->settings.etcd = "http://etcd:2379";
    host->input.host_bytes = UINT64_MAX;
    host->input.open_files = 16;
    struct outcome outcome = run(host);
    assert_string_equal(outcome.names, "memlock; memory; open files; proxy; ");
    assert_int_equal(outcome.verdicts[MEMLOCK], MCB_VERDICT_FAIL);
    assert_int_equal(outcome.verdicts[MEMORY], MCB_VERDICT_FAIL);
    assert_int_equal(outcome.verdicts[OPEN_FILES], MCB_VERDICT_FAIL);
    assert_int_equal(outcome.error.code, MCB_FAULT_HOST_MEMLOCK);
}

static void nobody_needs_to_listen(void **state)
{
    struct host *host = *state;
    struct mcb_error error = {0};
    assert_int_equal(mcb_preflight_run(&host->input, NULL, NULL, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_HOST_MEMLOCK);
}

static void this_host_can_be_checked(void **state)
{
    (void)state;
    struct mcb_settings settings = {.ordering_count = 1, .qps = 1};
    struct mcb_preflight_input input;
    struct mcb_error error = {0};
    mcb_preflight_input_from_host(&input);
    assert_string_equal(input.root, "");
    assert_true(input.open_files > 0);
    input.settings = &settings;
    input.transport = "tcp";
    input.nic_count = 1;
    input.host_bytes = 4096;
    assert_int_equal(mcb_preflight_run(&input, NULL, NULL, &error), 0);
}

/* ---- GPUs ---- */

enum { GPU = 2 };

/* Two of them, of which nothing is known but what a test says. */
static void put_gpus(struct host *host, struct mcb_gpus *gpus, enum mcb_known dmabuf)
{
    static const struct mcb_gpu_module module = {.name = "cuda"};
    *gpus = (struct mcb_gpus){.module = &module, .count = 2};
    for (int i = 0; i < 2; i++) {
        strcpy(gpus->list[i].model, "NVIDIA H100 80GB HBM3");
        strcpy(gpus->list[i].driver, "570.124.06");
        gpus->list[i].dmabuf = dmabuf;
    }
    host->input.memlock_bytes = MCB_LIMIT_NONE;
    host->input.gpus = gpus;
}

static void gpus_are_told_with_what_is_known_of_their_registration(void **state)
{
    struct host *host = *state;
    struct mcb_gpus gpus;
    put_gpus(host, &gpus, MCB_KNOWN_YES);
    expect(host, GPU, MCB_VERDICT_PASS,
           "2 x NVIDIA H100 80GB HBM3, driver 570.124.06; dma-buf: yes; peermem: no module loaded");
    put(host, "/sys/module/nvidia_peermem/refcnt", "0\n");
    strcpy(gpus.list[1].model, "NVIDIA L40S");
    gpus.list[0].dmabuf = gpus.list[1].dmabuf = MCB_KNOWN_NOT;
    expect(host, GPU, MCB_VERDICT_PASS,
           "2 GPUs, 1 of them NVIDIA H100 80GB HBM3, driver 570.124.06; dma-buf: not known; "
           "peermem: nvidia_peermem");
    assert_string_equal(run(host).names, "memlock; memory; gpu; open files; ");
}

static void gpus_that_can_hardly_be_registered_are_warned_of(void **state)
{
    struct host *host = *state;
    struct mcb_gpus gpus;
    static const struct {
        enum mcb_registration_choice choice;
        enum mcb_known dmabuf;
        bool peermem;
        enum mcb_verdict verdict;
    } cases[] = {
        {MCB_REGISTRATION_AUTO, MCB_KNOWN_NO, false, MCB_VERDICT_WARN},
        {MCB_REGISTRATION_AUTO, MCB_KNOWN_NOT, false, MCB_VERDICT_PASS},
        {MCB_REGISTRATION_DMABUF, MCB_KNOWN_NO, false, MCB_VERDICT_WARN},
        {MCB_REGISTRATION_PEERMEM, MCB_KNOWN_YES, false, MCB_VERDICT_WARN},
        {MCB_REGISTRATION_AUTO, MCB_KNOWN_NO, true, MCB_VERDICT_PASS},
        {MCB_REGISTRATION_PEERMEM, MCB_KNOWN_NO, true, MCB_VERDICT_PASS},
        {MCB_REGISTRATION_DMABUF, MCB_KNOWN_NO, true, MCB_VERDICT_WARN},
    };
    for (size_t n = 0; n < sizeof cases / sizeof cases[0]; n++) {
        put_gpus(host, &gpus, cases[n].dmabuf);
        if (cases[n].peermem)
            put(host, "/sys/module/nvidia_peermem/refcnt", "0\n");
        host->settings.registration = cases[n].choice;
        assert_int_equal(run(host).verdicts[GPU], cases[n].verdict);
        host->settings.routes[0] = MCB_ROUTE_STAGED;
        assert_int_equal(run(host).verdicts[GPU], MCB_VERDICT_PASS);
        host->settings.routes[0] = MCB_ROUTE_DIRECT;
    }
}

static void stand_in_gpus_are_warned_of(void **state)
{
    struct host *host = *state;
    static const struct mcb_gpu_module module = {.name = "cuda", .stand_in = true};
    struct mcb_gpus gpus;
    put_gpus(host, &gpus, MCB_KNOWN_NOT);
    gpus.module = &module;
    struct outcome outcome = run(host);
    assert_int_equal(outcome.verdicts[GPU], MCB_VERDICT_WARN);
    assert_int_equal(outcome.status, 0);
    assert_non_null(strstr(outcome.evidence[GPU], "2 stand-in GPUs in host memory, "));
    gpus.count = 1;
    strcpy(gpus.list[0].model, "stand-in GPU");
    assert_non_null(strstr(run(host).evidence[GPU], "1 stand-in GPU in host memory, "));
    const char *once = strstr(run(host).evidence[GPU], "stand-in GPU");
    assert_null(strstr(once + 1, "stand-in GPU"));
}

static void gpus_that_mcbench_topo_numbers_otherwise_are_warned_of(void **state)
{
    struct host *host = *state;
    struct mcb_gpus gpus;
    put_gpus(host, &gpus, MCB_KNOWN_YES);
    strcpy(gpus.list[0].pci_address, "0000:5d:00.0");
    strcpy(gpus.list[1].pci_address, "0001:19:00.0");
    assert_string_equal(run(host).names, "memlock; memory; gpu; open files; ");
    strcpy(gpus.list[1].pci_address, "0000:19:00.0");
    struct outcome outcome = run(host);
    assert_string_equal(outcome.names, "memlock; memory; gpu; gpu order; open files; ");
    assert_int_equal(outcome.verdicts[GPU + 1], MCB_VERDICT_WARN);
    assert_int_equal(outcome.status, 0);
    assert_non_null(strstr(outcome.evidence[GPU + 1], "cuda:1 is 0000:19:00.0, "));
    assert_non_null(strstr(outcome.evidence[GPU + 1], "CUDA_DEVICE_ORDER=PCI_BUS_ID"));
    gpus.list[2] = gpus.list[1]; /* with one between them of which it is not known */
    gpus.count = 3;
    gpus.list[1].pci_address[0] = '\0';
    assert_non_null(strstr(run(host).evidence[GPU + 1], "cuda:2 is 0000:19:00.0, "));
    gpus.list[0].pci_address[0] = '\0';
    assert_string_equal(run(host).names, "memlock; memory; gpu; open files; ");
}

static void more_than_all_of_the_memory_of_a_gpu_fails(void **state)
{
    struct host *host = *state;
    struct mcb_gpus gpus;
    uint64_t bytes[MCB_GPUS_MAX] = {128 * MIB, 256 * MIB};
    put_gpus(host, &gpus, MCB_KNOWN_YES);
    host->input.gpu_bytes = bytes;
    expect(host, GPU + 1, MCB_VERDICT_PASS, "cuda:0: 128 MiB needed; what it has is not known");
    gpus.list[0].memory_bytes = 512 * MIB;
    gpus.list[1].memory_bytes = 256 * MIB;
    expect(host, GPU + 1, MCB_VERDICT_PASS, "cuda:1: 256 MiB needed, of the 256 MiB that it has");
    bytes[1]++;
    assert_int_equal(run(host).error.code, MCB_FAULT_GPU_MEMORY);
    bytes[0] = 640 * MIB;
    gpus.list[1].memory_bytes = 0;
    expect(host, GPU + 1, MCB_VERDICT_FAIL, "cuda:0: 640 MiB needed, of the 512 MiB that it has");
}

static void memory_beyond_the_window_of_a_gpu_is_warned_of(void **state)
{
    struct host *host = *state;
    struct mcb_gpus gpus;
    uint64_t bytes[MCB_GPUS_MAX] = {128 * MIB, 256 * MIB};
    put_gpus(host, &gpus, MCB_KNOWN_YES);
    host->input.memlock_bytes = MCB_LIMIT_NONE;
    host->input.gpu_bytes = bytes;
    strcpy(gpus.list[1].pci_address, "0000:19:00.0");
    put(host, "/sys/bus/pci/devices/0000:19:00.0/resource",
        "0x90000000 0x90ffffff 0x40200\n0xa0000000 0xafffffff 0x14220c\n");
    assert_null(strstr(run(host).names, "BAR1"));
    bytes[1]++;
    struct outcome outcome = run(host);
    assert_non_null(strstr(outcome.names, "BAR1"));
    assert_int_equal(outcome.status, 0);
    host->input.transport = "tcp";
    assert_null(strstr(run(host).names, "BAR1"));
}

#define on_a_host(test) cmocka_unit_test_setup_teardown(test, make_host, remove_host)

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_a_host(too_little_locked_memory_fails_with_the_numbers),
        on_a_host(enough_locked_memory_passes),
        on_a_host(the_capability_to_lock_memory_exempts),
        on_a_host(the_capability_of_a_rootless_container_exempts_from_nothing),
        on_a_host(tcp_locks_no_memory),
        on_a_host(too_little_memory_fails_with_the_numbers),
        on_a_host(memory_registered_twice_is_needed_once_and_locked_twice),
        on_a_host(a_limit_of_any_cgroup_above_counts),
        on_a_host(a_host_that_does_not_tell_its_memory_is_warned_of),
        on_a_host(huge_pages_come_from_their_pool_and_not_from_free_memory),
        on_a_host(too_few_huge_pages_fail_with_the_command_that_provides_them),
        on_a_host(huge_pages_are_needed_on_the_node_that_was_asked_for),
        on_a_host(more_streams_than_open_files_fail),
        on_a_host(queue_pairs_are_no_open_files),
        on_a_host(a_proxy_before_etcd_is_warned_of),
        on_a_host(proxy_variables_count_as_libcurl_reads_them),
        on_a_host(without_etcd_proxies_do_not_matter),
        on_a_host(every_check_runs_and_the_first_fault_is_returned),
        on_a_host(gpus_are_told_with_what_is_known_of_their_registration),
        on_a_host(gpus_that_can_hardly_be_registered_are_warned_of),
        on_a_host(stand_in_gpus_are_warned_of),
        on_a_host(gpus_that_mcbench_topo_numbers_otherwise_are_warned_of),
        on_a_host(more_than_all_of_the_memory_of_a_gpu_fails),
        on_a_host(memory_beyond_the_window_of_a_gpu_is_warned_of),
        on_a_host(nobody_needs_to_listen),
        on_a_host(this_host_can_be_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
