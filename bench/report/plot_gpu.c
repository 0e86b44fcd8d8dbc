/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Memory of GPUs beside host memory, path by path: direct, staged, and host memory between the same
 * two NICs.
 *
 * Direct and staged cells of a path have the same endpoints. Host memory is that of the route
 * "host"; where the result has none, cells between host memories under the same setting, of it or
 * of the latest other result that has such (mcbench cpu). Of several such cells between two NICs
 * the k-th goes to the k-th path of GPUs between them, and the last one to all after it: they are
 * in the document in the order of their paths.
 */
#include "bench/report/plot_kinds.h"

#include <stdlib.h>
#include <string.h>

#include "bench/report/plot_bars.h"
#include "bench/report/plot_index.h"
#include "bench/report/plot_sweep.h"
#include "bench/report/title.h"

static const char blocks[] = MCB_PLOT_BARS_BLOCKS;

enum { DIRECT, STAGED, HOST };

static const char *const way_names[MCB_PLOT_WAYS] = {"direct", "staged", "host"};

/* A cell by the NICs of its ends, numbered as in the result with GPUs. */
struct placed {
    uint32_t nics[2];
    const struct mcb_ledger_cell *cell;
};

struct placed_list {
    struct placed *list;
    size_t count;
};

struct finding {
    const struct mcb_plot_input *input;
    struct mcb_plot_index *indexes;  /* by result */
    size_t which;                    /* the result with GPUs */
    const struct mcb_ledger *ledger; /* the same */
    uint32_t *nic_of;                /* by endpoint: the first endpoint of its NIC */
    uint32_t *by_name;               /* endpoints by host and NIC */
};

/* ---- NICs ---- */

static int compare_nics(const struct mcb_pivot_endpoint *a, const struct mcb_pivot_endpoint *b)
{
    int order = strcmp(a->host, b->host);
    return order ? order : strcmp(a->nic, b->nic);
}

static int by_nic(const void *left, const void *right, void *context)
{
    const struct mcb_ledger *ledger = context;
    uint32_t one = *(const uint32_t *)left, other = *(const uint32_t *)right;
    int order = compare_nics(&ledger->endpoints[one], &ledger->endpoints[other]);
    return order ? order : (one > other) - (one < other);
}

static void number_nics(struct finding *finding)
{
    const struct mcb_ledger *ledger = finding->ledger;
    uint32_t *order = finding->by_name;
    for (size_t i = 0; i < ledger->endpoint_count; i++)
        order[i] = (uint32_t)i;
    qsort_r(order, ledger->endpoint_count, sizeof *order, by_nic, (void *)ledger);
    for (size_t i = 0; i < ledger->endpoint_count; i++) {
        bool same = i > 0 && compare_nics(&ledger->endpoints[order[i - 1]],
                                          &ledger->endpoints[order[i]]) == 0;
        finding->nic_of[order[i]] = same ? finding->nic_of[order[i - 1]] : order[i];
    }
}

/* The number of an endpoint's NIC, which may be of another result; MCB_LEDGER_NONE: it has none. */
static uint32_t nic_number(const struct finding *finding, const struct mcb_ledger *ledger,
                           uint32_t endpoint)
{
    if (ledger == finding->ledger)
        return finding->nic_of[endpoint];
    size_t low = 0, high = finding->ledger->endpoint_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        uint32_t candidate = finding->by_name[middle];
        int order =
            compare_nics(&ledger->endpoints[endpoint], &finding->ledger->endpoints[candidate]);
        if (order == 0)
            return finding->nic_of[candidate];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return MCB_LEDGER_NONE;
}

/* ---- cells ---- */

static bool has_gpu(const struct mcb_ledger *ledger, const struct mcb_ledger_cell *cell)
{
    return mcb_pivot_is_of_gpu(ledger->endpoints[cell->initiator].memory) ||
           mcb_pivot_is_of_gpu(ledger->endpoints[cell->target].memory);
}

