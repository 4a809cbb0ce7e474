"""The tables of docs/reference/mqtt.md name the keys that the payloads have."""

import re
from dataclasses import fields

import pytest

from tools.firmware.sources import ROOT
from xnornode.fleet.payloads import STATES, GatewayState, Latest, State, Update
from xnornode.fleet.rollout import Before, Bounds, Rollout

pytestmark = pytest.mark.quick

PAGE = (ROOT / "docs" / "reference" / "mqtt.md").read_text(encoding="utf-8")


def section(head: str) -> str:
    return PAGE.partition(f"\n## {head}\n")[2].partition("\n## ")[0]


def keys(head: str) -> set[str]:
    """Those of the first column of the section's first table."""
    first = section(head).partition("\n\n| `state` | |")[0]
    cells = re.findall(r"^\| (`[^|]+) \|", first, re.M)
    return {key for cell in cells for key in re.findall(r"`(\w+)`", cell)}


def names(kind: type) -> set[str]:
    return {field.name for field in fields(kind)}


@pytest.mark.parametrize(
    "head, kind, more",
    [
        ("State", State, {"mqtt"}),
        ("Latest", Latest, {"mqtt"}),
        ("Update", Update, {"mqtt"}),
        ("Gateway state", GatewayState, {"mqtt", "refused"}),
    ],
)
def test_keys(head, kind, more):
    assert keys(head) == names(kind) | more


def test_keys_of_a_roll_out():
    assert keys("Roll-out") == names(Rollout) - {"id"} | {"mqtt"}
    rows = {
        line.split("|")[1].strip(" `"): line
        for line in section("Roll-out").splitlines()
        if "|" in line
    }
    assert {*re.findall(r"`(\w+)`", rows["bounds"])} == names(Bounds) | {"bounds"}
    assert names(Before) <= {*re.findall(r"`(\w+)`", rows["before"])}


def test_states_of_an_update():
    assert tuple(re.findall(r"^\| `([A-Z]+)` \|", section("Update"), re.M)) == STATES
