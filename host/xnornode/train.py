"""Training of a binary network: the same result each time on one computer (see `train`)."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from xnornode.augment import TextAugment
from xnornode.binarize import Float
from xnornode.checkpoint import TrainingState, digest, read_checkpoint, write_checkpoint
from xnornode.config import TrainConfig
from xnornode.crew import Crew
from xnornode.data import Data, Texts, given
from xnornode.epoch import Run
from xnornode.errors import DataError
from xnornode.feed import Feed
from xnornode.fronts import TextFront
from xnornode.inputs import Inputs, LearnedThermometer, fit_code, sample_rows
from xnornode.network import Kind, Network
from xnornode.optim import Adam, Bop

PREDICT_BATCH = 256


@dataclass(frozen=True)
class Epoch:
    """How epoch `number` of `of` went, in `seconds`.

    loss, accuracy: means over the training windows as they were augmented. validation: accuracy on
    the validation windows, None without them. teacher: it is the teacher that is trained.
    """

    number: int
    of: int
    loss: float
    accuracy: float
    validation: float | None
    seconds: float
    teacher: bool = False


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained float network and what comes before it.

    history: all epochs. best: the number of the epoch whose parameters the network has. loudest:
    what nearly all samples stay within, 0 for texts. teacher: its teacher, where it trained one.
    ones: per layer the share of 1s among its inputs (`Network.ones`), on some training windows;
    empty where that was not measured.
    """

    network: Network
    inputs: Inputs
    config: TrainConfig
    history: tuple[Epoch, ...]
    best: int
    loudest: int
    teacher: "Trained | None" = None
    ones: tuple[Float, ...] = ()

    def logits(self, data: Data) -> Float:
        """Logits (n, classes) of the network in float arithmetic."""
        return _logits(self.network, self.inputs, self.inputs.compact(given(data)))

    def predict(self, data: Data) -> npt.NDArray[np.int64]:
        """Class index (n,) of the highest logit, in float arithmetic."""
        return self.logits(data).argmax(axis=1)


