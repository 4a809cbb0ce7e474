// Input encodings. Twin of host/xnornode/model/input_encoding.py.

#include "bnn_encode.h"

#include <string.h>

#include "bnn_bits.h"
#include "bnn_fixed.h"
#include "bnn_kernel.h"

void bnn_encode_begin(bnn_encoder_t *encoder, const bnn_model_t *model, uint32_t *out) {
    encoder->model = model;
    encoder->out = out;
    encoder->word = 0;
    encoder->filled = 0;
    encoder->row = 0;
}

static uint32_t thermometer(const bnn_model_t *model, uint32_t row, int16_t value) {
    const uint32_t bits = model->bits;
    const int16_t *thresholds = model->thresholds + row * bits;
    // Thresholds do not decrease, so the bits that are 1 are the first `reached` ones.
    uint32_t reached = 0;
    while (reached < bits && value >= thresholds[reached]) {
        reached++;
    }
    return reached < 32 ? (1u << reached) - 1 : UINT32_MAX;
}

// Bit planes, or an int8: both are the low bits of a number.
static uint32_t number(const bnn_model_t *model, uint32_t row, int16_t value) {
    const int32_t sum =
        bnn_affine(value, model->encoding_factors[row], model->encoding_offsets[row]);
    const int32_t v = bnn_shift_right(sum, model->encoding_shift);
    if (model->encoding == BNN_ENCODING_INT8) {
        return (uint32_t)bnn_clip(v, -128, 127) & 0xff;
    }
    return (uint32_t)bnn_clip(v, 0, (1 << model->bits) - 1);
}

void bnn_encode_value(bnn_encoder_t *encoder, int16_t value) {
    const bnn_model_t *model = encoder->model;
    const uint32_t bits = model->encoding == BNN_ENCODING_THERMOMETER
                              ? thermometer(model, encoder->row, value)
                              : number(model, encoder->row, value);
    encoder->row = encoder->row + 1 < model->encoding_rows ? encoder->row + 1 : 0;
    const uint32_t filled = encoder->filled;
    encoder->word |= bits << filled;
    encoder->filled = filled + model->bits;
    if (encoder->filled >= 32) {
        *encoder->out++ = encoder->word;
        encoder->filled -= 32;
        // A shift by 32 is undefined: with filled == 0 all bits have been written.
        encoder->word = filled ? bits >> (32 - filled) : 0;
    }
}

void bnn_encode_end(bnn_encoder_t *encoder) {
    if (encoder->filled) {
        *encoder->out = encoder->word;
    }
}

static int16_t sample_at(const uint8_t *window, uint32_t i) {
    return (int16_t)(window[2 * i] | window[2 * i + 1] << 8);
}

// Thermometers of a window of one channel: most of a dark picture is below the first threshold.
static void thermometers(const bnn_model_t *model, const uint8_t *window, uint32_t *out) {
    const int16_t *thresholds = model->thresholds;
    const uint32_t bits = model->bits;
    memset(out, 0, 4 * bnn_words(model->values * bits));
    uint32_t at = 0;
    for (uint32_t left = model->values, count; left; left -= count, window += 2 * count) {
        count = left < 32 ? left : 32;
        uint32_t reached = 0; // the samples that reach the first threshold
        if (count == 32 && (uintptr_t)window % 4 == 0) {
            reached = bnn_kernel_at_least((const uint32_t *)window, thresholds[0]);
        } else {
            for (uint32_t i = 0; i < count; i++) {
                reached |= (uint32_t)(sample_at(window, i) >= thresholds[0]) << i;
            }
        }
        if (bits == 1) {
            *out++ = reached;
            continue;
        }
        for (uint32_t i = 0; i < count; i++, reached >>= 1, at += bits) {
            if (reached & 1) {
                const int16_t value = sample_at(window, i);
                uint32_t ones = 1;
                while (ones < bits && value >= thresholds[ones]) {
                    ones++;
                }
                bnn_or_bits(out, at, ~0u >> (32 - ones), ones);
            }
        }
    }
}

void bnn_encode_window(const bnn_model_t *model, const uint8_t *window, uint32_t *out) {
    if (model->encoding == BNN_ENCODING_THERMOMETER && model->encoding_rows == 1) {
        thermometers(model, window, out);
        return;
    }
    bnn_encoder_t encoder;
    bnn_encode_begin(&encoder, model, out);
    for (uint32_t left = model->values; left; left--, window += 2) {
        bnn_encode_value(&encoder, sample_at(window, 0));
    }
    bnn_encode_end(&encoder);
}
