"""From samples to predictions."""

import time
from array import array

import bnn

from xnornode.romfs import mapped


class Prediction:
    """What a window was classified as.

    label: the class; index: its number; scores: array('i'), one per class; microseconds: what the
    classification took.
    """

    def __init__(self, label: str, index: int, scores: "array[int]", microseconds: int) -> None:
        self.label = label
        self.index = index
        self.scores = scores
        self.microseconds = microseconds


class Classifier:
    """A model, and the window that is being filled.

    model: path of a `.bnn` file, or its bytes. A file in ROMFS is used where it lies, any other is
    read into RAM. Raises OSError when the file is not there and ValueError with the reason when it
    is no valid model.
    """

    def __init__(self, model: str | bytes | bytearray | memoryview) -> None:
        in_place = mapped(model) if isinstance(model, str) else None
        if in_place is not None:
            self.model = bnn.Model(in_place)
        elif isinstance(model, str):
            with open(model, "rb") as f:
                self.model = bnn.Model(f.read())
        else:
            self.model = bnn.Model(model)
        self.ram = self.model.ram + (0 if in_place else self.model.size)
        channels = len(self.model.channels)
        size = self.model.length * channels
        self._window = array("h", bytes(2 * size))
        self._view = memoryview(self._window)
        self._hop = self.model.hop * channels
        self._keep = size - self._hop
        self._channels = channels
        self._at = 0
        self.ram += 2 * size

    def feed(self, sample: "tuple[int, ...] | list[int] | array[int] | None") -> Prediction | None:
        """Add one sample; None, or at each hop the Prediction of the window that it completes.

        sample: one integer per channel (a tuple, a list or an array), in the model's scale and
        within int16. None marks a gap in the stream: the window starts anew.
        Raises ValueError for another number of channels.
        """
        if sample is None:
            self._at = 0
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

    def _classify(self) -> Prediction | None:
        """The window's Prediction."""
        scores = array("i", bytes(4 * len(self.model.labels)))
        start = time.ticks_us()
        index = self.model.scores(self._window, scores)
        took = time.ticks_diff(time.ticks_us(), start)
        return Prediction(self.model.labels[index], index, scores, took)
