// Front 3: the n-grams of a text, hashed into a row of bits (FORMAT.md, "Front 3: text").

#ifndef BNN_TEXT_H
#define BNN_TEXT_H

#include "bnn_reader.h"

// The front's section: sets the model's values.
bnn_error_t bnn_text_load(bnn_model_t *model, bnn_reader_t *reader);

// The bits of the text of `size` bytes, into bnn_words(values) words of `out`.
void bnn_text_bits(const bnn_model_t *model, const uint8_t *text, size_t size, uint32_t *out);

#endif // BNN_TEXT_H
