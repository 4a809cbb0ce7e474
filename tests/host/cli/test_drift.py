"""`xnornode train` writes drift where it can; `info` shows it, and --no-drift leaves it out."""

import numpy as np
import pytest

from xnornode.cli.main import main
from xnornode.model.model_file import load_model


@pytest.fixture
def motion(tmp_path):
    """Two motions of an accelerometer, of two people, in one file."""
    rng = np.random.default_rng(0)
    samples = rng.normal(0, 300, (440, 16, 3))
    samples[..., 2] += 2048
    samples[220:, :, 0] += 900 * np.sin(np.arange(16))
    labels = np.repeat(["still", "wave"], 220)
    path = tmp_path / "motion.npz"
    channels = [f"accel {axis} (g)" for axis in "xyz"]
    np.savez(
        path,
        X=samples.astype(np.int16),
        y=labels,
        groups=np.tile(["anna", "ben"], 220),
        channels=channels,
        rate=50,
    )
    return path


def test_drift_is_written_unless_it_is_left_out(motion, tmp_path, capsys):
    quick = ["--quick", "--epochs", "1", "--features", "statistics", "--rate", "50"]
    with_it, without = tmp_path / "with.bnn", tmp_path / "without.bnn"
    assert main(["train", str(motion), "-o", str(with_it), *quick]) == 0
    assert "the node will tell drift" in capsys.readouterr().err
    assert main(["train", str(motion), "-o", str(without), "--no-drift", *quick]) == 0
    assert "will tell drift" not in capsys.readouterr().err
    drift = load_model(with_it).drift
    assert drift and load_model(without).drift is None
    assert (with_it.read_bytes()[4], without.read_bytes()[4]) == (5, 4)
    assert main(["info", str(with_it)]) == 0
    assert "62 bytes of RAM" in capsys.readouterr().out
    assert main(["info", str(without)]) == 0
    assert "62 bytes" not in capsys.readouterr().out
