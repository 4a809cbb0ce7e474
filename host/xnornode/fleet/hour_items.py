"""Hours of a node: what is counted in one, how two are added, and their JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from xnornode.fleet.payloads import HashOrNone, PayloadError, from_object, read_object
from xnornode.fleet.shown import shown
from xnornode.link.messages import Count, Thousandths
from xnornode.link.mqtt_topics import LONGEST_PAYLOAD, VERSION
from xnornode.link.schema import Range

KEPT = 24
"""Hours in which something came; the newest are kept."""
MOST_MODELS = 8
"""Items of one hour; what comes with further models is counted with an unknown one."""
MOST_LABELS = 256
"""Of one hour; as many as a model has, and `unknown`. Others count as predictions alone."""
LARGEST = 2**53 - 1
"""Of a count."""


@dataclass
class Hour:
    """What a node saw with one model within one hour.

    Parameters
    ----------
    predictions : int, default 0
        How many.
    labels : dict, default empty
        From each answer to its count.
    sure : int, default 0
        Sum of confidences, in thousandths.
    said : int, default 0
        Predictions that had a confidence.
    lost, restarts : int, default 0
        Predictions whose lines did not come; restarts of the node's program.
    drift : int or None, default None
        The largest one, in thousandths of the bound.

    Examples
    --------
    >>> hour = Hour()
    >>> hour.prediction("walk", 900)
    >>> hour.prediction("unknown", 300)
    >>> hour.labels, hour.confidence
    ({'walk': 1, 'unknown': 1}, 600)
    """

    predictions: int = 0
    labels: dict[str, int] = field(default_factory=dict)
    sure: int = 0
    said: int = 0
    lost: int = 0
    restarts: int = 0
    drift: int | None = None

    def prediction(self, label: str, confidence: int | None) -> None:
        """Count one prediction.

        Parameters
        ----------
        label : str
            Its answer; its label where the model gives no answers.
        confidence : int or None
            In thousandths.
        """
        self.predictions += 1
        if label in self.labels or len(self.labels) < MOST_LABELS:
            self.labels[label] = self.labels.get(label, 0) + 1
        if confidence is not None:
            self.sure += confidence
            self.said += 1

    @property
    def confidence(self) -> int | None:
        """The mean one in thousandths; None without one."""
        return round(self.sure / self.said) if self.said else None

    def add(self, other: Hour) -> None:
        """Count another's as well."""
        self.predictions += other.predictions
        for label, count in other.labels.items():
            if label in self.labels or len(self.labels) < MOST_LABELS:
                self.labels[label] = self.labels.get(label, 0) + count
        self.sure += other.sure
        self.said += other.said
        self.lost += other.lost
        self.restarts += other.restarts
        drifts = [drift for drift in (self.drift, other.drift) if drift is not None]
        self.drift = max(drifts, default=None)


Past = dict[tuple[int, str], Hour]
"""From the hour's start, in milliseconds, and the model's SHA-256 to what was seen."""


def item(past: Past, start: int, model: str) -> Hour:
    """The item of an hour and a model; a new one where there is none.

    Hours that are too many go, those first that are farthest from this one: as a rule, the oldest.
    A clock that is wrong for a while takes no more places than it counts hours.

    Parameters
    ----------
    past : Past
        Changed in place.
    start : int
        When the hour began, in milliseconds since 1970.
    model : str
        SHA-256, or empty.

    Returns
    -------
    Hour
        To count in.

    Examples
    --------
    >>> past = {}
    >>> item(past, 3_600_000, "").predictions += 1
    >>> item(past, 3_600_000, "").predictions
    1
    """
    found = past.get((start, model))
    if found is None:
        if sum(1 for each, _ in past if each == start) >= MOST_MODELS:
            model = ""
        found = past.setdefault((start, model), Hour())
        starts = sorted({each for each, _ in past}, key=lambda each: abs(each - start))
        for key in [key for key in past if key[0] in starts[KEPT:]]:
            del past[key]
    return found


def add_up(past: Past, other: Past) -> None:
    """Add what another one has counted of the same node.

    Parameters
    ----------
    past : Past
        Changed in place.
    other : Past
        What is added. Hours that are still to come stay: this computer's clock may be wrong.
    """
    for (start, model), hour in sorted(other.items()):
        item(past, start, model).add(hour)


def hours_payload(past: Past, most: int = LONGEST_PAYLOAD) -> bytes:
    """The payload of the topic `hour`.

    Parameters
    ----------
    past : Past
        What was counted.
    most : int, default LONGEST_PAYLOAD
        Bytes that it may have: the oldest items are left out where it has more.

    Returns
    -------
    bytes
        JSON.

    Examples
    --------
    >>> hours_payload({(0, ""): Hour(1, {"walk": 1})})[:60]
    b'{"mqtt":1,"hours":[{"start":0,"model":"","predictions":1,"la'
    """
    items = [
        json.dumps(
            {
                "start": start,
                "model": model,
                "predictions": hour.predictions,
                "labels": hour.labels,
                "confidence": hour.confidence,
                "lost": hour.lost,
                "restarts": hour.restarts,
                "drift": hour.drift,
            },
            separators=(",", ":"),
        )
        for (start, model), hour in sorted(past.items())
    ]
    size = sum(map(len, items)) + len(items) + 32
    while items and size > most:
        size -= len(items.pop(0)) + 1
    return f'{{"mqtt":{VERSION},"hours":[{",".join(items)}]}}'.encode()


@dataclass(frozen=True)
class _Said:
    """An item as it stands in the payload, but for its labels."""

    start: Count
    model: HashOrNone
    predictions: Count
    lost: Count
    restarts: Count
    confidence: Thousandths | None = None
    drift: Annotated[int, Range(0, LARGEST)] | None = None


def read_hours(payload: bytes) -> Past:
    """What the topic `hour` says.

    Parameters
    ----------
    payload : bytes
        What came.

    Returns
    -------
    Past
        In the order of time.

    Raises
    ------
    PayloadError
        If it is not as docs/reference/mqtt.md has it.

    Examples
    --------
    >>> read_hours(b'{"mqtt":1,"hours":[]}')
    {}
    """
    given = read_object(payload).get("hours")
    if not isinstance(given, list):
        raise PayloadError("schema", "`hours` is no list")
    past: Past = {}
    for each in given:
        if not isinstance(each, dict):
            raise PayloadError("schema", "an hour is no object")
        said = from_object(_Said, each)
        labels = _labels(each.get("labels"))
        counted = said.predictions if said.confidence is not None else 0
        hour = Hour(
            predictions=said.predictions,
            labels=labels,
            sure=counted * (said.confidence or 0),
            said=counted,
            lost=said.lost,
            restarts=said.restarts,
            drift=said.drift,
        )
        item(past, said.start, said.model).add(hour)
    return dict(sorted(past.items()))


def _labels(given: Any) -> dict[str, int]:
    """Counts by label. Raises PayloadError."""
    if not isinstance(given, Mapping) or len(given) > MOST_LABELS:
        raise PayloadError("schema", f"`labels` is no object of at most {MOST_LABELS} counts")
    for count in given.values():
        if type(count) is not int or not 0 <= count <= LARGEST:
            raise PayloadError("schema", "a label's count is none")
    made: dict[str, int] = {}
    for label, count in given.items():
        label = shown(label)
        made[label] = made.get(label, 0) + count
    return made