static int by_nics(const void *left, const void *right)
{
    const struct placed *a = left, *b = right;
    for (size_t end = 0; end < 2; end++)
        if (a->nics[end] != b->nics[end])
            return a->nics[end] < b->nics[end] ? -1 : 1;
    return (a->cell->position > b->cell->position) - (a->cell->position < b->cell->position);
}

static int by_endpoints(const void *left, const void *right)
{
    const struct placed *a = left, *b = right;
    if (a->cell->initiator != b->cell->initiator)
        return a->cell->initiator < b->cell->initiator ? -1 : 1;
    return (a->cell->target > b->cell->target) - (a->cell->target < b->cell->target);
}

/* Cells of a setting with a GPU, or without one, between NICs that are known; sorted. Adds to the
 * list. */
static int gather(const struct finding *finding, const struct mcb_ledger *ledger,
                  const struct mcb_ledger_setting *setting, bool gpu, struct placed_list *placed,
                  struct mcb_error *error)
{
    const struct mcb_pivot_setting *title = &setting->title;
    struct placed *larger =
        realloc(placed->list, (placed->count + title->count + 1) * sizeof *larger);
    if (!larger)
        return mcb_plot_no_memory(error);
    placed->list = larger;
    for (size_t i = 0; i < title->count; i++) {
        const struct mcb_ledger_cell *cell = &ledger->cells[title->first + i];
        struct placed one = {{nic_number(finding, ledger, cell->initiator),
                              nic_number(finding, ledger, cell->target)},
                             cell};
        if (has_gpu(ledger, cell) == gpu && one.nics[0] != MCB_LEDGER_NONE &&
            one.nics[1] != MCB_LEDGER_NONE)
            placed->list[placed->count++] = one;
    }
    qsort(placed->list, placed->count, sizeof *placed->list, by_nics);
    return 0;
}

/* Of the setting that is the same but for its route, if there is one. */
static int gather_route(const struct finding *finding, size_t result,
                        const struct mcb_ledger_setting *like, const char *route, bool gpu,
                        struct placed_list *placed, struct mcb_error *error)
{
    const struct mcb_ledger_setting *setting =
        mcb_plot_index_find(&finding->indexes[result], like, route, like->ordering);
    if (!setting)
        return 0;
    return gather(finding, &finding->input->ledgers[result], setting, gpu, placed, error);
}

/* Empty: there is none. */
static int gather_host(const struct finding *finding, const struct mcb_ledger_setting *like,
                       struct placed_list *placed, struct mcb_error *error)
{
    if (gather_route(finding, finding->which, like, "host", false, placed, error) != 0)
        return -1;
    if (placed->count == 0 &&
        gather_route(finding, finding->which, like, "direct", false, placed, error) != 0)
        return -1;
    for (size_t i = finding->input->ledger_count; placed->count == 0 && i > 0; i--)
        if (i - 1 != finding->which &&
            gather_route(finding, i - 1, like, "direct", false, placed, error) != 0)
            return -1;
    return 0;
}

/* ---- rows ---- */

/* first: by NICs. */
static void add_host(struct mcb_plot_bars *bars, const struct placed_list *first,
                     const struct placed_list *host)
{
    for (size_t i = 0, j = 0; i < first->count && j < host->count; i++) {
        const uint32_t *nics = first->list[i].nics;
        while (j < host->count &&
               memcmp(host->list[j].nics, nics, sizeof host->list[j].nics) != 0 &&
               (host->list[j].nics[0] < nics[0] ||
                (host->list[j].nics[0] == nics[0] && host->list[j].nics[1] < nics[1])))
            j++;
        if (j == host->count || memcmp(host->list[j].nics, nics, sizeof host->list[j].nics) != 0)
            continue;
        bars->rows[i].cells[HOST] = host->list[j].cell;
        if (j + 1 < host->count &&
            memcmp(host->list[j + 1].nics, nics, sizeof host->list[j + 1].nics) == 0)
            j++;
    }
}

