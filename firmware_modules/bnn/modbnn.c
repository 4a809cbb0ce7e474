// The MicroPython module `bnn`: converts arguments and raises; all work is in the core (bnn.h).

#include <stdarg.h>
#include <string.h>

#include "bnn.h"
#include "bnn_kernel.h"
#include "modbnn.h"

static mp_obj_t module_kernel(void) {
    return mp_obj_new_str(bnn_kernel_name, strlen(bnn_kernel_name));
}
static MP_DEFINE_CONST_FUN_OBJ_0(module_kernel_obj, module_kernel);

#if MICROPY_ENABLE_DYNRUNTIME

// A text of limited size that is being printed.
typedef struct {
    char *at;
    size_t room;
} text_t;

static void append(void *data, const char *string, size_t length) {
    text_t *text = data;
    length = length < text->room ? length : text->room;
    memcpy(text->at, string, length);
    text->at += length;
    text->room -= length;
}

void bnn_raise_value_error(const char *format, ...) {
    char buffer[128];
    text_t text = {buffer, sizeof buffer};
    const mp_print_t print = {&text, append};
    va_list arguments;
    va_start(arguments, format);
    mp_vprintf(&print, format, arguments);
    va_end(arguments);
    const size_t length = (size_t)(text.at - buffer);
    mp_raise_type_arg(&mp_type_ValueError, mp_obj_new_str(buffer, length));
}

mp_obj_full_type_t *bnn_new_type(qstr name) {
    mp_obj_full_type_t *type = m_malloc(sizeof *type);
    memset(type, 0, sizeof *type);
    type->base.type = &mp_type_type;
    type->name = name;
    return type;
}

// Called by the import.
mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY(void) n_args, (void)n_kw, (void)args;
    mp_store_global(MP_QSTR___version__,
                    mp_obj_new_str(BNN_MODULE_VERSION, sizeof BNN_MODULE_VERSION - 1));
    mp_store_global(MP_QSTR_FORMAT, MP_OBJ_NEW_SMALL_INT(BNN_FORMAT_VERSION));
    mp_store_global(MP_QSTR_kernel, MP_OBJ_FROM_PTR(&module_kernel_obj));
#define STORE_TYPE(name, type) mp_store_global(name, bnn_new_##type##_type(self->context));
    BNN_TYPES(STORE_TYPE)
    MP_DYNRUNTIME_INIT_EXIT
}

#else

static const MP_DEFINE_STR_OBJ(version_obj, BNN_MODULE_VERSION);

#define TYPE_ENTRY(name, type) {MP_ROM_QSTR(name), MP_ROM_PTR(&bnn_##type##_type)},
static const mp_rom_map_elem_t module_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_bnn)},
    {MP_ROM_QSTR(MP_QSTR___version__), MP_ROM_PTR(&version_obj)},
    {MP_ROM_QSTR(MP_QSTR_FORMAT), MP_ROM_INT(BNN_FORMAT_VERSION)},
    {MP_ROM_QSTR(MP_QSTR_kernel), MP_ROM_PTR(&module_kernel_obj)},
    BNN_TYPES(TYPE_ENTRY)};
static MP_DEFINE_CONST_DICT(module_globals, module_table);

const mp_obj_module_t bnn_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&module_globals,
};
MP_REGISTER_MODULE(MP_QSTR_bnn, bnn_module);

#endif
