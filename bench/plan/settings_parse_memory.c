/* SPDX-License-Identifier: Apache-2.0 */

/* From text to member: lists of memories. "all" stands for "cpu,cuda". */
#include "bench/plan/settings_rows.h"

#include <string.h>

#include "bench/plan/settings_text.h"
#include "common/location.h"

enum { WORD_MAX = 16 };

struct memory_list {
    struct mcb_memory_choice
        choices[MCB_MEMORIES_MAX + 2]; /* room to see that there are too many */
    size_t count;
};

static void add(struct memory_list *list, bool gpu, int number)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->choices[i].gpu == gpu && list->choices[i].number == number)
            return;
    list->choices[list->count].gpu = gpu;
    list->choices[list->count++].number = number;
}

/* One word of the list; -1 if it names no memory that is measured. */
static int add_word(struct memory_list *list, const char *word)
{
    struct mcb_location location;
    if (strcmp(word, "all") == 0) {
        add(list, false, -1);
        add(list, true, -1);
        return 0;
    }
    if (mcb_location_parse(word, &location) != 0 || !mcb_location_is_measured(location.kind))
        return -1;
    add(list, mcb_location_is_gpu(location.kind), location.number);
    return 0;
}

static int parse_memories(const char *text, const char *given_as, struct mcb_memory_choice *choices,
                          size_t *count, struct mcb_error *error)
{
    struct memory_list list = {.count = 0};
    for (const char *at = text;; at++) {
        char word[WORD_MAX] = "";
        size_t length = strcspn(at, ",");
        if (length < sizeof word)
            memcpy(word, at, length);
        if (add_word(&list, word))
            return mcb_setting_text_wrong(error, given_as, text,
                                          "not a list of memories; write cpu, cpu:N (NUMA node N), "
                                          "cuda, cuda:N (GPU N), N being 0 to %d, or all",
                                          MCB_LOCATION_NUMBER_MAX);
        if (list.count > MCB_MEMORIES_MAX)
            return mcb_setting_text_wrong(error, given_as, text, "more than %d memories",
                                          MCB_MEMORIES_MAX);
        at += length;
        if (*at == '\0')
            break;
    }
    /* Member by member: what ranks said is compared as bytes, those between the members too. */
    for (size_t i = 0; i < list.count; i++) {
        choices[i].gpu = list.choices[i].gpu;
        choices[i].number = list.choices[i].number;
    }
    *count = list.count;
    return 0;
}

MCB_SETTING_PARSER(memory)
{
    return parse_memories(text, given_as, settings->memories, &settings->memory_count, error);
}

MCB_SETTING_PARSER(peer_memory)
{
    return parse_memories(text, given_as, settings->peer_memories, &settings->peer_memory_count,
                          error);
}
