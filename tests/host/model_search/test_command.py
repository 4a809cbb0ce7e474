"""`xnornode search`: what it writes and says, how it stops and goes on."""

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.lab.search_tasks import BASE, BUDGET, TEST, TRAINING, task, trial, waves
from xnornode.cli import output
from xnornode.cli.main import main
from xnornode.cli.search import Display
from xnornode.data.splits import Splits
from xnornode.model import model_file
from xnornode.model_search import one_training
from xnornode.model_search import search as searching
from xnornode.model_search.search import search
from xnornode.model_search.trial import Step
from xnornode.training.config import TrainConfig
from xnornode.training.trained import Epoch
from xnornode.training.trainer import train


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same data as a user has them, with labels that no page may take as they are."""
    data = waves(1, TRAINING + TEST)
    names = np.array(["<b>slow", "fast & co", "rest"])[data.labels]
    path = tmp_path_factory.mktemp("data") / "waves.npz"
    np.savez(path, X=data.items, y=names, groups=data.groups)
    return path


def command(archive: Path, folder: Path, *more: str) -> tuple[list[str], Path]:
    output = folder / "best.bnn"
    head = ["search", str(archive), "-o", str(output), "--trials", "4", "--epochs", "9"]
    return [*head, "--test", "f,g", *more], output


def test_command_writes_a_model_a_page_and_json(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, figures = tmp_path / "search.html", tmp_path / "search.json"
    words, output = command(archive, tmp_path, "--bytes", "900", "--ms", "1", "--report", str(page))
    assert main([*words, "--json", str(figures), "--name", "mine"]) == 0
    text, told_besides = capsys.readouterr()
    assert told_besides.endswith(f"xnornode push {output}\n")
    model = model_file.load_model(output)
    assert output.stat().st_size <= 900 and model.name == "mine"
    assert set(tmp_path.iterdir()) == {output, page, figures}

    told = json.loads(figures.read_text())
    assert told["format"] == "xnornode-search-1"
    assert told["budget"] == {"bytes": 900, "milliseconds": 1.0, "ram": None, "chip": "RP2040"}
    assert [t["number"] for t in told["trials"]] == list(range(len(told["trials"])))
    assert any(t["default"] for t in told["trials"])
    best = next(t for t in told["trials"] if t["number"] == told["best"])
    assert best["bytes"] == output.stat().st_size == told["report"]["cost"]["file_bytes"]
    assert told["accuracy"] == told["report"]["accuracy"]
    assert told["validation"] == {"count": 120, "held_out": list("abcde"), "folds": 5}
    assert best["round"] == 3 and told["why"] and not told["stopped"]
    assert told["report"]["counts"]["held_out"] == ["f", "g"]

    row = next(line for line in text.splitlines() if line.endswith("<- chosen"))
    assert f"{best['bytes']:,}" in row and f"{best['accuracy']:.1%}" in row
    assert f"accuracy    {told['accuracy']:.1%}  integer network" in text

    html = page.read_text()
    assert html.count("<svg") >= 4 and "<script" not in html
    assert "<b>slow" not in html and "&lt;b&gt;slow" in html
    assert html.count('class="dot') >= 2 * len(told["trials"]) and html.count('r="9"') == 2
    for start in (m.start() for m in re.finditer("<svg", html)):
        ElementTree.fromstring(html[start : html.index("</svg>", start) + 6])


def test_json_on_stdout_is_json_alone(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words, _ = command(archive, tmp_path, "--bytes", "900", "--json", "--validation", "a,b")
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["validation"]["held_out"] == ["a", "b"]


def stopping(monkeypatch: pytest.MonkeyPatch, *at: int) -> list[TrainConfig]:
    """Ctrl-C at these trainings, from 1; what was trained."""
    calls: list[TrainConfig] = []

    def interrupted(splits: Splits, config: TrainConfig, **more: Any) -> Any:
        calls.append(config)
        if len(calls) in at:
            raise KeyboardInterrupt
        return train(splits, config, **more)

    monkeypatch.setattr(searching, "train", interrupted)
    monkeypatch.setattr(one_training, "train", interrupted)
    return calls


def test_ctrl_c_writes_the_best_so_far_and_the_search_goes_on(
    archive: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words, output = command(archive, tmp_path, "--bytes", "900", "--validation", "e")
    assert main(words) == 0
    whole = output.read_bytes()
    output.unlink()

    trained = stopping(monkeypatch, 3)
    assert main(words) == 1
    told = capsys.readouterr().err
    assert "stopped: the best so far, " in told
    kept = tmp_path / "best.bnn.search"
    assert f"the best of 2 networks so far. The same command with --resume goes on from {kept}" in (
        " ".join(told.split())
    )
    assert model_file.load_model(output).notes.startswith("search, stopped; ")
    assert trained[-1].epochs == 9 and set(tmp_path.iterdir()) == {output, kept}

    before = kept.read_bytes()
    assert main(words) == 1
    assert "go on with --resume, or start from the beginning with --restart" in (
        " ".join(capsys.readouterr().err.split())
    )
    assert main([*words, "--resume", "--seed", "1"]) == 1
    assert "of other settings or data: start from the beginning with --restart" in (
        " ".join(capsys.readouterr().err.split())
    )
    assert kept.read_bytes() == before

    trained = stopping(monkeypatch)
    assert main([*words, "--resume"]) == 0
    assert output.read_bytes() == whole and not kept.exists()
    again = stopping(monkeypatch)
    assert main(words) == 0
    assert len(again) == len(trained) + 2
    assert main([*words, "--resume"]) == 1
    assert "there is no search" in capsys.readouterr().err


def test_ctrl_c_again_gives_the_front_so_far_and_no_model(
    archive: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words, _ = command(archive, tmp_path, "--bytes", "900", "--report", str(tmp_path / "x.html"))
    kept = tmp_path / "best.bnn.search"
    stopping(monkeypatch, 4, 5)
    assert main([*words, "--validation", "e"]) == 1
    told = capsys.readouterr()
    assert "stopped; no model was written. The same command with --resume" in told.err
    rows = told.out.splitlines()[2:]
    assert told.out.startswith("Pareto front within 900 bytes") and 1 <= len(rows) <= 3
    assert list(tmp_path.iterdir()) == [kept]
    stopping(monkeypatch, 1)  # and before any network was tried
    assert main([*words, "--validation", "e", "--restart"]) == 1
    assert capsys.readouterr().out == ""


def test_a_damaged_or_foreign_file_is_replaced_and_said(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "best.bnn.search"
    words, output = command(archive, tmp_path, "--bytes", "900", "--validation", "e")
    kept.write_text("{}\n")
    assert main([*words, "--resume"]) == 1
    assert "is damaged: start from the beginning with --restart" in capsys.readouterr().err
    assert main(words) == 0
    assert "is damaged: it is replaced" in capsys.readouterr().err
    assert output.exists() and not kept.exists()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--bytes", "100"], "no network fits 100 bytes"),
        (["--bytes", "900", "--validation", "none"], "a search needs a validation part"),
        (["--bytes", "900", "--validation", "z"], "nothing belongs to group z"),
        (["--bytes", "900", "--report", "/nowhere/x.html"], "there is no folder /nowhere"),
    ],
)
def test_mistakes_get_a_message_and_no_file(
    archive: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    more: list[str],
    says: str,
) -> None:
    words, _ = command(archive, tmp_path, *more)
    assert main(words) == 1
    assert says in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "more",
    [[], ["--bytes", "0"], ["--ms", "x"], ["--bytes", "9", "--minutes", "1"], ["--chip", "z80"]],
)
def test_wrong_usage_has_exit_status_2(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    words, _ = command(archive, tmp_path, *more)
    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code == 2
    assert "usage: xnornode search" in capsys.readouterr().err


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_display_says_where_the_search_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(output, "FRAME", 0.0)
    stream = Terminal()
    with output.Progress(stream) as progress:
        display = Display(progress)
        search(task(), BUDGET, BASE, trials=3, defaults=[BASE], progress=display)
    lines = [line.split("\r")[-1] for line in stream.getvalue().rstrip().split("\n")[:4]]
    assert [re.search(r"round \d/\d|final training", line)[0] for line in lines] == [
        "round 1/3",
        "round 2/3",
        "round 3/3",
        "final training",
    ]
    assert "network 1/1, fold 5/5" in lines[2] or "network 2/2, fold 5/5" in lines[2]
    assert "network 3/3" in lines[0] and "epoch 9/9" in lines[3]
    best = max((t for t in display.trials.values()), key=lambda t: t.epochs)
    assert f"best {best.accuracy:.1%}, {best.cost.bytes} bytes" in lines[3]


def test_display_of_several_at_once_counts_what_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks 1 and 2 take turns, and 2 is done first; a worker dies."""
    told: list[tuple[float, str]] = []
    said: list[str] = []

    class Told(output.Progress):
        def __call__(self, done: float, total: float | None, text: str = "") -> None:
            told.append((done, text))

        def say(self, text: str) -> None:
            said.append(text)

    display = Display(Told())
    first, second = (
        Step(1, 3, n, 4, folds=2, candidate=trial(n - 1, 0.5).candidate, at_once=2) for n in (1, 2)
    )
    half = Epoch(1, 2, 1.0, 0.5, None, 0.1)
    display(first)
    display(replace(first, epoch=half))
    display(replace(first, fold=2, epoch=half))
    display(replace(second, epoch=half, said="a worker died"))
    display(replace(second, fold=2, trial=trial(1, 0.75)))
    display(replace(first, fold=2, error="training diverged"))
    assert [done for done, _ in told] == [0, 0.25, 0.5, 0.75, 1.5, 2]
    assert told[1][1] == "round 1/3, 0 of 4 networks done, 2 trainings at once"
    assert told[-1][1].startswith(
        "round 1/3, 2 of 4 networks done, 2 trainings at once; best 75.0%"
    )
    assert said == ["a worker died"]
