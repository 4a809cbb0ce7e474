// Features 4: spectra of frames. Twin of host/xnornode/model/spectrum.py.

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O2", "no-schedule-insns") // as in bnn_fft.c
#endif

#include "bnn_spectrum.h"

#include <string.h>

#include "bnn_fft.h"
#include "bnn_fixed.h"
#include "bnn_math.h"
#include "bnn_work.h"

#define SECTION_SIZE 8
#define STEPS_LOG2 5 // of an edge, between two frequencies of the FFT
#define WEIGHT_LOG2 8
#define LEVEL_LOG2 5 // a level is 1/8 of an octave
#define SCALE 16     // of a value, per level
#define SUMMARIES 3

enum { MEAN, LARGEST, CHANGE };        // bits of a summary
enum { CENTRED = 1, DIFFERENCES = 2 }; // how frames are given
#define REACH_AT 2   // bit of how frames are given
#define REACH_STEP 4 // levels

uint32_t bnn_spectrum_frames(const bnn_model_t *m) {
    const bnn_spectrum_t *s = &m->section.spectrum;
    return (m->length - (1u << s->log2_n)) / s->hop + 1;
}

// Words of scratch: what a frame needs (a frame, its spectrum, a reciprocal per segment between two
// edges), the means; then a level per frame, channel and band.
uint32_t bnn_spectrum_frame_words(const bnn_model_t *m) {
    return (1u << m->section.spectrum.log2_n) + m->section.spectrum.bands + 2u;
}

static uint32_t levels_at(const bnn_model_t *m) {
    return bnn_spectrum_frame_words(m) +
           ((uint32_t)m->channels * m->section.spectrum.bands + 1) / 2;
}

bnn_error_t bnn_spectrum_load(bnn_model_t *m, bnn_reader_t *r) {
    const uint8_t *section;
    TAKE(section, r, SECTION_SIZE);
    memcpy(&m->section, section, SECTION_SIZE);
    const bnn_spectrum_t s = m->section.spectrum; // its edges come later
    CHECK(s.log2_n >= BNN_FFT_SHORTEST && s.log2_n <= BNN_FFT_LONGEST, BNN_ENCODER);
    const uint32_t n = 1u << s.log2_n;
    CHECK(n <= m->length && s.hop - 1u < n && s.bands - 1u < BNN_MAX_BANDS, BNN_ENCODER);
    CHECK(s.summary >> SUMMARIES == 0 && (s.frames == 0 || s.summary == 0), BNN_ENCODER);
    const uint8_t *edges;
    TAKE(edges, r, 2u * (s.bands + 2u));
    TRY(bnn_take_pad(r, BNN_ENCODER));
    uint16_t *const edge = m->section.spectrum.edges;
    memcpy(edge, edges, 2u * (s.bands + 2u));
    for (unsigned i = 0; i <= s.bands; i++) {
        CHECK(edge[i] < edge[i + 1], BNN_ENCODER);
    }
    CHECK(edge[s.bands + 1] <= n / 2 << STEPS_LOG2, BNN_ENCODER);
    const uint32_t frames = bnn_spectrum_frames(m), each = (uint32_t)m->channels * s.bands;
    // At most 65472 frames of 255 * 64 bands
    const uint32_t levels = frames * each;
    m->encoding_rows = s.frames & DIFFERENCES ? 2 * each : each;
    m->values = frames * m->encoding_rows;
    if (s.summary) {
        m->encoding_rows *= (s.summary & 1u) + (s.summary >> 1 & 1u) + (s.summary >> 2);
        m->values = m->encoding_rows;
    }
    CHECK(m->values <= 1u << 24, BNN_ENCODER);
    m->features_words = levels_at(m) + (levels + 3) / 4;
    m->work = bnn_times(frames * m->channels, n * (s.log2_n + 8u) + 16u * s.bands) +
              bnn_times(levels, 4) + 16u * s.bands;
    m->work = m->work > BNN_MAX_WORK ? BNN_MAX_WORK + 1 : m->work;
    return BNN_OK;
}

