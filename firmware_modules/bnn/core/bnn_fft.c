// Real FFT with block scaling. Twin of host/xnornode/model/fft.py.
//
// The n real samples are taken as n / 2 complex ones, whose spectrum gives that of the real ones.
// Values are int16 halves of a word, scaled together: a stage first looks at how large they are,
// and halves its results as often as they need to fit.

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O2", "no-schedule-insns") // built for size it takes half as long again
#endif

#include "bnn_fft.h"

#include "bnn_fixed.h"

#define QUARTER 256 // of a turn
// 32768 * sin of i / 1024 turns, to the nearest integer, at most 32767.
static const int16_t sines[QUARTER + 1] = {
    0,     201,   402,   603,   804,   1005,  1206,  1407,  1608,  1809,  2009,  2210,  2411,
    2611,  2811,  3012,  3212,  3412,  3612,  3812,  4011,  4211,  4410,  4609,  4808,  5007,
    5205,  5404,  5602,  5800,  5998,  6195,  6393,  6590,  6787,  6983,  7180,  7376,  7571,
    7767,  7962,  8157,  8351,  8546,  8740,  8933,  9127,  9319,  9512,  9704,  9896,  10088,
    10279, 10469, 10660, 10850, 11039, 11228, 11417, 11605, 11793, 11980, 12167, 12354, 12540,
    12725, 12910, 13095, 13279, 13463, 13646, 13828, 14010, 14192, 14373, 14553, 14733, 14912,
    15091, 15269, 15447, 15624, 15800, 15976, 16151, 16326, 16500, 16673, 16846, 17018, 17190,
    17361, 17531, 17700, 17869, 18037, 18205, 18372, 18538, 18703, 18868, 19032, 19195, 19358,
    19520, 19681, 19841, 20001, 20160, 20318, 20475, 20632, 20788, 20943, 21097, 21251, 21403,
    21555, 21706, 21856, 22006, 22154, 22302, 22449, 22595, 22740, 22884, 23028, 23170, 23312,
    23453, 23593, 23732, 23870, 24008, 24144, 24279, 24414, 24548, 24680, 24812, 24943, 25073,
    25202, 25330, 25457, 25583, 25708, 25833, 25956, 26078, 26199, 26320, 26439, 26557, 26674,
    26791, 26906, 27020, 27133, 27246, 27357, 27467, 27576, 27684, 27791, 27897, 28002, 28106,
    28209, 28311, 28411, 28511, 28610, 28707, 28803, 28899, 28993, 29086, 29178, 29269, 29359,
    29448, 29535, 29622, 29707, 29792, 29875, 29957, 30038, 30118, 30196, 30274, 30350, 30425,
    30499, 30572, 30644, 30715, 30784, 30853, 30920, 30986, 31050, 31114, 31177, 31238, 31298,
    31357, 31415, 31471, 31527, 31581, 31634, 31686, 31737, 31786, 31834, 31881, 31927, 31972,
    32015, 32058, 32099, 32138, 32177, 32214, 32251, 32286, 32319, 32352, 32383, 32413, 32442,
    32470, 32496, 32522, 32546, 32568, 32590, 32610, 32629, 32647, 32664, 32679, 32693, 32706,
    32718, 32729, 32738, 32746, 32753, 32758, 32762, 32766, 32767, 32767,
};

// A complex value in a word: the real part in the lower half, the imaginary part in the upper one.
static inline int32_t re(uint32_t z) {
    return (int16_t)z;
}

static inline int32_t im(uint32_t z) {
    return bnn_shift_right((int32_t)z, 16);
}

static inline uint32_t pack(int32_t re, int32_t im) {
    return (uint32_t)im << 16 | (uint16_t)re;
}

// In bits 15 and 31, whether either half needs 16 bits; in bits 14 and 30, whether 15.
static inline uint32_t widths(uint32_t z) {
    return z ^ z << 1;
}

// cos and sin of `turn` / 1024 turns, for half a turn.
static inline int32_t cosine(unsigned turn) {
    return turn <= QUARTER ? sines[QUARTER - turn] : -sines[turn - QUARTER];
}

static inline int32_t sine(unsigned turn) {
    return sines[turn <= QUARTER ? turn : 2 * QUARTER - turn];
}

// What a frame becomes before the transform.
typedef struct {
    const int16_t *samples; // the next one
    int32_t mean;
    unsigned scale; // of numbers of 17 bits, sign included, to 32 bits with the window
    uint32_t *out;  // words in the order of reversed indices
    unsigned to;    // the next one's
    unsigned count; // of them all
} frame_t;

// A quarter of the frame, under a quarter of the window 32768 * sin^2 of half a turn, which is
// (32768 + sign * sine) / 2 for the sines from `from` on.
static void take_quarter(frame_t *frame, int32_t sign, const int16_t *from, int by) {
    const int16_t *x = frame->samples;
    uint32_t *const out = frame->out;
    const int32_t mean = frame->mean;
    unsigned to = frame->to;
    for (unsigned left = frame->count / 4; left; left--) {
        const int32_t a = (*x - mean) * (1 << frame->scale) * ((32768 + sign * *from) >> 1);
        from += by;
        x++;
        const int32_t b = (*x - mean) * (1 << frame->scale) * ((32768 + sign * *from) >> 1);
        from += by;
        x++;
        out[to] = pack(bnn_shift_right(a, 16), bnn_shift_right(b, 16));
        unsigned bit = frame->count / 2; // add 1 from the other end
        while (to & bit) {
            to ^= bit;
            bit >>= 1;
        }
        to |= bit;
    }
    frame->samples = x;
    frame->to = to;
}

