// The room in a filesystem, which Debian's C libraries for these lack.

#ifndef QEMU_USER_STATVFS_H
#define QEMU_USER_STATVFS_H

struct statvfs {
    unsigned long f_bsize, f_frsize, f_blocks, f_bfree, f_bavail;
    unsigned long f_files, f_ffree, f_favail, f_flag, f_namemax;
};

int statvfs(const char *path, struct statvfs *out);

#endif // QEMU_USER_STATVFS_H
