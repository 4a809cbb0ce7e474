// Kernels of rows for ARMv6-M (Cortex-M0 and M0+), where a load takes 2 cycles and all else here 1.

#if defined(__ARM_ARCH_6M__)
#include "bnn_armv6m.inc"

// uint32_t bnn_kernel_at_least(const uint32_t *samples, int32_t threshold)
//
// Samples and threshold with their sign turned compare as unsigned, which leaves a bit in the carry;
// that of the last sample is the first to be shifted in.

.macro two_samples at
    ldr     r4, [r0, #\at]
    eors    r4, r2
    cmp     r4, r1 // what is below the upper sample makes no difference
    adcs    r3, r3
    lsls    r4, #16
    cmp     r4, r1
    adcs    r3, r3
.endm

    .balign 4
    .global bnn_kernel_at_least
    .type bnn_kernel_at_least, %function
    .thumb_func
bnn_kernel_at_least:
    push    {r4, lr}
    movs    r2, #0x80
    lsls    r2, #8
    lsls    r3, r2, #16
    lsls    r1, #16
    eors    r1, r3
    orrs    r2, r3
    mov     r12, r0
    adds    r0, #(64 - 16)
1:  two_samples 12
    two_samples 8
    two_samples 4
    two_samples 0
    mov     r4, r12
    subs    r0, #16
    cmp     r0, r4
    bhs     1b
    movs    r0, r3
    pop     {r4, pc}
    .size bnn_kernel_at_least, . - bnn_kernel_at_least

// void bnn_kernel_differing(const uint32_t *x, const uint32_t *rows, uint32_t words, uint32_t count,
//                           int32_t *sums)
//
// Population count by pairs, nibbles and bytes (Warren, 5-1); bytes hold the counts of 31 words.

    .balign 4
    .global bnn_kernel_differing
    .type bnn_kernel_differing, %function
    .thumb_func
bnn_kernel_differing:
    push    {r4-r7, lr}
    mov     r4, r8
    mov     r5, r9
    mov     r6, r10
    mov     r7, r11
    push    {r4-r7}
    mov     r8, r2
    mov     r9, r0
    ldr     r4, [sp, #36]
    mov     r10, r4 // where the next sum goes
    lsls    r3, #2
    adds    r3, r4
    mov     r11, r3
    ldr     r2, =0x55555555
    ldr     r3, =0x33333333
    ldr     r4, =0x0f0f0f0f
    mov     r12, r4
1:  mov     r0, r9
    mov     lr, r8 // words that are left
    movs    r7, #0 // of the row's sum what bytes did not hold
2:  movs    r6, #0
    mov     r5, lr
    cmp     r5, #31
    bls     3f
    movs    r5, #31
3:  mov     r4, lr
    subs    r4, r5
    mov     lr, r4
    push    {r7}
    mov     r7, r5
4:  ldmia   r0!, {r4}
    ldmia   r1!, {r5}
    eors    r4, r5
    lsrs    r5, r4, #1
    ands    r5, r2
    subs    r4, r5
    lsrs    r5, r4, #2
    ands    r5, r3
    ands    r4, r3
    adds    r4, r5
    lsrs    r5, r4, #4
    adds    r4, r5
    mov     r5, r12
    ands    r4, r5
    adds    r6, r4
    subs    r7, #1
    bne     4b
    pop     {r7}
    ldr     r5, =0x00ff00ff
    lsrs    r4, r6, #8
    ands    r4, r5
    ands    r6, r5
    adds    r6, r4
    lsrs    r4, r6, #16
    adds    r7, r4
    uxth    r6, r6
    adds    r7, r6
    mov     r4, lr
    cmp     r4, #0
    bne     2b
    mov     r4, r10
    stmia   r4!, {r7}
    mov     r10, r4
    cmp     r4, r11
    bne     1b
    pop     {r4-r7}
    mov     r8, r4
    mov     r9, r5
    mov     r10, r6
    mov     r11, r7
    pop     {r4-r7, pc}
    .pool
    .size bnn_kernel_differing, . - bnn_kernel_differing

#endif
