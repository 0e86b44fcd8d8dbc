/* SPDX-License-Identifier: Apache-2.0 */

/* Mooncake's variables: what they set, and the values that they would misread. */
#include "settings_helper.h"

static void mooncakes_variables_set_the_defaults(void **state)
{
    (void)state;
    static const struct given variables[] = {{"MC_FORCE_TCP", ""},
                                             {"MC_ENABLE_DEST_DEVICE_AFFINITY", "1"},
                                             {"MC_IB_PCI_RELAXED_ORDERING", "0"},
                                             {"MC_NUM_QP_PER_EP", "2"},
                                             {"MC_MAX_MR_SIZE", "4096"},
                                             {"MC_IB_TC", "96"},
                                             {"MC_IB_SL", "-1"},
                                             {"MC_TE_FILTERS", "mlx5_0,mlx5_1"},
                                             {"MC_GID_INDEX", "3"},
                                             {"MC_IB_PORT", "2"},
                                             {"MC_MTU", "1024"},
                                             {NULL, NULL}};
    struct resolved r = assert_resolved(NULL, variables);
    assert_int_equal(r.settings.transport, MCB_TRANSPORT_TCP);
    assert_int_equal(r.settings.pairs, MCB_PAIRS_RAIL);
    assert_int_equal(r.settings.orderings[0], MCB_ORDERING_OFF);
    assert_int_equal(r.settings.qps, 2);
    assert_int_equal(r.settings.max_mr_size, 4096);
    assert_int_equal(r.settings.traffic_class, 96);
    assert_int_equal(r.settings.service_level, 0);
    assert_int_equal(r.settings.nic_count, 2);
    assert_int_equal(r.settings.gid_index, 3);
    assert_int_equal(r.settings.ib_port, 2);
    assert_int_equal(r.settings.mtu, 1024);

    json_t *document = mcb_setting_values_to_json(r.values);
    json_t *entry = json_object_get(document, "relaxed-ordering");
    assert_string_equal(json_string_value(json_object_get(entry, "value")), "off");
    assert_string_equal(json_string_value(json_object_get(entry, "from")), "variable");
    assert_string_equal(json_string_value(json_object_get(entry, "variable")),
                        "MC_IB_PCI_RELAXED_ORDERING");
    entry = json_object_get(document, "service-level");
    assert_string_equal(json_string_value(json_object_get(entry, "from")), "default");
    json_decref(document);
    release(&r);
}

static void relaxed_ordering_speaks_mooncakes_numbers(void **state)
{
    (void)state;
    static const enum mcb_ordering orderings[] = {MCB_ORDERING_OFF, MCB_ORDERING_ON,
                                                  MCB_ORDERING_AUTO};
    static const char *const texts[] = {"0", "1", "2"};
    for (size_t i = 0; i < LENGTH(texts); i++) {
        struct resolved r = assert_resolved(
            NULL, (const struct given[]){{"MC_IB_PCI_RELAXED_ORDERING", texts[i]}, {NULL, NULL}});
        assert_int_equal(r.settings.ordering_count, 1);
        assert_int_equal(r.settings.orderings[0], orderings[i]);
        release(&r);
    }
}

static void an_option_beats_a_variable_even_one_that_is_wrong(void **state)
{
    (void)state;
    struct resolved r =
        assert_resolved((const struct given[]){{"gid-index", "1"}, {NULL, NULL}},
                        (const struct given[]){{"MC_GID_INDEX", "auto"}, {NULL, NULL}});
    assert_int_equal(r.settings.gid_index, 1);
    release(&r);
}

static void an_empty_variable_counts_as_not_set(void **state)
{
    (void)state;
    struct resolved r = assert_resolved(NULL, (const struct given[]){{"MC_GID_INDEX", ""},
                                                                     {"NCCL_IB_GID_INDEX", "5"},
                                                                     {"MC_MTU", ""},
                                                                     {"MC_TE_FILTERS", ""},
                                                                     {NULL, NULL}});
    assert_int_equal(r.settings.gid_index, 5);
    assert_int_equal(r.settings.mtu, 0);
    release(&r);
}

static void the_first_of_two_variables_counts_even_when_it_asks_for_nothing(void **state)
{
    (void)state;
    struct resolved r = assert_resolved(
        NULL,
        (const struct given[]){{"MC_GID_INDEX", "-1"}, {"NCCL_IB_GID_INDEX", "5"}, {NULL, NULL}});
    assert_int_equal(r.settings.gid_index, -1);
    release(&r);
}

