"""NumPy files of windows: arrays X (n, ...), y (n,) and, where there are any, groups (n,)."""

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from xnornode._files import refuse_pipe
from xnornode.data.dataset import Dataset, from_windows, group_equal_items
from xnornode.data.read_options import ReadOptions
from xnornode.data.tables import shape_rows
from xnornode.errors import DataError

Array = npt.NDArray[Any]

X_NAMES = ("X", "x", "data", "samples", "windows")
Y_NAMES = ("y", "Y", "labels", "target", "label")
GROUP_NAMES = ("groups", "group", "subject", "subjects")
MOST_PACKED = 100
"""How many times larger a member of an archive may be than its bytes there."""
SMALL = 1 << 26
"""Bytes that a member may have in any case."""
CLASS_NAMES = ("classes", "class_names", "target_names", "label_names")


def load_array(path: Path) -> Array:
    """Load a .npy file, or open the archive of a .npz file. Raises DataError for anything else."""
    refuse_pipe(path)
    try:
        if zipfile.is_zipfile(path):
            _check_sizes(path)
        array: Array = np.load(path, allow_pickle=False)
    except DataError:
        raise
    except Exception as error:  # a damaged header fails in many ways
        raise DataError(
            f"{path} cannot be read as an array of numbers ({error}): save it with numpy.save, "
            "without objects in it"
        ) from error
    return array


def _check_sizes(path: Path) -> None:
    """Raise DataError for an archive that would fill the memory when it is unpacked."""
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if member.file_size > max(SMALL, MOST_PACKED * member.compress_size):
                raise DataError(
                    f"{path}: {member.filename} unpacks to {member.file_size:,} bytes, more than "
                    f"{MOST_PACKED} times its size: save it with numpy.savez"
                )


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
    for name in options.channels:
        found = [i for i, c in enumerate(channels) if name in (c, c.split(" (")[0])]
        if not found:
            raise DataError(f"{where} has no channel {name!r}: it has {', '.join(channels)}")
        picked += found
    return picked or list(range(len(channels)))


def read_arrays(path: Path, options: ReadOptions) -> Dataset:
    """Read windows, labels and groups from arrays.

    Parameters
    ----------
    path : Path
        A .npz file; or one of several .npy files beside each other, named as their arrays: X, y,
        and groups and classes where there are any. X_train, y_train, X_test and y_test give the
        test as well, as in Keras' mnist.npz.
    options : ReadOptions
        What the user says about them.

    Returns
    -------
    Dataset
        The windows.

    Raises
    ------
    DataError
        X or y is missing, or arrays do not fit together.
    """
    npz = path.suffix == ".npz"
    name = path.stem if npz else path.resolve().parent.name
    arrays = _npz(path) if npz else _npy(path)
    test_groups: tuple[str, ...] = ()
    groups: list[str] | None
    if _first(arrays, X_NAMES, "_train") is not None:
        x, y, groups = _join_parts(arrays, path)
        test_groups = ("test",)
    else:
        found = [_first(arrays, names) for names in (X_NAMES, Y_NAMES)]
        if found[0] is None or found[1] is None:
            have = ", ".join(sorted(arrays))
            raise DataError(f"{path} must have the arrays X and y: it has {have}")
        x, y = found[0], found[1]
        owners = _first(arrays, GROUP_NAMES)
        groups = None if owners is None else _strings(owners, path)
    labels = _labels(x, y, _first(arrays, CLASS_NAMES), path)
    if groups is not None and len(groups) != len(x):
        raise DataError(f"{path}: X has {len(x)} rows, groups {len(groups)}")
    samples, image_shape, channels = _windows(x, options, str(path))
    note = f"{len(x)} windows of {samples.shape[1]} x {samples.shape[2]} values"
    if image_shape:
        note = f"{len(x)} images of {image_shape[0]} x {image_shape[1]}"
    return from_windows(
        name,
        samples,
        labels,
        groups,
        channels,
        rate_mhz=options.rate_mhz,
        image_shape=image_shape,
        test_groups=test_groups,
        notes=(note,),
    )


