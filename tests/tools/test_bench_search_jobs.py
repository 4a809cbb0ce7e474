"""The bench of a search by several jobs finds the same with each, and says so."""

from pathlib import Path

import numpy as np
import pytest

from tests.lab.search_tasks import TRAINING, waves
from tools.bench.search_jobs import main


def test_each_number_of_jobs_gives_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = waves(1, TRAINING)
    path = tmp_path / "waves.npz"
    np.savez(path, X=data.items, y=np.array(data.classes)[data.labels], groups=data.groups)
    assert main(["--data", str(path), "--trials", "1", "--epochs", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [["--jobs", "1"], ["--jobs", "2"]]
    assert all(line.endswith("the same") and float(line.split()[2]) > 0 for line in lines[1:])
