// The n-grams of a text, hashed into a row of bits (FORMAT.md, "Features 3: n-grams").

#ifndef BNN_TEXT_H
#define BNN_TEXT_H

#include "bnn_reader.h"

// Load the section: sets the model's values.
bnn_error_t bnn_text_load(bnn_model_t *model, bnn_reader_t *reader);

// Write the bits of the text of `size` bytes to `out`, [bnn_words(values)].
void bnn_text_bits(const bnn_model_t *model, const uint8_t *text, size_t size, uint32_t *out);

#endif // BNN_TEXT_H
