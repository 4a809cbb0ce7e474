// The loader's part for layers.

#ifndef BNN_LAYERS_H
#define BNN_LAYERS_H

#include "bnn_reader.h"

// Load the `layer_count` layers, and lay out the scratch.
bnn_error_t bnn_load_layers(bnn_model_t *m, bnn_reader_t *r);

#endif // BNN_LAYERS_H
