"""The watch dataset's network on a Pico that replays the people held out; each window is compared.

Without a port an emulated Pico is started. The recordings are in the node's flash.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from tools.demo.steps import FOLDER, Clock
from tools.emulators.emulated_pico import EmulatedPico
from tools.firmware import build as firmware
from tools.firmware.sources import ROOT
from xnornode._files import write_whole
from xnornode.cli.output import Progress, show_epochs
from xnornode.data import recording_file
from xnornode.data.dataset import Dataset
from xnornode.data.prepare import prepare
from xnornode.data.windows import Recording, cut_windows, split_groups
from xnornode.datasets.watch import watch
from xnornode.errors import LinkError
from xnornode.export.fold import fold
from xnornode.link.framing import take_apart
from xnornode.link.texts import shown
from xnornode.model import model_file
from xnornode.model.model import Model
from xnornode.recipes.settings import RECIPES
from xnornode.training.trainer import train

MODEL = FOLDER / "watch.bnn"
NOTES = "trained by make demo, recipe: watch, seed 0; people 8, 9 and 10 held out"
RECORDINGS = FOLDER / "recordings"
CLASSIFY = ROOT / "device" / "classify.py"


@dataclass
class Comparison:
    """Predictions of a node beside the reference's on the same windows."""

    windows: int = 0
    right_on_node: int = 0
    right_in_reference: int = 0
    disagreements: int = 0
    microseconds: list[int] = field(default_factory=list)
    ready: dict[str, Any] = field(default_factory=dict)


def write_recordings(data: Dataset) -> list[Recording]:
    """Write the recordings of the people held out for the node to replay; returns them."""
    RECORDINGS.mkdir(parents=True, exist_ok=True)
    for old in RECORDINGS.glob("*.rec"):
        old.unlink()
    _, held_out = split_groups(data.recordings(), data.test_groups)
    assert data.scales
    for r in held_out:
        file = recording_file.RecordFile(r, data.channels, data.scales, data.rate_mhz)
        write_whole(RECORDINGS / f"{r.name}.rec", recording_file.to_bytes(file))
    return held_out


def set_up(port: str, drive: Path | None, uf2: Path) -> None:
    """Run tools/flash.py as an owner would."""
    command = [sys.executable, str(ROOT / "tools" / "flash.py"), "--port", port]
    command += ["--drive", str(drive)] if drive else []
    command += ["--firmware", str(uf2), "--model", str(MODEL), "--recording", str(RECORDINGS)]
    if subprocess.run(command, check=False).returncode:
        raise LinkError("the board was not set up: see the message above")


def node_lines(port: str) -> Iterator[dict[str, Any]]:
    """The lines of device/classify.py, started with mpremote."""
    command = [sys.executable, "-m", "mpremote", "connect", port, "exec", "REALTIME = False"]
    command += ["run", str(CLASSIFY)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        for line in process.stdout:
            for piece in take_apart(line.rstrip()):
                if isinstance(piece, dict):
                    yield piece
                else:
                    print(shown(piece), file=sys.stderr)
    if process.returncode:
        raise LinkError(f"mpremote ended with exit status {process.returncode}")


def classify(port: str, model: Model, recordings: list[Recording]) -> Comparison:
    """Show the node's predictions as they come and compare each with the reference."""
    result = Comparison()
    by_name = {r.name: r for r in recordings}
    expected: Iterator[tuple[np.ndarray, str]] = iter(())
    ended = False
    for line in node_lines(port):
        if line["event"] == "error":
            raise LinkError(f"the node says: {line['error']}")
        if line["event"] == "ready":
            result.ready = line
        elif line["event"] == "source":
            expected = reference(model, by_name[line["name"]])
        elif line["event"] == "prediction":
            compare(line, next(expected), model, result)
        elif line["event"] == "end":
            ended = True
    windows = sum(sum(1 for _ in reference(model, r)) for r in recordings)
    if not ended or result.windows != windows:
        raise LinkError(f"the node classified {result.windows} of {windows} windows, then stopped")
    return result


def reference(model: Model, recording: Recording) -> Iterator[tuple[np.ndarray, str]]:
    """The Python reference's scores for each window of a recording, and the true label."""
    window = model.window
    windows = cut_windows([recording], model.labels, window.length, window.hop)
    return ((scores, recording.label) for scores in model.scores(windows.items))


def compare(
    line: dict[str, Any], expected: tuple[np.ndarray, str], model: Model, result: Comparison
) -> None:
    """Count one prediction and show it."""
    scores, truth = expected
    same = line["scores"] == scores.tolist() and line["index"] == scores.argmax()
    result.windows += 1
    result.disagreements += not same
    result.right_on_node += line["label"] == truth
    result.right_in_reference += model.labels[int(scores.argmax())] == truth
    result.microseconds.append(line["us"])
    verdict = "" if line["label"] == truth else f"  (was {truth})"
    differs = "" if same else "  DIFFERS FROM THE REFERENCE"
    print(
        f"#{line['seq']:<5} {line['ms'] / 1000:8.2f} s  {line['label']:<5}"
        f"{line['us']:>7,} us{verdict}{differs}",
        flush=True,
    )


def show_table(result: Comparison, clock: Clock, target: str) -> None:
    """The closing table."""
    ready, times = result.ready, result.microseconds
    table = Table(title=f"watch on {target}", title_justify="left", show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    table.add_row("windows of people held out", f"{result.windows}")
    table.add_row("accuracy on the node", f"{result.right_on_node / result.windows:.1%}")
    table.add_row("accuracy of the reference", f"{result.right_in_reference / result.windows:.1%}")
    table.add_row("disagreements", f"{result.disagreements}")
    table.add_row("model", f"{ready['bytes']:,} bytes")
    table.add_row("RAM for model, scratch, window", f"{ready['ram']:,} bytes")
    table.add_row("per window, median", f"{int(np.median(times)):,} us")
    table.add_row("per window, longest", f"{max(times):,} us")
    table.add_row("firmware", f"MicroPython {ready['firmware']}, bnn {ready['bnn']}")
    clock.add_to(table)
    Console().print(table)


def run(clock: Clock, port: str | None, drive: Path | None) -> int:
    """Every step in turn; 1 when node and reference disagree.

    port: of a real board, whose drive may be named too.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    with clock.step("training"):
        data, recipe = watch(), RECIPES["watch"]
        splits = prepare(data, recipe.options)
        with Progress() as progress:
            trained = train(splits, recipe.config, progress=show_epochs(progress))
        model = fold(trained, notes=NOTES)
        model_file.save_model(model, MODEL)
        held_out = write_recordings(data)
    with clock.step("firmware"):
        uf2 = firmware.build("rp2")
    with ExitStack() as stack:
        target = f"the board at {port}"
        if not port:
            with clock.step("emulated Pico"):
                drive = FOLDER / "RPI-RP2"
                flash = FOLDER / "pico-replay.bin"
                pico = stack.enter_context(EmulatedPico(flash, drive=drive))
            port = pico.url
            target = "an emulated Pico (125 MHz, zero-wait memory)"
        with clock.step("setting the board up"):
            set_up(port, drive, uf2)
        with clock.step("classifying"):
            result = classify(port, model, held_out)
    show_table(result, clock, target)
    return 1 if result.disagreements else 0
