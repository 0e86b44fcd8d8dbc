/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/cluster/etcd_client.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cluster/etcd_answer.h"
#include "bench/cluster/etcd_config.h"
#include "bench/cluster/proxy.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/units.h"

enum {
    ATTEMPT_S = 5, /* for one endpoint: a silent one must leave time for the others */
    PAUSE_MS = 200,
    WAIT_MS = 100,
    GRPC_FAILED_PRECONDITION = 9,
    GRPC_DEADLINE_EXCEEDED = 4,
    GRPC_UNAVAILABLE = 14,
    GRPC_UNAUTHENTICATED = 16,
    LONG_TOKEN = 4096
};

struct mcb_etcd {
    struct mcb_etcd_config config;
    size_t endpoint; /* the one in use */
    bool (*is_stopped)(void *context);
    void *context;
    char *token; /* NULL: none yet; "": none is needed */
    CURL *easy;
    CURLM *multi;
    bool reached; /* some endpoint has answered */
    char local_address[64];
    char trouble[CURL_ERROR_SIZE];
};

enum verdict { VERDICT_GOOD, VERDICT_ELSEWHERE, VERDICT_TOKEN, VERDICT_BAD };

/* ---- opening ---- */

static void start_curl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* QUICK_EXIT (libcurl 7.87) keeps a stuck resolver from being waited for; it is looked up by name
 * because older libraries lack it. */
static void set_quick_exit(CURL *easy)
{
    const struct curl_easyoption *option = curl_easy_option_by_name("QUICK_EXIT");
    if (option)
        curl_easy_setopt(easy, option->id, 1L);
}

static void set_options(struct mcb_etcd *etcd)
{
    CURL *easy = etcd->easy;
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, etcd->trouble);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, mcb_etcd_answer_take);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "mcbench");
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    set_quick_exit(easy);
    static const struct {
        const char *variable;
        CURLoption option;
    } files[] = {{"CACERT", CURLOPT_CAINFO}, {"CERT", CURLOPT_SSLCERT}, {"KEY", CURLOPT_SSLKEY}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (mcb_etcd_config_variable(files[i].variable))
            curl_easy_setopt(easy, files[i].option, mcb_etcd_config_variable(files[i].variable));
}

int mcb_etcd_open(const struct mcb_etcd_options *options, struct mcb_etcd **etcd,
                  struct mcb_error *error)
{
    static pthread_once_t started = PTHREAD_ONCE_INIT;
    pthread_once(&started, start_curl);
    struct mcb_etcd *opened = calloc(1, sizeof *opened);
    if (!opened)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a connection to etcd");
    opened->is_stopped = options->is_stopped;
    opened->context = options->context;
    opened->easy = curl_easy_init();
    opened->multi = curl_multi_init();
    int result = 0;
    if (!opened->easy || !opened->multi)
        result = mcb_error_set(error, MCB_FAULT_HOST_SYSTEM, "libcurl does not start");
    if (result == 0)
        result = mcb_etcd_config_read(&opened->config, options->urls, error);
    if (result) {
        mcb_etcd_close(opened);
        return -1;
    }
    set_options(opened);
    *etcd = opened;
    return 0;
}

void mcb_etcd_close(struct mcb_etcd *etcd)
{
    if (!etcd)
        return;
    curl_easy_cleanup(etcd->easy);
    curl_multi_cleanup(etcd->multi);
    mcb_etcd_config_forget(&etcd->token);
    mcb_etcd_config_release(&etcd->config);
    free(etcd);
}

void mcb_etcd_ignore_stop(struct mcb_etcd *etcd)
{
    etcd->is_stopped = NULL;
}

const char *mcb_etcd_local_address(const struct mcb_etcd *etcd)
{
    return etcd->local_address;
}

/* ---- one attempt at one endpoint ---- */

static bool is_stopped(const struct mcb_etcd *etcd)
{
    return etcd->is_stopped && etcd->is_stopped(etcd->context);
}

