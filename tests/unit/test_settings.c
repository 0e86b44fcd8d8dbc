/* SPDX-License-Identifier: Apache-2.0 */
#include "settings_helper.h"

static void nothing_given_means_the_defaults(void **state)
{
    (void)state;
    struct resolved r = assert_resolved(NULL, NULL);
    const struct mcb_settings *s = &r.settings;
    assert_int_equal(s->transport, MCB_TRANSPORT_AUTO);
    assert_int_equal(s->operation_count, 1);
    assert_int_equal(s->operations[0], MCB_OPERATION_WRITE);
    assert_int_equal(s->measure_count, 1);
    assert_int_equal(s->measures[0], MCB_MEASURE_BANDWIDTH);
    assert_false(s->size_given || s->depth_given || s->bidirectional || s->verify);
    assert_int_equal(s->pairs, MCB_PAIRS_ALL);
    assert_int_equal(s->ordering_count, 1);
    assert_int_equal(s->orderings[0], MCB_ORDERING_AUTO);
    assert_int_equal(s->qps, 1);
    assert_int_equal(s->depth, 128);
    assert_int_equal(s->signal_every, 0);
    assert_int_equal(s->inline_bytes, 0);
    assert_int_equal(s->duration_ns, 1000000000);
    assert_int_equal(s->warmup_ns, 500000000);
    assert_int_equal(s->trials, 5);
    assert_true(s->max_mr_size == UINT64_MAX);
    assert_int_equal(s->traffic_class, 0);
    assert_int_equal(s->service_level, 0);
    assert_int_equal(s->nic_count, 0);
    assert_int_equal(s->gid_index, -1);
    assert_int_equal(s->ib_port, 0);
    assert_int_equal(s->mtu, 0);
    assert_int_equal(s->memory_count, 1);
    assert_false(s->memories[0].gpu);
    assert_int_equal(s->memories[0].number, -1);
    assert_int_equal(s->peer_memory_count, 0);
    assert_int_equal(s->registration, MCB_REGISTRATION_AUTO);
    assert_int_equal(s->route_count, 1);
    assert_int_equal(s->routes[0], MCB_ROUTE_DIRECT);
    assert_null(s->priority_matrix);
    assert_true(!s->listen && !s->connect && !s->etcd && !s->job && !s->address && !s->output);
    assert_int_equal(s->ranks, 0);
    assert_int_equal(s->rank, -1);
    assert_int_equal(s->timeout_ns, INT64_C(30000000000));
    assert_false(s->json || s->quiet || s->dry_run || s->huge_pages);
    release(&r);
}

