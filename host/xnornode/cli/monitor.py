"""`xnornode monitor`: a node's predictions on stdout, for people or for other programs."""

import argparse
import csv
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from xnornode.cli.command import add_command, number
from xnornode.cli.output import is_terminal, say
from xnornode.cli.port_options import add_port
from xnornode.link.messages import Error, Ready
from xnornode.link.monitor import Monitor, Prediction
from xnornode.link.ports import find_port

SILENCE = 10.0
"""Seconds without a line after which it is said that nothing comes."""
FORMATS = ("text", "json", "csv")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a cell begins with that a spreadsheet takes for a formula (OWASP, "CSV Injection")."""
COLUMNS = ("time", "seq", "ms", "label", "index", "us", "lost", "model", "revision", "scores")


def add_parsers(commands: Any) -> None:
    """Add the command `xnornode monitor`."""
    parser = add_command(
        commands,
        "monitor",
        "show a node's predictions",
        "Show a node's predictions until Ctrl-C; the node goes on classifying. Lines that were "
        "lost on the way are counted. A port that goes away is waited for.",
        """
        xnornode monitor
        xnornode monitor --format csv > predictions.csv
        """,
    )
    add_port(parser)
    parser.add_argument(
        "--format",
        choices=FORMATS,
        help="text, one JSON object a line, or CSV (default: text on a terminal, else json)",
    )
    parser.add_argument(
        "--count", type=number(int, least=1), metavar="N", help="end after so many predictions"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry out `xnornode monitor`; the exit status. Raises LinkError."""
    form = options.format or ("text" if is_terminal(sys.stdout) else "json")
    write = _writer(form)
    monitor = Monitor(find_port(options.port), say=say)
    try:
        _follow(monitor, write, options.count)
    except KeyboardInterrupt:
        pass
    finally:
        monitor.close()
        say(_summary(monitor))
    return 0


def _follow(monitor: Monitor, write: Callable[[Prediction], None], count: int | None) -> None:
    heard, told, restarts, open_before = time.monotonic(), False, 0, True
    while count is None or monitor.predictions < count:
        event = monitor.event(1.0)
        if event:
            heard, told = time.monotonic(), False
            match event:
                case Prediction():
                    if event.lost:
                        say(f"{event.lost} predictions before number {event.seq} did not arrive")
                    write(event)
                case Ready():
                    note = f"; {event.note}" if event.note else ""
                    say(f"the node runs {event.model}, revision {event.revision}{note}")
                case Error():
                    say(f"the node says: {event.error}")
        elif not told and time.monotonic() - heard > SILENCE:
            say("nothing comes: does a program classify? `xnornode doctor` looks")
            told = True
        if monitor.connected != open_before:
            open_before = monitor.connected
            say(f"{monitor.url} " + ("is back" if open_before else "went away; waiting for it"))
        if monitor.restarts > restarts:
            restarts = monitor.restarts
            say("the node's program has started again")


def _writer(form: str) -> Callable[[Prediction], None]:
    if form == "json":
        return lambda p: print(json.dumps(asdict(p)), flush=True)
    if form == "text":
        return _write_text
    table = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    table.writeheader()

    def write(p: Prediction) -> None:
        texts = {"label": _cell(p.label), "model": p.model and _cell(p.model)}
        table.writerow(asdict(p) | texts | {"scores": " ".join(map(str, p.scores))})
        sys.stdout.flush()

    return write


def _cell(text: str) -> str:
    """Text that a spreadsheet shows and does not compute."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text


def _write_text(p: Prediction) -> None:
    clock = time.strftime("%H:%M:%S", time.localtime(p.time))
    print(f"{clock}  {p.seq:>7}  {p.label:<16} {p.us:>9,} us  {p.scores}", flush=True)


def _summary(m: Monitor) -> str:
    parts = [f"{m.predictions:,} predictions, {m.lost:,} lost"]
    for count, what in (
        (m.damaged, "damaged lines"),
        (m.unknown, "lines that this version does not know"),
        (m.odd, "numbers that no healthy node gives"),
        (m.restarts, "restarts of the node"),
        (m.reconnections, "reconnections"),
    ):
        if count:
            parts.append(f"{count:,} {what}")
    return ", ".join(parts)
