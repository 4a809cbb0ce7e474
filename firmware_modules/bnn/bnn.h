// Binary neural network inference from a .bnn file (FORMAT.md), read where it lies.
//
// C99, no allocation, no floats, nothing of MicroPython. The caller owns all memory: the file, a
// bnn_model_t, and `scratch_words` words of scratch. bnn_load() checks everything once, so that the
// rest may run blind. No function keeps state of its own.

#ifndef BNN_H
#define BNN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BNN_MODULE_VERSION "0.1.0"
#define BNN_FORMAT_VERSION 1
#define BNN_MAX_DENSE 15

// Why a file is refused: the reasons of FORMAT.md, "Order of checks", in that order.
typedef enum {
    BNN_OK,
    BNN_SIZE,
    BNN_MAGIC,
    BNN_VERSION,
    BNN_LENGTH,
    BNN_CRC,
    BNN_HEADER,
    BNN_ENCODER,
    BNN_LAYER,
    BNN_STRINGS,
    BNN_END,
} bnn_error_t;

// A fully connected layer. Weights are rows of `words` words.
typedef struct {
    const uint32_t *weights;
    const uint16_t *limits; // dense layers only
    uint16_t inputs;
    uint16_t words;
    uint16_t outputs;
} bnn_layer_t;

// What bnn_load() found. Pointers lead into the file; counts are copies that inference relies on.
typedef struct {
    uint32_t size; // bytes of the file
    uint32_t crc;
    uint32_t revision;
    uint32_t rate_mhz;
    uint32_t scratch_words;
    uint32_t seed;
    uint16_t length; // samples in a window
    uint16_t hop;
    uint8_t channels;
    uint8_t bits; // per sample
    uint8_t shift;
    uint8_t dense; // number of dense layers
    const uint32_t *sample_scales;
    const int16_t *thresholds;
    const int32_t *offsets;
    const int16_t *scales;
    const int32_t *selftest_scores;
    const uint8_t *strings;
    bnn_layer_t head;
    bnn_layer_t layers[BNN_MAX_DENSE];
} bnn_model_t;

// Check the `size` bytes at `data` and describe them in `model`. On error `model` is not to be
// used.
bnn_error_t bnn_load(bnn_model_t *model, const void *data, size_t size);

// A reason's name ("crc") and what to do about it ("file is damaged: copy it again").
const char *bnn_error_name(bnn_error_t error);
const char *bnn_error_help(bnn_error_t error);

// String `index` of the file and its length: 0 the name, then the labels, then the channels.
const char *bnn_string(const bnn_model_t *model, unsigned index, size_t *length);

// Classify one window: length * channels int16 samples, little-endian, at any alignment.
// Writes `head.outputs` scores where `scores` is not NULL; returns the class.
unsigned bnn_classify(const bnn_model_t *model, const uint8_t *window, uint32_t *scratch,
                      int32_t *scores);

// Whether this machine computes the scores that the file gives for the self-test's window.
bool bnn_selftest(const bnn_model_t *model, uint32_t *scratch);

#endif // BNN_H
