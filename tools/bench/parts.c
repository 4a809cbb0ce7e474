// Parts of a classification, each to be called by itself: for tools/bench/kernels.py.

#include "bnn_run.c" // whose parts have no name outside

void bench_encode(const bnn_model_t *model, const uint8_t *input, size_t size, uint32_t *scratch) {
    encode(model, input, size, scratch, NULL);
}

// The first layer, on its input at the start of scratch; returns where its output is.
uint32_t *bench_layer(const bnn_model_t *model, uint32_t *scratch) {
    uint32_t *out = scratch + (model->layer_count > 1 ? model->second_at : model->totals_at);
    run_layer(model->layers, scratch, scratch + model->patch_at, out);
    return out;
}
