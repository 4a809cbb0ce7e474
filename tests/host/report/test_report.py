"""The report: its figures, and its three forms."""

import doctest
import json
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from tests.lab.waves import LABELS, trained
from xnornode._words import columns
from xnornode.data.augment import ImageAugment
from xnornode.errors import DataError
from xnornode.nn.layer_spec import Conv, Dense
from xnornode.report import accuracy, settings, units
from xnornode.report.accuracy import confusion, nearly_right, per_class, per_group, wilson
from xnornode.report.html import to_html
from xnornode.report.layer_words import describe_layers
from xnornode.report.metrics import (
    Report,
    make_report,
    to_json,
)
from xnornode.report.pictures import Picture, principal_components, take_pictures
from xnornode.report.settings import describe_settings
from xnornode.report.signal_charts import draw, legend, to_png
from xnornode.report.text import to_text
from xnornode.training.config import Teacher, TrainConfig


@pytest.mark.quick
@pytest.mark.parametrize("module", [accuracy, settings, units])
def test_examples(module):
    assert doctest.testmod(module).failed == 0


@pytest.fixture(scope="module")
def report() -> Report:
    return make_report(*trained())


def test_figures_are_those_of_the_integer_network_on_the_test_part(report):
    model, float_network, parts = trained()
    guess = model.predict(parts.test.items)
    right = guess == parts.test.labels
    assert report.accuracy == right.mean() and 0.8 < report.accuracy <= 1
    assert report.differing == (float_network.predict(parts.test.items) != guess).sum()
    assert sum(map(sum, report.confusion)) == len(parts.test) == report.counts.test
    assert report.confusion[0][0] == (right & (parts.test.labels == 0)).sum()
    assert report.interval[0] < report.accuracy < report.interval[1] or report.accuracy == 1
    assert [g.group for g in report.groups] == list(parts.held_out) == ["p6", "p7"]
    assert len(report.history) == 6 and report.history[report.best_epoch - 1].validation == max(
        e.validation for e in report.history
    )


def test_confusion_recall_and_precision():
    true, guess = np.array([0, 0, 0, 1, 1, 3]), np.array([0, 0, 1, 1, 0, 0])
    table = confusion(true, guess, 4)
    assert table.tolist() == [[2, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0]]
    a, b, c, d = per_class(table, "abcd")
    assert (a.recall, a.precision, a.windows) == (2 / 3, 0.5, 3)
    assert (b.recall, b.precision) == (0.5, 0.5)
    assert (c.recall, c.precision, c.windows) == (None, None, 0)
    assert (d.recall, d.precision) == (0.0, None)


def test_accuracy_of_each_group():
    groups = np.array(["p10", "p9", "p9", "p10", "p9"])
    a, b = per_group(groups, np.array([True, True, False, True, False]))
    assert (a.group, a.windows, a.accuracy) == ("p9", 3, 1 / 3)
    assert (b.group, b.windows, b.accuracy) == ("p10", 2, 1.0)
    assert per_group(np.array([str(i) for i in range(51)]), np.ones(51, bool)) == ()


def test_nearly_right_is_a_step_off_at_most():
    labels = ("0.0", "0.1", "0.2", "0.4", "0.9")  # the step is a tenth, not a class
    true, guess = np.array([0, 0, 0, 2, 3, 4]), np.array([0, 1, 2, 3, 4, 0])
    near = [True, True, False, False, False, False]
    assert nearly_right(labels, true, guess).tolist() == near
    assert nearly_right(labels, true, guess, circular=True).tolist() == [*near[:-1], True]
    assert nearly_right(labels, true, guess, most=0).tolist() == [True] + [False] * 5
    assert nearly_right(labels, true, guess, most=2)[:4].all()
    with pytest.raises(DataError, match="'b' is none"):
        nearly_right(("1", "b"), true, guess)


