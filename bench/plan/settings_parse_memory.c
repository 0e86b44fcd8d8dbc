/* SPDX-License-Identifier: Apache-2.0 */

/* From text to member: lists of memories. "all" stands for "cpu,cuda". */
#include "bench/plan/settings_rows.h"

#include <string.h>

#include "bench/plan/settings_text.h"
#include "common/units.h"

enum { NUMBER_MAX = 1023, WORD_MAX = 16 };

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

/* One word of the list; -1 if it names no memory. */
static int add_word(struct memory_list *list, const char *word)
{
    static const char *const kinds[] = {"cpu", "cuda"};
    if (strcmp(word, "all") == 0) {
        add(list, false, -1);
        add(list, true, -1);
        return 0;
    }
    for (int kind = 0; kind < 2; kind++) {
        size_t length = strlen(kinds[kind]);
        uint64_t number;
        if (strncmp(word, kinds[kind], length) != 0)
            continue;
        if (word[length] == '\0')
            add(list, kind == 1, -1);
        else if (word[length] == ':' &&
                 mcb_units_parse_unsigned(word + length + 1, NUMBER_MAX, &number) == 0)
            add(list, kind == 1, (int)number);
        else
            return -1;
        return 0;
    }
    return -1;
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
                                          NUMBER_MAX);
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
