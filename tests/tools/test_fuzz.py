"""The fuzzer: it runs, both loaders agree, and it would find what is wrong."""

import shutil

import pytest

from tests.lab.core import core
from tests.lab.fuzz_seeds import changed, networks, seeds
from tests.lab.nets import sealed
from tools.stress import fuzz
from xnornode.errors import ModelError
from xnornode.model.file_format import from_bytes, to_bytes

TRUSTING = """
#undef bnn_load
bnn_error_t bnn_load(bnn_model_t *model, const void *data, size_t size) {
    const volatile uint8_t *bytes = data;
    if (size > 50 && bytes[40] == 0x55 && bytes[size]) {
        return BNN_END;
    }
    return sound_load(model, data, size);
}
"""


def reason(data):
    try:
        from_bytes(data)
    except ModelError as error:
        return error.reason
    return "ok"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(fuzz, "FOLDER", tmp_path)
    return tmp_path


@pytest.mark.quick
def test_seeds_reach_every_reason():
    reasons = {name: reason(data) for name, data in seeds().items()}
    assert reasons == {name: core().classify(data).reason for name, data in seeds().items()}
    assert {"ok", "size", "version", "length", "crc", "header", "encoder", "layer", "work",
            "strings", "end"} <= {*reasons.values()}  # fmt: skip
    assert all(reasons[name] == "ok" for name in networks())


@pytest.mark.quick
def test_changes_of_a_recipe():
    data = to_bytes(networks()["dense"])
    assert changed(data, ["raw", "0=00", "-1=ff"]) == b"\0" + data[1:-1] + b"\xff"
    assert changed(data, ["cut", "60", "raw"]) == data[:60]
    assert changed(data, ["+01020304"]) == sealed(data[:-4] + b"\1\2\3\4" + bytes(4))
    with pytest.raises(ValueError, match="20 is no change"):
        changed(data, ["20"])


def test_a_few_seconds_of_it(folder, capsys):
    assert fuzz.main(["loader", "--runs", "100000"]) == 0
    said = capsys.readouterr().out
    assert "C loader: 100," in said and "nothing found" in said
    assert "Python reader: 0 of " in said


def test_a_difference_between_the_readers_is_reported(folder, monkeypatch, capsys):
    real = fuzz.python_answer

    def forgets_a_check(data, ran):
        answer = real(data, ran)
        return fuzz.Answer("ok") if answer.reason == "strings" else answer

    monkeypatch.setattr(fuzz, "python_answer", forgets_a_check)
    assert fuzz.main(["loader", "--runs", "1000"]) == 1
    assert "the C loader says Answer(reason='strings'" in capsys.readouterr().err
    assert reason((folder / "difference").read_bytes()) == "strings"


def test_a_read_past_the_end_is_reported(folder, monkeypatch, tmp_path_factory, capsys):
    """A loader that trusts a length: the sanitizer sees it, and the input is kept."""
    broken = tmp_path_factory.mktemp("broken") / "bnn"
    shutil.copytree(fuzz.MODULE, broken)
    load = broken / "core" / "bnn_load.c"
    load.write_text("#define bnn_load sound_load\n" + load.read_text() + TRUSTING)
    monkeypatch.setattr(fuzz, "MODULE", broken)
    assert fuzz.main(["loader", "--runs", "1000000"]) == 1
    said = capsys.readouterr().err
    assert "heap-buffer-overflow" in said
    crash = said.split("--crash ")[1].strip()
    assert fuzz.main(["loader", "--crash", crash]) != 0


def test_sessions_of_lines(folder, capsys):
    assert fuzz.main(["lines", "--runs", "300"]) == 0
    assert "line reader: 30" in capsys.readouterr().out


def test_a_receiver_that_raises_is_reported(folder, monkeypatch, tmp_path_factory, capsys):
    """A node whose code does not take what it is sent."""
    device = tmp_path_factory.mktemp("root") / "device"
    shutil.copytree(fuzz.ROOT / "device", device)
    receiver = device / "xnornode" / "receiver.py"
    caught = "except ValueError:\n            return self.damaged()"
    assert caught in receiver.read_text()
    receiver.write_text(receiver.read_text().replace(caught, caught.replace("Value", "Key")))
    real = fuzz.run
    monkeypatch.setattr(
        fuzz,
        "run",
        lambda *args, **env: real(*args, **{**env, "MICROPYPATH": f"{device}:{fuzz.NODE_PATH}"}),
    )
    assert fuzz.main(["lines", "--runs", "100000"]) == 1
    said = capsys.readouterr().err
    assert "Error" in said and "--crash" in said


def test_without_clang_it_says_what_to_install(folder, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(folder))
    assert fuzz.main([]) == 1
    assert "apt-get install clang" in capsys.readouterr().err
