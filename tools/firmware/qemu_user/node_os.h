// What this port adds to `os`; MicroPython's modos.c includes it.

#include <fcntl.h>
#include <unistd.h>

#include "py/mperrno.h"

static mp_obj_t mp_os_urandom(mp_obj_t count) {
    vstr_t bytes;
    vstr_init_len(&bytes, (size_t)mp_obj_get_int(count));
    const int source = open("/dev/urandom", O_RDONLY);
    const ssize_t size = read(source, bytes.buf, bytes.len);
    close(source);
    if (size != (ssize_t)bytes.len) {
        mp_raise_OSError(MP_EIO);
    }
    return mp_obj_new_bytes_from_vstr(&bytes);
}
static MP_DEFINE_CONST_FUN_OBJ_1(mp_os_urandom_obj, mp_os_urandom);
