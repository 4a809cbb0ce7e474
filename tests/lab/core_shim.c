// The C core for ctypes: every buffer is of the exact size, so that a sanitizer sees each slip.

#include <stdlib.h>
#include <string.h>

#include "bnn.h"

// Load a model and classify `count` inputs that lie in `inputs` one after the other, of `sizes`
// bytes each; scores and classes go to the arrays. Returns the loader's error, or -1 where the
// self-test fails.
int shim_classify(const uint8_t *file, size_t size, const uint8_t *inputs, const uint32_t *sizes,
                  size_t count, int32_t *scores, uint32_t *classes) {
    uint8_t *data = malloc(size ? size : 1);
    memcpy(data, file, size);
    bnn_model_t model;
    memset(&model, 0xa5, sizeof model);
    int result = bnn_load(&model, data, size);
    if (result == BNN_OK) {
        uint32_t *scratch = malloc(4 * model.scratch_words);
        memset(scratch, 0xa5, 4 * model.scratch_words);
        for (size_t i = 0; i < count; i++) {
            // At an odd address: inputs are taken at any alignment.
            uint8_t *input = malloc(sizes[i] + 1);
            memcpy(input + 1, inputs, sizes[i]);
            int32_t *row = scores + i * model.classes;
            classes[i] = bnn_classify(&model, input + 1, sizes[i], scratch, row);
            if (bnn_classify(&model, input + 1, sizes[i], scratch, NULL) != classes[i]) {
                abort();
            }
            free(input);
            inputs += sizes[i];
        }
        uint8_t *window = malloc(bnn_window_size(&model));
        if (!bnn_selftest(&model, window, scratch)) {
            result = -1;
        }
        free(window);
        for (unsigned i = 0; i < 1u + model.classes + model.channels; i++) {
            size_t length;
            const char *text = bnn_string(&model, i, &length);
            if (length == 0 || memchr(text, 0, length)) {
                abort();
            }
        }
        if (model.notes_length && memchr(model.notes, 0, model.notes_length)) {
            abort();
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

// The work of one window of a model that is accepted.
uint32_t shim_work(const uint8_t *file, size_t size) {
    uint32_t *data = malloc(size);
    memcpy(data, file, size);
    bnn_model_t model;
    const uint32_t work = bnn_load(&model, data, size) == BNN_OK ? model.work : UINT32_MAX;
    free(data);
    return work;
}
