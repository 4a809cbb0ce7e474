"""A MicroPython board whose REPL is ours: run code, write files, start it again."""

import contextlib
import hashlib
import json
import time
from binascii import b2a_base64
from collections.abc import Callable
from types import TracebackType

import serial

from xnornode.errors import LinkError
from xnornode.link.ports import ANSWER_TIMEOUT, PORT_ERRORS, RETRY, open_port
from xnornode.link.raw_repl import CTRL_B, CTRL_C, CTRL_D, RAW_REPL, RawRepl

LEAVE_MS = 200
"""Milliseconds between a board's last answer and a reset that takes its port away."""
CHUNK = 1536
"""Bytes of a file in one command: 2 KiB as base64, which any board has RAM to parse."""

Progress = Callable[[int, int], None]
"""Gets the bytes done, and the bytes in all."""

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


class Board:
    """A board whose REPL has been entered; a context manager that leaves it usable.

    Parameters
    ----------
    url : str
        Serial port or pyserial URL, such as socket://127.0.0.1:5000.
    port : serial.SerialBase, optional
        The port of the url, where it is open already.

    Raises
    ------
    LinkError
        When the port is not there, is busy, or no MicroPython answers.

    Examples
    --------
    >>> with Board("/dev/ttyACM0") as board:  # doctest: +SKIP
    ...     board.run("print(6 * 7)")
    '42\\n'
    """

    def __init__(self, url: str, port: serial.SerialBase | None = None) -> None:
        self.url = url
        self._port = port or open_port(url)
        self._repl = RawRepl(url, self._port)
        try:
            self._repl.enter()
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
        """Run code on the board.

        Parameters
        ----------
        code : str
            Python.
        on_output : callable, optional
            Gets the bytes that it prints as they come.

        Returns
        -------
        str
            What it printed.

        Raises
        ------
        RemoteError
            If it raised an exception.
        LinkError
            When the board falls silent.
        """
        self._repl.paste(code.encode())
        return self._repl.output(on_output)

    @property
    def port(self) -> serial.SerialBase:
        """The open port, to talk with code that was started."""
        return self._port

    def start(self, code: str) -> None:
        """Have the board run code that talks on the port, until `finish`.

        Parameters
        ----------
        code : str
            Python.
        """
        self._repl.paste(code.encode())

    def finish(self, seen: bytes) -> str:
        """Take the port back from code that was started.

        Parameters
        ----------
        seen : bytes
            What the caller has read and not used.

        Returns
        -------
        str
            What the code had still to say.

        Raises
        ------
        RemoteError, LinkError
            Like `run`.
        """
        self._repl.pending = seen
        self._repl.be_patient(ANSWER_TIMEOUT)
        return self._repl.output()

    def leave(self, code: str) -> None:
        """Close the port and have the board run code that ends the connection, such as a reset.

        Parameters
        ----------
        code : str
            Python.
        """
        # The pause lets the board's last answer arrive before its port goes away.
        self._repl.paste(f"import time\ntime.sleep_ms({LEAVE_MS})\n{code}".encode())
        self._port.close()

    def put(self, data: bytes, path: str, progress: Progress | None = None) -> None:
        """Write a file on the board: to a name beside it, compared by SHA-256, then renamed.

        Parameters
        ----------
        data : bytes
            What the file is to hold.
        path : str
            On the board.
        progress : callable, optional
            Gets the bytes done, and the bytes in all.

        Raises
        ------
        RemoteError
            When the board refuses: no space, no such folder. The file stays as it was.
        LinkError
            When the bytes on the board are not these. The file stays as it was.
        """
        part = path + ".part"
        self.run(f"from binascii import a2b_base64 as _d\n_f = open({part!r}, 'wb')")
        try:
            for at in range(0, len(data), CHUNK):
                text = b2a_base64(data[at : at + CHUNK], newline=False).decode()
                self.run(f"_f.write(_d('{text}'))")
                if progress:
                    progress(min(at + CHUNK, len(data)), len(data))
            self.run("_f.close()")
            if self.hashes([part])[part] != hashlib.sha256(data).hexdigest():
                raise LinkError(f"{path} arrived damaged: try again, or another cable or port")
            self.run(f"import os\nos.rename({part!r}, {path!r})")
        except LinkError:
            self._forget(part)
            raise

    def hashes(self, paths: list[str]) -> dict[str, str | None]:
        """SHA-256 of files on the board.

        Parameters
        ----------
        paths : list of str
            On the board.

        Returns
        -------
        dict
            From a path to 64 hexadecimal digits; to None where there is no such file.
        """
        answer: dict[str, str | None] = json.loads(self.run(_HASHES % paths))
        return answer

    def clear(self) -> None:
        """Start the interpreter again, so that nothing of a program that ran is left in RAM."""
        self._repl.write(CTRL_D)
        self._repl.until(RAW_REPL)

    def restart(self) -> None:
        """Start what the board starts by itself (boot.py, main.py) and close the port."""
        self._repl.write(CTRL_B + CTRL_D)
        self._repl.until(b"soft reboot")
        self._port.close()

    def _forget(self, part: str) -> None:
        # The error that led here says more than one of the clean-up would.
        with contextlib.suppress(LinkError, OSError):
            self.run(f"import os\ntry: _f.close()\nexcept Exception: pass\nos.remove({part!r})")


def wait_for_board(url: str, seconds: float) -> Board:
    """The board on a port that is coming back after a reset.

    Parameters
    ----------
    url : str
        Serial port or pyserial URL.
    seconds : float
        How long to wait for it.

    Returns
    -------
    Board
        With its REPL entered.

    Raises
    ------
    LinkError
        If it does not come back in this time.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            return Board(url)
        except LinkError as error:
            if time.monotonic() > deadline:
                raise LinkError(f"the board did not come back on {url}: {error}") from error
            time.sleep(RETRY)
