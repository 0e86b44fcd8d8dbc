/* SPDX-License-Identifier: Apache-2.0 */
/* The examination itself: needs, order, findings, proofs, document and screen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/doctor/nic_checks.h"
#include "bench/report/examination_text.h"
#include "common/json.h"
#include "common/text.h"
#include "copied_host.h"

static const struct mcb_examination *examine(struct copied *host)
{
    struct mcb_error error;
    const struct mcb_system *system = copied_open(host);
    assert_int_equal(mcb_examination_make(system, &host->options, &host->examination, &error), 0);
    return &host->examination;
}

/* Not inlined: gcc 12 then takes what open_memstream() made for a pointer to this frame. */
__attribute__((noinline)) static char *screen(const struct mcb_examination *examination)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    mcb_examination_text_print(&(struct mcb_canvas){out, 100, false}, examination);
    fclose(out);
    return text;
}

static void every_check_says_something_and_ids_are_unique(void **state)
{
    static const struct mcb_check *const tables[] = {
        mcb_checks_host,    mcb_checks_nic,  mcb_checks_gpu,     mcb_checks_memory,
        mcb_checks_network, mcb_checks_etcd, mcb_checks_mooncake};
    const struct mcb_check *all[128];
    size_t count = 0;
    examine(*state);
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
        for (const struct mcb_check *row = tables[t]; row->id; row++)
            all[count++] = row;
    for (size_t i = 0; i < count; i++) {
        assert_non_null(copied_finding(*state, all[i]->id, 0));
        for (size_t other = 0; other < i; other++)
            assert_string_not_equal(all[i]->id, all[other]->id);
    }
}

static void findings_are_in_the_order_of_the_groups(void **state)
{
    const struct mcb_examination *examination = examine(*state);
    for (size_t i = 1; i < examination->finding_count; i++)
        assert_true(examination->findings[i - 1].group <= examination->findings[i].group);
}

static void a_check_without_what_it_needs_is_a_skip_that_says_so(void **state)
{
    examine(*state);
    const struct mcb_finding *finding = copied_finding(*state, "nic.loopback", 0);
    assert_int_equal(finding->verdict, MCB_VERDICT_SKIP);
    assert_non_null(strstr(finding->evidence, "copied host"));
    finding = copied_finding(*state, "gpu.driver", 0);
    assert_string_equal(finding->evidence, "no GPU");
}

static void a_proof_keeps_the_furthest_stage(void **state)
{
    struct copied *host = *state;
    struct mcb_examination *examination = &host->examination;
    copied_open(host);
    mcb_examination_prove(examination, MCB_GROUP_NIC, "mlx5_0", MCB_STAGE_GID, "index 3");
    mcb_examination_prove(examination, MCB_GROUP_NIC, "mlx5_0", MCB_STAGE_SEEN, "firmware");
    mcb_examination_prove(examination, MCB_GROUP_NIC, "mlx5_1", MCB_STAGE_SEEN, "firmware");
    assert_int_equal(examination->proof_count, 2);
    assert_int_equal(examination->proofs[0].stage, MCB_STAGE_GID);
    assert_string_equal(examination->proofs[0].how, "index 3");
}

static void many_findings_are_kept_and_foreign_text_does_no_harm(void **state)
{
    struct copied *host = *state;
    struct mcb_examination *examination = &host->examination;
    copied_open(host);
    for (int i = 0; i < 1000; i++)
        mcb_examination_add(examination, &mcb_checks_host[0], "\033[2J", MCB_VERDICT_WARN,
                            MCB_FAULT_HOST_MEMLOCK, "\xff\xfe number %d\033", i);
    assert_int_equal(mcb_examination_count(examination, MCB_VERDICT_WARN), 1000);
    assert_string_equal(examination->findings[999].subject, "?[2J");
    json_t *document = mcb_examination_to_json(examination);
    assert_non_null(document);
    assert_int_equal(json_array_size(json_object_get(document, "checks")), 1000);
    json_decref(document);
    char *text = screen(examination);
    assert_null(strchr(text, '\033'));
    free(text);
}

static void the_document_holds_the_fault_and_its_own_fix(void **state)
{
    struct copied *host = *state;
    struct mcb_examination *examination = &host->examination;
    copied_open(host);
    mcb_examination_add(examination, &mcb_checks_host[1], "", MCB_VERDICT_FAIL,
                        MCB_FAULT_HOST_MEMLOCK, "8 MiB");
    mcb_examination_fix(examination, "ulimit -l %s", "unlimited");
    mcb_examination_unseen(examination, "ACS: %s", "root only");
    mcb_examination_unseen(examination, "ACS: %s", "root only");
    json_t *document = mcb_examination_to_json(examination);
    const json_t *check = json_array_get(json_object_get(document, "checks"), 0);
    const json_t *fault = json_object_get(check, "fault");
    assert_string_equal(mcb_json_text(check, "verdict"), "fail");
    assert_true(json_is_null(json_object_get(check, "subject")));
    assert_string_equal(mcb_json_text(fault, "id"), "MCB-HOST-001");
    assert_string_equal(mcb_json_text(fault, "fix"), "ulimit -l unlimited");
    assert_string_equal(mcb_json_text(document, "root"), host->root);
    assert_int_equal(json_array_size(json_object_get(document, "unseen")), 1);
    json_decref(document);
}

