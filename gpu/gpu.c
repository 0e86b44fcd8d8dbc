/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A module is looked for where mcbench itself lies, never by the search path of the dynamic linker:
 * a module of another installation would be of another version. A file that is there but does not
 * load ends the search, since the next one would hide what is wrong with it.
 *
 * Of a table that was loaded nothing but its version and size is looked at before both are right,
 * and not even these before the symbol table of the module says that there is room for them.
 */
#include "gpu/gpu.h"

#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gpu/elf.h"

#define MODULE_FILE     "mcbench-cuda.so"
#define MODULE_SYMBOL   "mcb_gpu_module"
#define MODULE_VARIABLE "MCB_GPU_MODULE"

enum { NAME_MAX_LENGTH = 15 };

/* From the folder of the program. */
static const char *const folders[] = {".", MCB_GPU_MODULE_FOLDER};
enum { FOLDERS = sizeof folders / sizeof folders[0] };

/* False where /proc does not tell. */
static bool read_program_folder(char folder[PATH_MAX])
{
    ssize_t length = readlink("/proc/self/exe", folder, PATH_MAX - 1);
    if (length <= 0)
        return false;
    folder[length] = '\0';
    char *end = strrchr(folder, '/');
    if (end)
        *end = '\0';
    return end != NULL;
}

static int fail_missing(const char *program_folder, struct mcb_error *error)
{
    return mcb_error_set(error, MCB_FAULT_GPU_MODULE,
                         MODULE_FILE ": it is neither in %.200s nor in %.200s/%s; %s",
                         program_folder, program_folder, folders[FOLDERS - 1],
                         MCB_CUDA_BUILT ? "this mcbench was built with it: install or copy it "
                                          "there, or name it by " MODULE_VARIABLE
                                        : "this mcbench was built without the CUDA toolkit");
}

/* The first file that is there, by its full path. */
static int find_module(char path[PATH_MAX], struct mcb_error *error)
{
    const char *named = getenv(MODULE_VARIABLE);
    if (named && named[0] != '\0')
        return realpath(named, path)
                   ? 0
                   : mcb_error_set(error, MCB_FAULT_GPU_MODULE, MODULE_VARIABLE "=%.300s: %s",
                                   named, strerror(errno));
    char program[PATH_MAX], candidate[2 * PATH_MAX];
    if (!read_program_folder(program))
        return mcb_error_set(error, MCB_FAULT_GPU_MODULE,
                             MODULE_FILE ": /proc/self/exe does not say where mcbench lies; name "
                                         "the module by " MODULE_VARIABLE);
    for (int n = 0; n < FOLDERS; n++) {
        snprintf(candidate, sizeof candidate, "%s/%s/%s", program, folders[n], MODULE_FILE);
        if (realpath(candidate, path))
            return 0;
    }
    return fail_missing(program, error);
}

/* What dlerror(3) says, without the path that it may begin with. */
static const char *loader_text(const char *path)
{
    const char *text = dlerror();
    if (!text)
        return "unknown reason";
    size_t length = strlen(path);
    return strncmp(text, path, length) == 0 && strncmp(text + length, ": ", 2) == 0
               ? text + length + 2
               : text;
}

static bool is_name(const char *name)
{
    size_t length = name ? strnlen(name, NAME_MAX_LENGTH + 1) : 0;
    if (length == 0 || length > NAME_MAX_LENGTH)
        return false;
    for (size_t n = 0; n < length; n++)
        if (!islower((unsigned char)name[n]))
            return false;
    return true;
}

/* 0: at this address is no object of the module, but a function or nothing that it names. */
static size_t object_bytes(const void *address)
{
    Dl_info info;
    const ElfW(Sym) *symbol = NULL;
    if (dladdr1(address, &info, (void **)&symbol, RTLD_DL_SYMENT) == 0 || !symbol ||
        info.dli_saddr != address || ELF64_ST_TYPE(symbol->st_info) != STT_OBJECT)
        return 0;
    return symbol->st_size;
}

static int fail_no_table(const char *path, struct mcb_error *error)
{
    return mcb_error_set(error, MCB_FAULT_GPU_MODULE,
                         "%.300s: no module of mcbench (its " MODULE_SYMBOL " is no such table)",
                         path);
}

