// Layers with weights in columns. The inputs that have the counted value are listed; then the
// listed columns are counted for a strip of outputs at a time, all of its outputs side by side.

#include "bnn_columns.h"

#include "bnn_bits.h"
#include "bnn_kernel.h"

#define NARROW 8 // channels, and rows of a kernel

// Append those of `left` channels that have the counted value, in words with other bits; `entry` is
// for the first.
BNN_KERNEL
__attribute__((noinline)) // inlined, GCC 12 has no registers left on ARMv6-M
static uint16_t *list_bits(const uint32_t *input, uint32_t at, uint32_t left, uint32_t flip,
                           uint32_t entry, uint16_t *list) {
    for (uint32_t count; left; left -= count, at += count, entry += 4 * count) {
        count = left < 32 ? left : 32;
        const uint32_t bits = (bnn_get_bits(input, at, count) ^ flip) & ~0u >> (32 - count);
        list = bnn_kernel_list(&bits, 1, 0, entry, list);
    }
    return list;
}

// Append all channels of a position outside of the input, whose bits are 0.
BNN_KERNEL
static uint16_t *list_outside(const bnn_layer_t *l, uint32_t entry, uint16_t *list) {
    for (uint32_t i = l->counted ? l->channels : 0; i < l->channels; i++, entry += 4) {
        *list++ = (uint16_t)entry;
    }
    return list;
}

// What a row of the convolution sees of one column of the input.
BNN_KERNEL
static uint16_t *list_column(const bnn_layer_t *l, const uint32_t *input, int32_t row,
                             int32_t column, uint32_t entry, uint16_t *list) {
    const uint32_t channels = l->channels, step = l->width * channels;
    const uint32_t flip = l->counted ? 0 : ~0u;
    const bool inside = column >= 0 && column < l->width;
    uint32_t at = (uint32_t)row * step + (uint32_t)column * channels; // means nothing outside
    for (uint32_t rows = l->kernel[0]; rows; rows--, row++, at += step, entry += 4 * channels) {
        if (!inside || row < 0 || row >= l->height) {
            list = list_outside(l, entry, list);
        } else if ((at | channels) % 32 == 0) {
            list = bnn_kernel_list(input + at / 32, channels / 32, flip, entry, list);
        } else {
            list = list_bits(input, at, channels, flip, entry, list);
        }
    }
    return list;
}

// The next columns of a few rows of the input, in a word for each row: faster than word by word
// where a column has few bits.
typedef struct {
    uint32_t rows[NARROW];
    uint32_t all; // rows, ORed
    uint32_t columns;
} ahead_t;

BNN_KERNEL
static void look_ahead(const bnn_layer_t *l, const uint32_t *input, int32_t row, uint32_t column,
                       ahead_t *ahead) {
    const uint32_t left = l->width - column, most = 32 / l->channels;
    const uint32_t flip = l->counted ? 0 : ~0u;
    ahead->columns = left < most ? left : most;
    ahead->all = 0;
    for (uint32_t *rows = ahead->rows; rows < ahead->rows + l->kernel[0]; rows++, row++) {
        *rows = flip;
        if (row >= 0 && row < l->height) {
            const uint32_t at = ((uint32_t)row * l->width + column) * l->channels;
            *rows ^= bnn_get_bits(input, at, ahead->columns * l->channels);
        }
        ahead->all |= *rows;
    }
}

// Append the bits of `mask` in each row from bit `at` on.
BNN_KERNEL
__attribute__((noinline)) // inlined, GCC 12 has no registers left on ARMv6-M
static uint16_t *list_ahead(const bnn_layer_t *l, const uint32_t *rows, uint32_t at, uint32_t entry,
                            uint16_t *list) {
    const uint32_t channels = l->channels, mask = (1u << channels) - 1;
    for (const uint32_t *end = rows + l->kernel[0]; rows < end; entry += 4 * channels) {
        uint32_t next = entry;
        for (uint32_t bits = *rows++ >> at & mask; bits; bits >>= 1, next += 4) {
            if (bits & 1) {
                *list++ = (uint16_t)next;
            }
        }
    }
    return list;
}

