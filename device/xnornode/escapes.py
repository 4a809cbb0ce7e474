"""The text of a chunk, back to its bytes (docs/reference/protocol.md, "Chunks").

Machine code (viper): a byte takes a fraction of a microsecond on a Pico. A chunk is read between
two samples, and the twin in push.py, a loop over its escapes, takes 200 ms there.
"""

import micropython

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from typing import Any

    def ptr8(buffer: object) -> "Any":
        """Viper's: bytes at a buffer's address."""


def decode(text: "memoryview", data: "memoryview") -> None:
    """Turn the text of a chunk into its bytes.

    data: where they go, `push.decoded_length` bytes. Raises ValueError for an escape that is wrong.
    """
    if _decode(text, len(text), data) != len(data):
        raise ValueError("=")


@micropython.viper
def _decode(text: object, count: int, data: object) -> int:
    """Write what `count` bytes of text stand for; how many, -1 for an escape that is wrong."""
    source = ptr8(text)
    target = ptr8(data)
    n = 0
    flip = 0
    for i in range(count):
        byte = source[i]
        if byte == 0x3D:  # =
            if flip:
                return -1
            flip = 0x40
        else:
            target[n] = byte ^ flip
            n += 1
            flip = 0
    if flip:
        return -1
    return n
