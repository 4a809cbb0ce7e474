"""Updates of the node's library on littlefs in RAM: power cuts, versions that do not come up.

tests/system/test_update_pico.py has the whole command on the emulated Pico.
"""

from hashlib import sha256

import pytest

from tests.lab.librarylab import OWN, LibraryLab, parts, quiet, with_version
from tests.lab.livenode import small_model
from xnornode.board import library_steps, node_library
from xnornode.board.assets import LIBRARY_TRIAL
from xnornode.board.library_places import COMMON, LIBRARY, NEW, OLD, TRIAL
from xnornode.board.library_proof import failure
from xnornode.board.library_steps import Version, settle, stage_previous, version
from xnornode.errors import LinkError
from xnornode.link.reach import Known
from xnornode.model.file_format import to_bytes

MODEL = to_bytes(small_model())
EVENTS = f"{LIBRARY}/events.mpy"


@pytest.fixture(scope="module")
def new():
    return parts(node_library.compile_library("x64"))


@pytest.fixture(scope="module")
def old(new):
    return with_version(new, "0.1.9")


@pytest.fixture
def lab(tmp_path):
    return LibraryLab(tmp_path)


def update(lab, old, new):
    """A board with the old version that has been told to start with the new one."""
    with lab.board() as board:
        lab.set_up(board, old)
        lab.save(board, "before")
        sent = lab.update(board, new)
        lab.save(board)
    assert sent == len(new)


def versions(starts):
    return [start["version"] for start in starts if "start" in start]


def test_each_power_cut_leaves_the_old_version_or_the_new_one(lab, old, new):
    """Before each flash operation of the update and of the starts after it, and in shreds of it."""
    update(lab, old, new)
    starts = lab.starts(MODEL, 3, "before", "shreds of")
    assert versions(starts) == ["0.2.0"] * 3
    cuts = [start for start in starts if "cut" in start]
    for cut in cuts:
        allowed = ("0.1.9", "0.2.0") if cut["step"] == "update" else ("0.2.0",)
        assert all(said in allowed for said in cut["versions"]), cut
    written = [cut["versions"] for cut in cuts if cut["step"] == "update"]
    assert written == sorted(written) and written[0] != written[-1] and len(written) > 200
    assert len(cuts) - len(written) > 8


def test_a_careless_switch_is_found_out(lab, old, new, monkeypatch):
    monkeypatch.setattr(library_steps, "_SWITCH", COMMON + "remove(HERE)\nos.rename(NEW, HERE)")
    update(lab, old, new)
    said = {s for start in lab.starts(MODEL, 1, "before") for s in start.get("versions", ())}
    assert any(text.startswith("ImportError") for text in said)


def broken(new, kind):
    """A version that fails in one way."""
    data = bytearray(new[EVENTS])
    without = {path: text for path, text in new.items() if path != EVENTS}
    match kind:
        case "wrong version of mpy":
            data[1] = 5
            return {**new, EVENTS: bytes(data)}
        case "wrong architecture":
            data[2] = 4 << 2 | 3  # armv6m
            return {**new, EVENTS: bytes(data)}
        case "module missing":
            return without
    return {**without, EVENTS.replace(".mpy", ".py"): kind.encode()}


@pytest.mark.parametrize(
    "kind",
    ["wrong version of mpy", "wrong architecture", "module missing", "def f(:\n",
     "from xnornode.nowhere import a", "bytearray(1 << 40)", "1 // 0"],
)  # fmt: skip
def test_a_version_that_cannot_be_imported_is_out_at_its_first_start(lab, old, new, kind):
    init = f"{LIBRARY}/__init__.mpy"
    bad = broken(new, kind)
    text = (node_library.LIBRARY / "__init__.py").read_text().replace("0.2.0", "0.3.0")
    bad = {p: d for p, d in bad.items() if p != init}
    bad[f"{LIBRARY}/__init__.py"] = (text + "\nimport xnornode.events\n").encode()
    update(lab, old, bad)
    assert versions(lab.starts(MODEL, 2)) == ["0.1.9", "0.1.9"]


