/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of a GPU is registered in the first way that reaches it, and what was passed over is told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <infiniband/verbs.h>
#include <stdalign.h>

#include "bench/transport/rdma_registration.h"
#include "bench/transport/rdma_side.h"
#include "common/clock.h"
#include "tests/unit/gpu_buffer.h"

enum { LENGTH = 2 * GPU_PAGE };

static alignas(GPU_PAGE) uint8_t memory[LENGTH], bounce_memory[LENGTH];

/* ---- a driver and a loopback of the test ---- */

static int fail_dmabuf, fail_address, fail_relaxed; /* errno; 0: none. Of the GPU's memory. */
static unsigned held, by_address, by_dmabuf, loopbacks, proofs;
static unsigned unreached;     /* bit of each way that registers and does not reach */
static bool relaxed_unreached; /* the same, of relaxed registrations only */
static enum mcb_fault_code proof_fault, loopback_fault;
static char unreached_detail[600];
static atomic_bool aborted;
static int64_t proof_most_ns;

static struct ibv_mr *answer(int failed, unsigned access)
{
    static struct ibv_mr handle = {.lkey = 1, .rkey = 2};
    if (!failed && access & IBV_ACCESS_RELAXED_ORDERING)
        failed = fail_relaxed;
    errno = failed;
    held += !failed;
    return failed ? NULL : &handle;
}

struct ibv_mr *ibv_reg_mr_iova2(struct ibv_pd *pd, void *address, size_t length, uint64_t iova,
                                unsigned int access)
{
    (void)pd;
    (void)length;
    (void)iova;
    bool of_gpu = address == memory;
    by_address += of_gpu;
    return answer(of_gpu ? fail_address : 0, access);
}

struct ibv_mr *ibv_reg_dmabuf_mr(struct ibv_pd *pd, uint64_t offset, size_t length, uint64_t iova,
                                 int fd, int access)
{
    (void)pd;
    (void)offset;
    (void)length;
    (void)iova;
    (void)fd;
    by_dmabuf++;
    return answer(fail_dmabuf, (unsigned)access);
}

int ibv_dereg_mr(struct ibv_mr *mr)
{
    (void)mr;
    held--;
    return 0;
}

int mcb_loopback_open(const struct mcb_loopback_options *options,
                      const struct mcb_loopback_limits *limits, struct mcb_loopback **loopback,
                      struct mcb_error *error)
{
    assert_ptr_equal(limits->abort, &aborted);
    if (loopback_fault != MCB_FAULT_NONE)
        return mcb_error_set(error, loopback_fault, "%s: no loopback", options->device->name);
    loopbacks++;
    *loopback = (struct mcb_loopback *)&loopbacks;
    return 0;
}

void mcb_loopback_close(struct mcb_loopback *loopback)
{
    loopbacks -= loopback != NULL;
}

int mcb_loopback_prove(struct mcb_loopback *loopback, const struct mcb_buffer *buffer,
                       const struct mcb_registration *registration,
                       const struct mcb_loopback_limits *limits, struct mcb_error *error)
{
    assert_non_null(loopback);
    assert_ptr_equal(limits->abort, &aborted);
    proof_most_ns = limits->most_ns;
    proofs++;
    if (proof_fault != MCB_FAULT_NONE)
        return mcb_error_set(error, proof_fault, "%s: it fails otherwise", buffer->memory);
    if (unreached & 1u << registration->way || (relaxed_unreached && registration->relaxed))
        return mcb_error_set(error, MCB_FAULT_GPU_UNREACHABLE, "%s", unreached_detail);
    return 0;
}

int mcb_loopback_flush(struct mcb_loopback *loopback, const struct mcb_registration *registration,
                       const struct mcb_loopback_limits *limits, struct mcb_error *error)
{
    (void)loopback;
    (void)registration;
    (void)limits;
    (void)error;
    return 0;
}

/* ---- an endpoint ---- */

