/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_RESULT_FORMS_H
#define MCB_BENCH_REPORT_RESULT_FORMS_H

/* The forms of texts that the tables of result_rules.c name. */

#include "bench/report/result_rules.h"

extern const struct mcb_result_form mcb_form_counter;
extern const struct mcb_result_form mcb_form_node;
extern const struct mcb_result_form mcb_form_gpu;
extern const struct mcb_result_form mcb_form_nic;
extern const struct mcb_result_form mcb_form_memory;
extern const struct mcb_result_form mcb_form_hex;
extern const struct mcb_result_form mcb_form_time;
extern const struct mcb_result_form mcb_form_fault;
extern const struct mcb_result_form mcb_form_setting;
extern const struct mcb_result_form mcb_form_pci;
extern const struct mcb_result_form mcb_form_cpus;

#endif
