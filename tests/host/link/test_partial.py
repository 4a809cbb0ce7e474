"""A recording under way is its program's from the first moment on."""

import os
import time
from datetime import datetime

import pytest

from tests.lab.streamlab import info
from xnornode.link import partial
from xnornode.link.partial import NEW, PLACE, SUFFIX, Partial, recover
from xnornode.link.take import Take

pytestmark = [
    pytest.mark.quick,
    pytest.mark.skipif(not partial.LOCKS, reason="no locks on this system"),
]


def test_nobody_claims_a_file_before_it_is_locked(tmp_path, monkeypatch):
    lock, seen = partial.fcntl.flock, []

    def late(file, how):
        if not seen:
            seen.append([p.name for p in (tmp_path / PLACE).iterdir()])
            assert list(recover(tmp_path)) == []
        lock(file, how)

    monkeypatch.setattr(partial.fcntl, "flock", late)
    with Partial(tmp_path, Take(info(), 1.0, datetime.now()), "a", "b"):
        assert len(seen[0]) == 1 and seen[0][0].endswith(SUFFIX + NEW)
        [path] = (tmp_path / PLACE).iterdir()
        assert path.name + NEW == seen[0][0]
        assert list(recover(tmp_path)) == [] and path.exists()
    assert not (tmp_path / PLACE).exists()


def test_what_was_killed_before_it_was_locked_is_removed_later(tmp_path):
    (tmp_path / PLACE).mkdir(parents=True)
    new = tmp_path / PLACE / f"x{SUFFIX}{NEW}"
    new.touch()
    assert list(recover(tmp_path)) == [] and new.exists()
    old = time.time() - 2 * partial.STILL
    os.utime(new, (old, old))
    assert list(recover(tmp_path)) == [] and not new.exists()
