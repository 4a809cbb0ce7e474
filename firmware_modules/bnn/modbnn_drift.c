// bnn.Drift: whether the windows of a model are like those of its training.

#include <string.h>

#include "bnn_drift.h"
#include "modbnn.h"

typedef struct {
    mp_obj_base_t base;
    mp_obj_t model;
    bnn_drift_t drift;
} drift_obj_t;

static mp_obj_t drift_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw,
                               const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 1, 1, false);
    if (bnn_get_model(args[0])->drift.inputs == 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("model has no drift"));
    }
    drift_obj_t *self = mp_obj_malloc(drift_obj_t, type);
    self->model = args[0];
    memset(&self->drift, 0, sizeof self->drift);
    return MP_OBJ_FROM_PTR(self);
}

bnn_drift_t *bnn_get_drift(mp_obj_t drift, mp_obj_t model) {
    drift_obj_t *self = MP_OBJ_TO_PTR(drift);
    if (MP_OBJ_TYPE_GET_SLOT_OR_NULL(mp_obj_get_type(drift), make_new) != drift_make_new) {
        mp_raise_TypeError(MP_ERROR_TEXT("not a bnn.Drift"));
    }
    if (self->model != model) {
        mp_raise_ValueError(MP_ERROR_TEXT("drift is another model's"));
    }
    return &self->drift;
}

static mp_obj_t drift_clear(mp_obj_t self_in) {
    drift_obj_t *self = MP_OBJ_TO_PTR(self_in);
    memset(&self->drift, 0, sizeof self->drift);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(drift_clear_obj, drift_clear);

// A watched input: its channel, its statistic, and how far it has moved; None beyond the last one.
static mp_obj_t drift_moved(mp_obj_t self_in, mp_obj_t number) {
    const drift_obj_t *self = MP_OBJ_TO_PTR(self_in);
    const bnn_model_t *model = bnn_get_model(self->model);
    const mp_int_t i = mp_obj_get_int(number);
    if (i < 0 || i >= model->drift.watched) {
        return mp_const_none;
    }
    unsigned channel, statistic;
    bnn_drift_name(model, (unsigned)i, &channel, &statistic);
    const mp_obj_t items[] = {
        MP_OBJ_NEW_SMALL_INT(channel),
        MP_OBJ_NEW_SMALL_INT(statistic),
        MP_OBJ_NEW_SMALL_INT(bnn_drift_moved(&self->drift, (unsigned)i)),
    };
    return mp_obj_new_tuple(3, items);
}
static MP_DEFINE_CONST_FUN_OBJ_2(drift_moved_obj, drift_moved);

static void drift_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest) {
    const drift_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (dest[0] != MP_OBJ_NULL) {
        return; // nothing can be stored
    }
    if (attr == MP_QSTR_level) {
        dest[0] = MP_OBJ_NEW_SMALL_INT(bnn_drift_level(&self->drift, bnn_get_model(self->model)));
    } else if (attr == MP_QSTR_flagged) {
        dest[0] = mp_obj_new_bool(self->drift.flagged);
    } else if (attr == MP_QSTR_ram) {
        dest[0] = MP_OBJ_NEW_SMALL_INT(sizeof *self);
    } else {
        dest[1] = MP_OBJ_SENTINEL; // go on with the methods
    }
}

#define DRIFT_SLOTS(SLOT)                                                                          \
    SLOT(make_new, drift_make_new)                                                                 \
    SLOT(attr, drift_attr)
#define DRIFT_METHODS(METHOD)                                                                      \
    METHOD(MP_QSTR_moved, drift_moved_obj)                                                         \
    METHOD(MP_QSTR_clear, drift_clear_obj)
BNN_DEFINE_TYPE(drift, MP_QSTR_Drift, DRIFT_SLOTS, DRIFT_METHODS)
