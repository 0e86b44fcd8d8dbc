/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/cluster/etcd_config.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { VARIABLE_TEXT = 64, FILE_MOST_BYTES = 16 << 20 };

static int bad_url(const char *url, struct mcb_error *error)
{
    return mcb_error_set(error, MCB_FAULT_USE_VALUE,
                         "--etcd %s: http://HOST:PORT or https://HOST:PORT was expected", url);
}

static bool has_part(CURLU *parsed, CURLUPart part)
{
    char *text = NULL;
    bool there = curl_url_get(parsed, part, &text, 0) == CURLUE_OK && text[0];
    curl_free(text);
    return there;
}

/* A URL of scheme, host and port only, to "scheme://host:port". */
static int normalize(CURLU *parsed, const char *url, char endpoint[MCB_ETCD_URL_MAX],
                     struct mcb_error *error)
{
    /* The text is not repeated: it would put the password on the screen. */
    if (has_part(parsed, CURLUPART_USER) || has_part(parsed, CURLUPART_PASSWORD))
        return mcb_error_set(error, MCB_FAULT_USE_VALUE,
                             "--etcd: a URL with a user name; credentials belong into the "
                             "environment: ETCDCTL_USER=name:password");
    char *scheme = NULL, *host = NULL, *port = NULL, *path = NULL;
    curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0);
    curl_url_get(parsed, CURLUPART_HOST, &host, 0);
    curl_url_get(parsed, CURLUPART_PORT, &port, 0);
    curl_url_get(parsed, CURLUPART_PATH, &path, 0);
    bool good = scheme && host && host[0] &&
                (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0) &&
                (!port || strtol(port, NULL, 10) > 0) && (!path || strcmp(path, "/") == 0) &&
                !has_part(parsed, CURLUPART_QUERY) && !has_part(parsed, CURLUPART_FRAGMENT);
    if (good)
        good = snprintf(endpoint, MCB_ETCD_URL_MAX, "%s://%s:%s", scheme, host,
                        port ? port : "2379") < MCB_ETCD_URL_MAX;
    curl_free(path);
    curl_free(port);
    curl_free(host);
    curl_free(scheme);
    return good ? 0 : bad_url(url, error);
}

static int add_endpoint(struct mcb_etcd_config *config, const char *url, struct mcb_error *error)
{
    if (config->endpoint_count == MCB_ETCD_ENDPOINTS_MAX)
        return mcb_error_set(error, MCB_FAULT_USE_VALUE, "--etcd: more than %d URLs",
                             MCB_ETCD_ENDPOINTS_MAX);
    CURLU *parsed = curl_url();
    int result = -1;
    if (!parsed)
        mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a URL");
    else if (!strstr(url, "://") || curl_url_set(parsed, CURLUPART_URL, url, 0) != CURLUE_OK)
        bad_url(strchr(url, '@') ? "(a URL that is not understood)" : url, error);
    else
        result = normalize(parsed, url, config->endpoints[config->endpoint_count], error);
    curl_url_cleanup(parsed);
    config->endpoint_count += result == 0;
    return result;
}

static int read_urls(struct mcb_etcd_config *config, const char *urls, struct mcb_error *error)
{
    char *copy = strdup(urls);
    if (!copy)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a URL");
    int result = 0;
    char *rest = copy;
    char *url;
    while (result == 0 && (url = strsep(&rest, ",")) != NULL)
        result = add_endpoint(config, url, error);
    free(copy);
    return result;
}

/* With the whole name of the variable that is set. */
static const char *find_variable(const char *name, char variable[VARIABLE_TEXT])
{
    static const char *const prefixes[] = {"MCB_ETCD_", "ETCDCTL_"};
    for (size_t i = 0; i < 2; i++) {
        snprintf(variable, VARIABLE_TEXT, "%s%s", prefixes[i], name);
        const char *value = getenv(variable);
        if (value && value[0])
            return value;
    }
    return NULL;
}

const char *mcb_etcd_config_variable(const char *name)
{
    char variable[VARIABLE_TEXT];
    return find_variable(name, variable);
}

/* ---- files ---- */

/* What libcurl would wait for without end, or read without end, is refused before. NULL: good. */
static const char *wrong_with_file(const char *path)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    const char *wrong = fd < 0 ? strerror(errno) : NULL;
    if (!wrong && fstat(fd, &status) != 0)
        wrong = strerror(errno);
    if (!wrong && !S_ISREG(status.st_mode))
        wrong = "no regular file";
    if (!wrong && status.st_size > FILE_MOST_BYTES)
        wrong = "larger than 16 MiB";
    if (fd >= 0)
        close(fd);
    return wrong;
}

/* Only https asks for them. */
static int check_files(const struct mcb_etcd_config *config, struct mcb_error *error)
{
    static const char *const names[] = {"CACERT", "CERT", "KEY"};
    char variable[VARIABLE_TEXT];
    bool https = false;
    for (size_t i = 0; i < config->endpoint_count; i++)
        https = https || strncmp(config->endpoints[i], "https:", 6) == 0;
    for (size_t i = 0; https && i < sizeof names / sizeof *names; i++) {
        const char *path = find_variable(names[i], variable);
        const char *wrong = path ? wrong_with_file(path) : NULL;
        if (wrong)
            return mcb_error_set(error, MCB_FAULT_USE_VALUE, "%s=%.200s: %s; a PEM file is needed",
                                 variable, path, wrong);
    }
    return 0;
}

/* ---- credentials ---- */

static int read_credentials(struct mcb_etcd_config *config, struct mcb_error *error)
{
    const char *user = mcb_etcd_config_variable("USER");
    if (!user)
        return 0;
    const char *colon = strchr(user, ':');
    const char *password = colon ? colon + 1 : mcb_etcd_config_variable("PASSWORD");
    if (!password)
        return mcb_error_set(error, MCB_FAULT_USE_VALUE,
                             "ETCDCTL_USER: no password; name:password was expected (or "
                             "ETCDCTL_PASSWORD)");
    config->user = strndup(user, colon ? (size_t)(colon - user) : strlen(user));
    config->password = strdup(password);
    if (!config->user || !config->password)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for credentials");
    return 0;
}

int mcb_etcd_config_read(struct mcb_etcd_config *config, const char *urls, struct mcb_error *error)
{
    return read_urls(config, urls, error) || read_credentials(config, error) ||
                   check_files(config, error)
               ? -1
               : 0;
}

void mcb_etcd_config_forget(char **secret)
{
    if (*secret)
        explicit_bzero(*secret, strlen(*secret));
    free(*secret);
    *secret = NULL;
}

void mcb_etcd_config_release(struct mcb_etcd_config *config)
{
    mcb_etcd_config_forget(&config->password);
    free(config->user);
    config->user = NULL;
}
