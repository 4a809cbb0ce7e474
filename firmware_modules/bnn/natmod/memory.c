// The C library's functions that the core and GCC call, by way of the firmware's own.

#include "py/dynruntime.h"

void *memset(void *to, int byte, size_t size) {
    return mp_fun_table.memset_(to, byte, size);
}

void *memmove(void *to, const void *from, size_t size) {
    return mp_fun_table.memmove_(to, from, size);
}

void *memcpy(void *to, const void *from, size_t size) {
    return mp_fun_table.memmove_(to, from, size);
}

int memcmp(const void *a, const void *b, size_t size) {
    const uint8_t *p = a, *q = b;
    for (; size; size--, p++, q++) {
        if (*p != *q) {
            return *p - *q;
        }
    }
    return 0;
}

size_t strlen(const char *string) {
    size_t length = 0;
    while (string[length]) {
        length++;
    }
    return length;
}
