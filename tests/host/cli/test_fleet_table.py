"""The table of `xnornode fleet status`, whatever the terminal's width."""

from dataclasses import replace

import pytest

from tests.lab.extralab import NoBroker, state
from xnornode.cli.fleet_table import table_lines
from xnornode.fleet.payloads import to_payload
from xnornode.fleet.status import row_of
from xnornode.fleet.view import FleetView
from xnornode.link.mqtt_topics import Topics

pytestmark = pytest.mark.quick


@pytest.fixture
def view():
    return FleetView(NoBroker(), Topics(), lines=True)


def come(view, name, **more):
    view._take(f"xnornode/{name}/availability", b"online", True)
    view._take(f"xnornode/{name}/state", to_payload(state(name, **more)), True)
    return view.nodes[name]


@pytest.mark.parametrize("width", [40, 60, 80, 100, 300, None])
def test_names_are_whole_and_lines_fit(view, width):
    names = [f"kitchen-window-upstairs-{k}" for k in range(3)]
    board = "Raspberry Pi Pico W with RP2040"
    nodes = [come(view, n, machine=board, trouble="x" * 60) for n in names]
    lines = table_lines([row_of(view, node) for node in nodes], width)
    for name in names:
        assert sum(line.startswith(name) for line in lines) == 1
    assert len(lines) <= 1 + 2 * len(names)
    if width is None:
        assert len(lines) == 1 + len(names) and board in lines[1] and "x" * 60 in lines[1]
    elif width >= 60:
        assert max(map(len, lines)) <= width


def test_two_models_of_one_name_are_told_apart(view):
    a, b = row_of(view, come(view, "a")), row_of(view, come(view, "b"))
    assert a.sha256[:8] not in "".join(table_lines([a, b]))
    lines = table_lines([a, replace(b, sha256="cd" * 32)])
    assert a.sha256[:8] in lines[1] and "cdcdcdcd" in lines[2]


def test_seen_is_what_came_last(view):
    node = come(view, "a", time=None, seen=None)
    assert row_of(view, node).seen is None
    view._hear("xnornode/a/prediction", b"{}", True)
    assert row_of(view, node).seen is None
    view._hear("xnornode/a/prediction", b"{}", False)
    assert row_of(view, node, node.heard + 400).seen == 400


def test_the_rate_of_a_node_that_has_just_come_is_measured(view):
    node = come(view, "a", rate_mhz=0)
    assert row_of(view, node).rate == 0
    view._hear("xnornode/a/prediction", b"{}", False)
    assert row_of(view, node).rate is None
    node.counted, node.began = 4, node.heard - 2000
    assert row_of(view, node).rate == 2.0
    assert row_of(view, come(view, "a", rate_mhz=7000)).rate == 7.0
