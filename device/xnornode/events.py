"""The events of a node: lines that it writes, one JSON object each (docs/reference/lines.md)."""

import gc
import json
import os
import sys
import time
from binascii import crc32

import bnn

from xnornode.classifier import Classifier, Prediction


class Events:
    """Writes the events of one classifier to standard output.

    Attribute `session`: a random word, another one at each start.
    """

    def __init__(self, classifier: Classifier) -> None:
        self.classifier = classifier
        self.session = os.urandom(4).hex()
        self._ticks = time.ticks_ms()
        self._ms = 0  # since the start; added up, as ticks wrap round after days
        self._seq = 0
        self.ready()

    def ready(self) -> None:
        """Write that a model has been loaded."""
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
            answers = {"answer": p.answer, "confidence": p.confidence}
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
        if p.detected:
            emit("detected", seq=seq, ms=self._ms, label=p.answer, confidence=p.confidence)

    def end(self) -> None:
        """Write that the source has no more samples."""
        emit("end", count=self._seq)


def emit(event: str, **fields: object) -> None:
    """Write one event: its name, then the fields, whose values JSON can hold, then the crc."""
    # A dict keeps no order on the node, so the event and the crc are put in their places by hand.
    text = json.dumps(fields, separators=(",", ":"))[1:-1]
    body = f'{{"event":"{event}"' + ("," if text else "") + text
    data = body.encode()
    if len(data) != len(body):  # MicroPython's JSON leaves letters beyond ASCII as they are
        for letter in set(body):
            if ord(letter) > 0x7F:
                body = body.replace(letter, _escape(ord(letter)))
        data = body.encode()
    print(f'{body},"crc":"{crc32(data):08x}"}}')


def _escape(code: int) -> str:
    """A character as JSON has it in ASCII; beyond 16 bits it takes two escapes."""
    if code < 0x10000:
        return f"\\u{code:04x}"
    return f"\\u{0xD7C0 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


def firmware() -> str:
    """Version of MicroPython, such as "1.25.0"."""
    return ".".join(str(part) for part in sys.implementation.version[:3])


def machine() -> str:
    """Name of the board and its chip."""
    return sys.implementation._machine
