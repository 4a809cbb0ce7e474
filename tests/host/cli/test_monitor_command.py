"""`xnornode monitor`: what it shows of answers, events and prints, in each format."""

import csv
import io
import json
import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.lab.line_port import Port
from tests.lab.line_protocol import read_point
from tests.lab.options import monitor_options
from xnornode.cli import monitor, monitor_formats, node_texts
from xnornode.cli.main import main
from xnornode.cli.monitor_formats import Writer
from xnornode.errors import XnorNodeError
from xnornode.link import monitor as monitor_module
from xnornode.link.framing import seal
from xnornode.link.predictions import Detected, Prediction

pytestmark = pytest.mark.quick


def line(event: str, **fields: object) -> bytes:
    return seal(f'{{"event":"{event}",{json.dumps(fields)[1:-1]}'.encode())


def prediction(seq: int, label: str = "walk", **given: object) -> bytes:
    known = {"ms": 9 * seq, "label": label, "index": 0, "scores": [7, -2], "us": 850}
    return line("prediction", seq=seq, **known, **given)


TRACEBACK = b'Traceback (most recent call last):\r\n  File "main.py", line 3\r\nOSError: 5\r\n'
NODE = (
    b"t = 21.5 "
    + prediction(0)
    + prediction(1, confidence=934, answer="walk")
    + line("detected", seq=1, ms=9, label="walk", confidence=934)
    + prediction(2, "rest", confidence=412, answer="unknown")
    + line("warning", warning="samples come too fast", kind="rate")
    + TRACEBACK
    + line("error", error="sensor gone", traceback="Traceback:\n  File x\nOSError: 5")
    + line("later", text="what this version does not know")
    + prediction(3, "rest", confidence=800, answer="walk")
)
"""Without answers, then with them."""


@pytest.fixture
def follow(monkeypatch, capsys):
    """Runs the command on a port from which bytes come; what it wrote to stdout and stderr."""

    monkeypatch.setattr(monitor_module, "GLANCE", 0.01)

    def run(data: bytes, *arguments: str, **given: object) -> tuple[str, str]:
        monkeypatch.setattr(monitor_module, "open_port", lambda url: Port(data, 4096, goes=False))
        options = monitor_options("--port=lines", *arguments)
        vars(options).update(given)
        assert monitor.run(options) == 0
        captured = capsys.readouterr()
        return captured.out, captured.err

    return run


def test_people_see_answers_events_and_prints(follow):
    out, err = follow(NODE, "--format=text", "--count=4")
    shown = [re.sub(r"^\d\d:\d\d:\d\d +", "", row) for row in out.splitlines()]
    assert shown == [
        "0  walk                   850 us  [7, -2]",
        "1  walk              93.4%       850 us  [7, -2]",
        "1  walk             detected, 93.4%",
        "2  unknown           41.2%       850 us  [7, -2]  this window: rest",
        "3  walk              80.0%       850 us  [7, -2]  this window: rest",
    ]
    assert err.splitlines() == [
        "node: t = 21.5",
        "xnornode: the node warns: samples come too fast",
        "node: Traceback (most recent call last):",
        'node:   File "main.py", line 3',
        "node: OSError: 5",
        "xnornode: the node says: sensor gone",
        "node: Traceback:",
        "node:   File x",
        "node: OSError: 5",
        "xnornode: 4 predictions, 0 lost, 1 lines that this version does not know",
    ]


