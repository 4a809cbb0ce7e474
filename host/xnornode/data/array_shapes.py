"""What an array X is: features, windows or images, with the axes in whichever order."""

from typing import Any

import numpy as np
import numpy.typing as npt

from xnornode.data.read_options import ReadOptions
from xnornode.data.reading import Guess
from xnornode.data.row_shapes import shape_rows
from xnornode.errors import DataError
from xnornode.model.limits import MAX_CHANNELS

Array = npt.NDArray[Any]

COLOURS = (1, 3, 4)  # channels of a picture: grey, colour, colour with transparency
LEAST_SIDE = 8  # pixels; with fewer columns an array is hardly a picture
SHAPES = "(n, features), (n, length, channels) or (n, height, width[, channels])"


def check_numbers(x: Array, what: str) -> Array:
    """X as real numbers with at least one row, or a DataError that says how to make them."""
    kind = x.dtype.kind
    if kind == "V":
        fields = ", ".join(x.dtype.names or ("bytes",))
        raise DataError(
            f"{what} has fields ({fields}): save it as one array, by "
            "numpy.lib.recfunctions.structured_to_unstructured"
        )
    if kind in "US":
        raise DataError(
            f"{what} holds text ({x.dtype}): it must be numbers (X.astype(float)); for texts, give "
            "a .csv or .tsv with a column of labels and one of text"
        )
    if kind == "c":
        raise DataError(f"{what} holds complex numbers: save their magnitude, numpy.abs(X)")
    if kind not in "biuf":
        raise DataError(f"{what} holds {x.dtype}: it must be numbers")
    if x.ndim == 0 or 0 in x.shape:
        raise DataError(f"{what} has the shape {x.shape}: it is empty; it must be {SHAPES}")
    if kind == "f" and x.dtype.itemsize not in (4, 8):
        x = x.astype(np.float32 if x.dtype.itemsize < 4 else np.float64)
    return np.ascontiguousarray(x)


def shape_windows(
    x: Array, options: ReadOptions, where: str, name: str = "X"
) -> tuple[Array, tuple[int, int] | None, tuple[str, ...], list[str], tuple[Guess, ...]]:
    """Give X the shape of windows.

    Parameters
    ----------
    x : ndarray, shape (n, ...)
        Numbers.
    options : ReadOptions
        Its `image` and `shape` settle what an array is that may be several things.
    where, name : str
        What messages call the file and the array.

    Returns
    -------
    windows : ndarray, shape (n, length, channels)
        The same values.
    image_shape : tuple of int or None
        Height and width of images.
    channels : tuple of str
        The names of the channels.
    notes : list of str
        What X was taken for.
    guesses : tuple of Guess
        What may be wrong.

    Raises
    ------
    DataError
        X has another shape, or may be two things of which one makes a worthless model.
    """
    what = f"{where}: {name}"
    if options.text:
        raise DataError(f"{where}: --text is for tables and text files, not for arrays")
    if options.image and options.shape:
        raise DataError(f"{where}: give --image or --shape, not both")
    guesses: tuple[Guess, ...] = ()
    if x.ndim == 2 and (options.rows != "samples" or x.shape[1] > MAX_CHANNELS):
        shaped = shape_rows(x, tuple(f"feature {i}" for i in range(x.shape[1])), options, where)
        windows, names, guesses = shaped.windows, shaped.channels, shaped.guesses
        kept = options.image
    elif x.ndim == 3:
        windows, kept, note = _three(x, options, what)
        names = tuple(f"channel {i}" for i in range(windows.shape[2]))
    elif x.ndim == 4:
        windows, kept, note = _four(x, options, what)
        names = tuple(f"channel {i}" for i in range(windows.shape[2]))
    elif x.ndim in (1, 2):
        raise DataError(
            f"{what} has the shape {x.shape}, a sample per row: save windows (n, length, "
            "channels), or a .csv of samples with columns of labels and recordings"
            + ("; one feature per row is X[:, None]" if x.ndim == 1 else "; --window is for those")
        )
    else:
        raise DataError(f"{what} has the shape {x.shape}: it must be {SHAPES}")
    if windows.shape[2] > MAX_CHANNELS:
        raise DataError(
            f"{what} has the shape {x.shape}: {windows.shape[2]} channels are more than "
            f"{MAX_CHANNELS}; it must be {SHAPES}"
        )
    if x.ndim == 2:
        note = f"{len(x)} windows of {windows.shape[1]} x {windows.shape[2]} values"
        if kept:
            note = f"{len(x)} images of {kept[0]} x {kept[1]}"
    return windows, kept, names, [f"{name} {x.shape}: {note}"], guesses


def _three(x: Array, options: ReadOptions, what: str) -> tuple[Array, tuple[int, int] | None, str]:
    """(n, length, channels), (n, channels, length) or (n, height, width)."""
    count, first, second = x.shape
    if options.image:
        height, width = options.image
        if (first, second) == (height, width) or first == height * width:
            image = x.reshape(count, height * width, -1)
            return image, options.image, f"{count} images of {height} x {width}"
        raise DataError(f"{what} has the shape {x.shape}: its images are not {height} x {width}")
    if options.shape == (first, second):
        return x, None, f"{count} windows of {first} samples in {second} channels"
    if options.shape == (second, first):
        turned = np.ascontiguousarray(x.transpose(0, 2, 1))
        note = f"{count} windows of {second} samples in {first} channels, the axes turned round"
        return turned, None, note
    if options.shape:
        length, channels = options.shape
        raise DataError(f"{what} has the shape {x.shape}: it is not {length} x {channels}")
    # Bytes in a square are an image and no series: sensors count in 16 bits.
    if x.dtype == np.uint8 and first == second > 1:
        return x.reshape(count, -1, 1), (first, second), f"{count} images of {first} x {second}"
    if first < second:
        raise DataError(
            f"{what} has the shape {x.shape}: is that {first} channels of {second} samples (give "
            f"--shape {second}x{first}, length x channels), {first} samples of {second} channels "
            f"(--shape {first}x{second}), or images (--image {first}x{second})?"
        )
    note = f"{count} windows of {first} samples in {second} channels"
    if second >= LEAST_SIDE and _pixels(x):
        note += f"; if they are images, give --image {first}x{second}"
    return x, None, note


def _four(x: Array, options: ReadOptions, what: str) -> tuple[Array, tuple[int, int] | None, str]:
    """(n, height, width, channels), or (n, channels, height, width) as in PyTorch."""
    if options.shape:
        if options.shape == x.shape[1:3] and x.shape[3] == 1:
            return _three(x[..., 0], options, what)
        raise DataError(f"{what} has the shape {x.shape}: it holds images, and no --shape")
    last = x.shape[1] in COLOURS and x.shape[3] not in COLOURS
    if options.image:
        last = options.image != x.shape[1:3] and options.image == x.shape[2:4]
    turned = np.ascontiguousarray(np.moveaxis(x, 1, 3)) if last else x
    height, width, channels = turned.shape[1:]
    if options.image not in (None, (height, width)):
        raise DataError(
            f"{what} has the shape {x.shape}: its images are {height} x {width}, not "
            f"{options.image[0]} x {options.image[1]}"
        )
    note = f"{len(x)} images of {height} x {width} in {channels} channels"
    if last:
        note += ", the axes turned round"
    return turned.reshape(len(x), height * width, channels), (height, width), note


def _pixels(x: Array) -> bool:
    """Whether no value is below 0 and none above that of a pixel, 1 or 255."""
    return bool(x.min() >= 0) and bool(x.max() <= 255)
