// What a kernel gives: one set per instruction set, chosen at build time, all bit-exact.
//
// A vector of bits is `words` words whose pad bits are 0, in rows too, so that they never differ. A
// vector of bytes is packed in words likewise, 4 to a word, its pad bytes 0; its rows have a bit
// per byte. words >= 1, 1 <= count <= BNN_KERNEL_ROWS.

#ifndef BNN_KERNEL_H
#define BNN_KERNEL_H

#include <stdint.h>

#define BNN_KERNEL_ROWS 64

// Where code is fetched from flash through a cache, the build names a section of RAM for the
// kernels.
#ifdef BNN_KERNEL_SECTION
#define BNN_QUOTED_(text) #text
#define BNN_QUOTED(text) BNN_QUOTED_(text)
#define BNN_KERNEL __attribute__((section(BNN_QUOTED(BNN_KERNEL_SECTION))))
#else
#define BNN_KERNEL
#endif

// The kernel's name, for whoever compares figures.
extern const char bnn_kernel_name[];

// sums[i]: the number of bits of `x` that differ from row i, of `count` rows.
void bnn_kernel_differing(const uint32_t *x, const uint32_t *rows, uint32_t words, uint32_t count,
                          int32_t *sums);

// sums[i]: the sum of the n bytes of `x`, each with the sign that row i gives it: + where its bit
// is 1.
void bnn_kernel_signed_sums(const uint32_t *x, uint32_t n, const uint32_t *rows, uint32_t words,
                            uint32_t count, int32_t *sums);

// Bit i of the result: sample i of 32, two to a word, is at least `threshold`.
uint32_t bnn_kernel_at_least(const uint32_t *samples, int32_t threshold);

// For weights in columns (FORMAT.md, "Columns") an entry of a list is 4 times the number of a
// column, at most 16380.

// Append, in any order within a word, an entry for each 1 in `count` words XOR `flip`: `entry` for
// bit 0, entry + 4 for bit 1, and so on. The new end of the list.
uint16_t *bnn_kernel_list(const uint32_t *words, uint32_t count, uint32_t flip, uint32_t entry,
                          uint16_t *list);

// The outputs of a strip whose columns are of 32 or 16 bits: bit i is 1 where base i + count -
// 2 * (listed columns whose bit i is 1) < 0. `columns` is the address of column 0, which may be
// outside of the file where no entry leads to it; `bases` are `planes` planes, 3 to 14.
uint32_t bnn_kernel_strip32(uintptr_t columns, const uint16_t *list, uint32_t count,
                            const uint32_t *bases, uint32_t planes);
uint32_t bnn_kernel_strip16(uintptr_t columns, const uint16_t *list, uint32_t count,
                            const uint16_t *bases, uint32_t planes);

#endif // BNN_KERNEL_H
