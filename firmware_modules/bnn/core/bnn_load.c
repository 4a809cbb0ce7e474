// The loader: every count is bounded before arithmetic on it, and no byte past the file's end is
// read. Twin of host/xnornode/model/file_format.py: both accept the same set of files.

#include <string.h>

#include "bnn_features.h"
#include "bnn_fixed.h"
#include "bnn_layers.h"
#include "bnn_text.h"
#include "bnn_work.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "weights are read in place, as little-endian words"
#endif

#define HEADER_SIZE 32

// bnn_model_t begins as the file's header, of which the last two bytes are 0.
typedef char model_as_in_the_file_t[offsetof(bnn_model_t, bits) == HEADER_SIZE - 2 ? 1 : -1];

#define CRC_SIZE 4
#define SHORTEST 48
#define MAX_STRING 63u
#define MAX_NOTES 4095u
#define SELFTEST_TEXT 256u

// CRC-32 by half bytes: a table of 64 bytes, twice as many steps as the usual one of 1 KiB.
__attribute__((noinline)) // inlined, GCC 12 has no registers left for it on ARMv6-M
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

static bnn_error_t load_header(bnn_model_t *m, bnn_reader_t *r) {
    const uint8_t *h, *scales;
    TAKE(h, r, HEADER_SIZE);
    memcpy(m, h, HEADER_SIZE); // the last two bytes, which are zero, to bits and encoding_shift
    CHECK(m->channels >= 1, BNN_HEADER);
    CHECK(m->layer_count >= 1 && m->layer_count <= BNN_MAX_LAYERS, BNN_HEADER);
    CHECK(m->length >= 1 && m->hop >= 1 && m->hop <= m->length, BNN_HEADER);
    CHECK(m->features != BNN_FEATURES_NGRAMS || (m->channels == 1 && m->hop == m->length),
          BNN_HEADER);
    CHECK(m->seed != 0 && m->shift <= 15 && m->bits == 0 && m->encoding_shift == 0, BNN_HEADER);
    TAKE(scales, r, 4u * m->channels);
    m->sample_scales = (const uint32_t *)scales;
    return BNN_OK;
}

// Load the features' section: how many values they give (n-grams: bits), and the encoding's rows.
static bnn_error_t load_features(bnn_model_t *m, bnn_reader_t *r) {
    (void)r;
    switch (m->features) {
        case BNN_FEATURES_RAW:
            m->values = (uint32_t)m->length * m->channels;
            m->encoding_rows = m->channels;
            return BNN_OK;
        case BNN_FEATURES_STATISTICS:
            return bnn_features_load(m, r);
        case BNN_FEATURES_NGRAMS:
            return bnn_text_load(m, r);
        default:
            return BNN_ENCODER;
    }
}

static bnn_error_t load_thresholds(bnn_model_t *m, bnn_reader_t *r) {
    const uint8_t *section;
    TAKE(section, r, (size_t)2 * m->encoding_rows * m->bits);
    TRY(bnn_take_pad(r, BNN_ENCODER));
    m->thresholds = (const int16_t *)section;
    const int16_t *row = m->thresholds;
    for (uint32_t i = 0; i < m->encoding_rows; i++, row += m->bits) {
        for (unsigned j = 1; j < m->bits; j++) {
            CHECK(row[j - 1] <= row[j], BNN_ENCODER);
        }
    }
    return BNN_OK;
}

