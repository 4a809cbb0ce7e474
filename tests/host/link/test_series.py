"""InfluxDB line protocol and Prometheus text, read by readers that others wrote or by the specs."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from tests.lab.line_protocol import Point, read_point
from xnornode.link.influx import Points, point
from xnornode.link.messages import Caution, End, Error
from xnornode.link.predictions import Detected, Prediction
from xnornode.link.prometheus import OTHER, Losses, Metrics, family
from xnornode.link.schema import LONGEST_LIST, printable

pytestmark = pytest.mark.quick

TEXTS = st.text(max_size=12) | st.text(alphabet='\\ ,="\n\r#{}a_', max_size=8)
KEYS = TEXTS.filter(lambda t: t and not t.startswith("_") and t != "time")
TAGS = st.lists(st.tuples(KEYS, TEXTS), unique_by=lambda t: in_tag(t[0]), max_size=4).map(dict)
LOSSES = Losses(lost=3, damaged=2, restarts=1, reconnections=4, connected=True)


def prediction(seq: int = 7, label: str = "walk", **given) -> Prediction:
    known = {"confidence": 0.934, "answer": label, "model": "watch", "revision": 2} | given
    return Prediction(
        time=1.5, seq=seq, ms=90, label=label, index=1, scores=[-3, 12], us=850, lost=0, **known
    )


def in_tag(text: str) -> str:
    """How a text comes back from a tag."""
    return printable(text).replace("\\", "/")


@settings(max_examples=50)
@given(TEXTS.filter(lambda t: t[:1] not in ("", "_", "#")), TAGS, TEXTS)
def test_any_text_comes_back_from_line_protocol(name, tags, text):
    fields = {"a=b, c": text, "n": -(2**63), "m": 2**63 - 1, "x": 0.1, "y": -1e-300}
    read = read_point(point(name, tags, fields | {"none": None}, 12))
    assert read.tags == {in_tag(key): in_tag(value) for key, value in tags.items() if value}
    assert read.measurement == in_tag(name) and read.nanoseconds == 12
    assert read.fields == fields | {"a=b, c": printable(text)}


@pytest.mark.parametrize(
    "line",
    [
        "m,t= f=1 1",
        "m,t=a b f=1 1",
        "m f=1,f=2 1",
        "m f=1",
        "m  f=1 1",
        "m f=1.i 1",
        "m f=9223372036854775808i 1",
        'm f="a 1',
        'm f="\\n" 1',
        "m,t=a\\ f=1 1",
        "m,t=a\\b f=1 1",
        "m,time=1 f=1 1",
        "_m f=1 1",
        "#m f=1 1",
        "m,b=1,a=2 f=1 1",
        "m f=nan 1",
    ],
)
def test_the_reader_of_line_protocol_is_strict(line):
    with pytest.raises(ValueError, match=r"."):
        read_point(line)


def test_a_prediction_has_the_node_s_name_of_its_time_too():
    assert prediction().microseconds == prediction().us == 850


def test_points_of_each_kind():
    points = Points("shed 1")
    lines = [
        points.prediction(prediction()),
        points.prediction(prediction(8, confidence=None, answer=None, model=None, revision=None)),
        points.detected(Detected(1.5, 7, 90, "walk", 0.934, "watch", 2)),
        points.event(Error("no\x07", "Traceback:\n  x"), 1.25),
        points.event(Caution('5 % "fast"'), 1.75),
    ]
    assert points.event(End(3), 2.0) == ""
    one, two, three, four, five = map(read_point, lines)
    fields = {"seq": 7, "ms": 90, "index": 1, "us": 850, "lost": 0, "revision": 2}
    fields |= {"confidence": 0.934, "score_0": -3, "score_1": 12}
    tags = {"answer": "walk", "label": "walk", "model": "watch", "node": "shed 1"}
    assert one == Point("xnornode_prediction", tags, fields, 1_500_000_000)
    assert two.tags == {"label": "walk", "node": "shed 1"}
    assert not {"confidence", "revision"} & {*two.fields}
    assert three.tags == {"event": "detected"} | {k: v for k, v in tags.items() if k != "answer"}
    assert three.measurement == "xnornode_event"
    assert three.fields == {"seq": 7, "ms": 90, "revision": 2, "confidence": 0.934}
    assert four.fields == {"text": "no\\x07"} and five.fields == {"text": '5 % "fast"'}
    times = [one, two, three, four]
    assert [p.nanoseconds - 1_500_000_000 for p in times] == [0, 1, 2, 3], "none replaces another"
    assert five.nanoseconds == 1_750_000_000


@settings(max_examples=50)
@given(TEXTS, TEXTS)
def test_any_label_comes_back_from_prometheus_text(node, label):
    metrics = Metrics(node)
    metrics.prediction(prediction(label=label, answer=None))
    samples = _samples(metrics.text(LOSSES))
    assert samples["xnornode_predictions_total", (("label", label), ("node", node))] == 1


def test_metrics_of_each_kind():
    metrics = Metrics("shed")
    metrics.prediction(prediction())
    metrics.prediction(prediction(8, answer="unknown", confidence=0.25))
    metrics.prediction(prediction(9, label="rest"))
    metrics.detected(Detected(1.5, 7, 90, "walk", 0.934, "watch", 2))
    for event in (Error("no"), Caution("fast"), Caution("fast"), End(3)):
        metrics.event(event)
    text = metrics.text(LOSSES)
    found = {f.name: f for f in text_string_to_metric_families(text)}
    assert all(f.documentation for f in found.values())
    assert {f.type for f in found.values()} == {"counter", "gauge", "summary"}
    values = {name: value for (name, labels), value in _samples(text).items() if len(labels) == 1}
    assert values == {
        "xnornode_unknown_answers_total": 1,
        "xnornode_lost_predictions_total": 3,
        "xnornode_damaged_lines_total": 2,
        "xnornode_errors_total": 1,
        "xnornode_warnings_total": 2,
        "xnornode_restarts_total": 1,
        "xnornode_reconnections_total": 4,
        "xnornode_connected": 1,
        "xnornode_classification_seconds_sum": pytest.approx(0.00255),
        "xnornode_classification_seconds_count": 3,
        "xnornode_last_prediction_timestamp_seconds": 1.5,
        "xnornode_confidence_ratio": 0.934,
    }
    walk, rest = ((("label", label), ("node", "shed")) for label in ("walk", "rest"))
    model = (("model", "watch"), ("node", "shed"), ("revision", "2"))
    assert {key: v for key, v in _samples(text).items() if len(key[1]) > 1} == {
        ("xnornode_predictions_total", walk): 2,
        ("xnornode_predictions_total", rest): 1,
        ("xnornode_detections_total", walk): 1,
        ("xnornode_model_info", model): 1,
    }


def test_labels_without_end_fill_no_memory():
    metrics = Metrics("shed")
    for number in range(1000):
        metrics.prediction(prediction(label=f"class {number}"))
    found = {f.name: f for f in text_string_to_metric_families(metrics.text(LOSSES))}
    samples = found["xnornode_predictions"].samples
    assert len(samples) == LONGEST_LIST + 1
    assert samples[-1].labels["label"] == OTHER and samples[-1].value == 1000 - LONGEST_LIST


def test_numbers_of_prometheus_text_are_whole():
    text = family("a_total", "counter", "Of a\\b\nc.", {("", ()): 2**53, ("", (("b", ""),)): 1 / 3})
    (found,) = text_string_to_metric_families(text)
    assert [sample.value for sample in found.samples] == [2**53, 1 / 3]
    assert found.documentation == "Of a\\b\nc." and math.isfinite(found.samples[0].value)


def _samples(text: str) -> dict:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for found in text_string_to_metric_families(text)
        for sample in found.samples
    }
