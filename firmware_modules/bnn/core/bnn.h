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
#define BNN_FORMAT_VERSION 3
#define BNN_MAX_LAYERS 16

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

enum { BNN_WINDOW = 1, BNN_FEATURES = 2, BNN_TEXT = 3 };    // fronts
enum { BNN_THERMOMETER = 1, BNN_PLANES = 2, BNN_BYTE = 3 }; // codes
enum { BNN_BITS = 1, BNN_BYTES = 2, BNN_SCORES = 3 };       // what a layer is given, and gives

// A convolution; a dense layer is one over a grid of height and width 1. What there is no use for
// is NULL: by its output a layer has limits, or offsets and factors. What the file holds of it
// comes first, as it lies there.
typedef struct {
    uint8_t input;
    uint8_t output;
    uint16_t outputs;
    uint16_t height, width, channels; // of the input
    uint16_t groups;
    uint8_t kernel[2]; // rows, columns; likewise the next three
    uint8_t stride[2];
    uint8_t padding[2];
    uint8_t pool[2];
    uint8_t shift;
    uint8_t counted;         // columns: the value that is counted
    uint8_t planes;          // columns: of the bases; 0 where weights are in rows
    bool whole;              // the only field of view is the whole input
    uint16_t words;          // of a row
    uint16_t group_channels; // channels / groups
    uint16_t group_outputs;  // outputs / groups
    const uint32_t *weights; // in rows of `words` words, or in columns
    const uint16_t *limits;  // rows: bits from bits
    const int32_t *offsets;  // bytes and scores; limits of bits from bytes
    const int16_t *factors;  // bytes and scores
    uint32_t inputs;         // that an output sees: kernel height * width * channels of a group
    uint32_t span;           // columns: places that share a list
    uint32_t out_height, out_width; // after the pool
} bnn_layer_t;

// What bnn_load() found. Pointers lead into the file; counts are copies that inference relies on.
typedef struct {
    // The file's header, as it lies there.
    uint8_t magic[4];
    uint8_t version;
    uint8_t channels;
    uint8_t front;
    uint8_t layer_count;
    uint32_t size; // bytes of the file
    uint32_t revision;
    uint16_t length; // samples in a window, or bytes of a text that are read
    uint16_t hop;
    uint32_t rate_mhz;
    uint32_t seed;
    uint8_t shift; // of the self-test
    uint8_t code;  // 0 for text
    // What else the file holds.
    uint8_t bits; // per value; in the file's header 0, as is the next
    uint8_t code_shift;
    uint32_t crc;
    uint8_t classes;
    uint32_t values;             // that the front gives
    uint32_t rows;               // value i is coded by row i mod rows
    uint32_t front_words;        // of scratch that features need before the layers run
    const uint8_t *front_fields; // of features and text
    const int16_t *thresholds;   // thermometer
    const int32_t *code_offsets;
    const int16_t *code_factors;
    const uint32_t *sample_scales;
    const int32_t *selftest_scores;
    const uint8_t *strings;
    const char *notes; // not ended by a 0
    uint16_t notes_length;
    // Scratch, in words: the inputs of the layers 0, 2, 4..., then those of the others, a field of
    // view or a list, a number per class.
    uint32_t second_at;
    uint32_t field_at;
    uint32_t totals_at;
    uint32_t scratch_words;
    bnn_layer_t layers[BNN_MAX_LAYERS];
} bnn_model_t;

// Check the `size` bytes at `data` and describe them in `model`. On error `model` is not to be
// used.
bnn_error_t bnn_load(bnn_model_t *model, const void *data, size_t size);

// A reason's name ("crc") and what to do about it ("file is damaged: copy it again").
const char *bnn_error_name(bnn_error_t error);
const char *bnn_error_help(bnn_error_t error);

// String `index` of the file and its length: 0 the name, then the labels, then the channels.
const char *bnn_string(const bnn_model_t *model, unsigned index, size_t *length);

// Bytes of a window: length * channels int16 samples. With a text model: of the self-test's text.
size_t bnn_window_size(const bnn_model_t *model);

// Classify one window of bnn_window_size() bytes, samples little-endian, at any alignment; or, with
// a text model, the text of `size` bytes. Writes `classes` scores where `scores` is not NULL;
// returns the class.
unsigned bnn_classify(const bnn_model_t *model, const uint8_t *input, size_t size,
                      uint32_t *scratch, int32_t *scores);

// Whether this machine computes the scores that the file gives for the self-test. `window` is room
// for bnn_window_size() bytes, and is written to.
bool bnn_selftest(const bnn_model_t *model, uint8_t *window, uint32_t *scratch);

#endif // BNN_H
