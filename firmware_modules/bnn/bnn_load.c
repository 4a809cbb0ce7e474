// The loader: every count is bounded before any arithmetic on it, and no byte past the file's end
// is read. Twin of host/xnornode/fileformat.py, and accepts the same set of files.

#include <limits.h>
#include <string.h>

#include "bnn.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "weights are used where they lie, as little-endian words"
#endif

#define HEADER_SIZE 32
#define CRC_SIZE 4
#define SHORTEST 48
#define MAX_INPUTS 65534u
#define MAX_CLASSES 255u
#define MAX_STRING 63u

#define CHECK(ok, error)                                                                           \
    do {                                                                                           \
        if (!(ok)) {                                                                               \
            return error;                                                                          \
        }                                                                                          \
    } while (0)
#define TRY(call)                                                                                  \
    do {                                                                                           \
        const bnn_error_t error_ = (call);                                                         \
        CHECK(error_ == BNN_OK, error_);                                                           \
    } while (0)

// What is left of the file before its CRC.
typedef struct {
    const uint8_t *at;
    size_t left;
} reader_t;

enum { THERMOMETER = 1, DENSE = 1, SCORES = 2 };

// CRC-32 by half bytes: a table of 64 bytes, twice as many steps as the usual one of 1 KiB.
static uint32_t crc32(const uint8_t *data, size_t size) {
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    uint32_t crc = 0xffffffffu;
    while (size--) {
        crc ^= *data++;
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

static uint16_t get16(const uint8_t *p) {
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t get32(const uint8_t *p) {
    return get16(p) | (uint32_t)get16(p + 2) << 16;
}

// Point `section` at the next `size` bytes and go past them.
static bnn_error_t take(reader_t *r, size_t size, const uint8_t **section) {
    CHECK(size <= r->left, BNN_END);
    *section = r->at;
    r->at += size;
    r->left -= size;
    return BNN_OK;
}

// Sections start at multiples of 4, and so does the file in memory.
static bnn_error_t take_pad(reader_t *r, bnn_error_t error) {
    const uint8_t *pad;
    const size_t size = -(uintptr_t)r->at & 3;
    TRY(take(r, size, &pad));
    for (size_t i = 0; i < size; i++) {
        CHECK(pad[i] == 0, error);
    }
    return BNN_OK;
}

static bnn_error_t load_header(bnn_model_t *m, reader_t *r) {
    const uint8_t *h;
    TRY(take(r, HEADER_SIZE, &h));
    m->channels = h[5];
    m->revision = get32(h + 12);
    m->length = get16(h + 16);
    m->hop = get16(h + 18);
    m->rate_mhz = get32(h + 20);
    m->seed = get32(h + 24);
    m->shift = h[28];
    CHECK(m->channels >= 1, BNN_HEADER);
    CHECK(h[7] >= 1 && h[7] <= BNN_MAX_DENSE + 1, BNN_HEADER);
    m->dense = h[7] - 1;
    CHECK(m->length >= 1 && m->hop >= 1 && m->hop <= m->length, BNN_HEADER);
    CHECK(m->seed != 0 && m->shift <= 15, BNN_HEADER);
    CHECK(h[29] == 0 && h[30] == 0 && h[31] == 0, BNN_HEADER);
    const uint8_t encoder = h[6];
    const uint8_t *scales;
    TRY(take(r, 4u * m->channels, &scales));
    m->sample_scales = (const uint32_t *)scales;
    CHECK(encoder == THERMOMETER, BNN_ENCODER);
    return BNN_OK;
}

static bnn_error_t load_encoder(bnn_model_t *m, reader_t *r) {
    const uint8_t *fields, *thresholds;
    TRY(take(r, 4, &fields));
    m->bits = fields[0];
    CHECK(m->bits >= 1 && m->bits <= 32, BNN_ENCODER);
    CHECK(fields[1] == 0 && fields[2] == 0 && fields[3] == 0, BNN_ENCODER);
    TRY(take(r, 2u * m->channels * m->bits, &thresholds));
    TRY(take_pad(r, BNN_ENCODER));
    m->thresholds = (const int16_t *)thresholds;
    for (unsigned c = 0; c < m->channels; c++) {
        const int16_t *row = m->thresholds + c * m->bits;
        for (unsigned j = 1; j < m->bits; j++) {
            CHECK(row[j - 1] <= row[j], BNN_ENCODER);
        }
    }
    return BNN_OK;
}

// A layer's counts and weights; it is given `width` bits.
static bnn_error_t load_rows(bnn_layer_t *layer, reader_t *r, unsigned kind, uint32_t width,
                             uint32_t most) {
    const uint8_t *fields, *weights;
    TRY(take(r, 8, &fields));
    const uint32_t outputs = get16(fields + 2), inputs = get32(fields + 4);
    CHECK(fields[0] == kind && fields[1] == 0, BNN_LAYER);
    CHECK(outputs >= 1 && outputs <= most, BNN_LAYER);
    CHECK(inputs == width && inputs >= 1 && inputs <= MAX_INPUTS, BNN_LAYER);
    const uint32_t words = (inputs + 31) / 32;
    // At most 65535 * 2048 * 4, below 2^29.
    TRY(take(r, (size_t)outputs * words * 4, &weights));
    layer->weights = (const uint32_t *)weights;
    layer->inputs = (uint16_t)inputs;
    layer->words = (uint16_t)words;
    layer->outputs = (uint16_t)outputs;
    if (inputs % 32) {
        const uint32_t pad = ~((1u << inputs % 32) - 1);
        for (uint32_t i = 0; i < outputs; i++) {
            CHECK((layer->weights[(i + 1) * words - 1] & pad) == 0, BNN_LAYER);
        }
    }
    return BNN_OK;
}

static bnn_error_t load_dense(bnn_layer_t *layer, reader_t *r, uint32_t width) {
    const uint8_t *limits;
    TRY(load_rows(layer, r, DENSE, width, UINT16_MAX));
    TRY(take(r, 2u * layer->outputs, &limits));
    TRY(take_pad(r, BNN_LAYER));
    layer->limits = (const uint16_t *)limits;
    for (uint32_t i = 0; i < layer->outputs; i++) {
        CHECK(layer->limits[i] <= layer->inputs + 1u, BNN_LAYER);
    }
    return BNN_OK;
}

static bnn_error_t load_head(bnn_model_t *m, reader_t *r, uint32_t width) {
    bnn_layer_t *head = &m->head;
    const uint8_t *offsets, *scales, *expected;
    TRY(load_rows(head, r, SCORES, width, MAX_CLASSES));
    head->limits = NULL;
    TRY(take(r, 4u * head->outputs, &offsets));
    TRY(take(r, 2u * head->outputs, &scales));
    TRY(take_pad(r, BNN_LAYER));
    m->offsets = (const int32_t *)offsets;
    m->scales = (const int16_t *)scales;
    for (unsigned i = 0; i < head->outputs; i++) {
        // 32768 * 65534 is below 2^31, so what is left for the offset is not negative.
        const int32_t scale = m->scales[i] < 0 ? -m->scales[i] : m->scales[i];
        const int32_t room = INT32_MAX - scale * (int32_t)head->inputs;
        CHECK(m->offsets[i] <= room && m->offsets[i] >= -room, BNN_LAYER);
    }
    TRY(take(r, 4u * head->outputs, &expected));
    m->selftest_scores = (const int32_t *)expected;
    return BNN_OK;
}

static bnn_error_t load_strings(bnn_model_t *m, reader_t *r) {
    m->strings = r->at;
    for (unsigned i = 0; i < 1u + m->head.outputs + m->channels; i++) {
        const uint8_t *size, *text;
        TRY(take(r, 1, &size));
        CHECK(*size >= 1 && *size <= MAX_STRING, BNN_STRINGS);
        TRY(take(r, *size, &text));
        for (unsigned j = 0; j < *size; j++) {
            CHECK(text[j] >= 0x20 && text[j] <= 0x7e, BNN_STRINGS);
        }
    }
    TRY(take_pad(r, BNN_STRINGS));
    CHECK(r->left == 0, BNN_END);
    return BNN_OK;
}

bnn_error_t bnn_load(bnn_model_t *m, const void *data, size_t size) {
    const uint8_t *bytes = data;
    CHECK(size >= SHORTEST && size <= INT32_MAX && ((uintptr_t)data & 3) == 0, BNN_SIZE);
    CHECK(memcmp(bytes,
                 "\x89"
                 "BNN",
                 4) == 0,
          BNN_MAGIC);
    CHECK(bytes[4] == BNN_FORMAT_VERSION, BNN_VERSION);
    CHECK(get32(bytes + 8) == size && size % 4 == 0, BNN_LENGTH);
    m->size = (uint32_t)size;
    m->crc = get32(bytes + size - CRC_SIZE);
    CHECK(m->crc == crc32(bytes, size - CRC_SIZE), BNN_CRC);

    reader_t reader = {bytes, size - CRC_SIZE};
    TRY(load_header(m, &reader));
    TRY(load_encoder(m, &reader));
    // At most 65535 * 255 * 32, below 2^30.
    uint32_t width = (uint32_t)m->length * m->channels * m->bits;
    uint32_t widest = 0;
    for (unsigned i = 0; i < m->dense; i++) {
        bnn_layer_t *layer = &m->layers[i];
        TRY(load_dense(layer, &reader, width));
        width = layer->outputs;
        widest = width > widest ? width : widest;
    }
    TRY(load_head(m, &reader, width));
    TRY(load_strings(m, &reader));
    const uint32_t first = m->dense ? m->layers[0].words : m->head.words;
    m->scratch_words = first + (m->dense > 1 ? 2 : m->dense) * ((widest + 31) / 32);
    return BNN_OK;
}

const char *bnn_string(const bnn_model_t *model, unsigned index, size_t *length) {
    const uint8_t *at = model->strings;
    while (index--) {
        at += 1 + *at;
    }
    *length = *at;
    return (const char *)at + 1;
}

const char *bnn_error_name(bnn_error_t error) {
    static const char names[][8] = {"ok",     "size",    "magic", "version", "length", "crc",
                                    "header", "encoder", "layer", "strings", "end"};
    return names[error];
}

const char *bnn_error_help(bnn_error_t error) {
    switch (error) {
        case BNN_OK:
            return "ok";
        case BNN_SIZE:
            return "no size of a model, or not at a multiple of 4 in memory";
        case BNN_MAGIC:
            return "not a .bnn model file";
        case BNN_VERSION:
            return "made for another version of the format: update the firmware or the host";
        case BNN_LENGTH:
            return "cut short or too long: copy it again";
        case BNN_CRC:
            return "damaged: copy it again";
        default:
            return "not allowed by the format: write the file anew";
    }
}
