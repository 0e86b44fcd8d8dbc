/* SPDX-License-Identifier: Apache-2.0 */
#include "common/below.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/sysfs_tree.h"

static struct sysfs_tree tree;

static int set_up(void **state)
{
    (void)state;
    return sysfs_make(&tree);
}

static int tear_down(void **state)
{
    (void)state;
    return sysfs_remove(&tree);
}

/* What a file below the folder holds; "" if it may not be read. */
static const char *read_below(const char *path)
{
    static char text[64];
    text[0] = '\0';
    return mcb_below_read(tree.root, path, text, sizeof text) < 0 ? "" : text;
}

static void links_lead_on_from_the_folder(void **state)
{
    (void)state;
    sysfs_folder(&tree, "a/b");
    sysfs_file(&tree, "a/b/file", "inside");
    sysfs_link(&tree, "absolute", "/a/b");
    sysfs_link(&tree, "a/relative", "b/file");
    sysfs_link(&tree, "a/b/up", "../../absolute/file");
    assert_string_equal(read_below("/a/b/file"), "inside");
    assert_string_equal(read_below("/absolute/file"), "inside");
    assert_string_equal(read_below("/a/relative"), "inside");
    assert_string_equal(read_below("/a/b/up"), "inside");
}

static void nothing_leads_out_of_the_folder(void **state)
{
    (void)state;
    char outside[] = "/tmp/mcb-outside-XXXXXX", up[64];
    int fd = mkstemp(outside);
    assert_true(fd >= 0 && write(fd, "outside", 7) == 7);
    close(fd);
    snprintf(up, sizeof up, "../../../..%s", outside);
    sysfs_link(&tree, "absolute", outside);
    sysfs_link(&tree, "upwards", up);
    sysfs_link(&tree, "tmp", "/tmp");
    assert_string_equal(read_below("/absolute"), "");
    assert_string_equal(read_below("/upwards"), "");
    assert_string_equal(read_below(outside), "");
    unlink(outside);
}

static void links_in_a_circle_end(void **state)
{
    (void)state;
    sysfs_link(&tree, "one", "two");
    sysfs_link(&tree, "two", "one");
    assert_null(mcb_below_path(tree.root, "/one", true));
    assert_int_equal(errno, ELOOP);
}

static void the_last_link_may_be_left_as_it_is(void **state)
{
    (void)state;
    char expected[80];
    sysfs_link(&tree, "link", "nowhere");
    char *path = mcb_below_path(tree.root, "/link", false);
    snprintf(expected, sizeof expected, "%s/link", tree.root);
    assert_string_equal(path, expected);
    free(path);
}

static void only_regular_files_are_opened(void **state)
{
    (void)state;
    char pipe[80];
    snprintf(pipe, sizeof pipe, "%s/pipe", tree.root);
    assert_int_equal(mkfifo(pipe, 0600), 0);
    sysfs_folder(&tree, "folder");
    assert_int_equal(mcb_below_open(tree.root, "/pipe"), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(mcb_below_open(tree.root, "/folder"), -1);
    assert_int_equal(mcb_below_open("", "/dev/zero"), -1);
    assert_int_equal(mcb_below_open(tree.root, "/missing"), -1);
    assert_int_equal(errno, ENOENT);
}

static void no_more_is_read_than_there_is_room_for(void **state)
{
    (void)state;
    char text[5];
    sysfs_file(&tree, "file", "123456789");
    assert_int_equal(mcb_below_read(tree.root, "/file", text, sizeof text), 4);
    assert_string_equal(text, "1234");
}

static void this_host_is_read_as_it_is(void **state)
{
    (void)state;
    char text[64];
    assert_true(mcb_below_read("", "/proc/self/status", text, sizeof text) > 0);
}

#define on_a_tree(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_a_tree(links_lead_on_from_the_folder), on_a_tree(nothing_leads_out_of_the_folder),
        on_a_tree(links_in_a_circle_end),         on_a_tree(the_last_link_may_be_left_as_it_is),
        on_a_tree(only_regular_files_are_opened), on_a_tree(no_more_is_read_than_there_is_room_for),
        on_a_tree(this_host_is_read_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
