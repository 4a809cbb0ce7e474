"""Boards on this computer that get long code past their serial port.

An emulated port takes 30 microseconds or more of a byte, and what holds models and windows is of
thousands.
"""

import socket
from pathlib import Path

from xnornode.link.repl import RUN_SECONDS, Board

SHORT = 100
"""Bytes of code that go through the port all the same."""

NEAR = """
from uctypes import bytearray_at
def near():
    return bytearray_at(%d, int.from_bytes(bytearray_at(%d, 4), 'little'))
"""


class MemoryOf:
    """Memory of a qemu that nothing else uses, by its socket for GDB: a length, and so many bytes.

    Whatever comes at the socket stops the machine; it goes on when GDB detaches. Code on the board
    that has run `setup` has the bytes from `near`.
    """

    PIECE = 1024  # bytes; qemu takes packets of 4096 characters

    def __init__(self, path: Path, address: int) -> None:
        self._path, self._address = path, address
        self.setup = NEAR % (address + 4, address)

    def put(self, data: bytes) -> None:
        """Replace what was put there."""
        data = len(data).to_bytes(4, "little") + data
        with socket.socket(socket.AF_UNIX) as gdb:
            gdb.connect(str(self._path))
            for at in range(0, len(data), self.PIECE):
                piece = data[at : at + self.PIECE]
                self._ask(gdb, f"M{self._address + at:x},{len(piece):x}:{piece.hex()}")
            self._ask(gdb, "D")

    def _ask(self, gdb: socket.socket, command: str) -> None:
        """Send a packet and read on to OK, before which the machine may say that it stopped."""
        gdb.sendall(b"$%s#%02x" % (command.encode(), sum(command.encode()) % 256))
        said = b""
        while b"$OK#9a" not in said:
            more = gdb.recv(4096)
            said += more
            assert more and b"$E" not in said, f"qemu refuses {command[:20]}: {said!r}"
        gdb.sendall(b"+")


class NearBoard(Board):
    """A board in qemu that finds long code in its memory."""

    def __init__(self, url: str, memory: MemoryOf) -> None:
        super().__init__(url)
        self._memory = memory
        super().run(memory.setup)

    def run(self, code: str, seconds: float = RUN_SECONDS) -> str:
        """Run code on the board, like `Board.run`."""
        data = code.encode()
        if len(data) > SHORT:
            self._memory.put(data)
            code = "exec(near())"
        return super().run(code, seconds)