static int check_table(const struct mcb_gpu_module *module, const char *path,
                       struct mcb_error *error)
{
    size_t bytes = object_bytes(module);
    if (bytes < offsetof(struct mcb_gpu_module, name))
        return fail_no_table(path, error);
    if (module->version != MCB_GPU_MODULE_VERSION || module->bytes != sizeof *module)
        return mcb_error_set(error, MCB_FAULT_GPU_MODULE,
                             "%.300s: made for another mcbench (its table is version %u of %u "
                             "bytes, this mcbench wants version %d of %zu); both must come from "
                             "one build",
                             path, module->version, module->bytes, MCB_GPU_MODULE_VERSION,
                             sizeof *module);
    if (bytes < sizeof *module)
        return fail_no_table(path, error);
    if (!is_name(module->name))
        return mcb_error_set(error, MCB_FAULT_GPU_MODULE,
                             "%.300s: its table has no name of 1 to %d lower-case letters", path,
                             NAME_MAX_LENGTH);
    return 0;
}

static int load(struct mcb_gpus *gpus, const struct mcb_gpu_module **module,
                struct mcb_error *error)
{
    if (mcb_elf_check_file(gpus->path, error) != 0)
        return -1;
    gpus->library = dlopen(gpus->path, RTLD_NOW | RTLD_LOCAL);
    if (!gpus->library)
        return mcb_error_set(error, MCB_FAULT_GPU_MODULE, "%.300s: does not load: %.300s",
                             gpus->path, loader_text(gpus->path));
    *module = dlsym(gpus->library, MODULE_SYMBOL);
    if (!*module)
        return mcb_error_set(error, MCB_FAULT_GPU_MODULE,
                             "%.300s: no module of mcbench (it has no " MODULE_SYMBOL ")",
                             gpus->path);
    return check_table(*module, gpus->path, error);
}

/* What a driver calls its devices goes to terminals and into documents. */
static void clean_text(char *text, size_t text_size)
{
    text[text_size - 1] = '\0';
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || (unsigned char)*text > '~')
            *text = '?';
}

static void clean_identity(struct mcb_gpu_identity *identity)
{
    clean_text(identity->model, sizeof identity->model);
    clean_text(identity->pci_address, sizeof identity->pci_address);
    clean_text(identity->uuid, sizeof identity->uuid);
    clean_text(identity->driver, sizeof identity->driver);
    clean_text(identity->runtime, sizeof identity->runtime);
    clean_text(identity->capability, sizeof identity->capability);
    clean_text(identity->flush_reason, sizeof identity->flush_reason);
    for (char *c = identity->pci_address; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    if (!mcb_pci_is_address(identity->pci_address))
        identity->pci_address[0] = '\0';
}

static int identify_all(struct mcb_gpus *gpus, unsigned count, struct mcb_error *error)
{
    if (count == 0)
        return mcb_error_set(error, MCB_FAULT_GPU_NONE, "%.300s: the driver works, but has no GPU",
                             gpus->path);
    gpus->count = count < MCB_GPUS_MAX ? count : MCB_GPUS_MAX;
    for (unsigned gpu = 0; gpu < gpus->count; gpu++) {
        if (gpus->module->identify(gpu, &gpus->list[gpu], error) != 0)
            return -1;
        clean_identity(&gpus->list[gpu]);
    }
    return 0;
}

/* From here on the module is one that mcb_gpus_close() closes. */
static int start(struct mcb_gpus *gpus, const struct mcb_gpu_module *module,
                 struct mcb_error *error)
{
    unsigned count = 0;
    if (module->open(&count, error) != 0)
        return -1;
    gpus->module = module;
    return identify_all(gpus, count, error);
}

int mcb_gpus_open(struct mcb_gpus **gpus, struct mcb_error *error)
{
    const struct mcb_gpu_module *module;
    struct mcb_gpus *made = calloc(1, sizeof *made);
    if (!made)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a list of GPUs");
    _Static_assert(sizeof made->path >= PATH_MAX, "realpath(3) writes as much");
    if (find_module(made->path, error) != 0 || load(made, &module, error) != 0 ||
        start(made, module, error) != 0) {
        mcb_gpus_close(made);
        return -1;
    }
    *gpus = made;
    return 0;
}

void mcb_gpus_close(struct mcb_gpus *gpus)
{
    if (!gpus)
        return;
    if (gpus->module)
        gpus->module->close();
    if (gpus->library)
        dlclose(gpus->library);
    free(gpus);
}