static struct mcb_device device = {.name = "mlx5_0", .limits = {.region_bytes = UINT64_MAX}};
static struct mcb_settings settings;
static struct mcb_buffer buffer, bounce;
static struct mcb_endpoint endpoint;

static int set_up(void **state)
{
    (void)state;
    gpu = (struct gpu_behaviour){.fd = -1};
    fail_dmabuf = fail_address = fail_relaxed = 0;
    held = by_address = by_dmabuf = loopbacks = proofs = unreached = 0;
    relaxed_unreached = false;
    proof_fault = loopback_fault = MCB_FAULT_NONE;
    strcpy(unreached_detail, "the NIC does not get there");
    settings = (struct mcb_settings){
        .orderings = {MCB_ORDERING_OFF, MCB_ORDERING_ON},
        .ordering_count = 1,
        .routes = {MCB_ROUTE_DIRECT},
        .route_count = 1,
        .max_mr_size = UINT64_MAX,
        .registration = MCB_REGISTRATION_AUTO,
    };
    buffer = gpu_buffer(memory, LENGTH);
    bounce = (struct mcb_buffer){.address = bounce_memory,
                                 .length_bytes = LENGTH,
                                 .page_bytes = 4096,
                                 .memory = "cpu:0",
                                 .kind = &mcb_memory_host};
    endpoint = (struct mcb_endpoint){
        .buffer = &buffer,
        .settings = &settings,
        .device = &device,
        .abort = &aborted,
        .deadline_ns = mcb_clock_ns() + 3600 * MCB_NS_PER_S,
    };
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mcb_rdma_unregister(&endpoint);
    assert_int_equal(held, 0);
    assert_int_equal(loopbacks, 0);
    return 0;
}

static void assert_registered_as(const char *method)
{
    struct mcb_error error;
    if (mcb_rdma_register(&endpoint, &error) < 0)
        fail_msg("%s", error.detail);
    json_t *text = mcb_rdma_registration_describe(&endpoint);
    assert_string_equal(json_string_value(json_object_get(text, "method")), method);
    json_decref(text);
}

/* Of the endpoint as a whole. */
static struct mcb_error refusal(void)
{
    struct mcb_error error = {.code = MCB_FAULT_NONE};
    assert_int_equal(mcb_rdma_register(&endpoint, &error), -1);
    assert_null(endpoint.strict);
    assert_null(endpoint.relaxed);
    return error;
}

/* Of the direct route alone. */
static struct mcb_error direct_refusal(void)
{
    assert_registered_as("none");
    assert_null(endpoint.strict);
    assert_null(endpoint.relaxed);
    assert_int_not_equal(endpoint.direct_fault.code, MCB_FAULT_NONE);
    return endpoint.direct_fault;
}

static void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in: %s", part, text);
}

static void a_dmabuf_that_is_reached_is_used(void **state)
{
    (void)state;
    assert_registered_as("dmabuf");
    assert_int_equal(proofs, 1);
    assert_int_equal(by_address, 0);
    assert_true(endpoint.proved);
    assert_int_equal(endpoint.direct_fault.code, MCB_FAULT_NONE);
}

static void that_peermem_was_not_needed_is_told_with_what_the_host_says_of_it(void **state)
{
    (void)state;
    char peermem[MCB_PEERMEM_TEXT], expected[256];
    mcb_registration_peermem(MCB_SYSFS, peermem);
    snprintf(expected, sizeof(expected), "peermem: not tried, as dmabuf works (%s)", peermem);
    assert_registered_as("dmabuf");
    assert_string_equal(endpoint.others, expected);
    mcb_rdma_unregister(&endpoint);
    settings.registration = MCB_REGISTRATION_DMABUF; /* peermem is out of the question */
    assert_registered_as("dmabuf");
    assert_string_equal(endpoint.others, "");
}

