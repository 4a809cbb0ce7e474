"""Binary neural network inference from `.bnn` files, in C (FORMAT.md)."""

from array import array
from collections.abc import Callable, Sequence
from typing import Any, Final, overload

from typing_extensions import Buffer

__version__: Final[str]
"""Version of this module."""
FORMAT: Final[int]
"""The newest version of the model file format that it reads."""

def kernel() -> str:
    """Name of the kernels that were built in, such as "portable"."""

class Model:
    """A network whose weights are read in place: a prediction allocates nothing.

    Do not change the buffer: wrong scores would follow. A buffer that is resized is refused.

    Parameters
    ----------
    buffer
        The bytes of a `.bnn` file, at a multiple of 4 in memory.

    Raises
    ------
    ValueError
        The file is not a valid model. The message names the reason.

    Examples
    --------
    >>> model = bnn.Model(open("model.bnn", "rb").read())
    >>> model.labels[model.predict(array("h", samples))]
    'walking'
    """

    def __init__(self, buffer: Buffer) -> None: ...
    @property
    def name(self) -> str: ...
    @property
    def labels(self) -> tuple[str, ...]:
        """One label per class."""
    @property
    def channels(self) -> tuple[str, ...]:
        """One name per channel, with its unit."""
    @property
    def scales(self) -> tuple[int, ...]:
        """Per channel, billionths of its unit per count of a sample; 0 if unknown."""
    @property
    def notes(self) -> str:
        """What the model was trained on and how."""
    @property
    def length(self) -> int:
        """Samples in a window; of a text model, the bytes of a text that it reads."""
    @property
    def hop(self) -> int:
        """Samples from the start of a window to the start of the next."""
    @property
    def rate_mhz(self) -> int:
        """Sample rate in millihertz; 0 if unknown."""
    @property
    def revision(self) -> int:
        """The maker's version of this model; 0 if not numbered."""
    @property
    def crc(self) -> int:
        """CRC-32 of the file."""
    @property
    def size(self) -> int:
        """Bytes of the file."""
    @property
    def work(self) -> int:
        """Operations of one window at most (FORMAT.md, "Work of a window"); at most 2**24.

        An operation takes up to 16 cycles of a Cortex-M0+, in most networks 5 to 13.
        """
    @property
    def hop_work(self) -> int:
        """Operations of a hop of a stream: those of one window, of spectra without the frames that
        its `Window` has computed already."""
    @property
    def drift(self) -> bool:
        """Whether its file says what its training's windows were like: `Drift` needs that."""
    @property
    def ram(self) -> int:
        """Bytes of RAM that this object takes, without the file and the strings."""
    def predict(self, window: Buffer | str) -> int:
        """Classify one window, or one text.

        Parameters
        ----------
        window
            `length` samples of all channels, int16 by time, then channel: an array('h'), or bytes
            (little-endian). Or this model's `Window`. With a text model, a str or bytes of any
            length.

        Returns
        -------
        int
            The index of the class in `labels`.

        Raises
        ------
        ValueError
            The window has another size, or has levels and is another model's.
        TypeError
            The window is of another type.
        RuntimeError
            Another thread is using this model, which has one scratch memory.
        """
    def scores(self, window: Buffer | str, out: array[int], drift: Drift | None = None, /) -> int:
        """Classify as `predict` does, and write the score of each class to `out`, an array('i').

        The window is added to a `drift` of this model.
        """
    def selftest(self) -> bool:
        """Whether this machine computes the scores that the file gives for its self-test.

        Raises
        ------
        MemoryError
            There is no memory for one window, which is freed afterwards.
        """

class Answers:
    """Answers and events from the scores of one window after another (FORMAT.md, "Answers").

    It keeps nothing of the model's buffer, and allocates nothing once it is made.

    Parameters
    ----------
    model
        Its file says how scores become answers. Where it does not, an answer is the class with the
        highest score, without a confidence, and nothing is detected.

    Raises
    ------
    TypeError
        It is no `Model`.

    Examples
    --------
    >>> answers = bnn.Answers(model)
    >>> model.scores(window, scores)
    >>> answers.add(scores), answers.confidence, answers.detected
    (2, 63570, True)
    """

    def __init__(self, model: Model) -> None: ...
    def add(self, scores: array[int]) -> int:
        """The answer after one window more.

        Parameters
        ----------
        scores
            An array('i') with the score of each class, as `Model.scores` writes it.

        Returns
        -------
        int
            The index of the class in `labels`, or -1: unknown.

        Raises
        ------
        ValueError
            The number of scores is another one.
        TypeError
            It is no array('i').
        """
    def clear(self) -> None:
        """Start anew, as after a gap in the samples."""
    @property
    def confidence(self) -> int | None:
        """Of the newest answer, 0 to 65535 (which is 1); None if the model has no answers."""
    @property
    def best(self) -> int:
        """The class that is the likeliest, also where the newest answer is unknown."""
    @property
    def detected(self) -> bool:
        """Whether a class begins with the newest answer: an event."""
    @property
    def ram(self) -> int:
        """Bytes of RAM that this object takes."""

