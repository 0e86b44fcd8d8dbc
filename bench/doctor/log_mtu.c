/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/doctor/log_mtu.h"

#include <ctype.h>
#include <string.h>

int mcb_log_mtu_read(const char *line, size_t length, const char *whose)
{
    enum { BETWEEN_MOST = 16 };
    for (size_t at = 0; at + 4 < length; at++) {
        size_t bytes = strlen(whose), mtu = at + bytes;
        if (mtu >= length || strncasecmp(line + at, whose, bytes) != 0)
            continue;
        for (size_t i = 0; i < BETWEEN_MOST && mtu + 3 < length; i++, mtu++)
            if (line[mtu] == ',' || strncasecmp(line + mtu, "mtu", 3) == 0)
                break;
        if (mtu + 3 >= length || strncasecmp(line + mtu, "mtu", 3) != 0)
            continue;
        for (mtu += 3; mtu < length && strchr(" :=", line[mtu]) && line[mtu]; mtu++)
            continue;
        int value = 0;
        for (int digit = 0; digit < 5 && mtu < length && isdigit((unsigned char)line[mtu]); digit++)
            value = value * 10 + (line[mtu++] - '0');
        if (value > 0)
            return value <= 5 ? 128 << value : value;
    }
    return 0;
}