static void what_was_used_is_described(void **state)
{
    (void)state;
    assert_registered_as("dmabuf");
    json_t *text = mcb_rdma_registration_describe(&endpoint);
    assert_int_equal(json_integer_value(json_object_get(text, "registered_bytes")), LENGTH);
    assert_int_equal(json_integer_value(json_object_get(text, "regions")), 1);
    assert_true(json_is_real(json_object_get(text, "register_ms")));
    assert_string_equal(json_string_value(json_object_get(text, "others")), endpoint.others);
    assert_true(json_is_true(json_object_get(text, "proved")));
    json_decref(text);
}

static void a_nic_without_dmabuf_leads_to_peermem(void **state)
{
    (void)state;
    fail_dmabuf = EOPNOTSUPP;
    assert_registered_as("peermem");
    assert_int_equal(by_dmabuf, 2);
    assert_contains(endpoint.others, "dmabuf: mlx5_0: 128 KiB of cuda:0 cannot be registered as a "
                                     "dma-buf: the NIC's driver knows no dma-buf");
    assert_contains(endpoint.others, "; dmabuf-pcie: mlx5_0: ");
    assert_true(endpoint.proved);
}

static void a_gpu_without_export_leads_to_peermem(void **state)
{
    (void)state;
    gpu.export_refused[MCB_DMABUF_DEFAULT] = gpu.export_refused[MCB_DMABUF_PCIE] = true;
    assert_registered_as("peermem");
    assert_int_equal(by_dmabuf, 0);
    assert_string_equal(endpoint.others, "dmabuf: cuda:0: the driver exports nothing; dmabuf-pcie: "
                                         "cuda:0: the driver exports nothing");
}

static void a_dmabuf_that_is_not_reached_leads_to_the_other_mapping(void **state)
{
    (void)state;
    unreached = 1u << MCB_REGISTER_DMABUF;
    assert_registered_as("dmabuf-pcie");
    assert_int_equal(held, 1);
    assert_contains(endpoint.others, "dmabuf: the NIC does not get there; peermem: not tried, as "
                                     "dmabuf-pcie works (");
}

static void registered_and_not_reached_is_the_fault_where_no_way_works(void **state)
{
    (void)state;
    unreached = 1u << MCB_REGISTER_DMABUF;
    gpu.export_refused[MCB_DMABUF_PCIE] = true;
    fail_address = EFAULT;
    struct mcb_error error = direct_refusal();
    assert_int_equal(error.code, MCB_FAULT_GPU_UNREACHABLE);
    assert_contains(error.detail, "the NIC does not get there; nor does another way work: "
                                  "dmabuf-pcie: cuda:0: the driver exports nothing; peermem: ");
    assert_contains(error.detail, "nvidia_peermem");
}

static void else_the_fault_is_that_of_the_last_way(void **state)
{
    (void)state;
    gpu.export_refused[MCB_DMABUF_DEFAULT] = gpu.export_refused[MCB_DMABUF_PCIE] = true;
    fail_address = EFAULT;
    struct mcb_error error = direct_refusal();
    assert_int_equal(error.code, MCB_FAULT_GPU_REGISTER);
    assert_contains(error.detail, "(EFAULT, errno 14)");
    assert_contains(error.detail, "nor does another way work: dmabuf: cuda:0: the driver exports "
                                  "nothing; dmabuf-pcie: cuda:0: the driver exports nothing");
    assert_int_equal(held, 0);
}

static void a_way_that_was_asked_for_is_the_only_one(void **state)
{
    (void)state;
    settings.registration = MCB_REGISTRATION_PEERMEM;
    fail_address = EFAULT;
    struct mcb_error error = direct_refusal();
    assert_int_equal(error.code, MCB_FAULT_GPU_REGISTER);
    assert_null(strstr(error.detail, "another way"));
    assert_int_equal(gpu.exports, 0);
    mcb_rdma_unregister(&endpoint);
    endpoint.direct_fault.code = MCB_FAULT_NONE;
    settings.registration = MCB_REGISTRATION_DMABUF;
    fail_address = 0;
    fail_dmabuf = EINVAL;
    error = direct_refusal();
    assert_int_equal(error.code, MCB_FAULT_GPU_REGISTER);
    assert_int_equal(gpu.exports, 2);
    assert_int_equal(by_address, 1);
}

