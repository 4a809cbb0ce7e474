// The kernels: one set per instruction set, chosen at build time, all bit-exact.
//
// A binary vector is `words` words with pad bits 0, in rows too, so that pad bits never differ. An
// int8 vector has 4 values to a word, its pad bytes 0; its rows have a bit per value. words >= 1,
// 1 <= count <= BNN_KERNEL_ROWS.

#ifndef BNN_KERNEL_H
#define BNN_KERNEL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

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

// The kernels' name, such as "portable".
extern const char bnn_kernel_name[];

// sums[i]: the number of bits of `x`, [words], that differ from row i of `rows`, [count][words].
void bnn_kernel_differing(const uint32_t *x, const uint32_t *rows, uint32_t words, uint32_t count,
                          int32_t *sums);

// sums[i]: the sum of the int8 values `x`, [n], each with the sign of its bit in row i of `rows`,
// [count][words]: + where the bit is 1.
void bnn_kernel_signed_sums(const uint32_t *x, uint32_t n, const uint32_t *rows, uint32_t words,
                            uint32_t count, int32_t *sums);

// Bit i of the result: sample i of `samples`, int16 [32], two to a word, is at least `threshold`.
uint32_t bnn_kernel_at_least(const uint32_t *samples, int32_t threshold);

// For weights in columns (FORMAT.md, "Columns") an entry of a list is 4 times the number of a
// column, at most 16380.

// Append, in any order within a word, an entry for each 1 in `count` words XOR `flip`: `entry` for
// bit 0, entry + 4 for bit 1, and so on. Returns the new end of the list.
uint16_t *bnn_kernel_list(const uint32_t *words, uint32_t count, uint32_t flip, uint32_t entry,
                          uint16_t *list);

// The outputs of a strip with columns of 32 or 16 bits: bit i is 1 where base i + count - 2 *
// (listed columns whose bit i is 1) < 0. `columns` is the address of column 0, which may be outside
// of the file if it is not listed; `list` is [count]; `bases` is [planes], 3 to 14 bit planes.
uint32_t bnn_kernel_strip32(uintptr_t columns, const uint16_t *list, uint32_t count,
                            const uint32_t *bases, uint32_t planes);
uint32_t bnn_kernel_strip16(uintptr_t columns, const uint16_t *list, uint32_t count,
                            const uint16_t *bases, uint32_t planes);

#ifdef __cplusplus
}
#endif

#endif // BNN_KERNEL_H
