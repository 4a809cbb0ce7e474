// The C core for ctypes: every buffer is of the exact size, so that a sanitizer sees each slip.

#include <stdlib.h>
#include <string.h>

#include "bnn.h"

// Load a model and classify `count` windows of length * channels samples each; scores and classes
// go to the arrays. Returns the loader's error, or -1 where the self-test fails.
int shim_classify(const uint8_t *file, size_t size, const uint8_t *windows, size_t count,
                  int32_t *scores, uint32_t *classes) {
    uint8_t *data = malloc(size ? size : 1);
    memcpy(data, file, size);
    bnn_model_t model;
    memset(&model, 0xa5, sizeof model);
    int result = bnn_load(&model, data, size);
    if (result == BNN_OK) {
        uint32_t *scratch = malloc(4 * model.scratch_words);
        const size_t window_size = 2u * model.length * model.channels;
        for (size_t i = 0; i < count; i++) {
            // At an odd address: windows are taken at any alignment.
            uint8_t *window = malloc(window_size + 1);
            memcpy(window + 1, windows + i * window_size, window_size);
            classes[i] = bnn_classify(&model, window + 1, scratch, scores + i * model.head.outputs);
            if (bnn_classify(&model, window + 1, scratch, NULL) != classes[i]) {
                abort();
            }
            free(window);
        }
        if (!bnn_selftest(&model, scratch)) {
            result = -1;
        }
        for (unsigned i = 0; i < 1u + model.head.outputs + model.channels; i++) {
            size_t length;
            const char *text = bnn_string(&model, i, &length);
            if (length == 0 || memchr(text, 0, length)) {
                abort();
            }
        }
        free(scratch);
    }
    free(data);
    return result;
}

const char *shim_error_name(int error) {
    return bnn_error_name(error < 0 ? BNN_OK : (bnn_error_t)error);
}

// As bnn_load() itself, at the given offset from a multiple of 4.
int shim_load_at(const uint8_t *file, size_t size, size_t offset) {
    uint8_t *data = malloc(size + offset);
    memcpy(data + offset, file, size);
    bnn_model_t model;
    const int result = bnn_load(&model, data + offset, size);
    free(data);
    return result;
}
