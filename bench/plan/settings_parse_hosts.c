/* SPDX-License-Identifier: Apache-2.0 */

/* From text to member: what names hosts, addresses, jobs and files. */
#include "bench/plan/settings_rows.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bench/plan/settings_text.h"
#include "common/socket.h"

#define LETTERS_AND_DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

enum { HOST_MAX = 255, JOB_MAX = 64, URLS_MAX = 16, URL_MAX = HOST_MAX + 32 };

static bool consists_of(const char *text, const char *characters, size_t most)
{
    size_t length = strspn(text, characters);
    return length > 0 && length <= most && text[length] == '\0';
}

MCB_SETTING_PARSER(listen)
{
    char host[256];
    uint16_t port;
    if (mcb_socket_split(text, false, host, &port) || (host[0] && !mcb_setting_text_is_host(host)))
        return mcb_setting_text_wrong(error, given_as, text,
                                      "not [ADDR:]PORT; write 18515, 10.0.0.1:18515 or "
                                      "[fe80::1]:18515, port 1 to 65535");
    settings->listen = text;
    return 0;
}

MCB_SETTING_PARSER(connect)
{
    char host[256];
    uint16_t port;
    if (mcb_socket_split(text, false, host, &port) || !mcb_setting_text_is_host(host))
        return mcb_setting_text_wrong(error, given_as, text,
                                      "not HOST:PORT; write n1:18515, 10.0.0.1:18515 or "
                                      "[fe80::1]:18515, port 1 to 65535");
    settings->connect = text;
    return 0;
}

/* One URL of the list, whole, at the end of urls: "http://" where no scheme is named (as Mooncake
 * writes it), no '/' at the end. */
static int add_url(char *urls, const char *item, const char *given_as, struct mcb_error *error)
{
    static const char *const schemes[] = {"http://", "https://"};
    const char *scheme = schemes[0];
    const char *rest = item;
    for (size_t i = 0; i < 2; i++)
        if (strncasecmp(item, schemes[i], strlen(schemes[i])) == 0) {
            scheme = schemes[i];
            rest = item + strlen(schemes[i]);
        }

    char place[URL_MAX];
    size_t length = strlen(rest);
    if (length > 0 && rest[length - 1] == '/')
        length--;
    char host[256];
    uint16_t port;
    if (length < sizeof place) {
        memcpy(place, rest, length);
        place[length] = '\0';
        if (mcb_socket_split(place, false, host, &port) == 0 && mcb_setting_text_is_host(host)) {
            char joined[MCB_ADDRESS_MAX];
            mcb_socket_join(host, port, joined);
            strcat(strcat(strcat(urls, *urls ? "," : ""), scheme), joined);
            return 0;
        }
    }
    return mcb_setting_text_wrong(error, given_as, item,
                                  "not an etcd URL; write http://HOST:PORT or https://HOST:PORT "
                                  "(etcd's port is usually 2379), several with commas");
}

/* Every URL of the text, in turn, into urls, which has room for URLS_MAX of them. */
static int add_urls(char *urls, const char *text, const char *given_as, struct mcb_error *error)
{
    char item[URL_MAX + 16];
    size_t count = 0;
    for (const char *at = text;; at++) {
        size_t length = strcspn(at, ",;");
        if (++count > URLS_MAX || length >= sizeof item)
            return mcb_setting_text_wrong(error, given_as, text,
                                          "too long; at most %d URLs of up to %d characters",
                                          URLS_MAX, URL_MAX);
        memcpy(item, at, length);
        item[length] = '\0';
        if (add_url(urls, item, given_as, error))
            return -1;
        at += length;
        if (*at == '\0')
            return 0;
    }
}

MCB_SETTING_PARSER(etcd)
{
    /* The value is not repeated: it would show the credentials. */
    if (strchr(text, '@'))
        return mcb_error_set(error, MCB_FAULT_USE_VALUE,
                             "%s: credentials belong in ETCDCTL_USER (name:password) in the "
                             "environment, not in the URL; write http://HOST:PORT",
                             given_as);
    char *urls = calloc(URLS_MAX, URL_MAX + MCB_ADDRESS_MAX);
    if (!urls)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "%s: no memory", given_as);
    if (add_urls(urls, text, given_as, error)) {
        free(urls);
        return -1;
    }
    free(settings->etcd_urls);
    settings->etcd_urls = urls;
    settings->etcd = urls;
    return 0;
}

MCB_SETTING_PARSER(job)
{
    if (!consists_of(text, LETTERS_AND_DIGITS "._-", JOB_MAX))
        return mcb_setting_text_wrong(error, given_as, text,
                                      "not a job name; 1 to %d letters, digits, '.', '_' and '-'",
                                      JOB_MAX);
    settings->job = text;
    return 0;
}

MCB_SETTING_PARSER(address)
{
    if (!mcb_setting_text_is_host(text))
        return mcb_setting_text_wrong(error, given_as, text,
                                      "not a host name or address; write n1, 10.0.0.1 or fe80::1, "
                                      "without a port");
    settings->address = text;
    return 0;
}

static int check_file_name(const char *text, const char *given_as, struct mcb_error *error)
{
    if (*text == '\0' || strlen(text) >= PATH_MAX)
        return mcb_setting_text_wrong(error, given_as, text, "not a file name; 1 to %d characters",
                                      PATH_MAX - 1);
    return 0;
}

MCB_SETTING_PARSER(output)
{
    if (check_file_name(text, given_as, error) != 0)
        return -1;
    settings->output = text;
    return 0;
}

MCB_SETTING_PARSER(prometheus)
{
    if (check_file_name(text, given_as, error) != 0)
        return -1;
    settings->prometheus = text;
    return 0;
}
