// Features 3: n-grams. Twin of host/xnornode/model/ngrams.py, in one pass and a few words of
// memory.

#include "bnn_text.h"

#include <string.h>

#include "bnn_fixed.h"

#define SECTION_SIZE 8
#define MAX_N 8
#define MAX_BUCKETS 65534u
#define FNV_BASIS 0x811c9dc5u
#define FNV_PRIME 0x01000193u

enum { CHARACTERS = 1, WORDS = 2 };

// hashes[i] is FNV-1a of the last i + 1 units, of which the last may not have ended yet.
typedef struct {
    uint32_t *out;
    uint32_t buckets;
    uint8_t shortest;
    uint8_t longest;
    uint8_t units; // that ended already, up to MAX_N
    uint32_t hashes[MAX_N];
} state_t;

bnn_error_t bnn_text_load(bnn_model_t *m, bnn_reader_t *r) {
    const uint8_t *fields;
    TAKE(fields, r, SECTION_SIZE);
    memcpy(&m->section, fields, SECTION_SIZE);
    const bnn_ngrams_t *n = &m->section.ngrams;
    m->values = n->buckets;
    CHECK(n->unit - 1u < WORDS && n->zero == 0 && m->values - 1 < MAX_BUCKETS, BNN_ENCODER);
    CHECK(n->shortest - 1u < n->longest && n->longest <= MAX_N, BNN_ENCODER);
    m->work = (m->length + 2u) * (24u + 4u * n->longest) + bnn_words(m->values);
    return BNN_OK;
}

// A byte in lower case, or ' ' for one that separates.
static uint8_t clean(uint8_t ch, uint8_t unit) {
    if (ch >= 'A' && ch <= 'Z') {
        return (uint8_t)(ch + ('a' - 'A'));
    }
    const bool letter = (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch >= 0x80;
    const bool kept = letter || (unit == CHARACTERS && ch > ' ' && ch != 0x7f);
    return kept ? ch : ' ';
}

static void hash(state_t *s, uint8_t ch) {
    for (unsigned i = 0; i < s->longest; i++) {
        s->hashes[i] = (s->hashes[i] ^ ch) * FNV_PRIME;
    }
}

// The end of MurmurHash3.
static uint32_t mix(uint32_t h) {
    h = (h ^ h >> 16) * 0x85ebca6bu;
    h = (h ^ h >> 13) * 0xc2b2ae35u;
    return h ^ h >> 16;
}

// A unit has ended: put the n-grams that it completes into their buckets, and begin the next unit.
static void end_unit(state_t *s) {
    s->units = (uint8_t)(s->units < MAX_N ? s->units + 1 : MAX_N);
    for (unsigned n = s->shortest; n <= s->longest && n <= s->units; n++) {
        const uint32_t h = mix(s->hashes[n - 1]);
        // (h * buckets) >> 32 without a product of 64 bits.
        const uint32_t low = (h & 0xffff) * s->buckets >> 16;
        const uint32_t bucket = ((h >> 16) * s->buckets + low) >> 16;
        s->out[bucket / 32] |= 1u << bucket % 32;
    }
    memmove(s->hashes + 1, s->hashes, sizeof s->hashes - sizeof s->hashes[0]);
    s->hashes[0] = FNV_BASIS;
}

// Take the next byte of the cleaned text, in which no two spaces follow each other.
static void feed(state_t *s, uint8_t ch, uint8_t unit) {
    if (unit == CHARACTERS) {
        hash(s, ch);
        end_unit(s);
    } else if (ch != ' ') {
        hash(s, ch);
    } else {
        end_unit(s);
        hash(s, ch);
        s->hashes[0] = FNV_BASIS; // a space stands between words, not before the first
    }
}

void bnn_text_bits(const bnn_model_t *model, const uint8_t *text, size_t size, uint32_t *out) {
    const bnn_ngrams_t *n = &model->section.ngrams;
    const uint8_t unit = n->unit;
    state_t s = {out, model->values, n->shortest, n->longest, 0, {0}};
    memset(out, 0, 4 * bnn_words(model->values));
    s.hashes[0] = FNV_BASIS;
    size = size < model->length ? size : model->length;
    uint8_t before = ' ';
    if (unit == CHARACTERS) {
        feed(&s, ' ', unit);
    }
    for (size_t i = 0; i <= size; i++) {
        const uint8_t ch = i < size ? clean(text[i], unit) : ' ';
        if (ch != ' ' || before != ' ') {
            feed(&s, ch, unit);
        }
        before = ch;
    }
}
