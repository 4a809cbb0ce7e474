// Spectra of the frames of a window (FORMAT.md, "Features 4: spectrum").

#ifndef BNN_SPECTRUM_H
#define BNN_SPECTRUM_H

#include "bnn_encode.h"
#include "bnn_reader.h"

// Load the section: sets the model's values, encoding_rows, features_words and work.
bnn_error_t bnn_spectrum_load(bnn_model_t *model, bnn_reader_t *reader);

// Frames of a window of a model that is loaded.
uint32_t bnn_spectrum_frames(const bnn_model_t *model);

// Words of scratch for one frame.
uint32_t bnn_spectrum_frame_words(const bnn_model_t *model);

// The levels of one frame, int16 [frame][channels] at any alignment, into `levels`,
// [channels][bands]. `scratch` is [bnn_spectrum_frame_words()].
void bnn_spectrum_frame(const bnn_model_t *model, const uint8_t *samples, uint32_t *scratch,
                        uint8_t *levels);

// Give the values of a window, whose levels are [frames][channels][bands], to the encoder. Both
// `levels` and `scratch`, [features_words], are what the encoder must not write to.
void bnn_spectrum_give(const bnn_model_t *model, const uint8_t *levels, uint32_t *scratch,
                       bnn_encoder_t *encoder);

// The same for a window of samples, int16 [length][channels]: all its frames, then their values.
void bnn_spectrum_run(const bnn_model_t *model, const uint8_t *window, uint32_t *scratch,
                      bnn_encoder_t *encoder);

#endif // BNN_SPECTRUM_H
