"""The table of what was understood, as rows of text."""

from dataclasses import replace

import numpy as np
import pytest

from xnornode.data.dataset import from_windows
from xnornode.data.prepare import prepare
from xnornode.data.understood import understand
from xnornode.report.understood import MOST_ROWS, OVERRULE, Section, sections

pytestmark = pytest.mark.quick


def parts(*arguments) -> dict[str, Section]:
    found = sections(understand(from_windows("many", *arguments)))
    return {section.heads[0]: section for section in found}


def test_many_classes_groups_and_channels_are_cut():
    samples = np.random.default_rng(0).normal(size=(600, 4, 255))
    labels = [f"class {i % 100}" for i in range(600)]
    found = parts(samples, labels, [f"group {i // 2}" for i in range(600)])
    for what, count in (("class", 100), ("group", 300), ("channel", 255)):
        assert len(found[what].rows) == MOST_ROWS + 1
        assert found[what].rows[-1][0] == f"and {count - MOST_ROWS} more"


def test_columns_that_say_nothing_are_left_out():
    found = parts(np.random.default_rng(0).normal(size=(6, 4, 1)), list("ababab"))
    assert found["class"].heads == ("class", "items", "samples")  # no rate, no groups
    assert "unit" not in found["channel"].heads and "remark" not in found["channel"].heads


def test_what_is_overruled_fits_80_columns():
    assert max(map(len, OVERRULE.splitlines())) <= 80


def test_channels_that_only_rise_are_one_warning():
    rise = np.arange(60.0)[:, None] * np.ones(40)
    rows = [rise + k for k in range(4)]
    dataset = from_windows("r", np.stack(rows), list("abab"))
    recordings = replace(dataset, items=rows, kind="recordings")
    told = [w for w in understand(recordings).warnings if "rise" in w]
    assert len(told) == 1 and "40 channels only rise" in told[0] and "35 more" in told[0]


def test_a_value_beyond_full_scale_names_the_scale_that_holds_it():
    samples = np.random.default_rng(0).uniform(-1.2, 1.2, (40, 50, 1))
    samples[0, 0, 0] = 8.7441  # 8.74 would not hold it
    splits = prepare(from_windows("g", samples, ["a", "b"] * 20, None, ("x (g)",)))
    (guess,) = (g for g in splits.understood.guesses if "full" in g.option)
    assert "1 value is beyond its full scale of 2 g" in guess.text
    assert guess.option == "--full-scale 'x (g)=8.75'"
