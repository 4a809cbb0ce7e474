"""How `xnornode monitor` writes what a node has found: for people, or for other programs."""

import csv
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

from xnornode._files import write_whole
from xnornode.cli.output import say, show_line
from xnornode.errors import XnorNodeError
from xnornode.link.influx import Points
from xnornode.link.messages import Event
from xnornode.link.monitor import Monitor
from xnornode.link.predictions import Detected, Drift, Prediction
from xnornode.link.prometheus import Losses, Metrics

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a cell begins with that a spreadsheet takes for a formula (OWASP, "CSV Injection")."""
COLUMNS = (
    *("time", "seq", "ms", "label", "index", "us", "lost", "model", "revision", "scores"),
    *("confidence", "answer", "event"),
)
"""New ones come at the end: older readers go by their places."""
UNKNOWN = "unknown"
Found = Prediction | Detected | Drift


class Writer:
    """Writes predictions and events; text for people."""

    def write(self, found: Found) -> None:
        """Write one of them."""
        clock = time.strftime("%H:%M:%S", time.localtime(found.time))
        if isinstance(found, Detected):
            text = f"{clock}  {found.seq:>7}  {found.label:<16} detected, {found.confidence:.1%}"
            return show_line(text, "bold green")
        if isinstance(found, Drift):
            return show_line(f"{clock}  {found.seq:>7}  {found}", "bold red" * found.flagged)
        answer = found.label if found.answer is None else found.answer
        sure = "" if found.confidence is None else f" {found.confidence:>6.1%}"
        # What the last windows say together may differ from what this one says
        alone = "" if found.label == answer else f"  this window: {found.label}"
        text = (
            f"{clock}  {found.seq:>7}  {answer:<16}{sure} {found.us:>9,} us  {found.scores}{alone}"
        )
        show_line(text, "dim" if found.answer == UNKNOWN else "")

    def event(self, event: Event, when: float) -> None:
        """Take an event of another kind, which came at this time."""

    def step(self, monitor: Monitor, ends: bool = False) -> None:
        """Do what is to be done from time to time, and at the end."""


class Json(Writer):
    """One JSON object a line."""

    def write(self, found: Found) -> None:
        """Write one of them."""
        print(json.dumps(asdict(found) | {"event": _kind(found)}), flush=True)


class Csv(Writer):
    """A table."""

    def __init__(self) -> None:
        self._table = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
        self._table.writeheader()

    def write(self, found: Found) -> None:
        """Write one of them. Drift has no place among its columns."""
        if isinstance(found, Drift):
            return
        row = asdict(found) | {"event": _kind(found)}
        for key in ("label", "model", "answer"):
            row[key] = row.get(key) and _cell(row[key])
        if "scores" in row:
            row["scores"] = " ".join(map(str, row["scores"]))
        self._table.writerow(row)
        sys.stdout.flush()


class Influx(Writer):
    """InfluxDB line protocol."""

    def __init__(self, node: str) -> None:
        self._points = Points(node)

    def write(self, found: Found) -> None:
        """Write one of them."""
        points = self._points
        if isinstance(found, Detected):
            print(points.detected(found), flush=True)
        elif isinstance(found, Drift):
            print(points.drift(found), flush=True)
        else:
            print(points.prediction(found), flush=True)

    def event(self, event: Event, when: float) -> None:
        """Write one that tells of the node's state."""
        if line := self._points.event(event, when):
            print(line, flush=True)


class Prometheus(Writer):
    """Prometheus text: a file that is written again and again, or stdout at the end.

    Parameters
    ----------
    node : str
        Its name, the label `node`.
    file : Path or None
        The file. None for stdout.
    every : float
        Seconds from one writing of the file to the next.
    """

    def __init__(self, node: str, file: Path | None, every: float) -> None:
        self._metrics = Metrics(node)
        self._file, self._every = file, every
        self._written = -float("inf")
        self._failed = ""

    def write(self, found: Found) -> None:
        """Count one of them."""
        if isinstance(found, Detected):
            self._metrics.detected(found)
        elif isinstance(found, Drift):
            self._metrics.drift(found)
        else:
            self._metrics.prediction(found)

    def event(self, event: Event, when: float) -> None:
        """Count an error or a warning."""
        self._metrics.event(event)

    def step(self, monitor: Monitor, ends: bool = False) -> None:
        """Write, if it is time."""
        if not ends and (not self._file or time.monotonic() - self._written < self._every):
            return
        m = monitor
        losses = Losses(m.lost, m.damaged, m.restarts, m.reconnections, m.connected and not ends)
        text = self._metrics.text(losses)
        if not self._file:
            print(text, end="", flush=True)
            return
        self._written = time.monotonic()
        try:
            write_whole(self._file, text.encode())
            self._failed = ""
        except (OSError, XnorNodeError) as error:  # the disk may have room again later
            if ends:
                raise
            if str(error) != self._failed:
                say(f"{error}; trying again every {self._every:g} s")
            self._failed = str(error)


def _kind(found: Found) -> str:
    kinds = {Prediction: "prediction", Detected: "detected", Drift: "drift"}
    return kinds[type(found)]


def _cell(text: str) -> str:
    """Text that a spreadsheet shows and does not compute."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text
