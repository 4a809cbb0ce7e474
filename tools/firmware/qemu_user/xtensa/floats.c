// Single-precision floats in integers (IEEE 754, rounded to nearest even, no exceptions), under the
// names that GCC calls them by (GCC Internals, "Soft float library routines").

#include <stdint.h>

#define INFINITE 0x7f800000u
#define NOT_A_NUMBER 0x7fc00000u
#define SIGN 0x80000000u
#define TOP 0x40000000u // the highest bit of a significand while one computes

typedef struct {
    uint32_t sign;
    int32_t exponent;     // biased
    uint32_t significand; // 0, or its highest bit is TOP
} parts_t;

static uint32_t magnitude(uint32_t a) {
    return a & ~SIGN;
}

static int is_nan(uint32_t a) {
    return magnitude(a) > INFINITE;
}

static parts_t normal(uint32_t sign, int32_t exponent, uint32_t significand) {
    const int32_t shift = significand ? __builtin_clz(significand) - 1 : 0;
    if (shift < 0) {
        significand = significand >> 1 | (significand & 1);
    } else {
        significand <<= shift;
    }
    return (parts_t){sign, exponent - shift, significand};
}

static parts_t take(uint32_t a) {
    const int32_t exponent = (int32_t)(magnitude(a) >> 23);
    const uint32_t fraction = a & 0x7fffff;
    return normal(a & SIGN, exponent ? exponent : 1,
                  (exponent ? fraction | 0x800000 : fraction) << 7);
}

// v / 2^shift; its lowest bit stays 1 where any bit is lost.
static uint32_t shift_right(uint32_t v, uint32_t shift) {
    if (shift > 31) {
        return v != 0;
    }
    return v >> shift | ((v >> shift) << shift != v);
}

static uint32_t give(parts_t p) {
    if (p.exponent < 1) {
        p.significand = shift_right(p.significand, (uint32_t)(1 - p.exponent));
        p.exponent = 1;
    }
    const uint32_t rest = p.significand & 0x7f;
    uint32_t rounded = (p.significand + 0x40) >> 7;
    rounded &= rest == 0x40 ? ~1u : ~0u;
    if (p.exponent >= 255) {
        return p.sign | INFINITE;
    }
    rounded += p.significand ? (uint32_t)(p.exponent - 1) << 23 : 0;
    return p.sign | rounded;
}

uint32_t __addsf3(uint32_t a, uint32_t b);
uint32_t __addsf3(uint32_t a, uint32_t b) {
    if (magnitude(a) < magnitude(b)) {
        return __addsf3(b, a);
    }
    if (magnitude(a) >= INFINITE) {
        return is_nan(a) || magnitude(b) < INFINITE || a == b ? a : NOT_A_NUMBER;
    }
    const parts_t x = take(a), y = take(b);
    if (y.significand == 0) {
        return x.significand ? a : a & b;
    }
    const uint32_t other = shift_right(y.significand, (uint32_t)(x.exponent - y.exponent));
    const uint32_t sum = x.sign == y.sign ? x.significand + other : x.significand - other;
    return sum ? give(normal(x.sign, x.exponent, sum)) : 0;
}

uint32_t __subsf3(uint32_t a, uint32_t b);
uint32_t __subsf3(uint32_t a, uint32_t b) {
    return __addsf3(a, b ^ SIGN);
}

uint32_t __mulsf3(uint32_t a, uint32_t b);
uint32_t __mulsf3(uint32_t a, uint32_t b) {
    const uint32_t sign = (a ^ b) & SIGN;
    if (magnitude(a) >= INFINITE || magnitude(b) >= INFINITE) {
        const int none = is_nan(a) || is_nan(b) || magnitude(a) == 0 || magnitude(b) == 0;
        return none ? NOT_A_NUMBER : sign | INFINITE;
    }
    const parts_t x = take(a), y = take(b);
    if (x.significand == 0 || y.significand == 0) {
        return sign;
    }
    const uint64_t product = (uint64_t)x.significand * y.significand;
    const uint32_t high = (uint32_t)(product >> 32), low = (uint32_t)product;
    // From bit 60 or 61 of the product to bit 30.
    return give(normal(sign, x.exponent + y.exponent - 125, high | (low != 0)));
}

