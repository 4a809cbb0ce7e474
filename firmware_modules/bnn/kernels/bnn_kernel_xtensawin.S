// Kernels for Xtensa with register windows (ESP32, S2, S3), where the compiler keeps more values than
// there are registers.
//
// Counting is by carry-save adders (Harley and Seal; see Warren, "Hacker's Delight", 2nd ed., 5-1).
// A loaded value is ready one instruction late, so loads come in pairs.

#if defined(__XTENSA_WINDOWED_ABI__)

#ifndef BNN_KERNEL_SECTION
#define BNN_KERNEL_SECTION .text.bnn_kernel
#endif

    .section BNN_KERNEL_SECTION, "ax", @progbits

.macro function name, frame
    .align  4
    .global \name
    .type   \name, @function
\name:
    entry   a1, \frame
.endm

// uint32_t bnn_kernel_at_least(const uint32_t *samples, int32_t threshold)
//
// The sign of sample - threshold is shifted in, that of the last sample first.

.macro two_samples at
    l16si   a4, a2, \at + 2
    l16si   a5, a2, \at
    sub     a4, a4, a3
    src     a6, a6, a4
    sub     a5, a5, a3
    src     a6, a6, a5
.endm

    function bnn_kernel_at_least, 32
    ssai    31
    .irp    at, 60, 56, 52, 48, 44, 40, 36, 32, 28, 24, 20, 16, 12, 8, 4, 0
    two_samples \at
    .endr
    movi    a2, -1
    xor     a2, a2, a6
    retw

// uint16_t *bnn_kernel_list(const uint32_t *words, uint32_t count, uint32_t flip, uint32_t entry,
//                           uint16_t *list)

.macro list_bit i
    bbci    a7, \i, 3f
    addi    a8, a5, 4 * (\i)
    s16i    a8, a6, 0
    addi    a6, a6, 2
3:
.endm

.macro list_byte i
    list_bit \i
    list_bit \i + 1
    list_bit \i + 2
    list_bit \i + 3
    list_bit \i + 4
    list_bit \i + 5
    list_bit \i + 6
    list_bit \i + 7
.endm

    function bnn_kernel_list, 32
    movi    a9, 0xff
    slli    a10, a9, 8
    slli    a11, a9, 16
    beqz    a3, 4f
1:  l32i    a7, a2, 0
    addi    a2, a2, 4
    xor     a7, a7, a4
    bnone   a7, a9, 2f
    list_byte 0
2:  bnone   a7, a10, 2f
    list_byte 8
2:  bnone   a7, a11, 2f
    list_byte 16
2:  extui   a8, a7, 24, 8
    beqz    a8, 2f
    list_byte 24
2:  addi    a5, a5, 64
    addi    a5, a5, 64
    addi    a3, a3, -1
    bnez    a3, 1b
4:  mov     a2, a6
    retw

// uint32_t bnn_kernel_strip32(uintptr_t columns, const uint16_t *list, uint32_t count,
//                             const uint32_t *bases, uint32_t planes)
//
// and the same for 16: bnn_kernel_columns.c says how they count. The counters' digits for 1 to
// 16 are in registers, those for 32 to 4096 on the stack.

#define COLUMNS a2
#define LIST a3
#define ONES a4
#define TWOS a5
#define FOURS a6
#define EIGHTS a7
#define SIXTEENS a8
#define X a9 // X, Y and Z are free between adders
#define Y a10
#define Z a11
#define TWO a12 // carries that wait for a second one
#define FOUR a13
#define EIGHT a14
#define SIXTEEN a15

#define DIGITS 0 // on the stack
#define COUNT 52
#define BASES 56
#define PLANES 60
#define EIGHTS_END 64 // where in the list the blocks of 8 end, and those of 32
#define END 68
#define FRAME 112 // with the 32 bytes for windows, and a multiple of 16

// low += a + b in each bit; the carry to `high`, another register. a is lost.
.macro csa high, low, a, b
    and     \high, \low, \a
    xor     \low, \low, \a
    and     \a, \low, \b
    xor     \low, \low, \b
    or      \high, \high, \a
.endm

.macro load_32 to, from
    l32i    \to, \from, 0
.endm
.macro load_16 to, from
    l16ui   \to, \from, 0
.endm

// An entry to its column.
.macro column bits, x
    .if     \bits == 16
    srli    \x, \x, 1
    .endif
    add     \x, \x, COLUMNS
.endm

.macro add2 bits, carry, at
    l16ui   X, LIST, 2 * (\at)
    l16ui   Y, LIST, 2 * (\at) + 2
    column  \bits, X
    column  \bits, Y
    load_\bits X, X
    load_\bits Y, Y
    csa     \carry, ONES, X, Y
.endm
.macro add4 bits, carry, at
    add2    \bits, TWO, \at
    add2    \bits, Z, \at + 2
    csa     \carry, TWOS, TWO, Z
