/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_TESTS_UNIT_PCI_CONFIG_H
#define MCB_TESTS_UNIT_PCI_CONFIG_H

/* PCI configuration spaces made by hand; the numbers are those of linux/pci_regs.h. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/pci.h"

enum {
    HEADER_TYPE = 0x0e,
    BRIDGE = 1,
    STATUS = 0x06,
    LIST_BIT = 0x10,
    FIRST = 0x34,
    POWER = 0x01,
    EXPRESS = 0x10,
    EXPRESS_AT = 0x60,
    FLAGS = 2,
    CAPABILITIES = 4,
    CONTROL = 8,
    ACS = 0x000d,
    ACS_CONTROL = 6,
    SPACE = MCB_PCI_CONFIG_MAX
};

static inline void put_word(uint8_t *config, size_t at, uint16_t value)
{
    config[at] = (uint8_t)value;
    config[at + 1] = (uint8_t)(value >> 8);
}

/* Power management at 0x40, PCI Express at 0x60. */
static inline void make_config(uint8_t config[SPACE], uint16_t control)
{
    memset(config, 0, SPACE);
    put_word(config, 0, 0x15b3);
    config[STATUS] = LIST_BIT;
    config[FIRST] = 0x40;
    config[0x40] = POWER;
    config[0x41] = EXPRESS_AT;
    config[EXPRESS_AT] = EXPRESS;
    put_word(config, EXPRESS_AT + CONTROL, control);
}

/* An extended capability: id, version 1, where the next one is. */
static inline void put_extended(uint8_t *config, size_t at, uint16_t id, size_t next)
{
    put_word(config, at, id);
    put_word(config, at + 2, (uint16_t)(1 | next << 4));
}

/* A bridge with error reporting at 0x100 and ACS at 0x148. */
static inline void make_bridge(uint8_t config[SPACE], uint16_t acs_control)
{
    make_config(config, 0x10);
    config[HEADER_TYPE] = BRIDGE;
    put_extended(config, 0x100, 0x0001, 0x148);
    put_extended(config, 0x148, ACS, 0);
    put_word(config, 0x148 + ACS_CONTROL, acs_control);
}

#endif
