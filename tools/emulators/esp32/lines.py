"""The control lines of a serial port, and what an ESP32 board's two transistors make of them.

EN, the chip's reset, is low while RTS is asserted and DTR is not; GPIO0, which asks for the boot
loader as the chip starts, is low while DTR is asserted and RTS is not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import serial


class Change(NamedTuple):
    """A line that changed: "DTR" and "RTS" (on: asserted), "EN" and "GPIO0" (on: high)."""

    line: str
    on: bool


class Lines:
    """A serial port as `serial.rfc2217.PortManager` sees it: pyserial's attributes.

    Args:
        changed: called after each change.
    """

    # What a client may set, and reads back; nothing comes of it.
    baudrate = 115200
    bytesize = serial.EIGHTBITS
    parity = serial.PARITY_NONE
    stopbits = serial.STOPBITS_ONE
    xonxoff = rtscts = break_condition = False
    # What the other side of the cable says, as bridges without these lines do.
    cts = dsr = cd = ri = False

    def __init__(self, changed: Callable[[Change], None]) -> None:
        self.log: list[Change] = []
        """All changes since the start."""
        self._changed = changed
        self._dtr = self._rts = False
        self._levels = {"EN": True, "GPIO0": True}

    @property
    def enabled(self) -> bool:
        """Whether EN is high: the chip runs."""
        return self._levels["EN"]

    @property
    def download(self) -> bool:
        """Whether GPIO0 is low."""
        return not self._levels["GPIO0"]

    @property
    def dtr(self) -> bool:
        return self._dtr

    @dtr.setter
    def dtr(self, on: bool) -> None:
        self.set(on, self._rts)

    @property
    def rts(self) -> bool:
        return self._rts

    @rts.setter
    def rts(self, on: bool) -> None:
        self.set(self._dtr, on)

    def set(self, dtr: bool, rts: bool) -> None:
        """Both at once."""
        before = (self._dtr, self._rts)
        self._dtr, self._rts = dtr, rts
        for line, was, on in zip(("DTR", "RTS"), before, (dtr, rts), strict=True):
            if was != on:
                self._note(line, on)
        levels = {"EN": dtr or not rts, "GPIO0": rts or not dtr}
        for line, on in levels.items():
            if self._levels[line] != on:
                self._levels[line] = on
                self._note(line, on)

    def _note(self, line: str, on: bool) -> None:
        change = Change(line, on)
        self.log.append(change)
        self._changed(change)

    def reset_input_buffer(self) -> None:
        """Nothing waits here."""

    def reset_output_buffer(self) -> None:
        """Nothing waits here."""
