"""An interrupted training goes on from its checkpoint as if nothing had happened."""

import functools
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.lab.small_waves import CLASSES, labelled_by_epoch, train_on, waves
from xnornode.data.augment import Augment
from xnornode.errors import DataError
from xnornode.export.fold import fold
from xnornode.model.file_format import to_bytes
from xnornode.nn.layer_spec import Conv, Dense
from xnornode.training.config import Teacher, TrainConfig
from xnornode.training.trained import Epoch

CONFIG = TrainConfig(layers=(Dense(16),), bits=2, epochs=4, batch=32, augment=Augment(scale=0.1))
TRAINING, HELD = waves(1, "a", 60), waves(2, "b", 60)


class Interrupted(Exception):
    pass


def stop_after(epochs: int) -> Callable[[Epoch], None]:
    seen = []

    def progress(epoch: Epoch) -> None:
        seen.append(epoch)
        if len(seen) == epochs:
            raise Interrupted

    return progress


def interrupted(path: Path, config: TrainConfig, epochs: int, **given) -> None:
    with pytest.raises(Interrupted):
        train_on(TRAINING, config, HELD, stop_after(epochs), path, **given)


def model_bytes(config: TrainConfig, checkpoint: Path | None = None, **given) -> bytes:
    return to_bytes(fold(train_on(TRAINING, config, HELD, None, checkpoint, **given)))


KINDS = {
    "adam": CONFIG,
    "bop": replace(CONFIG, optimizer="bop"),
    "convolution of soft weights": replace(
        CONFIG, layers=(Conv(8, (5, 1), pool=(2, 1)),), weights="soft"
    ),
    "learned thresholds": replace(CONFIG, encoding="learned-thermometer"),
}


@pytest.mark.quick
@pytest.mark.parametrize("name", list(KINDS))
def test_resumed_it_is_the_same_model(name: str, tmp_path: Path) -> None:
    config, path = KINDS[name], tmp_path / "training.npz"
    whole = train_on(TRAINING, config, HELD)
    for stop in (1, 3):
        interrupted(path, config, stop)
        seen: list[Epoch] = []
        resumed = train_on(TRAINING, config, HELD, seen.append, path)
        assert to_bytes(fold(resumed)) == to_bytes(fold(whole))
        assert [e.number for e in seen] == list(range(stop + 1, 5))
        timeless = [
            [replace(e, seconds=0.0) for e in trained.history] for trained in (resumed, whole)
        ]
        assert timeless[0] == timeless[1] and resumed.best == whole.best
        path.unlink()


@pytest.mark.quick
@pytest.mark.parametrize("stop", [1, 2, 3, 5])
def test_resumed_with_a_teacher(stop: int, tmp_path: Path) -> None:
    # Epochs 1 and 2 are the teacher's, 3 to 6 the network's.
    path, config = tmp_path / "training.npz", replace(CONFIG, teacher=Teacher(epochs=2))
    interrupted(path, config, stop)
    assert path.exists() == (stop > 2)
    assert model_bytes(config, path) == model_bytes(config)


@pytest.mark.quick
def test_the_best_epoch_so_far_is_kept_over_an_interruption(tmp_path: Path) -> None:
    path = tmp_path / "training.npz"
    config = replace(CONFIG, learning_rate=0.05, epochs=8, schedule="constant")
    held = labelled_by_epoch(3, TRAINING, config)
    whole = train_on(TRAINING, config, held)
    assert whole.best == 3
    with pytest.raises(Interrupted):
        train_on(TRAINING, config, held, stop_after(whole.best + 1), path)
    resumed = train_on(TRAINING, config, held, None, path)
    assert resumed.best == whole.best
    assert to_bytes(fold(resumed)) == to_bytes(fold(whole))


@pytest.mark.quick
def test_a_finished_training_is_not_done_again(tmp_path: Path) -> None:
    path = tmp_path / "training.npz"
    first = model_bytes(CONFIG, path)

    def fail(epoch: Epoch) -> None:
        raise AssertionError(f"epoch {epoch.number} again")

    again = train_on(TRAINING, CONFIG, HELD, fail, path)
    assert to_bytes(fold(again)) == first
    assert [p.name for p in tmp_path.iterdir()] == ["training.npz"]


