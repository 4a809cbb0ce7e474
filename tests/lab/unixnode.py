"""A node that is the unix build of MicroPython on a pseudo-terminal."""

import os
import subprocess
import tty
from pathlib import Path
from types import TracebackType

from tools.firmware.build import build


class UnixNode:
    """Runs a MicroPython program whose standard input and output are a serial port.

    What the program keeps in files stays over a `restart`, as a node's flash does.

    Args:
        program: the script, and its arguments.
        folder: its working directory.
        path: where it finds modules, in this order.
        heap: bytes of RAM for Python's objects. A Pico has about 238,000; its objects take half.
        target: the build, "unix" or "unix-asan".
    """

    def __init__(
        self,
        program: list[str | Path],
        folder: Path,
        path: list[Path],
        heap: int = 300_000,
        target: str = "unix",
    ) -> None:
        self._command = [str(build(target)), "-X", f"heapsize={heap}", *map(str, program)]
        self._folder = folder
        self._env = {**os.environ, "MICROPYPATH": ":".join(map(str, path))}
        self._process: subprocess.Popen[bytes] | None = None
        self.fd = -1
        """The master side of the pseudo-terminal, for `Bridge`; another one after a restart."""

    @property
    def end(self) -> int:
        """What a Bridge takes."""
        return self.fd

    def start(self) -> int:
        """Give it power; its `fd`."""
        self.fd, slave = os.openpty()
        tty.setraw(slave)
        self._process = subprocess.Popen(
            self._command, stdin=slave, stdout=slave, cwd=self._folder, env=self._env
        )
        os.close(slave)
        return self.fd

    def stop(self) -> None:
        """Take its power away."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None
            os.close(self.fd)

    def restart(self) -> int:
        """Take its power and give it back; its new `fd`."""
        self.stop()
        return self.start()

    @property
    def running(self) -> bool:
        """False if the program has ended by itself."""
        return self._process is not None and self._process.poll() is None

    @property
    def resident(self) -> int:
        """KiB of this computer's memory that it takes."""
        assert self._process
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    def __enter__(self) -> "UnixNode":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
