// Inference, from a window or a text to scores. Twin of host/xnornode/model/model.py and layers.py.

#include <string.h>

#include "bnn_bits.h"
#include "bnn_columns.h"
#include "bnn_drift.h"
#include "bnn_features.h"
#include "bnn_fixed.h"
#include "bnn_kernel.h"
#include "bnn_spectrum.h"
#include "bnn_text.h"

static void copy_bits(uint32_t *to, uint32_t to_at, const uint32_t *from, uint32_t from_at,
                      uint32_t count) {
    if ((to_at | from_at | count) % 8 == 0) { // always so with int8
        memcpy((uint8_t *)to + to_at / 8, (const uint8_t *)from + from_at / 8, count / 8);
        return;
    }
    while (count) {
        const uint32_t room = 32 - to_at % 32, some = count < room ? count : room;
        to[to_at / 32] |= bnn_get_bits(from, from_at, some) << to_at % 32;
        to_at += some;
        from_at += some;
        count -= some;
    }
}

// The patch of a group at position (y, x) of the convolution, packed without gaps: in the input
// itself if it lies there so, else copied to `patch`. An int8 counts as 8 bits.
static const uint32_t *get_patch(const bnn_layer_t *l, const uint32_t *input, uint32_t y,
                                 uint32_t x, uint32_t group, uint32_t *patch) {
    if (l->whole) {
        return input;
    }
    const uint32_t unit = l->input == BNN_INT8 ? 8 : 1;
    const uint32_t channels = l->channels * unit, depth = l->group_channels * unit;
    const uint32_t size = l->inputs * unit;
    // The padding is smaller than the kernel, so at least a row and a column are inside.
    const int32_t first_row = (int32_t)(y * l->stride[0]) - l->padding[0];
    const int32_t first_column = (int32_t)(x * l->stride[1]) - l->padding[1];
    const int32_t row = first_row < 0 ? 0 : first_row;
    const int32_t column = first_column < 0 ? 0 : first_column;
    const int32_t last_row = first_row + l->kernel[0], last_column = first_column + l->kernel[1];
    uint32_t rows = (uint32_t)((last_row < l->height ? last_row : l->height) - row);
    const uint32_t columns = (uint32_t)((last_column < l->width ? last_column : l->width) - column);
    // Runs of bits that lie together in the input and in the patch: columns, unless there are
    // groups between them; and rows, where they are as long in both.
    uint32_t pieces = columns, run = depth;
    if (l->groups == 1) {
        pieces = 1;
        run = columns * depth;
        if (columns == l->width && columns == l->kernel[1]) {
            run *= rows;
            rows = 1;
        }
    }
    const uint32_t step = l->width * channels;
    uint32_t from = (uint32_t)row * step + (uint32_t)column * channels + group * depth;
    if (run == size && from % 32 == 0 && (run % 32 == 0 || from + run == l->height * step)) {
        return input + from / 32;
    }
    uint32_t to =
        ((uint32_t)(row - first_row) * l->kernel[1] + (uint32_t)(column - first_column)) * depth;
    memset(patch, 0, 4 * bnn_words(size));
    for (; rows; rows--, from += step, to += l->kernel[1] * depth) {
        for (uint32_t i = 0; i < pieces; i++) {
            copy_bits(patch, to + i * depth, input, from + i * channels, run);
        }
    }
    return patch;
}

// Binary from binary: fewer differing inputs than the threshold; from int8: a sum of at least it.
static void give_binary(const bnn_layer_t *l, const int32_t *sums, uint32_t first, uint32_t count,
                        uint32_t position, uint32_t *out) {
    uint32_t *word = out + (position * l->outputs + first) / 32;
    uint32_t bit = 1u << (position * l->outputs + first) % 32;
    for (uint32_t i = first; i < first + count; i++) {
        const int32_t sum = *sums++;
        // The positions of one pool share their bits: the maximum of bits is their OR.
        if (l->thresholds ? sum < l->thresholds[i] : sum >= l->offsets[i]) {
            *word |= bit;
        }
        bit <<= 1;
        if (bit == 0) {
            bit = 1;
            word++;
        }
    }
}

