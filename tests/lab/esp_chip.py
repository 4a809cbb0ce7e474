"""An ESP32 chip's boot loader: a stand-in for its ROM, in a process of its own."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from esp32_mock_bootloader import MockHandle, mock_bootloader
from serial.urlhandler import protocol_socket

from xnornode.board import esp32_loader


@contextmanager
def esp_chip(rom: str) -> Iterator[MockHandle]:
    """The chip of a name of the stand-in's, such as "esp32c3"; `url()` is its port."""
    with mock_bootloader(rom) as chip:
        try:
            yield chip
        finally:
            chip._session.proc.kill()  # `stop` gives it a second to end by itself, and it does not


class NoTime:
    """The module `time` as pyserial's socket:// uses it, which sleeps after a close."""

    @staticmethod
    def sleep(seconds: float) -> None:
        """Sleep not at all: the stand-in lets the next one in at once."""


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for nothing that a chip needs and the stand-in does not: capacitors, a slow server."""
    monkeypatch.setattr(esp32_loader, "STRAP_SECONDS", 0.0)
    monkeypatch.setattr(protocol_socket, "time", NoTime)
