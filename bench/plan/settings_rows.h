/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_PLAN_SETTINGS_ROWS_H
#define MCB_BENCH_PLAN_SETTINGS_ROWS_H

/* The functions that the rows of the table of settings point to; of use to that table alone. */

#include <stddef.h>

#include "bench/plan/settings.h"

/* Option text to member: checks the whole text and writes the member after success only. The text
 * is UTF-8, bounded, and outlives the settings. Faults: USE_VALUE, USE_MATRIX, USE_RULE, USE_FILE.
 */
#define MCB_SETTING_PARSER(setting)                                                                \
    int mcb_setting_parse_##setting(struct mcb_settings *settings, const char *text,               \
                                    const char *given_as, struct mcb_error *error)

MCB_SETTING_PARSER(transport);
MCB_SETTING_PARSER(operations);
MCB_SETTING_PARSER(measures);
MCB_SETTING_PARSER(sizes);
MCB_SETTING_PARSER(pairs);
MCB_SETTING_PARSER(bidirectional);
MCB_SETTING_PARSER(relaxed_ordering);
MCB_SETTING_PARSER(qps);
MCB_SETTING_PARSER(depth);
MCB_SETTING_PARSER(signal_every);
MCB_SETTING_PARSER(inline_bytes);
MCB_SETTING_PARSER(duration);
MCB_SETTING_PARSER(warmup);
MCB_SETTING_PARSER(trials);
MCB_SETTING_PARSER(verify);
MCB_SETTING_PARSER(max_mr_size);
MCB_SETTING_PARSER(traffic_class);
MCB_SETTING_PARSER(service_level);
MCB_SETTING_PARSER(nics);
MCB_SETTING_PARSER(gid_index);
MCB_SETTING_PARSER(ib_port);
MCB_SETTING_PARSER(mtu);
MCB_SETTING_PARSER(memory);
MCB_SETTING_PARSER(peer_memory);
MCB_SETTING_PARSER(huge_pages);
MCB_SETTING_PARSER(registration);
MCB_SETTING_PARSER(compare);
MCB_SETTING_PARSER(priority_matrix);
MCB_SETTING_PARSER(listen);
MCB_SETTING_PARSER(connect);
MCB_SETTING_PARSER(etcd);
MCB_SETTING_PARSER(job);
MCB_SETTING_PARSER(ranks);
MCB_SETTING_PARSER(rank);
MCB_SETTING_PARSER(address);
MCB_SETTING_PARSER(timeout);
MCB_SETTING_PARSER(expect);
MCB_SETTING_PARSER(expect_file);
MCB_SETTING_PARSER(output);
MCB_SETTING_PARSER(prometheus);
MCB_SETTING_PARSER(json);
MCB_SETTING_PARSER(quiet);
MCB_SETTING_PARSER(dry_run);

/* Variable text to option text, by what Mooncake makes of it. Fault: USE_VARIABLE. */
#define MCB_SETTING_TRANSLATOR(what)                                                               \
    int mcb_setting_translate_##what(const char *variable, const char *variable_text,              \
                                     char *option_text, size_t option_size,                        \
                                     struct mcb_error *error)

MCB_SETTING_TRANSLATOR(force_tcp);
MCB_SETTING_TRANSLATOR(affinity);
MCB_SETTING_TRANSLATOR(relaxed_ordering);
MCB_SETTING_TRANSLATOR(qps);
MCB_SETTING_TRANSLATOR(max_mr_size);
MCB_SETTING_TRANSLATOR(traffic_class);
MCB_SETTING_TRANSLATOR(service_level);
MCB_SETTING_TRANSLATOR(gid_index);
MCB_SETTING_TRANSLATOR(ib_port);
MCB_SETTING_TRANSLATOR(mtu);
MCB_SETTING_TRANSLATOR(matrix_file);

#endif
