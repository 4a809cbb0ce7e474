// Arithmetic of the features. Twin of the first functions of host/xnornode/model/statistics.py.

#include "bnn_math.h"

// v / n, for n up to 65535 and a quotient below 2^32: schoolbook division, in digits of 16 bits.
static uint32_t divide(uint64_t v, uint32_t n) {
    const uint32_t low = (uint32_t)v;
    const uint32_t first = (uint32_t)(v >> 32) << 16 | low >> 16;
    const uint32_t second = first % n << 16 | (low & 0xffff);
    return (first / n << 16) + second / n;
}

int32_t bnn_divide_down(int32_t v, int32_t n) {
    return v / n - (v % n < 0);
}

// The square root of v, rounded down, bit by bit.
static int32_t isqrt(uint32_t v) {
    uint32_t root = 0;
    for (uint32_t bit = 1u << 30; bit; bit >>= 2) {
        const uint32_t trial = root + bit;
        root >>= 1;
        if (v >= trial) {
            v -= trial;
            root += bit;
        }
    }
    return (int32_t)root;
}

int32_t bnn_root(int64_t total, uint32_t n) {
    const int32_t v = isqrt(divide((uint64_t)(total < 0 ? -total : total), n));
    return total < 0 ? -v : v;
}

// The highest bit's number, then the fraction bit by bit, by squaring a mantissa m of 16 bits.
int32_t bnn_log2_256(uint64_t v) {
    if (v == 0) {
        return 0;
    }
    uint32_t out = 15;
    while (v >> 16) {
        v >>= 1;
        out++;
    }
    uint32_t m = (uint32_t)v;
    while (m < 1u << 15) {
        m <<= 1;
        out--;
    }
    for (unsigned i = 0; i < 8; i++) {
        m = m * m >> 15;
        const uint32_t above = m >> 16;
        m >>= above;
        out = out << 1 | above;
    }
    return (int32_t)out;
}