@pytest.mark.quick
def test_other_settings_or_data_are_refused(tmp_path: Path) -> None:
    path, kept = tmp_path / "training.npz", b""
    config = replace(CONFIG, teacher=Teacher())
    logits = np.eye(3, dtype=np.float32)[TRAINING.labels]
    interrupted(path, config, 2, teacher_logits=logits)
    kept = path.read_bytes()
    other = waves(5, "a", 60)
    for config_now, training, held, given in (
        (replace(config, learning_rate=0.001), TRAINING, HELD, logits),
        (replace(config, layers=(Dense(17),)), TRAINING, HELD, logits),
        (replace(config, augment=Augment(scale=0.2)), TRAINING, HELD, logits),
        (replace(config, teacher=Teacher(share=0.5)), TRAINING, HELD, logits),
        (config, replace(TRAINING, items=other.items), HELD, logits),
        (config, replace(TRAINING, labels=TRAINING.labels[::-1]), HELD, logits),
        (config, TRAINING, replace(HELD, labels=HELD.labels[::-1]), logits),
        (config, TRAINING, None, logits),
        (config, TRAINING, HELD, logits + 1),
    ):
        with pytest.raises(DataError, match=r"training\.npz was written with other settings"):
            train_on(training, config_now, held, None, path, given)
    assert path.read_bytes() == kept
    train_on(TRAINING, config, HELD, None, path, logits)


@pytest.mark.quick
def test_garbled_checkpoints_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "training.npz"
    interrupted(path, CONFIG, 1)
    good = path.read_bytes()
    rng = np.random.default_rng(0)
    garbled = [b"", b"not at all", good[:100], good[:-1], good[: len(good) // 2], good[50:]]
    for at in rng.integers(0, len(good), 60):
        flipped = bytearray(good)
        flipped[at] ^= 1 << int(rng.integers(8))
        garbled.append(bytes(flipped))
    np.save(tmp_path / "array.npy", np.arange(9))
    garbled.append((tmp_path / "array.npy").read_bytes())
    np.savez(tmp_path / "other.npz", about=np.arange(9))
    garbled.append((tmp_path / "other.npz").read_bytes())
    wanted = model_bytes(CONFIG)
    refused = 0
    for content in garbled:
        path.write_bytes(content)
        try:
            # Some bits of an archive say nothing: the file is then as good as it was.
            assert model_bytes(CONFIG, path) == wanted
        except DataError as error:
            assert "training.npz" in str(error)
            assert path.read_bytes() == content
            refused += 1
    assert refused > 50


@pytest.mark.quick
def test_a_checkpoint_needs_a_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"there is no folder .*missing for the checkpoint"):
        train_on(TRAINING, CONFIG, HELD, None, tmp_path / "missing" / "training.npz")


SCRIPT = """
from pathlib import Path
from tests.host.training.test_checkpoint import CONFIG, HELD, TRAINING
from tests.lab.small_waves import train_on
from dataclasses import replace
train_on(TRAINING, replace(CONFIG, epochs=100_000), HELD, checkpoint=Path({path!r}))
"""


@pytest.mark.quick
def test_ctrl_c_leaves_a_checkpoint_that_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "training.npz"
    script = SCRIPT.format(path=str(path))
    config = replace(CONFIG, epochs=100_000)
    for _ in range(2):  # the second goes on from the first
        # A test run in the background ignores Ctrl-C, and so would what it starts.
        interruptible = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
        process = subprocess.Popen(
            [sys.executable, "-c", script], stderr=subprocess.PIPE, preexec_fn=interruptible
        )
        try:
            was = path.stat().st_mtime_ns if path.exists() else 0
            while process.poll() is None and (not path.exists() or path.stat().st_mtime_ns == was):
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            _, error = process.communicate(timeout=60)
        finally:
            process.kill()
        assert b"KeyboardInterrupt" in error
        assert [p.name for p in tmp_path.iterdir()] == ["training.npz"]
    seen: list[Epoch] = []

    def stop(epoch: Epoch) -> None:
        seen.append(epoch)
        raise Interrupted

    with pytest.raises(Interrupted):
        train_on(TRAINING, config, HELD, stop, path)
    assert seen[0].number > 2 and TRAINING.classes == CLASSES
