"""The file that a search adds its trainings to."""

from pathlib import Path

import pytest

from tests.lab.search_tasks import BASE
from xnornode.errors import DataError
from xnornode.model_search.budget import Candidate, Cost
from xnornode.model_search.journal import Journal, Outcome, key_of, read_settings

pytestmark = pytest.mark.quick

FIRST = Outcome(1.25, (("ann", 3, 10), ("bob", 10, 10)), 1 / 3, 20)
SECOND = Outcome(0.1, error="training diverged in epoch 2")


def test_outcomes_come_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "x.search"
    journal = Journal(path, "these")
    assert not path.exists()
    journal.add("a", FIRST)
    journal.add("b", SECOND)
    again = Journal(path, "these")
    assert (again.get("a"), again.get("b"), again.get("c")) == (FIRST, SECOND, None)
    assert read_settings(path) == "these"


def test_a_torn_line_is_left_out_and_what_follows_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "x.search"
    journal = Journal(path, "these")
    journal.add("a", FIRST)
    size = path.stat().st_size
    journal.add("b", SECOND)
    path.write_bytes(path.read_bytes()[: size + 20])
    again = Journal(path, "these")
    assert (again.get("a"), again.get("b")) == (FIRST, None)
    again.add("c", SECOND)
    assert Journal(path, "these").get("c") == SECOND


@pytest.mark.parametrize("content", [b"", b"{}\n", b"\xff\n", b"[1]\n", b'{"format": "x"}\n'])
def test_another_file_is_refused_and_stays(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.search"
    path.write_bytes(content)
    with pytest.raises(DataError, match="no file of a search, or a damaged one"):
        Journal(path, "these")
    assert path.read_bytes() == content


def test_a_file_of_other_settings_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.search"
    Journal(path, "these").add("a", FIRST)
    with pytest.raises(DataError, match="with other settings or data"):
        Journal(path, "those")


def test_without_a_file_outcomes_are_kept_in_memory() -> None:
    journal = Journal(None, "these")
    journal.add("a", FIRST)
    assert journal.get("a") == FIRST


def test_a_training_is_known_by_candidate_epochs_and_fold() -> None:
    candidate = Candidate(3, BASE, Cost(1, 1.0, 1))
    keys = {key_of(candidate, epochs, fold) for epochs in (1, 3) for fold in (0, 1)}
    assert len(keys) == 4
