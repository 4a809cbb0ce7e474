// MicroPython's settings for the instruction sets of ESP32s under qemu-user, for tests.

#include <alloca.h>
#include <stdint.h>

typedef intptr_t mp_int_t;
typedef uintptr_t mp_uint_t;
typedef long mp_off_t;

#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)
#ifdef NODE
#define MICROPY_HW_BOARD_NAME "Stand-in under qemu"
#define MICROPY_HW_MCU_NAME CHIP
#define MICROPY_PY_SYS_PLATFORM "esp32"
#elif defined(__XTENSA__)
#define MICROPY_HW_BOARD_NAME "qemu-xtensa"
#define MICROPY_HW_MCU_NAME "LX6"
#define MICROPY_PY_SYS_PLATFORM "qemu-xtensa"
#else
#define MICROPY_HW_BOARD_NAME "qemu-riscv32"
#define MICROPY_HW_MCU_NAME "RV32IMC"
#define MICROPY_PY_SYS_PLATFORM "qemu-riscv32"
#endif
#define MP_STATE_PORT MP_STATE_VM
#define MP_SSIZE_MAX INT32_MAX
#define MICROPY_ALLOC_PATH_MAX (256)

#define MICROPY_ENABLE_GC (1)
#ifdef __XTENSA__
// As on the ESP32; there is no windowed version of what MicroPython has for Xtensa.
#define MICROPY_NLR_SETJMP (1)
#define MICROPY_GCREGS_SETJMP (1)
#define MICROPY_EMIT_XTENSAWIN (1)
#else
#define MICROPY_EMIT_RV32 (1)
#endif
#define MICROPY_LONGINT_IMPL (MICROPY_LONGINT_IMPL_MPZ)
#define MICROPY_FLOAT_IMPL (MICROPY_FLOAT_IMPL_FLOAT)
#define MICROPY_ENABLE_FINALISER (1)
#define MICROPY_HELPER_REPL (1)
#define MICROPY_ENABLE_EXTERNAL_IMPORT (1)

// Native modules from .mpy files.
#define MICROPY_PERSISTENT_CODE_LOAD (1)

#define MICROPY_VFS (1)
#define MICROPY_VFS_POSIX (1)
#define MICROPY_READER_VFS (1)
#define MICROPY_READER_POSIX (1)
#define MICROPY_HELPER_LEXER_UNIX (1)

// No scores need them, and they need much that is not there.
#define MICROPY_PY_BUILTINS_COMPLEX (0)
#define MICROPY_PY_MATH (0)
#define MICROPY_PY_UCTYPES (0)
#define MICROPY_PY_CMATH (0)
#define MICROPY_PY_ASYNCIO (0)
#define MICROPY_PY_FRAMEBUF (0)
#define MICROPY_PY_OS_DUPTERM (0)
#define MICROPY_KBD_EXCEPTION (1)

#ifdef NODE // what a node has besides: its serial port (console.c), and the size of its flash
#define MICROPY_PY_SYS_STDIO_BUFFER (1)
#define MICROPY_PY_SELECT (1)
#define MICROPY_PY_SELECT_POSIX_OPTIMISATIONS (0)
#define MICROPY_PY_OS_STATVFS (1)
#define MICROPY_PY_OS_UNAME (1)
#define MICROPY_PY_OS_URANDOM (1)
#define MICROPY_PY_OS_INCLUDEFILE "node_os.h"
#define MICROPY_PY_MACHINE (1)
#define MICROPY_PY_MACHINE_RESET (1)
#define MICROPY_PY_MACHINE_MEMX (0)
#define MICROPY_PY_MACHINE_SIGNAL (0)
#define MICROPY_PY_MACHINE_INCLUDEFILE "node_machine.h"

#define MICROPY_INTERNAL_WFE(ms) console_wait(ms)
// Ctrl-C reaches a program that does not read.
#define MICROPY_VM_HOOK_INIT static unsigned until_look = 1000;
#define MICROPY_VM_HOOK_LOOP                                                                       \
    if (--until_look == 0) {                                                                       \
        until_look = 1000;                                                                         \
        console_wait(0);                                                                           \
    }
void console_wait(int ms);
#else
#define MICROPY_PY_SYS_PATH_ARGV_DEFAULTS (0)
#define MICROPY_PY_SELECT (0)
#define MICROPY_PY_OS_STATVFS (0)
#endif
