/* SPDX-License-Identifier: Apache-2.0 */
/* How a host is called and reached, and what a transfer between the NICs of two hosts says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "bench/doctor/peer_pairs.h"
#include "common/socket.h"
#include "tests/unit/presented_host.h"

/* ---- own name ---- */

/* An interface with the address 10.0.0.1, and loopback. */
static void present_addresses(struct presented *host)
{
    present(host, "proc/net/fib_trie",
            "Main:\n"
            "  +-- 0.0.0.0/0 3 0 5\n"
            "     +-- 10.0.0.0/24 2 0 2\n"
            "        |-- 10.0.0.1\n"
            "           /32 host LOCAL\n"
            "     +-- 127.0.0.0/8 2 0 2\n"
            "        |-- 127.0.0.1\n"
            "           /32 host LOCAL\n");
    present(host, "etc/hosts",
            "127.0.0.1 localhost\n127.0.1.1 n1\n10.0.0.1 right\n10.0.0.9 other\n");
}

static void the_line_of_debian_for_the_own_name_is_no_warning(void **state)
{
    struct presented *host = *state;
    present_addresses(host);
    examine(host, false);
    assert_finding(host, "network.name", "n1", MCB_VERDICT_PASS, MCB_FAULT_NONE, "127.0.1.1");
}

