"""The integer network as plain data, and its slow, readable inference.

This is what a `.bnn` file holds (FORMAT.md) and the reference that the C core is compared with, bit
for bit. Weights and activations are kept as -1 and +1 here, not as bits: nothing is shared with the
packed kernels but the definition.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xnornode.encode import Int16, Thermometer
from xnornode.errors import DataError, ModelError

Int32 = npt.NDArray[np.int32]
Signs = npt.NDArray[np.int8]

MAX_INPUTS = 65534
MAX_OUTPUTS = 65535
MAX_CLASSES = 255
MAX_LAYERS = 16
MAX_CHANNELS = 255
MAX_STRING = 63
INT32_MAX = 2**31 - 1


def _check(ok: bool, reason: str, message: str) -> None:
    if not ok:
        raise ModelError(reason, message)


def _check_string(text: str, what: str) -> None:
    ok = 1 <= len(text) <= MAX_STRING and all(" " <= ch <= "~" for ch in text)
    _check(ok, "strings", f"{what} must be 1 to {MAX_STRING} printable ASCII characters: {text!r}")


@dataclass(frozen=True)
class Window:
    """What a window is: `length` samples of the named channels, one window every `hop` samples.

    rate_mhz: sample rate in thousandths of a hertz, 0 if unknown. scales: per channel, billionths
    of the channel's unit to one count of a sample, 0 if unknown. Raises ModelError.
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
class DenseLayer:
    """Fully connected layer of sign neurons.

    weights: int8 (outputs, inputs), each -1 or +1. limits: int64 (outputs,): the output is +1 where
    fewer than limit inputs differ from the neuron's weights, 0 <= limit <= inputs + 1.
    Raises ModelError.
    """

    weights: Signs
    limits: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        outputs, inputs = _check_weights(self.weights, MAX_OUTPUTS)
        ok = self.limits.shape == (outputs,)
        ok = ok and bool(((self.limits >= 0) & (self.limits <= inputs + 1)).all())
        _check(ok, "layer", f"limits must be {outputs} integers from 0 to {inputs + 1}")

    def forward(self, signs: Signs) -> Signs:
        """Outputs -1 or +1, int8 (n, outputs), of inputs -1 or +1, int8 (n, inputs)."""
        differing = (self.weights.shape[1] - _dot(signs, self.weights)) // 2
        return np.where(differing < self.limits, 1, -1).astype(np.int8)


@dataclass(frozen=True, eq=False)
class ScoresLayer:
    """Fully connected last layer: score = scale * z + offset, z the sum of weight times input.

    weights: int8 (classes, inputs), each -1 or +1. scales and offsets: int64 (classes,) within
    int16 and int32, such that no score leaves int32. Raises ModelError.
    """

    weights: Signs
    scales: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        outputs, inputs = _check_weights(self.weights, MAX_CLASSES)
        ok = self.scales.shape == self.offsets.shape == (outputs,)
        ok = ok and bool(((self.scales >= -(2**15)) & (self.scales < 2**15)).all())
        ok = ok and bool((abs(self.offsets) + inputs * abs(self.scales) <= INT32_MAX).all())
        _check(ok, "layer", f"scales and offsets must be {outputs} integers whose scores fit int32")

    def forward(self, signs: Signs) -> Int32:
        """Scores, int32 (n, classes), of inputs -1 or +1, int8 (n, inputs)."""
        scores = self.scales * _dot(signs, self.weights) + self.offsets
        return scores.astype(np.int32)


def _check_weights(weights: Signs, most: int) -> tuple[int, int]:
    ok = weights.ndim == 2 and weights.dtype == np.int8 and bool((abs(weights) == 1).all())
    _check(ok, "layer", "weights must be int8 of shape (outputs, inputs), each -1 or +1")
    outputs, inputs = weights.shape
    _check(1 <= outputs <= most, "layer", f"1 to {most} outputs, not {outputs}")
    _check(1 <= inputs <= MAX_INPUTS, "layer", f"1 to {MAX_INPUTS} inputs, not {inputs}")
    return outputs, inputs


