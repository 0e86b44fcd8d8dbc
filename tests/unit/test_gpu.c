/* SPDX-License-Identifier: Apache-2.0 */
/* The search for a module and what is believed of it: each thing that can be missing or wrong is
 * told apart. The GPUs are stand-ins (tests/stand-in). */
#include "gpu/gpu.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/file.h"

static struct mcb_gpus *open_gpus(const char *stand_in)
{
    struct mcb_gpus *gpus = NULL;
    struct mcb_error error = {0};
    setenv("MCB_GPU_MODULE", MCB_STAND_IN_MODULE, 1);
    setenv("MCB_STAND_IN", stand_in, 1);
    if (mcb_gpus_open(&gpus, &error) != 0)
        fail_msg("%s: %s", stand_in, error.detail);
    return gpus;
}

/* Expects the fault, and each of the texts (up to a NULL) in its detail. */
static void expect_fault(enum mcb_fault_code code, const char *const *texts)
{
    struct mcb_gpus *gpus = (struct mcb_gpus *)&gpus;
    struct mcb_error error = {0};
    assert_int_equal(mcb_gpus_open(&gpus, &error), -1);
    assert_ptr_equal(gpus, &gpus);
    if (error.code != code)
        fail_msg("%s: %s", mcb_fault_get(error.code)->id, error.detail);
    for (; *texts; texts++)
        if (!strstr(error.detail, *texts))
            fail_msg("'%s' is not in: %s", *texts, error.detail);
}

static void expect_module_fault(const char *module, const char *const *texts)
{
    setenv("MCB_GPU_MODULE", module, 1);
    unsetenv("MCB_STAND_IN");
    expect_fault(MCB_FAULT_GPU_MODULE, texts);
}

static void expect_stand_in_fault(const char *stand_in, enum mcb_fault_code code,
                                  const char *const *texts)
{
    setenv("MCB_GPU_MODULE", MCB_STAND_IN_MODULE, 1);
    setenv("MCB_STAND_IN", stand_in, 1);
    expect_fault(code, texts);
}

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* The file of the stand-in, to be changed and loaded from another place. */
struct image {
    char *bytes;
    size_t length;
    ElfW(Ehdr) * header;
    ElfW(Phdr) * segments;
};

static struct image read_image(void)
{
    struct mcb_error error = {0};
    struct image image = {0};
    image.bytes =
        mcb_file_read(MCB_STAND_IN_MODULE, 1 << 28, 0, MCB_FAULT_GPU_MODULE, &image.length, &error);
    assert_non_null(image.bytes);
    image.header = (void *)image.bytes;
    image.segments = (void *)(image.bytes + image.header->e_phoff);
    return image;
}

/* Of the table, among the symbols that the loader sees. */
static ElfW(Sym) * find_table_symbol(const struct image *image)
{
    ElfW(Shdr) *sections = (void *)(image->bytes + image->header->e_shoff), *symbols = sections;
    while (symbols->sh_type != SHT_DYNSYM)
        symbols++;
    const char *names = image->bytes + sections[symbols->sh_link].sh_offset;
    ElfW(Sym) *symbol = (void *)(image->bytes + symbols->sh_offset);
    while (strcmp(names + symbol->st_name, "mcb_gpu_module") != 0)
        symbol++;
    return symbol;
}

static void expect_image_fault(const struct image *image, size_t length, const char *const *texts)
{
    char path[] = "/tmp/mcbench-test-gpu.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, image->bytes, length), length);
    close(fd);
    struct mcb_gpus *gpus;
    struct mcb_error error = {0};
    setenv("MCB_GPU_MODULE", path, 1);
    unsetenv("MCB_STAND_IN");
    int result = mcb_gpus_open(&gpus, &error);
    unlink(path);
    if (result == 0)
        fail_msg("was loaded, and should not: %s", *texts);
    assert_int_equal(error.code, MCB_FAULT_GPU_MODULE);
    for (; *texts; texts++)
        if (!strstr(error.detail, *texts))
            fail_msg("'%s' is not in: %s", *texts, error.detail);
}

