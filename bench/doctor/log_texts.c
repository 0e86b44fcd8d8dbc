/* SPDX-License-Identifier: Apache-2.0 */
/* The texts that are looked for in logs: those of the catalogue, and what is no fault by itself. */
#include <stdlib.h>
#include <string.h>

#include "bench/doctor/log_match.h"

static const struct {
    const char *text;
    enum mcb_log_text_kind kind;
} others[] = {
    {"error", MCB_LOG_TEXT_MARK},
    {"exception", MCB_LOG_TEXT_MARK},
    {"critical", MCB_LOG_TEXT_MARK},
    {"fatal", MCB_LOG_TEXT_MARK},
    {"panic", MCB_LOG_TEXT_MARK},
    {"emerg", MCB_LOG_TEXT_MARK},
    {"kern  :err", MCB_LOG_TEXT_MARK},
    {"kern  :crit", MCB_LOG_TEXT_MARK},
    {"kern  :alert", MCB_LOG_TEXT_MARK},
    {"traceback (most recent call last)", MCB_LOG_TEXT_TRACEBACK},
    {"rdma device: *, lid: *, gid: (", MCB_LOG_TEXT_NIC},
    {"[mcb-", MCB_LOG_TEXT_ID},
};

/* What an errno is called tells least, wherever it stands: by the C library, and by Go, whose
 * runtime has names of its own for some. */
static bool is_bare(const char *text, size_t length)
{
    enum { ERRNO_MOST = 133 };
    static const char *const of_go[] = {"context deadline exceeded", "i/o timeout",
                                        "operation timed out", "no such host"};
    for (size_t i = 0; i < sizeof of_go / sizeof *of_go; i++)
        if (strlen(of_go[i]) == length && memcmp(of_go[i], text, length) == 0)
            return true;
    for (int number = 1; number <= ERRNO_MOST; number++) {
        const char *name = strerrordesc_np(number);
        if (name && strlen(name) == length && strncasecmp(name, text, length) == 0)
            return true;
    }
    return false;
}

/* Counts, and fills where there is room. */
static size_t list_texts(struct mcb_log_text *list, size_t room)
{
    size_t count = 0;
    for (int code = MCB_FAULT_NONE + 1; code < MCB_FAULT_COUNT; code++) {
        const char *rest = mcb_fault_get((enum mcb_fault_code)code)->texts, *text;
        size_t length;
        while ((text = mcb_fault_next_line(&rest, &length)) != NULL)
            if (count++ < room)
                list[count - 1] = (struct mcb_log_text){
                    text, length, is_bare(text, length) ? MCB_LOG_TEXT_BARE : MCB_LOG_TEXT_FAULT,
                    (enum mcb_fault_code)code};
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (count++ < room)
            list[count - 1] = (struct mcb_log_text){others[i].text, strlen(others[i].text),
                                                    others[i].kind, MCB_FAULT_NONE};
    return count;
}

struct mcb_log_match *mcb_log_match_of_catalogue(struct mcb_error *error)
{
    size_t count = list_texts(NULL, 0);
    struct mcb_log_text *texts = calloc(count, sizeof *texts);
    if (!texts) {
        mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the texts of the catalogue");
        return NULL;
    }
    list_texts(texts, count);
    struct mcb_log_match *match = mcb_log_match_make(texts, count, error);
    free(texts);
    return match;
}
