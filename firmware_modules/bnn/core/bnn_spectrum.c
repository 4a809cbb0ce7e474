// Features 4: spectra of frames. Twin of host/xnornode/model/spectrum.py.

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O2", "no-schedule-insns") // as in bnn_fft.c
#endif

#include "bnn_spectrum.h"

#include <string.h>

#include "bnn_fft.h"
#include "bnn_fixed.h"
#include "bnn_work.h"

#define SECTION_SIZE 8
#define STEPS_LOG2 5 // of an edge, between two frequencies of the FFT
#define WEIGHT_LOG2 7
#define SLOPE_LOG2 20
#define LEVEL_LOG2 5 // a level is 1/8 of an octave
#define SCALE 16     // of a value, per level
#define SUMMARIES 3

enum { MEAN, LARGEST, CHANGE };        // bits of a summary
enum { CENTRED = 1, DIFFERENCES = 2 }; // how frames are given
#define REACH_AT 2                     // bit of how frames are given
#define REACH_STEP 4                   // levels

uint32_t bnn_spectrum_frames(const bnn_model_t *m) {
    const bnn_spectrum_t *s = &m->section.spectrum;
    return (m->length - (1u << s->log2_n)) / s->hop + 1;
}

// Words of scratch: a frame's spectrum, the means; then a level per frame, channel and band.
uint32_t bnn_spectrum_frame_words(const bnn_model_t *m) {
    return (1u << m->section.spectrum.log2_n) + 1u;
}

static uint32_t levels_at(const bnn_model_t *m) {
    return bnn_spectrum_frame_words(m) +
           ((uint32_t)m->channels * m->section.spectrum.bands + 1) / 2;
}

bnn_error_t bnn_spectrum_load(bnn_model_t *m, bnn_reader_t *r) {
    const uint8_t *section;
    TAKE(section, r, SECTION_SIZE);
    memcpy(&m->section, section, SECTION_SIZE);
    const bnn_spectrum_t *const s = &m->section.spectrum;
    CHECK(s->log2_n >= BNN_FFT_SHORTEST && s->log2_n <= BNN_FFT_LONGEST, BNN_ENCODER);
    const uint32_t n = 1u << s->log2_n;
    CHECK(n <= m->length && s->hop - 1u < n && s->bands - 1u < BNN_MAX_BANDS, BNN_ENCODER);
    CHECK(s->summary >> SUMMARIES == 0 && (s->frames == 0 || s->summary == 0), BNN_ENCODER);
    const uint8_t *edges;
    TAKE(edges, r, 2u * (s->bands + 2u));
    TRY(bnn_take_pad(r, BNN_ENCODER));
    uint16_t *const edge = m->section.spectrum.edges;
    memcpy(edge, edges, 2u * (s->bands + 2u));
    for (unsigned i = 0; i <= s->bands; i++) {
        CHECK(edge[i] + (1 << STEPS_LOG2) <= edge[i + 1], BNN_ENCODER); // no band is empty
        m->section.spectrum.slopes[i] =
            (uint16_t)((1u << SLOPE_LOG2) / (uint32_t)(edge[i + 1] - edge[i]));
    }
    CHECK(edge[s->bands + 1] <= n / 2 << STEPS_LOG2, BNN_ENCODER);
    const uint32_t frames = bnn_spectrum_frames(m), each = (uint32_t)m->channels * s->bands;
    // At most 65472 frames of 255 * 64 bands
    const uint32_t levels = frames * each;
    m->encoding_rows = s->frames & DIFFERENCES ? 2 * each : each;
    m->values = frames * m->encoding_rows;
    if (s->summary) {
        m->encoding_rows *= (s->summary & 1u) + (s->summary >> 1 & 1u) + (s->summary >> 2);
        m->values = m->encoding_rows;
    }
    CHECK(m->values <= 1u << 24, BNN_ENCODER);
    m->features_words = levels_at(m) + (levels + 3) / 4;
    m->work = bnn_times(frames * m->channels, n * (s->log2_n + 8u) + 16u * s->bands) +
              bnn_times(levels, 4) + 16u * s->bands;
    m->work = m->work > BNN_MAX_WORK ? BNN_MAX_WORK + 1 : m->work;
    return BNN_OK;
}

