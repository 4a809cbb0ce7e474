"""A keyword that wakes: a word against everything else, at a number of false accepts an hour."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from xnornode.data.splits import Splits
from xnornode.data.windows import Windows
from xnornode.errors import DataError
from xnornode.events.wake_choice import WakeChoice, choose_wake, curve
from xnornode.events.wake_counting import Count, count, means, taken_for
from xnornode.export.fold import fold, score_gain
from xnornode.model.answers import Answers
from xnornode.model.model import Model, Window
from xnornode.model.spectrum import Spectrum, band_edges
from xnornode.nn.layer_spec import Conv
from xnornode.recipes.spectra import LOWEST, frame_of
from xnornode.recipes.wake_hearing import Part, hear, part_of
from xnornode.recipes.wake_sounds import Sounds, WakeData
from xnornode.recipes.wake_windows import Shape, windows_of
from xnornode.recipes.wake_words import OTHER
from xnornode.training.config import TrainConfig
from xnornode.training.trained import Epoch, Trained
from xnornode.training.trainer import train

LAYERS = (
    Conv(32, (5, 4), (2, 2), activation="int8"),
    Conv(56, pool=(2, 2), activation="int8"),
)
"""Over the frames and bands of a log-mel spectrum."""
BANDS, FRAME_HOP, FLOOR, REACH = 16, 0.02, 4096, 100
"""Of the spectrum, as of `Spectrum`, but the hop in seconds: the recipe for spoken digits."""
HOP = 0.1
"""Seconds from one window to the next."""
SHORTEST, LONGEST = 0.4, 1.6
"""Seconds of a window."""
LONG_WORD = 0.95
"""The share of the word's recordings that a window holds whole."""
STEPS = 2500
"""Of the optimizer."""
BATCH = 64
FOLDS = 3
"""Networks that choose the threshold where there is no validation part."""

Progress = Callable[[int, int, Epoch], None]


@dataclass(frozen=True)
class Woken:
    """A keyword's model, and what it was chosen by.

    Parameters
    ----------
    model : Model
        With its answers.
    trained : Trained
        What it was folded from.
    splits : Splits
        The windows it was trained on, and windows of the test part.
    word : str
        The keyword.
    choice : WakeChoice
        Mean, threshold and hold-off.
    tuned_on : Part
        What chose them.
    networks : int
        That chose them; 1: the model itself, on a validation part.
    test : Count
        What they come to on the test part.
    test_curve : tuple of (int, Count)
        Thresholds, and what they come to on the test part.
    tested_on : Part
        What the test rests on.
    mistaken : tuple of (str, int)
        Other words that woke it in the test, the most frequent first.
    """

    model: Model
    trained: Trained
    splits: Splits
    word: str
    choice: WakeChoice
    tuned_on: Part
    networks: int
    test: Count
    test_curve: tuple[tuple[int, Count], ...]
    tested_on: Part
    mistaken: tuple[tuple[str, int], ...]


def shape_for(
    data: WakeData,
    length: int | None = None,
    hop: int | None = None,
    layers: Sequence[Conv] = (),
) -> Shape:
    """The node's window: it holds nearly every recording of the word whole, at some hop.

    Parameters
    ----------
    data : WakeData
        The training part tells how long the word is.
    length, hop : int, optional
        In samples, where they are given.
    layers : sequence of Conv, default ()
        That a given window is to be long enough for, such as `LAYERS`.

    Returns
    -------
    Shape
        A hop is whole frames, so that a node computes each frame once.

    Raises
    ------
    DataError
        A window is too short for a spectrum or for the layers.
    """
    rate = data.rate
    frame, step = frames_for(rate)
    least = frame + step * (frames_of(layers) - 1)
    if length is not None and length < least:
        raise DataError(
            f"--window {length / rate:.3g}s is too short for these layers: at least about "
            f"{np.ceil(100 * least / rate) / 100:g} s"
        )
    hop = hop or max(1, round(HOP * rate / step)) * step
    if length is None:
        word = float(np.quantile([len(w) for w in data.train.words], LONG_WORD))
        seconds = min(max((word + hop) / rate, SHORTEST), LONGEST)
        length = frame + step * int(np.ceil((seconds * rate - frame) / step))
    if hop > length:
        raise DataError(f"the hop of {hop} samples is longer than the window of {length}")
    return Shape(length, hop, rate)


def splits_for(data: WakeData, shape: Shape, seed: int = 0) -> Splits:
    """Windows of the word and of everything else, in the data's parts."""

    def windows(sounds: Sounds | None, part: int) -> Windows | None:
        if sounds is None:
            return None
        made = windows_of(sounds, data.word, shape, seed + part)
        own = np.where(made.groups == "noise", f"noise {part}", made.groups)
        return replace(made, groups=own)

    train_windows = windows(data.train, 0)
    assert train_windows
    window = Window(
        (data.channel,), shape.length, shape.hop, round(1000 * shape.rate), (data.scale,)
    )
    return Splits(
        name=data.name,
        window=window,
        labels=(OTHER, data.word),
        train=train_windows,
        validation=windows(data.tuning, 1),
        test=windows(data.test, 2),
        held_out=data.test.groups,
        notes=data.notes,
        warnings=data.warnings,
    )