class Drift:
    """Whether the windows of a model are like those of its training (FORMAT.md, "Drift").

    `Model.scores` adds windows to it. It allocates nothing once it is made.

    Parameters
    ----------
    model
        Whose `drift` is True.

    Raises
    ------
    ValueError
        Its file has no drift.
    TypeError
        It is no `Model`.

    Examples
    --------
    >>> drift = bnn.Drift(model)
    >>> model.scores(window, scores, drift)
    >>> drift.level, drift.flagged, drift.moved(0)
    (180, False, (0, 0, -35))
    """

    def __init__(self, model: Model) -> None: ...
    @property
    def level(self) -> int:
        """The drift in thousandths of the bound, 0 to 2000."""
    @property
    def flagged(self) -> bool:
        """Whether it has reached 1000, and not been below 500 since."""
    @property
    def ram(self) -> int:
        """Bytes of RAM that this object takes."""
    def moved(self, index: int) -> tuple[int, int, int] | None:
        """What a watched input is, and how far it has moved; None beyond the last one.

        Returns
        -------
        tuple of int
            The number of its channel, that of its statistic (FORMAT.md), and hundredths of the
            training's deviation.
        """
    def clear(self) -> None:
        """Start anew."""

class Window:
    """What a model reads, filled by samples or by blocks of them (docs/reference/window.md).

    It is a buffer of int16, `length` samples of all channels, oldest first, as `Model.scores`
    takes it. The window of a model with spectra keeps the levels of frames instead, bytes, computed
    as samples come, where the model's hop is a multiple of the frames'.

    Parameters
    ----------
    model
        Whose window it is: instead of length, channels, hop and scales.
    length, channels, hop
        Samples of a window, its channels, and samples from one window's start to the next one's.
    ratios
        Per channel (multiplier, shift), and if it is not the channel's number, which value of a
        sample it is for: how counts become the model's. None: they are.
    scales
        Per channel, billionths of its unit per count of the model; 0 if unknown. For floats.
    width
        Values of a sample, by default one per channel.
    names
        What the values of a sample are, for messages.
    own_scratch
        Whether frames are computed in memory of the window's own. By default in the model's
        scratch: then no other thread may use the model meanwhile.

    Raises
    ------
    ValueError
        A number is beyond its limits.

    Examples
    --------
    >>> window = bnn.Window(model)
    >>> if window.add((512, -3, 16384)):
    ...     print(model.labels[model.predict(window)])
    """

    @overload
    def __init__(
        self,
        model: Model,
        ratios: Sequence[Sequence[int]] | None = None,
        width: int = ...,
        names: str | None = None,
        own_scratch: bool = False,
        /,
    ) -> None: ...
    @overload
    def __init__(
        self,
        length: int,
        channels: int,
        hop: int,
        ratios: Sequence[Sequence[int]] | None = None,
        scales: Sequence[int] | None = None,
        width: int = ...,
        names: str | None = None,
        /,
    ) -> None: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...
    on_complete: Callable[[], Any] | None
    """What `feed` and `feed_block` call for a window that is complete. Can only be set."""
    on_gap: Callable[[], Any] | None
    """What `feed` calls for None. Can only be set."""
    @property
    def complete(self) -> bool:
        """Whether the window is full. It slides by a hop when the next sample comes."""
    @property
    def at(self) -> int:
        """Samples that are in the window."""
    @property
    def saturated(self) -> int:
        """Values that were clipped so far."""
    @property
    def width(self) -> int:
        """Values of a sample."""
    @property
    def ram(self) -> int:
        """Bytes of RAM that this object takes."""
    def add(self, sample: Sequence[float] | Buffer | None, /) -> bool:
        """Add one sample; whether it completes the window.

        Parameters
        ----------
        sample
            One number per channel: integers are counts, floats are in the channel's unit. Or a
            buffer of int16. None marks a gap: the window is emptied.

        Raises
        ------
        ValueError
            Another number of values; NaN; a float where the scale is unknown.
        TypeError
            A value is no number.
        RuntimeError
            Another thread is using the model, in whose scratch levels are computed.
        """
    def fill(self, block: Buffer, start: int = 0, /) -> int:
        """Add samples of a block, up to the one that completes the window; how many.

        Parameters
        ----------
        block
            Whole samples of int16: an array('h'), or bytes (little-endian) at any alignment.
        start
            The sample to begin with.
        """
    def feed(self, sample: Sequence[float] | Buffer | None, /) -> Any:
        """As `add`; what `on_complete` gives for the window that it completes, else None.

        A `sample` of None calls `on_gap`.
        """
    def feed_block(self, block: Buffer, /) -> Sequence[Any]:
        """As `fill`, all of a block; what `on_complete` gives for each window, without None."""
    def clear(self) -> None:
        """Empty the window."""
    def take(self, other: Window, /) -> None:
        """Take the newest samples of another window that leave this one at least one short.

        Levels are taken where both have them of the same frames; else this one is emptied.
        """
    def trade(self, other: Window, /) -> None:
        """Become what another window is, and the other way round; both keep what they call."""
