"""Which serial port: the one that was named, or the only board that is plugged in."""

import os
from collections.abc import Iterable

from serial.tools import list_ports

from xnornode.errors import LinkError

RASPBERRY_PI = 0x2E8A
"""USB vendor id; MicroPython on a Pico is one of its serial ports."""
VENDORS = {
    RASPBERRY_PI: "Raspberry Pi",
    0x303A: "Espressif",
    0xF055: "MicroPython",
    0x10C4: "Silicon Labs CP210x",
    0x1A86: "WCH CH340",
    0x0403: "FTDI",
}
"""USB vendors of boards with MicroPython, and of the serial chips on them."""
VARIABLE = "XNORNODE_PORT"
"""Environment variable that names the port."""


def boards(vendors: Iterable[int] = VENDORS) -> list[str]:
    """The serial ports of USB devices by these vendors."""
    return sorted(p.device for p in list_ports.comports() if p.vid in vendors)


def find_port(named: str | None) -> str:
    """The port that was named, or $XNORNODE_PORT, or the only board's. Raises LinkError."""
    port = named or os.environ.get(VARIABLE)
    if port:
        return port
    found = boards()
    if len(found) > 1:
        raise LinkError(
            f"{len(found)} boards found: choose one with --port {' or '.join(found)}, or with the "
            f"environment variable {VARIABLE}"
        )
    if not found:
        raise LinkError(
            f"no board found: plug one in, or name its port with --port or the environment "
            f"variable {VARIABLE}"
        )
    return found[0]
