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

// A channel's samples, `left` of them, in thermometers.
static void thermometers(const bnn_model_t *model, const uint8_t *window, uint32_t left,
                         uint32_t *out) {
    const int16_t *thresholds = model->thresholds;
    const uint32_t bits = model->bits;
    uint32_t word = 0, filled = 0;
    for (; left; left--, window += 2) {
        const int16_t value = (int16_t)(window[0] | window[1] << 8);
        uint32_t reached = 0;
        for (; reached < bits && value >= thresholds[reached]; reached++) {
            if (filled + reached < 32) {
                word |= 1u << (filled + reached);
            }
        }
        filled += bits;
        if (filled >= 32) {
            *out++ = word;
            filled -= 32;
            // Of the bits, `filled` did not fit.
            const uint32_t fitted = bits - filled;
            word = reached > fitted ? (1u << (reached - fitted)) - 1 : 0;
        }
    }
    if (filled) {
        *out = word;
    }
}

void bnn_encode_window(const bnn_model_t *model, const uint8_t *window, uint32_t *out) {
    uint32_t left = model->values;
    if (model->code == BNN_THERMOMETER && model->rows == 1) {
        if (model->bits == 1 && (uintptr_t)window % 4 == 0) {
            for (; left >= 32; left -= 32, window += 64) {
                *out++ = bnn_kernel_at_least((const uint32_t *)window, model->thresholds[0]);
            }
        }
        thermometers(model, window, left, out);
        return;
    }
    bnn_encoder_t encoder;
    bnn_encode_begin(&encoder, model, out);
    for (; left; left--, window += 2) {
        bnn_encode_value(&encoder, (int16_t)(window[0] | window[1] << 8));
    }
    bnn_encode_end(&encoder);
}
