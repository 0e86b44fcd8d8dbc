/* SPDX-License-Identifier: Apache-2.0 */
#include "common/interrupt.h"

#include <stddef.h>

static volatile sig_atomic_t interrupted;

static void note(int signal_number)
{
    interrupted = signal_number;
}

void mcb_interrupt_install(void)
{
    static const int ending[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = note, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++)
        sigaction(ending[i], &action, NULL);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGPIPE, &ignore, NULL);
}

const volatile sig_atomic_t *mcb_interrupt_flag(void)
{
    return &interrupted;
}
