/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a condition says of a setting or of an endpoint is found out once for each of them, and what
 * a rule is held against before its cells are judged: 100,000 cells cost little more than looking
 * at them.
 */
#include "bench/report/expectation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/expectation_machine.h"
#include "bench/report/expectation_reference.h"
#include "bench/report/host_memory.h"
#include "common/json.h"
#include "common/text.h"

/* ---- which cells ---- */

_Static_assert(MCB_RULE_CONDITIONS_MAX <= 8, "each condition of endpoints is a bit of a byte");

struct choice {
    bool *settings;     /* that the rule speaks of */
    uint8_t *endpoints; /* which conditions each meets: a bit each, in the rule's order */
    uint8_t wanted;     /* conditions of endpoints */
    uint8_t inverted;   /* of these, those that no end may meet, where the others want one end */
    bool of_gpu;        /* the rule is of cells of GPUs */
};

static bool size_fits(const struct mcb_rule_condition *condition, uint64_t size_bytes)
{
    const bool fits[MCB_RULE_COMPARISONS] = {
        [MCB_RULE_AT_LEAST] = size_bytes >= condition->size_bytes,
        [MCB_RULE_AT_MOST] = size_bytes <= condition->size_bytes,
        [MCB_RULE_ABOVE] = size_bytes > condition->size_bytes,
        [MCB_RULE_BELOW] = size_bytes < condition->size_bytes,
        [MCB_RULE_EQUAL] = size_bytes == condition->size_bytes,
    };
    return fits[condition->comparison];
}

/* True also of conditions that are of endpoints. */
static bool setting_meets(const struct mcb_ledger_setting *setting,
                          const struct mcb_rule_condition *condition)
{
    switch (condition->key) {
    case MCB_RULE_OPERATION:
        return strcmp(setting->operation, condition->name) == 0;
    case MCB_RULE_ROUTE:
        return strcmp(setting->route, condition->name) == 0;
    case MCB_RULE_ORDERING:
        return strcmp(setting->ordering, condition->name) == 0;
    case MCB_RULE_DIRECTIONS:
        return setting->bidirectional == (strcmp(condition->name, "both") == 0);
    case MCB_RULE_SIZE:
        return size_fits(condition, setting->size_bytes);
    default:
        return true;
    }
}

static bool setting_fits(const struct mcb_ledger_setting *setting, const struct mcb_rule *rule)
{
    if (rule->figure != MCB_RULE_VERIFIED && setting->latency != mcb_rule_is_of_latency(rule))
        return false;
    if (rule->figure == MCB_RULE_GPU && strcmp(setting->route, "host") == 0)
        return false;
    for (size_t i = 0; i < rule->condition_count; i++)
        if (!setting_meets(setting, &rule->conditions[i]))
            return false;
    return true;
}

static bool is_of_endpoint(const struct mcb_rule_condition *condition)
{
    return condition->key == MCB_RULE_HOST || condition->key == MCB_RULE_NIC ||
           condition->key == MCB_RULE_MEMORY;
}

static bool endpoint_meets(const struct mcb_pivot_endpoint *endpoint,
                           const struct mcb_rule_condition *condition)
{
    if (condition->key == MCB_RULE_MEMORY)
        return mcb_pivot_is_of_gpu(endpoint->memory);
    return mcb_rule_fits(condition->name,
                         condition->key == MCB_RULE_HOST ? endpoint->host : endpoint->nic);
}

static void choose_endpoints(const struct mcb_ledger *ledger, const struct mcb_rule *rule,
                             struct choice *choice)
{
    for (size_t k = 0; k < rule->condition_count; k++) {
        const struct mcb_rule_condition *condition = &rule->conditions[k];
        const uint8_t bit = (uint8_t)(1 << k);
        if (!is_of_endpoint(condition))
            continue;
        choice->wanted |= bit;
        if (condition->key == MCB_RULE_MEMORY && strcmp(condition->name, "cpu") == 0)
            choice->inverted |= bit;
        for (size_t i = 0; i < ledger->endpoint_count; i++)
            if (endpoint_meets(&ledger->endpoints[i], condition))
                choice->endpoints[i] |= bit;
    }
}

static void choice_release(struct choice *choice)
{
    free(choice->endpoints);
    free(choice->settings);
}

