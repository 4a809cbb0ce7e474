"""Talk in JSON: each line is one object of a kind that the page names, and the last is the exit."""

import io
import json
import os
import re
import signal
import subprocess
import sys

import pytest

from tests.host.cli.conftest import COMMAND
from tools.firmware.sources import ROOT
from xnornode.cli import info, talk
from xnornode.cli.main import main
from xnornode.cli.output import Progress, say_of_node, show_table
from xnornode.studio.jobs_talk import TYPES

TABLE = "a,b,label\n" + "".join(
    f"{a},{b},{'up' if a + b > 0 else 'down'}\n" for a in range(-8, 8) for b in range(-8, 8)
)
SMALL = ("--epochs", "3", "--no-baselines", "-o", "m.bnn")


@pytest.fixture
def in_json(monkeypatch, capsys):
    monkeypatch.setenv("XNORNODE_TALK", "json")
    return lambda: lines(capsys.readouterr().err)


def lines(text: str) -> list[tuple[str, object]]:
    """Kinds and what they hold; each line is one object with one key."""
    found = []
    for line in text.splitlines():
        [(kind, content)] = json.loads(line).items()
        assert type(content) is TYPES[kind], line
        found.append((kind, content))
    return found


def run(tmp_path, *arguments: str, **given) -> tuple[list[tuple[str, object]], str]:
    (tmp_path / "t.csv").write_text(TABLE)
    done = subprocess.run(
        [COMMAND, *arguments],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"XNORNODE_TALK": "json"},
        timeout=120,
        check=False,
        **given,
    )
    found = lines(done.stderr)
    assert found[-1] == ("exit", done.returncode)
    assert "exit" not in dict(found[:-1])
    return found, done.stdout


def of_kind(found, kind: str) -> list:
    return [content for name, content in found if name == kind]


def test_the_page_names_every_kind():
    page = (ROOT / "docs/reference/talk.md").read_text()
    table = page.partition("## Kinds")[2].partition("`progress` comes")[0]
    assert tuple(re.findall(r"^\| `(\w+)` \|", table, re.M)) == talk.KINDS
    assert set(TYPES) == set(talk.KINDS)
    told = re.findall(r"^(\{.*\})$", page, re.M)
    assert [kind for kind, _ in lines("\n".join(told))] == ["say", "progress", "epoch", "exit"]


def test_a_training_tells_what_it_tries_and_each_epoch(tmp_path):
    found, report = run(tmp_path, "train", "t.csv", "--validation", "0.2", *SMALL)
    assert report.startswith("t: ") and (tmp_path / "m.bnn").exists()
    last = {one["number"]: one for one in of_kind(found, "candidate")}
    assert sorted(last) == list(range(1, last[1]["of"] + 1)) and len(last) > 2
    states = [one["state"] for one in last.values()]
    assert states.count("chosen") == 1 and set(states) <= {"tried", "chosen", "left out"}
    first = of_kind(found, "candidate")[0]
    assert first["state"] == "trying" and set(first) == {"number", "of", "network", "state"}
    tried = next(one for one in last.values() if one["state"] == "chosen")
    assert 0 <= tried["behind"] <= tried["accuracy"] <= 1 and tried["network"]
    assert tried["bytes"] > 100 and tried["milliseconds"] > 0
    epochs = of_kind(found, "epoch")
    assert [(e["number"], e["of"]) for e in epochs] == [(1, 3), (2, 3), (3, 3)]
    assert all(0 <= e["validation"] <= 1 for e in epochs)
    assert "epoch 3/3" in of_kind(found, "progress")[-1]["text"]
    classes = next(t for t in of_kind(found, "table") if t["heads"][0] == "class")
    assert classes["rows"] == [["down", "151", "151"], ["up", "105", "105"]]


def test_a_search_tells_each_network_and_the_front(tmp_path):
    budget = ("--bytes", "500", "--trials", "4")
    found, _ = run(tmp_path, "search", "t.csv", *budget, *SMALL)
    told = of_kind(found, "candidate")
    first = [(one["number"], one["state"]) for one in told[:4]]
    assert first == [(1, "trying"), (1, "tried"), (2, "trying"), (2, "tried")]
    assert "accuracy" not in told[0] and told[0]["round"] == 1 and told[0]["of"] == 4
    last = {one["number"]: one for one in told}
    assert sorted(last) == [1, 2, 3, 4]
    chosen = next(one for one in last.values() if one["state"] == "chosen")
    assert chosen["bytes"] <= 500 and chosen["round"] == 2
    assert any(one["front"] for one in last.values())
    assert [e["number"] for e in of_kind(found, "epoch")] == [1, 2, 3], "of the final training"


def test_a_network_that_cannot_be_trained_says_why(tmp_path):
    found, _ = run(tmp_path, "train", "t.csv", "--learning-rate", "1e30", *SMALL)
    out = [one for one in of_kind(found, "candidate") if one["state"] == "left out"]
    assert out and all("batch norm is too steep" in one["why"] for one in out)


