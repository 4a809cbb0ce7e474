// The loader's part for layers.

#ifndef BNN_LAYERS_H
#define BNN_LAYERS_H

#include "bnn_reader.h"

// Take `count` offsets and factors; `error` unless x * factor + offset fits int32 for all x from
// -reach to reach.
bnn_error_t bnn_take_affine(bnn_reader_t *r, uint32_t count, uint32_t reach, bnn_error_t error,
                            const int32_t **offsets, const int16_t **factors);

// Load `layer_count` layers behind the code, and lay out the scratch.
bnn_error_t bnn_load_layers(bnn_model_t *m, bnn_reader_t *r);

#endif // BNN_LAYERS_H
