"""What is believed of a node's line: its types and ranges, as the documents have them."""

import json
import re
from collections.abc import Iterator
from dataclasses import MISSING, asdict, fields, is_dataclass
from types import NoneType
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lab.bridge import Bridge
from tests.lab.livenode import DEVICE, live_node, model_bytes, prepare
from tests.lab.unixnode import UnixNode
from tools.firmware.sources import ROOT
from xnornode.errors import LinkError
from xnornode.link.connect import connect
from xnornode.link.framing import seal
from xnornode.link.messages import (
    Ack,
    Begun,
    Button,
    Bytes,
    Caution,
    Count,
    Detected,
    Done,
    Drift,
    End,
    Error,
    Event,
    Hello,
    Kept,
    Listing,
    Models,
    Named,
    NodeModel,
    Part,
    Piece,
    Prediction,
    Ready,
    Refusal,
    Running,
    Samples,
    Score,
    Source,
    Streaming,
    Switched,
    Unknown,
    Word,
)
from xnornode.link.monitor import Monitor
from xnornode.link.parsing import EVENTS, expect, parse
from xnornode.link.push import push
from xnornode.link.schema import LONGEST_LIST, LONGEST_TEXT, Hex, Range, hints

TABLES = {
    "`ready`": Ready,
    "`prediction`": Prediction,
    "`detected`": Detected,
    "`drift`": Drift,
    "`samples`": Samples,
    "`button`": Button,
    "`source`": Source,
    "`end`": End,
    "`warning`": Caution,
    "`error`": Error,
    "`hello`": Hello,
    "`reply` to `list`": Models,
    "`reply` to `begin`": Begun,
    "`reply` to `begin` of the model that the node runs": Running,
    "`reply` to `end` and `rollback`": Switched,
    "`reply` to `stream`": Streaming,
    "`reply` to `name`": Named,
    "`reply` to `kept` and `forget`": Kept,
    "`reply` to `fetch`": Piece,
    "`reply` to `quit` and `stop`": Done,
    "`reply` to a command that is not carried out": Refusal,
    "`ack`": Ack,
    "A model": NodeModel,
    "A part": Part,
}
"""What stands before a table of the documents, up to the first comma or colon; its class."""
TYPES = {Count: "count", Word: "word", Score: "score", str: "text", bool: "true or false"}
TYPES |= {Listing: "lines of text", NodeModel: "model", Part: "part", Bytes: "base64"}
MODEL = {"name": "m", "revision": 1, "bytes": 900, "sha256": "0" * 64, "trial": None}


def documents() -> str:
    return "".join(
        (ROOT / "docs" / "reference" / name).read_text() for name in ("lines.md", "protocol.md")
    )


def documented() -> dict[str, dict[str, str]]:
    """The tables of keys: from what stands before one to its keys and their types."""
    found = re.findall(
        r"^([^\n|]+):\n\n\| key \| type \| \|\n\|---\|---\|---\|\n((?:\|[^\n]+\n)+)",
        documents(),
        re.MULTILINE,
    )
    rows = [
        (head.split(",")[0], re.findall(r"^\| `(\w+)` \| ([^|]+) \|", body, re.MULTILINE))
        for head, body in found
    ]
    return {head: dict(keys) for head, keys in rows}


def in_words(hint: object) -> str:
    """A type as the documents name it."""
    if hint in TYPES:
        return TYPES[hint]
    if getattr(hint, "__origin__", None) is tuple:
        return f"list of {in_words(get_args(hint)[0])}"
    if NoneType in get_args(hint):
        of = in_words(get_args(hint)[0])
        return f"{of}, or null" if "of" in of else f"{of} or null"
    (constraint,) = hint.__metadata__
    if isinstance(constraint, Hex):
        return f"{constraint.digits} hexadecimal digits" + ", or empty" * constraint.or_empty
    return f"integer, {constraint.low} to {constraint.high}"


@pytest.mark.quick
def test_the_documents_have_the_same_fields():
    tables = documented()
    assert {*tables} == {*TABLES}
    for head, kind in TABLES.items():
        known = {}
        for field in fields(kind):
            hint = hints(kind)[field.name]
            if field.default is not MISSING:  # "left out" is the only None that it has
                some = get_args(hint)[0] if NoneType in get_args(hint) else hint
                known[field.name] = f"{in_words(some)}, or left out"
            else:
                known[field.name] = in_words(hint)
        assert tables[head] == known, head


