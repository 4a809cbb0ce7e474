"""The power spectrum of frames of samples, in integers. Twin of `bnn_fft.c`.

Written to be read, compared with it bit for bit. The steps are: take the mean off, scale the frame
up to 15 bits, apply a Hann window, transform (decimation in time, radix 2), and take the power.
"""

import numpy as np

from xnornode._typing import Int16, Int64
from xnornode.errors import DataError

SHORTEST, LONGEST = 64, 1024
"""Samples of a frame."""
_TURN = 1024


def _sines() -> Int64:
    quarter = np.rint(32768 * np.sin(np.pi / 2 * np.arange(257) / 256)).astype(np.int64)
    return np.minimum(quarter, 32767)


SINES = _sines()
"""32768 sin(i / 1024 turns) for a quarter of a turn, to the nearest integer, at most 32767."""


def _cosine(turn: Int64) -> Int64:
    return np.where(turn <= 256, SINES[np.abs(256 - turn)], -SINES[np.abs(turn - 256)])


def _sine(turn: Int64) -> Int64:
    return SINES[np.where(turn <= 256, turn, 512 - turn)]


def hann(length: int) -> Int64:
    """The window, in parts of 32768."""
    i = np.arange(length)
    turn = np.minimum(i, length - i) * (_TURN // length)
    return (32768 - _cosine(turn)) >> 1


def _magnitudes(x: Int64) -> Int64:
    """Per frame, the bits that any value has; of -x - 1 for a negative x."""
    return np.bitwise_or.reduce(np.where(x < 0, ~x, x).reshape(len(x), -1), axis=1)


def _reversed(count: int) -> Int64:
    bits = count.bit_length() - 1
    return np.array([int(f"{i:0{bits}b}"[::-1], 2) for i in range(count)])


def power(frames: Int16) -> tuple[Int64, Int64]:
    """Power at 0 to n / 2 cycles a frame.

    Parameters
    ----------
    frames : numpy.ndarray
        int16 of shape (count, n); n is a power of two from 64 to 1024.

    Returns
    -------
    spectrum : numpy.ndarray
        int64 of shape (count, n / 2 + 1), below 2^32.
    exponents : numpy.ndarray
        int64 of shape (count,): the power is the spectrum times 4^exponent.

    Raises
    ------
    DataError
        Frames of another length.

    Examples
    --------
    >>> import numpy as np
    >>> wave = np.rint(1000 * np.sin(np.arange(64) * 2 * np.pi * 8 / 64)).astype(np.int16)
    >>> int(power(wave[None])[0].argmax())
    8
    """
    n = frames.shape[1]
    if not SHORTEST <= n <= LONGEST or n & (n - 1):
        raise DataError(f"frames of {n} samples: take 64, 128, 256, 512 or 1024")
    x = frames.astype(np.int64)
    x -= (x.sum(1) // n)[:, None]
    ups = np.array([15 - int(m).bit_length() if m else -1 for m in np.abs(x).max(1)], np.int64)
    x = (x << ups[:, None] + 1) * hann(n) >> 16
    count = n // 2
    order = _reversed(count)
    re, im = x[:, 0::2][:, order], x[:, 1::2][:, order]
    re, im = _first_stages(re, im)
    exponents = 2 - ups
    half = 4
    while half < count:
        bits = _magnitudes(np.stack([re, im], axis=1))
        shifts = (bits >> 13 > 0).astype(np.int64) + (bits >> 14 > 0)
        re, im = _stage(re, im, half, shifts[:, None, None])
        exponents += shifts
        half *= 2
    return _real_power(re, im), exponents


def _first_stages(re: Int64, im: Int64) -> tuple[Int64, Int64]:
    """The first two stages, whose factors are 1 and -j; all results are quartered."""
    z = (re + 1j * im).reshape(len(re), -1, 4)  # exact: 17 bits at most
    a, b = z[..., 0] + z[..., 1], z[..., 0] - z[..., 1]
    c, d = z[..., 2] + z[..., 3], z[..., 2] - z[..., 3]
    out = np.stack([a + c, b - 1j * d, a - c, b + 1j * d], axis=-1).reshape(re.shape)
    return out.real.astype(np.int64) >> 2, out.imag.astype(np.int64) >> 2


def _stage(re: Int64, im: Int64, half: int, shifts: Int64) -> tuple[Int64, Int64]:
    """A stage of butterflies; results are halved `shifts` times, and rounded."""
    shape = (len(re), -1, 2, half)
    re, im = re.reshape(shape), im.reshape(shape)
    turn = np.arange(half) * (512 // half)
    c, s = _cosine(turn), _sine(turn)
    (ar, br), (ai, bi) = ((v[:, :, 0], v[:, :, 1]) for v in (re, im))
    pr = (br * c + bi * s + (1 << 14)) >> 15
    pi = (bi * c - br * s + (1 << 14)) >> 15
    rounding = (1 << shifts) >> 1
    ar, ai = ar + rounding, ai + rounding
    out_re = np.stack([ar + pr, ar - pr], axis=2) >> shifts[..., None]
    out_im = np.stack([ai + pi, ai - pi], axis=2) >> shifts[..., None]
    return out_re.reshape(len(re), -1), out_im.reshape(len(re), -1)


def _real_power(re: Int64, im: Int64) -> Int64:
    """Power of the real samples: the even ones were the real part, the odd ones the other."""
    count = re.shape[1]
    k = np.arange(1, count // 2 + 1)
    ar, ai, br, bi = re[:, k], im[:, k], re[:, count - k], im[:, count - k]
    er, ei, dr, di = ar + br, ai - bi, ar - br, ai + bi
    turn = k * (_TURN // (2 * count))
    c, s = _cosine(turn), _sine(turn)
    pr, pi = (di * c - dr * s) >> 15, (dr * c + di * s) >> 15
    out = np.zeros((len(re), count + 1), np.int64)
    out[:, count - k] = ((er - pr) >> 1) ** 2 + ((ei + pi) >> 1) ** 2
    out[:, k] = np.where(
        k == count - k, out[:, count - k], ((er + pr) >> 1) ** 2 + ((ei - pi) >> 1) ** 2
    )
    out[:, 0] = (re[:, 0] + im[:, 0]) ** 2
    out[:, count] = (re[:, 0] - im[:, 0]) ** 2
    return out