static void a_name_that_was_asked_for_must_lead_to_this_host(void **state)
{
    struct presented *host = *state;
    present_addresses(host);
    static const struct {
        const char *name, *subject;
        enum mcb_verdict verdict;
        enum mcb_fault_code fault;
    } cases[] = {
        {"n1:12345", "n1", MCB_VERDICT_FAIL, MCB_FAULT_NET_LOOPBACK},
        {"other", "other", MCB_VERDICT_FAIL, MCB_FAULT_NET_NAME},
        {"10.0.0.9:1", "10.0.0.9", MCB_VERDICT_FAIL, MCB_FAULT_NET_NAME},
        {"nowhere", "nowhere", MCB_VERDICT_WARN, MCB_FAULT_NET_RESOLVE},
        {"right:12345", "right", MCB_VERDICT_PASS, MCB_FAULT_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        host->options.name = cases[i].name;
        examine(host, false);
        assert_finding(host, "network.name", cases[i].subject, cases[i].verdict, cases[i].fault,
                       "--name");
    }
}

static void the_name_that_mooncake_gives_its_peers_is_asked_for(void **state)
{
    struct presented *host = *state;
    present_addresses(host);
    present(host, "proc/self/environ", "MOONCAKE_LOCAL_HOSTNAME=n1\n");
    examine(host, false);
    assert_finding(host, "network.name", "n1", MCB_VERDICT_WARN, MCB_FAULT_NET_LOOPBACK,
                   "local_hostname");
}

static void a_port_that_is_taken_names_its_process(void **state)
{
    struct presented *host = *state;
    present(host, "proc/net/tcp",
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
            "timeout inode\n"
            "   0: 0100007F:3039 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000     "
            "   0 111 1 0 100 0 0 10 0\n"
            "   1: 00000000:3039 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000     "
            "   0 4711 1 0 100 0 0 10 0\n");
    host->options.name = "localhost:12345";
    examine(host, false);
    assert_finding(host, "network.port", "port 12345", MCB_VERDICT_WARN, MCB_FAULT_NET_PORT_TAKEN,
                   "root sees which");
    present(host, "proc/4242/comm", "python3\n");
    sysfs_folder(&host->tree, "proc/4242/fd");
    sysfs_link(&host->tree, "proc/4242/fd/7", "socket:[4711]");
    examine(host, false);
    assert_finding(host, "network.port", "port 12345", MCB_VERDICT_WARN, MCB_FAULT_NET_PORT_TAKEN,
                   "process 4242 (python3)");
    assert_finding(host, "network.port", "port 12345", MCB_VERDICT_WARN, MCB_FAULT_NET_PORT_TAKEN,
                   "on 0.0.0.0");
    host->options.name = "localhost:12346";
    examine(host, false);
    assert_finding(host, "network.port", "port 12346", MCB_VERDICT_PASS, MCB_FAULT_NONE, "nobody");
}

static void a_port_of_the_configuration_may_be_held_by_mooncake_itself(void **state)
{
    struct presented *host = *state;
    present(
        host, "proc/net/tcp6",
        "  sl  local_address rem_address st tx_queue rx_queue tr tm->when retrnsmt uid timeout\n"
        "   0: 00000000000000000000000001000000:3039 00000000000000000000000000000000:0000 0A "
        "00000000:00000000 00:00000000 00000000  1000 0 4711 1 0 100 0 0 10 0\n");
    present(host, "proc/4242/comm", "python3\n");
    sysfs_folder(&host->tree, "proc/4242/fd");
    sysfs_link(&host->tree, "proc/4242/fd/7", "socket:[4711]");
    present(host, "proc/self/environ", "MOONCAKE_LOCAL_HOSTNAME=n1:12345\n");
    examine(host, false);
    assert_finding(host, "network.port", "port 12345", MCB_VERDICT_PASS, MCB_FAULT_NONE,
                   "process 4242 (python3) listens on ::1: Mooncake itself");
}

static void of_the_addresses_of_a_name_those_of_link_scope_are_passed_over(void **state)
{
    struct presented *host = *state;
    present_addresses(host);
    present(host, "etc/hosts", "fe80::1 right\n10.0.0.1 right\n");
    host->options.name = "right";
    examine(host, false);
    assert_finding(host, "network.name", "right", MCB_VERDICT_PASS, MCB_FAULT_NONE, "10.0.0.1");
}

static void a_proxy_in_the_way_of_the_metadata_is_a_warning(void **state)
{
    struct presented *host = *state;
    host->options.etcd = "http://10.0.0.5:2379";
    present(host, "proc/self/environ", "http_proxy=http://proxy:3128\n");
    examine(host, false);
    assert_finding(host, "network.proxy", "http://10.0.0.5:2379", MCB_VERDICT_WARN,
                   MCB_FAULT_NET_PROXY, "http_proxy (proxy)");
    assert_fix(host, "network.proxy", NULL, "unset http_proxy");
    present(host, "proc/self/environ",
            "http_proxy=http://proxy:3128\nno_proxy=localhost,10.0.0.5\n");
    examine(host, false);
    assert_finding(host, "network.proxy", NULL, MCB_VERDICT_PASS, MCB_FAULT_NONE, "none");
}

static void passwords_of_proxies_and_servers_are_not_repeated(void **state)
{
    struct presented *host = *state;
    host->options.etcd = "http://me:secret@10.0.0.5:2379,http://[fd00::5]:2379";
    present(host, "proc/self/environ", "http_proxy=http://user:sec/ret@secret@proxy:3128\n");
    examine(host, false);
    for (size_t i = 0; i < host->examination.finding_count; i++) {
        const struct mcb_finding *finding = &host->examination.findings[i];
        if (strstr(finding->subject, "sec") || strstr(finding->evidence, "secret") ||
            strstr(finding->fix, "secret"))
            fail_msg("%s: %s %s", finding->check->id, finding->subject, finding->evidence);
    }
    assert_finding(host, "network.proxy", "http://10.0.0.5:2379", MCB_VERDICT_WARN,
                   MCB_FAULT_NET_PROXY, "http_proxy (proxy)");
    assert_fix(host, "network.proxy", "http://10.0.0.5:2379", "no_proxy=\"$no_proxy,10.0.0.5\"");
    assert_fix(host, "network.proxy", "http://[fd00::5]:2379", "no_proxy=\"$no_proxy,fd00::5\"");
}

static void a_proxy_is_in_the_way_of_every_metadata_server_over_http(void **state)
{
    struct presented *host = *state;
    static const struct {
        const char *server, *url; /* NULL: none that is asked over HTTP */
    } cases[] = {{"http://meta:8080/metadata", "http://meta:8080/metadata"},
                 {"etcd://meta:2379", "http://meta:2379"},
                 {"meta:2379", "http://meta:2379"},
                 {"redis://meta:6379", NULL},
                 {"P2PHANDSHAKE", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char environment[256];
        snprintf(environment, sizeof environment,
                 "MOONCAKE_TE_META_DATA_SERVER=%s\nhttp_proxy=http://proxy:3128\n",
                 cases[i].server);
        present(host, "proc/self/environ", environment);
        examine(host, false);
        if (cases[i].url)
            assert_finding(host, "network.proxy", cases[i].url, MCB_VERDICT_WARN,
                           MCB_FAULT_NET_PROXY, "http_proxy");
        else
            assert_finding(host, "network.proxy", NULL, MCB_VERDICT_PASS, MCB_FAULT_NONE, "no ");
    }
}

static void local_ports_that_run_out_are_a_warning(void **state)
{
    struct presented *host = *state;
    present(host, "proc/sys/net/ipv4/ip_local_port_range", "32768\t60999\n");
    present(host, "proc/net/sockstat", "sockets: used 100\nTCP: inuse 5 orphan 0 tw 120 alloc 7\n");
    examine(host, false);
    assert_finding(host, "network.ports", NULL, MCB_VERDICT_PASS, MCB_FAULT_NONE, "120");
    present(host, "proc/net/sockstat", "TCP: inuse 5 orphan 0 tw 28000 alloc 7 mem 1\n");
    examine(host, false);
    assert_finding(host, "network.ports", NULL, MCB_VERDICT_WARN, MCB_FAULT_NET_PORTS, "28000");
}

/* ---- pairs of NICs ---- */

struct pair {
    int one, two;
    const char *fault; /* id; NULL: it works */
};

/* Two hosts with two NICs each. */
static json_t *document_of(const struct pair *pairs, size_t count, int mtu_of_peer)
{
    json_t *hosts = json_array(), *cells = json_array();
    for (int h = 0; h < 2; h++) {
        json_t *nics = json_array();
        for (int n = 0; n < 2; n++)
            json_array_append_new(nics, json_pack("{s:s, s:i}", "name", n ? "b" : "a",
                                                  "active_mtu_bytes", h && n ? mtu_of_peer : 4096));
        json_array_append_new(hosts,
                              json_pack("{s:s, s:o}", "host", h ? "n2" : "n1", "nics", nics));
    }
    for (size_t i = 0; i < count; i++) {
        const char *id = pairs[i].fault;
        json_t *fault = id ? json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", id, "title", "t",
                                       "detail", "it broke", "cause", "", "fix", "")
                           : json_null();
        json_array_append_new(
            cells,
            json_pack("{s:{s:s, s:s}, s:{s:s, s:s}, s:s, s:o, s:{s:f}, s:i, s:i}", "initiator",
                      "host", i % 2 ? "n2" : "n1", "nic",
                      (i % 2 ? pairs[i].two : pairs[i].one) ? "b" : "a", "target", "host",
                      i % 2 ? "n1" : "n2", "nic", (i % 2 ? pairs[i].one : pairs[i].two) ? "b" : "a",
                      "status", id ? "failed" : "ok", "fault", fault, "bandwidth_gbps", "median",
                      100.0 + (double)i, "verified_bytes", id ? 0 : 65536, "corrupt_bytes", 0));
    }
    return json_pack("{s:o, s:o, s:n, s:{s:s}}", "hosts", hosts, "cells", cells, "fault",
                     "transport", "name", "rdma");
}

static struct mcb_peer_pairs read_pairs(const struct pair *pairs, size_t count, int mtu_of_peer)
{
    struct mcb_peer_pairs read;
    json_t *document = document_of(pairs, count, mtu_of_peer);
    assert_non_null(document);
    assert_true(mcb_peer_pairs_read(document, &read));
    json_decref(document);
    return read;
}

static const struct pair all_work[] = {{0, 0, NULL}, {0, 1, NULL}, {1, 0, NULL}, {1, 1, NULL}};

static void pairs_that_all_work_have_figures(void **state)
{
    (void)state;
    struct mcb_peer_pairs read = read_pairs(all_work, 4, 4096);
    assert_int_equal(read.count, 4);
    assert_int_equal(read.failed, 0);
    assert_int_equal(read.verified_bytes, 4 * 65536);
    assert_true(read.slowest_gbps == 100.0 && read.fastest_gbps == 103.0);
    assert_int_equal(mcb_peer_pairs_judge(&read), MCB_FAULT_NONE);
}

static void pairs_of_different_rails_that_fail_alone_are_a_matter_of_rails(void **state)
{
    (void)state;
    static const struct pair cross[] = {
        {0, 0, NULL}, {0, 1, "MCB-RDMA-013"}, {1, 0, "MCB-RDMA-013"}, {1, 1, NULL}};
    static const struct pair one[] = {
        {0, 0, NULL}, {0, 1, "MCB-RDMA-013"}, {1, 0, NULL}, {1, 1, NULL}};
    static const struct pair more[] = {
        {0, 0, "MCB-RDMA-013"}, {0, 1, "MCB-RDMA-013"}, {1, 0, "MCB-RDMA-013"}, {1, 1, NULL}};
    struct mcb_peer_pairs read = read_pairs(cross, 4, 4096);
    assert_int_equal(mcb_peer_pairs_judge(&read), MCB_FAULT_RDMA_RAIL);
    assert_string_equal(read.failed_example, "n1/a and n2/b");
    read = read_pairs(one, 4, 4096);
    assert_int_equal(mcb_peer_pairs_judge(&read), MCB_FAULT_NONE);
    read = read_pairs(more, 4, 4096);
    assert_int_equal(mcb_peer_pairs_judge(&read), MCB_FAULT_NONE);
    assert_int_equal(read.fault_count, 1);
    assert_int_equal(read.faults[0].code, MCB_FAULT_RDMA_RETRY);
    assert_int_equal(read.faults[0].cells, 3);
}

static void pairs_that_fail_where_mtus_differ_are_a_matter_of_mtu(void **state)
{
    (void)state;
    static const struct pair pairs[] = {
        {0, 0, NULL}, {0, 1, "MCB-RDMA-011"}, {1, 0, NULL}, {1, 1, "MCB-RDMA-011"}};
    struct mcb_peer_pairs read = read_pairs(pairs, 4, 1024);
    assert_int_equal(mcb_peer_pairs_judge(&read), MCB_FAULT_RDMA_MTU);
    assert_string_equal(read.mtu_example, "n1/a 4096, n2/b 1024");
}

/* Two hosts of an InfiniBand and an Ethernet NIC each. */
static json_t *mixed_document(const struct pair *pairs, size_t count)
{
    json_t *document = document_of(pairs, count, 4096);
    for (size_t h = 0; h < 2; h++) {
        json_t *nics =
            json_object_get(json_array_get(json_object_get(document, "hosts"), h), "nics");
        for (size_t n = 0; n < 2; n++)
            json_object_set_new(json_array_get(nics, n), "link_layer",
                                json_string(n ? "Ethernet" : "InfiniBand"));
    }
    return document;
}

static void pairs_of_unlike_links_are_left_out(void **state)
{
    (void)state;
    static const struct pair mixed[] = {
        {0, 0, NULL}, {0, 1, "MCB-RDMA-013"}, {1, 0, "MCB-RDMA-013"}, {1, 1, NULL}};
    struct mcb_peer_pairs read;
    json_t *document = mixed_document(mixed, 4);
    assert_true(mcb_peer_pairs_read(document, &read));
    json_decref(document);
    assert_int_equal(read.count, 2);
    assert_int_equal(read.failed, 0);
    assert_int_equal(read.fault_count, 0);
    assert_int_equal(read.unlike, 2);
    assert_string_equal(read.unlike_example, "n1/a InfiniBand, n2/b Ethernet");
}

static void pairs_of_unlike_links_fail_where_there_are_no_others(void **state)
{
    (void)state;
    static const struct pair mixed[] = {{0, 1, "MCB-RDMA-013"}};
    struct mcb_peer_pairs read;
    json_t *document = mixed_document(mixed, 1);
    assert_true(mcb_peer_pairs_read(document, &read));
    json_decref(document);
    assert_int_equal(read.failed, 1);
    assert_int_equal(read.faults[0].code, MCB_FAULT_RDMA_RETRY);
}

/* The second host has another NIC before those that both have. */
static void rails_are_told_by_the_names_of_nics(void **state)
{
    (void)state;
    static const struct pair pairs[] = {
        {0, 0, "MCB-RDMA-013"}, {0, 1, NULL}, {1, 0, "MCB-RDMA-013"}, {1, 1, "MCB-RDMA-013"}};
    struct mcb_peer_pairs read;
    json_t *document = document_of(pairs, 4, 4096);
    const json_t *hosts = json_object_get(document, "hosts"), *cells;
    json_t *nics = json_object_get(json_array_get(hosts, 1), "nics"), *cell;
    json_object_set_new(json_array_get(nics, 0), "name", json_string("other"));
    json_object_set_new(json_array_get(nics, 1), "name", json_string("a"));
    cells = json_object_get(document, "cells");
    size_t i;
    json_array_foreach(cells, i, cell)
    {
        json_t *end = json_object_get(cell, i % 2 ? "initiator" : "target");
        json_object_set_new(end, "nic", json_string(pairs[i].two ? "a" : "other"));
    }
    assert_true(mcb_peer_pairs_read(document, &read));
    json_decref(document);
    assert_int_equal(read.cross_count, 3);
    assert_int_equal(mcb_peer_pairs_judge(&read), MCB_FAULT_RDMA_RAIL);
}

static void a_pair_that_was_too_slow_for_its_trial_does_not_fail(void **state)
{
    (void)state;
    static const struct pair pairs[] = {{0, 0, NULL}, {0, 1, "MCB-RUN-002"}};
    struct mcb_peer_pairs read = read_pairs(pairs, 2, 4096);
    assert_int_equal(read.failed, 0);
    assert_int_equal(read.count, 1);
}

static void what_is_no_result_is_not_read(void **state)
{
    (void)state;
    static const char *const wrong[] = {"{}", "[]", "{\"hosts\":[{},{}]}",
                                        "{\"hosts\":[{},{}],\"cells\":7}"};
    struct mcb_peer_pairs read;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        json_t *document = json_loads(wrong[i], 0, NULL);
        assert_false(mcb_peer_pairs_read(document, &read));
        json_decref(document);
    }
}

