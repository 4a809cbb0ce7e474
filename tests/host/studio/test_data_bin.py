"""Deleted recordings come back as they were, and no name leads out of the data."""

import json
import os

import numpy as np
import pytest

from xnornode.data.recording_file import RecordFile
from xnornode.data.recording_folder import add_recording, kept
from xnornode.data.windows import Recording
from xnornode.errors import XnorNodeError
from xnornode.studio.app import Studio
from xnornode.studio.data_bin import empty_bin, from_bin, in_bin, to_bin
from xnornode.studio.data_paths import inside, key_of

pytestmark = pytest.mark.quick


@pytest.fixture
def studio(tmp_path):
    made = Studio(tmp_path / "recordings")
    yield made
    made.close()


def add(studio, label="wave", group="anna", first=0):
    samples = np.arange(first, first + 60, dtype=np.int16).reshape(20, 3)
    record = RecordFile(
        Recording(samples, label, group, "1"), ("x (g)", "y (g)", "z (g)"), (1,) * 3, 100_000
    )
    return add_recording(studio.data, record)


def test_deleted_and_brought_back(studio):
    path = add(studio)
    before = path.read_bytes()
    entry = to_bin(studio, path)
    assert not (studio.data / "wave").exists() and [*kept(studio.data)] == []
    assert [e.path for e in in_bin(studio)] == ["wave/anna/1.rec"]
    assert from_bin(studio, entry.id) == path
    assert path.read_bytes() == before and in_bin(studio) == []


def test_it_comes_back_beside_what_took_its_place(studio):
    path = add(studio)
    entry = to_bin(studio, path)
    other = add(studio, first=500)
    assert other == path
    before = other.read_bytes()
    assert from_bin(studio, entry.id) == path.with_name("2.rec")
    assert other.read_bytes() == before


def test_brought_back_again_after_a_kill_amid_it_is_one_file(studio):
    path = add(studio)
    entry = to_bin(studio, path)
    path.parent.mkdir(parents=True)
    os.link(studio.kept / "bin" / entry.id / "file", path)  # the move's first half
    assert from_bin(studio, entry.id) == path
    assert [*path.parent.iterdir()] == [path] and in_bin(studio) == []


def test_an_entry_that_is_damaged_is_none(studio):
    entry = to_bin(studio, add(studio))
    record = studio.kept / "bin" / entry.id / "record.json"
    content = json.loads(record.read_text())
    for path in ("../../x.rec", "/etc/passwd", "a/.studio/b", "", 3, None):
        record.write_text(json.dumps(content | {"path": path}))
        assert in_bin(studio) == []
        with pytest.raises(XnorNodeError, match="does not have this recording"):
            from_bin(studio, entry.id)


def test_empty(studio):
    entries = [to_bin(studio, add(studio, first=n)) for n in range(3)]
    assert empty_bin(studio, [entries[0].id]) == 1 and len(in_bin(studio)) == 2
    assert empty_bin(studio) == 2 and in_bin(studio) == []
    for id in ("..", "", "../../wave", entries[0].id):
        with pytest.raises(XnorNodeError):
            empty_bin(studio, [id])


@pytest.mark.parametrize(
    "key",
    ["", ".", "..", "../x", "a/../../x", "/etc/passwd", "%2e%2e/x", "a//b", ".studio/bin", "a/.b",
     "a%00b", "%2fetc/passwd", "x" * 9000, "a/%2e%2e/%2e%2e/x", "__MACOSX/1.rec",
     "wave%2f..%2f..%2fx"],
)  # fmt: skip
def test_names_that_lead_elsewhere_are_refused(studio, key):
    add(studio)
    (studio.data.parent / "x").write_text("secret")
    with pytest.raises(XnorNodeError):
        inside(studio, key)


def test_symbolic_links_are_not_followed(studio):
    path = add(studio)
    (studio.data.parent / "secret.rec").write_bytes(path.read_bytes())
    os.symlink(studio.data.parent / "secret.rec", studio.data / "wave" / "link.rec")
    os.symlink(studio.data.parent, studio.data / "up")
    for key in ("wave/link.rec", "up/secret.rec"):
        with pytest.raises(XnorNodeError, match="symbolic link"):
            inside(studio, key)


def test_odd_names(studio):
    place = os.fsencode(studio.data) + b"/l\xe4ufen"
    os.makedirs(place)
    with open(place + b"/100 %.rec", "wb") as file:
        file.write(b"x")
    [path] = studio.data.glob("*/*")
    assert inside(studio, key_of(path.relative_to(studio.data))) == path
