"""NumPy files as windows: arrays X (n, ...), y (n,) and, where there are any, groups (n,)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from xnornode.data.dataset import Dataset, from_windows, identity
from xnornode.data.tables import shaped
from xnornode.data.time_series import ReadOptions
from xnornode.errors import DataError

Array = npt.NDArray[Any]

X_NAMES = ("X", "x", "data", "samples", "windows")
Y_NAMES = ("y", "Y", "labels", "target", "label")
GROUP_NAMES = ("groups", "group", "subject", "subjects")
CLASS_NAMES = ("classes", "class_names", "target_names", "label_names")


def load_array(path: Path) -> Array:
    """The array of a .npy file, or the archive of a .npz file; DataError for what is neither."""
    try:
        array: Array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise DataError(
            f"{path} cannot be read as an array of numbers ({error}): save it with numpy.save, "
            "without objects in it"
        ) from error
    return array


def pick(channels: Sequence[str], options: ReadOptions, where: str) -> list[int]:
    """Indexes of the channels that the user named, by the whole name or its first part; or all."""
    picked = []
    for name in options.channels:
        found = [i for i, c in enumerate(channels) if name in (c, c.split(" (")[0])]
        if not found:
            raise DataError(f"{where} has no channel {name!r}: it has {', '.join(channels)}")
        picked += found
    return picked or list(range(len(channels)))


def read_arrays(path: Path, options: ReadOptions) -> Dataset:
    """X, y and groups of one .npz, or of .npy files beside each other."""
    name = path.stem if path.suffix == ".npz" else path.resolve().parent.name
    arrays = _npz(path) if path.suffix == ".npz" else _npy(path)
    training = _first(arrays, [f"{x}_train" for x in X_NAMES])
    if training is not None:
        return _two_parts(name, arrays, options, path)
    x, y = _first(arrays, X_NAMES), _first(arrays, Y_NAMES)
    if x is None or y is None:
        raise DataError(f"{path} must have the arrays X and y: it has {', '.join(sorted(arrays))}")
    groups = _first(arrays, GROUP_NAMES)
    return _labelled(
        name, x, y, None if groups is None else _strings(groups), arrays, options, str(path)
    )


def _two_parts(name: str, arrays: dict[str, Array], options: ReadOptions, path: Path) -> Dataset:
    """Arrays that are split already: X_train, y_train, X_test, y_test, as Keras' mnist.npz."""
    keys = [(X_NAMES, "train"), (Y_NAMES, "train"), (X_NAMES, "test"), (Y_NAMES, "test")]
    found = [_first(arrays, [f"{n}_{part}" for n in names]) for names, part in keys]
    parts = [a for a in found if a is not None]
    if len(parts) < 4:
        raise DataError(f"{path} must have X_train, y_train, X_test and y_test")
    groups = _first(arrays, [f"{n}_train" for n in GROUP_NAMES])
    owners = identity(parts[0]) if groups is None else _strings(groups)
    return _labelled(
        name,
        np.concatenate([parts[0], parts[2]]),
        np.concatenate([parts[1], parts[3]]),
        [*owners, *["test"] * len(parts[2])],
        arrays,
        options,
        str(path),
        ("test",),
    )


def _labelled(
    name: str,
    x: Array,
    y: Array,
    groups: list[str] | None,
    arrays: dict[str, Array],
    options: ReadOptions,
    where: str,
    test_groups: tuple[str, ...] = (),
) -> Dataset:
    labels = _strings(y)
    if len(labels) != len(x):
        raise DataError(f"{where}: X has {len(x)} rows, y {len(labels)}: they must be as many")
    if groups is not None and len(groups) != len(x):
        raise DataError(f"{where}: X has {len(x)} rows, groups {len(groups)}")
    classes = _first(arrays, CLASS_NAMES)
    if classes is not None and y.dtype.kind in "biu":
        if y.min() < 0 or y.max() >= len(classes):
            raise DataError(f"{where}: y goes to {y.max()}, but there are {len(classes)} classes")
        names = _strings(classes)
        labels = [names[i] for i in y.ravel()]
    samples, image_shape, channels = _windows(x, options, where)
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


def _windows(
    x: Array, options: ReadOptions, where: str
) -> tuple[Array, tuple[int, int] | None, tuple[str, ...]]:
    """X as windows (n, length, channels), and the grid where they are images."""
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
        x, names = shaped(x, names, options, where)
        return x, image_shape, names
    if x.ndim != 3 or (image_shape and image_shape[0] * image_shape[1] != x.shape[1]):
        raise DataError(
            f"{where}: X has the shape {x.shape}: it must be (n, features), (n, length, channels), "
            "or (n, height, width) with --image HEIGHTxWIDTH"
        )
    picked = pick([f"channel {i}" for i in range(x.shape[2])], options, where)
    return x[:, :, picked], image_shape, tuple(f"channel {i}" for i in picked)


def _pixels(x: Array) -> bool:
    # Bytes in a square are an image and no series: sensors count in 16 bits.
    return x.dtype == np.uint8 and x.shape[1] == x.shape[2] > 1


def _npz(path: Path) -> dict[str, Array]:
    archive: Any = load_array(path)
    try:
        return {key: archive[key] for key in archive.files}
    except ValueError as error:
        raise DataError(f"{path} holds Python objects: save arrays of numbers or text") from error


def _npy(path: Path) -> dict[str, Array]:
    beside = {p.stem: p for p in path.parent.glob("*.npy")}
    wanted = {*X_NAMES, *Y_NAMES, *GROUP_NAMES, *CLASS_NAMES}
    wanted |= {f"{n}_{part}" for n in wanted for part in ("train", "test")}
    return {name: load_array(p) for name, p in beside.items() if name in wanted}


def _first(arrays: dict[str, Array], names: Sequence[str]) -> Array | None:
    return next((arrays[name] for name in names if name in arrays), None)


def _strings(values: Array) -> list[str]:
    flat = values.ravel()
    if flat.dtype.kind == "f" and (flat == np.rint(flat)).all():
        flat = flat.astype(np.int64)
    return [v.decode() if isinstance(v, bytes) else str(v) for v in flat.tolist()]