/* ---- peers ---- */

static json_t *transferred;
static enum mcb_fault_code transfer_fails;

static bool is_stranger;
static char nics_asked[64];
static int64_t timeout_asked_ns;

static int transfer(const char *peer, const char *nics, int64_t timeout_ns, json_t **document,
                    bool *stranger, struct mcb_error *error)
{
    snprintf(nics_asked, sizeof nics_asked, "%s", nics ? nics : "");
    timeout_asked_ns = timeout_ns;
    *stranger = is_stranger;
    if (transfer_fails)
        return mcb_error_set(error, transfer_fails, "%s: it failed", peer);
    *document = json_incref(transferred);
    return 0;
}

struct peer {
    int listener;
    char text[MCB_ADDRESS_MAX];
};

static struct peer open_peer(struct presented *host)
{
    struct mcb_error error;
    struct peer peer = {.listener = mcb_socket_listen("127.0.0.1", 0, 16, &error)};
    assert_true(peer.listener >= 0);
    mcb_socket_join("127.0.0.1", mcb_socket_port(peer.listener), peer.text);
    host->options.transfer = transfer;
    transfer_fails = MCB_FAULT_NONE;
    return peer;
}

static enum mcb_stage stage_of(const struct presented *host, const char *subject)
{
    for (size_t i = 0; i < host->examination.proof_count; i++)
        if (strcmp(host->examination.proofs[i].subject, subject) == 0)
            return host->examination.proofs[i].stage;
    return MCB_STAGE_NONE;
}

