/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_PLAN_SETTINGS_VALUES_H
#define MCB_BENCH_PLAN_SETTINGS_VALUES_H

/* The inside of struct mcb_setting_values, for the files of the module alone. */

#include "bench/plan/settings.h"

enum { MCB_VARIABLE_NAME_MAX = 64 };

struct mcb_setting_value {
    char *text; /* owned; NULL: neither given nor a default */
    enum mcb_setting_from from;
    char variable[MCB_VARIABLE_NAME_MAX]; /* that it is from, else "" */
    const char *default_text;             /* the table's or the command's; NULL: none */
};

struct mcb_setting_values {
    size_t count;
    struct mcb_setting_value rows[]; /* in the order of the table */
};

/* The value of the row of that name, which the table has. */
const struct mcb_setting_value *mcb_setting_values_get(const struct mcb_setting_values *values,
                                                       const char *name);

/* Gives a row a text (copied), with its origin; variable may be NULL. Fault: HOST_MEMORY. */
int mcb_setting_value_replace(struct mcb_setting_value *value, const char *text,
                              enum mcb_setting_from from, const char *variable,
                              struct mcb_error *error);

/* "option", "variable", "default"; -1 for any other text. */
const char *mcb_setting_from_name(enum mcb_setting_from from);
int mcb_setting_from_find(const char *name);

#endif