def _join_parts(arrays: dict[str, Array], path: Path) -> tuple[Array, Array, list[str]]:
    """X, y and groups of arrays that are split already; the group of the test is "test"."""
    found = [_first(arrays, n, f"_{p}") for n in (X_NAMES, Y_NAMES) for p in ("train", "test")]
    parts = [array for array in found if array is not None]
    if len(parts) < 4:
        raise DataError(f"{path} must have X_train, y_train, X_test and y_test")
    groups = _first(arrays, GROUP_NAMES, "_train")
    owners = group_equal_items(parts[0]) if groups is None else _strings(groups, path)
    x, y = np.concatenate(parts[:2]), np.concatenate(parts[2:])
    return x, y, [*owners, *["test"] * len(parts[1])]


def _labels(x: Array, y: Array, classes: Array | None, path: Path) -> list[str]:
    labels = _strings(y, path)
    if len(labels) != len(x):
        raise DataError(f"{path}: X has {len(x)} rows, y {len(labels)}: they must be as many")
    if classes is None or y.dtype.kind not in "biu":
        return labels
    if y.min() < 0 or y.max() >= len(classes):
        raise DataError(f"{path}: y goes to {y.max()}, but there are {len(classes)} classes")
    names = _strings(classes, path)
    return [names[i] for i in y.ravel()]


def _windows(
    x: Array, options: ReadOptions, where: str
) -> tuple[Array, tuple[int, int] | None, tuple[str, ...]]:
    """X as windows (n, length, channels), the size where they are images, and the channels."""
    if x.dtype.kind not in "biuf":
        raise DataError(f"{where}: X holds {x.dtype}: it must be numbers")
    image_shape = options.image
    if x.ndim == 4:
        image_shape = (x.shape[1], x.shape[2])
        x = x.reshape(len(x), -1, x.shape[3])
    elif x.ndim == 3 and (image_shape == x.shape[1:] or (image_shape is None and _pixels(x))):
        image_shape = (x.shape[1], x.shape[2])
        x = x.reshape(len(x), -1, 1)
    elif x.ndim == 2:
        names = tuple(f"feature {i}" for i in range(x.shape[1]))
        x, names = shape_rows(x, names, options, where)
        return x, image_shape, names
    if x.ndim != 3 or (image_shape and image_shape[0] * image_shape[1] != x.shape[1]):
        raise DataError(
            f"{where}: X has the shape {x.shape}: it must be (n, features), (n, length, channels), "
            "or (n, height, width) with --image HEIGHTxWIDTH"
        )
    picked = pick_channels([f"channel {i}" for i in range(x.shape[2])], options, where)
    return x[:, :, picked], image_shape, tuple(f"channel {i}" for i in picked)


def _pixels(x: Array) -> bool:
    # Bytes in a square are an image and no series: sensors count in 16 bits.
    return x.dtype == np.uint8 and x.shape[1] == x.shape[2] > 1


def _npz(path: Path) -> dict[str, Array]:
    archive: Any = load_array(path)
    try:
        with archive:
            arrays = {key: archive[key] for key in archive.files}
        if other := [key for key, value in arrays.items() if not isinstance(value, np.ndarray)]:
            raise ValueError(f"{other[0]} is no array")
    except Exception as error:  # objects, or a damaged member, which fails in many ways
        raise DataError(
            f"{path} cannot be read ({error}): save arrays of numbers or text, no Python objects"
        ) from error
    return arrays


def _npy(path: Path) -> dict[str, Array]:
    beside = {p.stem: p for p in path.parent.glob("*.npy")}
    wanted = {*X_NAMES, *Y_NAMES, *GROUP_NAMES, *CLASS_NAMES}
    wanted |= {f"{n}_{part}" for n in wanted for part in ("train", "test")}
    return {name: load_array(p) for name, p in beside.items() if name in wanted}


def _first(arrays: dict[str, Array], names: Sequence[str], part: str = "") -> Array | None:
    return next((arrays[name + part] for name in names if name + part in arrays), None)


def _strings(values: Array, path: Path) -> list[str]:
    flat = values.ravel()
    if flat.dtype.kind == "f" and (flat == np.rint(flat)).all():
        flat = flat.astype(np.int64)
    try:
        return [v.decode() if isinstance(v, bytes) else str(v) for v in flat.tolist()]
    except (ValueError, SystemError) as error:  # no UTF-8; NumPy's text may hold any number
        raise DataError(f"{path}: labels and groups must be numbers or text ({error})") from error
