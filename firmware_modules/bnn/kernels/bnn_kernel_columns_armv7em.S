// Kernels of columns for ARMv7E-M and ARMv8-M with the DSP instructions: Cortex-M4, M7 and M33.
//
// Counting is by carry-save adders (Harley and Seal; see Warren, "Hacker's Delight", 2nd ed., 5-1).

#include "bnn_armv7em.h"

#if defined(BNN_ARMV7EM)
#include "bnn_armv7em.inc"

// uint16_t *bnn_kernel_list(const uint32_t *words, uint32_t count, uint32_t flip, uint32_t entry,
//                           uint16_t *list)
//
// CLZ finds the highest 1 of a word.

.macro list_one
    clz     r6, r5
    lsr     r7, r12, r6
    sub     r6, r3, r6, lsl #2
    strh    r6, [r4], #2
    eors    r5, r7
.endm

    function bnn_kernel_list
    push    {r4-r7, lr}
    ldr     r4, [sp, #20]
    add     r1, r0, r1, lsl #2
    adds    r3, #124 // the entry of the word's highest bit
    mov     r12, #0x80000000
    b       3f
1:  ldr     r5, [r0], #4
    eors    r5, r2
    beq     2f
4:  .rept 3
    list_one
    beq     2f
    .endr
    list_one
    bne     4b
2:  adds    r3, #128
3:  cmp     r0, r1
    bne     1b
    mov     r0, r4
    pop     {r4-r7, pc}
    .size bnn_kernel_list, . - bnn_kernel_list

// uint32_t bnn_kernel_strip32(uintptr_t columns, const uint16_t *list, uint32_t count,
//                             const uint32_t *bases, uint32_t planes)
//
// and the same for 16: bnn_kernel_columns.c says how they count. The counters' digits for 1 to 16 are
// in r2 to r6, those for 32 to 4096 on the stack; r9 to r12 hold carries that wait for a second one.

#define DIGITS 0 // on the stack
#define COUNT 52
#define BASES 56
#define END 60 // of the list
#define FRAME 64
#define PLANES (FRAME + 36) // behind the registers that are pushed

.macro column bits, x
    .if     \bits == 16
    lsr     \x, \x, #1
    ldrh    \x, [r0, \x]
    .else
    ldr     \x, [r0, \x]
    .endif
.endm

// Columns k and l of 32 to digit 0; the carry to `carry`. r8 is lost. Who enters at l has it in r8.
.macro two name, bits, carry, k, l
.L\name\k:
    ldrh    \carry, [r1, #2 * \k]
    ldrh    r8, [r1, #2 * \l]
    column  \bits, \carry
    column  \bits, r8
.L\name\l:
    csa     r2, \carry, r8
.endm

// 4 columns to digits 0 and 1. r7 is lost.
.macro four name, bits, carry, k, l, m, n
    two     \name, \bits, \carry, \k, \l
    two     \name, \bits, r7, \m, \n
    csa     r3, \carry, r7
.endm

// What a digit starts from, of ~count in lr.
.macro start to, i
    sbfx    \to, lr, #(\i + 1), #1
.endm

.macro base bits, to
    .if     \bits == 16
    ldrh    \to, [r1], #2
    .else
    ldr     \to, [r1], #4
    .endif
.endm

.macro strip name, bits
    function \name
    push    {r4-r11, lr}
    ldr     r4, [sp, #36]
    sub     sp, #FRAME
    mvn     lr, r2
    add     r5, r1, r2, lsl #1
    strd    r2, r3, [sp, #COUNT]
    str     r5, [sp, #END]
    .irp    i, 5, 6
    start   r7, \i
    str     r7, [sp, #DIGITS + 4 * \i]
    .endr
    cmp     r4, #8
    bls     1f
    .irp    i, 7, 8, 9, 10, 11, 12
    start   r7, \i
    str     r7, [sp, #DIGITS + 4 * \i]
    .endr
1:  start   r2, 0
    start   r3, 1
    start   r4, 2
    start   r5, 3
    start   r6, 4

    // First what is left over from blocks of 32, by a jump into the block with carries of 0.
    mvn     lr, lr
    ands    lr, #31
    beq     5f
    lsls    r7, lr, #31
    beq     2f
    ldrh    r8, [r1]
    column  \bits, r8
2:  movs    r7, #0
    mov     r9, #0
    mov     r10, #0
    mov     r11, #0
    mov     r12, #0
    add     r1, r1, lr, lsl #1
    subs    r1, #64
    tbh     [pc, lr, lsl #1]
.Ltable\name:
    .hword  0
    .irp    k, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11
    .hword  (.L\name\k - .Ltable\name) / 2
    .endr
    .irp    k, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1
    .hword  (.L\name\k - .Ltable\name) / 2
    .endr
3:  four    \name, \bits, r12, 0, 1, 2, 3
    four    \name, \bits, r9, 4, 5, 6, 7
    csa     r4, r12, r9
    four    \name, \bits, r10, 8, 9, 10, 11
    four    \name, \bits, r9, 12, 13, 14, 15
    csa     r4, r10, r9
    csa     r5, r12, r10
    four    \name, \bits, r11, 16, 17, 18, 19
    four    \name, \bits, r9, 20, 21, 22, 23
    csa     r4, r11, r9
    four    \name, \bits, r10, 24, 25, 26, 27
    four    \name, \bits, r9, 28, 29, 30, 31
    csa     r4, r10, r9
    csa     r5, r11, r10
    csa     r6, r12, r11
    adds    r1, #64

    // The carry r12 of a block to the digits on the stack, while there is any.
    cmp     r12, #0
    .irp    i, 5, 6, 7, 8, 9, 10, 11, 12
    beq     5f
    ldr     r7, [sp, #DIGITS + 4 * \i]
    eor     r7, r12
    str     r7, [sp, #DIGITS + 4 * \i]
    bics    r12, r12, r7
    .endr
5:  ldr     lr, [sp, #END]
    cmp     r1, lr
    bne     3b

    // maj(base, ~digit, low) for each digit but the highest.
    ldrd    r0, r1, [sp, #COUNT]
    stm     sp, {r2-r6}
    ldr     r2, [sp, #PLANES]
    base    \bits, r4
    sbfx    r0, r0, #0, #1
    and     r0, r4
    mov     r3, sp
    subs    r2, #2
7:  base    \bits, r4
    ldr     r5, [r3], #4
    orn     r6, r4, r5
    bic     r4, r4, r5
    and     r0, r6
    orr     r0, r4
    subs    r2, #1
    bne     7b
    base    \bits, r4
    ldr     r5, [r3]
    eor     r0, r4
    mvn     r5, r5
    eor     r0, r5
    .if     \bits == 16
    uxth    r0, r0
    .endif
    add     sp, #FRAME
    pop     {r4-r11, pc}
    .size \name, . - \name
.endm

    strip   bnn_kernel_strip32, 32
    strip   bnn_kernel_strip16, 16

#endif
