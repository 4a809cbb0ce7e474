"""A checkpoint that is left: of the same training it asks what to do, of another it is replaced."""

import json
from pathlib import Path

import pytest

from tests.host.cli.conftest import xnornode
from xnornode.cli import train as command
from xnornode.cli.main import main
from xnornode.training.trainer import train

SMALL = ("--window", "32", "--hop", "16", "--layers", "16", "--epochs", "4")


@pytest.fixture
def stop(recordings, tmp_path, monkeypatch):
    """Train with Ctrl-C after some epochs; the checkpoint is left."""

    def run(epochs: int, *more: str) -> tuple[list[str], Path]:
        arguments = ["train", str(recordings), "-o", str(tmp_path / "m.bnn"), *SMALL, *more]
        seen = []

        def interrupted(splits, config, progress, **given):
            def count(epoch):
                seen.append(epoch)
                if len(seen) == epochs:
                    raise KeyboardInterrupt

            return train(splits, config, progress=count, **given)

        with monkeypatch.context() as patch:
            patch.setattr(command, "train", interrupted)
            assert main(arguments) == 1
        return arguments, tmp_path / "m.bnn.checkpoint"

    return run


def history(done) -> list[int]:
    return [epoch["number"] for epoch in json.loads(done.stdout)["history"]]


def test_of_the_same_training_it_asks_what_to_do(stop, tmp_path):
    arguments, checkpoint = stop(2)
    kept = checkpoint.read_bytes()
    done = xnornode(*arguments)
    assert done.returncode == 1
    assert "go on with --resume, or start from the beginning with --restart" in done.stderr
    assert checkpoint.read_bytes() == kept and not (tmp_path / "m.bnn").exists()
    whole = xnornode(*arguments, "--restart", "--json")
    assert whole.returncode == 0 and history(whole) == [1, 2, 3, 4] and not checkpoint.exists()
    fresh = (tmp_path / "m.bnn").read_bytes()
    stop(3)
    assert xnornode(*arguments, "--resume").returncode == 0
    assert (tmp_path / "m.bnn").read_bytes() == fresh and not checkpoint.exists()


@pytest.mark.parametrize("change", ["settings", "data"])
def test_of_another_training_it_is_said_and_replaced(change, stop, recordings, tmp_path):
    arguments, checkpoint = stop(2)
    if change == "settings":
        arguments += ["--batch", "16"]
    else:
        (recordings / "p0" / "slow.rec").unlink()
    refused = xnornode(*arguments, "--resume")
    assert refused.returncode == 1 and "of other settings or data" in refused.stderr
    assert "--restart" in refused.stderr and checkpoint.exists()
    done = xnornode(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    assert "m.bnn.checkpoint is of other settings or data: it is replaced" in done.stderr
    assert history(done) == [1, 2, 3, 4] and not checkpoint.exists()
    resumed = (tmp_path / "m.bnn").read_bytes()
    assert xnornode(*arguments).returncode == 0
    assert (tmp_path / "m.bnn").read_bytes() == resumed, "nothing of the other one was taken"


def test_a_damaged_one_is_said_and_replaced(stop, tmp_path):
    arguments, checkpoint = stop(2)
    checkpoint.write_bytes(checkpoint.read_bytes()[:-100])
    refused = xnornode(*arguments, "--resume")
    assert refused.returncode == 1 and "m.bnn.checkpoint is damaged: start" in refused.stderr
    done = xnornode(*arguments, "--json")
    assert done.returncode == 0 and "m.bnn.checkpoint is damaged: it is replaced" in done.stderr
    assert history(done) == [1, 2, 3, 4] and not checkpoint.exists()


def test_of_the_teacher_it_is_treated_alike_and_nothing_is_left(stop, tmp_path, capsys):
    arguments, checkpoint = stop(2, "--teacher", "0.5")
    of_teacher = checkpoint.with_name("m.bnn.checkpoint.teacher")
    assert of_teacher.exists() and not checkpoint.exists()
    assert f"--resume goes on from {of_teacher}" in capsys.readouterr().err
    again = xnornode(*arguments)
    assert again.returncode == 1 and "go on with --resume" in again.stderr
    other = xnornode(*arguments, "--batch", "16")
    assert other.returncode == 0 and "of other settings or data" in other.stderr
    stop(6, "--teacher", "0.5")
    assert of_teacher.exists() and checkpoint.exists()
    done = xnornode(*arguments, "--resume")
    assert done.returncode == 0, done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.bnn", "recordings"]


def test_what_is_no_checkpoint_is_not_replaced(recordings, tmp_path):
    other = tmp_path / "precious.npz"
    other.write_bytes(b"precious")
    options = ("-o", tmp_path / "m.bnn", "--checkpoint", other, *SMALL)
    for more in ((), ("--resume",), ("--restart",)):
        done = xnornode("train", recordings, *options, *more)
        assert done.returncode == 1 and "is no checkpoint" in done.stderr
    assert other.read_bytes() == b"precious"


def test_what_a_kill_left_of_a_checkpoint_goes_with_it(stop, tmp_path):
    arguments, _ = stop(2)
    own = ("", ".teacher", ".choice")
    for name in own:
        (tmp_path / f"m.bnn.checkpoint{name}.0123abcd.part").write_bytes(b"half")
    others = ("m.bnn.0123abcd.part", "n.bnn.checkpoint.0123abcd.part", "m.bnn.checkpoint.my.part")
    for name in others:
        (tmp_path / name).write_bytes(b"mine")
    assert xnornode(*arguments).returncode == 1
    assert len([*tmp_path.glob("m.bnn.checkpoint*.0123abcd.part")]) == len(own)
    assert xnornode(*arguments, "--resume").returncode == 0
    assert {p.name for p in tmp_path.iterdir()} == {"m.bnn", "recordings", *others}
