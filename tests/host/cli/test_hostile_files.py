"""Files without an end, full disks, and Ctrl-C before anything has begun: a message each."""

import os
import resource
import subprocess
import sys
import threading

import pytest

from tests.host.cli.conftest import COMMAND
from tests.lab.livenode import model_bytes
from tools.firmware.sources import ROOT
from xnornode import _files
from xnornode.cli.main import main
from xnornode.data.recording_file import LONGEST_HEADER, read_recording
from xnornode.model.model_file import read_model

MEMORY = (
    1_500_000_000  # bytes of address space: enough for NumPy, too few for a file without an end
)
PORT = ("--port", "socket://127.0.0.1:1")
NOWHERE = ("-o", "m.bnn")

INTERRUPTED = """
import os, signal, sys

signal.signal(signal.SIGINT, signal.default_int_handler)

wanted, how = sys.argv[1:]

class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == wanted and how == "signal":
            try:
                signal.raise_signal(signal.SIGINT)
            except KeyboardInterrupt:
                raise ImportError("PyCapsule_Import could not import") from None
        if name == wanted:
            raise KeyboardInterrupt

sys.modules.pop(wanted, None)
sys.meta_path.insert(0, Interrupt())
if how == "-m":
    import runpy
    sys.argv[1:] = ["info", "m.bnn"]
    runpy.run_module("xnornode", run_name="__main__")
from xnornode.cli.main import main
sys.exit(main(["info", "m.bnn"]))
"""
"""The command, interrupted at its import of the module that the first argument names."""


def limit_memory():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def limited(*arguments, **given):
    given = {"capture_output": True, "text": True, "timeout": 120} | given
    command = [COMMAND, *map(str, arguments)]
    return subprocess.run(command, check=False, preexec_fn=limit_memory, **given)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("info", "/dev/zero"), "not a .bnn model file"),
        (("push", "/dev/zero", *PORT), "not a .bnn model file"),
        (("push", "m.bnn", "--key", "/dev/zero", *PORT), "/dev/zero is no key"),
        (
            ("flash", "--dry-run", *PORT, "--no-firmware", "--model", "/dev/zero"),
            "not a .bnn model",
        ),
        (("flash", "--dry-run", *PORT, "--no-firmware", "--key", "/dev/zero"), "is no key"),
        (
            ("flash", "--dry-run", *PORT, "--no-firmware", "--recording", "/dev/zero"),
            "no recording",
        ),
        (("flash", "--dry-run", *PORT, "--firmware", "/dev/zero"), "/dev/zero"),
        (("train", "zero.csv", *NOWHERE), "zero.csv is a device, no regular file"),
        (("train", "X.npy", *NOWHERE), "X.npy is a device, no regular file"),
        (("train", "zero.npz", *NOWHERE), "zero.npz is a device, no regular file"),
        (("train", "watch", *NOWHERE, "--checkpoint", "/dev/zero", "--resume"), "is no checkpoint"),
    ],
)
def test_files_without_an_end(arguments, says, tmp_path):
    (tmp_path / "m.bnn").write_bytes(model_bytes())
    for name in ("zero.csv", "X.npy", "zero.npz"):
        (tmp_path / name).symlink_to("/dev/zero")
    done = limited(*arguments, cwd=tmp_path)
    said = done.stderr.replace("is not a recording", "no recording")
    assert done.returncode == 1 and says in said and "Traceback" not in said, done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("info", "pipe"), "nobody writes into this pipe"),
        (("push", "pipe", *PORT), "nobody writes into this pipe"),
        (("push", "m.bnn", "--key", "pipe", *PORT), "nobody writes into this pipe"),
        (("key", "pipe", *PORT), ""),
        (("flash", "--dry-run", *PORT, "--no-firmware", "--model", "pipe"), "nobody writes"),
        (("flash", "--dry-run", *PORT, "--no-firmware", "--key", "pipe"), "nobody writes"),
        (("flash", "--dry-run", *PORT, "--no-firmware", "--recording", "pipe"), "nobody writes"),
        (("flash", "--dry-run", *PORT, "--firmware", "pipe"), "nobody writes into this pipe"),
        (("train", "pipe.csv", *NOWHERE), "is a pipe: save"),
        (("train", "X.npy", *NOWHERE), "is a pipe: save"),
        (("train", "pipe.npz", *NOWHERE), "is a pipe: save"),
        (("train", "watch", *NOWHERE, "--checkpoint", "pipe", "--resume"), "is no checkpoint"),
    ],
)
def test_a_pipe_that_nobody_writes(arguments, says, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(_files, "PIPE_SECONDS", 0.1)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.bnn").write_bytes(model_bytes())
    for name in ("pipe", "pipe.csv", "X.npy", "pipe.npz"):
        os.mkfifo(name)
    assert main(arguments) == 1
    said = capsys.readouterr().err
    assert says in said and "Traceback" not in said


@pytest.mark.quick
def test_a_pipe_that_somebody_writes_late(tmp_path, monkeypatch):
    monkeypatch.setattr(_files, "PIPE_SECONDS", 0.1)
    path, model = tmp_path / "pipe", model_bytes()
    os.mkfifo(path)
    writer = os.open(path, os.O_RDWR)  # it is there, and says nothing for longer than is waited
    late = threading.Timer(0.3, lambda: (os.write(writer, model), os.close(writer)))
    late.start()
    assert read_model(path) == model
    late.join()


@pytest.mark.quick
def test_a_pipe_that_nobody_reads(tmp_path, monkeypatch):
    monkeypatch.setattr(_files, "PIPE_SECONDS", 0.1)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="nobody reads this pipe"):
        _files.write_whole(tmp_path / "pipe", b"x")


