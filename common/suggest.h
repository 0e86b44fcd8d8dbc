/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_COMMON_SUGGEST_H
#define MCB_COMMON_SUGGEST_H

/* The nearest of a list of known words to one that is not known. */

#include <stddef.h>

/* The entry of words[count] with the smallest edit distance (optimal string alignment: insert,
 * delete, replace, swap of neighbours; letter case ignored), if it is at most a third of the longer
 * of both lengths, rounded up; else NULL. NULL entries are skipped. */
const char *mcb_suggest_nearest(const char *word, const char *const *words, size_t count);

#endif