/* ---- the module ---- */

static void without_a_module_it_says_where_it_looked_and_why_there_is_none(void **state)
{
    (void)state;
    char program[4096] = "";
    assert_true(readlink("/proc/self/exe", program, sizeof program - 1) > 0);
    *strrchr(program, '/') = '\0';
    const char *const values[] = {NULL, ""};
    for (int n = 0; n < 2; n++) {
        unsetenv("MCB_GPU_MODULE");
        if (values[n])
            setenv("MCB_GPU_MODULE", values[n], 1);
        expect_fault(MCB_FAULT_GPU_MODULE, TEXTS("mcbench-cuda.so: it is neither in ", program,
                                                 "/mcbench; this mcbench "
                                                 "was built with"));
    }
}

static void a_named_file_that_is_not_there_is_named(void **state)
{
    (void)state;
    expect_module_fault("/nowhere/mcbench-cuda.so",
                        TEXTS("MCB_GPU_MODULE=/nowhere/mcbench-cuda.so: No such file"));
}

static void a_name_without_folder_is_a_file_here_and_not_one_of_the_systems_libraries(void **state)
{
    (void)state;
    expect_module_fault("libc.so.6", TEXTS("MCB_GPU_MODULE=libc.so.6: No such file"));
}

static void a_file_that_is_no_shared_object_does_not_load(void **state)
{
    (void)state;
    char path[] = "/tmp/mcbench-test-gpu.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "not an object of any kind\n", 26), 26);
    close(fd);
    char shown[128];
    snprintf(shown, sizeof shown, "%s: does not load: ", path);
    struct mcb_gpus *gpus;
    struct mcb_error error = {0};
    setenv("MCB_GPU_MODULE", path, 1);
    int result = mcb_gpus_open(&gpus, &error);
    unlink(path);
    assert_int_equal(result, -1);
    assert_int_equal(error.code, MCB_FAULT_GPU_MODULE);
    assert_ptr_equal(strstr(error.detail, shown), error.detail);
    assert_true(strlen(error.detail) > strlen(shown));
    assert_null(strstr(error.detail + strlen(shown), path)); /* once is enough */
}

static void what_is_no_regular_file_is_refused_and_not_waited_for(void **state)
{
    (void)state;
    char folder[] = "/tmp/mcbench-test-gpu.XXXXXX", pipe_path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(pipe_path, sizeof pipe_path, "%s/pipe", folder);
    assert_int_equal(mkfifo(pipe_path, 0600), 0);
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
    alarm(60); /* ends a test that waits all the same */
    expect_module_fault(pipe_path, TEXTS(pipe_path, ": does not load: not a regular file"));
    expect_module_fault(ptsname(terminal), TEXTS("not a regular file"));
    expect_module_fault("/dev/zero", TEXTS("/dev/zero: does not load: not a regular file"));
    expect_module_fault(folder, TEXTS("not a regular file"));
    alarm(0);
    close(terminal);
    unlink(pipe_path);
    rmdir(folder);
}

static void a_module_that_was_cut_off_is_refused_wherever_that_was(void **state)
{
    (void)state;
    struct image image = read_image();
    size_t end = 0; /* of all that is loaded */
    for (unsigned n = 0; n < image.header->e_phnum; n++)
        if (image.segments[n].p_type == PT_LOAD)
            end = image.segments[n].p_offset + image.segments[n].p_filesz;
    const size_t table_end = image.header->e_phoff + image.header->e_phnum * sizeof(ElfW(Phdr));
    const size_t lengths[] = {sizeof(ElfW(Ehdr)), table_end - 1, table_end, 4096, end / 2, end - 1};
    for (size_t n = 0; n < sizeof lengths / sizeof lengths[0]; n++) {
        char told[64];
        snprintf(told, sizeof told, "it is cut off after %zu bytes", lengths[n]);
        expect_image_fault(&image, lengths[n], TEXTS("does not load", told));
    }
    expect_image_fault(&image, 0, TEXTS("does not load: no shared object"));
    expect_image_fault(&image, sizeof(ElfW(Ehdr)) - 1, TEXTS("does not load: no shared object"));
    free(image.bytes);
}

