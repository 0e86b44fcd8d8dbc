/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/plot_index.h"

#include <stdlib.h>
#include <string.h>

static int compare(const struct mcb_ledger_setting *setting, const char *key, const char *route,
                   const char *ordering)
{
    int order = strcmp(setting->title.key, key);
    order = order ? order : strcmp(setting->route, route);
    return order ? order : strcmp(setting->ordering, ordering);
}

static int by_all(const void *left, const void *right, void *context)
{
    const struct mcb_ledger *ledger = context;
    uint32_t one = *(const uint32_t *)left, other = *(const uint32_t *)right;
    const struct mcb_ledger_setting *setting = &ledger->settings[other];
    int order =
        compare(&ledger->settings[one], setting->title.key, setting->route, setting->ordering);
    return order ? order : (one > other) - (one < other);
}

int mcb_plot_index_make(const struct mcb_ledger *ledger, struct mcb_plot_index *index,
                        struct mcb_error *error)
{
    uint32_t *settings = calloc(ledger->setting_count + 1, sizeof *settings);
    if (!settings)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a picture");
    for (size_t i = 0; i < ledger->setting_count; i++)
        settings[i] = (uint32_t)i;
    qsort_r(settings, ledger->setting_count, sizeof *settings, by_all, (void *)ledger);
    *index = (struct mcb_plot_index){ledger, settings};
    return 0;
}

void mcb_plot_index_release(struct mcb_plot_index *index)
{
    free(index->settings);
    *index = (struct mcb_plot_index){.settings = NULL};
}

const struct mcb_ledger_setting *mcb_plot_index_find(const struct mcb_plot_index *index,
                                                     const struct mcb_ledger_setting *like,
                                                     const char *route, const char *ordering)
{
    size_t low = 0, high = index->ledger->setting_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct mcb_ledger_setting *setting =
            &index->ledger->settings[index->settings[middle]];
        int order = compare(setting, like->title.key, route, ordering);
        if (order == 0)
            return setting;
        if (order > 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}
