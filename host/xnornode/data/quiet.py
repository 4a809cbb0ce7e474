"""The quietest part of sound: what fills a window where a recording has nothing."""

import numpy as np
import numpy.typing as npt

from xnornode._typing import Float

PARTS = 8
"""A window's quietest eighth is taken for its background."""


def quietest_part(windows: Float) -> tuple[npt.NDArray[np.intp], int]:
    """Find the part of each window with the least power; not one of digital silence.

    Parameters
    ----------
    windows : ndarray of float32, shape (n, length, channels)
        The windows.

    Returns
    -------
    starts : ndarray of int, shape (n,)
        The first sample of each window's quietest part.
    size : int
        Samples of a part.
    """
    count, length, _ = windows.shape
    size = max(1, length // PARTS)
    parts = windows[:, : length // size * size].reshape(count, -1, size * windows.shape[2])
    power = np.einsum("npi,npi->np", parts, parts) / parts.shape[2] - parts.mean(2) ** 2
    # Where nothing changes, nothing was recorded: another part says more of the background.
    power[power <= 0] = np.inf
    return power.argmin(axis=1) * size, size


def fill_outside(
    out: Float, windows: Float, outside: npt.NDArray[np.bool_], rng: np.random.Generator
) -> None:
    """Fill samples with the background of their window, in place.

    Parameters
    ----------
    out : ndarray of float32, shape (n, length, channels)
        What is filled.
    windows : ndarray of float32, shape (n, length, channels)
        Where backgrounds are taken from: a window's quietest part, back and forth from any of its
        samples, with noise of one count, so that no frame is digital silence.
    outside : ndarray of bool, shape (n, length)
        Which samples are filled.
    rng : numpy.random.Generator
        Where chance comes from.
    """
    starts, size = quietest_part(windows)
    begin = rng.integers(0, 2 * size, len(windows))
    which, at = np.nonzero(outside)
    turn = (at + begin[which]) % (2 * size)
    source = starts[which] + np.minimum(turn, 2 * size - 1 - turn)
    dither = rng.standard_normal((len(which), windows.shape[2]), np.float32)
    out[which, at] = windows[which, source] + dither
