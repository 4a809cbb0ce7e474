"""What a node has kept becomes recordings: each window once, whole, with what the node answered."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from tests.lab.faults import TO_HOST, Fault, Kind
from tests.lab.kept_files import KeptNode
from tests.lab.simulated import SimulatedPort
from xnornode.data.recording_file import RecordFile, from_bytes
from xnornode.data.recording_folder import count_classes, kept
from xnornode.errors import DataError, LinkError, NodeError
from xnornode.link.collect import STATE, Collected, Collector
from xnornode.link.kept import ask_kept

pytestmark = pytest.mark.quick


@pytest.fixture
def node(tmp_path):
    (tmp_path / "node").mkdir()
    return KeptNode(tmp_path / "node")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data"


def collect(node, folder, **options) -> Collected:
    return Collector(folder, **options).collect(SimulatedPort(node).session())


def recorded(done: Collected) -> list[RecordFile]:
    return [from_bytes(new.path.read_bytes(), "x") for new in done.fetched]


def test_windows_become_recordings_bit_for_bit(node, folder):
    made = node.keep(5)
    done = collect(node, folder, group="kitchen")
    assert [new.path for new in done.fetched] == [
        folder / "unsure" / "kitchen" / f"{n}.rec" for n in range(1, 6)
    ]
    for number, (samples, record) in enumerate(zip(made, recorded(done), strict=True), 1):
        assert np.array_equal(record.recording.samples, samples)
        assert (record.recording.label, record.recording.group) == ("unsure", "kitchen")
        assert record.scales == (122070, 122070) and record.rate_mhz == 100_000
        assert (record.answer, record.confidence) == ("unknown", 412)
        assert (record.model, record.revision, record.device) == ("watch", 3, "e660")
        assert record.kept == f"{node.ring.ring}/{number}"
    assert not done.missed and not done.damaged and not done.left_out
    classes = count_classes([*kept(folder)])
    assert [(c.name, c.items, c.groups) for c in classes] == [("unsure", 5, 1)]


def test_the_time_is_known_as_long_as_the_program_runs(node, folder):
    node.keep(1, ms=30_000)
    node.keep(1, session="an earlier one")
    done = collect(node, folder)
    began = datetime.fromisoformat(done.fetched[0].time)
    ago = (datetime.now(UTC) - began).total_seconds()
    assert 30 <= ago < 60, "30 s since then, and the window's length"
    assert done.fetched[1].time == ""


def test_only_what_is_new_comes_whatever_became_of_the_recordings(node, folder):
    node.keep(3)
    collect(node, folder)
    assert not collect(node, folder).fetched
    for path in folder.rglob("*.rec"):  # looked at, and deleted
        path.unlink()
    more = node.keep(2)
    done = collect(node, folder)
    assert [new.number for new in done.fetched] == [4, 5]
    assert np.array_equal(recorded(done)[0].recording.samples, more[0])
    # Given another class, and what was remembered is gone
    (folder / "wave").mkdir()
    for path in (folder / "unsure").glob("*.rec"):
        path.rename(folder / "wave" / path.name)
    for text in (None, "[", '{"x": "y"}', "[" * 100_000, '{"1a2b3c4d": -1}'):
        (folder / STATE).unlink() if text is None else (folder / STATE).write_text(text)
        assert not collect(node, folder).fetched


def test_two_nodes_in_one_folder(tmp_path, node, folder):
    (tmp_path / "other").mkdir()
    other = KeptNode(tmp_path / "other")
    node.keep(2)
    other.keep(3)
    assert len(collect(node, folder).fetched) == 2
    assert len(collect(other, folder).fetched) == 3
    assert not collect(node, folder).fetched and not collect(other, folder).fetched


def test_a_ring_whose_word_is_lost_gets_another_one(node, folder):
    node.keep(2)
    for path in Path(node.ring.folder).glob("*.ring"):
        path.unlink()
    node.restart()
    assert len(collect(node, folder).fetched) == 2 and not collect(node, folder).fetched
    assert len(node.ring.ring) == 8


def test_several_nodes_at_once(tmp_path, folder):
    nodes = []
    for name in "abcd":
        (tmp_path / name).mkdir()
        nodes.append(KeptNode(tmp_path / name))
        nodes[-1].keep(5)
    collector = Collector(folder)
    with ThreadPoolExecutor(4) as pool:
        done = [*pool.map(lambda n: collector.collect(SimulatedPort(n).session()), nodes)]
    assert len({new.path for each in done for new in each.fetched}) == 20
    assert not any(collect(n, folder).fetched for n in nodes)


def test_a_ring_that_was_made_anew_begins_at_its_first_window(node, folder):
    node.keep(4)
    collect(node, folder)
    for path in Path(node.ring.folder).iterdir():
        path.unlink()
    node.restart()
    node.keep(2)
    assert [new.number for new in collect(node, folder).fetched] == [1, 2]


def test_what_was_overwritten_before_is_counted(node, folder):
    node.keep(3)
    collect(node, folder)
    node.keep(4)
    node.ring.forget(5)
    node.ring.forget(5)
    done = collect(node, folder)
    assert [new.number for new in done.fetched] == [6, 7] and done.missed == 2


def test_windows_that_go_while_they_are_fetched(node, folder):
    """The node goes on, and a window takes several pieces."""
    made = node.keep(6, length=400)
    session, asked = SimulatedPort(node).session(), []
    request = session.request

    def slowly(name, **fields):
        asked.append(name)
        if len(asked) in (3, 6):  # amid windows 1 and 4
            node.ring.drop()
            node.ring.drop()
            made.extend(node.keep())
        return request(name, **fields)

    session.request = slowly
    done = Collector(folder).collect(session)
    assert [new.number for new in done.fetched] == [3, 5, 6]
    for new, record in zip(done.fetched, recorded(done), strict=True):
        assert np.array_equal(record.recording.samples, made[new.number - 1])


@pytest.mark.parametrize("seed", range(5))
def test_over_a_line_with_errors(node, folder, seed):
    made = node.keep(4)
    port = SimulatedPort(node, noise=2e-5, seed=seed)
    done = Collector(folder).collect(port.session())
    assert [new.number for new in done.fetched] == [1, 2, 3, 4]
    for samples, record in zip(made, recorded(done), strict=True):
        assert np.array_equal(record.recording.samples, samples)


def test_a_line_that_breaks_leaves_whole_recordings_and_the_next_call_goes_on(node, folder):
    made = node.keep(6)
    port = SimulatedPort(node, [Fault(Kind.DISCONNECT, TO_HOST, 5000)])
    done = Collected()
    with pytest.raises(LinkError):
        Collector(folder).collect(port.session(), done)
    assert 0 < len(done.fetched) < 6
    rest = collect(node, folder)
    assert len(done.fetched) + len(rest.fetched) == 6
    both = recorded(done) + recorded(rest)
    for samples, record in zip(made, both, strict=True):
        assert np.array_equal(record.recording.samples, samples)


def test_ctrl_c_leaves_whole_recordings_and_the_next_call_goes_on(node, folder):
    node.keep(5)

    def interrupt(count, total):
        if count == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        collect(node, folder, progress=interrupt)
    files = [*folder.rglob("*.*")]
    assert len([path for path in files if path.suffix == ".rec"]) == 3
    assert [new.number for new in collect(node, folder).fetched] == [4, 5]


def test_another_range_is_left_out_and_said(node, folder):
    node.keep(2)
    node.keep(2, scales=[244140, 244140])
    done = collect(node, folder, forget=True)
    assert [new.number for new in done.fetched] == [1, 2] and len(done.left_out) == 2
    assert "window 3" in done.left_out[0] and "another folder" in done.left_out[0]
    assert node.ring.numbers == [3, 4], "they are not forgotten"
    assert len(collect(node, folder.parent / "elsewhere").fetched) == 2


def test_the_node_forgets_what_is_fetched_and_no_more(node, folder):
    node.keep(11)
    session = SimulatedPort(node).session()
    request = session.request

    def busy(name, **fields):
        if name == "forget" and node.ring.next == 12:
            node.keep()
        return request(name, **fields)

    session.request = busy
    done = Collector(folder, forget=True).collect(session)
    assert len(done.fetched) == 11 and done.facts.windows == 1
    assert node.ring.numbers == [12]
    assert [new.number for new in collect(node, folder).fetched] == [12]
    assert not collect(node, folder, forget=True).fetched and not node.ring.numbers


def test_a_node_with_nothing(node, folder):
    done = collect(node, folder)
    assert not done.fetched and done.facts.oldest is None and not folder.exists()


def test_a_locked_node_and_a_link_that_may_not(node, folder):
    node.keep()
    node.receiver.allow = ("push",)
    for number in range(3):
        with pytest.raises(NodeError, match="not_allowed"):
            request = (("kept", {}), ("fetch", {"number": 1, "at": 0}), ("forget", {"number": 1}))
            SimulatedPort(node).session().request(request[number][0], **request[number][1])
    node.receiver.allow = ("record",)
    assert len(collect(node, folder).fetched) == 1
    node.receiver._streamer.locked = True
    with pytest.raises(NodeError, match="locked"):
        collect(node, folder)
    assert node.ring.numbers == [1]


def test_an_older_node_is_named(node):
    session = SimulatedPort(node).session()
    session.request = lambda name: (_ for _ in ()).throw(NodeError("unknown", "no such command"))
    with pytest.raises(LinkError, match="xnornode update"):
        ask_kept(session)


def test_wrong_places_are_found_before_the_node_is_asked(tmp_path):
    for label in ("", "a/b", "p1", ".x", "train"):
        with pytest.raises(DataError):
            Collector(tmp_path, label)
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="is a file"):
        Collector(tmp_path / "file")


def test_what_is_remembered_has_a_bound(node, folder, monkeypatch):
    node.keep()
    (folder / STATE).parent.mkdir(parents=True)
    (folder / STATE).write_text(json.dumps({f"{n:08x}": 1 for n in range(10_000)}))
    collect(node, folder)
    found = json.loads((folder / STATE).read_text())
    assert len(found) == 10_000 and found[node.ring.ring] == 2
