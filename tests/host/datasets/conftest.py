"""A cache of downloads that a test may fill."""

from pathlib import Path

import pytest


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache; downloads go into its folder data."""
    monkeypatch.setenv("XNORNODE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache" / "data").mkdir(parents=True)
    return tmp_path / "cache"
