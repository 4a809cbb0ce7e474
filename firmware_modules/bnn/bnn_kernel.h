// What a kernel gives: one file per instruction set, chosen at build time, all bit-exact.
//
// A vector of bits is `words` words whose pad bits are 0, in rows too, so that they never differ. A
// vector of bytes is packed in words likewise, 4 to a word, its pad bytes 0; its rows have a bit
// per byte. words >= 1, 1 <= count <= BNN_KERNEL_ROWS.

#ifndef BNN_KERNEL_H
#define BNN_KERNEL_H

#include <stdint.h>

#define BNN_KERNEL_ROWS 32

// The kernel's name, for whoever compares figures.
extern const char bnn_kernel_name[];

// sums[i]: the number of bits of `x` that differ from row i, of `count` rows.
void bnn_kernel_differing(const uint32_t *x, const uint32_t *rows, uint32_t words, uint32_t count,
                          int32_t *sums);

// sums[i]: the sum of the n bytes of `x`, each with the sign that row i gives it: + where its bit
// is 1.
void bnn_kernel_signed_sums(const uint32_t *x, uint32_t n, const uint32_t *rows, uint32_t words,
                            uint32_t count, int32_t *sums);

#endif // BNN_KERNEL_H
