// Linux on RISC-V with 32 bits: include/uapi/asm-generic/unistd.h, with 64 bits of time.

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "linux.h"

enum {
    SYS_MKDIRAT = 34,
    SYS_UNLINKAT = 35,
    SYS_OPENAT = 56,
    SYS_LLSEEK = 62,
    SYS_RENAMEAT2 = 276,
    SYS_STATX = 291,
    SYS_CLOCK_GETTIME64 = 403,
    SYS_CLOCK_NANOSLEEP_TIME64 = 407,
    SYS_PPOLL_TIME64 = 414,
};

enum { HERE = -100, IS_FOLDER = 0x200, BASIC_STATS = 0x7ff, MONOTONIC = 1 };

const struct numbers numbers = {
    .close = 57,
    .read = 63,
    .write = 64,
    .fsync = 82,
    .chdir = 49,
    .getcwd = 17,
    .getdents64 = 61,
    .getrandom = 278,
    .exit_group = 94,
};

intptr_t system_call(intptr_t number, intptr_t first, intptr_t second, intptr_t third,
                     intptr_t fourth, intptr_t fifth) {
    register intptr_t a7 __asm__("a7") = number, a0 __asm__("a0") = first;
    register intptr_t a1 __asm__("a1") = second, a2 __asm__("a2") = third;
    register intptr_t a3 __asm__("a3") = fourth, a4 __asm__("a4") = fifth;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4) : "memory");
    return a0;
}

int open(const char *path, int flags, ...) {
    // Linux has other bits for these than the C library.
    const int linux_flags = (flags & O_ACCMODE) | (flags & O_CREAT ? 0100 : 0) |
                            (flags & O_TRUNC ? 01000 : 0) | (flags & O_APPEND ? 02000 : 0);
    return result(system_call(SYS_OPENAT, HERE, (intptr_t)INSIDE(path), linux_flags, 0644, 0));
}

off_t lseek(int fd, off_t offset, int whence) {
    int64_t at;
    const int64_t to = offset;
    const intptr_t high = (intptr_t)(to >> 32), low = (intptr_t)to;
    const intptr_t answer = system_call(SYS_LLSEEK, fd, high, low, (intptr_t)&at, whence);
    return result(answer) < 0 ? -1 : (off_t)at;
}

int poll(struct pollfd *each, nfds_t count, int ms) {
    const int64_t time[2] = {ms / 1000, ms % 1000 * 1000000};
    const intptr_t until = ms < 0 ? 0 : (intptr_t)time;
    return result(system_call(SYS_PPOLL_TIME64, (intptr_t)each, (intptr_t)count, until, 0, 0));
}

int rename(const char *from, const char *to) {
    return result(
        system_call(SYS_RENAMEAT2, HERE, (intptr_t)INSIDE(from), HERE, (intptr_t)INSIDE(to), 0));
}

int unlink(const char *path) {
    return call(SYS_UNLINKAT, HERE, (intptr_t)INSIDE(path), 0);
}

int rmdir(const char *path) {
    return call(SYS_UNLINKAT, HERE, (intptr_t)INSIDE(path), IS_FOLDER);
}

int mkdir(const char *path, mode_t mode) {
    return call(SYS_MKDIRAT, HERE, (intptr_t)INSIDE(path), (intptr_t)mode);
}

int stat(const char *path, struct stat *out) {
    // include/uapi/linux/stat.h, struct statx.
    struct {
        uint32_t mask, block_size;
        uint64_t attributes;
        uint32_t links, user, group;
        uint16_t mode, unused;
        uint64_t node, size, blocks, known_attributes;
        struct {
            int64_t seconds;
            uint32_t nanoseconds, unused;
        } read, made, changed, written;
        uint64_t rest[16];
    } found;
    const intptr_t to = (intptr_t)&found;
    if (result(system_call(SYS_STATX, HERE, (intptr_t)INSIDE(path), 0, BASIC_STATS, to)) < 0) {
        return -1;
    }
    memset(out, 0, sizeof *out);
    out->st_mode = (mode_t)found.mode;
    out->st_size = (off_t)found.size;
    out->st_mtime = (time_t)found.written.seconds;
    return 0;
}

void pause_for(struct moment time) {
    const int64_t wide[2] = {time.seconds, time.nanoseconds};
    system_call(SYS_CLOCK_NANOSLEEP_TIME64, MONOTONIC, 0, (intptr_t)wide, 0, 0);
}

struct moment monotonic(void) {
    int64_t now[2];
    system_call(SYS_CLOCK_GETTIME64, MONOTONIC, (intptr_t)now, 0, 0, 0);
    return (struct moment){(uint32_t)now[0], (uint32_t)now[1]};
}