// The frame without its mean, scaled to 16 bits, under the window. Returns how often it was
// doubled.
static int take_frame(const int16_t *samples, unsigned log2_n, uint32_t *out) {
    const int16_t *const end = samples + (1u << log2_n);
    int32_t sum = 0, least = *samples, most = *samples;
    for (const int16_t *x = samples; x < end; x++) {
        const int32_t v = *x;
        sum += v;
        least = v < least ? v : least;
        most = v > most ? v : most;
    }
    const int32_t mean = bnn_shift_right(sum, log2_n);
    frame_t frame = {samples, mean, 0, out, 0, 1u << (log2_n - 1)};
    for (uint32_t bits = (uint32_t)(most - mean) | (uint32_t)(mean - least);
         bits && bits < 1u << 15; bits <<= 1) {
        frame.scale++;
    }
    const int by = 1 << (BNN_FFT_LONGEST - log2_n);
    take_quarter(&frame, -1, sines + QUARTER, -by);
    take_quarter(&frame, 1, sines, by);
    take_quarter(&frame, 1, sines + QUARTER, -by);
    take_quarter(&frame, -1, sines, by);
    return (int)frame.scale - 1;
}

// The first two stages, whose factors are 1 and -j: sums of four, quartered.
static uint32_t first_stages(uint32_t *z, unsigned count) {
    uint32_t bits = 0;
    for (uint32_t *end = z + count; z < end; z += 4) {
        const int32_t ar = re(z[0]) + re(z[1]), ai = im(z[0]) + im(z[1]);
        const int32_t br = re(z[0]) - re(z[1]), bi = im(z[0]) - im(z[1]);
        const int32_t cr = re(z[2]) + re(z[3]), ci = im(z[2]) + im(z[3]);
        const int32_t dr = re(z[2]) - re(z[3]), di = im(z[2]) - im(z[3]);
        z[0] = pack(bnn_shift_right(ar + cr, 2), bnn_shift_right(ai + ci, 2));
        z[1] = pack(bnn_shift_right(br + di, 2), bnn_shift_right(bi - dr, 2));
        z[2] = pack(bnn_shift_right(ar - cr, 2), bnn_shift_right(ai - ci, 2));
        z[3] = pack(bnn_shift_right(br - di, 2), bnn_shift_right(bi + dr, 2));
        bits |= widths(z[0]) | widths(z[1]) | widths(z[2]) | widths(z[3]);
    }
    return bits;
}

// A stage of butterflies, z[i] and z[i + half] with the factor of i / (2 * half) turns; results are
// halved `shift` times.
static inline uint32_t stage(uint32_t *z, unsigned count, unsigned half, unsigned shift) {
    uint32_t bits = 0;
    const int32_t round = (1 << shift) >> 1;
    const unsigned turn = 512 / half;
    for (unsigned i = 0; i < half; i++) {
        const int32_t c = cosine(i * turn), s = sine(i * turn);
        for (uint32_t *a = z + i; a < z + count; a += 2 * half) {
            const uint32_t first = *a, second = a[half];
            const int32_t br = re(second), bi = im(second);
            const int32_t pr = bnn_shift_right(br * c + bi * s + (1 << 14), 15);
            const int32_t pi = bnn_shift_right(bi * c - br * s + (1 << 14), 15);
            const int32_t ar = re(first) + round, ai = im(first) + round;
            const uint32_t sum =
                pack(bnn_shift_right(ar + pr, shift), bnn_shift_right(ai + pi, shift));
            *a = sum;
            bits |= widths(sum);
            const uint32_t difference =
                pack(bnn_shift_right(ar - pr, shift), bnn_shift_right(ai - pi, shift));
            a[half] = difference;
            bits |= widths(difference);
        }
    }
    return bits;
}

// As often halved as results need to fit: of values below 2^13, 2^14, 2^15.
static uint32_t fitting_stage(uint32_t *z, unsigned count, unsigned half, uint32_t bits,
                              int *exponent) {
    if (bits & 0x80008000u) {
        *exponent += 2;
        return stage(z, count, half, 2);
    }
    if (bits & 0x40004000u) {
        *exponent += 1;
        return stage(z, count, half, 1);
    }
    return stage(z, count, half, 0);
}

static uint32_t power(int32_t re, int32_t im) {
    re = bnn_shift_right(re, 1);
    im = bnn_shift_right(im, 1);
    return (uint32_t)(re * re) + (uint32_t)(im * im);
}

int bnn_fft_power(const int16_t *samples, unsigned log2_n, uint32_t *spectrum) {
    uint32_t *const z = spectrum;
    const unsigned count = 1u << (log2_n - 1);
    int exponent = 2 - take_frame(samples, log2_n, z);
    uint32_t bits = first_stages(z, count);
    for (unsigned half = 4; half < count; half *= 2) {
        bits = fitting_stage(z, count, half, bits, &exponent);
    }
    const int32_t first = re(z[0]), second = im(z[0]);
    // Of the real samples at k and count - k, from z at both, which has the even ones as its real
    // part and the odd ones as its imaginary part
    for (unsigned k = 1; k <= count / 2; k++) {
        const uint32_t a = z[k], b = z[count - k];
        const int32_t er = re(a) + re(b), ei = im(a) - im(b);
        const int32_t dr = re(a) - re(b), di = im(a) + im(b);
        const unsigned turn = k << (BNN_FFT_LONGEST - log2_n);
        const int32_t c = cosine(turn), s = sine(turn);
        const int32_t pr = bnn_shift_right(di * c - dr * s, 15);
        const int32_t pi = bnn_shift_right(dr * c + di * s, 15);
        spectrum[k] = power(er + pr, ei - pi);
        spectrum[count - k] = power(er - pr, ei + pi);
    }
    spectrum[0] = power(2 * (first + second), 0);
    spectrum[count] = power(2 * (first - second), 0);
    return exponent;
}
