// Inference of a binary neural network from a .bnn file (FORMAT.md), which stays where it is.
//
// C99, no allocation, no floats, nothing of MicroPython. The caller owns all memory: the file, a
// bnn_model_t, and `scratch_words` words of scratch. bnn_load() checks everything once, so that
// inference needs no checks: of the file it reads then only what may have any value (see
// bnn_model_t). No function keeps state of its own.

#ifndef BNN_H
#define BNN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BNN_MODULE_VERSION "0.2.0"
#define BNN_FORMAT_VERSION 5 // the newest: with drift
#define BNN_FORMAT_PLAIN 3   // the oldest: neither answers nor drift
#define BNN_MAX_LAYERS 16
#define BNN_MAX_WORK (1u << 24) // operations of one window

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
    BNN_WORK,
    BNN_ANSWERS,
    BNN_DRIFT,
    BNN_STRINGS,
    BNN_END,
} bnn_error_t;

// What a window or a text becomes first.
enum {
    BNN_FEATURES_RAW = 1,
    BNN_FEATURES_STATISTICS = 2,
    BNN_FEATURES_NGRAMS = 3,
    BNN_FEATURES_SPECTRUM = 4
};

// How values become the first layer's input.
enum { BNN_ENCODING_THERMOMETER = 1, BNN_ENCODING_BIT_PLANES = 2, BNN_ENCODING_INT8 = 3 };

// Activations: what a layer takes, and gives. Only the last layer gives scores.
enum { BNN_BINARY = 1, BNN_INT8 = 2, BNN_SCORES = 3 };

// The section of statistics: its fields, in its order.
typedef struct {
    uint32_t whole; // masks of statistics
    uint32_t part;
    uint8_t bands;
    uint8_t parts;
    uint8_t lag;
    uint8_t zero;
} bnn_statistics_t;

// The section of n-grams.
typedef struct {
    uint8_t unit;
    uint8_t shortest;
    uint8_t longest;
    uint8_t zero;
    uint32_t buckets;
} bnn_ngrams_t;

#define BNN_MAX_BANDS 64 // of spectra

// The section of spectra.
typedef struct {
    uint8_t log2_n;  // of the samples of a frame
    uint8_t summary; // mask of what is given of each band over all frames; 0: every frame
    uint8_t bands;
    uint8_t frames; // mask of how the frames are given, where there is no summary
    uint16_t hop;
    uint16_t floor;                     // of a level, in 1/256 of an octave of power
    uint16_t edges[BNN_MAX_BANDS + 2];  // the first bands + 2; in 1/32 of a cycle a frame
    uint16_t slopes[BNN_MAX_BANDS + 1]; // 2^20 / the width of each segment between two edges
} bnn_spectrum_t;

// The section of answers: its fields, in its order (bnn_answers.h).
typedef struct {
    uint16_t factor; // 0: the file has no answers
    uint8_t shift;
    uint8_t windows;
    uint16_t threshold;
    uint16_t hold_off;
} bnn_rules_t;

// The first fields of the section of drift, in its order (bnn_drift.h).
typedef struct {
    uint8_t inputs; // 0: the file has no drift
    uint8_t sums;
    uint8_t directions; // without "far away"
    uint8_t watched;
    uint16_t bound;
    uint16_t limit;
    uint8_t weight; // of "far away"
    uint8_t zero[3];
} bnn_drift_rules_t;

// A convolution; a dense layer has an input of height and width 1. Pointers lead into the file, and
// those that the layer has no use for are NULL. The fields up to `counted` lie in the file in this
// order.
typedef struct {
    uint8_t input;  // BNN_BINARY or BNN_INT8
    uint8_t output; // the same, or BNN_SCORES
    uint16_t outputs;
    uint16_t height, width, channels; // of the input
    uint16_t groups;
    uint8_t kernel[2]; // rows, columns; likewise the next three
    uint8_t stride[2];
    uint8_t padding[2];
    uint8_t pool[2];
    uint8_t shift;              // int8 outputs
    uint8_t counted;            // weights in columns: the input value that is counted, 0 or 1
    uint8_t planes;             // weights in columns: bit planes of the bases; 0: weights in rows
    bool whole;                 // the only patch is the whole input
    uint16_t words;             // of a row
    uint16_t group_channels;    // channels / groups
    uint16_t group_outputs;     // outputs / groups
    const uint32_t *weights;    // rows: [outputs][words]; columns: a strip after the other, each
                                // columns [inputs] and bases [planes] of a bit per output
    const uint16_t *thresholds; // [outputs], 0 to inputs + 1: binary from binary, in rows
    const int32_t *offsets;     // [outputs]: int8, scores; the thresholds of binary from int8
    const int16_t *factors;     // [outputs]: int8, scores
    uint32_t inputs;            // of an output: kernel height * width * group_channels
    uint32_t span;              // weights in columns: neighbouring positions that share a list
    uint32_t out_height, out_width; // after the pool
} bnn_layer_t;

