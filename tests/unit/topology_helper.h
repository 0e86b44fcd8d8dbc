/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_TESTS_TOPOLOGY_HELPER_H
#define MCB_TESTS_TOPOLOGY_HELPER_H

/* Hosts from XML files, as trees. Include after cmocka.h. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/topology/distance.h"
#include "bench/topology/topology_file.h"
#include "bench/topology/tree.h"

#define FIXTURE(name) MCB_SOURCE_DIR "/tests/data/topology/" name ".xml"

struct host {
    struct mcb_topology *topology;
    struct mcb_tree tree;
};

static inline struct host host_from_file(const char *path)
{
    struct host host;
    struct mcb_error error = {0}, devices_error;
    if (mcb_topology_load_file(path, &host.topology, &error) != 0 ||
        mcb_tree_make(host.topology, "/sys", NULL, &host.tree, &devices_error, &error) != 0)
        fail_msg("%s", error.detail);
    return host;
}

static inline void host_release(struct host *host)
{
    mcb_tree_release(&host->tree);
    mcb_topology_free(host->topology);
}

/* Index of the node of a name. */
static inline size_t host_find(const struct host *host, const char *name)
{
    for (size_t i = 0; i < host->tree.count; i++)
        if (strcmp(host->tree.nodes[i].name, name) == 0)
            return i;
    fail_msg("no node %s", name);
    return 0;
}

/* The text of a file; release with free(). */
static inline char *read_text(const char *path)
{
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long length = ftell(file);
    assert_true(length >= 0);
    rewind(file);
    char *text = calloc(1, (size_t)length + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, (size_t)length, file), length);
    fclose(file);
    return text;
}

static inline int load_bytes(const void *bytes, size_t length, struct mcb_topology **topology,
                             struct mcb_error *error)
{
    char path[] = "/tmp/mcbench-test-topology-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    for (size_t done = 0; done < length;) {
        ssize_t written = write(fd, (const char *)bytes + done, length - done);
        assert_true(written > 0);
        done += (size_t)written;
    }
    close(fd);
    int status = mcb_topology_load_file(path, topology, error);
    unlink(path);
    return status;
}

static inline int load_text(const char *text, struct mcb_topology **topology,
                            struct mcb_error *error)
{
    return load_bytes(text, strlen(text), topology, error);
}

#endif