/* staged: gets another order. */
static void add_staged(struct mcb_plot_bars *bars, struct placed_list *staged)
{
    if (staged->count == 0)
        return;
    qsort(staged->list, staged->count, sizeof *staged->list, by_endpoints);
    for (size_t i = 0; i < bars->count; i++) {
        const struct placed wanted = {{0, 0}, bars->rows[i].path}, *found;
        found = bsearch(&wanted, staged->list, staged->count, sizeof *staged->list, by_endpoints);
        if (found)
            bars->rows[i].cells[STAGED] = found->cell;
    }
}

/* The three ways, for free(). */
struct ways {
    struct placed_list first, staged, host;
};

static int gather_ways(const struct finding *finding, const struct mcb_ledger_setting *setting,
                       struct ways *ways, struct mcb_error *error)
{
    if (gather(finding, finding->ledger, setting, true, &ways->first, error) != 0 ||
        gather_host(finding, setting, &ways->host, error) != 0)
        return -1;
    return strcmp(setting->route, "direct") == 0
               ? gather_route(finding, finding->which, setting, "staged", true, &ways->staged,
                              error)
               : 0;
}

static int make_rows(struct ways *ways, struct mcb_plot_bars *bars, struct mcb_error *error)
{
    bars->rows = calloc(ways->first.count + 1, sizeof *bars->rows);
    if (!bars->rows)
        return mcb_plot_no_memory(error);
    for (size_t i = 0; i < ways->first.count; i++)
        bars->rows[bars->count++] =
            (struct mcb_plot_bars_row){ways->first.list[i].cell, {ways->first.list[i].cell}};
    add_host(bars, &ways->first, &ways->host);
    add_staged(bars, &ways->staged);
    return 0;
}

static int find_rows(const struct finding *finding, struct mcb_plot_bars *bars,
                     struct mcb_error *error)
{
    struct ways ways = {.first = {NULL, 0}};
    bool direct = strcmp(bars->setting->route, "direct") == 0;
    int outcome = gather_ways(finding, bars->setting, &ways, error);
    if (outcome == 0)
        outcome = make_rows(&ways, bars, error);
    bars->names[DIRECT] = way_names[direct ? DIRECT : STAGED];
    bars->names[STAGED] = ways.staged.count > 0 ? way_names[STAGED] : NULL;
    bars->names[HOST] = ways.host.count > 0 ? way_names[HOST] : NULL;
    bars->against = ways.host.count > 0 ? HOST : STAGED;
    free(ways.host.list);
    free(ways.staged.list);
    free(ways.first.list);
    return outcome;
}

/* ---- pictures ---- */

/* The label of a setting without its route. */
static void put_title(const struct mcb_ledger *ledger, size_t setting,
                      char title[MCB_LEDGER_LABEL_MAX])
{
    char label[MCB_LEDGER_LABEL_MAX], route[64];
    mcb_ledger_setting_label(ledger, setting, label);
    snprintf(route, sizeof route, " · %.48s", mcb_title_of_route(ledger->settings[setting].route));
    size_t length = strlen(label), tail = strlen(route);
    if (length > tail && strcmp(label + length - tail, route) == 0)
        label[length - tail] = '\0';
    snprintf(title, MCB_LEDGER_LABEL_MAX, "GPU beside CPU: %.900s", label);
}

