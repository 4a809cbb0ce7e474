"""Tables as people keep them, written to files."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

PEOPLE, MOVES = ("ann", "bob", "cat", "dan"), ("still", "walk")


def write(path: Path, text: str) -> Path:
    """Write a file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def big_csv(folder: Path) -> Path:
    """One table: two recordings of each person, 30 rows each, time starts at 0 in each."""
    text = "time_ms,ax,ay,label,person\n"
    for k, person in enumerate(PEOPLE):
        for move in MOVES:
            for i in range(30):
                text += f"{20 * i},{100 * k + i},{100 * k - i},{move},{person}\n"
    return write(folder / "moves.csv", text)


def series_csv(
    path: Path,
    title: str = "time_ms",
    cell: Callable[[int, int], object] = lambda i, g: 20 * i,
    sep: str = ",",
    rows: int = 40,
    decimal: str = ".",
    end: str = "",
    above: str = "",
    header: bool = True,
    encoding: str = "utf-8",
    labels: Sequence[str] = MOVES,
    people: Sequence[str] = PEOPLE[:2],
) -> Path:
    """A table of one sample per row: label, person, one column of `title`, and noise in x and y.

    cell: what the column holds in row i of a recording, row g of the table.
    """
    rng = np.random.default_rng(0)
    lines = [sep.join(("label", "person", title, "x", "y")) + end] if header else []
    for person in people:
        for label in labels:
            for i in range(rows):
                x, y = (f"{v / 100}".replace(".", decimal) for v in rng.integers(-500, 500, 2))
                g = len(lines) - header
                lines.append(sep.join((label, person, str(cell(i, g)), x, y)) + end)
    path.write_bytes((above + "\n".join(lines) + "\n").encode(encoding))
    return path