static int choice_make(const struct mcb_ledger *ledger, const struct mcb_rule *rule,
                       struct choice *choice)
{
    *choice = (struct choice){.of_gpu = rule->figure == MCB_RULE_GPU};
    choice->settings = calloc(ledger->setting_count + 1, sizeof *choice->settings);
    choice->endpoints = calloc(ledger->endpoint_count + 1, sizeof *choice->endpoints);
    if (!choice->settings || !choice->endpoints) {
        choice_release(choice);
        return -1;
    }
    for (size_t i = 0; i < ledger->setting_count; i++)
        choice->settings[i] = setting_fits(&ledger->settings[i], rule);
    choose_endpoints(ledger, rule, choice);
    return 0;
}

static bool is_chosen(const struct choice *choice, const struct mcb_ledger *ledger,
                      const struct mcb_ledger_cell *cell)
{
    uint8_t met = choice->endpoints[cell->initiator] | choice->endpoints[cell->target];
    if (!choice->settings[cell->setting] ||
        ((met ^ choice->inverted) & choice->wanted) != choice->wanted)
        return false;
    return !choice->of_gpu || mcb_pivot_is_of_gpu(ledger->endpoints[cell->initiator].memory) ||
           mcb_pivot_is_of_gpu(ledger->endpoints[cell->target].memory);
}

/* ---- a rule ---- */

enum verdict { HELD, MISSED, UNJUDGED };

struct judge {
    const struct mcb_ledger *ledger;
    const struct mcb_rule *rule;
    struct choice choice;
    double *medians;                     /* of a rule that wants them */
    const struct mcb_host_memory *hosts; /* likewise; borrowed */
};

/* Of the host memory beside a cell; 0: not known. */
static double host_figure(const struct judge *judge, const struct mcb_ledger_cell *cell)
{
    uint32_t beside = mcb_host_memory_cell(judge->hosts, cell);
    if (beside == MCB_LEDGER_NONE || judge->ledger->cells[beside].status != MCB_LEDGER_OK)
        return 0;
    return mcb_expectation_figure(&judge->ledger->cells[beside], judge->rule->figure);
}

/* What the part of a rule is a part of; 0: not known. */
static double reference_of(const struct judge *judge, const struct mcb_ledger_cell *cell)
{
    switch (judge->rule->reference) {
    case MCB_RULE_CEILING:
        return cell->ceiling_gbps;
    case MCB_RULE_MEDIAN:
        return judge->medians[cell->setting];
    case MCB_RULE_CPU:
        return host_figure(judge, cell);
    default:
        return 1;
    }
}

static bool holds(enum mcb_rule_comparison comparison, double figure, double bound)
{
    const bool held[MCB_RULE_COMPARISONS] = {
        [MCB_RULE_AT_LEAST] = figure >= bound,
        [MCB_RULE_AT_MOST] = figure <= bound,
        [MCB_RULE_ABOVE] = figure > bound,
        [MCB_RULE_BELOW] = figure < bound,
    };
    return held[comparison];
}

/* *miss: figure and bound, as far as there are. */
static enum verdict judge_cell(const struct judge *judge, const struct mcb_ledger_cell *cell,
                               struct mcb_expectation_miss *miss)
{
    const struct mcb_rule *rule = judge->rule;
    bool verified = cell->verified_bytes > 0 && cell->corrupt_bytes <= 0;
    double reference = rule->figure == MCB_RULE_VERIFIED ? 0 : reference_of(judge, cell);
    miss->figure = 0;
    miss->bound = rule->bound * reference;
    if (cell->status != MCB_LEDGER_OK)
        return MISSED;
    if (rule->figure == MCB_RULE_VERIFIED)
        return verified ? HELD : MISSED;
    if (reference <= 0)
        return UNJUDGED;
    miss->figure = mcb_expectation_figure(cell, rule->figure);
    if (miss->figure <= 0)
        return MISSED;
    return holds(rule->comparison, miss->figure, miss->bound) ? HELD : MISSED;
}

/* 1: just missed; towards 0: by far; below 0: without a figure. */
static double nearness(const struct mcb_expectation_miss *miss)
{
    if (miss->figure <= 0)
        return -1;
    return miss->figure < miss->bound ? miss->figure / miss->bound : miss->bound / miss->figure;
}