static void the_screen_has_id_fix_and_proof_within_100_columns(void **state)
{
    struct copied *host = *state;
    struct mcb_examination *examination = &host->examination;
    char longer[400];
    copied_open(host);
    memset(longer, 'x', sizeof longer);
    for (size_t i = 9; i < sizeof longer; i += 10)
        longer[i] = ' ';
    longer[sizeof longer - 1] = '\0';
    mcb_examination_add(examination, &mcb_checks_host[1], "", MCB_VERDICT_FAIL,
                        MCB_FAULT_HOST_MEMLOCK, "%s", longer);
    mcb_examination_fix(examination, "ulimit -l unlimited");
    mcb_examination_add(examination, &mcb_checks_nic[0], "mlx5_0", MCB_VERDICT_PASS, MCB_FAULT_NONE,
                        "seen");
    mcb_examination_prove(examination, MCB_GROUP_NIC, "mlx5_0", MCB_STAGE_LOOPBACK, "64 KiB");
    char *text = screen(examination), *rest = NULL;
    assert_non_null(strstr(text, "\nnic      mlx5_0 · seen\n"));
    assert_non_null(strstr(text, "✔ proved up to: loopback transfer verified (64 KiB)\n"));
    assert_non_null(strstr(text, "                            ulimit -l unlimited\n"));
    assert_non_null(strstr(text, "1 finding: 1 failed, 0 warnings. Nothing was changed"));
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        const char *id = strstr(line, "MCB-HOST-001");
        assert_true(mcb_text_columns(line) <= 100);
        if (id)
            assert_int_equal(mcb_text_columns(line), 100);
    }
    free(text);
}

/* ---- fixes ---- */

static const char *fix_of(struct copied *host)
{
    return host->examination.findings[host->examination.finding_count - 1].fix;
}

static void a_value_that_a_shell_would_read_otherwise_gets_into_no_command(void **state)
{
    static const char *const bad[] = {"n1; rm -rf ~", "$(reboot)", "`reboot`", "a\nreboot",
                                      "a b",          "a'b",       "a\"b",     "a|b",
                                      "--all",        "a>b",       "\xff"};
    static const char *const good[] = {"10.0.0.2:12345", "n1.cluster_a/gpu-0@x", "[fe80::1]:7777",
                                       "http://[::1]:2379", "mooncake/ram/n1:12345"};
    struct copied *host = *state;
    char wanted[128];
    copied_open(host);
    mcb_examination_add(&host->examination, &mcb_checks_host[1], "", MCB_VERDICT_FAIL,
                        MCB_FAULT_HOST_MEMLOCK, "8 MiB");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        mcb_examination_fix(&host->examination, "getent hosts %s\nss -ltn 'sport = :%u'  # on %s",
                            bad[i], 7u, bad[i]);
        assert_string_equal(fix_of(host), "");
        mcb_examination_fix(&host->examination, "getent hosts %s\nss -ltn 'sport = :%u'", bad[i],
                            7u);
        assert_string_equal(fix_of(host), "ss -ltn 'sport = :7'");
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        snprintf(wanted, sizeof wanted, "echo %s\nuname", good[i]);
        mcb_examination_fix(&host->examination, "echo %s\nuname", good[i]);
        assert_string_equal(fix_of(host), wanted);
    }
    mcb_examination_fix(&host->examination, "echo %s", "$HOME");
    assert_string_equal(mcb_examination_fix_of(&host->examination.findings[0]),
                        mcb_fault_get(MCB_FAULT_HOST_MEMLOCK)->fix);
}

static void a_command_is_never_cut(void **state)
{
    struct copied *host = *state;
    char long_name[MCB_EVIDENCE_MAX];
    memset(long_name, 'n', sizeof long_name);
    long_name[sizeof long_name - 1] = '\0';
    copied_open(host);
    mcb_examination_add(&host->examination, &mcb_checks_host[1], "", MCB_VERDICT_FAIL,
                        MCB_FAULT_HOST_MEMLOCK, "8 MiB");
    mcb_examination_fix(&host->examination, "uname\netcdctl del %s", long_name);
    assert_string_equal(fix_of(host), "uname");
    long_name[300] = '\0';
    mcb_examination_fix(&host->examination, "echo %s\necho %s\nuname", long_name, long_name);
    assert_int_equal(strlen(fix_of(host)), 5 + 300 + 6);
}

static void numbers_of_every_size_are_printed(void **state)
{
    struct copied *host = *state;
    copied_open(host);
    mcb_examination_add(&host->examination, &mcb_checks_host[1], "", MCB_VERDICT_FAIL,
                        MCB_FAULT_HOST_MEMLOCK, "8 MiB");
    mcb_examination_fix(&host->examination, "echo %u %lu %llu %zu %s", 1u, 4294967296ul,
                        18446744073709551615ull, (size_t)4, "x");
    assert_string_equal(fix_of(host), "echo 1 4294967296 18446744073709551615 4 x");
}

