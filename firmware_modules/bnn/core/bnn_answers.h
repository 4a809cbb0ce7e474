// From the scores of one window after another to answers and events (FORMAT.md, "Answers").
//
// The caller owns the memory, of bnn_answers_words() words. Nothing here reads the model's file
// after bnn_answers_begin(). Twin of host/xnornode/model/answers.py.

#ifndef BNN_ANSWERS_H
#define BNN_ANSWERS_H

#include "bnn.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BNN_UNKNOWN (-1)

typedef struct {
    bnn_rules_t rules;
    uint32_t *sums;       // [classes], of the probabilities of the last windows
    uint16_t *last;       // [rules.windows][classes], their probabilities, a ring
    uint32_t *background; // [classes] bits
    uint16_t classes;
    uint16_t confidence; // of the newest answer; 65535 stands for 1
    uint16_t wait;       // windows left of the hold-off
    int16_t going_on;    // the class, or BNN_UNKNOWN
    uint8_t count;       // of windows in the mean
    uint8_t at;          // where in the ring the next one goes
    uint8_t best;        // the class that is the likeliest, unknown or not
    bool detected;       // whether a class began with the newest answer
} bnn_answers_t;

// Words of memory for a model.
uint32_t bnn_answers_words(const bnn_model_t *model);

// Begin, with the answers of a model. `memory` is [bnn_answers_words()]. Where the model's file has
// none, an answer is the class with the highest score, its confidence 0, and nothing is detected.
void bnn_answers_begin(bnn_answers_t *answers, const bnn_model_t *model, uint32_t *memory);

// Start anew, as after a gap in the samples.
void bnn_answers_clear(bnn_answers_t *answers);

// Add a window's `scores`, [classes]. Returns the class, or BNN_UNKNOWN.
int bnn_answers_add(bnn_answers_t *answers, const int32_t *scores);

#ifdef __cplusplus
}
#endif

#endif // BNN_ANSWERS_H
