// Whether the windows of a node are like those of the training (FORMAT.md, "Drift").
//
// Twin of host/xnornode/model/drift.py.

#ifndef BNN_DRIFT_H
#define BNN_DRIFT_H

#include "bnn.h"
#include "bnn_reader.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BNN_MAX_DIRECTIONS 12 // with "far away"
#define BNN_MAX_WATCHED 18

// What is kept from window to window; all 0 at the beginning.
typedef struct bnn_drift {
    uint16_t sums[BNN_MAX_DIRECTIONS]; // of the evidence, 0 to twice the bound
    int16_t means[BNN_MAX_WATCHED];    // of the watched distances, in 1/8192 deviations
    bool flagged;
} bnn_drift_t;

// Load the section, behind all but the strings.
bnn_error_t bnn_drift_load(bnn_model_t *model, bnn_reader_t *reader);

// Add the features of a window, [model->values]. The model must have drift.
void bnn_drift_add(bnn_drift_t *drift, const bnn_model_t *model, const int16_t *values);

// The drift in thousandths of the bound, 0 to 2000.
unsigned bnn_drift_level(const bnn_drift_t *drift, const bnn_model_t *model);

// How far watched input `i` has moved, in hundredths of the training's deviation.
int bnn_drift_moved(const bnn_drift_t *drift, unsigned i);

// The channel and the statistic of watched input `i`. Reads the file.
void bnn_drift_name(const bnn_model_t *model, unsigned i, unsigned *channel, unsigned *statistic);

#ifdef __cplusplus
}
#endif

#endif // BNN_DRIFT_H
