"""What a user says about their files."""

from dataclasses import dataclass
from typing import Literal

from xnornode.model.names import normalized


@dataclass(frozen=True)
class Seconds:
    """A length in seconds, where a number would be samples: `length=Seconds(1.5)`.

    Parameters
    ----------
    value : float
        Seconds, above 0.

    Examples
    --------
    >>> from xnornode import Seconds
    >>> Seconds(1.5).samples(50.0)
    75
    """

    value: float

    def samples(self, rate: float) -> int:
        """The same in samples.

        Parameters
        ----------
        rate : float
            Samples per second, in hertz.

        Returns
        -------
        int
            The nearest number of samples, at least 1.
        """
        return max(1, round(self.value * rate))


Length = int | Seconds


@dataclass(frozen=True)
class ReadOptions:
    """How files are to be understood. What is left empty is found out from the files.

    Parameters
    ----------
    label, group : str, default ""
        Titles of columns, or their numbers from 0 where a table has no header.
    time : str, default ""
        The column that says when a sample was taken, or "none" if no column does.
    channels : tuple of str, default ()
        The columns or channels to use, in this order. Of texts, the column of the text.
    sample_rate : float, default 0
        Samples per second, in hertz, whatever a column of times says. 0: taken from a column of
        times, else unknown.
    resample : float, default 0
        Hertz to which recordings of known rate are brought. 0: the rates stay, and recordings of
        different rates are brought to the lowest one.
    rows : {"", "samples", "windows"}, default ""
        What one row of a table is.
    header : {"", "yes", "no"}, default ""
        Whether the first row of a table holds titles.
    shape : tuple of int, optional
        Length and channels of a window that lies in one row.
    image : tuple of int, optional
        Height and width, in pixels, of an image that lies in one row or array; image files are
        brought to this size.
    text : bool, default False
        The items are texts.
    label_all : str, default ""
        The label of everything in the files, where nothing in them says it.
    charset : str, default ""
        How the bytes of a table are letters, such as "latin-1". Default: found out.
    skip : bool, default False
        Leave out rows and files that are faulty. Default: they are an error.
    fill : int or Seconds, default 0
        Missing values are interpolated where at most so many samples, or seconds, are missing.

    Examples
    --------
    >>> from xnornode import ReadOptions
    >>> options = ReadOptions(label="gesture", channels=("ax", "ay"), sample_rate=62.5)
    >>> options.rate_mhz
    62500
    """

    label: str = ""
    group: str = ""
    time: str = ""
    channels: tuple[str, ...] = ()
    sample_rate: float = 0.0
    resample: float = 0.0
    rows: Literal["", "samples", "windows"] = ""
    header: Literal["", "yes", "no"] = ""
    shape: tuple[int, int] | None = None
    image: tuple[int, int] | None = None
    text: bool = False
    label_all: str = ""
    charset: str = ""
    skip: bool = False
    fill: Length = 0

    @property
    def rate_mhz(self) -> int:
        """The sample rate in millihertz, as files and models have it; 0 if unknown."""
        return round(1000 * self.sample_rate)

    def __post_init__(self) -> None:
        # As the titles of columns are read, whatever form the keyboard or the program gives.
        for field in ("label", "group", "time", "label_all"):
            object.__setattr__(self, field, normalized(getattr(self, field)))
        object.__setattr__(self, "channels", tuple(map(normalized, self.channels)))
