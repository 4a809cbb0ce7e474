// From samples to input bits, one sample at a time (FORMAT.md, "Encoder 1").

#ifndef BNN_ENCODE_H
#define BNN_ENCODE_H

#include "bnn.h"

// Where the next bits go: `filled` low bits of `word` are waiting, `out` is the next word to write.
typedef struct {
    const bnn_model_t *model;
    uint32_t *out;
    uint32_t word;
    uint32_t filled;
} bnn_encoder_t;

void bnn_encode_begin(bnn_encoder_t *encoder, const bnn_model_t *model, uint32_t *out);

// Append the bits of one sample of `channel`.
void bnn_encode_sample(bnn_encoder_t *encoder, unsigned channel, int16_t sample);

// Write the last, partly filled word, its pad bits 0.
void bnn_encode_end(bnn_encoder_t *encoder);

#endif // BNN_ENCODE_H
