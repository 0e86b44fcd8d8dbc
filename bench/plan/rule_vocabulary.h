/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_PLAN_RULE_VOCABULARY_H
#define MCB_BENCH_PLAN_RULE_VOCABULARY_H

/* The words that may stand in a place of a rule, for telling what was meant. For rule.c alone. */

#include <stddef.h>

#include "bench/plan/rule_scanner.h"

enum { MCB_RULE_WORDS_MAX = 16, MCB_RULE_LIST_MAX = 192 };

struct mcb_rule_vocabulary {
    const char *what; /* "a figure" */
    const char *words[MCB_RULE_WORDS_MAX];
    size_t count;
};

void mcb_rule_vocabulary_add(struct mcb_rule_vocabulary *vocabulary, const char *word);

/* "a, b or c": those that begin with the prefix. Returns list. */
char *mcb_rule_vocabulary_list(const struct mcb_rule_vocabulary *vocabulary, const char *prefix,
                               char list[MCB_RULE_LIST_MAX]);

/* Says of a word what should stand there in its place. Fault USE_RULE. Returns -1. */
int mcb_rule_vocabulary_refuse(const struct mcb_rule_vocabulary *vocabulary,
                               struct mcb_rule_scanner *scanner, struct mcb_rule_word word);

#endif