/* ---- a short screen ---- */

static void skips_for_one_reason_are_one_line(void **state)
{
    const struct mcb_examination *examination = examine(*state);
    char *text = screen(examination);
    assert_non_null(
        strstr(text, "  – port, GID, MTU, relaxed ordering, error counters: no RDMA device\n"));
    assert_non_null(strstr(text, "  – largest registration, queue pairs in use, loopback transfer: "
                                 "a copied host"));
    assert_non_null(strstr(text, "  – driver, visible GPUs: no GPU\n"));
    const char *once = strstr(text, "visible GPUs");
    assert_non_null(once);
    assert_null(strstr(once + 1, "visible GPUs"));
    free(text);
}

static void every_title_fits_its_column(void **state)
{
    static const struct mcb_check *const tables[] = {
        mcb_checks_host,    mcb_checks_nic,  mcb_checks_gpu,     mcb_checks_memory,
        mcb_checks_network, mcb_checks_etcd, mcb_checks_mooncake};
    (void)state;
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
        for (const struct mcb_check *row = tables[t]; row->id; row++)
            assert_true(mcb_text_columns(row->title) <= 23);
}

static void add_nic(struct mcb_examination *examination, const char *name, bool well)
{
    for (const struct mcb_check *row = mcb_checks_nic; row->id; row++)
        if (row->run != mcb_nic_check_ordering) /* which is of the host */
            mcb_examination_add(
                examination, row, name,
                well || row != &mcb_checks_nic[3] ? MCB_VERDICT_PASS : MCB_VERDICT_WARN,
                well || row != &mcb_checks_nic[3] ? MCB_FAULT_NONE : MCB_FAULT_RDMA_MTU,
                "found by %s", row->id);
    mcb_examination_prove(examination, MCB_GROUP_NIC, name, MCB_STAGE_LOOPBACK, "64 KiB");
}

static void a_healthy_nic_takes_five_lines(void **state)
{
    struct copied *host = *state;
    copied_open(host);
    add_nic(&host->examination, "mlx5_0", true);
    add_nic(&host->examination, "mlx5_1", false);
    char *text = screen(&host->examination);
    assert_non_null(strstr(text, "nic      mlx5_0 · found by nic.present\n"
                                 "  ✔ port                    found by nic.port\n"
                                 "  ✔ GID                     found by nic.gid\n"
                                 "  ✔ MTU, largest registration, queue pairs in use, loopback "
                                 "transfer, error counters\n"
                                 "  ✔ proved up to: loopback transfer verified (64 KiB)\n"
                                 "nic      mlx5_1 · "));
    assert_non_null(strstr(text, "  ! MTU                     found by nic.mtu"));
    assert_non_null(strstr(text, "  ✔ largest registration, queue pairs in use, loopback transfer, "
                                 "error counters\n"));
    free(text);
}

static void what_one_check_finds_of_several_is_one_line(void **state)
{
    struct copied *host = *state;
    struct mcb_examination *examination = &host->examination;
    copied_open(host);
    for (int i = 0; i < 20; i++) {
        char subject[16];
        snprintf(subject, sizeof subject, "cuda:%d", i);
        mcb_examination_add(examination, &mcb_checks_gpu[0], subject, MCB_VERDICT_PASS,
                            MCB_FAULT_NONE, "driver %s", i == 3 ? "old" : "new");
    }
    mcb_examination_add(examination, &mcb_checks_gpu[0], "cuda:20", MCB_VERDICT_WARN,
                        MCB_FAULT_GPU_DRIVER, "driver new");
    char *text = screen(examination);
    assert_non_null(strstr(text, "✔ driver                  cuda:0, cuda:1, cuda:2, cuda:4, "));
    assert_null(strstr(text, "cuda:17"));
    assert_non_null(strstr(text, "more: driver new\n"));
    assert_non_null(strstr(text, "✔ driver                  cuda:3: driver old\n"));
    assert_non_null(strstr(text, "! driver                  cuda:20: driver new"));
    free(text);
}

#define test(name) cmocka_unit_test_setup_teardown(name, copied_make, copied_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(every_check_says_something_and_ids_are_unique),
        test(findings_are_in_the_order_of_the_groups),
        test(a_check_without_what_it_needs_is_a_skip_that_says_so),
        test(a_proof_keeps_the_furthest_stage),
        test(many_findings_are_kept_and_foreign_text_does_no_harm),
        test(the_document_holds_the_fault_and_its_own_fix),
        test(the_screen_has_id_fix_and_proof_within_100_columns),
        test(a_value_that_a_shell_would_read_otherwise_gets_into_no_command),
        test(a_command_is_never_cut),
        test(numbers_of_every_size_are_printed),
        test(skips_for_one_reason_are_one_line),
        test(every_title_fits_its_column),
        test(a_healthy_nic_takes_five_lines),
        test(what_one_check_finds_of_several_is_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
