// The loader: every count is bounded before arithmetic on it, and no byte past the file's end is
// read. Twin of host/xnornode/model/file_format.py: both accept the same set of files.

#include <string.h>

#include "bnn_drift.h"
#include "bnn_features.h"
#include "bnn_fixed.h"
#include "bnn_layers.h"
#include "bnn_spectrum.h"
#include "bnn_text.h"
#include "bnn_work.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "weights are read in place, as little-endian words"
#endif

#define HEADER_SIZE 32
#define MAGIC 0x4e4e4289u // 0x89 BNN

// bnn_model_t begins as the file's header, but for its last two bytes.
typedef char model_as_in_the_file_t[offsetof(bnn_model_t, bits) == HEADER_SIZE - 2 ? 1 : -1];

#define CRC_SIZE 4
#define ANSWERS 1 // sections that not every file has
#define DRIFT 2
#define SHORTEST 48
#define MAX_STRING 63u
#define MAX_NOTES 4095u
#define SELFTEST_TEXT 256u

// CRC-32 bit by bit: a table would take more room than a load's milliseconds are worth.
__attribute__((noinline)) // inlined, GCC 12 has no registers left for it on ARMv6-M
static uint32_t crc32(const uint8_t *data, size_t size) {
    uint32_t crc = 0xffffffffu;
    while (size--) {
        crc ^= *data++;
        for (unsigned left = 8; left; left--) {
            const bool odd = crc & 1;
            crc >>= 1;
            if (odd) {
                crc ^= 0xedb88320u;
            }
        }
    }
    return ~crc;
}

static bnn_error_t load_header(bnn_model_t *m, bnn_reader_t *r) {
    const uint8_t *h, *scales;
    TAKE(h, r, HEADER_SIZE);
    memcpy(m, h, HEADER_SIZE); // the last two bytes to bits and encoding_shift
    CHECK(m->channels >= 1 && m->layer_count - 1u < BNN_MAX_LAYERS, BNN_HEADER);
    CHECK(m->hop - 1u < m->length, BNN_HEADER);
    CHECK(m->features != BNN_FEATURES_NGRAMS || (m->channels == 1 && m->hop == m->length),
          BNN_HEADER);
    CHECK(m->seed != 0 && m->shift <= 15, BNN_HEADER);
    // By the version, the sections that it may have: none; the answers; drift, with them or not.
    const unsigned sections = h[30];
    CHECK(h[31] == 0 && sections < 4, BNN_HEADER);
    CHECK(m->version == BNN_FORMAT_PLAIN + (sections < 2 ? sections : 2), BNN_HEADER);
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
        case BNN_FEATURES_SPECTRUM:
            return bnn_spectrum_load(m, r);
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
    CHECK(m->encoding - 1u < BNN_ENCODING_INT8, BNN_ENCODER);
    TAKE(fields, r, 4);
    m->bits = fields[0];
    m->encoding_shift = fields[1];
    CHECK(m->bits - 1u < most_bits[m->encoding], BNN_ENCODER);
    CHECK(m->encoding != BNN_ENCODING_INT8 || m->bits == 8, BNN_ENCODER);
    CHECK(m->encoding_shift <= (m->encoding == BNN_ENCODING_THERMOMETER ? 0 : 31), BNN_ENCODER);
    CHECK(get32(fields) >> 16 == 0, BNN_ENCODER);
    m->work += bnn_times(m->values, m->bits + (m->features == BNN_FEATURES_RAW ? 8u : 64u));
    if (m->encoding == BNN_ENCODING_THERMOMETER) {
        return load_thresholds(m, r);
    }
    return bnn_take_affine(r, m->encoding_rows, 32768, BNN_ENCODER, &m->encoding_offsets,
                           &m->encoding_factors);
}

static bnn_error_t load_answers(bnn_model_t *m, bnn_reader_t *r) {
    const uint8_t *fields;
    TAKE(fields, r, sizeof m->rules + 4 * bnn_words(m->classes));
    memcpy(&m->rules, fields, sizeof m->rules);
    CHECK(m->rules.factor != 0 && m->rules.shift <= 15 && m->rules.windows - 1u < 32, BNN_ANSWERS);
    m->background = (const uint32_t *)(const void *)(fields + sizeof m->rules);
    CHECK(m->classes % 32 == 0 || m->background[m->classes / 32] >> m->classes % 32 == 0,
          BNN_ANSWERS);
    return BNN_OK;
}

// Where the allowed characters start and end, in turn. A character is here its bytes without the
// marks of the continuation bytes; the lead byte's mark stays. So each length of UTF-8 has a range
// of its own, and what is not in the shortest form lies between two ranges.
static const uint32_t text_bounds[] = {
    0x20,       0x7f,      // one byte
    0x30a0,     0x3800,    // two: 0x3000 and the character
    0xe0800,    0xe2028,   // three: 0xe0000 and the character
    0xe202f,    0xe2066,   //
    0xe206a,    0xed800,   //
    0xee000,    0xefdd0,   //
    0xefdf0,    0xf0000,   //
    0x3c10000,  0x3d10000, // four: 0x3c00000 and the character
    UINT32_MAX,
};

static bnn_error_t take_text(bnn_reader_t *r, size_t size) {
    const uint8_t *at;
    TAKE(at, r, size);
    while (at < r->at) {
        uint32_t code = *at++;
        for (uint32_t lead = code << 24; lead >> 30 == 3; lead <<= 1) {
            const uint32_t next = *at++ ^ 0x80u; // past the text at worst up to the file's end
            CHECK(next < 0x40 && code >> 20 == 0, BNN_STRINGS);
            code = code << 6 | next;
        }
        unsigned bound = 0;
        while (code >= text_bounds[bound]) {
            bound++;
        }
        CHECK(bound & 1 && (code & 0xfffe) != 0xfffe, BNN_STRINGS);
    }
    CHECK(at == r->at, BNN_STRINGS);
    return BNN_OK;
}

static bnn_error_t load_strings(bnn_model_t *m, bnn_reader_t *r) {
    const uint8_t *size;
    m->strings = r->at;
    for (unsigned i = 0; i < 1u + m->classes + m->channels; i++) {
        TAKE(size, r, 1);
        CHECK(*size - 1u < MAX_STRING, BNN_STRINGS);
        TRY(take_text(r, *size));
    }
    TAKE(size, r, 2);
    m->notes_length = size[0] | (uint32_t)size[1] << 8;
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
    CHECK(get32(bytes) == MAGIC, BNN_MAGIC);
    CHECK(bytes[4] - (unsigned)BNN_FORMAT_PLAIN <= BNN_FORMAT_VERSION - BNN_FORMAT_PLAIN,
          BNN_VERSION);
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
    if (bytes[30] & ANSWERS) {
        TRY(load_answers(m, &reader));
    }
    if (bytes[30] & DRIFT) {
        TRY(bnn_drift_load(m, &reader));
    }
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
    static const char names[][8] = {"ok",      "size",   "magic",   "version", "length",
                                    "crc",     "header", "encoder", "layer",   "work",
                                    "answers", "drift",  "strings", "end"};
    return names[error];
}

const char *bnn_error_help(bnn_error_t error) {
    return error <= BNN_CRC && error != BNN_VERSION ? "copy it again" : "export it again";
}
