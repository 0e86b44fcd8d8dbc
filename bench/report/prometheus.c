/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A table of what is told of every cell, and a few figures of the run as a whole. A name is written
 * with all its samples before the next one, and not at all where it has none.
 */

#include "bench/report/prometheus.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bench/report/prometheus_series.h"
#include "common/file.h"
#include "common/json.h"

#define BYTES_PER_GBIT 1.25e8
#define US_PER_SECOND  1e6

struct content {
    const struct mcb_ledger *ledger;
    const struct mcb_comparison *comparison;     /* or NULL */
    const struct mcb_expectations *expectations; /* or NULL */
    struct mcb_prometheus_series series;
};

/* ---- names and samples ---- */

static void put_head(FILE *out, const char *name, const char *help)
{
    fprintf(out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

/* more: a label besides, as `,name="value"`; or "". */
static void put_sample(FILE *out, const char *name, const char *labels, const char *more,
                       double value)
{
    fprintf(out, "%s{%s%s} %.15g\n", name, labels, more, value);
}

static void put_alone(FILE *out, const char *name, const char *help, double value)
{
    put_head(out, name, help);
    fprintf(out, "%s %.12g\n", name, value);
}

/* ---- of every cell ---- */

struct metric {
    const char *name, *help;
    /* NaN: the cell has none. */
    double (*value)(const struct metric *metric, const struct content *content, size_t cell);
    const char *more; /* what tells it from the other metrics of its name, as put_sample() has it */
    size_t offset;    /* of latency: in struct mcb_ledger_latency */
};

static double positive(double value)
{
    return value > 0 ? value : NAN;
}

static double ok_of(const struct metric *metric, const struct content *content, size_t cell)
{
    (void)metric;
    return content->ledger->cells[cell].status == MCB_LEDGER_OK;
}

static bool is_of_latency(const struct content *content, size_t cell)
{
    return content->ledger->settings[content->ledger->cells[cell].setting].latency;
}

static double bandwidth_of(const struct metric *metric, const struct content *content, size_t cell)
{
    (void)metric;
    return is_of_latency(content, cell)
               ? NAN
               : positive(content->ledger->cells[cell].figure * BYTES_PER_GBIT);
}

static double ceiling_of(const struct metric *metric, const struct content *content, size_t cell)
{
    (void)metric;
    return positive(content->ledger->cells[cell].ceiling_gbps * BYTES_PER_GBIT);
}

static double latency_of(const struct metric *metric, const struct content *content, size_t cell)
{
    const char *latency = (const char *)&content->ledger->cells[cell].latency;
    double us;
    memcpy(&us, latency + metric->offset, sizeof us);
    return positive(us / US_PER_SECOND);
}

static double verified_of(const struct metric *metric, const struct content *content, size_t cell)
{
    (void)metric;
    return content->ledger->cells[cell].verified_bytes;
}

static double corrupt_of(const struct metric *metric, const struct content *content, size_t cell)
{
    (void)metric;
    return content->ledger->cells[cell].corrupt_bytes;
}

static double missed_of(const struct metric *metric, const struct content *content, size_t cell)
{
    (void)metric;
    const struct mcb_expectations *expectations = content->expectations;
    return expectations && expectations->count > 0
               ? !mcb_expectations_hold_of(expectations, (uint32_t)cell)
               : NAN;
}

static const struct mcb_comparison_row *row_of(const struct content *content, size_t cell)
{
    return content->comparison ? mcb_comparison_row_of(content->comparison, (uint32_t)cell) : NULL;
}

static double ratio_of(const struct metric *metric, const struct content *content, size_t cell)
{
    const struct mcb_comparison_row *row = row_of(content, cell);
    (void)metric;
    return row ? positive(row->ratio) : NAN;
}

static double regression_of(const struct metric *metric, const struct content *content, size_t cell)
{
    const struct mcb_comparison_row *row = row_of(content, cell);
    (void)metric;
    return row ? mcb_comparison_is_regression(content->comparison, row) : NAN;
}

#define REGRESSION "mcbench_cell_regression"

#define LATENCY(which)                                                                             \
    {                                                                                              \
        "mcbench_latency_seconds",                                                                 \
            "Latency of one message, by figure: min, p50 to p999, max, mean.", latency_of,         \
            ",figure=\"" #which "\"", offsetof(struct mcb_ledger_latency, which##_us)              \
    }

/* Those of one name are neighbours. */
static const struct metric metrics[] = {
    {"mcbench_cell_ok",
     "1: the cell was measured and nothing was wrong; 0: it failed or was skipped.", ok_of, "", 0},
    {"mcbench_bandwidth_bytes_per_second", "Payload bandwidth of the cell, median of its trials.",
     bandwidth_of, "", 0},
    {"mcbench_bandwidth_ceiling_bytes_per_second",
     "What the slowest hardware on the path allows; absent where that is not known.", ceiling_of,
     "", 0},
    LATENCY(min),
    LATENCY(p50),
    LATENCY(p90),
    LATENCY(p99),
    LATENCY(p999),
    LATENCY(max),
    LATENCY(mean),
    {"mcbench_verified_bytes", "Bytes that were compared; 0 without --verify.", verified_of, "", 0},
    {"mcbench_corrupt_bytes", "Bytes that were compared and wrong.", corrupt_of, "", 0},
    {"mcbench_cell_expectation_missed", "1: the cell misses an expectation.", missed_of, "", 0},
    {"mcbench_cell_change_ratio",
     "Figure of the cell over that of the baselines: of a bandwidth below 1 is slower, of a "
     "latency "
     "above 1.",
     ratio_of, "", 0},
    {REGRESSION,
     "1: slower than the baselines beyond tolerance and noise, or failed, skipped or gone since "
     "(change says so of one that is gone).",
     regression_of, "", 0},
};

static void put_metric(FILE *out, const struct content *content, const struct metric *metric,
                       bool *headed)
{
    for (size_t cell = 0; cell < content->ledger->cell_count; cell++) {
        double value = metric->value(metric, content, cell);
        if (isnan(value))
            continue;
        if (!*headed)
            put_head(out, metric->name, metric->help);
        *headed = true;
        put_sample(out, metric->name, content->series.cells.labels[cell], metric->more, value);
    }
}

static void put_absent(FILE *out, const struct content *content, const struct metric *metric,
                       bool *headed)
{
    for (size_t i = 0; i < content->series.absent.count; i++) {
        if (!*headed)
            put_head(out, metric->name, metric->help);
        *headed = true;
        put_sample(out, metric->name, content->series.absent.labels[i], "", 1);
    }
}

static void put_cells(FILE *out, const struct content *content)
{
    bool headed = false;
    const char *name = "";
    for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++) {
        const struct metric *metric = &metrics[i];
        headed = headed && strcmp(name, metric->name) == 0;
        name = metric->name;
        put_metric(out, content, metric, &headed);
        if (strcmp(name, REGRESSION) == 0)
            put_absent(out, content, metric, &headed);
    }
}

static void put_faults(FILE *out, const struct content *content)
{
    static const char *const words[] = {"ok", "failed", "skipped"};
    static const char name[] = "mcbench_cell_fault_info";
    const struct mcb_ledger *ledger = content->ledger;
    bool headed = false;
    for (size_t i = 0; i < ledger->cell_count; i++) {
        const struct mcb_ledger_cell *cell = &ledger->cells[i];
        char more[128];
        if (cell->status == MCB_LEDGER_OK || cell->fault >= ledger->fault_count)
            continue;
        if (!headed)
            put_head(out, name,
                     "Why a cell failed or was skipped: mcbench explain FAULT says more.");
        headed = true;
        snprintf(more, sizeof more, ",status=\"%s\",fault=\"%.64s\"", words[cell->status],
                 ledger->faults[cell->fault].id);
        put_sample(out, name, content->series.cells.labels[i], more, 1);
    }
}

/* ---- of the run ---- */

static void put_infos(FILE *out, const struct content *content)
{
    const struct mcb_prometheus_series *series = &content->series;
    const struct {
        const char *name, *help;
        const struct mcb_prometheus_list *list;
    } infos[] = {
        {"mcbench_run_info", "What measured, and how the run ended.", &series->run},
        {"mcbench_host_info", "The hosts that took part.", &series->hosts},
        {"mcbench_nic_info", "Their NICs.", &series->nics},
        {"mcbench_gpu_info", "Their GPUs.", &series->gpus},
    };
    for (size_t i = 0; i < sizeof infos / sizeof *infos; i++) {
        if (infos[i].list->count > 0)
            put_head(out, infos[i].name, infos[i].help);
        for (size_t j = 0; j < infos[i].list->count; j++)
            put_sample(out, infos[i].name, infos[i].list->labels[j], "", 1);
    }
}

static void put_start(FILE *out, const struct mcb_ledger *ledger)
{
    struct tm parts = {0};
    const char *rest = strptime(ledger->started, "%Y-%m-%dT%H:%M:%SZ", &parts);
    if (rest && !*rest)
        put_alone(out, "mcbench_run_start_time_seconds", "When the run began, since 1970.",
                  (double)timegm(&parts));
}

static void put_expectations(FILE *out, const struct content *content)
{
    static const char held[] = "mcbench_expectation_held", cells[] = "mcbench_expectation_cells";
    const struct mcb_expectations *expectations = content->expectations;
    char *const *labels = content->series.expectations.labels;
    if (!expectations || expectations->count == 0)
        return;
    put_head(out, held, "1: every cell that the rule speaks of holds it; 0: the rule is missed.");
    for (size_t i = 0; i < expectations->count; i++)
        put_sample(out, held, labels[i], "", mcb_expectation_holds(&expectations->list[i]));
    put_head(out, cells, "Cells that a rule speaks of, by what it says of them.");
    for (size_t i = 0; i < expectations->count; i++) {
        const struct mcb_expectation *one = &expectations->list[i];
        put_sample(out, cells, labels[i], ",verdict=\"held\"", (double)one->held);
        put_sample(out, cells, labels[i], ",verdict=\"missed\"", (double)one->miss_count);
        put_sample(out, cells, labels[i], ",verdict=\"unjudged\"", (double)one->unjudged);
    }
}

static void put_comparison(FILE *out, const struct mcb_comparison *comparison)
{
    static const char name[] = "mcbench_comparison_cells";
    if (!comparison)
        return;
    put_head(out, name, "Cells of both sides, by what became of them.");
    for (int change = 0; change < MCB_CHANGES; change++)
        fprintf(out, "%s{change=\"%s\"} %zu\n", name, mcb_change_name((enum mcb_change)change),
                comparison->counts[change]);
    put_alone(out, "mcbench_comparison_regressions", "Cells that are a regression.",
              (double)mcb_comparison_regressions(comparison));
    put_alone(out, "mcbench_comparison_tolerance_ratio", "A smaller change does not count.",
              comparison->options.tolerance);
    put_alone(out, "mcbench_comparison_noise_ratio", "What noise alone moves a figure by.",
              comparison->noise);
}

/* ---- all of it ---- */

static int print(FILE *stream, const void *context)
{
    const struct content *content = context;
    put_infos(stream, content);
    put_start(stream, content->ledger);
    put_cells(stream, content);
    put_faults(stream, content);
    put_expectations(stream, content);
    put_comparison(stream, content->comparison);
    return ferror(stream) ? -1 : 0;
}

static int write_content(const char *path, struct content *content, struct mcb_error *error)
{
    if (mcb_prometheus_series_make(content->ledger, content->comparison, content->expectations,
                                   &content->series, error) != 0)
        return -1;
    int outcome = mcb_file_write(path, print, content, error);
    mcb_prometheus_series_release(&content->series);
    return outcome;
}

int mcb_prometheus_write(const char *path, const struct mcb_ledger *ledger,
                         const struct mcb_comparison *comparison,
                         const struct mcb_expectations *expectations, struct mcb_error *error)
{
    struct mcb_expectations own = {0};
    struct mcb_error refused = {.code = MCB_FAULT_NONE};
    if (!expectations && mcb_expectations_of_result(ledger, &own, &refused) != 0 &&
        refused.code != MCB_FAULT_USE_RULE) {
        *error = refused;
        return -1;
    }
    bool judged = !expectations && refused.code == MCB_FAULT_NONE;
    struct content content = {
        .ledger = ledger, .comparison = comparison, .expectations = judged ? &own : expectations};
    int outcome = write_content(path, &content, error);
    if (judged)
        mcb_expectations_release(&own);
    return outcome;
}
