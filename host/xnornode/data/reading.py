"""What a reader knows of the files it read: how each column is used, times, what was left out.

A reader puts it into `Dataset.reading`. `understand` makes the table that people see from it.
"""

from dataclasses import dataclass
from typing import Literal

Role = Literal["part", "label", "group", "recording", "time", "channel", "text", "left out"]


@dataclass(frozen=True)
class ColumnUse:
    """How one column, or one level of folders, is used.

    Parameters
    ----------
    name : str
        The column's title; or "folder 1", "file name" where a path says it.
    role : {"part", "label", "group", "recording", "time", "channel", "text", "left out"}
        What it is used for.
    why : str, default ""
        What the choice rests on, in a few words.
    """

    name: str
    role: Role
    why: str = ""


@dataclass(frozen=True)
class Guess:
    """A choice that may be wrong.

    Parameters
    ----------
    text : str
        What was taken for what, and why it may be wrong: one sentence.
    option : str
        What settles it: "--time COLUMN, or --time none".
    doubtful : bool, default False
        Whether it is shown as a warning. Other guesses are shown in the table alone.
    """

    text: str
    option: str
    doubtful: bool = False


@dataclass(frozen=True)
class Timing:
    """When the samples of one recording were taken.

    Parameters
    ----------
    rate : float
        Samples per second by the median step, in hertz; 0 if unknown.
    jitter : float, default 0
        Standard deviation of the steps, as a share of the median step.
    gaps : tuple of float, default ()
        Lengths, in seconds, of the gaps before, within or after it that ended or split it.
    """

    rate: float
    jitter: float = 0.0
    gaps: tuple[float, ...] = ()


@dataclass(frozen=True)
class Reading:
    """What only the reader of the files knows.

    Parameters
    ----------
    files : int, default 0
        Files that were read; 0 for data that come from no file.
    kind : str, default ""
        What they are, in words: "CSV, one sample per row", "WAV".
    columns : tuple of ColumnUse, default ()
        How columns, folders and names are used.
    timings : tuple of Timing, default ()
        One per item of the dataset, in its order; empty where no times are known.
    guesses : tuple of Guess, default ()
        What may be wrong.
    dropped : tuple of str, default ()
        What was left out or filled, each with its place and why.
    """

    files: int = 0
    kind: str = ""
    columns: tuple[ColumnUse, ...] = ()
    timings: tuple[Timing, ...] = ()
    guesses: tuple[Guess, ...] = ()
    dropped: tuple[str, ...] = ()
