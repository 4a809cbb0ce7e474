// What the loader's parts share: reading a file section by section, from its start.

#ifndef BNN_READER_H
#define BNN_READER_H

#include "bnn.h"

#define CHECK(ok, error)                                                                           \
    do {                                                                                           \
        if (!(ok)) {                                                                               \
            return error;                                                                          \
        }                                                                                          \
    } while (0)
#define TAKE(section, r, size)                                                                     \
    do {                                                                                           \
        section = bnn_take(r, size);                                                               \
        CHECK(section, BNN_END);                                                                   \
    } while (0)
#define TRY(call)                                                                                  \
    do {                                                                                           \
        const bnn_error_t error_ = (call);                                                         \
        CHECK(error_ == BNN_OK, error_);                                                           \
    } while (0)

// The bytes of the file that are left before its CRC.
typedef struct {
    const uint8_t *at;
    size_t left;
} bnn_reader_t;

// The little-endian number at `p`, a multiple of 4 in memory.
static inline uint32_t get32(const uint8_t *p) {
    return *(const uint32_t *)(const void *)p;
}

// Whether there are only zeros from `from` to `to`.
bool bnn_is_zero(const uint8_t *from, const uint8_t *to);

// Take the next `size` bytes; NULL where fewer are left.
const uint8_t *bnn_take(bnn_reader_t *r, size_t size);

// Take the zeros up to the next multiple of 4 in memory, where sections start; `error` for any
// other byte.
bnn_error_t bnn_take_pad(bnn_reader_t *r, bnn_error_t error);

// Take offsets and factors, [count] each; `error` unless x * factor + offset fits int32 for all x
// from -reach to reach.
bnn_error_t bnn_take_affine(bnn_reader_t *r, uint32_t count, uint32_t reach, bnn_error_t error,
                            const int32_t **offsets, const int16_t **factors);

#endif // BNN_READER_H
