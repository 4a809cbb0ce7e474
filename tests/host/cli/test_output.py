"""Progress, fields and tables: on a terminal, and where there is none."""

import io
import re
import sys

import pytest

from tests.lab.terminal import run_on_terminal
from xnornode._words import channel, columns, cut, few, pad
from xnornode.cli import output
from xnornode.cli.output import Progress, show_epochs, show_field, show_table
from xnornode.training.trained import Epoch

pytestmark = pytest.mark.quick

HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
EPOCHS = (
    Epoch(298, 300, 0.5, 0.75, None, 1.25, teacher=True),
    Epoch(300, 300, 0.25, 0.875, 0.8, 111.5),
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def frames(shown: str) -> list[str]:
    """What stood on a line of the terminal, one after the other, without colours."""
    return [text for text in re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown))]


@pytest.fixture
def screen(monkeypatch):
    monkeypatch.setattr(output, "FRAME", 0.0)
    return Terminal()


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_epochs_fit_the_terminal(columns, screen, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    with Progress(screen) as progress:
        show = show_epochs(progress)
        for epoch in EPOCHS:
            show(epoch)
    lines = frames(screen.getvalue())
    assert max(map(len, lines)) <= columns
    assert any("teacher 298/300, loss 0.500" in line for line in lines)
    if columns >= 80:
        assert any("training 87.5%, validation 80.0%, 111.5 s" in line for line in lines)
        assert any(line.startswith("━") for line in lines)
    assert screen.getvalue().count(HIDE) == screen.getvalue().count(SHOW) == 1


def test_an_interruption_leaves_the_cursor_visible(screen):
    with pytest.raises(KeyboardInterrupt), Progress(screen) as progress:
        progress(1, 2)
        raise KeyboardInterrupt
    assert "1 of 2 bytes" in screen.getvalue()
    assert screen.getvalue().rindex(SHOW) > screen.getvalue().rindex(HIDE)


def test_talk_stands_below_the_bar(screen):
    with Progress(screen) as progress:
        progress(1024, 4096, "[b]a/file[/b]")
        progress.say("once more")
        progress(4096, 4096)
    lines = frames(screen.getvalue())
    assert "xnornode: once more" in lines, "on a line of its own"
    assert any("[b]a/file[/b]" in line for line in lines), "names are no markup"


def test_without_a_terminal_progress_is_a_line_at_times(monkeypatch):
    stream = io.StringIO()
    with Progress(stream) as progress:
        progress(1, 2)
    assert stream.getvalue() == ""
    monkeypatch.setattr(output, "QUIET", 0.0)
    with Progress(stream) as progress:
        progress(1, 2)
    assert stream.getvalue() == "1 of 2 bytes\n"


def test_fields_and_tables_in_a_pipe_are_plain(capsys):
    show_field("labels", "a, " * 50)
    show_table(("bytes", "network"), [("1,234", "dense 64"), ("9", "x")], left=("network",))
    assert capsys.readouterr().out.splitlines() == [
        "labels      " + "a, " * 50,
        "bytes  network",
        "1,234  dense 64",
        "    9  x",
    ]


def test_fields_and_tables_on_a_terminal_wrap_within_their_column(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr(sys, "stdout", Terminal())
    show_field("labels", "[red]" + "ab " * 20)
    show_table(("bytes", "network"), [("1,234", "dense " * 12)], left=("network",))
    lines = frames(sys.stdout.getvalue())
    assert max(map(len, lines)) <= 40
    assert lines[0].startswith("labels      [red]ab") and lines[1].startswith(" " * 12 + "ab")
    assert any("1,234" in line and "dense" in line for line in lines)


@pytest.mark.seconds
def test_a_training_on_a_real_terminal(tmp_path):
    rows = [f"{a},{b},{'up' if a + b > 0 else 'down'}" for a in range(-8, 8) for b in range(-8, 8)]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,label", *rows]))
    command = [
        sys.executable,
        "-m",
        "xnornode",
        "train",
        tmp_path / "t.csv",
        "--epochs",
        "3",
        "--quick",
    ]
    status, out, shown = run_on_terminal(
        [*command, "-o", tmp_path / "m.bnn", "--validation", "0.2"]
    )
    assert status == 0, shown
    bars = [line for line in frames(shown) if line.startswith("━")]
    epochs = [line for line in bars if "epoch" in line]
    assert "epoch 3/3" in epochs[-1] and "validation" in epochs[-1]
    assert "comparing with" in bars[-1]
    assert all(len(line) <= 80 for line in bars)
    assert "\x1b" not in out and out.startswith("t: ")


def test_a_table_in_a_pipe_is_wrapped_where_it_is_asked_for(capsys):
    rows = [("歩行", "a guess that is long " * 8, "--rate HZ"), ("ruhen", "short", "--time none")]
    show_table(("class", "guess", "settled by"), rows, ("class", "guess", "settled by"), most=60)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(columns, lines)) <= 60
    assert columns(lines[1].partition("a guess")[0]) == columns(lines[-1].partition("short")[0])
    assert sum("a guess" in line for line in lines) > 1
    show_table(("class", "guess", "settled by"), rows, ("class",))
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_a_channel_is_called_so_once():
    names = ("accel x (g)", "channel 0", "Channel A")
    assert [channel(n) for n in names] == ["channel accel x (g)", "channel 0", "Channel A"]


def test_names_of_wide_letters_stay_in_their_columns():
    assert [columns(text) for text in ("walk", "läufen", "歩行")] == [4, 6, 4]
    assert cut("歩行歩行", 6) == "歩行…" and columns(cut("歩行歩行", 6)) <= 6
    assert pad("歩行", 6) == "歩行  " and pad("歩行", 6, right=True) == "  歩行"
    assert few(("a", "b", "c"), 2) == "a, b and 1 more" and few(("a",)) == "a"
