"""How a training goes, on one line of a terminal."""

import sys
from collections.abc import Callable
from typing import TextIO

from xnornode.training.trainer import Epoch


def progress_bar(stream: TextIO = sys.stderr) -> Callable[[Epoch], None] | None:
    """A progress callback that draws one line on `stream`, or None where that is no terminal."""
    if not stream.isatty():
        return None

    def draw(epoch: Epoch) -> None:
        done = 30 * epoch.number // epoch.of
        text = "teacher  " if epoch.teacher else ""
        text += f"loss {epoch.loss:.3f}  training {epoch.accuracy:6.1%}"
        if epoch.validation is not None:
            text += f"  validation {epoch.validation:6.1%}"
        end = "\n" if epoch.number == epoch.of else ""
        bar = "#" * done + "." * (30 - done)
        stream.write(f"\r[{bar}] {epoch.number}/{epoch.of}  {text}  {epoch.seconds:.1f} s{end}")
        stream.flush()

    return draw
