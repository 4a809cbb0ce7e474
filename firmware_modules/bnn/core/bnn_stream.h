// A model's window of a stream: its samples, or the levels of its frames (docs/reference/window.md,
// "Windows of levels"). Twin of host/xnornode/model/level_window.py.

#ifndef BNN_STREAM_H
#define BNN_STREAM_H

#include "bnn.h"
#include "bnn_window.h"

// Without a model it is its window. With one, of whose frames levels are kept, the window is that
// of the frame that is under way: it completes and slides as frames do.
typedef struct {
    bnn_window_t window;
    const bnn_model_t *model; // bnn_stream_fits(); or NULL
    uint8_t *levels;          // [frames][channels][bands], of the model's window
    uint32_t *scratch;        // [bnn_spectrum_frame_words()]
    uint32_t at;              // samples of the model's window
    int32_t done;             // its frames that are complete; below 0, that are to be left out
    uint16_t frames;          // of a window
} bnn_stream_t;

// Whether each window of a model begins with a frame, so that its levels can be kept.
bool bnn_stream_fits(const bnn_model_t *model);

// Operations of a hop: those of one window (bnn_model_t.work), without the frames that it has in
// common with the one before it.
uint32_t bnn_stream_work(const bnn_model_t *model);

// Bytes of the levels of a window.
size_t bnn_stream_levels(const bnn_model_t *model);

// The window is that of a frame from now on. What `window` has of ratios and width stays; the
// caller sets its samples, the levels and the scratch.
void bnn_stream_begin(bnn_stream_t *stream, const bnn_model_t *model);

// Samples that are in the window.
static inline uint32_t bnn_stream_at(const bnn_stream_t *stream) {
    return stream->model ? stream->at : stream->window.at;
}

// Whether the window is complete.
static inline bool bnn_stream_complete(const bnn_stream_t *stream) {
    if (!stream->model) {
        return stream->window.at == stream->window.length;
    }
    return stream->at == stream->model->length;
}

void bnn_stream_clear(bnn_stream_t *stream);

// As those of bnn_window.h. The row of the next sample is that of `stream->window`.
bool bnn_stream_advance(bnn_stream_t *stream, uint32_t clipped);
size_t bnn_stream_fill(bnn_stream_t *stream, const uint8_t *block, size_t count);

// As bnn_window_take(), of levels where both have them of frames that are the same; else the stream
// is empty.
void bnn_stream_take(bnn_stream_t *stream, const bnn_stream_t *other);

#endif // BNN_STREAM_H
