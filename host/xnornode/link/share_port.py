"""A port that several programs have open: what each of them holds of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import serial

from xnornode.link.deadline import Deadline
from xnornode.link.share_ends import GuestEnd, LocalEnd
from xnornode.link.share_member import Sink

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class SharedPort(serial.SerialBase):
    """A port that may be shared with others, as pyserial has ports.

    Parameters
    ----------
    name : str
        The port's name.
    end : End
        The way to its hub.
    baud : int
        Bits per second with which it was opened.
    lines : tuple of bool
        Whether DTR and RTS are set.
    """

    shares = True
    _baudrate: int
    _break_state: bool

    def __init__(
        self, name: str, end: LocalEnd | GuestEnd, baud: int, lines: tuple[bool, bool]
    ) -> None:
        super().__init__(baudrate=baud)
        self._end = end
        self._port = self.name = self.portstr = str(name)
        self._dtr_state, self._rts_state = lines
        self._reads_for: float | None = None
        self._writes_for: float | None = None
        self._set_baud = baud
        self.is_open = True

    @property
    def timeout(self) -> float | None:
        """Seconds of a read at most."""
        return getattr(self, "_reads_for", None)

    @timeout.setter
    def timeout(self, seconds: float | None) -> None:
        self._reads_for = seconds

    @property
    def write_timeout(self) -> float | None:
        """Seconds of a write at most."""
        return getattr(self, "_writes_for", None)

    @write_timeout.setter
    def write_timeout(self, seconds: float | None) -> None:
        self._writes_for = seconds

    def _must_be_open(self) -> None:
        if not self.is_open:
            raise serial.PortNotOpenError()

    def read(self, size: int = 1) -> bytes:
        """As many bytes, or those that came in time. Raises SerialException."""
        self._must_be_open()
        return self._end.read(size, _wait(self._reads_for), size)

    def wait(self, seconds: float) -> bool:
        """Whether something has come, or comes in time. Raises SerialException."""
        self._must_be_open()
        self._end.read(0, Deadline(seconds), 1)
        return bool(self._end.waiting())

    def write(self, data: ReadableBuffer, /) -> int:
        """Write all of it; its length. Raises SerialException."""
        self._must_be_open()
        written = bytes(data)
        self._end.write(written, self._writes_for)
        return len(written)

    @property
    def in_waiting(self) -> int:
        """Bytes that have come."""
        self._must_be_open()
        return self._end.waiting()

    @property
    def out_waiting(self) -> int:
        """Bytes that have still to leave this computer."""
        self._must_be_open()
        return self._end.unsent

    def reset_input_buffer(self) -> None:
        """Forget what has come."""
        self._must_be_open()
        self._end.clear()

    def reset_output_buffer(self) -> None:
        """Forget what has not left yet."""
        self._must_be_open()
        self._end.drop_unsent()

    def flush(self) -> None:
        """There is nothing that waits in this object."""

    def fileno(self) -> int:
        """The file descriptor of the port, where this process has it."""
        self._must_be_open()
        return self._end.number()

    def listen(
        self,
        came: Callable[[bytes], None],
        gone: Callable[[str], None],
        answers_only: bool = False,
        busy: Callable[[], bool] = lambda: False,
    ) -> None:
        """Be told what comes, in place of reading it.

        Parameters
        ----------
        came : callable
            Gets bytes, in the thread that reads the port. It may not wait.
        gone : callable
            Gets once why the port is gone, in any thread.
        answers_only : bool, default False
            Whether only answers to what is written here are of interest, and samples. Where another
            program has the port, all comes.
        busy : callable, optional
            Whether the port is not to be read for now, so that its other side has to wait.
        """
        self._must_be_open()
        self._end.listen(Sink(came, gone, busy), answers_only)

    def take(self) -> None:
        """Have the port for oneself. Raises SerialException where somebody else has."""
        self._must_be_open()
        self._end.do("take")

    def give(self) -> None:
        """Share it again. Raises SerialException."""
        self._must_be_open()
        self._end.do("give")

    def close(self) -> None:
        """Leave the port to the others; the last one of the owner's process closes it."""
        if getattr(self, "is_open", False):
            self.is_open = False
            with suppress(OSError):
                self._end.close()

    def _reconfigure_port(self, *_: object, **__: object) -> None:
        if self._baudrate != self._set_baud:
            self._end.do("set", name="baudrate", value=self._baudrate)
            self._set_baud = self._baudrate

    def _update_dtr_state(self) -> None:
        self._end.do("set", name="dtr", value=self._dtr_state)

    def _update_rts_state(self) -> None:
        self._end.do("set", name="rts", value=self._rts_state)

    def _update_break_state(self) -> None:
        self._end.do("set", name="break_condition", value=self._break_state)


def _wait(seconds: float | None) -> Deadline:
    return Deadline(math.inf if seconds is None else seconds)