static void offsets_in_a_module_that_lead_out_of_it_are_not_followed(void **state)
{
    (void)state;
    struct image image = read_image();
    const ElfW(Off) table = image.header->e_phoff;
    const ElfW(Off) beyond[] = {image.length, UINT64_MAX, UINT64_MAX - 63, (UINT64_C(1) << 63) - 1};
    for (size_t n = 0; n < sizeof beyond / sizeof beyond[0]; n++) {
        image.header->e_phoff = beyond[n];
        expect_image_fault(&image, image.length, TEXTS("cut off"));
    }
    image.header->e_phoff = table;
    unsigned load = 0;
    while (image.segments[load].p_type != PT_LOAD)
        load++;
    const ElfW(Phdr) segment = image.segments[load];
    for (size_t n = 0; n < sizeof beyond / sizeof beyond[0]; n++) {
        image.segments[load].p_offset = beyond[n];
        expect_image_fault(&image, image.length, TEXTS("cut off"));
        image.segments[load] = segment;
        image.segments[load].p_filesz = beyond[n] + 1 ? beyond[n] + 1 : beyond[n];
        expect_image_fault(&image, image.length, TEXTS("cut off"));
        image.segments[load] = segment;
    }
    image.header->e_phentsize--;
    expect_image_fault(&image, image.length, TEXTS("its ELF header is damaged"));
    free(image.bytes);
}

static void a_module_for_another_kind_of_processor_is_told_so(void **state)
{
    (void)state;
    struct image image = read_image();
    const ElfW(Ehdr) header = *image.header;
    image.header->e_machine++;
    expect_image_fault(&image, image.length, TEXTS("another kind of processor"));
    *image.header = header;
    image.header->e_ident[EI_CLASS] ^= ELFCLASS32 ^ ELFCLASS64;
    expect_image_fault(&image, image.length, TEXTS("another kind of processor"));
    *image.header = header;
    image.header->e_ident[EI_DATA] ^= ELFDATA2LSB ^ ELFDATA2MSB;
    expect_image_fault(&image, image.length, TEXTS("another kind of processor"));
    free(image.bytes);
}

static void a_shared_object_that_is_no_module_is_told_apart(void **state)
{
    (void)state;
    Dl_info info;
    assert_true(dladdr((void *)(uintptr_t)&_cmocka_run_group_tests, &info) != 0);
    expect_module_fault(info.dli_fname, TEXTS("libcmocka.so", ": no module of mcbench"));
}

static void a_module_of_another_version_or_size_is_refused_unread(void **state)
{
    (void)state;
    char wanted[96];
    snprintf(wanted, sizeof wanted, "this mcbench wants version %d of %zu", MCB_GPU_MODULE_VERSION,
             sizeof(struct mcb_gpu_module));
    expect_module_fault(MCB_WRONG_VERSION_MODULE,
                        TEXTS("mcbench-wrong-version.so: made for another mcbench", wanted));
    expect_module_fault(MCB_WRONG_SIZE_MODULE,
                        TEXTS("mcbench-wrong-size.so: made for another mcbench", wanted));
}

static void a_table_that_is_a_function_or_too_small_is_refused_unread(void **state)
{
    (void)state;
    struct image image = read_image();
    ElfW(Sym) *symbol = find_table_symbol(&image);
    assert_int_equal(symbol->st_size, sizeof(struct mcb_gpu_module));
    const size_t sizes[] = {0, 1, 7, 8, sizeof(struct mcb_gpu_module) - 1};
    for (size_t n = 0; n < sizeof sizes / sizeof sizes[0]; n++) {
        symbol->st_size = sizes[n];
        expect_image_fault(&image, image.length, TEXTS("its mcb_gpu_module is no such table"));
    }
    symbol->st_size = sizeof(struct mcb_gpu_module);
    symbol->st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
    expect_image_fault(&image, image.length, TEXTS("its mcb_gpu_module is no such table"));
    free(image.bytes);
}

/* ---- the driver, the GPUs ---- */