def test_a_version_that_hangs_is_out_after_three_starts(lab, old, new):
    """Its owner takes the power away: the start does not come to its end."""
    bad = broken(new, "raise KeyboardInterrupt")
    update(lab, old, bad)
    assert versions(lab.starts(MODEL, 5)) == ["KeyboardInterrupt: "] * 3 + ["0.1.9"] * 2


def test_a_version_that_never_says_ready_is_out_after_three_starts(lab, old, new):
    update(lab, old, new)
    assert versions(lab.starts(MODEL, 5, "deaf")) == ["0.2.0"] * 3 + ["0.1.9"] * 2


def test_a_node_of_an_earlier_release_that_has_sources(lab, new):
    """It has the library as text, as `mip` brought it."""
    sources = {
        path.replace(".mpy", ".py"): node_library.LIBRARY.joinpath(
            path[len(LIBRARY) + 1 :].replace(".mpy", ".py")
        ).read_bytes()
        for path in new
    }
    update(lab, with_version(sources, "0.1.0"), new)
    assert versions(lab.starts(MODEL, 2)) == ["0.2.0"] * 2


def test_a_full_node_is_left_as_it_is(lab, old, new):
    with lab.board() as board:
        lab.set_up(board, old)
        free = "os.statvfs('/')[3]"
        board.run(f"import os\nf = open('/fill', 'wb')\nwhile {free} > 12: f.write(bytes(4096))")
        board.run("f.close()")
        with pytest.raises(LinkError, match=r"the node is full: two versions .* bytes more"):
            lab.update(board, new)
        lab.save(board)
    assert versions(lab.starts(MODEL, 1)) == ["0.1.9"]


def test_the_version_before_goes_where_there_is_no_room_for_three(lab, old, new):
    with lab.board() as board:
        lab.set_up(board, old)
        lab.set_up(board, {path.replace(LIBRARY, OLD): data for path, data in old.items()})
        board.run("import os\nf = open('/fill', 'wb')")
        board.run("while os.statvfs('/')[3] > 18: f.write(bytes(4096))\nf.close()")
        lab.update(board, new)
        lab.save(board)
    assert versions(lab.starts(MODEL, 2)) == ["0.2.0"] * 2


def test_an_update_that_was_cut_off_goes_on(lab, old, new):
    with lab.board() as board:
        lab.set_up(board, old)
        some = dict([*new.items()][:4])
        lab.set_up(board, {path.replace(LIBRARY, NEW): data for path, data in some.items()})
        board.put(b"of another version", f"{NEW}/other.mpy")
        assert lab.update(board, new) == len(new) - 4
        names = board.run(f"import os; print(*os.listdir({NEW!r}))").split()
        assert "other.mpy" not in names and "trial.0" in names
        lab.save(board)
    assert versions(lab.starts(MODEL, 1)) == ["0.2.0"]


def test_a_trial_that_the_command_ends(lab, old, new):
    known = node_library.obsolete([])
    with lab.board() as board:
        lab.set_up(board, old)
        before = version(board, known)
        assert before.name == "0.1.9" and Version("0.1.9", before.digest) == before
        lab.update(board, new)
        settle(board)
        assert version(board, known) == before
        there = board.run("import os; print(*os.listdir('/lib'))").split()
        assert {*there} == {"xnornode", "xnornode_new"}
        assert "trial" not in board.run(f"print(*os.listdir({NEW!r}))")
        lab.update(board, new)
        board.run(f"os.rename({NEW + '/trial.0'!r}, {NEW + '/trial.up'!r})")
        settle(board)
        assert version(board, known).name == "0.2.0"
        own = {path: sha256(data).hexdigest() for path, data in OWN.items()}
        assert board.hashes([*OWN]) == own


