// The parts of system.c that no header of the C library declares.

#ifndef XTENSA_SYSTEM_H
#define XTENSA_SYSTEM_H

__attribute__((noreturn)) void leave(int status);
__attribute__((noreturn)) void abort(void);

#endif // XTENSA_SYSTEM_H
