"""The emulated Raspberry Pi Pico: a library for tests and the demo, and a command.

As a command it runs in the foreground until Ctrl-C::

    python -m tools.emulators.emulated_pico --port 5000 --flash build/pico/flash.bin \\
        --firmware build/firmware/rp2/firmware.uf2
    mpremote connect socket://127.0.0.1:5000

The emulator itself is in pico/ (JavaScript, see its README); this starts it with Node.js,
after it has installed the one npm package that it needs into build/pico-npm/.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

from tools.firmware.sources import BUILD, ROOT, lock

EMULATOR = ROOT / "tools" / "emulators" / "pico"
PACKAGE = BUILD / "pico-npm"
OLDEST_NODE = 18

MARK = ".emulated-pico"  # in a drive: the process id of the emulator that made it
READY_TIMEOUT = 60.0  # seconds until the chip's serial port or its boot drive is there
STOP_TIMEOUT = 10.0  # seconds for a clean end before the emulator is killed

Event = dict[str, Any]


class EmulatorError(Exception):
    """The emulator can't start or has ended; the text says why and what to do."""


def _find(program: str) -> str | None:
    """A program on the path or, as Node.js also comes as a Python package, beside Python."""
    return shutil.which(program) or shutil.which(program, path=str(Path(sys.executable).parent))


@cache
def node_command() -> str:
    """Path of the Node.js binary itself, not of a script that starts it.

    Raises:
        EmulatorError: there is none, or it is too old.
    """
    node = _find("node")
    if node is None:
        raise EmulatorError(
            "the emulated Pico needs Node.js, which is not installed; "
            "on Debian: sudo apt-get install nodejs npm"
        )
    question = "process.versions.node + ' ' + process.execPath"
    answer = subprocess.run([node, "-p", question], capture_output=True, text=True).stdout.strip()
    version, _, binary = answer.partition(" ")
    major = version.partition(".")[0]
    if not major.isdigit() or int(major) < OLDEST_NODE:
        raise EmulatorError(
            f"the emulated Pico needs Node.js {OLDEST_NODE} or newer, {node} is "
            f"{version or 'broken'}; on Debian 12: sudo apt-get install nodejs npm"
        )
    return binary


def install_package(source: Path = EMULATOR, folder: Path = PACKAGE) -> None:
    """Installs the npm package that `source` names into `folder`, if it is not there yet.

    The default is the emulator's package.

    Raises:
        EmulatorError: npm is missing or fails.
    """
    names = ("package.json", "package-lock.json", ".npmrc")
    wanted = hashlib.sha256(b"".join((source / name).read_bytes() for name in names)).hexdigest()
    stamp = folder / "installed"
    folder.mkdir(parents=True, exist_ok=True)
    with lock(folder / "lock", f"the npm package of {source.name}"):
        if stamp.exists() and stamp.read_text() == wanted:
            return
        npm = _find("npm")
        if npm is None:
            raise EmulatorError(
                f"npm is needed once, to install a package for {source.name}; "
                "on Debian: sudo apt-get install npm"
            )
        stamp.unlink(missing_ok=True)
        for name in names:
            shutil.copy(source / name, folder / name)
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        path = f"{Path(node_command()).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        result = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, env={**os.environ, "PATH": path}
        )
        if result.returncode != 0:
            raise EmulatorError(f"npm could not install for {source.name}:\n{result.stderr}")
        stamp.write_text(wanted)


