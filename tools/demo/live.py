"""A sensor's first minutes: set up, record, train, push, and see what it tells.

All of it on an emulated Pico with an emulated MPU6050, by the commands that an owner gives.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass, field

import numpy as np
from rich.console import Console
from rich.table import Table

from tools.demo.alignment import Alignment, Played
from tools.demo.steps import FOLDER, Clock, command
from tools.demo.wearer import REPEAT, SECONDS, Exercise, exercises
from tools.emulators.emulated_pico import EmulatedPico
from tools.emulators.sensors import Mpu6050, Signal
from tools.firmware import build as firmware
from xnornode.datasets.watch import watch
from xnornode.errors import LinkError
from xnornode.link.monitor import Monitor
from xnornode.link.predictions import Prediction
from xnornode.model.model import Model
from xnornode.model.model_file import load_model

DATA = FOLDER / "exercises"
MODEL = FOLDER / "exercises.bnn"
SENSOR = "mpu6050"
FASTER = 6
"""How many times faster than in real time the emulated Pico sleeps while it is recorded."""
FASTEST = 20
"""... and while it classifies."""
STILL_WINDOWS = 20
"""Windows that may pass from the order to play until the first prediction after it."""
PATIENCE = 60.0
"""Seconds for a prediction, on a busy computer."""


@dataclass
class Result:
    """The predictions while the sensor played, and how they compare with the reference."""

    windows: int = 0
    disagreements: int = 0
    answered: int = 0
    right: int = 0
    microseconds: list[int] = field(default_factory=list)


def record(pico: EmulatedPico, wearer: list[Exercise]) -> None:
    """A minute: each exercise is played in turn, and recorded."""
    shutil.rmtree(DATA, ignore_errors=True)
    for exercise in wearer:
        pico.play(SENSOR, Signal(exercise.file, loop=True))
        pico.set_speed(FASTER)
        options = ("--seconds", SECONDS, "--repeat", REPEAT, "--pause", 0)
        command("record", DATA, "--label", exercise.label, *options, "--port", pico.url)
        pico.set_speed(1)


def follow(pico: EmulatedPico, model: Model, wearer: list[Exercise]) -> Result:
    """Have the sensor play what comes later, show the predictions, and compare them."""
    window = model.window
    played = Played.of(wearer, window.length + STILL_WINDOWS * window.hop)
    alignment = Alignment(model, played)
    result, predictions = Result(), list[Prediction]()
    pico.play(SENSOR, Signal([[0, 0, 1, 0, 0, 0]], rate=1))
    pico.set_speed(FASTEST)
    with Monitor(pico.url) as node:
        for _ in range(2 + window.length // window.hop):  # from then on its windows are still
            _next(node)
        since = len(pico.events)
        pico.play(SENSOR, Signal([exercise.later for exercise in wearer]))
        while not any(event["event"] == "played" for event in pico.events[since:]):
            p = _next(node)
            result.disagreements += not alignment.add(p.scores)
            predictions.append(p)
            show(p, alignment.label(len(predictions) - 1) if alignment.found else "")
    pico.set_speed(1)
    for index, p in enumerate(predictions):
        truth = alignment.label(index)
        result.answered += bool(truth)
        result.right += bool(truth) and truth == p.label
    result.windows = len(predictions)
    result.microseconds = [p.us for p in predictions]
    return result


def _next(node: Monitor) -> Prediction:
    """The next prediction. Raises LinkError where none comes."""
    while (event := node.event(PATIENCE)) is not None:
        if isinstance(event, Prediction):
            return event
    raise LinkError("the node does not classify: no prediction has come")


def show(p: Prediction, truth: str) -> None:
    """One line for a prediction."""
    verdict = f"  (was {truth})" if truth and truth != p.label else ""
    sure = "" if p.confidence is None else f"{p.confidence:7.0%}"
    print(f"#{p.seq:<5} {p.ms / 1000:8.2f} s  {p.label:<5}{sure}{p.us:>7,} us{verdict}", flush=True)


def show_table(result: Result, model: Model, size: int, clock: Clock) -> None:
    """The closing table."""
    times = result.microseconds
    title = "a minute of an emulated MPU6050"
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    table.add_row("exercises recorded", f"{len(model.labels)} of {REPEAT * SECONDS:g} s")
    table.add_row("windows of the minute after it", f"{result.windows}")
    table.add_row("right, of those of one exercise", f"{result.right} of {result.answered}")
    table.add_row("disagreements with the reference", f"{result.disagreements}")
    table.add_row("model", f"{size:,} bytes")
    table.add_row("per window, median", f"{int(np.median(times)):,} us")
    table.add_row("per window, longest", f"{max(times):,} us")
    clock.add_to(table)
    Console().print(table)


def run(clock: Clock) -> int:
    """Every step in turn; 1 when node and reference disagree."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with clock.step("data"):
        wearer = exercises(watch(), FOLDER / "wearer")
    with clock.step("firmware"):
        uf2 = firmware.build("rp2")
    flash, drive = FOLDER / "pico-flash.bin", FOLDER / "RPI-RP2"
    flash.unlink(missing_ok=True)  # a blank Pico, as from the shop
    with EmulatedPico(flash, drive=drive, sensors=[Mpu6050()]) as pico:
        port = ("--port", pico.url)
        with clock.step("setting the board up"):
            command("flash", *port, "--drive", drive, "--firmware", uf2, "--autostart")
            ranges = ("--rate", 50, "--range", "8g", "--gyro-range", 2000)
            command("sensor", "mpu6050", "--sda", 4, "--scl", 5, *ranges, *port)
        with clock.step("recording a minute"):
            record(pico, wearer)
        with clock.step("training"):
            command("train", DATA, "-o", MODEL)
        with clock.step("pushing"):
            command("push", MODEL, *port)
        model = load_model(MODEL)
        with clock.step("classifying"):
            print("$ xnornode monitor", *port, file=sys.stderr, flush=True)
            result = follow(pico, model, wearer)
    show_table(result, model, MODEL.stat().st_size, clock)
    if result.disagreements or not result.answered:
        return 1
    return 0
