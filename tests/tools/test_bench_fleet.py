"""The bench of a fleet: it counts rightly, and a gateway loses nothing of 60 nodes."""

import json
import xml.etree.ElementTree as ElementTree

import pytest

from tests.lab.fleetcount import Counts, Numbers
from tools.bench import fleet
from tools.docs.fleet_chart import FIGURES, PICTURE, chart


def test_sixty_nodes_lose_nothing(tmp_path, monkeypatch, capsys):
    """48 speak lines, and 12 MQTT. Counts alone are looked at: figures are the machine's."""
    monkeypatch.setattr(fleet, "SETTLE", 1.0)
    file = tmp_path / "fleet.json"
    options = ["--nodes", "60", "--seconds", "4", "--native", "0.2", "--json", str(file)]
    assert fleet.main(options) == 0
    (run,) = json.loads(file.read_text())["runs"]
    assert (run["nodes"], run["native"], run["nodes heard"]) == (60, 12, 60)
    assert run["received"] == run["sent"] >= 60
    assert (run["lost"], run["exit status"]) == (0, 0)
    assert all(run["end"][part]["own"] > 0 for part in fleet.PARTS)
    shown = capsys.readouterr().out
    assert f"{run['sent']:,}" in shown and all(part in shown for part in fleet.PARTS)


@pytest.mark.quick
def test_numbers_that_are_missing_late_and_twice():
    numbers = Numbers()
    for seq in (0, 1, 4, 2, 2, 5, 0):
        numbers.take(seq)
    assert numbers.missing == {3}
    assert (numbers.came, numbers.late, numbers.twice) == (5, 1, 2)


@pytest.mark.quick
def test_nodes_and_sessions_are_told_apart():
    counts = Counts()
    for node, session in (("a", "1"), ("a", "2"), ("b", "1")):
        line = {"seq": 0, "session": session, "ms": 0}
        counts.take(f"xnornode/{node}/prediction", json.dumps(line).encode())
    facts = counts.facts()
    assert (facts["came"], facts["sessions"], facts["twice"]) == ({"a": 2, "b": 1}, 3, 0)


@pytest.mark.quick
def test_the_share_of_delays():
    counts = Counts()
    counts.delays.update({1: 98, 7: 1, 50: 1})
    assert (counts.share(0.5), counts.share(0.99), counts.share(1.0)) == (1, 7, 50)


@pytest.mark.quick
def test_the_picture_is_that_of_the_figures():
    drawn = chart(json.loads(FIGURES.read_text()))
    ElementTree.fromstring(drawn)
    assert PICTURE.read_text() == drawn, "draw it: python -m tools.docs.fleet_chart"
