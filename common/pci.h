/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_COMMON_PCI_H
#define MCB_COMMON_PCI_H

/*
 * A PCI function as sysfs shows it: who it is, what its link runs at, and what its configuration
 * space says.
 *
 * Every function takes the root of sysfs (MCB_SYSFS), so that tests can present trees of their own.
 * An ordinary user sees the first 64 bytes of a configuration space only: what lies behind them is
 * "not known" then, never "off". Nothing that sysfs says is trusted: what makes no sense is not
 * known either.
 *
 * Registers: PCI Express Base Specification 6.0, 7.5.3.4 (Device Control), 7.5.3.3 (Device
 * Capabilities), 7.7.11 (Access Control Services); offsets from linux/pci_regs.h.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MCB_SYSFS "/sys"

enum { MCB_PCI_ADDRESS_MAX = 16, MCB_PCI_CHAIN_MAX = 16, MCB_PCI_CONFIG_MAX = 4096 };

/* An answer that may not be had; a structure of zeros says nothing. */
enum mcb_known { MCB_KNOWN_NOT, MCB_KNOWN_NO, MCB_KNOWN_YES };

/* A link or what it could be. 16 GT/s x 16. */
struct mcb_pci_link {
    double transfers_gtps; /* per lane: 2.5, 5, 8, 16, 32, 64; 0: unknown */
    unsigned lanes;        /* 1 to 32; 0: unknown */
};

struct mcb_pci_function {
    char address[MCB_PCI_ADDRESS_MAX];          /* "0000:19:00.0"; "": there is no such function */
    char physical_address[MCB_PCI_ADDRESS_MAX]; /* of a virtual function that of its physical one;
                                                   "": there is none to be seen */
    uint16_t vendor_id, device_id;
    uint16_t class_id;             /* class and subclass: 0x0302, 0x0604 */
    int numa_node;                 /* -1: unknown */
    struct mcb_pci_link link;      /* as it runs; of a virtual function that of its physical one */
    struct mcb_pci_link link_most; /* as the function could run it; likewise */
    /* Device Control and Device Capabilities, 0: not known; of a virtual function, whose own fields
     * are reserved and for which those of its physical one hold, those of its physical one. So is
     * relaxed_ordering (PCI Express Base Specification 6.0, chapter 9). */
    unsigned max_payload_bytes;
    unsigned max_payload_most_bytes;
    unsigned max_read_request_bytes;
    bool upstream_port; /* of a switch: its link goes up; false also where that is not known. The
                           link of any other bridge goes down */
    enum mcb_known relaxed_ordering; /* enabled in Device Control */
    enum mcb_known acs_redirects;    /* of a bridge: ACS sends requests or completions between peers
                                        upstream (P2P Request Redirect, P2P Completion Redirect,
                                        Upstream Forwarding); NO also where it has no ACS
                                        capability. NOT of what is no bridge */
    enum mcb_known iommu_translates; /* its IOMMU group is of a translating type ("DMA", "DMA-FQ");
                                        NO: "identity", or no group at all */
    bool virtual_function;
    bool emulated;       /* a bridge made by a hypervisor: what it says of its link is made up */
    size_t config_bytes; /* how much of the configuration space may be seen: 64, 256, 4096. Of what
                            is no bridge no more than 256 are looked at: behind a hypervisor each
                            read takes its time */
};

/* Reads what is there. False if sysfs has no such function, or the text is no PCI address: the
 * function is then one of which nothing is known. */
bool mcb_pci_read(const char *sysfs, const char *address, struct mcb_pci_function *function);

/* The bridges above a function, the nearest first, up to the root port, MCB_PCI_CHAIN_MAX or `most`
 * at the most. Returns how many. */
size_t mcb_pci_chain(const char *sysfs, const char *address, char (*bridges)[MCB_PCI_ADDRESS_MAX],
                     size_t most);

/* A bridge (by its class) that a hypervisor made, by vendor and device. */
bool mcb_pci_is_emulated(const struct mcb_pci_function *function);

/* "0000:19:00.0": domain:bus:device.function, hexadecimal, in lower case. */
bool mcb_pci_is_address(const char *text);

/* What is in a configuration space of which `length` bytes are known, into the members from
 * max_payload_bytes to acs_redirects, as if the function were not a virtual one. */
void mcb_pci_decode(const uint8_t *config, size_t length, struct mcb_pci_function *function);

/* "16.0 GT/s PCIe" or "8 GT/s" (sysfs) to 16.0; 0 for what is no speed ("Unknown"). */
double mcb_pci_parse_speed(const char *text);

/* What packets have of the link, their headers included, one direction, in 10^9 bit/s: lanes x GT/s
 * x 8/10 up to 5 GT/s, x 128/130 up to 32 GT/s (8b/10b, 128b/130b), x 236/256 at 64 GT/s (flit
 * mode: of 256 bytes 236 are packets, 6 link layer, 8 CRC, 6 error correction). 0 where the link is
 * not known. */
double mcb_pci_link_gbps(const struct mcb_pci_link *link);

/* In flit mode, where packets need no framing and no CRC of their own: at 64 GT/s always. At less a
 * link may be as well, which sysfs does not tell: false, as where the link is not known. */
bool mcb_pci_link_has_flits(const struct mcb_pci_link *link);

/* "PCIe 5.0 x16", from the speed. "" where the link is not known. */
char *mcb_pci_link_text(const struct mcb_pci_link *link, char text[24]);

#endif
