// The program's start: where argc is, is in the stack pointer.

    .global _start
_start:
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    mv a0, sp
    j start
