// A MicroPython for the instruction sets of ESP32s, to run under qemu-user:
//
//   micropython            a REPL on stdin and stdout, with the raw REPL that mpremote speaks
//   micropython FILE ...   run a script, with sys.argv; "-" is stdin
//
// A node (node.c) is made with CHIP, and takes the whole path of its folder:
//
//   micropython FOLDER
//
// MICROPYPATH adds folders to sys.path, separated by colons.

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "extmod/vfs.h"
#include "extmod/vfs_posix.h"
#include "py/builtin.h"
#include "py/compile.h"
#include "py/gc.h"
#include "py/runtime.h"
#include "py/stackctrl.h"
#include "shared/runtime/gchelper.h"
#include "shared/runtime/pyexec.h"
#include "system.h"

void gc_collect(void) {
    gc_collect_start();
    gc_helper_collect_regs_and_stack();
    gc_collect_end();
}

void nlr_jump_fail(void *value) {
    (void)value;
    abort();
}

#ifdef NODE
void start(uintptr_t *stack) {
    if (stack[0] != 2) {
        leave(2);
    }
    run_node((const char *)stack[2], stack);
}
#else
#define HEAP_SIZE (2u << 20)
#define STACK_SIZE (256u << 10)

static char heap[HEAP_SIZE];

static void print_error(void *env, const char *text, size_t size) {
    (void)env;
    if (write(STDERR_FILENO, text, size) < 0) {
        return;
    }
}

static const mp_print_t errors = {NULL, print_error};

static void add_path(const char *path, size_t size) {
    mp_obj_list_append(mp_sys_path, mp_obj_new_str_via_qstr(path, size));
}

// The root folder of the system is that of MicroPython.
static void mount_root(void) {
    const mp_obj_t args[] = {
        MP_OBJ_TYPE_GET_SLOT(&mp_type_vfs_posix, make_new)(&mp_type_vfs_posix, 0, 0, NULL),
        MP_OBJ_NEW_QSTR(qstr_from_str("/")),
    };
    mp_vfs_mount(2, args, (mp_map_t *)&mp_const_empty_map);
    MP_STATE_VM(vfs_cur) = MP_STATE_VM(vfs_mount_table);
}

static void set_path(const char *script, char *const *environment) {
    static const char name[] = "MICROPYPATH=";
    mp_sys_path = mp_obj_new_list(0, NULL);
    const char *slash = script;
    for (const char *at = script; at && (at = strchr(at, '/')); at++) {
        slash = at;
    }
    add_path(script, (size_t)(slash - script));
    for (; *environment; environment++) {
        if (strncmp(*environment, name, sizeof name - 1) == 0) {
            const char *at = *environment + sizeof name - 1;
            for (const char *colon; (colon = strchr(at, ':')); at = colon + 1) {
                add_path(at, (size_t)(colon - at));
            }
            add_path(at, strlen(at));
        }
    }
}

static int exit_status(mp_obj_base_t *exception) {
    if (!mp_obj_is_subclass_fast(MP_OBJ_FROM_PTR(exception->type), &mp_type_SystemExit)) {
        mp_obj_print_exception(&errors, MP_OBJ_FROM_PTR(exception));
        return 1;
    }
    const mp_obj_t value = mp_obj_exception_get_value(MP_OBJ_FROM_PTR(exception));
    mp_int_t status = 1;
    return value == mp_const_none ? 0 : mp_obj_get_int_maybe(value, &status) ? (int)status : 1;
}

static int run_script(const char *path) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr)) {
        return exit_status(nlr.ret_val);
    }
    mp_lexer_t *lexer = strcmp(path, "-") == 0
                            ? mp_lexer_new_from_fd(MP_QSTR__lt_stdin_gt_, STDIN_FILENO, false)
                            : mp_lexer_new_from_file(qstr_from_str(path));
    const qstr name = lexer->source_name;
    mp_store_global(MP_QSTR___file__, MP_OBJ_NEW_QSTR(name));
    mp_parse_tree_t tree = mp_parse(lexer, MP_PARSE_FILE_INPUT);
    mp_call_function_0(mp_compile(&tree, name, false));
    nlr_pop();
    return 0;
}

static void run_repl(void) {
    while (true) {
        const bool leave =
            pyexec_mode_kind == PYEXEC_MODE_RAW_REPL ? pyexec_raw_repl() : pyexec_friendly_repl();
        if (leave) {
            return;
        }
    }
}

// `stack` is as Linux leaves it: argc, the arguments, NULL, the environment, NULL.
void start(uintptr_t *stack) {
    const int argc = (int)stack[0];
    char *const *argv = (char *const *)stack + 1;
    mp_stack_set_top(stack);
    mp_stack_set_limit(STACK_SIZE);
    gc_init(heap, heap + sizeof heap);
    mp_init();
    mount_root();
    set_path(argc > 1 ? argv[1] : NULL, argv + argc + 1);
    mp_obj_list_init(MP_OBJ_TO_PTR(mp_sys_argv), 0);
    for (int i = 1; i < argc; i++) {
        mp_obj_list_append(mp_sys_argv, mp_obj_new_str_from_cstr(argv[i]));
    }
    int status = 0;
    if (argc > 1) {
        status = run_script(argv[1]);
    } else {
        run_repl();
    }
    leave(status);
}
#endif