def test_a_rollback_goes_to_the_version_before_alone(lab, old, new):
    """Not to one that an update has put there which was cut off before its switch."""
    known = node_library.obsolete([])
    with lab.board() as board:
        lab.set_up(board, old)
        library_steps.stage(board, new, known, quiet, quiet)
        with pytest.raises(LinkError, match="no previous version"):
            stage_previous(board, known)
        lab.update(board, new)
        board.run(f"os.rename({NEW + '/trial.0'!r}, {NEW + '/trial.up'!r})")
        settle(board)
        for _ in range(2):  # the second one is after a cut before its switch
            assert stage_previous(board, known).name == "0.1.9"
        lab.save(board)
    assert versions(lab.starts(MODEL, 1)) == ["0.2.0"]


def test_a_program_that_died_is_no_version_that_came_up(lab):
    answers = Known(at_repl=True), Known(at_repl=True, stopped=True)
    with lab.board() as board:
        board.run(f"import os\nos.mkdir({LIBRARY!r})")
        board.put(b"", f"{LIBRARY}/__init__.py")
        assert not any(failure(board, node) for node in answers)  # no program starts by itself
        board.put(b"import time\n# from xnornode flash\n", "/main.py")
        assert not any(failure(board, node) for node in answers)
        board.put(b"from xnornode.runner import run\n", "/main.py")
        died, stopped = (failure(board, node) for node in answers)
        assert died.startswith("/main.py ended before it was ready: ImportError: no module named")
        assert not stopped  # it ran, and has no link
        board.put(b"from xnornode import Link\n", "/main.py")
        died, stopped = (failure(board, node) for node in answers)
        assert "ImportError" in died
        assert stopped.startswith("/main.py does not answer")


TINY = (
    "import gc, os, sys\n"
    "bad = 'import gc\\ngc.threshold(4096)\\n1 // 0'\n"
    "for folder, text in (({new!r}, bad), ({old!r}, 'X = 1')):\n"
    "    os.mkdir(folder)\n"
    "    with open(folder + '/__init__.py', 'w') as f: f.write(text)\n"
    "open({new!r} + '/trial.0', 'w').close()\n"
)


def test_a_failed_import_leaves_the_heap_as_it_was(lab):
    with lab.board() as board:
        board.put(LIBRARY_TRIAL.read_bytes(), TRIAL)
        board.run(TINY.format(new=NEW, old=OLD))
        said = board.run("gc.threshold(8192)\nimport xnornode\nprint(xnornode.X, gc.threshold())")
        assert said.split()[-2:] == ["1", "8192"]


@pytest.mark.parametrize(
    ("platform", "there", "taken"),
    [("rp2", (-1, 3), [-1]), ("esp32", (0, 1, 2, 3), [3]), ("esp32", (0, 1), [1]),
     ("nrf", (0, 1, 2, 3), [])],
)  # fmt: skip
def test_the_timer_of_a_trial(lab, platform, there, taken):
    """On ports with the virtual timer, and on those that have hardware timers alone."""
    source = LIBRARY_TRIAL.read_text().replace("sys.platform", repr(platform))
    fake = (
        "import sys\ntaken = []\n"
        "class Timer:\n ONE_SHOT = 0\n"
        f" def __init__(self, n, **_):\n  if n not in {there}: raise ValueError(n)\n"
        "  taken.append(n)\n"
        " def deinit(self): taken.append('end')\n"
        "class machine: pass\nmachine.Timer = Timer\nmachine.reset = None\n"
        "sys.modules['machine'] = machine\n"
    )
    functions = source[: source.index("\n_start()\n")]
    with lab.board() as board:
        board.run(fake + functions)
        board.run("_arm()\n_disarm()\n_disarm()")
        assert board.value("import json\nprint(json.dumps(taken))") == [
            *taken,
            *["end"] * len(taken),
        ]
