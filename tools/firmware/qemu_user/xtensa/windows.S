// What knows about register windows: the program's start, and setjmp and longjmp.
//
// Windows move by 8 registers, as GCC calls by call8 alone. Where a function's window has to give
// way, its a0 to a3 go to the 16 bytes below its callee's stack pointer, and its a4 to a7 to 32 to
// 17 bytes below its caller's (Xtensa ISA Reference Manual, "Windowed Procedure-Call Protocol").

    .text
    .align 4
    .global _start
_start:
    movi a0, 0 // the outermost frame
    mov a6, a1 // where argc is
    call4 start

// Put all windows but the caller's on the stack: a2 = 8 calls of 8 registers take all 64.
    .align 4
spill_windows:
    entry a1, 32
    beqz a2, 1f
    addi a10, a2, -1
    call8 spill_windows
1:  retw

    .macro copy4 to, to_at, from, from_at
    .irp i, 0, 4, 8, 12
    l32i a8, \from, \from_at + \i
    s32i a8, \to, \to_at + \i
    .endr
    .endm

// jmp_buf, from 0 on: 4 words, the caller's a0 to a3; 4 words, its a4 to a7; 4 words, its caller's
// a0 to a3, which lie below the caller's stack pointer and move with it at an alloca; our return
// address; our stack pointer. In all of them the second word, a1, is a stack pointer.
    .align 4
    .global setjmp
setjmp:
    entry a1, 32
    movi a10, 8
    call8 spill_windows
    addi a3, a1, -16
    copy4 a2, 0, a3, 0
    l32i a3, a2, 4
    addi a3, a3, -16
    copy4 a2, 32, a3, 0
    l32i a3, a2, 36
    addi a3, a3, -32
    copy4 a2, 16, a3, 0
    s32i a0, a2, 48
    s32i a1, a2, 52
    movi a2, 0
    retw

// The caller's window is on the stack only, so that retw takes it from where this puts it.
    .align 4
    .global longjmp
longjmp:
    entry a1, 32
    movi a10, 8
    call8 spill_windows
    l32i a0, a2, 48
    l32i a1, a2, 52
    addi a4, a1, -16
    copy4 a4, 0, a2, 0
    l32i a4, a2, 4
    addi a4, a4, -16
    copy4 a4, 0, a2, 32
    l32i a4, a2, 36
    addi a4, a4, -32
    copy4 a4, 0, a2, 16
    mov a2, a3
    retw
