"""Files that are used where they lie in flash (docs/guides/placement.md)."""

WORD = 4  # bytes: the kernels read weights in words, and a Cortex-M0+ faults on an unaligned one


def mapped(path: str) -> memoryview | None:
    """The bytes of a file in ROMFS where they lie, read-only; None for all other files.

    None too where they do not lie at a multiple of 4, which `xnornode.board.romfs` sees to.
    Raises OSError.
    """
    with open(path, "rb") as f:
        try:
            data = memoryview(f)
        except TypeError:
            return None  # the filesystem keeps files in pieces
    from uctypes import addressof  # not on every board, but where there is ROMFS

    return None if addressof(data) % WORD else data
