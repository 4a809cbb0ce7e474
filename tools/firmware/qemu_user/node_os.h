// What this port adds to `os`; MicroPython's modos.c includes it.

#include "linux.h"
#include "py/mperrno.h"

static mp_obj_t mp_os_urandom(mp_obj_t count) {
    vstr_t bytes;
    vstr_init_len(&bytes, (size_t)mp_obj_get_int(count));
    const intptr_t size = call(numbers.getrandom, (intptr_t)bytes.buf, (intptr_t)bytes.len, 0);
    if (size != (intptr_t)bytes.len) {
        mp_raise_OSError(MP_EIO);
    }
    return mp_obj_new_bytes_from_vstr(&bytes);
}
static MP_DEFINE_CONST_FUN_OBJ_1(mp_os_urandom_obj, mp_os_urandom);
