// A model's window of a stream (bnn_stream.h).

#include "bnn_stream.h"

#include <string.h>

#include "bnn_spectrum.h"

bool bnn_stream_fits(const bnn_model_t *model) {
    return model->features == BNN_FEATURES_SPECTRUM &&
           model->hop % model->section.spectrum.hop == 0;
}

uint32_t bnn_stream_work(const bnn_model_t *model) {
    const bnn_spectrum_t *s = &model->section.spectrum;
    if (!bnn_stream_fits(model)) {
        return model->work;
    }
    const uint32_t frames = bnn_spectrum_frames(model), come = model->hop / s->hop;
    const uint32_t each = ((s->log2_n + 8u) << s->log2_n) + 16u * s->bands;
    return come < frames ? model->work - (frames - come) * model->channels * each : model->work;
}

// Bytes of the levels of a frame.
static uint32_t frame_levels(const bnn_model_t *model) {
    return (uint32_t)model->channels * model->section.spectrum.bands;
}

size_t bnn_stream_levels(const bnn_model_t *model) {
    return (size_t)bnn_spectrum_frames(model) * frame_levels(model);
}

void bnn_stream_begin(bnn_stream_t *stream, const bnn_model_t *model) {
    stream->model = model;
    stream->frames = (uint16_t)bnn_spectrum_frames(model);
    stream->window.length = (uint16_t)(1u << model->section.spectrum.log2_n);
    stream->window.hop = model->section.spectrum.hop;
    stream->at = 0;
    stream->done = 0;
}

void bnn_stream_clear(bnn_stream_t *stream) {
    stream->window.at = 0;
    stream->at = 0;
    stream->done = 0;
}

// The frame that is under way is complete. Other threads change no variable of this one: no level
// beyond the last is written.
static void finish_frame(bnn_stream_t *stream) {
    const int32_t done = stream->done;
    if (done >= stream->frames) {
        return;
    }
    if (done >= 0) {
        uint8_t *levels = stream->levels + (uint32_t)done * frame_levels(stream->model);
        bnn_spectrum_frame(stream->model, (const uint8_t *)stream->window.samples, stream->scratch,
                           levels);
    }
    stream->done = done + 1;
}

// The levels from the hop on go to the start.
static void slide(bnn_stream_t *stream) {
    const bnn_model_t *model = stream->model;
    const uint32_t each = frame_levels(model), gone = model->hop / model->section.spectrum.hop;
    const int32_t left = stream->done - (int32_t)gone;
    if (left > 0) {
        memmove(stream->levels, stream->levels + gone * each, (uint32_t)left * each);
    }
    stream->done = left;
}

// Samples that are in the window before the next one comes.
static uint32_t slid(bnn_stream_t *stream) {
    const uint32_t at = stream->at;
    if (at != stream->model->length) {
        return at;
    }
    slide(stream);
    return at - stream->model->hop;
}

bool bnn_stream_advance(bnn_stream_t *stream, uint32_t clipped) {
    if (!stream->model) {
        return bnn_window_advance(&stream->window, clipped);
    }
    const uint32_t at = slid(stream) + 1;
    if (bnn_window_advance(&stream->window, clipped)) {
        finish_frame(stream);
    }
    stream->at = at;
    return at == stream->model->length;
}

size_t bnn_stream_fill(bnn_stream_t *stream, const uint8_t *block, size_t count) {
    bnn_window_t *window = &stream->window;
    if (!stream->model || count == 0) {
        return bnn_window_fill(window, block, count);
    }
    const uint32_t at = slid(stream), room = stream->model->length - at;
    count = count < room ? count : room;
    for (size_t left = count, some; left; left -= some, block += some * 2u * window->width) {
        some = bnn_window_fill(window, block, left);
        if (window->at == window->length) {
            finish_frame(stream);
        }
    }
    stream->at = at + (uint32_t)count;
    return count;
}

// Whether both have levels, and of frames and bands that are the same.
static bool alike(const bnn_model_t *a, const bnn_model_t *b) {
    if (!a || !b || a->channels != b->channels) {
        return false;
    }
    const bnn_spectrum_t *p = &a->section.spectrum, *q = &b->section.spectrum;
    return p->log2_n == q->log2_n && p->hop == q->hop && p->floor == q->floor &&
           p->bands == q->bands && memcmp(p->edges, q->edges, 2u * (p->bands + 2u)) == 0;
}

void bnn_stream_take(bnn_stream_t *stream, const bnn_stream_t *other) {
    bnn_window_t *window = &stream->window;
    const bnn_model_t *model = stream->model, *before = other->model;
    if (!model && !before) {
        bnn_window_take(window, &other->window);
        return;
    }
    window->saturated = other->window.saturated;
    if (!alike(model, before)) {
        bnn_stream_clear(stream);
        return;
    }
    const uint32_t hop = model->section.spectrum.hop, most = model->length - 1u;
    uint32_t at = other->at, gone = 0;
    if (at == before->length) {
        at -= before->hop;
        gone = before->hop / hop;
    }
    if (at > most) {
        const uint32_t more = (at - most + hop - 1) / hop;
        at -= more * hop;
        gone += more;
    }
    int32_t done = other->done - (int32_t)gone;
    if (done > stream->frames) { // as another thread goes on with the other one
        done = stream->frames;
    }
    if (done > 0) {
        const uint32_t each = frame_levels(model);
        memmove(stream->levels, other->levels + gone * each, (uint32_t)done * each);
    }
    memmove(window->samples, other->window.samples, 2u * window->channels * other->window.at);
    window->at = other->window.at;
    stream->at = at;
    stream->done = done;
}
