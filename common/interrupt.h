/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_COMMON_INTERRUPT_H
#define MCB_COMMON_INTERRUPT_H

/* Ctrl-C and its kin as a flag that every wait looks at. */

#include <signal.h>

/* From now on SIGINT, SIGTERM and SIGHUP set the flag; a second one of the same kind ends the
 * process at once, as it would without this. SIGPIPE is ignored: a broken pipe is an error of the
 * write. */
void mcb_interrupt_install(void);

/* Non-zero once interrupted: the number of the signal. */
const volatile sig_atomic_t *mcb_interrupt_flag(void);

#endif
