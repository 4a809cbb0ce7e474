"""What commands show: the one module that knows whether it writes to a terminal.

Data go to stdout, talk and progress to stderr. rich draws on terminals alone and is imported when
it draws, so that a pipe gets plain text and `--help` is fast. For another program, talk is JSON
(cli/talk.py).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from io import StringIO
from itertools import zip_longest
from textwrap import fill
from typing import TYPE_CHECKING, Any, Self, TextIO

from xnornode._words import columns, pad
from xnornode.cli import talk

if TYPE_CHECKING:
    from xnornode.training.trained import Epoch

FRAME = 0.1
"""Seconds from one drawing of a bar to the next."""
LEAST = 12
"""Columns that a text keeps in a table that is too wide."""
QUIET = 60.0
"""Seconds from line to line of progress where there is no terminal."""


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person reads `stream`, not a program; None is a stream that is closed."""
    return stream is not None and stream.isatty()


def say(text: str) -> None:
    """Write one line of talk to stderr."""
    if talk.is_json():
        talk.tell("say", text)
    else:
        print(f"xnornode: {text}", file=sys.stderr, flush=True)


def say_error(text: str) -> None:
    """Write to stderr why a command fails."""
    if talk.is_json():
        talk.tell("error", text)
    else:
        say(text)


def say_wrapped(text: str, width: int) -> None:
    """Write a text and an empty line to stderr, unmarked, and wrapped where a person reads."""
    if talk.is_json():
        talk.tell("say", text)
    else:
        print(fill(text, width) + "\n", file=sys.stderr, flush=True)


def say_of_node(text: str) -> None:
    """Write to stderr what a node has printed, each line of it marked."""
    if talk.is_json():
        talk.tell("node", text)
        return
    marked = "".join(f"node: {line}\n" for line in text.splitlines())
    print(marked, end="", file=sys.stderr, flush=True)


def show_line(text: str, style: str = "") -> None:
    """Print one line; on a terminal in a style of rich's, such as "bold"."""
    if style and is_terminal(sys.stdout):
        line = _plain(text)
        line.stylize(style)
        _console(sys.stdout).print(line, soft_wrap=True)
    else:
        print(text, flush=True)


def confirm(question: str) -> bool | None:
    """Ask a person yes or no; None where there is none who could answer."""
    if not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        return None
    print(f"xnornode: {question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def show_field(name: str, text: str, width: int = 12) -> None:
    """Print a name and what it is; on a terminal, long text stays in its column."""
    if is_terminal(sys.stdout):
        from rich.table import Table

        row = Table.grid()
        row.add_column(width=width, no_wrap=True, style="bold")
        row.add_column(overflow="fold")
        row.add_row(_plain(name), _plain(text))
        _console(sys.stdout).print(row)
    else:
        print(f"{name:<{width - 1}} {text}", flush=True)


def show_table(
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    left: Sequence[str],
    stream: TextIO | None = None,
    most: int | None = None,
    title: str = "",
) -> None:
    """Print a table; columns not named in `left` hold numbers.

    In a pipe, two spaces part the columns, and lines are wrapped at `most` columns if it is given.
    """
    rows = list(rows)
    stream = stream or sys.stdout
    if stream is sys.stderr and talk.is_json():
        content = {"title": title, "heads": list(heads), "rows": rows, "left": list(left)}
        talk.tell("table", content)
        return
    if title:
        print(title, file=stream)
    if is_terminal(stream):
        _console(stream).print(_table(heads, rows, left))
        return
    widths = [max(map(columns, column)) for column in zip(heads, *rows, strict=True)]
    if most:
        _narrow(widths, [head in left for head in heads], most)
    for row in (heads, *rows):
        for line in zip_longest(*map(_wrapped, row, widths), fillvalue=""):
            cells = zip(heads, line, widths, strict=True)
            said = "  ".join(pad(t, w, right=head not in left) for head, t, w in cells)
            print(said.rstrip(), file=stream)


def terminal_width() -> int | None:
    """Columns of the terminal that shows stdout; None where it is a pipe or a file."""
    return _console(sys.stdout).width if is_terminal(sys.stdout) else None


def show_lines(lines: Sequence[str]) -> None:
    """Print lines, the first of which is a table's head."""
    for k, line in enumerate(lines):
        show_line(line, "" if k else "bold")


class LiveTable:
    """A table that is shown again and again: in its place on a terminal, else one below another.

    Parameters
    ----------
    heads : sequence of str
        The columns.
    left : sequence of str
        Those that hold text.

    Examples
    --------
    >>> with LiveTable(["node", "rate"], ["node"]) as table:
    ...     table.show([("kitchen", "1/s")])
    node     rate
    kitchen   1/s
    """

    def __init__(self, heads: Sequence[str], left: Sequence[str]) -> None:
        self._heads, self._left = heads, left
        self._live: Any = None
        self._shown: Sequence[Sequence[str]] | None = None

    def show(self, rows: Iterable[Sequence[str]]) -> None:
        """Show these rows now."""
        rows = list(rows)
        if self._live:
            self._live.update(_table(self._heads, rows, self._left), refresh=True)
        elif rows != self._shown:
            if self._shown is not None:
                print()
            show_table(self._heads, rows, self._left)
            sys.stdout.flush()
        self._shown = rows

    def show_lines(self, lines: Sequence[str]) -> None:
        """Show lines that are a table already."""
        if self._live:
            self._live.update(_plain("\n".join(lines)), refresh=True)
        elif lines != self._shown:
            print("\n".join([""] * (self._shown is not None) + list(lines)), flush=True)
        self._shown = list(lines)

    def __enter__(self) -> Self:
        if is_terminal(sys.stdout):
            from rich.live import Live

            self._live = Live(console=_console(sys.stdout), auto_refresh=False, screen=False)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], left: Sequence[str]) -> Any:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for head in heads:
        text = head in left
        table.add_column(head, justify="left" if text else "right", no_wrap=not text)
    for row in rows:
        table.add_row(*map(_plain, row))
    return table