static void a_missing_driver_a_missing_gpu_and_one_that_does_not_answer_are_told_apart(void **state)
{
    (void)state;
    expect_stand_in_fault("fail=driver", MCB_FAULT_GPU_DRIVER, TEXTS("driver"));
    expect_stand_in_fault("fail=none", MCB_FAULT_GPU_NONE, TEXTS("no GPU"));
    expect_stand_in_fault("gpus=0000:16:00.0,0000:26:00.0;fail=identify;failing=1",
                          MCB_FAULT_GPU_CALL, TEXTS("cuda:1: identify"));
}

static void all_gpus_are_listed_with_what_they_are(void **state)
{
    (void)state;
    struct mcb_gpus *gpus = open_gpus("gpus=0000:16:00.0,0001:26:00.0;memory=2GiB;flush=read;"
                                      "dmabuf=yes;gpudirect=unknown");
    assert_int_equal(gpus->count, 2);
    assert_string_equal(gpus->module->name, "cuda");
    assert_true(gpus->module->stand_in);
    assert_string_equal(strrchr(gpus->path, '/'), "/mcbench-stand-in.so");
    assert_string_equal(gpus->list[0].pci_address, "0000:16:00.0");
    assert_string_equal(gpus->list[1].pci_address, "0001:26:00.0");
    assert_string_not_equal(gpus->list[0].uuid, gpus->list[1].uuid);
    for (int n = 0; n < 2; n++) {
        assert_string_equal(gpus->list[n].model, "stand-in GPU (host memory)");
        assert_int_equal(gpus->list[n].memory_bytes, UINT64_C(2) << 30);
        assert_int_equal(gpus->list[n].flush, MCB_FLUSH_READ);
        assert_int_equal(gpus->list[n].dmabuf, MCB_KNOWN_YES);
        assert_int_equal(gpus->list[n].gpudirect, MCB_KNOWN_NOT);
        assert_false(gpus->list[n].integrated);
    }
    mcb_gpus_close(gpus);
}

static void what_a_gpu_calls_itself_is_printable_and_ends(void **state)
{
    (void)state;
    struct mcb_gpus *gpus = open_gpus("model=bell\a, escape\033[2J, umlaut \xc3\xa4");
    assert_string_equal(gpus->list[0].model, "bell?, escape?[2J, umlaut ??");
    mcb_gpus_close(gpus);

    char text[128] = "model=";
    memset(text + strlen(text), 'x', 110);
    gpus = open_gpus(text);
    assert_int_equal(strlen(gpus->list[0].model), sizeof gpus->list[0].model - 1);
    assert_string_equal(gpus->list[0].pci_address, "0000:16:00.0");
    mcb_gpus_close(gpus);
}

static void more_gpus_than_there_is_room_for_are_passed_over(void **state)
{
    (void)state;
    char text[2048] = "gpus=0000:00:00.0";
    for (int n = 1; n <= MCB_GPUS_MAX; n++)
        snprintf(text + strlen(text), sizeof text - strlen(text), ",0000:%02x:00.0", n);
    struct mcb_gpus *gpus = open_gpus(text);
    assert_int_equal(gpus->count, MCB_GPUS_MAX);
    assert_string_equal(gpus->list[MCB_GPUS_MAX - 1].pci_address, "0000:3f:00.0");
    mcb_gpus_close(gpus);
}

static void a_module_can_be_opened_again_and_twice_at_once(void **state)
{
    (void)state;
    void *held = dlopen(MCB_STAND_IN_MODULE, RTLD_NOW | RTLD_LOCAL); /* so that its state stays */
    assert_non_null(held);
    mcb_gpus_close(open_gpus("gpus=0000:16:00.0,0000:26:00.0"));
    struct mcb_gpus *first = open_gpus("gpus=0000:36:00.0");
    struct mcb_gpus *second = open_gpus("gpus=0000:36:00.0");
    assert_int_equal(first->count, 1);
    mcb_gpus_close(first);
    struct mcb_error error = {0};
    assert_int_equal(second->module->identify(0, &second->list[0], &error), 0);
    assert_string_equal(second->list[0].pci_address, "0000:36:00.0");
    mcb_gpus_close(second);
    mcb_gpus_close(NULL);
    dlclose(held);
}

