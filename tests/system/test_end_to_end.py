"""The owner's way, on the emulated Pico with the genuine mpremote: set up, classify, replace."""

import itertools
import json
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import serial

from tests.lab.nets import awkward_models, random_model, random_windows
from tests.lab.parity import disagreements
from tests.lab.targets import qemu
from tests.lab.watch import held_out, watch_model, watch_windows
from tools.emulators.emulated_pico import EmulatedPico
from tools.firmware.build import build
from tools.firmware.sources import ROOT
from xnornode.data.recording_file import RecordFile
from xnornode.data.recording_file import to_bytes as record_bytes
from xnornode.data.windows import cut_windows
from xnornode.datasets.watch import watch
from xnornode.errors import LinkError
from xnornode.link.repl import Board
from xnornode.model.answers import Answers
from xnornode.model.classifier import Classifier, thousandths
from xnornode.model.file_format import to_bytes
from xnornode.model.model_file import save_model

FLASH = ROOT / "tools" / "flash.py"


def flash(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(FLASH), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def mpremote(port: str, *arguments: str | Path) -> str:
    command = [sys.executable, "-m", "mpremote", "connect", port, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two models and two recordings of a person held out."""
    folder = tmp_path_factory.mktemp("owner")
    save_model(watch_model(), folder / "watch.bnn")
    save_model(other_model(), folder / "other.bnn")
    (folder / "recordings").mkdir()
    data = watch()
    for i, recording in enumerate(held_out()[:2]):
        file = RecordFile(recording, data.channels, data.scales, data.rate_mhz)
        (folder / "recordings" / f"{i}.rec").write_bytes(record_bytes(file))
    return folder


def other_model():
    """With names of one to four bytes a character, and with answers."""
    labels = ("läufen", "走る", "👩\u200d🔬", "قف", "Übung", "temp (°C)", 31 * "ö")
    answers = Answers(*Answers.scaled(0.02), windows=2, threshold=40_000, background=(1,))
    model, data = random_model(77, 128, 6, 1, (32, 7)), watch()
    window = replace(model.window, channels=data.channels, scales=data.scales)
    return replace(model, name="größe", labels=labels, window=window, answers=answers)


@pytest.fixture(scope="module")
def pico(folder, pico_firmware):
    """An emulated Pico that left the factory: empty flash, so it shows its drive."""
    with EmulatedPico(folder / "flash.bin", drive=folder / "RPI-RP2") as pico:
        assert (folder / "RPI-RP2" / "INFO_UF2.TXT").exists()
        done = flash(
            *("--port", pico.url, "--drive", pico.drive, "--firmware", pico_firmware),
            *("--model", folder / "watch.bnn", "--recording", folder / "recordings"),
        )
        assert done.returncode == 0, done.stderr
        assert "written" in done.stdout and "self-test passed on the board" in done.stdout
        yield pico


def classified(port: str, model) -> list[dict]:
    """The predictions of device/classify.py under mpremote, as the reference has them."""
    script = ROOT / "device" / "classify.py"
    output = mpremote(port, "exec", "REALTIME = False", "run", script)
    lines = [json.loads(line) for line in output.splitlines()]
    assert [lines[0]["event"], lines[-1]["event"]] == ["ready", "end"]
    assert (lines[0]["model"], lines[0]["labels"]) == (model.name, list(model.labels))
    assert output.isascii()
    predictions = [line for line in lines if line["event"] == "prediction"]
    windows = [cut_windows([r], watch().labels, 128, model.window.hop) for r in held_out()[:2]]
    expected = np.concatenate([model.scores(w.items) for w in windows])
    assert len(expected) > 20
    assert [p["scores"] for p in predictions] == expected.tolist()
    assert [p["index"] for p in predictions] == expected.argmax(axis=1).tolist()
    assert all(p["label"] == model.labels[p["index"]] for p in predictions)
    assert [answered(line) for line in lines[1:-1] if line["event"] != "source"] == answers(model)
    return predictions


def answered(line):
    if line["event"] == "detected":
        return (line["label"], line["confidence"])
    return (line["label"], line.get("answer"), line.get("confidence"))


def answers(model):
    """What `answered` says of the lines, by the reference; each recording starts anew."""
    clf, found = Classifier(model), []
    for recording in held_out()[:2]:
        for sample in (None, *recording.samples):
            if p := clf.feed(sample):
                sure = None if p.confidence is None else thousandths(p.confidence)
                found.append((p.label, p.answer if sure is not None else None, sure))
                if p.detected:
                    found.append((p.answer, sure))
    if model.name == other_model().name:
        assert {len(row) for row in found} == {2, 3} and "unknown" in {row[1] for row in found}
    return found


def test_classify_replace_classify(pico, folder):
    classified(pico.url, watch_model())
    port = ("--port", pico.url, "--no-firmware")
    done = flash(*port, "--model", folder / "other.bnn")
    assert done.returncode == 0, done.stderr
    classified(pico.url, other_model())
    done = flash(*port, "--model", folder / "watch.bnn")
    assert done.returncode == 0, done.stderr
    classified(pico.url, watch_model())


def test_a_second_set_up_writes_nothing(pico, folder):
    arguments = ("--port", pico.url, "--drive", pico.drive, "--model", folder / "watch.bnn")
    assert flash(*arguments, "--no-firmware").returncode == 0
    done = flash(*arguments)
    assert done.returncode == 0, done.stderr
    assert "writing" not in done.stderr
    assert re.search(r"firmware .*: was there already\nfiles +0 written", done.stdout)
    assert re.search(r"model .*: was there already", done.stdout)


def test_new_firmware_keeps_the_files(pico, pico_firmware):
    """From the running firmware into the bootloader and back; the filesystem is not touched."""
    events = len(pico.events)
    arguments = ("--port", pico.url, "--drive", pico.drive, "--firmware", pico_firmware)
    done = flash(*arguments, "--force")
    assert done.returncode == 0, done.stderr
    assert re.search(r"firmware .*: written\nfiles +0 written", done.stdout)
    assert {"bootsel", "flashed"} <= {event["event"] for event in pico.events[events:]}
    classified(pico.url, watch_model())


def test_the_model_survives_a_power_cycle(pico):
    pico.kill()
    pico.start()
    classified(pico.url, watch_model())


class FlippingBoard(Board):
    """A cable that turns one character of the second piece of a file into another."""

    pieces = 0

    def run(self, code, *given):
        if code.startswith("_f.write"):
            self.pieces += 1
            if self.pieces == 2:
                code = code[:20] + ("A" if code[20] != "A" else "B") + code[21:]
        return super().run(code, *given)


def test_a_file_that_arrives_damaged_is_not_kept(pico):
    with FlippingBoard(pico.url) as board:
        board.pieces = 2
        board.put(b"old", "/file")
        board.pieces = 0
        with pytest.raises(LinkError, match="arrived damaged"):
            board.put(bytes(5000), "/file")
        assert board.run("print(open('/file').read())").strip() == "old"
        assert "file.part" not in board.run("import os\nprint(os.listdir('/'))\nos.remove('/file')")


def test_replay_keeps_the_recordings_rate_and_ctrl_c_ends_it(pico):
    """At 50 Hz a hop of 64 samples takes 1280 ms of the chip's own time."""
    command = [sys.executable, "-m", "mpremote", "connect", pico.url]
    command += ["run", str(ROOT / "device" / "classify.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        lines = (json.loads(line) for line in process.stdout)
        predictions = (line for line in lines if line["event"] == "prediction")
        times = [next(predictions)["ms"] for _ in range(4)]
        process.send_signal(signal.SIGINT)
    # The loop reads blocks, so a prediction may come a sample's time late; that does not add up.
    assert all(abs(b - a - 1280) <= 20 for a, b in itertools.pairwise(times)), times
    assert abs(times[-1] - times[0] - 3 * 1280) <= 20, times
    with Board(pico.url):  # the program's last line may come after mpremote has gone
        pass
    classified(pico.url, watch_model())


def readme_code() -> str:
    blocks = re.findall(r"```python[^\n]*\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    blocks = [block for block in blocks if "import Classifier\n" in block]
    assert len(blocks) == 1
    return blocks[0]


PLUG_IN = """
def sensor():
    for i in range(300):
        yield [(37 * i + 11 * c) % 4001 - 2000 for c in range(6)]
"""


def expected_plug_in_output() -> list[str]:
    i = np.arange(300)[:, None]
    samples = ((37 * i + 11 * np.arange(6)) % 4001 - 2000).astype(np.int16)
    clf = Classifier(watch_model())
    found = filter(None, map(clf.feed, samples))
    return [f"{p} array('i', {list(p.scores)})" for p in found]


def test_readme_plug_in_on_the_pico(pico, tmp_path):
    (tmp_path / "plug_in.py").write_text(PLUG_IN + readme_code())
    output = mpremote(pico.url, "run", tmp_path / "plug_in.py")
    assert output.splitlines() == expected_plug_in_output()


def test_readme_plug_in_on_unix(folder, tmp_path):
    code = readme_code().replace("Classifier()", 'Classifier("model.bnn")')
    (tmp_path / "plug_in.py").write_text(PLUG_IN + code)
    (tmp_path / "model.bnn").write_bytes((folder / "watch.bnn").read_bytes())
    output = subprocess.run(
        [str(build("unix")), "plug_in.py"],
        cwd=tmp_path,
        env={"MICROPYPATH": str(ROOT / "device")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert output.splitlines() == expected_plug_in_output()


def test_parity_on_real_windows(pico):
    windows = watch_windows(hop=16, count=1000)
    assert len(windows) == 1000
    with Board(pico.url) as board:
        board.clear()
        assert disagreements(board, watch_model(), windows, hop=16) == 0


def test_parity_on_awkward_networks(pico):
    with Board(pico.url) as board:
        board.clear()
        differ = {
            model.name: disagreements(board, model, random_windows(model, 3), model.window.length)
            for model in awkward_models()
        }
    assert {name: count for name, count in differ.items() if count} == {}


class TestRefusals:
    """Each mistake gets its message and exit status 1, and the node keeps its model."""

    def refused(self, *arguments, says: str) -> None:
        done = flash(*arguments)
        assert done.returncode == 1, done.stdout
        assert "Traceback" not in done.stderr
        assert says in done.stderr, done.stderr

    @pytest.mark.quick
    def test_no_such_file(self, tmp_path):
        missing = tmp_path / "none"
        for option in ("--model", "--recording", "--firmware"):
            self.refused("--port", "socket://127.0.0.1:9", option, missing, says=f"{missing}")

    @pytest.mark.quick
    def test_unplugged(self):
        self.refused("--port", "/dev/ttyACM99", "--no-firmware", says="is not there: plug")
        self.refused("--port", "socket://127.0.0.1:9", "--no-firmware", says="nothing listens on")

    @pytest.mark.quick
    def test_files_that_are_something_else(self, tmp_path):
        text = tmp_path / "text"
        text.write_text("hello\n" * 100)
        port = ("--port", "socket://127.0.0.1:9")
        self.refused(*port, "--no-firmware", "--model", text, says="not a .bnn model file")
        self.refused(*port, "--no-firmware", "--recording", text, says="is not a recording")
        self.refused(*port, "--firmware", text, says="is not a UF2 file")
        model = tmp_path / "m.bnn"
        model.write_bytes(to_bytes(random_model(1, 4, 1, 1, (3,)))[:-4])
        self.refused(*port, "--no-firmware", "--model", model, says="cut short")

    @pytest.mark.quick
    def test_wrong_usage_has_exit_status_2(self):
        assert flash("--no-such-option").returncode == 2

    def test_wrong_board(self, folder):
        with qemu("qemu-arm") as board:
            port = board.url
            board.close()
            self.refused(
                *("--port", port, "--no-firmware", "--model", folder / "watch.bnn"),
                says="not a Pico with an RP2040",
            )

    def test_busy(self):
        with qemu("qemu-arm") as board:
            port = board.url
            board.close()
            with serial.Serial(port, exclusive=True):
                self.refused("--port", port, "--no-firmware", says="is busy: close the program")

    def test_dry_run_does_nothing(self, pico, folder):
        events = len(pico.events)
        done = flash("--port", pico.url, "--dry-run", "--model", folder / "other.bnn")
        assert done.returncode == 0 and "nothing was done" in done.stdout
        assert len(pico.events) == events, "not even a connection was made"

    def test_full(self, pico, folder):
        with Board(pico.url) as board:
            board.run(
                "import os\ns = os.statvfs('/')\nn = s[0] * (s[3] - 4)\nb = bytes(4096)\n"
                "f = open('/ballast', 'wb')\nfor i in range(n // 4096): f.write(b)\nf.close()"
            )
        self.refused(
            *("--port", pico.url, "--no-firmware", "--model", folder / "other.bnn"),
            says="the node refuses (flash): the filesystem has",
        )
        mpremote(pico.url, "fs", "rm", ":/ballast")
        classified(pico.url, watch_model())

    def test_unplugged_in_the_middle(self, pico, folder):
        """The power goes while a model is being written; the node comes back with the old one."""
        save_model(random_model(11, 128, 6, 4, (200, 7)), folder / "long.bnn")
        pico.stop()
        pico.cut_power = 20
        pico.start()
        command = [sys.executable, str(FLASH), "--port", pico.url, "--no-firmware"]
        command += ["--model", str(folder / "long.bnn")]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 1
        assert "went away" in done.stderr and "Traceback" not in done.stderr
        pico.cut_power = None
        pico.restart()
        classified(pico.url, watch_model())

    def test_failing_selftest(self, pico, folder):
        model = other_model()
        wrong = model.selftest_scores() + 1
        save_model(type(model)(**{**vars(model), "expected": wrong}), folder / "wrong.bnn")
        self.refused(
            *("--port", pico.url, "--no-firmware", "--model", folder / "wrong.bnn"),
            says="self-test",
        )
        assert ".part" not in mpremote(pico.url, "fs", "ls", ":/models")
        classified(pico.url, watch_model())

    def test_too_large_for_the_ram(self, pico, folder):
        save_model(random_model(9, 128, 6, 8, (400, 7)), folder / "large.bnn")
        assert (folder / "large.bnn").stat().st_size > 264 * 1024
        self.refused(
            *("--port", pico.url, "--no-firmware", "--model", folder / "large.bnn"),
            says="the node refuses (ram)",
        )
        classified(pico.url, watch_model())