static void give_int8(const bnn_layer_t *l, const int32_t *sums, uint32_t first, uint32_t count,
                      uint32_t position, uint32_t *out) {
    uint8_t *bytes = (uint8_t *)out + position * l->outputs + first;
    for (uint32_t i = 0; i < count; i++) {
        const int32_t z = l->input == BNN_BINARY ? (int32_t)l->inputs - 2 * sums[i] : sums[i];
        int32_t v = bnn_affine(z, l->factors[first + i], l->offsets[first + i]);
        v = bnn_clip(bnn_shift_right(v, l->shift), 0, 127);
        bytes[i] = (uint8_t)(v > bytes[i] ? v : bytes[i]);
    }
}

static void add_totals(const int32_t *sums, uint32_t first, uint32_t count, uint32_t *out) {
    int32_t *totals = (int32_t *)out + first;
    for (uint32_t i = 0; i < count; i++) {
        totals[i] += sums[i];
    }
}

// sums[i], [count]: the inputs that differ from row i if they are binary, their signed sum if int8.
static void sum_rows(const bnn_layer_t *l, const uint32_t *patch, const uint32_t *rows,
                     uint32_t count, int32_t *sums) {
    if (l->input == BNN_BINARY) {
        bnn_kernel_differing(patch, rows, l->words, count, sums);
    } else {
        bnn_kernel_signed_sums(patch, l->inputs, rows, l->words, count, sums);
    }
}

// The outputs of one group for a patch, into output position `position`.
static void run_group(const bnn_layer_t *l, const uint32_t *patch, uint32_t group,
                      uint32_t position, uint32_t *out) {
    int32_t sums[BNN_KERNEL_ROWS];
    uint32_t first = group * l->group_outputs;
    const uint32_t end = first + l->group_outputs;
    const uint32_t *rows = l->weights + first * l->words;
    for (uint32_t count; first < end; first += count, rows += count * l->words) {
        count = end - first < BNN_KERNEL_ROWS ? end - first : BNN_KERNEL_ROWS;
        sum_rows(l, patch, rows, count, sums);
        if (l->output == BNN_BINARY) {
            give_binary(l, sums, first, count, position, out);
        } else if (l->output == BNN_INT8) {
            give_int8(l, sums, first, count, position, out);
        } else {
            add_totals(sums, first, count, out);
        }
    }
}

// Output position `position`: a pool of positions of the convolution, (y, x) the first.
static void run_pool(const bnn_layer_t *l, const uint32_t *input, uint32_t y, uint32_t x,
                     uint32_t position, uint32_t *patch, uint32_t *out) {
    for (uint32_t i = 0; i < l->pool[0]; i++) {
        for (uint32_t j = 0; j < l->pool[1]; j++) {
            for (uint32_t group = 0; group < l->groups; group++) {
                run_group(l, get_patch(l, input, y + i, x + j, group, patch), group, position, out);
            }
        }
    }
}

// Write all of `out`, its pad bits 0.
static void run_layer(const bnn_layer_t *l, const uint32_t *input, uint32_t *patch, uint32_t *out) {
    const uint32_t size = l->out_height * l->out_width * l->outputs;
    const bool scores = l->output == BNN_SCORES;
    memset(out, 0,
           4 * (scores ? l->outputs : bnn_words(l->output == BNN_BINARY ? size : 8 * size)));
    if (l->planes) {
        bnn_columns_run(l, input, (uint16_t *)patch, out);
        return;
    }
    uint32_t position = 0;
    for (uint32_t y = 0; y < l->out_height; y++) {
        for (uint32_t x = 0; x < l->out_width; x++, position++) {
            run_pool(l, input, y * l->pool[0], x * l->pool[1], position, patch, out);
        }
    }
}

