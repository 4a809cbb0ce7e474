// Serves tests/lab/kernel_targets.py on stdin and stdout: writes and reads memory and calls
// functions.
//
// A process of Linux: on this computer, or on RV32 without a C library. A command is a word, then
// words: WRITE address size, and the bytes; READ address size; CALL function and 6 arguments; MAP
// address size. READ answers with the bytes, CALL with the result.

#include <stddef.h>
#include <stdint.h>

enum { WRITE = 1, READ = 2, CALL = 3, MAP = 4 };

#ifdef __riscv

typedef long ssize_t;

static long call_linux(long number, long a, long b, long c, long d, long e, long f) {
    register long a0 __asm__("a0") = a;
    register long a1 __asm__("a1") = b;
    register long a2 __asm__("a2") = c;
    register long a3 __asm__("a3") = d;
    register long a4 __asm__("a4") = e;
    register long a5 __asm__("a5") = f;
    register long a7 __asm__("a7") = number;
    __asm__ volatile("ecall"
                     : "+r"(a0)
                     : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7)
                     : "memory");
    return a0;
}

#define PROT_READ 1
#define PROT_WRITE 2
#define MAP_PRIVATE 2
#define MAP_FIXED 0x10
#define MAP_ANONYMOUS 0x20

static ssize_t read(int fd, void *memory, size_t size) {
    return call_linux(63, fd, (long)memory, (long)size, 0, 0, 0);
}

static ssize_t write(int fd, const void *memory, size_t size) {
    return call_linux(64, fd, (long)memory, (long)size, 0, 0, 0);
}

static void *mmap(void *at, size_t size, int access, int flags, int fd, long offset) {
    return (void *)call_linux(222, (long)at, (long)size, access, flags, fd, offset);
}

static void _exit(int status) {
    call_linux(93, status, 0, 0, 0, 0, 0);
}

int main(void);

void _start(void) {
    main();
}

#else
#include <sys/mman.h>
#include <unistd.h>
#endif

// All of the bytes; at the end of stdin the process ends.
static void take(void *memory, size_t size) {
    for (size_t done = 0; done < size;) {
        const ssize_t now = read(0, (uint8_t *)memory + done, size - done);
        if (now <= 0) {
            _exit(0);
        }
        done += (size_t)now;
    }
}

static void give(const void *memory, size_t size) {
    for (size_t done = 0; done < size;) {
        const ssize_t now = write(1, (const uint8_t *)memory + done, size - done);
        if (now <= 0) {
            _exit(1);
        }
        done += (size_t)now;
    }
}

typedef uintptr_t function_t(uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t);

int main(void) {
    while (1) {
        uint32_t command[2], a[6];
        take(command, sizeof command);
        void *address = (void *)(uintptr_t)command[1];
        if (command[0] == CALL) {
            take(a, sizeof a);
            function_t *function = (function_t *)(uintptr_t)command[1];
            const uint32_t result = (uint32_t)function(a[0], a[1], a[2], a[3], a[4], a[5]);
            give(&result, sizeof result);
            continue;
        }
        take(a, sizeof a[0]);
        if (command[0] == WRITE) {
            take(address, a[0]);
        } else if (command[0] == READ) {
            give(address, a[0]);
        } else if (mmap(address, a[0], PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != address) {
            _exit(2);
        }
    }
}
