/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_GPU_ELF_H
#define MCB_GPU_ELF_H

#include "common/fault.h"

/* Whether dlopen(3) may be given this file: one that can be mapped, of this program's kind (64-bit
 * or not, byte order, machine), and all there. dlopen() waits for ever at a pipe or terminal, and
 * at a file that was cut off, as by a full disk, the first touch of a page behind its end kills
 * the process. What else is wrong with a file, dlopen() says. Fault: GPU_MODULE. */
int mcb_elf_check_file(const char *path, struct mcb_error *error);

#endif
