/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_TESTS_FAULT_SHIM_H
#define MCB_TESTS_FAULT_SHIM_H

/*
 * The shim's parts: shim.c has the state and the last words; device.c, kernel.c,
 * registration.c, queue_pair.c, posting.c and completion.c stand before the calls of libibverbs
 * that their names say.
 */

#include <infiniband/verbs.h>
#include <stdbool.h>
#include <stdint.h>

#include "spec.h"

#define MCB_SHIM_EXPORT __attribute__((visibility("default")))

/* The action of a rule that is given and meant for this device (context NULL: for whichever); NULL:
 * none. */
const struct mcb_shim_action *mcb_shim_action(enum mcb_shim_rule rule,
                                              const struct ibv_context *context);

/* Counts that the rule had its effect. */
void mcb_shim_injected(enum mcb_shim_rule rule);

/* Counts a use of the rule; true from the one after action->beyond on, which it counts as injected.
 */
bool mcb_shim_is_due(enum mcb_shim_rule rule, const struct mcb_shim_action *action);

/* Sets *function, a pointer to a function, to the one of libibverbs that the shim stands before.
 * Ends the process if there is none. */
void mcb_shim_real(const char *name, void *function);

/* ---- QPs, for completions (queue_pair.c makes them known, completion.c counts) ---- */

void mcb_shim_add_qp(struct ibv_qp *qp);
void mcb_shim_remove_qp(const struct ibv_qp *qp);

/* ---- requests (posting.c) ---- */

/* Of memory that is registered. */
void mcb_shim_note_memory(const void *memory, size_t bytes);

/* Stands before what a QP posts by ibv_wr_...(). */
void mcb_shim_hold_up(struct ibv_qp *qp);

/* ---- what stands in the tables of an opened device ---- */

/* Stands before poll_cq of an opened device. */
int mcb_shim_poll_cq(struct ibv_cq *cq, int most, struct ibv_wc *completions);

/* Stands before create_qp_ex of an opened device. */
struct ibv_qp *mcb_shim_create_qp_ex(struct ibv_context *context,
                                     struct ibv_qp_init_attr_ex *attributes);

/* The functions of an opened device that the shim took the place of; NULL: it is not known. Valid
 * until the device is closed. */
struct mcb_shim_device {
    struct mcb_shim_device *next;
    struct ibv_context *context;
    int (*poll_cq)(struct ibv_cq *cq, int most, struct ibv_wc *completions);
    struct ibv_qp *(*create_qp_ex)(struct ibv_context *context,
                                   struct ibv_qp_init_attr_ex *attributes);
    int (*query_port)(struct ibv_context *context, uint8_t port, struct ibv_port_attr *attributes,
                      size_t size);
};
const struct mcb_shim_device *mcb_shim_device(const struct ibv_context *context);

#endif