static void what_mooncake_would_read_as_something_else_is_a_fault(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *detail;
    } traps[] = {
        {"MC_IB_PCI_RELAXED_ORDERING", "true",
         "MC_IB_PCI_RELAXED_ORDERING=true: Mooncake reads this as 0, relaxed ordering off; write 0 "
         "(off), 1 (on) or 2 (auto)"},
        {"MC_IB_PCI_RELAXED_ORDERING", "on",
         "MC_IB_PCI_RELAXED_ORDERING=on: Mooncake reads this "
         "as 0, relaxed ordering off"},
        {"MC_IB_PCI_RELAXED_ORDERING", "3",
         "MC_IB_PCI_RELAXED_ORDERING=3: Mooncake reads this as 3 and passes over it"},
        {"MC_GID_INDEX", "auto", "MC_GID_INDEX=auto: Mooncake reads this as 0, the first GID"},
        {"MC_GID_INDEX", "256", "MC_GID_INDEX=256: Mooncake reads this as 256 and passes over it"},
        {"NCCL_IB_GID_INDEX", "x", "NCCL_IB_GID_INDEX=x: Mooncake reads this as 0"},
        {"MC_GID_INDEX", "4294967297", "MC_GID_INDEX=4294967297: Mooncake reads this as 1"},
        {"MC_GID_INDEX", " 3", "MC_GID_INDEX= 3: Mooncake reads this as 3"},
        {"MC_FORCE_TCP", "0", "MC_FORCE_TCP=0: Mooncake looks only at whether this variable is"},
        {"MC_FORCE_TCP", "False", "MC_FORCE_TCP=False: Mooncake looks only at"},
        {"MC_ENABLE_DEST_DEVICE_AFFINITY", "no", "MC_ENABLE_DEST_DEVICE_AFFINITY=no: Mooncake"},
        {"MC_ENABLE_DEST_DEVICE_AFFINITY", "OFF", "MC_ENABLE_DEST_DEVICE_AFFINITY=OFF: Mooncake"},
        {"MC_MTU", "256", "MC_MTU=256: Mooncake reads this as 256 and passes over it"},
        {"MC_MTU", "1500", "MC_MTU=1500: Mooncake passes over this; write 512, 1024, 2048 or"},
        {"MC_MAX_MR_SIZE", "64GiB", "MC_MAX_MR_SIZE=64GiB: Mooncake reads this as 64; write the"},
        {"MC_NUM_QP_PER_EP", "256", "MC_NUM_QP_PER_EP=256: Mooncake reads this as 256 and passes"},
        {"MC_IB_TC", "high", "MC_IB_TC=high: Mooncake reads this as 0; write 0 to 255"},
        {"MC_IB_SL", "16", "MC_IB_SL=16: Mooncake reads this as 16 and passes over it"},
        {"MC_IB_PORT", "one", "MC_IB_PORT=one: Mooncake reads this as 0, which is no port"},
        {"MC_CUSTOM_TOPO_JSON", " {\"*\": [[], []]}",
         "MC_CUSTOM_TOPO_JSON: Mooncake reads this as "
         "the name of a file"},
    };
    for (size_t i = 0; i < LENGTH(traps); i++)
        assert_fault(NULL, (const struct given[]){{traps[i].name, traps[i].text}, {NULL, NULL}},
                     MCB_FAULT_USE_VARIABLE, traps[i].detail);
    assert_fault(NULL, (const struct given[]){{"MC_IB_PORT", "0"}, {NULL, NULL}},
                 MCB_FAULT_USE_VALUE, "MC_IB_PORT=0: out of range; 1 to 255");
    assert_fault(NULL, (const struct given[]){{"MC_TE_FILTERS", "\xff"}, {NULL, NULL}},
                 MCB_FAULT_USE_VALUE, "MC_TE_FILTERS: the value is not UTF-8");
}

static void a_launchers_rank_counts_together_with_etcd_only(void **state)
{
    (void)state;
    static const struct given etcd[] = {
        {"etcd", "a:1"}, {"job", "x"}, {"ranks", "4"}, {NULL, NULL}};
    static const struct given launcher[] = {{"OMPI_COMM_WORLD_RANK", "3"}, {NULL, NULL}};
    struct resolved alone = assert_resolved(
        NULL, (const struct given[]){{"SLURM_PROCID", "none of yours"}, {NULL, NULL}});
    assert_int_equal(alone.settings.rank, -1);
    release(&alone);
    struct resolved joined = assert_resolved(etcd, launcher);
    assert_int_equal(joined.settings.rank, 3);
    release(&joined);
    assert_fault(etcd, (const struct given[]){{"SLURM_PROCID", "4"}, {NULL, NULL}},
                 MCB_FAULT_USE_VALUE, "SLURM_PROCID=4: out of range; 0 to 3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mooncakes_variables_set_the_defaults),
        cmocka_unit_test(relaxed_ordering_speaks_mooncakes_numbers),
        cmocka_unit_test(an_option_beats_a_variable_even_one_that_is_wrong),
        cmocka_unit_test(an_empty_variable_counts_as_not_set),
        cmocka_unit_test(the_first_of_two_variables_counts_even_when_it_asks_for_nothing),
        cmocka_unit_test(what_mooncake_would_read_as_something_else_is_a_fault),
        cmocka_unit_test(a_launchers_rank_counts_together_with_etcd_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