static void a_peer_is_proved_up_to_its_transfer(void **state)
{
    struct presented *host = *state;
    struct peer peer = open_peer(host);
    host->options.peer = peer.text;
    transferred = document_of(all_work, 4, 4096);
    examine(host, true);
    assert_int_equal(stage_of(host, peer.text), MCB_STAGE_PEER_TRANSFER);
    transfer_fails = MCB_FAULT_NET_PROTOCOL;
    is_stranger = true;
    examine(host, true);
    is_stranger = false;
    assert_int_equal(stage_of(host, peer.text), MCB_STAGE_PEER);
    assert_finding(host, "network.peer", peer.text, MCB_VERDICT_PASS, MCB_FAULT_NONE, "takes");
    transfer_fails = MCB_FAULT_RDMA_PORT_DOWN;
    examine(host, true);
    assert_finding(host, "network.peer", peer.text, MCB_VERDICT_FAIL, MCB_FAULT_RDMA_PORT_DOWN,
                   "it failed");
    json_decref(transferred);
    close(peer.listener);
}

static void a_peer_of_another_version_is_a_failure(void **state)
{
    struct presented *host = *state;
    struct peer peer = open_peer(host);
    host->options.peer = peer.text;
    transfer_fails = MCB_FAULT_NET_PROTOCOL;
    examine(host, true);
    assert_finding(host, "network.peer", peer.text, MCB_VERDICT_FAIL, MCB_FAULT_NET_PROTOCOL,
                   "it failed");
    close(peer.listener);
}

