"""What commands say on the terminal."""

import sys
from typing import Any


def add_json(parser: Any) -> None:
    """The option --json."""
    parser.add_argument("--json", action="store_true", help="as one JSON object")


def say(text: str) -> None:
    """One line of talk."""
    print(f"xnornode: {text}", file=sys.stderr, flush=True)


class Bar:
    """A line that rewrites itself on a terminal; elsewhere only what is said between."""

    def __init__(self) -> None:
        self._shows = sys.stderr.isatty()
        self._open = False

    def __call__(self, done: int, total: int) -> None:
        if self._shows:
            cells = 30 * done // total
            bar = "#" * cells + "." * (30 - cells)
            print(
                f"\r[{bar}] {done:,} of {total:,} bytes\x1b[K", end="", file=sys.stderr, flush=True
            )
            self._open = True

    def say(self, text: str) -> None:
        """One line of talk, below the bar."""
        self.end()
        say(text)

    def end(self) -> None:
        """Leave the line."""
        if self._open:
            print(file=sys.stderr)
            self._open = False
