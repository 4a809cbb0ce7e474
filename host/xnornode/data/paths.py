"""What a file's path says: its part, label and group."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from xnornode.model.names import normalized

PARTS = {
    "training": ("train", "training", "trainset", "train_set", "training_set", "trainingsdaten"),
    "validation": ("val", "valid", "validation", "dev", "validation_set", "validierung"),
    "test": ("test", "testing", "testset", "test_set", "eval", "evaluation", "testdaten"),
}
"""Names of folders that are parts of the data, and no classes."""
PART_OF = {name: part for part, names in PARTS.items() for name in names}

DATE = re.compile(
    r"(19|20)\d\d([-_.]?)[01]\d\2[0-3]\d([T_ -]*[0-2]\d[-_:.h]?[0-5]\d([-_:.]?[0-5]\d)?)?"
)
COPY = re.compile(r"(\s*\(\d+\)|[ _-]+(copy|kopie|copie|copia)( ?\(?\d+\)?)?)+$", re.I)
HASH = re.compile(r"\.(?=[0-9a-z]*\d)[0-9a-z]{5,}(\.ingestion-[0-9a-z-]+)?(\.s\d+)?$")
SUFFIXES = (".csv", ".tsv", ".wav", ".json", ".cbor", ".jpg", ".jpeg", ".png", ".txt", ".npy")


@dataclass(frozen=True)
class PathFacts:
    """What a path says; "" where it says nothing.

    Parameters
    ----------
    part : {"", "training", "validation", "test"}
        The part that a folder on top names.
    label, group : str
        The class, and who or what was recorded.
    """

    part: str
    label: str
    group: str


def read_paths(paths: Sequence[Path], folder: Path) -> list[PathFacts]:
    """What the paths of files in a folder say.

    Parameters
    ----------
    paths : sequence of Path
        The files.
    folder : Path
        The folder that holds them.

    Returns
    -------
    list of PathFacts
        Per file: part/label/group/file, where the part, the group or both may be missing; without
        a folder per label, the label is in the file's name.
    """
    found = [tuple(map(normalized, path.relative_to(folder).parent.parts)) for path in paths]
    tops = {parts[0].lower() if parts else "" for parts in found}
    # A class may be called test too: folders are parts where all of them are, one of training.
    parted = tops <= set(PART_OF) and any(PART_OF[top] == "training" for top in tops)
    return [_facts(parts, path.name, parted) for parts, path in zip(found, paths, strict=True)]


def _facts(above: tuple[str, ...], name: str, parted: bool) -> PathFacts:
    part = PART_OF[above[0].lower()] if parted else ""
    rest = above[1:] if parted else above
    if not rest:
        return PathFacts(part, label_in_name(name), "")
    return PathFacts(part, rest[0], rest[1] if len(rest) > 1 else "")


def label_in_name(name: str) -> str:
    """The label in a file's own name: what is before its number, without dates and copies' marks.

    Examples
    --------
    >>> [label_in_name(n) for n in ("walk_01.csv", "walk (1).csv", "2026-11-20_circle-1.csv")]
    ['walk', 'walk', 'circle']
    >>> [label_in_name(n) for n in ("walk.q3f9k2.csv", "Übung - Copy (2).csv", "jog2b.wav")]
    ['walk', 'Übung', 'jog']
    """
    text = normalized(PurePath(name).stem)
    while PurePath(text).suffix.lower() in SUFFIXES:  # walk.csv.3k2j1.json
        text = PurePath(text).stem
    text = HASH.sub("", COPY.sub("", text))
    while PurePath(text).suffix.lower() in SUFFIXES:
        text = PurePath(text).stem
    text = DATE.sub("_", text)
    text = re.sub(r"^[\s\d._()-]+", "", text)  # 01_walk
    text = re.split(r"[\s._-]+(?=\d|$)|[\s._-]*\(|\d", text)[0]
    return text.strip(" ._-")
