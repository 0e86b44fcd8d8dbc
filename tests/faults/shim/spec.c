/* SPDX-License-Identifier: Apache-2.0 */
#include "spec.h"

#include <errno.h>
#include <infiniband/verbs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/units.h"

#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))

enum { SPEC_MAX = 8192 };

struct word {
    const char *name;
    int value;
};

static const struct word errors[] = {
    {"EIO", EIO},       {"EAGAIN", EAGAIN}, {"ENOMEM", ENOMEM},         {"EFAULT", EFAULT},
    {"EINVAL", EINVAL}, {"EPERM", EPERM},   {"EOPNOTSUPP", EOPNOTSUPP}, {"ETIMEDOUT", ETIMEDOUT},
};

static const struct word statuses[] = {
    {"local-length-error", IBV_WC_LOC_LEN_ERR},
    {"local-qp-operation-error", IBV_WC_LOC_QP_OP_ERR},
    {"local-protection-error", IBV_WC_LOC_PROT_ERR},
    {"flushed", IBV_WC_WR_FLUSH_ERR},
    {"memory-window-bind-error", IBV_WC_MW_BIND_ERR},
    {"bad-response-error", IBV_WC_BAD_RESP_ERR},
    {"local-access-error", IBV_WC_LOC_ACCESS_ERR},
    {"remote-invalid-request-error", IBV_WC_REM_INV_REQ_ERR},
    {"remote-access-error", IBV_WC_REM_ACCESS_ERR},
    {"remote-operation-error", IBV_WC_REM_OP_ERR},
    {"transport-retry-exceeded", IBV_WC_RETRY_EXC_ERR},
    {"rnr-retry-exceeded", IBV_WC_RNR_RETRY_EXC_ERR},
    {"remote-aborted-error", IBV_WC_REM_ABORT_ERR},
    {"fatal-error", IBV_WC_FATAL_ERR},
    {"response-timeout-error", IBV_WC_RESP_TIMEOUT_ERR},
    {"general-error", IBV_WC_GENERAL_ERR},
};

static const struct word gid_kinds[] = {
    {"none", MCB_SHIM_GIDS_NONE},
    {"local", MCB_SHIM_GIDS_LOCAL},
};

static const struct word no[] = {{"no", 0}};

static const struct word mtus[] = {
    {"256", 256}, {"512", 512}, {"1024", 1024}, {"2048", 2048}, {"4096", 4096},
};

/* What a rule's value is: one of these words (none: no word), and what may follow it. */
struct form {
    const char *name;
    const struct word *words;
    size_t word_count;
    char mark;       /* before the limit; '\0': there is none */
    uint64_t beyond; /* where it is left out */
};

#define WORDS(table) table, COUNT_OF(table)

static const struct form forms[MCB_SHIM_RULES] = {
    [MCB_SHIM_REG_MR] = {"reg_mr", WORDS(errors), '>', 0},
    [MCB_SHIM_REG_DMABUF] = {"reg_dmabuf", WORDS(errors), '>', 0},
    [MCB_SHIM_MAX_MR_SIZE] = {"max_mr_size", NULL, 0, '\0', 0},
    [MCB_SHIM_CREATE_QP] = {"create_qp", WORDS(errors), '@', 0},
    [MCB_SHIM_INIT] = {"init", WORDS(errors), '@', 0},
    [MCB_SHIM_RTR] = {"rtr", WORDS(errors), '@', 0},
    [MCB_SHIM_RTS] = {"rts", WORDS(errors), '@', 0},
    [MCB_SHIM_COMPLETION] = {"completion", WORDS(statuses), '@', 1},
    [MCB_SHIM_MTU] = {"mtu", WORDS(mtus), '\0', 0},
    [MCB_SHIM_GIDS] = {"gids", WORDS(gid_kinds), '\0', 0},
    [MCB_SHIM_OPTIONAL_ACCESS] = {"optional_access", WORDS(no), '\0', 0},
    [MCB_SHIM_GPU_DELAY_US] = {"gpu_delay_us", NULL, 0, '@', 0},
};

const char *mcb_shim_rule_name(enum mcb_shim_rule rule)
{
    return forms[rule].name;
}

