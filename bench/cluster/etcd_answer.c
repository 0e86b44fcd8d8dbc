/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/cluster/etcd_answer.h"

#include <stdlib.h>
#include <string.h>

/* An entry of a range, the most crowded that there is, is one object with four members or more, in
 * at least 70 bytes. */
enum { VALUES_FREE = 64, BYTES_OF_OBJECT = 32, BYTES_OF_VALUE = 8 };

size_t mcb_etcd_answer_most_bytes(const char *path)
{
    static const struct {
        const char *path;
        size_t most_bytes;
    } limits[] = {{"/v3/kv/", (size_t)8 << 20},
                  {"/v3/cluster/", (size_t)1 << 20},
                  {"/v3/maintenance/", (size_t)1 << 20}};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (strncmp(path, limits[i].path, strlen(limits[i].path)) == 0)
            return limits[i].most_bytes;
    return (size_t)64 << 10;
}

bool mcb_etcd_answer_is_crowded(const struct mcb_etcd_answer *answer)
{
    size_t objects = 0, values = 0;
    for (size_t i = 0; i < answer->length; i++) {
        objects += answer->body[i] == '{' || answer->body[i] == '[';
        values += answer->body[i] == ',';
    }
    return objects > VALUES_FREE + answer->length / BYTES_OF_OBJECT ||
           values > VALUES_FREE + answer->length / BYTES_OF_VALUE;
}

size_t mcb_etcd_answer_take(char *bytes, size_t size, size_t count, void *context)
{
    struct mcb_etcd_answer *answer = context;
    size_t length = size * count;
    if (length > answer->most_bytes - answer->length) {
        answer->too_large = true;
        return 0;
    }
    if (answer->room - answer->length < length) {
        size_t room = (answer->length + length) * 2;
        char *larger = realloc(answer->body, room);
        if (!larger)
            return 0;
        answer->body = larger;
        answer->room = room;
    }
    memcpy(answer->body + answer->length, bytes, length);
    answer->length += length;
    return length;
}

bool mcb_etcd_answer_is_tls(const struct mcb_etcd_answer *answer)
{
    switch (answer->result) {
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return true;
    default:
        return false;
    }
}

const char *mcb_etcd_answer_message(const json_t *body)
{
    const json_t *error = json_object_get(body, "error");
    const json_t *holder = json_is_object(error) ? error : body;
    const char *message = json_string_value(json_object_get(holder, "message"));
    return message ? message : json_string_value(error);
}

int mcb_etcd_answer_code(const json_t *body)
{
    const json_t *error = json_object_get(body, "error");
    const json_t *code =
        json_is_object(error) ? json_object_get(error, "grpc_code") : json_object_get(body, "code");
    return (int)json_integer_value(code);
}
