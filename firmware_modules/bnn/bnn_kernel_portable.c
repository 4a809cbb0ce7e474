// Portable kernel: XOR, then population count by carry-save adders (Harley and Seal; see Warren,
// "Hacker's Delight", 2nd ed., 5-1) over blocks of 8 words, and by bytes for what is left. Bytes
// are summed four at a time, in lanes of a word.

#include "bnn_kernel.h"

#include <string.h>

const char bnn_kernel_name[] = "portable";

// Full adder on 32 lanes at once: sum stays in `low`, the carry goes to `high`.
#define CSA(high, low, a, b)                                                                       \
    do {                                                                                           \
        uint32_t u = (low) ^ (a);                                                                  \
        high = ((low) & (a)) | (u & (b));                                                          \
        low = u ^ (b);                                                                             \
    } while (0)

// The number of 1 bits in each byte of v, 0 to 8.
static inline uint32_t count_bytes(uint32_t v) {
    v -= (v >> 1) & 0x55555555u;
    v = (v & 0x33333333u) + ((v >> 2) & 0x33333333u);
    return (v + (v >> 4)) & 0x0f0f0f0fu;
}

// Bytes added in pairs to 16-bit halves.
static inline uint32_t to_halves(uint32_t bytes) {
    return (bytes & 0x00ff00ffu) + ((bytes >> 8) & 0x00ff00ffu);
}

static inline uint32_t sum_halves(uint32_t halves) {
    return (halves + (halves >> 16)) & 0xffffu;
}

static inline uint32_t mismatches(const uint32_t *a, const uint32_t *b, uint32_t words) {
    uint32_t ones = 0, twos = 0, fours = 0;
    uint32_t eights = 0; // in 16-bit halves: at most 16 a block, 256 blocks
    for (; words >= 8; words -= 8, a += 8, b += 8) {
        uint32_t twos_a, twos_b, fours_a, fours_b, carry;
        CSA(twos_a, ones, a[0] ^ b[0], a[1] ^ b[1]);
        CSA(twos_b, ones, a[2] ^ b[2], a[3] ^ b[3]);
        CSA(fours_a, twos, twos_a, twos_b);
        CSA(twos_a, ones, a[4] ^ b[4], a[5] ^ b[5]);
        CSA(twos_b, ones, a[6] ^ b[6], a[7] ^ b[7]);
        CSA(fours_b, twos, twos_a, twos_b);
        CSA(carry, fours, fours_a, fours_b);
        eights += to_halves(count_bytes(carry));
    }
    // At most 4*8 + 2*8 + 8 + 7*8 = 112 in a byte.
    uint32_t rest = 4 * count_bytes(fours) + 2 * count_bytes(twos) + count_bytes(ones);
    for (; words; words--) {
        rest += count_bytes(*a++ ^ *b++);
    }
    return 8 * sum_halves(eights) + sum_halves(to_halves(rest));
}

void bnn_kernel_differing(const uint32_t *x, const uint32_t *rows, uint32_t words, uint32_t count,
                          int32_t *sums) {
    while (count--) {
        *sums++ = (int32_t)mismatches(x, rows, words);
        rows += words;
    }
}

// For 32 bytes, four at a time: entry [v][k] is the sum of bytes 4k to 4k + 3, signed by the bits
// of v, plus BIAS to make it unsigned, which Thumb loads in one instruction less.
typedef uint16_t table_t[16][8];

#define BIAS 512

// Lines 0 to 3 from `line` on: the first two bytes with either sign.
static inline void fill_lines(uint16_t *line, uint32_t none, uint32_t first, uint32_t second) {
    line[0 * 8] = (uint16_t)none;
    line[1 * 8] = (uint16_t)(none + first);
    line[2 * 8] = (uint16_t)(none + second);
    line[3 * 8] = (uint16_t)(none + second + first);
}

// `fours` words of `x` are there; 0 stands for those that are not.
static void fill_table(table_t table, const uint32_t *x, uint32_t fours) {
    for (uint32_t k = 0; k < 8; k++) {
        const uint32_t four = k < fours ? x[k] : 0;
        const uint32_t a = (uint32_t)(int8_t)four, b = (uint32_t)(int8_t)(four >> 8);
        const uint32_t c = (uint32_t)(int8_t)(four >> 16), d = (uint32_t)(int8_t)(four >> 24);
        const uint32_t none = BIAS - a - b - c - d;
        uint16_t *line = &table[0][k];
        fill_lines(line, none, 2 * a, 2 * b);
        fill_lines(line + 4 * 8, none + 2 * c, 2 * a, 2 * b);
        fill_lines(line + 8 * 8, none + 2 * d, 2 * a, 2 * b);
        fill_lines(line + 12 * 8, none + 2 * c + 2 * d, 2 * a, 2 * b);
    }
}

// Line v of the table lies 16 * v bytes from its start.
#define ENTRY(v16, k) ((uint32_t)((const uint16_t *)(table + ((v16) & 0xf0)))[k])

// Add what a table gives for one word of each row.
__attribute__((noinline)) // inlined, GCC 12 computes the table's place on the stack for each entry
static void add_entries(const uint8_t *table, const uint32_t *row, uint32_t words, uint32_t count,
                        int32_t *sums) {
    for (; count; count--, row += words, sums++) {
        const uint32_t bits = *row;
        const uint32_t sum = ENTRY(bits << 4, 0) + ENTRY(bits, 1) + ENTRY(bits >> 4, 2) +
                             ENTRY(bits >> 8, 3) + ENTRY(bits >> 12, 4) + ENTRY(bits >> 16, 5) +
                             ENTRY(bits >> 20, 6) + ENTRY(bits >> 24, 7);
        *sums += (int32_t)sum - 8 * BIAS;
    }
}

void bnn_kernel_signed_sums(const uint32_t *x, uint32_t n, const uint32_t *rows, uint32_t words,
                            uint32_t count, int32_t *sums) {
    table_t table;
    memset(sums, 0, count * sizeof *sums);
    for (uint32_t w = 0, fours = (n + 3) / 4; w < words; w++, x += 8, fours -= 8) {
        fill_table(table, x, fours);
        add_entries((const uint8_t *)table, rows + w, words, count, sums);
    }
}
