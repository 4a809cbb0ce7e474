// What a kernel gives: one file per instruction set, chosen at build time, all bit-exact.
//
// Vectors are `words` words of packed bits whose pad bits are 0 on both sides, so that they never
// differ. words >= 1.

#ifndef BNN_KERNEL_H
#define BNN_KERNEL_H

#include <stdint.h>

// The kernel's name, for whoever compares figures.
extern const char bnn_kernel_name[];

// Number of bits that differ between a and b.
uint32_t bnn_kernel_mismatches(const uint32_t *a, const uint32_t *b, uint32_t words);

// Dense layer: bit i of `out` is 1 where `x` and row i differ in fewer than limits[i] bits. Writes
// ceil(outputs / 32) words, pad bits 0.
void bnn_kernel_dense(const uint32_t *x, const uint32_t *rows, uint32_t words,
                      const uint16_t *limits, uint32_t outputs, uint32_t *out);

#endif // BNN_KERNEL_H
