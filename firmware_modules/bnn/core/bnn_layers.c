// The file's layers: their shapes, weights and thresholds, and the scratch that they need to run.

#include "bnn_layers.h"

#include <string.h>

#include "bnn_columns.h"
#include "bnn_fixed.h"
#include "bnn_work.h"

#define FIELDS_SIZE 24

// bnn_layer_t begins as a layer of the file, of which the last two bytes are 0.
typedef char layer_as_in_the_file_t[offsetof(bnn_layer_t, planes) == FIELDS_SIZE - 2 ? 1 : -1];

#define MAX_INPUTS 65534u
#define MAX_COLUMNS 4095u // so that a list takes at most 8 KiB
#define LIST 1024u        // columns in a list, or as many as a patch has if it has more
#define MAX_PLANES 14
#define MAX_CLASSES 255u
#define MAX_VALUES BNN_MAX_WORK // where bnn_times ends

// What flows from layer to layer: so many values, binary or int8.
typedef struct {
    uint32_t size;
    uint8_t activation;
} flow_t;

static uint32_t flow_words(const flow_t *flow) {
    return bnn_words(flow->activation == BNN_INT8 ? 8 * flow->size : flow->size);
}

// Positions of the convolution along a side, 0 where the kernel does not fit.
__attribute__((noinline)) // smaller code
static uint32_t positions(const bnn_layer_t *l, unsigned side, uint32_t size) {
    const uint32_t kernel = l->kernel[side], stride = l->stride[side];
    const uint32_t padded = size + 2u * l->padding[side];
    if (stride == 0 || l->padding[side] >= kernel || kernel > padded) {
        return 0;
    }
    return (padded - kernel) / stride + 1;
}

static bool is_plain(const bnn_layer_t *l) {
    static const uint8_t plain[] = {1, 0, 1, 1, 1, 1, 0, 0, 1, 1}; // from groups to pool
    return memcmp(&l->groups, plain, sizeof plain) == 0;
}

static void swap(uint8_t *pair) {
    const uint8_t first = pair[0];
    pair[0] = pair[1];
    pair[1] = first;
}

// An input of width 1 lies in memory as one of height 1, whose positions can share a list.
static void lay_down(bnn_layer_t *l) {
    l->width = l->height;
    l->height = 1;
    l->out_width = l->out_height;
    l->out_height = 1;
    swap(l->kernel);
    swap(l->stride);
    swap(l->padding);
    swap(l->pool);
}

// The fields that only a layer with weights in columns has.
static void plan_columns(bnn_layer_t *l) {
    if (l->width == 1 && l->kernel[1] == 1) {
        lay_down(l);
    }
    const uint32_t width = l->out_width * l->pool[1];
    const uint32_t depth = (uint32_t)l->kernel[0] * l->channels;
    const uint32_t seen = (l->inputs > LIST ? l->inputs : LIST) / depth; // columns of the input
    const uint32_t span = (seen - l->kernel[1]) / l->stride[1] + 1;
    l->span = span < width ? span : width;
    l->planes = (uint8_t)(bnn_digits(l->inputs + 1) + 1);
}

