// The C core for ctypes: every buffer is of the exact size, so that a sanitizer sees each slip.

#include <stdlib.h>
#include <string.h>

#include "bnn.h"
#include "bnn_answers.h"
#include "bnn_drift.h"
#include "bnn_spectrum.h"
#include "bnn_stream.h"
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

// The drift of a model after each of `count` windows, of which `values` are the features, or where
// they are NULL `windows` the samples: level, flagged, what the watched inputs have moved (0 for
// others), the sums of evidence. Returns the loader's error.
int shim_drift(const uint8_t *file, size_t size, const int16_t *values, const uint8_t *windows,
               size_t count, int32_t *out) {
    uint32_t *data = malloc(size);
    memcpy(data, file, size);
    bnn_model_t model;
    memset(&model, 0xa5, sizeof model);
    const int result = bnn_load(&model, data, size);
    if (result == BNN_OK) {
        bnn_drift_t drift;
        memset(&drift, 0, sizeof drift);
        uint32_t *scratch = malloc(4 * model.scratch_words);
        int32_t *scores = malloc(4 * model.classes), *again = malloc(4 * model.classes);
        int16_t *exact = malloc(2 * model.values);
        const size_t bytes = bnn_window_size(&model);
        for (size_t i = 0; i < count; i++) {
            if (values) {
                memcpy(exact, values + i * model.values, 2 * model.values);
                bnn_drift_add(&drift, &model, exact);
            } else {
                memset(scratch, 0xa5, 4 * model.scratch_words);
                const uint8_t *window = windows + i * bytes;
                bnn_classify_watched(&model, window, scratch, scores, &drift);
                bnn_classify(&model, window, bytes, scratch, again);
                if (memcmp(scores, again, 4 * model.classes)) {
                    abort();
                }
            }
            *out++ = (int32_t)bnn_drift_level(&drift, &model);
            *out++ = drift.flagged;
            for (unsigned j = 0; j < BNN_MAX_WATCHED; j++) {
                *out++ = j < model.drift.watched ? bnn_drift_moved(&drift, j) : 0;
            }
            for (unsigned k = 0; k < BNN_MAX_DIRECTIONS; k++) {
                *out++ = drift.sums[k];
            }
        }
        free(exact);
        free(again);
        free(scores);
        free(scratch);
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

// A model's stream, its buffers of the exact size.
static void open_stream(bnn_stream_t *stream, const bnn_model_t *model, const bnn_ratio_t *ratios,
                        unsigned width) {
    memset(stream, 0, sizeof *stream);
    bnn_window_t *window = &stream->window;
    *window = (bnn_window_t){.length = model->length,
                             .channels = model->channels,
                             .hop = model->hop,
                             .width = (uint8_t)width,
                             .ratios = ratios};
    if (bnn_stream_fits(model)) {
        bnn_stream_begin(stream, model);
        stream->levels = malloc(bnn_stream_levels(model));
        stream->scratch = malloc(4 * bnn_spectrum_frame_words(model));
    }
    window->samples = malloc((window->length + 1u) * 2u * window->channels);
}

static void close_stream(bnn_stream_t *stream) {
    free(stream->levels);
    free(stream->scratch);
    free(stream->window.samples);
}

// Whether the next sample completes the window, by its row.
static int add_row(bnn_stream_t *stream, const uint8_t *sample) {
    int16_t *row = bnn_window_row(&stream->window);
    uint32_t clipped = 0;
    for (unsigned c = 0; c < stream->window.channels; c++) {
        const bnn_ratio_t *ratio = &stream->window.ratios[c];
        const uint8_t *value = sample + 2 * ratio->source;
        const int16_t x = (int16_t)(value[0] | value[1] << 8);
        row[c] = (int16_t)bnn_window_convert(ratio, x, &clipped);
    }
    return bnn_stream_advance(stream, clipped);
}

// Carry out `count` operations, pairs of a name and a number, on the stream of the first of two
// models: 'f' and 'a' take so many samples, as one block and one by one; 'c' clears; 't' goes on
// with the other model, whose stream takes this one's window. `ratios` are as of
// shim_window_fill(). After each window that is complete, and each operation, a row of `out` is
// written: samples in the window, values clipped, a checksum of the levels, and of the scores (0 if
// it is not complete). Returns how many rows there are.
int shim_stream(const uint8_t *const *files, const size_t *sizes, const int *ratios, unsigned width,
                const uint8_t *samples, const int *operations, size_t count, uint32_t *out) {
    uint8_t *data[2];
    bnn_model_t models[2];
    bnn_stream_t streams[2];
    bnn_ratio_t *given = NULL;
    for (int i = 0; i < 2; i++) {
        data[i] = malloc(sizes[i]);
        memcpy(data[i], files[i], sizes[i]);
        if (bnn_load(&models[i], data[i], sizes[i]) != BNN_OK) {
            abort();
        }
        given = given ? given : malloc(models[0].channels * sizeof *given);
    }
    for (unsigned c = 0; c < models[0].channels; c++) {
        const int *ratio = ratios + 3 * c;
        given[c] = (bnn_ratio_t){ratio[1] ? 1 << (ratio[1] - 1) : 0, (uint16_t)ratio[0],
                                 (uint8_t)ratio[1], (uint8_t)ratio[2]};
    }
    for (int i = 0; i < 2; i++) {
        open_stream(&streams[i], &models[i], given, width);
    }
    int rows = 0, which = 0;
    for (; count; count--, operations += 2) {
        size_t left = (size_t)operations[1];
        do {
            bnn_stream_t *stream = &streams[which];
            const bnn_model_t *model = &models[which];
            size_t took = 0;
            if (operations[0] == 'f' && left) {
                uint8_t *block = malloc(left * 2 * width + 1); // at an odd address
                memcpy(block + 1, samples, left * 2 * width);
                took = bnn_stream_fill(stream, block + 1, left);
                free(block);
            } else if (operations[0] == 'a') {
                while (took < left && !add_row(stream, samples + 2 * width * took++)) {
                }
            } else if (operations[0] == 'c') {
                bnn_stream_clear(stream);
            } else if (operations[0] == 't') {
                which = !which;
                bnn_stream_take(&streams[which], stream);
                stream = &streams[which];
                model = &models[which];
            }
            samples += took * 2 * width;
            left = operations[0] == 'f' || operations[0] == 'a' ? left - took : 0;
            out[0] = bnn_stream_at(stream);
            out[1] = stream->window.saturated;
            out[2] = out[3] = 0;
            for (int32_t i = 0; stream->model && i < stream->done; i++) {
                const uint32_t each = (uint32_t)model->channels * model->section.spectrum.bands;
                for (uint32_t j = 0; j < each; j++) {
                    out[2] = out[2] * 31 + stream->levels[(uint32_t)i * each + j];
                }
            }
            if (bnn_stream_complete(stream)) {
                uint32_t *scratch = malloc(4 * model->scratch_words);
                int32_t *scores = malloc(4u * model->classes);
                if (stream->model) {
                    bnn_classify_levels(model, stream->levels, scratch, scores);
                } else {
                    bnn_classify(model, (const uint8_t *)stream->window.samples,
                                 bnn_window_size(model), scratch, scores);
                }
                for (unsigned i = 0; i < model->classes; i++) {
                    out[3] = out[3] * 31 + (uint32_t)scores[i];
                }
                free(scratch);
                free(scores);
            }
            out += 4;
            rows++;
        } while (left);
    }
    for (int i = 0; i < 2; i++) {
        close_stream(&streams[i]);
        free(data[i]);
    }
    free(given);
    return rows;
}
