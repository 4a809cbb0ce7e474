"""Image files in a folder per class, as windows of pixels."""

import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from xnornode._extras import load_extra
from xnornode.data.dataset import Dataset, from_windows, group_equal_items
from xnornode.data.faulty_files import report_faults
from xnornode.data.paths import PathFacts, path_columns
from xnornode.data.read_options import ReadOptions
from xnornode.data.reading import Guess, Reading
from xnornode.errors import DataError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm")
GREY, COLOUR = ("grey",), ("red", "green", "blue")
MOST_PIXELS = 64 * 64
"""Pixels of an image that are taken as they are where nobody gave a size."""
SIDE = 32
"""The longer side of images that are brought to one size, in pixels."""
CHROMA = 12.0
"""Mean difference of a pixel's colours, of 255, from which on images are taken as coloured."""
BILINEAR = 2  # Pillow's Resampling.BILINEAR, which averages where it makes images smaller
TRIED = 200
"""Images that are looked at for colour."""

Pixels = npt.NDArray[np.uint8]


def read_images(
    folder: Path, paths: list[Path], facts: Sequence[PathFacts], options: ReadOptions
) -> Dataset:
    """Read all images of a folder.

    Parameters
    ----------
    folder : Path
        The folder that holds them.
    paths : list of Path
        The files.
    facts : sequence of PathFacts
        Their labels, groups and parts.
    options : ReadOptions
        `image` is the size they are brought to (default: their own, or 32 pixels at the longer
        side where they have different sizes or more than 64x64 pixels); `channels` is ("grey",)
        or ("red", "green", "blue"); with `skip`, files that are no images are left out.

    Returns
    -------
    Dataset
        Windows of uint8 pixels, row by row.

    Raises
    ------
    DataError
        Files are damaged, or `channels` names others than an image has.
    """
    image = load_extra("PIL.Image", "images")
    faults: list[str] = []
    guesses: list[Guess] = []
    with _strict():
        opened = _sizes(image, paths, faults)
    if not opened:
        raise DataError(report_faults(faults, len(paths)))
    shape = options.image or _size(Counter(opened.values()), guesses)
    with _strict():
        colour = _wants_colour(image, list(opened), options, guesses)
        kept, pixels = _load(image, list(opened), shape, colour, faults)
    if faults and not (options.skip and kept):
        raise DataError(report_faults(faults, len(paths)))
    fact_of = dict(zip(paths, facts, strict=True))
    said = [fact_of[path] for path in kept]
    grouped = all(fact.group for fact in said)
    groups = [fact.group for fact in said] if grouped else group_equal_items(pixels)
    parted = len({fact.part for fact in said}) > 1
    if parted:
        groups = [f"{g} ({f.part})" for g, f in zip(groups, said, strict=True)]
    aside = {
        part: tuple(dict.fromkeys(g for g, f in zip(groups, said, strict=True) if f.part == part))
        for part in ("test", "validation")
    }
    dataset = from_windows(
        folder.resolve().name,
        pixels,
        [options.label_all or fact.label for fact in said],
        groups if grouped or parted else None,
        COLOUR if colour else GREY,
        image_shape=shape,
        scales=(0,) * pixels.shape[2],
        test_groups=aside["test"],
        validation_groups=aside["validation"],
        reading=Reading(
            files=len(kept),
            kind=f"images of {shape[0]}x{shape[1]} pixels, {'colour' if colour else 'grey'}",
            columns=tuple(path_columns(said)),
            guesses=tuple(guesses),
            dropped=tuple(f"left out: {fault}" for fault in faults),
        ),
    )
    return replace(dataset, names=[str(path) for path in kept])


def _sizes(image: Any, paths: Sequence[Path], faults: list[str]) -> dict[Path, tuple[int, int]]:
    """Height and width of each file that is an image."""
    found = {}
    for path in paths:
        try:
            with image.open(path) as opened:
                width, height = opened.size
        except Exception as error:  # damaged headers fail in many ways
            faults.append(f"{path} is no image that can be read ({_short(error)})")
        else:
            found[path] = (height, width)
    return found


