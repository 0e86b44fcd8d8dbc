/* SPDX-License-Identifier: Apache-2.0 */

/* A result that is read back. */

#include "bench/report/result.h"
#include "bench/report/result_read.h"

static int append(void *cells, json_t *cell, struct mcb_error *error)
{
    if (json_array_append(cells, cell) == 0)
        return 0;
    return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a cell");
}

json_t *mcb_result_load(const char *path, struct mcb_error *error)
{
    json_t *cells = json_array();
    const struct mcb_result_taker taker = {append, cells};
    json_t *document = mcb_result_read(path, &taker, error);
    if (document && json_object_set(document, "cells", cells) != 0) {
        mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a cell");
        json_decref(document);
        document = NULL;
    }
    json_decref(cells);
    return document;
}

bool mcb_result_is_stand_in(const json_t *document)
{
    size_t i, j;
    json_t *host, *gpu;
    json_array_foreach(json_object_get(document, "hosts"), i, host)
    {
        json_array_foreach(json_object_get(host, "gpus"), j, gpu)
        {
            if (json_is_true(json_object_get(gpu, "stand_in")))
                return true;
        }
    }
    return false;
}
