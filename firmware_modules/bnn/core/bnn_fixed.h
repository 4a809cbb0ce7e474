// Integer arithmetic that more than one part of the core needs.

#ifndef BNN_FIXED_H
#define BNN_FIXED_H

#include <stdint.h>

// v / 2^by, rounded down. C leaves >> of a negative number to the compiler, so it is not used.
static inline int32_t bnn_shift_right(int32_t v, unsigned by) {
    return v < 0 ? ~(~v >> by) : v >> by;
}

static inline int32_t bnn_clip(int32_t v, int32_t low, int32_t high) {
    return v < low ? low : v > high ? high : v;
}

// x * factor + offset. The loader has checked that it fits; it wraps where the file's bytes have
// changed since.
static inline int32_t bnn_affine(int32_t x, int16_t factor, int32_t offset) {
    return (int32_t)((uint32_t)x * (uint32_t)factor + (uint32_t)offset);
}

// Words that hold n bits.
static inline uint32_t bnn_words(uint32_t n) {
    return (n + 31) / 32;
}

#endif // BNN_FIXED_H
