"""`xnornode train` tries a few networks where nobody names one."""

import json

import numpy as np
import pytest

from xnornode.cli import train as command
from xnornode.cli import train_choice
from xnornode.cli.main import main
from xnornode.errors import DataError
from xnornode.model.model_file import load_model
from xnornode.recipes.candidates import candidates
from xnornode.training.trainer import train


@pytest.fixture
def table(tmp_path, monkeypatch):
    """A table, and arguments that train on it shortly; two networks are tried."""
    rng = np.random.default_rng(0)
    rows = [f"{a},{b},{'up' if a * b > 0 else 'down'}" for a, b in rng.integers(-99, 99, (120, 2))]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,label", *rows]))
    monkeypatch.setattr(train_choice, "candidates", lambda splits: candidates(splits)[:2])
    return ["train", str(tmp_path / "t.csv"), "-o", str(tmp_path / "m.bnn"), "--epochs", "8"]


def test_what_was_tried_is_shown_and_reported(table, tmp_path, capsys):
    data = tmp_path / "r.json"
    assert main([*table, "--json", str(data)]) == 0
    talk = capsys.readouterr().err
    assert "trying 2 networks (--quick takes the first)" in talk
    rows = [line for line in talk.splitlines() if line.startswith("values, ")]
    assert len(rows) == 2 and sum("<- chosen" in row for row in rows) == 1
    assert "the smallest within one standard error" in " ".join(talk.split())
    chosen = next(row for row in rows if "<- chosen" in row)
    hidden = 128 if "128-64" in chosen and "binary" in chosen else 256
    assert len(load_model(tmp_path / "m.bnn").layers[0].weights) == hidden
    report = json.loads(data.read_text())
    assert len(report["choice"]["tried"]) == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.bnn", "r.json", "t.csv"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (("--layers", "8"), "no other network is tried, as --layers is given"),
        (("--bits", "2", "--encoding", "thermometer"), "as --encoding and --bits are given"),
        (("--quick",), ""),
    ],
)
def test_nothing_is_tried_where_the_user_says_what(table, given, says, capsys):
    assert main([*table, *given]) == 0
    talk = capsys.readouterr().err
    assert says in talk and "trying" not in talk and "chosen" not in talk


def test_options_of_training_reach_what_is_tried(table, monkeypatch, capsys):
    seen = []
    real = train_choice.choose
    monkeypatch.setattr(
        train_choice, "choose", lambda s, c, **given: seen.extend(c) or real(s, c, **given)
    )
    assert main([*table, "--smoothing", "0.2", "--seed", "3"]) == 0
    assert {(c.config.epochs, c.config.smoothing, c.config.seed) for c in seen} == {(8, 0.2, 3)}


@pytest.fixture
def stop(table, monkeypatch):
    """Train with Ctrl-C after so many epochs; 0: before the first."""

    def run(epochs, *more):
        def interrupted(splits, config, progress, **given):
            def count(epoch):
                if epoch.number == epochs:
                    raise KeyboardInterrupt

            if not epochs:
                raise KeyboardInterrupt
            return train(splits, config, progress=count, **given)

        with monkeypatch.context() as patch:
            patch.setattr(command, "train", interrupted)
            assert main([*table, *more]) == 1

    return run


def test_a_training_that_goes_on_keeps_its_choice(table, stop, tmp_path, monkeypatch, capsys):
    assert main(table) == 0
    whole = (tmp_path / "m.bnn").read_bytes()
    stop(3)
    assert (tmp_path / "m.bnn.checkpoint.choice").exists()

    def nothing(*_, **__):
        raise AssertionError("the choice was made again")

    with monkeypatch.context() as patch:
        patch.setattr(train_choice, "choose", nothing)
        assert main([*table, "--resume", "--smoothing", "0.1"]) == 1
        assert "checkpoint.choice is of other settings or data" in capsys.readouterr().err
        assert main([*table, "--resume"]) == 0
    assert "the choice is taken from" in capsys.readouterr().err
    assert (tmp_path / "m.bnn").read_bytes() == whole
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.bnn", "t.csv"]