static void every_option_reaches_its_member(void **state)
{
    (void)state;
    static const struct given options[] = {{"transport", "rdma"},
                                           {"op", "send,write,send"},
                                           {"measure", "latency,bandwidth"},
                                           {"size", "8,64KiB"},
                                           {"pairs", "ring"},
                                           {"bidirectional", NULL},
                                           {"relaxed-ordering", "both"},
                                           {"qps", "1024"},
                                           {"depth", "8192"},
                                           {"signal-every", "8192"},
                                           {"inline", "65535"},
                                           {"duration", "1h"},
                                           {"warmup", "0"},
                                           {"trials", "1000"},
                                           {"verify", NULL},
                                           {"max-mr-size", "1GiB"},
                                           {"traffic-class", "255"},
                                           {"service-level", "15"},
                                           {"nic", "mlx5_1, mlx5_0"},
                                           {"gid-index", "255"},
                                           {"ib-port", "255"},
                                           {"mtu", "4096"},
                                           {"memory", "cpu:1"},
                                           {"peer-memory", "cpu:0,cuda:1023"},
                                           {"registration", "peermem"},
                                           {"compare", "staged"},
                                           {"huge-pages", NULL},
                                           {"nic-priority-matrix", "{\"*\": [[\"a\"], []]}"},
                                           {"etcd", "n1:2379"},
                                           {"job", "a.b_c-9"},
                                           {"ranks", "1024"},
                                           {"rank", "1023"},
                                           {"address", "fe80::1%eth0"},
                                           {"timeout", "100ms"},
                                           {"output", "r\xc3\xa9sultat.json"},
                                           {"json", NULL},
                                           {"quiet", NULL},
                                           {"dry-run", NULL},
                                           {NULL, NULL}};
    struct resolved r = assert_resolved(options, NULL);
    const struct mcb_settings *s = &r.settings;
    assert_int_equal(s->transport, MCB_TRANSPORT_RDMA);
    assert_int_equal(s->operation_count, 2);
    assert_int_equal(s->operations[0], MCB_OPERATION_SEND);
    assert_int_equal(s->operations[1], MCB_OPERATION_WRITE);
    assert_int_equal(s->measure_count, 2);
    assert_int_equal(s->measures[0], MCB_MEASURE_LATENCY);
    assert_int_equal(s->size_count, 2);
    assert_int_equal(s->sizes[1], 65536);
    assert_true(s->size_given && s->depth_given && s->bidirectional && s->verify);
    assert_int_equal(s->pairs, MCB_PAIRS_RING);
    assert_int_equal(s->ordering_count, 2);
    assert_int_equal(s->orderings[0], MCB_ORDERING_OFF);
    assert_int_equal(s->orderings[1], MCB_ORDERING_ON);
    assert_int_equal(s->qps, 1024);
    assert_int_equal(s->depth, 8192);
    assert_int_equal(s->signal_every, 8192);
    assert_int_equal(s->inline_bytes, 65535);
    assert_true(s->duration_ns == INT64_C(3600000000000));
    assert_int_equal(s->warmup_ns, 0);
    assert_int_equal(s->trials, 1000);
    assert_int_equal(s->max_mr_size, 1 << 30);
    assert_int_equal(s->traffic_class, 255);
    assert_int_equal(s->service_level, 15);
    assert_int_equal(s->nic_count, 2);
    assert_string_equal(s->nics[0], "mlx5_1");
    assert_string_equal(s->nics[1], "mlx5_0");
    assert_int_equal(s->gid_index, 255);
    assert_int_equal(s->ib_port, 255);
    assert_int_equal(s->mtu, 4096);
    assert_int_equal(s->memory_count, 1);
    assert_false(s->memories[0].gpu);
    assert_int_equal(s->memories[0].number, 1);
    assert_int_equal(s->peer_memory_count, 2);
    assert_int_equal(s->peer_memories[0].number, 0);
    assert_true(s->peer_memories[1].gpu);
    assert_int_equal(s->peer_memories[1].number, 1023);
    assert_int_equal(s->registration, MCB_REGISTRATION_PEERMEM);
    assert_int_equal(s->route_count, 3);
    for (int route = 0; route < MCB_ROUTES; route++)
        assert_int_equal(s->routes[route], route);
    assert_true(s->huge_pages);
    assert_int_equal(json_object_size(s->priority_matrix), 1);
    assert_string_equal(s->etcd, "http://n1:2379");
    assert_string_equal(s->job, "a.b_c-9");
    assert_int_equal(s->ranks, 1024);
    assert_int_equal(s->rank, 1023);
    assert_string_equal(s->address, "fe80::1%eth0");
    assert_int_equal(s->timeout_ns, 100000000);
    assert_string_equal(s->output, "r\xc3\xa9sultat.json");
    assert_true(s->json && s->quiet && s->dry_run);
    release(&r);
}

static void the_names_are_those_of_the_options(void **state)
{
    (void)state;
    static const struct given options[] = {{"op", "write,read,send"},
                                           {"measure", "bandwidth,latency"},
                                           {"relaxed-ordering", "off"},
                                           {NULL, NULL}};
    struct resolved r = assert_resolved(options, NULL);
    assert_string_equal(mcb_operation_name(r.settings.operations[0]), "write");
    assert_string_equal(mcb_operation_name(r.settings.operations[1]), "read");
    assert_string_equal(mcb_operation_name(r.settings.operations[2]), "send");
    assert_string_equal(mcb_measure_name(r.settings.measures[0]), "bandwidth");
    assert_string_equal(mcb_measure_name(r.settings.measures[1]), "latency");
    assert_string_equal(mcb_ordering_name(r.settings.orderings[0]), "off");
    assert_string_equal(mcb_ordering_name(MCB_ORDERING_ON), "on");
    assert_string_equal(mcb_ordering_name(MCB_ORDERING_AUTO), "auto");
    assert_string_equal(mcb_route_name(MCB_ROUTE_DIRECT), "direct");
    assert_string_equal(mcb_route_name(MCB_ROUTE_STAGED), "staged");
    assert_string_equal(mcb_route_name(MCB_ROUTE_HOST), "host");
    release(&r);
}

