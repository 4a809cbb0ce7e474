// Kernels of int8 inputs for ARMv7E-M and ARMv8-M with the DSP instructions: Cortex-M4, M7 and M33.

#include "bnn_armv7em.h"

#if defined(BNN_ARMV7EM)
#include "bnn_armv7em.inc"

// void bnn_kernel_fill_tables(int16_t tables[128], const int8_t x[16])
//
// Three tables: of the sums of bytes 0 to 5, 6 to 10 and 11 to 15. Entry v has bytes signed by the
// bits of v. Two entries to a word, of which the first byte's sign is the difference.

// Twice a byte, in both halves.
.macro twice to, at
    ldrsb   \to, [r1, #\at]
    add     r12, \to
    lsl     \to, \to, #1
    pkhbt   \to, \to, \to, lsl #16
.endm

.macro four_more change, by
    .irp    word, r2, r3, r4, r5
    \change \word, \word, \by
    .endr
    stmia   r0!, {r2-r5}
.endm

// 16 words, of which r2 to r5 are the first: the signs of bytes 3 and 4 change.
.macro sixteen_words
    stmia   r0!, {r2-r5}
    four_more sadd16, r8
    ssub16  lr, r9, r8
    four_more sadd16, lr
    four_more sadd16, r8
.endm

.macro table at
    ldrsb   lr, [r1, #\at]
    mov     r12, lr
    twice   r6, \at + 1
    twice   r7, \at + 2
    twice   r8, \at + 3
    twice   r9, \at + 4
.endm
// All signs -, and that of the first byte +.
.macro table_start
    rsb     r12, r12, #0
    add     lr, r12, lr, lsl #1
    pkhbt   r2, r12, lr, lsl #16
    sadd16  r3, r2, r6
    sadd16  r4, r2, r7
    sadd16  r5, r3, r7
.endm

    function bnn_kernel_fill_tables
    push    {r4-r10, lr}
    table   0
    twice   r10, 5
    table_start
    sixteen_words
    ssub16  lr, r10, r9
    ssub16  lr, lr, r8
    .irp    word, r2, r3, r4, r5
    sadd16  \word, \word, lr
    .endr
    sixteen_words
    .irp    at, 6, 11
    table   \at
    table_start
    sixteen_words
    .endr
    pop     {r4-r10, pc}
    .size bnn_kernel_fill_tables, . - bnn_kernel_fill_tables

// void bnn_kernel_add_16(const int16_t tables[128], const uint32_t *row, uint32_t words,
//                        uint32_t count, int32_t *sums)
//
// Add what the tables give for the lower half of a word of each row.

// Bits from `at` on of the row's word r8, of a table.
.macro lookup to, table, at, bits
    ubfx    \to, r8, #\at, #\bits
    ldrsh   \to, [\table, \to, lsl #1]
.endm

    function bnn_kernel_add_16
    ldr     r12, [sp]
    push    {r4-r8, lr}
    add     r3, r12, r3, lsl #2
    lsls    r2, #2
    add     r4, r0, #128
    add     r5, r0, #192
1:  ldr     r8, [r1]
    add     r1, r2
    lookup  r6, r0, 0, 6
    lookup  r7, r4, 6, 5
    lookup  lr, r5, 11, 5
    ldr     r8, [r12]
    add     r6, r7
    add     r6, lr
    add     r6, r8
    str     r6, [r12], #4
    cmp     r12, r3
    bne     1b
    pop     {r4-r8, pc}
    .size bnn_kernel_add_16, . - bnn_kernel_add_16

// void bnn_kernel_add_32(const int16_t tables[256], const uint32_t *row, uint32_t words,
//                        uint32_t count, int32_t *sums)
//
// The same for a word of each row.

    function bnn_kernel_add_32
    ldr     r12, [sp]
    push    {r4-r11, lr}
    add     r3, r12, r3, lsl #2
    push    {r3}
    lsls    r2, #2
    add     r4, r0, #128
    add     r5, r0, #192
    add     r9, r0, #256
    add     r10, r0, #384
    add     r11, r0, #448
1:  ldr     r8, [r1]
    add     r1, r2
    ldr     r3, [r12]
    lookup  r6, r0, 0, 6
    lookup  r7, r4, 6, 5
    lookup  lr, r5, 11, 5
    add     r3, r6
    lookup  r6, r9, 16, 6
    add     r3, r7
    lookup  r7, r10, 22, 5
    add     r3, lr
    lsr     lr, r8, #27
    ldrsh   lr, [r11, lr, lsl #1]
    add     r3, r6
    ldr     r6, [sp]
    add     r3, r7
    add     r3, lr
    str     r3, [r12], #4
    cmp     r12, r6
    bne     1b
    add     sp, #4
    pop     {r4-r11, pc}
    .size bnn_kernel_add_32, . - bnn_kernel_add_32

#endif
