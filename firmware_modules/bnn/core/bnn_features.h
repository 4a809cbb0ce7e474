// Front 2: statistics of a window of samples (FORMAT.md, "Front 2: features").

#ifndef BNN_FEATURES_H
#define BNN_FEATURES_H

#include "bnn_encode.h"
#include "bnn_reader.h"

// The front's section: sets the model's values, rows and front_words.
bnn_error_t bnn_features_load(bnn_model_t *model, bnn_reader_t *reader);

// Give the window's values to the encoder. `scratch` is front_words words, which the encoder does
// not write to.
void bnn_features_run(const bnn_model_t *model, const uint8_t *window, uint32_t *scratch,
                      bnn_encoder_t *encoder);

#endif // BNN_FEATURES_H
