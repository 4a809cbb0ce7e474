// bnn.Model: a network in a buffer.

#include <string.h>

#include "py/binary.h"

#include "bnn.h"
#include "bnn_stream.h"
#include "busy.h"
#include "modbnn.h"

typedef struct {
    mp_obj_base_t base;
    mp_obj_t buffer; // keeps the file alive for the collector
    const void *data;
    mp_obj_t name;
    mp_obj_t labels;
    mp_obj_t channels;
    mp_obj_t scales;
    uint32_t *scratch;
    busy_t busy; // while the scratch is in use
    bnn_model_t model;
} model_obj_t;

static void load_strings(model_obj_t *self) {
    const bnn_model_t *model = &self->model;
    const unsigned classes = model->classes;
    mp_obj_tuple_t *labels = MP_OBJ_TO_PTR(mp_obj_new_tuple(classes, NULL));
    mp_obj_tuple_t *channels = MP_OBJ_TO_PTR(mp_obj_new_tuple(model->channels, NULL));
    mp_obj_tuple_t *scales = MP_OBJ_TO_PTR(mp_obj_new_tuple(model->channels, NULL));
    for (unsigned i = 0; i < 1 + classes + model->channels; i++) {
        size_t length;
        const char *text = bnn_string(model, i, &length);
        const mp_obj_t string = mp_obj_new_str(text, length);
        if (i == 0) {
            self->name = string;
        } else if (i <= classes) {
            labels->items[i - 1] = string;
        } else {
            const unsigned channel = i - 1 - classes;
            channels->items[channel] = string;
            scales->items[channel] = mp_obj_new_int_from_uint(model->sample_scales[channel]);
        }
    }
    self->labels = MP_OBJ_FROM_PTR(labels);
    self->channels = MP_OBJ_FROM_PTR(channels);
    self->scales = MP_OBJ_FROM_PTR(scales);
}

static mp_obj_t model_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw,
                               const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 1, 1, false);
    mp_buffer_info_t file;
    mp_get_buffer_raise(args[0], &file, MP_BUFFER_READ);
    model_obj_t *self = mp_obj_malloc(model_obj_t, type);
    const bnn_error_t error = bnn_load(&self->model, file.buf, file.len);
    if (error != BNN_OK) {
        bnn_raise_value_error(MP_ERROR_TEXT("model refused (%s): %s"), bnn_error_name(error),
                              bnn_error_help(error));
    }
    self->buffer = args[0];
    self->data = file.buf;
    self->scratch = m_new(uint32_t, self->model.scratch_words);
    busy_give(&self->busy);
    load_strings(self);
    return MP_OBJ_FROM_PTR(self);
}

// A bytearray can be resized behind our back, and its bytes move: then a read would leave the file.
// Bytes that change in place are harmless (bnn_model_t).
static model_obj_t *usable_model(mp_obj_t self_in) {
    model_obj_t *self = MP_OBJ_TO_PTR(self_in);
    mp_buffer_info_t file;
    mp_get_buffer_raise(self->buffer, &file, MP_BUFFER_READ);
    if (file.buf != self->data || file.len != self->model.size) {
        mp_raise_ValueError(MP_ERROR_TEXT("buffer was resized: make a new Model"));
    }
    return self;
}

bool bnn_is_model(mp_obj_t object) {
    // A native module has no address of its own type, but that of its functions.
    return MP_OBJ_TYPE_GET_SLOT_OR_NULL(mp_obj_get_type(object), make_new) == model_make_new;
}

const bnn_model_t *bnn_get_model(mp_obj_t model) {
    if (!bnn_is_model(model)) {
        mp_raise_TypeError(MP_ERROR_TEXT("not a bnn.Model"));
    }
    return &usable_model(model)->model;
}

static void take_scratch(model_obj_t *self) {
    if (!busy_take(&self->busy)) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("model is busy in another thread"));
    }
}

uint32_t *bnn_take_scratch(mp_obj_t model) {
    model_obj_t *self = MP_OBJ_TO_PTR(model);
    take_scratch(self);
    return self->scratch;
}

void bnn_give_scratch(mp_obj_t model) {
    busy_give(&((model_obj_t *)MP_OBJ_TO_PTR(model))->busy);
}

// The bytes of a window, or of a text.
static mp_buffer_info_t input_bytes(const bnn_model_t *model, mp_obj_t window) {
    mp_buffer_info_t input;
    mp_get_buffer_raise(window, &input, MP_BUFFER_READ);
    const bool octets = mp_binary_get_size('@', input.typecode, NULL) == 1;
    if (model->features == BNN_FEATURES_NGRAMS) {
        if (!octets) {
            mp_raise_TypeError(MP_ERROR_TEXT("text must be str or bytes"));
        }
        return input;
    }
    if (input.typecode != 'h' && !octets) {
        mp_raise_TypeError(MP_ERROR_TEXT("window must be array('h') or bytes"));
    }
    if (input.len != bnn_window_size(model)) {
        bnn_raise_value_error(MP_ERROR_TEXT("window has %d bytes, model takes %d x %d samples"),
                              (int)input.len, (int)model->length, (int)model->channels);
    }
    return input;
}