// Load the fields before the weights. `flow` is what the layer takes, and becomes what it gives.
__attribute__((noinline)) // smaller code, as is the next
static bnn_error_t load_fields(bnn_layer_t *l, const uint8_t *f, flow_t *flow, bool last) {
    memcpy(l, f, FIELDS_SIZE); // the last two bytes, which are zero, to planes and whole
    CHECK(l->input == flow->activation, BNN_LAYER);
    CHECK(l->output >= BNN_BINARY && l->output <= BNN_SCORES, BNN_LAYER);
    CHECK((l->output == BNN_SCORES) == last, BNN_LAYER);
    CHECK(l->shift <= (l->output == BNN_INT8 ? 31 : 0), BNN_LAYER);
    CHECK(l->counted <= 1 && ((const uint16_t *)(const void *)f)[11] == 0, BNN_LAYER);
    CHECK(l->outputs - 1u < (last ? MAX_CLASSES : UINT16_MAX) && l->groups >= 1, BNN_LAYER);
    const uint32_t size =
        bnn_times((uint32_t)l->height * l->width, l->channels); // 0 is none's size
    CHECK(size == flow->size && size <= MAX_VALUES, BNN_LAYER);
    CHECK(!last || is_plain(l), BNN_LAYER);
    l->group_channels = l->channels / l->groups;
    l->group_outputs = l->outputs / l->groups;
    CHECK(l->group_channels * l->groups == l->channels, BNN_LAYER);
    CHECK(l->group_outputs * l->groups == l->outputs, BNN_LAYER);
    // At most 255 * 255 * 65535, below 2^32.
    l->inputs = (uint32_t)l->kernel[0] * l->kernel[1] * l->group_channels;
    CHECK(l->inputs <= MAX_INPUTS, BNN_LAYER);
    l->words = (uint16_t)bnn_words(l->inputs);
    const uint32_t rows = positions(l, 0, l->height), columns = positions(l, 1, l->width);
    CHECK(l->pool[0] - 1u < rows && l->pool[1] - 1u < columns, BNN_LAYER);
    // Padding adds at most 254 positions to a side, so the product of both stays below 2^26.
    const uint32_t height = rows / l->pool[0], width = columns / l->pool[1];
    CHECK(last || bnn_times(height * width, l->outputs) <= MAX_VALUES, BNN_LAYER);
    l->out_height = height;
    l->out_width = width;
    l->whole = l->inputs == flow->size && l->padding[0] == 0 && l->padding[1] == 0;
    if (l->input == BNN_BINARY && l->output == BNN_BINARY && l->groups == 1 &&
        l->inputs <= MAX_COLUMNS) {
        plan_columns(l);
    }
    CHECK(l->planes || l->counted == 0, BNN_LAYER);
    flow->size = height * width * l->outputs;
    flow->activation = l->output;
    return BNN_OK;
}

// Number `i` of little-endian numbers of `unit` bytes.
__attribute__((noinline)) static uint32_t unit_at(const uint8_t *units, uint32_t unit, uint32_t i) {
    return unit == 2 ? ((const uint16_t *)units)[i] : ((const uint32_t *)units)[i];
}

// How many columns have a 1, for all outputs side by side: sums[j] is digit j of each sum.
static void add_columns(const uint8_t *columns, uint32_t unit, uint32_t count, uint32_t *sums) {
    for (uint32_t i = 0; i < count; i++) {
        uint32_t carry = unit_at(columns, unit, i);
        for (uint32_t *sum = sums; carry; sum++) {
            const uint32_t both = *sum & carry;
            *sum ^= carry;
            carry = both;
        }
    }
}

// Whether the bits of the strip beyond `outputs` are 0, and its thresholds are allowed.
static bool strip_is_right(const bnn_layer_t *l, const uint8_t *at, const bnn_strip_t *strip,
                           uint32_t outputs) {
    uint32_t sums[MAX_PLANES] = {0}, used = 0, borrow = 0, above = 0;
    const uint8_t *bases = at + strip->columns;
    add_columns(at, strip->unit, l->inputs, sums);
    for (uint32_t j = 0; j < l->planes; j++) {
        // threshold = sum - base, and above = n + 1 < threshold, digit by digit from the lowest.
        const uint32_t sum = sums[j], base = unit_at(bases, strip->unit, j);
        const uint32_t threshold = sum ^ base ^ borrow;
        const uint32_t most = (l->inputs + 1) >> j & 1 ? ~0u : 0;
        borrow = (~sum & (base | borrow)) | (base & borrow);
        above = (~most & (threshold | above)) | (threshold & above);
        used |= sum | base;
    }
    const uint32_t mask = outputs < 32 ? (1u << outputs) - 1 : ~0u;
    return (used & ~mask) == 0 && above == 0;
}

__attribute__((noinline)) static bnn_error_t load_columns(bnn_layer_t *l, bnn_reader_t *r) {
    // Strips of 32, then one of 16 where outputs are left; at most 2048 strips of 16440 bytes.
    const uint32_t units = l->inputs + l->planes, wide = (l->outputs + 15u) / 32;
    const uint32_t narrow = ((l->inputs + 1) / 2 + (l->planes + 1u) / 2);
    const uint8_t *at;
    TAKE(at, r, 4 * (wide * units + (32 * wide < l->outputs ? narrow : 0)));
    l->weights = (const uint32_t *)at;
    for (uint32_t left = l->outputs, outputs; left; left -= outputs) {
        const bnn_strip_t strip = bnn_strip(l, left);
        const uint8_t *end = at + strip.columns + strip.bases;
        outputs = left < 8 * strip.unit ? left : 8 * strip.unit;
        CHECK(strip_is_right(l, at, &strip, outputs), BNN_LAYER);
        CHECK(bnn_is_zero(at + l->inputs * strip.unit, at + strip.columns) &&
                  bnn_is_zero(at + strip.columns + l->planes * strip.unit, end),
              BNN_LAYER);
        at = end;
    }
    return BNN_OK;
}

