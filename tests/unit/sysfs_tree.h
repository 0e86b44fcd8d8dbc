/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_TESTS_SYSFS_TREE_H
#define MCB_TESTS_SYSFS_TREE_H

/* A sysfs of the test's own, in a temporary folder. Include after cmocka.h. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct sysfs_tree {
    char root[64];
};

static inline int sysfs_make(struct sysfs_tree *tree)
{
    strcpy(tree->root, "/tmp/mcb-sysfs-XXXXXX");
    return mkdtemp(tree->root) ? 0 : -1;
}

static inline int sysfs_remove(const struct sysfs_tree *tree)
{
    char command[96];
    snprintf(command, sizeof(command), "rm -rf '%s'", tree->root);
    return system(command);
}

/* With all folders above it. */
static inline void sysfs_folder(const struct sysfs_tree *tree, const char *path)
{
    char full[512];
    snprintf(full, sizeof(full), "%s/%s", tree->root, path);
    for (char *slash = full + strlen(tree->root) + 1; (slash = strchr(slash, '/')) != NULL;
         slash++) {
        *slash = '\0';
        mkdir(full, 0755);
        *slash = '/';
    }
    mkdir(full, 0755);
}

static inline void sysfs_bytes(const struct sysfs_tree *tree, const char *path, const void *bytes,
                               size_t length)
{
    char full[512];
    snprintf(full, sizeof(full), "%s/%s", tree->root, path);
    FILE *file = fopen(full, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    fclose(file);
}

static inline void sysfs_file(const struct sysfs_tree *tree, const char *path, const char *text)
{
    sysfs_bytes(tree, path, text, strlen(text));
}

static inline void sysfs_link(const struct sysfs_tree *tree, const char *path, const char *target)
{
    char full[512];
    snprintf(full, sizeof(full), "%s/%s", tree->root, path);
    assert_int_equal(symlink(target, full), 0);
}

#endif
