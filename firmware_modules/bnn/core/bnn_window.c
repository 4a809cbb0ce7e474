// The window that samples fill (bnn_window.h).

#include "bnn_window.h"

#include <string.h>

#define MANTISSA 23 // bits of a float of single precision

int32_t bnn_window_round(uint32_t bits, uint32_t scale, uint32_t *clipped) {
    const bool negative = bits >> 31;
    const uint32_t exponent = bits >> MANTISSA & 0xff;
    const uint32_t fraction = bits & ((1u << MANTISSA) - 1);
    const uint32_t mantissa = exponent ? fraction | 1u << MANTISSA : fraction;
    // The number is mantissa / 2^down. From 2^23 on it is beyond int16 counts at any scale.
    const uint32_t down = 127 + MANTISSA - (exponent ? exponent : 1);
    const int32_t most = negative ? INT16_MIN : INT16_MAX;
    if (exponent >= 127 + MANTISSA) {
        ++*clipped;
        return most;
    }
    // Twice the number in billionths, rounded down, or up where it is negative; then the half count
    // that rounding is about. A fraction of a billionth changes no comparison with whole ones.
    const uint64_t twice = 2 * (uint64_t)mantissa * 1000000000u;
    uint64_t left = down < 63 ? twice >> down : 0;
    if (negative) {
        left += scale - 1 + (down < 63 ? left << down != twice : twice != 0);
    } else {
        left += scale;
    }
    // left / (2 * scale), which is below 2^16 but for what is clipped.
    int32_t count = 0;
    uint64_t part = (uint64_t)scale << 17;
    if (left >= part) {
        ++*clipped;
        return most;
    }
    for (unsigned i = 0; i < 16; i++) {
        part >>= 1;
        count *= 2;
        if (left >= part) {
            left -= part;
            count++;
        }
    }
    return bnn_limit(negative ? -count : count, clipped);
}

int16_t *bnn_window_row(const bnn_window_t *window) {
    return window->samples + window->at * window->channels;
}

// Move `rows` samples to the start, from the hop on.
static void slide(const bnn_window_t *window, uint32_t rows) {
    const size_t sample = 2u * window->channels;
    memmove(window->samples, window->samples + window->hop * (uint32_t)window->channels,
            rows * sample);
}

bool bnn_window_advance(bnn_window_t *window, uint32_t clipped) {
    // Its value at the start: whatever another thread does, no row beyond the last is written.
    uint32_t at = window->at;
    if (at == window->length) {
        at -= window->hop;
        slide(window, at + 1);
    }
    window->at = at + 1;
    window->saturated += clipped;
    return at + 1 == window->length;
}

// One value of each sample.
static inline uint32_t convert(const bnn_window_t *window, unsigned channel, int16_t *to,
                               const uint8_t *from, size_t count, bool even) {
    const bnn_ratio_t ratio = window->ratios[channel];
    const size_t step = window->channels, width = 2u * window->width;
    uint32_t clipped = 0;
    from += 2u * ratio.source;
    to += channel;
    for (const int16_t *const end = to + count * step; to != end; to += step, from += width) {
        const int32_t x =
            even ? *(const int16_t *)(const void *)from : (int16_t)(from[0] | from[1] << 8);
        *to = (int16_t)bnn_window_convert(&ratio, x, &clipped);
    }
    return clipped;
}

size_t bnn_window_fill(bnn_window_t *window, const uint8_t *block, size_t count) {
    uint32_t at = window->at;
    if (count == 0) {
        return 0;
    }
    if (at == window->length) {
        at -= window->hop;
        slide(window, at);
    }
    if (count > window->length - at) {
        count = window->length - at;
    }
    int16_t *to = window->samples + at * window->channels;
    if (!window->ratios) {
        memcpy(to, block, 2u * window->channels * count);
    } else {
        uint32_t clipped = 0;
        for (unsigned c = 0; c < window->channels; c++) {
            clipped += (uintptr_t)block % 2 ? convert(window, c, to, block, count, false)
                                            : convert(window, c, to, block, count, true);
        }
        window->saturated += clipped;
    }
    window->at = at + (uint32_t)count;
    return count;
}

void bnn_window_take(bnn_window_t *window, const bnn_window_t *other) {
    const uint32_t end = other->at;
    uint32_t rows = end == other->length ? end - other->hop : end;
    if (rows > window->length - 1u) {
        rows = window->length - 1u;
    }
    const size_t sample = 2u * window->channels;
    memmove(window->samples, other->samples + (end - rows) * other->channels, rows * sample);
    window->at = rows;
    window->saturated = other->saturated;
}
