"""The integer network as plain data, and its slow, readable inference.

This is what a `.bnn` file holds (FORMAT.md) and the reference that the C core is compared with, bit
for bit: a front, a code, and layers (`intlayers`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from math import prod

import numpy as np
import numpy.typing as npt

from xnornode._typing import Int8, Int32
from xnornode.errors import ModelError
from xnornode.model.features import Features, Items
from xnornode.model.input_encoding import InputEncoding
from xnornode.model.layers import IntLayer, Scores, check_layer
from xnornode.model.limits import MAX_CHANNELS, MAX_LAYERS, MAX_NOTES, MAX_STRING

CHUNK = 2**26  # bytes of a layer's outputs that are kept at a time


def _check(ok: bool, reason: str, message: str) -> None:
    if not ok:
        raise ModelError(reason, message)


def _printable(text: str) -> bool:
    return all(" " <= ch <= "~" for ch in text)


def _check_string(text: str, what: str) -> None:
    ok = 1 <= len(text) <= MAX_STRING and _printable(text)
    _check(ok, "strings", f"{what} must be 1 to {MAX_STRING} printable ASCII characters: {text!r}")


@dataclass(frozen=True)
class Window:
    """What a window is: `length` samples of the named channels, one window every `hop` samples.

    rate_mhz: sample rate in thousandths of a hertz, 0 if unknown. scales: per channel, billionths
    of the channel's unit to one count of a sample, 0 if unknown. For texts one channel, and length
    and hop are the bytes that are read. Raises ModelError.
    """

    channels: tuple[str, ...]
    length: int
    hop: int
    rate_mhz: int
    scales: tuple[int, ...]

    def __post_init__(self) -> None:
        n = len(self.channels)
        _check(1 <= n <= MAX_CHANNELS, "header", f"1 to {MAX_CHANNELS} channels, not {n}")
        _check(1 <= self.length <= 65535, "header", f"window of {self.length} samples")
        _check(1 <= self.hop <= self.length, "header", f"hop {self.hop} of window {self.length}")
        _check(0 <= self.rate_mhz < 2**32, "header", f"sample rate of {self.rate_mhz} mHz")
        _check(len(self.scales) == n, "header", "as many scales as channels")
        _check(all(0 <= s < 2**32 for s in self.scales), "header", "scale out of range")
        for name in self.channels:
            _check_string(name, "a channel's name")


@dataclass(frozen=True, eq=False)
class Model:
    """A whole network: the window, front and code, layers with the scores last, labels.

    code: None after a front of texts, which gives bits itself. revision: the maker's version, 0 if
    not numbered. seed, shift: the self-test's window. expected: its scores as a file gave them,
    int32 (classes,); None: what this model computes. notes: what it was trained on and how.
    Raises ModelError when the parts do not fit together.
    """

    name: str
    labels: tuple[str, ...]
    window: Window
    features: Features
    encoding: InputEncoding | None
    layers: tuple[IntLayer, ...]
    revision: int = 0
    seed: int = 1
    shift: int = 0
    expected: Int32 | None = None
    notes: str = ""

    def __post_init__(self) -> None:
        _check(0 <= self.revision < 2**32, "header", f"revision {self.revision}")
        _check(1 <= self.seed < 2**32, "header", f"self-test seed {self.seed}")
        _check(0 <= self.shift <= 15, "header", f"self-test shift {self.shift}")
        count = len(self.layers)
        _check(1 <= count <= MAX_LAYERS, "header", f"1 to {MAX_LAYERS} layers, not {count}")
        self._check_inputs()
        self._check_layers()
        classes = len(self.layers[-1].weights)
        _check(len(self.labels) == classes, "strings", f"{classes} labels, not {len(self.labels)}")
        _check_string(self.name, "the name")
        for label in self.labels:
            _check_string(label, "a label")
        ok = len(self.notes) <= MAX_NOTES and _printable(self.notes)
        _check(ok, "strings", f"notes must be at most {MAX_NOTES} printable ASCII characters")

    def _check_inputs(self) -> None:
        w, channels = self.window, len(self.window.channels)
        self.features.check_window(w.length, w.hop, channels)
        rows, given = self.features.rows(w.length, channels), self.encoding
        ok = given.rows == rows if given else not rows
        _check(ok, "encoder", f"an input encoding of {rows} rows is needed; of 0, none")

    def _check_layers(self) -> None:
        width, kind = self.width, self.encoding.output if self.encoding else "binary"
        for layer in self.layers:
            inputs = prod(layer.input_shape)
            check_layer(inputs == width, f"a layer of {inputs} inputs is given {width}")
            check_layer(layer.inputs == kind, f"a layer of {layer.inputs} is given {kind}")
            last = layer is self.layers[-1]
            check_layer(isinstance(layer.output, Scores) == last, "only the last gives scores")
            if layer.outputs != "scores":
                width, kind = prod(layer.output_shape), layer.outputs

    @property
    def width(self) -> int:
        """Inputs of the first layer."""
        values = self.features.count(self.window.length, len(self.window.channels))
        return self.encoding.width(values) if self.encoding else values

    def inputs(self, windows: Items) -> Int8:
        """The first layer's inputs, int8 (n, width): -1 and +1, or bytes.

        windows: int16 (n, length, channels); for a model of texts a sequence of bytes. Raises
        DataError for another shape or type.
        """
        items = self.features.check_items(windows, self.window.length, len(self.window.channels))
        values = self.features.values(items)
        return self.encoding.encode(values) if self.encoding else values

    def activations(self, windows: Items) -> Iterator[Int8]:
        """The first layer's inputs, int8 (n, width), and what each layer but the last gives, int8
        (n, h, w, m)."""
        x = self.inputs(windows)
        yield x
        for layer in self.layers[:-1]:
            x = layer.forward(x)
            yield x

    def scores(self, windows: Items) -> Int32:
        """Scores, int32 (n, classes), of windows as `inputs` takes them."""
        widest = max(self.width, *(prod(layer.output_shape) for layer in self.layers))
        step = max(1, CHUNK // widest)
        parts = [self._scores(windows[i : i + step]) for i in range(0, len(windows), step)]
        return np.concatenate(parts) if parts else self._scores(windows)

    def _scores(self, windows: Items) -> Int32:
        *_, last = self.activations(windows)
        return self.layers[-1].forward(last)

    def predict(self, windows: Items) -> npt.NDArray[np.int64]:
        """Class index per window, (n,): the highest score, the first of them in a tie."""
        return self.scores(windows).argmax(axis=1)

    def selftest_window(self) -> Items:
        """The self-test's window, int16 (1, length, channels), or its text (FORMAT.md)."""
        shape = (self.window.length, len(self.window.channels))
        return self.features.selftest_items(partial(_xorshift32, self.seed), self.shift, *shape)

    def selftest_scores(self) -> Int32:
        """The scores that the self-test must give, int32 (classes,)."""
        if self.expected is not None:
            return self.expected
        return self.scores(self.selftest_window())[0]

    def selftest(self) -> bool:
        """Whether this model computes the scores that its file gives for the self-test."""
        return bool((self.scores(self.selftest_window())[0] == self.selftest_scores()).all())


def _xorshift32(state: int, count: int) -> list[int]:
    """The upper 16 bits of the next `count` states (Marsaglia, "Xorshift RNGs", 2003)."""
    numbers = []
    for _ in range(count):
        state ^= state << 13 & 0xFFFFFFFF
        state ^= state >> 17
        state ^= state << 5 & 0xFFFFFFFF
        numbers.append(state >> 16)
    return numbers
