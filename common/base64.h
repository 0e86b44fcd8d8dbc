/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_COMMON_BASE64_H
#define MCB_COMMON_BASE64_H

/* Base64 with padding (RFC 4648 section 4), in which etcd's JSON gateway carries keys and values,
 * and a page names its script.
 */

#include <stddef.h>

/* A new NUL-terminated text for free(), or NULL without memory. */
char *mcb_base64_encode(const void *bytes, size_t length);

/* The bytes for free(), followed by a NUL that does not count in *length. NULL if text is not
 * base64 or without memory. */
char *mcb_base64_decode(const char *text, size_t *length);

#endif
