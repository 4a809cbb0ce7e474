// bnn.Window: what a model reads, filled by samples or by blocks of them.

#include <string.h>

#include "py/binary.h"

#include "bnn_spectrum.h"
#include "bnn_stream.h"
#include "modbnn.h"

typedef struct {
    mp_obj_base_t base;
    bnn_stream_t stream;
    mp_obj_t model;       // whose window it is, or None
    bool own_scratch;     // for frames; else it is the model's
    uint32_t *scales;     // [channels], billionths of the unit per count of the model; or NULL
    mp_obj_t names;       // of a sample's values, a str for messages
    mp_obj_t on_complete; // what feed() and feed_block() call for a window
    mp_obj_t on_gap;      // what feed() calls for None
} window_obj_t;

// An integer argument within its limits.
static uint32_t limited(mp_obj_t number, uint32_t least, uint32_t most, const char *name) {
    const mp_int_t value = mp_obj_get_int(number);
    if (value < (mp_int_t)least || value > (mp_int_t)most) {
        bnn_raise_value_error(MP_ERROR_TEXT("%s must be %u to %u"), name, (unsigned)least,
                              (unsigned)most);
    }
    return (uint32_t)value;
}

// The items of a tuple or a list, which must be so many.
static mp_obj_t *listed(mp_obj_t list, size_t least, size_t most, size_t *count) {
    mp_obj_t *items;
    mp_obj_get_array(list, count, &items);
    if (*count < least || *count > most) {
        mp_raise_ValueError(MP_ERROR_TEXT("one (multiplier, shift), one scale per channel"));
    }
    return items;
}

static void take_ratios(bnn_window_t *window, mp_obj_t given) {
    size_t count;
    const unsigned channels = window->channels;
    mp_obj_t *items = listed(given, channels, channels, &count);
    bnn_ratio_t *ratios = m_new(bnn_ratio_t, channels);
    bool same = window->width == channels;
    for (unsigned c = 0; c < channels; c++) {
        mp_obj_t *ratio = listed(items[c], 2, 3, &count);
        const uint32_t multiplier = limited(ratio[0], 1, BNN_MAX_MULTIPLIER, "multiplier");
        const uint32_t shift = limited(ratio[1], 0, BNN_MAX_SHIFT, "shift");
        const uint32_t source =
            count == 3 ? limited(ratio[2], 0, UINT8_MAX, "index of a value") : c;
        if (source >= window->width) {
            mp_raise_ValueError(MP_ERROR_TEXT("index of a value must be below width"));
        }
        ratios[c] = (bnn_ratio_t){shift ? 1 << (shift - 1) : 0, (uint16_t)multiplier,
                                  (uint8_t)shift, (uint8_t)source};
        same = same && multiplier == 1 && shift == 0 && source == c;
    }
    window->ratios = same ? NULL : ratios;
}

static uint32_t *take_scales(unsigned channels, mp_obj_t given) {
    size_t count;
    mp_obj_t *items = listed(given, channels, channels, &count);
    uint32_t *scales = m_new(uint32_t, channels);
    for (unsigned c = 0; c < channels; c++) {
        scales[c] = (uint32_t)mp_obj_get_int_truncated(items[c]);
    }
    return scales;
}

// As m_new, all 0.
static void *new_bytes(size_t size) {
    return memset(m_new(uint8_t, size), 0, size);
}

static size_t sample_bytes(const bnn_window_t *window) {
    return (window->length + 1u) * 2u * window->channels;
}