def train(
    data: Data,
    config: TrainConfig,
    validation: Data | None = None,
    progress: Callable[[Epoch], None] | None = None,
    checkpoint: Path | None = None,
    teacher_logits: npt.ArrayLike | None = None,
    processes: int = 1,
) -> Trained:
    """Train on `data`; the code's steps come from it alone.

    validation: data of other groups: the epoch with the best accuracy on it is kept (the latest of
    equals). Without it, that is the last epoch. progress is called after each epoch. checkpoint: a
    file that is written after each epoch, and continued from where it is there. teacher_logits:
    (n, classes), what another model gives for `data` as it is; config.teacher must say how
    much it counts. processes: cores to train on, each with a share of every batch and so of batch
    norm; BLAS is best held to one thread then (OPENBLAS_NUM_THREADS=1). Raises DataError for data
    that cannot be trained on, or a foreign checkpoint.

    The result depends on the seed, `processes`, the number of BLAS threads, NumPy's build and the
    processor, as the order of float32 sums hangs on them, and signs on its rounding. Where all are
    the same, so is the model, byte for byte; else its accuracy differs as between two seeds, or
    less.
    """
    check(data, validation)
    if processes < 1:
        raise DataError(f"at least 1 process must train, not {processes}")
    if checkpoint and not checkpoint.parent.is_dir():
        raise DataError(f"there is no folder {checkpoint.parent} for the checkpoint: make it first")
    classes = len(data.classes)
    if teacher_logits is not None:
        teacher_logits = np.asarray(teacher_logits, np.float32)
        if teacher_logits.shape != (len(data), classes):
            raise DataError(f"the teacher's logits must have shape ({len(data)}, {classes})")
        if not np.isfinite(teacher_logits).all():
            raise DataError("the teacher's logits hold NaN or infinite values")
        if config.teacher is None:
            raise DataError("teacher_logits need config.teacher, which says how much they count")
    rng = np.random.default_rng(config.seed)
    inputs, network = make_network(data, config, rng)
    teacher = None
    if config.teacher and teacher_logits is None:
        beside = checkpoint and checkpoint.with_name(checkpoint.name + ".teacher")
        of_teacher = progress and (lambda epoch: progress(replace(epoch, teacher=True)))
        teacher = train(
            data, config.of_teacher(), validation, of_teacher, beside, processes=processes
        )

    def teach(x: Float, part: npt.NDArray[np.intp]) -> Float:
        if teacher:
            return teacher.network.forward(x, training=False)
        assert isinstance(teacher_logits, np.ndarray)
        logits: Float = teacher_logits[part]
        return logits

    history: list[Epoch] = []
    best = 0
    settings = f"{config} {processes} {digest(data, validation, teacher_logits)}"
    watch = None if validation is None else inputs.compact(given(validation))
    weights = config.weights_of(data.labels, classes)
    # Bop's flips are few and cheap: it is not shared out.
    with Crew(1 if config.optimiser == "bop" else processes) as crew:
        optimiser = make_optimiser(network, config, crew)
        kept = [a.copy() for a in network.state()]
        feed = Feed(data, inputs, config, rng, crew)
        state = TrainingState(network.state(), kept, optimiser, rng, history, best)
        if checkpoint and checkpoint.exists():
            best = read_checkpoint(checkpoint, settings, state, Epoch)
        run = Run(network, optimiser, feed, config, weights, teach if config.teacher else None)
        first = len(history) + 1
        crew.start(lambda: run.epochs(first))
        for number in range(first, config.epochs + 1):
            start = time.perf_counter()
            loss, accuracy = run.epoch(number)
            right = None
            if validation is not None and watch is not None:
                guess = _logits(network, inputs, watch).argmax(axis=1)
                right = float((guess == validation.labels).mean())
            seconds = time.perf_counter() - start
            history.append(Epoch(number, config.epochs, loss, accuracy, right, seconds))
            if right is None or not best or right >= (history[best - 1].validation or 0):
                best = number
                kept[:] = [a.copy() for a in network.state()]
            if checkpoint:
                write_checkpoint(checkpoint, settings, replace(state, best=best))
            if progress:
                progress(history[-1])
    for array, value in zip(network.state(), kept, strict=True):
        array[...] = value
    loudest = 0
    if not isinstance(data, Texts):
        some = sample_rows(data.samples.reshape(-1, data.samples.shape[-1]))
        loudest = int(np.abs(np.quantile(some, (0.0005, 0.9995))).max())
    few = given(data)[:: -(-len(data) // PREDICT_BATCH)]
    ones = network.ones(inputs.floats(inputs.compact(few)))
    return Trained(network, inputs, config, tuple(history), best, loudest, teacher, ones)


def make_network(
    data: Data, config: TrainConfig, rng: np.random.Generator
) -> tuple[Inputs, Network]:
    """The inputs, fitted to `data`, and the untrained network. Raises DataError."""
    front, classes = config.front, len(data.classes)
    before = None
    kind: Kind = "bits"
    if isinstance(data, Texts) and isinstance(front, TextFront):
        if config.augment and not isinstance(config.augment, TextAugment):
            raise DataError("texts are augmented by TextAugment, not as windows are")
        inputs, width = Inputs(front, None), front.count(0, 1)
        channels = width
    elif isinstance(data, Texts) or isinstance(front, TextFront):
        raise DataError("texts need the text front, and windows one of the others")
    else:
        length, channels = data.samples.shape[1:]
        if isinstance(config.augment, TextAugment):
            raise DataError("windows are not augmented by TextAugment: it is for texts")
        if config.augment:
            config.augment.check(length, channels)
        values = front.values(data.samples)
        rows = front.rows(length, channels)
        if config.code == "learned":
            inputs = Inputs(front, None)
            before = LearnedThermometer(values, rows, config.bits)
            width = values.shape[1] * config.bits
        else:
            code = fit_code(values, rows, config.code, config.bits)
            inputs, kind = Inputs(front, code), code.output
            width = code.width(values.shape[1])
        channels = rows * width // values.shape[1]
    grid = config.grid_of(width, channels)
    network = Network(
        grid,
        config.layers,
        classes,
        rng,
        kind,
        config.average,
        config.estimator,
        config.weights,
        config.standardise,
        config.two_stage,
        before,
    )
    return inputs, network


def make_optimiser(network: Network, config: TrainConfig, crew: Crew) -> Adam:
    """The optimiser that the settings name."""
    if config.optimiser == "bop":
        return Bop(network.parameters(), config.rate)
    return Adam(network.parameters(), crew)


def _logits(network: Network, inputs: Inputs, compact: npt.NDArray[np.integer]) -> Float:
    parts = [
        network.forward(inputs.floats(compact[i : i + PREDICT_BATCH]), training=False)
        for i in range(0, len(compact), PREDICT_BATCH)
    ]
    return np.concatenate(parts)


def check(data: Data, validation: Data | None) -> None:
    """Raise DataError for data that cannot be trained on."""
    counts = np.bincount(data.labels, minlength=len(data.classes))
    if len(data.classes) < 2:
        raise DataError("all windows are of one class: training needs at least two")
    missing = [name for name, n in zip(data.classes, counts, strict=True) if n < 2]
    if missing:
        raise DataError(
            f"too little data: fewer than 2 training windows of class {', '.join(missing)}"
        )
    if validation is None:
        return
    if validation.classes != data.classes:
        raise DataError("training and validation windows have different classes")
    if isinstance(data, Texts) or isinstance(validation, Texts):
        if not (isinstance(data, Texts) and isinstance(validation, Texts)):
            raise DataError("training and validation must both be texts, or both windows")
    elif validation.samples.shape[1:] != data.samples.shape[1:]:
        raise DataError("training and validation windows have different shapes")
    shared = sorted(set(data.groups) & set(validation.groups))
    if shared:
        raise DataError(f"group {', '.join(shared)} is both in training and in validation")
