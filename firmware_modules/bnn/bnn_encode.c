// The codes. Twin of host/xnornode/encode.py.

#include "bnn_encode.h"

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

// Bit planes, or a byte in two's complement: both are the low bits of a number.
static uint32_t number(const bnn_model_t *model, uint32_t row, int16_t value) {
    const int32_t v = bnn_shift_right(value * model->code_factors[row] + model->code_offsets[row],
                                      model->code_shift);
    if (model->code == BNN_BYTE) {
        return (uint32_t)bnn_clip(v, -128, 127) & 0xff;
    }
    return (uint32_t)bnn_clip(v, 0, (1 << model->bits) - 1);
}

void bnn_encode_value(bnn_encoder_t *encoder, int16_t value) {
    const bnn_model_t *model = encoder->model;
    const uint32_t code = model->code == BNN_THERMOMETER ? thermometer(model, encoder->row, value)
                                                         : number(model, encoder->row, value);
    encoder->row = encoder->row + 1 < model->rows ? encoder->row + 1 : 0;
    const uint32_t filled = encoder->filled;
    encoder->word |= code << filled;
    encoder->filled = filled + model->bits;
    if (encoder->filled >= 32) {
        *encoder->out++ = encoder->word;
        encoder->filled -= 32;
        // A shift by 32 is undefined: with filled == 0 all of the code has been written.
        encoder->word = filled ? code >> (32 - filled) : 0;
    }
}

void bnn_encode_end(bnn_encoder_t *encoder) {
    if (encoder->filled) {
        *encoder->out = encoder->word;
    }
}

// A bit for each of `count` samples.
static uint32_t one_bit(const uint8_t *window, uint32_t count, int32_t threshold) {
    uint32_t bits = 0;
    for (uint32_t bit = 1; count; count--, bit <<= 1, window += 2) {
        if ((int16_t)(window[0] | window[1] << 8) >= threshold) {
            bits |= bit;
        }
    }
    return bits;
}

void bnn_encode_window(const bnn_model_t *model, const uint8_t *window, uint32_t *out) {
    uint32_t left = model->values;
    if (model->code == BNN_THERMOMETER && model->bits == 1 && model->rows == 1) {
        const int32_t threshold = model->thresholds[0];
        const bool aligned = (uintptr_t)window % 4 == 0;
        for (uint32_t count; left; left -= count, window += 2 * count) {
            count = left < 32 ? left : 32;
            *out++ = aligned && count == 32
                         ? bnn_kernel_at_least((const uint32_t *)window, threshold)
                         : one_bit(window, count, threshold);
        }
        return;
    }
    bnn_encoder_t encoder;
    bnn_encode_begin(&encoder, model, out);
    for (; left; left--, window += 2) {
        bnn_encode_value(&encoder, (int16_t)(window[0] | window[1] << 8));
    }
    bnn_encode_end(&encoder);
}