// List what a row of the convolution sees in `count` columns of the input from `column` on, and
// where in the list each of them starts.
BNN_KERNEL
static void list_columns(const bnn_layer_t *l, const uint32_t *input, int32_t row, int32_t column,
                         uint32_t count, uint16_t *list, uint16_t *starts) {
    const uint32_t channels = l->channels, entries = 4 * l->kernel[0] * channels;
    const bool narrow = channels <= NARROW && l->kernel[0] <= NARROW;
    uint16_t *end = list;
    uint32_t entry = 0;
    while (count) {
        if (!narrow || column < 0 || column >= l->width) {
            *starts++ = (uint16_t)(end - list);
            end = list_column(l, input, row, column, entry, end);
            column++;
            count--;
            entry += entries;
            continue;
        }
        ahead_t ahead;
        look_ahead(l, input, row, (uint32_t)column, &ahead);
        const uint32_t run = ahead.columns < count ? ahead.columns : count;
        column += (int32_t)run;
        count -= run;
        const uint32_t bits = run * channels;
        for (uint32_t at = 0; at < bits; at += channels, entry += entries) {
            *starts++ = (uint16_t)(end - list);
            if (ahead.all >> at & ((1u << channels) - 1)) {
                end = list_ahead(l, ahead.rows, at, entry, end);
            }
        }
    }
    *starts = (uint16_t)(end - list);
}

// Neighbouring positions of the convolution, and where in the list the inputs of each start.
typedef struct {
    const uint16_t *list;
    const uint16_t *starts;
    uint32_t count;
    uint32_t at;      // bit of the output for the first position
    uint32_t in_pool; // columns of its pool that are still to come
} positions_t;

// The outputs of one strip at all the positions, from bit `first` of a position on.
BNN_KERNEL
__attribute__((noinline)) // as above
static void run_strip(const bnn_layer_t *l, const uint8_t *columns, const bnn_strip_t *strip,
                      const positions_t *positions, uint32_t first, uint32_t *out) {
    const uint8_t *bases = columns + strip->columns;
    const uint32_t left = l->outputs - first;
    const uint32_t outputs = left < 8 * strip->unit ? left : 8 * strip->unit;
    const uint32_t step = (uint32_t)l->stride[1] * l->kernel[0] * l->channels * strip->unit;
    const uint16_t *start = positions->starts;
    uint32_t at = positions->at + first, in_pool = positions->in_pool;
    uintptr_t zero = (uintptr_t)columns;
    for (uint32_t i = positions->count; i; i--, zero -= step, start += l->stride[1]) {
        const uint16_t *list = positions->list + start[0];
        const uint32_t count = (uint32_t)start[l->kernel[1]] - start[0];
        uint32_t bits;
        if (strip->unit == 4) {
            const uint32_t *of = (const uint32_t *)bases;
            // With nothing to count the sign of the bases decides.
            bits = count ? bnn_kernel_strip32(zero, list, count, of, l->planes) : of[l->planes - 1];
        } else {
            bits = bnn_kernel_strip16(zero, list, count, (const uint16_t *)bases, l->planes);
        }
        // The positions of one pool share their bits: the maximum of bits is their OR.
        bnn_or_bits(out, at, bits, outputs);
        if (--in_pool == 0) {
            in_pool = l->pool[1];
            at += l->outputs;
        }
    }
}

// A row of the convolution, into the output from bit `at` on.
BNN_KERNEL
static void run_row(const bnn_layer_t *l, const uint32_t *input, int32_t row, uint16_t *list,
                    uint32_t *out, uint32_t at) {
    const uint32_t width = l->out_width * l->pool[1], span = l->span;
    const uint32_t depth = (uint32_t)l->kernel[0] * l->channels; // of a column of the input
    uint16_t *starts = list + depth * bnn_seen_columns(l, span);
    int32_t column = -l->padding[1];
    positions_t positions = {list, starts, span, at, l->pool[1]};
    for (uint32_t x = 0; x < width; x += span) {
        if (width - x < span) {
            positions.count = width - x;
        }
        list_columns(l, input, row, column, bnn_seen_columns(l, positions.count), list, starts);
        const uint8_t *columns = (const uint8_t *)l->weights;
        for (uint32_t first = 0; first < l->outputs;) {
            const bnn_strip_t strip = bnn_strip(l, l->outputs - first);
            run_strip(l, columns, &strip, &positions, first, out);
            columns += strip.columns + strip.bases;
            first += 8 * strip.unit;
        }
        column += (int32_t)(span * l->stride[1]);
        for (uint32_t i = positions.count; i; i--) {
            if (--positions.in_pool == 0) {
                positions.in_pool = l->pool[1];
                positions.at += l->outputs;
            }
        }
    }
}

BNN_KERNEL
void bnn_columns_run(const bnn_layer_t *l, const uint32_t *input, uint16_t *list, uint32_t *out) {
    int32_t row = -l->padding[0];
    uint32_t at = 0;
    for (uint32_t y = l->out_height; y; y--, at += l->out_width * l->outputs) {
        for (uint32_t rows = l->pool[0]; rows; rows--, row += l->stride[0]) {
            run_row(l, input, row, list, out, at);
        }
    }
}
