"""The report of `xnornode train` compares with simpler methods, and never at the model's cost."""

import json

import pytest

from xnornode.cli import output_options
from xnornode.cli.main import main
from xnornode.model.model_file import load_model

SMALL = ("--window", "32", "--hop", "16", "--layers", "16", "--epochs", "4")


@pytest.fixture
def command(recordings, tmp_path):
    return ["train", str(recordings), "-o", str(tmp_path / "m.bnn"), *SMALL]


def test_report_has_simpler_methods(command, tmp_path, capsys):
    assert main([*command, "--json", str(tmp_path / "m.json")]) == 0
    names = [row["name"] for row in json.loads((tmp_path / "m.json").read_text())["baselines"]]
    assert names[:2] == ["majority class", "logistic regression"]
    assert "simpler methods on the same inputs" in capsys.readouterr().out


def test_they_can_be_left_out(command, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(output_options, "fit_baselines", None)
    assert main([*command, "--no-baselines"]) == 0
    assert "simpler methods" not in capsys.readouterr().out


def test_ctrl_c_meanwhile_keeps_the_model_and_the_report(command, tmp_path, capsys, monkeypatch):
    def interrupted(*_, **__):
        assert load_model(tmp_path / "m.bnn").labels
        raise KeyboardInterrupt

    monkeypatch.setattr(output_options, "fit_baselines", interrupted)
    assert main(command) == 0
    said = capsys.readouterr()
    assert "the report has no simpler methods" in said.err and "m.bnn is written" in said.err
    assert "accuracy" in said.out and load_model(tmp_path / "m.bnn").labels
    assert not list(tmp_path.glob("*.checkpoint"))


def test_hints_are_said_where_the_text_is_not_shown(command, capsys):
    assert main([*command, "--no-baselines", "--layers", "1", "--epochs", "1", "--json"]) == 0
    said = capsys.readouterr()
    hints = json.loads(said.out)["hints"]
    assert hints and all(f"hint: {hint['text']}. Try: " in said.err for hint in hints)
    assert main([*command, "--no-baselines", "--layers", "1", "--epochs", "1"]) == 0
    said = capsys.readouterr()
    assert "hint: " not in said.err and "hint " in said.out
