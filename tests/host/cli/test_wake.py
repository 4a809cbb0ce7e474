"""`xnornode train --wake`: from a folder of words to a model that wakes."""

import argparse
import json

import numpy as np
import pytest

from tests.lab import chirps
from xnornode.cli import train, wake_options
from xnornode.cli.main import main
from xnornode.data.sound import to_wav
from xnornode.errors import DataError
from xnornode.model.model_file import load_model
from xnornode.recipes.wake import BANDS, LAYERS, frames_of


@pytest.mark.quick
@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--false-accepts", "2"), "--false-accepts needs --wake WORD"),
        (("--wake", "up", "--false-accepts", "-1"), "it must be at least 0"),
        (("--wake", "up", "--events", "at most 5 % unknown"), "--events does not go together"),
        (("--wake", "up", "--features", "statistics"), "--features statistics does not go"),
        (("--wake", "up", "--split", "time"), "--split does not go together"),
        (("--wake", "up", "--augment", "gain 3"), "--augment does not go together"),
        (("--wake", "up", "--quick"), "--quick does not go together with --wake"),
        (("--wake", "up", "--dry-run"), "--dry-run does not go together with --wake"),
        (("--wake", "up", "--short", "drop"), "--short does not go together with --wake"),
        (("--wake", "up", "--no-baselines"), "--no-baselines does not go together with --wake"),
        (("--wake", "up", "--epochs", "0"), "--epochs must be at least 1"),
    ],
)
def test_options_that_do_not_go_together_are_found_before_any_work(given, said, tmp_path, capsys):
    with pytest.raises(SystemExit) as left:
        main(["train", str(tmp_path / "no data"), "-o", str(tmp_path / "m.bnn"), *given])
    assert left.value.code == 2
    assert said in capsys.readouterr().err and not [*tmp_path.iterdir()]


@pytest.mark.quick
def test_what_does_not_go_together_are_options():
    parser = argparse.ArgumentParser()
    train.add_parsers(parser.add_subparsers())
    options = vars(parser.parse_args(["train", "data", "-o", "m.bnn"]))
    assert {*wake_options.OTHERS} <= {*options}


@pytest.mark.quick
def test_a_window_too_short_for_the_layers_is_found_before_the_training(tmp_path, capsys):
    folder = chirps.write(tmp_path / "words", 4)
    given = ["train", str(folder), "-o", str(tmp_path / "m.bnn"), "--wake", "up"]
    for window in ("0.1s", "0.05s"):
        assert main([*given, "--window", window]) == 1
        said = f"--window {window} is too short for these layers: at least about 0.24 s"
        assert said in capsys.readouterr().err


@pytest.mark.quick
def test_frames_that_layers_need():
    def fits(frames):
        shape = (frames, BANDS, 1)
        for layer in LAYERS:
            layer.check(shape)
            pairs = zip(shape[:2], layer.kernel, layer.stride, layer.pool, strict=True)
            shape = (*(((size - k) // s + 1) // pool for size, k, s, pool in pairs), layer.outputs)

    least = frames_of(LAYERS)
    fits(least)
    with pytest.raises(DataError, match="does not fit"):
        fits(least - 1)
    assert frames_of(()) == 1


def test_a_word_that_is_no_class_is_found_before_the_training(tmp_path, capsys):
    folder = chirps.write(tmp_path / "words", 1)
    out = tmp_path / "m.bnn"
    assert main(["train", str(folder), "-o", str(out), "--wake", "hihg"]) == 1
    assert "no such class. Do you mean 'high'? The classes are down, high" in (
        capsys.readouterr().err
    )
    assert not out.exists()


def test_train_wake_writes_a_model_and_its_curve(tmp_path, capsys, monkeypatch):
    chirps.make_small(monkeypatch.setattr)
    folder = chirps.write(tmp_path / "words")
    out, page, figures = (tmp_path / name for name in ("m.bnn", "r.html", "r.json"))
    files = ("-o", out, "--report", page, "--json", figures)
    more = ("--test", "dot", "--validation", "cem", "--epochs", "6", "--layers", "conv 8x5/2")
    noise = tmp_path / "kitchen.wav"
    samples = np.random.default_rng(0).normal(0, 200, (20 * 8000, 1)).astype(np.int16)
    noise.write_bytes(to_wav(samples, 8000))
    more = (*more, "--noise-folder", noise)
    given = ("train", folder, *files, "--wake", "up", "--false-accepts", "30", *more)
    assert main([*map(str, given)]) == 0
    said = capsys.readouterr()
    model = load_model(out)
    assert model.labels == ("other", "up") and model.answers
    assert model.answers.background == (0,) and model.answers.hold_off
    content = json.loads(figures.read_text())
    wake = content["wake"]
    assert content["format"] == "xnornode-wake-1" and wake["wish"] == 30
    assert wake["model_bytes"] == out.stat().st_size
    assert wake["tuning"]["talk_rate"] <= 30 and wake["networks"] == 1
    assert "false accepts an hour against misses" in said.out
    assert wake["tested_on"]["given_hours"] == pytest.approx(5 / 3600, rel=0.01)
    assert "1 recordings of noise were resampled" in said.err
    assert "Thresholds on the test part" in page.read_text()
