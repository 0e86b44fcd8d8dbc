/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_PLAN_RULE_SCANNER_H
#define MCB_BENCH_PLAN_RULE_SCANNER_H

/* The text of rules, word by word, and errors that show where in it they are. For rule.c alone. */

#include <stdbool.h>
#include <stddef.h>

#include "common/fault.h"

struct mcb_rule_scanner {
    const char *text; /* of all rules; UTF-8, as mcb_rule_scanner_check() found it */
    const char *at;   /* what is read next */
    const char *given_as;
    struct mcb_error *error;
};

/* A piece of the text. */
struct mcb_rule_word {
    const char *start;
    size_t length; /* 0: there is none, something else or the end stands at start */
};

/* Refuses text that is no UTF-8, or has control characters other than blanks. */
int mcb_rule_scanner_check(struct mcb_rule_scanner *scanner);

/* Passes blanks. Returns where it stands then. */
const char *mcb_rule_scanner_skip(struct mcb_rule_scanner *scanner);

/* Takes the next word: everything up to a blank or one of ; < > = % , ! " ' ` ( ) @ */
struct mcb_rule_word mcb_rule_scanner_word(struct mcb_rule_scanner *scanner);

/* Takes digits, with digits after a point. */
struct mcb_rule_word mcb_rule_scanner_number(struct mcb_rule_scanner *scanner);

/* Takes the text if it is what comes next. */
bool mcb_rule_scanner_take(struct mcb_rule_scanner *scanner, const char *text);

bool mcb_rule_word_is(struct mcb_rule_word word, const char *text);

/* The word for messages: clean, cut to what is readable. Returns shown. */
enum { MCB_RULE_SHOWN_MAX = 64 };
char *mcb_rule_word_show(struct mcb_rule_word word, char shown[MCB_RULE_SHOWN_MAX]);

/* Copies a word to a string; false if there is no room. */
bool mcb_rule_word_copy(struct mcb_rule_word word, char *copy, size_t size);

/* Fault USE_RULE: given_as, what is wrong, the rule, and a caret below place. Returns -1. */
__attribute__((format(printf, 3, 4))) int
mcb_rule_scanner_fail(struct mcb_rule_scanner *scanner, const char *place, const char *format, ...);

#endif
