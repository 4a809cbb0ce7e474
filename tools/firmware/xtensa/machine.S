// The start of a bare machine that runs windowed code, and its exceptions (qemu-system-xtensa,
// machine "sim"). The window vectors are those of the Xtensa ISA Reference Manual, and count
// themselves in MISC0: QEMU's cores have half the ESP32's 64 registers and so twice the exceptions,
// which tools/emulators/qemu_xtensa.py takes out of its counts. Either way one costs 14 instructions.

    .section .vectors, "ax"
    .global vectors
vectors: // VECBASE; the offsets are those of dc233c
    .org 0x80 // overflow, 8 registers
    s32e a0, a9, -16
    l32e a0, a1, -12
    s32e a1, a9, -12
    s32e a2, a9, -8
    s32e a3, a9, -4
    s32e a4, a0, -32
    s32e a5, a0, -28
    s32e a6, a0, -24
    s32e a7, a0, -20
    rsr.misc0 a4
    addi a4, a4, 1
    wsr.misc0 a4
    rfwo
    .org 0xc0 // underflow, 8 registers
    l32e a1, a9, -12
    l32e a0, a9, -16
    l32e a7, a1, -12
    rsr.misc0 a2
    addi a2, a2, 1
    wsr.misc0 a2
    l32e a2, a9, -8
    l32e a4, a7, -32
    l32e a3, a9, -4
    l32e a5, a7, -28
    l32e a6, a7, -24
    l32e a7, a7, -20
    rfwu
    .org 0x300 // an exception of our own code, such as an address that is not there
    rsr.exccause a3
    addi a3, a3, 100
    movi a2, 1 // exit
    simcall
    .org 0x340
    .section .reset, "ax" // where the core starts
    .global _start
_start:
    j 1f
    .align 4
    .literal_position
1:  movi a0, 0
    movi a1, stack_end
    movi a2, vectors
    wsr.vecbase a2
    movi a2, 0x4000f // register windows on, interrupts off
    wsr.ps a2
    rsync
    movi a2, 0
    wsr.windowbase a2
    rsync
    movi a2, 1
    wsr.windowstart a2
    rsync
    movi a2, serve
    callx8 a2

    .text
// uint32_t timed(function, args[6], uint32_t counts[2]): the function's result, by how much the
// cycle counter went on meanwhile, and the exceptions for windows.
    .align 4
    .global timed
timed:
    entry a1, 48
    mov a6, a2
    l32i a10, a3, 0
    l32i a11, a3, 4
    l32i a12, a3, 8
    l32i a13, a3, 12
    l32i a14, a3, 16
    l32i a15, a3, 20
    movi a5, 0
    wsr.misc0 a5
    rsr.ccount a5
    callx8 a6
    rsr.ccount a6
    sub a6, a6, a5
    s32i a6, a4, 0
    rsr.misc0 a5
    s32i a5, a4, 4
    mov a2, a10
    retw

    .align 4
    .global nothing
nothing:
    entry a1, 32
    retw

    .bss
    .align 16
    .space 65536
stack_end:
