// A node's serial port: standard input and output, which are a terminal.
//
// As on an ESP32, what has come waits in a ring of 260 bytes, and Ctrl-C interrupts a program that
// does not read. There an interrupt fills the ring, and drops what does not fit; here the
// interpreter looks every thousand bytecodes, and leaves in the terminal what does not fit.

#include <poll.h>
#include <unistd.h>

#include "py/mphal.h"
#include "py/runtime.h"
#include "py/stream.h"
#include "shared/runtime/interrupt_char.h"
#include "system.h"

#define RING 260
#define LOOK_MS 100 // at most, until pending exceptions are seen to

static uint8_t ring[RING];
static size_t at, held;

static bool ready(int ms) {
    struct pollfd in = {STDIN_FILENO, POLLIN, 0};
    return poll(&in, 1, ms) > 0;
}

void console_wait(int ms) {
    if (held == RING) {
        mp_hal_delay_us(ms ? 1000 : 0);
        return;
    }
    if (!ready(ms < 0 || ms > LOOK_MS ? LOOK_MS : ms)) {
        return;
    }
    uint8_t part[RING];
    const ssize_t size = read(STDIN_FILENO, part, RING - held);
    if (size <= 0) {
        leave(0); // nobody holds the other end any more
    }
    for (ssize_t i = 0; i < size; i++) {
        if (part[i] == mp_interrupt_char) {
            mp_sched_keyboard_interrupt();
        } else {
            ring[(at + held++) % RING] = part[i];
        }
    }
}

uintptr_t mp_hal_stdio_poll(uintptr_t flags) {
    console_wait(0);
    return (held ? flags & MP_STREAM_POLL_RD : 0) | (flags & MP_STREAM_POLL_WR);
}

int mp_hal_stdin_rx_chr(void) {
    while (!held) {
        mp_handle_pending(true);
        console_wait(LOOK_MS);
    }
    const int character = ring[at];
    at = (at + 1) % RING;
    held--;
    return character;
}

void mp_hal_delay_ms(mp_uint_t ms) {
    const mp_uint_t start = mp_hal_ticks_ms();
    while (true) {
        mp_handle_pending(true);
        const mp_uint_t gone = mp_hal_ticks_ms() - start;
        if (gone >= ms) {
            return;
        }
        console_wait((int)(ms - gone));
    }
}
