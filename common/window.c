/* SPDX-License-Identifier: Apache-2.0 */
#include "common/window.h"

/* How long after its time an edge may come. */
static int64_t patience_ns(const struct mcb_window *window)
{
    return (window->end_ns - window->start_ns) / 4;
}

static void open_at(struct mcb_window *window, int64_t time_ns)
{
    window->open_ns = time_ns;
    window->open = true;
}

static void close_at(struct mcb_window *window, int64_t time_ns)
{
    window->close_ns = time_ns;
    window->closed = true;
}

struct mcb_window mcb_window_make(int64_t start_ns, int64_t end_ns)
{
    return (struct mcb_window){.start_ns = start_ns, .end_ns = end_ns};
}

void mcb_window_pass(struct mcb_window *window, int64_t now_ns)
{
    if (!window->open && now_ns > window->start_ns + patience_ns(window))
        open_at(window, window->start_ns);
    if (!window->closed && now_ns > window->end_ns + patience_ns(window))
        close_at(window, window->end_ns);
}

void mcb_window_take(struct mcb_window *window, int64_t now_ns, uint64_t amount)
{
    mcb_window_pass(window, now_ns);
    if (window->closed || now_ns < window->start_ns)
        return;
    if (!window->open) {
        open_at(window, now_ns);
        return;
    }
    window->counted += amount;
    if (now_ns >= window->end_ns)
        close_at(window, now_ns);
}

void mcb_window_finish(struct mcb_window *window)
{
    if (!window->open)
        open_at(window, window->start_ns);
    if (!window->closed)
        close_at(window, window->end_ns);
}

int64_t mcb_window_length_ns(const struct mcb_window *window)
{
    return window->close_ns - window->open_ns;
}