def test_an_event_stands_out_on_a_terminal(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr("sys.stdout", screen)
    monkeypatch.setenv("TERM", "xterm")
    Writer().write(Detected(0.0, 1, 9, "[walk]", 0.934, None, None))
    Writer().write(Prediction(0.0, 1, 9, "walk", 0, [7], 850, None, None, 0))
    detected, prediction = screen.getvalue().splitlines()
    assert detected.startswith("\x1b[1;32m") and "[walk]" in detected, "a label is no markup"
    assert "\x1b" not in prediction


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_quiet_leaves_out_prints_and_tracebacks(follow):
    _, err = follow(NODE, "--format=text", "--count=4", "--quiet")
    assert "node: " not in err.replace("xnornode: ", "")
    assert "the node says: sensor gone" in err and "the node warns: samples come" in err


def test_json_has_the_new_keys_last(follow):
    out, _ = follow(NODE, "--format=json", "--count=4")
    found = [json.loads(text) for text in out.splitlines()]
    assert [(p["confidence"], p["answer"], p["event"]) for p in found] == [
        (None, None, "prediction"),
        (0.934, "walk", "prediction"),
        (0.412, "unknown", "prediction"),
        (0.8, "walk", "prediction"),
    ]
    old = ["time", "seq", "ms", "label", "index", "scores", "us", "model", "revision", "lost"]
    assert list(found[0])[: len(old)] == old, "older readers find what they know"


@pytest.mark.parametrize(
    ("show", "count", "kinds"), [("predictions", 3, "ppp"), ("events", 1, "d"), ("all", 3, "ppdp")]
)
def test_show(follow, show, count, kinds):
    arguments = (f"--show={show}", f"--count={count}")
    out, _ = follow(NODE, "--format=json", *arguments)
    assert "".join(json.loads(row)["event"][0] for row in out.splitlines()) == kinds
    out, _ = follow(NODE, "--format=csv", *arguments)
    assert "".join(row["event"][0] for row in csv.DictReader(io.StringIO(out))) == kinds


def drift(seq, level, flagged, **moved):
    names = {"features": [f"{name} mean" for name in moved], "moved": [*moved.values()]}
    return line("drift", seq=seq, ms=20, drift=level, flagged=flagged, **names)


DRIFTING = prediction(0) + drift(0, 180, False) + prediction(1)
DRIFTING += drift(1, 1290, True, x=-161, y=60) + prediction(2) + drift(2, 400, False)


def test_drift_is_shown_and_its_flag_is_said(follow):
    out, err = follow(DRIFTING + prediction(3), "--format=text", "--count=4")
    shown = [re.sub(r"^\d\d:\d\d:\d\d +", "", row) for row in out.splitlines() if "drift" in row]
    flagged = "FLAGGED, drift 1.29: x mean -1.6, y mean +0.6 deviations"
    assert shown == ["0  drift 0.18", f"1  {flagged}", "2  drift 0.40"]
    assert err.splitlines()[:2] == [
        f"xnornode: the node's windows are not like those of the training ({flagged})",
        "xnornode: the node's windows are again like those of the training (drift 0.40)",
    ]


def test_drift_in_the_formats_of_programs(follow):
    out, _ = follow(DRIFTING, "--format=json", "--show=events", "--count=2")
    first, second = map(json.loads, out.splitlines())
    assert (first["event"], first["drift"], first["features"]) == ("drift", 0.18, [])
    assert (second["flagged"], second["moved"]) == (True, [-1.61, 0.6])
    out, _ = follow(DRIFTING, "--format=csv", "--show=all", "--count=3")
    assert len(out.splitlines()) == 4, "a table of predictions has no place for it"
    out, _ = follow(DRIFTING + prediction(3), "--format=influx", "--node=n", "--count=4")
    points = [row for row in out.splitlines() if row.startswith("xnornode_drift")]
    assert len(points) == 3
    assert "drift=1.29,flagged=1i,moved\\ x\\ mean=-1.61,moved\\ y\\ mean=0.6 " in points[1]
    out, _ = follow(DRIFTING, "--format=prometheus", "--count=3")
    assert "xnornode_drift_ratio" in out and 'xnornode_drift_flagged{node="lines"} ' in out


def test_csv_has_the_new_columns_last(follow):
    out, _ = follow(NODE, "--format=csv", "--show=all", "--count=4")
    heads = "time,seq,ms,label,index,us,lost,model,revision,scores,confidence,answer,event"
    assert out.splitlines()[0] == heads
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [(r["event"], r["confidence"], r["answer"], r["scores"]) for r in rows[:4]] == [
        ("prediction", "", "", "7 -2"),
        ("prediction", "0.934", "walk", "7 -2"),
        ("detected", "0.934", "", ""),
        ("prediction", "0.412", "unknown", "7 -2"),
    ]


def test_influx(follow):
    out, err = follow(NODE, "--format=influx", "--node=shed 1", "--count=4")
    points = [read_point(text) for text in out.splitlines()]
    kinds = [p.tags.get("event", p.measurement) for p in points]
    prediction = "xnornode_prediction"
    assert kinds == [prediction] * 2 + ["detected", prediction, "warning", "error", prediction]
    assert {p.tags["node"] for p in points} == {"shed 1"}
    assert len({p.nanoseconds for p in points}) == len(points)
    assert "node: t = 21.5" in err


def families(text: str) -> dict[str, float]:
    found = text_string_to_metric_families(text)
    return {f.name: sum(s.value for s in f.samples) for f in found}


def test_prometheus_on_stdout_at_the_end(follow):
    out, _ = follow(NODE, "--format=prometheus", "--count=4")
    found = families(out)
    assert found["xnornode_predictions"] == 4 and found["xnornode_errors"] == 1
    assert 'node="lines",label="walk"' in out, "the port is the node's name"
    assert found["xnornode_connected"] == 0, "it has ended"


def test_prometheus_in_a_file(follow, tmp_path, monkeypatch):
    """It is there from the start, always whole, and written again while the node runs."""
    path = tmp_path / "xnornode.prom"
    written = []
    whole = monitor_formats.write_whole

    def write(file, data):
        whole(file, data)
        written.append(families(file.read_text()))
        assert [p.name for p in tmp_path.iterdir()] == ["xnornode.prom"]

    monkeypatch.setattr(monitor_formats, "write_whole", write)
    options = ("--format=prometheus", "--count=4", f"-o{path}")
    assert follow(NODE, *options)[0] == ""
    assert [w.get("xnornode_predictions", 0) for w in written] == [0, 4]
    assert [w["xnornode_connected"] for w in written] == [1, 0]


def test_a_file_that_cannot_be_written_for_a_while_is_said_once(follow, tmp_path, monkeypatch):
    calls = []

    def write(file, data):
        calls.append(data)
        if len(calls) < 4:
            raise XnorNodeError("no space left")

    monkeypatch.setattr(monitor_formats, "write_whole", write)
    path = tmp_path / "xnornode.prom"
    _, err = follow(NODE, "--format=prometheus", "--count=4", f"-o{path}", every=0.0)
    assert len(calls) > 4 and err.count("no space left; trying again every 0 s") == 1


@pytest.mark.parametrize("form", ["text", "json", "csv", "influx"])
def test_a_file_is_for_prometheus(form, capsys, tmp_path):
    with pytest.raises(SystemExit) as caught:
        main(["monitor", "--port=lines", f"--format={form}", "-o", str(tmp_path / "x")])
    assert caught.value.code == 2
    assert "-o is for --format prometheus" in capsys.readouterr().err
    assert not [*tmp_path.iterdir()]


def test_a_file_whose_folder_is_not_there_is_refused_before_the_port_opens(tmp_path, capsys):
    path = tmp_path / "no" / "x.prom"
    assert main(["monitor", "--port=lines", "--format=prometheus", "-o", str(path)]) == 1
    assert "there is no folder" in capsys.readouterr().err


def test_a_flood_of_prints_is_cut_and_counted(follow, monkeypatch):
    """Of a second, so many lines are shown."""
    monkeypatch.setattr(node_texts, "SECOND", 1e9)
    data = b"".join(b"print %d\n" % k for k in range(1000)) + prediction(0)
    out, err = follow(data, "--format=json", "--count=1")
    assert json.loads(out)["seq"] == 0
    shown = [text for text in err.splitlines() if text.startswith("node: ")]
    assert shown == [f"node: print {k}" for k in range(node_texts.LINES)]
    assert "xnornode: 900 more prints of the node are not shown" in err


def test_a_print_of_a_megabyte_costs_no_prediction(follow):
    out, err = follow(b"x" * 1_000_000 + prediction(0), "--format=json", "--count=1")
    assert json.loads(out)["lost"] == 0 and len(err) < 20_000
