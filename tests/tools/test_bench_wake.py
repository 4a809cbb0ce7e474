"""The table of keywords, and groups of known speakers."""

import pytest

from tests.lab import chirps
from tools.bench.wake import KNOWN, of_known_speakers, table

pytestmark = pytest.mark.quick

ROW = {
    "missed": 0.25,
    "interval": [0.1, 0.4],
    "words an hour": 0.5,
    "at most": 12.3,
    "noise an hour": 0.0,
    "model": 3104,
    "ram": 6030,
    "total": 9134,
}


def test_table():
    heads, _, row = table({"up, dot": ROW}).splitlines()
    assert heads.count("|") == row.count("|") == 10
    assert row == "| up, dot | 25.0% | 10% to 40% | 0.5 | 12 | 0 | 3,104 | 6,030 | 9,134 |"


def test_known_speakers_are_in_every_group():
    made = of_known_speakers(chirps.dataset(noise=False))
    rows = {*zip(made.labels, made.groups, strict=True)}
    assert len(rows) == KNOWN * len(chirps.PITCHES)
    assert all(made.groups.count(group) == len(made.groups) / KNOWN for group in {*made.groups})