static int compare_misses(const void *left, const void *right)
{
    const struct mcb_expectation_miss *a = left, *b = right;
    double near_a = nearness(a), near_b = nearness(b);
    if (near_a != near_b)
        return near_a < near_b ? -1 : 1;
    return (a->cell > b->cell) - (a->cell < b->cell);
}

static int add_miss(struct mcb_expectation *expectation, size_t *room,
                    const struct mcb_expectation_miss *miss)
{
    if (expectation->miss_count == *room) {
        size_t more = *room ? 2 * *room : 16;
        struct mcb_expectation_miss *grown = reallocarray(expectation->misses, more, sizeof *grown);
        if (!grown)
            return -1;
        expectation->misses = grown;
        *room = more;
    }
    expectation->misses[expectation->miss_count++] = *miss;
    return 0;
}

static int judge_cells(const struct judge *judge, struct mcb_expectation *expectation)
{
    size_t room = 0;
    for (size_t i = 0; i < judge->ledger->cell_count; i++) {
        const struct mcb_ledger_cell *cell = &judge->ledger->cells[i];
        struct mcb_expectation_miss miss = {.cell = (uint32_t)i};
        if (!is_chosen(&judge->choice, judge->ledger, cell))
            continue;
        enum verdict verdict = judge_cell(judge, cell, &miss);
        expectation->chosen++;
        expectation->held += verdict == HELD;
        expectation->unjudged += verdict == UNJUDGED;
        if (verdict == MISSED && add_miss(expectation, &room, &miss) != 0)
            return -1;
    }
    if (expectation->miss_count > 0)
        qsort(expectation->misses, expectation->miss_count, sizeof *expectation->misses,
              compare_misses);
    return 0;
}

static int judge_rule(const struct mcb_ledger *ledger, const struct mcb_host_memory *hosts,
                      struct mcb_expectation *expectation)
{
    const struct mcb_rule *rule = expectation->rule;
    struct judge judge = {.ledger = ledger, .rule = rule, .hosts = hosts};
    int status = choice_make(ledger, rule, &judge.choice);
    if (status != 0)
        return -1;
    if (rule->reference == MCB_RULE_MEDIAN) {
        judge.medians = mcb_expectation_medians(ledger, rule->figure);
        status = judge.medians ? 0 : -1;
    }
    if (status == 0)
        status = judge_cells(&judge, expectation);
    free(judge.medians);
    choice_release(&judge.choice);
    return status;
}

/* ---- all rules ---- */

static int no_memory(struct mcb_error *error)
{
    return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory to judge what is expected");
}

/* The rules of a list of a rules file. where: as a place in the file. */
static int add_listed(const json_t *list, const char *where, struct mcb_rules *rules,
                      struct mcb_error *error)
{
    const json_t *rule;
    size_t i;
    json_array_foreach(list, i, rule)
    {
        char given_as[128];
        snprintf(given_as, sizeof given_as, "%s[%zu]", where, i);
        if (mcb_rules_parse(json_string_value(rule), given_as, rules, error) != 0)
            return -1;
    }
    return 0;
}

static int add_file(const json_t *file, const json_t *head, struct mcb_expectations *made,
                    struct mcb_error *error)
{
    const json_t *machine;
    if (mcb_expectation_find_machine(file, head, &machine, error) != 0)
        return -1;
    mcb_text_clean(mcb_json_text(machine, "name"), made->machine, sizeof made->machine);
    if (add_listed(json_object_get(file, "rules"), "rules", made->rules, error) != 0)
        return -1;
    return add_listed(json_object_get(machine, "rules"), "machines[].rules", made->rules, error);
}

static int add_given(const struct mcb_rules *given, struct mcb_rules *rules,
                     struct mcb_error *error)
{
    if (given->count > MCB_RULES_MAX - rules->count)
        return mcb_error_set(error, MCB_FAULT_USE_RULE,
                             "%zu rules of the rules file and %zu of --expect: no more than %d",
                             rules->count, given->count, MCB_RULES_MAX);
    memcpy(rules->list + rules->count, given->list, given->count * sizeof *given->list);
    rules->count += given->count;
    return 0;
}

static bool wants_hosts(const struct mcb_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++)
        if (rules->list[i].reference == MCB_RULE_CPU)
            return true;
    return false;
}

static void mark_missed(struct mcb_expectations *made)
{
    for (size_t i = 0; i < made->count; i++)
        for (size_t k = 0; k < made->list[i].miss_count; k++)
            made->missed[made->list[i].misses[k].cell] = true;
}

