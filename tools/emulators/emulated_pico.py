"""The emulated Raspberry Pi Pico: a library for tests and the demo, and a command.

As a command it runs in the foreground until Ctrl-C::

    python -m tools.emulators.emulated_pico --port 5000 --flash build/pico/flash.bin \\
        --firmware build/firmware/rp2/firmware.uf2
    mpremote connect socket://127.0.0.1:5000

The emulator itself is in pico/ (JavaScript, see its README); this starts it with Node.js,
after it has installed the one npm package that it needs into build/pico-npm/.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from numpy.typing import ArrayLike

from tools.emulators.nodejs import (
    EMULATOR,
    PACKAGE,
    EmulatorError,
    install_package,
    node_command,
)
from tools.emulators.reporter import READY_TIMEOUT, Event, Reporter
from tools.emulators.sensors import Sensor, Signal, describe, frames

__all__ = [
    "EMULATOR",
    "PACKAGE",
    "EmulatedPico",
    "EmulatorError",
    "install_package",
    "node_command",
]

MARK = ".emulated-pico"  # in a drive: the process id of the emulator that made it
FASTEST = 100  # of `speed`
STOP_TIMEOUT = 10.0  # seconds for a clean end before the emulator is killed


class EmulatedPico(Reporter):
    """A running emulated Pico, as a context manager.

    Parameters
    ----------
    flash : Path
        File that is the flash chip (2 MiB). It is made if it does not exist.
    port : int, default 0
        TCP port of the serial port on 127.0.0.1. 0 takes a free one, and keeps it.
    drive : Path, optional
        Folder that stands for the RPI-RP2 drive while the chip is in BOOTSEL mode. It must not
        exist. By default beside the flash file.
    firmware : Path, optional
        A .uf2 or .bin file to be in the flash from the start. Without one, an empty flash starts
        in BOOTSEL mode.
    flash_log : Path, optional
        File for the flash operations of the last start; see flash_log.py.
    sensors : sequence of Sensor
        What is wired to the pins; see sensors.py.
    speed : float, default 1
        How many times faster than in real time the chip sleeps, from 1 to 100.
    cache : bool, default False
        Whether reads of flash take their time, through the chip's flash cache. Otherwise memory
        never waits.

    Raises
    ------
    EmulatorError
        It could not be started.
    """

    def __init__(
        self,
        flash: Path,
        port: int = 0,
        drive: Path | None = None,
        firmware: Path | None = None,
        flash_log: Path | None = None,
        sensors: Sequence[Sensor] = (),
        speed: float = 1,
        cache: bool = False,
    ) -> None:
        super().__init__()
        self.flash = Path(flash)
        self.port = port
        self.drive = Path(drive) if drive else Path(f"{flash}.RPI-RP2")
        self.firmware = firmware
        self.flash_log = flash_log
        self.sensors = tuple(sensors)
        self.speed = speed
        self.cache = cache
        self.cut_power: int | None = None
        """From the next start on: ends after so many flash operations, as another one begins."""
        self.torn = False
        """With `cut_power`: half of that other one is carried out."""
        self.ground: int | None = None
        """From the next start on: a GPIO that is connected to ground."""
        self.patience: float | None = None
        """From the next start on: seconds that a second client waits for the first one to leave."""
        self._files: tempfile.TemporaryDirectory[str] | None = None  # the signals of arrays

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
        if self.patience is not None:
            command += ["--patience", str(self.patience)]
        if self.sensors:
            command += ["--sensors", str(describe(self.sensors, self._folder()))]
        command += ["--speed", str(self.speed)] + ["--cache"] * self.cache
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
        self._follow(self._process)
        try:
            ready = self.wait_for("ready", since=first, timeout=READY_TIMEOUT)
        except BaseException:
            self.kill()
            raise
        self.port = int(ready["port"])

    def set_speed(self, speed: float) -> Event:
        """Have the chip sleep faster, or in real time again. A chip that works is as fast as ever.

        What talks to it sees its clock go faster: its timeouts come earlier.

        Parameters
        ----------
        speed : float
            How many times faster than in real time, from 1 to 100.

        Returns
        -------
        Event
            ``speed``, with the emulated ``seconds`` at which it was set.

        Raises
        ------
        EmulatorError
            It is no such number, or the emulator does not run.
        """
        if not 1 <= speed <= FASTEST:
            raise EmulatorError(f"a speed of {speed} is not from 1 to {FASTEST}")
        event = self._order("speed", {"speed": speed})
        self.speed = speed
        return event

    def play(self, sensor: str, signal: Signal) -> Event:
        """Play a signal to a sensor from now on, in place of what it plays.

        Parameters
        ----------
        sensor : str
            The sensor's name.
        signal : Signal
            What it measures.

        Returns
        -------
        Event
            ``playing``, with the emulated ``seconds`` at which it begins.

        Raises
        ------
        EmulatorError
            There is no such sensor, or the signal does not fit it.
        """
        return self._order("playing", {"play": sensor, "signal": signal.describe(self._folder())})

    def append(self, sensor: str, values: ArrayLike) -> Event:
        """Add frames to the end of what a sensor plays; they start now if that has ended.

        Parameters
        ----------
        sensor : str
            The sensor's name.
        values : array_like, shape (frames,) or (frames, channels)
            In the units of the signal.

        Returns
        -------
        Event
            ``appended``, with the emulated ``seconds`` at which it was done.

        Raises
        ------
        EmulatorError
            There is no such sensor, it plays nothing, or the values do not fit.
        """
        return self._order("appended", {"append": sensor, "values": frames(values)})

    def press(self, button: int | str, down: bool = True) -> Event:
        """Press a button, or let it go.

        Parameters
        ----------
        button : int or str
            The GPIO that the button connects to ground, or "bootsel". A reset lets the former go.
        down : bool, default True
            False lets it go.

        Returns
        -------
        Event
            ``pressed``, with the emulated ``seconds`` at which it was.

        Raises
        ------
        EmulatorError
            There is no such pin, or the emulator does not run.
        """
        if button != "bootsel" and button not in range(30):
            raise EmulatorError(f"{button} is no GPIO")
        return self._order("pressed", {"press": button, "down": down})

    def _folder(self) -> Path:
        if self._files is None:
            self._files = tempfile.TemporaryDirectory(prefix="emulated-pico-")
        return Path(self._files.name)

    def _order(self, done: str, order: dict[str, Any]) -> Event:
        process = self._process
        if process is None or process.stdin is None:
            raise EmulatorError("the emulated Pico does not run: start it first")
        since = len(self.events)
        try:
            process.stdin.write(json.dumps(order) + "\n")
            process.stdin.flush()
        except OSError as error:
            raise self._end_error() from error
        answer = self.wait_for(done, since, others=("not played",))
        if answer["event"] == "not played":
            raise EmulatorError(answer["reason"])
        return answer

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


if __name__ == "__main__":
    from tools.emulators.pico_command import main

    sys.exit(main())
