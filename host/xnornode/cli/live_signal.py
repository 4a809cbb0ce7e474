"""A sensor's signal as it comes: a line per channel on a terminal, nothing elsewhere."""

from __future__ import annotations

import sys
import time
from collections import deque
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self, TextIO

import numpy as np

from xnornode.cli.output import FRAME, is_terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xnornode._typing import Int16

SPAN = 3.0
"""Seconds of the signal that are shown."""
BARS, ASCII_BARS = "▁▂▃▄▅▆▇█", "_.-=+*#@"
NARROWEST = 8
"""Columns of a signal at least."""
BESIDE = 44
"""Columns for what stands beside a signal: its name, its value."""
FLAT = 1 / 256
"""Share of the range of int16 over which a signal fills its line at least: noise stays low."""
FAST = 2000.0
"""Samples a second from which on a column shows how far they spread, as of sound."""
OTHER_LINES = 5
"""Lines of a terminal that are not for channels."""


class LiveSignal:
    """Draws what a sensor gives, some ten times a second. Use it in a `with` block.

    Parameters
    ----------
    channels : sequence of str
        Their names with units.
    scales : sequence of int
        Billionths of a unit per count; 0 shows counts.
    rate : float
        Samples a second.
    stream : TextIO, optional
        Where it is drawn. Default: stderr.
    """

    def __init__(
        self,
        channels: Sequence[str],
        scales: Sequence[int],
        rate: float,
        stream: TextIO | None = None,
    ) -> None:
        self._stream = stream or sys.stderr
        self._channels = channels
        self._units = np.array([scale * 1e-9 or 1.0 for scale in scales])
        self._most = max(1, round(SPAN * rate))
        self._spread = rate >= FAST
        self._parts: deque[Int16] = deque()
        self._held = 0
        self._live: Any = None  # rich's, on a terminal
        self._drawn = 0.0

    @property
    def live(self) -> bool:
        """Whether it is drawn."""
        return self._live is not None

    def add(self, samples: Int16) -> None:
        """Take samples (n, channels), which the next drawing shows."""
        self._parts.append(samples)
        self._held += len(samples)
        while self._held - len(self._parts[0]) >= self._most:
            self._held -= len(self._parts.popleft())

    def show(self, text: str) -> None:
        """Draw the signal, with a line of text below it; not more often than an eye follows."""
        now = time.monotonic()
        if self._live and now - self._drawn >= FRAME:
            self._drawn = now
            self._live.update(self._drawing(text), refresh=True)

    def _drawing(self, text: str) -> Any:
        from rich.table import Table
        from rich.text import Text

        size = self._live.console.size
        width = max(NARROWEST, size.width - BESIDE)
        most = max(1, size.height - OTHER_LINES)
        bars = BARS if self._can_draw() else ASCII_BARS
        whole = Table.grid()
        rows = Table.grid(padding=(0, 1))
        rows.add_column(no_wrap=True, overflow="ellipsis", max_width=24)
        rows.add_column(no_wrap=True)
        rows.add_column(no_wrap=True, justify="right", min_width=10)
        signal = np.concatenate(self._parts) if self._parts else np.empty((0, len(self._channels)))
        for c, name in enumerate(self._channels[:most]):
            drawn = draw(signal[:, c], width, bars, self._spread)
            value = f"{signal[-1, c] * self._units[c]:.4g}" if len(signal) else ""
            rows.add_row(Text(name), Text(drawn), Text(value))
        whole.add_row(rows)
        if len(self._channels) > most:
            whole.add_row(Text(f"and {len(self._channels) - most} more channels"))
        whole.add_row(Text(text, no_wrap=True, overflow="ellipsis"))
        return whole

    def _can_draw(self) -> bool:
        try:
            BARS.encode(self._stream.encoding or "ascii")
        except (UnicodeEncodeError, LookupError):
            return False
        return True

    def say(self, text: str) -> None:
        """Write one line of talk; on a terminal, above the signal."""
        if self._live:
            from rich.text import Text

            self._live.console.print(Text(f"xnornode: {text}"))
        else:
            print(f"xnornode: {text}", file=self._stream, flush=True)

    def __enter__(self) -> Self:
        if is_terminal(self._stream):
            from rich.console import Console
            from rich.live import Live

            self._live = Live(
                console=Console(file=self._stream, highlight=False),
                auto_refresh=False,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()
            self._live = None


def draw(values: Any, width: int, bars: str = BARS, spread: bool = False) -> str:
    """A signal as one line of text.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Samples, in counts.
    width : int
        Columns of the line at most.
    bars : str
        Letters from low to high.
    spread : bool, default False
        Whether a column shows how far its samples spread, instead of their mean.

    Returns
    -------
    str
        A letter for each column.

    Examples
    --------
    >>> draw(np.array([0, 0, 8000, 16000, 16000, 8000, 0, 0]), 8, "_.-=")
    '__-==-__'
    """
    columns = min(width, len(values))
    if not columns:
        return ""
    edges = np.linspace(0, len(values), columns + 1).astype(int)
    parts = [values[a:b].astype(float) for a, b in pairwise(edges)]
    if spread:
        levels = np.array([np.ptp(part) for part in parts])
        low, high = 0.0, levels.max()
    else:
        levels = np.array([part.mean() for part in parts])
        low, high = levels.min(), levels.max()
    span = max(high - low, FLAT * 65536)
    steps = np.clip((levels - low) / span * len(bars), 0, len(bars) - 1).astype(int)
    return "".join(bars[step] for step in steps)
