// Layers with weights in columns (FORMAT.md, "Columns").

#ifndef BNN_COLUMNS_H
#define BNN_COLUMNS_H

#include "bnn.h"

// A strip of outputs: bytes of a column, of all its columns, and of all its planes of bases.
typedef struct {
    uint32_t unit, columns, bases;
} bnn_strip_t;

// The next strip of a layer, where so many outputs are left.
static inline bnn_strip_t bnn_strip(const bnn_layer_t *l, uint32_t left) {
    const uint32_t unit = left > 16 ? 4 : 2;
    const bnn_strip_t strip = {unit, (l->inputs * unit + 3) & ~3u, (l->planes * unit + 3) & ~3u};
    return strip;
}

// Input columns that `places` neighbouring places of the convolution see.
static inline uint32_t bnn_seen_columns(const bnn_layer_t *l, uint32_t places) {
    return (places - 1) * l->stride[1] + l->kernel[1];
}

// Write the layer's output, which is 0 everywhere, for its input. `list` is room for the list.
void bnn_columns_run(const bnn_layer_t *l, const uint32_t *input, uint16_t *list, uint32_t *out);

#endif // BNN_COLUMNS_H
