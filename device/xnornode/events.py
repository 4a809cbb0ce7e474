"""The events of a node: lines that it writes, one JSON object each (docs/reference/lines.md)."""

import gc
import json
import os
import sys
import time
from binascii import crc32

import bnn

from xnornode.classifier import Classifier, Prediction, thousandths
from xnornode.line_writer import write_to_all
from xnornode.rate_check import RateCheck

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from typing import Any

WARN_MS = 60_000  # from one warning to the next of its kind
DRIFT_MS = 60_000  # from one event of drift to the next, unless the flag changes


class Events:
    """Writes the events of one classifier to standard output, and to all other links.

    Attributes: `session`, a random word, another one at each start; `checks_rate`, whether to warn
    where samples come at another rate than the model's.
    """

    def __init__(self, classifier: Classifier) -> None:
        self.classifier = classifier
        self.session = os.urandom(4).hex()
        self._ticks = time.ticks_ms()
        self._ms = 0  # since the start; added up, as ticks wrap round after days
        self._seq = 0
        self._warned: dict[str, int] = {}
        self._rate = RateCheck()
        self._drift_ms = 0  # of the last event of drift
        self._flagged = False
        self._breaks = (0, 0)
        self.checks_rate = True
        self.ready()

    def ready(self) -> None:
        """Write that a model has been loaded."""
        self._rate.restart()
        self._drift_ms, self._flagged = self._ms, False
        try:
            self._ready(self.classifier.model.labels, self.classifier.note)
        except MemoryError:  # 254 labels take 16 kB of text, several times
            gc.collect()
            self._ready((), "the heap has no room for the labels in one line")

    def _ready(self, labels: "tuple[str, ...]", note: str) -> None:
        model = self.classifier.model
        emit(
            "ready",
            session=self.session,
            seq=self._seq,
            bnn=bnn.__version__,
            firmware=firmware(),
            machine=machine(),
            model=model.name,
            revision=model.revision,
            model_crc=f"{model.crc:08x}",
            bytes=model.size,
            labels=labels,
            ram=self.classifier.ram,
            note=note,
        )

    def source(self, name: str) -> None:
        """Write that a stream starts again. name: of the recording or the sensor."""
        self._rate.restart()
        emit("source", name=name)

    def prediction(self, p: Prediction) -> None:
        """Write the event of a Prediction, and the one of a class that is detected with it."""
        now = time.ticks_ms()
        self._ms += time.ticks_diff(now, self._ticks)
        self._ticks = now
        seq = self._seq
        self._seq += 1  # also if the line cannot be written: then its number is missing
        answers: dict[str, object] = {}
        if p.confidence is not None:
            answers = {"answer": p.answer, "confidence": thousandths(p.confidence)}
        emit(
            "prediction",
            seq=seq,
            ms=self._ms,
            label=p.label,
            index=p.index,
            scores=list(p.scores),
            us=p.microseconds,
            **answers,
        )
        if p.detected and p.confidence is not None:
            sure = thousandths(p.confidence)
            emit("detected", seq=seq, ms=self._ms, label=p.answer, confidence=sure)
        drift = self.classifier.drift
        if drift and (drift.flagged != self._flagged or self._ms - self._drift_ms >= DRIFT_MS):
            self._drift_ms, self._flagged = self._ms, drift.flagged
            from xnornode.drift import moved  # most models' nodes need it once a minute at most

            names, amounts = moved(drift, self.classifier.model.channels)
            fields = {"drift": drift.level, "flagged": drift.flagged, "features": names}
            emit("drift", seq=seq, ms=self._ms, moved=amounts, **fields)
        if self.checks_rate:
            self._check_rate(now)

    def _check_rate(self, now: int) -> None:
        classifier = self.classifier
        # What a window does not reach across, and windows that a second core had no time for
        breaks = (classifier.gaps, getattr(classifier, "missed", 0))
        if breaks != self._breaks:
            self._breaks = breaks
            self._rate.restart()
        model = classifier.model
        rate = self._rate.add(model.hop, now, model.rate_mhz)
        if rate:
            text = (
                f"samples come at {_hertz(rate)} Hz, but the model was trained at "
                f"{_hertz(model.rate_mhz)} Hz: set the sensor's rate, or train with this one"
            )
            self.warning("rate", text, rate_mhz=rate, model_rate_mhz=model.rate_mhz)

    def warning(self, kind: str, text: str, **numbers: int) -> bool:
        """Write that something is not as it should be, at most once a minute for each kind.

        kind: one word. text: what is wrong and what to do. numbers: further keys of the event.
        Returns whether it was written.
        """
        now = time.ticks_ms()
        last = self._warned.get(kind)
        if last is not None and 0 <= time.ticks_diff(now, last) < WARN_MS:
            return False
        self._warned[kind] = now
        emit("warning", kind=kind, warning=text, **numbers)
        return True

    def end(self) -> None:
        """Write that the source has no more samples."""
        emit("end", count=self._seq)


def emit(event: str, **fields: object) -> None:
    """Write one event to all links. fields: as of `line`."""
    write_to_all(line(event, fields))
    written(event)


def written(event: str) -> None:
    """After the first `ready` a new version of the library is no longer on trial."""
    if event == "ready":  # `hello` may be of a receiver at the REPL (docs/reference/library.md)
        came_up = getattr(sys.modules["xnornode"], "came_up", None)
        if came_up:
            came_up()


def line(event: str, fields: "dict[str, Any]") -> str:
    """The line of an event: its name, then the fields, whose values JSON can hold, then the crc."""
    # A dict keeps no order on the node, so the event and the crc are put in their places by hand.
    text = ascii_json(fields)[1:-1]
    body = f'{{"event":"{event}"' + ("," if text else "") + text
    return f'{body},"crc":"{crc32(body.encode()):08x}"}}\n'


def ascii_json(fields: "dict[str, Any]") -> str:
    """A JSON object in ASCII. fields: values that JSON can hold."""
    text = json.dumps(fields, separators=(",", ":"))
    if len(text.encode()) != len(text):  # MicroPython leaves letters beyond ASCII as they are
        for letter in set(text):
            if ord(letter) > 0x7F:
                text = text.replace(letter, _escape(ord(letter)))
    return text


def _escape(code: int) -> str:
    """A character as JSON has it in ASCII; beyond 16 bits it takes two escapes."""
    if code < 0x10000:
        return f"\\u{code:04x}"
    return f"\\u{0xD7C0 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


def _hertz(mhz: int) -> str:
    """A rate for people."""
    return f"{mhz // 1000}.{mhz % 1000 // 100}"


def firmware() -> str:
    """Version of MicroPython, such as "1.25.0"."""
    return ".".join(str(part) for part in sys.implementation.version[:3])


def machine() -> str:
    """Name of the board and its chip."""
    return sys.implementation._machine
