// The window that samples fill, in the model's counts (docs/reference/window.md).

#ifndef BNN_WINDOW_H
#define BNN_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BNN_MAX_MULTIPLIER 32767
#define BNN_MAX_SHIFT 30

// How one channel's counts become the model's: (x * multiplier + half) / 2^shift, rounded down.
typedef struct {
    int32_t half; // 2^shift / 2; 0 for a shift of 0
    uint16_t multiplier;
    uint8_t shift;
    uint8_t source; // which value of a sample is the channel's
} bnn_ratio_t;

// Where the window slides: the samples of [hop, length) go to its start when the next one comes, so
// that a complete window can be read until then.
typedef struct {
    int16_t *samples;          // [length + 1][channels]; the last row: see bnn_window_row()
    const bnn_ratio_t *ratios; // [channels]; NULL: counts are the model's already
    uint16_t length;           // 1 or more, in samples
    uint16_t hop;              // 1 to length
    uint8_t channels;          // 1 or more
    uint8_t width;             // values of a sample, channels without ratios
    uint32_t at;               // samples that are in the window; length: it is complete
    uint32_t saturated;        // values that were clipped, ever
} bnn_window_t;

// Limit `x` to int16; counts in `clipped` if that changes it.
static inline int32_t bnn_limit(int32_t x, uint32_t *clipped) {
    if (__builtin_expect(x != (int16_t)x, 0)) {
        ++*clipped;
        return x < 0 ? INT16_MIN : INT16_MAX;
    }
    return x;
}

// A count of a channel, within int16, as the model's.
static inline int32_t bnn_window_convert(const bnn_ratio_t *ratio, int32_t x, uint32_t *clipped) {
    const int32_t v = x * ratio->multiplier + ratio->half;
    // C leaves >> of a negative number to the compiler. All that we know of round down.
    const int32_t y = v >= 0 || -1 >> 1 == -1 ? v >> ratio->shift : ~(~v >> ratio->shift);
    return bnn_limit(y, clipped);
}

// A float of single precision, not a NaN, in the unit of a channel as the model's counts: `bits` of
// the float, and billionths of the unit per count.
int32_t bnn_window_round(uint32_t bits, uint32_t scale, uint32_t *clipped);

// Where the next sample goes, [channels], before bnn_window_advance() makes it part of the window.
int16_t *bnn_window_row(const bnn_window_t *window);

// The next sample is in its row, and `clipped` values of it were clipped. Whether it completes the
// window.
bool bnn_window_advance(bnn_window_t *window, uint32_t clipped);

// Take samples, int16 [count][width] at any alignment, up to the one that completes the window.
// Returns how many.
size_t bnn_window_fill(bnn_window_t *window, const uint8_t *block, size_t count);

// Take the newest samples of another window of as many channels, in the same counts, that leave
// this one at least one short.
void bnn_window_take(bnn_window_t *window, const bnn_window_t *other);

#endif // BNN_WINDOW_H