static bnn_error_t load_encoding(bnn_model_t *m, bnn_reader_t *r) {
    static const uint8_t most_bits[] = {0, 32, 8, 8}; // by encoding
    const uint8_t *fields;
    if (m->features == BNN_FEATURES_NGRAMS) {
        m->bits = 1;
        return m->encoding == 0 ? BNN_OK : BNN_ENCODER;
    }
    CHECK(m->encoding >= BNN_ENCODING_THERMOMETER && m->encoding <= BNN_ENCODING_INT8, BNN_ENCODER);
    TAKE(fields, r, 4);
    m->bits = fields[0];
    m->encoding_shift = fields[1];
    CHECK(m->bits >= 1 && m->bits <= most_bits[m->encoding], BNN_ENCODER);
    CHECK(m->encoding != BNN_ENCODING_INT8 || m->bits == 8, BNN_ENCODER);
    CHECK(m->encoding_shift <= (m->encoding == BNN_ENCODING_THERMOMETER ? 0 : 31), BNN_ENCODER);
    CHECK(fields[2] == 0 && fields[3] == 0, BNN_ENCODER);
    m->work += bnn_times(m->values, m->bits + (m->features == BNN_FEATURES_RAW ? 8u : 64u));
    if (m->encoding == BNN_ENCODING_THERMOMETER) {
        return load_thresholds(m, r);
    }
    return bnn_take_affine(r, m->encoding_rows, 32768, BNN_ENCODER, &m->encoding_offsets,
                           &m->encoding_factors);
}

static bnn_error_t take_text(bnn_reader_t *r, size_t size) {
    const uint8_t *text;
    TAKE(text, r, size);
    for (size_t i = 0; i < size; i++) {
        CHECK(text[i] >= 0x20 && text[i] <= 0x7e, BNN_STRINGS);
    }
    return BNN_OK;
}

static bnn_error_t load_strings(bnn_model_t *m, bnn_reader_t *r) {
    const uint8_t *size;
    m->strings = r->at;
    for (unsigned i = 0; i < 1u + m->classes + m->channels; i++) {
        TAKE(size, r, 1);
        CHECK(*size >= 1 && *size <= MAX_STRING, BNN_STRINGS);
        TRY(take_text(r, *size));
    }
    TAKE(size, r, 2);
    m->notes_length = (uint16_t)(size[0] | size[1] << 8);
    m->notes = (const char *)r->at;
    CHECK(m->notes_length <= MAX_NOTES, BNN_STRINGS);
    TRY(take_text(r, m->notes_length));
    TRY(bnn_take_pad(r, BNN_STRINGS));
    CHECK(r->left == 0, BNN_END);
    return BNN_OK;
}

bnn_error_t bnn_load(bnn_model_t *m, const void *data, size_t size) {
    const uint8_t *bytes = data, *expected;
    CHECK(size >= SHORTEST && size <= INT32_MAX && ((uintptr_t)data & 3) == 0, BNN_SIZE);
    CHECK(memcmp(bytes,
                 "\x89"
                 "BNN",
                 4) == 0,
          BNN_MAGIC);
    CHECK(bytes[4] == BNN_FORMAT_VERSION, BNN_VERSION);
    CHECK(get32(bytes + 8) == size && size % 4 == 0, BNN_LENGTH);
    memset(m, 0, sizeof *m);
    m->crc = get32(bytes + size - CRC_SIZE);
    CHECK(m->crc == crc32(bytes, size - CRC_SIZE), BNN_CRC);

    bnn_reader_t reader = {bytes, size - CRC_SIZE};
    TRY(load_header(m, &reader));
    TRY(load_features(m, &reader));
    TRY(load_encoding(m, &reader));
    TRY(bnn_load_layers(m, &reader));
    TAKE(expected, &reader, 4u * m->classes);
    m->selftest_scores = (const int32_t *)expected;
    return load_strings(m, &reader);
}

size_t bnn_window_size(const bnn_model_t *m) {
    if (m->features == BNN_FEATURES_NGRAMS) {
        return m->length < SELFTEST_TEXT ? m->length : SELFTEST_TEXT;
    }
    return 2u * m->length * m->channels;
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
                                    "header", "encoder", "layer", "work", "strings", "end"};
    return names[error];
}

const char *bnn_error_help(bnn_error_t error) {
    switch (error) {
        case BNN_OK:
            return "ok";
        case BNN_SIZE:
            return "too short or too long, or not at a multiple of 4 in memory";
        case BNN_MAGIC:
            return "not a .bnn model file";
        case BNN_VERSION:
            return "made for another version of the format: update the firmware or the host";
        case BNN_LENGTH:
            return "cut short or too long: copy it again";
        case BNN_CRC:
            return "damaged: copy it again";
        default:
            return "not allowed by the format: export it again";
    }
}