@pytest.mark.quick
def test_no_more_is_read_than_the_header_says(tmp_path):
    path, model = tmp_path / "m.bnn", model_bytes()
    for data, read in (
        (model, model),
        (model + bytes(100), model + bytes(1)),
        (model[:-4], model[:-4]),
        (model[:20], model[:20]),
        (b"\0" + model[1:], b"\0" + model[1:48]),
    ):
        path.write_bytes(data)
        assert read_model(path) == read
    path.write_bytes(b"x" * (LONGEST_HEADER + 10))
    assert len(read_recording(path)) == LONGEST_HEADER
    path.write_bytes(b"no recording\n" + bytes(100))
    assert read_recording(path) == b"no recording\n"


@pytest.mark.parametrize("how", ["-c", "-m", "signal"])
@pytest.mark.parametrize(
    "module",
    ["argparse", "xnornode.cli.output", "xnornode.errors", "xnornode.cli.info", "numpy", "struct"],
)
def test_ctrl_c_during_imports(module, how):
    command = [sys.executable, "-c", INTERRUPTED, module, how]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (1, "xnornode: stopped; nothing was written\n")


@pytest.mark.quick
def test_little_is_imported_before_ctrl_c_has_its_effect():
    """A Ctrl-C in what the installer's script imports is a traceback."""
    code = "import sys; before = {*sys.modules}; import xnornode.cli.main; "
    code += "print(*{*sys.modules} - before)"
    command, host = [sys.executable, "-S", "-c", code], ROOT / "host"
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=host)
    heavy = {"typing", "re", "enum", "collections", "argparse", "importlib", "warnings"}
    assert not heavy & {*done.stdout.split()}


def test_a_full_disk_is_named(tmp_path):
    (tmp_path / "m.bnn").write_bytes(model_bytes())
    rows = [f"{a},{b},{'up' if a + b > 0 else 'down'}" for a in range(-8, 8) for b in range(-8, 8)]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,label", *rows]))
    train = ("train", tmp_path / "t.csv", "--quick", "--epochs", "1", "-o", "/dev/full")
    done = limited(*train)
    assert done.returncode == 1
    assert done.stderr.endswith("xnornode: /dev/full: No space left on device\n")
    with open("/dev/full", "w") as full:
        done = limited("info", tmp_path / "m.bnn", capture_output=False, stdout=full, stderr=-1)
    assert done.returncode == 1
    assert done.stderr == "xnornode: reading or writing failed: No space left on device\n"
