/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base64.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *mcb_base64_encode(const void *bytes, size_t length)
{
    const uint8_t *in = bytes;
    char *text = malloc((length + 2) / 3 * 4 + 1);
    if (!text)
        return NULL;
    char *out = text;
    for (size_t i = 0; i < length; i += 3) {
        size_t have = length - i < 3 ? length - i : 3;
        uint32_t group = 0;
        for (size_t k = 0; k < 3; k++)
            group = group << 8 | (k < have ? in[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            *out++ = k <= have ? digits[group >> (18 - 6 * k) & 63] : '=';
    }
    *out = '\0';
    return text;
}

char *mcb_base64_decode(const char *text, size_t *length)
{
    size_t size = strlen(text);
    if (size % 4)
        return NULL;
    size_t padding = 0;
    while (padding < 2 && padding < size && text[size - 1 - padding] == '=')
        padding++;
    char *bytes = malloc(size / 4 * 3 + 1);
    if (!bytes)
        return NULL;
    size_t used = 0;
    uint32_t group = 0;
    for (size_t i = 0; i < size; i++) {
        const char *digit = i < size - padding ? strchr(digits, text[i]) : digits;
        if (!digit) {
            free(bytes);
            return NULL;
        }
        group = group << 6 | (uint32_t)(digit - digits);
        if (i % 4 == 3)
            for (int shift = 16; shift >= 0; shift -= 8)
                bytes[used++] = (char)(group >> shift & 0xff);
    }
    used -= padding;
    bytes[used] = '\0';
    *length = used;
    return bytes;
}
