// Whether somebody uses a thing that only one thread, or core, may use at a time.

#ifndef BUSY_H
#define BUSY_H

#include <stdbool.h>
#include <stdint.h>

typedef volatile uint32_t busy_t;

// Take it; false if it is taken. Without atomic instructions (ARMv6-M) two cores that come within
// some cycles of each other both get it.
static inline bool busy_take(busy_t *busy) {
#if __GCC_ATOMIC_INT_LOCK_FREE == 2
    return __atomic_exchange_n(busy, 1, __ATOMIC_ACQUIRE) == 0;
#else
    const bool is_free = *busy == 0;
    if (is_free) { // else who has it may give it back just now, and nobody would do so again
        *busy = 1;
    }
    return is_free;
#endif
}

static inline void busy_give(busy_t *busy) {
#if __GCC_ATOMIC_INT_LOCK_FREE == 2
    __atomic_store_n(busy, 0, __ATOMIC_RELEASE);
#else
    *busy = 0;
#endif
}

#endif // BUSY_H
