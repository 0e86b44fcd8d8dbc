/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/title.h"

#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/units.h"

char *mcb_title_of_setting(const struct mcb_pivot_setting *setting, const char *transport,
                           char title[MCB_TITLE_MAX])
{
    const json_t *cell = setting->example;
    const char *measure = mcb_json_text(cell, "measure");
    char size[32], queues[96] = "";
    json_int_t qps = json_integer_value(json_object_get(cell, "qps"));
    uint64_t size_bytes = (uint64_t)json_integer_value(json_object_get(cell, "size_bytes"));
    if (strcmp(measure, "latency") != 0)
        snprintf(queues, sizeof queues,
                 " · %" JSON_INTEGER_FORMAT " %s%s, depth %" JSON_INTEGER_FORMAT, qps,
                 strcmp(transport, "tcp") == 0 ? "stream" : "QP", qps == 1 ? "" : "s",
                 json_integer_value(json_object_get(cell, "depth")));
    snprintf(title, MCB_TITLE_MAX, "%.16s %.16s%s · %s%s", mcb_json_text(cell, "operation"),
             measure, json_is_true(json_object_get(cell, "bidirectional")) ? " both ways" : "",
             mcb_units_format_size(size_bytes, size, sizeof size), queues);
    return title;
}

const char *mcb_title_of_route(const char *route)
{
    static const char *const titles[][2] = {
        {"direct", "direct"},
        {"staged", "staged through host memory"},
        {"host", "host memory alone"},
    };
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        if (strcmp(titles[i][0], route) == 0)
            return titles[i][1];
    return route;
}
