"""Prometheus text format: counters and gauges of a node.

By the text format 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from xnornode.link.messages import Caution, Error, Event
from xnornode.link.predictions import Detected, Drift, Prediction
from xnornode.link.schema import LONGEST_LIST

OTHER = "(other)"
"""Stands for the labels beyond so many as a model can have."""
Samples = Mapping[tuple[str, tuple[tuple[str, str], ...]], float]
_LABEL = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
_HELP = str.maketrans({"\\": r"\\", "\n": r"\n"})


@dataclass(frozen=True)
class Losses:
    """What a monitor counts beside the events. `xnornode.link.monitor.Monitor` has the words."""

    lost: int
    damaged: int
    restarts: int
    reconnections: int
    connected: bool


class Metrics:
    """Counts what a node says, and gives it as text.

    Parameters
    ----------
    node : str
        Its name, the label `node`.

    Examples
    --------
    >>> metrics = Metrics("shed")
    >>> metrics.prediction(Prediction(1.5, 7, 90, "walk", 1, [-3, 12], 850, "watch", 2, 0))
    >>> text = metrics.text(Losses(0, 0, 0, 0, True))
    >>> print(text[:text.index("# HELP", 9)], end="")
    # HELP xnornode_predictions_total Predictions that arrived.
    # TYPE xnornode_predictions_total counter
    xnornode_predictions_total{node="shed",label="walk"} 1
    """

    def __init__(self, node: str) -> None:
        self._node = node
        self._predictions: Counter[str] = Counter()
        self._detected: Counter[str] = Counter()
        self._unknown = self._errors = self._warnings = self._us = 0
        self._last: Prediction | None = None
        self._drift: Drift | None = None

    def prediction(self, p: Prediction) -> None:
        """Take a prediction."""
        _count(self._predictions, p.label)
        self._unknown += p.answer == "unknown"
        self._us += p.us
        self._last = p

    def detected(self, d: Detected) -> None:
        """Take an event `detected`."""
        _count(self._detected, d.label)

    def drift(self, d: Drift) -> None:
        """Take an event `drift`."""
        self._drift = d

    def event(self, event: Event) -> None:
        """Take an event of another kind."""
        self._errors += isinstance(event, Error)
        self._warnings += isinstance(event, Caution)

    def text(self, losses: Losses) -> str:
        """All of them.

        Parameters
        ----------
        losses : Losses
            What the monitor has counted.

        Returns
        -------
        str
            Lines, each with its end.
        """
        return together([(self, losses)])

    def families(self, losses: Losses) -> Iterator[tuple[str, str, str, Samples]]:
        """Name, type, what it is, and the values by suffix and labels."""

        def one(value: float, suffix: str = "") -> dict[Any, float]:
            return {(suffix, (("node", self._node),)): value}

        def each(values: Counter[str]) -> Samples:
            return {
                ("", (("node", self._node), ("label", label))): count
                for label, count in values.items()
            }

        yield "predictions_total", "counter", "Predictions that arrived.", each(self._predictions)
        yield "detections_total", "counter", "Events `detected`.", each(self._detected)
        yield "unknown_answers_total", "counter", "Answers `unknown`.", one(self._unknown)
        yield "lost_predictions_total", "counter", "Predictions that got lost.", one(losses.lost)
        yield "damaged_lines_total", "counter", "Lines that were not whole.", one(losses.damaged)
        yield "errors_total", "counter", "Events `error`.", one(self._errors)
        yield "warnings_total", "counter", "Events `warning`.", one(self._warnings)
        yield "restarts_total", "counter", "Starts of the node beyond one.", one(losses.restarts)
        text = "How often the port came back."
        yield "reconnections_total", "counter", text, one(losses.reconnections)
        yield "connected", "gauge", "Whether the port is open.", one(losses.connected)
        text = "Time of the classifications."
        total = one(self._us / 1e6, "_sum") | one(self._predictions.total(), "_count")
        yield "classification_seconds", "summary", text, total
        if d := self._drift:
            yield "drift_ratio", "gauge", "Of the bound; 1 flags.", one(d.drift)
            yield "drift_flagged", "gauge", "Whether the windows are odd.", one(d.flagged)
        if p := self._last:
            yield "last_prediction_timestamp_seconds", "gauge", "When one arrived.", one(p.time)
            if p.confidence is not None:
                yield "confidence_ratio", "gauge", "Of the last answer.", one(p.confidence)
            if p.model is not None:
                labels = ("node", self._node), ("model", p.model), ("revision", str(p.revision))
                yield "model_info", "gauge", "The model that runs.", {("", labels): 1}


def together(nodes: Iterable[tuple[Metrics, Losses]]) -> str:
    """The metrics of several nodes, each metric once.

    Parameters
    ----------
    nodes : iterable of tuple of Metrics and Losses
        Of different names.

    Returns
    -------
    str
        Lines, each with its end.
    """
    found: dict[tuple[str, str, str], dict[Any, float]] = {}
    for metrics, losses in nodes:
        for name, kind, about, samples in metrics.families(losses):
            found.setdefault((name, kind, about), {}).update(samples)
    return "".join(
        family(f"xnornode_{name}", kind, about, samples)
        for (name, kind, about), samples in found.items()
    )


def family(name: str, kind: str, about: str, samples: Samples) -> str:
    r"""A metric with its samples, as lines.

    Parameters
    ----------
    name : str
        Of letters, digits and `_`.
    kind : str
        `counter`, `gauge` or `summary`.
    about : str
        What it is, for people.
    samples : mapping
        The values by suffix of the name and labels.

    Returns
    -------
    str
        Lines, each with its end. Empty without samples.

    Examples
    --------
    >>> family("a_total", "counter", "Of a.", {("", (("b", 'x "y"'),)): 2})
    '# HELP a_total Of a.\n# TYPE a_total counter\na_total{b="x \\"y\\""} 2\n'
    """
    lines = [f"# HELP {name} {about.translate(_HELP)}", f"# TYPE {name} {kind}"]
    for (suffix, labels), value in samples.items():
        text = ",".join(f'{key}="{label.translate(_LABEL)}"' for key, label in labels)
        lines.append(f"{name}{suffix}{{{text}}} {float(value):.17g}")
    return "".join(f"{line}\n" for line in lines) if samples else ""


def _count(counter: Counter[str], label: str) -> None:
    known = label in counter or len(counter) < LONGEST_LIST
    counter[label if known else OTHER] += 1
