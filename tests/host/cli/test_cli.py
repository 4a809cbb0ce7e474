"""The command `xnornode`, as a person calls it, and the recording files that it reads."""

import functools
import json
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from tests.host.cli.conftest import xnornode
from tests.lab.nets import random_model
from xnornode.data.recording_file import from_bytes, to_bytes
from xnornode.errors import DataError
from xnornode.model.answers import Answers
from xnornode.model.input_encoding import Thermometer
from xnornode.model.model_file import load_model, save_model
from xnornode.nn.layer_spec import Conv, Dense, format_layers, parse_layers

QUICK = ("--quick", "--epochs")
SMALL = ("--window", "32", "--hop", "16", "--layers", "16", "--epochs", "4")


def test_info_says_how_scores_become_answers(tmp_path):
    plain = random_model(1, 16, 2, 1, (8, 3))
    rules = Answers(*Answers.scaled(0.01), 5, 39_321, 10, (0, 2))
    for model, expected in (
        (plain, ["the class with the highest score, without confidence; no events"]),
        (
            replace(plain, answers=rules),
            [
                "probabilities: softmax of score / 100",
                "mean of 5 windows; unknown below a confidence of 60 %",
                "events: hold-off of 10 windows (1.6 s); of class 0, class 2 there are none",
            ],
        ),
    ):
        save_model(model, tmp_path / "m.bnn")
        done = xnornode("info", tmp_path / "m.bnn")
        assert done.returncode == 0
        assert [text for text in expected if text not in done.stdout] == []


def test_train_and_info(recordings, tmp_path, record):
    out = tmp_path / "waves.bnn"
    done = xnornode("train", recordings, "-o", out, *SMALL[:-1], "24")
    assert done.returncode == 0, done.stderr
    assert "held out: p6, p7" in done.stdout and "95 % interval" in done.stdout
    model = load_model(out)
    assert model.labels == ("fast", "slow") and model.window.rate_mhz == 50_000
    assert model.window.scales == (488_281, 488_281) and model.name == "recordings"
    assert "held out p6, p7; layers dense 16" in model.notes and "epochs 24" in model.notes
    for index, label in enumerate(model.labels):
        fresh = record(label, "p9", 99).recording.samples[:384].reshape(12, 32, 2)
        assert (model.predict(fresh) == index).mean() > 0.8
    assert sorted(p.name for p in tmp_path.iterdir()) == ["recordings", "waves.bnn"]
    info = xnornode("info", out)
    assert info.returncode == 0
    assert "-> 16, int8 in" in info.stdout and "self-test   passes" in info.stdout
    assert "estimated on RP2040" in info.stdout and model.notes in info.stdout


def test_report_and_json(recordings, tmp_path):
    page, data, out = (tmp_path / name for name in ("r.html", "r.json", "m.bnn"))
    options = ("-o", out, "--report", page, "--name", "moves", "--revision", "7", *SMALL)
    done = xnornode("train", recordings, *options, "--json", data)
    assert done.returncode == 0, done.stderr
    assert page.read_text().startswith("<!doctype html>") and "moves" in page.read_text()
    content = json.loads(data.read_text())
    assert content["name"] == load_model(out).name == "moves" and load_model(out).revision == 7
    assert content["counts"]["held_out"] == ["p6", "p7"]
    assert content["cost"]["file_bytes"] == out.stat().st_size
    only = xnornode("train", recordings, *options, "--json")
    again = json.loads(only.stdout)
    assert (again["accuracy"], again["confusion"]) == (content["accuracy"], content["confusion"])


def test_groups_that_the_user_names(recordings, tmp_path):
    out = tmp_path / "m.bnn"
    groups = ("--test", "p0,p1", "--test", "p2", "--validation", "p3")
    done = xnornode("train", recordings, "-o", out, *SMALL, *groups, "--json")
    counts = json.loads(done.stdout)["counts"]
    assert counts["held_out"] == ["p0", "p1", "p2"]
    assert counts["test"] == 3 * counts["validation"] > 0
    done = xnornode("train", recordings, "-o", out, *SMALL, "--validation", "none", "--json")
    assert json.loads(done.stdout)["counts"]["validation"] == 0
    done = xnornode("train", recordings, "-o", out, *SMALL, "--test", "50%", "--json")
    assert len(json.loads(done.stdout)["counts"]["held_out"]) == 4


