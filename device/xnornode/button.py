"""A button of the node that begins a recording (docs/reference/protocol.md, "A stream").

Runs in CPython too, where its tests drive it.
"""

import time

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

EVERY_MS = 20  # between two looks at a pin
BOOTSEL_MS = 100  # at BOOTSEL: each look keeps all code from the flash for some microseconds


class Button:
    """A button from a GPIO to ground, or BOOTSEL of an RP2 board.

    at: number of the GPIO, whose pull-up is turned on, or "bootsel". Raises ValueError where the
    board has none there.
    """

    def __init__(self, at: "int | str") -> None:
        if at == "bootsel":
            try:
                rp2: Any = __import__("rp2")  # of which the stubs of other boards know nothing
            except ImportError:
                raise ValueError("only RP2 boards have a button bootsel") from None
            self._down, self._every, self._needed = rp2.bootsel_button, BOOTSEL_MS, 1
        elif type(at) is int:
            self._down, self._every, self._needed = _at_pin(at), EVERY_MS, 2
        else:
            raise ValueError(f'"button" is {at}, not a GPIO number or "bootsel"')
        self._up = False  # a button that is held from the start is no press
        self._looked = time.ticks_ms()
        self._same = 0  # looks in a row that say otherwise than `_up`

    def pressed(self) -> bool:
        """Whether the button has just been pressed. To be called often: it looks seldom."""
        now = time.ticks_ms()
        if time.ticks_diff(now, self._looked) < self._every:
            return False
        self._looked = now
        if bool(self._down()) != self._up:
            self._same = 0
            return False
        self._same += 1
        if self._same < self._needed:  # contacts bounce
            return False
        self._same = 0
        self._up = not self._up
        return not self._up


def _at_pin(number: int) -> "Callable[[], bool]":
    """What says whether a pin is at ground. Raises ValueError."""
    try:
        from machine import Pin

        value = Pin(number, Pin.IN, Pin.PULL_UP).value
    except (ImportError, ValueError, AttributeError):
        raise ValueError(f"the board has no GPIO {number} for a button") from None
    return lambda: not value()
