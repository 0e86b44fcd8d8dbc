/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_RESULT_RULES_H
#define MCB_BENCH_REPORT_RESULT_RULES_H

/*
 * What results/schema/mcbench-result.schema.json says, as tables of rules: one row a member. What a
 * row cannot say of its member alone is in result_check.c.
 */

#include <stdbool.h>

/* WORD: one of a list. MAP: an object of any names, each with a value of one kind. SCALARS: an
 * object of numbers, strings, booleans and nulls under any names. */
enum mcb_result_kind {
    MCB_RESULT_STRING,
    MCB_RESULT_WORD,
    MCB_RESULT_INTEGER,
    MCB_RESULT_NUMBER,
    MCB_RESULT_BOOLEAN,
    MCB_RESULT_OBJECT,
    MCB_RESULT_ARRAY,
    MCB_RESULT_MAP,
    MCB_RESULT_SCALARS
};

enum {
    MCB_RESULT_OPTIONAL = 1,
    MCB_RESULT_NULLABLE = 2,
    MCB_RESULT_OPEN = 4,   /* OBJECT: members that are not in the table are left alone */
    MCB_RESULT_ABOVE = 8,  /* NUMBER: more than `least` */
    MCB_RESULT_UNIQUE = 16 /* ARRAY of strings or words: no two are the same */
};

/* How a text must be. */
struct mcb_result_form {
    const char *expected; /* "a time such as 2026-01-31T23:59:59Z" */
    bool (*fits)(const char *text);
};

struct mcb_result_rule {
    const char *key;
    enum mcb_result_kind kind;
    unsigned flags;
    double least, most; /* of a number; of the characters of a string; of elements or members */
    const char *const *words;           /* WORD: what it may be, up to NULL */
    const struct mcb_result_form *form; /* STRING; MAP: of its names; NULL: any */
    /* OBJECT, SCALARS: up to a key NULL; ARRAY, MAP: the one rule of what is in it. */
    const struct mcb_result_rule *members;
};

extern const struct mcb_result_rule mcb_result_document_rules[];
extern const struct mcb_result_rule mcb_result_cell_rules[];
extern const struct mcb_result_rule mcb_result_facts_rules[];      /* a NIC, as its host tells it */
extern const struct mcb_result_rule mcb_result_gpu_rules[];        /* a GPU, likewise */
extern const struct mcb_result_rule mcb_result_opened_rules[];     /* an endpoint that was opened */
extern const struct mcb_result_rule mcb_result_corruption_rules[]; /* "corruption" of a cell */
extern const struct mcb_result_rule mcb_result_ordering_rules[];   /* "relaxed_ordering" of one */
extern const struct mcb_result_rule mcb_result_end_rules[];        /* an end of one, as told */

#endif
