"""Look at everything between this computer and a node's predictions, and say what is wrong."""

import platform
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import serial
from serial.tools import list_ports

from xnornode import __version__
from xnornode.errors import Action, LinkError
from xnornode.link.connect import connect
from xnornode.link.deadline import Deadline
from xnornode.link.messages import Error, Event, Hello, Models, Prediction
from xnornode.link.parsing import expect
from xnornode.link.ports import VENDORS, find_port
from xnornode.link.protocol import Session
from xnornode.link.timing import COMMAND, USUAL, Timing

GREETINGS = 5
"""How often the node is greeted, to time its answers."""
LISTEN = 5.0
"""Seconds in which a program that runs is to write something."""
LITTLE_FLASH = 64 * 1024
"""Bytes free on the filesystem below which a warning is given."""
LITTLE_RAM = 24 * 1024
"""Bytes free on the heap below which a warning is given."""


class Level(Enum):
    """How a finding stands."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Parameters
    ----------
    level : Level
        How it stands.
    text : str
        What was found.
    remedy : str, default ""
        What to do, where something is to be done.
    action : str, default ""
        The same for programs: one of `errors.Action`, or empty where a person has to do it.
    """

    level: Level
    text: str
    remedy: str = ""
    action: Action = ""


def examine(
    named: str | None,
    timing: Timing = USUAL,
    reset: bool = False,
    baud: int | None = None,
    lines: str | None = None,
) -> Iterator[Finding]:
    """Look at everything between this computer and a node's predictions.

    Parameters
    ----------
    named : str or None
        Serial port or pyserial URL; None for the only board that is plugged in.
    timing : Timing, default USUAL
        How long is waited for answers.
    reset : bool, default False
        Whether a board whose program cannot be interrupted may be reset.
    baud, lines : optional
        As those of `Port`.

    Yields
    ------
    Finding
        One after the other, up to the first failure of the line.

    Examples
    --------
    >>> [finding.level.value for finding in examine("/dev/ttyACM99")][-1]
    'failure'
    """
    yield _ok(
        f"xnornode {__version__}, Python {platform.python_version()}, "
        f"pyserial {serial.__version__}, {platform.system()}"
    )
    yield from _ports()
    heard: set[type] = set()
    errors: list[str] = []
    talk: list[str] = []

    def note(event: Event) -> None:
        heard.add(type(event))
        if isinstance(event, Error):
            errors.append(event.error)

    try:
        url = find_port(named, baud, lines)
        with connect(
            url,
            timing,
            talk.append,
            on_event=note,
            limit=Deadline(COMMAND),
            reset=reset,
        ) as session:
            for text in talk:
                yield Finding(Level.WARNING, text)
            yield from _node(session.hello, url)
            yield from _model(expect(Models, session.request("list")))
            yield _line(session)
            if session.hello.running:
                yield _stream(session, heard)
            elif errors:
                yield Finding(Level.WARNING, f"the node's program fails: {errors[-1]}")
    except LinkError as error:
        yield Finding(Level.FAILURE, str(error), action=error.action)


def _ok(text: str) -> Finding:
    return Finding(Level.OK, text)


def _ports() -> Iterator[Finding]:
    for p in sorted(list_ports.comports(), key=lambda p: str(p.device)):
        if p.vid is not None:
            whose = VENDORS.get(p.vid, p.manufacturer or "unknown vendor")
            yield _ok(f"{p.device}: USB {p.vid:04x}:{p.pid:04x}, {whose}")


def _node(hello: Hello, url: str) -> Iterator[Finding]:
    from xnornode.model import file_format  # has NumPy, which --help does not wait for

    idle = "nothing classifies: it is at the REPL, or its program has failed and starts again soon"
    state = "a program classifies" if hello.running else idle
    yield _ok(f"{url}: {hello.machine}, MicroPython {hello.firmware}; {state}")
    library = f"library {hello.library}, bnn {hello.bnn}"
    if hello.format == file_format.VERSION:
        other = hello.library != __version__
        remedy = "`xnornode update` puts this computer's version of the library there"
        text = f"{library}, model format {hello.format}"
        yield Finding(Level.OK, text, remedy, "update") if other else _ok(text)
    else:
        # As all models without drift, or without answers.
        reads_some = file_format.PLAIN <= hello.format < file_format.VERSION
        yield Finding(
            Level.WARNING if reads_some else Level.FAILURE,
            f"{library} reads model format {hello.format}, this computer writes "
            f"{file_format.VERSION}",
            "bring the node up to date with `xnornode flash` (in a checkout after `make firmware`)",
            "flash",
        )
    flash, ram = hello.flash, hello.ram
    yield Finding(
        Level.OK if flash >= LITTLE_FLASH else Level.WARNING,
        f"{flash:,} bytes of flash free",
        "" if flash >= LITTLE_FLASH else "remove files: mpremote fs rm",
    )
    yield Finding(
        Level.OK if ram >= LITTLE_RAM else Level.WARNING,
        f"{ram:,} bytes of RAM free: a model that is pushed must fit beside the one that runs",
        "" if ram >= LITTLE_RAM else "train a smaller model",
        "" if ram >= LITTLE_RAM else "train",
    )
    if hello.signed:
        yield _ok("takes signed models only")


def _model(models: Models) -> Iterator[Finding]:
    active, previous = models.active, models.previous
    if not active:
        yield Finding(Level.WARNING, "no model on the node", "xnornode push model.bnn", "push")
    elif active.trial:
        yield Finding(
            Level.WARNING,
            f"{active.name} was started {active.trial} times and has not classified a window",
            "if it does not within three starts, the node goes back to the model before",
        )
    else:
        yield _ok(f"active model {active.name}, revision {active.revision}")
    if previous:
        name = previous.name or "one that cannot be loaded"
        yield _ok(f"previous model {name}, revision {previous.revision}")


def _line(session: Session) -> Finding:
    times = []
    for _ in range(GREETINGS):
        start = time.monotonic()
        if session.greet(session.timing.hello):
            times.append(time.monotonic() - start)
    if len(times) < GREETINGS or session.damaged:
        return Finding(
            Level.WARNING,
            f"{GREETINGS - len(times)} of {GREETINGS} commands were not answered, "
            f"{session.damaged} lines were damaged",
            "try another cable or port; pushes get through all the same, more slowly",
        )
    return _ok(f"{GREETINGS} commands answered, {1000 * statistics.median(times):.0f} ms each")


def _stream(session: Session, heard: set[type]) -> Finding:
    wait = session.stream.wait(LISTEN)
    while Prediction not in heard and not wait.passed:
        heard.add(type(session.receive(wait.left)))
    if Prediction in heard:
        return _ok("predictions come")
    return Finding(
        Level.WARNING,
        f"no prediction in {LISTEN:g} s",
        "a window may take longer; else look at the sensor and at what the program does",
        "sensor",
    )