class EmulatedPico:
    """A running emulated Pico, as a context manager.

    Args:
        flash: file that is the flash chip (2 MiB); it is made if it does not exist.
        port: TCP port of the serial port on 127.0.0.1; 0 takes a free one, and keeps it.
        drive: folder that stands for the RPI-RP2 drive while the chip is in BOOTSEL mode; it must
            not exist. By default beside the flash file.
        firmware: a .uf2 or .bin file to be in the flash from the start. Without one, an empty
            flash starts in BOOTSEL mode.
        flash_log: file for the flash operations of the last start; see flash_log.py.

    Raises:
        EmulatorError: it could not be started.
    """

    def __init__(
        self,
        flash: Path,
        port: int = 0,
        drive: Path | None = None,
        firmware: Path | None = None,
        flash_log: Path | None = None,
    ) -> None:
        self.flash = Path(flash)
        self.port = port
        self.drive = Path(drive) if drive else Path(f"{flash}.RPI-RP2")
        self.firmware = firmware
        self.flash_log = flash_log
        self.cut_power: int | None = None
        """From the next start on: ends after so many flash operations, as another one begins."""
        self.torn = False
        """With `cut_power`: half of that other one is carried out."""
        self.ground: int | None = None
        """From the next start on: a GPIO that is connected to ground."""
        self.events: list[Event] = []
        """All events so far, oldest first; see pico/README.md. Kept across restarts."""
        self._process: subprocess.Popen[str] | None = None
        self._changed = threading.Condition()
        self._ended = False  # the process has, and all its events are read
        self._reader: threading.Thread | None = None
        self._errors: Any = None

    @property
    def url(self) -> str:
        """What pyserial and mpremote connect to."""
        return f"socket://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """Process id of the emulator, None if it does not run."""
        return self._process.pid if self._process else None

    def __enter__(self) -> EmulatedPico:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Plugs the Pico in; returns when its serial port, or its boot drive, is there."""
        node = node_command()
        install_package()
        command = [node, str(EMULATOR / "pico.mjs"), "--flash", str(self.flash), "--with-stdin"]
        command += ["--port", str(self.port), "--drive", str(self.drive)]
        if self.firmware:
            command += ["--firmware", str(self.firmware)]
        if self.flash_log:
            command += ["--flash-log", str(self.flash_log)]
        if self.cut_power is not None:
            command += ["--cut-power", str(self.cut_power)] + ["--torn"] * self.torn
        if self.ground is not None:
            command += ["--ground", str(self.ground)]
        # A file for the messages, since nobody reads a pipe while the emulator runs
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        first = len(self.events)
        self._ended = False
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        try:
            ready = self.wait_for("ready", since=first, timeout=READY_TIMEOUT)
        except BaseException:
            self.kill()
            raise
        self.port = int(ready["port"])

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            with self._changed:
                self.events.append(json.loads(line))
                self._changed.notify_all()
        process.wait()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def messages(self) -> str:
        """What the emulator has written to standard error since it was started."""
        if self._errors is None:
            return ""
        self._errors.seek(0)
        return str(self._errors.read())

    def wait_for(
        self,
        name: str,
        since: int = 0,
        timeout: float = READY_TIMEOUT,
        where: Callable[[Event], bool] = lambda event: True,
    ) -> Event:
        """Waits for an event.

        Args:
            name: the value of its ``"event"``.
            since: number of events to pass over; take ``len(pico.events)`` before the cause.
            timeout: in seconds.
            where: a further condition.

        Raises:
            EmulatorError: it did not come, or the emulator ended.
        """
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                for event in self.events[since:]:
                    if event["event"] == name and where(event):
                        return event
                if self._process is None or self._ended:
                    raise EmulatorError(f"the emulated Pico has ended: {self.messages().strip()}")
                left = deadline - time.monotonic()
                if left <= 0:
                    seen = ", ".join(event["event"] for event in self.events[since:]) or "nothing"
                    raise EmulatorError(
                        f"the emulated Pico did not report '{name}' in {timeout:g} s "
                        f"(only {seen}); its messages: {self.messages().strip() or 'none'}"
                    )
                self._changed.wait(min(left, 0.5))

    def stop(self) -> int:
        """Ends the emulator cleanly. Returns its exit status."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int:
        """Cuts the power: what is in the flash file stays, nothing else is done."""
        return self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Unplugs the Pico and plugs it in again, on the same port."""
        self.stop()
        self.start()

    def _end(self, how: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        if process.poll() is None:
            process.send_signal(how)
        try:
            status = process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        if self._reader is not None:
            self._reader.join()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
        mark = self.drive / MARK
        if how is not signal.SIGTERM and mark.exists() and mark.read_text() == str(process.pid):
            # The drive of a chip without power is gone; a killed emulator can't see to that
            shutil.rmtree(self.drive, ignore_errors=True)
        return status


def _describe(event: Event, drive: Path) -> str | None:
    """One line for people about an event, None if it is not worth one."""
    match event["event"]:
        case "ready" if event["state"] == "running":
            return f"ready; connect with: mpremote connect socket://127.0.0.1:{event['port']}"
        case "ready" | "bootsel":
            return f"in BOOTSEL mode: copy a .uf2 file into {drive}"
        case "boot":
            return "the chip starts"
        case "flashed":
            return f"flashed {event['file']}, {event['bytes']} bytes"
        case "connected":
            return "a client connected"
        case "disconnected":
            return "the client left"
        case _:
            return None


def _run(arguments: argparse.Namespace) -> int:
    node = node_command()
    install_package()
    if arguments.install:
        return 0
    command = [node, str(EMULATOR / "pico.mjs"), "--flash", str(arguments.flash)]
    drive = arguments.drive or Path(f"{arguments.flash}.RPI-RP2")
    command += ["--port", str(arguments.port), "--drive", str(drive)]
    if arguments.firmware:
        command += ["--firmware", str(arguments.firmware)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    said = None
    try:
        for line in process.stdout:
            text = _describe(json.loads(line), drive)
            if text and text != said:
                print(f"emulated Pico: {text}", file=sys.stderr)
            said = text
        return process.wait()
    except KeyboardInterrupt:
        process.terminate()
        return process.wait()


def main(argv: list[str] | None = None) -> int:
    """The command. Returns the exit status."""
    parser = argparse.ArgumentParser(description="An emulated Raspberry Pi Pico.")
    default = BUILD / "pico" / "flash.bin"
    parser.add_argument("--port", type=int, default=0, help="TCP port, default a free one")
    parser.add_argument(
        "--flash", type=Path, default=default, help="the flash chip's file, default %(default)s"
    )
    parser.add_argument("--drive", type=Path, help="the RPI-RP2 drive, default FLASH.RPI-RP2")
    parser.add_argument("--firmware", type=Path, help="a .uf2 or .bin to be in the flash")
    parser.add_argument(
        "--install", action="store_true", help="only install the emulator's npm package"
    )
    arguments = parser.parse_args(argv)
    try:
        return _run(arguments)
    except EmulatorError as error:
        print(f"emulated Pico: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
