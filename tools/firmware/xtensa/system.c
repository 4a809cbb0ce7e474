// What MicroPython asks of a C library and a system, by the Linux system calls of qemu-xtensa.

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "py/mphal.h"
#include "py/runtime.h"
#include "system.h"

// Linux, arch/xtensa/kernel/syscalls/syscall.tbl.
enum {
    SYS_OPEN = 8,
    SYS_CLOSE = 9,
    SYS_READ = 12,
    SYS_WRITE = 13,
    SYS_LSEEK = 15,
    SYS_FSYNC = 26,
    SYS_RENAME = 33,
    SYS_UNLINK = 38,
    SYS_RMDIR = 39,
    SYS_MKDIR = 40,
    SYS_CHDIR = 41,
    SYS_GETCWD = 43,
    SYS_STAT64 = 47,
    SYS_GETDENTS64 = 60,
    SYS_EXIT_GROUP = 119,
    SYS_NANOSLEEP = 195,
    SYS_CLOCK_GETTIME = 245,
};

static int last_error;

int *get_errno(void) {
    return &last_error;
}

static int call(int number, intptr_t first, intptr_t second, intptr_t third) {
    register int a2 __asm__("a2") = number;
    register intptr_t a6 __asm__("a6") = first, a3 __asm__("a3") = second;
    register intptr_t a4 __asm__("a4") = third;
    __asm__ volatile("syscall" : "+r"(a2) : "r"(a6), "r"(a3), "r"(a4) : "memory");
    if (a2 < 0) {
        last_error = -a2;
        return -1;
    }
    return a2;
}

int open(const char *path, int flags, ...) {
    // Linux has other bits for these than the C library.
    const int linux_flags = (flags & O_ACCMODE) | (flags & O_CREAT ? 0100 : 0) |
                            (flags & O_TRUNC ? 01000 : 0) | (flags & O_APPEND ? 02000 : 0);
    return call(SYS_OPEN, (intptr_t)path, linux_flags, 0644);
}

int close(int fd) {
    return call(SYS_CLOSE, fd, 0, 0);
}

ssize_t read(int fd, void *buffer, size_t size) {
    return call(SYS_READ, fd, (intptr_t)buffer, (intptr_t)size);
}

ssize_t write(int fd, const void *buffer, size_t size) {
    return call(SYS_WRITE, fd, (intptr_t)buffer, (intptr_t)size);
}

off_t lseek(int fd, off_t offset, int whence) {
    return call(SYS_LSEEK, fd, (intptr_t)offset, whence);
}

int fsync(int fd) {
    return call(SYS_FSYNC, fd, 0, 0);
}

int rename(const char *from, const char *to) {
    return call(SYS_RENAME, (intptr_t)from, (intptr_t)to, 0);
}

int unlink(const char *path) {
    return call(SYS_UNLINK, (intptr_t)path, 0, 0);
}

int rmdir(const char *path) {
    return call(SYS_RMDIR, (intptr_t)path, 0, 0);
}

int mkdir(const char *path, mode_t mode) {
    return call(SYS_MKDIR, (intptr_t)path, (intptr_t)mode, 0);
}

int chdir(const char *path) {
    return call(SYS_CHDIR, (intptr_t)path, 0, 0);
}

char *getcwd(char *buffer, size_t size) {
    return call(SYS_GETCWD, (intptr_t)buffer, (intptr_t)size, 0) < 0 ? NULL : buffer;
}

int stat(const char *path, struct stat *out) {
    // Linux, arch/xtensa/include/uapi/asm/stat.h, struct stat64.
    struct {
        uint64_t device, node;
        uint32_t mode, links, user, group;
        uint64_t special;
        int64_t size;
        uint32_t block_size, unused;
        uint64_t blocks;
        uint32_t times[8];
    } found;
    if (call(SYS_STAT64, (intptr_t)path, (intptr_t)&found, 0) < 0) {
        return -1;
    }
    memset(out, 0, sizeof *out);
    out->st_mode = (mode_t)found.mode;
    out->st_size = (off_t)found.size;
    out->st_mtime = found.times[2];
    return 0;
}

DIR *opendir(const char *path) {
    DIR *dir = m_new_obj(DIR);
    dir->at = dir->size = 0;
    dir->fd = open(path, O_RDONLY);
    return dir->fd < 0 ? NULL : dir;
}

struct dirent *readdir(DIR *dir) {
    if (dir->at >= dir->size) {
        const int size = call(SYS_GETDENTS64, dir->fd, (intptr_t)dir->entries, sizeof dir->entries);
        if (size <= 0) {
            return NULL;
        }
        dir->at = 0;
        dir->size = (size_t)size;
    }
    struct dirent *entry = (struct dirent *)(dir->entries + dir->at);
    dir->at += entry->d_reclen;
    return entry;
}

int closedir(DIR *dir) {
    return close(dir->fd);
}

void leave(int status) {
    call(SYS_EXIT_GROUP, status, 0, 0);
    __builtin_unreachable();
}

void abort(void) {
    leave(134);
}

void mp_hal_delay_us(mp_uint_t us) {
    const uint32_t time[2] = {us / 1000000, us % 1000000 * 1000};
    call(SYS_NANOSLEEP, (intptr_t)time, 0, 0);
}

void mp_hal_delay_ms(mp_uint_t ms) {
    mp_hal_delay_us(1000 * ms);
}

#define MONOTONIC 1

mp_uint_t mp_hal_ticks_us(void) {
    uint32_t time[2];
    call(SYS_CLOCK_GETTIME, MONOTONIC, (intptr_t)time, 0);
    return time[0] * 1000000 + time[1] / 1000;
}

mp_uint_t mp_hal_ticks_ms(void) {
    uint32_t time[2];
    call(SYS_CLOCK_GETTIME, MONOTONIC, (intptr_t)time, 0);
    return time[0] * 1000 + time[1] / 1000000;
}

int mp_hal_stdin_rx_chr(void) {
    char character = 0;
    if (read(STDIN_FILENO, &character, 1) <= 0) {
        leave(0);
    }
    return character;
}

mp_uint_t mp_hal_stdout_tx_strn(const char *text, size_t size) {
    for (size_t done = 0; done < size;) {
        const ssize_t now = write(STDOUT_FILENO, text + done, size - done);
        if (now <= 0) {
            break;
        }
        done += (size_t)now;
    }
    return size;
}
