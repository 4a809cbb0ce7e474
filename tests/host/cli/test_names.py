"""Names in any language, from people's files to what each command shows, on any console."""

import csv
import io
import json
import sys
import unicodedata
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.host.cli.conftest import xnornode
from tests.lab.livenode import live_node, model_bytes, small_model
from xnornode.model.file_format import to_bytes
from xnornode.model.model_file import load_model

SMALL = ("--window", "32", "--layers", "8", "--epochs", "1")
CONSOLES = {
    "utf-8": {"PYTHONIOENCODING": "utf-8"},
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "strict C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}
LABELS = ("läufen", "Übung")
CHANNELS = ("temp (°C)", "größe")


@pytest.fixture(params=CONSOLES)
def console(request, monkeypatch):
    """The name of a console that the commands then have."""
    for name, value in CONSOLES[request.param].items():
        monkeypatch.setenv(name, value)
    return request.param


def shown(text: str, console: str) -> str:
    """A text as this console shows it."""
    return text if console == "utf-8" else text.encode("ascii", "backslashreplace").decode()


def bit_of(k: int, person: str = "Ana") -> str:
    """A recording of class `k` as lines of CSV; equal ones would be left out as copies."""
    x = np.rint(900 * np.sin(np.arange(96) * (k + 1) / 4 + len(person))).astype(int) + ord(
        person[0]
    )
    return "".join(f"{a},{a // 2}\n" for a in x)


def folder_of(path: Path, form: str, encoding: str = "utf-8") -> Path:
    """A folder per label with a folder per person, whose names are in Unicode's form `form`."""
    for k, label in enumerate(LABELS):
        for person in ("Zoë", "Jörg", "Ana"):
            parts = [unicodedata.normalize(form, text).encode(encoding) for text in (label, person)]
            parts = [part.decode("utf-8", "surrogateescape") for part in parts]
            (path / parts[0] / parts[1]).mkdir(parents=True)
            text = ",".join(CHANNELS) + "\n" + bit_of(k, person)
            (path / parts[0] / parts[1] / "a.csv").write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_folder_of_either_form_on_any_console(tmp_path, console, form):
    data, out, page = folder_of(tmp_path / "Läufe", form), tmp_path / "m.bnn", tmp_path / "r.html"
    figures = tmp_path / "r.json"
    files = ("-o", out, "--report", page, "--json", figures)
    done = xnornode("train", data, *files, *SMALL, "--test", "Zoë", encoding="utf-8")
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
    for text in (*LABELS, "held out: Zoë"):
        assert shown(text, console) in done.stdout
    model = load_model(out)
    assert (model.name, model.labels, model.window.channels) == ("Läufe", LABELS, CHANNELS)
    assert "held out Zoë" in model.notes
    assert all(text in page.read_text(encoding="utf-8") for text in LABELS)
    content = json.loads(figures.read_text(encoding="utf-8"))
    assert content["counts"]["held_out"] == ["Zoë"] and content["name"] == "Läufe"
    info = xnornode("info", out, encoding="utf-8")
    assert info.returncode == 0, info.stderr
    for text in ("Läufe", *LABELS, *CHANNELS, "held out Zoë"):
        assert shown(text, console) in info.stdout
    assert sorted(p.name for p in tmp_path.iterdir()) == ["Läufe", "m.bnn", "r.html", "r.json"]


@pytest.mark.parametrize("typed", ["NFC", "NFD"])
@pytest.mark.parametrize("stored", ["NFC", "NFD"])
def test_a_table_of_either_form_finds_what_is_typed(tmp_path, stored, typed):
    rows = [
        f"{label},{person},{line}"
        for k, label in enumerate(LABELS)
        for person in ("Zoë", "Ana")
        for line in bit_of(k, person).splitlines()
    ]
    text = "\n".join(["Tätigkeit,Läufer," + ",".join(CHANNELS), *rows])
    (tmp_path / "log.csv").write_text(unicodedata.normalize(stored, text), encoding="utf-8")
    options = ("--label", "Tätigkeit", "--group", "Läufer", "--channels", "größe", "--test", "Zoë")
    options = [unicodedata.normalize(typed, word) for word in options]
    out = tmp_path / "m.bnn"
    done = xnornode("train", tmp_path / "log.csv", "-o", out, *options, *SMALL, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    model = load_model(out)
    assert model.labels == LABELS and model.window.channels == ("größe",)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems' file names are Unicode")
def test_a_folder_whose_names_are_latin_1(tmp_path):
    data, out, page = folder_of(tmp_path / "d", "NFC", "latin-1"), tmp_path / "m.bnn", "r.html"
    files = ("-o", out, "--report", tmp_path / page)
    done = xnornode("train", data, *files, *SMALL, "--test", "Zoë", encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert "names that are not UTF-8 are read as Latin-1: " in done.stderr
    assert load_model(out).labels == LABELS


@pytest.mark.parametrize("name", ["ö" * 32, "a\x1b[2J", "a\u202eb"])
def test_a_class_that_no_model_file_can_hold_is_found_before_the_training(tmp_path, name, console):
    rows = [f"{label},{line}" for label in ("a", name) for line in bit_of(0).splitlines()]
    (tmp_path / "log.csv").write_text("\n".join(["label,x,y", *rows]), encoding="utf-8")
    options = ("-o", tmp_path / "m.bnn", "--layers", "8", "--epochs", "1")
    done = xnornode("train", tmp_path / "log.csv", *options, encoding="utf-8")
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
    assert "rename it" in done.stderr and done.stderr.rstrip("\n").isprintable()
    assert ("names are 1 to 63 bytes" if "ö" in name else "is not allowed") in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["log.csv"]


def test_a_group_that_no_terminal_can_show(tmp_path):
    rows = [
        f"{k},p{p}\x1b[2J,{line}" for k in "ab" for p in "12" for line in bit_of(0).splitlines()
    ]
    (tmp_path / "log.csv").write_text("\n".join(["label,person,x,y", *rows]), encoding="utf-8")
    done = xnornode("train", tmp_path / "log.csv", "-o", tmp_path / "m.bnn", *SMALL)
    assert done.returncode == 1 and "U+001B is not allowed" in done.stderr
    assert "\x1b" not in done.stderr


def test_a_node_gets_the_names_and_each_format_of_the_monitor_shows_them(tmp_path, console):
    labels = ("läufen", "走る", "😀")
    path = tmp_path / "new.bnn"
    path.write_bytes(to_bytes(replace(small_model(2), name="Übung", labels=labels)))
    with live_node(tmp_path / "node", model_bytes(1)) as (_, bridge):
        pushed = xnornode("push", path, "--port", bridge.url, encoding="utf-8")
        assert pushed.returncode == 0 and "Traceback" not in pushed.stderr, pushed.stderr
        listed = xnornode("list", "--port", bridge.url, encoding="utf-8")
        assert listed.returncode == 0 and shown("Übung", console) in listed.stdout
        outputs = {}
        for form in ("text", "csv", "json"):
            options = ("--port", bridge.url, "--count", "20", "--format", form)
            done = xnornode("monitor", *options, encoding="utf-8")
            assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
            outputs[form] = done.stdout
    predictions = [json.loads(line) for line in outputs["json"].splitlines()]
    assert all(p["label"] == labels[p["index"]] for p in predictions)
    rows = list(csv.DictReader(io.StringIO(outputs["csv"])))
    assert all(row["label"] == shown(labels[int(row["index"])], console) for row in rows)
    words = [line.split()[2] for line in outputs["text"].splitlines()]
    assert set(words) <= {shown(label, console) for label in labels}
    assert len(predictions) == len(rows) == len(words) == 20
