"""`xnornode train --events`: from words to the answers in the model file."""

import json

import numpy as np
import pytest

from tests.host.cli.conftest import xnornode
from xnornode.cli.main import main
from xnornode.model.model_file import load_model

SMALL = ("--window", "32", "--hop", "16", "--layers", "16", "--epochs", "4")


@pytest.mark.quick
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("few mistakes", "'few mistakes' is not understood. Understood are limits such as"),
        ("at most 5 unknown", "write a share in per cent"),
        ("5 % right, 7 % right", "limits the same thing twice"),
    ],
)
def test_limits_that_are_not_understood_are_found_before_any_work(given, said, tmp_path, capsys):
    with pytest.raises(SystemExit) as left:
        main(["train", str(tmp_path / "no data"), "-o", str(tmp_path / "m"), "--events", given])
    assert left.value.code == 2
    assert said in capsys.readouterr().err and not [*tmp_path.iterdir()]


def test_wrong_background_and_limits_without_a_rate_are_found_before_the_training(
    recordings, tmp_path
):
    out = tmp_path / "m.bnn"
    done = xnornode("train", recordings, "-o", out, *SMALL, "--background", "still")
    assert done.returncode == 1 and "there is no such class. The classes are fast, slow" in (
        done.stderr
    )
    data = tmp_path / "d.npz"
    rng = np.random.default_rng(0)
    labels = np.repeat(["a", "b"], 20)
    np.savez(data, X=rng.integers(-99, 99, (40, 32, 2)).astype(np.int16), y=labels)
    args = ("train", data, "-o", out, "--layers", "16", "--epochs", "4")
    done = xnornode(*args, "--events", "at most 1 false an hour")
    assert done.returncode == 1 and "do not follow each other" in done.stderr
    assert not out.exists()


def test_train_with_events_writes_answers(recordings, tmp_path):
    out, page, figures = (tmp_path / name for name in ("m.bnn", "r.html", "r.json"))
    files = ("-o", out, "--report", page, "--json", figures)
    limits = ("--events", "at most 100 false an hour and at most 20 % unknown")
    named = ("--background", "slow", "--validation", "p0,p1")
    done = xnornode("train", recordings, *files, *SMALL, *limits, *named)
    assert done.returncode == 0, done.stderr
    model = load_model(out)
    assert model.answers is not None and model.answers.background == (1,)
    content = json.loads(figures.read_text())["answers"]
    assert content["wish"] == "at most 100 false an hour, at most 20 % unknown"
    (row,) = (row for row in content["table"] if row["chosen"])
    assert row["threshold"] == model.answers.threshold / 65535
    assert content["background"] == ["slow"] and content["test"]["events"] == 2
    for said in ("wanted", "on the test", "false/hour", "temperature", "calibration"):
        assert said in done.stdout and said in page.read_text()
    assert "slow: background, makes no events" in done.stderr


def test_without_a_validation_part_networks_are_trained_without_some_groups(recordings, tmp_path):
    out = tmp_path / "m.bnn"
    args = ("train", recordings, "-o", out, *SMALL, "--validation", "none")
    done = xnornode(*args, "--events", "at most 10 % unknown")
    assert done.returncode == 0, done.stderr
    assert "no validation part: networks without some of the groups" in done.stderr
    assert "6 networks that each left out" in done.stdout
    chosen = load_model(out).answers
    done = xnornode(*args, "--events", "off")
    assert done.returncode == 0 and "there is no validation part, so the confidence" in done.stderr
    plain = load_model(out).answers
    assert plain is not None and chosen is not None
    assert (plain.windows, plain.threshold, plain.hold_off, plain.background) == (1, 0, 0, ())
    assert chosen.factor / 2**chosen.shift != plain.factor / 2**plain.shift
