"""From samples to predictions."""

import time
from array import array

import bnn

from xnornode.model_store import Slot, Store, read, sha256
from xnornode.romfs import mapped

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from xnornode.sensors.sensor import Sensor


class Prediction:
    """What a window was classified as, and what that means for the answer.

    Of this window: label: the class, a str; index: its number, from 0; scores: array('i'), one per
    class; microseconds: what the classification took.
    Of the mean over the model's last windows: likely: the class, a str; confidence: its
    probability in thousandths, None where the model file has no answers; unknown: whether that is
    too little; detected: whether a class begins here. A property: `answer`, a str.
    """

    def __init__(
        self,
        label: str,
        index: int,
        scores: "array[int]",
        microseconds: int,
        likely: str,
        confidence: int | None,
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
    def answer(self) -> str:
        """The likely class, or "unknown"."""
        return "unknown" if self.unknown else self.likely

    def __str__(self) -> str:
        if self.confidence is None:
            return self.likely
        text = f"{self.likely} {(self.confidence + 5) // 10} %"
        if self.unknown:
            return f"unknown ({text})"
        return text + ", detected" if self.detected else text

    def __repr__(self) -> str:
        return f"<Prediction: {self}>"


class Classifier:
    """A model, and the window that is being filled.

    model: path of a `.bnn` file, or its bytes, or a Store (default: the node's). Of a store it is
    the active model, or the previous one where that cannot be loaded, and `note` says so.
    Attributes: `model`, the bnn.Model; `ram`, bytes of RAM that it takes with its window; `note`;
    `gaps`, how often the stream was broken so far; `saturated`, values that were cut off so far.
    Raises OSError when there is no model and ValueError with the reason when it is no valid one.
    """

    def __init__(self, model: "str | bytes | bytearray | memoryview | Store | None" = None) -> None:
        self.note = ""
        self.gaps = self.saturated = 0
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

    def _take(self, model: bnn.Model) -> None:
        self.model = model
        channels = len(model.channels)
        size = model.length * channels
        self._window = array("h", bytes(2 * size))
        self._view = memoryview(self._window)
        self._hop = model.hop * channels
        self._keep = size - self._hop
        self._channels = channels
        self._at = 0
        self._answers = bnn.Answers(model)
        self.ram = model.ram + model.size + 2 * size + self._answers.ram

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

        Between two windows of the same length and hop nothing is lost. Answers start anew.
        Allocates nothing.
        """
        at = self._at
        if other._channels == self._channels:
            # The newest samples that leave the new window at least one short
            most = len(other._window) - other._channels
            n = min(at, most)
            other._view[:n] = self._view[at - n : at]
            other._at = n
        self.model, self.ram = other.model, other.ram
        self.sha256, self.number = other.sha256, other.number
        self._answers = other._answers
        self._answers.clear()
        self._window, self._view = other._window, other._view
        self._hop, self._keep, self._at = other._hop, other._keep, other._at
        self._channels = other._channels

    def use(self, sensor: "Sensor") -> None:
        """Take the samples of a sensor from now on. Raises ValueError where they do not fit."""
        if len(sensor.channels) != self._channels:
            raise ValueError(
                f"the sensor has {', '.join(sensor.channels)}; "
                f"the model wants {', '.join(self.model.channels)}"
            )

    def feed(self, sample: "tuple[int, ...] | list[int] | array[int] | None") -> Prediction | None:
        """Add one sample; None, or at each hop the Prediction of the window that it completes.

        sample: one integer per channel (a tuple, a list or an array), in the model's scale and
        within int16. None marks a gap in the stream: the window is emptied, answers start anew.
        Raises ValueError for another number of channels.
        """
        if sample is None:
            self._at = 0
            self._forget()
            self.gaps += 1
            return None
        if len(sample) != self._channels:
            raise ValueError(
                f"sample of {len(sample)} values, the model takes {self._channels}: "
                + ", ".join(self.model.channels)
            )
        window = self._window
        at = self._at
        for value in sample:
            window[at] = value
            at += 1
        if at < len(window):
            self._at = at
            return None
        prediction = self._classify()
        view = self._view
        view[: self._keep] = view[self._hop :]
        self._at = self._keep
        return prediction

    def feed_block(self, block: "array[int] | memoryview") -> "list[Prediction]":
        """Add the samples of a block; the Predictions of the windows that they complete.

        block: array('h') or its memoryview, whole samples: all channels of the first one, then all
        of the next. Raises ValueError where it does not end with a whole sample.
        """
        if len(block) % self._channels:
            raise ValueError(f"block of {len(block)} values, the model takes {self._channels}")
        found = []
        for at in range(0, len(block), self._channels):
            prediction = self.feed(block[at : at + self._channels])
            if prediction:
                found.append(prediction)
        return found

    def _classify(self) -> Prediction | None:
        """The window's Prediction."""
        scores = array("i", bytes(4 * len(self.model.labels)))
        start = time.ticks_us()
        index = self.model.scores(self._window, scores)
        took = time.ticks_diff(time.ticks_us(), start)
        return self._answer(self.model, index, scores, took)

    def _forget(self) -> None:
        """Answers start anew."""
        self._answers.clear()

    def _answer(self, model: bnn.Model, index: int, scores: "array[int]", took: int) -> Prediction:
        """The Prediction of a window whose scores go to the answers."""
        answers = self._answers
        unknown = answers.add(scores) < 0
        confidence = answers.confidence
        if confidence is not None:
            confidence = (confidence * 1000 + 32767) // 65535
        labels = model.labels
        likely = labels[answers.best]
        return Prediction(
            labels[index], index, scores, took, likely, confidence, unknown, answers.detected
        )