// A weight's change per step of an edge, in each segment between two edges.
static void fill_reciprocals(const bnn_model_t *m, uint32_t *reciprocals) {
    for (unsigned i = 0; i <= m->section.spectrum.bands; i++) {
        const uint32_t width =
            (uint32_t)m->section.spectrum.edges[i + 1] - m->section.spectrum.edges[i];
        reciprocals[i] = (1u << (WEIGHT_LOG2 + 16)) / width;
    }
}

static uint8_t level(uint64_t energy, int exponent, uint32_t floor) {
    if (energy == 0) {
        return 0;
    }
    // Bits that the logarithm does not look at, taken off in large steps
    int32_t off = 512 * exponent - (int32_t)floor;
    for (; energy >> 32; energy >>= 16) {
        off += 16 * 256;
    }
    uint32_t rest = (uint32_t)energy;
    if (rest >> 24) {
        rest >>= 8;
        off += 8 * 256;
    }
    const int32_t log = bnn_log2_256(rest) + off;
    return (uint8_t)bnn_clip(bnn_shift_right(log, LEVEL_LOG2), 0, 255);
}

// The levels of a frame's bands. A band is a triangle between three edges: what a frequency weighs
// less in one band, it weighs more in the next.
static void take_levels(const bnn_model_t *m, const uint32_t *spectrum, int exponent,
                        const uint32_t *reciprocals, uint8_t *levels) {
    const uint16_t *edge = m->section.spectrum.edges;
    const unsigned bands = m->section.spectrum.bands;
    const uint32_t floor = m->section.spectrum.floor;
    uint64_t falling = 0;
    uint32_t k = ((uint32_t)edge[0] + (1u << STEPS_LOG2) - 1) >> STEPS_LOG2;
    for (unsigned i = 0; i <= bands; i++) {
        uint64_t rising = 0;
        for (; k << STEPS_LOG2 < edge[i + 1]; k++) {
            const uint32_t weight = ((k << STEPS_LOG2) - edge[i]) * reciprocals[i] >> 16;
            const uint32_t high = spectrum[k] >> 16, low = spectrum[k] & 0xffff;
            const uint64_t part = ((uint64_t)(high * weight) << 16) + low * weight;
            rising += part;
            falling += ((uint64_t)spectrum[k] << WEIGHT_LOG2) - part;
        }
        if (i) {
            *levels++ = level(falling, exponent, floor);
        }
        falling = rising;
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

// By frame, then channel and band; what is too far below the loudest as high as the reach; less the means over the frames, where that is wanted. The
// differences follow: from the frame before to the next, which at the ends is the frame itself.
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

// The samples of a channel, which lie between those of the others.
static void gather(const uint8_t *from, unsigned channels, unsigned n, int16_t *frame) {
    for (; n; n--, from += 2 * channels) {
        *frame++ = (int16_t)(from[0] | from[1] << 8);
    }
}

void bnn_spectrum_frame(const bnn_model_t *m, const uint8_t *samples, uint32_t *scratch,
                        uint8_t *levels) {
    const bnn_spectrum_t *const s = &m->section.spectrum;
    const unsigned n = 1u << s->log2_n, channels = m->channels;
    int16_t *const frame = (int16_t *)(void *)scratch;
    uint32_t *const spectrum = scratch + n / 2, *const reciprocals = spectrum + n / 2 + 1;
    fill_reciprocals(m, reciprocals);
    for (unsigned channel = 0; channel < channels; channel++, levels += s->bands) {
        const uint8_t *from = samples + 2 * channel;
        if (channels == 1) {
            memcpy(frame, from, 2 * n);
        } else {
            gather(from, channels, n, frame);
        }
        const int exponent = bnn_fft_power(frame, s->log2_n, spectrum);
        take_levels(m, spectrum, exponent, reciprocals, levels);
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
