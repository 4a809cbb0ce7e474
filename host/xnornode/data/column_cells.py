"""One column of a table while it is read, block by block."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xnornode.data.cells import Floats, is_missing, is_numeric, numbers, problem
from xnornode.data.reading import Guess
from xnornode.data.time_text import TimeTexts, all_times
from xnornode.model.names import normalized

TYPE_ROWS = 1000  # rows that tell whether a column holds numbers
MOST_FAULTS = 20  # faults of a column that are kept with their lines
MOST_WORDS = 100_000  # different texts of a column that are kept once each

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a file.

    Parameters
    ----------
    line : int
        The line of the file.
    text : str
        What is wrong: "'n/a' is no finite number".
    column : str, default ""
        The column; "" where the whole row is faulty.
    last : int, default 0
        The last line, where the lines after `line` have the same fault; 0: it is one line.
    """

    line: int
    text: str
    column: str = ""
    last: int = 0

    def __str__(self) -> str:
        column = f"column {self.column}, " if self.column else ""
        lines = f"lines {self.line} to {self.last}" if self.last else f"line {self.line}"
        return f"{column}{lines}: {self.text}"


class ColumnCells:
    """One column while it is read. kind: "" until a cell says what the cells are."""

    def __init__(self, name: str, is_text: bool, comma: bool) -> None:
        self.name = name
        self.kind = "text" if is_text else ""
        self.cells: list[str] = []
        self.values = np.empty(0)
        self.faults: list[Fault] = []
        self._comma = comma
        self._blocks: list[Floats] = []
        self._words: dict[str, str] = {}
        self._times = TimeTexts()
        self._empty = 0  # rows before the kind is known

    def add(self, cells: Sequence[str], lines: npt.NDArray[np.int64], broken: Bools) -> None:
        if not self.kind:
            self.kind = kind_of(cells[:TYPE_ROWS]) or kind_of(cells)
            if not self.kind:
                self._empty += len(cells)
                return
            self._blocks = [np.full(self._empty, np.nan)] if self._empty else []
            self._times.missing(self._empty)
        if self.kind == "text":
            self.cells += [""] * self._empty + self._interned(cells)
            self._empty = 0
            return
        self._empty = 0
        if self.kind == "numbers":
            values = numbers(cells, self._comma)
            values[broken] = np.nan
            self._blocks.append(values)
        else:
            values = self._times.add(cells)
        for i in np.flatnonzero(np.isnan(values) & ~broken)[:MOST_FAULTS]:
            if len(self.faults) == MOST_FAULTS:
                break
            text = problem(cells[i])
            if self.kind == "times" and not is_missing(cells[i]):
                text = f"{cells[i].strip()!r} is no time"
            self.faults.append(Fault(int(lines[i]), text, self.name))

    def finish(self, where: str, guesses: list[Guess]) -> None:
        """Join the blocks."""
        if self.kind == "numbers":
            self.values = np.concatenate(self._blocks)
            self._blocks = []
        elif self.kind == "times":
            self.values, guessed = self._times.seconds(f"{where}, column {self.name}")
            guesses.extend(guessed)
        else:
            self.cells = self.cells or [""] * self._empty

    def _interned(self, cells: Sequence[str]) -> list[str]:
        """Cells without blanks around them, in one normal form, equal ones kept once."""
        known = self._words
        if len(known) > MOST_WORDS:
            return [normalized(cell.strip()) for cell in cells]
        for cell in set(cells).difference(known):
            text = normalized(cell.strip())
            known[cell] = known.get(text, text)
        return [known[cell] for cell in cells]


def kind_of(cells: Sequence[str]) -> str:
    """What cells hold: "numbers", "times", "text"; "" if all are empty or missing."""
    said = [cell for cell in cells if not is_missing(cell)]
    if not said:
        return ""
    if 2 * sum(map(is_numeric, said)) >= len(said):
        return "numbers"
    return "times" if all_times(said) else "text"