def frames_of(layers: Sequence[Conv]) -> int:
    """How many frames layers need, so that one place is left behind the last."""
    count = 1
    for layer in reversed(layers):
        count = (count * layer.pool[0] - 1) * layer.stride[0] + layer.kernel[0]
        count -= 2 * layer.padding[0]
    return max(1, count)


def frames_for(rate: float) -> tuple[int, int]:
    """Samples of a frame, and from one frame to the next."""
    return frame_of(round(rate), rate), round(FRAME_HOP * rate)


def wake_features(splits: Splits) -> Spectrum:
    """Levels of mel bands in each frame, above what is far below the loudest one."""
    rate = splits.window.rate_mhz / 1000
    frame, hop = frames_for(rate)
    edges = band_edges(frame, min(BANDS, frame // 4), rate, LOWEST, rate / 2)
    return Spectrum(frame, hop, edges, FLOOR, reach=REACH)


def wake_config(splits: Splits, seed: int = 0) -> TrainConfig:
    """The settings to train a keyword with."""
    return TrainConfig(
        layers=LAYERS,
        features=wake_features(splits),
        encoding="int8",
        epochs=max(1, -(-STEPS * BATCH // len(splits.train))),
        batch=BATCH,
        ste="polynomial",
        seed=seed,
    )


def folds_of(sounds: Sounds) -> list[tuple[str, ...]]:
    """The groups that each network leaves out. Raises DataError where there is one group."""
    both = [g for g in sounds.groups if g in sounds.other_groups]
    count = min(FOLDS, len(both))
    if count < 2:
        raise DataError(
            "the threshold needs recordings that a network has not learned from: name a "
            "validation part (--validation GROUPS), or record the word and other words by at "
            "least three people or on three occasions, a folder each in the words' folders"
        )
    return [tuple(both[k::count]) for k in range(count)]


def wake(
    data: WakeData,
    splits: Splits,
    config: TrainConfig,
    false_accepts: float = 1.0,
    *,
    name: str = "",
    notes: str = "",
    progress: Progress | None = None,
    processes: int = 1,
) -> Woken:
    """Train a keyword, choose its threshold, and test it.

    Parameters
    ----------
    data : WakeData
        The sounds.
    splits : Splits
        Their windows (`splits_for`).
    config : TrainConfig
        How it is trained (`wake_config`).
    false_accepts : float, default 1.0
        Most false accepts in an hour of other words, and in an hour of noise.
    name, notes : str, default ""
        Of the model.
    progress : callable, optional
        Is given the number of a network, how many there are, and each epoch.
    processes : int, default 1
        As of `train`.

    Returns
    -------
    Woken
        The model and the figures.

    Raises
    ------
    DataError
        There are too few groups to choose a threshold by.
    """
    shape = Shape(splits.window.length, splits.window.hop, data.rate)
    seed = config.seed
    alone = [] if data.tuning else folds_of(data.train)
    total = 1 + len(alone)

    def fit(windows: Windows, number: int) -> tuple[Trained, Model, float]:
        def show(epoch: Epoch) -> None:
            if progress:
                progress(number, total, epoch)

        part = replace(splits, train=windows, validation=None)
        trained = train(part, config, progress=show, processes=processes)
        return trained, fold(trained, name, notes), score_gain(trained.network.blocks[-1])

    assert isinstance(splits.train, Windows)
    trained, model, gain = fit(splits.train, 1)
    if data.tuning:
        tuned = [data.tuning]
        heard = hear(model, gain, data.tuning, shape, seed + 10)
    else:
        heard, tuned = [], []
        for number, groups in enumerate(alone, 2):
            left = data.train.of(groups, within=True)
            rest = data.train.of(groups, within=False)
            windows = windows_of(rest, data.word, shape, seed)
            _, other, its_gain = fit(windows, number)
            more = hear(other, its_gain, left, shape, seed + 10, 1 / len(alone), str(number))
            heard, tuned = heard + more, [*tuned, left]
    choice = choose_wake(heard, false_accepts, shape.length, shape.hop)
    scaled = Answers.scaled(1 / (choice.temperature * gain))
    answers = Answers(*scaled, choice.windows, choice.threshold, choice.hold_off, (0,))
    model = replace(model, answers=answers)
    tested = hear(model, gain, data.test, shape, seed + 20)
    sure = [means(h.logits, choice.temperature, choice.windows) for h in tested]
    wrong = taken_for(tested, sure, choice.threshold, choice.hold_off)
    names = [data.test.other_labels[i] for i in wrong]
    return Woken(
        model,
        trained,
        splits,
        data.word,
        choice,
        part_of(tuned, data.rate),
        max(1, len(alone)),
        count(tested, sure, choice.threshold, choice.hold_off),
        curve(tested, sure, choice.hold_off, (choice.threshold,)),
        part_of([data.test], data.rate),
        tuple(sorted(((n, names.count(n)) for n in {*names}), key=lambda row: (-row[1], row[0]))),
    )
