/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The digest by which a page names its own script and style sheet, so that the browser runs no
 * other: SHA-256 as in FIPS 180-4, of a text in memory.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/html.h"
#include "common/base64.h"

enum { BLOCK = 64, ROUNDS = 64, DIGEST = 32, WORDS = 8 };

/* Fractions of the cube roots of the first 64 primes, section 4.2.2. */
static const uint32_t constants[ROUNDS] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t word, unsigned bits)
{
    return word >> bits | word << (32 - bits);
}

/* Section 6.2.2: the message schedule of a block. */
static void schedule(const unsigned char block[BLOCK], uint32_t words[ROUNDS])
{
    for (size_t i = 0; i < 16; i++)
        words[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
                   (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (size_t i = 16; i < ROUNDS; i++) {
        uint32_t near = words[i - 2], far = words[i - 15];
        words[i] = (rotate(near, 17) ^ rotate(near, 19) ^ near >> 10) + words[i - 7] +
                   (rotate(far, 7) ^ rotate(far, 18) ^ far >> 3) + words[i - 16];
    }
}

static void take_block(uint32_t state[WORDS], const unsigned char block[BLOCK])
{
    uint32_t words[ROUNDS], v[WORDS];
    schedule(block, words);
    memcpy(v, state, sizeof v);
    for (size_t i = 0; i < ROUNDS; i++) {
        uint32_t one = v[7] + (rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)) +
                       ((v[4] & v[5]) ^ (~v[4] & v[6])) + constants[i] + words[i];
        uint32_t two = (rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)) +
                       ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof *v);
        v[4] += one;
        v[0] = one + two;
    }
    for (size_t i = 0; i < WORDS; i++)
        state[i] += v[i];
}

/* Section 5.1.1: the last bytes, a one, zeroes, the length in bits. */
static void take_end(uint32_t state[WORDS], const char *text, size_t length)
{
    unsigned char blocks[2 * BLOCK] = {0};
    size_t left = length % BLOCK;
    size_t count = left + 9 > BLOCK ? 2 : 1;
    memcpy(blocks, text + length - left, left);
    blocks[left] = 0x80;
    for (size_t i = 0; i < 8; i++)
        blocks[count * BLOCK - 1 - i] = (unsigned char)((uint64_t)length * 8 >> 8 * i);
    for (size_t i = 0; i < count; i++)
        take_block(state, blocks + i * BLOCK);
}

char *mcb_html_source(const char *text, char source[MCB_HTML_SOURCE_MAX])
{
    uint32_t state[WORDS] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                             0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    unsigned char digest[DIGEST];
    size_t length = strlen(text);
    for (size_t at = 0; at + BLOCK <= length; at += BLOCK)
        take_block(state, (const unsigned char *)text + at);
    take_end(state, text, length);
    for (size_t i = 0; i < DIGEST; i++)
        digest[i] = (unsigned char)(state[i / 4] >> (24 - 8 * (i % 4)));
    char *encoded = mcb_base64_encode(digest, sizeof digest);
    /* without memory a source that fits nothing: the page stays, its script does not run */
    snprintf(source, MCB_HTML_SOURCE_MAX, "sha256-%s", encoded ? encoded : "");
    free(encoded);
    return source;
}
