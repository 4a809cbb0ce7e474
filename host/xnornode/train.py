"""Training of a binary network on windows, deterministic by its seed."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TextIO

import numpy as np
import numpy.typing as npt

from xnornode.augment import Augment
from xnornode.binarize import ESTIMATORS, Float
from xnornode.data import Labels, Windows
from xnornode.encode import MAX_BITS, Int16, Thermometer, quantile_thermometer
from xnornode.errors import DataError
from xnornode.model import MAX_INPUTS
from xnornode.network import Network
from xnornode.optim import Adam, cosine

# A softmax gradient below this moves nothing, but in products it would become denormal (see optim).
TINY = np.float32(1e-9)
MIN_BATCH = 4


@dataclass(frozen=True)
class TrainConfig:
    """What is trained, and how.

    hidden: width of each hidden layer. bits: thermometer bits per sample, 1 to 32. epochs: passes
    over the windows. batch: windows per step, at least 4 (batch norm needs a spread). rate: peak
    learning rate. estimator: gradient of sign, a name of `binarize.ESTIMATORS`. smoothing: share of
    the target that goes to all classes alike. augment: random changes of the training windows.
    seed: of everything random. Raises DataError for values that make no sense.
    """

    hidden: tuple[int, ...] = (64,)
    bits: int = 3
    epochs: int = 20
    batch: int = 128
    rate: float = 0.003
    estimator: str = "clipped"
    smoothing: float = 0.0
    augment: Augment = field(default_factory=Augment)
    seed: int = 0

    def __post_init__(self) -> None:
        for i, width in enumerate(self.hidden):
            if width < 1:
                raise DataError(f"hidden layer {i + 1}: its width must be at least 1, not {width}")
        if not 1 <= self.bits <= MAX_BITS:
            raise DataError(f"bits must be 1 to {MAX_BITS}, not {self.bits}")
        if self.epochs < 1:
            raise DataError(f"epochs must be at least 1, not {self.epochs}")
        if self.batch < MIN_BATCH:
            raise DataError(f"batch must be at least {MIN_BATCH}, not {self.batch}")
        if not self.rate > 0:
            raise DataError(f"rate must be above 0, not {self.rate}")
        if self.estimator not in ESTIMATORS:
            raise DataError(f"estimator must be one of {', '.join(ESTIMATORS)}")
        if not 0 <= self.smoothing < 1:
            raise DataError(f"smoothing must be at least 0 and below 1, not {self.smoothing}")


@dataclass(frozen=True)
class Epoch:
    """How epoch `number` of `of` went.

    loss, accuracy: means over the training windows as they were augmented. validation: accuracy on
    the validation windows, None without them.
    """

    number: int
    of: int
    loss: float
    accuracy: float
    validation: float | None


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained float network and the encoder before it.

    history: all epochs. best: the number of the epoch whose parameters the network has.
    """

    network: Network
    encoder: Thermometer
    history: tuple[Epoch, ...]
    best: int


def train(
    windows: Windows,
    config: TrainConfig,
    validation: Windows | None = None,
    progress: Callable[[Epoch], None] | None = None,
) -> Trained:
    """Train on `windows`; the thermometer's thresholds come from them alone.

    validation: windows of other groups: the epoch with the best accuracy on them is kept (the
    latest of equals). Without them it is the last epoch. progress is called after each epoch.
    Raises DataError for data that cannot be trained on.
    """
    _check(windows, validation)
    length, channels = windows.samples.shape[1:]
    config.augment.check(channels)
    inputs = length * channels * config.bits
    if inputs > MAX_INPUTS:
        raise DataError(
            f"a window of {length} samples, {channels} channels and {config.bits} bits makes "
            f"{inputs} inputs, a layer takes {MAX_INPUTS}: use a shorter window or fewer bits"
        )
    rng = np.random.default_rng(config.seed)
    encoder = quantile_thermometer(windows.samples, config.bits)
    network = Network(inputs, config.hidden, len(windows.classes), config.estimator, rng)
    optimiser = Adam(network.parameters())
    history: list[Epoch] = []
    best, kept = 0, network.state()
    for number in range(1, config.epochs + 1):
        loss, accuracy = _run_epoch(network, encoder, optimiser, windows, config, number, rng)
        reached = None
        if validation is not None:
            guess = predict(network, encoder, validation.samples)
            reached = float((guess == validation.labels).mean())
        history.append(Epoch(number, config.epochs, loss, accuracy, reached))
        if best == 0 or reached is None or reached >= (history[best - 1].validation or 0.0):
            best = number
            # Without validation the network itself is what is kept: no copy.
            kept = network.state() if validation is None else [a.copy() for a in network.state()]
        if progress:
            progress(history[-1])
    for array, value in zip(network.state(), kept, strict=True):
        array[...] = value
    return Trained(network, encoder, tuple(history), best)


