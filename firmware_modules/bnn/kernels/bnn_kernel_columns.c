// Thresholds, and weights in columns, portable: lists, and counters of all outputs side by side.

#include "bnn_armv7em.h"
#include "bnn_kernel.h"

// Those have it in assembly.
#if !defined(__ARM_ARCH_6M__) && !defined(BNN_ARMV7EM) && !defined(__XTENSA_WINDOWED_ABI__)

#include "bnn_adder.h"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O2", "no-schedule-insns") // built for size it takes twice as long
#endif

BNN_KERNEL
uint32_t bnn_kernel_at_least(const uint32_t *samples, int32_t threshold) {
    uint32_t bits = 0;
    for (uint32_t i = 0; i < 32; i += 2) {
        const uint32_t two = *samples++;
        bits |= (uint32_t)((int16_t)two >= threshold) << i;
        bits |= (uint32_t)((int16_t)(two >> 16) >= threshold) << (i + 1);
    }
    return bits;
}

#if defined(__riscv_zbb) // an instruction finds the next 1

BNN_KERNEL
uint16_t *bnn_kernel_list(const uint32_t *words, uint32_t count, uint32_t flip, uint32_t entry,
                          uint16_t *list) {
    for (; count; count--, entry += 128) {
        for (uint32_t bits = *words++ ^ flip; bits; bits &= bits - 1) {
            *list++ = (uint16_t)(entry + 4 * (uint32_t)__builtin_ctz(bits));
        }
    }
    return list;
}

#else

BNN_KERNEL
uint16_t *bnn_kernel_list(const uint32_t *words, uint32_t count, uint32_t flip, uint32_t entry,
                          uint16_t *list) {
#define LIST_BIT(i)                                                                                \
    if (bits & 1u << (i)) {                                                                        \
        *list++ = (uint16_t)(at + 4 * (i));                                                        \
    }
    for (; count; count--, entry += 128) {
        uint32_t bits = *words++ ^ flip;
        for (uint32_t at = entry; bits; bits >>= 8, at += 32) {
            LIST_BIT(0)
            LIST_BIT(1) LIST_BIT(2) LIST_BIT(3) LIST_BIT(4) LIST_BIT(5) LIST_BIT(6) LIST_BIT(7)
        }
    }
    return list;
}

#endif

#define COLUMN(type, i) (*(const type *)(columns + list[i] / (4 / sizeof(type))))

// Columns into the counters' digits; the carry to `carry`.
#define ADD_2(type, carry, i) CSA(carry, ones, COLUMN(type, i), COLUMN(type, (i) + 1))
#define ADD_4(type, carry, i)                                                                      \
    do {                                                                                           \
        uint32_t a4, b4;                                                                           \
        ADD_2(type, a4, i);                                                                        \
        ADD_2(type, b4, (i) + 2);                                                                  \
        CSA(carry, twos, a4, b4);                                                                  \
    } while (0)
#define ADD_8(type, carry, i)                                                                      \
    do {                                                                                           \
        uint32_t a8, b8;                                                                           \
        ADD_4(type, a8, i);                                                                        \
        ADD_4(type, b8, (i) + 4);                                                                  \
        CSA(carry, fours, a8, b8);                                                                 \
    } while (0)

// base + count - 2 * C < 0. The counters start at C = ~(count / 2), so that the bits of ~C, one
// digit up, are those of count - 2 * C but its lowest, which is that of count. What is wanted is
// the highest digit of the sum.
#define STRIP(name, type)                                                                          \
    BNN_KERNEL                                                                                     \
    uint32_t name(uintptr_t columns, const uint16_t *list, uint32_t count, const type *bases,      \
                  uint32_t planes) {                                                               \
        uint32_t counters[16];                                                                     \
        for (uint32_t i = 0; i < 16; i++) {                                                        \
            counters[i] = (count >> (i + 1) & 1) - 1;                                              \
        }                                                                                          \
        uint32_t ones = counters[0], twos = counters[1], fours = counters[2];                      \
        uint32_t eights = counters[3];                                                             \
        uint32_t low = bases[0] & (0 - (count & 1));                                               \
        /* What is left over from blocks of 16: a carry into each digit. */                        \
        uint32_t one = 0, two = 0, four = 0, eight = 0, sixteen;                                   \
        if (count & 1) {                                                                           \
            one = COLUMN(type, 0);                                                                 \
            list += 1;                                                                             \
        }                                                                                          \
        if (count & 2) {                                                                           \
            ADD_2(type, two, 0);                                                                   \
            list += 2;                                                                             \
        }                                                                                          \
        if (count & 4) {                                                                           \
            ADD_4(type, four, 0);                                                                  \
            list += 4;                                                                             \
        }                                                                                          \
        if (count & 8) {                                                                           \
            ADD_8(type, eight, 0);                                                                 \
            list += 8;                                                                             \
        }                                                                                          \
        CSA(one, ones, one, 0);                                                                    \
        CSA(two, twos, two, one);                                                                  \
        CSA(four, fours, four, two);                                                               \
        CSA(sixteen, eights, eight, four);                                                         \
        for (count &= ~15u;; count -= 16, list += 16) {                                            \
            for (uint32_t i = 4; sixteen && i < 16; i++) {                                         \
                counters[i] ^= sixteen;                                                            \
                sixteen &= ~counters[i];                                                           \
            }                                                                                      \
            if (count == 0) {                                                                      \
                break;                                                                             \
            }                                                                                      \
            ADD_8(type, four, 0);                                                                  \
            ADD_8(type, eight, 8);                                                                 \
            CSA(sixteen, eights, four, eight);                                                     \
        }                                                                                          \
        counters[0] = ones, counters[1] = twos, counters[2] = fours, counters[3] = eights;         \
        uint32_t i = 1;                                                                            \
        for (; i + 1 < planes; i++) {                                                              \
            const uint32_t base = bases[i], c = ~counters[i - 1];                                  \
            low = (base & c) | (low & (base | c));                                                 \
        }                                                                                          \
        return (bases[i] ^ ~counters[i - 1] ^ low) & (uint32_t)(type)~0u;                          \
    }

STRIP(bnn_kernel_strip32, uint32_t)
STRIP(bnn_kernel_strip16, uint16_t)

#endif
