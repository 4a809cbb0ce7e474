"""From scores to probabilities, answers and events (FORMAT.md). Twin of `bnn_answers.c`."""

import math
import struct
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from xnornode._typing import Int32, Int64
from xnornode.errors import ModelError
from xnornode.model.limits import MAX_SHIFT, MAX_WINDOWS

Probabilities = npt.NDArray[np.uint16]

FIELDS = struct.Struct("<HBBHH")
UNKNOWN = -1
"""The index of an answer that is unknown."""
ONE = 65535
"""The probability 1."""
EXPONENT = 4096
"""Steps of an exponent to the base 2."""


def _check(ok: bool, message: str) -> None:
    if not ok:
        raise ModelError("answers", message)


@dataclass(frozen=True)
class Answers:
    """How scores become probabilities, probabilities answers, and answers events.

    Parameters
    ----------
    factor : int
        With `shift`, what a difference of scores is multiplied by: factor / 2**shift, in 1/4096 of
        an exponent to the base 2. 1 to 65535. `Answers.scaled` computes both.
    shift : int
        0 to 15.
    windows : int, default 1
        An answer is from the mean of the probabilities of so many windows, 1 to 32.
    threshold : int, default 0
        Of the confidence, 0 to 65535 (65535 stands for 1). Below it an answer is unknown.
    hold_off : int, default 0
        After an event, windows without another one, 0 to 65535.
    background : tuple of int, default ()
        The classes that make no event, rising: "nothing", "noise".

    Raises
    ------
    ModelError
        A value is outside what the format allows; the reason is `answers`.

    Examples
    --------
    >>> import numpy as np
    >>> from xnornode.model.answers import Answers, probabilities
    >>> answers = Answers(*Answers.scaled(0.01), windows=3, threshold=39321, background=(0,))
    >>> answers.factor, answers.shift
    (60511, 10)
    >>> probabilities(np.array([[100, 0, -100]]), answers).tolist()
    [[43595, 16037, 5901]]
    """

    factor: int
    shift: int
    windows: int = 1
    threshold: int = 0
    hold_off: int = 0
    background: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        _check(1 <= self.factor <= 0xFFFF, f"a factor of {self.factor}: 1 to 65535")
        _check(0 <= self.shift <= MAX_SHIFT, f"a shift of {self.shift}: 0 to {MAX_SHIFT}")
        _check(
            1 <= self.windows <= MAX_WINDOWS,
            f"a mean of {self.windows} windows: 1 to {MAX_WINDOWS}",
        )
        _check(0 <= self.threshold <= ONE, f"a threshold of {self.threshold}: 0 to {ONE}")
        _check(0 <= self.hold_off <= 0xFFFF, f"a hold-off of {self.hold_off} windows: 0 to 65535")
        rising = tuple(sorted(set(self.background))) == self.background
        _check(rising and all(i >= 0 for i in self.background), "background classes must rise")

    @staticmethod
    def scaled(inverse_temperature: float) -> tuple[int, int]:
        """The factor and the shift of a softmax.

        Parameters
        ----------
        inverse_temperature : float
            1/T, above 0: the probabilities are a softmax of scores/T.

        Returns
        -------
        tuple of int
            Factor and shift, the nearest that the format has.
        """
        steps = inverse_temperature * EXPONENT / math.log(2)
        shift = next((s for s in reversed(range(MAX_SHIFT + 1)) if steps * 2**s < 65535.5), 0)
        return min(max(round(steps * 2**shift), 1), 0xFFFF), shift

    @property
    def inverse_temperature(self) -> float:
        """1/T: the probabilities are a softmax of scores/T."""
        return self.factor / 2**self.shift / EXPONENT * math.log(2)

    def memory_words(self, classes: int) -> int:
        """Words of a node's memory (FORMAT.md, "Memory on the node")."""
        return classes + -(-self.windows * classes // 2) + -(-classes // 32)

    def check_classes(self, classes: int) -> None:
        """Raise ModelError where the background has a class that a model of `classes` has not."""
        ok = all(i < classes for i in self.background)
        _check(ok, f"background classes {self.background} of {classes} classes")

    def to_bytes(self, classes: int) -> bytes:
        """The section of a file of a model of so many classes."""
        bits = sum(1 << i for i in self.background)
        numbers = (self.factor, self.shift, self.windows, self.threshold, self.hold_off)
        return FIELDS.pack(*numbers) + bits.to_bytes(_size(classes), "little")

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The section that `to_bytes` wrote; `check_classes` is left to do."""
        bits = int.from_bytes(data[FIELDS.size :], "little")
        background = tuple(i for i in range(bits.bit_length()) if bits >> i & 1)
        factor, shift, windows, threshold, hold_off = FIELDS.unpack(data[: FIELDS.size])
        return cls(factor, shift, windows, threshold, hold_off, background)


def _size(classes: int) -> int:
    return 4 * -(-classes // 32)


def section_size(classes: int) -> int:
    """Bytes of the section in a file of a model of so many classes."""
    return FIELDS.size + _size(classes)


def probabilities(scores: Int32 | Int64, answers: Answers) -> Probabilities:
    """The probability of each class, bit for bit those of a node.

    Parameters
    ----------
    scores : ndarray of int, shape (n, classes)
        Within int32, as `Model.scores` gives them.
    answers : Answers
        Its factor and shift are used.

    Returns
    -------
    ndarray of uint16, shape (n, classes)
        65535 stands for 1. The sum of a row is at most that, and little less.
    """
    wide = np.asarray(scores, np.int64)
    below = wide.max(axis=1, keepdims=True) - wide
    steps = np.minimum(below, 0xFFFFFFFF // answers.factor) * answers.factor >> answers.shift
    weights = np.where(steps >> 16, 0, _power(steps % EXPONENT) >> np.minimum(steps >> 12, 16))
    return (weights * (ONE * 65536 // weights.sum(axis=1, keepdims=True)) >> 16).astype(np.uint16)


def _power(steps: Int64) -> Int64:
    """Nearly 65535 * 2**(-steps / 4096), for steps below 4096."""
    f = steps * 16
    return ONE - (f * (45331 - (f * (15166 - (f * 2605 >> 16)) >> 16)) >> 16)


@dataclass(frozen=True)
class Answer:
    """What came of a window's scores.

    Parameters
    ----------
    index : int
        The class, or -1 (`UNKNOWN`).
    confidence : int
        The mean probability of the class that is the likeliest, unknown or not; 65535 stands for 1.
    detected : bool
        Whether an event is made: the class begins here.
    best : int
        The class that is the likeliest, unknown or not.
    """

    index: int
    confidence: int
    detected: bool
    best: int


class AnswerStream:
    """The answers of one window after another, bit for bit those of a node.

    Parameters
    ----------
    answers : Answers
        Of the model.
    classes : int
        How many scores a window has.

    Raises
    ------
    ModelError
        The background has a class that there is not.

    Examples
    --------
    >>> from xnornode.model.answers import Answers, AnswerStream
    >>> stream = AnswerStream(Answers(4096, 0, windows=2, threshold=50000), 2)
    >>> [stream.add(scores).index for scores in ((5, 0), (0, 5), (0, 5))]
    [0, -1, 1]
    """

    def __init__(self, answers: Answers, classes: int) -> None:
        answers.check_classes(classes)
        self.answers, self.classes = answers, classes
        self.clear()

    def clear(self) -> None:
        """Start anew, as after a gap in the samples."""
        self._last: deque[Probabilities] = deque(maxlen=self.answers.windows)
        self._going_on = UNKNOWN
        self._wait = 0

    def add(self, scores: Sequence[int] | Int32 | Int64) -> Answer:
        """The answer after one window more.

        Parameters
        ----------
        scores : sequence of int, or ndarray of int, shape (classes,)
            Of the window, within int32.

        Returns
        -------
        Answer
            With the class, the confidence, and whether an event is made.
        """
        newest = np.asarray(scores, np.int64)
        self._last.append(probabilities(newest[None], self.answers)[0])
        sums = np.array(self._last, np.int64).sum(axis=0)
        highest = np.flatnonzero(sums == sums.max())
        best = int(highest[newest[highest].argmax()])
        confidence = int(sums[best]) // len(self._last)
        index = best if confidence >= self.answers.threshold else UNKNOWN
        return Answer(index, confidence, self._detect(index), best)

    def _detect(self, index: int) -> bool:
        """Whether a class begins with this answer."""
        if self._wait:
            self._wait -= 1
        elif index == UNKNOWN or index in self.answers.background:
            self._going_on = UNKNOWN
        elif index != self._going_on:
            self._going_on, self._wait = index, self.answers.hold_off
            return True
        return False
