/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/doctor/etcd_ask.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "common/clock.h"

struct attempt {
    const struct mcb_examination *examination;
    struct mcb_etcd_asked *asked;
    int64_t deadline_ns;
    pthread_t thread;
    int failed; /* to start a thread */
};

/* The array that the answer to a call holds; new reference, NULL: none. */
static json_t *ask_list(struct mcb_etcd *etcd, const char *path, json_t *request, const char *key,
                        int64_t deadline_ns)
{
    struct mcb_error ignored;
    json_t *answer = NULL, *list = NULL;
    if (request && mcb_etcd_call(etcd, path, request, deadline_ns, &answer, NULL, &ignored) == 0)
        list = json_incref(json_object_get(answer, key));
    json_decref(answer);
    json_decref(request);
    return list;
}

static void *ask(void *context)
{
    struct attempt *attempt = context;
    struct mcb_etcd_asked *asked = attempt->asked;
    int64_t deadline_ns = attempt->deadline_ns, start_ns = mcb_clock_ns();
    struct mcb_etcd *etcd = NULL;
    *asked = (struct mcb_etcd_asked){.endpoint = asked->endpoint};
    if (mcb_etcd_endpoint_open(attempt->examination, asked->endpoint->url, &etcd, &asked->error) !=
            0 ||
        mcb_etcd_version(etcd, deadline_ns, asked->version, &asked->error) != 0) {
        asked->late = mcb_clock_ns() >= deadline_ns;
        mcb_etcd_close(etcd);
        return NULL;
    }
    asked->error.code = MCB_FAULT_NONE;
    asked->took_ms = (double)(mcb_clock_ns() - start_ns) / MCB_NS_PER_MS;
    if (mcb_etcd_health(etcd, deadline_ns, &asked->health) == 0)
        asked->health.code = MCB_FAULT_NONE;
    asked->members =
        ask_list(etcd, "/v3/cluster/member/list", json_object(), "members", deadline_ns);
    asked->alarms = ask_list(etcd, "/v3/maintenance/alarm", json_pack("{s:s}", "action", "GET"),
                             "alarms", deadline_ns);
    mcb_etcd_close(etcd);
    return NULL;
}

void mcb_etcd_ask_all(const struct mcb_examination *examination, struct mcb_etcd_asked *asked,
                      size_t count, int64_t deadline_ns)
{
    struct attempt attempts[MCB_ETCD_ENDPOINTS_MOST];
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (size_t i = 0; i < count; i++) {
        attempts[i] = (struct attempt){examination, &asked[i], deadline_ns, 0, 0};
        attempts[i].failed = pthread_create(&attempts[i].thread, NULL, ask, &attempts[i]);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    for (size_t i = 0; i < count; i++)
        if (attempts[i].failed)
            ask(&attempts[i]);
        else
            pthread_join(attempts[i].thread, NULL);
}

void mcb_etcd_asked_release(struct mcb_etcd_asked *asked, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        json_decref(asked[i].members);
        json_decref(asked[i].alarms);
    }
    memset(asked, 0, count * sizeof *asked);
}
