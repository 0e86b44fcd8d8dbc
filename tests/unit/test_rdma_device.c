/* SPDX-License-Identifier: Apache-2.0 */
/* mlx5 is kept from touching the memory of GPUs with the CPU, unless the user decided otherwise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "rdma/device.h"

#define VARIABLE "MLX5_SCATTER_TO_CQE"

static void scatter_to_cqe_is_turned_off(void **state)
{
    (void)state;
    unsetenv(VARIABLE);
    mcb_device_forbid_scatter_to_cqe();
    assert_string_equal(getenv(VARIABLE), "0");
}

static void what_the_user_set_is_overwritten(void **state)
{
    (void)state;
    setenv(VARIABLE, "1", 1);
    mcb_device_forbid_scatter_to_cqe();
    assert_string_equal(getenv(VARIABLE), "0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scatter_to_cqe_is_turned_off),
        cmocka_unit_test(what_the_user_set_is_overwritten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