def test_a_training_goes_on_where_nothing_could_be_compared(
    table, stop, tmp_path, monkeypatch, capsys
):
    def nothing(*_, **__):
        raise DataError("nothing can be left out")

    monkeypatch.setattr(train_choice, "choose", nothing)
    assert main(table) == 0
    whole = (tmp_path / "m.bnn").read_bytes()
    (tmp_path / "m.bnn.checkpoint.choice").write_text('{"of": "another training"}')
    stop(3)
    assert not (tmp_path / "m.bnn.checkpoint.choice").exists()
    assert main([*table, "--resume", "--smoothing", "0.1"]) == 1
    assert "m.bnn.checkpoint is of other settings or data" in capsys.readouterr().err
    assert main([*table, "--resume"]) == 0
    assert (tmp_path / "m.bnn").read_bytes() == whole
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.bnn", "t.csv"]


def test_a_choice_that_was_deleted_is_made_again(table, stop, tmp_path, capsys):
    assert main(table) == 0
    whole = (tmp_path / "m.bnn").read_bytes()
    stop(3)
    (tmp_path / "m.bnn.checkpoint.choice").unlink()
    capsys.readouterr()
    assert main([*table, "--resume"]) == 0
    assert "trying 2 networks" in capsys.readouterr().err
    assert (tmp_path / "m.bnn").read_bytes() == whole


@pytest.mark.parametrize("again", [(), ("--resume",)])
def test_stopped_behind_the_choice_it_is_kept(again, table, stop, tmp_path, capsys):
    stop(0)
    kept = tmp_path / "m.bnn.checkpoint.choice"
    said = f"stopped; no model was written. The same command takes the choice from {kept}"
    assert said in capsys.readouterr().err
    assert main([*table, "--resume", "--quick"]) == 1
    assert "there is no checkpoint" in capsys.readouterr().err
    assert main([*table, *again]) == 0
    assert f"the choice is taken from {kept}" in capsys.readouterr().err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.bnn", "t.csv"]


def test_stopped_behind_the_choice_of_a_restart(table, stop, capsys):
    stop(0, "--restart")
    assert "The same command without --restart takes the choice" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"{}", b'{"of": 3}', b"\xff\x00"])
def test_a_damaged_choice_is_made_again(table, tmp_path, content, capsys):
    (tmp_path / "m.bnn.checkpoint.choice").write_bytes(content)
    assert main(table) == 0
    assert "trying 2 networks" in capsys.readouterr().err


def test_a_dry_run_says_what_would_be_tried_and_writes_nothing(table, tmp_path, capsys):
    before = sorted(tmp_path.iterdir())
    assert main([*table, "--dry-run", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["format"] == "xnornode-plan-1"
    assert main([*table, "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert "nothing was written" in shown
    assert len(plan["candidates"]) == 2
    for one in plan["candidates"]:
        assert one["tried"] and one["name"] in shown and f"{one['bytes']:,}" in shown
    assert sum(plan["training_windows"]) == plan["windows"]["training"]
    assert sorted(tmp_path.iterdir()) == before
    assert main([*table, "--dry-run", "--json", "--layers", "8"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert [one["layers"] for one in plan["candidates"]] == ["dense 8"]


def test_what_a_dry_run_foretells_is_what_is_trained(table, tmp_path, capsys):
    assert main([*table, "--dry-run", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    data = tmp_path / "r.json"
    assert main([*table, "--no-baselines", "--json", str(data)]) == 0
    tried = json.loads(data.read_text())["choice"]["tried"]
    assert [one["name"] for one in tried] == [one["name"] for one in plan["candidates"]]
    for told, made in zip(plan["candidates"], tried, strict=True):
        assert 0 <= told["bytes"] - made["bytes"] < 200  # name and notes
