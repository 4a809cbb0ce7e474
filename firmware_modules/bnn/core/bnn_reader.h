// What the loader's parts share: a file is read from its front, section by section.

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

// What is left of the file before its CRC.
typedef struct {
    const uint8_t *at;
    size_t left;
} bnn_reader_t;

// At a multiple of 4.
static inline uint32_t get32(const uint8_t *p) {
    return *(const uint32_t *)(const void *)p;
}

static inline bool is_zero(const uint8_t *from, const uint8_t *to) {
    while (from < to) {
        if (*from++) {
            return false;
        }
    }
    return true;
}

// The next `size` bytes, which are gone past, or NULL where there are not so many.
const uint8_t *bnn_take(bnn_reader_t *r, size_t size);

// Go to the next multiple of 4, over zeros: `error` for any other byte.
bnn_error_t bnn_take_pad(bnn_reader_t *r, bnn_error_t error);

// Take `count` offsets and factors; `error` unless x * factor + offset fits int32 for all x from
// -reach to reach.
bnn_error_t bnn_take_affine(bnn_reader_t *r, uint32_t count, uint32_t reach, bnn_error_t error,
                            const int32_t **offsets, const int16_t **factors);

#endif // BNN_READER_H
