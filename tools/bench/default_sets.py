"""Public data that the defaults are measured on, as a user without a recipe has them.

Tables are of the Debian packages r-cran-mlbench and r-cran-kernlab (UCI), series of the wheel aeon
(UEA). Both are fetched, nothing of them is installed or run.
"""

import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tools.bench.r_data import read_frame
from xnornode.data.dataset import Dataset, from_windows
from xnornode.data.prepare import prepare
from xnornode.data.splits import Splits
from xnornode.datasets.download import fetch_deb, fetch_wheel, read_tar
from xnornode.datasets.load import load_dataset
from xnornode.datasets.watch import watch

MLBENCH = (
    "r-cran-mlbench",
    "2.1-3-1",
    "2f1127f7b5e7d08703b13b52ef1976a0c355a7660d6ac575e29b87b13921bc06",
    "amd64",
)
KERNLAB = (
    "r-cran-kernlab",
    "0.9-32-1",
    "ab09291d7de965e84f808e3ae646d7043fa87e1e30cfcebec6b95d14f6828b62",
    "amd64",
)
AEON = (
    "aeon-1.6.0-py3-none-any.whl",
    "d05227086706f80111ac5fee8de4d5d3115bb3bcfd1c786c8629393055816409",
)
SPEAKERS = ("george", "jackson", "nicolas", "yweweler")
SPAM_TRAINING = 3450
"""Rows of 4,601 that are trained on, by a permutation of NumPy's default_rng(0): 75 %."""


def table(
    package: tuple[str, str, str, str], file: str, label: str, training: int, mixed: bool = False
) -> Splits:
    """A data frame whose first `training` rows are trained on. mixed: it is permuted first."""
    member = next(content for _, content in read_tar(fetch_deb(*package), _ends(f"/data/{file}")))
    frame = read_frame(member)
    labels = frame.pop(label).astype(str)
    values = np.stack([column.astype(float) for column in frame.values()], axis=1)
    if mixed:
        order = np.random.default_rng(0).permutation(len(labels))
        labels, values = labels[order], values[order]
    name = file.partition(".")[0]
    parts = ["training"] * training + ["test"] * (len(labels) - training)
    return _held_out(
        from_windows(name, values[:, None], labels.tolist(), parts, channels=tuple(frame))
    )


def series(name: str, file: str, **about: Any) -> Splits:
    """Series of one length, of the archive's own training and test part."""
    windows, labels, parts = [], [], []
    with zipfile.ZipFile(fetch_wheel(*AEON)) as archive:
        for part in ("TRAIN", "TEST"):
            text = archive.read(f"aeon/datasets/data/{name}/{file}_{part}.ts").decode()
            for line in text[text.lower().index("@data") :].splitlines()[1:]:
                *channels, label = line.split(":")
                windows.append(np.array([c.split(",") for c in channels], float).T)
                labels.append(label.strip())
                parts.append("training" if part == "TRAIN" else "test")
    return _held_out(from_windows(name, np.stack(windows), labels, parts, **about))


def spoken(folder: Path, speaker: str) -> Splits:
    """Words in folders WORD/SPEAKER/, one speaker held out."""
    return prepare(load_dataset(folder), test=(speaker,))


def plain_watch() -> Splits:
    """The watch recordings as somebody's own, without their recipe."""
    return prepare(replace(watch(), name="exercises"))


def sets(folder: Path | None) -> dict[str, tuple[float | None, tuple[Callable[[], Splits], ...]]]:
    """Per name the bar, and what reads the data: several parts are averaged."""
    found: dict[str, tuple[float | None, tuple[Callable[[], Splits], ...]]] = {
        "watch, people 8 to 10": (0.905, (plain_watch,)),
        "letters": (
            0.96,
            (lambda: table(MLBENCH, "LetterRecognition.rda", "lettr", 16_000),),
        ),
        "Satellite": (0.91, (lambda: table(MLBENCH, "Satellite.rda", "classes", 4435),)),
        "spam base": (0.95, (lambda: table(KERNLAB, "spam.rda", "type", SPAM_TRAINING, True),)),
        "DNA": (0.95, (lambda: table(MLBENCH, "DNA.rda", "Class", 2000),)),
        "BasicMotions": (
            None,
            (lambda: series("BasicMotions", "BasicMotions", rate_mhz=10_000),),
        ),
        "JapaneseVowels": (None, (lambda: series("JapaneseVowels", "JapaneseVowels_eq"),)),
    }
    if folder:
        found["spoken digits, new speaker"] = (
            0.80,
            tuple(lambda s=s: spoken(folder, s) for s in SPEAKERS),  # type: ignore[misc]
        )
    return found


def _held_out(dataset: Dataset) -> Splits:
    return prepare(dataset, test=("test",))


def _ends(end: str) -> Callable[[str], bool]:
    return lambda name: name.endswith(end)
