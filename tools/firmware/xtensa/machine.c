// Serves tools/firmware/xtensa_toolchain.py on stdin and stdout: writes and reads memory and calls functions.
//
// A command is a word, then words: WRITE address size, and the bytes; READ address size; CALL
// function and 6 arguments. READ answers with the bytes, CALL with the result and two counts.

#include <stddef.h>
#include <stdint.h>

enum { WRITE = 1, READ = 2, CALL = 3 };

// Of the simulator (Tensilica's ISS).
enum { SIM_EXIT = 1, SIM_READ = 3, SIM_WRITE = 4 };

uint32_t timed(uint32_t function, const uint32_t *arguments, uint32_t *counts);

static int call_simulator(int number, int fd, void *memory, size_t size) {
    register int a2 __asm__("a2") = number;
    register int a3 __asm__("a3") = fd;
    register void *a4 __asm__("a4") = memory;
    register size_t a5 __asm__("a5") = size;
    __asm__ volatile("simcall" : "+r"(a2), "+r"(a3) : "r"(a4), "r"(a5) : "memory");
    return a2;
}

// All of the bytes; at the end of stdin the machine stops.
static void transfer(int number, int fd, uint32_t address, size_t size) {
    for (size_t done = 0; done < size;) {
        const int now = call_simulator(number, fd, (uint8_t *)address + done, size - done);
        if (now <= 0) {
            call_simulator(SIM_EXIT, 0, NULL, 0);
        }
        done += (size_t)now;
    }
}

static uint32_t take(void) {
    uint32_t word;
    transfer(SIM_READ, 0, (uint32_t)&word, sizeof word);
    return word;
}

void serve(void) {
    while (1) {
        const uint32_t command = take(), address = take();
        if (command == CALL) {
            uint32_t arguments[6], answer[3];
            transfer(SIM_READ, 0, (uint32_t)arguments, sizeof arguments);
            answer[0] = timed(address, arguments, &answer[1]);
            transfer(SIM_WRITE, 1, (uint32_t)answer, sizeof answer);
        } else {
            const uint32_t size = take();
            transfer(command == WRITE ? SIM_READ : SIM_WRITE, command == READ, address, size);
        }
    }
}