// Run the layers on the input at the start of scratch; the scores go to totals_at.
static unsigned run_layers(const bnn_model_t *model, uint32_t *scratch) {
    const uint32_t *x = scratch;
    const bnn_layer_t *l = model->layers;
    for (unsigned i = 0; i + 1 < model->layer_count; i++, l++) {
        uint32_t *out = scratch + (i % 2 ? 0 : model->second_at);
        run_layer(l, x, scratch + model->patch_at, out);
        x = out;
    }
    uint32_t *totals = scratch + model->totals_at;
    if (l->whole && l->outputs <= BNN_KERNEL_ROWS) {
        sum_rows(l, x, l->weights, l->outputs, (int32_t *)totals);
    } else {
        run_layer(l, x, scratch + model->patch_at, totals);
    }
    const int32_t size = (int32_t)l->height * l->width * l->channels;
    int32_t *scores = (int32_t *)totals;
    unsigned best = 0;
    for (unsigned i = 0; i < model->classes; i++) {
        const int32_t z = l->input == BNN_BINARY ? size - 2 * scores[i] : scores[i];
        scores[i] = bnn_affine(z, l->factors[i], l->offsets[i]);
        best = scores[i] > scores[best] ? i : best;
    }
    return best;
}

// The first layer's input, to the start of scratch. The values of statistics go to `values` too,
// unless it is NULL.
static void encode(const bnn_model_t *model, const uint8_t *input, size_t size, uint32_t *scratch,
                   int16_t *values) {
    if (model->features == BNN_FEATURES_NGRAMS) {
        bnn_text_bits(model, input, size, scratch);
        return;
    }
    if (model->features == BNN_FEATURES_RAW) {
        bnn_encode_window(model, input, scratch);
        return;
    }
    bnn_encoder_t encoder;
    bnn_encode_begin(&encoder, model, scratch);
    if (model->features == BNN_FEATURES_STATISTICS) {
        bnn_features_run(model, input, scratch + model->second_at, &encoder, values);
    } else {
        bnn_spectrum_run(model, input, scratch + model->second_at, &encoder);
    }
    bnn_encode_end(&encoder);
}

static unsigned decide(const bnn_model_t *model, uint32_t *scratch, int32_t *scores) {
    const unsigned best = run_layers(model, scratch);
    if (scores) {
        memcpy(scores, scratch + model->totals_at, 4u * model->classes);
    }
    return best;
}

unsigned bnn_classify(const bnn_model_t *model, const uint8_t *input, size_t size,
                      uint32_t *scratch, int32_t *scores) {
    encode(model, input, size, scratch, NULL);
    return decide(model, scratch, scores);
}

unsigned bnn_classify_watched(const bnn_model_t *model, const uint8_t *input, uint32_t *scratch,
                              int32_t *scores, bnn_drift_t *drift) {
    int16_t *values = (int16_t *)(scratch + model->second_at + model->features_words);
    encode(model, input, bnn_window_size(model), scratch, values);
    bnn_drift_add(drift, model, values);
    return decide(model, scratch, scores);
}

unsigned bnn_classify_levels(const bnn_model_t *model, const uint8_t *levels, uint32_t *scratch,
                             int32_t *scores) {
    bnn_encoder_t encoder;
    bnn_encode_begin(&encoder, model, scratch);
    bnn_spectrum_give(model, levels, scratch + model->second_at, &encoder);
    bnn_encode_end(&encoder);
    return decide(model, scratch, scores);
}

// Marsaglia's xorshift32; `state` is never 0.
static uint32_t xorshift32(uint32_t state) {
    state ^= state << 13;
    state ^= state >> 17;
    return state ^ state << 5;
}

bool bnn_selftest(const bnn_model_t *model, uint8_t *window, uint32_t *scratch) {
    const size_t size = bnn_window_size(model);
    uint32_t state = model->seed;
    for (size_t i = 0; i < size;) {
        state = xorshift32(state);
        const uint32_t upper = state >> 16;
        if (model->features == BNN_FEATURES_NGRAMS) {
            window[i++] = (uint8_t)(0x20 + upper % 95);
        } else {
            const int32_t sample = bnn_shift_right((int16_t)upper, model->shift);
            window[i++] = (uint8_t)sample;
            window[i++] = (uint8_t)(sample >> 8);
        }
    }
    bnn_classify(model, window, size, scratch, NULL);
    return memcmp(scratch + model->totals_at, model->selftest_scores, 4u * model->classes) == 0;
}
