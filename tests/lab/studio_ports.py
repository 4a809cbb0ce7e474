"""A list of ports in place of this computer's, and what a page hears of it."""

from types import SimpleNamespace
from typing import Any


def usb(name: str, vid: int | None = 0x2E8A, **more: Any) -> SimpleNamespace:
    """A port as pyserial lists it."""
    known = {"pid": 5, "manufacturer": None, "product": None, "serial_number": None}
    return SimpleNamespace(device=name, vid=vid, **(known | more))


async def until(message: Any, right: Any) -> Any:
    """The first message for which `right` holds."""
    while not right(found := await message()):
        pass
    return found


def names(message: dict[str, Any]) -> list[str]:
    return [port["name"] for port in message["ports"]]
