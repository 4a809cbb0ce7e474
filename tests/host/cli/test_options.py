"""Help, old names of options, and mistakes that are found before the work."""

import json
import os
import re
import sys
import threading

import pytest

from tests.host.cli.conftest import xnornode
from xnornode.cli import search, train
from xnornode.cli.main import MODULES, main
from xnornode.model.features import Raw
from xnornode.model.file_format import from_bytes
from xnornode.model.model_file import load_model

SMALL = ("--window", "32", "--hop", "16", "--layers", "16", "--epochs", "2")


@pytest.mark.quick
@pytest.mark.parametrize("command", ["", *MODULES])
def test_help_has_a_description_and_an_example_in_80_columns(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as left:
        main([*filter(None, [command]), "--help"])
    said = capsys.readouterr().out
    assert left.value.code == 0 and max(map(len, said.splitlines())) <= 80
    about, _, examples = said.partition("examples:\n")
    assert re.search(rf"^  xnornode {command}", examples, re.M)
    assert re.search(r"\n\n[A-Z][^\n]+[^:]\n", about), "a sentence after the usage"
    for old in ("--front", "--code", "--estimator"):
        assert old not in said


def test_old_names_and_values_work_and_say_the_new(recordings, tmp_path):
    out, new = tmp_path / "old.bnn", tmp_path / "new.bnn"
    old = ("--front", "window", "--code", "planes", "--bits", "2", "--estimator", "polynomial")
    done = xnornode("train", recordings, "-o", out, *SMALL, *old)
    assert done.returncode == 0, done.stderr
    assert "--front window is now --features raw;" in done.stderr
    assert "--code planes is now --encoding bit-planes;" in done.stderr
    assert "--estimator polynomial is now --ste polynomial;" in done.stderr
    words = ("--features", "raw", "--encoding", "bit-planes", "--bits", "2", "--ste", "polynomial")
    done = xnornode("train", recordings, "-o", new, *SMALL, *words)
    assert done.returncode == 0 and "is now" not in done.stderr
    assert new.read_bytes() == out.read_bytes()
    info = xnornode("info", new).stdout
    assert "features    raw\nencoding    bit-planes, 2 bits, 128 inputs\n" in info
    assert isinstance(load_model(new).features, Raw)


def test_an_old_value_of_a_new_option(recordings, tmp_path):
    out = tmp_path / "m.bnn"
    done = xnornode("train", recordings, "-o", out, *SMALL, "--encoding", "bytes")
    assert done.returncode == 0 and "--encoding bytes is now --encoding int8;" in done.stderr
    info = xnornode("info", out).stdout
    assert " statistics, " in info and "\nencoding    int8, 8 bits," in info


@pytest.fixture
def no_data(monkeypatch):
    """Whoever reads the data has begun the work."""

    def fail(options):
        raise AssertionError("the data were read")

    for module in (train, search):
        monkeypatch.setattr(module.data_options, "load", fail)


HEAD = {"train": ("train", "log.csv"), "search": ("search", "log.csv", "--bytes", "900")}


@pytest.mark.quick
@pytest.mark.parametrize("command", HEAD)
@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("-o", "m.bnn", "--name", "a\tb"), "U+0009 is not allowed"),
        (("-o", "m.bnn", "--name", 32 * "ö"), "names are 1 to 63 bytes"),
        (("-o", "m.bnn", "--name", ""), "names are 1 to"),
        (("-o", "m.bnn", "--name", "n" * 300), "names are 1 to"),
        (("-o", "m.bnn", "--seed", "-1"), "it must be at least 0"),
        (("-o", "m.bnn", "--epochs", "none"), "invalid int value"),
        (("-o", "m.bnn", "--rate", "0"), "it must be above 0"),
    ],
)
def test_wrong_options_are_found_before_the_data_are_read(
    command, more, says, tmp_path, monkeypatch, capsys, no_data
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as left:
        main([*HEAD[command], *more])
    assert left.value.code == 2 and says in capsys.readouterr().err


@pytest.mark.quick
@pytest.mark.parametrize("number", ["-1", "4294967296", "1.5"])
def test_a_revision_that_the_format_cannot_hold(number, capsys, no_data):
    with pytest.raises(SystemExit) as left:
        main([*HEAD["train"], "-o", "m.bnn", "--revision", number])
    assert left.value.code == 2 and "--revision" in capsys.readouterr().err


@pytest.mark.quick
@pytest.mark.parametrize("command", HEAD)
@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("-o", "."), "is a folder"),
        (("-o", "m.bnn", "--report", "folder"), "is a folder"),
        (("-o", "m.bnn", "--json", "folder"), "is a folder"),
        (("-o", "none/m.bnn"), "there is no folder"),
        (("-o", "/proc/m.bnn"), "cannot be written to"),
        (("-o", "m.bnn", "--report", "./m.bnn"), "m.bnn would replace another output"),
        (("-o", "m.bnn", "--report", "r", "--json", "r"), "r would replace another output"),
        (("-o", "m.bnn", "--report", "link"), "link would replace another output"),
        (("-o", "log.csv"), "log.csv would replace the data"),
    ],
)
def test_wrong_paths_are_found_before_the_data_are_read(
    command, more, says, tmp_path, monkeypatch, capsys, no_data
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "log.csv").write_text("a,label\n1,x\n")
    (tmp_path / "link").symlink_to("m.bnn")
    assert main([*HEAD[command], *more]) == 1
    assert says in capsys.readouterr().err
    assert sorted(os.listdir()) == ["folder", "link", "log.csv"]


