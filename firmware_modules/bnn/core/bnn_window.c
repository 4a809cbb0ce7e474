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
    uint32_t down = 127 + MANTISSA - (exponent ? exponent : 1);
    const int32_t most = negative ? INT16_MIN : INT16_MAX;
    if (exponent >= 127 + MANTISSA) {
        ++*clipped;
        return most;
    }
    // Twice the number in billionths, rounded down, or up where it is negative; then the half count
    // that rounding is about. A fraction of a billionth changes no comparison with whole ones.
    // Shifts of 64 bits are by constants: others are functions that native modules may lack.
    uint64_t left = 2 * (uint64_t)mantissa * 1000000000u;
    uint32_t lost = 0;
    for (; down && left; down--) {
        lost |= (uint32_t)left & 1;
        left >>= 1;
    }
    left += negative ? scale - 1 + (uint64_t)lost : scale;
    // left / (2 * scale), which is below 2^16 but for what is clipped.
    int32_t count = 0;
    uint64_t part = (uint64_t)(scale >> 15) << 32 | scale << 17;
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

// As memmove: memcpy is by far the faster one on an RP2040.
static void copy(void *to, const void *from, size_t size) {
    const size_t ahead = (uintptr_t)from - (uintptr_t)to, behind = (uintptr_t)to - (uintptr_t)from;
    if (ahead >= size && behind >= size) {
        memcpy(to, from, size);
    } else {
        memmove(to, from, size);
    }
}

// Move `rows` samples to the start, from the hop on.
static void slide(const bnn_window_t *window, uint32_t rows) {
    const size_t sample = 2u * window->channels;
    copy(window->samples, window->samples + window->hop * (uint32_t)window->channels,
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

// One channel of samples, int16 `step` bytes apart, into rows that are as far apart. The pointers
// are to the ends of both, and the first sample is at -i: few variables, all in registers. GCC is
// asked for speed, since its loop for size takes a fifth longer.
#if defined(__GNUC__) && !defined(__clang__)
__attribute__((optimize("O2")))
#endif
static uint32_t convert(const bnn_ratio_t *given, uint8_t *to, const uint8_t *from, ptrdiff_t step,
                        ptrdiff_t i) {
    const bnn_ratio_t ratio = *given;
    uint32_t clipped = 0;
    do {
        const int32_t x = *(const int16_t *)(const void *)(from + i);
        *(int16_t *)(void *)(to + i) = (int16_t)bnn_window_convert(&ratio, x, &clipped);
        i += step;
    } while (i != 0);
    return clipped;
}

// The same where samples have more values or fewer, or begin at an odd address.
static uint32_t convert_any(const bnn_window_t *window, int16_t *to, const uint8_t *from,
                            size_t count) {
    uint32_t clipped = 0;
    for (; count; count--, from += 2u * window->width) {
        for (unsigned c = 0; c < window->channels; c++) {
            const uint8_t *value = from + 2u * window->ratios[c].source;
            const int32_t x = (int16_t)(value[0] | value[1] << 8);
            *to++ = (int16_t)bnn_window_convert(&window->ratios[c], x, &clipped);
        }
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
    const size_t sample = 2u * window->channels;
    if (!window->ratios) {
        copy(to, block, sample * count);
    } else if (window->width != window->channels || (uintptr_t)block % 2) {
        window->saturated += convert_any(window, to, block, count);
    } else {
        const size_t size = sample * count;
        for (unsigned c = 0; c < window->channels; c++) {
            const bnn_ratio_t *ratio = &window->ratios[c];
            const uint8_t *from = block + 2u * ratio->source + size;
            window->saturated += convert(ratio, (uint8_t *)(to + c) + size, from, (ptrdiff_t)sample,
                                         -(ptrdiff_t)size);
        }
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
    copy(window->samples, other->samples + (end - rows) * other->channels, rows * sample);
    window->at = rows;
    window->saturated = other->saturated;
}
