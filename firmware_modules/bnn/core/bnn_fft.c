// Real FFT with block scaling. Twin of host/xnornode/model/fft.py.
//
// The n real samples are taken as n / 2 complex ones, whose spectrum gives that of the real ones.
// A pass of butterflies leaves sums of products, of up to 31 bits. The next one takes as many of
// their bits as its own sums have room for, from the highest that any of them has.

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O2", "no-schedule-insns") // built for size it takes half as long again
#endif

#include "bnn_fft.h"

#include <stdbool.h>

#include "bnn_fixed.h"

#define QUARTER 256 // of a turn
#define ONE_LOG2 12
#define ONE (1 << ONE_LOG2)
// ONE * sin of i / 1024 turns, to the nearest integer.
static const int16_t sines[QUARTER + 1] = {
    0,    25,   50,   75,   101,  126,  151,  176,  201,  226,  251,  276,  301,  326,  351,  376,
    401,  426,  451,  476,  501,  526,  551,  576,  601,  626,  651,  675,  700,  725,  750,  774,
    799,  824,  848,  873,  897,  922,  946,  971,  995,  1020, 1044, 1068, 1092, 1117, 1141, 1165,
    1189, 1213, 1237, 1261, 1285, 1309, 1332, 1356, 1380, 1404, 1427, 1451, 1474, 1498, 1521, 1544,
    1567, 1591, 1614, 1637, 1660, 1683, 1706, 1729, 1751, 1774, 1797, 1819, 1842, 1864, 1886, 1909,
    1931, 1953, 1975, 1997, 2019, 2041, 2062, 2084, 2106, 2127, 2149, 2170, 2191, 2213, 2234, 2255,
    2276, 2296, 2317, 2338, 2359, 2379, 2399, 2420, 2440, 2460, 2480, 2500, 2520, 2540, 2559, 2579,
    2598, 2618, 2637, 2656, 2675, 2694, 2713, 2732, 2751, 2769, 2788, 2806, 2824, 2843, 2861, 2878,
    2896, 2914, 2932, 2949, 2967, 2984, 3001, 3018, 3035, 3052, 3068, 3085, 3102, 3118, 3134, 3150,
    3166, 3182, 3198, 3214, 3229, 3244, 3260, 3275, 3290, 3305, 3320, 3334, 3349, 3363, 3378, 3392,
    3406, 3420, 3433, 3447, 3461, 3474, 3487, 3500, 3513, 3526, 3539, 3551, 3564, 3576, 3588, 3600,
    3612, 3624, 3636, 3647, 3659, 3670, 3681, 3692, 3703, 3713, 3724, 3734, 3745, 3755, 3765, 3775,
    3784, 3794, 3803, 3812, 3822, 3831, 3839, 3848, 3857, 3865, 3873, 3881, 3889, 3897, 3905, 3912,
    3920, 3927, 3934, 3941, 3948, 3954, 3961, 3967, 3973, 3979, 3985, 3991, 3996, 4002, 4007, 4012,
    4017, 4022, 4027, 4031, 4036, 4040, 4044, 4048, 4052, 4055, 4059, 4062, 4065, 4068, 4071, 4074,
    4076, 4079, 4081, 4083, 4085, 4087, 4088, 4090, 4091, 4092, 4093, 4094, 4095, 4095, 4096, 4096,
    4096,
};

// Bits of a part of a value, without its sign, with which no sum needs more than 31: before a
// stage, of four products with a factor of ONE; and before the power.
#define STAGE_BITS 16
#define POWER_BITS 15

typedef struct {
    int32_t re, im;
} complex_t;

// A number that has as many bits as v has without its sign.
static inline uint32_t size_of(int32_t v) {
    return (uint32_t)(v ^ bnn_shift_right(v, 31));
}