static void every_ordering_is_registered_and_proved(void **state)
{
    (void)state;
    settings.ordering_count = 2;
    assert_registered_as("dmabuf");
    assert_non_null(endpoint.strict);
    assert_non_null(endpoint.relaxed);
    assert_int_equal(proofs, 2);
    json_t *text = mcb_rdma_registration_describe(&endpoint);
    assert_int_equal(json_integer_value(json_object_get(text, "registered_bytes")), 2 * LENGTH);
    json_decref(text);
}

static void orderings_do_not_differ_in_their_way(void **state)
{
    (void)state;
    settings.ordering_count = 2;
    relaxed_unreached = true;
    struct mcb_error error = direct_refusal();
    assert_int_equal(error.code, MCB_FAULT_GPU_UNREACHABLE);
    assert_int_equal(held, 0);
}

static void a_fault_that_is_not_of_the_way_ends_the_search(void **state)
{
    (void)state;
    proof_fault = MCB_FAULT_GPU_CALL;
    struct mcb_error error = refusal();
    assert_int_equal(error.code, MCB_FAULT_GPU_CALL);
    assert_string_equal(error.detail, "cuda:0: it fails otherwise");
    assert_int_equal(proofs, 1);
}

static void a_loopback_that_cannot_be_opened_is_the_fault(void **state)
{
    (void)state;
    loopback_fault = MCB_FAULT_RDMA_QP_CREATE;
    assert_int_equal(refusal().code, MCB_FAULT_RDMA_QP_CREATE);
}

static void what_a_gpu_and_a_nic_cannot_do_leaves_the_other_routes(void **state)
{
    (void)state;
    endpoint.bounce = &bounce;
    settings.routes[1] = MCB_ROUTE_STAGED;
    settings.route_count = 2;
    gpu.export_refused[MCB_DMABUF_DEFAULT] = gpu.export_refused[MCB_DMABUF_PCIE] = true;
    settings.registration = MCB_REGISTRATION_DMABUF;
    assert_int_equal(direct_refusal().code, MCB_FAULT_GPU_EXPORT);
    assert_non_null(mcb_rdma_registration(&endpoint, MCB_ORDERING_OFF, MCB_ROUTE_STAGED));
    json_t *text = mcb_rdma_registration_describe(&endpoint);
    assert_string_equal(json_string_value(json_object_get(text, "others")),
                        endpoint.direct_fault.detail);
    assert_true(json_is_null(json_object_get(text, "proved")));
    json_decref(text);
}

