/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_TOPOLOGY_CEILING_H
#define MCB_BENCH_TOPOLOGY_CEILING_H

/*
 * What the hardware of a path allows at best: payload, one direction, in 10^9 bit/s.
 *
 * A ceiling is an upper bound from the standards alone. It leaves out what depends on the moment:
 * acknowledgements, flow-control and link-layer packets, requests that share a direction with data,
 * VLAN tags, the NIC's own pace. So a good path comes close to it and none passes it.
 *
 * The port. A message of S bytes is cut into P = ceil(S / MTU) packets:
 *
 *   rate = data rate x S / (S, padded to 4 bytes + P x headers + once)
 *
 *   data rate   of the link after line coding (rdma/device.h, data_gbps)
 *   headers     of every packet, in bytes:
 *     InfiniBand        LRH 8 + BTH 12 + ICRC 4 + VCRC 2 = 26, + GRH 40 where it is used
 *     RoCE v2           preamble and SFD 8 + Ethernet 14 + IPv4 20 or IPv6 40 + UDP 8 + BTH 12 +
 *                       ICRC 4 + FCS 4 + gap 12 = 82 or 102
 *     RoCE v1           8 + 14 + GRH 40 + BTH 12 + ICRC 4 + FCS 4 + 12 = 94
 *   once        write: RETH 16, in the first packet. read: AETH 4, in the first and in the last
 *               packet of the response (once if that is one packet). send: nothing
 *
 * InfiniBand Architecture Specification 1, chapters 5 (packets), 7 (LRH, CRCs), 8 (GRH) and 9 (BTH,
 * RETH, AETH, padding, and which packets have them); its annexes A16 (RoCE) and A17 (RoCE v2); IEEE
 * 802.3, 3.1 (frame) and 4.4.2 (gap). Ethernet's shortest frame, 84 bytes on the wire, plays no
 * part: with one byte of payload, padded, the shortest of these has 82 + 4.
 *
 * Both ends are one port: then the data need not leave the NIC (mlx5 counts such traffic in
 * vport_loopback_bytes, and nothing in tx_bytes_phy), and the port is no limit.
 *
 * PCIe. Data moves in packets of up to MaxPayload bytes M, each with H bytes of its own:
 *
 *   rate = lanes x GT/s x coding x M / (M + H)
 *
 *   coding      8/10 up to 5 GT/s, 128/130 up to 32 GT/s, 236/256 at 64 GT/s (flit mode: 236 bytes
 *               of a flit are packets, 6 link layer, 8 CRC, 6 error correction)
 *   H           24 for memory writes: framing and sequence number 4, header with 64-bit address 16,
 *               LCRC 4. 20 for completions with data (4 + 12 + 4), which answer the NIC's reads of
 *               memory. In flit mode the first and the last are part of the flit: 16 and 12
 *
 * PCI Express Base Specification 6.0, chapters 2.2 (headers; the base sizes in flit mode), 3.6 and
 * 4.2 (framing, flits). The same H in Neugebauer et al., "Understanding PCIe performance for end
 * host networking", SIGCOMM 2018, section 3, and in Intel's AN 855, section 1.1. Memory below 4
 * GiB, as an IOMMU may present it, has a header 4 bytes shorter: 1.4 % more at M = 256, which the
 * flow control that is left out outweighs. A link at up to 32 GT/s in flit mode carries less.
 *
 * M is the NIC's, on all links of its way: switches pass packets on as they are. A NIC or GPU below
 * switches has the rate of the narrowest link on its way to the root.
 */

#include <stdbool.h>
#include <stdint.h>

#include "bench/plan/settings.h"
#include "common/pci.h"

/* MaxPayload where it is not known: the largest in use, so that the ceiling stays a bound. */
enum { MCB_CEILING_PAYLOAD_UNKNOWN_BYTES = 512 };

enum mcb_ceiling_wire {
    MCB_CEILING_INFINIBAND,
    MCB_CEILING_INFINIBAND_GRH,
    MCB_CEILING_ROCE_V1,
    MCB_CEILING_ROCE_V2_IPV4,
    MCB_CEILING_ROCE_V2_IPV6
};