@pytest.mark.quick
@pytest.mark.parametrize("command", HEAD)
def test_a_report_without_jinja2_is_refused_before_the_data_are_read(
    command, tmp_path, monkeypatch, capsys, no_data
):
    monkeypatch.setitem(sys.modules, "jinja2", None)  # an import fails
    files = ("-o", str(tmp_path / "m.bnn"), "--report", str(tmp_path / "r.html"))
    assert main([*HEAD[command], *files]) == 1
    assert 'jinja2 is missing: pip install "xnornode[report]"' in capsys.readouterr().err
    assert not [*tmp_path.iterdir()]


@pytest.mark.quick
@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--bits", "33"), "--bits must be 1 to 32"),
        (("--layers", "conv"), "is no layer"),
        (("--teacher", "2"), "a teacher's share"),
        (("--smoothing", "1"), "--smoothing must be"),
        (("--label-spread", "-1"), "--label-spread must be 0 to 10"),
        (("--circular",), "--circular is for ordered labels"),
        (("--learning-rate", "0"), "--learning-rate must be above 0"),
        (("--epochs", "0"), "--epochs must be at least 1"),
        (("--batch", "0"), "--batch must be at least 4"),
        (("--test", "1.5"), "1.5: a share must be at least 0 and below 1"),
        (("--shape", "3"), "3: write two whole numbers such as 128x6"),
    ],
)
def test_wrong_settings_are_found_before_the_data_are_read(more, says, tmp_path, capsys, no_data):
    with pytest.raises(SystemExit) as stopped:
        main([*HEAD["train"], "-o", str(tmp_path / "m.bnn"), *more])
    assert stopped.value.code == 2 and says in capsys.readouterr().err


def test_a_model_to_stdout_is_the_model_alone(recordings, tmp_path):
    out, model = tmp_path / "out", tmp_path / "m.bnn"
    with out.open("wb") as stdout:
        done = xnornode(
            "train", recordings, "-o", "/dev/stdout", *SMALL, capture_output=False, stdout=stdout
        )
    assert done.returncode == 0
    assert xnornode("train", recordings, "-o", model, *SMALL).returncode == 0
    assert out.read_bytes() == model.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.bnn", "out", "recordings"]


def test_a_model_into_a_pipe_leaves_no_checkpoint_beside_it(recordings, tmp_path):
    pipe, heard = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: heard.append(pipe.read_bytes()))
    reader.start()
    done = xnornode("train", recordings, "-o", pipe, *SMALL, "--json")
    reader.join()
    assert done.returncode == 0 and json.loads(done.stdout)["name"] == "recordings"
    assert from_bytes(heard[0]).name == "recordings"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["pipe", "recordings"]
