/* SPDX-License-Identifier: Apache-2.0 */
/* What programs say of the faults that their users run into tells the right entry of the
 * catalogue. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/doctor/log_match.h"

/* What Mooncake, libibverbs, the kernel, CUDA, NCCL and UCX say of the faults that its users run
 * into. */
static const struct {
    const char *line, *id;
} known_lines[] = {
    {"Error from etcd client: 14", "MCB-ETCD-001"},
    {"EtcdStoragePlugin: unable to connect http://10.0.0.1:2379: context deadline exceeded",
     "MCB-ETCD-001"},
    {"EtcdStoragePlugin: unable to get mooncake/ram/n1 in n1:2379: connection refused",
     "MCB-ETCD-001"},
    {"EtcdStoragePlugin: unable to set mooncake/ram/n1 from n1:2379: x", "MCB-ETCD-001"},
    {"EtcdStoragePlugin: unable to set a in b: etcdserver: mvcc: database space exceeded",
     "MCB-ETCD-002"},
    {"{\"msg\":\"starting\",\"listen-client-urls\":[\"http://localhost:2379\"]}", "MCB-ETCD-006"},
    {"Error from etcd client: context deadline exceeded", "MCB-ETCD-001"},
    {"Error from etcd client: dial tcp 10.0.0.1:2379: connect: connection refused", "MCB-ETCD-001"},
    {"desc = \"transport: Error while dialing: dial tcp: lookup n1 on 10.0.0.53:53: no such host\"",
     "MCB-NET-001"},
    {"desc = \"transport: authentication handshake failed: x509: certificate signed by unknown "
     "authority\"",
     "MCB-ETCD-005"},
    {"EtcdStoragePlugin: unable to get a from b: rpc error: desc = \"transport: Error while "
     "dialing: failed to do connect handshake, response: HTTP/1.1 403 Forbidden\"",
     "MCB-NET-007"},
    {"Get \"http://n1:2379/health\": proxyconnect tcp: dial tcp 10.0.0.9:3128: connect: connection "
     "refused",
     "MCB-NET-007"},
    {"curl: (56) CONNECT tunnel failed, response 403", "MCB-NET-007"},
    {"curl: (56) Received HTTP code 403 from proxy after CONNECT", "MCB-NET-007"},
    {"ProxyError('Unable to connect to proxy', OSError('Tunnel connection failed: 403 Forbidden'))",
     "MCB-NET-007"},
    {"E handshake_read_func: HTTP proxy returned response code 503", "MCB-NET-007"},
    {"SocketHandShakePlugin: connect()127.0.0.1:15428: Connection refused [111]", "MCB-NET-008"},
    {"zmq.error.ZMQError: Cannot assign requested address (addr='tcp://10.0.0.9:30001')",
     "MCB-NET-009"},
    {"SocketHandShakePlugin: failed to get IP address of peer server n9:12001, check DNS",
     "MCB-NET-001"},
    {"getaddrinfo: Name or service not known", "MCB-NET-001"},
    {"SocketHandShakePlugin: bind (port 12001): Address already in use [98]", "MCB-NET-004"},
    {"bind address already in use", "MCB-NET-004"},
    {"SocketHandShakePlugin: connect()10.0.0.2:15428: Connection refused [111]", "MCB-NET-002"},
    {"SocketHandShakePlugin: connect() 10.0.0.2:15428: Connection timed out [110]", "MCB-NET-003"},
    {"Exception: connect: Cannot assign requested address [system:99]", "MCB-NET-010"},
    {"bind: Cannot assign requested address", "MCB-NET-005"},
    {"Invalid argument: received packet mismatch, local.local_nic_path: a", "MCB-MOON-002"},
    {"Invalid argument: peer nic path inconsistency, expect a + b, while got c", "MCB-MOON-002"},
    {"No matched device found: mlx5_9", "MCB-RDMA-002"},
    {"ibv_get_device_list failed", "MCB-RDMA-001"},
    {"RdmaTransport: No available RNIC", "MCB-RDMA-001"},
    {"Device mlx5_1 port not active", "MCB-RDMA-004"},
    {"mlx5_core 0000:65:00.0: Port module event: module 0, Cable unplugged", "MCB-RDMA-004"},
    {"GID is NULL, please check your GID index by specifying MC_GID_INDEX", "MCB-RDMA-006"},
    {"RDMA device: mlx5_0, LID: 0, GID: (GID_Index 9) "
     "00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00",
     "MCB-RDMA-006"},
    {"RDMA device: mlx5_0, LID: 0, GID: (GID_Index 3) "
     "00:00:00:00:00:00:00:00:00:00:ff:ff:0a:00:00:02",
     "none"},
    {"RDMA device: mlx5_0, LID: 66, GID: (GID_Index 0) fe:80:00:00:00:00:00:00:a0:88", "none"},
    {"RDMA device: mlx5_0, LID: 0, GID: (GID_Index 1) fe:80:00:00:00:00:00:00:9e:63",
     "MCB-RDMA-026"},
    {"No suitable GID found on mlx5_0/1", "MCB-RDMA-007"},
    {"User-specified GID index 5 on mlx5_0/1 has no associated network device, may not be",
     "MCB-RDMA-026"},
    {"[Handshake] Failed to modify QP to RTR, check mtu, gid, peer lid, peer qp num: "
     "Invalid argument [22]",
     "MCB-RDMA-011"},
    {"Handshake request rejected by peer endpoint: Failed to modify QP to RTR, check mtu, gid, "
     "peer lid, peer qp num",
     "MCB-RDMA-011"},
    {"[Handshake] Failed to modify QP to RTR, check mtu, gid, peer lid, peer qp num: "
     "Connection timed out [110]",
     "MCB-RDMA-013"},
    {"[Handshake] Failed to modify QP to RTR, check mtu, gid, peer lid, peer qp num: "
     "Network is unreachable [101]",
     "MCB-RDMA-026"},
    {"[Handshake] Failed to modify QP to INIT, check local context port num: Invalid argument [22]",
     "MCB-RDMA-012"},
    {"NCCL WARN Call to ibv_modify_qp failed with error Connection timed out errno 110",
     "MCB-RDMA-013"},
    {"NET/IB : Got completion from peer 10.0.0.2<54862> with status=12 opcode=0 len=0 vendor err "
     "129 (Recv)",
     "MCB-RDMA-013"},
    {"NET/IB : Got completion from peer 10.0.0.2<54862> with status=5 opcode=0 len=0 vendor err "
     "244 (Recv)",
     "MCB-RDMA-025"},
    {"Transport retry count exceeded on mlx5_0:1/RoCE (synd 0x15 vend 0x81 hw_synd 0/0)",
     "MCB-RDMA-013"},
    {"Worker: Process failed for slice (opcode: 1, retry_cnt: 0): transport retry counter exceeded",
     "MCB-RDMA-013"},
    {"Worker: Process failed for slice (opcode: 1): local length error", "MCB-RDMA-022"},
    {"Worker: Process failed for slice (opcode: 1): remote invalid request error", "MCB-RDMA-022"},
    {"Worker: Process failed for slice (opcode: 1): remote access error", "MCB-RDMA-015"},
    {"Worker: Process failed for slice (opcode: 1): local protection error", "MCB-GPU-008"},
    {"Worker: Process failed for slice (opcode: 1): Work Request Flushed Error", "MCB-RDMA-025"},
    {"Worker: Process failed for slice (opcode: 1): RNR retry counter exceeded", "MCB-RDMA-014"},
    {"Worker: Process failed for slice (opcode: 1): remote operation error", "MCB-RDMA-016"},
    {"Worker: Cannot make connection for endpoint: n2@mlx5_0, mark it inactive", "MCB-MOON-003"},
    {"Failed to exchange handshake description", "MCB-MOON-003"},
    {"Handshake rejected by n2: QP count mismatch in peer and local endpoints, check "
     "MC_MAX_EP_PER_CTX",
     "MCB-MOON-004"},
    {"Failed to register memory 0x7efb94000000: Input/output error [5]", "MCB-RDMA-027"},
    {"infiniband erdma_0: ERROR: Out of mr size: 0, max 68719476736", "MCB-RDMA-027"},
    {"Failed to register memory 0x7efb94000000: Cannot allocate memory [12]", "MCB-HOST-001"},
    {"Failed to register memory 0x7efb94000000: Resource temporarily unavailable [11]",
     "MCB-RDMA-023"},
    {"mlx5_cmd_out_err:829:(pid 395): CREATE_MKEY(0x200) op_mod(0x0) failed, status no "
     "resources(0xf), syndrome (0x2aac7c), err(-11)",
     "MCB-RDMA-023"},
    {"Failed to register memory 0x7efb94000000: Bad address [14]", "MCB-GPU-007"},
    {"Failed to register memory 0x7efb94000000: Invalid argument [22]", "MCB-GPU-010"},
    {"Failed to register memory 0x7efb94000000: Operation not permitted [1]", "MCB-HOST-008"},
    {"Failed to register memory 0x7efb94000000", "MCB-RDMA-008"},
    {"Failed to retrieve dmabuf for 1402 cuda error=invalid argument", "MCB-GPU-010"},
    {"Failed to retrieve dmabuf for 1402 cuda error=out of memory", "MCB-GPU-011"},
    {"DMA BUF supported required for GPU RDMA without nvidia-peermem", "MCB-GPU-006"},
    {"UCX ERROR ibv_reg_mr(address=0x7f, length=4096, access=0xf) failed: Cannot allocate memory",
     "MCB-HOST-001"},
    {"Failed to create QP: Cannot allocate memory [12]", "MCB-RDMA-010"},
    {"Failed to insert rpc meta of n2:12345", "MCB-MOON-005"},
    {"RdmaTransport: cannot publish segments", "MCB-MOON-005"},
    {"Failed to get description of n2:12345", "MCB-MOON-001"},
    {"Failed to retrieve segment descriptor, name n2:12345", "MCB-MOON-001"},
    {"[RDMA] Relaxed ordering is NOT supported (ibv_reg_mr_iova2 missing or unavailable).",
     "MCB-RDMA-018"},
    {"mlx5_core 0000:65:00.0: 126.016 Gb/s available PCIe bandwidth, limited by 8.0 GT/s PCIe x16",
     "MCB-PCI-001"},
    {"Arena hugepage mmap failed for pool_size=8 bytes, errno=12 (Cannot allocate memory)",
     "MCB-HOST-006"},
    {"Ignore value from environment variable MC_MTU, it should be 512|1024|2048|4096",
     "MCB-USE-003"},
    {"NVRM: Xid (PCI:0000:1b:00): 31, pid=1, name=python", "MCB-GPU-009"},
    {"RuntimeError: CUDA error: out of memory", "MCB-GPU-005"},
    {"torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB", "MCB-GPU-005"},
    {"fork: Cannot allocate memory", "MCB-HOST-002"},
    {"Arena mmap failed: Cannot allocate memory [12]", "MCB-HOST-006"},
    {"Failed to open device mlx5_0: Cannot allocate memory [12]", "MCB-RDMA-003"},
    {"I0101 transfer_engine.cpp:146] Transfer Engine RPC using new RPC mapping", "none"},
};