uint32_t __divsf3(uint32_t a, uint32_t b);
uint32_t __divsf3(uint32_t a, uint32_t b) {
    const uint32_t sign = (a ^ b) & SIGN;
    if (is_nan(a) || is_nan(b) || (magnitude(a) == INFINITE && magnitude(b) == INFINITE) ||
        (magnitude(a) == 0 && magnitude(b) == 0)) {
        return NOT_A_NUMBER;
    }
    if (magnitude(a) == INFINITE || magnitude(b) == 0) {
        return sign | INFINITE;
    }
    const parts_t x = take(a), y = take(b);
    if (x.significand == 0 || magnitude(b) == INFINITE) {
        return sign;
    }
    uint32_t rest = x.significand, quotient = 0;
    for (int i = 0; i < 31; i++) {
        quotient <<= 1;
        if (rest >= y.significand) {
            rest -= y.significand;
            quotient |= 1;
        }
        rest <<= 1;
    }
    return give(normal(sign, x.exponent - y.exponent + 127, quotient | (rest != 0)));
}

// -1, 0 or 1, or `unordered`.
static int compare(uint32_t a, uint32_t b, int unordered) {
    if (is_nan(a) || is_nan(b)) {
        return unordered;
    }
    const int32_t x = (int32_t)(a & SIGN ? -magnitude(a) : a);
    const int32_t y = (int32_t)(b & SIGN ? -magnitude(b) : b);
    return (x > y) - (x < y);
}

#define COMPARISON(name, unordered)                                                                \
    int name(uint32_t a, uint32_t b);                                                              \
    int name(uint32_t a, uint32_t b) {                                                             \
        return compare(a, b, unordered);                                                           \
    }

COMPARISON(__eqsf2, 1)
COMPARISON(__nesf2, 1)
COMPARISON(__ltsf2, 1)
COMPARISON(__lesf2, 1)
COMPARISON(__gtsf2, -1)
COMPARISON(__gesf2, -1)

int __unordsf2(uint32_t a, uint32_t b);
int __unordsf2(uint32_t a, uint32_t b) {
    return is_nan(a) || is_nan(b);
}

uint32_t __floatunsisf(uint32_t v);
uint32_t __floatunsisf(uint32_t v) {
    return v ? give(normal(0, 157, v)) : 0;
}

uint32_t __floatsisf(int32_t v);
uint32_t __floatsisf(int32_t v) {
    return v < 0 ? SIGN | __floatunsisf(-(uint32_t)v) : __floatunsisf((uint32_t)v);
}

uint32_t __fixunssfsi(uint32_t a);
uint32_t __fixunssfsi(uint32_t a) {
    const int32_t exponent = (int32_t)(magnitude(a) >> 23) - 150;
    const uint32_t significand = (a & 0x7fffff) | 0x800000;
    if (exponent < -24) {
        return 0;
    }
    return exponent < 0 ? significand >> -exponent : significand << (exponent & 31);
}

int32_t __fixsfsi(uint32_t a);
int32_t __fixsfsi(uint32_t a) {
    const int32_t v = (int32_t)__fixunssfsi(a);
    return a & SIGN ? -v : v;
}

// Doubles are only passed on: to %f, and to and from array('d').

// `significand` has its highest bit at TOP, or is 0.
static uint64_t to_double(uint32_t sign, int32_t exponent, uint32_t significand) {
    const uint32_t high = sign | (uint32_t)exponent << 20 | (significand & ~TOP) >> 10;
    return significand ? (uint64_t)high << 32 | significand << 22 : (uint64_t)sign << 32;
}

uint64_t __extendsfdf2(uint32_t a);
uint64_t __extendsfdf2(uint32_t a) {
    const parts_t x = take(a);
    if (magnitude(a) >= INFINITE) {
        return to_double(a & SIGN, 2047, x.significand);
    }
    return to_double(x.sign, x.exponent + 896, x.significand);
}

uint32_t __truncdfsf2(uint64_t a);
uint32_t __truncdfsf2(uint64_t a) {
    const uint32_t high = (uint32_t)(a >> 32), low = (uint32_t)a;
    const uint32_t fraction = (high & 0xfffff) << 10 | low >> 22;
    const int32_t exponent = (int32_t)(high >> 20 & 2047);
    if (exponent == 2047) {
        return (high & SIGN) | (fraction | low ? NOT_A_NUMBER : INFINITE);
    }
    const uint32_t significand = exponent ? TOP | fraction | (low << 10 != 0) : 0;
    return give((parts_t){high & SIGN, exponent - 896, significand});
}

uint64_t __floatsidf(int32_t v);
uint64_t __floatsidf(int32_t v) {
    const uint32_t size = v < 0 ? -(uint32_t)v : (uint32_t)v;
    const uint32_t shift = size ? (uint32_t)__builtin_clz(size) : 0;
    const uint64_t fraction = (uint64_t)(size << shift & ~SIGN) << 21;
    const uint32_t high = (v < 0 ? SIGN : 0) | (1054 - shift) << 20;
    return size ? ((uint64_t)high << 32) + fraction : 0;
}
