// Linux on Xtensa: arch/xtensa/kernel/syscalls/syscall.tbl.

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "linux.h"

enum {
    SYS_OPEN = 8,
    SYS_LSEEK = 15,
    SYS_POLL = 16,
    SYS_RENAME = 33,
    SYS_UNLINK = 38,
    SYS_RMDIR = 39,
    SYS_MKDIR = 40,
    SYS_STAT64 = 47,
    SYS_NANOSLEEP = 195,
    SYS_CLOCK_GETTIME = 245,
};

#define MONOTONIC 1

const struct numbers numbers = {
    .close = 9,
    .read = 12,
    .write = 13,
    .fsync = 26,
    .chdir = 41,
    .getcwd = 43,
    .getdents64 = 60,
    .getrandom = 338,
    .exit_group = 119,
};

intptr_t system_call(intptr_t number, intptr_t first, intptr_t second, intptr_t third,
                     intptr_t fourth, intptr_t fifth) {
    register intptr_t a2 __asm__("a2") = number, a6 __asm__("a6") = first;
    register intptr_t a3 __asm__("a3") = second, a4 __asm__("a4") = third;
    register intptr_t a5 __asm__("a5") = fourth, a8 __asm__("a8") = fifth;
    __asm__ volatile("syscall" : "+r"(a2) : "r"(a6), "r"(a3), "r"(a4), "r"(a5), "r"(a8) : "memory");
    return a2;
}

int open(const char *path, int flags, ...) {
    // Linux has other bits for these than the C library.
    const int linux_flags = (flags & O_ACCMODE) | (flags & O_CREAT ? 0100 : 0) |
                            (flags & O_TRUNC ? 01000 : 0) | (flags & O_APPEND ? 02000 : 0);
    return call(SYS_OPEN, (intptr_t)INSIDE(path), linux_flags, 0644);
}

off_t lseek(int fd, off_t offset, int whence) {
    return call(SYS_LSEEK, fd, (intptr_t)offset, whence);
}

int poll(struct pollfd *each, nfds_t count, int ms) {
    return call(SYS_POLL, (intptr_t)each, (intptr_t)count, ms);
}

int rename(const char *from, const char *to) {
    return call(SYS_RENAME, (intptr_t)INSIDE(from), (intptr_t)INSIDE(to), 0);
}

int unlink(const char *path) {
    return call(SYS_UNLINK, (intptr_t)INSIDE(path), 0, 0);
}

int rmdir(const char *path) {
    return call(SYS_RMDIR, (intptr_t)INSIDE(path), 0, 0);
}

int mkdir(const char *path, mode_t mode) {
    return call(SYS_MKDIR, (intptr_t)INSIDE(path), (intptr_t)mode, 0);
}

int stat(const char *path, struct stat *out) {
    // arch/xtensa/include/uapi/asm/stat.h, struct stat64.
    struct {
        uint64_t device, node;
        uint32_t mode, links, user, group;
        uint64_t special;
        int64_t size;
        uint32_t block_size, unused;
        uint64_t blocks;
        uint32_t times[8];
    } found;
    if (call(SYS_STAT64, (intptr_t)INSIDE(path), (intptr_t)&found, 0) < 0) {
        return -1;
    }
    memset(out, 0, sizeof *out);
    out->st_mode = (mode_t)found.mode;
    out->st_size = (off_t)found.size;
    out->st_mtime = found.times[2];
    return 0;
}

void pause_for(struct moment time) {
    call(SYS_NANOSLEEP, (intptr_t)&time, 0, 0);
}

struct moment monotonic(void) {
    struct moment now;
    call(SYS_CLOCK_GETTIME, MONOTONIC, (intptr_t)&now, 0);
    return now;
}
