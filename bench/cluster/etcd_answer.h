/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_CLUSTER_ETCD_ANSWER_H
#define MCB_BENCH_CLUSTER_ETCD_ANSWER_H

/* What comes back for one attempt of etcd_client.c, how much of it is taken, and how a refusal of
 * etcd's gateway reads. */

#include <curl/curl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* The most bytes of an answer to a path: 8 MiB of keys, 64 KiB to 1 MiB of all others. */
size_t mcb_etcd_answer_most_bytes(const char *path);

struct mcb_etcd_answer {
    char *body; /* not ended by NUL; who made the attempt frees it */
    size_t length, room, most_bytes;
    bool too_large;
    CURLcode result;
    long status; /* of HTTP */
};

/* For CURLOPT_WRITEFUNCTION: adds bytes to the answer that context is, its most_bytes at most. */
size_t mcb_etcd_answer_take(char *bytes, size_t size, size_t count, void *context);

/* Has it more values than an answer of etcd's of that length? Millions of empty ones would take
 * seconds and a gigabyte to parse. */
bool mcb_etcd_answer_is_crowded(const struct mcb_etcd_answer *answer);

/* Did it end in the handshake of TLS, or for a certificate? */
bool mcb_etcd_answer_is_tls(const struct mcb_etcd_answer *answer);

/* The text of a gateway's error; NULL: the body is none. 3.4 and 3.5 have "error" and "message",
 * 3.6 only "message", and a stream wraps it in an object. */
const char *mcb_etcd_answer_message(const json_t *body);
int mcb_etcd_answer_code(const json_t *body); /* gRPC code; 0: none */

#endif