/* Which way data crosses a PCIe link. */
enum mcb_ceiling_pcie {
    MCB_CEILING_PCIE_FROM_MEMORY, /* the NIC reads memory: completions with data */
    MCB_CEILING_PCIE_TO_MEMORY    /* the NIC writes memory: memory writes */
};

/* A port's payload rate for messages of size_bytes. data_gbps: after line coding. 0 if the rate is
 * not known, the size is 0, or the MTU is none of RDMA (256 to 4096). */
double mcb_ceiling_port_gbps(double data_gbps, enum mcb_ceiling_wire wire,
                             enum mcb_operation operation, uint64_t size_bytes, uint32_t mtu_bytes);

/* A PCIe link's payload rate; 0 if the link is not known. max_payload_bytes 0: not known. */
double mcb_ceiling_pcie_gbps(const struct mcb_pci_link *link, unsigned max_payload_bytes,
                             enum mcb_ceiling_pcie way);

/* The narrowest link between a PCI function and the root; zeros: none is known. The bottleneck
 * names the link, so that two functions whose narrowest link is the same one have the same: it is
 * the address of the port at the link's upper end, or where there is none to be seen, and where a
 * hypervisor made it, that of the function at the lower end (of the physical one, if it is a
 * virtual one). */
struct mcb_ceiling_chain {
    double gbps[2]; /* by enum mcb_ceiling_pcie */
    char bottleneck[MCB_PCI_ADDRESS_MAX];
};

/* function: as mcb_pci_read() left it. Reads the bridges above it (of a virtual function those
 * above its physical one), each once; the links of those that a hypervisor made are left out. Of
 * equally narrow links it is the nearest. */
struct mcb_ceiling_chain mcb_ceiling_of_chain(const char *sysfs,
                                              const struct mcb_pci_function *function);

/* One end of a path, as its host told it; 0: not known. */
struct mcb_ceiling_end {
    bool software; /* a NIC made of software: the path has no ceiling */
    double data_gbps;
    enum mcb_ceiling_wire wire; /* of the packets that it sends */
    double nic_gbps[2];         /* by enum mcb_ceiling_pcie: the NIC's way to the root */
    double memory_gbps[2];      /* the GPU's, where the memory is a GPU's */
    bool copies_beside; /* staged, and the narrowest link of the GPU is that of the NIC: copies and
                           transfers of the two directions share it */
};

struct mcb_ceiling_path {
    struct mcb_ceiling_end initiator, target;
    bool one_port; /* both ends are the same port: it is no limit */
    bool one_link; /* the narrowest PCIe link of both ends' NICs is the same one (of one NIC, or of
                      two ports of a card): two directions share it. Two virtual functions of a port
                      are taken for two ports */
    bool one_gpu_link; /* that of both ends' GPUs is the same one (of one GPU): likewise */
    enum mcb_operation operation;
    bool bidirectional;
    uint64_t size_bytes;
    uint32_t mtu_bytes; /* the one that both ends agreed on */
};

struct mcb_ceiling {
    double gbps;      /* 0: none */
    const char *from; /* "link", "nic-pcie", "gpu-pcie"; NULL: none */
    const char *at;   /* "initiator", "target", "both" (the other end allows at most 3 % more, which
                         is what the headers of the two ways differ by); NULL: none */
};

/* The smallest part of a path. Its two directions are added up if it is bidirectional; from and at
 * are those of the slower direction. Where copies share the NIC's link, each way of that link
 * carries the transfer of one direction and the copy of the other: both together are no more than
 * it. The path has no ceiling if an end is software, or the rate of a port that it uses is not
 * known; PCIe links that are not known are passed over. A path of one port has none if no link is
 * known; if it is bidirectional, if none is known for one of its ways. */
struct mcb_ceiling mcb_ceiling_of_path(const struct mcb_ceiling_path *path);

#endif
