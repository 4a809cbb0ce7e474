// bnn.Answers: answers and events from the scores of one window after another.

#include <string.h>

#include "bnn_answers.h"
#include "modbnn.h"

typedef struct {
    mp_obj_base_t base;
    uint32_t words; // of memory
    bnn_answers_t answers;
} answers_obj_t;

static mp_obj_t answers_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw,
                                 const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 1, 1, false);
    const bnn_model_t *model = bnn_get_model(args[0]);
    answers_obj_t *self = mp_obj_malloc(answers_obj_t, type);
    self->words = bnn_answers_words(model);
    bnn_answers_begin(&self->answers, model, m_new(uint32_t, self->words));
    return MP_OBJ_FROM_PTR(self);
}

static mp_obj_t answers_add(mp_obj_t self_in, mp_obj_t scores) {
    answers_obj_t *self = MP_OBJ_TO_PTR(self_in);
    const int32_t *numbers = bnn_get_scores(scores, self->answers.classes, MP_BUFFER_READ);
    return MP_OBJ_NEW_SMALL_INT(bnn_answers_add(&self->answers, numbers));
}
static MP_DEFINE_CONST_FUN_OBJ_2(answers_add_obj, answers_add);

static mp_obj_t answers_clear(mp_obj_t self_in) {
    answers_obj_t *self = MP_OBJ_TO_PTR(self_in);
    bnn_answers_clear(&self->answers);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(answers_clear_obj, answers_clear);

static void answers_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest) {
    const answers_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (dest[0] != MP_OBJ_NULL) {
        return; // nothing can be stored
    }
    if (attr == MP_QSTR_confidence) {
        dest[0] = self->answers.rules.factor ? MP_OBJ_NEW_SMALL_INT(self->answers.confidence)
                                             : mp_const_none;
    } else if (attr == MP_QSTR_detected) {
        dest[0] = mp_obj_new_bool(self->answers.detected);
    } else if (attr == MP_QSTR_best) {
        dest[0] = MP_OBJ_NEW_SMALL_INT(self->answers.best);
    } else if (attr == MP_QSTR_ram) {
        dest[0] = MP_OBJ_NEW_SMALL_INT(sizeof *self + 4 * self->words);
    } else {
        dest[1] = MP_OBJ_SENTINEL; // go on with the methods
    }
}

#define ANSWERS_SLOTS(SLOT)                                                                        \
    SLOT(make_new, answers_make_new)                                                               \
    SLOT(attr, answers_attr)
#define ANSWERS_METHODS(METHOD)                                                                    \
    METHOD(MP_QSTR_add, answers_add_obj)                                                           \
    METHOD(MP_QSTR_clear, answers_clear_obj)
BNN_DEFINE_TYPE(answers, MP_QSTR_Answers, ANSWERS_SLOTS, ANSWERS_METHODS)
