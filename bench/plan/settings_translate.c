/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What Mooncake makes of its variables (mooncake-transfer-engine/src/config.cpp).
 *
 * It reads numbers with atoi(), so that words become 0 and "64GiB" becomes 64, and passes over a
 * number that is out of its range; some variables count by their presence alone. A value that means
 * one thing to the reader and another to Mooncake is refused here, with what Mooncake would read.
 */
#include "bench/plan/settings_rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bench/plan/settings_text.h"
#include "common/units.h"

struct number_rule {
    int64_t least, most;  /* that Mooncake takes */
    bool minus_one;       /* -1 asks for nothing */
    const char *zero;     /* what 0 means there, if words become it silently; or "" */
    const char *expected; /* what would be right */
};

static int copy(const char *text, char *option_text, size_t option_size)
{
    snprintf(option_text, option_size, "%s", text);
    return 0;
}

static int translate_number(const struct number_rule *rule, const char *variable,
                            const char *variable_text, char *option_text, size_t option_size,
                            struct mcb_error *error)
{
    uint64_t value;
    if (rule->minus_one && strcmp(variable_text, "-1") == 0)
        return copy("", option_text, option_size);
    if (mcb_units_parse_unsigned(variable_text, (uint64_t)rule->most, &value) == 0 &&
        value >= (uint64_t)rule->least)
        return copy(variable_text, option_text, option_size);

    long long read = strtoll(variable_text, NULL, 10);
    if (rule->most <= INT32_MAX)
        read = (int32_t)read;
    bool taken = read >= rule->least && read <= rule->most;
    char shown[MCB_SHOWN_MAX];
    return mcb_error_set(error, MCB_FAULT_USE_VARIABLE,
                         "%s=%s: Mooncake reads this as %lld%s; write %s, or unset it", variable,
                         mcb_setting_text_shown(variable_text, shown), read,
                         !taken      ? " and passes over it"
                         : read == 0 ? rule->zero
                                     : "",
                         rule->expected);
}

MCB_SETTING_TRANSLATOR(gid_index)
{
    static const struct number_rule rule = {0, 255, true, ", the first GID", "0 to 255"};
    return translate_number(&rule, variable, variable_text, option_text, option_size, error);
}

MCB_SETTING_TRANSLATOR(ib_port)
{
    static const struct number_rule rule = {0, 255, false, ", which is no port", "1 to 255"};
    return translate_number(&rule, variable, variable_text, option_text, option_size, error);
}

MCB_SETTING_TRANSLATOR(traffic_class)
{
    static const struct number_rule rule = {0, 255, true, "", "0 to 255"};
    return translate_number(&rule, variable, variable_text, option_text, option_size, error);
}

MCB_SETTING_TRANSLATOR(service_level)
{
    static const struct number_rule rule = {0, 15, true, "", "0 to 15"};
    return translate_number(&rule, variable, variable_text, option_text, option_size, error);
}

MCB_SETTING_TRANSLATOR(qps)
{
    static const struct number_rule rule = {1, 255, false, "", "1 to 255"};
    return translate_number(&rule, variable, variable_text, option_text, option_size, error);
}

MCB_SETTING_TRANSLATOR(max_mr_size)
{
    static const struct number_rule rule = {1, INT64_MAX, false, "",
                                            "the number of bytes, without a unit"};
    return translate_number(&rule, variable, variable_text, option_text, option_size, error);
}

MCB_SETTING_TRANSLATOR(mtu)
{
    /* Its range as far as translate_number() goes; the sizes that Mooncake knows are listed. */
    static const struct number_rule rule = {512, 4096, false, "", "512, 1024, 2048 or 4096"};
    static const char *const known[] = {"512", "1024", "2048", "4096"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(variable_text, known[i]) == 0)
            return copy(variable_text, option_text, option_size);
    if (translate_number(&rule, variable, variable_text, option_text, option_size, error))
        return -1;
    return mcb_error_set(error, MCB_FAULT_USE_VARIABLE,
                         "%s=%s: Mooncake passes over this; write %s, or unset it", variable,
                         option_text, rule.expected);
}

MCB_SETTING_TRANSLATOR(relaxed_ordering)
{
    static const struct number_rule rule = {0, 2, false, ", relaxed ordering off",
                                            "0 (off), 1 (on) or 2 (auto)"};
    static const char *const words[] = {"off", "on", "auto"};
    if (translate_number(&rule, variable, variable_text, option_text, option_size, error))
        return -1;
    return copy(words[strtoul(option_text, NULL, 10)], option_text, option_size);
}

/* The value that presence alone stands for; what looks like "no" would turn it on all the same. */
static int translate_presence(const char *variable, const char *variable_text, const char *value,
                              const char *consequence, char *option_text, size_t option_size,
                              struct mcb_error *error)
{
    static const char *const negations[] = {"0", "false", "no", "off"};
    for (size_t i = 0; i < sizeof negations / sizeof negations[0]; i++)
        if (strcasecmp(variable_text, negations[i]) == 0)
            return mcb_error_set(error, MCB_FAULT_USE_VARIABLE,
                                 "%s=%s: Mooncake looks only at whether this variable is set, so "
                                 "that any value %s; unset it, or write 1",
                                 variable, variable_text, consequence);
    return copy(value, option_text, option_size);
}

MCB_SETTING_TRANSLATOR(force_tcp)
{
    return translate_presence(variable, variable_text, "tcp", "forces TCP", option_text,
                              option_size, error);
}

MCB_SETTING_TRANSLATOR(affinity)
{
    return translate_presence(variable, variable_text, "rail", "turns affinity on", option_text,
                              option_size, error);
}

MCB_SETTING_TRANSLATOR(matrix_file)
{
    if (variable_text[strspn(variable_text, " \t\r\n")] == '{')
        return mcb_error_set(error, MCB_FAULT_USE_VARIABLE,
                             "%s: Mooncake reads this as the name of a file, not as JSON; write "
                             "the matrix to a file and name it",
                             variable);
    return copy(variable_text, option_text, option_size);
}
