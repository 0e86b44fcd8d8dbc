/* SPDX-License-Identifier: Apache-2.0 */
#include "common/suggest.h"

#include <string.h>

/* Longer words are nobody's typing error; the bound keeps hostile ones cheap. */
enum { WORD_MAX = 64 };

static unsigned char lower(char letter)
{
    return (unsigned char)(letter >= 'A' && letter <= 'Z' ? letter - 'A' + 'a' : letter);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Distance of two words of at most WORD_MAX bytes. rows[i % 3][j] is the distance of the first i
 * letters of a to the first j of b: a swap of neighbours looks two rows back. */
static size_t distance(const char *a, const char *b)
{
    size_t a_length = strlen(a), b_length = strlen(b);
    size_t rows[3][WORD_MAX + 1];

    for (size_t j = 0; j <= b_length; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t *row = rows[i % 3], *above = rows[(i - 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t replace = lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1;
            row[j] = least(above[j - 1] + replace, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                lower(a[i - 2]) == lower(b[j - 1]))
                row[j] = least(row[j], rows[(i - 2) % 3][j - 2] + 1);
        }
    }
    return rows[a_length % 3][b_length];
}

const char *mcb_suggest_nearest(const char *word, const char *const *words, size_t count)
{
    const char *nearest = NULL;
    size_t nearest_distance = 0;
    size_t length = strnlen(word, WORD_MAX + 1);
    if (length > WORD_MAX)
        return NULL;

    for (size_t i = 0; i < count; i++) {
        if (!words[i] || strnlen(words[i], WORD_MAX + 1) > WORD_MAX)
            continue;
        size_t other = strlen(words[i]);
        size_t longer = other > length ? other : length;
        size_t away = distance(word, words[i]);
        if (away > (longer + 2) / 3 || (nearest && away >= nearest_distance))
            continue;
        nearest = words[i];
        nearest_distance = away;
    }
    return nearest;
}
