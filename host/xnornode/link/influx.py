"""InfluxDB line protocol: predictions and events as points of a time series.

By InfluxData's reference: https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/
"""

from collections.abc import Mapping

from xnornode.link.messages import Caution, Error, Event, Ready
from xnornode.link.predictions import Detected, Drift, Prediction
from xnornode.link.schema import printable

PREDICTION = "xnornode_prediction"
EVENT = "xnornode_event"
DRIFT = "xnornode_drift"
_NAME = str.maketrans({",": r"\,", " ": r"\ "})
_KEY = _NAME | str.maketrans({"=": r"\="})
_STRING = str.maketrans({'"': r"\"", "\\": r"\\"})

Value = int | float | str


class Points:
    r"""Makes lines of what a node says.

    The time of a point is when it arrived. No two points have the same one, as the second would
    replace the first.

    Parameters
    ----------
    node : str
        Its name, the tag `node`.

    Examples
    --------
    >>> points = Points("shed 1")
    >>> p = Prediction(1.5, 7, 90, "walk", 1, [-3, 12], 850, "watch", 2, 0, 0.934, "walk")
    >>> tags, fields, time = points.prediction(p).rsplit(" ", 2)
    >>> tags
    'xnornode_prediction,answer=walk,label=walk,model=watch,node=shed\\ 1'
    >>> fields
    'seq=7i,ms=90i,index=1i,us=850i,lost=0i,revision=2i,confidence=0.934,score_0=-3i,score_1=12i'
    >>> time
    '1500000000'
    """

    def __init__(self, node: str) -> None:
        self._node = node
        self._last = 0

    def prediction(self, p: Prediction) -> str:
        """The line of a prediction."""
        tags = {"label": p.label, "answer": p.answer, "model": p.model}
        fields: dict[str, Value | None] = {
            "seq": p.seq,
            "ms": p.ms,
            "index": p.index,
            "us": p.us,
            "lost": p.lost,
        }
        fields |= {"revision": p.revision, "confidence": p.confidence}
        fields |= {f"score_{k}": score for k, score in enumerate(p.scores)}
        return self._line(PREDICTION, tags, fields, p.time)

    def detected(self, d: Detected) -> str:
        """The line of an event."""
        tags = {"event": "detected", "label": d.label, "model": d.model}
        fields = {"seq": d.seq, "ms": d.ms, "revision": d.revision, "confidence": d.confidence}
        return self._line(EVENT, tags, fields, d.time)

    def drift(self, d: Drift) -> str:
        """The line of a drift; each feature that has moved is a field of its own."""
        fields: dict[str, Value | None] = {"seq": d.seq, "ms": d.ms, "revision": d.revision}
        fields |= {"drift": d.drift, "flagged": int(d.flagged)}
        fields |= {
            f"moved {name}": amount for name, amount in zip(d.features, d.moved, strict=True)
        }
        return self._line(DRIFT, {"model": d.model}, fields, d.time)

    def event(self, event: Event, time: float) -> str:
        """The line of a `ready`, a `warning` or an `error`, and of others an empty text."""
        match event:
            case Ready(model=model, revision=revision):
                tags = {"event": event.EVENT, "model": model}
                return self._line(EVENT, tags, {"revision": revision}, time)
            case Caution(text) | Error(text):
                return self._line(EVENT, {"event": event.EVENT}, {"text": text}, time)
        return ""

    def _line(
        self,
        measurement: str,
        tags: Mapping[str, str | None],
        fields: Mapping[str, Value | None],
        time: float,
    ) -> str:
        self._last = max(self._last + 1, int(time * 1e9))
        return point(measurement, {**tags, "node": self._node}, fields, self._last)


def point(
    measurement: str,
    tags: Mapping[str, str | None],
    fields: Mapping[str, Value | None],
    nanoseconds: int,
) -> str:
    r"""A line without its end.

    A tag cannot hold a backslash before what is escaped or at its end, so `/` stands for it. Line
    ends and what else cannot be printed become `\n` and the like, which no line protocol can hold.

    Parameters
    ----------
    measurement : str
        Name of the series.
    tags, fields : mapping
        By key. Those that are None are left out, and tags that are empty.
    nanoseconds : int
        Since 1970.

    Returns
    -------
    str
        With the tags sorted, which is what InfluxDB takes fastest.

    Examples
    --------
    >>> point("a b", {"t=": "x, y"}, {"n": 1, "f": 0.5, "s": 'a "b"'}, 9)
    'a\\ b,t\\==x\\,\\ y n=1i,f=0.5,s="a \\"b\\"" 9'
    """
    line = _clear(measurement).translate(_NAME)
    known = {_clear(key): _clear(text) for key, text in tags.items() if text}
    for key, text in sorted(known.items()):
        line += f",{key.translate(_KEY)}={text.translate(_KEY)}"
    values = (
        f"{_clear(key).translate(_KEY)}={_value(value)}"
        for key, value in fields.items()
        if value is not None
    )
    return f"{line} {','.join(values)} {nanoseconds}"


def _clear(text: str) -> str:
    """Text of a name, key or tag, not escaped yet."""
    return printable(text).replace("\\", "/")


def _value(value: Value) -> str:
    if isinstance(value, str):
        return f'"{printable(value).translate(_STRING)}"'
    return f"{value}i" if isinstance(value, int) else repr(value)