// The level of an energy, 2^17 * high + 2 * low. Its logarithm is at most 3.5 / 256 wrong.
static uint8_t level(uint32_t high, uint32_t low, int32_t off) {
    high += low >> 16;
    uint32_t v = high << 16 | (low & 0xffff);
    if (high >> 16) {
        v = high; // the low bits do not count
        off += 16 << 8;
    }
    if (v == 0) {
        return 0;
    }
    int32_t log = 32;
    for (; !(v >> 24); v <<= 8) {
        log -= 8;
    }
    for (; !(v >> 31); v <<= 1) {
        log--;
    }
    const int32_t x = (int32_t)(v >> 23 & 255);
    log = log * 256 + x + ((x * (256 - x) * 94) >> 16) + off;
    return (uint8_t)bnn_clip(bnn_shift_right(log, LEVEL_LOG2), 0, 255);
}

// The first frequency that is not below an edge.
static inline uint32_t frequency_at(uint32_t edge) {
    return (edge + (1u << STEPS_LOG2) - 1) >> STEPS_LOG2;
}

// The levels of a frame's bands. A band is a triangle between three edges: what a frequency weighs
// less in one band, it weighs more in the next. Sums are of the upper and of the lower halves of
// the powers; of 512 frequencies they fit into 32 bits.
static void take_levels(const bnn_model_t *m, const uint32_t *spectrum, int exponent,
                        uint8_t *levels) {
    const bnn_spectrum_t *const s = &m->section.spectrum;
    const int32_t off = 512 * exponent - (int32_t)s->floor;
    uint32_t last_high = 0, last_low = 0; // of the band that rose in the segment before
    uint32_t k = frequency_at(s->edges[0]);
    const uint32_t *power = spectrum + 2 * k;
    for (unsigned i = 0; i <= s->bands; i++) {
        const uint32_t slope = s->slopes[i];
        uint32_t place = ((k << STEPS_LOG2) - s->edges[i]) * slope;
        uint32_t high = 0, low = 0, rising_high = 0, rising_low = 0;
        k = frequency_at(s->edges[i + 1]);
        for (const uint32_t *const end = spectrum + 2 * k; power < end; power += 2) {
            const uint32_t weight = place >> (SLOPE_LOG2 - WEIGHT_LOG2);
            place += slope << STEPS_LOG2;
            const uint32_t h = *power >> 16, l = *power & 0xffff;
            high += h;
            low += l;
            rising_high += h * weight;
            rising_low += l * weight;
        }
        if (i) {
            high = last_high + (high << WEIGHT_LOG2) - rising_high;
            low = last_low + (low << WEIGHT_LOG2) - rising_low;
            *levels++ = level(high, low, off);
        }
        last_high = rising_high;
        last_low = rising_low;
    }
}

static inline int32_t at_least(uint8_t level, int32_t least) {
    return level > least ? level : least;
}

static int32_t sum_of(const uint8_t *levels, unsigned frames, uint32_t step, int32_t least) {
    uint32_t sum = 0; // at most 65472 frames of 255
    for (; frames; frames--, levels += step) {
        sum += (uint32_t)at_least(*levels, least);
    }
    return (int32_t)sum;
}

static int32_t largest_of(const uint8_t *levels, unsigned frames, uint32_t step) {
    uint8_t most = 0;
    for (; frames; frames--, levels += step) {
        most = *levels > most ? *levels : most;
    }
    return most;
}

// The sum of how much each level differs from the one before.
static int32_t change_of(const uint8_t *levels, unsigned frames, uint32_t step) {
    uint32_t sum = 0;
    for (; frames > 1; frames--, levels += step) {
        sum += (uint32_t)(levels[step] > *levels ? levels[step] - *levels : *levels - levels[step]);
    }
    return (int32_t)sum;
}

