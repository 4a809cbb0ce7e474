// Thumb-2 with the DSP instructions (Cortex-M4, M7 and M33), for C and for the assembler.

#ifndef BNN_ARMV7EM_H
#define BNN_ARMV7EM_H

// BNN_KERNEL_PORTABLE: the C stays, to compare with.
#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__) && __ARM_ARCH_PROFILE == 'M' &&              \
    !defined(BNN_KERNEL_PORTABLE)
#define BNN_ARMV7EM
#endif

#endif // BNN_ARMV7EM_H