static int interrupted(struct mcb_error *error)
{
    return mcb_error_set(error, MCB_FAULT_RUN_INTERRUPTED, "interrupted by a signal");
}

/* Drives the transfer. 0 when it has ended, whatever its result; -1: stopped. */
static int drive(struct mcb_etcd *etcd, int64_t deadline_ns, struct mcb_etcd_answer *answer,
                 struct mcb_error *error)
{
    for (;;) {
        int running = 0;
        curl_multi_perform(etcd->multi, &running);
        if (running == 0) {
            int left;
            const CURLMsg *message = curl_multi_info_read(etcd->multi, &left);
            answer->result = message ? message->data.result : CURLE_FAILED_INIT;
            return 0;
        }
        if (is_stopped(etcd))
            return interrupted(error);
        int left_ms = mcb_clock_ms_until(deadline_ns);
        if (left_ms == 0) {
            answer->result = CURLE_OPERATION_TIMEDOUT;
            snprintf(etcd->trouble, sizeof etcd->trouble, "no answer in time");
            return 0;
        }
        curl_multi_poll(etcd->multi, NULL, 0, left_ms < WAIT_MS ? left_ms : WAIT_MS, NULL);
    }
}

static void note_connection(struct mcb_etcd *etcd, struct mcb_etcd_answer *answer)
{
    char *address = NULL;
    curl_easy_getinfo(etcd->easy, CURLINFO_RESPONSE_CODE, &answer->status);
    curl_easy_getinfo(etcd->easy, CURLINFO_LOCAL_IP, &address);
    if (address && address[0])
        snprintf(etcd->local_address, sizeof etcd->local_address, "%s", address);
}