@pytest.mark.quick
def test_the_documents_have_the_same_ranges():
    for hint in (Count, Word, Score):
        row = rf"\| {TYPES[hint]} \| an integer from (-?\d+\^?\d*) to 2\^(\d+) - 1 \|"
        low, bits = re.search(row, documents()).groups()
        low = -(2 ** int(low[3:])) if "^" in low else int(low)
        assert hint.__metadata__ == (Range(low, 2 ** int(bits) - 1),)


@pytest.mark.quick
def test_the_documents_have_the_same_sizes():
    assert f"| text | a string of at most {LONGEST_TEXT} characters;" in documents()
    assert f"| list | at most {LONGEST_LIST} items |" in documents()


@pytest.mark.quick
def test_the_example_of_a_line_in_the_documents():
    line = re.search(r"^ +(\{.*\})$", documents(), re.MULTILINE)[1]
    assert seal(line[: line.index(',"crc"')].encode()).decode() == line + "\n"


@pytest.mark.quick
@pytest.mark.parametrize(
    ("line", "event"),
    [
        ({"event": "source", "name": "r0", "new": {"key": [1]}}, Source("r0")),
        (
            {"event": "detected", "seq": 3, "ms": 90, "label": "wave", "confidence": 1000},
            Detected(3, 90, "wave", 1000),
        ),
        (
            {"event": "drift", "seq": 3, "ms": 90, "drift": 1200, "flagged": True}
            | {"features": ["a mean"], "moved": [-170]},
            Drift(3, 90, 1200, True, ("a mean",), (-170,)),
        ),
        ({"event": "button", "at": 40, "ms": 401}, Button(40, 401)),
        ({"event": "ack", "push": 7, "at": 0}, Ack(7, 0)),
        ({"event": "ack", "push": 7, "at": 0, "error": "damaged"}, Ack(7, 0, "damaged")),
        ({"event": "reply", "id": 1}, Done(1)),
        (
            {"event": "reply", "id": 1, "number": None, "bytes": 0, "at": 0, "data": ""},
            Piece(1, None, 0, 0, ""),
        ),
        ({"event": "reply", "id": 1, "push": 7, "at": 300}, Begun(1, 7, 300)),
        ({"event": "reply", "id": 1, "active": MODEL}, Running(1, NodeModel(**MODEL))),
        (
            {"event": "reply", "id": 1, "active": MODEL, "previous": None},
            Switched(1, NodeModel(**MODEL), None),
        ),
        (
            {"event": "reply", "id": 1, "active": None, "previous": None, "part": []},
            Models(1, None, None, ()),
        ),
        (
            {"event": "reply", "id": 1, "error": "incomplete", "message": "!", "at": 3},
            Refusal(1, "incomplete", "!", 3),
        ),
        ({"event": "reply", "id": None, "error": "damaged"}, Refusal(None, "damaged")),
        ({"event": "error", "error": "\x1b[2Jno"}, Error("\\x1b[2Jno")),
        (
            {"event": "error", "error": "no", "traceback": "Trace:\r\n  File\x07\nNo\n"},
            Error("no", "Trace:\n  File\\x07\nNo"),
        ),
        ({"event": "warning", "warning": "5 % too fast"}, Caution("5 % too fast")),
        (
            {"event": "detected", "seq": 4, "ms": 9, "label": "wave", "confidence": 1000},
            Detected(4, 9, "wave", 1000),
        ),
    ],
)
def test_lines_and_what_they_are(line, event):
    assert parse(line) == event
    json.dumps(asdict(event))


STREAMING = {"sensor": "s", "channels": ["x (g)"], "scales": [1], "rate_mhz": 1, "device": ""}
STREAMING |= {"event": "reply", "id": 1, "at": 0, "port": None, "classifies": True}
STREAMING |= {"limit": 32752}


@pytest.mark.quick
def test_the_channels_of_a_stream_agree():
    assert parse(STREAMING) == Streaming(1, "s", ("x (g)",), (1,), 1, "", 0, None, True, 32752)
    for wrong in ({"scales": []}, {"channels": [], "scales": []}, {"rate_mhz": 0}):
        problem = "`channels`, `scales` and `rate_mhz` do not agree"
        assert parse(STREAMING | wrong) == Unknown("reply", problem, 1)


@pytest.mark.quick
@pytest.mark.parametrize("data", ["AAE", "AA=A", "A===", "AA\n=", "ÄAE=", 1, None])
def test_samples_are_in_base64(data):
    line = dict.fromkeys(("seq", "at", "ms", "overruns", "gaps"), 0)
    assert parse({"event": "samples", **line, "data": "AAE="}) == Samples(*[0] * 5, "AAE=")
    assert isinstance(parse({"event": "samples", **line, "data": data}), Unknown)


PREDICTION = {"seq": 0, "ms": 10, "label": "a", "index": 0, "scores": [1, -2], "us": 900}