def test_settings_reach_the_model(recordings, tmp_path):
    out = tmp_path / "m.bnn"
    options = ("--layers", "conv 8x5/2 pool 2, dense 12", "--features", "raw", "--bits", "4")
    args = (*SMALL, *options, "--channels", "ch1", "--balanced")
    done = xnornode("train", recordings, "-o", out, *args, "--teacher", "0.5")
    assert done.returncode == 0, done.stderr
    model = load_model(out)
    assert model.window.channels == ("ch1 (g)",)
    assert isinstance(model.encoding, Thermometer) and model.encoding.bits == 4
    assert model.layers[0].geometry.kernel == (5, 1) and model.layers[0].pool == (2, 1)
    assert "class weights balanced" in model.notes and "teacher share 0.5" in model.notes


def test_a_table_without_groups_warns(tmp_path):
    rows = [f"{a},{b},{'up' if a + b > 0 else 'down'}" for a in range(-8, 8) for b in range(-8, 8)]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,label", *rows]))
    done = xnornode("train", tmp_path / "t.csv", "-o", tmp_path / "m.bnn", *QUICK, "5")
    assert done.returncode == 0, done.stderr
    assert "warning: nothing says which data belong together" in done.stderr
    assert "each row is a window of 1 x 2 values" in done.stderr
    assert load_model(tmp_path / "m.bnn").window.channels == ("a", "b")


def test_texts(tmp_path):
    words = {"en": "the quick brown fox", "de": "der schnelle braune Fuchs"}
    lines = [f"{k},{v} {i}" for i in range(20) for k, v in words.items()]
    (tmp_path / "t.csv").write_text("\n".join(["label,text", *lines]))
    done = xnornode("train", tmp_path / "t.csv", "-o", tmp_path / "m.bnn", *QUICK, "60")
    assert done.returncode == 0, done.stderr
    model = load_model(tmp_path / "m.bnn")
    assert model.labels == ("de", "en")
    assert model.predict([b"the brown dog", b"der braune Hund"]).tolist() == [1, 0]


def test_the_same_seed_gives_the_same_file(recordings, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        done = xnornode("train", recordings, "-o", tmp_path / name, "--seed", str(seed), *SMALL)
        assert done.returncode == 0, done.stderr
    a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
    assert a == b != c


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("info", "none.bnn"), "none.bnn: No such file"),
        (("info", "text"), "not a .bnn model file"),
        (("train", "none", "-o", "m.bnn"), "there is no file or folder none"),
        (("train", "empty", "-o", "m.bnn"), "holds no file of a kind that is read here"),
        (("train", "recordings", "-o", "no/m.bnn"), "to write to"),
        (("train", "recordings", "-o", "m.bnn", "--report", "no/r.html"), "to write to"),
        (("train", "recordings", "-o", "m.bnn", "--window", "401"), "is too long"),
        (("train", "recordings", "-o", "m.bnn", "--test", "p9"), "group p9: the groups are p0"),
        (("train", "recordings", "-o", "m.bnn", "--channels", "z"), "no channel 'z'"),
        (("train", "recordings", "-o", "m.bnn", "--resume"), "no checkpoint m.bnn.checkpoint"),
        (("train", "text", "-o", "m.bnn"), "of no kind that is read here"),
    ],
)
def test_mistakes_get_a_message(recordings, tmp_path, monkeypatch, arguments, says):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text").write_text("hello " * 20)
    (tmp_path / "empty").mkdir()
    done = xnornode(*arguments)
    assert done.returncode == 1
    assert says in done.stderr and "Traceback" not in done.stderr
    assert not list(tmp_path.glob("m.bnn*"))


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("train",),
        ("train", "x", "-o", "y", "--window", "0"),
        ("train", "x", "-o", "y", "--window", "many"),
        ("train", "x", "-o", "y", "--image", "8"),
        ("train", "x", "-o", "y", "--encoding", "morse"),
    ],
)
def test_wrong_usage_has_exit_status_2(arguments):
    done = xnornode(*arguments)
    assert done.returncode == 2 and "Traceback" not in done.stderr


def test_an_unknown_option_is_said_with_the_usage_of_its_command():
    done = xnornode("train", "x", "-o", "y", "--bogus")
    assert done.returncode == 2
    assert "usage: xnornode train DATA" in done.stderr
    assert "xnornode train: error: unrecognized arguments: --bogus" in done.stderr


def test_a_network_beyond_memory_is_no_traceback(recordings, tmp_path):
    done = xnornode("train", recordings, "-o", tmp_path / "m.bnn", "--layers", "4000000000000")
    assert done.returncode == 1 and "memory is too small" in done.stderr
    assert "Traceback" not in done.stderr and not (tmp_path / "m.bnn").exists()


def test_a_name_helps_data_whose_own_cannot_be_stored(recordings, tmp_path):
    other = recordings.rename(tmp_path / ("größe" * 10))
    out = tmp_path / "m.bnn"
    refused = xnornode("train", other, "-o", out, *SMALL)
    assert refused.returncode == 1 and "größe': choose another (--name)" in refused.stderr
    assert "names are 1 to 63 bytes in UTF-8, and this one has 70" in refused.stderr
    assert xnornode("train", other, "-o", out, *SMALL, "--name", "size").returncode == 0
    assert load_model(out).name == "size"


