"""A MicroPython board at the other end of a serial port, spoken to through its raw REPL.

The raw REPL's paste mode has flow control of its own, so nothing is lost on ports that have none
(MicroPython documentation, "The MicroPython Interactive Interpreter Mode", raw-paste mode).
"""

import contextlib
import hashlib
import json
import secrets
import time
from binascii import b2a_base64
from collections.abc import Callable
from types import TracebackType

import serial

from xnornode.errors import LinkError, LinkLost
from xnornode.link.ports import ANSWER_TIMEOUT, PORT_ERRORS, open_port

CTRL_A, CTRL_B, CTRL_C, CTRL_D = b"\x01", b"\x02", b"\x03", b"\x04"
RAW_REPL = b"raw REPL; CTRL-B to exit\r\n>"

INTERRUPT_TRIES = 5
"""How often a running program is interrupted before the board counts as unresponsive."""
LEAVE_MS = 200
"""Milliseconds between a board's last answer and a reset that takes its port away."""
PIECE = 1536
"""Bytes of a file in one command: 2 KiB as base64, which any board has RAM to parse."""


Progress = Callable[[int, int], None]

_HASHES = """
import hashlib, json
def _sha(path):
    try:
        f = open(path, 'rb')
    except OSError:
        return None
    h, b = hashlib.sha256(), bytearray(1024)
    while True:
        n = f.readinto(b)
        if not n:
            break
        h.update(memoryview(b)[:n])
    f.close()
    return h.digest().hex()
print(json.dumps({p: _sha(p) for p in %r}))
"""


class RemoteError(LinkError):
    """Code that the board ran raised an exception: its traceback, as text."""

    @property
    def last_line(self) -> str:
        """The exception itself, the traceback's last line."""
        return str(self).strip().splitlines()[-1] if str(self).strip() else ""