static bnn_error_t load_rows(bnn_layer_t *l, bnn_reader_t *r) {
    const uint8_t *weights;
    // At most 65535 * 2048 * 4, below 2^29.
    TAKE(weights, r, (size_t)l->outputs * l->words * 4);
    l->weights = (const uint32_t *)weights;
    if (l->inputs % 32) {
        const uint32_t pad = ~((1u << l->inputs % 32) - 1);
        const uint32_t *row_end = l->weights - 1;
        for (uint32_t i = 0; i < l->outputs; i++) {
            row_end += l->words;
            CHECK((*row_end & pad) == 0, BNN_LAYER);
        }
    }
    return BNN_OK;
}

// Load the thresholds, or the offsets and factors.
static bnn_error_t load_output(bnn_layer_t *l, bnn_reader_t *r) {
    const uint32_t largest = l->input == BNN_INT8 ? 128 : 1;
    const uint8_t *thresholds;
    if (l->output == BNN_BINARY) {
        const bool int8 = l->input == BNN_INT8;
        TAKE(thresholds, r, (int8 ? 4u : 2u) * l->outputs);
        TRY(bnn_take_pad(r, BNN_LAYER));
        if (int8) {
            l->offsets = (const int32_t *)thresholds;
            return BNN_OK;
        }
        l->thresholds = (const uint16_t *)thresholds;
        for (uint32_t i = 0; i < l->outputs; i++) {
            CHECK(l->thresholds[i] <= l->inputs + 1, BNN_LAYER);
        }
        return BNN_OK;
    }
    uint32_t reach = largest * l->inputs;
    if (l->output == BNN_SCORES) {
        reach = largest * l->height * l->width * l->channels; // at most 2^31
        CHECK(reach <= INT32_MAX, BNN_LAYER);
    }
    return bnn_take_affine(r, l->outputs, reach, BNN_LAYER, &l->offsets, &l->factors);
}

// Words of scratch for the list, or for a patch that has to be copied.
static uint32_t patch_words(const bnn_layer_t *l) {
    if (l->planes) {
        const uint32_t seen = bnn_seen_columns(l, l->span);
        return (seen * l->kernel[0] * l->channels + seen + 1 + 1) / 2;
    }
    const flow_t patch = {l->inputs, l->input};
    return l->whole ? 0 : flow_words(&patch);
}

bnn_error_t bnn_load_layers(bnn_model_t *m, bnn_reader_t *r) {
    // Values are at most 2^24, so 2^29 bits.
    const bool int8 = m->encoding == BNN_ENCODING_INT8;
    flow_t flow = {int8 ? m->values : m->values * m->bits, int8 ? BNN_INT8 : BNN_BINARY};
    uint32_t most[2] = {0, 0}, patch = 0;
    for (unsigned i = 0; i < m->layer_count; i++) {
        bnn_layer_t *l = &m->layers[i];
        const uint8_t *fields;
        const uint32_t words = flow_words(&flow);
        most[i % 2] = words > most[i % 2] ? words : most[i % 2];
        TAKE(fields, r, FIELDS_SIZE);
        TRY(load_fields(l, fields, &flow, i + 1 == m->layer_count));
        m->work += bnn_layer_work(l);
        if (l->planes) {
            TRY(load_columns(l, r));
        } else {
            TRY(load_rows(l, r));
            TRY(load_output(l, r));
        }
        const uint32_t needed = patch_words(l);
        patch = needed > patch ? needed : patch;
    }
    CHECK(m->work <= BNN_MAX_WORK, BNN_WORK);
    m->classes = m->layers[m->layer_count - 1].outputs;
    m->second_at = most[0];
    m->patch_at = m->second_at + most[1];
    m->totals_at = m->patch_at + patch;
    m->scratch_words = m->totals_at + m->classes;
    // Features need room behind the first layer's input, but only before the layers run.
    if (m->scratch_words < m->second_at + m->features_words) {
        m->scratch_words = m->second_at + m->features_words;
    }
    return BNN_OK;
}
