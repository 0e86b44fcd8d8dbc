/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/units.h"

#define VARIABLE "MCB_STAND_IN"

enum { TEXT_MAX = 4096 };

static const char *const failure_names[MCB_STAND_IN_FAILURES] = {
    [MCB_STAND_IN_DRIVER] = "driver",           [MCB_STAND_IN_NONE] = "none",
    [MCB_STAND_IN_IDENTIFY] = "identify",       [MCB_STAND_IN_ALLOCATE] = "allocate",
    [MCB_STAND_IN_EXPORT] = "export",           [MCB_STAND_IN_REGISTER] = "register",
    [MCB_STAND_IN_UNREACHABLE] = "unreachable", [MCB_STAND_IN_CORRUPT] = "corrupt",
    [MCB_STAND_IN_KERNEL] = "kernel",           [MCB_STAND_IN_COPY] = "copy",
    [MCB_STAND_IN_COPIER] = "copier",           [MCB_STAND_IN_FLUSH] = "flush",
};

/* The index of a word in a list; -1 if it is not there. */
static int index_of(const char *word, const char *const *words, int count)
{
    for (int n = 0; n < count; n++)
        if (strcmp(words[n], word) == 0)
            return n;
    return -1;
}

static int read_gpus(char *value, struct mcb_stand_in_config *config)
{
    char *address;
    config->gpu_count = 0;
    while ((address = strsep(&value, ","))) {
        if (config->gpu_count == MCB_STAND_IN_GPUS_MAX || !mcb_pci_is_address(address))
            return -1;
        snprintf(config->gpus[config->gpu_count++], MCB_PCI_ADDRESS_MAX, "%s", address);
    }
    return 0;
}

static int read_model(char *value, struct mcb_stand_in_config *config)
{
    if (strlen(value) >= sizeof config->model)
        return -1;
    snprintf(config->model, sizeof config->model, "%s", value);
    return 0;
}

static int read_memory(char *value, struct mcb_stand_in_config *config)
{
    return mcb_units_parse_size(value, &config->memory_bytes);
}

static int read_flush(char *value, struct mcb_stand_in_config *config)
{
    static const char *const words[] = {
        [MCB_FLUSH_NONE] = "none", [MCB_FLUSH_CALL] = "call", [MCB_FLUSH_READ] = "read"};
    int found = index_of(value, words, sizeof words / sizeof words[0]);
    if (found < 0)
        return -1;
    config->flush = (enum mcb_flush)found;
    return 0;
}

static int read_known(const char *value, enum mcb_known *known)
{
    static const char *const words[] = {
        [MCB_KNOWN_NOT] = "unknown", [MCB_KNOWN_NO] = "no", [MCB_KNOWN_YES] = "yes"};
    int found = index_of(value, words, sizeof words / sizeof words[0]);
    if (found < 0)
        return -1;
    *known = (enum mcb_known)found;
    return 0;
}

static int read_dmabuf(char *value, struct mcb_stand_in_config *config)
{
    return read_known(value, &config->dmabuf) == 0 && config->dmabuf != MCB_KNOWN_NOT ? 0 : -1;
}

static int read_gpudirect(char *value, struct mcb_stand_in_config *config)
{
    return read_known(value, &config->gpudirect);
}

static int read_rate(char *value, struct mcb_stand_in_config *config)
{
    return mcb_units_parse_size(value, &config->bytes_per_s) == 0 && config->bytes_per_s > 0 ? 0
                                                                                             : -1;
}

static int read_fail(char *value, struct mcb_stand_in_config *config)
{
    char *name;
    while ((name = strsep(&value, ","))) {
        int found = index_of(name, failure_names, MCB_STAND_IN_FAILURES);
        if (found < 0)
            return -1;
        config->fails[found] = true;
    }
    return 0;
}

static int read_failing(char *value, struct mcb_stand_in_config *config)
{
    return mcb_units_parse_unsigned(value, MCB_STAND_IN_GPUS_MAX - 1, &config->failing);
}

static int read_offset(char *value, struct mcb_stand_in_config *config)
{
    return mcb_units_parse_size(value, &config->offset);
}

static const struct row {
    const char *name;
    int (*read)(char *value, struct mcb_stand_in_config *config);
    const char *right;
} rows[] = {
    {"gpus", read_gpus, "PCI addresses such as 0000:16:00.0,0000:26:00.0"},
    {"model", read_model, "a name of less than 120 characters"},
    {"memory", read_memory, "a size such as 256MiB"},
    {"flush", read_flush, "none, call or read"},
    {"dmabuf", read_dmabuf, "yes or no"},
    {"gpudirect", read_gpudirect, "yes, no or unknown"},
    {"rate", read_rate, "bytes a second such as 1GB"},
    {"fail", read_fail,
     "one or several of driver, none, identify, allocate, export, register, unreachable, corrupt, "
     "kernel, copy, copier, flush"},
    {"failing", read_failing, "the index of a GPU"},
    {"offset", read_offset, "a number of bytes such as 5"},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static int read_entry(char *entry, bool *given, struct mcb_stand_in_config *config,
                      struct mcb_error *error)
{
    char *value = entry;
    const char *name = strsep(&value, "=");
    for (int n = 0; n < ROWS; n++) {
        if (strcmp(rows[n].name, name) != 0)
            continue;
        if (given[n])
            return mcb_error_set(error, MCB_FAULT_GPU_DRIVER, VARIABLE ": %s is given twice", name);
        given[n] = true;
        char copy[TEXT_MAX];
        snprintf(copy, sizeof copy, "%s", value ? value : "");
        if (copy[0] != '\0' && rows[n].read(copy, config) == 0)
            return 0;
        return mcb_error_set(error, MCB_FAULT_GPU_DRIVER, VARIABLE ": %s=%.200s: wants %s", name,
                             value ? value : "", rows[n].right);
    }
    return mcb_error_set(error, MCB_FAULT_GPU_DRIVER,
                         VARIABLE ": %.200s: no such name; there are gpus, model, memory, flush, "
                                  "dmabuf, gpudirect, rate, fail, failing and offset",
                         name);
}

int mcb_stand_in_config_read(const char *text, struct mcb_stand_in_config *config,
                             struct mcb_error *error)
{
    struct mcb_stand_in_config made = {.gpu_count = 1,
                                       .gpus = {"0000:16:00.0"},
                                       .model = "stand-in GPU (host memory)",
                                       .memory_bytes = 256 << 20,
                                       .flush = MCB_FLUSH_NONE,
                                       .dmabuf = MCB_KNOWN_NO,
                                       .gpudirect = MCB_KNOWN_YES,
                                       .failing = MCB_STAND_IN_GPUS_MAX};
    char copy[TEXT_MAX], *rest = copy, *entry;
    bool given[ROWS] = {false};
    if (text && strlen(text) >= sizeof copy)
        return mcb_error_set(error, MCB_FAULT_GPU_DRIVER, VARIABLE ": longer than %d characters",
                             TEXT_MAX - 1);
    snprintf(copy, sizeof copy, "%s", text ? text : "");
    while (copy[0] != '\0' && (entry = strsep(&rest, ";")))
        if (read_entry(entry, given, &made, error) != 0)
            return -1;
    *config = made;
    return 0;
}
