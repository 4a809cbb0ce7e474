// Carry-save adder (Harley and Seal; see Warren, "Hacker's Delight", 2nd ed., 5-1).

#ifndef BNN_ADDER_H
#define BNN_ADDER_H

#include <stdint.h>

// Full adder on 32 lanes at once: sum stays in `low`, the carry goes to `high`.
#define CSA(high, low, a, b)                                                                       \
    do {                                                                                           \
        uint32_t u = (low) ^ (a);                                                                  \
        high = ((low) & (a)) | (u & (b));                                                          \
        low = u ^ (b);                                                                             \
    } while (0)

#endif // BNN_ADDER_H
