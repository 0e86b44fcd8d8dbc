/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_PLAN_SETTINGS_TEXT_H
#define MCB_BENCH_PLAN_SETTINGS_TEXT_H

/*
 * Text that a user gave, made fit to be shown: credentials covered, length bounded.
 *
 * Whatever stands before the last '@' of a URL ("http://name:password@host") is credentials and
 * becomes "***", as does "name:password" before an '@' without a scheme.
 */

#include <stdbool.h>

#include "common/fault.h"

enum { MCB_SHOWN_MAX = 96 };

/* The text with credentials covered, to be freed. NULL without memory. */
char *mcb_setting_text_masked(const char *text);

/* The same, cut to what fits a message and ended by "..." then; '' for an empty text. */
const char *mcb_setting_text_shown(const char *text, char shown[MCB_SHOWN_MAX]);

/* True if the text is UTF-8, which everything that reaches a result document must be. */
bool mcb_setting_text_is_utf8(const char *text);

/* True if the text may be a host: a name, or a numeric address, also one with its interface
 * ("fe80::1%eth0"). */
bool mcb_setting_text_is_host(const char *text);

/* Fault USE_VALUE: "--size 64x: <format>", or "MC_MTU=64x: ..." where given_as is a variable. */
__attribute__((format(printf, 4, 5))) int mcb_setting_text_wrong(struct mcb_error *error,
                                                                 const char *given_as,
                                                                 const char *text,
                                                                 const char *format, ...);

#endif
