"""What a watcher makes of a broker's messages, also of those that are not as they should be."""

from dataclasses import replace

import pytest

from tests.lab.extralab import NoBroker, state
from xnornode.errors import XnorNodeError
from xnornode.fleet import rollout_start
from xnornode.fleet.payloads import GatewayState, Latest, Update, to_payload
from xnornode.fleet.rollout import Rollout, to_rollout
from xnornode.fleet.status import hour_figures, row_of
from xnornode.fleet.view import FleetView, now_ms
from xnornode.link.mqtt_topics import Topics

pytestmark = pytest.mark.quick

LATEST = Latest("cd" * 32, 900, "watch", 4, 4, True)


@pytest.fixture
def view():
    return FleetView(NoBroker(), Topics(), hours=True)


def come(view, topic, payload):
    view._take(f"xnornode/{topic}", payload, True)


def node(view, **more):
    come(view, "a/availability", b"online")
    come(view, "a/state", to_payload(state("a", **more)))
    return view.nodes["a"]


def gateway(view, native, online=b"online"):
    said = GatewayState("attic", "0.2.0", native, ("a",), 1)
    come(view, "_gateway/attic/state", to_payload(said, refused={}))
    come(view, "_gateway/attic/availability", online)


def test_a_carried_node_is_there_with_its_gateway(view):
    found = node(view, gateway="attic")
    assert not view.there(found) and "its gateway attic is away" in row_of(view, found).trouble
    gateway(view, native=False)
    assert view.there(found) and view.updated_by(found)
    gateway(view, native=False, online=b"offline")
    assert not view.there(found) and not view.updated_by(found)


def test_a_node_by_itself_is_updated_by_a_gateway_with_native(view):
    found = node(view, gateway=None)
    assert view.there(found) and not view.updated_by(found)
    gateway(view, native=False)
    assert not view.updated_by(found)
    gateway(view, native=True)
    assert view.updated_by(found)


@pytest.mark.parametrize(
    "payload, why",
    [
        (b'{"mqtt":0}', "version 0"),
        (b'{"mqtt":2,"node":"a"}', "version 2"),
        (b" " * 100_000, "100,000 bytes"),
        (b"[" * 60_000, "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b'{"mqtt":1}', "`node` is missing"),
    ],
)
def test_what_is_not_understood_is_said_of_its_node(view, payload, why):
    found = node(view)
    before = found.state
    come(view, "a/state", payload)
    assert why in row_of(view, found).trouble and found.state == before
    come(view, "a/state", to_payload(state("a")))
    assert "not understood" not in row_of(view, found).trouble


def test_what_is_about_no_node_is_kept_as_a_problem(view):
    come(view, "_rollout/01234567", b'{"mqtt":1}')
    assert len(view.problems) == 1 and not view.rollouts


def test_other_topics_are_none_of_its_business(view):
    for topic in ("a/weather", "_rollout/x", "_gateway/a/b", "a/b/c/d", ""):
        come(view, topic, b"x")
    assert not view.nodes and not view.gateways and not view.problems


def test_a_node_whose_messages_were_taken_back_is_gone(view):
    node(view)
    for kind in ("availability", "state", "model/latest"):
        come(view, f"a/{kind}", b"")
    assert not view.nodes


def test_a_row_says_what_a_node_should_have_and_why_it_has_not(view):
    found = node(view, gateway=None)
    come(view, "a/model/latest", to_payload(LATEST))
    come(view, "a/model/update", to_payload(Update("FAILED", LATEST.sha256, error="ram")))
    row = row_of(view, found)
    assert row.latest == "watch, revision 4" and (row.update, row.error) == ("FAILED", "ram")
    assert "not updated (ram)" in row.trouble
    assert row_of(view, node(view, drift=1500, moved=("mean x",))).trouble.endswith("(mean x)")


def test_what_a_node_says_has_no_escapes_in_the_table(view):
    update = Update("FAILED", LATEST.sha256, error="\x1b[2J", message="\x07")
    come(view, "a/model/update", to_payload(update))
    found = node(view, trouble="\x1b]0;owned", machine="\x1b[31m", library="\x9b")
    row = row_of(view, found)
    said = (row.trouble, row.error, row.board, row.library)
    assert all(text.isprintable() and "\\x" in text for text in said)


def test_names_are_matched_as_shells_do(view):
    for name in ("kitchen-1", "kitchen-2", "hall"):
        come(view, f"{name}/availability", b"online")

    def names(*patterns):
        return [each.name for each in view.named(patterns)]

    assert names("kitchen*") == ["kitchen-1", "kitchen-2"]
    assert names("*-2", "hall") == ["hall", "kitchen-2"]
    assert names("Kitchen*") == []


def test_a_day_in_figures(view):
    come(
        view,
        "a/hour",
        b'{"mqtt":1,"hours":[{"start":0,"model":"","predictions":4,"labels":{"walk":3,"unknown":1},'
        b'"confidence":800,"lost":0,"restarts":0,"drift":null}]}',
    )
    figures = hour_figures(view.nodes["a"].hours, now=3_600_000)
    assert figures["labels"] == {"walk": 0.75, "unknown": 0.25}
    assert (figures["unknown"], figures["confidence"]) == (0.25, 800)
    assert hour_figures(view.nodes["a"].hours, now=30 * 3_600_000)["confidence"] is None


def test_who_runs_a_roll_out_is_said_at_once(view):
    name = "0123abcd"
    own = replace(LATEST, rollout=name)
    stages = (("a",), ("b",))
    record = Rollout(name, LATEST.sha256, "m", 2, stages=stages, latest=(own,), time=now_ms())
    assert rollout_start.beaten(record) == "no program runs it now"
    record = record.changed(runner="x", beat=now_ms() - 4000)
    come(view, f"_rollout/{name}", to_rollout(record))
    with pytest.raises(XnorNodeError, match=r"gave its last sign of life \d+ s ago"):
        rollout_start.same(view, "ab" * 32, {"a", "c"})
    for names in ({"a"}, {"a", "b", "c"}):  # one whose stages left some out is gone on with, too
        assert rollout_start.same(view, LATEST.sha256, names) == record
    said = []
    rollout_start.claim(view, record, said.append, unseen=0.3)
    assert "begun " in said[0] and "sign of life" in said[0]


def test_nobody_is_there_or_may_be_seen(view):
    with pytest.raises(rollout_start.Unnamed, match="the user me may not read"):
        rollout_start.targets(view, ["*"], "me")
