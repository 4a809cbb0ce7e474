// Layers with weights in columns: those inputs that have the counted value are listed, and for each
// strip of outputs the listed columns are counted, all outputs side by side.

#include "bnn_columns.h"

#include "bnn_bits.h"
#include "bnn_kernel.h"

#define NARROW 8 // channels, and rows of a kernel

// Append those of an input's channels that have the counted value; `entry` is for the first.
BNN_KERNEL
static uint16_t *list_channels(const bnn_layer_t *l, const uint32_t *input, uint32_t at,
                               uint32_t entry, uint16_t *list) {
    const uint32_t flip = l->counted ? 0 : ~0u;
    uint32_t left = l->channels;
    if (at % 32 == 0) {
        const uint32_t whole = left / 32;
        list = bnn_kernel_list(input + at / 32, whole, flip, entry, list);
        left -= 32 * whole;
        at += 32 * whole;
        entry += 128 * whole;
    }
    for (uint32_t count; left; left -= count, at += count, entry += 4 * count) {
        count = left < 32 ? left : 32;
        const uint32_t bits = (bnn_get_bits(input, at, count) ^ flip) & ~0u >> (32 - count);
        list = bnn_kernel_list(&bits, 1, 0, entry, list);
    }
    return list;
}

// Append all channels of a place outside of the grid, whose bits are 0.
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
    const bool inside = column >= 0 && column < l->width;
    for (int32_t y = row; y < row + l->kernel[0]; y++, entry += 4u * l->channels) {
        if (inside && y >= 0 && y < l->height) {
            const uint32_t at = ((uint32_t)y * l->width + (uint32_t)column) * l->channels;
            list = list_channels(l, input, at, entry, list);
        } else {
            list = list_outside(l, entry, list);
        }
    }
    return list;
}

// Where there is little in a column of the input, getting it word by word would take longer: the
// next columns of a few rows, in a word for each row.
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

// The outputs at one place, into the output from bit `at` on. The layer's first column has entry
// 4 * first.
BNN_KERNEL
static void run_place(const bnn_layer_t *l, const uint16_t *list, uint32_t count, uint32_t first,
                      uint32_t *out, uint32_t at) {
    const uint8_t *columns = (const uint8_t *)l->weights;
    for (uint32_t left = l->outputs; left;) {
        const bnn_strip_t strip = bnn_strip(l, left);
        const uint8_t *bases = columns + strip.columns;
        const uintptr_t zero = (uintptr_t)columns - first * strip.unit;
        const uint32_t bits =
            strip.unit == 4
                ? bnn_kernel_strip32(zero, list, count, (const uint32_t *)bases, l->planes)
                : bnn_kernel_strip16(zero, list, count, (const uint16_t *)bases, l->planes);
        const uint32_t outputs = left < 8 * strip.unit ? left : 8 * strip.unit;
        // Places of one pool meet in the same bits: the highest is their OR.
        bnn_or_bits(out, at, bits, outputs);
        at += outputs;
        left -= outputs;
        columns = bases + strip.bases;
    }
}

BNN_KERNEL
void bnn_columns_run(const bnn_layer_t *l, const uint32_t *input, uint16_t *list, uint32_t *out) {
    const uint32_t width = l->out_width * l->pool[1];
    const uint32_t depth = (uint32_t)l->kernel[0] * l->channels; // of a column of the input
    uint16_t *starts = list + depth * bnn_seen_columns(l, l->span);
    int32_t row = -l->padding[0];
    uint32_t first = 0; // bit of the output of the row's first place
    for (uint32_t y = l->out_height; y; y--, first += l->out_width * l->outputs) {
        for (uint32_t rows = l->pool[0]; rows; rows--, row += l->stride[0]) {
            uint32_t at = first, in_pool = l->pool[1];
            for (uint32_t x = 0, in_span; x < width; x += in_span) {
                in_span = width - x < l->span ? width - x : l->span;
                list_columns(l, input, row, (int32_t)(x * l->stride[1]) - l->padding[1],
                             bnn_seen_columns(l, in_span), list, starts);
                for (uint32_t i = 0, seen = 0; i < in_span; i++, seen += l->stride[1]) {
                    const uint16_t from = starts[seen];
                    run_place(l, list + from, (uint32_t)starts[seen + l->kernel[1]] - from,
                              seen * depth, out, at);
                    if (--in_pool == 0) {
                        in_pool = l->pool[1];
                        at += l->outputs;
                    }
                }
            }
        }
    }
}
