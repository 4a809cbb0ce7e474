"""The boot loader in an ESP32's ROM: PyPI's esp32-mock-bootloader, with flash in a file.

A process of its own that takes one connection after another, one for each start of the chip:
python -m tools.emulators.esp32.boot_loader CHIP FLASH FD, where FD is a listening socket.
"""

from __future__ import annotations

import math
import mmap
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

FLASH_SIZE = 4 << 20  # the package's
READY = b"ready\n"


class BootLoader:
    """The process, for connections by `connect`.

    Args:
        chip: "esp32" or "esp32c3".
        flash: a file of FLASH_SIZE bytes.

    Raises:
        RuntimeError: the process does not start; it has said why on standard error.
    """

    def __init__(self, chip: str, flash: Path) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        fd = self._socket.fileno()
        state = {"ESP32_MOCK_BOOTLOADER_STATE_DIR": str(flash.parent / "boot_loader")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, chip, str(flash), str(fd)],
            stdout=subprocess.PIPE,
            pass_fds=[fd],
            env={**os.environ, **state},
            cwd=Path(__file__).parents[3],
        )

    def wait(self) -> None:
        """Until connections are answered."""
        assert self._process.stdout
        if self._process.stdout.readline() != READY:
            raise RuntimeError("the boot loader has not started: is esp32-mock-bootloader there?")

    def connect(self) -> socket.socket:
        """Start it anew."""
        return socket.create_connection(self._socket.getsockname())

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()
        self._socket.close()


def main() -> int:
    from esp32_mock_bootloader import server

    chip, flash_file, fd = sys.argv[1:]
    # It closes a connection so many seconds after a write's end; the chip waits for its reset.
    server._FLASH_END_IDLE_SEC = math.inf
    flash = server.FlashImage()
    listener = socket.socket(fileno=int(fd))
    with Path(flash_file).open("r+b") as file:
        flash.data = mmap.mmap(file.fileno(), FLASH_SIZE)
    sys.stdout.buffer.write(READY)
    sys.stdout.flush()
    while True:
        client, _ = listener.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server.handle_client(
            server.BootloaderConnection(sock=client), threading.Event(), chip, flash=flash
        )


if __name__ == "__main__":
    sys.exit(main())
