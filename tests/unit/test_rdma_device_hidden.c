/* SPDX-License-Identifier: Apache-2.0 */
/* A device that the kernel has and programs cannot reach is named, with what is missing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rdma/device_hidden.h"
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

/* verbs NULL: ib_uverbs does not serve it. */
static void add_device(const char *name, const char *verbs, bool with_file)
{
    char path[256];
    snprintf(path, sizeof path, "class/infiniband/%s", name);
    sysfs_folder(&tree, path);
    if (!verbs)
        return;
    snprintf(path, sizeof path, "class/infiniband_verbs/%s", verbs);
    sysfs_folder(&tree, path);
    strcat(path, "/ibdev");
    sysfs_file(&tree, path, name);
    sysfs_folder(&tree, "dev");
    snprintf(path, sizeof path, "dev/%s", verbs);
    if (with_file)
        sysfs_file(&tree, path, "");
}

static bool finds_from(bool contained, const char *name, struct mcb_error *error)
{
    char files[128];
    snprintf(files, sizeof files, "%s/dev", tree.root);
    return mcb_device_find_hidden_from(contained, tree.root, files, name, error);
}

static bool finds(const char *name, struct mcb_error *error)
{
    return finds_from(true, name, error);
}

static void a_host_without_devices_hides_none(void **state)
{
    (void)state;
    struct mcb_error error;
    assert_false(finds(NULL, &error));
    sysfs_folder(&tree, "class/infiniband");
    assert_false(finds(NULL, &error));
}

static void a_device_whose_file_is_there_is_not_hidden(void **state)
{
    (void)state;
    struct mcb_error error;
    add_device("mlx5_0", "uverbs0", true);
    assert_false(finds(NULL, &error));
    assert_false(finds("mlx5_0", &error));
}

static void the_file_that_a_container_lacks_is_named(void **state)
{
    (void)state;
    struct mcb_error error;
    add_device("mlx5_10", "uverbs1", false);
    add_device("mlx5_2", "uverbs12", false);
    add_device("mlx5_3", "uverbs3", true);
    assert_true(finds(NULL, &error));
    assert_int_equal(error.code, MCB_FAULT_HOST_CONTAINER);
    assert_non_null(strstr(error.detail, "mlx5_2: the kernel has it, but "));
    assert_non_null(strstr(error.detail, "/dev/uverbs12 is missing"));
    assert_non_null(strstr(error.detail, ", and 1 more likewise"));
    assert_true(finds("mlx5_10", &error));
    assert_non_null(strstr(error.detail, "/dev/uverbs1 is missing"));
    assert_null(strstr(error.detail, "likewise"));
    assert_false(finds("mlx5_3", &error));
    assert_false(finds("mlx5_1", &error));
}

static void a_file_that_is_missing_outside_of_containers_is_no_matter_of_them(void **state)
{
    (void)state;
    struct mcb_error error;
    add_device("mlx5_0", "uverbs0", false);
    assert_true(finds_from(false, NULL, &error));
    assert_int_equal(error.code, MCB_FAULT_RDMA_DEVICE_OPEN);
    assert_non_null(strstr(error.detail, "/dev/uverbs0 is missing"));
    assert_null(strstr(error.detail, "container"));
}

static void a_device_that_no_module_serves_is_no_matter_of_containers(void **state)
{
    (void)state;
    struct mcb_error error;
    add_device("mlx5_0", NULL, false);
    assert_true(finds(NULL, &error));
    assert_int_equal(error.code, MCB_FAULT_RDMA_DEVICE_OPEN);
    assert_non_null(strstr(error.detail, "module ib_uverbs is not loaded"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_host_without_devices_hides_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_device_whose_file_is_there_is_not_hidden, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_file_that_a_container_lacks_is_named, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            a_file_that_is_missing_outside_of_containers_is_no_matter_of_them, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_device_that_no_module_serves_is_no_matter_of_containers,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