@contextmanager
def _strict() -> Iterator[None]:
    """Within it, an image that would fill the memory is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def _size(sizes: Counter[tuple[int, int]], guesses: list[Guess]) -> tuple[int, int]:
    """The height and width that all images are brought to, where nobody gave one."""
    usual = next(iter(sizes))
    if len(sizes) == 1 and usual[0] * usual[1] <= MOST_PIXELS:
        return usual
    tall = np.repeat([h / w for h, w in sizes], list(sizes.values()))
    ratio = float(np.median(tall))
    sides = (SIDE, _whole(SIDE / ratio)) if ratio >= 1 else (_whole(SIDE * ratio), SIDE)
    if len(sizes) == 1:
        text = f"images of {usual[0]}x{usual[1]} pixels are made smaller, {sides[0]}x{sides[1]}"
        guesses.append(Guess(text, "--image HEIGHTxWIDTH", True))
        return sides
    shown = ", ".join(f"{h}x{w} ({n:,})" for (h, w), n in sizes.most_common(3))
    text = f"images of {len(sizes)} sizes, {shown}, ..., are brought to {sides[0]}x{sides[1]}"
    guesses.append(Guess(text, "--image HEIGHTxWIDTH"))
    return sides


def _whole(side: float) -> int:
    return max(8, 4 * round(side / 4))


def _wants_colour(
    image: Any, paths: Sequence[Path], options: ReadOptions, guesses: list[Guess]
) -> bool:
    if options.channels:
        named = tuple("grey" if c.lower() == "gray" else c.lower() for c in options.channels)
        if named not in (GREY, COLOUR):
            wanted = ",".join(options.channels)
            raise DataError(f"images have the channels grey, or red,green,blue, not {wanted}")
        return named == COLOUR
    step = -(-len(paths) // TRIED)
    chroma = []
    for path in paths[::step]:
        try:
            with image.open(path) as opened:
                small = opened.convert("RGB").resize((8, 8))
        except Exception:  # it is reported when it is loaded
            continue
        rgb = np.asarray(small).astype(int)
        chroma.append(float((rgb.max(axis=2) - rgb.min(axis=2)).mean()))
    colour = bool(chroma) and float(np.median(chroma)) >= CHROMA
    if chroma and max(chroma) > 1:
        other = "grey" if colour else "red,green,blue"
        text = f"the images are taken as {'colour' if colour else 'grey'}"
        guesses.append(Guess(text, f"--channels {other}"))
    return colour


def _load(
    image: Any, paths: Sequence[Path], shape: tuple[int, int], colour: bool, faults: list[str]
) -> tuple[list[Path], Pixels]:
    """The images that can be read, and their pixels, uint8 (n, height * width, channels)."""
    channels = 3 if colour else 1
    pixels = np.empty((len(paths), shape[0] * shape[1], channels), np.uint8)
    kept: list[Path] = []
    for path in paths:
        try:
            with image.open(path) as opened:
                pixels[len(kept)] = _pixels(opened, shape, colour).reshape(-1, channels)
        except Exception as error:  # a damaged file fails in many ways
            faults.append(f"{path} is damaged ({_short(error)})")
        else:
            kept.append(path)
    return kept, pixels[: len(kept)]


def _pixels(opened: Any, shape: tuple[int, int], colour: bool) -> Pixels:
    if opened.getexif():
        opened = load_extra("PIL.ImageOps", "images").exif_transpose(opened)
    if opened.mode.startswith("I"):  # 16 bits a pixel
        wide = np.asarray(opened).astype(np.float64)
        opened = load_extra("PIL.Image", "images").fromarray(
            (wide / 257).clip(0, 255).astype(np.uint8)
        )
    opened = opened.convert("RGB" if colour else "L")
    if opened.size != (shape[1], shape[0]):
        opened = opened.resize((shape[1], shape[0]), BILINEAR)
    return np.asarray(opened, np.uint8)


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:80] if str(error) else type(error).__name__
