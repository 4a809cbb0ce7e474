// What GCC calls for integers where the instruction set has no single instruction that GCC 12 of
// Debian knows of: its libgcc is there for the call0 ABI alone. On the ESP32's own compiler, which
// knows the division instructions, these are inlined.

#include <stdint.h>

#define DIVIDE(name, instruction, type)                                                            \
    type name(type a, type b);                                                                     \
    type name(type a, type b) {                                                                    \
        __asm__(instruction " %0, %1, %2" : "=r"(a) : "r"(a), "r"(b));                             \
        return a;                                                                                  \
    }

DIVIDE(__divsi3, "quos", int32_t)
DIVIDE(__modsi3, "rems", int32_t)
DIVIDE(__udivsi3, "quou", uint32_t)
DIVIDE(__umodsi3, "remu", uint32_t)

// The product modulo 2^64, by products of 16 bits.
int64_t __muldi3(int64_t a, int64_t b);
int64_t __muldi3(int64_t a, int64_t b) {
    const uint32_t a0 = (uint32_t)a, a1 = (uint32_t)((uint64_t)a >> 32);
    const uint32_t b0 = (uint32_t)b, b1 = (uint32_t)((uint64_t)b >> 32);
    const uint32_t low = (a0 & 0xffff) * (b0 & 0xffff);
    const uint32_t one = (a0 >> 16) * (b0 & 0xffff) + (low >> 16); // at most 2^32 - 1
    const uint32_t other = (a0 & 0xffff) * (b0 >> 16) + (one & 0xffff);
    const uint32_t high = (a0 >> 16) * (b0 >> 16) + (one >> 16) + (other >> 16) + a0 * b1 + a1 * b0;
    return (int64_t)((uint64_t)high << 32 | (other << 16 | (low & 0xffff)));
}
