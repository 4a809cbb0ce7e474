// Rows over int8 inputs: tables of the sums of four of them with either sign.

#include "bnn_armv7em.h"
#include "bnn_kernel.h"

#if defined(BNN_ARMV7EM) // bnn_kernel_bytes_armv7em.S

void bnn_kernel_fill_tables(int16_t *tables, const uint32_t *x);
void bnn_kernel_add_16(const int16_t *tables, const uint32_t *row, uint32_t words, uint32_t count,
                       int32_t *sums);
void bnn_kernel_add_32(const int16_t *tables, const uint32_t *row, uint32_t words, uint32_t count,
                       int32_t *sums);

BNN_KERNEL
void bnn_kernel_signed_sums(const uint32_t *x, uint32_t n, const uint32_t *rows, uint32_t words,
                            uint32_t count, int32_t *sums) {
    int16_t tables[2 * 128] __attribute__((aligned(4))); // each 128: sums of 6, 5 and 5 inputs
    uint32_t last[8];
    for (uint32_t i = 0; i < count; i++) {
        sums[i] = 0;
    }
    for (uint32_t fours = (n + 3) / 4, some; fours; fours -= some, x += some, rows++) {
        const uint32_t *eight = x;
        some = fours < 8 ? fours : 8;
        if (some < 8) {
            for (uint32_t i = 0; i < 8; i++) {
                last[i] = i < some ? x[i] : 0;
            }
            eight = last;
        }
        bnn_kernel_fill_tables(tables, eight);
        if (some <= 4) {
            bnn_kernel_add_16(tables, rows, words, count, sums);
            break;
        }
        bnn_kernel_fill_tables(tables + 128, eight + 4);
        bnn_kernel_add_32(tables, rows, words, count, sums);
    }
}

#else

// For 32 bytes at most, in fours: entry [k][v], or [v][k] on ARMv6-M, is the sum of bytes 4k to
// 4k + 3, signed by the bits of v, plus BIAS to make it unsigned, which Thumb loads in one
// instruction less.
#define BIAS 512

#if defined(__ARM_ARCH_6M__) // bnn_kernel_bytes_armv6m.S

typedef uint16_t table_t[16][8];

void bnn_kernel_fill_table(table_t table, const uint32_t *x, uint32_t fours);
void bnn_kernel_add_entries(table_t table, const uint32_t *row, uint32_t words, uint32_t count,
                            int32_t *sums, uint32_t fours);

#else

typedef uint16_t table_t[8][16];

// Entries 0 to 3 from `line` on: the first two bytes with either sign.
static inline void fill_lines(uint16_t *line, uint32_t none, uint32_t first, uint32_t second) {
    line[0] = (uint16_t)none;
    line[1] = (uint16_t)(none + first);
    line[2] = (uint16_t)(none + second);
    line[3] = (uint16_t)(none + second + first);
}

BNN_KERNEL
static void bnn_kernel_fill_table(table_t table, const uint32_t *x, uint32_t fours) {
    for (uint32_t k = 0; k < fours; k++) {
        const uint32_t four = *x++;
        const uint32_t a = (uint32_t)(int8_t)four, b = (uint32_t)(int8_t)(four >> 8);
        const uint32_t c = (uint32_t)(int8_t)(four >> 16), d = (uint32_t)(int8_t)(four >> 24);
        const uint32_t none = BIAS - a - b - c - d;
        uint16_t *line = table[k];
        fill_lines(line, none, 2 * a, 2 * b);
        fill_lines(line + 4, none + 2 * c, 2 * a, 2 * b);
        fill_lines(line + 8, none + 2 * d, 2 * a, 2 * b);
        fill_lines(line + 12, none + 2 * c + 2 * d, 2 * a, 2 * b);
    }
}

// Add what the first `fours` of a table give for one word of each row.
BNN_KERNEL
__attribute__((noinline)) // inlined, GCC computes the table's place on the stack for each entry
static void bnn_kernel_add_entries(table_t table, const uint32_t *row, uint32_t words,
                                   uint32_t count, int32_t *sums, uint32_t fours) {
    for (; count; count--, row += words, sums++) {
        const uint32_t bits = *row;
        if (fours == 8) {
            *sums += table[0][bits & 15] + table[1][bits >> 4 & 15] + table[2][bits >> 8 & 15] +
                     table[3][bits >> 12 & 15] + table[4][bits >> 16 & 15] +
                     table[5][bits >> 20 & 15] + table[6][bits >> 24 & 15] + table[7][bits >> 28];
            continue;
        }
        for (uint32_t k = 0; k < fours; k++) {
            *sums += table[k][bits >> 4 * k & 15];
        }
    }
}

#endif

BNN_KERNEL
void bnn_kernel_signed_sums(const uint32_t *x, uint32_t n, const uint32_t *rows, uint32_t words,
                            uint32_t count, int32_t *sums) {
    table_t table;
    uint32_t fours = (n + 3) / 4;
    for (uint32_t i = 0; i < count; i++) {
        sums[i] = -BIAS * (int32_t)fours;
    }
    for (uint32_t some; fours; fours -= some, x += some, rows++) {
        some = fours < 8 ? fours : 8;
        bnn_kernel_fill_table(table, x, some);
        bnn_kernel_add_entries(table, rows, words, count, sums, some);
    }
}

#endif
