// Features 2: statistics. Twin of host/xnornode/model/statistics.py.
//
// Samples and centred samples are int16, so a product of two is at most 2^30, and the sum of up to
// 65535 such products is below 2^46.

#include "bnn_features.h"

#include <string.h>

#include "bnn_fixed.h"
#include "bnn_math.h"
#include "bnn_work.h"

#define SECTION_SIZE 12
#define MAX_BANDS 14
#define MAX_PARTS 16

// In the order of their bits in the masks.
enum {
    MEAN,
    MINIMUM,
    MAXIMUM,
    DEVIATION,
    LOG_VARIANCE,
    LOG_POWER,
    LOG_CHANGE,
    CROSSINGS,
    ABOVE_MEAN,
    RISES,
    LOWER_QUARTILE,
    MEDIAN,
    UPPER_QUARTILE,
    INTERQUARTILE_RANGE,
    ASYMMETRY,
    STATISTICS,
    COVARIANCE = STATISTICS, // of pairs, over the whole window, as is the next
    LAGGED_COVARIANCE,
};

// Of one channel.
#define SINGLE ((1u << STATISTICS) - 1)

// What the values of a window are computed from, and where they go.
typedef struct {
    const bnn_model_t *model;
    const uint8_t *window;
    bnn_encoder_t *encoder;
    int16_t *series; // samples of one channel
    int16_t *means;  // of the channels
    uint32_t lag;
    int16_t *to; // where the values go too, or NULL
} run_t;

static uint32_t count_bits(uint32_t mask) {
    uint32_t count = 0;
    for (; mask; mask &= mask - 1) {
        count++;
    }
    return count;
}

// Operations per sample for the statistics of `mask`, of runs of at most `length` samples.
__attribute__((noinline)) // smaller code
static uint32_t pass_work(uint32_t mask, uint32_t length) {
    if (mask == 0) {
        return 0;
    }
    return 24 + (mask >> LOWER_QUARTILE & 15 ? 2u * bnn_digits(length) : 0);
}

bnn_error_t bnn_features_load(bnn_model_t *m, bnn_reader_t *r) {
    const uint8_t *section;
    TAKE(section, r, SECTION_SIZE);
    memcpy(&m->section, section, SECTION_SIZE);
    const bnn_statistics_t f = m->section.statistics;
    const bool lagging = (f.whole | f.part) & (1u << ASYMMETRY | 1u << LAGGED_COVARIANCE);
    CHECK(f.whole >> (LAGGED_COVARIANCE + 1) == 0 && f.part <= SINGLE && f.zero == 0, BNN_ENCODER);
    CHECK(f.bands <= MAX_BANDS && (2u << f.bands) - 2 < m->length, BNN_ENCODER);
    CHECK(f.part ? f.parts - 2u <= MAX_PARTS - 2 && f.parts <= m->length : f.parts == 0,
          BNN_ENCODER);
    CHECK(lagging ? f.lag - 1u < m->length - 1u : f.lag == 0, BNN_ENCODER);
    // At most 15 + 14 + 16 * 15 values of a channel, and 97410 pairs of 255 channels.
    const uint32_t each = count_bits(f.whole & SINGLE) + f.bands + f.parts * count_bits(f.part);
    uint32_t pairs = 0;
    if (f.whole >> COVARIANCE & 1) {
        pairs = m->channels * (m->channels - 1u) / 2;
    }
    if (f.whole >> LAGGED_COVARIANCE & 1) {
        pairs += (uint32_t)m->channels * m->channels;
    }
    m->values = each * m->channels + pairs;
    m->encoding_rows = m->values;
    const uint32_t sample =
        4u * f.bands + pass_work(f.whole, m->length) + pass_work(f.part, m->length);
    m->work = bnn_times(m->length, sample * m->channels + 8 * pairs);
    m->features_words = (m->length + 1u) / 2 + (m->channels + 1u) / 2;
    return m->values ? BNN_OK : BNN_ENCODER;
}

