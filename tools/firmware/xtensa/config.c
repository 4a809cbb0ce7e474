// Describes the ESP32's core (LX6, windowed ABI) to the assembler and linker of binutils, which
// load it by the environment variable XTENSA_GNU_CONFIG. What is left out is 0. MULUH, which the
// ESP32 has, is left out too, since no core of QEMU has it; and so are floats, since GCC makes
// none.

#include "ansidecl.h"
#include "xtensa-dynconfig.h"

int plugin_is_GPL_compatible; // binutils asks for it

const struct xtensa_config_v1 xtensa_config_v1 = {
    .xchal_have_density = 1,
    .xchal_have_abs = 1,
    .xchal_have_addx = 1,
    .xchal_have_l32r = 1,
    .xshal_have_text_section_literals = 1,
    .xchal_have_mul16 = 1,
    .xchal_have_mul32 = 1,
    .xchal_have_div32 = 1,
    .xchal_have_nsa = 1,
    .xchal_have_minmax = 1,
    .xchal_have_sext = 1,
    .xchal_have_loops = 1,
    .xchal_have_threadptr = 1,
    .xchal_have_release_sync = 1,
    .xchal_have_s32c1i = 1,
    .xchal_have_windowed = 1,
    .xchal_num_aregs = 64,
    .xchal_max_instruction_size = 3,
    .xchal_inst_fetch_width = 4,
    .xthal_abi_call0 = 1, // ELF's number for it; that of windowed is 0
};
