// Probabilities, answers and events in integers of 32 bits, with two divisions a window. Twin of
// host/xnornode/model/answers.py.

#include <string.h>

#include "bnn_answers.h"
#include "bnn_fixed.h"

// Nearly 65535 * 2^(-steps / 4096): a polynomial for the fraction, then a shift.
static uint32_t power(uint32_t steps) {
    if (steps >> 16) {
        return 0;
    }
    const uint32_t f = steps << 4 & 0xffff;
    const uint32_t t = 45331 - (f * (15166 - (f * 2605 >> 16)) >> 16);
    return (65535 - (f * t >> 16)) >> (steps >> 12);
}

// The class with the highest score, of equal ones the first.
static unsigned highest(const int32_t *scores, unsigned classes) {
    unsigned best = 0;
    for (unsigned i = 1; i < classes; i++) {
        best = scores[i] > scores[best] ? i : best;
    }
    return best;
}

// The probabilities of a window: `to` and `scores` are [classes].
static void softmax(const bnn_answers_t *a, const int32_t *scores, uint16_t *to) {
    const uint32_t factor = a->rules.factor;
    const uint32_t most = UINT32_MAX / factor;
    const uint32_t best = (uint32_t)scores[highest(scores, a->classes)];
    uint32_t sum = 0;
    for (unsigned i = 0; i < a->classes; i++) {
        const uint32_t below = best - (uint32_t)scores[i];
        const uint32_t weight = power((below < most ? below : most) * factor >> a->rules.shift);
        to[i] = (uint16_t)weight;
        sum += weight;
    }
    const uint32_t share = 65535u * 65536u / sum; // at most 65536: the best one's weight is 65535
    for (unsigned i = 0; i < a->classes; i++) {
        to[i] = (uint16_t)(to[i] * share >> 16);
    }
}

uint32_t bnn_answers_words(const bnn_model_t *model) {
    const uint32_t classes = model->classes;
    return classes + (model->rules.windows * classes + 1) / 2 + bnn_words(classes);
}

void bnn_answers_begin(bnn_answers_t *a, const bnn_model_t *model, uint32_t *memory) {
    a->rules = model->rules;
    a->classes = (uint16_t)model->classes;
    a->sums = memory;
    a->background = memory + model->classes;
    a->last = (uint16_t *)(a->background + bnn_words(model->classes));
    if (model->background) {
        memcpy(a->background, model->background, 4 * bnn_words(model->classes));
    }
    bnn_answers_clear(a);
}

void bnn_answers_clear(bnn_answers_t *a) {
    memset(a->sums, 0, 4u * a->classes);
    memset(a->last, 0, 2u * a->rules.windows * a->classes);
    a->confidence = a->wait = 0;
    a->count = a->at = a->best = 0;
    a->going_on = BNN_UNKNOWN;
    a->detected = false;
}

// Whether a class begins with this answer.
static bool detect(bnn_answers_t *a, int answer) {
    if (a->wait) {
        a->wait--;
    } else if (answer < 0 || a->background[answer / 32] >> answer % 32 & 1) {
        a->going_on = BNN_UNKNOWN;
    } else if (answer != a->going_on) {
        a->going_on = (int16_t)answer;
        a->wait = a->rules.hold_off;
        return true;
    }
    return false;
}

int bnn_answers_add(bnn_answers_t *a, const int32_t *scores) {
    if (a->rules.factor == 0) {
        return a->best = (uint8_t)highest(scores, a->classes);
    }
    uint16_t *newest = a->last + a->at * a->classes;
    for (unsigned i = 0; i < a->classes; i++) {
        a->sums[i] -= newest[i]; // of the window that leaves the mean, or 0
    }
    softmax(a, scores, newest);
    unsigned best = 0;
    for (unsigned i = 0; i < a->classes; i++) {
        const uint32_t sum = a->sums[i] += newest[i];
        if (sum > a->sums[best] || (sum == a->sums[best] && scores[i] > scores[best])) {
            best = i;
        }
    }
    a->at = (uint8_t)(a->at + 1 < a->rules.windows ? a->at + 1 : 0);
    a->count = (uint8_t)(a->count < a->rules.windows ? a->count + 1 : a->count);
    a->best = (uint8_t)best;
    a->confidence = (uint16_t)(a->sums[best] / a->count);
    const int answer = a->confidence < a->rules.threshold ? BNN_UNKNOWN : (int)best;
    a->detected = detect(a, answer);
    return answer;
}