static void give_summary(const bnn_model_t *m, const uint8_t *levels, unsigned frames,
                         bnn_encoder_t *encoder) {
    const uint32_t each = (uint32_t)m->channels * m->section.spectrum.bands;
    for (unsigned what = 0; what < SUMMARIES; what++) {
        if (!(m->section.spectrum.summary >> what & 1)) {
            continue;
        }
        for (uint32_t i = 0; i < each; i++) {
            int32_t v;
            if (what == LARGEST) {
                v = SCALE * largest_of(levels + i, frames, each);
            } else {
                v = what == MEAN ? sum_of(levels + i, frames, each, 0)
                                 : change_of(levels + i, frames, each);
                v = SCALE * v / (int32_t)frames;
            }
            bnn_encode_value(encoder, (int16_t)v);
        }
    }
}

// By frame, then channel and band; what is too far below the loudest as high as the reach; less the
// means over the frames, where that is wanted. The differences follow: from the frame before to the
// next, which at the ends is the frame itself.
static void give_frames(const bnn_model_t *m, const uint8_t *levels, unsigned frames,
                        int16_t *means, bnn_encoder_t *encoder) {
    const uint32_t each = (uint32_t)m->channels * m->section.spectrum.bands;
    const int32_t reach = m->section.spectrum.frames >> REACH_AT;
    int32_t least = 0; // what a quieter level counts as
    if (reach) {
        least = largest_of(levels, frames * each, 1) - REACH_STEP * reach;
        least = least > 0 ? least : 0;
    }
    for (uint32_t i = 0; i < each; i++) {
        const int32_t sum =
            m->section.spectrum.frames & CENTRED ? sum_of(levels + i, frames, each, least) : 0;
        means[i] = (int16_t)(SCALE * sum / (int32_t)frames);
    }
    for (unsigned frame = 0; frame < frames; frame++, levels += each) {
        for (uint32_t i = 0; i < each; i++) {
            bnn_encode_value(encoder, (int16_t)(SCALE * at_least(levels[i], least) - means[i]));
        }
        if (m->section.spectrum.frames & DIFFERENCES) {
            const uint8_t *const next = frame + 1 < frames ? levels + each : levels;
            const uint8_t *const before = frame ? levels - each : levels;
            for (uint32_t i = 0; i < each; i++) {
                const int32_t rise = at_least(next[i], least) - at_least(before[i], least);
                bnn_encode_value(encoder, (int16_t)(SCALE * rise));
            }
        }
    }
}

void bnn_spectrum_frame(const bnn_model_t *m, const uint8_t *samples, uint32_t *scratch,
                        uint8_t *levels) {
    const bnn_spectrum_t *const s = &m->section.spectrum;
    for (unsigned left = m->channels; left; left--, samples += 2, levels += s->bands) {
        const int exponent = bnn_fft_power(samples, m->channels, s->log2_n, scratch);
        take_levels(m, scratch, exponent, levels);
    }
}

void bnn_spectrum_give(const bnn_model_t *m, const uint8_t *levels, uint32_t *scratch,
                       bnn_encoder_t *encoder) {
    if (m->section.spectrum.summary) {
        give_summary(m, levels, bnn_spectrum_frames(m), encoder);
    } else {
        int16_t *const means = (int16_t *)(void *)(scratch + bnn_spectrum_frame_words(m));
        give_frames(m, levels, bnn_spectrum_frames(m), means, encoder);
    }
}

void bnn_spectrum_run(const bnn_model_t *m, const uint8_t *window, uint32_t *scratch,
                      bnn_encoder_t *encoder) {
    const uint32_t hop = 2u * m->section.spectrum.hop * m->channels;
    const uint32_t each = (uint32_t)m->channels * m->section.spectrum.bands;
    uint8_t *const levels = (uint8_t *)(scratch + levels_at(m)), *to = levels;
    for (unsigned left = bnn_spectrum_frames(m); left; left--, window += hop, to += each) {
        bnn_spectrum_frame(m, window, scratch, to);
    }
    bnn_spectrum_give(m, levels, scratch, encoder);
}
