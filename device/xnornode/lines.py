"""The lines that a node writes, one JSON object each (docs/lines.md)."""

import json
import sys
import time

import bnn

from xnornode.classifier import Classifier, Prediction


class Lines:
    """Writes the events of one classifier to standard output."""

    def __init__(self, classifier: Classifier) -> None:
        self._start = time.ticks_ms()
        self._seq = 0
        model = classifier.model
        emit(
            "ready",
            bnn=bnn.__version__,
            firmware=".".join(str(part) for part in sys.implementation.version[:3]),
            machine=sys.implementation._machine,
            model=model.name,
            revision=model.revision,
            crc=f"{model.crc:08x}",
            bytes=model.size,
            labels=model.labels,
            ram=classifier.ram,
        )

    def source(self, name: str) -> None:
        """The stream begins anew."""
        emit("source", name=name)

    def prediction(self, p: Prediction) -> None:
        """A window has been classified."""
        emit(
            "prediction",
            seq=self._seq,
            ms=time.ticks_diff(time.ticks_ms(), self._start),
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
    """Write one line: `event` first, then the fields."""
    # A dict keeps no order on the node, so the event is put in front by hand.
    print(f'{{"event": "{event}", {json.dumps(fields)[1:]}')
