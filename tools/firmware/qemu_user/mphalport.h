// What MicroPython includes for a port's hardware.

#include <errno.h>
#include <unistd.h>

#include "shared/runtime/interrupt_char.h"

#define mp_hal_ticks_cpu() (0)

#define MICROPY_BEGIN_ATOMIC_SECTION() (0)
#define MICROPY_END_ATOMIC_SECTION(state) ((void)(state))

#define MP_HAL_RETRY_SYSCALL(ret, syscall, raise)                                                  \
    do {                                                                                           \
        ret = syscall;                                                                             \
        if (ret == -1) {                                                                           \
            int err = errno;                                                                       \
            (void)err;                                                                             \
            raise;                                                                                 \
        }                                                                                          \
    } while (0)
