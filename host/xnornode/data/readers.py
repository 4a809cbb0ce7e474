"""Files of any kind that people keep their data in, as a `Dataset`."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from xnornode._files import refuse_pipe
from xnornode.data import data_frames, edge_impulse, image_files, record_files, sound
from xnornode.data.array_files import load_array
from xnornode.data.arrays import find_folder, pick_channels, read_arrays
from xnornode.data.copies import drop_copies
from xnornode.data.csv_columns import SUFFIXES as TABLES
from xnornode.data.dataset import Dataset, group_equal_items, natural
from xnornode.data.join import FileReader, read_each
from xnornode.data.paths import PathFacts, files_in, irregular, path_columns, read_paths
from xnornode.data.read_options import ReadOptions
from xnornode.data.reading import Guess, Reading
from xnornode.data.recording_csv import read_csv
from xnornode.data.recording_file import SUFFIX as RECORD
from xnornode.data.resample import bring_to_one_rate
from xnornode.data.single import one_recording
from xnornode.data.tables import alike_names, read_table
from xnornode.data.text_or_table import is_table
from xnornode.errors import DataError

MINORITY = 0.2
"""The share of files of another kind than most that are left out with a word."""


def read(path: Path, options: ReadOptions | None = None) -> Dataset:
    """Read a file, or a folder of files.

    Parameters
    ----------
    path : Path
        A file of a kind that `RECORDINGS` or `WHOLE` names; or a folder with a folder per label, or
        with labels in the files' names, on top perhaps with the folders train, validation, test.
    options : ReadOptions, optional
        What the user says about the files. Default: found out.

    Returns
    -------
    Dataset
        Everything that was read, at one sample rate and without copies of recordings.

    Raises
    ------
    DataError
        There is no such file, or it cannot be understood.
    """
    options = options or ReadOptions()
    if not path.exists():
        raise DataError(f"there is no file or folder {path}")
    dataset = _folder(path, options) if path.is_dir() else _file(path, options)
    if options.label_all:
        dataset = _one_label(dataset, options.label_all)
    return drop_copies(bring_to_one_rate(dataset, options.resample))


def _one_label(dataset: Dataset, label: str) -> Dataset:
    """The dataset with one label; what would have been its labels is left out."""
    columns = tuple(
        replace(use, role="left out", why="--label-all says the label")
        if use.role == "label"
        else use
        for use in dataset.reading.columns
    )
    reading = replace(dataset.reading, columns=columns)
    return replace(dataset, labels=[label] * len(dataset.items), reading=reading)


def _file(path: Path, options: ReadOptions) -> Dataset:
    refuse_pipe(path)
    if not path.is_file():
        raise DataError(f"{path} is a device, no regular file: save what it gives in a file")
    suffix = path.suffix.lower()
    if suffix in (*TABLES, ".txt", *data_frames.SUFFIXES):
        dataset = read_table(path, options, options.label_all or None)
        return _counted(dataset)
    if suffix in (".npz", ".npy"):
        return _counted(read_arrays(path, options))
    if reader := RECORDINGS.get(suffix):
        dataset = reader(path, options, options.label_all)
        if len(dataset.items) > 1:
            return _counted(dataset)
        raise DataError(f"{path} is one recording: name the folder that holds all of them")
    raise DataError(
        f"{path} is of no kind that is read here ({', '.join(kinds())}): convert it to .csv or .npy"
    )


def _counted(dataset: Dataset) -> Dataset:
    return replace(dataset, reading=replace(dataset.reading, files=1))


def _folder(folder: Path, options: ReadOptions) -> Dataset:
    if arrays := find_folder(folder):
        return _counted(read_arrays(arrays, options))
    inside, others = files_in(folder, lambda path: _hidden(path, folder))
    inside.sort(key=lambda p: natural(str(p)))
    by_kind: dict[str, list[Path]] = {}
    txt = _txt_kind([p for p in inside if p.suffix.lower() == ".txt"], options)
    for path in inside:
        by_kind.setdefault(_kind(path, txt), []).append(path)
    unknown = by_kind.pop("", [])
    if not by_kind:
        raise DataError(
            f"{folder} holds no file of a kind that is read here ({', '.join(kinds())}): "
            "docs/guides/data.md says how data may be stored"
        )
    kind = max(by_kind, key=lambda k: len(by_kind[k]))
    rest = [path for k, paths in by_kind.items() if k != kind for path in paths]
    if len(rest) > MINORITY * len(by_kind[kind]):
        mixed = sorted({path.suffix.lower() for path in (*rest, *by_kind[kind])})
        raise DataError(f"{folder} holds files of different kinds, {', '.join(mixed)}: part them")
    paths = by_kind[kind]
    facts = read_paths(paths, folder)
    if kind == "recordings":
        dataset = _recordings(folder, paths, facts, options)
    else:
        dataset = WHOLE[kind](folder, paths, facts, options)
    dataset = _note_paths(dataset, folder, paths, (*rest, *unknown))
    doubts = dict.fromkeys(fact.doubt for fact in facts if fact.doubt and not options.label_all)
    guesses = [Guess(text, "put the files into LABEL/GROUP/ folders", True) for text in doubts]
    reading = dataset.reading
    reading = replace(
        reading,
        guesses=(*reading.guesses, *guesses),
        dropped=(*reading.dropped, *irregular(others)),
    )
    return replace(dataset, reading=reading)


def _txt_kind(paths: Sequence[Path], options: ReadOptions) -> str:
    """What .txt files are read as: most of them are tables of numbers, or they are texts."""
    tables = 0 if options.text else sum(is_table(path, options.charset) for path in paths)
    return "recordings" if 2 * tables > len(paths) else "texts"


def _kind(path: Path, txt: str) -> str:
    """What a file is read as: "recordings", a key of `WHOLE`, or "" for nothing."""
    suffix = path.suffix.lower()
    if suffix == ".txt":
        return txt
    return (
        "recordings"
        if suffix in RECORDINGS
        else next((kind for kind, suffixes in SUFFIXES.items() if suffix in suffixes), "")
    )


def kinds() -> list[str]:
    """The suffixes of all files that are read."""
    whole = (suffix for suffixes in SUFFIXES.values() for suffix in suffixes)
    return list(dict.fromkeys((".csv", ".npz", *RECORDINGS, *whole)))


def _hidden(path: Path, folder: Path) -> bool:
    parts = path.relative_to(folder).parts
    return any(part.startswith(".") or part in ("__MACOSX", "Thumbs.db") for part in parts)


def _recordings(
    folder: Path, paths: list[Path], facts: Sequence[PathFacts], options: ReadOptions
) -> Dataset:
    if len(paths) == 1 and paths[0].parent == folder and paths[0].suffix.lower() in TABLES:
        return _counted(read_table(paths[0], options, options.label_all or None))
    if options.rows == "windows" or options.shape or options.image or options.text:
        raise DataError(f"{folder}: put windows or texts that have a row each into one table")
    return read_each(folder, paths, facts, options, lambda path: RECORDINGS[path.suffix.lower()])


def _note_paths(
    dataset: Dataset, folder: Path, paths: Sequence[Path], left_out: Sequence[Path]
) -> Dataset:
    """The dataset with what was seen of the folder: files left out, labels that look odd."""
    reading = dataset.reading
    dropped = [*reading.dropped]
    for suffix, count in Counter(p.suffix.lower() or p.name for p in left_out).items():
        dropped.append(f"{count} files {suffix} in {folder}: they are of another kind")
    guesses = [*reading.guesses]
    labels = set(dataset.labels)
    if (
        len(paths) > 2
        and len(labels) == len(dataset.items)
        and any(p.parent == folder for p in paths)
    ):
        text = "each file has a label of its own, taken from its name"
        guesses.append(Guess(text, "put the files into a folder per label, or --label-all", True))
    known = {guess.text for guess in guesses}
    guesses += [g for g in alike_names(dataset.labels, "label") if g.text not in known]
    return replace(
        dataset, reading=replace(reading, dropped=tuple(dropped), guesses=tuple(guesses))
    )


def _table(path: Path, options: ReadOptions, label: str) -> Dataset:
    if record := read_csv(path):  # which knows its scales
        return record_files.as_dataset(path, record, options, label)
    return read_table(path, replace(options, rows="samples"), label)


def _array(path: Path, options: ReadOptions, label: str) -> Dataset:
    array = load_array(path)
    array = array[:, None] if array.ndim == 1 else array
    names = tuple(f"channel {i}" for i in range(array.shape[-1]))
    picked = pick_channels(names, options, str(path))
    return one_recording(
        path,
        array[:, picked] if array.ndim == 2 else array,
        label,
        "",
        channels=tuple(names[i] for i in picked),
        rate_mhz=options.rate_mhz,
        reading=Reading(1, "NumPy arrays (samples, channels)"),
    )


def _texts(
    folder: Path, paths: list[Path], facts: Sequence[PathFacts], options: ReadOptions
) -> Dataset:
    texts = [path.read_bytes() for path in paths]
    if not options.text:
        _check_letters(texts, folder)
    grouped = all(fact.group for fact in facts)
    own = [path.relative_to(folder).as_posix() for path in paths]
    groups = [f.group for f in facts] if grouped else group_equal_items(texts)
    parted = len({fact.part for fact in facts}) > 1
    if parted:
        groups = [f"{g} ({f.part})" for g, f in zip(groups, facts, strict=True)]
    aside = {
        part: tuple(dict.fromkeys(g for g, f in zip(groups, facts, strict=True) if f.part == part))
        for part in ("test", "validation")
    }
    return Dataset(
        name=folder.resolve().name,
        kind="texts",
        items=texts,
        labels=[options.label_all or fact.label for fact in facts],
        groups=groups,
        names=[f"{folder / name}" for name in own],
        grouping="group" if grouped or parted else "none",
        channels=("text",),
        test_groups=aside["test"],
        validation_groups=aside["validation"],
        reading=Reading(
            len(paths),
            "one text per file",
            tuple(path_columns(facts)),
        ),
    )


def _check_letters(texts: Sequence[bytes], folder: Path) -> None:
    """Raise DataError if texts have more digits than all else: they are rather samples."""
    digits = sum(text.count(b"%d" % d) for text in texts for d in range(10))
    if 2 * digits > sum(len(b"".join(text.split())) for text in texts):
        raise DataError(
            f"{folder}: most of what the .txt files hold is digits, but they are no tables: write "
            "samples as CSV, a row for each sample; or give --text if they are texts"
        )


RECORDINGS: Mapping[str, FileReader] = {
    RECORD: record_files.read_record,
    **dict.fromkeys((*TABLES, ".txt", *data_frames.SUFFIXES), _table),
    ".npy": _array,
    **dict.fromkeys(edge_impulse.SUFFIXES, edge_impulse.read_acquisition),
    **dict.fromkeys(sound.SUFFIXES, sound.read_sound),
}
"""Who reads one file of recordings, by its suffix. Such files may stand beside each other."""

Whole = Callable[[Path, list[Path], Sequence[PathFacts], ReadOptions], Dataset]
WHOLE: Mapping[str, Whole] = {"texts": _texts, "images": image_files.read_images}
"""Who reads all files of a kind at once."""
SUFFIXES: Mapping[str, tuple[str, ...]] = {
    "texts": (".txt",),
    "images": image_files.SUFFIXES,
}
"""The suffixes of the kinds of `WHOLE`."""
