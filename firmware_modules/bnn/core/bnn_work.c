// The work of one window. Twin of host/xnornode/model/work.py.

#include "bnn_work.h"

#include "bnn_columns.h"
#include "bnn_fixed.h"

uint32_t bnn_times(uint32_t a, uint32_t b) {
    const uint64_t product = (uint64_t)a * b;
    return product > BNN_MAX_WORK ? BNN_MAX_WORK + 1 : (uint32_t)product;
}

uint8_t bnn_digits(uint32_t v) {
    uint8_t count = 0;
    for (; v; v >>= 1) {
        count++;
    }
    return count;
}

// Of the lists of a layer with weights in columns.
__attribute__((noinline)) // smaller code
static uint32_t lists_work(const bnn_layer_t *l) {
    const uint32_t rows = l->out_height * l->pool[0], width = l->out_width * l->pool[1];
    const uint32_t columns = (width + l->span - 1) / l->span * bnn_seen_columns(l, l->span);
    const uint32_t row = 18 * bnn_words(l->channels) + l->channels / 4u;
    return bnn_times(bnn_times(rows, columns), 8 + l->kernel[0] * row);
}

uint32_t bnn_layer_work(const bnn_layer_t *l) {
    uint32_t each, lists = 0; // of a position; beside the positions
    if (l->planes) {
        each = bnn_words(l->outputs) * (32 + l->inputs);
        lists = lists_work(l);
    } else {
        const uint32_t runs = l->groups > 1 ? (uint32_t)l->kernel[0] * l->kernel[1] : l->kernel[0];
        const uint32_t patch = l->input == BNN_INT8 ? (l->inputs + 3) / 4 : l->words;
        each = l->outputs * (6 + l->words + patch / 2); // below 2^30
        each += bnn_times(l->groups, 8 + 11 * (runs + patch));
    }
    const uint32_t positions = l->out_height * l->out_width * l->pool[0] * l->pool[1];
    return 64 + lists + bnn_times(positions, each);
}
