"""The /main.py of a node whose port never falls to the REPL: `xnornode flash --lock-repl PIN`.

It runs /program.py. When that ends or fails, it takes commands for a while, then restarts.
The way back is docs/guides/security.md's: the pin, connected to ground while the board starts.
"""

from micropython import kbd_intr

kbd_intr(
    -1
)  # first of all: MicroPython delivers a Ctrl-C at a jump or a wait, of which none came yet

import sys  # noqa: E402
from time import sleep_ms  # noqa: E402

PIN = 22
TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from collections.abc import Callable


def attempt(work: "Callable[[], object]") -> object:
    """Do something; what it returns, or True if it raises anything at all."""
    try:
        return work()
    except BaseException as error:
        try:  # noqa: SIM105 (no contextlib on the node)
            sys.print_exception(error)
        except BaseException:
            pass  # no memory even for that
    return True


def settle() -> None:
    """Wait, so that a Ctrl-C from before `kbd_intr(-1)` comes here."""
    sleep_ms(10)


def locked() -> object:
    """Whether the pin is not held."""
    from machine import Pin

    pin = Pin(PIN, Pin.IN, Pin.PULL_UP)
    settle()
    return pin.value()


def program() -> None:
    """Run the node's program, without a Ctrl-C that could stop it."""
    from xnornode import line_reader

    line_reader.CTRL_C = None
    try:
        __import__("program")
    except Exception as error:
        from xnornode.supervisor import report

        report(error)


def serve() -> None:
    """Take commands, such as a push of a better model, as long as some come."""
    from xnornode import link

    link.serve()


def reset() -> None:
    """Start the board again."""
    import machine

    sleep_ms(1000)
    machine.reset()


attempt(settle)
if attempt(locked):
    attempt(program)
    attempt(serve)
    while True:
        attempt(reset)
