/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_LEDGER_TEXTS_H
#define MCB_BENCH_REPORT_LEDGER_TEXTS_H

/*
 * Texts, each kept once and numbered from 0 in the order in which they came. Also for other keys:
 * bytes, of which a terminating NUL is no part.
 *
 * A text stays where it is until all are released. Hashes are seeded, so that nobody can make a
 * file whose texts all meet in one place.
 */

#include <stddef.h>
#include <stdint.h>

struct mcb_ledger_texts;

/* NULL: no memory. */
struct mcb_ledger_texts *mcb_ledger_texts_make(void);

/* NULL is fine. */
void mcb_ledger_texts_release(struct mcb_ledger_texts *texts);

/* The number of these bytes, which are copied if they are new; MCB_LEDGER_NONE: no memory, or too
 * many. */
uint32_t mcb_ledger_texts_number(struct mcb_ledger_texts *texts, const void *bytes, size_t length);

/* What has that number, with a NUL after it. Borrowed. */
const char *mcb_ledger_texts_at(const struct mcb_ledger_texts *texts, uint32_t number);

/* The one copy of a text. NULL: no memory. */
const char *mcb_ledger_texts_keep(struct mcb_ledger_texts *texts, const char *text);

#endif