static mp_obj_t window_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw,
                                const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 1, 7, false);
    window_obj_t *self = mp_obj_malloc(window_obj_t, type);
    bnn_stream_t *stream = &self->stream;
    bnn_window_t *window = &stream->window;
    memset(stream, 0, sizeof *stream);
    self->own_scratch = false;
    self->scales = NULL;
    self->on_complete = self->on_gap = self->model = mp_const_none;
    const bnn_model_t *model = bnn_is_model(args[0]) ? bnn_get_model(args[0]) : NULL;
    if (model) {
        mp_arg_check_num(n_args, n_kw, 1, 5, false);
        window->length = model->length;
        window->channels = model->channels;
        window->hop = model->hop;
        self->model = args[0];
        self->scales = m_new(uint32_t, model->channels);
        memcpy(self->scales, model->sample_scales, 4u * model->channels);
        args++;
        n_args--;
    } else {
        mp_arg_check_num(n_args, n_kw, 3, 7, false);
        window->length = (uint16_t)limited(args[0], 1, UINT16_MAX, "length");
        window->channels = (uint8_t)limited(args[1], 1, UINT8_MAX, "channels");
        window->hop = (uint16_t)limited(args[2], 1, window->length, "hop");
        args += 3;
        n_args -= 3;
        if (n_args > 1) {
            if (args[1] != mp_const_none) {
                self->scales = take_scales(window->channels, args[1]);
            }
        }
    }
    const size_t after = model ? 1 : 2; // the ratios, and the scales
    window->width = window->channels;
    if (n_args > after) {
        window->width = (uint8_t)limited(args[after], 1, UINT8_MAX, "width");
    }
    if (n_args > 0 && args[0] != mp_const_none) {
        take_ratios(window, args[0]);
    } else if (window->width != window->channels) {
        mp_raise_ValueError(MP_ERROR_TEXT("width other than channels needs ratios"));
    }
    self->names = n_args > after + 1 ? args[after + 1] : mp_const_none;
    if (model && bnn_stream_fits(model)) {
        bnn_stream_begin(stream, model);
        stream->levels = new_bytes(bnn_stream_levels(model));
        self->own_scratch = n_args > 3 && mp_obj_is_true(args[3]);
        if (self->own_scratch) {
            stream->scratch = m_new(uint32_t, bnn_spectrum_frame_words(model));
        }
    }
    window->samples = new_bytes(sample_bytes(window));
    return MP_OBJ_FROM_PTR(self);
}

static size_t ram_of(const window_obj_t *self) {
    const bnn_stream_t *stream = &self->stream;
    const bnn_window_t *window = &stream->window;
    size_t size = sizeof *self + sample_bytes(window);
    size += window->ratios ? window->channels * sizeof(bnn_ratio_t) : 0;
    size += self->scales ? 4u * window->channels : 0;
    if (stream->model) {
        size += bnn_stream_levels(stream->model);
        size += self->own_scratch ? 4 * bnn_spectrum_frame_words(stream->model) : 0;
    }
    return size;
}

// Bytes of int16, from all but a text; false where a buffer has other numbers.
static bool counts_of(mp_obj_t given, const mp_buffer_info_t *buffer) {
    if (buffer->typecode == 'h') {
        return true;
    }
    if (mp_obj_get_type(given) == &mp_type_str) {
        mp_raise_TypeError(MP_ERROR_TEXT("samples must be numbers, not str"));
    }
    return mp_binary_get_size('@', buffer->typecode, NULL) == 1;
}

