// The C core for ctypes: every buffer is of the exact size, so that a sanitizer sees each slip.

#include <stdlib.h>
#include <string.h>

#include "bnn.h"
#include "bnn_answers.h"
#include "bnn_window.h"

// The answers to `count` rows of scores: index, confidence, and whether a class is detected. Where
// `gaps` is 1 they start anew before the row.
static void give_answers(const bnn_model_t *model, const int32_t *scores, const uint8_t *gaps,
                         size_t count, int32_t *outcomes) {
    const size_t words = bnn_answers_words(model);
    uint32_t *memory = malloc(4 * words);
    memset(memory, 0xa5, 4 * words);
    bnn_answers_t answers;
    memset(&answers, 0xa5, sizeof answers);
    bnn_answers_begin(&answers, model, memory);
    for (size_t i = 0; i < count; i++, scores += model->classes, outcomes += 3) {
        if (gaps && gaps[i]) {
            bnn_answers_clear(&answers);
        }
        outcomes[0] = bnn_answers_add(&answers, scores);
        outcomes[1] = answers.confidence;
        outcomes[2] = answers.detected;
    }
    free(memory);
}

// Load a model and classify `count` inputs that lie in `inputs` one after the other, of `sizes`
// bytes each; scores and classes go to the arrays. Returns the loader's error, or -1 where the
// self-test fails.
// `outcomes`, [count][3], gets what the model's answers make of the scores: see shim_answers().
int shim_classify(const uint8_t *file, size_t size, const uint8_t *inputs, const uint32_t *sizes,
                  size_t count, int32_t *scores, uint32_t *classes, int32_t *outcomes) {
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
            memmove(input, input + 1, sizes[i]); // at an even one, as that of the self-test
            if (bnn_classify(&model, input, sizes[i], scratch, NULL) != classes[i]) {
                abort();
            }
            free(input);
            inputs += sizes[i];
        }
        uint8_t *window = malloc(bnn_window_size(&model));
        give_answers(&model, scores, NULL, count, outcomes);
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

// The answers of a model to any scores, [count][classes], as in give_answers(). Returns the
// loader's error.
int shim_answers(const uint8_t *file, size_t size, const int32_t *scores, const uint8_t *gaps,
                 size_t count, int32_t *outcomes) {
    uint32_t *data = malloc(size);
    memcpy(data, file, size);
    bnn_model_t model;
    const int result = bnn_load(&model, data, size);
    if (result == BNN_OK) {
        give_answers(&model, scores, gaps, count, outcomes);
    }
    free(data);
    return result;
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

// A float's bits as a count; whether it was clipped.
int shim_window_round(uint32_t bits, uint32_t scale, uint32_t *clipped) {
    return bnn_window_round(bits, scale, clipped);
}

// Fill a window with `count` samples, `odd` bytes behind an even address, until none is left.
// `shape` is length, channels, hop, width; `ratios` is NULL, or of a multiplier, a shift and a
// source each. Writes how many samples each call took, and the window's samples. Returns how many
// calls there were; `state` becomes what the window has, and what was clipped.
int shim_window_fill(const int *shape, const int *ratios, const uint8_t *samples, size_t count,
                     int odd, int *taken, int16_t *held, uint32_t *state) {
    bnn_window_t window = {.length = (uint16_t)shape[0],
                           .channels = (uint8_t)shape[1],
                           .hop = (uint16_t)shape[2],
                           .width = (uint8_t)shape[3]};
    bnn_ratio_t *given = malloc(window.channels * sizeof *given);
    for (unsigned c = 0; ratios && c < window.channels; c++) {
        const int *ratio = ratios + 3 * c;
        given[c] = (bnn_ratio_t){ratio[1] ? 1 << (ratio[1] - 1) : 0, (uint16_t)ratio[0],
                                 (uint8_t)ratio[1], (uint8_t)ratio[2]};
    }
    window.ratios = ratios ? given : NULL;
    window.samples = malloc((window.length + 1u) * 2u * window.channels);
    const size_t sample = 2u * window.width;
    int calls = 0;
    for (size_t got; count; count -= got, samples += got * sample) {
        uint8_t *block = malloc(count * sample + 1);
        memcpy(block + odd, samples, count * sample);
        got = bnn_window_fill(&window, block + odd, count);
        free(block);
        taken[calls++] = (int)got;
    }
    memcpy(held, window.samples, window.at * 2u * window.channels);
    state[0] = window.at;
    state[1] = window.saturated;
    free(window.samples);
    free(given);
    return calls;
}
