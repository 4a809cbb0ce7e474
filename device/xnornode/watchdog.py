"""The hardware watchdog: it starts the board again where the program hangs (docs/guides/node.md).

Runs in CPython too, where there is none.
"""

TIMEOUT_MS = 8000  # the RP2040 has at most 8388
REST_MS = 1 << 30  # where a watchdog cannot be stopped: 12 days
RP2_DISABLE = (0x4005B000, 0x400DB000)  # CTRL by its alias that clears bits, of RP2040 and RP2350
RP2_ENABLE_BIT = 1 << 30  # datasheets, "Watchdog", register CTRL, bit ENABLE

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from typing import Any

_running: "Any" = None


def start() -> bool:
    """Switch it on; whether the port has one. From then on, `feed` at least every 8 seconds."""
    global _running
    try:
        from machine import WDT

        _running = WDT(timeout=TIMEOUT_MS)
    except (ImportError, TypeError, ValueError, OSError):
        return False
    return True


def feed() -> None:
    """Say that the program goes on. Costs next to nothing where no watchdog is on."""
    if _running:
        _running.feed()


def stop() -> None:
    """Switch it off, for the REPL."""
    global _running
    if _running is None:
        return
    import sys

    _running.feed()
    if sys.platform == "rp2":
        from machine import mem32

        chip = 1 if "RP2350" in sys.implementation._machine else 0
        mem32[RP2_DISABLE[chip]] = RP2_ENABLE_BIT
    else:
        from machine import WDT

        WDT(timeout=REST_MS)
    _running = None
