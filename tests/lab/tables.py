"""Tables as people keep them, written to files."""

from pathlib import Path

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
