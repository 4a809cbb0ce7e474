// Fuzz target of tools/stress/fuzz.py: any bytes may be loaded, and what is accepted may be run,
// even when the bytes change after the load.
//
// Every buffer is of the exact size, so that a sanitizer sees each slip. A mutated file gets its
// length and CRC mended most of the time: else nothing behind these two checks would be reached.
// With BNN_FUZZ_SAMPLE=FILE, one input in BNN_FUZZ_EVERY is written to FILE with what became of it,
// for the Python reader to be asked the same.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bnn.h"
#include "bnn_answers.h"
#include "bnn_drift.h"
#include "bnn_spectrum.h"
#include "bnn_stream.h"

#define MOST_WORK 60000u   // operations of a network that is run; others are only loaded
#define MOST_BYTES 300000u // of scratch and of a window

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

static uint32_t crc32(const void *data, size_t size) {
    static uint32_t table[256];
    if (table[1] == 0) {
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t crc = i;
            for (int bit = 0; bit < 8; bit++) {
                crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
            }
            table[i] = crc;
        }
    }
    uint32_t crc = 0xffffffffu;
    for (const uint8_t *byte = data; size--; byte++) {
        crc = crc >> 8 ^ table[(crc ^ *byte) & 0xff];
    }
    return ~crc;
}

static void put32(uint8_t *at, uint32_t value) {
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> 8 * i);
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
    size = LLVMFuzzerMutate(data, size, max_size);
    if (seed % 16 == 0 || max_size < 48) {
        return size;
    }
    while (size % 4 || size < 48) {
        if (size == max_size) {
            return size;
        }
        data[size++] = 0;
    }
    put32(data + 8, (uint32_t)size);
    put32(data + size - 4, crc32(data, size - 4));
    return size;
}

static void check_text(const char *text, size_t length, size_t least) {
    if (length < least || (length && memchr(text, 0, length))) {
        abort();
    }
}

// The answers to some windows in a row, of scores that lie apart more and more.
static void run_answers(const bnn_model_t *m, const int32_t *scores) {
    uint32_t *memory = malloc(4 * (size_t)bnn_answers_words(m));
    int32_t *wider = malloc(4 * (size_t)m->classes);
    bnn_answers_t answers;
    bnn_answers_begin(&answers, m, memory);
    for (unsigned i = 0; i < 34; i++) {
        for (uint32_t j = 0; j < m->classes; j++) {
            wider[j] = (int32_t)((uint32_t)scores[j] << i % 32);
        }
        const int answer = bnn_answers_add(&answers, wider);
        if (answer < BNN_UNKNOWN || answer >= (int)m->classes ||
            (answer == BNN_UNKNOWN) != (answers.confidence < m->rules.threshold)) {
            abort();
        }
    }
    free(wider);
    free(memory);
}

// The drift of a window some times in a row.
static void run_drift(const bnn_model_t *m, const uint8_t *window, uint32_t *scratch) {
    bnn_drift_t drift;
    memset(&drift, 0, sizeof drift);
    for (unsigned i = 0; i < 40; i++) {
        bnn_classify_watched(m, window, scratch, NULL, &drift);
        unsigned channel, statistic;
        for (unsigned j = 0; j < m->drift.watched; j++) {
            bnn_drift_name(m, j, &channel, &statistic);
            if (channel >= m->channels || abs(bnn_drift_moved(&drift, j)) > 300) {
                abort();
            }
        }
        if (bnn_drift_level(&drift, m) > 2000) {
            abort();
        }
    }
}

// Two windows in a row, of frames whose levels are kept: the first has the same scores.
static void run_stream(const bnn_model_t *m, const uint8_t *samples, uint32_t *scratch,
                       const int32_t *wanted) {
    bnn_stream_t stream = {.window = {.channels = m->channels, .width = m->channels}};
    bnn_stream_begin(&stream, m);
    stream.window.samples = malloc((stream.window.length + 1u) * 2u * m->channels);
    stream.levels = malloc(bnn_stream_levels(m));
    stream.scratch = malloc(4 * (size_t)bnn_spectrum_frame_words(m));
    int32_t *scores = malloc(4 * (size_t)m->classes);
    if (bnn_stream_fill(&stream, samples, m->length) != m->length) {
        abort();
    }
    bnn_classify_levels(m, stream.levels, scratch, scores);
    if (memcmp(scores, wanted, 4 * (size_t)m->classes) || !bnn_stream_complete(&stream)) {
        abort();
    }
    if (bnn_stream_fill(&stream, samples, m->length) != m->hop || !bnn_stream_complete(&stream)) {
        abort();
    }
    bnn_classify_levels(m, stream.levels, scratch, scores);
    free(scores);
    free(stream.scratch);
    free(stream.levels);
    free(stream.window.samples);
}