def _narrow(widths: list[int], text: Sequence[bool], most: int) -> None:
    """Take from the widest columns of text until a line has `most` columns."""
    while sum(widths) + 2 * (len(widths) - 1) > most:
        width, k = max((w, k) for k, w in enumerate(widths) if text[k])
        if width <= LEAST:
            return
        widths[k] -= 1


def _wrapped(text: str, width: int) -> list[str]:
    """The lines of a cell, at least one."""
    if columns(text) <= width:
        return [text]
    from rich.console import Console
    from rich.text import Text

    lines = Text(text).wrap(Console(file=StringIO()), width, overflow="fold")
    return [line.plain.rstrip() for line in lines]


class Progress:
    """How far long work is: a bar on a terminal, elsewhere a line of talk a minute.

    Use it in a `with` block, so that the terminal gets its cursor back whatever happens.

    Parameters
    ----------
    stream : TextIO, optional
        Where it is drawn. Default: stderr.

    Examples
    --------
    >>> with Progress() as progress:
    ...     progress(512, 1024)
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._json = stream is None and talk.is_json()
        self._stream = stream or sys.stderr
        self._bar: Any = None  # rich's, while one is shown
        self._told = 0.0 if self._json else time.monotonic()
        self._held: dict[str, Any] | None = None  # the last state, which is not told yet

    def __call__(self, done: float, total: float | None, text: str = "") -> None:
        """Show `done` of `total` (None: unknown), with `text` (default: both, as bytes)."""
        text = text or f"{done:,} of {total:,} bytes"
        now = time.monotonic()
        if self._json:
            self._held = {"done": done, "total": total, "text": text}
            if now - self._told >= talk.EACH:
                self.end()
                self._told = now
            return
        if not is_terminal(self._stream):
            if now - self._told >= QUIET:
                print(text, file=self._stream, flush=True)
                self._told = now
            return
        if not self._bar:
            self._bar = _bar(self._stream)
            self._bar.add_task(text, completed=done, total=total)
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=done, total=total, description=text)
        if now - self._told >= FRAME:
            self._bar.refresh()
            self._told = now

    def say(self, text: str) -> None:
        """Write one line of talk, below the bar."""
        self.end()
        if self._json:
            say(text)
        else:
            print(f"xnornode: {text}", file=self._stream, flush=True)

    def end(self) -> None:
        """Leave the bar as it is now; the next call draws another one below it."""
        if self._held:
            talk.tell("progress", self._held)
            self._held = None
        if self._bar:
            self._bar.stop()
            self._bar = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


def show_epochs(progress: Progress) -> Callable[[Epoch], None]:
    """A callback for `train` that shows each epoch."""

    def show(epoch: Epoch) -> None:
        tell_epoch(epoch)
        text = f"{'teacher' if epoch.teacher else 'epoch'} {epoch.number}/{epoch.of}"
        text += f", loss {epoch.loss:.3f}, training {epoch.accuracy:.1%}"
        if epoch.validation is not None:
            text += f", validation {epoch.validation:.1%}"
        progress(epoch.number, epoch.of, f"{text}, {epoch.seconds:.1f} s")
        if epoch.number == epoch.of:
            progress.end()

    return show


def tell_epoch(epoch: Epoch) -> None:
    """Tell another program how an epoch went; a person sees it in the bar."""
    if talk.is_json():
        talk.tell("epoch", asdict(epoch))


def tell_candidate(**content: Any) -> None:
    """Tell another program how far a network is that is tried; a person sees a table of them."""
    if talk.is_json():
        talk.tell("candidate", content)


def _plain(text: str) -> Any:
    from rich.text import Text

    return Text(text)  # a model's name is no markup


def _console(stream: TextIO) -> Any:
    from rich.console import Console

    return Console(file=stream, highlight=False)


def _bar(stream: TextIO) -> Any:
    from rich import progress
    from rich.table import Column

    # Without the thread that rich draws by: a training forks its workers.
    return progress.Progress(
        progress.BarColumn(None, table_column=Column(ratio=1, min_width=4)),
        progress.TextColumn(
            "{task.description}",
            markup=False,
            table_column=Column(no_wrap=True, overflow="ellipsis"),
        ),
        console=_console(stream),
        auto_refresh=False,
        expand=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
