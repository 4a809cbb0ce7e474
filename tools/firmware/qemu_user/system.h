// The parts of the system that no header of the C library declares.

#ifndef QEMU_USER_SYSTEM_H
#define QEMU_USER_SYSTEM_H

#include <stdint.h>

__attribute__((noreturn)) void leave(int status);
__attribute__((noreturn)) void abort(void);

// MicroPython with `folder` (a whole path) as its filesystem, until there is no input any more.
extern const char *root; // the folder

__attribute__((noreturn)) void run_node(const char *folder, uintptr_t *stack);

// Take what has come at the serial port; wait for it up to `ms`, without an end if that is below 0.
void console_wait(int ms);

#endif // QEMU_USER_SYSTEM_H