static void a_wrong_value_is_named_with_what_would_be_right(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *detail;
    } wrong[] = {
        {"size", "64Kib4", "--size 64Kib4: not a size; write 64KiB, 4KiB,1MiB or 2..8MiB"},
        {"size", "1.5KiB", "--size 1.5KiB: not a size"},
        {"size", "0", "--size 0: out of range; 1B to 128MiB"},
        {"size", "134217729", "--size 134217729: out of range"},
        {"size",
         "1,2,3,4,5,6,7,9,10,11,12,13,14,15,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,"
         "33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,48,49,50,51,52,53,54,55,56,57,58,59,"
         "60,61,62,63,65,66,67,68,69,70",
         "--size 1,2,3,4,5,6,7,9,"},
        {"op", "writ", "--op writ: not one of write, read, send (did you mean write?)"},
        {"op", "write,", "--op '': not one of"},
        {"op", "write,rede", "--op rede: not one of write, read, send (did you mean read?)"},
        {"op", "writewritewritewritewritewritewrite", "--op writewrite"},
        {"measure", "Latency", "--measure Latency: not one of bandwidth, latency (did you mean"},
        {"transport", "ib", "--transport ib: not one of auto, rdma, tcp"},
        {"pairs", "rails",
         "--pairs rails: not one of all, rail, ring, affinity (did you mean rail?)"},
        {"relaxed-ordering", "1", "--relaxed-ordering 1: not one of off, on, auto, both"},
        {"qps", "0", "--qps 0: out of range; 1 to 1024"},
        {"qps", "1025", "--qps 1025: out of range"},
        {"depth", "8193", "--depth 8193: out of range; 1 to 8192"},
        {"inline", "65536", "--inline 65536: out of range; 0 to 65535"},
        {"duration", "999us", "--duration 999us: out of range; 1ms to 1h"},
        {"duration", "fast", "--duration fast: not a duration; write 500ms, 1.5s"},
        {"warmup", "11min", "--warmup 11min: out of range; 0s to 10min"},
        {"trials", "1001", "--trials 1001: out of range; 1 to 1000"},
        {"max-mr-size", "0", "--max-mr-size 0: not a size"},
        {"traffic-class", "256", "--traffic-class 256: out of range; 0 to 255"},
        {"service-level", "16", "--service-level 16: out of range; 0 to 15"},
        {"nic", "mlx5_0,,mlx5_1", "--nic mlx5_0,,mlx5_1: an empty name in the list"},
        {"nic", "mlx5_0,mlx5_0", "--nic mlx5_0,mlx5_0: mlx5_0 is named twice"},
        {"nic", "../etc", "--nic ../etc: not a list of NIC names"},
        {"nic", "a_name_of_sixty_four_characters_which_is_one_more_than_there_can_b",
         "--nic a_name_of_sixty_four"},
        {"gid-index", "256", "--gid-index 256: out of range; 0 to 255"},
        {"gid-index", "auto", "--gid-index auto: not a whole number; 0 to 255"},
        {"ib-port", "0", "--ib-port 0: out of range; 1 to 255"},
        {"mtu", "1500", "--mtu 1500: not one of 256, 512, 1024, 2048, 4096"},
        {"memory", "cpu:",
         "--memory cpu:: not a list of memories; write cpu, cpu:N (NUMA node N), cuda, cuda:N (GPU "
         "N), N being 0 to 1023, or all"},
        {"memory", "", "--memory '': not a list of memories"},
        {"memory", "cpu,", "--memory cpu,: not a list of memories"},
        {"memory", "gpu:0", "--memory gpu:0: not a list of memories"},
        {"memory", "cuda0", "--memory cuda0: not a list of memories"},
        {"memory", "cuda:-1", "--memory cuda:-1: not a list of memories"},
        {"memory", "all:0", "--memory all:0: not a list of memories"},
        {"memory", "cuda:00000000000000000000", "--memory cuda:00000000000000000000: not a list"},
        {"peer-memory", "cpu:1024", "--peer-memory cpu:1024: not a list of memories"},
        {"registration", "dma-buf", "--registration dma-buf: not one of auto, peermem, dmabuf"},
        {"compare", "host", "--compare host: not one of staged"},
        {"listen", "0", "--listen 0: not [ADDR:]PORT"},
        {"listen", "host name:1", "--listen host name:1: not [ADDR:]PORT"},
        {"connect", "18515", "--connect 18515: not HOST:PORT"},
        {"connect", "n1:65536", "--connect n1:65536: not HOST:PORT"},
        {"address", "n1/2", "--address n1/2: not a host name or address"},
        {"timeout", "99ms", "--timeout 99ms: out of range; 100ms to 1h"},
        {"output", "", "--output '': not a file name"},
    };
    for (size_t i = 0; i < LENGTH(wrong); i++)
        assert_fault((const struct given[]){{wrong[i].name, wrong[i].text}, {NULL, NULL}}, NULL,
                     MCB_FAULT_USE_VALUE, wrong[i].detail);
}