static void a_side_of_the_direct_route_has_the_fault_of_its_registration(void **state)
{
    (void)state;
    struct mcb_cell_settings cell = {.route = MCB_ROUTE_DIRECT};
    const struct mcb_side_options options = {.cell = &cell};
    struct mcb_side *side = NULL;
    struct mcb_error error;
    unreached = 1u << MCB_REGISTER_ADDRESS;
    settings.registration = MCB_REGISTRATION_PEERMEM;
    assert_int_equal(direct_refusal().code, MCB_FAULT_GPU_UNREACHABLE);
    assert_int_equal(mcb_rdma_side_open(&endpoint, &options, &side, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_GPU_UNREACHABLE);
    assert_string_equal(error.detail, unreached_detail);
    assert_null(side);
}

static void a_nic_that_does_not_reach_itself_proves_nothing(void **state)
{
    (void)state;
    loopback_fault = MCB_FAULT_RDMA_LOOPBACK;
    fail_dmabuf = EOPNOTSUPP;
    assert_registered_as("peermem");
    assert_int_equal(proofs, 0);
    assert_int_equal(endpoint.loopback_fault.code, MCB_FAULT_RDMA_LOOPBACK);
    assert_contains(endpoint.others, "; unproved: mlx5_0: no loopback");
    json_t *text = mcb_rdma_registration_describe(&endpoint);
    assert_true(json_is_null(json_object_get(text, "proved")));
    json_decref(text);
}

static void a_loopback_that_ceases_to_work_is_the_fault_of_the_direct_route(void **state)
{
    (void)state;
    proof_fault = MCB_FAULT_RDMA_LOOPBACK;
    assert_int_equal(direct_refusal().code, MCB_FAULT_RDMA_LOOPBACK);
    assert_int_equal(proofs, 1);
}

static void an_interruption_ends_the_search(void **state)
{
    (void)state;
    proof_fault = MCB_FAULT_RUN_INTERRUPTED;
    assert_int_equal(refusal().code, MCB_FAULT_RUN_INTERRUPTED);
    assert_int_equal(proofs, 1);
}

static void proofs_take_no_longer_than_opening_may(void **state)
{
    (void)state;
    endpoint.deadline_ns = mcb_clock_ns() + MCB_NS_PER_S;
    assert_registered_as("dmabuf");
    assert_true(proof_most_ns <= MCB_NS_PER_S);
    mcb_rdma_unregister(&endpoint);
    endpoint.deadline_ns = mcb_clock_ns() - MCB_NS_PER_S;
    assert_registered_as("dmabuf"); /* one that is quick may still pass */
    assert_true(proof_most_ns > 0 && proof_most_ns < MCB_NS_PER_S);
}

static void long_reasons_are_cut_and_none_is_left_out(void **state)
{
    (void)state;
    memset(unreached_detail, 'x', 599);
    unreached = 1u << MCB_REGISTER_DMABUF | 1u << MCB_REGISTER_DMABUF_PCIE;
    assert_registered_as("peermem");
    assert_true(strlen(endpoint.others) < sizeof(endpoint.others));
    assert_contains(endpoint.others, "dmabuf: xxx");
    assert_contains(endpoint.others, "; dmabuf-pcie: xxx");
}

static void host_memory_is_registered_by_its_address_without_proof(void **state)
{
    (void)state;
    endpoint.buffer = &bounce;
    assert_registered_as("reg_mr_iova2");
    assert_int_equal(proofs, 0);
    assert_int_equal(loopbacks, 0);
    json_t *text = mcb_rdma_registration_describe(&endpoint);
    assert_true(json_is_null(json_object_get(text, "proved")));
    json_decref(text);
}

static void each_route_has_its_registration(void **state)
{
    (void)state;
    endpoint.bounce = &bounce;
    settings.ordering_count = 2;
    assert_registered_as("dmabuf");
    static const struct {
        enum mcb_ordering ordering;
        enum mcb_route route;
        struct mcb_registration **registration;
    } rows[] = {
        {MCB_ORDERING_OFF, MCB_ROUTE_DIRECT, &endpoint.strict},
        {MCB_ORDERING_ON, MCB_ROUTE_DIRECT, &endpoint.relaxed},
        {MCB_ORDERING_OFF, MCB_ROUTE_STAGED, &endpoint.bounce_strict},
        {MCB_ORDERING_ON, MCB_ROUTE_STAGED, &endpoint.bounce_relaxed},
        {MCB_ORDERING_OFF, MCB_ROUTE_HOST, &endpoint.bounce_strict},
        {MCB_ORDERING_ON, MCB_ROUTE_HOST, &endpoint.bounce_relaxed},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_non_null(*rows[i].registration);
        assert_ptr_equal(mcb_rdma_registration(&endpoint, rows[i].ordering, rows[i].route),
                         *rows[i].registration);
    }
}

static void without_bounce_buffer_all_routes_are_one(void **state)
{
    (void)state;
    endpoint.buffer = &bounce;
    settings.routes[0] = MCB_ROUTE_STAGED;
    assert_registered_as("reg_mr_iova2");
    assert_ptr_equal(mcb_rdma_registration(&endpoint, MCB_ORDERING_OFF, MCB_ROUTE_STAGED),
                     endpoint.strict);
    assert_ptr_equal(mcb_rdma_registration(&endpoint, MCB_ORDERING_OFF, MCB_ROUTE_HOST),
                     endpoint.strict);
}

static void a_gpu_that_is_only_staged_is_not_registered(void **state)
{
    (void)state;
    endpoint.bounce = &bounce;
    settings.routes[0] = MCB_ROUTE_STAGED;
    settings.routes[1] = MCB_ROUTE_HOST;
    settings.route_count = 2;
    fail_dmabuf = fail_address = EFAULT;
    assert_registered_as("none");
    assert_int_equal(gpu.exports, 0);
    assert_int_equal(loopbacks, 0);
    assert_non_null(endpoint.bounce_strict);
}

static void relaxed_ordering_that_the_kernel_does_not_know_is_refused(void **state)
{
    (void)state;
    settings.ordering_count = 2;
    endpoint.ordering.kernel = MCB_KNOWN_NO;
    assert_int_equal(refusal().code, MCB_FAULT_RDMA_RELAXED_ORDERING);
    assert_int_equal(held, 0);
}

static void auto_is_relaxed_unless_that_is_known_to_be_in_vain(void **state)
{
    (void)state;
    settings.orderings[0] = MCB_ORDERING_AUTO;
    endpoint.ordering.kernel = MCB_KNOWN_NO;
    assert_registered_as("dmabuf");
    assert_non_null(endpoint.strict);
    assert_null(endpoint.relaxed);
    mcb_rdma_unregister(&endpoint);
    endpoint.ordering.kernel = MCB_KNOWN_NOT;
    assert_registered_as("dmabuf");
    assert_null(endpoint.strict);
    assert_non_null(endpoint.relaxed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_dmabuf_that_is_reached_is_used),
        TEST(that_peermem_was_not_needed_is_told_with_what_the_host_says_of_it),
        TEST(what_was_used_is_described),
        TEST(a_nic_without_dmabuf_leads_to_peermem),
        TEST(a_gpu_without_export_leads_to_peermem),
        TEST(a_dmabuf_that_is_not_reached_leads_to_the_other_mapping),
        TEST(registered_and_not_reached_is_the_fault_where_no_way_works),
        TEST(else_the_fault_is_that_of_the_last_way),
        TEST(a_way_that_was_asked_for_is_the_only_one),
        TEST(every_ordering_is_registered_and_proved),
        TEST(orderings_do_not_differ_in_their_way),
        TEST(a_fault_that_is_not_of_the_way_ends_the_search),
        TEST(a_loopback_that_cannot_be_opened_is_the_fault),
        TEST(what_a_gpu_and_a_nic_cannot_do_leaves_the_other_routes),
        TEST(a_side_of_the_direct_route_has_the_fault_of_its_registration),
        TEST(a_nic_that_does_not_reach_itself_proves_nothing),
        TEST(a_loopback_that_ceases_to_work_is_the_fault_of_the_direct_route),
        TEST(an_interruption_ends_the_search),
        TEST(proofs_take_no_longer_than_opening_may),
        TEST(long_reasons_are_cut_and_none_is_left_out),
        TEST(host_memory_is_registered_by_its_address_without_proof),
        TEST(each_route_has_its_registration),
        TEST(without_bounce_buffer_all_routes_are_one),
        TEST(a_gpu_that_is_only_staged_is_not_registered),
        TEST(relaxed_ordering_that_the_kernel_does_not_know_is_refused),
        TEST(auto_is_relaxed_unless_that_is_known_to_be_in_vain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
