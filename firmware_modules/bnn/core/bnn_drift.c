// Drift in integers of 32 bits, without a division a window. Twin of host/xnornode/model/drift.py.
//
// Of the file only offsets, caps, centres, factors and weights are used as they stand. What leads
// somewhere (sources, members, shifts, channels) is bounded again, as the bytes may have changed.

#include "bnn_drift.h"

#include <string.h>

#include "bnn_fixed.h"
#include "bnn_math.h"

#define FIELDS_SIZE 12
#define MAX_INPUTS 64u
#define MAX_SUMS 16u
#define MEMBERS 6
#define NOBODY 0xffffu
#define MAX_BOUND 16383u
#define MAX_OFFSET (1 << 30)
#define FACTOR_SHIFT 12
#define FARTHEST 96
#define MEAN_SHIFT 5
#define STATISTICS 15u
#define BANDS_FROM 64u
#define MAX_BANDS 14u

// An input in the file.
typedef struct {
    uint16_t source;
    int16_t cap;
    int16_t centre;
    uint16_t factor;
} input_t;

// Where the parts of the section lie, behind its fields.
typedef struct {
    const int32_t *offsets;  // [directions + 1]
    const uint8_t *shifts;   // [directions + 1]
    const uint16_t *members; // [sums][MEMBERS]
    const input_t *inputs;   // [inputs]
    const int8_t *weights;   // [directions][inputs]
    const uint8_t *names;    // [watched][2]
    const uint8_t *end;
} parts_t;

static const uint8_t *up4(const uint8_t *p) {
    return p + (-(uintptr_t)p & 3);
}

static parts_t find_parts(const bnn_model_t *m) {
    const bnn_drift_rules_t *d = &m->drift;
    const unsigned each = d->directions + 1u;
    parts_t p;
    p.offsets = m->drift_at;
    p.shifts = (const uint8_t *)(p.offsets + each);
    p.members = (const uint16_t *)(const void *)up4(p.shifts + each);
    p.inputs = (const input_t *)(const void *)(p.members + MEMBERS * d->sums);
    p.weights = (const int8_t *)(p.inputs + d->inputs);
    p.names = up4((const uint8_t *)p.weights + d->inputs * d->directions);
    p.end = up4(p.names + 2 * d->watched);
    return p;
}

static bool sums_fit(const bnn_model_t *m, const uint16_t *members) {
    for (unsigned i = 0; i < MEMBERS * m->drift.sums; i++) {
        const bool first = i % MEMBERS == 0;
        const bool absent = members[i] == NOBODY;
        if (absent ? first : members[i] >= m->values || (!first && members[i - 1] == NOBODY)) {
            return false;
        }
    }
    return true;
}

static bool is_statistic(unsigned code) {
    return code < STATISTICS || code - BANDS_FROM < MAX_BANDS;
}

static bool names_fit(const bnn_model_t *m, const uint8_t *names) {
    for (unsigned i = 0; i < m->drift.watched; i++, names += 2) {
        if (names[0] >= m->channels || !is_statistic(names[1])) {
            return false;
        }
    }
    return true;
}

static bool parts_fit(const bnn_model_t *m, const parts_t *p) {
    const bnn_drift_rules_t *d = &m->drift;
    const unsigned each = d->directions + 1u;
    for (unsigned k = 0; k < each; k++) {
        if (p->offsets[k] < -MAX_OFFSET || p->offsets[k] > MAX_OFFSET || p->shifts[k] > 15) {
            return false;
        }
    }
    for (unsigned i = 0; i < d->inputs; i++) {
        if (p->inputs[i].source >= m->values + d->sums) {
            return false;
        }
    }
    return sums_fit(m, p->members) && names_fit(m, p->names) &&
           bnn_is_zero(p->shifts + each, (const uint8_t *)p->members) &&
           bnn_is_zero((const uint8_t *)p->weights + d->inputs * d->directions, p->names) &&
           bnn_is_zero(p->names + 2 * d->watched, p->end);
}

bnn_error_t bnn_drift_load(bnn_model_t *m, bnn_reader_t *r) {
    bnn_drift_rules_t *d = &m->drift;
    const uint8_t *fields, *rest;
    TAKE(fields, r, FIELDS_SIZE);
    memcpy(d, fields, sizeof *d);
    CHECK(d->inputs - 1u < MAX_INPUTS && d->sums <= MAX_SUMS, BNN_DRIFT);
    CHECK(d->directions < BNN_MAX_DIRECTIONS && d->watched <= BNN_MAX_WATCHED, BNN_DRIFT);
    CHECK(d->watched <= d->inputs && bnn_is_zero(d->zero, d->zero + 3), BNN_DRIFT);
    m->drift_at = (const int32_t *)(const void *)r->at;
    const parts_t parts = find_parts(m); // nothing of them is read yet
    TAKE(rest, r, (size_t)(parts.end - r->at));
    CHECK(d->bound - 1u < MAX_BOUND && d->limit - 1u < d->bound, BNN_DRIFT);
    CHECK(m->features == BNN_FEATURES_STATISTICS && parts_fit(m, &parts), BNN_DRIFT);
    // The features' values, behind what the features themselves need.
    const uint32_t words = m->second_at + m->features_words + (m->values + 1) / 2;
    m->scratch_words = m->scratch_words < words ? words : m->scratch_words;
    return BNN_OK;
}

