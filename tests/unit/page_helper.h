/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_TESTS_PAGE_HELPER_H
#define MCB_TESTS_PAGE_HELPER_H

/* Pages for tests, as text and as what was counted for them. Included after cmocka.h. */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/report/page.h"
#include "bench/report/page_parts.h"
#include "common/file.h"
#include "tests/unit/ledger_helper.h"

/* All of a page. The caller's: free(). */
static inline char *page_text_of(const struct mcb_page_input *input)
{
    char path[] = "/tmp/mcbench-page-XXXXXX";
    struct mcb_error error = {MCB_FAULT_NONE, ""};
    size_t length;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    int outcome = mcb_page_write(path, input, &error);
    char *text = outcome == 0
                     ? mcb_file_read(path, 100 << 20, 0, MCB_FAULT_USE_FILE, &length, &error)
                     : NULL;
    unlink(path);
    if (!text)
        fail_msg("%s", error.detail);
    char *ended = realloc(text, length + 1);
    assert_non_null(ended);
    ended[length] = '\0';
    return ended;
}

/* Of one result, with nothing that it is held against. Takes the reference of the document. */
static inline char *page_text(json_t *document)
{
    struct mcb_ledger ledger;
    ledger_of(document, &ledger);
    char *text = page_text_of(&(struct mcb_page_input){.ledgers = &ledger, .ledger_count = 1});
    mcb_ledger_release(&ledger);
    return text;
}

/* What was counted. input and page: release the page, then the ledger. Takes the reference of the
 * document. */
static inline void page_prepare(json_t *document, struct mcb_ledger *ledger,
                                struct mcb_page_input *input, struct mcb_page *page)
{
    struct mcb_error error = {MCB_FAULT_NONE, ""};
    ledger_of(document, ledger);
    *input = (struct mcb_page_input){.ledgers = ledger, .ledger_count = 1};
    if (mcb_page_prepare(input, page, &error) != 0)
        fail_msg("%s", error.detail);
}

#define assert_has(text, part)                                                                     \
    do {                                                                                           \
        if (!strstr((text), (part)))                                                               \
            fail_msg("'%s' is not in the page", (part));                                           \
    } while (0)

#define assert_lacks(text, part)                                                                   \
    do {                                                                                           \
        if (strstr((text), (part)))                                                                \
            fail_msg("'%s' is in the page: %.200s", (part), strstr((text), (part)));               \
    } while (0)

#endif
