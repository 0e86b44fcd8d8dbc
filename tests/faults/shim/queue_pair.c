/* SPDX-License-Identifier: Apache-2.0 */
/* Queue pairs: how they are made, changed and destroyed. */
#include <errno.h>
#include <stddef.h>

#include "shim.h"

static bool refuses_qp(const struct ibv_context *context)
{
    const struct mcb_shim_action *action = mcb_shim_action(MCB_SHIM_CREATE_QP, context);
    if (!action || !mcb_shim_is_due(MCB_SHIM_CREATE_QP, action))
        return false;
    errno = action->value;
    return true;
}

MCB_SHIM_EXPORT struct ibv_qp *ibv_create_qp(struct ibv_pd *pd, struct ibv_qp_init_attr *attributes)
{
    struct ibv_qp *(*create)(struct ibv_pd *, struct ibv_qp_init_attr *);
    mcb_shim_real("ibv_create_qp", &create);
    struct ibv_qp *qp = refuses_qp(pd->context) ? NULL : create(pd, attributes);
    if (qp)
        mcb_shim_add_qp(qp);
    return qp;
}

struct ibv_qp *mcb_shim_create_qp_ex(struct ibv_context *context,
                                     struct ibv_qp_init_attr_ex *attributes)
{
    struct ibv_qp *qp =
        refuses_qp(context) ? NULL : mcb_shim_device(context)->create_qp_ex(context, attributes);
    if (qp) {
        mcb_shim_add_qp(qp);
        mcb_shim_hold_up(qp);
    }
    return qp;
}

/* The rule that is about the change to a state; MCB_SHIM_RULES: none is. */
static enum mcb_shim_rule rule_of(enum ibv_qp_state to)
{
    switch (to) {
    case IBV_QPS_INIT:
        return MCB_SHIM_INIT;
    case IBV_QPS_RTR:
        return MCB_SHIM_RTR;
    case IBV_QPS_RTS:
        return MCB_SHIM_RTS;
    default:
        return MCB_SHIM_RULES;
    }
}

MCB_SHIM_EXPORT int ibv_modify_qp(struct ibv_qp *qp, struct ibv_qp_attr *attributes, int mask)
{
    int (*modify)(struct ibv_qp *, struct ibv_qp_attr *, int);
    mcb_shim_real("ibv_modify_qp", &modify);
    enum mcb_shim_rule rule = mask & IBV_QP_STATE ? rule_of(attributes->qp_state) : MCB_SHIM_RULES;
    const struct mcb_shim_action *action =
        rule == MCB_SHIM_RULES ? NULL : mcb_shim_action(rule, qp->context);
    if (!action || !mcb_shim_is_due(rule, action))
        return modify(qp, attributes, mask);
    errno = action->value;
    return action->value;
}

MCB_SHIM_EXPORT int ibv_destroy_qp(struct ibv_qp *qp)
{
    int (*destroy)(struct ibv_qp *);
    mcb_shim_real("ibv_destroy_qp", &destroy);
    mcb_shim_remove_qp(qp);
    return destroy(qp);
}
