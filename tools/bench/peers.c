// What tools/bench/kernels.py measures beside the kernels: what one would write without them.

#pragma GCC optimize("O2")

#include <stdint.h>

#ifdef __XTENSA__
// __builtin_popcount calls this, and there is no libgcc for the windowed ABI.
int __popcountsi2(uint32_t v) {
    v -= (v >> 1) & 0x55555555u;
    v = (v & 0x33333333u) + ((v >> 2) & 0x33333333u);
    return (int)((((v + (v >> 4)) & 0x0f0f0f0fu) * 0x01010101u) >> 24);
}
#endif

// Bits of x that differ from each row: XOR and the compiler's popcount, a neuron at a time.
void peer_popcount(const uint32_t *x, const uint32_t *rows, uint32_t words, uint32_t count,
                   int32_t *sums) {
    while (count--) {
        int32_t sum = 0;
        for (uint32_t i = 0; i < words; i++) {
            sum += __builtin_popcount(x[i] ^ *rows++);
        }
        *sums++ = sum;
    }
}

// An int8 layer as libraries for such cores do it in C: four rows at a time, with the zero point of
// the input added to each of its bytes. `count` is a multiple of 4. (Of one to four rows at a time,
// by pointers or by index, at -O2 and -O3, this is the fastest on the Cortex-M0+.)
void peer_int8(const int8_t *x, const int8_t *rows, uint32_t n, uint32_t count, int32_t zero,
               int32_t *sums) {
    for (; count; count -= 4, rows += 4 * n, sums += 4) {
        const int8_t *b = rows + n, *c = b + n, *d = c + n;
        int32_t sum_a = 0, sum_b = 0, sum_c = 0, sum_d = 0;
        for (uint32_t i = 0; i < n; i++) {
            const int32_t value = x[i] + zero;
            sum_a += value * rows[i];
            sum_b += value * b[i];
            sum_c += value * c[i];
            sum_d += value * d[i];
        }
        sums[0] = sum_a;
        sums[1] = sum_b;
        sums[2] = sum_c;
        sums[3] = sum_d;
    }
}