/* "cpu cuda:1": what a list of memories came to. */
static void assert_memories(const char *text, const char *expected)
{
    struct resolved r =
        assert_resolved((const struct given[]){{"memory", text}, {NULL, NULL}}, NULL);
    char found[MCB_MEMORIES_MAX * 12] = "";
    for (size_t i = 0; i < r.settings.memory_count; i++) {
        const struct mcb_memory_choice *memory = &r.settings.memories[i];
        size_t length = strlen(found);
        snprintf(found + length, sizeof found - length, "%s%s", i ? " " : "",
                 memory->gpu ? "cuda" : "cpu");
        length = strlen(found);
        if (memory->number != -1)
            snprintf(found + length, sizeof found - length, ":%d", memory->number);
    }
    assert_string_equal(found, expected);
    release(&r);
}

static void memories_are_a_list_without_doubles_in_the_order_given(void **state)
{
    (void)state;
    assert_memories("cuda", "cuda");
    assert_memories("cuda:1,cpu,cuda:0", "cuda:1 cpu cuda:0");
    assert_memories("cuda:1,cuda:01,cpu:1,cuda:1", "cuda:1 cpu:1");
    assert_memories("all", "cpu cuda");
    assert_memories("cuda,all,cpu", "cuda cpu");
}

static void there_are_64_memories_at_most(void **state)
{
    (void)state;
    char text[1024] = "cpu:0";
    for (int i = 1; i < MCB_MEMORIES_MAX; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), ",cpu:%d", i);
    strcat(text, ",cpu:0");
    struct resolved r =
        assert_resolved((const struct given[]){{"peer-memory", text}, {NULL, NULL}}, NULL);
    assert_int_equal(r.settings.peer_memory_count, MCB_MEMORIES_MAX);
    release(&r);

    char more[1100], detail[256];
    snprintf(more, sizeof more, "%s,all", text);
    struct mcb_setting_values *values;
    struct mcb_settings settings;
    struct mcb_error error;
    assert_int_equal(resolve((const struct given[]){{"peer-memory", more}, {NULL, NULL}}, NULL,
                             &values, &settings, &error),
                     MCB_FAULT_USE_VALUE);
    snprintf(detail, sizeof detail, "...: more than %d memories", MCB_MEMORIES_MAX);
    assert_non_null(strstr(error.detail, detail));
    mcb_setting_values_free(values);
}

static void what_needs_a_gpu_is_refused_without_one(void **state)
{
    (void)state;
    assert_fault((const struct given[]){{"compare", "staged"}, {NULL, NULL}}, NULL,
                 MCB_FAULT_USE_OPTION,
                 "--compare: means something for memory of GPUs only; mcbench gpu, with cuda in");
    assert_fault(
        (const struct given[]){{"registration", "dmabuf"}, {"memory", "cpu:0"}, {NULL, NULL}}, NULL,
        MCB_FAULT_USE_OPTION, "--registration: means something for memory of GPUs only");
    static const struct given mixed[] = {
        {"compare", "staged"}, {"registration", "dmabuf"}, {"peer-memory", "cuda:0"}, {NULL, NULL}};
    static const struct given huge[] = {{"memory", "cuda"},
                                        {"huge-pages", NULL},
                                        {"pairs", "affinity"},
                                        {"bidirectional", NULL},
                                        {NULL, NULL}};
    struct resolved r = assert_resolved(mixed, NULL);
    assert_int_equal(r.settings.registration, MCB_REGISTRATION_DMABUF);
    release(&r);
    r = assert_resolved(huge, NULL); /* of the bounce buffers */
    assert_int_equal(r.settings.pairs, MCB_PAIRS_AFFINITY);
    release(&r);
}

