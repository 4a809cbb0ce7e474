// Kernels of int8 inputs for ARMv6-M.

#if defined(__ARM_ARCH_6M__)
#include "bnn_armv6m.inc"

// void bnn_kernel_fill_table(uint16_t table[16][8], const uint32_t *x, uint32_t fours)
//
// Entry [v][k] is the sum of bytes 4k to 4k + 3, signed by the bits of v, plus BIAS; from each entry
// to the next one bit of v changes.

#define BIAS 512

.macro entry change, by, at
    \change r7, \by
    strh    r7, [r0, #\at]
.endm

// Four entries, r7 the first: v = 0, 1, 3, 2 from here, or 2, 3, 1, 0.
.macro entries_up
    strh    r7, [r0]
    entry   adds, r4, 16
    entry   adds, r5, 48
    entry   subs, r4, 32
.endm
.macro entries_down
    strh    r7, [r0, #32]
    entry   adds, r4, 48
    entry   subs, r5, 16
    entry   subs, r4, 0
.endm

    .balign 4
    .global bnn_kernel_fill_table
    .type bnn_kernel_fill_table, %function
    .thumb_func
bnn_kernel_fill_table:
    push    {r4-r7, lr}
1:  mov     r12, r2
    ldmia   r1!, {r3}
    sxtb    r4, r3
    lsls    r5, r3, #16
    asrs    r5, #24
    lsls    r6, r3, #8
    asrs    r6, #24
    asrs    r3, #24
    movs    r7, #(BIAS / 4)
    lsls    r7, #2
    subs    r7, r4
    subs    r7, r5
    subs    r7, r6
    subs    r7, r3
    lsls    r4, #1
    lsls    r5, #1
    lsls    r6, #1
    lsls    r3, #1
    entries_up          // v from 0
    adds    r0, #64
    adds    r7, r6
    entries_down        // v from 4
    adds    r0, #128
    adds    r7, r3
    entries_up          // v from 12
    subs    r0, #64
    subs    r7, r6
    entries_down        // v from 8
    subs    r0, #(128 - 2)
    mov     r2, r12
    subs    r2, #1
    bne     1b
    pop     {r4-r7, pc}
    .size bnn_kernel_fill_table, . - bnn_kernel_fill_table

// void bnn_kernel_add_entries(const uint16_t table[16][8], const uint32_t *row, uint32_t words,
//                             uint32_t count, int32_t *sums, uint32_t fours)

// Entry k of the row's word r3 to its sum r5, of 5 instructions; the nibble stands for 16 times
// itself.
.macro lookup k
    .if \k
    lsrs    r4, r3, #(4 * \k - 4)
    .else
    lsls    r4, r3, #4
    .endif
    ands    r4, r7
    adds    r4, r0
    ldrh    r4, [r4, #2 * \k]
    adds    r5, r4
.endm

    .balign 4
    .global bnn_kernel_add_entries
    .type bnn_kernel_add_entries, %function
    .thumb_func
bnn_kernel_add_entries:
    push    {r4-r7, lr}
    ldr     r4, [sp, #24]
    lsls    r2, #2
    mov     lr, r2
    ldr     r2, [sp, #20]
    lsls    r3, #2
    adds    r3, r2
    mov     r12, r3
    movs    r7, #0xf0
    cmp     r4, #8
    blo     2f
    adds    r6, r0, #2
1:  ldr     r3, [r1]
    add     r1, lr
    ldr     r5, [r2]
    lsls    r4, r3, #4
    ands    r4, r7
    ldrh    r4, [r0, r4]
    adds    r5, r4
    movs    r4, r3
    ands    r4, r7
    ldrh    r4, [r6, r4]
    adds    r5, r4
    .irp k, 7, 6, 5, 4, 3, 2
    lookup  \k
    .endr
    stmia   r2!, {r5}
    cmp     r2, r12
    bne     1b
    pop     {r4-r7, pc}

    // The first entries alone, by a jump over the others.
2:  movs    r6, #10
    muls    r6, r4
    adr     r4, 4f
    adds    r4, #70
    subs    r6, r4, r6
3:  ldr     r3, [r1]
    add     r1, lr
    ldr     r5, [r2]
    mov     pc, r6
    .balign 4
4:  .irp k, 6, 5, 4, 3, 2, 1, 0
    lookup  \k
    .endr
    stmia   r2!, {r5}
    cmp     r2, r12
    bne     3b
    pop     {r4-r7, pc}
    .size bnn_kernel_add_entries, . - bnn_kernel_add_entries

#endif
