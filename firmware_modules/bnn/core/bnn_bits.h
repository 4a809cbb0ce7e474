// Bits packed into words, little end first.

#ifndef BNN_BITS_H
#define BNN_BITS_H

#include <stdint.h>

// `count` bits, 1 to 32, from bit `at` on.
__attribute__((always_inline)) // it is part of loops that lie in RAM
static inline uint32_t bnn_get_bits(const uint32_t *words, uint32_t at, uint32_t count) {
    const uint32_t offset = at % 32;
    words += at / 32;
    uint32_t v = words[0] >> offset;
    if (offset + count > 32) {
        v |= words[1] << (32 - offset);
    }
    return count < 32 ? v & ((1u << count) - 1) : v;
}

// OR the low bits of `v` into `words` from bit `at` on; its bits from `count` on are 0.
__attribute__((always_inline)) static inline void bnn_or_bits(uint32_t *words, uint32_t at,
                                                              uint32_t v, uint32_t count) {
    const uint32_t offset = at % 32;
    words += at / 32;
    words[0] |= v << offset;
    if (offset + count > 32) {
        words[1] |= v >> (32 - offset);
    }
}

#endif // BNN_BITS_H
