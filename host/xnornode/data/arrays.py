"""NumPy files of windows: arrays X (n, ...), y (n,) and, where there are any, groups (n,)."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from xnornode._files import refuse_pipe
from xnornode.data.array_files import load_array, load_members, names_in
from xnornode.data.array_labels import read_groups, read_labels, texts_of
from xnornode.data.array_names import Named, find_arrays, role_of
from xnornode.data.array_shapes import check_numbers, shape_windows
from xnornode.data.class_labels import missing, some
from xnornode.data.dataset import Dataset, from_windows, group_equal_items
from xnornode.data.read_options import ReadOptions
from xnornode.data.reading import ColumnUse, Guess, Reading, Role
from xnornode.errors import DataError
from xnornode.model.names import normalized

Array = npt.NDArray[Any]
Arrays = dict[str, Array]


def pick_channels(channels: Sequence[str], options: ReadOptions, where: str) -> list[int]:
    """Find the channels that the user named.

    Parameters
    ----------
    channels : sequence of str
        The names of all channels.
    options : ReadOptions
        Its `channels` are whole names, or names without their unit. Without any, all are picked.
    where : str
        What messages call the data.

    Returns
    -------
    list of int
        Indexes, in the order of the options.

    Raises
    ------
    DataError
        There is no such channel.
    """
    picked = []
    channels = [normalized(channel) for channel in channels]
    for name in options.channels:
        found = [i for i, c in enumerate(channels) if name in (c, c.split(" (")[0])]
        if not found:
            raise DataError(f"{where} has no channel {name!r}: it has {', '.join(channels)}")
        picked += found
    return picked or list(range(len(channels)))


def find_folder(folder: Path) -> Path | None:
    """Find arrays in a folder: files beside each other that are named as X and y are.

    Parameters
    ----------
    folder : Path
        The folder.

    Returns
    -------
    Path or None
        A file of windows beside one of labels; or a .npz file that is alone; else None.

    Raises
    ------
    DataError
        There is nothing but several .npz files.
    """
    files = [p for p in folder.iterdir() if not p.name.startswith(".") and p.is_file()]
    if files and all(p.suffix.lower() == ".npz" for p in files):
        if len(files) > 1:
            names = some(sorted(p.name for p in files))
            raise DataError(
                f"{folder} holds {len(files)} .npz files ({names}): give one that has X and y; or "
                "save each recording as .npy (n, channels), in a folder per label"
            )
        return files[0]
    paths = sorted(p for p in folder.glob("*.npy") if p.is_file())
    places = {place: path for path in paths if (place := role_of(path.stem))}
    for part in ("", "train"):
        if ("X", part) in places and ("y", part) in places:
            return places["X", part]
    return None


def read_arrays(path: Path, options: ReadOptions) -> Dataset:
    """Read windows, labels and groups from arrays.

    Parameters
    ----------
    path : Path
        A .npz file; or one of several .npy files beside each other, named as their arrays: X, y,
        and groups, classes, channels and rate where there are any. X_train, y_train, X_test and
        y_test give the test as well, as in Keras' mnist.npz; `role_of` knows other spellings.
    options : ReadOptions
        What the user says about them. Its `label` and `group` are names of arrays.

    Returns
    -------
    Dataset
        The windows.

    Raises
    ------
    DataError
        X or y is missing, or arrays do not fit together.
    """
    where = str(path)
    refuse_pipe(path)
    if not path.is_file():  # a device or a pipe may have no end
        raise DataError(f"{where} cannot be read: it is no file")
    npz = path.suffix.lower() == ".npz"
    beside = {} if npz else {p.stem: p for p in sorted(path.parent.glob("*.npy"))}
    names = names_in(path) if npz else [*beside]
    named = find_arrays(names, where, options.label, options.group)
    used = named.found.values()
    arrays = load_members(path, used) if npz else {n: load_array(beside[n]) for n in used}
    arrays, dropped = _labelled(arrays, named, where) if options.skip else (arrays, ())
    x, labels, owners, notes, guesses = _join(arrays, named, where)
    samples, image_shape, titles, understood, shaped = shape_windows(x, options, where)
    guesses += shaped
    titles = _titles(arrays, named, titles, where)
    picked = pick_channels(titles, options, where)
    notes = [*understood, *notes]
    columns = [ColumnUse(n, _role(r)) for (r, _), n in named.found.items()]
    columns += [ColumnUse(name, "left out", "no role has this name") for name in named.left_out]
    return from_windows(
        path.stem if npz else path.resolve().parent.name,
        samples if len(picked) == len(titles) and not options.channels else samples[:, :, picked],
        labels,
        owners,
        [titles[i] for i in picked],
        rate_mhz=options.rate_mhz or _rate(arrays, named, where, notes),
        image_shape=image_shape,
        test_groups=("test",) if "test" in named.parts else (),
        validation_groups=("validation",) if owners and "validation" in owners else (),
        notes=tuple(notes),
        reading=Reading(1, "NumPy arrays", tuple(columns), guesses=tuple(guesses), dropped=dropped),
    )


def _labelled(arrays: Arrays, named: Named, where: str) -> tuple[Arrays, tuple[str, ...]]:
    """The arrays without rows that have no label, and what was left out."""
    kept, dropped = dict(arrays), []
    for part in named.parts or ("",):
        y = named.found["y", part]
        gaps = missing(arrays[y].reshape(len(arrays[y]), -1)).max(axis=1)
        if not gaps.any():
            continue
        for role in ("X", "y", "groups"):
            name = named.found.get((role, part))
            if name and len(arrays[name]) == len(gaps):
                kept[name] = arrays[name][~gaps]
        dropped.append(f"{where}: {int(gaps.sum()):,} rows left out: {y} has no class there")
    return kept, tuple(dropped)


def _role(name: str) -> Role:
    roles: dict[str, Role] = {"y": "label", "classes": "label", "groups": "group", "rate": "time"}
    return roles.get(name, "channel")


def _join(
    arrays: Arrays, named: Named, where: str
) -> tuple[Array, list[str], list[str] | None, list[str], list[Guess]]:
    """X, labels, groups, notes and guesses of all parts; the group of the test is "test"."""
    found, notes = named.found, list[str]()
    classes = arrays[found["classes", ""]] if ("classes", "") in found else None
    xs, labels, owners = list[Array](), list[str](), list[str]()
    known = bool(named.parts)
    for part in named.parts or ("",):
        name = found["X", part]
        x = check_numbers(arrays[name], f"{where}: {name}")
        if xs and x.shape[1:] != xs[0].shape[1:]:
            raise DataError(
                f"{where}: {name} has the shape {x.shape}, {found['X', named.parts[0]]} "
                f"{xs[0].shape}: all but the first number must be the same"
            )
        y = found["y", part]
        said, about = read_labels(arrays[y], len(x), classes, where, y)
        if part == "test" and (new := sorted(set(said) - set(labels))):
            raise DataError(f"{where}: {y} has {some(new)}, which the training part lacks")
        notes += [note for note in about if note not in notes]
        groups = found.get(("groups", part))
        if part == "test":
            owners += ["test"] * len(x)
        elif groups is not None:
            owners += read_groups(arrays[groups], len(x), where, groups)
            known = True
        elif part == "validation":
            owners += [part] * len(x)
        else:
            owners += group_equal_items(x)
        if part == "test" and "test" in owners[: -len(x)]:
            raise DataError(f"{where}: a group of the training is called test: rename it")
        xs.append(x)
        labels += said
    if len(xs) > 1:
        notes.append(", ".join(f"{len(x)} {p}" for x, p in zip(xs, named.parts, strict=True)))
    guesses = list(_copies(xs, named))
    x = np.concatenate(xs) if len(xs) > 1 else xs[0]
    return x, labels, owners if known else None, notes, guesses


def _copies(xs: Sequence[Array], named: Named) -> Iterator[Guess]:
    first = set(group_equal_items(xs[0]))
    for x, part in zip(xs[1:], named.parts[1:], strict=True):
        if copies := sum(item in first for item in group_equal_items(x.astype(xs[0].dtype))):
            text = (
                f"{copies} of {len(x)} rows of {named.found['X', part]} are copies of rows of "
                f"{named.found['X', named.parts[0]]}: the accuracy shown is too high"
            )
            yield Guess(text, "remove them from one of the arrays", True)


def _titles(arrays: Arrays, named: Named, titles: tuple[str, ...], where: str) -> tuple[str, ...]:
    """The names of the channels as an array gives them, where it names as many."""
    name = named.found.get(("channels", ""))
    if name is None or arrays[name].ndim != 1 or arrays[name].dtype.kind not in "US":
        return titles
    texts = texts_of(arrays[name], f"{where}: {name}", [])
    if len(texts) != len(titles):
        raise DataError(f"{where}: {name} names {len(texts)} channels, X has {len(titles)}")
    return tuple(texts)


def _rate(arrays: Arrays, named: Named, where: str, notes: list[str]) -> int:
    """The sample rate in millihertz as an array gives it; 0 if none does."""
    name = named.found.get(("rate", ""))
    if name is None:
        return 0
    value = arrays[name]
    if value.size != 1 or value.dtype.kind not in "iuf" or not 0 < value.ravel()[0] < 4e6:
        raise DataError(f"{where}: {name} is no sample rate in hertz: give it by --rate")
    rate = float(value.ravel()[0])
    notes.append(f"sample rate {rate:g} Hz, as {name} says")
    return round(1000 * rate)