static int judge_all(const struct mcb_ledger *ledger, struct mcb_expectations *made,
                     struct mcb_error *error)
{
    struct mcb_host_memory *hosts = NULL;
    made->list = calloc(made->rules->count + 1, sizeof *made->list);
    made->missed = calloc(ledger->cell_count + 1, sizeof *made->missed);
    made->cell_count = ledger->cell_count;
    if (!made->list || !made->missed)
        return no_memory(error);
    if (wants_hosts(made->rules) && !(hosts = mcb_host_memory_make(ledger, ledger)))
        return no_memory(error);
    int status = 0;
    for (size_t i = 0; i < made->rules->count && status == 0; i++) {
        made->list[i].rule = &made->rules->list[i];
        status = judge_rule(ledger, hosts, &made->list[i]);
        made->count++;
    }
    mcb_host_memory_free(hosts);
    if (status != 0)
        return no_memory(error);
    mark_missed(made);
    return 0;
}

/* Judges by the rules that were put together, if `status` says that they were. */
static int conclude(const struct mcb_ledger *ledger, int status, struct mcb_expectations *made,
                    struct mcb_expectations *expectations, struct mcb_error *error)
{
    if (status == 0)
        status = judge_all(ledger, made, error);
    if (status != 0) {
        mcb_expectations_release(made);
        return -1;
    }
    *expectations = *made;
    return 0;
}

/* made has room for rules, and none in it. */
static int put_together(const json_t *head, const struct mcb_rules *rules, const json_t *rules_file,
                        struct mcb_expectations *made, struct mcb_error *error)
{
    if (rules_file && add_file(rules_file, head, made, error) != 0)
        return -1;
    return rules ? add_given(rules, made->rules, error) : 0;
}

int mcb_expectations_check(const json_t *head, const struct mcb_rules *rules,
                           const json_t *rules_file, struct mcb_error *error)
{
    struct mcb_expectations made = {.rules = calloc(1, sizeof *made.rules)};
    if (!made.rules)
        return no_memory(error);
    int status = put_together(head, rules, rules_file, &made, error);
    mcb_expectations_release(&made);
    return status;
}

int mcb_expectations_make(const struct mcb_ledger *ledger, const struct mcb_rules *rules,
                          const json_t *rules_file, struct mcb_expectations *expectations,
                          struct mcb_error *error)
{
    struct mcb_expectations made = {.rules = calloc(1, sizeof *made.rules)};
    if (!made.rules)
        return no_memory(error);
    int status = put_together(ledger->head, rules, rules_file, &made, error);
    return conclude(ledger, status, &made, expectations, error);
}

int mcb_expectations_of_result(const struct mcb_ledger *ledger,
                               struct mcb_expectations *expectations, struct mcb_error *error)
{
    struct mcb_expectations made = {.rules = calloc(1, sizeof *made.rules)};
    const json_t *entry;
    size_t i;
    int status = 0;
    if (!made.rules)
        return no_memory(error);
    json_array_foreach(json_object_get(ledger->head, "expectations"), i, entry)
    {
        char given_as[64];
        snprintf(given_as, sizeof given_as, "expectations[%zu].rule", i);
        status = mcb_rules_parse(mcb_json_text(entry, "rule"), given_as, made.rules, error);
        if (status != 0)
            break;
    }
    return conclude(ledger, status, &made, expectations, error);
}

void mcb_expectations_release(struct mcb_expectations *expectations)
{
    for (size_t i = 0; i < expectations->count; i++)
        free(expectations->list[i].misses);
    free(expectations->missed);
    free(expectations->list);
    free(expectations->rules);
    *expectations = (struct mcb_expectations){0};
}

bool mcb_expectation_holds(const struct mcb_expectation *expectation)
{
    return expectation->held > 0 && expectation->miss_count == 0;
}

bool mcb_expectations_hold(const struct mcb_expectations *expectations)
{
    for (size_t i = 0; i < expectations->count; i++)
        if (!mcb_expectation_holds(&expectations->list[i]))
            return false;
    return true;
}

bool mcb_expectations_hold_of(const struct mcb_expectations *expectations, uint32_t cell)
{
    return cell >= expectations->cell_count || !expectations->missed[cell];
}
