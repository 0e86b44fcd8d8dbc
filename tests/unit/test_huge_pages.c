/* SPDX-License-Identifier: Apache-2.0 */
/* The pool of huge pages of hosts made of files. What holds it up ends the test by its alarm. */
#include "common/huge_pages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/sysfs_tree.h"

#define MEMINFO                                                                                    \
    "MemTotal: 2097152 kB\nHugePages_Total:      30\nHugePages_Free:        5\n"                   \
    "HugePages_Rsvd:        2\nHugePages_Surp:        1\nHugepagesize:       2048 kB\n"

static struct sysfs_tree tree;

static int set_up(void **state)
{
    (void)state;
    alarm(20);
    if (sysfs_make(&tree) != 0)
        return -1;
    sysfs_folder(&tree, "proc/sys/vm");
    sysfs_file(&tree, "proc/meminfo", MEMINFO);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return sysfs_remove(&tree);
}

static struct mcb_huge_pages read_pages(void)
{
    struct mcb_huge_pages pages;
    mcb_huge_pages_read(tree.root, &pages);
    return pages;
}

static void replace(const char *path)
{
    char full[128];
    snprintf(full, sizeof full, "%s/%s", tree.root, path);
    unlink(full);
}

static void put_pipe(const char *path)
{
    char full[128];
    replace(path);
    snprintf(full, sizeof full, "%s/%s", tree.root, path);
    assert_int_equal(mkfifo(full, 0600), 0);
}

static void pages_that_are_promised_are_not_available(void **state)
{
    (void)state;
    struct mcb_huge_pages pages = read_pages();
    assert_int_equal(pages.page_bytes, 2 << 20);
    assert_int_equal(pages.total, 30);
    assert_int_equal(pages.available, 3);
}

static void pages_beyond_the_pool_are_available(void **state)
{
    (void)state;
    sysfs_file(&tree, "proc/sys/vm/nr_overcommit_hugepages", "8\n");
    assert_int_equal(read_pages().available, 3 + 8 - 1);
}

static void a_pipe_in_the_place_of_a_file_holds_nobody_up(void **state)
{
    (void)state;
    put_pipe("proc/sys/vm/nr_overcommit_hugepages");
    assert_int_equal(read_pages().available, 3);
    put_pipe("proc/meminfo");
    assert_int_equal(read_pages().page_bytes, 0);
}

static void a_file_without_end_is_not_read_to_it(void **state)
{
    (void)state;
    char full[128];
    snprintf(full, sizeof full, "%s/proc/meminfo", tree.root);
    assert_int_equal(truncate(full, (off_t)1 << 40), 0);
    assert_int_equal(read_pages().total, 30);
    replace("proc/meminfo");
    sysfs_link(&tree, "proc/meminfo", "/dev/zero");
    assert_int_equal(read_pages().page_bytes, 0);
}

static void a_link_out_of_the_copy_is_not_followed(void **state)
{
    (void)state;
    replace("proc/meminfo");
    sysfs_link(&tree, "proc/meminfo", "/proc/meminfo");
    assert_int_equal(read_pages().page_bytes, 0);
    assert_int_equal(mcb_huge_pages_free_on(tree.root, 0, 2 << 20), -1);
}

#define on_a_host(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_a_host(pages_that_are_promised_are_not_available),
        on_a_host(pages_beyond_the_pool_are_available),
        on_a_host(a_pipe_in_the_place_of_a_file_holds_nobody_up),
        on_a_host(a_file_without_end_is_not_read_to_it),
        on_a_host(a_link_out_of_the_copy_is_not_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
