// Spectra of the frames of a window (FORMAT.md, "Features 4: spectrum").

#ifndef BNN_SPECTRUM_H
#define BNN_SPECTRUM_H

#include "bnn_encode.h"
#include "bnn_reader.h"

// Load the section: sets the model's values, encoding_rows, features_words and work.
bnn_error_t bnn_spectrum_load(bnn_model_t *model, bnn_reader_t *reader);

// Give the values of the window, int16 [length][channels], to the encoder. `scratch` is
// [features_words], and the encoder must not write to it.
void bnn_spectrum_run(const bnn_model_t *model, const uint8_t *window, uint32_t *scratch,
                      bnn_encoder_t *encoder);

#endif // BNN_SPECTRUM_H
