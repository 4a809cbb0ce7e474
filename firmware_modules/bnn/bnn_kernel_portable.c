// Portable kernel: XOR, then population count by carry-save adders (Harley and Seal; see Warren,
// "Hacker's Delight", 2nd ed., 5-1) over blocks of 8 words, and by bytes for what is left.

#include "bnn_kernel.h"

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

uint32_t bnn_kernel_mismatches(const uint32_t *a, const uint32_t *b, uint32_t words) {
    return mismatches(a, b, words);
}

void bnn_kernel_dense(const uint32_t *x, const uint32_t *rows, uint32_t words,
                      const uint16_t *limits, uint32_t outputs, uint32_t *out) {
    uint32_t packed = 0;
    for (uint32_t i = 0; i < outputs; i++, rows += words) {
        packed |= (uint32_t)(mismatches(x, rows, words) < limits[i]) << (i & 31);
        if ((i & 31) == 31) {
            *out++ = packed;
            packed = 0;
        }
    }
    if (outputs & 31) {
        *out = packed;
    }
}