// How far values shift to have `to` bits, where `bits` are those that any of them has.
static unsigned excess(uint32_t bits, unsigned to) {
    unsigned by = 0;
    for (bits >>= to; bits; bits >>= 1) {
        by++;
    }
    return by;
}

// cos and sin of `turn` / 1024 turns, for up to three quarters of a turn.
static inline int32_t cosine(unsigned turn) {
    if (turn <= QUARTER) {
        return sines[QUARTER - turn];
    }
    return -sines[turn <= 2 * QUARTER ? turn - QUARTER : 3 * QUARTER - turn];
}

static inline int32_t sine(unsigned turn) {
    if (turn <= 2 * QUARTER) {
        return sines[turn <= QUARTER ? turn : 2 * QUARTER - turn];
    }
    return -sines[turn - 2 * QUARTER];
}

// The next index in the order of reversed bits: 1 is added from the other end, where `bit` is.
static inline unsigned next_reversed(unsigned index, unsigned bit) {
    while (index & bit) {
        index ^= bit;
        bit >>= 1;
    }
    return index | bit;
}

typedef int16_t __attribute__((may_alias)) sample_t; // as part of whatever memory

// Where the samples are: how many int16 from a sample to the next one, from such a pair to the
// next pair, and over a quarter of the frame.
typedef struct {
    const sample_t *first;
    unsigned next, pair, quarter;
    bool gathered; // each group of pairs is where the first stages write its results
} samples_t;

static int32_t mean_of(samples_t samples, unsigned log2_n) {
    int32_t sum = 0;
    const sample_t *x = samples.first;
    for (unsigned left = 1u << (log2_n - 1); left; left--) {
        sum += x[0];
        sum += x[samples.next];
        x += samples.pair;
    }
    return bnn_shift_right(sum, log2_n);
}

// The mean taken off, the window, and the first two stages, whose factors are 1 and -j. The
// window is 2 * ONE * sin^2 of half a turn: ONE - cos, ONE + sin, ONE + cos and ONE - sin at places
// a quarter of the frame apart. Those are the ones that come together here.
static uint32_t first_stages(samples_t samples, unsigned log2_n, int32_t mean, complex_t *z) {
    const unsigned groups = 1u << (log2_n - 3), quarter = samples.quarter;
    const unsigned by = 1u << (BNN_FFT_LONGEST - log2_n);
    const sample_t *x = samples.first;
    const int16_t *s = sines, *c = sines + QUARTER;
    uint32_t bits = 0;
    unsigned to = 0;
    for (unsigned left = groups; left; left--) {
        complex_t *const out = z + 4 * to;
        if (samples.gathered) {
            x = (const sample_t *)(void *)&out->im;
        }
        int32_t a = (x[0] - mean) * (ONE - *c), b = (x[2 * quarter] - mean) * (ONE + *c);
        int32_t d = (x[quarter] - mean) * (ONE + *s), e = (x[3 * quarter] - mean) * (ONE - *s);
        const int32_t r0 = a + b, r1 = a - b, r2 = d + e, r3 = d - e;
        out[0].re = r0 + r2;
        bits |= size_of(r0 + r2);
        out[2].re = r0 - r2;
        bits |= size_of(r0 - r2);
        c -= by;
        s += by;
        const sample_t *const y = x + samples.next;
        a = (y[0] - mean) * (ONE - *c), b = (y[2 * quarter] - mean) * (ONE + *c);
        d = (y[quarter] - mean) * (ONE + *s), e = (y[3 * quarter] - mean) * (ONE - *s);
        const int32_t i0 = a + b, i1 = a - b, i2 = d + e, i3 = d - e;
        c -= by;
        s += by;
        x += samples.pair;
        out[0].im = i0 + i2;
        bits |= size_of(i0 + i2);
        out[2].im = i0 - i2;
        bits |= size_of(i0 - i2);
        out[1].re = r1 + i3;
        bits |= size_of(r1 + i3);
        out[3].re = r1 - i3;
        bits |= size_of(r1 - i3);
        out[1].im = i1 - r3;
        bits |= size_of(i1 - r3);
        out[3].im = i1 + r3;
        bits |= size_of(i1 + r3);
        to = next_reversed(to, groups / 2);
    }
    return bits;
}

