"""The command of the emulated Pico: it runs in the foreground until Ctrl-C.

See emulated_pico.py, which starts it.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tools.emulators.nodejs import EMULATOR, EmulatorError, install_package, node_command
from tools.firmware.sources import BUILD


def _describe(event: dict[str, Any], drive: Path) -> str | None:
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
        case "played":
            return f"the signal of {event['sensor']} has ended"
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
    if arguments.sensors:
        command += ["--sensors", str(arguments.sensors)]
    command += ["--speed", str(arguments.speed)] + ["--cache"] * arguments.cache
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
        "--sensors",
        type=Path,
        help="what is wired to the pins, as JSON; see tools/emulators/pico/README.md",
    )
    parser.add_argument(
        "--speed",
        type=float,
        default=1,
        help="of the sleeping chip, default %(default)s: real time",
    )
    parser.add_argument(
        "--cache", action="store_true", help="reads of flash take their time, as on a board"
    )
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
