"""MicroPython's mpy_ld.py, for Xtensa code of several files: link.py <its folder> <its arguments>

On Xtensa it knows a constant by its section's name and offset alone, and would take one file's for
another's. Here the names of sections end with that of their file. And it takes an address before
a table, as compilers use it, for one of 4 GB behind it: here offsets may be below 0.
"""

import sys

sys.path.insert(0, sys.argv.pop(1))
import mpy_ld


def section_of_file(section, file):
    return mpy_ld.Section(f"{section.name}.{file}", section.data(), section.data_alignment, file)


def populate_got(env):
    for entry in env.got_entries.values():
        if entry.link_addr >= 1 << 31:
            entry.link_addr -= 1 << 32
    addresses_of_mpy_ld(env)


mpy_ld.Section.from_elfsec = section_of_file
addresses_of_mpy_ld, mpy_ld.populate_got = mpy_ld.populate_got, populate_got
mpy_ld.main()