/* body NULL: GET. answer->body is the caller's to free, also on failure. */
static int transfer(struct mcb_etcd *etcd, const char *path, const char *body, int64_t deadline_ns,
                    struct mcb_etcd_answer *answer, struct mcb_error *error)
{
    char url[MCB_ETCD_URL_MAX + 64];
    char authorization[LONG_TOKEN + 32];
    snprintf(url, sizeof url, "%s%s", etcd->config.endpoints[etcd->endpoint], path);
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    if (headers && !curl_slist_append(headers, "Expect:")) {
        curl_slist_free_all(headers);
        headers = NULL;
    }
    if (headers && etcd->token) {
        snprintf(authorization, sizeof authorization, "Authorization: %s", etcd->token);
        curl_slist_append(headers, authorization);
    }
    if (!headers)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a request");
    *answer = (struct mcb_etcd_answer){.most_bytes = mcb_etcd_answer_most_bytes(path)};
    int64_t attempt_ns = mcb_clock_ns() + ATTEMPT_S * MCB_NS_PER_S;
    etcd->trouble[0] = '\0';
    curl_easy_setopt(etcd->easy, CURLOPT_URL, url);
    curl_easy_setopt(etcd->easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(etcd->easy, CURLOPT_WRITEDATA, answer);
    if (body) {
        curl_easy_setopt(etcd->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
        curl_easy_setopt(etcd->easy, CURLOPT_POSTFIELDS, body);
    } else {
        curl_easy_setopt(etcd->easy, CURLOPT_HTTPGET, 1L);
    }
    curl_multi_add_handle(etcd->multi, etcd->easy);
    int result = drive(etcd, attempt_ns < deadline_ns ? attempt_ns : deadline_ns, answer, error);
    if (result == 0)
        note_connection(etcd, answer);
    curl_multi_remove_handle(etcd->multi, etcd->easy);
    curl_easy_setopt(etcd->easy, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    return result;
}

/* ---- what an attempt means ---- */

static enum verdict judge_transfer(const struct mcb_etcd *etcd,
                                   const struct mcb_etcd_answer *answer, struct mcb_error *error)
{
    const char *endpoint = etcd->config.endpoints[etcd->endpoint];
    const char *why = etcd->trouble[0] ? etcd->trouble : curl_easy_strerror(answer->result);
    const char *proxy = mcb_proxy_for(endpoint);
    enum mcb_fault_code code = MCB_FAULT_ETCD_UNREACHABLE;
    char size[32];
    if (answer->too_large) {
        mcb_units_format_size(answer->most_bytes, size, sizeof size);
        mcb_error_set(error, MCB_FAULT_ETCD_ANSWER, "%s: an answer of more than %s", endpoint,
                      size);
        return VERDICT_BAD;
    }
    if (proxy) {
        mcb_error_set(error, MCB_FAULT_NET_PROXY, "%s: asked through the proxy of %s: %s", endpoint,
                      proxy, why);
        return VERDICT_ELSEWHERE;
    }
    if (mcb_etcd_answer_is_tls(answer))
        code = MCB_FAULT_ETCD_TLS;
    /* curl's words for a server that talks, but not HTTP */
    if (answer->result == CURLE_WEIRD_SERVER_REPLY ||
        answer->result == CURLE_UNSUPPORTED_PROTOCOL || answer->result == CURLE_GOT_NOTHING)
        code = MCB_FAULT_ETCD_ANSWER;
    bool cut = answer->result == CURLE_SEND_ERROR || answer->result == CURLE_RECV_ERROR;
    bool https = strncmp(endpoint, "https:", 6) == 0;
    mcb_error_set(error, code, "%s: %s%s", endpoint, why,
                  cut && https ? " (does it ask for a client certificate?)" : "");
    return VERDICT_ELSEWHERE;
}

static enum verdict not_etcd(const struct mcb_etcd *etcd, const struct mcb_etcd_answer *answer,
                             struct mcb_error *error)
{
    const char *endpoint = etcd->config.endpoints[etcd->endpoint];
    const char *proxy = mcb_proxy_for(endpoint);
    int shown = answer->length < 80 ? (int)answer->length : 80;
    char text[81];
    for (int i = 0; i < shown; i++)
        text[i] = answer->body[i] >= 0x20 && answer->body[i] < 0x7f ? answer->body[i] : ' ';
    text[shown] = '\0';
    if (proxy)
        mcb_error_set(error, MCB_FAULT_NET_PROXY,
                      "%s: the proxy of %s answered with HTTP status %ld", endpoint, proxy,
                      answer->status);
    else
        mcb_error_set(error, MCB_FAULT_ETCD_ANSWER,
                      "%s: HTTP status %ld and no JSON of etcd's: \"%s\"", endpoint, answer->status,
                      text);
    bool away = answer->status == 502 || answer->status == 503 || answer->status == 504;
    return away ? VERDICT_ELSEWHERE : VERDICT_BAD;
}

static enum verdict judge_refusal(const struct mcb_etcd *etcd, const json_t *body, long status,
                                  int *code, struct mcb_error *error)
{
    const char *message = mcb_etcd_answer_message(body);
    *code = mcb_etcd_answer_code(body);
    bool away = *code == GRPC_UNAVAILABLE || *code == GRPC_DEADLINE_EXCEEDED || status == 503;
    bool nameless = strstr(message, "user name is empty") != NULL;
    bool token = etcd->token && (*code == GRPC_UNAUTHENTICATED || nameless ||
                                 strstr(message, "revision in header is old"));
    mcb_error_set(error, away ? MCB_FAULT_ETCD_UNREACHABLE : MCB_FAULT_ETCD_REFUSED, "%s: %s%s",
                  etcd->config.endpoints[etcd->endpoint], message,
                  nameless && !etcd->config.user
                      ? " (authentication is on and ETCDCTL_USER is not set)"
                      : "");
    if (away)
        return VERDICT_ELSEWHERE;
    return token ? VERDICT_TOKEN : VERDICT_BAD;
}

/* NULL: it is no JSON, or none of etcd's. */
static json_t *parse(const struct mcb_etcd_answer *answer)
{
    struct mcb_error ignored;
    return answer->length && !mcb_etcd_answer_is_crowded(answer)
               ? mcb_json_parse(answer->body, answer->length, answer->most_bytes, "answer",
                                MCB_FAULT_ETCD_ANSWER, &ignored)
               : NULL;
}

/* *body is set with VERDICT_GOOD only. */
static enum verdict judge(struct mcb_etcd *etcd, const struct mcb_etcd_answer *answer,
                          json_t **body, int *code, struct mcb_error *error)
{
    if (answer->result != CURLE_OK)
        return judge_transfer(etcd, answer, error);
    json_t *parsed = parse(answer);
    bool refused = parsed && mcb_etcd_answer_message(parsed);
    enum verdict verdict = VERDICT_GOOD;
    if (!json_is_object(parsed) || (answer->status != 200 && !refused))
        verdict = not_etcd(etcd, answer, error);
    else if (refused)
        verdict = judge_refusal(etcd, parsed, answer->status, code, error);
    if (verdict == VERDICT_GOOD)
        *body = parsed;
    else
        json_decref(parsed);
    etcd->reached = etcd->reached || verdict == VERDICT_GOOD || refused;
    return verdict;
}

/* ---- calls ---- */

static int pause_for(struct mcb_etcd *etcd, int64_t deadline_ns, struct mcb_error *error)
{
    int64_t until_ns = mcb_clock_ns() + PAUSE_MS * MCB_NS_PER_MS;
    if (until_ns > deadline_ns)
        until_ns = deadline_ns;
    while (mcb_clock_ns() < until_ns) {
        if (is_stopped(etcd))
            return interrupted(error);
        int left_ms = mcb_clock_ms_until(until_ns);
        curl_multi_poll(etcd->multi, NULL, 0, left_ms < WAIT_MS ? left_ms : WAIT_MS, NULL);
    }
    return 0;
}

/* What took longer than the deadline to be taken apart came too late. */
static enum verdict judge_time(const struct mcb_etcd *etcd, enum verdict verdict,
                               int64_t deadline_ns, json_t **body, struct mcb_error *error)
{
    if (verdict != VERDICT_GOOD || mcb_clock_ns() < deadline_ns)
        return verdict;
    json_decref(*body);
    *body = NULL;
    mcb_error_set(error, MCB_FAULT_ETCD_UNREACHABLE, "%s: no answer in time",
                  etcd->config.endpoints[etcd->endpoint]);
    return VERDICT_BAD;
}

/* Repeats an attempt at one endpoint after the other until the verdict is not "elsewhere". An etcd
 * that never answered is given up when all endpoints have failed once; one that did is waited for.
 * Returns the verdict, or -1 when stopped. */
static int attempt(struct mcb_etcd *etcd, const char *path, const char *text, int64_t deadline_ns,
                   json_t **body, int *code, struct mcb_error *error)
{
    struct mcb_error before = {.code = MCB_FAULT_NONE};
    for (size_t tried = 1;; tried++) {
        struct mcb_etcd_answer answer = {.result = CURLE_OK};
        int verdict = -1;
        if (transfer(etcd, path, text, deadline_ns, &answer, error) == 0)
            verdict =
                judge_time(etcd, judge(etcd, &answer, body, code, error), deadline_ns, body, error);
        free(answer.body);
        /* "No answer in time" says less than what came before it. */
        if (answer.result == CURLE_OPERATION_TIMEDOUT && before.code != MCB_FAULT_NONE)
            *error = before;
        before = *error;
        if (verdict != VERDICT_ELSEWHERE)
            return verdict;
        etcd->endpoint = (etcd->endpoint + 1) % etcd->config.endpoint_count;
        bool all_tried = tried % etcd->config.endpoint_count == 0;
        if ((all_tried && !etcd->reached) || mcb_clock_ns() >= deadline_ns)
            return VERDICT_BAD;
        if (all_tried && pause_for(etcd, deadline_ns, error))
            return -1;
    }
}

/* Gets a token. Where authentication is off, none is needed. */
static int authenticate(struct mcb_etcd *etcd, int64_t deadline_ns, struct mcb_error *error)
{
    mcb_etcd_config_forget(&etcd->token);
    json_t *request =
        json_pack("{s:s, s:s}", "name", etcd->config.user, "password", etcd->config.password);
    char *text = request ? json_dumps(request, JSON_COMPACT) : NULL;
    json_decref(request);
    if (!text)
        return mcb_error_set(error, MCB_FAULT_USE_VALUE,
                             "ETCDCTL_USER: name or password is not UTF-8");
    json_t *body = NULL;
    int code = 0;
    int verdict = attempt(etcd, "/v3/auth/authenticate", text, deadline_ns, &body, &code, error);
    mcb_etcd_config_forget(&text);
    if (verdict == VERDICT_BAD && code == GRPC_FAILED_PRECONDITION) {
        etcd->token = strdup("");
        return 0;
    }
    if (verdict != VERDICT_GOOD)
        return -1;
    const char *token;
    int result =
        mcb_json_get_string(body, "token", LONG_TOKEN, &token, MCB_FAULT_ETCD_ANSWER, error);
    if (result == 0 && strpbrk(token, "\r\n"))
        result = mcb_error_set(error, MCB_FAULT_ETCD_ANSWER, "a token of more than one line");
    if (result == 0)
        etcd->token = strdup(token);
    json_decref(body);
    return result;
}

int mcb_etcd_call(struct mcb_etcd *etcd, const char *path, const json_t *request,
                  int64_t deadline_ns, json_t **answer, int *code, struct mcb_error *error)
{
    int ignored = 0;
    code = code ? code : &ignored;
    char *text = json_dumps(request, JSON_COMPACT);
    if (!text)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a request");
    int verdict = VERDICT_TOKEN;
    json_t *body = NULL;
    for (int tries = 0; tries < 3 && verdict == VERDICT_TOKEN; tries++) {
        *code = 0;
        bool needs_token = etcd->config.user && (!etcd->token || tries > 0);
        if (needs_token && authenticate(etcd, deadline_ns, error))
            break;
        verdict = attempt(etcd, path, text, deadline_ns, &body, code, error);
    }
    free(text);
    if (verdict != VERDICT_GOOD)
        return -1;
    *answer = body;
    return 0;
}

int mcb_etcd_version(struct mcb_etcd *etcd, int64_t deadline_ns, char version[32],
                     struct mcb_error *error)
{
    json_t *body = NULL;
    int code = 0;
    if (attempt(etcd, "/version", NULL, deadline_ns, &body, &code, error) != VERDICT_GOOD)
        return -1;
    const char *text;
    struct mcb_error problem;
    int result =
        mcb_json_get_string(body, "etcdserver", 32, &text, MCB_FAULT_ETCD_ANSWER, &problem);
    if (result)
        mcb_error_set(error, MCB_FAULT_ETCD_ANSWER, "%s/version: %s",
                      etcd->config.endpoints[etcd->endpoint], problem.detail);
    else
        snprintf(version, 32, "%s", text);
    json_decref(body);
    return result;
}

/* A sick etcd says so with status 503, which is then no failure of the way to it. */
int mcb_etcd_health(struct mcb_etcd *etcd, int64_t deadline_ns, struct mcb_error *error)
{
    struct mcb_etcd_answer answer = {.result = CURLE_OK};
    int result = transfer(etcd, "/health", NULL, deadline_ns, &answer, error);
    json_t *body = result == 0 ? parse(&answer) : NULL;
    const char *health = mcb_json_text(body, "health"), *reason = mcb_json_text(body, "reason");
    if (result == 0 && strcmp(health, "true") != 0) {
        if (answer.result != CURLE_OK)
            judge_transfer(etcd, &answer, error);
        else if (!health[0])
            not_etcd(etcd, &answer, error);
        else
            mcb_error_set(error, MCB_FAULT_ETCD_UNREACHABLE, "%s: it is not healthy%s%.200s",
                          etcd->config.endpoints[etcd->endpoint], reason[0] ? ": " : "", reason);
        result = -1;
    }
    json_decref(body);
    free(answer.body);
    return result;
}
