"""`xnornode data`, and what a training says of scales."""

import json

import numpy as np
import pytest

from tests.host.cli.conftest import xnornode

SMALL = ("--window", "32", "--hop", "16", "--layers", "16", "--epochs", "2")


def walks(folder, factor: float = 1.0):
    rng = np.random.default_rng(0)
    for label, size in (("walk", 1.0), ("run", 3.0)):
        (folder / label).mkdir(parents=True)
        for i in range(4):
            samples = np.clip(
                factor * size * rng.normal(size=(200, 2)), -3.8 * factor, 3.8 * factor
            )
            path = folder / label / f"{i}.csv"
            np.savetxt(path, samples, "%.4f", ",", header="ax (g),ay (g)", comments="")
    return folder


@pytest.mark.quick
def test_the_table_goes_to_stdout_and_warnings_to_stderr(tmp_path):
    folder = walks(tmp_path / "walks")
    done = xnornode("data", folder, "--rate", "50")
    assert done.returncode == 0, done.stderr
    assert "8 recordings" in done.stdout and "ax (g)" in done.stdout
    assert "--time COLUMN|none" in done.stdout and "50 Hz" in done.stdout
    told = json.loads(xnornode("data", folder, "--rate", "50", "--json").stdout)
    assert told["format"] == "xnornode-data-1" and told["rate"] == 50
    assert [c["name"] for c in told["classes"]] == ["run", "walk"]
    assert any("(--window)" in note for note in told["notes"]) and not told["problem"]
    assert told["channels"][0]["unit"] == "g" and told["classes"][0]["seconds"] == 16


@pytest.mark.quick
def test_data_that_cannot_be_trained_on_can_be_looked_at(tmp_path):
    folder = walks(tmp_path / "walks")
    for path in (folder / "run").iterdir():
        path.unlink()
    done = xnornode("data", folder)
    assert done.returncode == 1 and "4 recordings" in done.stdout
    assert "a training would stop here: all data are of the class walk" in done.stderr


def test_another_scale_than_the_models_is_said(tmp_path):
    out = tmp_path / "walk.bnn"
    first = xnornode("train", walks(tmp_path / "a"), "-o", out, *SMALL)
    assert first.returncode == 0, first.stderr
    again = xnornode("train", tmp_path / "a", "-o", out, *SMALL)
    assert again.returncode == 0 and "nodes must give other counts" not in again.stderr
    other = walks(tmp_path / "b", 4.0)
    moved = xnornode("train", other, "-o", out, *SMALL)
    assert "channel ax (g): a count is" in moved.stderr
    assert "--full-scale 'ax (g)=4' keeps the old scale" in moved.stderr
    xnornode("train", tmp_path / "a", "-o", out, *SMALL)
    kept = xnornode("train", other, "-o", out, *SMALL, "--full-scale", "ax (g)=4,ay (g)=4")
    assert kept.returncode == 0 and "nodes must give other counts" not in kept.stderr
