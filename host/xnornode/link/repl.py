"""A MicroPython board whose REPL is ours: run code, write files, start it again."""

import contextlib
import hashlib
from binascii import b2a_base64
from collections.abc import Callable
from types import TracebackType
from typing import Any

from xnornode.errors import LinkError
from xnornode.link.deadline import Deadline
from xnornode.link.framing import EVENT
from xnornode.link.ports import ANSWER_TIMEOUT, RETRY, open_port
from xnornode.link.raw_repl import CTRL_B, CTRL_C, CTRL_D, RAW_REPL, RawRepl
from xnornode.link.schema import read_json
from xnornode.link.stream import Stream

LEAVE_MS = 200
"""Milliseconds between a board's last answer and a reset that takes its port away."""
CHUNK = 1536
"""Bytes of a file in one command: 2 KiB as base64, which any board has RAM to parse."""
RUN_SECONDS = 60.0
"""Seconds that code may run on a board, unless its caller says more."""
RESTART_TRIES = 4
"""How often a board is told to start again until it does."""
RESTART_SECONDS = 1.5
"""Seconds from one such try to the next."""

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
    repl : RawRepl, optional
        The REPL on the port of the url, where it has been entered already.
    reset : bool, default False
        Whether a board whose program cannot be interrupted may be reset.

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

    def __init__(self, url: str, repl: RawRepl | None = None, reset: bool = False) -> None:
        self.url = url
        self._repl = repl or RawRepl(url, Stream(open_port(url)))
        if repl:
            return
        try:
            self._repl.enter(reset)
        except BaseException:
            # What ran may have been stopped, though no answer came: the board starts it again
            with contextlib.suppress(LinkError):
                self.stream.write(CTRL_B + CTRL_D)
            self.stream.close()
            raise

    @property
    def stream(self) -> Stream:
        """The open port, to talk with code that was started."""
        return self._repl.stream

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
        if self.stream.port.is_open:
            with contextlib.suppress(LinkError):  # the board is gone, which closing does not mind
                self.stream.write(b"\r" + CTRL_C + CTRL_B)
            self.stream.close()

    def run(self, code: str, seconds: float = RUN_SECONDS) -> str:
        """Run code on the board.

        Parameters
        ----------
        code : str
            Python.
        seconds : float, default RUN_SECONDS
            How long it may take.

        Returns
        -------
        str
            What it printed.

        Raises
        ------
        RemoteError
            If it raised an exception.
        LinkError
            When the board falls silent, or the code takes too long.
        """
        wait = self.stream.wait(seconds)
        self._repl.paste(code.encode(), wait)
        return self._repl.output(wait)

    def value(self, code: str) -> Any:
        """What code prints as JSON. Raises LinkError if it is none, and what `run` raises."""
        said = self.run(code)
        try:
            return read_json(said)
        except ValueError as error:
            raise LinkError(f"the board on {self.url} answers nonsense: try again") from error

    def start(self, code: str) -> None:
        """Have the board run code that talks on the port, until `finish`.

        Parameters
        ----------
        code : str
            Python.
        """
        self._repl.paste(code.encode(), self.stream.wait(ANSWER_TIMEOUT))

    def finish(self) -> str:
        """Take the port back from code that was started.

        Returns
        -------
        str
            What the code had still to say.

        Raises
        ------
        RemoteError, LinkError
            Like `run`.
        """
        return self._repl.output(self.stream.wait(ANSWER_TIMEOUT))

    def leave(self, code: str) -> None:
        """Close the port and have the board run code that ends the connection, such as a reset.

        Parameters
        ----------
        code : str
            Python.
        """
        # The pause lets the board's last answer arrive before its port goes away.
        self.start(f"import time\ntime.sleep_ms({LEAVE_MS})\n{code}")
        self.stream.close()

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
        answer: dict[str, str | None] = self.value(_HASHES % paths)
        if type(answer) is not dict or {*answer} != {*paths}:
            raise LinkError(f"the board on {self.url} answers with other files than it was asked")
        return answer

    def clear(self) -> None:
        """Start the interpreter again, so that nothing of a program that ran is left in RAM."""
        self.stream.write(CTRL_D)
        self._repl.until(RAW_REPL, self.stream.wait(ANSWER_TIMEOUT))

    def restart(self) -> None:
        """Start what the board starts by itself (boot.py, main.py) and close the port.

        Raises
        ------
        LinkError
            If the board does not say that it starts again, in RESTART_TRIES tries.
        """
        self.stream.recent = b""
        try:
            for _ in range(RESTART_TRIES):
                self.stream.write(CTRL_B + CTRL_D)
                said = self._repl.hears(b"soft reboot", self.stream.wait(RESTART_SECONDS))
                if said or EVENT in self.stream.recent:
                    return
        finally:
            self.stream.close()
        raise LinkError(f"the board on {self.url} does not start again: press its reset button")

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
    wait = Deadline(seconds)
    while True:
        try:
            return Board(url)
        except LinkError as error:
            if wait.passed:
                raise LinkError(f"the board did not come back on {url}: {error}") from error
            wait.pause(RETRY)