// The bits of a number as a float of single precision.
static uint32_t float_bits(mp_obj_t number) {
#if MICROPY_ENABLE_DYNRUNTIME && defined(__ARM_PCS_VFP)
    // The RP2350's firmware returns floats in core registers, others for armv7emsp in those of the
    // FPU.
    uint32_t (*const by_core)(mp_obj_t) = (uint32_t (*)(mp_obj_t))mp_fun_table.obj_get_float_to_f;
    if (by_core(MP_OBJ_NEW_SMALL_INT(1)) == 0x3f800000u) {
        return by_core(number);
    }
#endif
    const float value = mp_obj_get_float_to_f(number);
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

// A float in the channel's unit as the model's count.
static int32_t count_of_float(const window_obj_t *self, unsigned channel, mp_obj_t number,
                              uint32_t *clipped) {
    const uint32_t bits = float_bits(number);
    if ((bits << 1) > 0xff000000) {
        bnn_raise_value_error(MP_ERROR_TEXT("value %d of the sample is not a number"),
                              (int)channel);
    }
    if (!self->scales || self->scales[channel] == 0) {
        bnn_raise_value_error(
            MP_ERROR_TEXT("value %d of the sample is a float, its scale is unknown"), (int)channel);
    }
    return bnn_window_round(bits, self->scales[channel], clipped);
}

static int16_t value_of(const window_obj_t *self, unsigned channel, mp_obj_t number,
                        uint32_t *clipped) {
    uint32_t beyond = 0, after = 0;
    int32_t x;
    if (mp_obj_is_small_int(number)) {
        const mp_int_t value = MP_OBJ_SMALL_INT_VALUE(number);
        x = bnn_limit(value > INT32_MAX   ? INT32_MAX
                      : value < INT32_MIN ? INT32_MIN
                                          : (int32_t)value,
                      &beyond);
    } else if (mp_obj_get_type(number) == mp_obj_get_type(MP_OBJ_NEW_SMALL_INT(0))) {
        const bool negative =
            mp_obj_is_true(mp_binary_op(MP_BINARY_OP_LESS, number, MP_OBJ_NEW_SMALL_INT(0)));
        x = negative ? INT16_MIN : INT16_MAX;
        beyond = 1;
    } else if (number == mp_const_false || number == mp_const_true) {
        x = number == mp_const_true;
    } else {
        return (int16_t)count_of_float(self, channel, number, clipped);
    }
    if (self->stream.window.ratios) {
        x = bnn_window_convert(&self->stream.window.ratios[channel], x, &after);
    }
    *clipped += beyond | after;
    return (int16_t)x;
}

static void check_width(const window_obj_t *self, size_t values) {
    const bool named = self->names != mp_const_none;
    if (values != self->stream.window.width) {
        bnn_raise_value_error(MP_ERROR_TEXT("sample of %d values, the window takes %d%s%s"),
                              (int)values, (int)self->stream.window.width, named ? ": " : "",
                              named ? mp_obj_str_get_str(self->names) : "");
    }
}

// Take the scratch for frames. Raises where another thread uses it.
static void begin(window_obj_t *self) {
    if (self->stream.model && !self->own_scratch) {
        self->stream.scratch = bnn_take_scratch(self->model);
    }
}

static void end(window_obj_t *self) {
    if (self->stream.model && !self->own_scratch) {
        bnn_give_scratch(self->model);
    }
}

static size_t fill_rows(window_obj_t *self, const uint8_t *samples, size_t count) {
    if (!self->stream.model) {
        return bnn_window_fill(&self->stream.window, samples, count);
    }
    begin(self);
    const size_t taken = bnn_stream_fill(&self->stream, samples, count);
    end(self);
    return taken;
}

// Add a sample; whether it completes the window.
static bool add(window_obj_t *self, mp_obj_t sample) {
    bnn_window_t *window = &self->stream.window;
    const mp_obj_type_t *type = mp_obj_get_type(sample);
    mp_buffer_info_t buffer;
    mp_obj_t *items = NULL;
    size_t values;
    if (type == &mp_type_tuple) {
        mp_obj_tuple_t *tuple = MP_OBJ_TO_PTR(sample);
        items = tuple->items;
        values = tuple->len;
    } else if (type == &mp_type_list) {
        mp_obj_get_array(sample, &values, &items);
    } else if (sample == mp_const_none) {
        bnn_stream_clear(&self->stream);
        return false;
    } else if (!mp_get_buffer(sample, &buffer, MP_BUFFER_READ)) {
        sample = mp_call_function_n_kw(MP_OBJ_FROM_PTR(&mp_type_tuple), 1, 0, &sample);
        mp_obj_get_array(sample, &values, &items);
    } else {
        if (counts_of(sample, &buffer)) {
            if (buffer.len % 2) {
                mp_raise_ValueError(MP_ERROR_TEXT("samples are of int16: an even number of bytes"));
            }
            check_width(self, buffer.len / 2);
            return fill_rows(self, buffer.buf, 1) && bnn_stream_complete(&self->stream);
        }
        values = buffer.len / mp_binary_get_size('@', buffer.typecode, NULL);
    }
    check_width(self, values);
    int16_t *row = bnn_window_row(window);
    uint32_t clipped = 0;
    const bnn_ratio_t *ratios = window->ratios;
    for (unsigned c = 0; c < window->channels; c++) {
        const unsigned i = ratios ? ratios[c].source : c;
        const mp_obj_t number =
            items ? items[i] : mp_binary_get_val_array(buffer.typecode, buffer.buf, i);
        if (!ratios && mp_obj_is_small_int(number)) {
            const mp_int_t value = MP_OBJ_SMALL_INT_VALUE(number);
            if (value == (int16_t)value) {
                row[c] = (int16_t)value;
                continue;
            }
        }
        row[c] = value_of(self, c, number, &clipped);
    }
    __asm__ volatile("" ::"r"(sample) : "memory"); // the collector sees no pointer into a tuple
    begin(self);
    const bool complete = bnn_stream_advance(&self->stream, clipped);
    end(self);
    return complete;
}

static mp_obj_t window_add(mp_obj_t self_in, mp_obj_t sample) {
    return mp_obj_new_bool(add(MP_OBJ_TO_PTR(self_in), sample));
}
static MP_DEFINE_CONST_FUN_OBJ_2(window_add_obj, window_add);

// Add samples of a block from `start` on; how many. `start` is not beyond it.
static size_t fill(window_obj_t *self, mp_obj_t block_in, size_t start) {
    mp_buffer_info_t block;
    mp_get_buffer_raise(block_in, &block, MP_BUFFER_READ);
    if (!counts_of(block_in, &block)) {
        mp_raise_TypeError(MP_ERROR_TEXT("block must be array('h') or bytes"));
    }
    const size_t sample = 2u * self->stream.window.width;
    const size_t count = sample == 2 ? block.len / 2 : block.len / sample; // a shift is faster
    if (count * sample != block.len) {
        bnn_raise_value_error(MP_ERROR_TEXT("block of %d values, not whole samples of %d"),
                              (int)(block.len / 2), (int)self->stream.window.width);
    }
    if (start >= count) {
        if (start > count) {
            bnn_raise_value_error(MP_ERROR_TEXT("start must be 0 to %u"), (unsigned)count);
        }
        return 0;
    }
    return fill_rows(self, (const uint8_t *)block.buf + start * sample, count - start);
}

static mp_obj_t window_fill(size_t n_args, const mp_obj_t *args) {
    const size_t start = n_args > 2 ? limited(args[2], 0, INT32_MAX, "start") : 0;
    return MP_OBJ_NEW_SMALL_INT(fill(MP_OBJ_TO_PTR(args[0]), args[1], start));
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(window_fill_obj, 2, 3, window_fill);

static mp_obj_t call(mp_obj_t function) {
    return function == mp_const_none ? function : mp_call_function_n_kw(function, 0, 0, NULL);
}

static mp_obj_t window_feed(mp_obj_t self_in, mp_obj_t sample) {
    window_obj_t *self = MP_OBJ_TO_PTR(self_in);
    const bool complete = add(self, sample);
    if (sample == mp_const_none) {
        call(self->on_gap);
    }
    return complete ? call(self->on_complete) : mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(window_feed_obj, window_feed);

static mp_obj_t window_feed_block(mp_obj_t self_in, mp_obj_t block) {
    window_obj_t *self = MP_OBJ_TO_PTR(self_in);
    mp_obj_t found = mp_const_none;
    size_t start = 0, taken;
    while ((taken = fill(self, block, start)) != 0 && bnn_stream_complete(&self->stream)) {
        const mp_obj_t result = call(self->on_complete); // which may change the block
        if (result != mp_const_none) {
            if (found == mp_const_none) {
                found = mp_obj_new_list(0, NULL);
            }
            mp_obj_list_append(found, result);
        }
        start += taken;
    }
    return found == mp_const_none ? mp_const_empty_tuple : found; // a list takes 8 us of a Pico
}
static MP_DEFINE_CONST_FUN_OBJ_2(window_feed_block_obj, window_feed_block);

static mp_obj_t window_clear(mp_obj_t self_in) {
    bnn_stream_clear(&((window_obj_t *)MP_OBJ_TO_PTR(self_in))->stream);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(window_clear_obj, window_clear);

static mp_obj_t window_take(mp_obj_t self_in, mp_obj_t other_in) {
    window_obj_t *self = MP_OBJ_TO_PTR(self_in);
    const window_obj_t *other = MP_OBJ_TO_PTR(other_in);
    if (mp_obj_get_type(other_in) != self->base.type) {
        mp_raise_TypeError(MP_ERROR_TEXT("take() takes a Window"));
    }
    if (other->stream.window.channels != self->stream.window.channels) {
        bnn_raise_value_error(MP_ERROR_TEXT("window of %d channels, not %d"),
                              (int)other->stream.window.channels,
                              (int)self->stream.window.channels);
    }
    bnn_stream_take(&self->stream, &other->stream);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(window_take_obj, window_take);

// Become what another window is, and the other way round; both keep what they call.
static mp_obj_t window_trade(mp_obj_t self_in, mp_obj_t other_in) {
    window_obj_t *self = MP_OBJ_TO_PTR(self_in), *other = MP_OBJ_TO_PTR(other_in);
    if (mp_obj_get_type(other_in) != self->base.type) {
        mp_raise_TypeError(MP_ERROR_TEXT("trade() takes a Window"));
    }
    const window_obj_t before = *self;
    *self = *other;
    *other = before;
    other->on_complete = self->on_complete;
    other->on_gap = self->on_gap;
    self->on_complete = before.on_complete;
    self->on_gap = before.on_gap;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(window_trade_obj, window_trade);

static void window_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest) {
    window_obj_t *self = MP_OBJ_TO_PTR(self_in);
    const bnn_stream_t *stream = &self->stream;
    if (dest[0] != MP_OBJ_NULL) { // to be stored, or deleted
        if (attr == MP_QSTR_on_complete || attr == MP_QSTR_on_gap) {
            if (dest[1] != MP_OBJ_NULL) {
                *(attr == MP_QSTR_on_gap ? &self->on_gap : &self->on_complete) = dest[1];
                dest[0] = MP_OBJ_NULL;
            }
        }
        return;
    }
    if (attr == MP_QSTR_complete) {
        dest[0] = mp_obj_new_bool(bnn_stream_complete(stream));
    } else if (attr == MP_QSTR_at) {
        dest[0] = MP_OBJ_NEW_SMALL_INT(bnn_stream_at(stream));
    } else if (attr == MP_QSTR_saturated) {
        dest[0] = mp_obj_new_int_from_uint(stream->window.saturated);
    } else if (attr == MP_QSTR_width) {
        dest[0] = MP_OBJ_NEW_SMALL_INT(stream->window.width);
    } else if (attr == MP_QSTR_ram) {
        dest[0] = mp_obj_new_int_from_uint(ram_of(self));
    } else {
        dest[1] = MP_OBJ_SENTINEL; // go on with the methods
    }
}

// The samples, or the levels, oldest first, for whoever reads a buffer.
static mp_int_t window_buffer(mp_obj_t self_in, mp_buffer_info_t *buffer, mp_uint_t flags) {
    const bnn_stream_t *stream = &((window_obj_t *)MP_OBJ_TO_PTR(self_in))->stream;
    const bnn_window_t *window = &stream->window;
    if (flags & MP_BUFFER_WRITE) {
        return 1;
    }
    buffer->buf = window->samples;
    buffer->len = 2u * window->length * window->channels;
    buffer->typecode = 'h';
    if (stream->model) {
        buffer->buf = stream->levels;
        buffer->len = bnn_stream_levels(stream->model);
        buffer->typecode = 'B';
    }
    return 0;
}

const uint8_t *bnn_get_levels(mp_obj_t window, const bnn_model_t *model) {
    const mp_obj_type_t *type = mp_obj_get_type(window);
    const window_obj_t *self = MP_OBJ_TO_PTR(window);
    if (MP_OBJ_TYPE_GET_SLOT_OR_NULL(type, make_new) != window_make_new || !self->stream.model) {
        return NULL;
    }
    if (self->stream.model != model) {
        mp_raise_ValueError(MP_ERROR_TEXT("window is another model's"));
    }
    return self->stream.levels;
}

#define WINDOW_SLOTS(SLOT)                                                                         \
    SLOT(make_new, window_make_new)                                                                \
    SLOT(attr, window_attr)                                                                        \
    SLOT(buffer, window_buffer)
#define WINDOW_METHODS(METHOD)                                                                     \
    METHOD(MP_QSTR_add, window_add_obj)                                                            \
    METHOD(MP_QSTR_fill, window_fill_obj)                                                          \
    METHOD(MP_QSTR_feed, window_feed_obj)                                                          \
    METHOD(MP_QSTR_feed_block, window_feed_block_obj)                                              \
    METHOD(MP_QSTR_clear, window_clear_obj)                                                        \
    METHOD(MP_QSTR_take, window_take_obj)                                                          \
    METHOD(MP_QSTR_trade, window_trade_obj)
BNN_DEFINE_TYPE(window, MP_QSTR_Window, WINDOW_SLOTS, WINDOW_METHODS)
