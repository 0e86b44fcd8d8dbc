/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/result_forms.h"

#include <string.h>

#include "common/id_list.h"
#include "common/pci.h"

#define DIGITS "0123456789"
#define HEX    DIGITS "abcdef"
#define SMALL  "abcdefghijklmnopqrstuvwxyz"
#define LARGE  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* The text after that many characters of the set, `most` at most; NULL if they are fewer than
 * `least`, or there is no text. */
static const char *skip(const char *text, const char *set, size_t least, size_t most)
{
    size_t count = text ? strspn(text, set) : 0;
    if (!text || count < least)
        return NULL;
    return text + (count < most ? count : most);
}

static const char *skip_word(const char *text, const char *word)
{
    size_t length = strlen(word);
    return text && strncmp(text, word, length) == 0 ? text + length : NULL;
}

static bool is_end(const char *text)
{
    return text && *text == '\0';
}

/* 0 to 99999, as one writes it. */
static bool is_small_number(const char *text)
{
    return text && (strcmp(text, "0") == 0 || (*text != '0' && is_end(skip(text, DIGITS, 1, 5))));
}

static bool is_node(const char *text)
{
    return is_small_number(skip_word(text, "cpu:"));
}

/* "cpu:N", "cuda:N": there are as many kinds of GPUs as modules. */
static bool is_memory(const char *text)
{
    return is_small_number(skip_word(skip(text, SMALL, 1, 8), ":"));
}

static bool is_gpu(const char *text)
{
    return is_memory(text) && !skip_word(text, "cpu:");
}

/* 1 to 63 characters, of whatever bytes each is made. */
static bool is_nic_name(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count >= 1 && count <= 63;
}

static bool is_hex(const char *text)
{
    return is_end(skip(skip_word(text, "0x"), HEX, 1, 16));
}

static bool is_time(const char *text)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:ddZ";
    if (strlen(text) != sizeof shape - 1)
        return false;
    for (size_t i = 0; shape[i]; i++)
        if (shape[i] == 'd' ? !strchr(DIGITS, text[i]) : shape[i] != text[i])
            return false;
    return true;
}

static bool is_fault_id(const char *text)
{
    const char *rest = skip(skip_word(text, "MCB-"), LARGE, 1, strlen(text));
    return is_end(skip(skip_word(rest, "-"), DIGITS, 3, 3));
}

static bool is_setting_name(const char *text)
{
    return is_end(skip(skip(text, SMALL, 1, 1), SMALL DIGITS "-", 0, strlen(text)));
}

/* As the kernel's files are named, of the device or the interface with that before it. */
static bool is_counter_name(const char *text)
{
    return is_end(skip(text, SMALL LARGE DIGITS "_.-", 1, 63));
}

const struct mcb_result_form mcb_form_counter = {"the name of a counter", is_counter_name};
const struct mcb_result_form mcb_form_node = {"\"cpu:N\"", is_node};
const struct mcb_result_form mcb_form_gpu = {"a GPU such as \"cuda:N\"", is_gpu};
const struct mcb_result_form mcb_form_nic = {"the name of a NIC", is_nic_name};
const struct mcb_result_form mcb_form_memory = {"\"cpu:N\" or a GPU such as \"cuda:N\"", is_memory};
const struct mcb_result_form mcb_form_hex = {"0x and up to 16 digits", is_hex};
const struct mcb_result_form mcb_form_time = {"a time such as 2026-01-31T23:59:59Z", is_time};
const struct mcb_result_form mcb_form_fault = {"an id such as MCB-JOB-001", is_fault_id};
const struct mcb_result_form mcb_form_setting = {"the name of a setting", is_setting_name};
const struct mcb_result_form mcb_form_pci = {"0000:19:00.0", mcb_pci_is_address};
const struct mcb_result_form mcb_form_cpus = {"a list of CPUs such as 0-3,8", mcb_id_list_is_valid};