static void a_transfer_is_given_the_nics_and_the_time_of_the_examination(void **state)
{
    struct presented *host = *state;
    struct peer peer = open_peer(host);
    host->options.peer = peer.text;
    host->options.nics = "mlx5_7";
    host->options.timeout_ns = 700 * MCB_NS_PER_MS;
    transfer_fails = MCB_FAULT_RDMA_PORT_DOWN;
    examine(host, true);
    assert_string_equal(nics_asked, "mlx5_7");
    assert_int_equal(timeout_asked_ns, 700 * MCB_NS_PER_MS);
    close(peer.listener);
}

static void of_a_peer_that_joined_and_fell_silent_is_told_what_is_known(void **state)
{
    struct presented *host = *state;
    struct peer peer = open_peer(host);
    host->options.peer = peer.text;
    transfer_fails = MCB_FAULT_JOB_PEER_SILENT;
    examine(host, true);
    assert_finding(host, "network.peer", peer.text, MCB_VERDICT_FAIL, MCB_FAULT_JOB_PEER_SILENT,
                   "it is a mcbench and joined");
    transfer_fails = MCB_FAULT_NONE;
    transferred = document_of(all_work, 2, 4096);
    json_object_set_new(transferred, "fault",
                        json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", "MCB-JOB-002", "title", "t",
                                  "detail", "rank 0 (n2) does not answer", "cause", "", "fix", ""));
    examine(host, true);
    assert_finding(host, "network.peer", peer.text, MCB_VERDICT_FAIL, MCB_FAULT_JOB_PEER_SILENT,
                   "rank 0 (n2) does not answer; before that 2 pairs of NICs worked, 131072 bytes");
    assert_int_equal(stage_of(host, peer.text), MCB_STAGE_PEER);
    json_decref(transferred);
    close(peer.listener);
}