static mp_obj_t classify(model_obj_t *self, mp_obj_t window, int32_t *scores,
                         struct bnn_drift *drift) {
    const bnn_model_t *model = &self->model;
    const uint8_t *levels = bnn_get_levels(window, model);
    const mp_buffer_info_t input = levels ? (mp_buffer_info_t){0} : input_bytes(model, window);
    take_scratch(self);
    unsigned chosen;
    if (levels) {
        chosen = bnn_classify_levels(model, levels, self->scratch, scores);
    } else if (drift) {
        chosen = bnn_classify_watched(model, input.buf, self->scratch, scores, drift);
    } else {
        chosen = bnn_classify(model, input.buf, input.len, self->scratch, scores);
    }
    busy_give(&self->busy);
    return MP_OBJ_NEW_SMALL_INT(chosen);
}

static mp_obj_t model_predict(mp_obj_t self_in, mp_obj_t window) {
    return classify(usable_model(self_in), window, NULL, NULL);
}
static MP_DEFINE_CONST_FUN_OBJ_2(model_predict_obj, model_predict);

int32_t *bnn_get_scores(mp_obj_t scores, unsigned classes, mp_uint_t flags) {
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(scores, &buffer, flags);
    if ((buffer.typecode != 'i' && buffer.typecode != 'l') ||
        mp_binary_get_size('@', buffer.typecode, NULL) != sizeof(int32_t)) {
        mp_raise_TypeError(MP_ERROR_TEXT("scores must be array('i')"));
    }
    if (buffer.len != sizeof(int32_t) * classes) {
        bnn_raise_value_error(MP_ERROR_TEXT("array must hold %d scores"), (int)classes);
    }
    return buffer.buf;
}

static mp_obj_t model_scores(size_t n_args, const mp_obj_t *args) {
    model_obj_t *self = usable_model(args[0]);
    struct bnn_drift *drift = NULL;
    if (n_args > 3 && args[3] != mp_const_none) {
        drift = bnn_get_drift(args[3], args[0]);
    }
    int32_t *scores = bnn_get_scores(args[2], self->model.classes, MP_BUFFER_WRITE);
    return classify(self, args[1], scores, drift);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(model_scores_obj, 3, 4, model_scores);

static mp_obj_t model_selftest(mp_obj_t self_in) {
    model_obj_t *self = usable_model(self_in);
    const size_t size = bnn_window_size(&self->model);
    uint8_t *window = m_new(uint8_t, size);
    take_scratch(self);
    const bool passed = bnn_selftest(&self->model, window, self->scratch);
    busy_give(&self->busy);
    m_del(uint8_t, window, size);
    return mp_obj_new_bool(passed);
}
static MP_DEFINE_CONST_FUN_OBJ_1(model_selftest_obj, model_selftest);

static void model_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest) {
    const model_obj_t *self = MP_OBJ_TO_PTR(self_in);
    const bnn_model_t *model = &self->model;
    if (dest[0] != MP_OBJ_NULL) {
        return; // nothing can be stored
    }
    if (attr == MP_QSTR_name) {
        dest[0] = self->name;
    } else if (attr == MP_QSTR_labels) {
        dest[0] = self->labels;
    } else if (attr == MP_QSTR_channels) {
        dest[0] = self->channels;
    } else if (attr == MP_QSTR_scales) {
        dest[0] = self->scales;
    } else if (attr == MP_QSTR_notes) {
        usable_model(self_in);
        dest[0] = mp_obj_new_str(model->notes, model->notes_length);
    } else if (attr == MP_QSTR_length) {
        dest[0] = MP_OBJ_NEW_SMALL_INT(model->length);
    } else if (attr == MP_QSTR_hop) {
        dest[0] = MP_OBJ_NEW_SMALL_INT(model->hop);
    } else if (attr == MP_QSTR_rate_mhz) {
        dest[0] = mp_obj_new_int_from_uint(model->rate_mhz);
    } else if (attr == MP_QSTR_revision) {
        dest[0] = mp_obj_new_int_from_uint(model->revision);
    } else if (attr == MP_QSTR_crc) {
        dest[0] = mp_obj_new_int_from_uint(model->crc);
    } else if (attr == MP_QSTR_size) {
        dest[0] = mp_obj_new_int_from_uint(model->size);
    } else if (attr == MP_QSTR_work) {
        dest[0] = mp_obj_new_int_from_uint(model->work);
    } else if (attr == MP_QSTR_hop_work) {
        dest[0] = mp_obj_new_int_from_uint(bnn_stream_work(model));
    } else if (attr == MP_QSTR_drift) {
        dest[0] = mp_obj_new_bool(model->drift.inputs != 0);
    } else if (attr == MP_QSTR_ram) {
        dest[0] = mp_obj_new_int_from_uint(sizeof(*self) + 4 * model->scratch_words);
    } else {
        dest[1] = MP_OBJ_SENTINEL; // go on with the methods
    }
}

static void model_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    (void)kind;
    const model_obj_t *self = MP_OBJ_TO_PTR(self_in);
    mp_printf(print, "Model('%s', %u bytes)", mp_obj_str_get_str(self->name),
              (unsigned)self->model.size);
}

// What the firmware calls, and what programs call.
#define MODEL_SLOTS(SLOT)                                                                          \
    SLOT(make_new, model_make_new)                                                                 \
    SLOT(attr, model_attr)                                                                         \
    SLOT(print, model_print)
#define MODEL_METHODS(METHOD)                                                                      \
    METHOD(MP_QSTR_predict, model_predict_obj)                                                     \
    METHOD(MP_QSTR_scores, model_scores_obj)                                                       \
    METHOD(MP_QSTR_selftest, model_selftest_obj)
BNN_DEFINE_TYPE(model, MP_QSTR_Model, MODEL_SLOTS, MODEL_METHODS)
