// Rows of bits, portable: XOR, then population count by carry-save adders over blocks of 8 words,
// and by bytes for what is left.

#include "bnn_adder.h"
#include "bnn_armv7em.h"
#include "bnn_kernel.h"

#if defined(__ARM_ARCH_6M__) // bnn_kernel_rows_armv6m.S

const char bnn_kernel_name[] = "armv6m";

#elif defined(BNN_ARMV7EM) // bnn_kernel_rows_armv7em.S

const char bnn_kernel_name[] = "armv7em";

#else

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O2", "no-schedule-insns") // else registers run out
#endif

#if defined(__riscv_zbb)
const char bnn_kernel_name[] = "rv32 zbb";
#elif defined(__XTENSA_WINDOWED_ABI__)
const char bnn_kernel_name[] = "xtensawin";
#else
const char bnn_kernel_name[] = "portable";
#endif

#if defined(__riscv_zbb) // an instruction counts

BNN_KERNEL
static inline uint32_t mismatches(const uint32_t *a, const uint32_t *b, uint32_t words) {
#define DIFFERING(i) (uint32_t)__builtin_popcount(a[i] ^ b[i])
    uint32_t sum = 0;
    for (; words >= 4; words -= 4, a += 4, b += 4) {
        sum += DIFFERING(0) + DIFFERING(1) + DIFFERING(2) + DIFFERING(3);
    }
    for (; words; words--, a++, b++) {
        sum += DIFFERING(0);
    }
    return sum;
}

#else

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

BNN_KERNEL
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

#endif

BNN_KERNEL
void bnn_kernel_differing(const uint32_t *x, const uint32_t *rows, uint32_t words, uint32_t count,
                          int32_t *sums) {
    while (count--) {
        *sums++ = (int32_t)mismatches(x, rows, words);
        rows += words;
    }
}

#endif