/* With its queue of connections full the kernel drops what comes, as a filter does. */
static void a_peer_that_is_filtered_is_named_as_such(void **state)
{
    struct presented *host = *state;
    struct mcb_error error;
    int waiting[8];
    char text[MCB_ADDRESS_MAX];
    int listener = mcb_socket_listen("127.0.0.1", 0, 0, &error);
    assert_true(listener >= 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(mcb_socket_port(listener)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (size_t i = 0; i < sizeof waiting / sizeof *waiting; i++) {
        waiting[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        connect(waiting[i], (const struct sockaddr *)&address, sizeof address);
    }
    host->options.peer = mcb_socket_join("127.0.0.1", mcb_socket_port(listener), text);
    host->options.timeout_ns = 200 * MCB_NS_PER_MS;
    examine(host, true);
    assert_finding(host, "network.peer", text, MCB_VERDICT_FAIL, MCB_FAULT_NET_TIMEOUT, "");
    assert_fix(host, "network.peer", text, "nft list ruleset");
    for (size_t i = 0; i < sizeof waiting / sizeof *waiting; i++)
        close(waiting[i]);
    close(listener);
}

static void mtus_that_differ_are_a_warning_where_all_pairs_work(void **state)
{
    struct presented *host = *state;
    struct peer peer = open_peer(host);
    host->options.peer = peer.text;
    transferred = document_of(all_work, 4, 1024);
    examine(host, true);
    assert_finding(host, "network.peer", peer.text, MCB_VERDICT_WARN, MCB_FAULT_RDMA_MTU,
                   "n1/a 4096, n2/b 1024");
    json_decref(transferred);
    close(peer.listener);
}

static void a_peer_that_refuses_is_told_from_one_that_has_no_name(void **state)
{
    struct presented *host = *state;
    struct peer peer = open_peer(host);
    char peers[MCB_ADDRESS_MAX + 64];
    close(peer.listener);
    snprintf(peers, sizeof peers, "%s,:9", peer.text);
    host->options.peer = peers;
    examine(host, true);
    assert_finding(host, "network.peer", peer.text, MCB_VERDICT_FAIL, MCB_FAULT_NET_REFUSED,
                   "connection refused");
    assert_finding(host, "network.peer", ":9", MCB_VERDICT_FAIL, MCB_FAULT_USE_VALUE, "HOST:PORT");
    assert_int_equal(stage_of(host, peer.text), MCB_STAGE_NONE);
}

#define HOSTED(test) cmocka_unit_test_setup_teardown(test, present_begin, present_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOSTED(the_line_of_debian_for_the_own_name_is_no_warning),
        HOSTED(a_name_that_was_asked_for_must_lead_to_this_host),
        HOSTED(the_name_that_mooncake_gives_its_peers_is_asked_for),
        HOSTED(a_port_that_is_taken_names_its_process),
        HOSTED(a_port_of_the_configuration_may_be_held_by_mooncake_itself),
        HOSTED(of_the_addresses_of_a_name_those_of_link_scope_are_passed_over),
        HOSTED(passwords_of_proxies_and_servers_are_not_repeated),
        HOSTED(a_proxy_is_in_the_way_of_every_metadata_server_over_http),
        HOSTED(a_proxy_in_the_way_of_the_metadata_is_a_warning),
        HOSTED(local_ports_that_run_out_are_a_warning),
        cmocka_unit_test(pairs_that_all_work_have_figures),
        cmocka_unit_test(pairs_of_different_rails_that_fail_alone_are_a_matter_of_rails),
        cmocka_unit_test(pairs_that_fail_where_mtus_differ_are_a_matter_of_mtu),
        cmocka_unit_test(pairs_of_unlike_links_are_left_out),
        cmocka_unit_test(pairs_of_unlike_links_fail_where_there_are_no_others),
        cmocka_unit_test(rails_are_told_by_the_names_of_nics),
        cmocka_unit_test(a_pair_that_was_too_slow_for_its_trial_does_not_fail),
        cmocka_unit_test(what_is_no_result_is_not_read),
        HOSTED(a_peer_is_proved_up_to_its_transfer),
        HOSTED(mtus_that_differ_are_a_warning_where_all_pairs_work),
        HOSTED(a_peer_that_refuses_is_told_from_one_that_has_no_name),
        HOSTED(a_peer_of_another_version_is_a_failure),
        HOSTED(a_transfer_is_given_the_nics_and_the_time_of_the_examination),
        HOSTED(of_a_peer_that_joined_and_fell_silent_is_told_what_is_known),
        HOSTED(a_peer_that_is_filtered_is_named_as_such),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
