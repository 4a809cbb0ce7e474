// Waiting for files, which Debian's C libraries for these lack.

#ifndef QEMU_USER_POLL_H
#define QEMU_USER_POLL_H

#define POLLIN 1
#define POLLPRI 2
#define POLLOUT 4
#define POLLERR 8
#define POLLHUP 16
#define POLLNVAL 32

struct pollfd {
    int fd;
    short events, revents;
};

typedef unsigned nfds_t;

// Of the `count` files, how many are ready, within `ms` milliseconds; without an end for ms < 0.
int poll(struct pollfd *each, nfds_t count, int ms);

#endif // QEMU_USER_POLL_H
