// Directories, which Debian's C libraries for these lack.

#ifndef QEMU_USER_DIRENT_H
#define QEMU_USER_DIRENT_H

#include <stddef.h>
#include <stdint.h>

#define DT_DIR 4
#define DT_REG 8

// As the system call getdents64 gives it.
struct dirent {
    uint64_t d_ino;
    uint64_t d_off;
    uint16_t d_reclen;
    uint8_t d_type;
    char d_name[];
};

typedef struct {
    int fd;
    size_t at, size;
    _Alignas(8) char entries[2048];
} DIR;

DIR *opendir(const char *path);
struct dirent *readdir(DIR *dir);
int closedir(DIR *dir);

#endif // QEMU_USER_DIRENT_H
