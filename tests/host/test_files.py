"""Files are written whole; what is no file is written into; two runs do not meet."""

import os
import pty
import stat
import subprocess
import sys
import threading
import tty
from pathlib import Path

import pytest

from xnornode import _files
from xnornode._files import check_writable, write_whole
from xnornode.errors import XnorNodeError

pytestmark = pytest.mark.quick


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_has_the_mode_that_any_new_file_has(tmp_path):
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "new", b"1")
    finally:
        os.umask(before)
    assert mode(tmp_path / "new") == 0o640


def test_an_old_file_keeps_its_mode_and_is_replaced(tmp_path):
    path = tmp_path / "old"
    path.write_bytes(b"old")
    path.chmod(0o604)
    with path.open("rb") as before:
        write_whole(path, b"new")
        assert before.read() == b"old", "replaced, not written into"
    assert path.read_bytes() == b"new" and mode(path) == 0o604
    assert [*tmp_path.iterdir()] == [path]


def test_a_link_that_leads_to_itself_is_refused_before_the_work(tmp_path):
    loop = tmp_path / "loop"
    loop.symlink_to("loop")
    with pytest.raises(XnorNodeError, match="leads to itself"):
        check_writable(loop)


def test_of_a_link_the_file_it_points_to_is_written(tmp_path):
    (tmp_path / "folder").mkdir()
    real, link, dangling = tmp_path / "folder" / "real", tmp_path / "link", tmp_path / "dangling"
    real.write_bytes(b"old")
    link.symlink_to("folder/real")
    dangling.symlink_to("folder/later")
    write_whole(link, b"new")
    write_whole(dangling, b"made")
    assert link.is_symlink() and real.read_bytes() == b"new" and not real.is_symlink()
    assert dangling.is_symlink() and (tmp_path / "folder" / "later").read_bytes() == b"made"


def test_a_pipe_is_written_into(tmp_path):
    pipe, heard = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: heard.append(pipe.read_bytes()))
    reader.start()
    write_whole(pipe, b"all of it")
    reader.join()
    assert heard == [b"all of it"] and stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_device_is_written_into():
    main, other = pty.openpty()  # where a mistake cannot replace anything
    tty.setraw(other)
    write_whole(os.ttyname(other), b"all of it")
    assert os.read(main, 100) == b"all of it"
    os.close(main)
    os.close(other)


@pytest.mark.parametrize("to_file", [False, True])
def test_stdout_is_written_into(to_file, tmp_path):
    code = "from xnornode._files import write_whole; write_whole('/dev/stdout', b'2'); print(3)"
    command = [sys.executable, "-c", "print(1, flush=True);" + code]
    if not to_file:
        assert subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout == b"1\n23\n"
        return
    with (tmp_path / "out").open("wb") as out:
        subprocess.run(command, stdout=out, check=True)
    assert (tmp_path / "out").read_bytes() == b"1\n23\n"


def test_two_runs_do_not_share_a_part_file(tmp_path, monkeypatch):
    """The second run writes all of its file while the first is about to rename its own."""
    path, replace = tmp_path / "m.bnn", Path.replace

    def late(part: Path, target: Path) -> Path:
        monkeypatch.setattr(Path, "replace", replace)
        write_whole(path, b"second")
        return replace(part, target)

    monkeypatch.setattr(Path, "replace", late)
    write_whole(path, b"first")
    assert path.read_bytes() == b"first" and [*tmp_path.iterdir()] == [path]


def test_a_failure_leaves_the_old_file_alone(tmp_path, monkeypatch):
    path = tmp_path / "m.bnn"
    path.write_bytes(b"old")

    def fail(part: Path, target: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(KeyboardInterrupt):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old" and [*tmp_path.iterdir()] == [path]


def test_what_cannot_be_written_is_found_before(tmp_path, monkeypatch):
    for path, says in (
        (tmp_path, "is a folder"),
        (tmp_path / "none" / "m.bnn", "there is no folder"),
        (Path("/proc/m.bnn"), "cannot be written to"),  # to root, too
    ):
        with pytest.raises(XnorNodeError, match=says):
            check_writable(path)
    monkeypatch.setattr(_files.os, "access", lambda path, how: False)
    with pytest.raises(XnorNodeError, match="permission denied"):
        check_writable(Path(os.devnull))
    check_writable(tmp_path / "m.bnn")
    assert [*tmp_path.iterdir()] == []