def _dot(signs: Signs, weights: Signs) -> npt.NDArray[np.int64]:
    # float32 products of +-1 are exact sums up to 2^24, and BLAS makes them fast.
    return (signs.astype(np.float32) @ weights.T.astype(np.float32)).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Model:
    """A whole network: the window, its encoder, dense layers, scores, labels.

    revision: the maker's version, 0 if not numbered. seed, shift: the self-test's window.
    expected: its scores as a file gave them, int32 (classes,); None: what this model computes.
    Raises ModelError when the parts do not fit together.
    """

    name: str
    labels: tuple[str, ...]
    window: Window
    encoder: Thermometer
    layers: tuple[DenseLayer, ...]
    head: ScoresLayer
    revision: int = 0
    seed: int = 1
    shift: int = 0
    expected: Int32 | None = None

    def __post_init__(self) -> None:
        _check(0 <= self.revision < 2**32, "header", f"revision {self.revision}")
        _check(1 <= self.seed < 2**32, "header", f"self-test seed {self.seed}")
        _check(0 <= self.shift <= 15, "header", f"self-test shift {self.shift}")
        _check(len(self.layers) < MAX_LAYERS, "header", f"at most {MAX_LAYERS} layers")
        channels = len(self.window.channels)
        _check(
            self.encoder.thresholds.shape[0] == channels,
            "encoder",
            f"thresholds for {channels} channels",
        )
        width = self.window.length * channels * self.encoder.bits
        for outputs, inputs in self.shapes:
            _check(inputs == width, "layer", f"a layer of {inputs} inputs is given {width} bits")
            width = outputs
        _check(len(self.labels) == width, "strings", f"{width} labels, not {len(self.labels)}")
        _check_string(self.name, "the name")
        for label in self.labels:
            _check_string(label, "a label")

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """(outputs, inputs) of each layer, the scores layer last."""
        weights = [layer.weights for layer in self.layers] + [self.head.weights]
        return [(w.shape[0], w.shape[1]) for w in weights]

    def activations(self, windows: Int16) -> Iterator[Signs]:
        """The encoder's bits and each dense layer's outputs, as -1 and +1, int8 (n, width).

        windows: int16 (n, length, channels). Raises DataError for another shape or type.
        """
        shape = (self.window.length, len(self.window.channels))
        if windows.ndim != 3 or windows.shape[1:] != shape:
            raise DataError(f"windows must have shape (n, {shape[0]}, {shape[1]})")
        signs = 2 * self.encoder.encode(windows).astype(np.int8) - 1
        yield signs
        for layer in self.layers:
            signs = layer.forward(signs)
            yield signs

    def scores(self, windows: Int16) -> Int32:
        """Scores, int32 (n, classes), of int16 windows (n, length, channels)."""
        *_, last = self.activations(windows)
        return self.head.forward(last)

    def predict(self, windows: Int16) -> npt.NDArray[np.int64]:
        """Class index per window, (n,): the highest score, the first of them in a tie."""
        return self.scores(windows).argmax(axis=1)

    def selftest_window(self) -> Int16:
        """The self-test's window, int16 (1, length, channels), from seed and shift (FORMAT.md)."""
        shape = (1, self.window.length, len(self.window.channels))
        state, samples = self.seed, np.empty(shape[1] * shape[2], dtype=np.int16)
        for i in range(samples.size):
            state ^= state << 13 & 0xFFFFFFFF
            state ^= state >> 17
            state ^= state << 5 & 0xFFFFFFFF
            high = state >> 16
            samples[i] = (high - 0x10000 if high & 0x8000 else high) >> self.shift
        return samples.reshape(shape)

    def selftest_scores(self) -> Int32:
        """The scores that the self-test must give, int32 (classes,)."""
        if self.expected is not None:
            return self.expected
        return self.scores(self.selftest_window())[0]

    def selftest(self) -> bool:
        """Whether this model computes the scores that its file gives for the self-test."""
        return bool((self.scores(self.selftest_window())[0] == self.selftest_scores()).all())
