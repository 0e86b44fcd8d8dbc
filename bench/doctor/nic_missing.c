/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/doctor/nic_missing.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/doctor/copied_tree.h"

#define DEVICES "/sys/bus/pci/devices"

enum { CLASS_NETWORK = 0x02, ANY_LAST = 0xffff };

/* The first row that fits. Vendors that make NICs of both kinds are told by device, or by the
 * driver that a function has (driver, else NULL). */
static const struct {
    uint16_t vendor, first, last;
    const char *driver, *maker, *module;
    bool always;
} kinds[] = {
    {0x15b3, 0x1003, 0x1007, NULL, "NVIDIA (Mellanox)", "mlx4_ib", true},
    {0x15b3, 0x1011, ANY_LAST, NULL, "NVIDIA (Mellanox)", "mlx5_ib", true},
    {0x1ded, 0x107f, 0x107f, NULL, "Alibaba eRDMA", "erdma", true},
    {0x1d0f, 0xefa0, 0xefaf, NULL, "Amazon EFA", "efa", true},
    {0x14e4, 0, ANY_LAST, "bnxt_en", "Broadcom", "bnxt_re", false},
    {0x8086, 0, ANY_LAST, "ice", "Intel", "irdma", false},
    {0x8086, 0, ANY_LAST, "idpf", "Intel", "irdma", false},
    {0x1425, 0, ANY_LAST, "cxgb4", "Chelsio", "iw_cxgb4", false},
    {0x1077, 0, ANY_LAST, "qede", "Marvell", "qedr", false},
    {0x19e5, 0, ANY_LAST, "hns3", "Huawei", "hns_roce_hw_v2", false},
    {0x1414, 0, ANY_LAST, "mana", "Microsoft", "mana_ib", false},
};

static bool read_number(const struct mcb_system *system, const char *function, const char *file,
                        uint64_t *number)
{
    char path[128];
    snprintf(path, sizeof(path), DEVICES "/%.15s/%s", function, file);
    return mcb_system_read_number(system, path, number);
}

static bool look_at(const struct mcb_system *system, const char *function,
                    struct mcb_missing_nic *missing)
{
    char path[128];
    uint64_t vendor, device, class_code;
    if (!read_number(system, function, "vendor", &vendor) ||
        !read_number(system, function, "device", &device) ||
        !read_number(system, function, "class", &class_code) || class_code >> 16 != CLASS_NETWORK)
        return false;
    *missing = (struct mcb_missing_nic){.module = NULL};
    snprintf(missing->pci_address, sizeof(missing->pci_address), "%.15s", function);
    snprintf(path, sizeof(path), DEVICES "/%.15s/driver", function);
    mcb_system_link(system, path, missing->driver, sizeof(missing->driver));
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !missing->module; i++) {
        if (vendor != kinds[i].vendor || device < kinds[i].first || device > kinds[i].last ||
            (kinds[i].driver && strcmp(kinds[i].driver, missing->driver) != 0))
            continue;
        missing->maker = kinds[i].maker;
        missing->module = kinds[i].module;
        missing->always = kinds[i].always;
        snprintf(path, sizeof(path), "/sys/module/%s", missing->module);
        missing->loaded = mcb_system_exists(system, path);
    }
    return missing->module != NULL;
}

/* The PCI addresses of the RDMA devices; *addresses is to be freed. */
static size_t find_served(const struct mcb_system *system, char (**addresses)[MCB_PCI_ADDRESS_MAX])
{
    char **names;
    size_t count = mcb_system_names(system, "/sys/class/infiniband", &names), served = 0;
    char(*list)[MCB_PCI_ADDRESS_MAX] = calloc(count + 1, sizeof(*list));
    for (size_t i = 0; list && i < count; i++)
        served += mcb_copied_tree_nic_address(system, names[i], list[served]);
    mcb_system_names_free(names, count);
    *addresses = list;
    return served;
}

static bool is_meant_to_be_none(const struct mcb_system *system,
                                const struct mcb_missing_nic *missing,
                                char (*served)[MCB_PCI_ADDRESS_MAX], size_t count)
{
    char path[128];
    size_t card = strcspn(missing->pci_address, ".") + 1;
    snprintf(path, sizeof(path), DEVICES "/%.15s/physfn", missing->pci_address);
    if (strcmp(missing->driver, "vfio-pci") == 0 || mcb_system_exists(system, path) ||
        (count > 0 && !missing->always))
        return true;
    for (size_t i = 0; i < count; i++)
        if (strcmp(served[i], missing->pci_address) == 0 ||
            (missing->driver[0] && strncmp(served[i], missing->pci_address, card) == 0))
            return true;
    return false;
}

size_t mcb_nic_missing_find(const struct mcb_system *system, struct mcb_missing_nic *missing,
                            size_t most)
{
    char **names;
    size_t count = mcb_system_names(system, DEVICES, &names), found = 0;
    char(*served)[MCB_PCI_ADDRESS_MAX];
    size_t served_count = find_served(system, &served);
    for (size_t i = 0; i < count && found < most; i++)
        found += look_at(system, names[i], &missing[found]) &&
                 !is_meant_to_be_none(system, &missing[found], served, served_count);
    free(served);
    mcb_system_names_free(names, count);
    return found;
}