@pytest.mark.quick
@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("seq", value) for value in ("0", -1, 1.0, float("nan"), True, None, 2**53)),
        *(("label", value) for value in ({}, None, 3, ["a"])),
        *(("scores", value) for value in ([1, "2"], [2**31], 3, "12", [[1]], {"0": 1})),
        ("index", 255),
        *(("confidence", value) for value in (1001, -1, 0.5, "970")),
        ("answer", 3),
        ("seq", 1e300),
        ("label", "x" * (LONGEST_TEXT + 1)),
        ("scores", [0] * (LONGEST_LIST + 1)),
    ],
)
def test_a_wrong_value_makes_a_line_unknown(key, value):
    line = {"event": "prediction", **PREDICTION}
    assert isinstance(parse(line), Prediction)
    assert parse({**line, key: value}) == Unknown(
        "prediction", f"`{key}` is not as it should be", None
    )


@pytest.mark.quick
def test_the_class_of_a_prediction_has_a_score():
    line = {"event": "prediction", **PREDICTION, "index": 2}
    assert parse(line) == Unknown("prediction", "`index` has no score", None)


@pytest.mark.quick
@pytest.mark.parametrize("number", [-1, 2**53, True, 1.0, "1", [1]])
def test_an_unknown_line_is_small_whatever_it_holds(number):
    event = parse({"event": "x" * 60_000, "id": number})
    assert event.id is None and len(event.event) < 100 and len(event.problem) < 100


@pytest.mark.quick
@pytest.mark.parametrize("key", PREDICTION)
def test_a_missing_key_makes_a_line_unknown(key):
    line = {"event": "prediction", **PREDICTION}
    del line[key]
    assert parse(line) == Unknown("prediction", f"`{key}` is missing", None)


@pytest.mark.quick
def test_the_problem_of_a_model_in_an_answer_is_named():
    wrong = {"event": "reply", "id": 4, "active": {**MODEL, "sha256": "x"}}
    assert parse(wrong) == Unknown("reply", "`sha256` is not as it should be", 4)
    unloadable = {"event": "reply", "id": 4, "active": {**MODEL, "name": None, "sha256": ""}}
    assert isinstance(parse(unloadable), Running)


@pytest.mark.quick
def test_an_answer_of_another_kind_is_an_error():
    with pytest.raises(LinkError, match="Switched belongs"):
        expect(Switched, Done(1))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
KEYS = st.sampled_from(sorted({f.name for kind in TABLES.values() for f in fields(kind)}))


def leaves(value: object) -> Iterator[object]:
    """What a value holds at its ends."""
    if is_dataclass(value):
        for field in fields(value):
            yield from leaves(getattr(value, field.name))
    elif isinstance(value, tuple):
        for item in value:
            yield from leaves(item)
    else:
        yield value


@pytest.mark.quick
@given(st.sampled_from([*EVENTS, "reply", "other"]), st.dictionaries(KEYS, JSON))
@settings(deadline=None)
def test_any_json_is_an_event(name, line):
    event = parse({**line, "event": name})
    assert isinstance(event, Event)
    for value in leaves(event):
        assert type(value) in (str, bool, int, NoneType)
        assert not isinstance(value, str) or value.isprintable()


def test_what_the_node_library_sends_is_known(tmp_path):
    """All of its events, with a model that cannot be loaded and a push that was cut off."""
    seen = []
    with live_node(tmp_path / "node", model_bytes(1)) as (_, bridge):
        push(bridge.url, model_bytes(2))
        broken = tmp_path / "node" / "models" / "1.bnn"
        broken.write_bytes(b"\0" * 100)
        (tmp_path / "node" / "models" / ("0" * 64 + ".part")).write_bytes(b"part")
        with connect(bridge.url, on_event=seen.append) as session:
            assert session.hello.model.name == "net 2" and session.hello.channels is None
            models = expect(Models, session.request("list"))
            assert models.previous.name is None and models.previous.bytes == 0
            assert models.part == (Part("0" * 64, 4),)
            while not {Prediction, Source} <= {type(event) for event in seen}:
                seen.append(session.receive(10))
    for program, last in (
        (prepare(tmp_path / "once", model_bytes(1), repeat=False, waits=True), End),
        (prepare(tmp_path / "empty", b"no model", waits=True), Error),
    ):
        with (
            UnixNode([program], program.parent, [DEVICE]) as node,
            Bridge(node.fd) as bridge,
            Monitor(bridge.url) as monitor,
        ):
            while not isinstance(event := monitor.event(20), last):
                assert event and not isinstance(event, Unknown), event
    assert not [event for event in seen if isinstance(event, Unknown)]
