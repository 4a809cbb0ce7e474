// A node: MicroPython at a serial port, with a folder as its flash, from reset to reset.
//
// Like ports/esp32 of MicroPython: Ctrl-D frees everything and starts again, with the REPL's mode
// kept and the files as they are. The heap and the stack are of an ESP32's size.

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "extmod/vfs.h"
#include "extmod/vfs_posix.h"
#include "py/gc.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "py/stackctrl.h"
#include "shared/readline/readline.h"
#include "shared/runtime/pyexec.h"
#include "system.h"

#define HEAP_SIZE (160u << 10)
#define STACK_SIZE (16u << 10)
#define RESERVE 1024 // of the stack, for what C calls beyond the limit

#define BLOCK 4096
#define BLOCKS 512 // 2 MiB, as MicroPython's partition on a chip with 4 MB of flash

static char heap[HEAP_SIZE];
const char *root;

static void mount_root(void) {
    const mp_obj_t args[] = {
        MP_OBJ_TYPE_GET_SLOT(&mp_type_vfs_posix, make_new)(&mp_type_vfs_posix, 0, 0, NULL),
        MP_OBJ_NEW_QSTR(qstr_from_str("/")),
    };
    mp_vfs_mount(2, args, (mp_map_t *)&mp_const_empty_map);
    MP_STATE_VM(vfs_cur) = MP_STATE_VM(vfs_mount_table);
}

static void run(void) {
    int ended = pyexec_file_if_exists("boot.py");
    if (!(ended & PYEXEC_FORCED_EXIT) && ended && pyexec_mode_kind == PYEXEC_MODE_FRIENDLY_REPL) {
        ended = pyexec_file_if_exists("main.py");
    }
    while (!(ended & PYEXEC_FORCED_EXIT)) {
        ended =
            pyexec_mode_kind == PYEXEC_MODE_RAW_REPL ? pyexec_raw_repl() : pyexec_friendly_repl();
    }
}

void run_node(const char *folder, uintptr_t *stack) {
    root = folder;
    while (true) {
        if (chdir("/") != 0) {
            leave(1);
        }
        mp_stack_set_top(stack);
        mp_stack_set_limit(STACK_SIZE - RESERVE);
        gc_init(heap, heap + sizeof heap);
        mp_init();
        mp_obj_list_append(mp_sys_path, MP_OBJ_NEW_QSTR(qstr_from_str("/lib")));
        mount_root();
        readline_init0();
        run();
        gc_sweep_all();
        mp_hal_stdout_tx_str("MPY: soft reboot\r\n");
        mp_deinit();
    }
}

static size_t blocks_of(char *path, size_t length) {
    DIR *dir = opendir(path);
    size_t blocks = 2; // littlefs has two for a folder
    if (!dir) {
        return 0;
    }
    for (struct dirent *entry; (entry = readdir(dir));) {
        const char *name = entry->d_name;
        const size_t whole = length + 1 + strlen(name);
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || whole > MICROPY_ALLOC_PATH_MAX) {
            continue;
        }
        struct stat found;
        path[length] = '/';
        strcpy(path + length + 1, name);
        if (stat(path, &found) == 0) {
            blocks += S_ISDIR(found.st_mode) ? blocks_of(path, whole)
                                             : ((size_t)found.st_size + BLOCK - 1) / BLOCK;
        }
    }
    closedir(dir);
    return blocks;
}

int statvfs(const char *path, struct statvfs *out) {
    (void)path;
    char scratch[MICROPY_ALLOC_PATH_MAX + 1] = "/";
    const size_t used = blocks_of(scratch, 0);
    memset(out, 0, sizeof *out);
    out->f_bsize = out->f_frsize = BLOCK;
    out->f_blocks = BLOCKS;
    out->f_bfree = out->f_bavail = used < BLOCKS ? BLOCKS - used : 0;
    out->f_namemax = 255;
    return 0;
}
