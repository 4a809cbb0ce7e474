// Layers with weights in columns (FORMAT.md, "Columns").

#ifndef BNN_COLUMNS_H
#define BNN_COLUMNS_H

#include "bnn.h"

// A strip of outputs: the bytes of one column, of all its columns, and of all planes of its bases.
typedef struct {
    uint32_t unit, columns, bases;
} bnn_strip_t;

// The next strip of a layer that has `left` outputs still to come.
static inline bnn_strip_t bnn_strip(const bnn_layer_t *l, uint32_t left) {
    const uint32_t unit = left > 16 ? 4 : 2;
    const bnn_strip_t strip = {unit, (l->inputs * unit + 3) & ~3u, (l->planes * unit + 3) & ~3u};
    return strip;
}

// Columns of the input that `positions` neighbouring positions of the convolution see.
static inline uint32_t bnn_seen_columns(const bnn_layer_t *l, uint32_t positions) {
    return (positions - 1) * l->stride[1] + l->kernel[1];
}

// Write the layer's output, which must be 0 before. `list` is the room at patch_at in scratch.
void bnn_columns_run(const bnn_layer_t *l, const uint32_t *input, uint16_t *list, uint32_t *out);

#endif // BNN_COLUMNS_H
