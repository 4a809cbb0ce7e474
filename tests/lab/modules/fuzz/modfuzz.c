// libFuzzer for programs in MicroPython (clang's compiler-rt, LLVMFuzzerRunDriver): the module
// `fuzz` of the firmware unix-fuzz. The interpreter, json, binascii and so on are compiled with
// coverage and sanitizers.

#include <stdlib.h>

#include "py/objarray.h"
#include "py/runtime.h"

#define STATES 1024

int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*test)(const uint8_t *data, size_t size));

// libFuzzer takes an input as new when it raises one of these, too.
__attribute__((section("__libfuzzer_extra_counters"))) static uint8_t states[STATES];

MP_REGISTER_ROOT_POINTER(mp_obj_t fuzz_test);

static int run_test(const uint8_t *data, size_t size) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_call_function_1(MP_STATE_VM(fuzz_test), mp_obj_new_bytes(data, size));
        nlr_pop();
    } else {
        mp_obj_print_exception(&mp_plat_print, MP_OBJ_FROM_PTR(nlr.ret_val));
        abort(); // libFuzzer keeps the input
    }
    return 0;
}

// run(arguments, test): libFuzzer's command-line arguments, and what is called with each input. An
// exception in it is a find.
static mp_obj_t fuzz_run(mp_obj_t arguments, mp_obj_t test) {
    size_t count;
    mp_obj_t *items;
    mp_obj_get_array(arguments, &count, &items);
    char **argv = m_new(char *, count + 2);
    argv[0] = (char *)"fuzz";
    for (size_t i = 0; i < count; i++) {
        argv[i + 1] = (char *)mp_obj_str_get_str(items[i]);
    }
    argv[count + 1] = NULL;
    MP_STATE_VM(fuzz_test) = test;
    int argc = (int)count + 1;
    return mp_obj_new_int(LLVMFuzzerRunDriver(&argc, &argv, run_test));
}
static MP_DEFINE_CONST_FUN_OBJ_2(fuzz_run_obj, fuzz_run);

// state(n): this input has brought the program into state n, a number of any size.
static mp_obj_t fuzz_state(mp_obj_t n) {
    states[(size_t)mp_obj_get_int_truncated(n) % STATES] = 1;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(fuzz_state_obj, fuzz_state);

static const mp_rom_map_elem_t fuzz_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_fuzz)},
    {MP_ROM_QSTR(MP_QSTR_run), MP_ROM_PTR(&fuzz_run_obj)},
    {MP_ROM_QSTR(MP_QSTR_state), MP_ROM_PTR(&fuzz_state_obj)},
};
static MP_DEFINE_CONST_DICT(fuzz_globals, fuzz_globals_table);

const mp_obj_module_t fuzz_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&fuzz_globals,
};
MP_REGISTER_MODULE(MP_QSTR_fuzz, fuzz_module);
