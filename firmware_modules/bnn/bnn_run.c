// From a window to scores. Twin of host/xnornode/model.py.

#include "bnn_encode.h"
#include "bnn_kernel.h"

// Run the layers on the encoded window at the start of scratch; the class with the highest score.
static unsigned run_layers(const bnn_model_t *model, uint32_t *scratch, int32_t *scores) {
    const uint32_t *x = scratch;
    // Behind the window's bits lie two buffers, used in turn: the second ends where scratch ends.
    uint32_t *out = scratch + (model->dense ? model->layers[0].words : 0);
    uint32_t *other = out;
    if (model->dense > 1) {
        other = out + (scratch + model->scratch_words - out) / 2;
    }
    for (unsigned i = 0; i < model->dense; i++) {
        const bnn_layer_t *layer = &model->layers[i];
        bnn_kernel_dense(x, layer->weights, layer->words, layer->limits, layer->outputs, out);
        x = out;
        out = other;
        other = (uint32_t *)x;
    }
    const bnn_layer_t *head = &model->head;
    const uint32_t *row = head->weights;
    unsigned best = 0;
    int32_t highest = INT32_MIN;
    for (unsigned i = 0; i < head->outputs; i++, row += head->words) {
        const int32_t z =
            (int32_t)head->inputs - 2 * (int32_t)bnn_kernel_mismatches(x, row, head->words);
        const int32_t score = model->scales[i] * z + model->offsets[i];
        if (scores) {
            scores[i] = score;
        }
        if (score > highest) {
            highest = score;
            best = i;
        }
    }
    return best;
}

unsigned bnn_classify(const bnn_model_t *model, const uint8_t *window, uint32_t *scratch,
                      int32_t *scores) {
    bnn_encoder_t encoder;
    bnn_encode_begin(&encoder, model, scratch);
    for (unsigned t = 0; t < model->length; t++) {
        for (unsigned c = 0; c < model->channels; c++, window += 2) {
            bnn_encode_sample(&encoder, c, (int16_t)(window[0] | window[1] << 8));
        }
    }
    bnn_encode_end(&encoder);
    return run_layers(model, scratch, scores);
}

// Marsaglia's xorshift32; `state` is never 0.
static uint32_t xorshift32(uint32_t state) {
    state ^= state << 13;
    state ^= state >> 17;
    return state ^ state << 5;
}

bool bnn_selftest(const bnn_model_t *model, uint32_t *scratch) {
    bnn_encoder_t encoder;
    int32_t scores[255];
    uint32_t state = model->seed;
    bnn_encode_begin(&encoder, model, scratch);
    for (unsigned t = 0; t < model->length; t++) {
        for (unsigned c = 0; c < model->channels; c++) {
            state = xorshift32(state);
            // Division rounds to zero where the shift rounds down: say the shift.
            int32_t sample = (int16_t)(state >> 16);
            sample = sample < 0 ? ~(~sample >> model->shift) : sample >> model->shift;
            bnn_encode_sample(&encoder, c, (int16_t)sample);
        }
    }
    bnn_encode_end(&encoder);
    run_layers(model, scratch, scores);
    for (unsigned i = 0; i < model->head.outputs; i++) {
        if (scores[i] != model->selftest_scores[i]) {
            return false;
        }
    }
    return true;
}