@pytest.mark.parametrize(
    ("right", "count", "low", "high"),
    # From Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I.
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_interval(right, count, low, high):
    assert wilson(right, count) == pytest.approx((low, high), abs=5e-5)


def test_json_is_complete_and_stable(report):
    content = json.loads(to_json(report))
    assert content["format"] == "xnornode-report-1"
    assert list(content)[1:] == list(vars(report))
    assert content["confusion"] == [list(row) for row in report.confusion]
    assert content["cost"]["file_bytes"] == report.cost.file_bytes
    assert content["cost"]["times"][0]["chip"] == "RP2040"
    assert content["history"][0]["validation"] == report.history[0].validation
    assert to_json(report) == to_json(report)


def test_text_says_what_matters(report):
    text = to_text(report)
    assert f"accuracy    {report.accuracy:.1%}  integer network" in text
    assert f"{report.float_accuracy:.1%}" in text and "held out: p6, p7" in text
    assert f"{report.cost.file_bytes:,} bytes" in text
    assert "estimated on RP2040, 125 MHz" in text and "estimated on ESP32, 240 MHz" in text
    assert "Horowitz" in text and "measured" in text
    assert all(label in text for label in LABELS)
    lines = text.splitlines()
    at = lines.index("confusion matrix: a row per true class, a column per predicted one")
    row = next(line for line in lines[at + 1 :] if line.startswith(LABELS[0]))
    cells = row.removeprefix(LABELS[0]).replace(".", "0").split()
    assert [int(n) for n in cells if "%" not in n] == list(report.confusion[0])
    shares = [int(n[:-1]) for n in cells if "%" in n]
    assert sum(shares) in (99, 100, 101) and "F1" in text and "loss" in text


def test_a_large_confusion_matrix_becomes_a_list(report):
    many = tuple(f"class number {i}" for i in range(40))
    table = tuple(tuple(7 if i == j else int(j == 3) for j in range(40)) for i in range(40))
    text = to_text(replace(report, labels=many, confusion=table))
    assert "class number 0 taken for class number 3" in text


def test_text_fits_80_columns(report):
    long = tuple(f"{'class ' * 9}{i}" for i in range(30))  # 55 characters
    table = tuple(tuple(1 for _ in long) for _ in long)
    figures = per_class(np.array(table), long)
    groups = tuple(replace(report.groups[0], group=name) for name in long)
    history = report.history[:1] * 4000
    wide = replace(report, labels=long, confusion=table, classes=figures, groups=groups)
    wide = replace(wide, history=history, counts=replace(report.counts, held_out=long))
    for each in (report, wide):
        assert max(map(len, to_text(each).splitlines())) <= 80


class Page(HTMLParser):
    """Fails on tags that are not closed, and notes all that a page asks for or runs."""

    VOID = ("meta",)

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.outside: list[str] = []
        self.said = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.outside += [v for k, v in attrs if k in ("src", "href", "onload") and v]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.said += data + "\n"


def test_page_stands_alone_and_is_well_formed(report):
    page = Page(to_html(report))
    assert not page.open and not page.outside
    assert "script" not in page.seen and "b" in page.seen
    assert page.seen.count("svg") >= 4 and "polyline" in page.seen


def test_page_with_pictures(report):
    model, _, parts = trained()
    pictures = take_pictures(model, parts, report)
    assert len(pictures.examples) == len(LABELS)
    assert len(pictures.points) == len(pictures.classes) > 10 and np.abs(pictures.points).max() <= 1
    page = Page(to_html(report, pictures=pictures))
    assert not page.open and not page.outside and page.seen.count("figure") >= len(LABELS)
    assert "first principal component" in page.said and "true class" in page.said
    assert "F1" in page.said and "loss" in page.said


@pytest.mark.quick
def test_principal_components_find_the_directions_that_vary():
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(200, 2)) * (3, 1)
    mixed = hidden @ rng.normal(size=(2, 9)) + rng.normal(0, 0.01, (200, 9))
    for values in (mixed, np.tile(mixed, (1, 40))):
        points = principal_components(values)
        fit = np.linalg.lstsq(np.c_[points, np.ones(200)], hidden, rcond=None)[0]
        assert np.abs(np.c_[points, np.ones(200)] @ fit - hidden).max() < 0.2
    assert (principal_components(np.ones((5, 3))) == 0).all()