static int refuse_word(const struct form *form, const char *word, char why[512])
{
    int length = snprintf(why, 512, "%s=%s: no such value; there are", form->name, word);
    for (size_t n = 0; n < form->word_count && length < 512; n++)
        length += snprintf(why + length, 512 - (size_t)length, " %s", form->words[n].name);
    return -1;
}

static int read_word(const struct form *form, const char *word, int *value, char why[512])
{
    for (size_t n = 0; n < form->word_count; n++) {
        if (strcmp(form->words[n].name, word) != 0)
            continue;
        *value = form->words[n].value;
        return 0;
    }
    return refuse_word(form, word, why);
}

static int read_count(const char *text, uint64_t *count)
{
    char *end;
    errno = 0;
    *count = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 ? 0 : -1;
}

static int read_limit(const struct form *form, const char *text, uint64_t *beyond, char why[512])
{
    bool size = form->mark != '@';
    if ((size ? mcb_units_parse_size(text, beyond) : read_count(text, beyond)) == 0)
        return 0;
    snprintf(why, 512, "%s: '%s' is no %s", form->name, text,
             size ? "size, such as 64MiB" : "count");
    return -1;
}

static int read_action(const struct form *form, char *value, struct mcb_shim_action *action,
                       char why[512])
{
    action->given = true;
    action->beyond = form->beyond;
    if (!form->words)
        return read_limit(form, value, &action->beyond, why);
    char *limit = form->mark ? strchr(value, form->mark) : NULL;
    if (limit)
        *limit++ = '\0';
    if (read_word(form, value, &action->value, why) < 0)
        return -1;
    return limit ? read_limit(form, limit, &action->beyond, why) : 0;
}

static int read_text(const char *key, const char *value, char *text, size_t size, char why[512])
{
    if (text[0] == '\0' && value[0] != '\0' && strlen(value) < size) {
        strcpy(text, value);
        return 0;
    }
    snprintf(why, 512, "%s=%s: empty, too long, or given twice", key, value);
    return -1;
}

static int read_rule(const char *key, char *value, struct mcb_shim_spec *spec, char why[512])
{
    if (strcmp(key, "device") == 0)
        return read_text(key, value, spec->device, sizeof(spec->device), why);
    if (strcmp(key, "log") == 0)
        return read_text(key, value, spec->log, sizeof(spec->log), why);
    for (int rule = 0; rule < MCB_SHIM_RULES; rule++) {
        if (strcmp(forms[rule].name, key) != 0)
            continue;
        if (!spec->actions[rule].given)
            return read_action(&forms[rule], value, &spec->actions[rule], why);
        snprintf(why, 512, "%s: given twice", key);
        return -1;
    }
    snprintf(why, 512, "%s: no such rule", key);
    return -1;
}

static bool is_empty(const struct mcb_shim_spec *spec)
{
    for (int rule = 0; rule < MCB_SHIM_RULES; rule++)
        if (spec->actions[rule].given)
            return false;
    return true;
}

static char *trim(char *text)
{
    text += strspn(text, " \n");
    for (size_t length = strlen(text); length > 0 && strchr(" \n", text[length - 1]); length--)
        text[length - 1] = '\0';
    return text;
}

int mcb_shim_spec_read(const char *text, struct mcb_shim_spec *spec, char why[512])
{
    char copy[SPEC_MAX], *rest = copy, *rule;
    *spec = (struct mcb_shim_spec){0};
    if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy)) {
        snprintf(why, 512, "longer than %d bytes", SPEC_MAX - 1);
        return -1;
    }
    while ((rule = strsep(&rest, ";"))) {
        char *key = trim(rule), *value = strchr(key, '=');
        if (*key == '\0')
            continue;
        if (!value) {
            snprintf(why, 512, "%s: not of the form RULE=VALUE", key);
            return -1;
        }
        *value++ = '\0';
        if (read_rule(trim(key), trim(value), spec, why) < 0)
            return -1;
    }
    if (is_empty(spec)) {
        snprintf(why, 512, "no rule: nothing would go wrong");
        return -1;
    }
    return 0;
}
