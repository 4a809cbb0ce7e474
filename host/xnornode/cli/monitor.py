"""`xnornode monitor`: a node's predictions on stdout, for people or for other programs."""

import argparse
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from xnornode._files import check_writable
from xnornode.cli.command import add_command, number
from xnornode.cli.monitor_formats import Csv, Influx, Json, Prometheus, Writer
from xnornode.cli.node_texts import NodeTexts
from xnornode.cli.output import is_terminal, say
from xnornode.cli.port_options import add_port, port_of
from xnornode.link.messages import Caution, Error, Event, Ready
from xnornode.link.monitor import Monitor
from xnornode.link.predictions import Detected, Drift, Prediction

SILENCE = 10.0
"""Seconds without a line after which it is said that nothing comes."""
EVERY = 15.0
"""Seconds from one writing of Prometheus' file to the next."""
FORMATS = ("text", "json", "csv", "influx", "prometheus")
SHOW: dict[str, tuple[type, ...]] = {
    "predictions": (Prediction,),
    "events": (Detected, Drift),
    "all": (Prediction, Detected, Drift),
}
"""What each value of --show writes."""
ONE_KIND = ("json", "csv")
"""Formats whose lines are all predictions, unless something else is asked for."""


def add_parsers(commands: Any) -> None:
    """Add the command `xnornode monitor`."""
    parser = add_command(
        commands,
        "monitor",
        "show a node's predictions",
        "Show a node's predictions until Ctrl-C; the node goes on classifying. Lines that were "
        "lost on the way are counted. A port that goes away is waited for. What the node prints "
        "beside them goes to stderr, marked `node:`.",
        """
        xnornode monitor
        xnornode monitor --show events
        xnornode monitor --format csv > predictions.csv
        xnornode monitor --format prometheus -o /var/lib/node_exporter/xnornode.prom
        """,
    )
    add_port(parser)
    add = parser.add_argument
    add(
        "--format",
        choices=FORMATS,
        help="text, one JSON object a line, CSV, InfluxDB line protocol, or Prometheus text "
        "(default: text on a terminal, else json)",
    )
    add(
        "--show",
        choices=tuple(SHOW),
        help="predictions, events (the answer has become another class; drift), or all of them "
        "(default: predictions in json and csv, else all)",
    )
    add("--count", type=number(int, least=1), metavar="N", help="end after so many predictions")
    add(
        "--node",
        metavar="NAME",
        help="name in InfluxDB's tags and Prometheus' labels (default: its port)",
    )
    add(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="for prometheus: write this file, for the textfile collector of node_exporter, "
        "instead of stdout at the end",
    )
    add(
        "--every",
        type=number(float, least=1.0),
        default=EVERY,
        metavar="SECONDS",
        help=f"from one writing of the file to the next (default: {EVERY:g})",
    )
    add("--quiet", action="store_true", help="leave out what the node prints, and tracebacks")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry out `xnornode monitor`; the exit status. Raises XnorNodeError."""
    form = options.format or ("text" if is_terminal(sys.stdout) else "json")
    if options.output:
        if form != "prometheus":
            options.wrong_usage(f"-o is for --format prometheus; for {form}, use > FILE")
        check_writable(options.output)
    port = port_of(options)
    texts = NodeTexts(options.quiet)
    monitor = Monitor(port, say=say, on_text=texts)
    try:
        writer = _writer(form, options, port)
        kinds = SHOW[options.show or ("predictions" if form in ONE_KIND else "all")]
        with suppress(KeyboardInterrupt):
            _follow(monitor, writer, texts, kinds, options.count)
        writer.step(monitor, ends=True)
    finally:
        monitor.close()
        texts.step(ends=True)
        say(_summary(monitor))
    return 0


def _writer(form: str, options: argparse.Namespace, port: str) -> Writer:
    """What writes in a format."""
    node = options.node or port
    match form:
        case "json":
            return Json()
        case "csv":
            return Csv()
        case "influx":
            return Influx(node)
        case "prometheus":
            return Prometheus(node, options.output, options.every)
    return Writer()


def _follow(
    monitor: Monitor,
    writer: Writer,
    texts: NodeTexts,
    kinds: tuple[type, ...],
    count: int | None,
) -> None:
    talk = _Talk(monitor)
    written = 0
    while count is None or written < count:
        writer.step(monitor)
        event = monitor.event(1.0)
        texts.step()
        talk.heard(event)
        match event:
            case Prediction() | Detected() | Drift():
                if isinstance(event, kinds):
                    writer.write(event)
                    written += Prediction not in kinds or isinstance(event, Prediction)
            case Error(traceback=str(traceback)):
                texts(traceback)
        if isinstance(event, Event):
            writer.event(event, monitor.arrival)


class _Talk:
    """Says what is to be known beside the predictions."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor
        self._heard, self._told = time.monotonic(), False
        self._restarts, self._open, self._flagged = 0, True, False

    def heard(self, event: Event | Prediction | Detected | Drift | None) -> None:
        """Take an event; None where none came."""
        monitor = self._monitor
        if event:
            self._heard, self._told = time.monotonic(), False
        match event:
            case Prediction(lost=lost) if lost:
                say(f"{lost:,} predictions before number {event.seq} did not arrive")
            case Ready():
                note = f"; {event.note}" if event.note else ""
                say(f"the node runs {event.model}, revision {event.revision}{note}")
            case Error():
                say(f"the node says: {event.error}")
            case Caution():
                say(f"the node warns: {event.warning}")
            case Drift(flagged=flagged) if flagged != self._flagged:
                self._flagged = flagged
                now = "not like" if flagged else "again like"
                say(f"the node's windows are {now} those of the training ({event})")
            case None if not self._told and time.monotonic() - self._heard > SILENCE:
                say("nothing comes: does a program classify? `xnornode doctor` looks")
                self._told = True
        if monitor.connected != self._open:
            self._open = monitor.connected
            say(f"{monitor.url} " + ("is back" if self._open else "went away; waiting for it"))
        if monitor.restarts > self._restarts:
            self._restarts = monitor.restarts
            say("the node's program has started again")


def _summary(m: Monitor) -> str:
    parts = [f"{m.predictions:,} predictions, {m.lost:,} lost"]
    for count, what in (
        (m.damaged, "damaged lines"),
        (m.unknown, "lines that this version does not know"),
        (m.odd, "numbers that no healthy node gives"),
        (m.restarts, "restarts of the node"),
        (m.reconnections, "reconnections"),
        (m.dropped_texts, "prints of the node that came too fast"),
    ):
        if count:
            parts.append(f"{count:,} {what}")
    return ", ".join(parts)