static void what_users_of_mooncake_see_tells_its_fault(void **state)
{
    (void)state;
    struct mcb_error error;
    struct mcb_log_match *match = mcb_log_match_of_catalogue(&error);
    assert_non_null(match);
    for (size_t n = 0; n < sizeof known_lines / sizeof *known_lines; n++) {
        const char *line = known_lines[n].line;
        struct mcb_log_hit hit;
        mcb_log_match_line(match, line, strlen(line), &hit);
        const char *id = hit.code == MCB_FAULT_NONE ? "none" : mcb_fault_get(hit.code)->id;
        if (strcmp(id, known_lines[n].id) != 0)
            fail_msg("%s, not %s: %s", id, known_lines[n].id, line);
    }
    mcb_log_match_free(match);
}

static bool is_nic(const char *line)
{
    struct mcb_error error;
    struct mcb_log_match *match = mcb_log_match_of_catalogue(&error);
    struct mcb_log_hit hit;
    assert_non_null(match);
    mcb_log_match_line(match, line, strlen(line), &hit);
    mcb_log_match_free(match);
    return hit.is_nic;
}

static void a_nic_is_told_in_the_old_and_the_new_wording(void **state)
{
    (void)state;
    assert_true(is_nic("RDMA device: mlx5_0, LID: 0, GID: (3) 00:00:00"));
    assert_true(is_nic("RDMA device: mlx5_0, LID: 9, GID: (GID_Index 3) fe:80"));
    assert_false(is_nic("RDMA devices: mlx5_0, mlx5_1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_users_of_mooncake_see_tells_its_fault),
        cmocka_unit_test(a_nic_is_told_in_the_old_and_the_new_wording),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
