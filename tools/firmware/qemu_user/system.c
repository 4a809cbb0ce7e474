// What MicroPython asks of a C library and a system, by the Linux system calls that qemu carries
// out.

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "linux.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "system.h"

static int last_error;

int *get_errno(void) {
    return &last_error;
}

intptr_t result(intptr_t answer) {
    if (answer < 0) {
        last_error = -answer;
        return -1;
    }
    return answer;
}

intptr_t call(intptr_t number, intptr_t first, intptr_t second, intptr_t third) {
    return result(system_call(number, first, second, third, 0, 0));
}

int close(int fd) {
    return call(numbers.close, fd, 0, 0);
}

ssize_t read(int fd, void *buffer, size_t size) {
    return call(numbers.read, fd, (intptr_t)buffer, (intptr_t)size);
}

ssize_t write(int fd, const void *buffer, size_t size) {
    return call(numbers.write, fd, (intptr_t)buffer, (intptr_t)size);
}

int fsync(int fd) {
    return call(numbers.fsync, fd, 0, 0);
}

int chdir(const char *path) {
    return call(numbers.chdir, (intptr_t)INSIDE(path), 0, 0);
}

#ifdef NODE
const char *inside(const char *path, char *buffer) {
    if (path[0] != '/' || strlen(root) + strlen(path) >= PATH_BYTES) {
        return path; // relative, or so long that there is no such file
    }
    return strcat(strcpy(buffer, root), path);
}

char *getcwd(char *buffer, size_t size) {
    char whole[PATH_BYTES];
    if (call(numbers.getcwd, (intptr_t)whole, sizeof whole, 0) < 0) {
        return NULL;
    }
    const char *path = whole + strlen(root);
    return strncpy(buffer, *path ? path : "/", size);
}
#else
char *getcwd(char *buffer, size_t size) {
    return call(numbers.getcwd, (intptr_t)buffer, (intptr_t)size, 0) < 0 ? NULL : buffer;
}
#endif

DIR *opendir(const char *path) {
    DIR *dir = m_new_obj(DIR);
    dir->at = dir->size = 0;
    dir->fd = open(path, O_RDONLY);
    return dir->fd < 0 ? NULL : dir;
}

struct dirent *readdir(DIR *dir) {
    if (dir->at >= dir->size) {
        const intptr_t entries = (intptr_t)dir->entries;
        const int size = call(numbers.getdents64, dir->fd, entries, sizeof dir->entries);
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
    call(numbers.exit_group, status, 0, 0);
    __builtin_unreachable();
}

void abort(void) {
    leave(134);
}

void mp_hal_delay_us(mp_uint_t us) {
    pause_for((struct moment){us / 1000000, us % 1000000 * 1000});
}

mp_uint_t mp_hal_ticks_us(void) {
    const struct moment now = monotonic();
    return now.seconds * 1000000 + now.nanoseconds / 1000;
}

mp_uint_t mp_hal_ticks_ms(void) {
    const struct moment now = monotonic();
    return now.seconds * 1000 + now.nanoseconds / 1000000;
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

#ifndef NODE
void mp_hal_delay_ms(mp_uint_t ms) {
    mp_hal_delay_us(1000 * ms);
}

int mp_hal_stdin_rx_chr(void) {
    char character = 0;
    if (read(STDIN_FILENO, &character, 1) <= 0) {
        leave(0);
    }
    return character;
}
#endif
