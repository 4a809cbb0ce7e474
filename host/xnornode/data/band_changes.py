"""Changes of levels in frames and bands: int16 (n, frames, channels, bands)."""

import numpy as np
import numpy.typing as npt

from xnornode._typing import Int16


def move_bands(grid: Int16, most: int, rng: np.random.Generator) -> Int16:
    """Move each window's levels up or down by up to `most` bands; the outer band is repeated."""
    count, _, _, bands = grid.shape
    moves = rng.integers(-most, most + 1, (count, 1))
    at = np.clip(np.arange(bands) + moves, 0, bands - 1)
    return np.take_along_axis(grid, at[:, None, None, :], axis=3)


def move_frames(grid: Int16, most: int, rng: np.random.Generator) -> Int16:
    """Move each window's frames by up to `most` frames; the first or the last is repeated."""
    count, frames, _, _ = grid.shape
    moves = rng.integers(-most, most + 1, (count, 1))
    at = np.clip(np.arange(frames) + moves, 0, frames - 1)
    return np.take_along_axis(grid, at[:, :, None, None], axis=1)


def mask_bands(grid: Int16, most: int, rng: np.random.Generator) -> Int16:
    """Set 0 to `most` neighbouring bands of each window to their mean over the frames.

    Where there is one frame, it is the mean of all of the channel's bands.
    """
    covered = _covered(len(grid), grid.shape[3], most, rng)
    mean = grid.mean(axis=1 if grid.shape[1] > 1 else 3, keepdims=True)
    return np.where(covered[:, None, None, :], np.rint(mean).astype(np.int16), grid)


def mask_frames(grid: Int16, most: int, rng: np.random.Generator) -> Int16:
    """Set 0 to `most` neighbouring frames of each window to the mean of its frames."""
    covered = _covered(len(grid), grid.shape[1], most, rng)
    mean = np.rint(grid.mean(axis=1, keepdims=True)).astype(np.int16)
    return np.where(covered[:, :, None, None], mean, grid)


def _covered(count: int, size: int, most: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """For each of `count` windows, which of `size` places are covered: 0 to `most` of them."""
    widths = rng.integers(0, most + 1, (count, 1))
    starts = rng.integers(0, size - widths + 1)
    at = np.arange(size)
    return (starts <= at) & (at < starts + widths)
