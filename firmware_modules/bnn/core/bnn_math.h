// Division, roots and logarithms of sums that are wider than a word, without a 64-bit division.

#ifndef BNN_MATH_H
#define BNN_MATH_H

#include <stdint.h>

// v / n, rounded down, for n above 0.
int32_t bnn_divide_down(int32_t v, int32_t n);

// The root of abs(total) / n, rounded down, with the sign of total: of a mean product. n is 1 to
// 65535, and total at most n * 2^30 either way.
int32_t bnn_root(int64_t total, uint32_t n);

// 256 * log2(v), rounded down but for steps of its fraction; 0 for 0.
int32_t bnn_log2_256(uint64_t v);

#endif // BNN_MATH_H
