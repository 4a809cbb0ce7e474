"""The lines that a node writes, one JSON object each (docs/reference/lines.md)."""

import json
import os
import sys
import time
from binascii import crc32

import bnn

from xnornode.classifier import Classifier, Prediction


class Lines:
    """Writes the events of one classifier to standard output."""

    def __init__(self, classifier: Classifier) -> None:
        self.classifier = classifier
        self.session = os.urandom(4).hex()
        self._ticks = time.ticks_ms()
        self._ms = 0  # since the start; added up, as ticks wrap round after days
        self._seq = 0
        self.ready()

    def ready(self) -> None:
        """A model has been loaded."""
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
            labels=model.labels,
            ram=self.classifier.ram,
            note=self.classifier.note,
        )

    def source(self, name: str) -> None:
        """The stream begins anew."""
        emit("source", name=name)

    def prediction(self, p: Prediction) -> None:
        """A window has been classified."""
        now = time.ticks_ms()
        self._ms += time.ticks_diff(now, self._ticks)
        self._ticks = now
        emit(
            "prediction",
            seq=self._seq,
            ms=self._ms,
            label=p.label,
            index=p.index,
            scores=list(p.scores),
            us=p.microseconds,
        )
        self._seq += 1

    def end(self) -> None:
        """The source has nothing more."""
        emit("end", count=self._seq)


def emit(event: str, **fields: object) -> None:
    """Write one line: `event` first, then the fields, then the crc of all that."""
    # A dict keeps no order on the node, so the event and the crc are put in their places by hand.
    text = json.dumps(fields, separators=(",", ":"))[1:-1]
    body = f'{{"event":"{event}"' + ("," if text else "") + text
    print(f'{body},"crc":"{crc32(body.encode()):08x}"}}')


def firmware() -> str:
    """Version of MicroPython."""
    return ".".join(str(part) for part in sys.implementation.version[:3])


def machine() -> str:
    """The board."""
    return sys.implementation._machine
