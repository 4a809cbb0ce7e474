// Statistics of a window of samples (FORMAT.md, "Features 2: statistics").

#ifndef BNN_FEATURES_H
#define BNN_FEATURES_H

#include "bnn_encode.h"
#include "bnn_reader.h"

// Load the section: sets the model's values, encoding_rows and features_words.
bnn_error_t bnn_features_load(bnn_model_t *model, bnn_reader_t *reader);

// Give the values of the window, int16 [length][channels], to the encoder. `scratch` is
// [features_words], and the encoder must not write to it. The values go to `to` too, unless it is
// NULL.
void bnn_features_run(const bnn_model_t *model, const uint8_t *window, uint32_t *scratch,
                      bnn_encoder_t *encoder, int16_t *to);

#endif // BNN_FEATURES_H
