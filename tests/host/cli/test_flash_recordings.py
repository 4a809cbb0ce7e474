"""Recordings that `xnornode flash` puts on a node, as `xnornode record` lays them in folders."""

import pytest

from xnornode.cli.flash_files import UsageError, collect
from xnornode.cli.main import _parser, main
from xnornode.data.recording_file import to_bytes

pytestmark = pytest.mark.quick


@pytest.fixture
def folder(tmp_path, record):
    for label in ("slow", "fast"):
        for group in ("anna", "ben"):
            (tmp_path / label / group).mkdir(parents=True)
            (tmp_path / label / group / "1.rec").write_bytes(to_bytes(record(label, group)))
    (tmp_path / "empty").mkdir()
    return tmp_path


def places(*recordings) -> list[str]:
    given = [text for path in recordings for text in ("--recording", str(path))]
    options = _parser(["flash"]).parse_args(["flash", "--no-firmware", *given])
    return sorted(collect(options).files)


def test_folders_are_part_of_the_name(folder):
    assert places(folder) == [
        f"/recordings/{label}-{group}-1.rec"
        for label in ("fast", "slow")
        for group in ("anna", "ben")
    ]
    assert places(folder / "slow" / "ben" / "1.rec") == ["/recordings/1.rec"]


def test_none_is_dropped(folder):
    with pytest.raises(UsageError, match="two recordings would be /recordings/anna-1"):
        places(folder / "slow", folder / "fast")
    with pytest.raises(UsageError, match=r"no \.rec file in .*empty"):
        places(folder / "slow", folder / "empty")


def test_it_is_found_before_the_work(folder):
    arguments = ["flash", "--dry-run", "--no-firmware", "--port", "/dev/none"]
    assert main([*arguments, "--recording", str(folder / "empty")]) == 1