class Board:
    """A board whose REPL has been entered; a context manager that leaves it usable.

    url: a serial port, or a pyserial URL such as socket://127.0.0.1:5000.
    Raises LinkError when the port is not there, is busy, or no MicroPython answers.
    """

    def __init__(self, url: str, port: serial.SerialBase | None = None) -> None:
        self.url = url
        self._pending = b""
        self._port = port or open_port(url)
        try:
            self._enter_raw_repl()
        except BaseException:
            # What ran may have been stopped, though no answer came: the board starts it again
            with contextlib.suppress(*PORT_ERRORS):
                self._port.write(CTRL_B + CTRL_D)
                self._port.flush()
            self._port.close()
            raise

    def __enter__(self) -> "Board":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop what runs, go back to the friendly REPL and close the port."""
        if not self._port.is_open:
            return
        try:
            self._port.write(b"\r" + CTRL_C + CTRL_B)
            self._port.flush()
        except PORT_ERRORS:
            pass  # the board is gone, which closing does not mind
        finally:
            self._port.close()

    def run(self, code: str, on_output: Callable[[bytes], None] | None = None) -> str:
        """Run code on the board; what it printed. `on_output` gets the output as it comes.

        Raises RemoteError with the board's traceback, LinkError when it falls silent.
        """
        self._paste(code.encode())
        return self._finish(on_output)

    @property
    def port(self) -> serial.SerialBase:
        """The port, for whoever talks with code that was started."""
        return self._port

    def start(self, code: str) -> None:
        """Have the board run code that talks on the port, until `finish`."""
        self._paste(code.encode())

    def finish(self, seen: bytes) -> str:
        """Take the port back, once the code has ended; what it had still to say.

        seen: bytes that the caller has read and not used. Raises RemoteError like `run`.
        """
        self._pending = seen
        self._be_patient(ANSWER_TIMEOUT)
        return self._finish()

    def _finish(self, on_output: Callable[[bytes], None] | None = None) -> str:
        output = self._until(CTRL_D, on_output)
        problem = self._until(CTRL_D)
        self._until(b">")
        if problem:
            raise RemoteError(problem.decode(errors="replace").replace("\r\n", "\n").strip())
        return output.decode(errors="replace").replace("\r\n", "\n")

    def leave(self, code: str) -> None:
        """Close the port and have the board run code that ends the connection, such as a reset."""
        # The pause lets the board's last answer arrive before its port goes away.
        self._paste(f"import time\ntime.sleep_ms({LEAVE_MS})\n{code}".encode())
        self._port.close()

    def put(self, data: bytes, path: str, progress: Progress | None = None) -> None:
        """Write a file on the board: to a name beside it, compared by SHA-256, then renamed.

        Raises LinkError when the bytes on the board are not these, RemoteError when the board
        refuses (no space, no such folder); the file of that name stays as it was.
        """
        part = path + ".part"
        self.run(f"from binascii import a2b_base64 as _d\n_f = open({part!r}, 'wb')")
        try:
            for at in range(0, len(data), PIECE):
                text = b2a_base64(data[at : at + PIECE], newline=False).decode()
                self.run(f"_f.write(_d('{text}'))")
                if progress:
                    progress(min(at + PIECE, len(data)), len(data))
            self.run("_f.close()")
            if self.hashes([part])[part] != hashlib.sha256(data).hexdigest():
                raise LinkError(f"{path} arrived damaged: try again, or another cable or port")
            self.run(f"import os\nos.rename({part!r}, {path!r})")
        except LinkError:
            self._forget(part)
            raise

    def hashes(self, paths: list[str]) -> dict[str, str | None]:
        """SHA-256 of files on the board in hexadecimal digits; None where there is no such file."""
        answer: dict[str, str | None] = json.loads(self.run(_HASHES % paths))
        return answer

    def clear(self) -> None:
        """Start the interpreter anew, so that nothing of a program that ran is left in RAM."""
        self._write(CTRL_D)
        self._until(RAW_REPL)

    def restart(self) -> None:
        """Start what the board starts by itself (boot.py, main.py) and close the port."""
        self._write(CTRL_B + CTRL_D)
        self._until(b"soft reboot")
        self._port.close()

    def _forget(self, part: str) -> None:
        # The error that led here says more than one of the clean-up would.
        with contextlib.suppress(LinkError, OSError):
            self.run(f"import os\ntry: _f.close()\nexcept Exception: pass\nos.remove({part!r})")

    def _enter_raw_repl(self) -> None:
        for attempt in range(INTERRUPT_TRIES):
            self._be_patient(1.0 + attempt)
            try:
                self._write(b"\r" + CTRL_C + CTRL_C + b"\r" + CTRL_A)
                self._until(RAW_REPL)
                if attempt:
                    self._skip_late_answers()
                break
            except LinkError:
                continue
        else:
            raise LinkError(
                f"no MicroPython answers on {self.url}: is it the right port, "
                "and is MicroPython on the board? `xnornode flash` puts it there"
            )
        self._be_patient(ANSWER_TIMEOUT)

    def _skip_late_answers(self) -> None:
        """Read past what a slow board still has to say to the tries before."""
        mark = secrets.token_hex(8).encode()
        self._write(b"print(end='" + mark + b"')" + CTRL_D)
        self._until(b"OK" + mark + CTRL_D + CTRL_D + b">")

    def _be_patient(self, seconds: float) -> None:
        try:
            self._port.timeout = seconds
        except PORT_ERRORS as error:
            raise self._gone(error) from error

    def _paste(self, code: bytes) -> None:
        self._write(b"\x05A" + CTRL_A)
        if self._take(2) != b"R\x01":
            raise LinkError("the board's MicroPython is older than 1.14: update its firmware")
        window = int.from_bytes(self._take(2), "little")
        room = window
        while code:
            while room == 0 or self._answers():
                answer = self._take(1)
                if answer == CTRL_D:  # the board has stopped reading: a syntax error follows
                    self._write(CTRL_D)
                    return
                room += window
            self._write(code[:room])
            code, room = code[room:], room - len(code[:room])
        self._write(CTRL_D)
        self._until(CTRL_D)

    def _write(self, data: bytes) -> None:
        try:
            self._port.write(data)
        except PORT_ERRORS as error:
            raise self._gone(error) from error

    def _answers(self) -> bool:
        """Whether the board has sent something that has not been looked at."""
        try:
            return bool(self._pending or self._port.in_waiting)  # type: ignore[attr-defined]
        except PORT_ERRORS as error:
            raise self._gone(error) from error

    def _gone(self, error: Exception) -> LinkError:
        return LinkLost(f"{self.url} went away ({error}): plug the board in and run this again")

    def _take(self, size: int) -> bytes:
        """The next `size` bytes."""
        while len(self._pending) < size:
            self._read_more()
        taken, self._pending = self._pending[:size], self._pending[size:]
        return taken

    def _until(self, end: bytes, on_output: Callable[[bytes], None] | None = None) -> bytes:
        """What comes before `end`, which is taken too."""
        seen = b""
        while True:
            at = self._pending.find(end)
            if at >= 0:
                part, self._pending = self._pending[:at], self._pending[at + len(end) :]
            else:
                # The end may have begun: keep what could be its start.
                keep = max(0, len(self._pending) - len(end) + 1)
                part, self._pending = self._pending[:keep], self._pending[keep:]
            if part and on_output:
                on_output(part)
            seen += part
            if at >= 0:
                return seen
            self._read_more()

    def _read_more(self) -> None:
        try:
            first = self._port.read(1)
            if not first:
                raise LinkError(
                    f"the board on {self.url} has fallen silent: unplug it and try again"
                )
            patience, self._port.timeout = self._port.timeout, 0
            rest = self._port.read(4096)
            self._port.timeout = patience
        except PORT_ERRORS as error:
            raise self._gone(error) from error
        self._pending += first + rest


def wait_for_board(url: str, seconds: float) -> Board:
    """The board on a port that is coming back after a reset. Raises LinkError after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return Board(url)
        except LinkError as error:
            if time.monotonic() > deadline:
                raise LinkError(f"the board did not come back on {url}: {error}") from error
            time.sleep(0.2)
