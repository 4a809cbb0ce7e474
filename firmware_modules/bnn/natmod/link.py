"""MicroPython's mpy_ld.py, for Xtensa code of several files: link.py <its folder> <its arguments>

On Xtensa it knows a constant by its section's name and offset alone, and would take one file's for
another's. Here the names of sections end with that of their file.
"""

import sys

sys.path.insert(0, sys.argv.pop(1))
import mpy_ld


def section_of_file(section, file):
    return mpy_ld.Section(f"{section.name}.{file}", section.data(), section.data_alignment, file)


mpy_ld.Section.from_elfsec = section_of_file
mpy_ld.main()