static void give(const run_t *run, int32_t value) {
    const int16_t clipped = (int16_t)bnn_clip(value, INT16_MIN, INT16_MAX);
    if (run->to) {
        run->to[run->encoder->row] = clipped; // a row for each value
    }
    bnn_encode_value(run->encoder, clipped);
}

static int32_t sample(const run_t *run, uint32_t t, uint32_t channel) {
    const uint8_t *p = run->window + 2 * (t * run->model->channels + channel);
    return (int16_t)(p[0] | p[1] << 8);
}

// `count` samples of a channel into run->series; their mean.
static int32_t read_series(const run_t *run, uint32_t channel, uint32_t start, uint32_t count) {
    int32_t sum = 0; // at most 65535 * 32768
    for (uint32_t t = 0; t < count; t++) {
        const int32_t x = sample(run, start + t, channel);
        run->series[t] = (int16_t)x;
        sum += x;
    }
    return bnn_divide_down(sum, (int32_t)count);
}

static int32_t centre(int32_t x, int32_t mean) {
    return bnn_clip(x - mean, INT16_MIN, INT16_MAX);
}

// Put `moved` into the heap of the samples below `end`, at `at` or below it.
static void sift(int16_t *x, uint32_t at, uint32_t end, int16_t moved) {
    for (uint32_t child; (child = 2 * at + 1) < end; at = child) {
        if (child + 1 < end && x[child + 1] > x[child]) {
            child++;
        }
        if (x[child] <= moved) {
            break;
        }
        x[at] = x[child];
    }
    x[at] = moved;
}

// Heap sort, whose worst case takes n log n too. It puts in order what lies from n / 4 on.
static void sort(int16_t *x, uint32_t n) {
    for (uint32_t first = n / 2; first--;) {
        sift(x, first, n, x[first]);
    }
    for (uint32_t end = n; end-- > 1 && end >= n / 4;) {
        const int16_t last = x[end];
        x[end] = x[0];
        sift(x, 0, end, last);
    }
}

// Whether a series rises in leaps and falls slowly, or the other way round.
static int32_t asymmetry(const run_t *run, uint32_t n) {
    const int16_t *x = run->series;
    int64_t total = 0;
    for (uint32_t t = run->lag; t < n; t++) {
        const int32_t change = centre(x[t], x[t - run->lag]);
        total += change * (change < 0 ? -change : change);
    }
    return bnn_root(total, n);
}

static void give_quartiles(const run_t *run, uint32_t mask, uint32_t n) {
    const int16_t *x = run->series;
    sort(run->series, n);
    const int32_t lower = x[n / 4], upper = x[3 * n / 4];
    const int32_t quartiles[] = {lower, x[n / 2], upper, upper - lower};
    for (unsigned i = 0; i < 4; i++) {
        if (mask >> (LOWER_QUARTILE + i) & 1) {
            give(run, quartiles[i]);
        }
    }
}

// The statistics of `mask` of `n` samples of a channel.
static void give_statistics(const run_t *run, uint32_t mask, uint32_t channel, uint32_t start,
                            uint32_t n) {
    if (mask == 0) {
        return;
    }
    const int32_t mean = read_series(run, channel, start, n);
    const int16_t *x = run->series;
    int32_t least = x[0], most = x[0], crossings = 0, above = 0, rises = 0;
    uint32_t change = 0; // at most 65534 * 65535
    uint64_t variance = 0, power = 0;
    int32_t before = x[0];
    for (uint32_t t = 0; t < n; t++) {
        const int32_t now = x[t], centred = centre(now, mean);
        least = now < least ? now : least;
        most = now > most ? now : most;
        variance += (uint32_t)(centred * centred);
        power += (uint32_t)(now * now);
        change += (uint32_t)(now > before ? now - before : before - now);
        above += now >= mean;
        crossings += (now >= mean) != (before >= mean);
        rises += now > before;
        before = now;
    }
    const int32_t values[LOWER_QUARTILE] = {
        mean,
        least,
        most,
        mask >> DEVIATION & 1 ? bnn_root((int64_t)variance, n) : 0,
        mask >> LOG_VARIANCE & 1 ? bnn_log2_256(variance) : 0,
        mask >> LOG_POWER & 1 ? bnn_log2_256(power) : 0,
        mask >> LOG_CHANGE & 1 ? bnn_log2_256(change) : 0,
        crossings,
        above,
        rises,
    };
    for (unsigned i = 0; i < LOWER_QUARTILE; i++) {
        if (mask >> i & 1) {
            give(run, values[i]);
        }
    }
    // The asymmetry is given after the quartiles, which sort the series that it needs in order.
    const int32_t skew = mask >> ASYMMETRY & 1 ? asymmetry(run, n) : 0;
    if (mask >> LOWER_QUARTILE & 15) {
        give_quartiles(run, mask, n);
    }
    if (mask >> ASYMMETRY & 1) {
        give(run, skew);
    }
}