def test_a_closed_stdout_is_no_traceback(recordings, tmp_path):
    out = tmp_path / "m.bnn"
    assert xnornode("train", recordings, "-o", out, *SMALL).returncode == 0
    command = shlex.join([sys.executable, "-m", "xnornode", "info", str(out)])
    done = subprocess.run(["sh", "-c", f"{command} >&-"], capture_output=True, text=True)
    assert "Traceback" not in done.stderr and done.returncode in (0, 1)


HELD_UP = """
import sys, time
import xnornode.training.trainer as trainer
from xnornode.cli.main import main

def write_and_wait(*state, write=trainer.write_checkpoint):
    write(*state)
    while True:
        time.sleep(0.01)

trainer.write_checkpoint = write_and_wait
sys.exit(main(sys.argv[1:]))
"""
"""`xnornode`, whose training waits for Ctrl-C after its first epoch."""


def test_ctrl_c_leaves_a_checkpoint_from_which_training_goes_on(recordings, tmp_path):
    out = tmp_path / "m.bnn"
    args = ("train", recordings, "-o", out, *SMALL[:-1], "40")
    checkpoint = tmp_path / "m.bnn.checkpoint"
    # A test run in the background ignores Ctrl-C, and so would what it starts.
    interruptible = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    running = subprocess.Popen(
        [sys.executable, "-c", HELD_UP, *map(str, args)],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=interruptible,
    )
    while not checkpoint.exists() and running.poll() is None:
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    said = running.communicate(timeout=60)[1]
    assert running.returncode == 1 and "Traceback" not in said
    assert "The same command with --resume goes on" in said
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.bnn.checkpoint", "recordings"]
    again = xnornode(*args)
    assert again.returncode == 1 and "go on with --resume" in again.stderr
    done = xnornode(*args, "--resume", "--json")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["history"]) == 40 and not checkpoint.exists()
    resumed = out.read_bytes()
    assert xnornode(*args).returncode == 0
    assert out.read_bytes() == resumed, "as if it had never been interrupted"


def test_a_failure_leaves_the_old_model(recordings, tmp_path):
    out = tmp_path / "m.bnn"
    out.write_bytes(b"the old one")
    assert xnornode("train", recordings, "-o", out, *SMALL, "--test", "nobody").returncode == 1
    assert out.read_bytes() == b"the old one"
    assert xnornode("train", recordings, "-o", out, *SMALL).returncode == 0
    assert load_model(out).name == "recordings"


def test_layers_as_text():
    text = "conv 32x5/2 pool 2, conv 16x3 pad 1 groups 4 int8, 64, dense 8, global average pooling"
    specs, pooling = parse_layers(text)
    assert pooling and specs == (
        Conv(32, (5, 1), (2, 1), pool=(2, 1)),
        Conv(16, (3, 1), padding=(1, 0), groups=4, activation="int8"),
        Dense(64),
        Dense(8),
    )
    with pytest.warns(FutureWarning, match="int8"):
        old = text.replace("int8", "bytes").replace("global average pooling", "mean")
        assert parse_layers(old) == (specs, pooling)
    image, pooling = parse_layers("conv 8x5/2 pool 2, conv 4x3x1 stride 1x2", image=True)
    assert not pooling and image == (
        Conv(8, (5, 5), (2, 2), pool=(2, 2)),
        Conv(4, (3, 1), stride=(1, 2)),
    )
    for given in (specs, image, ()):
        assert parse_layers(format_layers(given))[0] == given


@pytest.mark.parametrize("text", ["conv", "conv 5", "dense x", "64 64", "pool 2", "conv 8x3 pool"])
def test_text_that_is_no_layer(text):
    with pytest.raises(DataError, match="is no layer"):
        parse_layers(text)


def test_recording_round_trip(record):
    file = record("slow", "p1", 1)
    again = from_bytes(to_bytes(file), "r.rec")
    assert np.array_equal(again.recording.samples, file.recording.samples)
    assert (again.channels, again.scales, again.rate_mhz) == (
        file.channels,
        file.scales,
        file.rate_mhz,
    )
    assert (again.recording.label, again.recording.group) == ("slow", "p1")


@pytest.mark.parametrize("cut", [0, 5, 40, -1, -3])
def test_damaged_recordings_are_refused(cut, record):
    with pytest.raises(DataError, match=r"r\.rec"):
        from_bytes(to_bytes(record("slow", "p1", 1))[:cut], "r.rec")
