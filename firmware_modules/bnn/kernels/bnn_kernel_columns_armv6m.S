// Kernels of columns for ARMv6-M.
//
// Counting is by carry-save adders (Harley and Seal; see Warren, "Hacker's Delight", 2nd ed., 5-1),
// of 5 instructions each and without a register of their own.

#if defined(__ARM_ARCH_6M__)
#include "bnn_armv6m.inc"

// sum += a + b in each bit; the carry to a. b is lost.
.macro csa sum, a, b
    eors    \b, \a
    eors    \sum, \b
    bics    \a, \b
    bics    \b, \sum
    orrs    \a, \b
.endm

// uint16_t *bnn_kernel_list(const uint32_t *words, uint32_t count, uint32_t flip, uint32_t entry,
//                           uint16_t *list)
//
// From the highest bit of a word down. A shift by two leaves one bit in the carry and the next in the
// sign; additions to high registers keep both.

.macro list_two
    bcc     2f
    strh    r1, [r2]
    add     r2, r12
2:  bpl     3f
    subs    r3, r1, #4
    strh    r3, [r2]
    adds    r2, #2
3:  subs    r1, #8
.endm

    .balign 4
    .global bnn_kernel_list
    .type bnn_kernel_list, %function
    .thumb_func
bnn_kernel_list:
    push    {r4-r7, lr}
    movs    r5, r0
    lsls    r6, r1, #2
    adds    r6, r0
    movs    r7, r2
    ldr     r2, [sp, #20]
    adds    r3, #124
    mov     lr, r3 // the entry of the word's highest bit
    movs    r4, #2
    mov     r12, r4
    b       6f
4:  ldmia   r5!, {r0}
    mov     r1, lr
    movs    r3, #128
    add     lr, r3
    eors    r0, r7
    beq     6f
5:  lsls    r4, r0, #1
    list_two
    .rept 7
    lsls    r4, #2
    list_two
    .endr
    lsls    r0, #16
    bne     5b
6:  cmp     r5, r6
    bne     4b
    movs    r0, r2
    pop     {r4-r7, pc}
    .size bnn_kernel_list, . - bnn_kernel_list

// uint32_t bnn_kernel_strip32(uintptr_t columns, const uint16_t *list, uint32_t count,
//                             const uint32_t *bases, uint32_t planes)    and strip16
//
// Counters of all outputs side by side: digit 0 in r4, 1 in r6, 2 in r8, 3 in r9, 4 in r11, 5 in
// r12, 6 in lr, the others from STACKED on. They start at C = ~(count / 2), so that the bits of ~C,
// one digit up, are those of count - 2 * C but its lowest, which is that of count. What is wanted is
// the highest digit of the sum with the bases.

#define STACKED 28 // below are 7 words for the counters in registers, when they are compared
#define END 60     // of the list
#define COUNT 64
#define BASES 68
#define BODY 72 // of the loop for this unit
#define FRAME 76
#define TABLE 16 // bytes of the table before the loop
#define SAVED 36 // bytes of registers that are pushed before the frame

// All bits of r are bit i of r7.
.macro spread r, i
    lsls    \r, r7, #(31 - \i)
    asrs    \r, #31
.endm

// Behind the push of r4 to r7 and lr; r4 is the loop.
strip_begin:
    mov     r5, r9
    mov     r6, r10
    mov     r7, r11
    push    {r5-r7}
    mov     r7, r8
    push    {r7}
    sub     sp, #FRAME
    str     r4, [sp, #BODY]
    str     r2, [sp, #COUNT]
    str     r3, [sp, #BASES]
    mvns    r7, r2
    ldr     r5, [sp, #FRAME + SAVED] // planes
    subs    r5, #8
    bls     1f
    .irp i, 7, 8, 9, 10, 11, 12
    spread  r3, (\i + 1)
    str     r3, [sp, #STACKED + 4 * (\i - 7)]
    .endr
    lsls    r5, #2
    add     r5, sp
    b       2f
1:  mov     r5, sp
2:  movs    r3, #0
    str     r3, [r5, #STACKED] // behind the highest digit: here carries end
    spread  r3, 7
    mov     lr, r3
    spread  r3, 6
    mov     r12, r3
    spread  r3, 5
    mov     r11, r3
    spread  r3, 4
    mov     r9, r3
    spread  r3, 3
    mov     r8, r3
    spread  r6, 2
    lsls    r3, r2, #1
    adds    r3, r1
    str     r3, [sp, #END]
    // First what is left over from blocks of 16, by a jump into the block with carries of 0.
    lsls    r2, #28
    lsrs    r3, r2, #28
    beq     2f
    subs    r1, #32
2:  lsrs    r2, #27
    adds    r1, r2
    ldrb    r3, [r4, r3]
    lsls    r3, #1
    adds    r3, r4
    spread  r4, 1
    movs    r5, #0
    movs    r7, #0
    mov     r10, r5
    b       strip_more

// The carry r2 to a digit; its carry to r2.
.macro ripple digit
    mov     r3, \digit
    eors    r3, r2
    mov     \digit, r3
    bics    r2, r3
.endm
.macro ripple_stacked digit
    beq     3f
    ldr     r3, [sp, #STACKED + 4 * (\digit - 7)]
    eors    r3, r2
    str     r3, [sp, #STACKED + 4 * (\digit - 7)]
    bics    r2, r3
.endm

// The carry r2 of a block to the digits from 4 on, and back to the loop while there are blocks.
strip_next:
    ripple  r11
    ripple  r12
    ripple  lr
    .irp i, 7, 8, 9, 10, 11, 12
    ripple_stacked \i
    .endr
3:  adds    r1, #32
    ldr     r3, [sp, #BODY]
    adds    r3, #TABLE
strip_more:
    ldr     r2, [sp, #END]
    cmp     r1, r2
    beq     strip_end
    movs    r2, #0
    mov     pc, r3

// All counters to memory, at r0; r1 to the bases, r2 to planes - 2, r3 to the lowest digit of count.
strip_end:
    add     r0, sp, #0
    stmia   r0!, {r4, r6}
    mov     r3, r8
    mov     r4, r9
    mov     r5, r11
    mov     r6, r12
    mov     r7, lr
    stmia   r0!, {r3-r7}
    add     r0, sp, #0
    ldr     r1, [sp, #BASES]
    ldr     r2, [sp, #FRAME + SAVED]
    subs    r2, #2
    ldr     r3, [sp, #COUNT]
    lsls    r3, #31
    asrs    r3, #31
    ldr     r4, [sp, #BODY]
    subs    r4, #2
    mov     pc, r4 // to the jump before the loop

// The highest digit, the last base in r4 and the carry in r3.
strip_result:
    ldmia   r0!, {r5}
    mvns    r5, r5
    eors    r4, r5
    eors    r4, r3
    mov     r0, r4
    add     sp, #FRAME
    pop     {r4-r7}
    mov     r8, r4
    mov     r9, r5
    mov     r10, r6
    mov     r11, r7
    pop     {r4-r7, pc}

// Column k of 16.
.macro column to, bytes, k
    ldrh    \to, [r1, #2 * (\k)]
    .if \bytes == 4
    ldr     \to, [r0, \to]
    .else
    lsrs    \to, #1
    ldrh    \to, [r0, \to]
    .endif
.endm

// Columns k and l to digit 0; the carry to a.
.macro pair name, bytes, a, k, l
.L\name\k:
    column  \a, \bytes, \k
.L\name\l:
    column  r3, \bytes, \l
    csa     r4, \a, r3
.endm

.macro base to, bytes
    .if \bytes == 4
    ldmia   r1!, {\to}
    .else
    ldrh    \to, [r1]
    adds    r1, #2
    .endif
.endm

.macro strip name, bytes
    .balign 4
    .global \name
    .type \name, %function
    .thumb_func
\name:
    push    {r4-r7, lr}
    adr     r4, .Lbody\name
    b       strip_begin

    // The carry r3 of the sum of a digit of the bases, r4, and one of ~C.
5:  base    r4, \bytes
    ands    r3, r4
6:  base    r4, \bytes
    ldmia   r0!, {r5}
    movs    r6, r4
    bics    r6, r5
    bics    r5, r4
    bics    r3, r5
    orrs    r3, r6
    subs    r2, #1
    bne     6b
    base    r4, \bytes
    b       strip_result

    .balign 4
    nop
    b       5b
.Lbody\name:
    .byte   TABLE / 2
    .irp k, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1
    .byte   (.L\name\k - .Lbody\name) / 2
    .endr
    pair    \name, \bytes, r2, 0, 1
    pair    \name, \bytes, r5, 2, 3
    csa     r6, r2, r5
    pair    \name, \bytes, r5, 4, 5
    pair    \name, \bytes, r7, 6, 7
    csa     r6, r5, r7
    mov     r3, r8
    csa     r3, r2, r5
    mov     r8, r3
    mov     r10, r2
    pair    \name, \bytes, r2, 8, 9
    pair    \name, \bytes, r5, 10, 11
    csa     r6, r2, r5
    pair    \name, \bytes, r5, 12, 13
    pair    \name, \bytes, r7, 14, 15
    csa     r6, r5, r7
    mov     r3, r8
    csa     r3, r2, r5
    mov     r8, r3
    mov     r5, r10
    mov     r3, r9
    csa     r3, r2, r5
    mov     r9, r3
    b       strip_next
    .size \name, . - \name
.endm

    strip   bnn_kernel_strip32, 4
    strip   bnn_kernel_strip16, 2

#endif
