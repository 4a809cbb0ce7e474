// Sections of a file: its bytes, its padding, and the pairs of offset and factor.

#include "bnn_reader.h"

bool bnn_is_zero(const uint8_t *from, const uint8_t *to) {
    while (from < to) {
        if (*from++) {
            return false;
        }
    }
    return true;
}

const uint8_t *bnn_take(bnn_reader_t *r, size_t size) {
    if (size > r->left) {
        return NULL;
    }
    const uint8_t *section = r->at;
    r->at += size;
    r->left -= size;
    return section;
}

bnn_error_t bnn_take_pad(bnn_reader_t *r, bnn_error_t error) {
    const uint8_t *pad;
    const size_t size = -(uintptr_t)r->at & 3;
    TAKE(pad, r, size);
    CHECK(bnn_is_zero(pad, pad + size), error);
    return BNN_OK;
}

static uint32_t magnitude(int32_t v) {
    return v < 0 ? 0u - (uint32_t)v : (uint32_t)v;
}

bnn_error_t bnn_take_affine(bnn_reader_t *r, uint32_t count, uint32_t reach, bnn_error_t error,
                            const int32_t **offsets, const int16_t **factors) {
    const uint8_t *section;
    TAKE(section, r, (size_t)4 * count);
    *offsets = (const int32_t *)section;
    TAKE(section, r, (size_t)2 * count);
    *factors = (const int16_t *)section;
    TRY(bnn_take_pad(r, error));
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t product = (uint64_t)reach * magnitude((*factors)[i]);
        CHECK(product + magnitude((*offsets)[i]) <= INT32_MAX, error);
    }
    return BNN_OK;
}
