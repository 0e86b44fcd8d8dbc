/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/plan/rule_vocabulary.h"

#include <stdio.h>
#include <string.h>

#include "common/suggest.h"

void mcb_rule_vocabulary_add(struct mcb_rule_vocabulary *vocabulary, const char *word)
{
    if (vocabulary->count < MCB_RULE_WORDS_MAX)
        vocabulary->words[vocabulary->count++] = word;
}

/* A word is written once the next one is known: before the last stands "or". */
char *mcb_rule_vocabulary_list(const struct mcb_rule_vocabulary *vocabulary, const char *prefix,
                               char list[MCB_RULE_LIST_MAX])
{
    const char *last = NULL;
    size_t length = 0, listed = 0, prefix_length = strlen(prefix);
    list[0] = '\0';
    for (size_t i = 0; i <= vocabulary->count; i++) {
        const char *word = i < vocabulary->count ? vocabulary->words[i] : NULL;
        if (word && strncmp(word, prefix, prefix_length) != 0)
            continue;
        const char *joint = listed == 0 ? "" : word ? ", " : " or ";
        if (last && length < MCB_RULE_LIST_MAX)
            length +=
                (size_t)snprintf(list + length, MCB_RULE_LIST_MAX - length, "%s%s", joint, last);
        listed += last != NULL;
        last = word;
    }
    return list;
}

int mcb_rule_vocabulary_refuse(const struct mcb_rule_vocabulary *vocabulary,
                               struct mcb_rule_scanner *scanner, struct mcb_rule_word word)
{
    char shown[MCB_RULE_SHOWN_MAX], list[MCB_RULE_LIST_MAX], prefix[MCB_RULE_SHOWN_MAX];
    mcb_rule_word_show(word, shown);
    if (word.length == 0)
        return mcb_rule_scanner_fail(scanner, word.start, "%s was expected: %s", vocabulary->what,
                                     mcb_rule_vocabulary_list(vocabulary, "", list));
    snprintf(prefix, sizeof prefix, "%.60s.", shown);
    if (*mcb_rule_vocabulary_list(vocabulary, prefix, list))
        return mcb_rule_scanner_fail(scanner, word.start, "'%s' is not %s; %s", shown,
                                     vocabulary->what, list);
    const char *nearest = mcb_suggest_nearest(shown, vocabulary->words, vocabulary->count);
    if (nearest)
        return mcb_rule_scanner_fail(scanner, word.start, "'%s' is not %s (did you mean %s?)",
                                     shown, vocabulary->what, nearest);
    return mcb_rule_scanner_fail(scanner, word.start, "'%s' is not %s; %s", shown, vocabulary->what,
                                 mcb_rule_vocabulary_list(vocabulary, "", list));
}
