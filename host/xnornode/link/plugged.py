"""What is plugged in: serial ports of USB devices, and which of them are surely boards."""

from __future__ import annotations

from typing import Any

from serial.tools import list_ports

from xnornode.link.ports import BOARDS


def serial_ports() -> list[Any]:
    """The serial ports of USB devices, sorted by name.

    Other ones are on each computer, and seldom boards.

    Returns
    -------
    list of serial.tools.list_ports_common.ListPortInfo
        With the vendor's number `vid`, and `serial_number` where the device has one.
    """
    return sorted((p for p in list_ports.comports() if p.vid is not None), key=lambda p: p.device)


def sure_boards(ports: list[Any]) -> set[str]:
    """The names of those of vendors that make boards, and nothing else.

    A serial chip alone may be that of a printer, which opening its port would reset.

    Examples
    --------
    >>> sure_boards([])
    set()
    """
    return {p.device for p in ports if p.vid in BOARDS}