static void affinity_has_one_target(void **state)
{
    (void)state;
    static const char *const several[] = {"cpu:0,cpu:1", "cuda,cpu", "all"};
    for (size_t i = 0; i < LENGTH(several); i++) {
        const struct given options[] = {
            {"pairs", "affinity"}, {"peer-memory", several[i]}, {NULL, NULL}};
        char detail[64];
        snprintf(detail, sizeof detail, "--peer-memory %s: 2 memories; --pairs affinity",
                 several[i]);
        assert_fault(options, NULL, MCB_FAULT_USE_VALUE, detail);
    }
    static const struct given one[] = {
        {"pairs", "affinity"}, {"memory", "all"}, {"peer-memory", "cuda"}, {NULL, NULL}};
    static const struct given all_pairs[] = {{"peer-memory", "all"}, {NULL, NULL}};
    struct resolved r = assert_resolved(one, NULL);
    release(&r);
    r = assert_resolved(all_pairs, NULL);
    release(&r);
}

static void memory_of_a_gpu_is_seen_at_either_end(void **state)
{
    (void)state;
    static const struct {
        struct given options[3];
        bool gpus;
    } cases[] = {{{{NULL, NULL}}, false},
                 {{{"memory", "cpu:1"}, {"peer-memory", "cpu"}}, false},
                 {{{"memory", "cpu,cuda:1"}}, true},
                 {{{"peer-memory", "all"}}, true}};
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct resolved r = assert_resolved(cases[i].options, NULL);
        assert_int_equal(mcb_settings_use_gpus(&r.settings), cases[i].gpus);
        release(&r);
    }
}

static void a_command_may_have_defaults_of_its_own(void **state)
{
    (void)state;
    struct mcb_error error;
    struct mcb_settings settings;
    struct mcb_setting_values *values = mcb_setting_values_new();
    assert_string_equal(mcb_setting_values_default_text(values, "memory"), "cpu");
    assert_null(mcb_setting_values_default_text(values, "peer-memory"));
    assert_int_equal(mcb_setting_values_default(values, "memory", "cuda", &error), 0);
    assert_string_equal(mcb_setting_values_default_text(values, "memory"), "cuda");
    json_t *document = mcb_setting_values_to_json(values);
    json_t *entry = json_object_get(document, "memory");
    assert_string_equal(json_string_value(json_object_get(entry, "value")), "cuda");
    assert_string_equal(json_string_value(json_object_get(entry, "from")), "default");
    json_decref(document);
    assert_int_equal(mcb_settings_resolve(values, &settings, &error), 0);
    assert_true(mcb_settings_use_gpus(&settings));
    mcb_settings_release(&settings);

    assert_int_equal(mcb_setting_values_set(values, "memory", "cpu:0", &error), 0);
    assert_int_equal(mcb_settings_resolve(values, &settings, &error), 0);
    assert_false(mcb_settings_use_gpus(&settings));
    assert_string_equal(mcb_setting_values_default_text(values, "memory"), "cuda");
    mcb_settings_release(&settings);
    mcb_setting_values_free(values);
}

static void numbers_that_only_look_like_numbers_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "-0",
                                        "+1",
                                        " 1",
                                        "1 ",
                                        "0x10",
                                        "1e3",
                                        "1.5",
                                        "\xd9\xa1",
                                        "18446744073709551617",
                                        "9999999999999999999999"};
    static const char *const names[] = {
        "qps",           "depth",     "signal-every", "inline",        "trials",
        "traffic-class", "gid-index", "ib-port",      "service-level", "mtu"};
    for (size_t name = 0; name < LENGTH(names); name++)
        for (size_t text = 0; text < LENGTH(texts); text++)
            assert_fault((const struct given[]){{names[name], texts[text]}, {NULL, NULL}}, NULL,
                         MCB_FAULT_USE_VALUE, "--");
}

