/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_COMMON_LOG_H
#define MCB_COMMON_LOG_H

/*
 * What goes to stderr for a person: notes, warnings and the one error that ends a run.
 * Nothing here is called inside a trial.
 */

#include <stdbool.h>

#include "common/fault.h"

/* Silences notes (not warnings, not errors): --quiet. */
void mcb_log_quiet(bool quiet);

/* "mcbench: <text>" */
__attribute__((format(printf, 1, 2))) void mcb_log_note(const char *format, ...);

/* "mcbench: warning: <text>" */
__attribute__((format(printf, 1, 2))) void mcb_log_warn(const char *format, ...);

/* One paragraph: "mcbench: <detail>  [ID]", then the likely causes and the fix, each on a line of
 * its own: "  cause: ..." and "  try:   ...". A usage error prints the first line only. */
void mcb_log_error(const struct mcb_error *error);

#endif
