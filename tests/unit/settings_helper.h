/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_TESTS_UNIT_SETTINGS_HELPER_H
#define MCB_TESTS_UNIT_SETTINGS_HELPER_H

/* Settings from options and variables that a test makes up. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/plan/settings.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* Option and text, or variable and text; NULL ends a list. */
struct given {
    const char *name, *text;
};

static const struct given *environment; /* what get_variable() answers from */

static inline const char *get_variable(const char *name)
{
    for (const struct given *at = environment; at && at->name; at++)
        if (strcmp(at->name, name) == 0)
            return at->text;
    return NULL;
}

static inline struct mcb_setting_values *make_values(const struct given *options)
{
    struct mcb_error error;
    struct mcb_setting_values *values = mcb_setting_values_new();
    assert_non_null(values);
    for (; options && options->name; options++)
        assert_int_equal(mcb_setting_values_set(values, options->name, options->text, &error), 0);
    return values;
}

/* Values and settings of the options and variables given. Returns the fault. */
static inline enum mcb_fault_code resolve(const struct given *options,
                                          const struct given *variables,
                                          struct mcb_setting_values **values,
                                          struct mcb_settings *settings, struct mcb_error *error)
{
    *values = make_values(options);
    environment = variables;
    error->code = MCB_FAULT_NONE;
    error->detail[0] = '\0';
    if (mcb_setting_values_read_environment(*values, get_variable, error) == 0)
        mcb_settings_resolve(*values, settings, error);
    return error->code;
}

static inline void assert_fault(const struct given *options, const struct given *variables,
                                enum mcb_fault_code fault, const char *detail)
{
    struct mcb_setting_values *values;
    struct mcb_settings settings;
    struct mcb_error error;
    assert_int_equal(resolve(options, variables, &values, &settings, &error), fault);
    if (strncmp(error.detail, detail, strlen(detail)) != 0)
        fail_msg("'%s' does not begin with '%s'", error.detail, detail);
    mcb_setting_values_free(values);
}

/* Settings of options and variables that are right; the strings go with the values. */
struct resolved {
    struct mcb_setting_values *values;
    struct mcb_settings settings;
};

static inline struct resolved assert_resolved(const struct given *options,
                                              const struct given *variables)
{
    struct resolved resolved;
    struct mcb_error error;
    if (resolve(options, variables, &resolved.values, &resolved.settings, &error))
        fail_msg("%s", error.detail);
    return resolved;
}

static inline void release(struct resolved *resolved)
{
    mcb_settings_release(&resolved->settings);
    mcb_setting_values_free(resolved->values);
}

#endif
