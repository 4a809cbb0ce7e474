"""What was tried, as the report shows it."""

import doctest
import json
from dataclasses import dataclass, replace

import pytest

from tests.host.report.test_report import Page
from tests.lab.waves import trained
from xnornode.model.features import Raw
from xnornode.nn.layer_spec import Dense
from xnornode.report import choice
from xnornode.report.baselines import fit_baselines
from xnornode.report.hints import Hint
from xnornode.report.html import to_html
from xnornode.report.metrics import Report, make_report, to_json
from xnornode.report.text import to_text
from xnornode.training.config import TrainConfig


@dataclass
class Tried:
    name: str
    config: TrainConfig
    accuracy: float
    error: float
    behind: float
    behind_error: float
    bytes: int
    microseconds: float
    seconds: float


@dataclass
class Choice:
    tried: tuple[Tried, ...]
    best: int
    why: str


CHOICE = Choice(
    (
        Tried(
            "statistics",
            TrainConfig(layers=(Dense(64),)),
            0.912,
            0.013,
            0.019,
            0.021,
            4321,
            820.0,
            6.2,
        ),
        Tried(
            "raw & <b>" + "long " * 20,
            TrainConfig(),
            0.931,
            0.012,
            0.0,
            0.0,
            123_456,
            82_000.0,
            31.0,
        ),
    ),
    0,
    "the smallest within one standard error of the best, raw",
)


@pytest.fixture(scope="module")
def report() -> Report:
    model, done, splits = trained()
    return make_report(
        model, done, splits, choice=CHOICE, baselines=fit_baselines(splits, Raw())[:2]
    )


def test_examples():
    assert doctest.testmod(choice).failed == 0


def test_text_shows_what_was_tried(report):
    text = to_text(report)
    assert "* statistics" in text and "4,321" in text and "91.2% ± 1.3  1.9 ± 2.1" in text
    assert "within one standard error" in text
    assert "logistic regression" in text and "majority class" in text
    assert max(map(len, text.splitlines())) <= 80


def test_page_shows_what_was_tried_and_simpler_methods(report):
    page = Page(to_html(report))
    assert not page.open and not page.outside
    assert "What was tried" in page.said and "* statistics" in page.said
    assert "Simpler methods on the same inputs" in page.said and "majority class" in page.said
    assert "within one standard error" in page.said and "<b>long" in page.said


def test_json_has_what_was_tried_and_simpler_methods(report):
    content = json.loads(to_json(report))
    assert content["choice"]["best"] == 0 and len(content["choice"]["tried"]) == 2
    assert content["choice"]["tried"][0] == {
        "name": "statistics",
        "features": "raw",
        "layers": "dense 64",
        "accuracy": 0.912,
        "error": 0.013,
        "behind": 0.019,
        "behind_error": 0.021,
        "bytes": 4321,
        "microseconds": 820.0,
        "seconds": 6.2,
    }
    rows = content["baselines"]
    assert [row["name"] for row in rows] == ["majority class", "logistic regression"]
    assert rows[0]["lead"] == pytest.approx(report.accuracy - rows[0]["accuracy"])
    assert content["hints"] == [] and 0.8 < content["training_accuracy"] <= 1
    bare = json.loads(to_json(make_report(*trained())))
    assert bare["baselines"] == [] and bare["choice"] is None


def test_page_shows_hints(report):
    hints = (Hint("overfits", "overfits <b>", ("first", "second")), Hint("x", "y", ("first",)))
    page = Page(to_html(replace(report, hints=hints)))
    assert not page.open and "overfits <b>." in page.said and "second" in page.said
    text = to_text(replace(report, hints=hints))
    assert "hint        overfits <b>" in text and "- second" in text
