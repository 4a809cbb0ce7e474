"""From samples to predictions."""

import time
from array import array

import bnn

from xnornode.matching import match, unknown_scale
from xnornode.model_store import Slot, Store, read, sha256
from xnornode.romfs import mapped
from xnornode.watchdog import feed as feed_watchdog

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from collections.abc import Sequence

    from xnornode.sensors.sensor import Sensor


class Prediction:
    """What a window was classified as, and what that means for the answer.

    Of this window: label: the class, a str; index: its number, from 0; scores: array('i'), one per
    class; microseconds: what the classification took.
    Of the mean over the model's last windows: likely: the class, a str; confidence: its
    probability, 0 to 1 in steps of a thousandth, None where the model file has no answers; unknown:
    whether that is too little; detected: whether a class begins here. A property: `answer`, a str.
    """

    def __init__(
        self,
        label: str,
        index: int,
        scores: "array[int]",
        microseconds: int,
        likely: str,
        confidence: float | None,
        unknown: bool,
        detected: bool,
    ) -> None:
        self.label = label
        self.index = index
        self.scores = scores
        self.microseconds = microseconds
        self.likely = likely
        self.confidence = confidence
        self.unknown = unknown
        self.detected = detected

    @property
    def us(self) -> int:
        """The same as `microseconds`: the name that it has in lines, and on the PC."""
        return self.microseconds

    @property
    def answer(self) -> str:
        """The likely class, or "unknown"."""
        return "unknown" if self.unknown else self.likely

    def __str__(self) -> str:
        if self.confidence is None:
            return self.likely
        text = f"{self.likely} {(thousandths(self.confidence) + 5) // 10} %"
        if self.unknown:
            return f"unknown ({text})"
        return text + ", detected" if self.detected else text

    def __repr__(self) -> str:
        return f"<Prediction: {self}>"


def thousandths(confidence: float) -> int:
    """A confidence as lines have it."""
    return int(1000 * confidence + 0.5)


