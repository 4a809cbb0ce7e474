"""A push under way: a model's bytes on the heap and in flash (docs/reference/protocol.md).

Runs in CPython too, where its tests drive it.
"""

import gc
import hashlib

# Relative, as in CPython `xnornode` is the host's package.
from .watchdog import feed

SYNC_BYTES = 8192  # between two syncs of the part to flash
READ_BYTES = 512  # of the part that are read at a time
DECODE_BYTES = 128  # of a chunk's text that are decoded at a time
SPARE_BYTES = 4096  # of the heap that stay free, for what the program makes at each window

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from typing import Any

    from xnornode.model_store import Store

    Fields = dict[str, Any]


class Refused(Exception):
    """A command that is not carried out.

    name: one of the protocol's errors. message: the reason, for people.
    """

    def __init__(self, name: str, message: str = "") -> None:
        super().__init__(message)
        self.name = name
        self.message = message


def check_spare() -> None:
    """Check that the heap has room for the program's own work. Raises MemoryError."""
    bytearray(SPARE_BYTES)


class Push:
    """The model that comes: its room on the heap, and its part in the store.

    number: of the push. begin: the fields of its `begin`, whose types are right. Attributes:
    `data`, a bytearray of `length` bytes; `at`, how many of them have come.
    Raises Refused where the heap or the flash has no room, OSError.
    """

    def __init__(self, store: "Store", number: int, begin: "Fields") -> None:
        length, sha256 = begin["length"], begin["sha256"]
        gc.collect()
        try:
            self.data = bytearray(length)
            check_spare()
        except MemoryError:
            need = f"{length} bytes in one piece, and {SPARE_BYTES} beside them"
            raise Refused("ram", f"the heap has no {need}") from None
        there = store.prepare(sha256)
        if there > length:
            store.discard(sha256)
            there = 0
        lacking = store.lacks(length - there)
        if lacking:
            raise Refused("flash", f"the filesystem has {lacking} bytes too few free")
        self.number = number
        self.begin = begin
        self._path = store.part(sha256)
        self._hash = hashlib.sha256()
        view = memoryview(self.data)
        at = 0
        if there:
            with open(self._path, "rb") as f:
                while at < there:
                    n = f.readinto(view[at : min(at + READ_BYTES, there)])
                    if not n:
                        raise OSError(5, self._path)
                    at += n
            self._hash.update(view[:at])
        self._file = open(self._path, "ab")  # noqa: SIM115
        self.at = self._synced = at

    def take(self, at: int, text: "memoryview") -> bool:
        """Add a chunk, unless it is a duplicate; False if it does not begin where the push is.

        at: the chunk's offset in the model, in bytes. text: its bytes, escaped. Raises ValueError
        for an escape that is wrong, OSError where flash fails.
        """
        end = at + decoded_length(text)
        if end <= self.at:
            return True
        if at != self.at or end > len(self.data):
            return False
        data = memoryview(self.data)[at:end]
        decode(text, data)
        self._file.write(data)
        if end - self._synced >= SYNC_BYTES:
            self._file.flush()
            self._synced = end
        self._hash.update(data)
        self.at = end
        return True

    def finish(self) -> None:
        """Close the part, and check that it is what came and what was announced.

        Raises Refused, OSError.
        """
        self._file.close()
        chunk = bytearray(READ_BYTES)
        came, read = memoryview(self.data), memoryview(chunk)
        at = 0
        with open(self._path, "rb") as f:
            while True:
                n = f.readinto(chunk)
                if not n or read[:n] != came[at : at + n]:
                    break
                at += n
                feed()
        if at != len(came) or self._hash.digest().hex() != self.begin["sha256"]:
            raise Refused("hash", "the bytes in flash are not those that were announced")

    def close(self) -> None:
        """Leave the part as it is, for the next push of this model."""
        try:  # noqa: SIM105 (no contextlib on the node)
            self._file.close()
        except (OSError, MemoryError):
            pass  # what is not in flash is sent again


def decoded_length(text: "memoryview") -> int:
    """Bytes that the text of a chunk stands for: = and the character after it stand for one."""
    count = len(text)
    for at in range(0, len(text), DECODE_BYTES):
        count -= bytes(text[at : at + DECODE_BYTES]).count(b"=")
    return count


def decode_slowly(text: "memoryview", data: "memoryview") -> None:
    """The twin of escapes.decode, where there is no machine code."""
    # A little at a time: on a heap in use there may be no room for a second copy of a chunk.
    n, escaped = 0, False
    for at in range(0, len(text), DECODE_BYTES):
        parts = bytes(text[at : at + DECODE_BYTES]).split(b"=")
        for i, part in enumerate(parts):
            if i:
                if escaped:
                    raise ValueError("=")
                escaped = True
            if part and escaped:
                data[n] = part[0] ^ 0x40
                n += 1
                part = part[1:]
                escaped = False
            data[n : n + len(part)] = part
            n += len(part)
    if escaped:
        raise ValueError("=")


try:
    from .escapes import decode
except ImportError:  # CPython
    decode = decode_slowly