static void an_option_that_does_not_exist_brings_the_nearest(void **state)
{
    (void)state;
    struct mcb_error error;
    struct mcb_setting_values *values = mcb_setting_values_new();
    assert_int_equal(mcb_setting_values_set(values, "gid_index", "1", &error), -1);
    assert_int_equal(error.code, MCB_FAULT_USE_OPTION);
    assert_string_equal(error.detail, "--gid_index: no such option (did you mean --gid-index?)");
    assert_int_equal(mcb_setting_values_set(values, "colour", "1", &error), -1);
    assert_string_equal(error.detail, "--colour: no such option");
    mcb_setting_values_free(values);
}

static void an_option_is_given_once_and_with_a_value_where_it_takes_one(void **state)
{
    (void)state;
    struct mcb_error error;
    struct mcb_setting_values *values = mcb_setting_values_new();
    assert_int_equal(mcb_setting_values_set(values, "qps", "1", &error), 0);
    assert_int_equal(mcb_setting_values_set(values, "qps", "2", &error), -1);
    assert_int_equal(error.code, MCB_FAULT_USE_OPTION);
    assert_string_equal(error.detail, "--qps: given twice");
    assert_int_equal(mcb_setting_values_set(values, "verify", "yes", &error), -1);
    assert_string_equal(error.detail, "--verify: takes no value");
    assert_int_equal(mcb_setting_values_set(values, "depth", NULL, &error), -1);
    assert_string_equal(error.detail, "--depth: needs a value, N");
    mcb_setting_values_free(values);
}

static void text_that_no_document_can_hold_is_refused(void **state)
{
    (void)state;
    struct mcb_error error;
    struct mcb_setting_values *values = mcb_setting_values_new();
    assert_int_equal(mcb_setting_values_set(values, "output", "a\xff", &error), -1);
    assert_int_equal(error.code, MCB_FAULT_USE_VALUE);
    assert_string_equal(error.detail, "--output: the value is not UTF-8");

    size_t length = 2 << 20;
    char *text = malloc(length + 1);
    memset(text, '1', length);
    text[length] = '\0';
    assert_int_equal(mcb_setting_values_set(values, "size", text, &error), -1);
    assert_string_equal(error.detail, "--size: the value is too long");
    free(text);
    mcb_setting_values_free(values);
}

static void a_long_value_does_not_push_the_advice_out_of_the_message(void **state)
{
    (void)state;
    char text[4096];
    for (size_t i = 0; i + 2 < sizeof text; i += 2)
        memcpy(text + i, "\xc3\xa9", 2); /* so that the cut falls on whole characters */
    text[sizeof text - 2] = '\0';

    struct mcb_setting_values *values;
    struct mcb_settings settings;
    struct mcb_error error;
    resolve((const struct given[]){{"size", text}, {NULL, NULL}}, NULL, &values, &settings, &error);
    assert_non_null(strstr(error.detail, "...: not a size; write 64KiB"));
    json_t *detail = json_string(error.detail); /* NULL unless it is UTF-8 */
    assert_non_null(detail);
    json_decref(detail);
    mcb_setting_values_free(values);
}

static void there_is_one_way_to_find_the_peers_and_it_is_whole(void **state)
{
    (void)state;
    static const struct {
        struct given options[4];
        const char *detail;
    } wrong[] = {
        {{{"listen", "1"}, {"connect", "a:1"}}, "--listen and --connect: only one of"},
        {{{"connect", "a:1"}, {"etcd", "a:1"}}, "--connect and --etcd: only one of"},
        {{{"etcd", "a:1"}, {"ranks", "2"}}, "--etcd: needs --job NAME too"},
        {{{"etcd", "a:1"}, {"job", "x"}}, "--etcd: needs --ranks N too"},
        {{{"job", "x"}}, "--job: means something together with --etcd only"},
        {{{"ranks", "2"}}, "--ranks: means something together with --etcd only"},
        {{{"listen", "1"}, {"rank", "0"}}, "--rank: means something together with --etcd only"},
    };
    for (size_t i = 0; i < LENGTH(wrong); i++)
        assert_fault(wrong[i].options, NULL, MCB_FAULT_USE_OPTION, wrong[i].detail);
    assert_fault(
        (const struct given[]){
            {"etcd", "a:1"}, {"job", "x"}, {"ranks", "2"}, {"rank", "2"}, {NULL, NULL}},
        NULL, MCB_FAULT_USE_VALUE, "--rank 2: out of range; 0 to 1, for --ranks 2");
    assert_fault((const struct given[]){{"signal-every", "129"}, {NULL, NULL}}, NULL,
                 MCB_FAULT_USE_VALUE, "--signal-every 129: out of range; 0 to 128, the --depth");
}