// A band is what smoothing removes; the smooth series then takes the place of the series.
static void give_bands(const run_t *run, uint32_t bands, uint32_t channel) {
    int16_t *x = run->series;
    uint32_t n = run->model->length;
    if (bands == 0) {
        return;
    }
    read_series(run, channel, 0, n);
    for (uint32_t k = 0; k < bands; k++) {
        const uint32_t d = 1u << k;
        uint64_t energy = 0;
        n -= 2 * d;
        for (uint32_t t = 0; t < n; t++) {
            const int32_t middle = x[t + d];
            const int32_t smooth = bnn_shift_right(x[t] + 2 * middle + x[t + 2 * d] + 2, 2);
            const int32_t detail = middle - smooth;
            energy += (uint32_t)(detail * detail);
            x[t] = (int16_t)smooth;
        }
        give(run, bnn_log2_256(energy));
    }
}

// The centred samples of channel i into run->series.
static void centre_series(const run_t *run, uint32_t i) {
    for (uint32_t t = 0; t < run->model->length; t++) {
        run->series[t] = (int16_t)centre(sample(run, t, i), run->means[i]);
    }
}

// The covariance of the channel in run->series with channel j, `lag` samples earlier.
static void give_covariance(const run_t *run, uint32_t j, uint32_t lag) {
    const uint32_t length = run->model->length;
    int64_t total = 0;
    for (uint32_t t = lag; t < length; t++) {
        total += run->series[t] * centre(sample(run, t - lag, j), run->means[j]);
    }
    give(run, bnn_root(total, length));
}

// The covariance of each pair of channels; then, with the lag, of each channel with each.
static void give_covariances(const run_t *run, uint32_t mask) {
    const uint32_t channels = run->model->channels;
    for (uint32_t i = 0; i < channels; i++) {
        run->means[i] = (int16_t)read_series(run, i, 0, run->model->length);
    }
    for (uint32_t lagged = 0; lagged < 2; lagged++) {
        if (mask >> (COVARIANCE + lagged) & 1) {
            for (uint32_t i = 0; i + 1 < channels + lagged; i++) {
                centre_series(run, i);
                for (uint32_t j = lagged ? 0 : i + 1; j < channels; j++) {
                    give_covariance(run, j, lagged ? run->lag : 0);
                }
            }
        }
    }
}

void bnn_features_run(const bnn_model_t *model, const uint8_t *window, uint32_t *scratch,
                      bnn_encoder_t *encoder, int16_t *to) {
    const bnn_statistics_t f = model->section.statistics;
    const uint32_t length = model->length;
    int16_t *means = (int16_t *)(scratch + (length + 1) / 2);
    const run_t run = {model, window, encoder, (int16_t *)scratch, means, f.lag, to};
    for (uint32_t channel = 0; channel < model->channels; channel++) {
        give_statistics(&run, f.whole & SINGLE, channel, 0, length);
        give_bands(&run, f.bands, channel);
        for (uint32_t i = 0; i < f.parts; i++) {
            const uint32_t start = length * i / f.parts, end = length * (i + 1) / f.parts;
            give_statistics(&run, f.part, channel, start, end - start);
        }
    }
    if (f.whole >> COVARIANCE) {
        give_covariances(&run, f.whole);
    }
}
