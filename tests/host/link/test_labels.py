"""Predictions that do not agree with the labels of the node's model."""

import re

import pytest

from tests.host.link.test_lost_lines import hello, ready
from xnornode.link import monitor as monitor_module
from xnornode.link.framing import seal
from xnornode.link.labels import LabelCheck
from xnornode.link.messages import Prediction
from xnornode.link.monitor import Monitor
from xnornode.link.schema import LONGEST_LIST

pytestmark = pytest.mark.quick


def prediction(label="a", index=0, scores=(1, 2)):
    return Prediction(0, 1, label, index, scores, 9)


def check(labels=("a", "b"), model="net"):
    found = LabelCheck()
    assert found.heard(announced(labels, model)) == ""
    return found


def announced(labels, model="net"):
    return type(said := ready(model=model))(**{**vars(said), "labels": labels})


@pytest.mark.parametrize(
    ("odd", "says"),
    [
        (prediction("c"), r"the label c is not one of the model net \(a, b\)"),
        (prediction("b"), "the label b is not class 0"),
        (prediction(scores=(1,)), "1 scores, the model net has 2 labels"),
        (prediction(scores=(1, 2, 3)), "3 scores, the model net has 2 labels"),
        (prediction(index=2, scores=(1, 2, 3)), "3 scores"),
    ],
)
def test_each_disagreement_is_said_once(odd, says):
    found = check()
    assert found.heard(prediction()) == found.heard(prediction("b", 1)) == ""
    assert re.search(says, found.heard(odd))
    assert found.heard(odd) == ""
    assert found.heard(prediction("d")) != "", "another label is another disagreement"


def test_nothing_is_said_without_the_labels():
    found = LabelCheck()
    assert found.heard(prediction("x")) == ""
    found = check()
    found.heard(hello(model="another"))
    assert found.heard(prediction("x")) == "", "its labels are not known"
    found = check()
    found.heard(hello())
    assert found.heard(prediction("x")) != "", "it is the same model"


def test_another_model_has_other_labels():
    found = check()
    assert found.heard(prediction("x")) != ""
    found.heard(announced(("x", "y"), "new"))
    assert found.heard(prediction("x")) == "" != found.heard(prediction("a"))


def test_a_liar_is_not_repeated_without_end():
    found = check()
    said = [found.heard(prediction(f"label {number}")) for number in range(1000)]
    assert len([text for text in said if text]) == LONGEST_LIST


def test_the_monitor_says_it(monkeypatch):
    lines = [
        b'{"event":"ready","session":"s","seq":0,"bnn":"","firmware":"","machine":"","model":"m",'
        b'"revision":1,"model_crc":"00000000","bytes":9,"labels":["a"],"ram":9,"note":""',
        b'{"event":"prediction","seq":0,"ms":1,"label":"b","index":0,"scores":[1],"us":9',
        b'{"event":"prediction","seq":1,"ms":1,"label":"b","index":0,"scores":[1],"us":9',
        b'{"event":"end","count":2',
    ]
    port = type("Port", (), {"name": "x", "timeout": 0, "write": print, "close": print})()
    parts = [b"".join(map(seal, lines))]
    port.read = lambda size: parts.pop() if parts else b""
    monkeypatch.setattr(monitor_module, "open_port", lambda url: port)
    said = []
    with Monitor("x", say=said.append) as node:
        assert [type(node.event(20)).__name__ for _ in lines][-1] == "End"
        assert len(said) == 1 and "the label b" in said[0] and node.predictions == 2