class Classifier:
    """A model, and the window that is being filled.

    model: path of a `.bnn` file, or its bytes, or a Store (default: the node's). Of a store it is
    the active model, or the previous one where that cannot be loaded, and `note` says so. sensor:
    where samples come from (`use`); None: they are in the model's counts.
    Attributes: `model`, the bnn.Model; `window`, the bnn.Window; `ram`, bytes of RAM that both
    take; `sensor`; `note`; `gaps`, how often the stream was broken so far; `saturated`; `drift`, a
    bnn.Drift, or None where the model's file has none.
    Raises OSError when there is no model and ValueError with the reason when it is no valid one.
    """

    drift: bnn.Drift | None = None  # of the class: an attribute of its own would take RAM
    _own_scratch = False  # of the window: the model's is not in use while samples come

    def __init__(
        self,
        model: "str | bytes | bytearray | memoryview | Store | None" = None,
        sensor: "Sensor | None" = None,
    ) -> None:
        self.note = ""
        self.gaps = 0
        self.sensor = sensor
        self.sha256 = ""  # of the file, and the store's number of it; only of a store's models
        self.number = -1
        self.store: Store | None = None
        if model is None:
            model = Store()
        if isinstance(model, Store):
            self.store = model
            self._take(self._start(model))
        elif isinstance(model, str):
            in_place = mapped(model)
            self._take(bnn.Model(read(model) if in_place is None else in_place))
            if in_place is not None:
                self.ram -= len(in_place)
        else:
            self._take(bnn.Model(model))
        if sensor:
            self.note = self.note or unknown_scale(sensor, self.model)

    def _take(self, model: bnn.Model) -> None:
        self.model = model
        self.window = window = self._new_window(model, self.sensor)
        window.on_complete, window.on_gap = self._classify, self._broken
        if type(self) is Classifier:
            # Called directly, since a function in Python takes 8 microseconds of a Pico. It stays
            # the same window: a program may have put `feed` into a variable.
            self.feed = window.feed  # type: ignore[method-assign, assignment]
            self.feed_block = window.feed_block  # type: ignore[method-assign, assignment]
        self._answers = bnn.Answers(model)
        self.ram = model.ram + model.size + window.ram + self._answers.ram
        # A firmware of before there was drift refuses models with it, and has no such attribute.
        if getattr(model, "drift", False):
            self.drift = bnn.Drift(model)
            self.ram += self.drift.ram

    def _new_window(self, model: bnn.Model, sensor: "Sensor | None") -> bnn.Window:
        """An empty window for a model, filled by a sensor's samples."""
        names = sensor.channels if sensor else model.channels
        ratios = match(sensor, model) if sensor else None
        return bnn.Window(model, ratios, len(names), ", ".join(names), self._own_scratch)

    def use(self, sensor: "Sensor | None") -> None:
        """Take the samples of a sensor from now on, in its counts; None: in the model's.

        Counts, units and the order of channels become the model's
        (docs/reference/window.md). Empties the window. Raises ValueError, with both sides named,
        where the sensor lacks a channel or has one in another unit.
        """
        window = self._new_window(self.model, sensor)
        self.sensor = sensor
        self.ram += window.ram - self.window.ram
        self.window.trade(window)
        if sensor:
            self.note = self.note or unknown_scale(sensor, self.model)

    def _start(self, store: Store) -> bnn.Model:
        """The first model of the store that can be loaded."""
        slots, self.note = store.start(self._loads)
        if not slots:
            raise OSError(2, "no model in " + store.folder)
        problem: Exception | None = None
        for slot in slots:
            try:
                return self._load(slot)
            except (OSError, ValueError, MemoryError) as error:
                problem = problem or error
                self.note = f"{slot.path}: {error}"
        assert problem
        raise problem

    def _loads(self, slot: Slot) -> bool:
        try:
            self._load(slot)
        except (OSError, ValueError, MemoryError):
            return False
        return True

    def _load(self, slot: Slot) -> bnn.Model:
        data = read(slot.path)
        model = bnn.Model(data)
        self.sha256, self.number = sha256(data), slot.number
        return model

    def swap(self, other: "Classifier") -> None:
        """Go on with another classifier's model, and with the samples that are in the window.

        Between two windows of the same length and hop nothing is lost. Where channels or scales
        are others, or the frames and bands of spectra, the window is emptied. Answers start anew.
        Allocates nothing, if `other` uses the same sensor; else ValueError is raised where the
        sensor does not match.
        """
        if other.sensor is not self.sensor:
            other.use(self.sensor)
        if other.model.channels == self.model.channels and other.model.scales == self.model.scales:
            other.window.take(self.window)
        self.model, self.ram = other.model, other.ram
        self.sha256, self.number = other.sha256, other.number
        self._answers = other._answers
        if self.drift or other.drift:
            self.drift = other.drift
        self._answers.clear()
        self.window.trade(other.window)

    def feed(
        self, sample: "tuple[float, ...] | list[float] | array[int] | None"
    ) -> Prediction | None:
        """Add one sample; None, or at each hop the Prediction of the window that it completes.

        sample: one number per channel (a tuple, a list or an array): integers are counts of the
        sensor, or else of the model; floats are in the unit of the model's channel. What is beyond
        int16 is clipped, and counted in `window.saturated`. None marks a gap in the stream: the
        window is emptied, and answers start anew. Raises ValueError for another number of channels.
        """
        return self.window.feed(sample)

    @property
    def saturated(self) -> int:
        """Values that were clipped so far, in the window that is in use."""
        return self.window.saturated

    def feed_block(
        self, block: "array[int] | bytes | bytearray | memoryview"
    ) -> "Sequence[Prediction]":
        """Add the samples of a block; the Predictions of the windows that they complete.

        block: int16, whole samples: all channels of the first one, then all of the next. Raises
        ValueError where it does not end with a whole sample.
        """
        return self.window.feed_block(block)

    def _classify(self) -> Prediction | None:
        """The window's Prediction."""
        feed_watchdog()  # a block may hold many windows
        scores = array("i", bytes(4 * len(self.model.labels)))
        start = time.ticks_us()
        if self.drift:
            index = self.model.scores(self.window, scores, self.drift)
        else:
            index = self.model.scores(self.window, scores)
        took = time.ticks_diff(time.ticks_us(), start)
        return self._answer(self.model, index, scores, took)

    def _broken(self) -> None:
        """The stream has a gap."""
        self.gaps += 1
        self._forget()

    def _forget(self) -> None:
        """Answers start anew."""
        self._answers.clear()

    def _answer(self, model: bnn.Model, index: int, scores: "array[int]", took: int) -> Prediction:
        """The Prediction of a window whose scores go to the answers."""
        answers = self._answers
        unknown = answers.add(scores) < 0
        mean = answers.confidence
        confidence = None if mean is None else (mean * 1000 + 32767) // 65535 / 1000
        labels = model.labels
        likely = labels[answers.best]
        return Prediction(
            labels[index], index, scores, took, likely, confidence, unknown, answers.detected
        )
