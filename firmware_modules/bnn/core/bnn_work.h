// The work of one window, in operations (FORMAT.md, "Work of a window").

#ifndef BNN_WORK_H
#define BNN_WORK_H

#include "bnn.h"

// a * b where it is at most BNN_MAX_WORK, else a number above that.
uint32_t bnn_times(uint32_t a, uint32_t b);

// Binary digits of v.
uint8_t bnn_digits(uint32_t v);

// Operations of a layer whose fields are loaded; at most 2^26.
uint32_t bnn_layer_work(const bnn_layer_t *layer);

#endif // BNN_WORK_H