// Runs the self-test; returns the CRC of the scores that it should have.
static uint32_t run(const bnn_model_t *m, bool *passed) {
    const size_t window_size = bnn_window_size(m);
    uint32_t *scratch = malloc(4 * (size_t)m->scratch_words);
    memset(scratch, 0xa5, 4 * (size_t)m->scratch_words);
    uint8_t *window = malloc(window_size);
    *passed = bnn_selftest(m, window, scratch);
    // At an odd address: inputs are taken at any alignment.
    uint8_t *moved = malloc(window_size + 1);
    memcpy(moved + 1, window, window_size);
    int32_t *scores = malloc(4 * (size_t)m->classes);
    const unsigned chosen = bnn_classify(m, moved + 1, window_size, scratch, scores);
    if (chosen >= m->classes || bnn_classify(m, moved + 1, window_size, scratch, NULL) != chosen) {
        abort();
    }
    const uint32_t crc = crc32(scores, 4 * (size_t)m->classes);
    run_answers(m, scores);
    if (m->drift.inputs) {
        run_drift(m, moved + 1, scratch);
    }
    if (bnn_stream_fits(m)) {
        run_stream(m, moved + 1, scratch, scores);
    }
    free(scores);
    free(moved);
    free(window);
    free(scratch);
    return crc;
}

// The file's bytes change after the load, at random or all in the same way, and the model runs
// again: whatever they are, no read or write may leave its buffer.
static void run_changed(const bnn_model_t *m, uint8_t *data, size_t size) {
    static const uint8_t fills[] = {0, 0xff, 0x80, 0x55};
    uint32_t state = m->crc | 1;
    bool passed;
    for (size_t changes = 1 + m->crc % 8; changes; changes--) {
        state = state * 1664525u + 1013904223u;
        data[(state >> 8) % size] ^= (uint8_t)(1u << state % 8 | state >> 24);
    }
    run(m, &passed);
    memset(data, fills[m->crc % 4], size);
    run(m, &passed);
    for (size_t i = 0; i < size; i++) {
        state = state * 1664525u + 1013904223u;
        data[i] = (uint8_t)(state >> 24);
    }
    run(m, &passed);
}

// A sample: size, CRC of the scores, whether it was run, whether the self-test passed, the reason
// in twelve characters, the bytes.
static void sample(const uint8_t *data, size_t size, bnn_error_t reason, bool ran, bool passed,
                   uint32_t crc) {
    static FILE *file;
    static long every = -1, count;
    if (every < 0) {
        const char *name = getenv("BNN_FUZZ_SAMPLE"), *text = getenv("BNN_FUZZ_EVERY");
        every = name && text ? atol(text) : 0;
        file = every > 0 ? fopen(name, "wb") : NULL;
    }
    if (file && ++count % every == 0) {
        uint8_t head[10];
        put32(head, (uint32_t)size);
        put32(head + 4, crc);
        head[8] = ran;
        head[9] = passed;
        fwrite(head, sizeof head, 1, file);
        fprintf(file, "%-12s", bnn_error_name(reason));
        fwrite(data, size, 1, file);
        fflush(file);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    uint8_t *data = malloc(size ? size : 1);
    memcpy(data, input, size);
    bnn_model_t *m = malloc(sizeof *m);
    memset(m, 0xa5, sizeof *m);
    const bnn_error_t reason = bnn_load(m, data, size);
    bool ran = false, passed = false;
    uint32_t crc = 0;
    if (reason == BNN_OK) {
        for (unsigned i = 0; i < 1u + m->classes + m->channels; i++) {
            size_t length;
            const char *text = bnn_string(m, i, &length);
            check_text(text, length, 1);
        }
        check_text(m->notes, m->notes_length, 0);
        ran = m->scratch_words <= MOST_BYTES / 4 && bnn_window_size(m) <= MOST_BYTES &&
              m->work <= MOST_WORK;
        if (ran) {
            crc = run(m, &passed);
        }
    }
    sample(input, size, reason, ran, passed, crc);
    if (ran) {
        run_changed(m, data, size);
    }
    free(m);
    free(data);
    return 0;
}
