"""Training of a binary network; the result depends on seed, processes, processor, NumPy's build."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from xnornode._typing import Float
from xnornode.data.splits import Splits
from xnornode.data.windows import Data
from xnornode.errors import DataError
from xnornode.model.fit_encoding import fit_encoding
from xnornode.nn.layer_spec import Conv
from xnornode.nn.network import Network, NetworkSpec
from xnornode.nn.optimizers import Adam, Bop
from xnornode.nn.ordered import steps
from xnornode.nn.thermometer import LearnedThermometer
from xnornode.nn.workers import Workers
from xnornode.training.batches import Batches, check_levels
from xnornode.training.checkpoint import (
    TrainingState,
    read_checkpoint,
    settings_text,
    teacher_file,
    write_checkpoint,
)
from xnornode.training.config import TrainConfig
from xnornode.training.input_pipeline import InputPipeline, level_shape
from xnornode.training.loop import Run, Teach
from xnornode.training.trained import PREDICT_BATCH, Epoch, Progress, Trained, logits


def train(
    splits: Splits,
    config: TrainConfig | None = None,
    *,
    progress: Progress | None = None,
    checkpoint: str | Path | None = None,
    teacher_logits: npt.ArrayLike | None = None,
    processes: int = 1,
) -> Trained:
    """Train a network on the training part of `splits`.

    The result depends on the seed, `processes`, the number of BLAS threads, NumPy's build and the
    processor: they decide the order of float32 sums, and signs depend on its rounding. Where all
    are the same, so is the model, byte for byte. Else its accuracy differs as between two seeds, or
    less.

    Parameters
    ----------
    splits : Splits
        Steps of the input encoding come from the training part alone. With a validation part, the
        epoch with the best accuracy on it is kept, the latest of equals; else the last epoch.
    config : TrainConfig, optional
        What is trained, and how. Default: `TrainConfig()`.
    progress : callable, optional
        Is given each `Epoch` when it has ended.
    checkpoint : str or Path, optional
        A file that is written after each epoch; training goes on from it if it exists.
    teacher_logits : array_like of float, shape (n, classes), optional
        What another model gives for the training part as it is. `config.teacher` must say how much
        it counts.
    processes : int, default 1
        Cores to train on, each with a share of every batch and so of batch norm. The result depends
        on this number. BLAS is best held to one thread then (``OPENBLAS_NUM_THREADS=1``).

    Returns
    -------
    Trained
        The float network; `fold` makes the model for a node of it.

    Raises
    ------
    DataError
        The data cannot be trained on, an option makes no sense, or the checkpoint is of another
        training.
    ModelError
        The model file cannot hold such a network.

    Examples
    --------
    >>> import numpy as np
    >>> from xnornode import Dense, TrainConfig, fold, from_windows, prepare, train
    >>> samples = np.random.default_rng(0).normal(0, 100, (80, 16, 2)).astype(np.int16)
    >>> samples[40:] += 300
    >>> dataset = from_windows("demo", samples, ["low"] * 40 + ["high"] * 40)
    >>> trained = train(prepare(dataset), TrainConfig(layers=(Dense(16),), epochs=3, batch=16))
    >>> fold(trained).labels
    ('high', 'low')
    """
    if not isinstance(splits, Splits):
        raise DataError(f"train takes Splits, not {type(splits).__name__}: call prepare first")
    config = config or TrainConfig()
    checkpoint = Path(checkpoint) if checkpoint else None
    data, validation = splits.train, splits.validation
    check(data, validation)
    if processes < 1:
        raise DataError(f"at least 1 process must train, not {processes}")
    if checkpoint and not checkpoint.parent.is_dir():
        raise DataError(f"there is no folder {checkpoint.parent} for the checkpoint: make it first")
    if config.label_spread:
        steps(data.classes)  # said before the work
    given = _checked_logits(teacher_logits, data, config)
    rng = np.random.default_rng(config.seed)
    inputs, network = make_network(data, config, rng)
    teacher = None
    if config.teacher and given is None:
        teacher = _train_teacher(splits, config, progress, checkpoint, processes)
    settings = settings_text(config, processes, data, validation, given)
    weights = config.weights_of(data.labels, len(data.classes))
    # Bop's flips are few and cheap: it is not shared out.
    with Workers(1 if config.optimizer == "bop" else processes) as workers:
        optimizer = make_optimizer(network, config, workers)
        kept = [a.copy() for a in network.state()]
        batches = Batches(data, inputs, config, rng, workers)
        state = TrainingState(network.state(), kept, optimizer, rng)
        if checkpoint and checkpoint.exists():
            read_checkpoint(checkpoint, settings, state)
        run = Run(network, optimizer, batches, config, weights, _teach(teacher, given))
        first = len(state.history) + 1
        workers.start(lambda: run.epochs(first))
        watched = None if validation is None else inputs.compact(validation.items)
        for number in range(first, config.epochs + 1):
            start = time.perf_counter()
            loss, accuracy = run.epoch(number)
            right = None
            if validation is not None and watched is not None:
                guess = logits(network, inputs, watched).argmax(axis=1)
                right = float((guess == validation.labels).mean())
            seconds = time.perf_counter() - start
            state.record(Epoch(number, config.epochs, loss, accuracy, right, seconds))
            if checkpoint:
                write_checkpoint(checkpoint, settings, state)
            if progress:
                progress(state.history[-1])
    for array, value in zip(network.state(), kept, strict=True):
        array[...] = value
    few = data.select(np.arange(0, len(data), -(-len(data) // PREDICT_BATCH)))
    return Trained(
        network,
        inputs,
        config,
        history=tuple(state.history),
        best=state.best,
        amplitude=data.amplitude(),
        name=splits.name,
        labels=splits.labels,
        window=splits.window,
        teacher=teacher,
        ones=network.ones(inputs.floats(inputs.compact(few.items))),
        validation=validation,
    )


def _checked_logits(given: npt.ArrayLike | None, data: Data, config: TrainConfig) -> Float | None:
    """A teacher's logits, float32 (n, classes). Raises DataError where they do not fit."""
    if given is None:
        return None
    logits: Float = np.asarray(given, np.float32)
    shape = (len(data), len(data.classes))
    if logits.shape != shape:
        raise DataError(f"the teacher's logits must have shape {shape}")
    if not np.isfinite(logits).all():
        raise DataError("the teacher's logits hold NaN or infinite values")
    if config.teacher is None:
        raise DataError("teacher_logits need config.teacher, which says how much they count")
    return logits