@pytest.mark.quick
def test_pictures_of_images_and_texts():
    image = Picture("0.5", np.arange(48, dtype=np.int16).reshape(48, 1), (6, 8))
    assert 'href="data:image/png;base64,' in draw(image, ("grey",))
    text = draw(Picture("ham", "caf\u00e9 <b>".encode() * 9), ("text",))
    assert "<b>" not in text and "&lt;b&gt;" in text
    pixels = np.random.default_rng(0).integers(0, 255, (6, 8, 3)).astype(np.uint8)
    assert (np.asarray(Image.open(BytesIO(to_png(pixels)))) == pixels).all()


@pytest.mark.quick
def test_settings_are_words():
    config = TrainConfig(
        layers=(Conv(8, (5, 5), (2, 2)), Dense(16)),
        image_shape=(28, 28),
        augment=ImageAugment(28, 28, shift=2),
        teacher=Teacher(),
        class_weights=(1.0, 2.5),
    )
    said = describe_settings(config)
    assert (
        said["teacher"].startswith("share 0.7, temperature 4") and said["class_weights"] == "1, 2.5"
    )
    assert not [value for value in said.values() if any(c in value for c in "()={}'<>")]


def test_page_escapes_labels(report):
    html = to_html(report)
    assert LABELS[0] not in html and "&lt;b&gt;above" in html
    assert "below & co" not in html and "below &amp; co" in html
    assert LABELS[0] in Page(html).said
    evil = replace(report, name="<script>alert(1)</script>", warnings=("<img src=x>",))
    page = Page(to_html(evil))
    assert "script" not in page.seen and "img" not in page.seen


def test_page_shows_the_figures(report):
    said = Page(to_html(report)).said
    assert f"{report.accuracy:.1%}" in said and f"{report.cost.file_bytes:,}" in said
    for row in report.confusion:
        assert all(str(n) in said for n in row if n)


def test_page_without_validation_and_with_one_epoch(report):
    short = replace(report, history=(replace(report.history[0], validation=None),), best_epoch=1)
    assert not Page(to_html(short)).open
    assert "training" in to_text(short)


def test_layers_in_words():
    model, *_ = trained()
    assert describe_layers(model) == ["dense 128 -> 16, binary in", "scores 16 -> 2, binary in"]


def test_a_page_of_a_hundred_classes_stays_small(report):
    labels = tuple(f"class number {i}" for i in range(100))
    table = np.random.default_rng(0).poisson(8, (100, 100))
    many = tuple(tuple(row) for row in table.tolist())
    page = to_html(replace(report, labels=labels, confusion=many, classes=per_class(table, labels)))
    assert len(page) < 1_000_000
    assert "windows are not drawn" in page and "taken for" in page
    assert "windows are not drawn" not in to_html(report)


def test_names_of_wide_letters_fit_the_text(report):
    labels, table = ("歩行" * 12, "walk"), ((3, 0), (0, 3))
    figures = per_class(np.array(table), labels)
    text = to_text(replace(report, labels=labels, confusion=table, classes=figures))
    assert max(map(columns, text.splitlines())) <= 80
    rows = [line for line in text.splitlines() if line.count("100.0%") == 3]
    assert len(rows) == 2 and len({columns(row) for row in rows}) == 1


def test_pictures_are_in_the_units_of_channels(report):
    model, _, parts = trained()
    window = replace(parts.window, scales=tuple(2_000_000 for _ in parts.window.channels))
    in_units = take_pictures(model, replace(parts, window=window), report)
    in_counts = take_pictures(model, parts, report)
    factor = [0.002 / (s * 1e-9 or 1) for s in parts.window.scales]
    assert np.allclose(in_units.examples[0].item, in_counts.examples[0].item * factor)
    assert "<line" in legend(("ax (g)",)) and "and 3 more channels" in legend(["c"] * 15)
