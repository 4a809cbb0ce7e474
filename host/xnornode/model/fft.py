"""The power spectrum of frames of samples, in integers. Twin of `bnn_fft.c`.

Written to be read, compared with it bit for bit. The steps are: take the mean off, apply a Hann
window, transform (decimation in time), and take the power. Before each stage the values are brought
to the bits that it has room for.
"""

import numpy as np

from xnornode._typing import Int16, Int64
from xnornode.errors import DataError

SHORTEST, LONGEST = 64, 1024
"""Samples of a frame."""
ONE_LOG2 = 12
ONE = 1 << ONE_LOG2
"""What stands for 1 in a sine."""
STAGE_BITS, POWER_BITS = 16, 15
"""Bits of a value, without the sign, before a stage and before the power."""
_TURN = 1024
SINES: Int64 = np.rint(ONE * np.sin(2 * np.pi * np.arange(_TURN) / _TURN)).astype(np.int64)
"""4096 sin(i / 1024 turns), to the nearest integer."""


def _factors(count: int, of: int) -> tuple[Int64, Int64]:
    """cos and sin of 0, 1 ... count - 1 steps, of which a turn has `of`."""
    turn = np.arange(count) * _TURN // of
    return SINES[(turn + _TURN // 4) % _TURN], SINES[turn % _TURN]


def hann(length: int) -> Int64:
    """The window, in parts of 8192."""
    return ONE - _factors(length, length)[0]


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
        int64 of shape (count, n / 2 + 1), below 2^31.
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
    x = (x - (x.sum(1) // n)[:, None]) * hann(n)
    exponents = np.full(len(x), -ONE_LOG2 - 1)
    count = n // 2
    z = np.stack([x[:, 0::2], x[:, 1::2]])[:, :, _reversed(count)]
    z = _stage4(z, 1, 1)
    done = 4
    while done < count:
        z, shifts = _fitted(z, STAGE_BITS)
        exponents += shifts - ONE_LOG2
        two = done == 4 and count.bit_length() % 2 == 0
        z = _stage2(z, done) if two else _stage4(z, done, ONE)
        done *= 2 if two else 4
    z, shifts = _fitted(z, POWER_BITS)
    return _real_power(*z), exponents + shifts + 1


def _fitted(z: Int64, bits: int) -> tuple[Int64, Int64]:
    """Values (2, frames, count), in each frame shifted until they have so many bits; the shifts."""
    largest = np.where(z < 0, ~z, z).max(axis=(0, 2))
    shifts = np.array([max(0, int(v).bit_length() - bits) for v in largest])
    return z >> shifts[:, None], shifts


def _turned(z: Int64, factors: tuple[Int64, Int64]) -> Int64:
    """Values times cos - j sin."""
    (re, im), (c, s) = z, factors
    return np.stack([re * c + im * s, im * c - re * s])


def _stage2(z: Int64, half: int) -> Int64:
    """Transforms of `half` points become ones of twice as many."""
    a, b = np.moveaxis(z.reshape(2, z.shape[1], -1, 2, half), 3, 0)
    p = _turned(b, _factors(half, 2 * half))
    return np.stack([ONE * a + p, ONE * a - p], axis=3).reshape(z.shape)


def _stage4(z: Int64, quarter: int, one: int) -> Int64:
    """Transforms of `quarter` points become ones of four times as many. Of one point, `one` is 1:
    all factors are."""
    a, b, c, d = np.moveaxis(z.reshape(2, z.shape[1], -1, 4, quarter), 3, 0)
    if one > 1:
        first, second, third = (_factors(i * quarter, 4 * quarter) for i in (1, 2, 3))
        b = _turned(b, (second[0][::2], second[1][::2]))
        c = _turned(c, first)
        d = _turned(d, (third[0][::3], third[1][::3]))
    r0, r1, r2, r3 = one * a + b, one * a - b, c + d, c - d
    turned = np.stack([r3[1], -r3[0]])  # by -j
    return np.stack([r0 + r2, r1 + turned, r0 - r2, r1 - turned], axis=3).reshape(z.shape)


def _real_power(re: Int64, im: Int64) -> Int64:
    """Power of the real samples: the even ones were the real part, the odd ones the other."""
    count = re.shape[1]
    k = np.arange(count // 2 + 1)
    ar, ai, br, bi = re[:, k], im[:, k], re[:, -k], im[:, -k]
    p = _turned(np.stack([ai + bi, br - ar]), _factors(len(k), 2 * count))
    e = np.stack([ar + br, ai - bi]) * ONE + 2 * ONE
    out = np.zeros((len(re), count + 1), np.int64)
    for at, value in ((k, e + p), (count - k, e - p)):  # both are count / 2 at the end
        out[:, at] = ((value >> ONE_LOG2 + 2) ** 2).sum(0)
    return out
