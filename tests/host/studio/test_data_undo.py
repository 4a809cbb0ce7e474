"""Undo loses no recording, and a studio that is killed amid an edit leaves no contradiction."""

import os
import signal
from pathlib import Path

import pytest

from tests.host.studio.data_folders import gestures, header, motion, write_wav
from xnornode.data.recording_csv import to_csv
from xnornode.errors import XnorNodeError
from xnornode.studio import data_edit, data_journal, data_moves
from xnornode.studio.app import Studio
from xnornode.studio.data_bin import empty_bin, from_bin, in_bin
from xnornode.studio.data_edit import Edits
from xnornode.studio.data_list import Catalogue

pytestmark = pytest.mark.quick

HALVES = [(0, 90), (90, 200)]


@pytest.fixture
def studio(tmp_path):
    made = Studio(tmp_path / "recordings")
    gestures(made.data, 1)
    yield made
    made.close()


def items(studio):
    return Catalogue(studio.data).look().items


def files(studio):
    """All files of the data, with what is in them."""
    return {item.key: item.path.read_bytes() for item in items(studio)}


def of(studio, keys):
    return [item for item in items(studio) if item.key in keys]


def test_no_undo_of_a_cut_whose_whole_is_emptied_out_of_the_bin(studio):
    edits = Edits(studio)
    before = edits.relabel(items(studio)[-1:], "jump", None)
    edit = edits.cut(items(studio)[0], HALVES)
    now = files(studio)
    empty_bin(studio)
    assert edits.last is before
    with pytest.raises(XnorNodeError, match="does not have this recording"):
        edits.undo(edit.id)
    assert files(studio) == now


@pytest.mark.parametrize("what", ["relabelled", "deleted", "written"])
def test_no_undo_of_a_cut_whose_part_has_changed(studio, what):
    edits = Edits(studio)
    edit = edits.cut(items(studio)[0], HALVES)
    part = of(studio, edit.keys)[1]
    if what == "relabelled":
        edits.relabel([part], "wave", None)
    elif what == "deleted":
        edits.delete([part])
    else:
        part.path.write_bytes(part.path.read_bytes() + b"\0" * 6)
    now = files(studio)
    with pytest.raises(XnorNodeError, match=r"changed or moved since.*stays in the bin"):
        edits.undo(edit.id)
    assert files(studio) == now and "cut" in {entry.why for entry in in_bin(studio)}


def test_edits_are_undone_one_behind_the_other(studio):
    before = files(studio)
    edits = Edits(studio)
    edit = edits.cut(items(studio)[0], HALVES)
    edits.relabel(of(studio, edit.keys), "wave", "dora")
    edits.relabel(items(studio), "jump", None)
    edits.delete(items(studio)[:3])
    assert files(studio) != before
    while edits.last:
        assert edits.undo(edits.last.id)[1] == []
    assert files(studio) == before and in_bin(studio) == []


def test_a_step_that_fails_stops_the_undo_and_can_be_tried_again(studio, monkeypatch):
    before = files(studio)
    edits = Edits(studio)
    edit = edits.delete(items(studio)[:3])
    calls = []

    def full(*given):
        calls.append(given)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        return from_bin(*given)

    monkeypatch.setattr(data_moves, "from_bin", full)
    assert "No space left" in str(edits.undo(edit.id)[1])
    assert len(calls) == 2 and len(files(studio)) == 4
    assert edits.undo(edit.id)[1] == [] and files(studio) == before and edits.last is None


def test_undo_of_another_label_gives_the_same_bytes_and_keeps_none_of_them(studio):
    path = studio.data / "wave" / "anna" / "1.rec"
    line, _, body = path.read_bytes().partition(b"\n")
    path.write_bytes(line.replace(b'": ', b'":   ') + b"\n" + body)
    (studio.data / "wave" / "7.csv").write_bytes(to_csv(motion("wave", "", 3)))
    before = files(studio)
    edits = Edits(studio)
    edit = edits.relabel(items(studio), "jump", "dora")
    kept = [
        cell.cell_contents for s in edit.steps for f in (s.check, s.do) for cell in f.__closure__
    ]
    assert max(len(value) for value in kept if isinstance(value, bytes)) < 1000
    edits.undo(edit.id)
    assert files(studio) == before