// What bnn_load() found. Numbers are copies that inference relies on. Pointers lead into the file,
// whose bytes somebody may change after the load: weights, thresholds, bases, offsets, factors, the
// self-test's scores, the background and the drift are only combined, compared and added, so that
// whatever they become gives wrong scores or answers and nothing worse. bnn_string() alone needs
// the strings as they were at the load.
typedef struct {
    // The file's header, in its order.
    uint8_t magic[4];
    uint8_t version;
    uint8_t channels;
    uint8_t features;
    uint8_t layer_count;
    uint32_t size; // bytes of the file
    uint32_t revision;
    uint16_t length; // samples of a window, or bytes of a text that are read
    uint16_t hop;    // samples
    uint32_t rate_mhz;
    uint32_t seed;
    uint8_t shift;    // of the self-test
    uint8_t encoding; // 0 for text
    // What else the file holds.
    uint8_t bits; // per value; in the file's header the sections, and the next 0
    uint8_t encoding_shift;
    uint32_t crc;
    uint32_t classes;
    uint32_t values;         // that the features give
    uint32_t encoding_rows;  // value i is encoded by row i mod encoding_rows
    uint32_t features_words; // of scratch, before the layers run
    uint32_t work;           // operations of one window
    union {
        bnn_statistics_t statistics;
        bnn_ngrams_t ngrams;
        bnn_spectrum_t spectrum;
    } section;                       // of the features
    const int16_t *thresholds;       // [encoding_rows][bits], each row non-decreasing: thermometer
    const int32_t *encoding_offsets; // [encoding_rows]: bit planes, int8
    const int16_t *encoding_factors; // [encoding_rows]: bit planes, int8
    const uint32_t *sample_scales;   // [channels], billionths of the channel's unit per count
    const int32_t *selftest_scores;  // [classes]
    bnn_rules_t rules;               // of the answers
    const uint32_t *background;      // [classes] bits, only with answers
    bnn_drift_rules_t drift;
    const int32_t *drift_at; // the section behind its first fields, only with drift
    const uint8_t *strings;  // [1 + classes + channels], each a length and the characters
    const char *notes;       // [notes_length], without a 0 at the end
    uint32_t notes_length;
    // Scratch, in words, from 0: the input of layers 0, 2, 4...; then that of layers 1, 3, 5...; a
    // patch or a list; a number per class.
    uint32_t second_at;
    uint32_t patch_at;
    uint32_t totals_at;
    uint32_t scratch_words;
    bnn_layer_t layers[BNN_MAX_LAYERS]; // the first layer_count
} bnn_model_t;

// Check the `size` bytes at `data`, a multiple of 4 in memory, and describe them in `model`. After
// an error `model` must not be used.
bnn_error_t bnn_load(bnn_model_t *model, const void *data, size_t size);

// A reason's name ("crc") and what to do about it ("export it again").
const char *bnn_error_name(bnn_error_t error);
const char *bnn_error_help(bnn_error_t error);

// String `index` of the file and its `length`, without a 0 at the end: 0 is the name, then come the
// labels, then the channels.
const char *bnn_string(const bnn_model_t *model, unsigned index, size_t *length);

// Bytes of a window, int16 [length][channels]; with a text model, of the self-test's text.
size_t bnn_window_size(const bnn_model_t *model);

// Classify one window, int16 [length][channels] in little-endian bytes at any alignment; or, with a
// text model, the text of `size` bytes. `scratch` is [scratch_words]. Writes `scores`, [classes],
// unless it is NULL. Returns the class.
unsigned bnn_classify(const bnn_model_t *model, const uint8_t *input, size_t size,
                      uint32_t *scratch, int32_t *scores);

// The same from the levels of a window, [frames][channels][bands], with a model of spectra.
unsigned bnn_classify_levels(const bnn_model_t *model, const uint8_t *levels, uint32_t *scratch,
                             int32_t *scores);

// bnn_classify() of a window, which is added to `drift` (a bnn_drift_t, bnn_drift.h) as well; the
// model must have drift.
struct bnn_drift;
unsigned bnn_classify_watched(const bnn_model_t *model, const uint8_t *input, uint32_t *scratch,
                              int32_t *scores, struct bnn_drift *drift);

// Whether this machine computes the scores that the file gives for the self-test. `window` is room
// for bnn_window_size() bytes, which are overwritten.
bool bnn_selftest(const bnn_model_t *model, uint8_t *window, uint32_t *scratch);

#ifdef __cplusplus
}
#endif

#endif // BNN_H
