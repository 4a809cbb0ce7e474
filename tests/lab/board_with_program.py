"""A board that runs a program, as the other end of a TalkingPort (talkers.py)."""

import json
import re

from tests.lab.simulated import SimulatedNode
from tests.lab.talkers import Says
from xnornode.link.framing import seal
from xnornode.link.raw_repl import RAW_REPL


class BoardWithProgram:
    """A board that runs its /main.py, with the friendly and the raw REPL of MicroPython.

    node: answers while the program runs; None: the program says nothing. catches: the program
    catches Ctrl-C. library: whether the receiver can be started at the REPL. locked: Ctrl-C has no
    effect.
    """

    def __init__(
        self,
        node: SimulatedNode,
        answers: bool = True,
        catches: bool = False,
        library: bool = True,
        locked: bool = False,
    ) -> None:
        self.node, self.answers, self.catches, self.library = node, answers, catches, library
        self.state, self.starts, self.stops = "program", 0, 0
        self.locked = locked
        self._line = b""
        self._booting = False

    def says(self) -> Says:
        yield from ()

    def reset(self) -> bytes:
        """Its reset line: the next Ctrl-C comes before the program can catch it."""
        self._booting = True
        return self._start()

    def _start(self) -> bytes:
        self.state, self._line = "program", b""
        self.starts += 1
        return b"MPY: soft reboot\r\n"

    def hears(self, data: bytes, now: float) -> bytes:
        return b"".join(self._char(data[i : i + 1]) for i in range(len(data)))

    def _char(self, char: bytes) -> bytes:
        return getattr(self, "_" + self.state)(char)

    def _lines(self, char: bytes, running: bool) -> bytes:
        if char not in b"\r\n":
            self._line += char
            return b""
        line, self._line = self._line, b""
        if not line.startswith(b"{"):
            return b""
        if not running and b'"cmd":"quit"' in line:
            number = re.search(rb'"id":(\d+)', line)[1]
            self.state = "raw"
            return seal(b'{"event":"reply","id":%s' % number) + b"\x04\x04>"
        self.node.running = running
        return self.node.answers(line)

    def _program(self, char: bytes) -> bytes:
        if char == b"\x03" and not self.locked and (self._booting or not self.catches):
            self.state, self._line, self._booting = "repl", b"", False
            self.stops += 1
            return b"Traceback (most recent call last):\r\nKeyboardInterrupt: \r\n>>> "
        return self._lines(char, running=True) if self.answers else b""

    def _repl(self, char: bytes) -> bytes:
        if char == b"\x01":
            self.state = "raw"
            return b"\r\n" + RAW_REPL
        if char == b"\x04":
            return self._start()
        return b"\r\n>>> " if char in b"\r\x02\x03" else char

    def _raw(self, char: bytes) -> bytes:
        if char == b"\x02":
            self.state = "repl"
            return b"\r\nMicroPython v1.25.0\r\n>>> "
        if char == b"\x01":
            code, self._line = self._line, b""
            if code.endswith(b"\x05A"):
                self.state = "paste"
                return b"R\x01\x00\x10"
            return RAW_REPL
        if char == b"\x04":
            code, self._line = self._line, b""
            if not code:
                return b"OK\r\nMPY: soft reboot\r\n" + RAW_REPL
            return b"OK" + code.partition(b"'")[2].partition(b"'")[0] + b"\x04\x04>"
        self._line = b"" if char in b"\r\x03" else self._line + char
        return b""

    def _paste(self, char: bytes) -> bytes:
        if char != b"\x04":
            self._line += char
            return b""
        code, self._line, self.state = self._line, b"", "raw"
        if b"serve()" not in code:
            return b"\x04rp2 boot.py main.py\r\n\x04\x04>"
        if self.library:
            self.state = "receiver"
            self.node.running = False
            facts = json.dumps({"id": None, **self.node.facts()})
            return b"\x04" + seal(f'{{"event":"hello",{facts[1:-1]}'.encode())
        error = b"Traceback (most recent call last):\r\nImportError: no module named 'xnornode'\r\n"
        return b"\x04\x04" + error + b"\x04>"

    def _receiver(self, char: bytes) -> bytes:
        return self._lines(char, running=False)
