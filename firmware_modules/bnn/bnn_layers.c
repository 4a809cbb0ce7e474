// Layers of the file: their counts, weights and limits, and the scratch that they need to run.

#include "bnn_layers.h"

#include "bnn_fixed.h"

#define FIELDS_SIZE 24
#define MAX_INPUTS 65534u
#define MAX_CLASSES 255u
#define MAX_GRID (1u << 24)

// What flows from layer to layer: so many bits or bytes.
typedef struct {
    uint32_t size;
    uint8_t kind;
} flow_t;

static uint32_t flow_words(const flow_t *flow) {
    return bnn_words(flow->kind == BNN_BYTES ? 8 * flow->size : flow->size);
}

// Whether a * b * c is at most MAX_GRID; a * b fits 32 bits, c is not 0.
static bool grid_fits(uint32_t a, uint32_t b, uint32_t c) {
    return a * b <= MAX_GRID / c;
}

// Places of the convolution along a side, 0 where the kernel does not fit.
static uint32_t places(const bnn_layer_t *l, unsigned side, uint32_t size) {
    const uint32_t kernel = l->kernel[side], stride = l->stride[side];
    const uint32_t padded = size + 2u * l->padding[side];
    if (kernel == 0 || stride == 0 || l->padding[side] >= kernel || kernel > padded) {
        return 0;
    }
    return (padded - kernel) / stride + 1;
}

static bool is_plain(const bnn_layer_t *l) {
    bool plain = l->groups == 1;
    for (unsigned side = 0; side < 2; side++) {
        plain = plain && l->kernel[side] == 1 && l->stride[side] == 1 && l->pool[side] == 1 &&
                l->padding[side] == 0;
    }
    return plain;
}

// The fields before the weights. `flow` is what the layer is given, and becomes what it gives.
static bnn_error_t load_fields(bnn_layer_t *l, const uint8_t *f, flow_t *flow, bool last) {
    l->input = f[0];
    l->output = f[1];
    l->outputs = get16(f + 2);
    l->height = get16(f + 4);
    l->width = get16(f + 6);
    l->channels = get16(f + 8);
    l->groups = get16(f + 10);
    for (unsigned side = 0; side < 2; side++) {
        l->kernel[side] = f[12 + side];
        l->stride[side] = f[14 + side];
        l->padding[side] = f[16 + side];
        l->pool[side] = f[18 + side];
    }
    l->shift = f[20];
    CHECK(l->input == flow->kind, BNN_LAYER);
    CHECK(l->output >= BNN_BITS && l->output <= BNN_SCORES, BNN_LAYER);
    CHECK((l->output == BNN_SCORES) == last, BNN_LAYER);
    CHECK(l->shift <= (l->output == BNN_BYTES ? 31 : 0), BNN_LAYER);
    CHECK(f[21] == 0 && f[22] == 0 && f[23] == 0, BNN_LAYER);
    CHECK(l->outputs >= 1 && (!last || l->outputs <= MAX_CLASSES), BNN_LAYER);
    CHECK(l->height >= 1 && l->width >= 1 && l->channels >= 1 && l->groups >= 1, BNN_LAYER);
    CHECK(grid_fits(l->height, l->width, l->channels), BNN_LAYER);
    CHECK((uint32_t)l->height * l->width * l->channels == flow->size, BNN_LAYER);
    CHECK(l->channels % l->groups == 0 && l->outputs % l->groups == 0, BNN_LAYER);
    CHECK(!last || is_plain(l), BNN_LAYER);
    l->group_channels = l->channels / l->groups;
    l->group_outputs = l->outputs / l->groups;
    // At most 255 * 255 * 65535, below 2^32.
    l->inputs = (uint32_t)l->kernel[0] * l->kernel[1] * l->group_channels;
    CHECK(l->inputs <= MAX_INPUTS, BNN_LAYER);
    l->words = (uint16_t)bnn_words(l->inputs);
    const uint32_t rows = places(l, 0, l->height), columns = places(l, 1, l->width);
    CHECK(l->pool[0] >= 1 && l->pool[0] <= rows && l->pool[1] >= 1 && l->pool[1] <= columns,
          BNN_LAYER);
    // Padding adds at most 254 places to a side, so the product of both stays below 2^26.
    const uint32_t height = rows / l->pool[0], width = columns / l->pool[1];
    CHECK(last || grid_fits(height, width, l->outputs), BNN_LAYER);
    l->out_height = height;
    l->out_width = width;
    flow->size = height * width * l->outputs;
    flow->kind = l->output;
    return BNN_OK;
}

static bnn_error_t load_weights(bnn_layer_t *l, bnn_reader_t *r) {
    const uint8_t *weights;
    // At most 65535 * 2048 * 4, below 2^29.
    TRY(bnn_take(r, (size_t)l->outputs * l->words * 4, &weights));
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

// Limits, or factors and offsets.
static bnn_error_t load_output(bnn_layer_t *l, bnn_reader_t *r) {
    const uint32_t largest = l->input == BNN_BYTES ? 128 : 1;
    const uint8_t *limits;
    if (l->output == BNN_BITS && l->input == BNN_BYTES) {
        TRY(bnn_take(r, 4u * l->outputs, &limits));
        l->offsets = (const int32_t *)limits;
        return BNN_OK;
    }
    if (l->output == BNN_BITS) {
        TRY(bnn_take(r, 2u * l->outputs, &limits));
        TRY(bnn_take_pad(r, BNN_LAYER));
        l->limits = (const uint16_t *)limits;
        for (uint32_t i = 0; i < l->outputs; i++) {
            CHECK(l->limits[i] <= l->inputs + 1, BNN_LAYER);
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

// Whether the only field of view is the whole input: then it need not be gathered.
static bool sees_all(const bnn_layer_t *l) {
    return l->inputs == (uint32_t)l->height * l->width * l->channels && l->padding[0] == 0 &&
           l->padding[1] == 0;
}

bnn_error_t bnn_load_layers(bnn_model_t *m, bnn_reader_t *r) {
    // Values are at most 2^24, so 2^29 bits.
    const bool bytes = m->code == BNN_BYTE;
    flow_t flow = {bytes ? m->values : m->values * m->bits, bytes ? BNN_BYTES : BNN_BITS};
    uint32_t most[2] = {0, 0}, field = 0;
    for (unsigned i = 0; i < m->layer_count; i++) {
        bnn_layer_t *l = &m->layers[i];
        const uint8_t *fields;
        const uint32_t words = flow_words(&flow);
        most[i % 2] = words > most[i % 2] ? words : most[i % 2];
        TRY(bnn_take(r, FIELDS_SIZE, &fields));
        TRY(load_fields(l, fields, &flow, i + 1 == m->layer_count));
        TRY(load_weights(l, r));
        TRY(load_output(l, r));
        if (!sees_all(l)) {
            const flow_t view = {l->inputs, l->input};
            field = flow_words(&view) > field ? flow_words(&view) : field;
        }
    }
    m->classes = (uint8_t)m->layers[m->layer_count - 1].outputs;
    m->second_at = most[0];
    m->field_at = m->second_at + most[1];
    m->totals_at = m->field_at + field;
    m->scratch_words = m->totals_at + m->classes;
    // Features are done before anything behind the first layer's input is written.
    if (m->scratch_words < m->second_at + m->front_words) {
        m->scratch_words = m->second_at + m->front_words;
    }
    return BNN_OK;
}
