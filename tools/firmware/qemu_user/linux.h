// The system calls of Linux that differ from one instruction set to the next: <cpu>/linux.c.

#ifndef QEMU_USER_LINUX_H
#define QEMU_USER_LINUX_H

#include <stdint.h>

// Their numbers, of those that all have with the same arguments.
extern const struct numbers {
    uint16_t close, read, write, fsync, chdir, getcwd, getdents64, getrandom, exit_group;
} numbers;

// What the system answers; it is negative for an error.
intptr_t system_call(intptr_t number, intptr_t first, intptr_t second, intptr_t third,
                     intptr_t fourth, intptr_t fifth);

// The same for system.c: -1, with errno set, for an error.
intptr_t call(intptr_t number, intptr_t first, intptr_t second, intptr_t third);
intptr_t result(intptr_t answer);

// A node's root folder is a folder of this computer, whose whole path is `root`.
#ifdef NODE
#define PATH_BYTES 512
#define INSIDE(path) inside(path, (char[PATH_BYTES]){0})
const char *inside(const char *path, char *buffer);
#else
#define INSIDE(path) (path)
#endif

struct moment {
    uint32_t seconds, nanoseconds;
};

struct moment monotonic(void);
void pause_for(struct moment time);

#endif // QEMU_USER_LINUX_H
