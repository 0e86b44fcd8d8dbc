/* SPDX-License-Identifier: Apache-2.0 */
#include "common/location.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/units.h"

static const struct {
    const char *name;
    bool gpu, measured;
} kinds[MCB_LOCATION_KINDS] = {
    [MCB_LOCATION_CPU] = {"cpu", false, true},   [MCB_LOCATION_CUDA] = {"cuda", true, true},
    [MCB_LOCATION_HIP] = {"hip", true, false},   [MCB_LOCATION_MUSA] = {"musa", true, false},
    [MCB_LOCATION_MACA] = {"maca", true, false},
};

const char *mcb_location_kind_name(enum mcb_location_kind kind)
{
    return kinds[kind].name;
}

bool mcb_location_is_gpu(enum mcb_location_kind kind)
{
    return kinds[kind].gpu;
}

bool mcb_location_is_measured(enum mcb_location_kind kind)
{
    return kinds[kind].measured;
}

int mcb_location_parse(const char *text, struct mcb_location *location)
{
    size_t length = strcspn(text, ":");
    uint64_t number;
    for (int kind = 0; kind < MCB_LOCATION_KINDS; kind++) {
        if (strlen(kinds[kind].name) != length || strncmp(text, kinds[kind].name, length) != 0)
            continue;
        bool numbered = text[length] == ':';
        if (numbered &&
            mcb_units_parse_unsigned(text + length + 1, MCB_LOCATION_NUMBER_MAX, &number) != 0)
            return -1;
        *location =
            (struct mcb_location){(enum mcb_location_kind)kind, numbered ? (int)number : -1};
        return 0;
    }
    return -1;
}

char *mcb_location_format(struct mcb_location location, char text[MCB_LOCATION_MAX])
{
    if (location.number < 0)
        snprintf(text, MCB_LOCATION_MAX, "%s", kinds[location.kind].name);
    else
        snprintf(text, MCB_LOCATION_MAX, "%s:%d", kinds[location.kind].name, location.number);
    return text;
}
