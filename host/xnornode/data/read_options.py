"""What a user says about their files."""

from dataclasses import dataclass
from typing import Literal

from xnornode.model.names import normalized


@dataclass(frozen=True)
class ReadOptions:
    """How files are to be understood. What is left empty is found out from the files.

    Parameters
    ----------
    label, group : str, default ""
        Titles of columns, or their numbers from 0 where a table has no header.
    channels : tuple of str, default ()
        The columns or channels to use, in this order. Of texts, the column of the text.
    sample_rate : float, default 0
        Samples per second, in hertz. 0: taken from a column of times whose title has a unit, else
        unknown.
    rows : {"", "samples", "windows"}, default ""
        What one row of a table is.
    shape : tuple of int, optional
        Length and channels of a window that lies in one row.
    image : tuple of int, optional
        Height and width, in pixels, of an image that lies in one row or array.
    text : bool, default False
        The items are texts.

    Examples
    --------
    >>> from xnornode import ReadOptions
    >>> options = ReadOptions(label="gesture", channels=("ax", "ay"), sample_rate=62.5)
    >>> options.rate_mhz
    62500
    """

    label: str = ""
    group: str = ""
    channels: tuple[str, ...] = ()
    sample_rate: float = 0.0
    rows: Literal["", "samples", "windows"] = ""
    shape: tuple[int, int] | None = None
    image: tuple[int, int] | None = None
    text: bool = False

    @property
    def rate_mhz(self) -> int:
        """The sample rate in millihertz, as files and models have it; 0 if unknown."""
        return round(1000 * self.sample_rate)

    def __post_init__(self) -> None:
        # As the titles of columns are read, whatever form the keyboard or the program gives.
        for field in ("label", "group"):
            object.__setattr__(self, field, normalized(getattr(self, field)))
        object.__setattr__(self, "channels", tuple(map(normalized, self.channels)))
