"""Several files of recordings as one dataset: faults together, channels in one order."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from xnornode.data.dataset import NOT_UTF8, Dataset
from xnornode.data.faulty_files import report_faults
from xnornode.data.paths import PathFacts, path_columns
from xnornode.data.read_options import ReadOptions
from xnornode.data.reading import Guess, Reading, Timing
from xnornode.errors import DataError

FileReader = Callable[[Path, ReadOptions, str], Dataset]
"""Reads one file; the string is the label that its path says, "" for none."""


def read_each(
    folder: Path,
    paths: Sequence[Path],
    facts: Sequence[PathFacts],
    options: ReadOptions,
    reader_of: Callable[[Path], FileReader],
) -> Dataset:
    """Read files of recordings and join them.

    Parameters
    ----------
    folder : Path
        The folder that holds them.
    paths : sequence of Path
        The files.
    facts : sequence of PathFacts
        What their paths say.
    options : ReadOptions
        What the user says. With `skip`, faulty files are left out.
    reader_of : callable
        The reader of a file.

    Returns
    -------
    Dataset
        All recordings; its reading has the facts of all files.

    Raises
    ------
    DataError
        A file is faulty: the message names all of them. Or none is left.
    """
    found: list[tuple[Dataset, Path, PathFacts]] = []
    faults: list[str] = []
    for path, fact in zip(paths, facts, strict=True):
        try:
            found.append(
                (reader_of(path)(path, options, options.label_all or fact.label), path, fact)
            )
        except OSError as error:
            faults.append(f"{path}: {error.strerror or error}")
        except DataError as error:
            faults.append(str(error))
    usual = Counter(dataset.channels for dataset, _, _ in found).most_common(1)
    alike = []
    for dataset, path, fact in found:
        ordered = _in_order(dataset, usual[0][0])
        if ordered is None:
            faults.append(
                f"{path} has the channels {', '.join(dataset.channels)}, where most files have "
                f"{', '.join(usual[0][0])}: all must have the same"
            )
        else:
            alike.append((ordered, path, fact))
    if faults and not (options.skip and alike):
        raise DataError(report_faults(faults, len(paths)))
    return _join(folder, alike, faults)


def _in_order(dataset: Dataset, channels: tuple[str, ...]) -> Dataset | None:
    """The dataset with its channels in this order; None if it has others."""
    if dataset.channels == channels:
        return dataset
    if sorted(dataset.channels) != sorted(channels):
        return None
    order = [dataset.channels.index(name) for name in channels]
    scales = dataset.scales and tuple(dataset.scales[i] for i in order)
    items = [item[:, order] for item in dataset.items]
    return replace(dataset, items=items, channels=channels, scales=scales)


def _join(
    folder: Path, found: Sequence[tuple[Dataset, Path, PathFacts]], faults: Sequence[str]
) -> Dataset:
    first = found[0][0]
    scales = {dataset.scales for dataset, _, _ in found}
    if len(scales) > 1:
        raise DataError(f"{folder}: some files hold counts of other scales than others: part them")
    sets = [dataset for dataset, _, _ in found]
    reading = _joined_reading(sets, [fact for _, _, fact in found], faults)
    reading = replace(reading, guesses=(*reading.guesses, *_other_labels(found)))
    owners, grouped = _owners(folder, found)
    if grouped and len(found) > 1 and len({owner for own in owners for owner in own}) == 1:
        # One person or device is nothing to hold out.
        text = f"all files are of the group {owners[0][0]}: each is taken for a group of its own"
        reading = replace(reading, guesses=(*reading.guesses, Guess(text, "--group COLUMN")))
        owners = [[_own(path, folder)] * len(dataset.items) for dataset, path, _ in found]
        grouped = False
    parted = grouped and len({fact.part for _, _, fact in found}) > 1
    groups: list[str] = []
    aside: dict[str, list[str]] = {"": [], "training": [], "validation": [], "test": []}
    for own, (_, _, fact) in zip(owners, found, strict=True):
        named = [f"{group} ({fact.part})" for group in own] if parted else own
        groups += named
        aside[fact.part] += named
    joined: dict[str, Any] = {
        field: list(chain.from_iterable(getattr(dataset, field) for dataset in sets))
        for field in ("items", "labels", "names")
    }
    known = [dataset.rate_mhz for dataset in sets if dataset.rate_mhz]
    return replace(
        first,
        name=folder.resolve().name,
        groups=groups,
        grouping="group" if grouped else "recording",
        rate_mhz=Counter(known).most_common(1)[0][0] if known else 0,
        test_groups=tuple(dict.fromkeys(aside["test"])),
        validation_groups=tuple(dict.fromkeys(aside["validation"])),
        notes=tuple(dict.fromkeys(n for d in sets for n in d.notes if n.startswith(NOT_UTF8))),
        reading=reading,
        **joined,
    )


def _owners(
    folder: Path, found: Sequence[tuple[Dataset, Path, PathFacts]]
) -> tuple[list[list[str]], bool]:
    """The group of each item of each file, and whether somebody named them."""
    owners = []
    named = True
    for dataset, path, fact in found:
        if fact.group:
            owners.append([fact.group] * len(dataset.items))
        elif dataset.grouping == "group":
            owners.append(list(dataset.groups))
        else:  # no column names a person: all of one file is one group
            named = False
            owners.append([_own(path, folder)] * len(dataset.items))
    return owners, named


def _own(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _joined_reading(
    sets: Sequence[Dataset], facts: Sequence[PathFacts], faults: Sequence[str]
) -> Reading:
    readings = [dataset.reading for dataset in sets]
    timings: list[Timing] = []
    for dataset in sets:
        rate = dataset.rate_mhz / 1000
        timings += dataset.reading.timings or [Timing(rate)] * len(dataset.items)
    timed = any(timing.rate for timing in timings)
    return Reading(
        files=len(sets),
        kind=", ".join(dict.fromkeys(r.kind for r in readings if r.kind)),
        columns=(
            *path_columns(facts, _label_column(readings)),
            *dict.fromkeys(chain(*(r.columns for r in readings))),
        ),
        timings=tuple(timings) if timed else (),
        guesses=_merged([guess for r in readings for guess in r.guesses]),
        dropped=(*chain(*(r.dropped for r in readings)), *(f"left out: {f}" for f in faults)),
    )


def _label_column(readings: Sequence[Reading]) -> str:
    """The column that is the label in every file; "" if paths say labels."""
    found = [next((c.name for c in r.columns if c.role == "label"), "") for r in readings]
    return found[0] if all(found) else ""


def _other_labels(found: Sequence[tuple[Dataset, Path, PathFacts]]) -> list[Guess]:
    """A guess, where folders name the same classes as a column does, but not for the same data."""
    column = _label_column([dataset.reading for dataset, _, _ in found])
    known = {label for dataset, _, _ in found for label in dataset.labels}
    for dataset, path, fact in found:
        other = next((n for n in dataset.labels if n != fact.label), "")
        if column and fact.label in known and other:
            text = f"{path} is in {fact.label}, but its column {column} says {other}"
            return [Guess(text, "--label COLUMN, or correct the folder", doubtful=True)]
    return []


def _merged(guesses: Sequence[Guess]) -> tuple[Guess, ...]:
    """Guesses that every file makes anew are shown once, with how many there are."""
    by_option: dict[tuple[str, bool], list[Guess]] = {}
    for guess in guesses:
        by_option.setdefault((guess.option, guess.doubtful), []).append(guess)
    merged = []
    for same in by_option.values():
        texts = list(dict.fromkeys(guess.text for guess in same))
        more = f" (and {len(texts) - 1} more like it)" if len(texts) > 1 else ""
        merged.append(replace(same[0], text=texts[0] + more))
    return tuple(merged)
