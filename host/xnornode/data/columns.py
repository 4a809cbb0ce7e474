"""The columns of a table, and what is wrong with its rows and cells."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from xnornode.data import titles
from xnornode.data.cells import numbers
from xnornode.data.column_cells import TYPE_ROWS, Fault, kind_of
from xnornode.data.reading import Guess
from xnornode.model.names import normalized

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Columns:
    """The columns of a table of n rows.

    Parameters
    ----------
    path : Path
        The file.
    names : tuple of str
        The titles of all columns, in order; "0", "1", ... where the file has no header.
    numbers : dict of str to ndarray of float64, shape (n,)
        The columns that hold numbers; NaN where a cell is no finite number.
    texts : dict of str to list of str
        The cells of columns of text.
    lines : ndarray of int64, shape (n,)
        For each row the line of the file where it ends.
    times : dict of str to ndarray of float64, shape (n,)
        The columns of times as text, in seconds; NaN where a cell is no time.
    broken : ndarray of bool, shape (n,), optional
        The rows that have too few or too many cells. Default: none.
    faults : tuple of Fault
        The first faults of each column and of rows, in the order of lines.
    guesses : tuple of Guess
        What may be wrong about charset, titles and dates.
    kind : str, default ""
        What the file is, in words.
    titled : bool, default True
        Whether the file has titles.
    """

    path: Path
    names: tuple[str, ...]
    numbers: dict[str, Floats]
    texts: dict[str, list[str]]
    lines: npt.NDArray[np.int64]
    times: dict[str, Floats] = field(default_factory=dict)
    broken: Bools | None = None
    faults: tuple[Fault, ...] = ()
    guesses: tuple[Guess, ...] = ()
    kind: str = ""
    titled: bool = True

    def __len__(self) -> int:
        return len(self.lines)

    def stack(self, names: Sequence[str]) -> Floats:
        """Columns of numbers beside each other, float64 (n, columns)."""
        return np.stack([self.numbers[name] for name in names], axis=1)

    def values(self, name: str) -> Floats:
        """A column of numbers, or of times in seconds, float64 (n,)."""
        return self.times[name] if name in self.times else self.numbers[name]

    def strings(self, name: str | None) -> list[str]:
        """A column as text; a number as Python writes it. None: []."""
        if name is None or name in self.texts:
            return self.texts[name] if name else []
        return [format(x, ".0f") if x.is_integer() else repr(x) for x in self.values(name).tolist()]

    def codes(self, name: str) -> npt.NDArray[np.int32]:
        """A column as small integers: equal cells have equal ones."""
        if name not in self.texts:
            return np.unique(self.values(name), return_inverse=True)[1].astype(np.int32)
        cells = self.texts[name]
        index = {cell: i for i, cell in enumerate(dict.fromkeys(cells))}
        return np.fromiter(map(index.__getitem__, cells), np.int32, len(cells))

    def find(self, named: str) -> str | None:
        """The column that a user names by title, by title without unit or case, or by number."""
        return find_name(self.names, named)

    def take_as_numbers(self, name: str) -> None:
        """Make numbers of a column that was kept as text for its title, if it holds numbers."""
        cells = self.texts[name]
        if kind_of(cells[:TYPE_ROWS]) == "numbers":
            self.numbers[name] = numbers(cells)
            del self.texts[name]


def find_name(names: Sequence[str], named: str) -> str | None:
    """The column that a user names; None if there is none.

    A title comes before a number; a number is a place, from 0.
    """
    named = normalized(named.strip())
    if named in names or not named:
        return named or None
    for plain in (str.casefold, lambda n: titles.bare(n).casefold()):
        alike = [name for name in names if plain(name) == named.casefold()]
        if len(alike) == 1:
            return alike[0]
    return names[int(named)] if named.isdecimal() and int(named) < len(names) else None