def test_another_label_that_fails_leaves_the_old_file_alone(studio, monkeypatch):
    before = files(studio)
    item = items(studio)[0]
    real = Path.unlink

    def unlink(path, **more):
        if path == item.path:
            raise PermissionError(13, "Permission denied")
        real(path, **more)

    monkeypatch.setattr(Path, "unlink", unlink)
    with pytest.raises(XnorNodeError, match="Permission denied"):
        Edits(studio).relabel([item], "jump", None)
    assert files(studio) == before
    consistent(studio)


def killed(module, name, act, when=1):
    """Do something in a process that is killed before the `when`-th call of a function."""
    pid = os.fork()
    if pid == 0:
        left = [when]

        def die(*given, **more):
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*given, **more)

        real = getattr(module, name)
        setattr(module, name, die)
        act()
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(pid, 0)[1]) == signal.SIGKILL


def recordings(studio):
    """How often each content is there, whatever its label."""
    found = [data.partition(b"\n")[2] for data in files(studio).values()]
    return sorted(found)


def consistent(studio):
    """Whether each recording's head says where it is, and no edit is left open."""
    for path in studio.data.glob("*/*/*.rec"):
        assert header(path)["label"] == path.parts[-3]
    assert [*(studio.kept / "edits").glob("*.json")] == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.parametrize(
    "module, name, when",
    [(Path, "unlink", n) for n in range(1, 5)]
    + [(data_journal, "write_new", 1), (data_moves, "drop_empty", 1), (os, "link", 1)],
)
def test_killed_amid_another_label(studio, module, name, when):
    before = recordings(studio)
    item = items(studio)[0]
    edits = Edits(studio)
    killed(module, name, lambda: edits.relabel([item], "jump", None), when)
    Edits(studio)
    assert recordings(studio) == before
    consistent(studio)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_killed_amid_the_move_of_a_sound(studio):
    write_wav(studio.data / "clap" / "1.wav", 440)
    before = files(studio)
    [item] = [item for item in items(studio) if item.label == "clap"]
    edits = Edits(studio)
    killed(os, "unlink", lambda: edits.relabel([item], "snap", None), 2)
    assert len(files(studio)) == len(before) + 1
    Edits(studio)
    assert files(studio) == before
    consistent(studio)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.parametrize("module, name, when", [
    (data_journal, "write_new", 2), (data_edit, "to_bin", 1), (data_edit, "join", 1),
])  # fmt: skip
def test_killed_amid_a_cut(studio, module, name, when):
    before = files(studio)
    item = items(studio)[0]
    edits = Edits(studio)
    killed(module, name, lambda: edits.cut(item, HALVES), when)
    Edits(studio)
    if in_bin(studio):  # it was done: the parts are there, and the whole in the bin
        assert name == "join" and len(files(studio)) == len(before) + 1
    else:
        assert files(studio) == before
    consistent(studio)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.parametrize("when", range(1, 7))
def test_killed_amid_the_undo_of_a_cut(studio, when):
    before = files(studio)
    edits = Edits(studio)
    edit = edits.cut(items(studio)[0], HALVES)
    parts = files(studio)
    killed(os, "unlink", lambda: edits.undo(edit.id), when)
    Edits(studio)
    assert files(studio) in (before, parts)
    assert files(studio) == before or len(in_bin(studio)) == 1
    consistent(studio)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.parametrize("when", range(1, 5))
def test_killed_amid_the_undo_of_another_label(studio, when):
    before = files(studio)
    edits = Edits(studio)
    edit = edits.relabel(items(studio)[:1], "jump", None)
    moved = files(studio)
    killed(os, "unlink", lambda: edits.undo(edit.id), when)
    Edits(studio)
    assert files(studio) in (before, moved)
    consistent(studio)


def test_an_edit_of_a_studio_that_lives_is_left_alone(studio):
    item = items(studio)[0]
    with data_journal.Swap(studio, [(item.path, item.version)]) as swap:
        new = swap.write([item.path.with_name("9.rec")], lambda _: item.path.read_bytes())
        Edits(studio)
        assert new.is_file()
    consistent(studio)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": "xnornode-edit-1"}', "[" * 9999])
def test_a_damaged_journal_does_no_harm(studio, text):
    before = files(studio)
    (studio.kept / "edits").mkdir(parents=True)
    (studio.kept / "edits" / "1.json").write_text(text)
    Edits(studio)
    assert files(studio) == before
