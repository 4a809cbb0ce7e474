// What `machine` has here; MicroPython's modmachine.c includes it.

#include "system.h"

#define RESET_STATUS 3 // of the process: the chip's reset, after which it starts again

static void mp_machine_idle(void) {
    mp_handle_pending(true);
    console_wait(1);
}

NORETURN static void mp_machine_reset(void) {
    leave(RESET_STATUS);
}

static mp_int_t mp_machine_reset_cause(void) {
    return 1; // PWRON_RESET
}
