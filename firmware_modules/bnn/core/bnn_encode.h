// From values to the first layer's input, one value at a time (FORMAT.md, "Input encodings").

#ifndef BNN_ENCODE_H
#define BNN_ENCODE_H

#include "bnn.h"

// Where the next bits go: `filled` low bits of `word` are waiting, `out` is the next word to write.
typedef struct {
    const bnn_model_t *model;
    uint32_t *out;
    uint32_t word;
    uint32_t filled;
    uint32_t row; // of the next value
} bnn_encoder_t;

void bnn_encode_begin(bnn_encoder_t *encoder, const bnn_model_t *model, uint32_t *out);

// Append the encoding of the next value: bits, or an int8.
void bnn_encode_value(bnn_encoder_t *encoder, int16_t value);

// Write the last, partly filled word, its pad bits 0.
void bnn_encode_end(bnn_encoder_t *encoder);

// Encode all samples of a window, int16 [length][channels] in little-endian bytes at any alignment,
// into bnn_words(values * bits) words of `out`.
void bnn_encode_window(const bnn_model_t *model, const uint8_t *window, uint32_t *out);

#endif // BNN_ENCODE_H