// A stage, of halves of `half` points.
static uint32_t stage2(complex_t *z, unsigned count, unsigned half, unsigned by, unsigned shift) {
    uint32_t bits = 0;
    const complex_t *const end = z + count;
    unsigned turn = 0;
    for (complex_t *first = z; first < z + half; first++, turn += 2 * by) {
        const int32_t c = cosine(turn), s = sine(turn);
        for (complex_t *a = first; a < end; a += 2 * half) {
            complex_t *const b = a + half;
            const int32_t br = bnn_shift_right(b->re, shift), bi = bnn_shift_right(b->im, shift);
            const int32_t pr = br * c + bi * s, pi = bi * c - br * s;
            const int32_t ar = bnn_shift_right(a->re, shift) * ONE;
            const int32_t ai = bnn_shift_right(a->im, shift) * ONE;
            a->re = ar + pr;
            bits |= size_of(ar + pr);
            b->re = ar - pr;
            bits |= size_of(ar - pr);
            a->im = ai + pi;
            bits |= size_of(ai + pi);
            b->im = ai - pi;
            bits |= size_of(ai - pi);
        }
    }
    return bits;
}

// Two stages at once, of quarters of `quarter` points.
static uint32_t stage4(complex_t *z, unsigned count, unsigned quarter, unsigned by,
                       unsigned shift) {
    uint32_t bits = 0;
    const complex_t *const end = z + count;
    unsigned turn = 0;
    for (complex_t *first = z; first < z + quarter; first++, turn += by) {
        const int32_t c1 = cosine(turn), s1 = sine(turn);
        const int32_t c2 = cosine(2 * turn), s2 = sine(2 * turn);
        const int32_t c3 = cosine(3 * turn), s3 = sine(3 * turn);
        for (complex_t *a = first; a < end; a += 4 * quarter) {
            complex_t *const b = a + quarter, *const c = b + quarter, *const d = c + quarter;
            int32_t xr = bnn_shift_right(c->re, shift), xi = bnn_shift_right(c->im, shift);
            const int32_t cr = xr * c1 + xi * s1, ci = xi * c1 - xr * s1;
            xr = bnn_shift_right(d->re, shift), xi = bnn_shift_right(d->im, shift);
            const int32_t dr = xr * c3 + xi * s3, di = xi * c3 - xr * s3;
            const int32_t r2 = cr + dr, r3 = cr - dr, i2 = ci + di, i3 = ci - di;
            xr = bnn_shift_right(b->re, shift), xi = bnn_shift_right(b->im, shift);
            const int32_t br = xr * c2 + xi * s2, bi = xi * c2 - xr * s2;
            const int32_t ar = bnn_shift_right(a->re, shift) * ONE;
            const int32_t ai = bnn_shift_right(a->im, shift) * ONE;
            const int32_t r0 = ar + br, r1 = ar - br, i0 = ai + bi, i1 = ai - bi;
            a->re = r0 + r2;
            bits |= size_of(r0 + r2);
            c->re = r0 - r2;
            bits |= size_of(r0 - r2);
            b->re = r1 + i3;
            bits |= size_of(r1 + i3);
            d->re = r1 - i3;
            bits |= size_of(r1 - i3);
            a->im = i0 + i2;
            bits |= size_of(i0 + i2);
            c->im = i0 - i2;
            bits |= size_of(i0 - i2);
            b->im = i1 - r3;
            bits |= size_of(i1 - r3);
            d->im = i1 + r3;
            bits |= size_of(i1 + r3);
        }
    }
    return bits;
}