static void etcd_urls_are_made_whole(void **state)
{
    (void)state;
    static const struct {
        const char *text, *urls;
    } right[] = {
        {"http://n1:2379", "http://n1:2379"},
        {"n1:2379", "http://n1:2379"},
        {"HTTPS://n1:2379/", "https://n1:2379"},
        {"n1:1,https://10.0.0.1:2;[fe80::1]:3",
         "http://n1:1,https://10.0.0.1:2,http://[fe80::1]:3"},
    };
    for (size_t i = 0; i < LENGTH(right); i++) {
        struct resolved r = assert_resolved(
            (const struct given[]){
                {"etcd", right[i].text}, {"job", "x"}, {"ranks", "2"}, {NULL, NULL}},
            NULL);
        assert_string_equal(r.settings.etcd, right[i].urls);
        release(&r);
    }
    static const char *const wrong[] = {"",
                                        "n1",
                                        "http://",
                                        "http://n1",
                                        "http://:1",
                                        "n1:0",
                                        "n1:1,",
                                        "ftp://n1:1",
                                        "n1:1/v3",
                                        "n1:1?x",
                                        "2379",
                                        "n1:1 ,n2:1",
                                        "n1:1//",
                                        "http:/n1:1",
                                        "a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,"
                                        "a:1,a:1,a:1"};
    for (size_t i = 0; i < LENGTH(wrong); i++)
        assert_fault(
            (const struct given[]){{"etcd", wrong[i]}, {"job", "x"}, {"ranks", "2"}, {NULL, NULL}},
            NULL, MCB_FAULT_USE_VALUE, "--etcd ");
}

static void credentials_in_a_url_are_refused_and_shown_nowhere(void **state)
{
    (void)state;
    static const char *const texts[] = {"http://root:secret@n1:2379", "root:secret@n1:2379",
                                        "n1:1,https://root:se@cret@n2:1"};
    for (size_t i = 0; i < LENGTH(texts); i++) {
        const struct given options[] = {
            {"etcd", texts[i]}, {"job", "x"}, {"ranks", "2"}, {NULL, NULL}};
        struct mcb_setting_values *values;
        struct mcb_settings settings;
        struct mcb_error error;
        assert_int_equal(resolve(options, NULL, &values, &settings, &error), MCB_FAULT_USE_VALUE);
        assert_non_null(strstr(error.detail, "ETCDCTL_USER"));
        assert_null(strstr(error.detail, "cret"));

        json_t *document = mcb_setting_values_to_json(values);
        char *text = json_dumps(document, 0);
        assert_null(strstr(text, "cret"));
        assert_null(strstr(text, "root"));
        assert_non_null(strstr(text, "***@n"));
        free(text);
        json_decref(document);
        mcb_setting_values_free(values);
    }
}

static void a_job_name_has_1_to_64_plain_characters(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "a b",
        "a/b",
        "a\n",
        "j\xc3\xb6"
        "b",
        "a2345678901234567890123456789012345678901234567890123456789012345"};
    for (size_t i = 0; i < LENGTH(wrong); i++)
        assert_fault(
            (const struct given[]){
                {"etcd", "a:1"}, {"job", wrong[i]}, {"ranks", "2"}, {NULL, NULL}},
            NULL, MCB_FAULT_USE_VALUE, "--job ");
}

