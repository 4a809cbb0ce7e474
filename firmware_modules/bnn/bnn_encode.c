// The thermometer encoder. Twin of host/xnornode/encode.py.

#include "bnn_encode.h"

void bnn_encode_begin(bnn_encoder_t *encoder, const bnn_model_t *model, uint32_t *out) {
    encoder->model = model;
    encoder->out = out;
    encoder->word = 0;
    encoder->filled = 0;
}

void bnn_encode_sample(bnn_encoder_t *encoder, unsigned channel, int16_t sample) {
    const uint32_t bits = encoder->model->bits;
    const int16_t *thresholds = encoder->model->thresholds + channel * bits;
    // Thresholds do not decrease, so the bits that are 1 are the first `reached` ones.
    uint32_t reached = 0;
    while (reached < bits && sample >= thresholds[reached]) {
        reached++;
    }
    const uint32_t code = reached < 32 ? (1u << reached) - 1 : UINT32_MAX;
    const uint32_t filled = encoder->filled;
    encoder->word |= code << filled;
    encoder->filled = filled + bits;
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