def _train_teacher(
    splits: Splits,
    config: TrainConfig,
    progress: Progress | None,
    checkpoint: Path | None,
    processes: int,
) -> Trained:
    return train(
        splits,
        config.of_teacher(),
        progress=progress and (lambda epoch: progress(replace(epoch, teacher=True))),
        checkpoint=checkpoint and teacher_file(checkpoint),
        processes=processes,
    )


def _teach(teacher: Trained | None, given: Float | None) -> Teach | None:
    """What gives the teacher's logits for inputs, and for which of the data they are."""
    if teacher is not None:
        return lambda x, part: teacher.network.forward(x, training=False)
    return None if given is None else lambda x, part: given[part]


def make_network(
    data: Data, config: TrainConfig, rng: np.random.Generator
) -> tuple[InputPipeline, Network]:
    """The inputs, fitted to `data`, and the untrained network. Raises DataError."""
    features, augment = config.features, config.augment
    if features.data_kind != data.data_kind:
        have = (
            "texts: use ngrams"
            if data.data_kind == "texts"
            else "windows: use raw, statistics or spectrum"
        )
        raise DataError(f"the features are for {features.data_kind}, and these are {have}")
    if augment and augment.data_kind != data.data_kind:
        raise DataError("texts are augmented by TextAugment, and windows by one of the others")
    length, channels = data.shape
    if augment:
        augment.check(length, channels)
        check_levels(augment, features, length, channels)
    rows, count = features.rows(length, channels), features.count(length, channels)
    encoding, before, width = None, None, count
    if rows:
        values = features.values(data.items)
        if config.encoding == "learned-thermometer":
            before = LearnedThermometer(values, rows, config.bits)
            width = count * config.bits
        else:
            encoding = fit_encoding(values, rows, config.encoding, config.bits)
            width = encoding.width(count)
    columns = rows if level_shape(features, length, channels) else 1
    shape = config.input_shape_of(width, rows * width // count if rows else width, columns)
    first = config.layers[0] if config.layers else None
    if isinstance(first, Conv) and shape[:2] == (1, 1) and max(first.kernel) > 1:
        raise DataError(
            f"a convolution needs samples in their order, and {features.NAME} have none: use raw "
            "features (--features raw), or dense layers"
        )
    spec = NetworkSpec(
        input_shape=shape,
        layers=config.layers,
        classes=len(data.classes),
        inputs=encoding.output if encoding else "binary",
        global_average_pooling=config.global_average_pooling,
        ste=config.ste,
        weights=config.weights,
        standardize=config.standardize,
        real_until=config.two_stage,
    )
    return InputPipeline(features, encoding), Network(spec, rng, before)


def make_optimizer(network: Network, config: TrainConfig, workers: Workers) -> Adam:
    """The optimizer that the settings name."""
    if config.optimizer == "bop":
        return Bop(network.parameters(), config.learning_rate)
    return Adam(network.parameters(), workers)


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
    if validation.data_kind != data.data_kind:
        raise DataError("training and validation must both be texts, or both windows")
    if validation.shape != data.shape:
        raise DataError("training and validation windows have different shapes")
    shared = sorted(set(data.groups) & set(validation.groups))
    if shared:
        raise DataError(f"group {', '.join(shared)} is both in training and in validation")
