// Kernels of rows for ARMv7E-M and ARMv8-M with the DSP instructions: Cortex-M4, M7 and M33.

#include "bnn_armv7em.h"

#if defined(BNN_ARMV7EM)
#include "bnn_armv7em.inc"

// uint32_t bnn_kernel_at_least(const uint32_t *samples, int32_t threshold)
//
// Both halves of a word at once: a difference sets the GE flags, which select bits 0 and 16. Bits of
// even samples gather below, those of odd ones above.

.macro two_samples to, at
    ldr     r12, [r0, #\at]
    ssub16  r12, r12, r1
    sel     r12, r3, r2
    .if     \at % 32 == 28
    mov     \to, r12
    .else
    orr     \to, r12, \to, lsl #2
    .endif
.endm

    function bnn_kernel_at_least
    push    {r4, lr}
    pkhbt   r1, r1, r1, lsl #16
    movs    r2, #0
    mov     r3, #0x00010001
    .irp    at, 28, 24, 20, 16, 12, 8, 4, 0
    two_samples r4, \at
    .endr
    .irp    at, 60, 56, 52, 48, 44, 40, 36, 32
    two_samples lr, \at
    .endr
    orr     r4, r4, r4, lsr #15
    orr     lr, lr, lr, lsr #15
    pkhbt   r0, r4, lr, lsl #16
    pop     {r4, pc}
    .size bnn_kernel_at_least, . - bnn_kernel_at_least

// void bnn_kernel_differing(const uint32_t *x, const uint32_t *rows, uint32_t words, uint32_t count,
//                           int32_t *sums)
//
// Population count by pairs, nibbles and bytes (Warren, 5-1), where USADA8 adds up the bytes; over
// blocks of 8 words by carry-save adders first.

// The number of 1 bits in each nibble of v.
.macro nibbles v, temporary
    and     \temporary, \v, #0xaaaaaaaa
    sub     \v, \v, \temporary, lsr #1
    and     \temporary, \v, #0xcccccccc
    and     \v, \v, #0x33333333
    add     \v, \v, \temporary, lsr #2
.endm

// The number of 1 bits in v, added to sum; zero holds 0.
.macro count sum, v, zero, temporary
    nibbles \v, \temporary
    add     \v, \v, \v, lsr #4
    and     \v, \v, #0x0f0f0f0f
    usada8  \sum, \v, \zero, \sum
.endm

// The number of 1 bits in v and w, both lost, added to sum.
.macro count_two sum, v, w, zero, temporary
    nibbles \v, \temporary
    nibbles \w, \temporary
    add     \v, \w
    and     \temporary, \v, #0xf0f0f0f0
    and     \v, \v, #0x0f0f0f0f
    add     \v, \v, \temporary, lsr #4
    usada8  \sum, \v, \zero, \sum
.endm

// The next two words of x, which differ from the row's, to a and b.
.macro two_words a, b
    ldrd    \a, \b, [r0], #8
    ldrd    r12, lr, [r1], #8
    eor     \a, r12
    eor     \b, lr
.endm

.macro pair carry
    two_words \carry, r8
    csa     r4, \carry, r8
.endm

#define X 0 // on the stack, then `words`
#define SUMS 8
#define END 12

    function bnn_kernel_differing
    ldr     r12, [sp]
    push    {r4-r11, lr}
    add     r3, r12, r3, lsl #2
    sub     sp, #16
    cmp     r2, #2
    blo     7f
    beq     8f
    strd    r0, r2, [sp, #X]
    strd    r12, r3, [sp, #SUMS]
    movs    r3, #0
1:  ldrd    r0, r2, [sp, #X]
    mov     r11, #0
    subs    r2, #8
    blo     3f
    movs    r4, #0
    movs    r5, #0
    movs    r6, #0
2:  pair    r9
    pair    r7
    csa     r5, r9, r7
    pair    r10
    pair    r7
    csa     r5, r10, r7
    csa     r6, r9, r10
    count   r11, r9, r3, r7
    subs    r2, #8
    bhs     2b
    lsl     r11, #1
    count   r11, r6, r3, r7
    lsl     r11, #1
    count   r11, r5, r3, r7
    lsl     r11, #1
    count   r11, r4, r3, r7
3:  adds    r2, #6
    bmi     5f
4:  two_words r7, r8
    count_two r11, r7, r8, r3, r9
    subs    r2, #2
    bpl     4b
5:  lsls    r2, #31
    beq     6f
    ldr     r7, [r0]
    ldr     r8, [r1], #4
    eor     r7, r8
    count   r11, r7, r3, r8
6:  ldrd    r0, r2, [sp, #SUMS]
    str     r11, [r0], #4
    str     r0, [sp, #SUMS]
    cmp     r0, r2
    bne     1b
    b       9f

    // Rows of a word, and of two: x stays in registers.
7:  movs    r2, #0
    ldr     r0, [r0]
1:  ldr     r4, [r1], #4
    movs    r5, #0
    eor     r4, r0
    count   r5, r4, r2, r6
    str     r5, [r12], #4
    cmp     r12, r3
    bne     1b
    b       9f
8:  movs    r2, #0
    ldrd    r0, r7, [r0]
1:  ldrd    r4, r6, [r1], #8
    movs    r5, #0
    eor     r4, r0
    eor     r6, r7
    count_two r5, r4, r6, r2, r8
    str     r5, [r12], #4
    cmp     r12, r3
    bne     1b
9:  add     sp, #16
    pop     {r4-r11, pc}
    .size bnn_kernel_differing, . - bnn_kernel_differing

#endif