@pytest.mark.parametrize(
    ("arguments", "status", "error"),
    [
        (("train", "t.csv", "--epochs", "x", "-o", "m.bnn"), 2, "argument --epochs: invalid int"),
        (("train", "t.csv", "-o", "m.bnn", "--odd"), 2, "unrecognized arguments: --odd"),
        (("odd",), 2, "argument COMMAND: invalid choice: 'odd'"),
        ((), 2, "required: COMMAND"),
        (("train", "none.csv", "-o", "m.bnn"), 1, "no file or folder none.csv"),
        (("info", "t.csv"), 1, "this is not a .bnn model file"),
        (("info", "/"), 1, "/: Is a directory"),
        (("--version",), 0, ""),
        (("push", "--help"), 0, ""),
    ],
)
def test_every_way_out_is_said(arguments, status, error, tmp_path):
    found, _ = run(tmp_path, *arguments)
    assert found[-1] == ("exit", status)
    errors = of_kind(found, "error")
    assert len(errors) == (status > 0) and error in "".join(errors)
    if status == 2:
        assert found[0][0] == "say" and str(found[0][1]).startswith("usage: xnornode")


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (MemoryError(), 1, "error: this computer's memory is too small"),
        (KeyError("odd"), 1, "error: this is a fault of xnornode, please report it:\nTraceback"),
        (KeyboardInterrupt(), 1, "say: stopped; nothing was written"),
        (SystemExit(3), 3, ""),
        (SystemExit(), 0, ""),
    ],
)
def test_what_nobody_expected_is_said_too(error, status, said, in_json, monkeypatch):
    def fail(options):
        print("half a line", end="\n" * isinstance(error, KeyboardInterrupt), file=sys.stderr)
        raise error

    before = sys.stderr
    monkeypatch.setattr(info, "run", fail)
    if isinstance(error, SystemExit):
        with pytest.raises(SystemExit):
            main(["info", "m.bnn"])
    else:
        assert main(["info", "m.bnn"]) == status
    assert sys.stderr is before
    half, *found, end = in_json()
    assert half == ("say", "half a line") and end == ("exit", status)
    assert "".join(f"{kind}: {content}" for kind, content in found).startswith(said)


def test_a_library_that_prints_is_said_line_by_line(in_json):
    with talk.Session() as session:
        print("xnornode: one\n\ntwo\r 50 %\r 100 %", file=sys.stderr)
        sys.stderr.write("x" * (talk.MOST + 10))
        session.status = 0
    assert in_json() == [
        ("say", "one"),
        ("say", " 100 %"),
        ("say", "x" * talk.MOST),
        ("exit", 0),
    ]


def test_progress_comes_at_times_and_the_last_state_always(in_json):
    with Progress() as progress:
        for k in range(1, 1001):
            progress(k, 1000, f"{k}")
        progress.say("once more")
        progress(0.0, None, "unknown")
    found = in_json()
    done = [content["done"] for kind, content in found if kind == "progress"]
    assert done[0] == 1 and 1000 in done and len(done) < 500
    assert found[-2:] == [
        ("say", "once more"),
        ("progress", {"done": 0.0, "total": None, "text": "unknown"}),
    ]


def test_numbers_that_json_lacks_and_odd_text(in_json):
    talk.tell("epoch", {"loss": float("nan"), "rows": [float("inf"), 1.5], "name": "\ud800ü"})
    say_of_node("a\nb")
    show_table(("a", "b"), [("1", "歩")], left=("b",), stream=sys.stderr, title="t")
    assert in_json() == [
        ("epoch", {"loss": None, "rows": [None, 1.5], "name": "\ud800ü"}),
        ("node", "a\nb"),
        ("table", {"title": "t", "heads": ["a", "b"], "rows": [["1", "歩"]], "left": ["b"]}),
    ]


def test_what_cannot_be_written_is_dropped(monkeypatch):
    monkeypatch.setenv("XNORNODE_TALK", "json")

    class Full(io.StringIO):
        def write(self, text):
            raise OSError(28, "No space left on device")

    for stream in (Full(), None):
        monkeypatch.setattr(sys, "stderr", stream)
        with talk.Session() as session:
            talk.tell("say", "x")
            session.status = 0
        assert sys.stderr is stream


def test_ctrl_c_ends_with_what_was_kept_and_the_exit(tmp_path):
    (tmp_path / "t.csv").write_text(TABLE)
    arguments = ("train", "t.csv", "--quick", "--epochs", "100000", "-o", "m.bnn")
    with subprocess.Popen(
        [COMMAND, *arguments],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env=os.environ | {"XNORNODE_TALK": "json", "XNORNODE_JOB": "1"},
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),  # as after `&`
    ) as process:
        assert process.stderr
        said = []
        for line in process.stderr:
            said.append(line)
            if '"number": 2,' in line:
                process.send_signal(signal.SIGINT)
                break
        said += process.stderr.readlines()
        assert process.wait(60) == 1
    found = lines("".join(said))
    assert found[-1] == ("exit", 1)
    assert "goes on from m.bnn.checkpoint" in found[-2][1]


def test_ctrl_c_before_anything_is_imported(tmp_path):
    code = (
        "import sys\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'xnornode.cli.talk': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        "from xnornode.__main__ import main\n"
        "sys.exit(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=os.environ | {"XNORNODE_TALK": "json"},
        timeout=60,
        check=False,
    )
    assert lines(done.stderr) == [("say", "stopped; nothing was written"), ("exit", 1)]