.endm
.macro add8 bits, carry, at
    add4    \bits, FOUR, \at
    add4    \bits, X, \at + 4
    csa     \carry, FOURS, FOUR, X
.endm
.macro add16 bits, carry, at
    add8    \bits, EIGHT, \at
    add8    \bits, Y, \at + 8
    csa     \carry, EIGHTS, EIGHT, Y
.endm
.macro add32 bits, carry
    add16   \bits, SIXTEEN, 0
    add16   \bits, Z, 16
    csa     \carry, SIXTEENS, SIXTEEN, Z
.endm

// What a digit starts from.
.macro start to, i
    extui   \to, SIXTEEN, \i + 1, 1
    addi    \to, \to, -1
.endm
.macro start_on_stack i
    start   X, \i
    s32i    X, a1, DIGITS + 4 * (\i)
.endm

// A carry into a digit on the stack, if there is any; what it carries to `next`.
.macro ripple i, carry, next
    beqz    \carry, 4f
    l32i    Z, a1, DIGITS + 4 * (\i)
    and     \next, Z, \carry
    xor     Z, Z, \carry
    s32i    Z, a1, DIGITS + 4 * (\i)
.endm

.macro strip bits, name
    function \name, FRAME
    mov     SIXTEEN, a4 // the count, for now
    s32i    a5, a1, BASES
    s32i    a6, a1, PLANES
    s32i    a4, a1, COUNT
    start   ONES, 0
    start   TWOS, 1
    start   FOURS, 2
    start   EIGHTS, 3
    start   SIXTEENS, 4
    .irp    i, 5, 6, 7, 8, 9, 10, 11, 12
    start_on_stack \i
    .endr
    addx2   Z, SIXTEEN, LIST
    s32i    Z, a1, END
    srli    Z, SIXTEEN, 5
    slli    Z, Z, 5
    sub     Z, SIXTEEN, Z
    addx2   Z, Z, LIST
    s32i    Z, a1, EIGHTS_END

    // What is left over from blocks of 8: a carry from each digit to the next.
    movi    FOUR, 0
    bbci    SIXTEEN, 0, 1f
    l16ui   X, LIST, 0
    addi    LIST, LIST, 2
    column  \bits, X
    load_\bits X, X
    and     FOUR, ONES, X
    xor     ONES, ONES, X
1:  movi    EIGHT, 0
    bbci    SIXTEEN, 1, 1f
    add2    \bits, EIGHT, 0
    addi    LIST, LIST, 4
1:  csa     X, TWOS, EIGHT, FOUR
    mov     FOUR, X
    movi    EIGHT, 0
    bbci    SIXTEEN, 2, 1f
    add4    \bits, EIGHT, 0
    addi    LIST, LIST, 8
1:  csa     Y, FOURS, EIGHT, FOUR

2:  and     X, EIGHTS, Y
    xor     EIGHTS, EIGHTS, Y
    and     Y, SIXTEENS, X
    xor     SIXTEENS, SIXTEENS, X
3:  ripple  5, Y, X
    ripple  6, X, Y
    ripple  7, Y, X
    ripple  8, X, Y
    ripple  9, Y, X
    ripple  10, X, Y
    ripple  11, Y, X
    ripple  12, X, Y
4:  l32i    X, a1, EIGHTS_END
    l32i    Z, a1, END
    bgeu    LIST, X, 5f
    add8    \bits, Y, 0
    addi    LIST, LIST, 16
    j       2b
5:  beq     LIST, Z, 6f
    add32   \bits, Y
    addi    LIST, LIST, 64
    j       3b

6:  s32i    ONES, a1, DIGITS
    s32i    TWOS, a1, DIGITS + 4
    s32i    FOURS, a1, DIGITS + 8
    s32i    EIGHTS, a1, DIGITS + 12
    s32i    SIXTEENS, a1, DIGITS + 16
    l32i    a2, a1, COUNT
    l32i    a3, a1, BASES
    l32i    a4, a1, PLANES
    load_\bits a6, a3
    extui   a2, a2, 0, 1
    neg     a2, a2
    and     a2, a2, a6 // the sum's carry from its lowest digit
    movi    a8, -1
    mov     a5, a1
    addi    a4, a4, -2
7:  addi    a3, a3, \bits / 8
    l32i    a7, a5, 0
    load_\bits a6, a3
    xor     a7, a7, a8
    addi    a5, a5, 4
    xor     a7, a7, a2
    xor     a6, a6, a2
    addi    a4, a4, -1
    and     a6, a6, a7
    xor     a2, a2, a6
    bnez    a4, 7b
    addi    a3, a3, \bits / 8
    l32i    a7, a5, 0
    load_\bits a6, a3
    xor     a2, a2, a8
    xor     a2, a2, a7
    xor     a2, a2, a6
    .if     \bits == 16
    extui   a2, a2, 0, 16
    .endif
    retw
.endm

    strip   32, bnn_kernel_strip32
    strip   16, bnn_kernel_strip16

#endif