static void the_document_holds_every_value_and_its_origin(void **state)
{
    (void)state;
    struct mcb_setting_values *values =
        make_values((const struct given[]){{"size", "64KiB"}, {"verify", NULL}, {NULL, NULL}});
    json_t *document = mcb_setting_values_to_json(values);
    const char *value, *from;
    assert_int_equal(
        json_unpack(document, "{s:{s:s, s:s}}", "size", "value", &value, "from", &from), 0);
    assert_string_equal(value, "64KiB");
    assert_string_equal(from, "option");
    assert_int_equal(
        json_unpack(document, "{s:{s:s, s:s}}", "verify", "value", &value, "from", &from), 0);
    assert_string_equal(value, "true");
    assert_int_equal(
        json_unpack(document, "{s:{s:s, s:s}}", "depth", "value", &value, "from", &from), 0);
    assert_string_equal(from, "default");
    assert_null(json_object_get(document, "bidirectional"));
    assert_null(json_object_get(document, "nic"));
    json_decref(document);
    mcb_setting_values_free(values);
}

static void the_table_is_whole(void **state)
{
    (void)state;
    size_t count;
    const struct mcb_setting *table = mcb_settings_table(&count);
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(mcb_settings_find(table[i].name), &table[i]); /* no name twice */
        assert_non_null(table[i].group);
        assert_non_null(table[i].parse);
        assert_non_null(table[i].help);
        assert_true(strlen(table[i].name) < 40);
        if (table[i].needs)
            assert_non_null(mcb_settings_find(table[i].needs));
        /* The merge compares rows of scope JOB as bytes and knows one variable of each. */
        if (table[i].scope == MCB_SCOPE_JOB && table[i].variable)
            assert_null(strchr(table[i].variable, ','));
    }
    assert_null(mcb_settings_find("colour"));
    assert_string_equal(mcb_settings_nearest("trails"), "trials");
}

static void random_text_is_taken_or_refused_but_never_trusted(void **state)
{
    (void)state;
    static const char alphabet[] = "0123456789.,:;/[]{}\"@-_=%KMiBmsaehtpx \xc3\xa9\x01";
    size_t count;
    const struct mcb_setting *table = mcb_settings_table(&count);
    srandom(1);
    for (int round = 0; round < 60000; round++) {
        struct mcb_error error = {.code = MCB_FAULT_NONE};
        struct mcb_settings settings = {.rank = -1};
        size_t length = (size_t)random() % 40;
        char *text = malloc(length + 1);
        for (size_t i = 0; i < length; i++)
            text[i] = alphabet[(size_t)random() % (sizeof alphabet - 1)];
        text[length] = '\0';

        const struct mcb_setting *row = &table[(size_t)random() % count];
        if (row->parse(&settings, text, "--x", &error))
            assert_int_not_equal(error.code, MCB_FAULT_NONE);
        char option[128];
        if (row->translate && row->translate("MC_X", text, option, sizeof option, &error))
            assert_int_equal(error.code, MCB_FAULT_USE_VARIABLE);
        mcb_settings_release(&settings);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_given_means_the_defaults),
        cmocka_unit_test(every_option_reaches_its_member),
        cmocka_unit_test(the_names_are_those_of_the_options),
        cmocka_unit_test(a_wrong_value_is_named_with_what_would_be_right),
        cmocka_unit_test(memories_are_a_list_without_doubles_in_the_order_given),
        cmocka_unit_test(there_are_64_memories_at_most),
        cmocka_unit_test(what_needs_a_gpu_is_refused_without_one),
        cmocka_unit_test(affinity_has_one_target),
        cmocka_unit_test(memory_of_a_gpu_is_seen_at_either_end),
        cmocka_unit_test(a_command_may_have_defaults_of_its_own),
        cmocka_unit_test(numbers_that_only_look_like_numbers_are_refused),
        cmocka_unit_test(an_option_that_does_not_exist_brings_the_nearest),
        cmocka_unit_test(an_option_is_given_once_and_with_a_value_where_it_takes_one),
        cmocka_unit_test(text_that_no_document_can_hold_is_refused),
        cmocka_unit_test(a_long_value_does_not_push_the_advice_out_of_the_message),
        cmocka_unit_test(there_is_one_way_to_find_the_peers_and_it_is_whole),
        cmocka_unit_test(etcd_urls_are_made_whole),
        cmocka_unit_test(credentials_in_a_url_are_refused_and_shown_nowhere),
        cmocka_unit_test(a_job_name_has_1_to_64_plain_characters),
        cmocka_unit_test(the_document_holds_every_value_and_its_origin),
        cmocka_unit_test(the_table_is_whole),
        cmocka_unit_test(random_text_is_taken_or_refused_but_never_trusted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