// The logarithm of a sum of squares.
static int32_t sum_of(const uint16_t *members, const int16_t *values, uint32_t count) {
    uint64_t total = 0;
    for (unsigned i = 0; i < MEMBERS; i++) {
        if (members[i] < count) {
            total += (uint32_t)(values[members[i]] * values[members[i]]);
        }
    }
    return bnn_log2_256(total);
}

static int32_t distance_of(const bnn_model_t *m, const parts_t *p, const input_t *input,
                           const int16_t *values) {
    const uint32_t source = input->source, sum = source - m->values;
    int32_t x = 0;
    if (source < m->values) {
        x = values[source];
    } else if (sum < m->drift.sums) {
        x = sum_of(p->members + MEMBERS * sum, values, m->values);
    }
    x = x < input->cap ? x : input->cap;
    const int32_t apart = bnn_clip(x - input->centre, INT16_MIN, INT16_MAX);
    return bnn_clip(bnn_shift_right(apart * input->factor, FACTOR_SHIFT), -FARTHEST, FARTHEST);
}

// Add the evidence of a window, before its shift, to a sum.
static uint16_t add_evidence(const bnn_drift_rules_t *d, uint16_t sum, int32_t total,
                             unsigned shift) {
    const int32_t e = bnn_clip(bnn_shift_right(total, shift & 15), -d->limit, d->limit);
    return (uint16_t)bnn_clip(sum + e, 0, 2 * d->bound);
}

static unsigned highest(const bnn_drift_t *drift) {
    unsigned most = 0;
    for (unsigned k = 0; k < BNN_MAX_DIRECTIONS; k++) {
        most = drift->sums[k] > most ? drift->sums[k] : most;
    }
    return most;
}

// The distances, [inputs], weighed for one direction.
static int32_t along(const int8_t *weights, const int8_t *distances, uint32_t inputs) {
    int32_t total = 0;
    for (; inputs >= 4; inputs -= 4, weights += 4, distances += 4) {
        total += weights[0] * distances[0] + weights[1] * distances[1] + weights[2] * distances[2] +
                 weights[3] * distances[3];
    }
    while (inputs--) {
        total += weights[inputs] * distances[inputs];
    }
    return total;
}

void bnn_drift_add(bnn_drift_t *drift, const bnn_model_t *m, const int16_t *values) {
    const bnn_drift_rules_t *d = &m->drift;
    const parts_t p = find_parts(m);
    int8_t distances[MAX_INPUTS];
    uint32_t far = 0;
    for (unsigned i = 0; i < d->inputs; i++) {
        const int32_t distance = distance_of(m, &p, &p.inputs[i], values);
        distances[i] = (int8_t)distance;
        far += (uint32_t)(distance < 0 ? -distance : distance);
        if (i < d->watched) {
            const int32_t mean = drift->means[i];
            drift->means[i] = (int16_t)(mean + bnn_shift_right(256 * distance - mean, MEAN_SHIFT));
        }
    }
    const int8_t *weights = p.weights;
    for (unsigned k = 0; k <= d->directions; k++, weights += d->inputs) {
        uint32_t total = d->weight * far;
        if (k < d->directions) {
            total = (uint32_t)along(weights, distances, d->inputs);
        }
        total += (uint32_t)p.offsets[k];
        drift->sums[k] = add_evidence(d, drift->sums[k], (int32_t)total, p.shifts[k]);
    }
    const unsigned most = highest(drift);
    drift->flagged = drift->flagged ? 2 * most >= d->bound : most >= d->bound;
}

unsigned bnn_drift_level(const bnn_drift_t *drift, const bnn_model_t *m) {
    return 1000 * highest(drift) / m->drift.bound;
}

int bnn_drift_moved(const bnn_drift_t *drift, unsigned i) {
    return bnn_shift_right(25 * drift->means[i] + 1024, 11);
}

void bnn_drift_name(const bnn_model_t *m, unsigned i, unsigned *channel, unsigned *statistic) {
    const uint8_t *name = find_parts(m).names + 2 * i;
    *channel = name[0] < m->channels ? name[0] : 0;
    *statistic = is_statistic(name[1]) ? name[1] : 0;
}
