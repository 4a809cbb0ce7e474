// What the files of the MicroPython module share: modbnn.c with the module, modbnn_<type>.c with
// one type each.
//
// The module is built into a firmware, or as a native .mpy for firmware without it (natmod/).
// There, names and the firmware's types have no address before the import: hence no `switch` over
// names, and a type is made by the import, where a firmware has it as a constant. BNN_DEFINE_TYPE
// does either. A new type needs a file, and a line in BNN_TYPES.

#ifndef MODBNN_H
#define MODBNN_H

#include "py/objstr.h"
#include "py/objtuple.h"
#include "py/runtime.h"
#if MICROPY_ENABLE_DYNRUNTIME
#include "py/dynruntime.h"
#endif

#include "bnn.h"

// The types of the module: a name for programs, and one for C.
#define BNN_TYPES(TYPE)                                                                            \
    TYPE(MP_QSTR_Model, model)                                                                     \
    TYPE(MP_QSTR_Answers, answers)                                                                 \
    TYPE(MP_QSTR_Drift, drift)                                                                     \
    TYPE(MP_QSTR_Window, window)

// BNN_DEFINE_TYPE(type, name, SLOTS, METHODS) defines a type. SLOTS(SLOT) lists SLOT(slot,
// function) for what the firmware calls, METHODS(METHOD) lists METHOD(name, object) for what
// programs call.
#if MICROPY_ENABLE_DYNRUNTIME

// mp_raise_msg_varg, which native modules lack.
void bnn_raise_value_error(const char *format, ...);

// A type without slots.
mp_obj_full_type_t *bnn_new_type(qstr name);

#define BNN_STORE_METHOD(name, object)                                                             \
    mp_obj_dict_store(methods, MP_OBJ_NEW_QSTR(name), MP_OBJ_FROM_PTR(&object));
#define BNN_SET_SLOT(slot, value)                                                                  \
    MP_OBJ_TYPE_SET_SLOT(type, slot, value, slots);                                                \
    slots++;
// As long as there are objects, so must be the names that its functions look for: in the context.
#define BNN_DEFINE_TYPE(ctype, name, SLOTS, METHODS)                                               \
    mp_obj_t bnn_new_##ctype##_type(const mp_module_context_t *context) {                          \
        mp_obj_full_type_t *type = bnn_new_type(name);                                             \
        const mp_obj_t methods = mp_obj_new_dict(0);                                               \
        METHODS(BNN_STORE_METHOD)                                                                  \
        ((mp_obj_dict_t *)MP_OBJ_TO_PTR(methods))->map.is_fixed = 1;                               \
        unsigned slots = 0;                                                                        \
        SLOTS(BNN_SET_SLOT)                                                                        \
        BNN_SET_SLOT(locals_dict, MP_OBJ_TO_PTR(methods))                                          \
        type->slots[slots] = context;                                                              \
        return MP_OBJ_FROM_PTR(type);                                                              \
    }
#define BNN_DECLARE_TYPE(name, ctype)                                                              \
    mp_obj_t bnn_new_##ctype##_type(const mp_module_context_t *context);

#else

#define bnn_raise_value_error(...) mp_raise_msg_varg(&mp_type_ValueError, __VA_ARGS__)

#define BNN_METHOD_ENTRY(name, object) {MP_ROM_QSTR(name), MP_ROM_PTR(&object)},
#define BNN_SLOT(slot, value) , slot, value
#define BNN_DEFINE_TYPE(ctype, name, SLOTS, METHODS)                                               \
    static const mp_rom_map_elem_t ctype##_methods_table[] = {METHODS(BNN_METHOD_ENTRY)};          \
    static MP_DEFINE_CONST_DICT(ctype##_methods, ctype##_methods_table);                           \
    MP_DEFINE_CONST_OBJ_TYPE(bnn_##ctype##_type, name, MP_TYPE_FLAG_NONE SLOTS(BNN_SLOT),          \
                             locals_dict, &ctype##_methods);
#define BNN_DECLARE_TYPE(name, ctype) extern const mp_obj_type_t bnn_##ctype##_type;

#endif

BNN_TYPES(BNN_DECLARE_TYPE)

bool bnn_is_model(mp_obj_t object);

// The scratch of a bnn.Model, for this thread alone until it is given back. Raises where another
// thread has it.
uint32_t *bnn_take_scratch(mp_obj_t model);
void bnn_give_scratch(mp_obj_t model);

// The levels in a bnn.Window; NULL for any other object. Raises for those of another model.
const uint8_t *bnn_get_levels(mp_obj_t window, const bnn_model_t *model);

// What a bnn.Model has loaded; raises for any other object.
const bnn_model_t *bnn_get_model(mp_obj_t model);

// What a bnn.Drift keeps; raises for any other object, and for that of another model.
struct bnn_drift *bnn_get_drift(mp_obj_t drift, mp_obj_t model);

// The scores of an array('i') of so many; raises for any other object.
int32_t *bnn_get_scores(mp_obj_t scores, unsigned classes, mp_uint_t flags);

#endif // MODBNN_H