// The power of a value of ONE_LOG2 + 2 bits more than are taken.
static inline uint32_t power(int32_t re, int32_t im) {
    re = bnn_shift_right(re, ONE_LOG2 + 2);
    im = bnn_shift_right(im, ONE_LOG2 + 2);
    return (uint32_t)(re * re) + (uint32_t)(im * im);
}

// The power of the real samples, from complex ones that had the even samples as real parts, and the
// odd ones as imaginary parts.
static void take_power(complex_t *z, unsigned log2_n, unsigned shift) {
    const int32_t round = 2 * ONE;
    const unsigned by = 1u << (BNN_FFT_LONGEST - log2_n);
    complex_t *a = z, *b = z + (1u << (log2_n - 1));
    const int32_t even = 2 * ONE * bnn_shift_right(z->re, shift) + round;
    const int32_t odd = 2 * ONE * bnn_shift_right(z->im, shift);
    a++->re = (int32_t)power(even + odd, 0);
    b--->re = (int32_t)power(even - odd, 0);
    const int16_t *s = sines + by, *c = sines + QUARTER - by;
    for (; a <= b; a++, b--, s += by, c -= by) {
        const int32_t ar = bnn_shift_right(a->re, shift), ai = bnn_shift_right(a->im, shift);
        const int32_t br = bnn_shift_right(b->re, shift), bi = bnn_shift_right(b->im, shift);
        const int32_t dr = ar - br, di = ai + bi;
        const int32_t er = (ar + br) * ONE + round, ei = (ai - bi) * ONE + round;
        const int32_t pr = di * *c - dr * *s, pi = dr * *c + di * *s;
        a->re = (int32_t)power(er + pr, ei - pi);
        b->re = (int32_t)power(er - pr, ei + pi);
    }
}

// Samples of odd addresses, to where the first stages take them from when they write there.
static samples_t gather(const uint8_t *from, unsigned step, unsigned log2_n, complex_t *z) {
    const unsigned groups = 1u << (log2_n - 3);
    unsigned to = 0;
    for (unsigned left = groups; left; left--, from += 4 * step) {
        const uint8_t *x = from;
        for (complex_t *out = z + 4 * to; out < z + 4 * to + 4; out++, x += groups * 4 * step) {
            sample_t *const pair = (sample_t *)(void *)&out->im;
            pair[0] = (int16_t)(x[0] | x[1] << 8);
            pair[1] = (int16_t)(x[2 * step] | x[2 * step + 1] << 8);
        }
        to = next_reversed(to, groups / 2);
    }
    return (samples_t){(const sample_t *)(void *)&z->im, 1, 4, 4, true};
}

int bnn_fft_power(const uint8_t *from, unsigned step, unsigned log2_n, uint32_t *spectrum) {
    complex_t *const z = (complex_t *)(void *)spectrum;
    const unsigned count = 1u << (log2_n - 1);
    samples_t samples = {(const sample_t *)(const void *)from, step, 2 * step, count / 2 * step,
                         false};
    if ((uintptr_t)from & 1) {
        samples = gather(from, step, log2_n, z);
    }
    const int32_t mean = mean_of(samples, log2_n);
    uint32_t bits = first_stages(samples, log2_n, mean, z);
    int exponent = -ONE_LOG2 - 1;
    // Points that are transformed already, and the turn of the next stage's first factor
    unsigned size = 4, by = QUARTER / 4;
    while (size < count) {
        const unsigned shift = excess(bits, STAGE_BITS);
        exponent += (int)shift - ONE_LOG2;
        if (size == 4 && log2_n % 2 == 0) {
            bits = stage2(z, count, size, by, shift);
            size *= 2;
            by /= 2;
        } else {
            bits = stage4(z, count, size, by, shift);
            size *= 4;
            by /= 4;
        }
    }
    const unsigned shift = excess(bits, POWER_BITS);
    take_power(z, log2_n, shift);
    return exponent + (int)shift + 1;
}
