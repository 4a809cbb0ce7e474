"""The integer network as plain data, and its slow, readable inference.

This is what a `.bnn` file holds (FORMAT.md) and the reference that the C core is compared with, bit
for bit: features, an input encoding, and layers (`layers.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from math import prod

import numpy as np
import numpy.typing as npt

from xnornode._typing import Int8, Int32
from xnornode.errors import ModelError
from xnornode.model.answers import Answers
from xnornode.model.drift import Drift
from xnornode.model.features import Features, Items, xorshift32
from xnornode.model.geometry import check_layer
from xnornode.model.input_encoding import InputEncoding
from xnornode.model.layers import IntLayer, Scores
from xnornode.model.limits import MAX_CHANNELS, MAX_LAYERS, MAX_LENGTH, MAX_NOTES
from xnornode.model.names import character_fault, name_fault
from xnornode.model.statistics import Statistics
from xnornode.model.work import work

CHUNK = 2**26  # bytes of a layer's outputs that are kept at a time


def _check(ok: bool, reason: str, message: str) -> None:
    if not ok:
        raise ModelError(reason, message)


def _check_string(text: str, what: str) -> None:
    fault = name_fault(text)
    _check(not fault, "strings", f"{what} cannot be {text!r}: rename it; {fault}")


def drift_fits(drift: Drift, features: Features, length: int, channels: int) -> None:
    """Raise ModelError where a model with these features cannot have this drift."""
    _check(isinstance(features, Statistics), "drift", "drift is of statistics only")
    drift.check(features.count(length, channels), channels)


@dataclass(frozen=True)
class Window:
    """What a window is: `length` samples of the named channels, one window every `hop` samples.

    Parameters
    ----------
    channels : tuple of str
        Their names, with units: "accel x (g)". 1 to 255; for texts one.
    length : int
        Samples per channel, 1 to 65535. For texts the bytes that are read.
    hop : int
        Samples from one window to the next, 1 to `length`. For texts `length`.
    rate_mhz : int
        Sample rate in thousandths of a hertz, 0 if unknown.
    scales : tuple of int
        Per channel, billionths of the channel's unit to one count of a sample, 0 if unknown.

    Raises
    ------
    ModelError
        A value is outside what the format allows.
    """

    channels: tuple[str, ...]
    length: int
    hop: int
    rate_mhz: int
    scales: tuple[int, ...]

    def __post_init__(self) -> None:
        n = len(self.channels)
        _check(1 <= n <= MAX_CHANNELS, "header", f"1 to {MAX_CHANNELS} channels, not {n}")
        text = f"a model's window has 1 to {MAX_LENGTH:,} samples, not {self.length:,}"
        _check(1 <= self.length <= MAX_LENGTH, "header", text)
        _check(1 <= self.hop <= self.length, "header", f"hop {self.hop} of window {self.length}")
        _check(0 <= self.rate_mhz < 2**32, "header", f"sample rate of {self.rate_mhz} mHz")
        _check(len(self.scales) == n, "header", "as many scales as channels")
        _check(all(0 <= s < 2**32 for s in self.scales), "header", "scale out of range")
        for name in self.channels:
            _check_string(name, "a channel's name")


@dataclass(frozen=True, eq=False)
class Model:
    """An integer network and all that a node needs to run it. `fold` makes one.

    Parameters
    ----------
    name : str
        1 to 63 bytes of text in UTF-8 without control characters, as are labels and channels.
    labels : tuple of str
        The classes, 1 to 255, in the order of the scores.
    window : Window
        Channels, length, hop, sample rate and scales.
    features : Raw, Statistics or NGrams
        What a window or a text becomes first.
    encoding : Thermometer, BitPlanes or Int8Encoding, or None
        How values become the first layer's inputs. None for n-grams, which are binary already.
    layers : tuple of IntLayer
        1 to 16 layers. The last one gives the scores.
    revision : int, default 0
        The maker's version, below 2**32. 0: not numbered.
    seed : int, default 1
        Of the self-test's window, 1 to 2**32 - 1.
    shift : int, default 0
        Narrows the self-test's samples by so many bits, 0 to 15.
    expected : ndarray of int32, shape (classes,), optional
        The self-test's scores as a file gave them. Default: what this model computes.
    notes : str, default ""
        What it was trained on and how, at most 4095 bytes of such text.
    answers : Answers, optional
        How scores become probabilities, answers and events. Default: they do not.
    drift : Drift, optional
        What tells windows like those of the training from others. Default: nothing does.

    Raises
    ------
    ModelError
        The parts do not fit together, or the format does not allow them.

    Examples
    --------
    >>> import numpy as np
    >>> from xnornode import Dense, TrainConfig, fold, from_windows, prepare, train
    >>> samples = np.random.default_rng(0).normal(0, 100, (80, 16, 2)).astype(np.int16)
    >>> samples[40:] += 300
    >>> dataset = from_windows("demo", samples, ["low"] * 40 + ["high"] * 40)
    >>> config = TrainConfig(layers=(Dense(16),), epochs=12, batch=16)
    >>> model = fold(train(prepare(dataset), config))
    >>> index = model.predict(samples[[0, 79]])
    >>> [model.labels[i] for i in index]
    ['low', 'high']
    >>> model.scores(samples[:3]).shape
    (3, 2)
    >>> model.selftest()
    True
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
    answers: Answers | None = None
    drift: Drift | None = None

    def __post_init__(self) -> None:
        _check(0 <= self.revision < 2**32, "header", f"revision {self.revision}")
        _check(1 <= self.seed < 2**32, "header", f"self-test seed {self.seed}")
        _check(0 <= self.shift <= 15, "header", f"self-test shift {self.shift}")
        _check(1 <= len(self.layers) <= MAX_LAYERS, "header", f"1 to {MAX_LAYERS} layers")
        self._check_inputs()
        self._check_layers()
        w, classes = self.window, len(self.layers[-1].weights)
        work(self.features, self.encoding, self.layers, w.length, len(w.channels))
        if self.answers:
            self.answers.check_classes(classes)
        if self.drift:
            drift_fits(self.drift, self.features, w.length, len(w.channels))
        _check(len(self.labels) == classes, "strings", f"{classes} labels, not {len(self.labels)}")
        _check_string(self.name, "the name")
        for label in self.labels:
            _check_string(label, "a label")
        size, fault = len(self.notes.encode(errors="replace")), character_fault(self.notes)
        ok = size <= MAX_NOTES and not fault
        fault = fault or f"at most {MAX_NOTES} bytes in UTF-8, and these have {size}"
        _check(ok, "strings", f"the notes cannot be held: {fault}")

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
        """What windows or texts become before the first layer.

        Parameters
        ----------
        windows : ndarray of int16, shape (n, length, channels), or sequence of bytes
            Windows in counts of the sensor. A model of texts takes n texts, as bytes.

        Returns
        -------
        ndarray of int8, shape (n, width)
            -1 and +1, or int8 values from -128 to 127.

        Raises
        ------
        DataError
            The items have another shape or type.
        """
        items = self.features.check_items(windows, self.window.length, len(self.window.channels))
        values = self.features.values(items)
        return self.encoding.encode(values) if self.encoding else values

    def activations(self, windows: Items) -> Iterator[Int8]:
        """The first layer's inputs, then what each layer but the last gives.

        Parameters
        ----------
        windows : ndarray of int16, shape (n, length, channels), or sequence of bytes
            As `inputs` takes them.

        Yields
        ------
        ndarray of int8, shape (n, width), then (n, height, width, channels) per layer
            Binary activations are -1 and +1.
        """
        x = self.inputs(windows)
        yield x
        for layer in self.layers[:-1]:
            x = layer.forward(x)
            yield x

    def scores(self, windows: Items) -> Int32:
        """Integer scores per class, bit for bit those of a node.

        Parameters
        ----------
        windows : ndarray of int16, shape (n, length, channels), or sequence of bytes
            As `inputs` takes them.

        Returns
        -------
        ndarray of int32, shape (n, classes)
            In the order of `labels`.
        """
        widest = max(self.width, *(prod(layer.output_shape) for layer in self.layers))
        step = max(1, CHUNK // widest)
        parts = [self._scores(windows[i : i + step]) for i in range(0, len(windows), step)]
        return np.concatenate(parts) if parts else self._scores(windows)

    def _scores(self, windows: Items) -> Int32:
        *_, last = self.activations(windows)
        return self.layers[-1].forward(last)

    def predict(self, windows: Items) -> npt.NDArray[np.int64]:
        """Class index per window or text, as a node decides.

        It means the same as `Trained.predict`, which computes in float arithmetic. Both take the
        same items and give indices into `labels`. `XnorClassifier.predict` follows scikit-learn:
        it gives the classes themselves.

        Parameters
        ----------
        windows : ndarray of int16, shape (n, length, channels), or sequence of bytes
            As `inputs` takes them.

        Returns
        -------
        ndarray of int64, shape (n,)
            The class of the highest score; of equal scores the first.
        """
        return self.scores(windows).argmax(axis=1)

    def selftest_window(self) -> Items:
        """The window or text of the self-test (FORMAT.md, "Self-test").

        Returns
        -------
        ndarray of int16, shape (1, length, channels), or list of bytes
            As `scores` takes it.
        """
        shape = (self.window.length, len(self.window.channels))
        return self.features.selftest_items(partial(xorshift32, self.seed), self.shift, *shape)

    def selftest_scores(self) -> Int32:
        """The scores that the self-test must give.

        Returns
        -------
        ndarray of int32, shape (classes,)
            What the file says, or what this model computes if it came from no file.
        """
        if self.expected is not None:
            return self.expected
        return self.scores(self.selftest_window())[0]

    def selftest(self) -> bool:
        """Whether this model computes the scores that its file gives for the self-test.

        Returns
        -------
        bool
            False means that the reader or this computer computes wrongly.
        """
        return bool((self.scores(self.selftest_window())[0] == self.selftest_scores()).all())