/* ---- the stand-in itself ---- */

static void a_wrong_configuration_of_the_stand_in_says_what_would_be_right(void **state)
{
    (void)state;
    static const struct {
        const char *text, *told;
    } wrong[] = {
        {"flsh=read", "MCB_STAND_IN: flsh: no such name; there are gpus, "},
        {"flush=often", "MCB_STAND_IN: flush=often: wants none, call or read"},
        {"flush", "MCB_STAND_IN: flush=: wants none, call or read"},
        {"flush=call;flush=call", "MCB_STAND_IN: flush is given twice"},
        {"flush=call;", "MCB_STAND_IN: : no such name"},
        {"gpus=", "wants PCI addresses"},
        {"gpus=16:00.0", "gpus=16:00.0: wants PCI addresses"},
        {"gpus=0000:16:00.0,,0000:17:00.0", "wants PCI addresses"},
        {"memory=many", "wants a size"},
        {"rate=0", "wants bytes a second"},
        {"dmabuf=unknown", "wants yes or no"},
        {"gpudirect=maybe", "wants yes, no or unknown"},
        {"fail=copy,everything", "fail=copy,everything: wants one or several of driver, none, "},
        {"failing=-1", "wants the index of a GPU"},
        {"offset=x", "wants a number of bytes"},
    };
    for (size_t n = 0; n < sizeof wrong / sizeof wrong[0]; n++)
        expect_stand_in_fault(wrong[n].text, MCB_FAULT_GPU_DRIVER, TEXTS(wrong[n].told));
    char text[5000] = "model=";
    memset(text + strlen(text), 'x', 4500);
    expect_stand_in_fault(text, MCB_FAULT_GPU_DRIVER, TEXTS("longer than"));
    text[200] = '\0';
    expect_stand_in_fault(text, MCB_FAULT_GPU_DRIVER, TEXTS("less than 120 characters"));
}

static void the_stand_in_needs_no_configuration(void **state)
{
    (void)state;
    mcb_gpus_close(open_gpus(""));
    struct mcb_gpus *gpus;
    struct mcb_error error = {0};
    unsetenv("MCB_STAND_IN");
    assert_int_equal(mcb_gpus_open(&gpus, &error), 0);
    assert_int_equal(gpus->count, 1);
    mcb_gpus_close(gpus);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_module_it_says_where_it_looked_and_why_there_is_none),
        cmocka_unit_test(a_named_file_that_is_not_there_is_named),
        cmocka_unit_test(a_name_without_folder_is_a_file_here_and_not_one_of_the_systems_libraries),
        cmocka_unit_test(a_file_that_is_no_shared_object_does_not_load),
        cmocka_unit_test(what_is_no_regular_file_is_refused_and_not_waited_for),
        cmocka_unit_test(a_module_that_was_cut_off_is_refused_wherever_that_was),
        cmocka_unit_test(offsets_in_a_module_that_lead_out_of_it_are_not_followed),
        cmocka_unit_test(a_module_for_another_kind_of_processor_is_told_so),
        cmocka_unit_test(a_shared_object_that_is_no_module_is_told_apart),
        cmocka_unit_test(a_module_of_another_version_or_size_is_refused_unread),
        cmocka_unit_test(a_table_that_is_a_function_or_too_small_is_refused_unread),
        cmocka_unit_test(
            a_missing_driver_a_missing_gpu_and_one_that_does_not_answer_are_told_apart),
        cmocka_unit_test(all_gpus_are_listed_with_what_they_are),
        cmocka_unit_test(what_a_gpu_calls_itself_is_printable_and_ends),
        cmocka_unit_test(more_gpus_than_there_is_room_for_are_passed_over),
        cmocka_unit_test(a_module_can_be_opened_again_and_twice_at_once),
        cmocka_unit_test(a_wrong_configuration_of_the_stand_in_says_what_would_be_right),
        cmocka_unit_test(the_stand_in_needs_no_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