static int plot_setting(const struct finding *finding, size_t setting, struct mcb_plot_run *run,
                        struct mcb_error *error)
{
    char title[MCB_LEDGER_LABEL_MAX];
    struct mcb_sheet sheet;
    struct mcb_plot_bars bars = {.ledger = finding->ledger,
                                 .setting = &finding->ledger->settings[setting],
                                 .title = title,
                                 .note = "",
                                 .share = true,
                                 .far_below = 0.8};
    int outcome = find_rows(finding, &bars, error);
    bool compares = bars.count > 0 && bars.names[bars.against];
    if (outcome == 0 && compares && mcb_plot_has_place(run)) {
        if (bars.names[HOST])
            bars.note = "host: host memory between the same two NICs";
        put_title(finding->ledger, setting, title);
        mcb_sheet_begin(&sheet, "gpu", mcb_plot_next(run), blocks);
        mcb_plot_bars_draw(&bars, &sheet);
        outcome = mcb_plot_emit(run, &sheet, error);
    }
    free(bars.rows);
    return outcome;
}

/* Staged cells have a picture of their own where there are no direct ones, as over TCP. */
static bool is_wanted(const struct finding *finding, size_t setting,
                      const struct mcb_plot_sweeps *sweeps, const struct mcb_plot_run *run)
{
    const struct mcb_ledger_setting *wanted = &finding->ledger->settings[setting];
    if (!mcb_plot_wants_all(run) && !sweeps->stands[setting])
        return false;
    return strcmp(wanted->route, "direct") == 0 ||
           (strcmp(wanted->route, "staged") == 0 &&
            !mcb_plot_index_find(&finding->indexes[finding->which], wanted, "direct",
                                 wanted->ordering));
}

static int plot_all(const struct finding *finding, struct mcb_plot_run *run,
                    struct mcb_error *error)
{
    struct mcb_plot_sweeps sweeps;
    int outcome = mcb_plot_sweeps_make(finding->ledger, &sweeps, error);
    if (outcome != 0)
        return -1;
    for (size_t i = 0; outcome == 0 && i < finding->ledger->setting_count; i++)
        if (is_wanted(finding, i, &sweeps, run))
            outcome = plot_setting(finding, i, run, error);
    mcb_plot_sweeps_release(&sweeps);
    return outcome;
}

/* ---- the result with GPUs ---- */

static bool has_gpus(const struct mcb_ledger *ledger)
{
    for (size_t i = 0; i < ledger->endpoint_count; i++)
        if (mcb_pivot_is_of_gpu(ledger->endpoints[i].memory))
            return true;
    return false;
}

static void finding_release(struct finding *finding)
{
    for (size_t i = 0; finding->indexes && i < finding->input->ledger_count; i++)
        mcb_plot_index_release(&finding->indexes[i]);
    free(finding->indexes);
    free(finding->by_name);
    free(finding->nic_of);
}

static int finding_make(const struct mcb_plot_input *input, size_t which, struct finding *finding,
                        struct mcb_error *error)
{
    size_t endpoints = input->ledgers[which].endpoint_count + 1;
    *finding = (struct finding){
        .input = input,
        .which = which,
        .ledger = &input->ledgers[which],
        .nic_of = calloc(endpoints, sizeof *finding->nic_of),
        .by_name = calloc(endpoints, sizeof *finding->by_name),
        .indexes = calloc(input->ledger_count, sizeof *finding->indexes),
    };
    bool whole = finding->nic_of && finding->by_name && finding->indexes;
    int outcome = whole ? 0 : mcb_plot_no_memory(error);
    for (size_t i = 0; outcome == 0 && i < input->ledger_count; i++)
        outcome = mcb_plot_index_make(&input->ledgers[i], &finding->indexes[i], error);
    if (outcome == 0)
        number_nics(finding);
    else
        finding_release(finding);
    return outcome;
}

int mcb_plot_gpu(const struct mcb_plot_input *input, struct mcb_plot_run *run,
                 struct mcb_error *error)
{
    struct finding finding;
    size_t which = input->ledger_count;
    while (which > 0 && !has_gpus(&input->ledgers[which - 1]))
        which--;
    if (which == 0)
        return 0;
    if (finding_make(input, which - 1, &finding, error) != 0)
        return -1;
    int outcome = plot_all(&finding, run, error);
    finding_release(&finding);
    return outcome;
}