def _run_epoch(
    network: Network,
    encoder: Thermometer,
    optimiser: Adam,
    windows: Windows,
    config: TrainConfig,
    number: int,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """One pass over the windows in random order; mean loss and accuracy."""
    count = len(windows)
    # Parts of nearly equal size: no small rest, and one step where the batch exceeds the set.
    parts = np.array_split(rng.permutation(count), -(-count // config.batch))
    total, right = 0.0, 0
    for i, part in enumerate(parts):
        labels = windows.labels[part]
        signs = encode_signs(encoder, config.augment.apply(windows.samples[part], rng))
        logits = network.forward(signs, training=True)
        loss, grad = cross_entropy(logits, labels, config.smoothing)
        network.backward(grad)
        done = (number - 1 + i / len(parts)) / config.epochs
        optimiser.step(cosine(done, config.rate))
        total += loss * len(part)
        right += int((logits.argmax(axis=1) == labels).sum())
    return total / count, right / count


def encode_signs(encoder: Thermometer, samples: Float | Int16) -> Float:
    """The encoder's bits as -1 and +1, float32 (n, inputs), of samples (n, length, channels).

    Augmented samples are not rounded before: thresholds are integers all the same.
    """
    count, length, _ = samples.shape
    cuts = np.tile(encoder.thresholds.ravel(), length).astype(np.float32)
    # One long row per window: broadcasting over the few bits of a sample would be slow.
    above = np.repeat(samples.reshape(count, -1).astype(np.float32), encoder.bits, axis=1)
    above -= cuts
    return np.copysign(np.float32(1), above, out=above)  # a difference of zero is +0.0


def cross_entropy(logits: Float, labels: Labels, smoothing: float = 0.0) -> tuple[float, Float]:
    """Mean cross-entropy of softmax(logits) (n, classes) with labels (n,), and its gradient.

    smoothing: share of the target given to all classes alike (Szegedy et al., CVPR 2016).
    """
    count, classes = logits.shape
    logs = logits - logits.max(axis=1, keepdims=True)
    logs -= np.log(np.exp(logs).sum(axis=1, keepdims=True))
    target = np.full_like(logits, smoothing / classes)
    target[np.arange(count), labels] += np.float32(1 - smoothing)
    loss = float(-(target * logs).sum() / count)
    grad: Float = (np.exp(logs) - target) / np.float32(count)
    grad[np.abs(grad) < TINY] = 0
    return loss, grad


def predict(
    network: Network, encoder: Thermometer, samples: Int16, batch: int = 512
) -> npt.NDArray[np.int64]:
    """Class index (n,) of the float network's highest logit, for int16 (n, length, channels)."""
    parts = [
        network.forward(encode_signs(encoder, samples[i : i + batch]), training=False)
        for i in range(0, len(samples), batch)
    ]
    return np.concatenate(parts).argmax(axis=1)


def progress_bar(stream: TextIO = sys.stderr) -> Callable[[Epoch], None] | None:
    """A progress callback that draws one line on `stream`, or None where that is no terminal."""
    if not stream.isatty():
        return None

    def draw(epoch: Epoch) -> None:
        done = 30 * epoch.number // epoch.of
        text = f"loss {epoch.loss:.3f}  training {epoch.accuracy:6.1%}"
        if epoch.validation is not None:
            text += f"  validation {epoch.validation:6.1%}"
        end = "\n" if epoch.number == epoch.of else ""
        bar = "#" * done + "." * (30 - done)
        stream.write(f"\r[{bar}] {epoch.number}/{epoch.of}  {text}{end}")
        stream.flush()

    return draw


def _check(windows: Windows, validation: Windows | None) -> None:
    counts = np.bincount(windows.labels, minlength=len(windows.classes))
    if len(windows.classes) < 2:
        raise DataError("all windows are of one class: training needs at least two")
    missing = [name for name, n in zip(windows.classes, counts, strict=True) if n < 2]
    if missing:
        raise DataError(
            f"too little data: fewer than 2 training windows of class {', '.join(missing)}"
        )
    if validation is None:
        return
    if validation.classes != windows.classes:
        raise DataError("training and validation windows have different classes")
    if validation.samples.shape[1:] != windows.samples.shape[1:]:
        raise DataError("training and validation windows have different shapes")
    shared = sorted(set(windows.groups) & set(validation.groups))
    if shared:
        raise DataError(f"group {', '.join(shared)} is both in training and in validation")
