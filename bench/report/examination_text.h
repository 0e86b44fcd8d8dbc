/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_EXAMINATION_TEXT_H
#define MCB_BENCH_REPORT_EXAMINATION_TEXT_H

/*
 * An examination on the screen: group by group, NIC by NIC, what was looked at, what was seen, what
 * is wrong and what to do; how far each subject is proved; what could not be seen.
 */

#include "bench/doctor/examination.h"
#include "bench/report/canvas.h"

void mcb_examination_text_print(const struct mcb_canvas *canvas,
                                const struct mcb_examination *examination);

#endif
